/**
 * Owns the shape of a field as HPACK carries it, and what a field weighs (RFC 7541 §4.1); knows nothing of tables.
 *
 * This folder imports nothing, so it says the shape itself. It is that of a field elsewhere in this module, a name and a
 * value, with one mark more: fields go from and to HTTP as they are, and the mark is not lost on the way.
 *
 * @module
 */

/**
 * One field line, its name and value one character an octet (U+0000 to U+00FF).
 *
 * What a decoder gives may be an entry of its tables, and is given again for the next block: it must not be changed.
 */
export interface HpackField {
  /** The field's name; HTTP/2 wants it in lower case, HPACK takes any octets. */
  readonly name: string;
  /** The field's value. */
  readonly value: string;
  /**
   * Whether the field must never be put into a table, here or by anyone who passes it on (RFC 7541 §6.2.3, §7.1.3).
   *
   * @default {false} in what an encoder is given; a decoder always says it
   */
  readonly sensitive?: boolean;
  /**
   * What the decoder's `classify` said of the field, once, when it came in; an encoder doesn't look at it.
   *
   * @default {0} where nobody was asked
   */
  readonly kind?: number;
}

/** What an entry weighs beside its octets (RFC 7541 §4.1); each line of a list too (RFC 9113 §6.5.2). */
export const FIELD_OVERHEAD = 32;

/**
 * Gives the size of a field list, in bytes, as SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113 §6.5.2).
 *
 * @example
 * ```ts
 * import { sizeOfList } from "@avx/http/hpack";
 *
 * console.assert(sizeOfList([{ name: "a", value: "bc" }]) === 35);
 * ```
 */
export function sizeOfList(fields: readonly HpackField[]): number {
  let size = 0;
  for (const { name, value } of fields) size += name.length + value.length + FIELD_OVERHEAD;
  return size;
}
