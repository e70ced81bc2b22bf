/**
 * Owns the words of a client's side of an HTTP/1.1 connection: the phases of an exchange, what leads from one to the next,
 * and what its driver is told. Knows no octets and no time.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import type { Http1Error } from "./error.ts";
import type { ResponseHead } from "./response.ts";

/** What a connection waited for when a deadline passed. */
export type LatePhase = "head" | "body" | "unread" | "write";

/** What happened to the exchange, in order; `lost`, `late` and `error` are the last of it. */
export type ClientEvent =
  /** An interim response (1xx, but 101). */
  | { readonly type: "informational"; readonly head: ResponseHead }
  /** The content that waited for a 100 (Continue) is to be sent. */
  | { readonly type: "continue" }
  /** The final response's head, or the one that ends HTTP on the connection ({@linkcode ReadPhase} `switched`). */
  | { readonly type: "head"; readonly head: ResponseHead }
  /** A range of the bytes that were received. */
  | { readonly type: "data"; readonly start: number; readonly end: number }
  /** The response is whole. */
  | { readonly type: "end"; readonly trailers: readonly Field[] }
  /** The peer ended its side within the exchange. */
  | { readonly type: "lost" }
  /** A deadline of `limit` milliseconds passed. */
  | { readonly type: "late"; readonly phase: LatePhase; readonly limit: number }
  /** The peer broke a rule, or passed a limit. */
  | { readonly type: "error"; readonly error: Http1Error };

/**
 * How far the request is.
 *
 * - `idle`: there is none.
 * - `expecting`: its head was sent, its content waits for a 100 (Continue).
 * - `content`: its content follows.
 * - `sent`: all of it is in the output, or has left.
 * - `stopped`: the rest of it will not be sent.
 */
export type SendPhase = "idle" | "expecting" | "content" | "sent" | "stopped";

/** What is done to a request. */
export type SendStep = "whole" | "begin" | "expect" | "continue" | "data" | "end" | "stop" | "rest";

/** RFC 9112 §2.1, RFC 9110 §10.1.1: a head, then its content. No cell: not allowed. */
export const NEXT_SEND: Record<SendPhase, Partial<Record<SendStep, SendPhase>>> = {
  idle: { whole: "sent", begin: "content", expect: "expecting" },
  expecting: { continue: "content", stop: "stopped" },
  content: { data: "content", end: "sent", stop: "stopped" },
  sent: { stop: "sent", rest: "idle" },
  stopped: { stop: "stopped" },
};

/**
 * How far the response is.
 *
 * - `idle`: none is awaited; the connection may take a request.
 * - `head`: the final response's head is awaited.
 * - `content`: its content is read.
 * - `settling`: it is whole, and the request's last octets have yet to leave.
 * - `switched`: HTTP has ended here (RFC 9110 §7.8, §9.3.6); octets are left where they are.
 * - `closed`: the socket is to be closed.
 */
export type ReadPhase = "idle" | "head" | "content" | "settling" | "switched" | "closed";

/** A request as the connection needs it. */
export interface ClientRequest {
  /** The method, which the response's framing hangs on. */
  readonly method: string;
  /** The whole head, its empty line included; nobody may change it. */
  readonly head: Uint8Array;
  /** The content's length in bytes, 0 for none, -1 for chunked. */
  readonly contentLength: number;
  /** Whether the head has `expect: 100-continue`. */
  readonly expectsContinue: boolean;
  /** Whether the head has `connection: close`. */
  readonly closes: boolean;
  /** The protocols that `upgrade` offers, in lower case. */
  readonly protocols: readonly string[];
}
