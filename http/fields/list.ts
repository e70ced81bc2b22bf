/**
 * Owns the `#rule` lists and the quoted strings of field values (RFC 9110 §5.6); knows no field by name.
 *
 * @module
 */

import { QDTEXT } from "./token.ts";

const isOws = (code: number): boolean => code === 0x20 || code === 0x09;

/** Gives `text` without the spaces and tabs around it: OWS, and nothing else that `trim` would take (RFC 9110 §5.6.3). */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text.charCodeAt(start))) start++;
  while (end > start && isOws(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/**
 * Splits a field value at its commas, but not at those within quoted strings; empty elements are dropped, as a
 * recipient must (RFC 9110 §5.6.1.2). An unclosed quoted string runs to the end.
 *
 * @example
 * ```ts
 * import { listElements } from "@avx/http/fields";
 *
 * console.assert(listElements('a, "b, c",, d').length === 3);
 * ```
 */
export function listElements(value: string): string[] {
  return splitUnquoted(value, 0x2c).filter((element) => element !== "");
}

/** Splits `value` at `separator` where no quoted string is open, and trims OWS of each part. */
export function splitUnquoted(value: string, separator: number): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code === 0x22) quoted = !quoted;
    else if (quoted && code === 0x5c) at++;
    else if (!quoted && code === separator) {
      parts.push(trimOws(value.slice(start, at)));
      start = at + 1;
    }
  }
  parts.push(trimOws(value.slice(start)));
  return parts;
}

/** Tells whether a list has `token` as an element, compared without regard to ASCII case; `token` is in lower case. */
export function listHas(value: string, token: string): boolean {
  return listElements(value).some((element) => element.toLowerCase() === token);
}

/**
 * Reads a quoted string (RFC 9110 §5.6.4) that takes up the whole of `text`, its quoted pairs resolved; `undefined` when
 * it is not one.
 */
export function unquote(text: string): string | undefined {
  if (text.length < 2 || text.charCodeAt(0) !== 0x22) return undefined;
  let content = "";
  for (let at = 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at === text.length - 1 ? content : undefined;
    if (code === 0x5c) {
      at++;
      if (!isQuotable(text.charCodeAt(at))) return undefined;
      content += text[at];
    } else if (QDTEXT[code] === 1) {
      content += text[at];
    } else return undefined;
  }
  return undefined;
}

/** Writes `text` as a quoted string (RFC 9110 §5.6.4). Throws a `TypeError` where a character can't stand in one. */
export function quote(text: string): string {
  let quoted = '"';
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!isQuotable(code)) {
      throw new TypeError(
        `Cannot quote text as it must be of HTAB, SP, VCHAR and obs-text: received ${JSON.stringify(text)}`,
      );
    }
    quoted += code === 0x22 || code === 0x5c ? `\\${text[at]}` : text[at];
  }
  return `${quoted}"`;
}

/** `HTAB / SP / VCHAR / obs-text`: what may follow the backslash of a quoted pair. */
function isQuotable(code: number): boolean {
  return QDTEXT[code] === 1 || code === 0x22 || code === 0x5c;
}
