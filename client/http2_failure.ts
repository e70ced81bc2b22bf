/**
 * Owns what a caller is told when an exchange on an HTTP/2 connection fails. Knows no socket and no promise.
 *
 * @module
 */

import { ErrorCode, errorCodeName, Http2Error } from "../http2/error.ts";
import { ConnectionLostError } from "./error.ts";

/** What is known beside the error. */
export interface Http2Circumstances {
  /** Whether the connection had carried another exchange before. */
  readonly reused: boolean;
  /** Whether nothing of the request was processed. */
  readonly unprocessed: boolean;
  /** The transport's own error, if any. */
  readonly cause: unknown;
}

/** The error of a stream that has ended before its time. */
export function failureOf(
  error: Http2Error,
  circumstances: Http2Circumstances & { readonly byPeer: boolean },
): unknown {
  if (error.status === 408) return new DOMException(error.message, "TimeoutError");
  if (!circumstances.byPeer) return error;
  const { code, streamId } = error;
  if (error.scope === "stream") {
    const message = `Cannot fetch as the server must not reset the stream: received ${errorCodeName(code)}`;
    return new Http2Error("stream", code, message, { streamId, cause: error });
  }
  const cause = code === ErrorCode.NoError ? circumstances.cause : error;
  return connectionLost({ ...circumstances, cause }, false);
}

/** The error of an exchange whose connection has ended; `answered` where its response's head was received. */
export function connectionLost(circumstances: Http2Circumstances, answered: boolean): ConnectionLostError {
  const { reused, unprocessed, cause } = circumstances;
  const options = { reused, mayHaveBeenProcessed: !unprocessed, ...cause !== undefined && { cause } };
  if (answered) {
    const message = "Cannot read content as the connection ended before its last octet";
    return new ConnectionLostError(message, { ...options, phase: "body" });
  }
  const connection = reused ? "the reused connection" : "the connection";
  const told = unprocessed
    ? "nothing of the request was processed"
    : "the request was sent once, and may have been processed";
  return new ConnectionLostError(`Cannot fetch as ${connection} ended before the response: ${told}`, {
    ...options,
    phase: unprocessed ? "request" : "head",
  });
}
