/**
 * Owns the content of one message between the wire and its reader: the pieces that came and were not taken. Knows no
 * socket and no version; it tells the driver what its reader wants.
 *
 * @module
 */

import type { Bytes } from "./body.ts";
import type { BodySource } from "./call.ts";
import type { Field } from "./fields/field.ts";

/** Most content that waits for its reader, in bytes, before no more is read off the wire: one large read. */
const HIGH_WATER = 64 * 1024;

/** Least length, in bytes, at which content that is wanted whole is read straight to where it stays. */
export const COLLECT_BYTES: number = 64 * 1024;

/** Small pieces that wait are put together into ones of this many bytes: each costs 200 bytes beside its own. */
const JOINED_BYTES = 4 * 1024;

/** What the content's reader asks of the driver. */
export interface BodyDemand {
  /** The reader waits, or took something, so that there's room for more. */
  wanted(): void;
  /** Nobody will read on. */
  cancelled(): void;
}

/** Content that is wanted in one piece, as far as it came. */
interface Collected {
  readonly bytes: Bytes;
  filled: number;
  readonly settle: PromiseWithResolvers<Bytes>;
}

/** Content that comes piece by piece. */
export class ReceivedBody implements BodySource {
  readonly length: number | undefined;
  /** Whether someone has begun to read, or has cancelled. */
  touched = false;
  /** Whether nobody will read on. */
  cancelled = false;
  readonly #demand: BodyDemand;
  #chunks: Uint8Array[] = [];
  /** The memory of the last of the chunks, where that has room for small ones behind it. */
  #joined: Uint8Array | undefined;
  #size = 0;
  #ended = false;
  #error: { readonly reason: unknown } | undefined;
  /** Why nobody will read on, where some had still to come. */
  #cancelReason: unknown;
  #waiter: PromiseWithResolvers<Uint8Array | null> | undefined;
  #fields: readonly Field[] = [];
  #trailers: PromiseWithResolvers<readonly Field[]> | undefined;
  #collected: Collected | undefined;

  /** Made with the message; `length` in bytes where the head announced it. */
  constructor(demand: BodyDemand, length: number | undefined) {
    this.#demand = demand;
    this.length = length;
  }

  /** How many bytes wait for their reader. */
  get waiting(): number {
    return this.#size;
  }

  /** Whether there's room for more, or no need of any as it's thrown away. */
  get hungry(): boolean {
    return this.cancelled || this.#size < HIGH_WATER;
  }

  /** Whether all of it came, or will never come. */
  get settled(): boolean {
    return this.#ended || this.#error !== undefined;
  }

  /** See {@linkcode BodySource.read}. */
  read(): Uint8Array | null | Promise<Uint8Array | null> {
    this.touched = true;
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#size -= chunk.length;
      this.#tellTrailers();
      if (!this.settled) this.#demand.wanted();
      return chunk.buffer.byteLength === JOINED_BYTES && chunk.length < JOINED_BYTES ? chunk.slice() : chunk;
    }
    if (this.#error !== undefined) return Promise.reject(this.#error.reason);
    if (this.#ended || this.cancelled) return null;
    if (this.#waiter !== undefined) {
      return Promise.reject(new TypeError("Cannot read content as another read of it must not be pending"));
    }
    const { promise } = this.#waiter = Promise.withResolvers();
    this.#demand.wanted();
    return promise;
  }

  /** See {@linkcode BodySource.cancel}. */
  cancel(reason?: unknown): void {
    if (this.cancelled) return;
    this.touched = this.cancelled = true;
    this.#chunks.length = this.#size = 0;
    this.#waiter?.resolve(null);
    this.#waiter = undefined;
    if (this.settled) return this.#tellTrailers();
    this.#cancelReason = reason ?? new TypeError("Cannot read trailers as the content was cancelled");
    this.#rejectTrailers(this.#cancelReason);
    this.#demand.cancelled();
  }

  /** See {@linkcode BodySource.trailers}. */
  trailers(): Promise<readonly Field[]> {
    if (this.#trailers === undefined) {
      this.#trailers = Promise.withResolvers();
      if (this.#error !== undefined) this.#rejectTrailers(this.#error.reason);
      else if (this.#cancelReason !== undefined) this.#rejectTrailers(this.#cancelReason);
      else this.#tellTrailers();
    }
    return this.#trailers.promise;
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
  collect(length: number): Promise<Bytes> {
    const collected: Collected = { bytes: new Uint8Array(length), filled: 0, settle: Promise.withResolvers() };
    this.touched = true;
    this.#collected = collected;
    for (const chunk of this.#chunks) this.#fill(chunk);
    this.#chunks.length = this.#size = 0;
    if (this.#error !== undefined) collected.settle.reject(this.#error.reason);
    else if (this.#ended) collected.settle.resolve(collected.bytes);
    else this.#demand.wanted();
    return collected.settle.promise;
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
    this.#size += bytes.length;
    if (!this.#join(bytes)) this.#chunks.push(bytes);
  }

  #fill(bytes: Uint8Array): void {
    const collected = this.#collected;
    if (collected === undefined) return;
    collected.bytes.set(bytes, collected.filled);
    collected.filled += bytes.length;
  }

  /** Puts a small piece behind the last that waits, if both fit: the peer chooses how small its pieces are. */
  #join(bytes: Uint8Array): boolean {
    const last = this.#chunks.at(-1);
    const end = (last?.length ?? 0) + bytes.length;
    if (last === undefined || end > JOINED_BYTES) {
      this.#joined = undefined;
      return false;
    }
    if (this.#joined === undefined) {
      this.#joined = new Uint8Array(JOINED_BYTES);
      this.#joined.set(last);
    }
    this.#joined.set(bytes, last.length);
    this.#chunks[this.#chunks.length - 1] = this.#joined.subarray(0, end);
    return true;
  }

  /** The content is whole. */
  finish(trailers: readonly Field[]): void {
    this.#ended = true;
    this.#fields = trailers;
    this.#collected?.settle.resolve(this.#collected.bytes);
    this.#waiter?.resolve(null);
    this.#waiter = undefined;
    this.#tellTrailers();
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

  /** Nobody has read, and nobody can any more: the next read says why. */
  drop(reason: unknown): void {
    this.cancelled = true;
    this.abort(reason);
  }

  /** The trailers are known to whoever waits for them once all before them was taken. */
  #tellTrailers(): void {
    if (this.#ended && this.#chunks.length === 0) this.#trailers?.resolve(this.#fields);
  }

  #rejectTrailers(reason: unknown): void {
    if (this.#trailers === undefined) return;
    this.#trailers.promise.catch(() => {}); // whoever asked is told; nobody else needs to be
    this.#trailers.reject(reason);
  }
}
