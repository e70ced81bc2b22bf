/**
 * Owns the reading of JSON text sequences (RFC 7464); knows nothing of how records are split and limited.
 *
 * @module
 */

import { describeByte, JsonError, type JsonPosition } from "./error.ts";
import type { JsonValue, ResolvedOptions } from "./options.ts";
import { parseAt } from "./parse.ts";
import { type RecordOptions, RecordReader } from "./records.ts";
import { isWhitespace } from "./text.ts";

const RS = 0x1e;
const QUOTE = 0x22;
const RIGHT_BRACKET = 0x5d;
const RIGHT_BRACE = 0x7d;

/**
 * Reads a JSON text sequence (RFC 7464) chunk by chunk: RS, a JSON text and LF, again and again.
 *
 * It is used as {@linkcode JsonReader} is. Bytes before the first RS are a bad record. So is a number, `true`, `false`
 * or `null` without whitespace behind it, as it may be cut off (RFC 7464 §2.4). Nothing between two RS is no record
 * (§2.1).
 *
 * @example Usage
 * ```ts
 * import { JsonSeqReader } from "@avx/http/json";
 *
 * const reader = new JsonSeqReader();
 * reader.write(new TextEncoder().encode('\x1e{"a": 1}\n\x1e2\n'));
 * reader.end();
 * console.log([...reader]); // [{ a: 1 }, 2]
 * ```
 */
export class JsonSeqReader {
  readonly #records: RecordReader;

  /**
   * Makes a reader of one stream.
   *
   * @throws {TypeError} If a policy is not one of its words.
   * @throws {RangeError} If a limit is not a whole number of at least 0, or `Infinity`.
   */
  constructor(options: RecordOptions = {}) {
    this.#records = new RecordReader(RS, readElement, options);
  }

  /**
   * Takes the next chunk. Its bytes must not change before it is read to its end.
   *
   * @throws {TypeError} If it is no `Uint8Array`, the last one was not read to its end, or the end was told.
   */
  write(chunk: Uint8Array): void {
    this.#records.write(chunk);
  }

  /** Says that the stream is over: what is left is the last record. */
  end(): void {
    this.#records.end();
  }

  /**
   * Gives the next value; `undefined` when more bytes are needed, or the stream is over.
   *
   * @throws {JsonError} If a record is bad and `badRecord` is `"error"`; its place is one in the stream.
   */
  read(): JsonValue | undefined {
    return this.#records.read();
  }

  /** Reads until more bytes are needed. */
  *[Symbol.iterator](): IterableIterator<JsonValue> {
    for (let value = this.read(); value !== undefined; value = this.read()) yield value;
  }
}

function readElement(bytes: Uint8Array, options: ResolvedOptions, position: JsonPosition): JsonValue | undefined {
  if (bytes.length === 0) return undefined;
  if (position.offset === 0) {
    throw new JsonError({ ...position, kind: "syntax", expected: "RS (0x1E)", received: describeByte(bytes[0]) });
  }
  const value = parseAt(bytes, options, position);
  const last = bytes[bytes.length - 1]!;
  if (isWhitespace(last) || last === QUOTE || last === RIGHT_BRACKET || last === RIGHT_BRACE) return value;
  const expected = "whitespace after a value that may be cut off";
  throw new JsonError({ ...position, kind: "syntax", expected, received: "none" });
}
