/**
 * Owns the integers of HPACK (RFC 7541 §5.1), bounded in value and in octets; knows nothing of what they count.
 *
 * @module
 */

import { HpackError } from "./error.ts";

/** Greatest integer that is read: the greatest value of a setting (RFC 9113 §6.5.1); all else is far smaller. */
export const MAX_INTEGER: number = 2 ** 32 - 1;

/** Most octets behind the prefix: 5 carry 35 bits, enough for {@linkcode MAX_INTEGER}. */
const MAX_CONTINUATION = 5;

/** Reads integers; holds the last one, so that none costs an object. */
export class IntegerReader {
  #value = 0;

  /** The integer that was read last. */
  get value(): number {
    return this.#value;
  }

  /**
   * Reads the integer at `bytes[at, end)` whose prefix is the low `bits` (1 to 8) of its first octet, and gives the place
   * behind it. Throws an {@linkcode HpackError} where it doesn't end before `end`, or is greater than
   * {@linkcode MAX_INTEGER}.
   */
  read(bytes: Uint8Array, at: number, end: number, bits: number): number {
    const most = (1 << bits) - 1;
    const prefix = at < end ? bytes[at]! & most : most;
    if (prefix < most) {
      this.#value = prefix;
      return at + 1;
    }
    return this.#readContinuation(bytes, at + 1, end, most);
  }

  #readContinuation(bytes: Uint8Array, at: number, end: number, value: number): number {
    let weight = 1;
    for (let count = 0; count < MAX_CONTINUATION; count++) {
      if (at >= end) throw new HpackError("Cannot read integer as it must end within its block");
      const octet = bytes[at++]!;
      value += (octet & 0x7f) * weight; // not a shift: 32 bits would wrap
      weight *= 128;
      if (octet >= 0x80) continue;
      if (value > MAX_INTEGER) {
        throw new HpackError(`Cannot read integer as it must be at most ${MAX_INTEGER}: received ${value}`);
      }
      this.#value = value;
      return at;
    }
    throw new HpackError(`Cannot read integer as at most ${MAX_CONTINUATION} octets must follow its prefix`);
  }
}

/** Most octets that {@linkcode writeInteger} writes. */
export const MAX_INTEGER_OCTETS: number = 1 + MAX_CONTINUATION;

/** Gives how many octets {@linkcode writeInteger} writes. */
export function integerOctets(value: number, bits: number): number {
  const most = (1 << bits) - 1;
  if (value < most) return 1;
  let octets = 2;
  for (let rest = value - most; rest >= 0x80; rest = Math.floor(rest / 128)) octets++;
  return octets;
}

/**
 * Writes an integer (0 to {@linkcode MAX_INTEGER}) at `into[at]` with a prefix of `bits` (1 to 8), the bits above the
 * prefix as in `pattern`, and gives the place behind it.
 */
export function writeInteger(into: Uint8Array, at: number, value: number, bits: number, pattern: number): number {
  const most = (1 << bits) - 1;
  if (value < most) {
    into[at] = pattern | value;
    return at + 1;
  }
  into[at++] = pattern | most;
  let rest = value - most;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) into[at++] = 0x80 | (rest % 128);
  into[at] = rest;
  return at + 1;
}
