/**
 * Owns the string literals of HPACK (RFC 7541 §5.2): a length, and octets raw or by the Huffman code. Knows nothing of what
 * a string is part of.
 *
 * @module
 */

import { HpackError } from "./error.ts";
import { decodeHuffman, encodeHuffman, huffmanLength, roomForDecoded } from "./huffman.ts";
import { IntegerReader, writeInteger } from "./integer.ts";
import { textOf } from "./text.ts";

/** The bit of a length's first octet that says that the Huffman code is used. */
const HUFFMAN = 0x80;

/** Where strings are decoded to, by all readers: nothing stays there. A longer one gets room of its own for the while. */
const SCRATCH = new Uint8Array(4 * 1024);

/** Reads string literals; holds the last one. */
export class StringReader {
  readonly #length = new IntegerReader();
  #text = "";

  /** The string that was read last, one character an octet. */
  get text(): string {
    return this.#text;
  }

  /**
   * Reads the string literal at `bytes[at, end)` and gives the place behind it. Throws an {@linkcode HpackError} where it
   * passes `end`, which is known by its length, or is not coded right.
   */
  read(bytes: Uint8Array, at: number, end: number): number {
    const start = this.#length.read(bytes, at, end, 7);
    const length = this.#length.value;
    if (length > end - start) {
      throw new HpackError(`Cannot read string as it must end within its block: received a length of ${length}`);
    }
    const behind = start + length;
    if (bytes[at]! < HUFFMAN) {
      this.#text = textOf(bytes, start, behind);
    } else {
      const room = roomForDecoded(length);
      const into = room <= SCRATCH.length ? SCRATCH : new Uint8Array(room);
      this.#text = textOf(into, 0, decodeHuffman(bytes, start, behind, into, 0));
    }
    return behind;
  }
}

/**
 * Writes `text` as a string literal at `into[at]`, by the Huffman code where that is shorter, and gives the place behind it.
 * Throws a `TypeError` where a character is no octet.
 */
export function writeString(into: Uint8Array, at: number, text: string): number {
  const coded = huffmanLength(text);
  if (coded < 0) {
    throw new TypeError(`Cannot encode string as its characters must be octets: received ${JSON.stringify(text)}`);
  }
  if (coded < text.length) return encodeHuffman(text, into, writeInteger(into, at, coded, 7, HUFFMAN));
  at = writeInteger(into, at, text.length, 7, 0);
  for (let index = 0; index < text.length; index++) into[at + index] = text.charCodeAt(index);
  return at + text.length;
}
