/**
 * Owns the content of one response between the wire and its reader: the pieces that came and were not taken. Knows no
 * socket; it tells the driver what its reader wants.
 *
 * @module
 */

import type { BodySource } from "../http/call.ts";
import type { Field } from "../http/fields/field.ts";

/** Most content that waits for its reader, in bytes, before no more is read off the wire: one large read. */
const HIGH_WATER = 64 * 1024;

/** What the content's reader asks of the driver. */
export interface BodyDemand {
  /** The reader waits, or took something, so that there's room for more. */
  wanted(): void;
  /** Nobody will read on. */
  cancelled(): void;
}

/**
 * Content that came whole with its head: nothing is left to be asked of the wire. It stays where it was read until
 * somebody wants it, as nothing is written there again.
 */
export class WholeBody implements BodySource {
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #trailers: readonly Field[];
  #taken = false;

  /** Made of a range of `length` bytes at `start`, which are not written again. */
  constructor(bytes: Uint8Array, start: number, length: number, trailers: readonly Field[]) {
    this.length = length;
    this.#bytes = bytes;
    this.#start = start;
    this.#trailers = trailers;
  }

  /** See {@linkcode BodySource.read}: a copy, as the bytes beside it are others'. */
  read(): Uint8Array | null {
    const view = this.takeView();
    return view.length === 0 ? null : view.slice();
  }

  /** All of it, to be looked at only; nothing once it was taken. */
  takeView(): Uint8Array {
    const length = this.#taken ? 0 : this.length;
    this.#taken = true;
    return this.#bytes.subarray(this.#start, this.#start + length);
  }

  /** See {@linkcode BodySource.cancel}. */
  cancel(): void {
    this.#taken = true;
  }

  /** See {@linkcode BodySource.trailers}. */
  trailers(): Promise<readonly Field[]> {
    return Promise.resolve(this.#trailers);
  }
}

/** Content that is wanted in one piece, as far as it came. */
interface Collected {
  readonly bytes: Uint8Array<ArrayBuffer>;
  filled: number;
  readonly settle: PromiseWithResolvers<Uint8Array<ArrayBuffer>>;
}

/** Content that comes piece by piece. */
export class ReceivedBody implements BodySource {
  readonly length: number | undefined;
  /** Whether nobody will read on. */
  cancelled = false;
  readonly #demand: BodyDemand;
  #chunks: Uint8Array[] = [];
  #size = 0;
  #ended = false;
  #error: { readonly reason: unknown } | undefined;
  #waiter: PromiseWithResolvers<Uint8Array | null> | undefined;
  #fields: readonly Field[] = [];
  #trailers: PromiseWithResolvers<readonly Field[]> | undefined;
  #collected: Collected | undefined;

  /** Made with the response; `length` in bytes where the head announced it. */
  constructor(demand: BodyDemand, length: number | undefined) {
    this.#demand = demand;
    this.length = length;
  }

  /** Whether there's room for more. */
  get hungry(): boolean {
    return this.cancelled || this.#size < HIGH_WATER;
  }

  /** Where the next octets may be read to straight off the wire, so that nobody copies them; never empty. */
  get space(): Uint8Array | undefined {
    const collected = this.#collected;
    if (collected === undefined || this.settled || collected.filled === collected.bytes.length) return undefined;
    return collected.bytes.subarray(collected.filled);
  }

  /** Tells that the first `count` bytes of the {@linkcode ReceivedBody.space} were read. */
  advance(count: number): void {
    if (this.#collected !== undefined) this.#collected.filled += count;
  }

  /** Takes all of the content, whose length is known, in memory of its own; nothing of it may have been read. */
  collect(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const collected: Collected = { bytes: new Uint8Array(length), filled: 0, settle: Promise.withResolvers() };
    this.#collected = collected;
    for (const chunk of this.#chunks) this.#fill(chunk);
    this.#chunks.length = this.#size = 0;
    if (this.#error !== undefined) collected.settle.reject(this.#error.reason);
    else if (this.#ended) collected.settle.resolve(collected.bytes);
    else this.#demand.wanted();
    return collected.settle.promise;
  }

  #fill(bytes: Uint8Array): void {
    const collected = this.#collected;
    if (collected === undefined) return;
    collected.bytes.set(bytes, collected.filled);
    collected.filled += bytes.length;
  }

  /** Whether all of it came, or will never come. */
  get settled(): boolean {
    return this.#ended || this.#error !== undefined;
  }

  /** See {@linkcode BodySource.read}. */
  read(): Uint8Array | null | Promise<Uint8Array | null> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#size -= chunk.length;
      if (this.#ended && this.#chunks.length === 0) this.#trailers?.resolve(this.#fields);
      else if (!this.settled) this.#demand.wanted();
      return chunk;
    }
    if (this.#error !== undefined) return Promise.reject(this.#error.reason);
    if (this.#ended || this.cancelled) return null;
    if (this.#waiter !== undefined) {
      return Promise.reject(new TypeError("Cannot read content as another read of it must not be pending"));
    }
    this.#waiter = Promise.withResolvers();
    this.#demand.wanted();
    return this.#waiter.promise;
  }

  /** See {@linkcode BodySource.cancel}. */
  cancel(reason?: unknown): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.#chunks.length = this.#size = 0;
    this.#waiter?.resolve(null);
    this.#waiter = undefined;
    if (this.settled) return this.#trailers?.resolve(this.#fields);
    this.#rejectTrailers(reason ?? new TypeError("Cannot read trailers as the content was cancelled"));
    this.#demand.cancelled();
  }

  /** See {@linkcode BodySource.trailers}. */
  trailers(): Promise<readonly Field[]> {
    if (this.#trailers === undefined) {
      this.#trailers = Promise.withResolvers();
      if (this.#error !== undefined) this.#rejectTrailers(this.#error.reason);
      else if (this.#ended && this.#chunks.length === 0) this.#trailers.resolve(this.#fields);
      else if (this.cancelled) this.#rejectTrailers(new TypeError("Cannot read trailers as the content was cancelled"));
    }
    return this.#trailers.promise;
  }

  /** Takes a piece off the wire; it is the reader's from now on. */
  push(bytes: Uint8Array): void {
    if (this.#collected !== undefined) return this.#fill(bytes);
    const waiter = this.#waiter;
    if (waiter !== undefined) {
      this.#waiter = undefined;
      waiter.resolve(bytes);
      return;
    }
    this.#chunks.push(bytes);
    this.#size += bytes.length;
  }

  /** The content is whole. */
  finish(trailers: readonly Field[]): void {
    this.#ended = true;
    this.#fields = trailers;
    this.#collected?.settle.resolve(this.#collected.bytes);
    this.#waiter?.resolve(null);
    this.#waiter = undefined;
    if (this.#chunks.length === 0) this.#trailers?.resolve(trailers);
  }

  /** The content is broken off; what came before can still be read. */
  fail(reason: unknown): void {
    if (this.settled) return;
    this.#error = { reason };
    this.#collected?.settle.reject(reason);
    this.#waiter?.reject(reason);
    this.#waiter = undefined;
    this.#rejectTrailers(reason);
  }

  /** The reader is gone for good: what waits is dropped too, and the next read says why. */
  abort(reason: unknown): void {
    if (this.#ended && this.#chunks.length === 0) return;
    this.#chunks.length = this.#size = 0;
    this.#ended = false;
    this.fail(reason);
  }

  #rejectTrailers(reason: unknown): void {
    if (this.#trailers === undefined) return;
    this.#trailers.promise.catch(() => {}); // whoever asked is told; nobody else needs to be
    this.#trailers.reject(reason);
  }
}
