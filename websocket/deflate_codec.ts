/**
 * Owns raw DEFLATE, one message at a time, on `node:zlib`: by a stream's handle where the platform has the one that is
 * expected, by its public one-shot functions elsewhere. Knows no WebSocket.
 *
 * @module
 */

import { constants, createDeflateRaw, createInflateRaw, deflateRawSync, inflateRawSync } from "node:zlib";

/** What a coder is made with. */
export interface CoderOptions {
  /** Size of the window: its logarithm to the base 2, 9 to 15. */
  readonly windowBits: number;
  /** How hard to compress, 0 to 9; of no meaning to a decoder. */
  readonly level: number;
  /** How much memory compression takes, 1 to 9; of no meaning to a decoder. */
  readonly memLevel: number;
}

/** Codes messages whose octets may refer back to those before. */
export interface Coder {
  /**
   * Codes one message, up to a flush. `unused` counts the octets behind a final block, which ends the data.
   *
   * @param maxBytes The most octets to give.
   * @throws {DeflateError} If the octets are malformed, or more would be given.
   */
  run(input: Uint8Array, maxBytes: number): { readonly output: Uint8Array<ArrayBuffer>; readonly unused: number };
  /** Forgets all that was coded before. */
  reset(): void;
  /** Frees what the coder holds; it is of no use then. */
  close(): void;
}

/** Octets that can't be decoded, or not within the limit. */
export class DeflateError extends Error {
  /** The class's name. */
  override readonly name: string = "DeflateError";
  /** Whether the limit was passed. */
  readonly tooBig: boolean;

  /** Made by a coder. */
  constructor(message: string, tooBig: boolean) {
    super(message);
    this.tooBig = tooBig;
  }
}

/** Makes coders; two kinds, that must do the same. */
export interface Coders {
  /** Makes a coder that compresses. */
  deflater(options: CoderOptions): Coder;
  /** Makes a coder that decompresses what may refer back to `history`, at most 32 KiB. */
  inflater(options: CoderOptions, history: Uint8Array): Coder;
}

const { Z_SYNC_FLUSH } = constants;

/** Where coders write to, in bytes; all of them share it, as each copies what it wrote before another can run. */
const SCRATCH = new Uint8Array(64 * 1024);

/** The streams' own output, which is not used, is as small as it may be. */
const LEAST_CHUNK = 64;

/** The part of a stream's handle that is called. */
interface Handle {
  onerror: unknown;
  reset(): void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputLeft: number,
    output: Uint8Array,
    outputAt: number,
    outputLeft: number,
  ): void;
}

function isHandle(value: unknown): value is Handle {
  if (typeof value !== "object" || value === null || !("onerror" in value)) return false;
  return typeof Reflect.get(value, "writeSync") === "function" && typeof Reflect.get(value, "reset") === "function";
}

/** A stream that is driven by its handle: a message of 64 bytes takes 0.3 µs so, and 5 by a one-shot function. */
class HandleCoder implements Coder {
  readonly #stream: { close(): void };
  readonly #handle: Handle;
  /** What the handle tells after each step: output left, input left. */
  readonly #state: Uint32Array;
  #failure: string | undefined;

  constructor(stream: { close(): void }) {
    const handle: unknown = Reflect.get(stream, "_handle");
    const state: unknown = Reflect.get(stream, "_writeState");
    if (!isHandle(handle) || !(state instanceof Uint32Array)) throw new TypeError("Cannot find the stream's handle");
    this.#stream = stream;
    this.#handle = handle;
    this.#state = state;
    handle.onerror = (message: unknown) => {
      this.#failure = String(message);
    };
  }

  run(input: Uint8Array, maxBytes: number): { readonly output: Uint8Array<ArrayBuffer>; readonly unused: number } {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let total = 0;
    let left = input.length;
    do {
      const room = Math.min(SCRATCH.length, maxBytes - total + 1);
      this.#handle.writeSync(Z_SYNC_FLUSH, input, input.length - left, left, SCRATCH, 0, room);
      if (this.#failure !== undefined) throw this.#failed();
      left = this.#state[1]!;
      const count = room - this.#state[0]!;
      total += count;
      if (total > maxBytes) throw passed(maxBytes);
      pieces.push(SCRATCH.slice(0, count));
    } while (this.#state[0] === 0); // the output was full: there may be more
    return { output: pieces.length === 1 ? pieces[0]! : join(pieces, total), unused: left };
  }

  #failed(): DeflateError {
    const error = malformed(this.#failure);
    this.#failure = undefined;
    return error;
  }

  reset(): void {
    this.#handle.reset();
  }

  close(): void {
    this.#stream.close();
  }
}

/** Compresses each message on its own, as is everyone's right. */
class OneShotDeflater implements Coder {
  readonly #options: CoderOptions;

  constructor(options: CoderOptions) {
    this.#options = options;
  }

  run(input: Uint8Array): { readonly output: Uint8Array<ArrayBuffer>; readonly unused: number } {
    const output = deflateRawSync(input, { ...this.#options, finishFlush: Z_SYNC_FLUSH });
    return { output: new Uint8Array(output), unused: 0 };
  }

  reset(): void {}

  close(): void {}
}

/** Keeps the octets that later ones may refer to, and puts them before each message: slow, and without any secret. */
class OneShotInflater implements Coder {
  readonly #options: CoderOptions;
  #history: Uint8Array<ArrayBuffer>;

  constructor(options: CoderOptions, history: Uint8Array) {
    this.#options = options;
    this.#history = history.slice();
  }

  run(input: Uint8Array, maxBytes: number): { readonly output: Uint8Array<ArrayBuffer>; readonly unused: number } {
    const before = this.#history.length;
    const block = storedBlock(this.#history);
    const { windowBits } = this.#options;
    const settings = { windowBits, finishFlush: Z_SYNC_FLUSH, maxOutputLength: before + Math.max(1, maxBytes) };
    try {
      const data = join([block, input], block.length + input.length);
      const done: unknown = inflateRawSync(data, { ...settings, info: true });
      const { bytes, used } = worked(done, data.length);
      if (bytes.length - before > maxBytes) throw passed(maxBytes);
      this.#remember(bytes);
      return { output: bytes.slice(before), unused: data.length - used };
    } catch (error) {
      if (error instanceof DeflateError) throw error;
      throw error instanceof RangeError ? passed(maxBytes) : malformed(error);
    }
  }

  #remember(bytes: Uint8Array): void {
    this.#history = bytes.slice(-(2 ** this.#options.windowBits));
  }

  reset(): void {
    this.#history = EMPTY;
  }

  close(): void {
    this.reset();
  }
}

/**
 * Octets as a block that stores them (RFC 1951 §3.2.4), so that what comes behind may refer to them: to give them as a
 * dictionary has no effect on raw DEFLATE in Deno 2.9.
 */
function storedBlock(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = bytes;
  if (length === 0) return EMPTY;
  const block = new Uint8Array(5 + length);
  block.set([0, length, length >>> 8, ~length, ~length >>> 8]);
  block.set(bytes, 5);
  return block;
}

function passed(maxBytes: number): DeflateError {
  return new DeflateError(`Cannot decompress as at most ${maxBytes} bytes are taken`, true);
}

function malformed(why: unknown): DeflateError {
  const text = why instanceof Error ? why.message : String(why);
  return new DeflateError(`Cannot decompress as the data must be DEFLATE: ${text}`, false);
}

/** What a one-shot function gives with `info`: its bytes, and how much of the input was used. */
function worked(done: unknown, given: number): { readonly bytes: Uint8Array<ArrayBuffer>; readonly used: number } {
  if (typeof done !== "object" || done === null) throw new TypeError("zlib must give bytes");
  const bytes: unknown = Reflect.get(done, "buffer");
  const engine: unknown = Reflect.get(done, "engine");
  if (!(bytes instanceof Uint8Array) || typeof engine !== "object" || engine === null) {
    return { bytes: done instanceof Uint8Array ? new Uint8Array(done) : EMPTY, used: given };
  }
  const used: unknown = Reflect.get(engine, "bytesWritten");
  return { bytes: new Uint8Array(bytes), used: typeof used === "number" ? used : given };
}

const EMPTY = new Uint8Array(0);

function join(pieces: readonly Uint8Array[], total: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** The last octets of what was decoded: those that a peer may still refer to. */
export class Window {
  readonly #size: number;
  /** A ring once it is of full size; all in order before. */
  #bytes: Uint8Array<ArrayBuffer> = EMPTY;
  #length = 0;
  #at = 0;

  /** Made for a window of `2 ** windowBits` bytes; its memory grows with what is pushed. */
  constructor(windowBits: number) {
    this.#size = 2 ** windowBits;
  }

  /** How many octets are kept. */
  get length(): number {
    return this.#length;
  }

  /** Adds octets behind all others; the oldest fall out. */
  push(bytes: Uint8Array): void {
    const size = this.#size;
    const last = bytes.length > size ? bytes.subarray(bytes.length - size) : bytes;
    if (last.length === 0) return;
    const wanted = Math.min(size, this.#length + last.length);
    if (wanted > this.#bytes.length) this.#grow(Math.min(size, Math.max(wanted, 2 * this.#bytes.length)));
    const first = Math.min(last.length, this.#bytes.length - this.#at);
    this.#bytes.set(first === last.length ? last : last.subarray(0, first), this.#at);
    if (first < last.length) this.#bytes.set(last.subarray(first), 0);
    this.#at = (this.#at + last.length) % this.#bytes.length;
    this.#length = wanted;
  }

  /** Gives the octets in order, as memory of their own. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#length);
    const start = this.#length === this.#bytes.length ? this.#at : 0;
    bytes.set(this.#bytes.subarray(start, this.#length), 0);
    bytes.set(this.#bytes.subarray(0, start), this.#length - start);
    return bytes;
  }

  /** Keeps no more memory than the octets need. */
  shrink(): void {
    this.#bytes = this.toBytes();
    this.#at = this.#length === this.#size ? 0 : this.#length;
  }

  #grow(size: number): void {
    const grown = new Uint8Array(size);
    grown.set(this.toBytes());
    this.#bytes = grown;
    this.#at = this.#length;
  }
}

/** Coders by the streams' handles. */
export const handleCoders: Coders = {
  deflater: (options) => new HandleCoder(createDeflateRaw({ ...options, chunkSize: LEAST_CHUNK })),
  inflater(options, history) {
    const coder = new HandleCoder(createInflateRaw({ ...options, chunkSize: LEAST_CHUNK }));
    if (history.length > 0) coder.run(storedBlock(history), history.length);
    return coder;
  },
};

/** Coders by the public one-shot functions. */
export const oneShotCoders: Coders = {
  deflater: (options) => new OneShotDeflater(options),
  inflater: (options, history) => new OneShotInflater(options, history),
};
