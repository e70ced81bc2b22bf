/**
 * Owns the error of a broken HTTP/1 message; knows nothing of how it is answered.
 *
 * @module
 */

import { type ErrorScope, ProtocolError } from "../http/fields/error.ts";

/** What {@linkcode Http1Error} takes beside its status and message. */
export interface Http1ErrorOptions extends ErrorOptions {
  /**
   * What the error ends.
   *
   * @default {"connection"} for where one message ends can't be trusted any more (RFC 9112 §9.3.2)
   */
  readonly scope?: ErrorScope;
}

/**
 * The peer broke a rule of HTTP/1 (RFC 9112), or passed a limit of ours.
 *
 * @example
 * ```ts
 * import { Http1Error } from "@avx/http/http1";
 *
 * const error = new Http1Error(414, "Cannot read request target as it must have at most 8192 bytes");
 * console.assert(error.status === 414 && error.scope === "connection");
 * ```
 */
export class Http1Error extends ProtocolError {
  /** The class's name. */
  override readonly name = "Http1Error";

  /** Makes an error that is answered with `status` where an answer can be sent. */
  constructor(status: number, message: string, options: Http1ErrorOptions = {}) {
    super(message, { ...options, status, scope: options.scope ?? "connection" });
  }
}
