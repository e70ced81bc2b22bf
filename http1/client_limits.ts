/**
 * Owns the limits and deadlines of a client's side of an HTTP/1.1 connection, with their defaults; knows nothing of who
 * keeps them.
 *
 * @module
 */

import {
  DEFAULT_CHUNK_EXTENSION_LIMIT,
  DEFAULT_FIELD_COUNT_LIMIT,
  DEFAULT_HEAD_LIMIT,
  DEFAULT_TRAILER_COUNT_LIMIT,
  DEFAULT_TRAILER_LIMIT,
} from "../http/fields/limits.ts";

/** What a client's connection takes at most. */
export interface ClientConnectionLimits {
  /** Longest head of a response, in bytes, interim ones each on their own. */
  readonly maxHeadBytes: number;
  /** Most field lines in a head. */
  readonly maxFields: number;
  /** Longest extensions of all chunks of a message, in bytes. */
  readonly maxExtensionBytes: number;
  /** Longest trailer section, in bytes. */
  readonly maxTrailerBytes: number;
  /** Most field lines in a trailer section. */
  readonly maxTrailerFields: number;
  /** Most interim responses (1xx) before the final one. */
  readonly maxInformational: number;
  /** Most content that nobody wants and that is read all the same, in bytes, so that the connection can be used again. */
  readonly drainBytes: number;
}

/** How long a client's connection waits, in milliseconds; `Infinity` for ever. */
export interface ClientConnectionTimeouts {
  /** From the request's last octet to the end of the response's head, interim responses included. */
  readonly head: number;
  /** Between two pieces of the response's content while it is read. */
  readonly body: number;
  /** For a reader to take content that has come. */
  readonly unread: number;
  /** Between two steps of a write. */
  readonly write: number;
  /** For a 100 (Continue) before the content is sent without it (RFC 9110 §10.1.1). */
  readonly continue: number;
  /** For content that nobody wants to come to its end. */
  readonly drain: number;
  /** Without an exchange. */
  readonly idle: number;
}

/** The defaults of {@linkcode ClientConnectionLimits}. */
export const DEFAULT_CLIENT_LIMITS: ClientConnectionLimits = {
  /** Go: 1 MiB, Node.js: 16 KiB, curl: 100 KiB a line. */
  maxHeadBytes: 2 * DEFAULT_HEAD_LIMIT,
  maxFields: 2 * DEFAULT_FIELD_COUNT_LIMIT,
  maxExtensionBytes: DEFAULT_CHUNK_EXTENSION_LIMIT,
  maxTrailerBytes: DEFAULT_TRAILER_LIMIT,
  maxTrailerFields: DEFAULT_TRAILER_COUNT_LIMIT,
  /** Go allowed 5 until it bounded their bytes; a few 102 (Processing) a minute are legitimate. */
  maxInformational: 64,
  /** Go reads 256 KiB at most; a new connection costs less than that on most networks. */
  drainBytes: 64 * 1024,
};

/** The defaults of {@linkcode ClientConnectionTimeouts}. */
export const DEFAULT_CLIENT_TIMEOUTS: ClientConnectionTimeouts = {
  /** undici and Firefox: 300 s. */
  head: 300_000,
  /** undici: 300 s. */
  body: 300_000,
  /** As long as a peer may be silent. */
  unread: 300_000,
  /** nginx's `proxy_send_timeout`: 60 s. */
  write: 60_000,
  /** Go's `ExpectContinueTimeout` and curl: 1 s. */
  continue: 1_000,
  /** Short: the exchange is over for its caller. */
  drain: 2_000,
  /** Less than the 60 s of common load balancers, so that this side closes first; Go: 90 s, undici: 4 s. */
  idle: 50_000,
};
