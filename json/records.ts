/**
 * Owns the splitting of a stream of bytes into records, the limit on each, and what becomes of a bad one; knows nothing
 * of what a record says.
 *
 * @module
 */

import { JsonError, type JsonPosition } from "./error.ts";
import { checkLimit, type JsonValue, type ParseOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { checkChunk, Window } from "./window.ts";

const LF = 0x0a;

/**
 * Most bytes of one record. Docker and Kubernetes cut log lines at 16 KiB, Elasticsearch's bulk lines may have
 * megabytes.
 */
export const DEFAULT_MAX_RECORD_BYTES: number = 1024 * 1024;

/**
 * What becomes of a record that is not JSON, passes a limit or breaks a policy: `"error"` throws (and the next `read`
 * goes on behind it), `"skip"` drops it, and a function gives the value in its place, or `undefined` to drop it. The
 * function gets the error and the record's bytes, cut at the limit, good until it returns.
 */
export type BadRecord = "error" | "skip" | ((error: JsonError, record: Uint8Array) => JsonValue | undefined);

/** Options of reading many texts. Limits other than `maxRecordBytes` hold for each record. */
export interface RecordOptions extends Omit<ParseOptions, "maxBytes"> {
  /**
   * Most bytes of one record, without its delimiter: LF of a line (a CR before it counts), RS of a sequence.
   *
   * @default {1048576}
   */
  readonly maxRecordBytes?: number | undefined;
  /**
   * What becomes of a bad record.
   *
   * @default {"error"}
   */
  readonly badRecord?: BadRecord | undefined;
}

/** Gives the value of a record's bytes, or `undefined` where there is none in it; throws {@linkcode JsonError}. */
export type ReadRecord = (bytes: Uint8Array, options: ResolvedOptions, position: JsonPosition) => JsonValue | undefined;

/** A record between delimiters, as far as it came. */
interface Record {
  readonly bytes: Uint8Array;
  readonly position: JsonPosition;
  readonly tooLong: boolean;
}

/** A splitter at one byte with a limit, and the policy on what is bad. */
export class RecordReader {
  readonly #readRecord: ReadRecord;
  readonly #options: ResolvedOptions;
  readonly #delimiter: number;
  readonly #limit: number;
  readonly #badRecord: BadRecord;
  readonly #window = new Window();
  #chunk: Uint8Array = new Uint8Array(0);
  /** Index in the chunk up to which no delimiter is. */
  #at = 0;
  /** Where the record began that is read now. */
  #start: JsonPosition = { offset: 0, line: 1, column: 1 };
  #line = 1;
  #column = 1;
  /** Whether the rest of the record is dropped, as it was too long. */
  #dropping = false;
  #unread = false;
  #ended = false;

  constructor(delimiter: number, readRecord: ReadRecord, options: RecordOptions) {
    const { badRecord = "error", maxRecordBytes } = options;
    if (typeof badRecord !== "function" && badRecord !== "error" && badRecord !== "skip") {
      throw new TypeError(
        `Cannot read records as 'badRecord' must be error, skip or a function: received ${badRecord}`,
      );
    }
    this.#delimiter = delimiter;
    this.#badRecord = badRecord;
    this.#limit = checkLimit("maxRecordBytes", maxRecordBytes, DEFAULT_MAX_RECORD_BYTES);
    this.#readRecord = readRecord;
    this.#options = resolveOptions({ ...options, maxBytes: Infinity });
  }

  /**
   * Takes the next chunk. Its bytes must not change before it is read to its end.
   *
   * @throws {TypeError} If it is no `Uint8Array`, the last one was not read to its end, or the end was told.
   */
  write(chunk: Uint8Array): void {
    checkChunk(chunk, this.#unread, this.#ended);
    this.#window.feed(chunk);
    this.#chunk = chunk;
    this.#at = 0;
    this.#unread = true;
  }

  /** Says that the stream is over: what is left is the last record. */
  end(): void {
    this.#ended = true;
  }

  /**
   * Gives the next value; `undefined` when more bytes are needed, or the stream is over.
   *
   * @throws {JsonError} If a record is bad and `badRecord` is `"error"`; its place is one in the stream.
   */
  read(): JsonValue | undefined {
    for (let record = this.#next(); record !== undefined; record = this.#next()) {
      const value = this.#value(record);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** Reads until more bytes are needed. */
  *[Symbol.iterator](): IterableIterator<JsonValue> {
    for (let value = this.read(); value !== undefined; value = this.read()) yield value;
  }

  #value(record: Record): JsonValue | undefined {
    try {
      if (record.tooLong) throw tooLong(record.position, this.#limit);
      return this.#readRecord(record.bytes, this.#options, record.position);
    } catch (error) {
      if (!(error instanceof JsonError) || this.#badRecord === "error") throw error;
      return this.#badRecord === "skip" ? undefined : this.#badRecord(error, record.bytes);
    }
  }

  /** Gives the next record that is whole or too long. */
  #next(): Record | undefined {
    while (this.#unread) {
      const found = this.#chunk.indexOf(this.#delimiter, this.#at);
      if (found < 0) return this.#pause();
      const end = this.#window.end - this.#chunk.length + found;
      const record = this.#dropping ? undefined : this.#record(end);
      this.#dropping = false;
      this.#advance(found + 1);
      this.#start = { offset: end + 1, line: this.#line, column: this.#column };
      if (record !== undefined) return record;
    }
    if (!this.#ended || this.#dropping || this.#start.offset === this.#window.end) return undefined;
    const record = this.#record(this.#window.end);
    this.#start = { ...this.#start, offset: this.#window.end };
    return record;
  }

  /** The chunk has no delimiter any more: gives the record that is too long by now, or keeps what there is of it. */
  #pause(): Record | undefined {
    const { offset } = this.#start;
    this.#advance(this.#chunk.length);
    if (!this.#dropping && this.#window.end - offset > this.#limit) {
      this.#dropping = true;
      return this.#record(this.#window.end);
    }
    this.#window.keep(this.#dropping ? undefined : offset);
    this.#unread = false;
    return undefined;
  }

  #record(end: number): Record {
    const { offset } = this.#start;
    const tooLong = end - offset > this.#limit;
    const bytes = this.#window.slice(offset, tooLong ? offset + this.#limit : end);
    return { bytes, position: this.#start, tooLong };
  }

  /** Moves on in the chunk, and with it line and column. */
  #advance(to: number): void {
    if (this.#delimiter === LF) {
      // All newlines are delimiters, and what stands before one does not matter any more.
      this.#line += Number(to > this.#at && this.#chunk[to - 1] === LF);
    } else {
      for (let at = this.#at; at < to; at++) {
        const byte = this.#chunk[at]!;
        if (byte === LF) {
          this.#line++;
          this.#column = 1;
        } else if ((byte & 0xc0) !== 0x80) this.#column++; // a continuation byte has no width
      }
    }
    this.#at = to;
  }
}

function tooLong(position: JsonPosition, limit: number): JsonError {
  return new JsonError({
    ...position,
    kind: "limit",
    expected: `a record of at most ${limit} bytes`,
    received: "more",
  });
}
