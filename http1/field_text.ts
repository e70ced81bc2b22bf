/**
 * Owns the cutting of a field section's text, whose octets were found valid, into fields; knows nothing of framing.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { trimOws } from "../http/fields/list.ts";

/** Replaces each obs-fold, and the whitespace around it, by one SP (RFC 9112 §5.2). */
function unfold(value: string): string {
  return trimOws(value.split("\r\n").map(trimOws).join(" "));
}

/**
 * Gives the fields of the valid lines in `text` from `at` up to its end (without the empty line), in wire order, names in
 * lower case, values trimmed. Names and values are cut from the one text.
 */
export function fieldsOf(text: string, at: number, folded: boolean): Field[] {
  const fields: Field[] = [];
  while (at < text.length) {
    const colon = text.indexOf(":", at);
    let lineEnd = text.indexOf("\r", colon);
    while (folded && isBlank(text, lineEnd + 2)) lineEnd = text.indexOf("\r", lineEnd + 2);
    let valueStart = colon + 1;
    let valueEnd = lineEnd;
    while (valueStart < valueEnd && isBlank(text, valueStart)) valueStart++;
    while (valueEnd > valueStart && isBlank(text, valueEnd - 1)) valueEnd--;
    const value = text.slice(valueStart, valueEnd);
    fields.push({ name: text.slice(at, colon).toLowerCase(), value: folded ? unfold(value) : value });
    at = lineEnd + 2;
  }
  return fields;
}

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}
