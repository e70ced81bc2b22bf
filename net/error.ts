/**
 * Owns the errors that are net's own; knows nothing of the platform's, which are thrown as they are.
 *
 * @module
 */

/** More bytes came than the caller allows for what was to be read. */
export class LimitError extends Error {
  /** The class's name. */
  override readonly name = "LimitError";
  /** The limit that was passed, in bytes. */
  readonly limit: number;

  /** Makes an error that knows the limit, in bytes. */
  constructor(message: string, limit: number, options?: ErrorOptions) {
    super(message, options);
    this.limit = limit;
  }
}

/** A TLS handshake failed; `cause` is the platform's error. */
export class HandshakeError extends Error {
  /** The class's name. */
  override readonly name = "HandshakeError";
}
