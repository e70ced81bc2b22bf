/**
 * Owns the turning of a field section's octets, which were found valid, into fields; knows nothing of framing.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { decodeLatin1 } from "../http/fields/latin1.ts";
import { trimOws } from "../http/fields/list.ts";

/** Replaces each obs-fold, and the whitespace around it, by one SP (RFC 9112 §5.2). */
function unfold(value: string): string {
  return trimOws(value.split("\r\n").map(trimOws).join(" "));
}

/**
 * Gives the fields of the valid lines in `bytes[start, end)` (without the empty line), in wire order, names in lower
 * case, values trimmed. The octets are decoded in one go, and names and values cut from that text.
 */
export function decodeFields(bytes: Uint8Array, start: number, end: number, folded: boolean): Field[] {
  const fields: Field[] = [];
  const text = decodeLatin1(bytes, start, end);
  let at = 0;
  while (at < text.length) {
    const colon = text.indexOf(":", at);
    let lineEnd = text.indexOf("\r", colon);
    while (folded && isFold(text, lineEnd + 2)) lineEnd = text.indexOf("\r", lineEnd + 2);
    const value = trimOws(text.slice(colon + 1, lineEnd));
    fields.push({ name: text.slice(at, colon).toLowerCase(), value: folded ? unfold(value) : value });
    at = lineEnd + 2;
  }
  return fields;
}

function isFold(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}
