/**
 * Owns the content of one HTTP/1.1 request between the wire and its reader: the pieces that came and were not taken.
 * Knows no socket; it tells the driver what its reader wants.
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

/** Small pieces that wait are put together into ones of this many bytes: each costs 200 bytes beside its own. */
const JOINED_BYTES = 4 * 1024;

interface Waiter {
  resolve(bytes: Uint8Array | null): void;
  reject(error: unknown): void;
}

/** The content of a request. */
export class Http1Body implements BodySource {
  readonly length: number | undefined;
  /** Whether someone has begun to read, or has cancelled. */
  touched = false;
  /** Whether nobody will read on. */
  cancelled = false;
  #demand: BodyDemand;
  #chunks: Uint8Array[] = [];
  /** The memory of the last of the chunks, where that has room for small ones behind it. */
  #joined: Uint8Array | undefined;
  #size = 0;
  #ended = false;
  #error: { readonly reason: unknown } | undefined;
  /** Why nobody will read on, where some had still to come. */
  #cancelReason: unknown;
  #waiter: Waiter | undefined;
  #fields: readonly Field[] = [];
  #trailers: PromiseWithResolvers<readonly Field[]> | undefined;

  /** Made with the request; `length` in bytes where the head announced it. */
  constructor(demand: BodyDemand, length: number | undefined) {
    this.#demand = demand;
    this.length = length;
  }

  /** Whether there's room for more. */
  get hungry(): boolean {
    return !this.cancelled && this.#size < HIGH_WATER;
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
      this.#demand.wanted();
      return chunk;
    }
    if (this.#error !== undefined) return Promise.reject(this.#error.reason);
    if (this.#ended || this.cancelled) {
      this.#finish();
      return null;
    }
    if (this.#waiter !== undefined) {
      return Promise.reject(new TypeError("Cannot read content as another read of it must not be pending"));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | null>();
    this.#waiter = { resolve, reject };
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
    if (!this.settled) {
      this.#cancelReason = reason ?? new TypeError("Cannot read trailers as the content was cancelled");
      this.#rejectTrailers(this.#cancelReason);
    }
    this.#demand.cancelled();
  }

  /** The answer is complete and nobody has read: nobody can any more. */
  drop(): void {
    this.cancelled = true;
    this.#chunks.length = this.#size = 0;
    this.fail(new TypeError("Cannot read content as it was thrown away when the answer was complete"));
  }

  /** See {@linkcode BodySource.trailers}. */
  trailers(): Promise<readonly Field[]> {
    if (this.#trailers === undefined) {
      this.#trailers = Promise.withResolvers();
      if (this.#error !== undefined) this.#rejectTrailers(this.#error.reason);
      else if (this.#cancelReason !== undefined) this.#rejectTrailers(this.#cancelReason);
      else if (this.#ended && this.#chunks.length === 0) this.#finish();
    }
    return this.#trailers.promise;
  }

  /** Takes a piece off the wire; it is the reader's from now on. */
  push(bytes: Uint8Array): void {
    const waiter = this.#waiter;
    if (waiter !== undefined) {
      this.#waiter = undefined;
      waiter.resolve(bytes);
      return;
    }
    this.#size += bytes.length;
    if (!this.#join(bytes)) this.#chunks.push(bytes);
  }

  /** Puts a small piece behind the last that waits, if both fit: a client chooses how small its pieces are. */
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
    this.#waiter?.resolve(null);
    this.#waiter = undefined;
    if (this.#chunks.length === 0) this.#finish();
  }

  /** The content is broken off; what came before can still be read. */
  fail(reason: unknown): void {
    if (this.settled) return;
    this.#error = { reason };
    this.#waiter?.reject(reason);
    this.#waiter = undefined;
    this.#rejectTrailers(reason);
  }

  #finish(): void {
    this.#trailers?.resolve(this.#fields);
  }

  #rejectTrailers(reason: unknown): void {
    if (this.#trailers === undefined) return;
    this.#trailers.promise.catch(() => {}); // whoever asked is told; nobody else needs to be
    this.#trailers.reject(reason);
  }
}
