/**
 * Owns the coding of octets by the Huffman code (RFC 7541 §5.2), both ways; knows nothing of the string's length before it.
 *
 * @module
 */

import { HpackError } from "./error.ts";
import { CODES, EOS, LENGTHS, LONGEST } from "./huffman_code.ts";

/**
 * How many bits the decoder looks at in one step: two symbols mostly, as those of usual text have 5 to 7 bits. The table
 * has 16 KiB, which stay in the processor's nearest cache.
 */
const STEP = 12;
const STEP_MASK = (1 << STEP) - 1;

/** A step's entry: two symbols, then how many bits both take, how many the first takes, and whether there is a second. */
const SECOND_SHIFT = 8;
const BITS_SHIFT = 16;
const FIRST_BITS_SHIFT = 21;
const PAIR_SHIFT = 26;
const BITS_MASK = 31;

/** What {@linkcode STEP} bits begin with, at their value; 0 where it is a code of more bits. */
const STEPS: Int32Array = makeSteps();

function makeSteps(): Int32Array {
  const first = new Int32Array(1 << STEP);
  for (let symbol = 0; symbol < EOS; symbol++) {
    const length = LENGTHS[symbol]!;
    if (length > STEP) continue;
    const low = CODES[symbol]! << (STEP - length);
    first.fill(symbol | length << BITS_SHIFT | length << FIRST_BITS_SHIFT, low, low + (1 << (STEP - length)));
  }
  return first.map((entry, bits) => {
    const length = entry >> FIRST_BITS_SHIFT;
    const next = first[(bits << length) & STEP_MASK]!; // filled up with zeros: right only where it takes none of them
    const both = length + (next >> FIRST_BITS_SHIFT);
    if (entry === 0 || next === 0 || both > STEP) return entry;
    const symbols = (entry & 0xff) | (next & 0xff) << SECOND_SHIFT;
    return symbols | both << BITS_SHIFT | length << FIRST_BITS_SHIFT | 1 << PAIR_SHIFT;
  });
}

/** The symbols in the order of their codes; the code is canonical, so those of one length follow each other. */
const SYMBOLS = Uint16Array.from(
  LENGTHS.keys().toArray().sort((a, b) => LENGTHS[a]! - LENGTHS[b]! || CODES[a]! - CODES[b]!),
);

/** For each length, the first code and how many there are, and the first one's place in {@linkcode SYMBOLS}. */
const FIRST_CODE = new Uint32Array(LONGEST + 1);
const COUNT = new Uint16Array(LONGEST + 1);
const PLACE = new Uint16Array(LONGEST + 1);
SYMBOLS.forEach((symbol, place) => {
  const length = LENGTHS[symbol]!;
  if (COUNT[length]!++ > 0) return;
  FIRST_CODE[length] = CODES[symbol]!;
  PLACE[length] = place;
});

/**
 * Gives how much room {@linkcode decodeHuffman} needs for so many octets: the shortest code has 5 bits, and one octet
 * behind the last is written too.
 */
export function roomForDecoded(length: number): number {
  return Math.floor(length * 8 / 5) + 1;
}

const badPadding = () => new HpackError("Cannot decode string as its padding must be at most 7 bits, all ones");

/**
 * Decodes `bytes[start, end)` to `into[at]`, which must have {@linkcode roomForDecoded}, and gives the place behind it.
 * Throws an {@linkcode HpackError} for EOS in the string, and for padding that is longer than 7 bits or not all ones.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
  let window = 0; // its low `bits` are still to be decoded
  let bits = 0;
  let next = start;
  for (;;) {
    if (bits < STEP) {
      if (end - next >= 2) {
        window = window << 16 | bytes[next]! << 8 | bytes[next + 1]!;
        bits += 16;
        next += 2;
      } else if (next < end) {
        window = window << 8 | bytes[next++]!;
        bits += 8;
        continue;
      } else {
        return decodeRest(window, bits, into, at);
      }
    }
    const entry = STEPS[window >>> (bits - STEP) & STEP_MASK]!;
    if (entry !== 0) {
      into[at] = entry;
      into[at + 1] = entry >> SECOND_SHIFT; // overwritten by the next symbol where there is no second
      at += 1 + (entry >> PAIR_SHIFT);
      bits -= entry >> BITS_SHIFT & BITS_MASK;
      continue;
    }
    const from = (next - start) * 8 - bits;
    const symbol = longSymbol(bytes, start, from, (end - start) * 8);
    into[at++] = symbol;
    const behind = from + LENGTHS[symbol]!;
    next = start + (behind >> 3);
    bits = -behind & 7;
    if (bits > 0) window = bytes[next++]!;
  }
}

/** Decodes what is left at the end of a string, fewer bits than one step. */
function decodeRest(window: number, bits: number, into: Uint8Array, at: number): number {
  for (;;) {
    const missing = STEP - bits;
    const entry = STEPS[(window << missing | (1 << missing) - 1) & STEP_MASK]!;
    const length = entry >> FIRST_BITS_SHIFT & BITS_MASK;
    if (entry === 0 || length > bits) break;
    into[at++] = entry;
    bits -= length;
  }
  const ones = (1 << bits) - 1;
  if (bits > 7 || (window & ones) !== ones) throw badPadding();
  return at;
}

/** Gives the symbol of more than {@linkcode STEP} bits that begins `from` bits behind `start`, of `total`. */
function longSymbol(bytes: Uint8Array, start: number, from: number, total: number): number {
  const bitAt = (at: number) => bytes[start + (at >> 3)]! >> (7 - (at & 7)) & 1;
  let code = 0;
  for (let length = 1; length <= LONGEST && from + length <= total; length++) {
    code = code << 1 | bitAt(from + length - 1);
    const rank = code - FIRST_CODE[length]!;
    if (rank < 0 || rank >= COUNT[length]!) continue;
    const symbol = SYMBOLS[PLACE[length]! + rank]!;
    if (symbol === EOS) throw new HpackError("Cannot decode string as EOS must not stand in it");
    return symbol;
  }
  throw badPadding(); // more than 7 bits are left, and they are no code
}

/** Codes of up to this many bits are written in one piece: with 15 bits pending, two of them are within an integer's 31. */
const PIECE = 15;
const PIECE_MASK = (1 << PIECE) - 1;

/** Each octet's code above 4 bits of its length; 0 for a longer code. In one table, as a look-up costs as much as the rest. */
const PIECES: Uint32Array = Uint32Array.from(
  CODES.subarray(0, EOS),
  (code, octet) => LENGTHS[octet]! <= PIECE ? code << 4 | LENGTHS[octet]! : 0,
);

/** What {@linkcode encodeHuffman} gives for a text that its code makes longer, or that is not of octets. */
export const LONGER = -1;

/**
 * Codes `text` to `into[at]`, and gives the place behind it; {@linkcode LONGER} where it would take more octets than the
 * text has characters, or where a character is above U+00FF. Writes nothing behind `at + text.length`.
 */
export function encodeHuffman(text: string, into: Uint8Array, at: number): number {
  const limit = at + text.length;
  let window = 0; // its low `bits`, fewer than 16, are still to be written
  let bits = 0;
  for (let index = 0; index < text.length; index++) {
    const octet = text.charCodeAt(index);
    const piece = PIECES[octet]!;
    let length = piece & 0xf;
    let code = piece >>> 4;
    if (length === 0) {
      if (octet > 0xff) return LONGER;
      length = LENGTHS[octet]! - PIECE;
      window = window << length | CODES[octet]! >>> PIECE;
      bits += length;
      if (bits >= 16) {
        if (at + 2 > limit) return LONGER;
        bits -= 16;
        into[at++] = window >>> (bits + 8);
        into[at++] = window >>> bits;
      }
      length = PIECE;
      code = CODES[octet]! & PIECE_MASK;
    }
    window = window << length | code;
    bits += length;
    if (bits >= 16) {
      if (at + 2 > limit) return LONGER;
      bits -= 16;
      into[at++] = window >>> (bits + 8);
      into[at++] = window >>> bits;
    }
  }
  if (at + Math.ceil(bits / 8) > limit) return LONGER;
  if (bits >= 8) {
    bits -= 8;
    into[at++] = window >>> bits;
  }
  if (bits > 0) into[at++] = window << (8 - bits) | 0xff >> bits; // §5.2: padded by the beginning of EOS
  return at;
}
