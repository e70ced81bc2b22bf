/**
 * Owns the default limits of this folder, each with its unit and precedent; enforces none of them.
 *
 * @module
 */

/** Size of the dynamic table until a setting says otherwise, in bytes (RFC 9113 §6.5.2); what nghttp2 and Node.js keep to. */
export const DEFAULT_TABLE_SIZE = 4096;

/** Largest field list that is taken, in bytes as RFC 9113 §6.5.2 counts. Apache httpd and nghttp2 allow 64 KiB, Rust's h2 16 KiB, Go 1 MiB. */
export const DEFAULT_LIST_LIMIT: number = 16 * 1024;

/** Greatest size of a table, in bytes: the greatest value of a setting (RFC 9113 §6.5.1). */
export const MAX_TABLE_SIZE: number = 2 ** 32 - 1;

/** Gives `size` where it is a table's size; else throws a `RangeError`. */
export function checkedTableSize(size: number): number {
  if (Number.isInteger(size) && size >= 0 && size <= MAX_TABLE_SIZE) return size;
  throw new RangeError(`Cannot set table size as it must be an integer of 0 to ${MAX_TABLE_SIZE}: received ${size}`);
}
