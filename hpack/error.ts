/**
 * Owns the error of a header block that can't be decoded; knows nothing of frames, or of how it is answered.
 *
 * @module
 */

/**
 * The peer broke a rule of HPACK (RFC 7541).
 *
 * What both sides hold in their tables is no longer the same, so it always ends the connection; RFC 9113 §4.3 calls it a
 * connection error of type COMPRESSION_ERROR.
 *
 * @example
 * ```ts
 * import { HpackDecoder, HpackError } from "@avx/http/hpack";
 *
 * try {
 *   new HpackDecoder().decode(Uint8Array.of(0x80), 0, 1); // index 0
 * } catch (error) {
 *   console.assert(error instanceof HpackError && error.code === "COMPRESSION_ERROR" && error.scope === "connection");
 * }
 * ```
 */
export class HpackError extends Error {
  /** The class's name. */
  override readonly name = "HpackError";
  /** The code that answers it, by its name (RFC 9113 §7). */
  readonly code = "COMPRESSION_ERROR";
  /** What the error ends. */
  readonly scope = "connection";
}
