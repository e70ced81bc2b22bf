/**
 * Owns the reading of whole texts: the platform's `JSON.parse` where it gives the same, the automaton elsewhere; knows
 * nothing of chunks or streams.
 *
 * @module
 */

import { build } from "./build.ts";
import { keepsLimits, keepsSurrogates, opensAtMost, Skim } from "./check.ts";
import { JsonError, type JsonPosition } from "./error.ts";
import { type JsonValue, type ParseOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { decodeText } from "./text.ts";

/**
 * Reads a JSON text (RFC 8259) from UTF-8 bytes, as strictly as `JSON.parse` and with limits.
 *
 * Numbers become the nearest double as in `JSON.parse` (`1e999` is `Infinity`), unless `bigIntegers` says otherwise for
 * integers. Where a text breaks several rules, the size limit is named first, then what stands first in the text.
 *
 * @example Usage
 * ```ts
 * import { parse } from "@avx/http/json";
 *
 * const bytes = new TextEncoder().encode('{"id": 9007199254740993}');
 * console.log(parse(bytes, { maxDepth: 8, duplicateKeys: "error", bigIntegers: "bigint" })); // { id: 9007199254740993n }
 * ```
 *
 * @param bytes The text.
 * @param options Limits and policies.
 * @returns The value.
 * @throws {JsonError} If the text is not JSON, not UTF-8, passes a limit or breaks a policy.
 * @throws {RangeError} If a limit is not a whole number of at least 0, or `Infinity`.
 * @throws {TypeError} If the text is no `Uint8Array`, or a policy not one of its words.
 */
export function parse(bytes: Uint8Array, options?: ParseOptions): JsonValue {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`Cannot parse JSON as it must be a Uint8Array: received ${typeof bytes}`);
  }
  return parseAt(bytes, resolveOptions(options));
}

/**
 * Reads a text that begins at `origin` of something larger.
 *
 * @throws {JsonError} If the text is not JSON, not UTF-8, passes a limit or breaks a policy.
 */
export function parseAt(bytes: Uint8Array, options: ResolvedOptions, origin?: JsonPosition): JsonValue {
  if (bytes.length > options.maxBytes) throw tooLong(bytes, options.maxBytes, origin);
  const value = parseFast(bytes, options);
  return value ?? build(bytes, options, origin); // null is so short that it may be read twice
}

/** Reads with the platform's means; `undefined` where it refuses, or where a limit or policy may have a say. */
function parseFast(bytes: Uint8Array, options: ResolvedOptions): JsonValue | undefined {
  if (options.duplicateKeys !== "last") return undefined;
  const marked = options.byteOrderMark === "skip" && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  try {
    const text = decodeText(marked ? bytes.subarray(3) : bytes);
    if (!mayBreak(text, bytes.length, options)) return parseText(text, bytes, text.includes("\\"), options);
    return keepsLimits(bytes, options, found) ? parseText(text, bytes, found.escapes, options) : undefined;
  } catch {
    return undefined; // the automaton reads it again and says what is wrong, and where
  }
}

/** Where the pass leaves what it found, as it is not kept. */
const found = new Skim();

/**
 * The same for bytes that keep the limits, are decoded already, and have escapes only if they are `escaped`.
 *
 * @throws {SyntaxError} If the platform refuses the text.
 */
export function parseText(
  text: string,
  bytes: Uint8Array,
  escaped: boolean,
  options: ResolvedOptions,
): JsonValue | undefined {
  const { duplicateKeys, bigIntegers, proto, loneSurrogates } = options;
  if (duplicateKeys !== "last" || (bigIntegers !== "number" && MAY_BE_BIG.test(text))) return undefined;
  if (proto !== "keep" && (escaped || text.includes("__proto__"))) return undefined;
  if (escaped && loneSurrogates === "error" && text.includes("\\u") && !keepsSurrogates(bytes)) return undefined;
  return JSON.parse(text);
}

/**
 * Tells whether it takes the pass to know that a text of so many bytes keeps the limits. A level takes two bytes, a
 * member at least four, and without a quote there are neither strings nor members: that spares numbers the pass, which
 * would take half as long as the platform.
 */
function mayBreak(text: string, size: number, { maxDepth, maxStringBytes, maxKeys }: ResolvedOptions): boolean {
  if (maxDepth * 2 < size && !opensAtMost(text, maxDepth)) return true;
  return (maxStringBytes < size - 2 || maxKeys * 4 < size) && text.includes('"');
}

/** Every integer beyond ±(2^53 - 1) has 16 digits. */
const MAY_BE_BIG = /[0-9]{16}/;

function tooLong(bytes: Uint8Array, maxBytes: number, origin: JsonPosition | undefined): JsonError {
  const { offset, line, column } = origin ?? { offset: 0, line: 1, column: 1 };
  return new JsonError({
    kind: "limit",
    offset,
    line,
    column,
    expected: `a text of at most ${maxBytes} bytes`,
    received: `${bytes.length}`,
  });
}
