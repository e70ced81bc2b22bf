/**
 * Owns the one fast pass before the platform's `JSON.parse`, and what may spare it: whether a text keeps the limits,
 * provided that it is JSON; knows no grammar and no places.
 *
 * @module
 */

import type { ResolvedOptions } from "./options.ts";

// The bytes that the grammar names (RFC 8259 §2). Each hot file has its own: V8 folds a module's own constants into the
// machine code, but reads imported ones from memory each time (a quarter to a half of the time of these loops).
const LF = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const LEFT_BRACE = 0x7b;
const RIGHT_BRACE = 0x7d;

/** What {@linkcode skim} looks at. */
export type SkimLimits = Pick<ResolvedOptions, "maxDepth" | "maxStringBytes" | "maxKeys">;

/** What {@linkcode skim} finds; made once and used again. */
export class Skim {
  /** Index after the container. */
  end = 0;
  /** Newlines in the container. */
  newlines = 0;
  /** Index after the last of these; of use only where there is one. */
  lineStart = 0;
  /** Whether a string of the container has an escape. */
  escapes = false;
}

/**
 * Finds the end of the container that begins at `bytes[start]`; `false` where the bytes end before it does, or it
 * passes a limit. What it says counts only where the container is JSON: up to the first error it counts right, and the
 * platform goes no further than that.
 *
 * About 0.6 ns a byte. Its shape is measured: a class table takes 0.8 ns, four bytes at a time by table 0.9 or word 0.2
 * to 1.0. One read past the end would make V8 compile the loop to something three times slower for good, and asking for
 * the end at each byte of a string takes 0.1 ns; so `lastQuote`, of {@linkcode lastStringQuote}, is where the last
 * string ends at the latest.
 */
export function skim(bytes: Uint8Array, start: number, lastQuote: number, limits: SkimLimits, found: Skim): boolean {
  const maxDepth = toInt32(limits.maxDepth);
  const maxStringBytes = toInt32(limits.maxStringBytes);
  const maxKeys = toInt32(limits.maxKeys);
  const end = bytes.length;
  let depth = 0;
  let keys = 0;
  let newlines = 0;
  let lineStart = 0;
  let escapes = false;
  let at = start | 0;
  for (let stop = lastQuote;; stop = end) {
    for (; at < stop; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        if (stop === end) return false; // a string that doesn't end, or no JSON
        const open = at + 1;
        for (;;) {
          const next = bytes[++at]!;
          if (next === QUOTE) break;
          if (next !== BACKSLASH) continue;
          escapes = true;
          at++;
        }
        if (at - open > maxStringBytes) return false;
      } else if (byte >= COLON) {
        if (byte === COLON) {
          if (++keys > maxKeys) return false;
        } else if ((byte | 0x20) === LEFT_BRACE) { // or [
          if (++depth > maxDepth) return false;
        } else if ((byte | 0x20) === RIGHT_BRACE && --depth <= 0) { // or ]
          found.end = at + 1;
          found.newlines = newlines;
          found.lineStart = lineStart;
          found.escapes = escapes;
          return true;
        }
      } else if (byte === DOT) {
        while (at + 1 < stop && (bytes[at + 1]! ^ ZERO) < 10) at++; // a fraction is the longest part of a number
      } else if (byte === LF) {
        newlines++;
        lineStart = at + 1;
        while (at + 1 < stop && bytes[at + 1] === SPACE) at++; // indentation is half of some texts
      }
    }
    if (stop === end) return false;
  }
}

/** So many bytes are looked at before `lastIndexOf` is asked, which takes 30 ns to begin. */
const NEAR = 24;

/**
 * Finds the last quote that can begin or end a string: the last one without an odd number of backslashes before it; or
 * -1.
 */
export function lastStringQuote(bytes: Uint8Array): number {
  let quote = lastQuoteUpTo(bytes, bytes.length - 1);
  while (quote > 0) {
    let before = quote;
    while (before > 0 && bytes[before - 1] === BACKSLASH) before--;
    if ((quote - before) % 2 === 0) return quote;
    quote = lastQuoteUpTo(bytes, before - 1);
  }
  return quote;
}

/** Finds the last quote up to `bytes[from]`, escaped or not; or -1. */
function lastQuoteUpTo(bytes: Uint8Array, from: number): number {
  const near = Math.max(0, from - NEAR);
  for (let at = from; at >= near; at--) {
    if (bytes[at] === QUOTE) return at;
  }
  return near === 0 ? -1 : bytes.lastIndexOf(QUOTE, near - 1);
}

/**
 * Tells whether a text keeps the limits on depth, strings and members, as far as {@linkcode skim} can tell: a text that
 * is no container, or doesn't begin with one, is left to the automaton.
 */
export function keepsLimits(bytes: Uint8Array, options: ResolvedOptions, found: Skim): boolean {
  let start = 0;
  while (start < bytes.length && bytes[start]! <= SPACE) start++;
  return start < bytes.length && (bytes[start]! | 0x20) === LEFT_BRACE &&
    skim(bytes, start, lastStringQuote(bytes), options, found);
}

/** More searches than this are not worth their time: the pass is left to tell. */
const MOST_SEARCHES = 32;

/**
 * Tells whether so few brackets and braces open, in strings or not, that the depth can't be more. It is text that is
 * searched, as that takes a tenth of the time that bytes do.
 */
export function opensAtMost(text: string, most: number): boolean {
  let left = Math.min(most, MOST_SEARCHES);
  for (let at = text.indexOf("{"); at >= 0; at = text.indexOf("{", at + 1)) {
    if (--left < 0) return false;
  }
  for (let at = text.indexOf("["); at >= 0; at = text.indexOf("[", at + 1)) {
    if (--left < 0) return false;
  }
  return true;
}

/** Tells whether no escape of the text is half of a surrogate pair. */
export function keepsSurrogates(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(BACKSLASH); at >= 0; at = bytes.indexOf(BACKSLASH, at + 2)) {
    if (bytes[at + 1] !== LOWER_U) continue;
    const used = surrogates(bytes, at + 1);
    if (used < 0) return false;
    at += used;
  }
  return true;
}

/**
 * Reads on from the `u` of an escape: 0 for no surrogate, the bytes up to the low half for a pair, -1 for a lone one.
 */
function surrogates(bytes: Uint8Array, at: number): number {
  const kind = surrogateKind(bytes, at);
  if (kind === 0) return 0;
  if (kind === 2 || bytes[at + 5] !== BACKSLASH || bytes[at + 6] !== LOWER_U) return -1;
  return surrogateKind(bytes, at + 6) === 2 ? 6 : -1;
}

/** 1 for a high surrogate, 2 for a low one, 0 for neither. */
function surrogateKind(bytes: Uint8Array, at: number): 0 | 1 | 2 {
  if ((bytes[at + 1]! | 0x20) !== 0x64) return 0; // D
  const second = bytes[at + 2]! | 0x20;
  if (second === 0x38 || second === 0x39 || second === 0x61 || second === 0x62) return 1; // 8, 9, A, B
  return second >= 0x63 && second <= 0x66 ? 2 : 0; // C to F
}

/** An integer beyond all counts here instead of `Infinity`: comparing integers only is a tenth faster. */
function toInt32(limit: number): number {
  return Math.min(limit, 0x7fffffff) | 0;
}
