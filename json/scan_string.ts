/**
 * Owns what may stand in a string: RFC 8259 §7 and UTF-8 (RFC 3629), fed chunks split anywhere, with the limit on its
 * length; knows nothing of what stands around strings, or of what they mean.
 *
 * @module
 */

import { describeByte, type JsonError } from "./error.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Place } from "./place.ts";

// The bytes that the grammar names (RFC 8259 §2). Each hot file has its own: V8 folds a module's own constants into the
// machine code, but reads imported ones from memory each time (a quarter to a half of the time of these loops).
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;

/** 1 for the bytes that stand for themselves in a string: `unescaped` of RFC 8259 §7, as far as ASCII goes. */
const UNESCAPED = new Uint8Array(256).map((_, byte) =>
  Number(byte >= SPACE && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH)
);

/** 1 for the bytes that may follow a backslash on their own (RFC 8259 §7). */
const ESCAPED = new Uint8Array(256).map((_, byte) => Number('"\\/bfnrt'.includes(String.fromCharCode(byte))));

/** The value of a hexadecimal digit; -1 for all other bytes. */
const HEX_VALUE = new Int8Array(256).map((_, byte) =>
  "0123456789abcdef".indexOf(String.fromCharCode(byte).toLowerCase())
);

// What comes next in a string.
const UNESCAPED_RUN = 1;
const MULTI_BYTE = 2;
const ESCAPE = 3;
const HEX_DIGITS = 4;
const LOW_BACKSLASH = 5;
const LOW_U = 6;

/** Reads the strings of one text: `begin` one, and `read` on in each chunk until it is whole. */
export class StringScanner {
  /** Whether the string has come to its closing quote. */
  whole = true;

  readonly #place: Place;
  readonly #most: number;
  readonly #keepsLone: boolean;
  #partial = UNESCAPED_RUN;
  /** Index in the chunk that an escape or a sequence has come to. */
  #at = 0;
  /** Offset of the chunk. */
  #base = 0;
  /** Offset where the closing quote has to be at the latest. */
  #last = 0;
  #escapeStart = 0;
  #hexDigits = 0;
  #hexValue = 0;
  #wantsLow = false;
  #sequenceStart = 0;
  #continuations = 0;
  #lowest = 0x80;
  #highest = 0xbf;

  /** Makes a scanner that moves `place` on over characters of several bytes. */
  constructor({ maxStringBytes, loneSurrogates }: ResolvedOptions, place: Place) {
    this.#most = maxStringBytes;
    this.#keepsLone = loneSurrogates === "keep";
    this.#place = place;
  }

  /** Begins a string whose opening quote is at offset `start`. */
  begin(start: number): void {
    this.whole = false;
    this.#partial = UNESCAPED_RUN;
    this.#last = start + 1 + this.#most;
  }

  /** The offset before which nothing can be wrong any more: `offset`, or the start of what is broken off there. */
  settled(offset: number): number {
    if (this.#partial === MULTI_BYTE) return this.#sequenceStart;
    return this.#partial === UNESCAPED_RUN ? offset : this.#escapeStart;
  }

  /** Goes on with a string; gives the index after its closing quote, or after the chunk where that breaks it off. */
  read(bytes: Uint8Array, at: number, base: number): number {
    const end = bytes.length;
    const last = this.#last - base;
    const stop = last < end ? last : end;
    let partial = this.#partial;
    this.#base = base;
    for (;;) {
      if (partial === UNESCAPED_RUN) {
        while (at < stop && UNESCAPED[bytes[at]!] === 1) at++;
        if (at < end && bytes[at] === QUOTE) {
          this.whole = true;
          return at + 1;
        }
        if (at < stop) partial = this.#interrupt(bytes[at]!, at++);
      } else if (partial === MULTI_BYTE) {
        partial = this.#multiByte(bytes, at, stop);
        at = this.#at;
      } else {
        partial = this.#escape(bytes, at, stop, partial);
        at = this.#at;
      }
      if (at < stop) continue;
      if (at < end) {
        if (partial === UNESCAPED_RUN && bytes[at] === QUOTE) continue;
        throw this.#tooLong();
      }
      this.#partial = partial;
      return at;
    }
  }

  /** Decides what a byte in a string begins that doesn't stand for itself. */
  #interrupt(byte: number, at: number): number {
    if (byte === BACKSLASH) {
      this.#escapeStart = this.#base + at;
      this.#wantsLow = false;
      return ESCAPE;
    }
    if (byte < SPACE) {
      throw this.#place.fail("syntax", this.#base + at, "an escaped control character", describeByte(byte));
    }
    this.#sequenceStart = this.#base + at;
    // RFC 3629 §4: no overlong forms (C0, C1, E0 80, F0 80), no surrogates (ED A0), nothing past U+10FFFF (F4 90).
    this.#lowest = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
    this.#highest = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
    if (byte < 0xc2 || byte > 0xf4) throw this.#notUtf8(byte);
    this.#continuations = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    return MULTI_BYTE;
  }

  /** Goes on with a UTF-8 sequence (RFC 3629 §4). */
  #multiByte(bytes: Uint8Array, at: number, stop: number): number {
    while (at < stop) {
      const byte = bytes[at]!;
      if (byte < this.#lowest || byte > this.#highest) throw this.#notUtf8(byte);
      at++;
      this.#lowest = 0x80;
      this.#highest = 0xbf;
      if (--this.#continuations > 0) continue;
      this.#place.lineStart += this.#base + at - this.#sequenceStart - 1; // a character has one column
      this.#at = at;
      return UNESCAPED_RUN;
    }
    this.#at = at;
    return MULTI_BYTE;
  }

  /** Goes on with an escape, or with the pair of escapes that a high surrogate demands (RFC 8259 §7). */
  #escape(bytes: Uint8Array, at: number, stop: number, partial: number): number {
    while (at < stop) {
      const byte = bytes[at]!;
      if (partial === HEX_DIGITS) {
        const value = HEX_VALUE[byte]!;
        if (value < 0) throw this.#place.fail("syntax", this.#base + at, "a hexadecimal digit", describeByte(byte));
        this.#hexValue = (this.#hexValue << 4) | value;
        if (++this.#hexDigits === 4) partial = this.#codeUnit();
      } else if (partial === LOW_BACKSLASH) {
        if (byte !== BACKSLASH) throw this.#loneSurrogate();
        partial = LOW_U;
      } else if (byte === LOWER_U) {
        partial = HEX_DIGITS;
        this.#hexDigits = this.#hexValue = 0;
      } else if (partial === LOW_U) {
        throw this.#loneSurrogate();
      } else if (ESCAPED[byte] === 1) {
        partial = UNESCAPED_RUN;
      } else {
        throw this.#place.fail(
          "syntax",
          this.#base + at,
          "an escape ('\"', '\\', '/', 'b', 'f', 'n', 'r', 't' or 'u')",
          describeByte(byte),
        );
      }
      at++;
      if (partial === UNESCAPED_RUN) break;
    }
    this.#at = at;
    return partial;
  }

  /** Decides what follows the four digits of an escape. */
  #codeUnit(): number {
    const kind = this.#hexValue & 0xfc00;
    const low = kind === 0xdc00;
    if (this.#keepsLone) return UNESCAPED_RUN;
    if (low !== this.#wantsLow) throw this.#loneSurrogate();
    if (kind !== 0xd800) return UNESCAPED_RUN;
    this.#wantsLow = true;
    return LOW_BACKSLASH;
  }

  #tooLong(): JsonError {
    return this.#place.fail("limit", this.#last, `a string of at most ${this.#most} bytes`, "more");
  }

  #loneSurrogate(): JsonError {
    return this.#place.fail("encoding", this.#escapeStart, "both halves of a surrogate pair", "one of them");
  }

  #notUtf8(byte: number): JsonError {
    return this.#place.fail("encoding", this.#sequenceStart, "UTF-8", describeByte(byte));
  }
}
