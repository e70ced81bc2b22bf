/**
 * Owns the bytes of what a chunk's end broke off, so that it can be had whole later; knows nothing of what they mean.
 *
 * @module
 */

/** A larger buffer is not kept for the next time. */
const KEPT_BYTES = 64 * 1024;

const NO_BYTES = new Uint8Array(0);

/**
 * Refuses what is no chunk, or comes at the wrong time.
 *
 * @throws {TypeError} If it is no `Uint8Array`, the last one was not read to its end, or the end was told.
 */
export function checkChunk(chunk: Uint8Array, unread: boolean, ended: boolean): void {
  if (unread) throw new TypeError("Cannot write chunk as the last one must be read to its end");
  if (ended) throw new TypeError("Cannot write chunk as it must come before the end");
  if (!(chunk instanceof Uint8Array)) {
    throw new TypeError(`Cannot write chunk as it must be a Uint8Array: received ${typeof chunk}`);
  }
}

/** The current chunk, and those bytes before it that are still wanted. */
export class Window {
  #chunk: Uint8Array = NO_BYTES;
  #chunkStart = 0;
  #held: Uint8Array = NO_BYTES;
  #heldStart = 0;
  #heldLength = 0;

  /** Offset of the byte after the chunk. */
  get end(): number {
    return this.#chunkStart + this.#chunk.length;
  }

  /** Takes the next chunk. Its bytes must not change until {@linkcode Window.keep}. */
  feed(chunk: Uint8Array): void {
    this.#chunkStart += this.#chunk.length;
    this.#chunk = chunk;
  }

  /** Copies what is wanted later, all bytes from `offset` on, and lets the chunk go; `undefined` wants nothing. */
  keep(offset: number | undefined): void {
    if (offset === undefined) {
      this.#heldLength = 0;
      if (this.#held.length > KEPT_BYTES) this.#held = NO_BYTES;
    } else {
      if (offset >= this.#chunkStart || this.#heldLength === 0) {
        this.#heldLength = 0;
        this.#heldStart = offset;
      }
      this.#append(this.#chunk.subarray(Math.max(0, offset - this.#chunkStart)));
    }
    this.#chunkStart += this.#chunk.length;
    this.#chunk = this.#chunk.subarray(this.#chunk.length);
  }

  /** Gives the bytes of a range that is in the chunk or was kept; good until the next call. */
  slice(start: number, end: number): Uint8Array {
    if (start >= this.#chunkStart) return this.#chunk.subarray(start - this.#chunkStart, end - this.#chunkStart);
    if (end > this.#chunkStart) {
      const held = this.#heldLength;
      this.#append(this.#chunk.subarray(0, end - this.#chunkStart));
      this.#heldLength = held;
    }
    return this.#held.subarray(start - this.#heldStart, end - this.#heldStart);
  }

  #append(bytes: Uint8Array): void {
    const length = this.#heldLength + bytes.length;
    if (length > this.#held.length) {
      const grown = new Uint8Array(Math.max(length, this.#held.length * 2, 256));
      grown.set(this.#held.subarray(0, this.#heldLength));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#heldLength);
    this.#heldLength = length;
  }
}
