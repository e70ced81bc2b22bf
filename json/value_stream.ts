/**
 * Owns the pace of a reader as a stream: one value for each one that is asked for, the next chunk once the last one is
 * read, and an error only after the values before it. Knows nothing of what makes the values.
 *
 * A `TransformStream` would do neither: it queues all values of a chunk, and drops those that nobody took yet at an
 * error.
 *
 * @module
 */

import type { JsonValue } from "./options.ts";

/** What the readers of this folder have in common. */
export interface ChunkReader {
  /** Takes the next chunk. */
  write(chunk: Uint8Array): void;
  /** Says that no chunk comes any more. */
  end(): void;
  /** Gives the next value, or `undefined` when more bytes are needed. */
  read(): JsonValue | undefined;
}

/** A transform stream: bytes in, values out, each of them when it is asked for. */
export class ValueStream implements TransformStream<Uint8Array, JsonValue> {
  /** The values. */
  readonly readable: ReadableStream<JsonValue>;
  /** The bytes; a write is done when all values of its chunk were taken. */
  readonly writable: WritableStream<Uint8Array>;

  readonly #reader: ChunkReader;
  #ended = false;
  /** Settles the write that waits until its chunk is read. */
  #written: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  /** Settles when there is more to read. */
  #more: PromiseWithResolvers<void> = Promise.withResolvers<void>();

  /** Makes the stream of a reader. */
  constructor(reader: ChunkReader) {
    this.#reader = reader;
    let input: WritableStreamDefaultController | undefined;
    let output: ReadableStreamDefaultController<JsonValue> | undefined;
    this.writable = new WritableStream({
      start: (controller) => void (input = controller),
      write: (chunk) => this.#take(() => reader.write(chunk)),
      close: () => {
        this.#ended = true;
        return this.#take(() => reader.end());
      },
      abort: (reason) => output?.error(reason),
    });
    this.readable = new ReadableStream({
      start: (controller) => void (output = controller),
      pull: (controller) => this.#give(controller, (error) => input?.error(error)),
      cancel: (reason) => {
        input?.error(reason);
        this.#written.resolve();
      },
    }, { highWaterMark: 0 });
  }

  /** Hands on what was written, and waits until it is read. */
  #take(hand: () => void): Promise<void> {
    this.#written = Promise.withResolvers<void>();
    hand();
    this.#more.resolve();
    return this.#written.promise;
  }

  /** Gives one value, or the end; waits where there is neither yet. */
  #give(controller: ReadableStreamDefaultController<JsonValue>, fail: (error: unknown) => void): void | Promise<void> {
    try {
      const value = this.#reader.read();
      if (value !== undefined) return controller.enqueue(value);
    } catch (error) {
      fail(error);
      this.#written.resolve();
      throw error;
    }
    this.#written.resolve();
    if (this.#ended) return controller.close();
    this.#more = Promise.withResolvers<void>();
    return this.#more.promise.then(() => this.#give(controller, fail));
  }
}
