/**
 * Owns the octets of a connection that nobody took yet, in order: small ones together in one arena, large ones by
 * reference. Knows nothing of what they mean, nor of sockets.
 *
 * @module
 */

/** Size of an arena, in bytes: some hundred small answers leave in one write. */
export const ARENA_BYTES = 16 * 1024;

/** Longest piece that is copied next to its neighbours, in bytes; a longer one costs less as a write of its own. */
const COPY_BYTES = 4 * 1024;

/** How many arenas are kept for reuse by all connections: 64 of 16 KiB are 1 MiB. */
const MAX_SPARES = 64;

const spares: Uint8Array[] = [];

/**
 * The outgoing octets of one connection: pushed by the protocol, taken by the writer.
 *
 * The view that {@linkcode Output.take} gives stays as it is until {@linkcode Output.sent} was told of it, though more is
 * pushed meanwhile. At most one view may be out.
 */
export class Output {
  /** What was sealed, first in, first out; `#head` is the index of the first one left. */
  #sealed: Uint8Array[] = [];
  #head = 0;
  /** The arena, whose open part `[#from, #at)` comes after all that is sealed. */
  #arena: Uint8Array | undefined;
  #from = 0;
  #at = 0;
  #sealedSize = 0;
  #total = 0;

  /** How many bytes wait. */
  get size(): number {
    return this.#sealedSize + this.#at - this.#from;
  }

  /** How many bytes were ever pushed: a mark that {@linkcode Output.sentTotal} passes once they have left. */
  get total(): number {
    return this.#total;
  }

  /** How many bytes were ever sent. */
  get sentTotal(): number {
    return this.#total - this.size;
  }

  /**
   * Gives an arena with room for `count` bytes (at most 16 KiB) behind {@linkcode Output.at}; what is written there
   * counts once {@linkcode Output.advance} was called.
   */
  reserve(count: number): Uint8Array {
    if (this.#arena === undefined) {
      this.#arena = spares.pop() ?? new Uint8Array(ARENA_BYTES);
    } else if (this.#at + count > ARENA_BYTES) {
      this.#seal();
      this.#arena = new Uint8Array(ARENA_BYTES);
      this.#from = this.#at = 0;
    }
    return this.#arena;
  }

  /** Where the next byte goes in the arena. */
  get at(): number {
    return this.#at;
  }

  /** Counts the bytes from {@linkcode Output.at} up to `end` as pushed. */
  advance(end: number): void {
    this.#total += end - this.#at;
    this.#at = end;
  }

  /** Pushes octets: few are copied, many kept by reference (the caller must not change those). */
  push(bytes: Uint8Array): void {
    const length = bytes.length;
    if (length === 0) return;
    if (length <= COPY_BYTES) {
      this.reserve(length).set(bytes, this.#at);
      this.advance(this.#at + length);
      return;
    }
    this.#seal();
    this.#sealed.push(bytes);
    this.#sealedSize += length;
    this.#total += length;
  }

  /** Pushes all that another output holds, by reference, and leaves that one empty. */
  absorb(other: Output): void {
    other.#seal();
    for (const piece of other.#sealed) this.push(piece);
    other.clear(); // its arena is not reused: this output may refer to it now
  }

  /** The first bytes that wait, as long a view as there is in one piece; `undefined` when nothing waits. */
  take(): Uint8Array | undefined {
    if (this.#head < this.#sealed.length) return this.#sealed[this.#head];
    const length = this.#at - this.#from;
    // Half the cost of `subarray`, which looks for a species: an arena begins where its buffer does.
    return length === 0 ? undefined : new Uint8Array(this.#arena!.buffer, this.#from, length);
  }

  /** Tells that the first `count` bytes of the view last taken have left. */
  sent(count: number): void {
    const first = this.#sealed[this.#head];
    if (first !== undefined) {
      this.#sealedSize -= count;
      if (count < first.length) {
        this.#sealed[this.#head] = first.subarray(count);
        return;
      }
      this.#sealed[this.#head++] = EMPTY;
      if (this.#head < this.#sealed.length) return;
      this.#sealed.length = this.#head = 0;
    } else {
      this.#from += count;
    }
    if (this.#from === this.#at) this.#release();
  }

  /** Forgets all that waits: the connection is gone. */
  clear(): void {
    this.#total -= this.size;
    this.#sealed.length = this.#head = this.#sealedSize = 0;
    this.#arena = undefined; // not reused: a write of it may still be under way
    this.#from = this.#at = 0;
  }

  /** Closes the arena's open part behind what was sealed before. */
  #seal(): void {
    if (this.#at === this.#from) return;
    this.#sealed.push(this.#arena!.subarray(this.#from, this.#at));
    this.#sealedSize += this.#at - this.#from;
    this.#from = this.#at;
  }

  /** Gives the arena back: all of it was sent. */
  #release(): void {
    const arena = this.#arena;
    this.#arena = undefined;
    this.#from = this.#at = 0;
    if (arena !== undefined && spares.length < MAX_SPARES) spares.push(arena);
  }
}

const EMPTY = new Uint8Array(0);
