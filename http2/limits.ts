/**
 * Owns the limits and deadlines of an HTTP/2 connection, with their defaults; knows nothing of who keeps them.
 *
 * @module
 */

import { DEFAULT_TABLE_SIZE } from "../hpack/limits.ts";
import { DEFAULT_FIELD_COUNT_LIMIT, DEFAULT_TARGET_LIMIT } from "../http/fields/limits.ts";
import { DEFAULT_FRAME_SIZE } from "./frame.ts";

/** What a connection takes at most. */
export interface Http2Limits {
  /** Most streams that the peer may have open at once; also most handlers that run for it. Further ones are refused. */
  readonly maxConcurrentStreams: number;
  /** Longest request target, in bytes; beyond it 414. */
  readonly maxTargetBytes: number;
  /** Largest field section, in bytes as RFC 9113 §6.5.2 counts (32 more a line); beyond it 431. */
  readonly maxFieldSectionBytes: number;
  /** Most field lines in a section; beyond it 431. */
  readonly maxFields: number;
  /** Longest header block as it is sent, in bytes; beyond it the connection ends. */
  readonly maxBlockBytes: number;
  /** Size of the table that the peer's header blocks may use, in bytes (RFC 7541 §4.2). */
  readonly tableBytes: number;
  /** Longest payload of a frame, in bytes: 16,384 to 16,777,215 (RFC 9113 §4.2). */
  readonly maxFrameBytes: number;
  /** What a stream may receive before its reader has taken anything, in bytes (RFC 9113 §6.9.2). */
  readonly streamWindowBytes: number;
  /** What that window may grow to while its reader keeps up, in bytes. */
  readonly maxStreamWindowBytes: number;
  /** What all streams may receive before we have said that more may come, in bytes (RFC 9113 §6.9.1). */
  readonly connectionWindowBytes: number;
  /** Most content of all streams that waits for its readers, in bytes, before only what they take makes room for more. */
  readonly maxUnreadBytes: number;
  /** Most streams of one connection; then it is ended gracefully. */
  readonly maxStreams: number;
}

/** How long a connection waits, in milliseconds; `Infinity` for ever. */
export interface Http2Timeouts {
  /** For the peer's preface and first SETTINGS. */
  readonly preface: number;
  /** From the peer's preface to the acknowledgement of our SETTINGS; beyond it SETTINGS_TIMEOUT (RFC 9113 §6.5.3). */
  readonly settings: number;
  /** From the first octet of a header block, or of any frame but DATA, to its last. */
  readonly head: number;
  /** Between two pieces of content while it is read. */
  readonly body: number;
  /** From a request's head to its content's last octet. */
  readonly request: number;
  /** Between two steps of a write, and for a stream's content to get room in its window. */
  readonly write: number;
  /** For the rest of a request that was answered already to come, or its client to stop; then it is reset. */
  readonly drain: number;
  /** Without a stream. */
  readonly idle: number;
  /** How old a connection may be before it is ended gracefully. */
  readonly age: number;
  /** After how long a silence the peer is sent a PING. */
  readonly ping: number;
  /** For its acknowledgement, or anything else of the peer's. */
  readonly pong: number;
  /** From a graceful end's first GOAWAY to its second, at the most; a round trip where that is less (RFC 9113 §6.8). */
  readonly goAway: number;
}

/** How long a client waits beside {@linkcode Http2Timeouts}, in milliseconds; `Infinity` for ever. */
export interface Http2ClientTimeouts {
  /** From a request's last octet to the end of its response's head, interim responses included. */
  readonly response: number;
  /** For a reader to take content, where there is no room for more. */
  readonly unread: number;
}

/** The defaults of {@linkcode Http2Limits}. */
export const DEFAULT_HTTP2_LIMITS: Http2Limits = {
  /** nginx: 128, Apache httpd: 100; RFC 9113 §6.5.2 recommends no less than 100. */
  maxConcurrentStreams: 128,
  maxTargetBytes: DEFAULT_TARGET_LIMIT,
  /** A head of 16 KiB, and 32 bytes for each of a hundred lines; Rust's h2: 16 KiB, Node.js: 64 KiB. */
  maxFieldSectionBytes: 16 * 1024 + 32 * DEFAULT_FIELD_COUNT_LIMIT,
  maxFields: DEFAULT_FIELD_COUNT_LIMIT,
  /** nghttp2: 64 KiB. */
  maxBlockBytes: 64 * 1024,
  tableBytes: DEFAULT_TABLE_SIZE,
  maxFrameBytes: DEFAULT_FRAME_SIZE,
  /** nginx and Node.js: 64 KiB. */
  streamWindowBytes: 64 * 1024,
  /** Go: 4 MiB for clients, 1 MiB for servers; gRPC grows to 16 MiB. */
  maxStreamWindowBytes: 8 * 1024 * 1024,
  /** Go: 1 MiB. */
  connectionWindowBytes: 1024 * 1024,
  /** As much as one stream at its largest. */
  maxUnreadBytes: 8 * 1024 * 1024,
  /** nginx (keepalive_requests): 1,000; more here, as a connection keeps nothing from one stream to the next. */
  maxStreams: 1_000_000,
};

/** The defaults of {@linkcode Http2Timeouts}. */
export const DEFAULT_HTTP2_TIMEOUTS: Http2Timeouts = {
  /** Go: 10 s. */
  preface: 10_000,
  /** nghttp2's programs: 10 s. */
  settings: 10_000,
  /** As for HTTP/1.1. */
  head: 10_000,
  body: 30_000,
  request: 300_000,
  write: 30_000,
  drain: 2_000,
  idle: 75_000,
  age: 3_600_000,
  /** Most servers send none unless told to; gRPC's after 2 h. */
  ping: Infinity,
  /** gRPC: 20 s. */
  pong: 20_000,
  /** Go: 1 s between the two. */
  goAway: 1_000,
};
