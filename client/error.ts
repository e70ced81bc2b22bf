/**
 * Owns the errors of a client beside those of the codec: what failed, in which phase, and whether the server may have
 * acted; knows nothing of who is told.
 *
 * @module
 */

/** What a request was doing when it failed, in the order of its life. */
export type FetchPhase = "queue" | "dial" | "request" | "head" | "body" | "redirect";

/** What {@linkcode ClientError} takes beside its message. */
export interface ClientErrorOptions extends ErrorOptions {
  /** What the request was doing. */
  readonly phase: FetchPhase;
}

/**
 * A request failed on this side of the wire: no connection, no room, no way on. It is the `cause` of the `TypeError` that
 * `fetch` rejects with.
 *
 * @example
 * ```ts
 * import { ClientError, HttpClient } from "@avx/http/client";
 *
 * await using client = new HttpClient({ connect: () => Promise.reject(new Error("no network here")) });
 * const error = await client.fetch("http://localhost/").catch((error) => error);
 * console.assert(error instanceof TypeError && error.cause instanceof ClientError && error.cause.phase === "dial");
 * ```
 */
export class ClientError extends Error {
  /** The class's name. */
  override readonly name: string = "ClientError";
  /** What the request was doing. */
  readonly phase: FetchPhase;

  /** Makes an error that knows the phase. */
  constructor(message: string, options: ClientErrorOptions) {
    super(message, options);
    this.phase = options.phase;
  }
}

/** What {@linkcode ConnectionLostError} takes beside its message. */
export interface ConnectionLostErrorOptions extends ClientErrorOptions {
  /** Whether the connection had served another request before. */
  readonly reused: boolean;
  /** Whether the server may have processed something of the request (RFC 9110 §9.2.2). */
  readonly mayHaveBeenProcessed: boolean;
}

/**
 * The connection ended before the response did. The request was sent once: whether to send it again is the caller's to
 * decide where {@linkcode ConnectionLostError.mayHaveBeenProcessed} is true.
 */
export class ConnectionLostError extends ClientError {
  /** The class's name. */
  override readonly name: string = "ConnectionLostError";
  /** Whether the connection had served another request before. */
  readonly reused: boolean;
  /** Whether the server may have processed something of the request (RFC 9110 §9.2.2). */
  readonly mayHaveBeenProcessed: boolean;

  /** Makes an error that knows what may have happened. */
  constructor(message: string, options: ConnectionLostErrorOptions) {
    super(message, options);
    this.reused = options.reused;
    this.mayHaveBeenProcessed = options.mayHaveBeenProcessed;
  }
}

/** The server answered, but not by the tunnel that was asked for: CONNECT or an upgrade was refused. */
export class TunnelRefusedError extends ClientError {
  /** The class's name. */
  override readonly name: string = "TunnelRefusedError";
  /** The server's answer, whose body should be read or cancelled. */
  readonly response: Response;

  /** Makes an error that has the answer. */
  constructor(message: string, response: Response) {
    super(message, { phase: "head" });
    this.response = response;
  }
}

/** What is thrown for a failure: `DOMException`s are known to callers as they are, all else is a `TypeError` (Fetch §4). */
export function rejectionOf(error: unknown): unknown {
  if (error instanceof DOMException || error instanceof TypeError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new TypeError(message, { cause: error });
}
