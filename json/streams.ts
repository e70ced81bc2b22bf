/**
 * Owns the platform's streams over this folder's readers and writers, and the writing of iterables; knows nothing of
 * where bytes come from or go.
 *
 * @module
 */

import { type JsonEvent, type JsonEventOptions, JsonEventReader } from "./events.ts";
import { type NdjsonOptions, NdjsonReader } from "./ndjson.ts";
import { JsonReader, type JsonReaderOptions } from "./reader.ts";
import type { RecordOptions } from "./records.ts";
import { JsonSeqReader } from "./sequence.ts";
import { type StringifyOptions, stringifyText } from "./stringify.ts";
import { ValueStream } from "./value_stream.ts";
import type { JsonValue } from "./options.ts";

const encoder = new TextEncoder();

/** Characters of small values that are gathered to one chunk where they are at hand at once. */
const BATCH_CHARACTERS = 16 * 1024;

/**
 * {@linkcode JsonReader} as a stream: bytes of one JSON text in, the values at a path out. An error fails the stream
 * after the values before it.
 *
 * @example Usage
 * ```ts
 * import { JsonReaderStream } from "@avx/http/json";
 *
 * const response = new Response('{"items": [1, 2]}');
 * for await (const item of response.body!.pipeThrough(new JsonReaderStream({ path: "$.items[*]" }))) console.log(item);
 * ```
 */
export class JsonReaderStream implements TransformStream<Uint8Array, JsonValue> {
  /** The values. */
  readonly readable: ReadableStream<JsonValue>;
  /** The bytes; a write is done when all values of its chunk were taken. */
  readonly writable: WritableStream<Uint8Array>;

  /** Makes a stream for one text; throws as {@linkcode JsonReader} does. */
  constructor(options?: JsonReaderOptions) {
    ({ readable: this.readable, writable: this.writable } = new ValueStream(new JsonReader(options)));
  }
}

/**
 * {@linkcode JsonEventReader} as a stream: bytes of one JSON text in, events out. An error fails the stream after the
 * events before it.
 *
 * @example Usage
 * ```ts
 * import { JsonEventStream } from "@avx/http/json";
 *
 * const response = new Response('{"a": [1]}');
 * for await (const { type } of response.body!.pipeThrough(new JsonEventStream())) console.log(type);
 * ```
 */
export class JsonEventStream implements TransformStream<Uint8Array, JsonEvent> {
  /** The events. */
  readonly readable: ReadableStream<JsonEvent>;
  /** The bytes; a write is done when all events of its chunk were taken. */
  readonly writable: WritableStream<Uint8Array>;

  /** Makes a stream for one text; throws as {@linkcode JsonEventReader} does. */
  constructor(options?: JsonEventOptions) {
    ({ readable: this.readable, writable: this.writable } = new ValueStream(new JsonEventReader(options)));
  }
}

/** {@linkcode NdjsonReader} as a stream: bytes of lines in, values out. */
export class NdjsonParseStream implements TransformStream<Uint8Array, JsonValue> {
  /** The values. */
  readonly readable: ReadableStream<JsonValue>;
  /** The bytes; a write is done when all values of its chunk were taken. */
  readonly writable: WritableStream<Uint8Array>;

  /** Makes a stream; throws as {@linkcode NdjsonReader} does. */
  constructor(options?: NdjsonOptions) {
    ({ readable: this.readable, writable: this.writable } = new ValueStream(new NdjsonReader(options)));
  }
}

/** {@linkcode JsonSeqReader} as a stream: bytes of a JSON text sequence in, values out. */
export class JsonSeqParseStream implements TransformStream<Uint8Array, JsonValue> {
  /** The values. */
  readonly readable: ReadableStream<JsonValue>;
  /** The bytes; a write is done when all values of its chunk were taken. */
  readonly writable: WritableStream<Uint8Array>;

  /** Makes a stream; throws as {@linkcode JsonSeqReader} does. */
  constructor(options?: RecordOptions) {
    ({ readable: this.readable, writable: this.writable } = new ValueStream(new JsonSeqReader(options)));
  }
}

/** How to write records: as {@linkcode StringifyOptions}, on one line each. */
export type RecordStringifyOptions = Omit<StringifyOptions, "space">;

/** Values in, NDJSON out, a line each. A value without a JSON form fails the stream with a `TypeError`. */
export class NdjsonStringifyStream extends TransformStream<unknown, Uint8Array<ArrayBuffer>> {
  /** Makes a stream. */
  constructor(options?: RecordStringifyOptions) {
    super(writeWith("", "\n", options));
  }
}

/** Values in, a JSON text sequence (RFC 7464) out. A value without a JSON form fails the stream with a `TypeError`. */
export class JsonSeqStringifyStream extends TransformStream<unknown, Uint8Array<ArrayBuffer>> {
  /** Makes a stream. */
  constructor(options?: RecordStringifyOptions) {
    super(writeWith("\x1e", "\n", options));
  }
}

function writeWith(
  before: string,
  after: string,
  options: RecordStringifyOptions | undefined,
): Transformer<unknown, Uint8Array<ArrayBuffer>> {
  return {
    transform(value, controller) {
      controller.enqueue(encoder.encode(before + stringifyText(value, options) + after));
    },
  };
}

/**
 * Writes the values of an iterable as one JSON array, and holds none of them: a value is asked for when the reader
 * wants bytes. Cancelling the stream ends the iterable.
 *
 * @example Usage
 * ```ts
 * import { stringifyArray } from "@avx/http/json";
 *
 * async function* rows() {
 *   yield { id: 1 };
 *   yield { id: 2 };
 * }
 * console.log(await new Response(stringifyArray(rows())).json()); // [{ id: 1 }, { id: 2 }]
 * ```
 *
 * @throws {TypeError} If it is no iterable.
 */
export function stringifyArray(
  values: Iterable<unknown> | AsyncIterable<unknown>,
  options?: RecordStringifyOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return writeIterable(values, { open: "[", between: ",", after: "", close: "]" }, options);
}

/**
 * Writes the values of an iterable as NDJSON, a line each, and holds none of them: a value is asked for when the reader
 * wants bytes. Cancelling the stream ends the iterable.
 *
 * @throws {TypeError} If it is no iterable.
 */
export function stringifyLines(
  values: Iterable<unknown> | AsyncIterable<unknown>,
  options?: RecordStringifyOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return writeIterable(values, { open: "", between: "", after: "\n", close: "" }, options);
}

/** What stands around the values. */
interface Frame {
  readonly open: string;
  readonly between: string;
  readonly after: string;
  readonly close: string;
}

function writeIterable(
  values: Iterable<unknown> | AsyncIterable<unknown>,
  frame: Frame,
  options: RecordStringifyOptions | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const source = Symbol.asyncIterator in values
    ? new AsyncSource(values[Symbol.asyncIterator](), frame, options)
    : new SyncSource(values[Symbol.iterator](), frame, options);
  return new ReadableStream(source, { highWaterMark: 0 });
}

type Controller = ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;

/** Makes the text around and of each value. */
class Framer {
  readonly #frame: Frame;
  readonly #options: RecordStringifyOptions | undefined;
  #before: string;

  constructor(frame: Frame, options: RecordStringifyOptions | undefined) {
    this.#frame = frame;
    this.#options = options;
    this.#before = frame.open;
  }

  text(value: unknown): string {
    const text = this.#before + stringifyText(value, this.#options) + this.#frame.after;
    this.#before = this.#frame.between;
    return text;
  }

  /** What ends the text; with what begins it, where there was no value. */
  get end(): string {
    return (this.#before === this.#frame.open ? this.#before : "") + this.#frame.close;
  }
}

/** Gathers small values, as all of them are at hand. */
class SyncSource implements UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> {
  readonly #iterator: Iterator<unknown>;
  readonly #framer: Framer;

  constructor(iterator: Iterator<unknown>, frame: Frame, options: RecordStringifyOptions | undefined) {
    this.#iterator = iterator;
    this.#framer = new Framer(frame, options);
  }

  pull(controller: Controller): void {
    const gathered = { text: "", done: false };
    try {
      this.#gather(gathered);
    } finally {
      // What came before an error goes out before it. Somebody waits for it, so the error can't drop it.
      if (gathered.text !== "") controller.enqueue(encoder.encode(gathered.text));
    }
    if (gathered.done) controller.close();
  }

  #gather(gathered: { text: string; done: boolean }): void {
    while (!gathered.done && gathered.text.length < BATCH_CHARACTERS) {
      const { done = false, value } = this.#iterator.next();
      gathered.done = done;
      gathered.text += done ? this.#framer.end : this.#text(value);
    }
  }

  cancel(): void {
    this.#iterator.return?.();
  }

  #text(value: unknown): string {
    try {
      return this.#framer.text(value);
    } catch (error) {
      this.#iterator.return?.();
      throw error;
    }
  }
}

/** Sends each value on as it comes, as the next one may take its time. */
class AsyncSource implements UnderlyingDefaultSource<Uint8Array<ArrayBuffer>> {
  readonly #iterator: AsyncIterator<unknown>;
  readonly #framer: Framer;

  constructor(iterator: AsyncIterator<unknown>, frame: Frame, options: RecordStringifyOptions | undefined) {
    this.#iterator = iterator;
    this.#framer = new Framer(frame, options);
  }

  pull(controller: Controller): Promise<void> {
    return this.#iterator.next().then(({ done, value }) => {
      if (!done) return controller.enqueue(encoder.encode(this.#text(value)));
      const { end } = this.#framer;
      if (end !== "") controller.enqueue(encoder.encode(end));
      controller.close();
    });
  }

  cancel(): Promise<void> {
    return Promise.resolve(this.#iterator.return?.()).then(() => {});
  }

  #text(value: unknown): string {
    try {
      return this.#framer.text(value);
    } catch (error) {
      this.#iterator.return?.()?.catch(() => {}); // the value's error is the one that counts
      throw error;
    }
  }
}
