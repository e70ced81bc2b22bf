/**
 * Owns the shape of a field (RFC 9110 §5): a name and a value, in wire order; knows nothing of how either is encoded.
 *
 * @module
 */

/**
 * One field line of a header or trailer section (RFC 9110 §5.2).
 *
 * The name is in lower case; the value has no leading or trailing whitespace, one character an octet (Latin-1).
 */
export interface Field {
  /** The field's name, in lower case. */
  readonly name: string;
  /** The field's value, each octet a character from U+0000 to U+00FF. */
  readonly value: string;
}
