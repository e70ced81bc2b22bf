/**
 * Owns the one fast pass before the platform's `JSON.parse`: whether a text keeps the limits, provided that it is JSON;
 * knows no grammar and no places.
 *
 * @module
 */

import type { ResolvedOptions } from "./options.ts";

// The bytes that the grammar names (RFC 8259 §2). Each hot file has its own: V8 folds a module's own constants into the
// machine code, but reads imported ones from memory each time (a quarter to a half of the time of these loops).
const LF = 0x0a;
const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const LEFT_BRACE = 0x7b;
const RIGHT_BRACE = 0x7d;

/** Whether limits are kept, and if so, whether the text has escapes. */
export type Kept = "no" | "plain" | "escaped";

/**
 * Tells whether the text keeps the limits on depth, strings and members. What it says counts only where the text is JSON:
 * up to the first error it counts right, and the platform goes no further than that.
 *
 * 0.7 ns a byte. Its shape is measured: a class table (0.8 ns), four bytes at a time by table (0.9) or word (0.2 to 1.0) and
 * looking at escapes here (1.4) are slower on texts of mostly strings; and one read past the end, where a text breaks off in a
 * string, makes V8 compile the loop to something three times slower for good, so no read here goes past the end.
 */
export function keepsLimits(bytes: Uint8Array, options: ResolvedOptions): Kept {
  const maxDepth = toInt32(options.maxDepth);
  const maxStringBytes = toInt32(options.maxStringBytes);
  const maxKeys = toInt32(options.maxKeys);
  const end = bytes.length;
  let depth = 0;
  let keys = 0;
  let escapes = false;
  for (let at = 0; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      const start = at + 1;
      while (++at < end) {
        const next = bytes[at]!;
        if (next === QUOTE) break;
        if (next !== BACKSLASH) continue;
        escapes = true;
        at++;
      }
      if (at - start > maxStringBytes) return "no";
    } else if (byte >= COLON) {
      if (byte === COLON) {
        if (++keys > maxKeys) return "no";
      } else if ((byte | 0x20) === LEFT_BRACE) { // or [
        if (++depth > maxDepth) return "no";
      } else if ((byte | 0x20) === RIGHT_BRACE) depth--; // or ]
    }
  }
  return escapes ? "escaped" : "plain";
}

/** Where a container ends, and the newlines up to there; made once and used again. */
export class Skim {
  /** Index after the container. */
  end = 0;
  /** Newlines in it. */
  newlines = 0;
  /** Index after the last newline; of use only where there is one. */
  lineStart = 0;
}

/**
 * Finds the end of the container that begins at `bytes[start]`, provided that it is JSON: `false` where the bytes end before
 * it does, or it passes a limit. The same loop as {@linkcode keepsLimits}, with an end and newlines.
 */
export function skim(bytes: Uint8Array, start: number, limits: SkimLimits, found: Skim): boolean {
  const maxDepth = toInt32(limits.maxDepth);
  const maxStringBytes = toInt32(limits.maxStringBytes);
  const maxKeys = toInt32(limits.maxKeys);
  const end = bytes.length;
  let depth = 0;
  let keys = 0;
  let newlines = 0;
  let lineStart = 0;
  for (let at = start | 0; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      const open = at + 1;
      while (++at < end) {
        const next = bytes[at]!;
        if (next === QUOTE) break;
        if (next === BACKSLASH) at++;
      }
      if (at - open > maxStringBytes) return false;
    } else if (byte >= COLON) {
      if (byte === COLON) {
        if (++keys > maxKeys) return false;
      } else if ((byte | 0x20) === LEFT_BRACE) { // or [
        if (++depth > maxDepth) return false;
      } else if ((byte | 0x20) === RIGHT_BRACE && --depth === 0) { // or ]
        found.end = at + 1;
        found.newlines = newlines;
        found.lineStart = lineStart;
        return true;
      }
    } else if (byte === LF) {
      newlines++;
      lineStart = at + 1;
    }
  }
  return false;
}

/** What {@linkcode skim} looks at. */
export type SkimLimits = Pick<ResolvedOptions, "maxDepth" | "maxStringBytes" | "maxKeys">;

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

/** Reads on from the `u` of an escape: 0 for no surrogate, the bytes up to the low half for a pair, -1 for a lone one. */
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
