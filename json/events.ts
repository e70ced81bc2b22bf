/**
 * Owns the reading of one text chunk by chunk as events; knows nothing of paths or streams.
 *
 * @module
 */

import { readScalar } from "./build.ts";
import { JsonError } from "./error.ts";
import {
  checkLimit,
  DEFAULT_MAX_STRING_BYTES,
  type JsonScalar,
  type ParseOptions,
  type ResolvedOptions,
  resolveOptions,
} from "./options.ts";
import { Scanner, Token } from "./scan.ts";
import { checkChunk, Window } from "./window.ts";

/** What {@linkcode JsonEventReader} comes past: the ends of containers, names, and values that are no containers. */
export type JsonEvent =
  | { readonly type: "beginObject" }
  | { readonly type: "endObject" }
  | { readonly type: "beginArray" }
  | { readonly type: "endArray" }
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "value"; readonly value: JsonScalar };

/**
 * Options of {@linkcode JsonEventReader}; limits on the whole text and on its members are there only where they are
 * set.
 */
export interface JsonEventOptions extends Omit<ParseOptions, "duplicateKeys" | "proto"> {
  /**
   * Most bytes of one number, which is held like a string until it is whole.
   *
   * @default {20000000}
   */
  readonly maxNumberBytes?: number | undefined;
}

const BEGIN_OBJECT: JsonEvent = { type: "beginObject" };
const END_OBJECT: JsonEvent = { type: "endObject" };
const BEGIN_ARRAY: JsonEvent = { type: "beginArray" };
const END_ARRAY: JsonEvent = { type: "endArray" };

/**
 * Reads one JSON text chunk by chunk, split anywhere, as events. Memory is bounded by the longest string or number.
 *
 * It is used as {@linkcode JsonReader} is: `write` a chunk, `read` until `undefined`, and so on; at last `end`, and
 * read. Policies on names are the caller's, as it sees each of them.
 *
 * @example Usage
 * ```ts
 * import { JsonEventReader } from "@avx/http/json";
 *
 * const reader = new JsonEventReader();
 * reader.write(new TextEncoder().encode('{"a": [1]}'));
 * reader.end();
 * console.log([...reader].map((event) => event.type)); // beginObject name beginArray value endArray endObject
 * ```
 */
export class JsonEventReader {
  readonly #options: ResolvedOptions;
  readonly #scanner: Scanner;
  readonly #window = new Window();
  #written = 0;
  #tooLong = false;
  #unread = false;
  #ended = false;
  /** What `read` threw; it throws it again, as nothing that follows would be right. */
  #failure: unknown;

  /**
   * Makes a reader of one text.
   *
   * @throws {TypeError} If a policy is not one of its words.
   * @throws {RangeError} If a limit is not a whole number of at least 0, or `Infinity`.
   */
  constructor(options: JsonEventOptions = {}) {
    const { maxBytes = Infinity, maxKeys = Infinity, maxNumberBytes } = options;
    this.#options = resolveOptions({ ...options, maxBytes, maxKeys });
    this.#scanner = new Scanner(this.#options);
    this.#scanner.maxNumberBytes = checkLimit("maxNumberBytes", maxNumberBytes, DEFAULT_MAX_STRING_BYTES);
  }

  /** How many containers are open around what comes next. */
  get depth(): number {
    return this.#scanner.depth;
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
   * Gives the next event; `undefined` when more bytes are needed, or the text is over.
   *
   * @throws {JsonError} If the text is not JSON, not UTF-8 or passes a limit.
   */
  read(): JsonEvent | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      const token = this.#scanner.next();
      return token === Token.None ? this.#pause() : this.#event(token);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /** Reads until more bytes are needed. */
  *[Symbol.iterator](): IterableIterator<JsonEvent> {
    for (let event = this.read(); event !== undefined; event = this.read()) yield event;
  }

  #pause(): undefined {
    const scanner = this.#scanner;
    if (this.#tooLong) {
      const expected = `a text of at most ${this.#options.maxBytes} bytes`;
      throw new JsonError({ ...scanner.position, kind: "limit", expected, received: "more" });
    }
    if (this.#unread) this.#window.keep(scanner.inToken ? scanner.tokenStart : undefined);
    this.#unread = false;
  }

  #event(token: Token): JsonEvent {
    switch (token) {
      case Token.BeginObject:
        return BEGIN_OBJECT;
      case Token.EndObject:
        return END_OBJECT;
      case Token.BeginArray:
        return BEGIN_ARRAY;
      case Token.EndArray:
        return END_ARRAY;
      case Token.Name:
        return { type: "name", name: String(this.#scalar(Token.String)) };
      default:
        return { type: "value", value: this.#scalar(token) };
    }
  }

  #scalar(token: Token): JsonScalar {
    const { tokenStart, offset } = this.#scanner;
    const bytes = this.#window.slice(tokenStart, offset);
    return readScalar(token, bytes, 0, offset - tokenStart, this.#options, this.#scanner);
  }
}
