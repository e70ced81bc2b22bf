/**
 * Owns what a caller is told when an exchange fails: the error of each way in which it can, and whether the request may
 * go over another connection. Knows no socket and no promise.
 *
 * @module
 */

import type { ClientConnection } from "../http1/client_connection.ts";
import type { ClientEvent, LatePhase } from "../http1/client_phases.ts";
import { ConnectionLostError } from "./error.ts";

/**
 * Whether a failed request may go over another connection.
 *
 * - `unsent`: no octet of it has left.
 * - `unanswered`: it was sent over a connection that others had used before, and that ended without an octet.
 * - `refused`: the peer says that it was not processed (RFC 9113 §8.7), be the connection still of use or not.
 * - `http/1.1`: the peer says that it takes it by that version only (RFC 9113 §7, HTTP_1_1_REQUIRED).
 * - `no`: something of it was answered, or may have been processed for all that is known.
 */
export type Resend = "unsent" | "unanswered" | "refused" | "http/1.1" | "no";

/** The events that end an exchange before its time. */
export type FailureEvent = Extract<ClientEvent, { type: "lost" | "late" | "error" }>;

/** What passes too slowly, by phase. */
const LATE: Readonly<Record<LatePhase, string>> = {
  head: "the response's head",
  body: "the next piece of the response's content",
  unread: "the reading of the response's content",
  write: "the sending of the request",
};

/** What is known beside the connection's state. */
export interface Circumstances {
  /** Whether the response's head was received. */
  readonly answered: boolean;
  /** The transport's own error, if any. */
  readonly cause: unknown;
}

/** The error of an event, as the connection's state explains it. */
export function failureOf(event: FailureEvent, core: ClientConnection, { answered, cause }: Circumstances): Error {
  switch (event.type) {
    case "error":
      return event.error;
    case "late":
      return lateError(LATE[event.phase], event.limit);
    case "lost":
      return lostError(core, answered, cause);
  }
}

/** The error of what took longer than `limit` milliseconds. */
export function lateError(what: string, limit: number): DOMException {
  return new DOMException(`Cannot fetch as ${what} took longer than ${limit} ms`, "TimeoutError");
}

function lostError(core: ClientConnection, answered: boolean, cause: unknown): ConnectionLostError {
  const { reused, handed } = core;
  const options = { reused, mayHaveBeenProcessed: handed, ...cause !== undefined && { cause } };
  if (answered) {
    return new ConnectionLostError("Cannot read content as the connection ended before its last octet", {
      ...options,
      phase: "body",
    });
  }
  const connection = reused ? "the reused connection" : "the connection";
  const told = handed ? "the request was sent once, and may have been processed" : "nothing of the request was sent";
  return new ConnectionLostError(`Cannot fetch as ${connection} ended before the response: ${told}`, {
    ...options,
    phase: handed ? "head" : "request",
  });
}

/** What may be done about a request whose connection was lost. */
export function resendOf(core: ClientConnection): Resend {
  if (!core.handed) return "unsent";
  return core.reused && !core.received ? "unanswered" : "no";
}
