/**
 * Owns the pace of a reader as a stream: one value for each one that is asked for, the next chunk once the last one is
 * read, and an error only after the values before it. Knows nothing of what makes the values.
 *
 * A `TransformStream` would do neither: it queues all values of a chunk, and drops those that nobody took yet at an
 * error.
 *
 * @module
 */

/** What the readers of this folder have in common. */
export interface ChunkReader<T> {
  /** Takes the next chunk. */
  write(chunk: Uint8Array): void;
  /** Says that no chunk comes any more. */
  end(): void;
  /** Gives the next value, or `undefined` when more bytes are needed. */
  read(): T | undefined;
}

/** A reader's `pull` that found no value. */
interface Wanted<T> extends PromiseWithResolvers<void> {
  readonly output: ReadableStreamDefaultController<T>;
}

/** A transform stream: bytes in, values out, each of them when it is asked for. */
export class ValueStream<T> implements TransformStream<Uint8Array, T> {
  /** The values. */
  readonly readable: ReadableStream<T>;
  /** The bytes; a write is done when all values of its chunk were taken. */
  readonly writable: WritableStream<Uint8Array>;

  readonly #reader: ChunkReader<T>;
  #input: WritableStreamDefaultController | undefined;
  #output: ReadableStreamDefaultController<T> | undefined;
  #ended = false;
  /** The write that waits until its chunk is read. */
  #written: PromiseWithResolvers<void> | undefined;
  /** Who waits for a value. One promise for it, however many chunks have none: a chain of them would grow. */
  #wanted: Wanted<T> | undefined;

  /** Makes the stream of a reader. */
  constructor(reader: ChunkReader<T>) {
    this.#reader = reader;
    this.writable = new WritableStream({
      start: (controller) => void (this.#input = controller),
      write: (chunk) => this.#take(() => reader.write(chunk)),
      close: () => {
        this.#ended = true;
        return this.#take(() => reader.end());
      },
      abort: (reason) => this.#output?.error(reason),
    });
    this.readable = new ReadableStream({
      start: (controller) => void (this.#output = controller),
      pull: (controller) => {
        if (this.#give(controller)) return;
        this.#wanted = { output: controller, ...Promise.withResolvers<void>() };
        return this.#wanted.promise;
      },
      cancel: (reason) => {
        this.#input?.error(reason);
        this.#written?.resolve();
      },
    }, { highWaterMark: 0 });
  }

  /** Hands on what was written, and waits until it is read. */
  #take(hand: () => void): Promise<void> {
    try {
      hand();
    } catch (error) {
      this.#output?.error(error); // else who waits for a value would do so for ever
      throw error;
    }
    this.#written = Promise.withResolvers<void>();
    if (this.#wanted !== undefined) this.#satisfy(this.#wanted);
    return this.#written.promise;
  }

  #satisfy(wanted: Wanted<T>): void {
    try {
      if (!this.#give(wanted.output)) return;
      wanted.resolve();
    } catch (error) {
      wanted.reject(error);
    }
    this.#wanted = undefined;
  }

  /** Gives one value, or the end; `false` where there is neither yet, and the last chunk is read. */
  #give(output: ReadableStreamDefaultController<T>): boolean {
    try {
      const value = this.#reader.read();
      if (value !== undefined) {
        output.enqueue(value);
        return true;
      }
    } catch (error) {
      this.#input?.error(error);
      this.#written?.resolve();
      throw error;
    }
    this.#written?.resolve();
    if (this.#ended) output.close();
    return this.#ended;
  }
}
