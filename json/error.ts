/**
 * Owns the one error of this folder: what broke, where and what was expected; knows nothing of how bytes are read.
 *
 * @module
 */

/**
 * What a {@linkcode JsonError} is about.
 *
 * - `syntax`: the text is not JSON (RFC 8259 §2).
 * - `encoding`: the bytes are not UTF-8, or an escape is half of a surrogate pair (RFC 8259 §8).
 * - `limit`: the text passes one of the caller's limits.
 * - `policy`: the text is JSON, but the caller asked to refuse it (a duplicate name, `__proto__`).
 */
export type JsonErrorKind = "syntax" | "encoding" | "limit" | "policy";

/** A place in a JSON text. */
export interface JsonPosition {
  /** Count of the bytes before the place. */
  readonly offset: number;
  /** Line of the place, from 1; a line ends with LF. */
  readonly line: number;
  /** Column of the place, from 1, in characters (code points). */
  readonly column: number;
}

/** What {@linkcode JsonError} is made of. */
export interface JsonErrorOptions extends ErrorOptions, JsonPosition {
  /** What the error is about. */
  readonly kind: JsonErrorKind;
  /** What would have been right at the place, in words. */
  readonly expected: string;
  /** What stands at the place instead, in words. */
  readonly received: string;
}

/**
 * A JSON text was refused. It is a `SyntaxError`, as `JSON.parse` throws, so that code that moves from there keeps its
 * `catch`.
 *
 * @example Where it broke
 * ```ts
 * import { JsonError, parse } from "@avx/http/json";
 *
 * try {
 *   parse(new TextEncoder().encode('{\n  "a": 1,\n}'));
 * } catch (error) {
 *   if (!(error instanceof JsonError)) throw error;
 *   console.log(error.line, error.column, error.expected); // 3 1 a name in quotes
 * }
 * ```
 */
export class JsonError extends SyntaxError implements JsonPosition {
  /** The class's name. */
  override readonly name: string = "JsonError";
  /** What the error is about. */
  readonly kind: JsonErrorKind;
  /** Count of the bytes before the place. */
  readonly offset: number;
  /** Line of the place, from 1. */
  readonly line: number;
  /** Column of the place, from 1, in characters (code points). */
  readonly column: number;
  /** What would have been right at the place, in words. */
  readonly expected: string;
  /** What stands at the place instead, in words. */
  readonly received: string;

  /** Makes an error whose message names the place, what was expected and what was received. */
  constructor(options: JsonErrorOptions) {
    const { kind, offset, line, column, expected, received } = options;
    super(
      `Cannot parse JSON as ${expected} was expected at line ${line}, column ${column} (byte ${offset}): received ${received}`,
      options,
    );
    this.kind = kind;
    this.offset = offset;
    this.line = line;
    this.column = column;
    this.expected = expected;
    this.received = received;
  }
}

/** Names a byte for a message: the character where it is a visible one of ASCII, the number otherwise. */
export function describeByte(byte: number | undefined): string {
  if (byte === undefined) return "the end";
  if (byte > 0x20 && byte < 0x7f) return `'${String.fromCharCode(byte)}'`;
  return `byte 0x${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}
