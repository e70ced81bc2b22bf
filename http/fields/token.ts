/**
 * Owns the character classes of RFC 9110 §5 and RFC 3986 §2 as tables of 256 octets; knows nothing of messages.
 *
 * @module
 */

/** Part of an {@linkcode octets} class: its characters, a range of two code points, or another class. */
export type OctetPart = string | readonly [first: number, last: number] | Uint8Array;

/**
 * Builds a class of octets: 256 entries, 1 where the octet belongs to it and 0 elsewhere.
 *
 * @example
 * ```ts
 * import { DIGIT, octets } from "@avx/http/fields";
 *
 * const HEXDIG = octets(DIGIT, "ABCDEF", "abcdef");
 * console.assert(HEXDIG["f".charCodeAt(0)] === 1);
 * ```
 */
export function octets(...parts: OctetPart[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const part of parts) {
    if (part instanceof Uint8Array) {
      for (let octet = 0; octet < 256; octet++) if (part[octet] === 1) table[octet] = 1;
    } else if (typeof part === "string") {
      for (let at = 0; at < part.length; at++) table[part.charCodeAt(at)] = 1;
    } else {
      table.fill(1, part[0], part[1] + 1);
    }
  }
  return table;
}

/** `ALPHA`: the letters A-Z and a-z (RFC 5234 appendix B.1). */
export const ALPHA: Uint8Array = octets([0x41, 0x5a], [0x61, 0x7a]);
/** `DIGIT`: 0-9 (RFC 5234 appendix B.1). */
export const DIGIT: Uint8Array = octets([0x30, 0x39]);
/** `HEXDIG` in either case (RFC 5234 appendix B.1). */
export const HEXDIG: Uint8Array = octets(DIGIT, "ABCDEF", "abcdef");
/** `VCHAR`: every visible US-ASCII character (RFC 5234 appendix B.1). */
export const VCHAR: Uint8Array = octets([0x21, 0x7e]);
/** `obs-text`: the octets above US-ASCII (RFC 9110 §5.5). */
export const OBS_TEXT: Uint8Array = octets([0x80, 0xff]);
/** `tchar`: what a token is made of (RFC 9110 §5.6.2). */
export const TOKEN: Uint8Array = octets("!#$%&'*+-.^_`|~", DIGIT, ALPHA);
/** `field-vchar`, SP and HTAB: what a field value is made of (RFC 9110 §5.5). */
export const FIELD_VALUE: Uint8Array = octets(VCHAR, OBS_TEXT, " \t");
/** `qdtext`: what a quoted string is made of beside its quoted pairs (RFC 9110 §5.6.4). */
export const QDTEXT: Uint8Array = octets("\t !", [0x23, 0x5b], [0x5d, 0x7e], OBS_TEXT);
/** `unreserved` of a URI (RFC 3986 §2.3). */
export const UNRESERVED: Uint8Array = octets(ALPHA, DIGIT, "-._~");
/** `sub-delims` of a URI (RFC 3986 §2.2). */
export const SUB_DELIMS: Uint8Array = octets("!$&'()*+,;=");

/** The value of a hexadecimal digit at its octet, and 255 at every other octet. */
export const HEX_VALUE: Uint8Array = new Uint8Array(256).fill(255);
for (let value = 0; value < 16; value++) {
  HEX_VALUE["0123456789abcdef".charCodeAt(value)] = value;
  HEX_VALUE["0123456789ABCDEF".charCodeAt(value)] = value;
}

/** Tells whether each character of `text` is in `table`; a character above U+00FF never is. */
export function consistsOf(table: Uint8Array, text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (table[text.charCodeAt(at)] !== 1) return false;
  }
  return true;
}

/** Tells whether `text` is a token: one `tchar` or more (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return text.length > 0 && consistsOf(TOKEN, text);
}

/** Tells whether `text` has only what a field value may have; surrounding whitespace is not looked at (RFC 9110 §5.5). */
export function isFieldValue(text: string): boolean {
  return consistsOf(FIELD_VALUE, text);
}
