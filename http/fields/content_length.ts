/**
 * Owns the reading of Content-Length (RFC 9110 §8.6) from octets and from text; knows nothing of what else frames a message.
 *
 * @module
 */

/** Appends a digit; past 2^53 - 1 it is `Infinity`, and stays so. */
function append(value: number, digit: number): number {
  const next = value * 10 + digit;
  return next > Number.MAX_SAFE_INTEGER ? Infinity : next;
}

/**
 * Reads `1*DIGIT` in `bytes[start, end)`: the length, `NaN` when it is anything else (empty, signed, a list), and
 * `Infinity` when it is beyond 2^53 - 1.
 */
export function readContentLength(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return NaN;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return NaN;
    value = append(value, digit);
  }
  return value;
}

/**
 * Reads the text of one Content-Length: the length, `NaN` when it is not `1*DIGIT`, and `Infinity` when it is beyond
 * 2^53 - 1.
 *
 * @example
 * ```ts
 * import { parseContentLength } from "@avx/http/fields";
 *
 * console.assert(parseContentLength("42") === 42);
 * console.assert(Number.isNaN(parseContentLength("+42")));
 * ```
 */
export function parseContentLength(text: string): number {
  if (text.length === 0) return NaN;
  let value = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return NaN;
    value = append(value, digit);
  }
  return value;
}
