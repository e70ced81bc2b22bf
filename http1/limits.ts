/**
 * Owns the limits and deadlines of an HTTP/1.1 connection, with their defaults; knows nothing of who keeps them.
 *
 * @module
 */

import {
  DEFAULT_CHUNK_EXTENSION_LIMIT,
  DEFAULT_FIELD_COUNT_LIMIT,
  DEFAULT_HEAD_LIMIT,
  DEFAULT_TARGET_LIMIT,
  DEFAULT_TRAILER_COUNT_LIMIT,
  DEFAULT_TRAILER_LIMIT,
} from "../http/fields/limits.ts";

/** What a server's connection takes at most. */
export interface ConnectionLimits {
  /** Longest request target, in bytes; beyond it 414. */
  readonly maxTargetBytes: number;
  /** Longest head, in bytes, from the request line to the empty line; beyond it 431. */
  readonly maxHeadBytes: number;
  /** Most field lines in a head; beyond it 431. */
  readonly maxFields: number;
  /** Longest extensions of all chunks of a message, in bytes; beyond it 400. */
  readonly maxExtensionBytes: number;
  /** Longest trailer section, in bytes; beyond it 431. */
  readonly maxTrailerBytes: number;
  /** Most field lines in a trailer section; beyond it 431. */
  readonly maxTrailerFields: number;
  /** Most requests of one connection whose answers are not complete. */
  readonly maxPipelined: number;
  /** Most requests that one connection serves; the last answer says `connection: close`. */
  readonly maxRequests: number;
  /** Most content that is thrown away, in bytes, so that the connection can go on; beyond it the connection ends. */
  readonly drainBytes: number;
}

/** How long a server's connection waits, in milliseconds; `Infinity` for ever. */
export interface ConnectionTimeouts {
  /** From the first octet of a head to its last; beyond it 408. */
  readonly head: number;
  /** Between two pieces of content while it is read; beyond it 408. */
  readonly body: number;
  /** From the first octet of a request to its last; beyond it 408. */
  readonly request: number;
  /** Between two steps of a write; beyond it the connection is cut. */
  readonly write: number;
  /** Without a request under way. */
  readonly idle: number;
  /** For unread content to be thrown away. */
  readonly drain: number;
  /** For the peer to end its side after we have ended ours. */
  readonly linger: number;
  /** How old a connection may be when it begins its last request. */
  readonly age: number;
}

/** The defaults of {@linkcode ConnectionLimits}. */
export const DEFAULT_LIMITS: ConnectionLimits = {
  maxTargetBytes: DEFAULT_TARGET_LIMIT,
  maxHeadBytes: DEFAULT_HEAD_LIMIT,
  maxFields: DEFAULT_FIELD_COUNT_LIMIT,
  maxExtensionBytes: DEFAULT_CHUNK_EXTENSION_LIMIT,
  maxTrailerBytes: DEFAULT_TRAILER_LIMIT,
  maxTrailerFields: DEFAULT_TRAILER_COUNT_LIMIT,
  /** Few clients pipeline more than a handful. */
  maxPipelined: 16,
  /** nginx: 1,000; more here, as a connection keeps nothing from one request to the next. */
  maxRequests: 100_000,
  /** Go: 256 KiB; less here, as a new connection costs less than that on most networks. */
  drainBytes: 64 * 1024,
};

/** The defaults of {@linkcode ConnectionTimeouts}. */
export const DEFAULT_TIMEOUTS: ConnectionTimeouts = {
  /** Apache's mod_reqtimeout: 20 s; less here, as a head is one packet or two. */
  head: 10_000,
  /** nginx: 60 s. */
  body: 30_000,
  /** Node.js: 300 s. */
  request: 300_000,
  /** nginx: 60 s. */
  write: 30_000,
  /** nginx: 75 s, Node.js: 5 s; more than the usual 60 s of load balancers, so that these close first. */
  idle: 75_000,
  /** Short: the answer is given already. */
  drain: 2_000,
  /** nginx: 5 s. */
  linger: 1_000,
  /** nginx: 1 h. */
  age: 3_600_000,
};
