/**
 * Owns the bytes that a transport has not taken yet and the one write in flight; knows nothing of what the bytes mean.
 *
 * @module
 */

import { type Scheduler, scheduler as defaultScheduler, type Timer } from "../timer/mod.ts";
import type { Transport } from "./transport.ts";

/** Bytes that may wait before the writer asks for a pause: as many as nginx's output_buffers hold, 2 of 32 KiB. */
export const DEFAULT_HIGH_WATER_MARK = 64 * 1024;

/** Chunks below this many bytes are copied together: copying 16 KiB costs less than the write (4 µs) it saves. */
const COALESCE_BELOW = 16 * 1024;

/** Most bytes that are copied together for one write. */
const COALESCE_MAX = 64 * 1024;

/** Largest room for coalescing that an idle writer keeps, in bytes. */
const KEPT_ROOM = 4 * 1024;

/** What {@linkcode Writer} may be told. */
export interface WriterOptions {
  /**
   * How many bytes may wait before {@linkcode Writer.write} says `false`.
   *
   * @default {65536}
   */
  readonly highWaterMark?: number;
  /**
   * How long the peer may take none of the bytes that wait, in milliseconds; then the writer fails with a `DOMException`
   * named `TimeoutError`, and the transport is closed. Each byte that it takes begins the time anew.
   *
   * @default {Infinity}
   */
  readonly stallTimeout?: number;
  /** What measures the stall timeout; the system's by default. */
  readonly scheduler?: Scheduler;
  /** Is told, once, of the error that ended the writer. */
  readonly onError?: (error: unknown) => void;
}

/** Someone who waits until as many bytes have been written in all. */
interface Waiter {
  readonly target: number;
  readonly settle: PromiseWithResolvers<void>;
}

/**
 * The bytes on their way to a {@linkcode Transport}: it writes until all are taken, small ones together.
 *
 * Bytes are queued by reference, so they must not be changed before they are flushed. What is written in one turn
 * leaves together at its end. When a write fails, `onError` is told, once, what waits is dropped, and the promises that
 * were given and will be given reject with the same error; none of them is ever an unhandled rejection.
 *
 * @example
 * ```ts
 * import { memoryPipe, Wire, Writer } from "@avx/http/net";
 * import { assertEquals } from "@std/assert";
 *
 * const [near, far] = memoryPipe();
 * const writer = new Writer(near);
 * writer.write(new TextEncoder().encode("Hello, "));
 * if (!writer.write(new TextEncoder().encode("World!"))) await writer.ready;
 * await writer.end();
 * assertEquals(await new Wire(far).readToEnd(), "Hello, World!");
 * near.close();
 * ```
 */
export class Writer {
  readonly #transport: Transport;
  readonly #highWaterMark: number;
  readonly #stallTimeout: number;
  readonly #scheduler: Scheduler;
  readonly #onError: ((error: unknown) => void) | undefined;
  /** What no batch was made of yet. */
  #chunks: Uint8Array[] = [];
  /** Bytes queued, and bytes taken by the transport, since the beginning. */
  #queued = 0;
  #written = 0;
  #running = false;
  #ended: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #ready: PromiseWithResolvers<void> | undefined;
  #waiters: Waiter[] = [];
  #timer: Timer | undefined;
  #room: Uint8Array<ArrayBuffer> = EMPTY;

  /**
   * Makes a writer that alone writes to `transport`.
   *
   * @throws {RangeError} If the mark is not a number >= 0 or the stall timeout not one > 0.
   */
  constructor(transport: Transport, options: WriterOptions = {}) {
    const { highWaterMark = DEFAULT_HIGH_WATER_MARK, stallTimeout = Infinity } = options;
    if (!(highWaterMark >= 0)) {
      throw new RangeError(`Cannot make a writer as highWaterMark must be >= 0: received ${highWaterMark}`);
    }
    if (!(stallTimeout > 0)) {
      throw new RangeError(`Cannot make a writer as stallTimeout must be > 0: received ${stallTimeout}`);
    }
    this.#transport = transport;
    this.#highWaterMark = highWaterMark;
    this.#stallTimeout = stallTimeout;
    this.#scheduler = options.scheduler ?? defaultScheduler;
    this.#onError = options.onError;
  }

  /** How many bytes the transport has not taken yet. */
  get pending(): number {
    return this.#queued - this.#written;
  }

  /** What the writer has failed with, or was aborted with; `undefined` while it has not. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Whether {@linkcode Writer.ready} is settled: fewer bytes wait than the high-water mark, or the writer has failed. */
  get writable(): boolean {
    return this.pending < this.#highWaterMark || this.pending === 0 || this.#failure !== undefined;
  }

  /** Settled while fewer bytes wait than the high-water mark; rejects once the writer has failed. */
  get ready(): Promise<void> {
    if (this.#failure) return rejected(this.#failure.error);
    if (this.writable) return RESOLVED;
    this.#ready ??= deferred();
    return this.#ready.promise;
  }

  /**
   * Queues `bytes`, by reference; `false` asks to wait for {@linkcode Writer.ready} before the next. Once the writer has
   * failed the bytes are dropped, and `ready` tells why.
   *
   * @throws {TypeError} After {@linkcode Writer.end}.
   */
  write(bytes: Uint8Array): boolean {
    if (this.#failure) return false;
    if (this.#ended) throw new TypeError("Cannot write as the writer was ended");
    if (bytes.length > 0) {
      this.#chunks.push(bytes);
      this.#queued += bytes.length;
      if (!this.#running) this.#drain();
    }
    return this.pending < this.#highWaterMark;
  }

  /** Settles once all that was queued before is with the transport; rejects if the writer fails before. */
  flush(): Promise<void> {
    if (this.#failure) return rejected(this.#failure.error);
    if (this.pending === 0) return RESOLVED;
    const waiter: Waiter = { target: this.#queued, settle: deferred() };
    this.#waiters.push(waiter);
    return waiter.settle.promise;
  }

  /** Flushes, then ends this side of the transport; the same promise each time. */
  end(): Promise<void> {
    if (this.#ended) return this.#ended;
    const ended = this.#end();
    ended.catch(ignore);
    return this.#ended = ended;
  }

  /** Drops what waits and closes the transport: promises reject with `reason`. Does nothing after a failure or abort. */
  abort(reason: unknown = new DOMException("The writer was aborted", "AbortError")): void {
    if (this.#failure) return;
    this.#reject(reason);
    this.#transport.close();
  }

  async #end(): Promise<void> {
    await this.flush();
    try {
      await this.#transport.closeWrite();
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  /** The write loop; runs while bytes wait, and never rejects. */
  async #drain(): Promise<void> {
    this.#running = true;
    await RESOLVED; // what else is written in this turn leaves in the same write
    try {
      while (!this.#failure && this.#chunks.length > 0) await this.#writeWhole(this.#nextBatch());
    } catch (error) {
      this.#fail(error);
    }
    this.#running = false;
    if (this.#timer) this.#scheduler.cancel(this.#timer);
    if (this.#room.length > KEPT_ROOM) this.#room = EMPTY;
  }

  async #writeWhole(batch: Uint8Array): Promise<void> {
    let from = 0;
    while (from < batch.length) {
      this.#armStall();
      const count = await this.#transport.write(from === 0 ? batch : batch.subarray(from));
      if (this.#failure) return;
      if (count === 0) throw new Deno.errors.WriteZero("Cannot write as the transport takes nothing");
      from += count;
      this.#advance(count);
    }
  }

  /** Takes one write's worth off the queue: a chunk as it is, or a copy of small ones. */
  #nextBatch(): Uint8Array {
    const chunks = this.#chunks;
    let total = 0;
    let count = 0;
    while (count < chunks.length) {
      const length = chunks[count]!.length;
      if (count > 0 && (length >= COALESCE_BELOW || total + length > COALESCE_MAX)) break;
      total += length;
      count++;
      if (length >= COALESCE_BELOW) break;
    }
    const taken = count === chunks.length ? chunks : chunks.slice(0, count);
    this.#chunks = count === chunks.length ? [] : chunks.slice(count);
    if (count === 1) return taken[0]!;
    if (this.#room.length < total) this.#room = new Uint8Array(roomFor(total));
    let at = 0;
    for (const chunk of taken) {
      this.#room.set(chunk, at);
      at += chunk.length;
    }
    return this.#room.subarray(0, total);
  }

  #advance(count: number): void {
    this.#written += count;
    if (this.#ready && this.writable) {
      this.#ready.resolve();
      this.#ready = undefined;
    }
    while (this.#waiters.length > 0 && this.#waiters[0]!.target <= this.#written) {
      this.#waiters.shift()?.settle.resolve();
    }
  }

  #armStall(): void {
    if (this.#stallTimeout === Infinity) return;
    this.#timer ??= this.#scheduler.timer(() => this.#stall());
    this.#scheduler.arm(this.#timer, this.#stallTimeout);
  }

  #stall(): void {
    this.#fail(new DOMException(`Cannot write as the peer took nothing for ${this.#stallTimeout} ms`, "TimeoutError"));
    this.#transport.close();
  }

  #fail(error: unknown): void {
    if (this.#failure) return;
    this.#reject(error);
    this.#onError?.(error);
  }

  #reject(error: unknown): void {
    this.#failure = { error };
    this.#chunks = [];
    this.#written = this.#queued;
    this.#ready?.reject(error);
    this.#ready = undefined;
    for (const waiter of this.#waiters) waiter.settle.reject(error);
    this.#waiters = [];
  }
}

const EMPTY = new Uint8Array(0);
const RESOLVED: Promise<void> = Promise.resolve();

/** Makes a promise that may stay without a listener though it rejects. */
function deferred(): PromiseWithResolvers<void> {
  const made = Promise.withResolvers<void>();
  made.promise.catch(ignore);
  return made;
}

function rejected(error: unknown): Promise<void> {
  const promise = Promise.reject<void>(error);
  promise.catch(ignore);
  return promise;
}

/** The error has been told to `onError`; whoever awaits the promise hears of it too. */
function ignore(): void {}

/** The next power of two, at least 1 KiB: so that the room fits the next batch too. */
function roomFor(total: number): number {
  return Math.max(1024, 2 ** Math.ceil(Math.log2(total)));
}
