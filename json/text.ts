/**
 * Owns what a token's bytes mean: the string or the number that they spell; knows nothing of grammar, as the bytes were
 * checked before.
 *
 * @module
 */

// The bytes that the grammar names (RFC 8259 §2). Each hot file has its own: V8 folds a module's own constants into the
// machine code, but reads imported ones from memory each time (a quarter to a half of the time of these loops).
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const BACKSLASH = 0x5c;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Up to this many bytes of ASCII, `String.fromCharCode` beats `TextDecoder` (80 against 180 ns for a number of 18
 * digits).
 */
const SHORT = 32;

/** An array of each length, as the arguments of one call make a flat string, and characters added one by one don't. */
const CODES = Array.from({ length: SHORT + 1 }, (_, length) => new Array<number>(length).fill(0));

/** Beyond this, digits don't add up exactly in a double. */
const EXACT_DIGITS = 15;

/** The powers of ten that a double holds exactly. */
const POWERS_OF_TEN = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

/**
 * Decodes UTF-8. The decoder that refuses is two to six times slower than the one that replaces, so it is asked only
 * where something may have been replaced.
 *
 * @throws {TypeError} If the bytes are not UTF-8, or the platform can't hold a text so long.
 */
export function decodeText(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  return text.includes("\ufffd") ? strict.decode(bytes) : text;
}

/** Decodes ASCII; `undefined` where other bytes are among it. */
export function decodeAscii(bytes: Uint8Array): string | undefined {
  const text = decoder.decode(bytes);
  // Only ASCII, and single bytes that are replaced as they are not UTF-8, become a code unit each.
  return text.length === bytes.length && !text.includes("\ufffd") ? text : undefined;
}

/** Decodes bytes that are known to be UTF-8. */
export function decodeChecked(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Gives the string that stands between the quotes at `bytes[start - 1]` and `bytes[end]`. */
export function readString(bytes: Uint8Array, start: number, end: number): string {
  let plain = end - start <= SHORT;
  let escaped = false;
  for (let at = start; at < end && (plain || !escaped); at++) {
    if (bytes[at] === BACKSLASH) escaped = true;
    if (bytes[at]! >= 0x80) plain = false;
  }
  if (escaped) return unescape(decoder.decode(bytes.subarray(start - 1, end + 1)));
  if (!plain) return decoder.decode(bytes.subarray(start, end));
  return readAscii(bytes, start, end);
}

/** Leaves escapes to the platform: the text is one whole string with its quotes. */
function unescape(quoted: string): string {
  return String(JSON.parse(quoted));
}

/** Gives the double nearest to the number in `bytes[start, end)`. */
export function readNumber(bytes: Uint8Array, start: number, end: number): number {
  const negative = bytes[start] === MINUS;
  let digits = 0;
  let point = end;
  for (let at = negative ? start + 1 : start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte >= ZERO && byte <= NINE) digits = digits * 10 + byte - ZERO;
    else if (byte === 0x2e) point = at + 1;
    else return Number(readAscii(bytes, start, end)); // an exponent
  }
  // Clinger (1990): the quotient of two exact doubles is rounded once, so it is the nearest one.
  if (end - start > EXACT_DIGITS + 2 || digits > 1e15) return Number(readAscii(bytes, start, end));
  const value = point === end ? digits : digits / POWERS_OF_TEN[end - point]!;
  return negative ? -value : value;
}

/** Gives ASCII bytes as text. */
export function readAscii(bytes: Uint8Array, start: number, end: number): string {
  const codes = CODES[end - start];
  if (codes === undefined) return decoder.decode(bytes.subarray(start, end));
  for (let at = start; at < end; at++) codes[at - start] = bytes[at]!;
  return String.fromCharCode(...codes);
}

/** Whether the byte is `ws` (RFC 8259 §2). */
export function isWhitespace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
