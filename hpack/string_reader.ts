/**
 * Owns the reading of string literals (RFC 7541 §5.2): a length, and octets raw or by the Huffman code. Knows nothing of
 * what a string is part of.
 *
 * @module
 */

import { HpackError } from "./error.ts";
import { decodeHuffman, roomForDecoded } from "./huffman.ts";
import { IntegerReader } from "./integer.ts";
import { StringCache } from "./string_cache.ts";
import { HUFFMAN } from "./string.ts";
import { textOf } from "./text.ts";

/** Where strings are decoded to, for all readers, as none of them waits; a longer one gets room of its own for the while. */
const SCRATCH = new Uint8Array(4 * 1024);

/** What was read lately, by all readers, save secrets: most of what a new connection sends, another has sent. */
export const CACHE: StringCache = new StringCache();

/** Reads string literals; holds the last one. */
export class StringReader {
  readonly #length = new IntegerReader();
  #text = "";

  /** The string that was read last, one character an octet. */
  get text(): string {
    return this.#text;
  }

  /**
   * Reads the string literal at `bytes[at, end)` and gives the place behind it. What is `secret` is not remembered by anyone
   * but the caller. Throws an {@linkcode HpackError} where the string passes `end`, which its length tells, or is not coded
   * right.
   */
  read(bytes: Uint8Array, at: number, end: number, secret: boolean): number {
    let start = at + 1;
    let length = at < end ? bytes[at]! & 0x7f : 0x7f;
    if (length === 0x7f) {
      start = this.#length.read(bytes, at, end, 7);
      length = this.#length.value;
    }
    if (length > end - start) {
      throw new HpackError(`Cannot read string as it must end within its block: received a length of ${length}`);
    }
    const behind = start + length;
    if (secret) {
      this.#text = decode(bytes, start, behind, bytes[at]! >= HUFFMAN);
      return behind;
    }
    const known = CACHE.find(bytes, at, behind);
    if (known === undefined) {
      this.#text = decode(bytes, start, behind, bytes[at]! >= HUFFMAN);
      CACHE.keep(bytes, at, behind, this.#text);
    } else {
      this.#text = known;
    }
    return behind;
  }
}

function decode(bytes: Uint8Array, start: number, end: number, huffman: boolean): string {
  if (!huffman) return textOf(bytes, start, end);
  const room = roomForDecoded(end - start);
  const into = room <= SCRATCH.length ? SCRATCH : new Uint8Array(room);
  return textOf(into, 0, decodeHuffman(bytes, start, end, into, 0));
}
