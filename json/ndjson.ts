/**
 * Owns the reading of NDJSON; knows nothing of how records are split and limited.
 *
 * @module
 */

import type { JsonPosition } from "./error.ts";
import { checkWord, type JsonValue, type ResolvedOptions } from "./options.ts";
import { parseAt } from "./parse.ts";
import { type RecordOptions, RecordReader } from "./records.ts";
import { isWhitespace } from "./text.ts";

const LF = 0x0a;

/** Options of {@linkcode NdjsonReader}. */
export interface NdjsonOptions extends RecordOptions {
  /**
   * Whether a line of nothing but whitespace is passed over or is a bad record.
   *
   * @default {"skip"}
   */
  readonly emptyLines?: "skip" | "error" | undefined;
}

/**
 * Reads NDJSON chunk by chunk: one JSON text a line. A line ends with LF, or CR LF; the last one may do without.
 *
 * It is used as {@linkcode JsonReader} is: `write` a chunk, `read` until `undefined`, and so on; at last `end`, and
 * read. Memory is bounded by the longest line.
 *
 * @example Usage
 * ```ts
 * import { NdjsonReader } from "@avx/http/json";
 *
 * const reader = new NdjsonReader({ badRecord: "skip" });
 * reader.write(new TextEncoder().encode('{"a": 1}\n{"a": \n{"a": 3}'));
 * reader.end();
 * console.log([...reader]); // [{ a: 1 }, { a: 3 }]
 * ```
 */
export class NdjsonReader {
  readonly #records: RecordReader;

  /**
   * Makes a reader of one stream.
   *
   * @throws {TypeError} If a policy is not one of its words.
   * @throws {RangeError} If a limit is not a whole number of at least 0, or `Infinity`.
   */
  constructor(options: NdjsonOptions = {}) {
    const skipsEmpty = checkWord("emptyLines", options.emptyLines, ["skip", "error"]) === "skip";
    this.#records = new RecordReader(LF, skipsEmpty ? readLineOrNothing : parseAt, options);
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

function readLineOrNothing(bytes: Uint8Array, options: ResolvedOptions, position: JsonPosition): JsonValue | undefined {
  return bytes.every(isWhitespace) ? undefined : parseAt(bytes, options, position);
}
