/**
 * Owns the reading of one text chunk by chunk for the values at a path: what is asked for becomes a value, the rest is
 * checked and forgotten; knows nothing of streams.
 *
 * @module
 */

import { readScalar, refuseDuplicate, refuseProto } from "./build.ts";
import { lastStringQuote, Skim, skim, type SkimLimits } from "./check.ts";
import { JsonError, type JsonPosition } from "./error.ts";
import { checkLimit, type JsonValue, type ParseOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { parseAt, parseText } from "./parse.ts";
import { ANY, type PathStep, readPath } from "./path.ts";
import { Scanner, Token } from "./scan.ts";
import { decodeAscii, decodeChecked, decodeText } from "./text.ts";
import { checkChunk, Window } from "./window.ts";

/** Most bytes of one value that is asked for. MongoDB takes documents of 16 MiB. */
export const DEFAULT_MAX_VALUE_BYTES: number = 16 * 1024 * 1024;

const NO_BYTES = new Uint8Array(0);

/** Options of {@linkcode JsonReader}. */
export interface JsonReaderOptions extends ParseOptions {
  /**
   * Which values are asked for: `$`, then any of `.name`, `["name"]`, `[0]`, `.*` and `[*]`.
   *
   * @default {"$"}
   */
  readonly path?: string | undefined;
  /**
   * Most bytes of one value that is asked for, or of a name on the way to it. No more than twice as much is held in
   * memory, beside the chunk and the value itself.
   *
   * @default {16777216}
   */
  readonly maxValueBytes?: number | undefined;
  /**
   * Most bytes of the whole text.
   *
   * @default {Infinity}
   */
  readonly maxBytes?: number | undefined;
  /**
   * Most members in all objects of one value that is asked for.
   *
   * @default {1000000}
   */
  readonly maxKeys?: number | undefined;
}

/**
 * Reads one JSON text chunk by chunk, split anywhere, and gives the values at a path as they become whole. All of the
 * text is checked, as by {@linkcode parse}; only the value asked for is held, so memory is bounded by the biggest one.
 *
 * The policies on names and integers, and `maxKeys`, hold within the values asked for. On the way to them `proto` holds
 * for each name, and `duplicateKeys` for the names in the path (`"last"` gives the values of each, as it can't know of a
 * later one). Names beside the path, and those that a wildcard takes, are not held, so they may come twice.
 *
 * After `write`, call `read` until it gives `undefined` (or iterate), then write the next chunk; after the last one
 * call `end` and read again. A chunk's bytes must not change before it is read to its end. Values before an error are
 * given before it is thrown.
 *
 * @example Usage
 * ```ts
 * import { JsonReader } from "@avx/http/json";
 *
 * const reader = new JsonReader({ path: "$.items[*]" });
 * for (const chunk of ['{"total": 2, "items": [{"id"', ": 1}, 2", "]}"]) {
 *   reader.write(new TextEncoder().encode(chunk));
 *   for (const item of reader) console.log(item); // { id: 1 }, then 2
 * }
 * reader.end();
 * for (const item of reader) console.log(item);
 * ```
 */
export class JsonReader {
  readonly #options: ResolvedOptions;
  readonly #maxValueBytes: number;
  readonly #steps: PathStep[];
  readonly #scanner: Scanner;
  readonly #window = new Window();
  readonly #skim = new Skim();
  /** The limits inside a value that is asked for. */
  readonly #limits: SkimLimits;
  #lastQuote = -1;
  /** The chunk's text where it is all ASCII, else nothing; `undefined` until that is asked. */
  #ascii: string | undefined;
  #chunk: Uint8Array = NO_BYTES;
  /** Whether the platform makes the same value of checked bytes. */
  readonly #plain: boolean;

  /** How many of the open containers, from the outermost on, are on the path. */
  #onPath = 0;
  /** What leads to the current child of each container on the path: its name or index. */
  readonly #keys: (string | number)[] = [];
  /** Whether each of these containers had a member of the name that its step asks for. */
  readonly #named: boolean[] = [];
  /** Whether a policy drops the member to come. */
  #dropped = false;
  /** Where the container began that is asked for and still open. */
  #value: JsonPosition | undefined;
  #written = 0;
  #tooLong = false;
  #unread = false;
  #ended = false;
  /** What `read` threw; it throws it again, as nothing that follows would be right. */
  #failure: unknown;

  /**
   * Makes a reader of one text.
   *
   * @throws {TypeError} If the path is not one, or a policy not one of its words.
   * @throws {RangeError} If a limit is not a whole number of at least 0, or `Infinity`.
   */
  constructor(options: JsonReaderOptions = {}) {
    const { path = "$", maxValueBytes, maxBytes = Infinity } = options;
    this.#options = resolveOptions({ ...options, maxBytes });
    this.#maxValueBytes = checkLimit("maxValueBytes", maxValueBytes, DEFAULT_MAX_VALUE_BYTES);
    this.#steps = readPath(path);
    this.#scanner = new Scanner(this.#options);
    this.#scanner.stopDepth = 0;
    this.#scanner.maxKeys = Infinity;
    const { duplicateKeys, proto, bigIntegers, maxDepth, maxStringBytes, maxKeys } = this.#options;
    this.#limits = { maxDepth: maxDepth - this.#steps.length, maxStringBytes, maxKeys };
    this.#plain = duplicateKeys === "last" && proto === "keep" && bigIntegers === "number";
  }

  /** The names and indexes that lead to the value given last. */
  get path(): readonly (string | number)[] {
    return this.#keys.slice(0, this.#onPath);
  }

  /**
   * Takes the next chunk.
   *
   * @throws {TypeError} If it is no `Uint8Array`, the last one was not read to its end, or the end was told.
   */
  write(chunk: Uint8Array): void {
    checkChunk(chunk, this.#unread, this.#ended);
    const left = this.#options.maxBytes - this.#written;
    this.#tooLong = chunk.length > left;
    const allowed = this.#tooLong ? chunk.subarray(0, left) : chunk;
    this.#written += allowed.length;
    this.#chunk = allowed;
    this.#lastQuote = lastStringQuote(allowed);
    this.#ascii = undefined;
    this.#scanner.feed(allowed);
    this.#window.feed(allowed);
    this.#unread = true;
  }

  /** Says that the text is whole: what is missing is an error of the next `read`. */
  end(): void {
    this.#ended = true;
    if (!this.#tooLong) this.#scanner.end(); // else there is more, and that is what is wrong
  }

  /**
   * Gives the next value that is asked for; `undefined` when more bytes are needed, or the text is over.
   *
   * @throws {JsonError} If the text is not JSON, not UTF-8, passes a limit or breaks a policy.
   */
  read(): JsonValue | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#readOn();
    } catch (error) {
      this.#failure = this.#fail(error);
      throw this.#failure;
    }
  }

  /** Reads until more bytes are needed. */
  *[Symbol.iterator](): IterableIterator<JsonValue> {
    for (let value = this.read(); value !== undefined; value = this.read()) yield value;
  }

  #readOn(): JsonValue | undefined {
    for (let token = this.#scanner.next(); token !== Token.None; token = this.#scanner.next()) {
      const value = this.#take(token);
      if (value !== undefined) return value;
    }
    const wanted = this.#wanted();
    if (wanted !== undefined) this.#checkLength(wanted, this.#scanner.settled);
    if (this.#tooLong) throw this.#limit(this.#scanner.position, `a text of at most ${this.#options.maxBytes} bytes`);
    if (this.#unread) this.#window.keep(wanted?.offset);
    this.#unread = false;
    this.#chunk = NO_BYTES;
    this.#ascii = undefined;
    return undefined;
  }

  /** Whatever stands behind the limit of a value, the limit is the error, as where the chunks end must not matter. */
  #fail(error: unknown): unknown {
    const wanted = this.#wanted();
    if (!(error instanceof JsonError) || wanted === undefined) return error;
    return error.offset - wanted.offset > this.#maxValueBytes ? this.#valueTooLong(wanted) : error;
  }

  /** Where the value begins that is asked for, or the name that decides so, which the chunk broke off. */
  #wanted(): JsonPosition | undefined {
    if (this.#value !== undefined) return this.#value;
    const scanner = this.#scanner;
    if (!scanner.inToken || scanner.depth !== this.#onPath) return undefined;
    if (scanner.inName) return scanner.tokenPosition;
    return this.#onPath === this.#steps.length && this.#isNext() ? scanner.tokenPosition : undefined;
  }

  /** Deals with a token on the path or beside it; gives the value that it completes, if any. */
  #take(token: Token): JsonValue | undefined {
    const scanner = this.#scanner;
    switch (token) {
      case Token.Name:
        this.#enterMember(this.#name());
        return undefined;
      case Token.BeginObject:
      case Token.BeginArray:
        return this.#enterChild() ? this.#begin(token === Token.BeginArray) : undefined;
      case Token.EndObject:
      case Token.EndArray:
        if (this.#value !== undefined) return this.#end(this.#value);
        if (scanner.depth < this.#onPath) {
          scanner.stopDepth = this.#onPath = scanner.depth;
          this.#dropped = false;
        }
        return undefined;
      default: {
        if (!this.#enterChild() || this.#onPath !== this.#steps.length) return undefined;
        const { tokenStart: start, offset: end } = scanner;
        if (end - start > this.#maxValueBytes) throw this.#valueTooLong(scanner.tokenPosition);
        const base = this.#window.end - this.#chunk.length;
        if (start >= base) return readScalar(token, this.#chunk, start - base, end - base, this.#options, scanner);
        return readScalar(token, this.#window.slice(start, end), 0, end - start, this.#options, scanner);
      }
    }
  }

  /** The container that has just begun is a child on the path: the value itself, or one on the way to it. */
  #begin(array: boolean): JsonValue | undefined {
    const scanner = this.#scanner;
    if (this.#onPath === this.#steps.length) {
      const value = this.#takeWhole();
      if (value !== undefined) return value;
      this.#value = scanner.tokenPosition;
      scanner.maxKeys = this.#options.maxKeys;
      scanner.keys = 0;
      return undefined;
    }
    const step = this.#steps[this.#onPath];
    if (step !== ANY && array !== (typeof step === "number")) return undefined;
    this.#named[this.#onPath] = false;
    this.#keys[this.#onPath++] = array ? -1 : "";
    scanner.stopDepth = this.#onPath;
    return undefined;
  }

  /**
   * Reads the container that has just begun with the platform's means, where the chunk has all of it: twice as fast as
   * checking it first. `undefined` where it hasn't, or where anything may be wrong: then the automaton goes over it and
   * says what.
   */
  #takeWhole(): JsonValue | undefined {
    if (this.#options.duplicateKeys !== "last") return undefined;
    const scanner = this.#scanner;
    const { tokenStart: start, lineStart } = scanner;
    const base = this.#window.end - this.#chunk.length;
    const found = this.#skim;
    if (!skim(this.#chunk, start - base, this.#lastQuote, this.#limits, found)) return undefined;
    const end = base + found.end;
    if (end - start > this.#maxValueBytes) return undefined;
    let text: string;
    let value: JsonValue | undefined;
    try {
      text = this.#decode(start - base, found.end);
      const bytes = found.escapes ? this.#chunk.subarray(start - base, found.end) : NO_BYTES; // looked at for escapes only
      value = parseText(text, bytes, found.escapes, this.#options);
    } catch {
      return undefined; // the automaton reads it again and says what is wrong, and where
    }
    if (value === undefined) return undefined;
    const onLine = found.newlines === 0 ? start - base : found.lineStart;
    const wide = text.length === end - start ? 0 : continuations(this.#chunk, onLine, found.end);
    scanner.pass(end, found.newlines, (found.newlines === 0 ? lineStart : base + found.lineStart) + wide);
    return value;
  }

  /**
   * Decodes a part of the chunk. One that is all ASCII is decoded at once: that saves a fifth of the time of small
   * values.
   */
  #decode(start: number, end: number): string {
    const ascii = this.#ascii ??= decodeAscii(this.#chunk) ?? "";
    return ascii === "" ? decodeText(this.#chunk.subarray(start, end)) : ascii.slice(start, end);
  }

  #end(position: JsonPosition): JsonValue {
    const scanner = this.#scanner;
    this.#value = undefined;
    scanner.maxKeys = Infinity;
    this.#checkLength(position, scanner.offset);
    const bytes = this.#window.slice(position.offset, scanner.offset);
    if (this.#plain) return JSON.parse(decodeChecked(bytes));
    return parseAt(bytes, this.#options, position);
  }

  /** Notes the name of the child to come, which a policy may refuse or take off the path. */
  #enterMember(name: string): void {
    const { proto, duplicateKeys } = this.#options;
    const level = this.#onPath - 1;
    this.#keys[level] = name;
    this.#dropped = name === "__proto__" && proto !== "keep";
    if (this.#dropped && proto === "error") throw refuseProto(this.#scanner.tokenPosition);
    if (name !== this.#steps[level]) return;
    const again = this.#named[level] === true && duplicateKeys !== "last";
    if (again && duplicateKeys === "error") throw refuseDuplicate(this.#scanner.tokenPosition, name);
    if (again) this.#dropped = true;
    this.#named[level] = true;
  }

  /** Moves on to the child that has just begun, and tells whether it is on the path. */
  #enterChild(): boolean {
    const on = this.#isNext();
    const key = this.#keys[this.#onPath - 1];
    if (this.#onPath > 0 && typeof key === "number") this.#keys[this.#onPath - 1] = key + 1;
    return on;
  }

  /** Tells whether the child to come is on the path. */
  #isNext(): boolean {
    if (this.#dropped) return false;
    if (this.#onPath === 0) return true;
    const step = this.#steps[this.#onPath - 1];
    const key = this.#keys[this.#onPath - 1];
    return step === ANY || step === (typeof key === "number" ? key + 1 : key);
  }

  #name(): string {
    const { tokenStart, offset } = this.#scanner;
    if (offset - tokenStart > this.#maxValueBytes) throw this.#valueTooLong(this.#scanner.tokenPosition);
    const bytes = this.#window.slice(tokenStart, offset);
    return String(readScalar(Token.String, bytes, 0, offset - tokenStart, this.#options, this.#scanner));
  }

  #checkLength(start: JsonPosition, end: number): void {
    if (end - start.offset <= this.#maxValueBytes) return;
    throw this.#valueTooLong(start);
  }

  #valueTooLong(start: JsonPosition): JsonError {
    return this.#limit(start, `a value of at most ${this.#maxValueBytes} bytes`);
  }

  #limit(position: JsonPosition, expected: string): JsonError {
    return new JsonError({ ...position, kind: "limit", expected, received: "more" });
  }
}

/** Counts the bytes that go on with a character: what a place behind them has less of columns than of bytes. */
function continuations(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) count += Number((bytes[at]! & 0xc0) === 0x80);
  return count;
}
