/**
 * Owns the bytes of a connection that were read and not used yet. Unlike the reader of `net/`, it writes to the same memory
 * again and again: whoever uses bytes here has copied or decoded them by then. Knows nothing of what they mean.
 *
 * @module
 */

/** What an idle connection parks on, in bytes: most messages fit. */
const LEAST_SIZE = 512;

/** Largest memory that reads which fill theirs lead to, in bytes. */
const MOST_SIZE = 64 * 1024;

/** A read is small that fills no more than this part of the memory. */
const SMALL_SHARE = 16;

/** So many small reads in a row lead to smaller memory: the end of a long message alone doesn't. */
const SMALL_READS = 8;

/** Unread bytes, and the room behind them. */
export class ReadBuffer {
  /** The memory. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(LEAST_SIZE);
  /** Where the unread bytes begin. */
  start = 0;
  /** Where they end, exclusive. */
  end = 0;
  #size = LEAST_SIZE;
  #small = 0;

  /** The room for the next read: all memory but for the unread bytes, which move to the front. */
  space(): Uint8Array<ArrayBuffer> {
    const unread = this.end - this.start;
    const size = Math.max(this.#size, 2 * unread);
    if (size !== this.bytes.length) {
      const bytes = new Uint8Array(size);
      bytes.set(this.bytes.subarray(this.start, this.end));
      this.bytes = bytes;
    } else if (unread > 0 && this.start > 0) {
      this.bytes.copyWithin(0, this.start, this.end);
    }
    this.start = 0;
    this.end = unread;
    return unread === 0 ? this.bytes : new Uint8Array(this.bytes.buffer, unread);
  }

  /** Makes unread bytes of the first `count` bytes of the space. */
  commit(count: number): void {
    const free = this.bytes.length - this.end;
    this.end += count;
    this.#small = count * SMALL_SHARE < this.#size ? this.#small + 1 : 0;
    if (count === free) {
      this.#size = Math.min(this.#size * 2, MOST_SIZE);
    } else if (this.#small === SMALL_READS) {
      this.#size = Math.max(this.#size >>> 1, LEAST_SIZE);
      this.#small = 0;
    }
  }
}
