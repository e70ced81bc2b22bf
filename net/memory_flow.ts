/**
 * Owns one direction of an in-memory wire: the bytes under way, who waits to read and who waits to write; knows nothing
 * of the other direction.
 *
 * @module
 */

import type { Scheduler, Timer } from "../timer/mod.ts";

/** How long things travel, and what measures it. */
export interface Delay {
  /** Milliseconds, > 0. */
  readonly latency: number;
  /** Wakes the flow when something arrives. */
  readonly scheduler: Scheduler;
}

/** How a direction ends: with what error, if any. */
interface Finish {
  readonly error?: Error;
}

/** Something that has left the writer and not reached the reader. */
interface Parcel {
  readonly due: number;
  readonly content: Uint8Array | Finish;
}

interface ParkedRead {
  readonly into: Uint8Array;
  readonly settle: PromiseWithResolvers<number | null>;
}

interface ParkedWrite {
  readonly from: Uint8Array;
  readonly settle: PromiseWithResolvers<number>;
}

/** One direction of an in-memory wire. */
export class Flow {
  readonly #chunkSize: number;
  readonly #capacity: number;
  readonly #delay: Delay | undefined;
  /** What the reader can have, the first entry from `#offset` on. */
  readonly #arrived: Uint8Array[] = [];
  #offset = 0;
  readonly #travelling: Parcel[] = [];
  #timer: Timer | undefined;
  /** Bytes arrived or travelling. */
  #size = 0;
  /** How the direction ended for the reader, once it has heard of it. */
  #finish: Finish | undefined;
  #parkedRead: ParkedRead | undefined;
  #parkedWrite: ParkedWrite | undefined;
  #ended = false;
  #writerClosed = false;
  #readerClosed = false;
  /** Why the writer's calls fail though it is open: the reader has gone. */
  #refusal: Error | undefined;

  /** Makes a direction: sizes in bytes, `Infinity` for no bound. */
  constructor(chunkSize: number, capacity: number, delay: Delay | undefined) {
    this.#chunkSize = chunkSize;
    this.#capacity = capacity;
    this.#delay = delay;
  }

  /** Reads what has arrived, or waits for it. */
  read(into: Uint8Array): Promise<number | null> {
    if (this.#readerClosed) return Promise.reject(closed("read"));
    if (this.#parkedRead) return Promise.reject(busy("read"));
    if (into.length === 0) return Promise.resolve(0);
    if (this.#arrived.length > 0) {
      const count = this.#pull(into);
      this.#admit();
      return Promise.resolve(count);
    }
    if (this.#finish) return this.#finish.error ? Promise.reject(this.#finish.error) : Promise.resolve(null);
    const settle = Promise.withResolvers<number | null>();
    this.#parkedRead = { into, settle };
    return settle.promise;
  }

  /** Takes a first part of `from`, or waits for room. */
  write(from: Uint8Array): Promise<number> {
    if (this.#writerClosed) return Promise.reject(closed("write"));
    if (this.#refusal) return Promise.reject(this.#refusal);
    if (this.#ended) return Promise.reject(new Deno.errors.BrokenPipe("Cannot write as this side was ended"));
    if (this.#parkedWrite) return Promise.reject(busy("write"));
    if (from.length === 0) return Promise.resolve(0);
    if (this.#size < this.#capacity) return Promise.resolve(this.#take(from));
    const settle = Promise.withResolvers<number>();
    this.#parkedWrite = { from, settle };
    return settle.promise;
  }

  /** Ends the writer's side, behind what it wrote. */
  end(): Promise<void> {
    if (this.#writerClosed) return Promise.reject(closed("end"));
    if (this.#refusal) return Promise.reject(this.#refusal);
    this.#finishWith({});
    return Promise.resolve();
  }

  /** Closes the writer's end: the reader still gets what was written, then the end, or the error where one is given. */
  closeWriter(error?: Error): void {
    if (this.#writerClosed) return;
    this.#leaveWriter();
    this.#finishWith(error ? { error } : {});
  }

  /** Breaks the direction at the writer's end: what is under way is lost, the reader sees the error at once. */
  breakOff(error: Error): void {
    if (this.#writerClosed) return;
    this.#leaveWriter();
    this.#drop();
    this.#ended = true;
    this.#arriveFinish({ error });
  }

  /** Closes the reader's end: the writer's calls fail with `refusal`. Gives how many bytes nobody read. */
  closeReader(refusal: (unread: number) => Error): number {
    if (this.#readerClosed) return 0;
    this.#readerClosed = true;
    this.#parkedRead?.settle.reject(interrupted("read"));
    this.#parkedRead = undefined;
    const unread = this.#size;
    this.#drop();
    this.#refusal = refusal(unread);
    this.#parkedWrite?.settle.reject(this.#refusal);
    this.#parkedWrite = undefined;
    return unread;
  }

  #leaveWriter(): void {
    this.#writerClosed = true;
    this.#parkedWrite?.settle.reject(interrupted("write"));
    this.#parkedWrite = undefined;
  }

  #finishWith(finish: Finish): void {
    if (this.#ended && !finish.error) return;
    this.#ended = true;
    if (this.#readerClosed) return;
    if (this.#delay) this.#send(this.#delay, finish);
    else this.#arriveFinish(finish);
  }

  /** Takes what the chunk size and the capacity allow; there is room. */
  #take(from: Uint8Array): number {
    const count = Math.min(from.length, this.#chunkSize, this.#capacity - this.#size);
    this.#size += count;
    if (this.#delay) this.#send(this.#delay, from.slice(0, count));
    else this.#arrive(from, count);
    return count;
  }

  #send(delay: Delay, content: Uint8Array | Finish): void {
    this.#travelling.push({ due: delay.scheduler.now() + delay.latency, content });
    if (this.#travelling.length > 1) return;
    this.#timer ??= delay.scheduler.timer(() => this.#land(delay));
    delay.scheduler.arm(this.#timer, delay.latency);
  }

  /** The first parcel is due, and perhaps others with it. */
  #land(delay: Delay): void {
    const now = delay.scheduler.now();
    do {
      const parcel = this.#travelling.shift();
      if (!parcel) return;
      if (parcel.content instanceof Uint8Array) this.#arrive(parcel.content, parcel.content.length);
      else this.#arriveFinish(parcel.content);
    } while (this.#travelling.length > 0 && this.#travelling[0]!.due <= now);
    const next = this.#travelling[0];
    if (next && this.#timer) delay.scheduler.arm(this.#timer, Math.max(0, next.due - now));
  }

  /** The first `count` of `bytes` reach the reader; a waiting one gets them straight, the rest is copied. */
  #arrive(bytes: Uint8Array, count: number): void {
    const parked = this.#parkedRead;
    let from = 0;
    if (parked) {
      from = Math.min(count, parked.into.length, this.#chunkSize);
      parked.into.set(bytes.subarray(0, from));
      this.#size -= from;
      this.#parkedRead = undefined;
      parked.settle.resolve(from);
    }
    if (from < count) this.#arrived.push(bytes.slice(from, count));
    this.#admit();
  }

  #arriveFinish(finish: Finish): void {
    this.#finish = finish;
    const parked = this.#parkedRead;
    this.#parkedRead = undefined;
    if (finish.error) parked?.settle.reject(finish.error);
    else parked?.settle.resolve(null);
  }

  /** Moves arrived bytes into `into`; gives how many. */
  #pull(into: Uint8Array): number {
    const most = Math.min(into.length, this.#chunkSize);
    let count = 0;
    while (count < most && this.#arrived.length > 0) {
      const first = this.#arrived[0]!;
      const part = first.subarray(this.#offset, this.#offset + most - count);
      into.set(part, count);
      count += part.length;
      this.#offset += part.length;
      if (this.#offset < first.length) break;
      this.#arrived.shift();
      this.#offset = 0;
    }
    this.#size -= count;
    return count;
  }

  /** Lets a waiting write go on, where there is room now. */
  #admit(): void {
    const parked = this.#parkedWrite;
    if (!parked || this.#size >= this.#capacity) return;
    this.#parkedWrite = undefined;
    parked.settle.resolve(this.#take(parked.from));
  }

  #drop(): void {
    this.#arrived.length = 0;
    this.#offset = 0;
    this.#travelling.length = 0;
    this.#size = 0;
    if (this.#delay && this.#timer) this.#delay.scheduler.cancel(this.#timer);
  }
}

function closed(what: string): Error {
  return new Deno.errors.BadResource(`Cannot ${what} as the transport is closed`);
}

function interrupted(what: string): Error {
  return new Deno.errors.Interrupted(`Cannot ${what} as the transport was closed meanwhile`);
}

function busy(what: string): Error {
  return new Deno.errors.Busy(`Cannot ${what} as another ${what} is parked`);
}
