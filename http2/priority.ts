/**
 * Owns the priority of a response as a field value tells it (RFC 9218 §4): a dictionary of structured fields (RFC 8941 §3.2),
 * of which two members count. Knows nothing of what is scheduled.
 *
 * @module
 */

import { ALPHA, DIGIT, octets, TOKEN } from "../http/fields/token.ts";

/** How urgent a response is, and whether parts of it are of use (RFC 9218 §4). */
export interface Priority {
  /** 0 to 7, 0 being the most urgent. */
  readonly urgency: number;
  /** Whether the response can be used as it comes, so that others of its urgency may share the way with it. */
  readonly incremental: boolean;
}

const URGENCIES = 8;

/** All priorities that there are: by urgency, and by urgency once more where incremental. */
const PRIORITIES: readonly Priority[] = Array.from({ length: 2 * URGENCIES }, (_, at) => {
  return Object.freeze({ urgency: at % URGENCIES, incremental: at >= URGENCIES });
});

function priorityOf(urgency: number, incremental: boolean): Priority {
  return PRIORITIES[urgency + (incremental ? URGENCIES : 0)]!;
}

const DEFAULT_URGENCY = 3;

/** The priority where none is told: urgency 3, not incremental (RFC 9218 §4). */
export const DEFAULT_PRIORITY: Priority = priorityOf(DEFAULT_URGENCY, false);

const LOWER = octets([0x61, 0x7a]);
/** What a key begins with, and what it goes on with (RFC 8941 §3.1.2). */
const KEY_START = octets(LOWER, "*");
const KEY = octets(LOWER, DIGIT, "_-.*");
/** What a token begins with, and what it goes on with (RFC 8941 §3.3.4). */
const TOKEN_START = octets(ALPHA, "*");
const TOKEN_REST = octets(TOKEN, ":/");
/** What a string has beside its escapes (RFC 8941 §3.3.3). */
const UNESCAPED = octets([0x20, 0x21], [0x23, 0x5b], [0x5d, 0x7e]);
/** What a byte sequence has between its colons, before its padding (RFC 8941 §3.3.5). */
const BASE64 = octets(ALPHA, DIGIT, "+/");
const PADDING = octets("=");
const SPACE = octets(" ");
const OWS = octets(" \t");

/** Most digits of an integer, and of a decimal before and behind its point (RFC 8941 §4.2.4). */
const INTEGER_DIGITS = 15;
const DECIMAL_DIGITS = 12;
const FRACTION_DIGITS = 3;

/** What a place in the text is where the text is not what it must be. */
const BROKEN = -1;

/**
 * Reads the value of a Priority field or of a PRIORITY_UPDATE frame. A parameter that is out of its range or of another type
 * counts as not given, and so do all of them where the value is no dictionary (RFC 9218 §4, RFC 8941 §4.2). Never throws.
 *
 * The object that it gives is shared by all of the same priority.
 *
 * @example
 * ```ts
 * import { parsePriority } from "@avx/http/http2";
 *
 * const { urgency, incremental } = parsePriority("u=0, i");
 * console.assert(urgency === 0 && incremental);
 * console.assert(parsePriority("u=9, i=1").urgency === 3);
 * ```
 */
export function parsePriority(value: string): Priority {
  let urgency = DEFAULT_URGENCY;
  let incremental = false;
  let at = skip(value, 0, SPACE);
  while (at < value.length) {
    const start = at;
    const keyEnd = endOfKey(value, start);
    if (keyEnd === BROKEN) return DEFAULT_PRIORITY;
    const given = value[keyEnd] === "=";
    const itemEnd = given ? endOfMember(value, keyEnd + 1) : keyEnd;
    at = endOfParameters(value, itemEnd);
    if (at === BROKEN) return DEFAULT_PRIORITY;
    if (keyEnd === start + 1) { // the last one of a name counts
      if (value[start] === "u") urgency = urgencyOf(given ? value.slice(keyEnd + 1, itemEnd) : "");
      else if (value[start] === "i") incremental = !given || value.slice(keyEnd + 1, itemEnd) === "?1";
    }
    at = skip(value, at, OWS);
    if (at === value.length) break;
    if (value[at] !== ",") return DEFAULT_PRIORITY;
    at = skip(value, at + 1, OWS);
    if (at === value.length) return DEFAULT_PRIORITY; // §4.2.2: no trailing comma
  }
  return priorityOf(urgency, incremental);
}

/** Gives the integer of 0 to 7 that a bare item is, and the default for any other item. */
function urgencyOf(item: string): number {
  if (item === "" || skip(item, item[0] === "-" ? 1 : 0, DIGIT) < item.length) return DEFAULT_URGENCY;
  const urgency = Number(item) + 0; // -0 is 0
  return urgency >= 0 && urgency < URGENCIES ? urgency : DEFAULT_URGENCY;
}

/** Gives the place of the first character that is not in `table`. */
function skip(text: string, at: number, table: Uint8Array): number {
  while (at < text.length && table[text.charCodeAt(at)] === 1) at++;
  return at;
}

/** §4.2.3.3. */
function endOfKey(text: string, at: number): number {
  return KEY_START[text.charCodeAt(at)] === 1 ? skip(text, at, KEY) : BROKEN;
}

/** §4.2.3.2. */
function endOfParameters(text: string, at: number): number {
  while (at !== BROKEN && text[at] === ";") {
    at = endOfKey(text, skip(text, at + 1, SPACE));
    if (text[at] === "=") at = endOfItem(text, at + 1);
  }
  return at;
}

/** §4.2.1.1: an item, or an inner list. */
function endOfMember(text: string, at: number): number {
  if (text[at] !== "(") return endOfItem(text, at);
  at++;
  while (true) {
    at = skip(text, at, SPACE);
    if (text[at] === ")") return at + 1;
    at = endOfItem(text, at);
    at = endOfParameters(text, at);
    if (at === BROKEN || (text[at] !== " " && text[at] !== ")")) return BROKEN;
  }
}

/** §4.2.3.1: a bare item. */
function endOfItem(text: string, at: number): number {
  const first = text.charCodeAt(at); // NaN at the end
  if (DIGIT[first] === 1 || text[at] === "-") return endOfNumber(text, at);
  if (TOKEN_START[first] === 1) return skip(text, at, TOKEN_REST);
  switch (text[at]) {
    case '"':
      return endOfString(text, at + 1);
    case "?":
      return text[at + 1] === "0" || text[at + 1] === "1" ? at + 2 : BROKEN;
    case ":": {
      const end = skip(text, skip(text, at + 1, BASE64), PADDING);
      return text[end] === ":" ? end + 1 : BROKEN;
    }
    default:
      return BROKEN;
  }
}

/** §4.2.4. */
function endOfNumber(text: string, at: number): number {
  const start = text[at] === "-" ? at + 1 : at;
  const end = skip(text, start, DIGIT);
  const digits = end - start;
  if (text[end] !== ".") return digits >= 1 && digits <= INTEGER_DIGITS ? end : BROKEN;
  const behind = skip(text, end + 1, DIGIT);
  const fraction = behind - end - 1;
  const fits = digits >= 1 && digits <= DECIMAL_DIGITS && fraction >= 1 && fraction <= FRACTION_DIGITS;
  return fits ? behind : BROKEN;
}

/** §4.2.5: behind its opening quote. */
function endOfString(text: string, at: number): number {
  while (true) {
    at = skip(text, at, UNESCAPED);
    if (text[at] === '"') return at + 1;
    if (text[at] !== "\\" || (text[at + 1] !== '"' && text[at + 1] !== "\\")) return BROKEN;
    at += 2;
  }
}
