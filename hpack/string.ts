/**
 * Owns the writing of string literals (RFC 7541 §5.2). Knows nothing of what a string is part of.
 *
 * @module
 */

import { encodeHuffman, LONGER } from "./huffman.ts";
import { integerOctets, writeInteger } from "./integer.ts";

/** The bit of a length's first octet that says that the Huffman code is used. */
export const HUFFMAN = 0x80;

/**
 * Writes `text` as a string literal at `into[at]`, by the Huffman code where that isn't longer, and gives the place behind it.
 * Throws a `TypeError` where a character is no octet.
 */
export function writeString(into: Uint8Array, at: number, text: string): number {
  // The length stands before what it is the length of: room is left for that of the whole text, which seldom is too much.
  const start = at + integerOctets(text.length, 7);
  const end = encodeHuffman(text, into, start);
  if (end === LONGER || end === start) return writeRaw(into, at, text);
  const behind = writeInteger(into, at, end - start, 7, HUFFMAN);
  if (behind === start) return end;
  into.copyWithin(behind, start, end);
  return end - start + behind;
}

function writeRaw(into: Uint8Array, at: number, text: string): number {
  at = writeInteger(into, at, text.length, 7, 0);
  for (let index = 0; index < text.length; index++) {
    const octet = text.charCodeAt(index);
    if (octet > 0xff) {
      const code = octet.toString(16).toUpperCase().padStart(4, "0");
      throw new TypeError(`Cannot encode string as its characters must be octets: received U+${code}`);
    }
    into[at++] = octet;
  }
  return at;
}
