/**
 * Owns the base of all protocol errors: what is hit by them and what status answers them; knows no protocol version.
 *
 * @module
 */

/** What a protocol error ends: one message, one stream or the whole connection. */
export type ErrorScope = "message" | "stream" | "connection";

/** What {@linkcode ProtocolError} takes beside its message. */
export interface ProtocolErrorOptions extends ErrorOptions {
  /** What the error ends. */
  readonly scope: ErrorScope;
  /** The status code that answers it where one can be sent (RFC 9110 §15). */
  readonly status: number;
  /** Fields that the answer needs beside its status, such as `upgrade` with a 426 (RFC 9110 §15.5.22). */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A peer broke a rule of the protocol, or passed a limit of ours. */
export class ProtocolError extends Error {
  /** The class's name. */
  override readonly name: string = "ProtocolError";
  /** What the error ends. */
  readonly scope: ErrorScope;
  /** The status code that answers it where one can be sent (RFC 9110 §15). */
  readonly status: number;
  /** Fields that the answer needs beside its status; none for most. */
  readonly headers: Readonly<Record<string, string>>;

  /** Makes an error that knows its blast radius. */
  constructor(message: string, options: ProtocolErrorOptions) {
    super(message, options);
    this.scope = options.scope;
    this.status = options.status;
    this.headers = options.headers ?? NO_FIELDS;
  }
}

const NO_FIELDS: Readonly<Record<string, string>> = {};
