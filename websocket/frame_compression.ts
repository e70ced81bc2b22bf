/**
 * Owns the seam between a connection and what compresses its messages; knows no algorithm.
 *
 * @module
 */

/** Compresses and decompresses the messages of one connection (RFC 7692 §7.2). */
export interface MessageCompression {
  /** Shorter messages are sent as they are, in bytes. */
  readonly threshold: number;
  /** Whether memory is held for this connection that {@linkcode MessageCompression.release} frees. */
  readonly live: boolean;
  /** Compresses a message; what it gives is the caller's. */
  deflate(payload: Uint8Array): Uint8Array<ArrayBuffer>;
  /**
   * Decompresses a message; what it gives is the caller's.
   *
   * @throws {WebSocketError} If it is malformed, or longer than `maxBytes`.
   */
  inflate(payload: Uint8Array, maxBytes: number): Uint8Array<ArrayBuffer>;
  /** Lets go of what compresses, as a message was sent that it has not seen: it must not be referred to. */
  forget(): void;
  /** Lets go of all memory that can be done without until the next message. */
  release(): void;
}
