/**
 * Owns the unread bytes of a transport and the one parked read; knows nothing of what the bytes mean.
 *
 * @module
 */

import { ByteView } from "./byte_view.ts";
import { LimitError } from "./error.ts";
import type { Transport } from "./transport.ts";

/** Least free room that a read is worth, in bytes; with less left a new buffer is begun. */
export const DEFAULT_MIN_READ = 256;

/** First buffer, and the one an idle connection parks on, in bytes: most request heads fit. */
export const DEFAULT_INITIAL_SIZE = 1024;

/** Largest buffer that reads alone lead to, in bytes. */
export const DEFAULT_MAX_SIZE = 64 * 1024;

/** What {@linkcode Reader} may be told. */
export interface ReaderOptions {
  /**
   * Least free room that a read is worth, in bytes; with less left a new buffer is begun.
   *
   * @default {256}
   */
  readonly minRead?: number;
  /**
   * The size of the first buffer, and of those that small reads lead back to, in bytes; at least `minRead`.
   *
   * @default {1024}
   */
  readonly initialSize?: number;
  /**
   * Least size of a buffer behind one that was used up, in bytes: whoever used one up is busy, and a larger one lasts for
   * more reads; at most `maxSize`.
   *
   * @default {initialSize}
   */
  readonly busySize?: number;
  /**
   * The largest buffer that reads which fill theirs lead to, in bytes; at least `initialSize`.
   *
   * @default {65536}
   */
  readonly maxSize?: number;
  /**
   * Whether a buffer is used again once what it held was consumed: for owners who keep no view of it. Without it large
   * content costs as much new memory as it is long.
   *
   * @default {false}
   */
  readonly reuse?: boolean;
}

/** What {@linkcode Reader.readUntil} must be told. */
export interface ReadUntilOptions {
  /** The most bytes to give, the delimiter included. */
  readonly limit: number;
}

/** Whom {@linkcode Reader.watch} tells, once. */
export interface ReadWatcher {
  /** The read has ended: with more bytes, or `false` if the peer has ended its side. */
  filled(more: boolean): void;
  /** The read was rejected. */
  failed(error: unknown): void;
}

/**
 * The bytes of a {@linkcode Transport} that nobody took yet.
 *
 * Reads go to ever later places of a buffer, and to a new buffer once it is full: bytes once read are never written
 * again, so every view of them stays true for as long as someone keeps it.
 *
 * @example
 * ```ts
 * import { memoryPipe, Reader } from "@avx/http/net";
 * import { assertEquals } from "@std/assert";
 *
 * const [near, far] = memoryPipe();
 * await far.write(new TextEncoder().encode("GET / HTTP/1.1\r\n"));
 * const reader = new Reader(near);
 * const line = await reader.readUntil(new TextEncoder().encode("\r\n"), { limit: 8192 });
 * assertEquals(line.toText(), "GET / HTTP/1.1\r\n");
 * near.close();
 * far.close();
 * ```
 */
export class Reader {
  readonly #transport: Pick<Transport, "read">;
  readonly #minRead: number;
  readonly #initialSize: number;
  readonly #busySize: number;
  readonly #maxSize: number;
  readonly #reuse: boolean;
  #buffer: Uint8Array<ArrayBuffer> = EMPTY;
  #start = 0;
  #end = 0;
  /** How large the next buffer will be, in bytes. */
  #size: number;
  #parked = false;
  /** Whether the read that is parked is a watcher's, and who waits for it beside. */
  #watched = false;
  #joined: PromiseWithResolvers<boolean> | undefined;
  /** Whether someone may still write into the buffer's space. */
  #lent = false;

  /**
   * Makes a reader that alone reads from `transport`.
   *
   * @throws {RangeError} Unless `1 <= minRead <= initialSize <= maxSize`, all whole.
   */
  constructor(transport: Pick<Transport, "read">, options: ReaderOptions = {}) {
    const { minRead = DEFAULT_MIN_READ, initialSize = DEFAULT_INITIAL_SIZE, maxSize = DEFAULT_MAX_SIZE } = options;
    const { busySize = initialSize } = options;
    const sizes = [minRead, initialSize, busySize, maxSize];
    if (!sizes.every(isSize) || sizes.some((size, at) => at > 0 && sizes[at - 1]! > size)) {
      throw new RangeError(
        "Cannot make a reader as sizes must be 1 <= minRead <= initialSize <= busySize <= maxSize: received " +
          sizes.join(", "),
      );
    }
    this.#transport = transport;
    this.#minRead = minRead;
    this.#initialSize = initialSize;
    this.#busySize = busySize;
    this.#maxSize = maxSize;
    this.#reuse = options.reuse === true;
    this.#size = initialSize;
  }

  /** The bytes that {@linkcode Reader.start} and {@linkcode Reader.end} point into; another one after a read, perhaps. */
  get buffer(): Uint8Array {
    return this.#buffer;
  }

  /** Where the unread bytes begin in {@linkcode Reader.buffer}. */
  get start(): number {
    return this.#start;
  }

  /** Where the unread bytes end in {@linkcode Reader.buffer}, exclusive. */
  get end(): number {
    return this.#end;
  }

  /** How many bytes are unread. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** The unread bytes, without consuming them. */
  get view(): ByteView {
    return new ByteView(this.#buffer, this.#start, this.#end);
  }

  /**
   * Does one read, whose bytes join the unread ones; `false` once the peer has ended its side.
   *
   * While a read of {@linkcode Reader.watch} is parked, this waits for that one. Rejects with what the transport's read
   * rejects with, and with a `TypeError` while another fill is parked.
   */
  async fill(): Promise<boolean> {
    if (this.#watched && this.#joined === undefined) {
      this.#joined = Promise.withResolvers();
      return await this.#joined.promise;
    }
    if (this.#parked) throw new TypeError("Cannot fill as another fill is parked");
    this.#parked = true;
    try {
      const count = await this.#transport.read(this.space());
      if (count === null) return false;
      this.commit(count);
      return true;
    } finally {
      this.#parked = false;
    }
  }

  /**
   * Does one read as {@linkcode Reader.fill} does, and tells `watcher` of its end: parked it costs 0.3 KiB less than one
   * that is awaited. It can't be taken back; what it brings becomes unread bytes whoever cares by then.
   *
   * @throws {TypeError} While another read is parked.
   */
  watch(watcher: ReadWatcher): void {
    if (this.#parked) throw new TypeError("Cannot watch as a fill is parked");
    const read = this.#transport.read(this.space());
    this.#parked = this.#watched = true;
    read.then((count) => {
      if (count !== null) this.commit(count);
      this.#endWatch()?.resolve(count !== null);
      watcher.filled(count !== null);
    }, (error: unknown) => {
      this.#endWatch()?.reject(error);
      watcher.failed(error);
    });
  }

  /** The read of a watcher has ended; gives who has joined it. */
  #endWatch(): PromiseWithResolvers<boolean> | undefined {
    const joined = this.#joined;
    this.#parked = this.#watched = false;
    this.#joined = undefined;
    return joined;
  }

  /**
   * The room behind the unread bytes, at least `minRead` long; what is read into it becomes unread bytes by
   * {@linkcode Reader.commit}. For loops that can't spend a promise more: `commit(await transport.read(space()))`.
   */
  space(): Uint8Array {
    if (this.#reuse) this.#rewind();
    const free = this.#buffer.length - this.#end;
    if (free < this.#minRead) {
      const least = this.#buffer === EMPTY ? this.#size : Math.max(this.#size, this.#busySize);
      this.#renew(Math.max(least, 2 * (this.#end - this.#start)));
    } else if (this.#start === this.#end && free > 4 * Math.max(this.#size, this.#busySize)) {
      this.#renew(this.#size); // a buffer that is far too large for what comes by now
    }
    this.#lent = true;
    // Half the cost of `subarray`, which looks for a species: a buffer of ours begins where its memory does.
    return new Uint8Array(this.#buffer.buffer, this.#end);
  }

  /**
   * Makes unread bytes of the first `count` bytes of the {@linkcode Reader.space}.
   *
   * @throws {RangeError} If `count` is more than there is.
   */
  commit(count: number): void {
    const free = this.#buffer.length - this.#end;
    if (count !== count >>> 0 || count > free) {
      throw new RangeError(`Cannot commit bytes as the count must be 0 to ${free}: received ${count}`);
    }
    this.#lent = false;
    this.#end += count;
    if (count === free) {
      this.#size = Math.min(this.#size * 2, this.#maxSize);
    } else if (count * 4 < this.#size) {
      this.#size = Math.max(this.#size >>> 1, this.#initialSize);
    }
  }

  /**
   * Takes `count` bytes off the unread ones.
   *
   * @throws {RangeError} If `count` is more than there is.
   */
  consume(count: number): void {
    if (count !== count >>> 0 || count > this.#end - this.#start) {
      throw new RangeError(`Cannot consume bytes as the count must be 0 to ${this.length}: received ${count}`);
    }
    this.#start += count;
  }

  /**
   * Takes up to `limit` unread bytes (all by default) away as bytes of the caller's own: no view of anybody's shares
   * their memory, so they may be transferred. A large read that nobody has seen a part of is given without a copy.
   */
  take(limit: number = Infinity): Uint8Array<ArrayBuffer> {
    const start = this.#start;
    const end = Math.min(this.#end, start + limit);
    if (start === end) return new Uint8Array(0);
    if (start === 0 && end === this.#end && end * 2 >= this.#buffer.length && !this.#lent) {
      const whole = this.#buffer;
      this.#buffer = EMPTY;
      this.#start = this.#end = 0;
      return end === whole.length ? whole : whole.subarray(0, end);
    }
    this.#start = end;
    return this.#buffer.slice(start, end);
  }

  /** Tells that silence is expected: the next read that has nothing to join parks on a buffer of the initial size. */
  shrink(): void {
    this.#size = this.#initialSize;
  }

  /**
   * Reads on until `count` bytes are unread, and consumes them.
   *
   * Rejects with `Deno.errors.UnexpectedEof` if the peer ends before; then nothing is consumed.
   */
  async readExact(count: number): Promise<ByteView> {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`Cannot read bytes as the count must be a whole number >= 0: received ${count}`);
    }
    while (this.length < count) {
      if (this.#buffer.length - this.#start < count) this.#renew(Math.max(this.#size, count + this.#minRead));
      if (!await this.fill()) {
        throw new Deno.errors.UnexpectedEof(`Cannot read ${count} bytes as the peer ended after ${this.length}`);
      }
    }
    return this.#give(count);
  }

  /**
   * Reads on until `delimiter` is among the unread bytes, and consumes all up to its end; what is given ends with it.
   *
   * Rejects with {@linkcode LimitError} if it isn't within `limit` bytes, with `Deno.errors.UnexpectedEof` if the peer
   * ends before; then nothing is consumed.
   */
  async readUntil(delimiter: Uint8Array, options: ReadUntilOptions): Promise<ByteView> {
    const { limit } = options;
    if (delimiter.length === 0) throw new TypeError("Cannot read until a delimiter as it is empty");
    let searched = 0;
    while (true) {
      const at = this.view.indexOf(delimiter, searched);
      if (at >= 0 ? at + delimiter.length > limit : this.length >= limit) {
        throw new LimitError(`Cannot read until a delimiter as it must end within ${limit} bytes`, limit);
      }
      if (at >= 0) return this.#give(at + delimiter.length);
      searched = Math.max(0, this.length - delimiter.length + 1); // never a byte twice, but for a delimiter cut in two
      if (!await this.fill()) {
        throw new Deno.errors.UnexpectedEof(
          `Cannot read until a delimiter as the peer ended after ${this.length} bytes`,
        );
      }
    }
  }

  #give(count: number): ByteView {
    const view = new ByteView(this.#buffer, this.#start, this.#start + count);
    this.#start += count;
    return view;
  }

  /** Begins a buffer of `size` bytes, or more if a read needs it; the unread bytes are copied to its front. */
  /** Makes room in a buffer that is used up, or empty, by moving what is unread to its beginning: nobody has a view of it. */
  #rewind(): void {
    const unread = this.#end - this.#start;
    const usedUp = this.#buffer.length - this.#end < this.#minRead;
    if (unread > 0 && (!usedUp || 2 * unread > this.#buffer.length) || this.#size > this.#buffer.length) return;
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#start = 0;
    this.#end = unread;
  }

  #renew(size: number): void {
    const unread = this.#end - this.#start;
    const buffer = new Uint8Array(Math.max(size, unread + this.#minRead));
    buffer.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = unread;
  }
}

const EMPTY = new Uint8Array(0);

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}
