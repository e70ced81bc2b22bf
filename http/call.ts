/**
 * Owns the seam between a protocol version's driver and the web-standard objects: what a server must know of a request
 * to make a lazy `Request` of it, and what it needs of a `Response` to send it. Knows no version, no socket.
 *
 * @module
 */

import type { Field } from "./fields/field.ts";

/** The HTTP version of a message, as `info.protocol` shows it. */
export type Protocol = "HTTP/1.0" | "HTTP/1.1" | "HTTP/2";

/** The content of a message as it comes off the wire. */
export interface BodySource {
  /** The length that was announced, in bytes; `undefined` when it is not known before the end. */
  readonly length: number | undefined;
  /**
   * Gives the next bytes, or `null` at the end. The bytes are the caller's: their buffer is not touched again and shared
   * with no other bytes, so it may be transferred. Rejects when the content is broken off, and with the deadline's error when one passed. Bytes that
   * wait already are given synchronously, without a promise. At most one read at a time.
   */
  read(): Uint8Array | null | Promise<Uint8Array | null>;
  /** Tells the wire that nobody will read on; reads then give `null`. */
  cancel(reason?: unknown): void;
  /** The trailer section, once the end was read; rejects when the content broke off. */
  trailers(): Promise<readonly Field[]>;
}

/** A request as a driver knows it; every member but `method` may be computed when first asked for. */
export interface RequestSource {
  /** The method, in its wire case (RFC 9110 §9). */
  readonly method: string;
  /** The target URI (RFC 9110 §7.1), absolute. */
  readonly url: string;
  /** The header section in wire order. */
  fields(): readonly Field[];
  /** The content, or `null` where the message has none (RFC 9112 §6.3). */
  readonly body: BodySource | null;
  /** Aborts when the client went away or a deadline passed, never after success; the same object each time. */
  readonly signal: AbortSignal;
  /**
   * The most that `text()`, `json()` and their like take, in bytes.
   *
   * @default {DEFAULT_BODY_LIMIT}
   */
  readonly bodyLimit?: number;
}

/** Content that is known whole before it is sent; a string is sent as UTF-8. */
export type KnownBody = string | Uint8Array | null;
