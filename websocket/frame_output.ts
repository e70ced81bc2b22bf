/**
 * Owns the frames of a connection that nobody took yet, in order: small ones side by side in memory that all connections
 * share, large and shared ones by reference. Knows nothing of what they mean.
 *
 * @module
 */

/** Size of memory for small frames, in bytes: room for some hundred of them, which leave in one write. */
const SMALL_ARENA = 16 * 1024;

/** Size of memory for what is longer, in bytes: a text of 20,000 characters fits, whatever it is in UTF-8. */
const LARGE_ARENA = 64 * 1024;

/** Most bytes that {@linkcode FrameOutput.reserve} gives. */
export const MAX_RESERVE = LARGE_ARENA;

/** How much memory of either size is kept for reuse: 1 MiB and 4 MiB. */
const MAX_SPARES = 64;

const smallSpares: Uint8Array<ArrayBuffer>[] = [];
const largeSpares: Uint8Array<ArrayBuffer>[] = [];

/** Stands for "nothing sealed": shared, so never pushed to. */
const NONE: Piece[] = [];

/** Octets that stay as they are until they are sent, and the arena that is free then, if they are the last of one. */
interface Piece {
  view: Uint8Array;
  readonly arena: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * What is to be sent: added by the connection, taken by the driver. At most one view may be out; it stays as it is until
 * {@linkcode FrameOutput.sent} was told of it, though more is added meanwhile.
 */
export class FrameOutput {
  /** What comes before the arena's open part `[#from, #at)`, first in, first out; `#head` is the first one left. */
  #sealed: Piece[] = NONE;
  #head = 0;
  #sealedSize = 0;
  #arena: Uint8Array<ArrayBuffer> | undefined;
  #from = 0;
  #at = 0;

  /** How many bytes wait. */
  get size(): number {
    return this.#sealedSize + this.#at - this.#from;
  }

  /** Where the next byte goes in what {@linkcode FrameOutput.reserve} gave. */
  get at(): number {
    return this.#at;
  }

  /** Gives memory with room for `count` bytes, at most {@linkcode MAX_RESERVE}, behind {@linkcode FrameOutput.at}; what is written there is not sent yet. */
  reserve(count: number): Uint8Array<ArrayBuffer> {
    const arena = this.#arena;
    if (arena !== undefined && this.#at + count <= arena.length) return arena;
    const isLarge = count > SMALL_ARENA || (arena !== undefined && this.#at > this.#from);
    this.#seal(arena);
    this.#from = this.#at = 0;
    return this.#arena = isLarge
      ? largeSpares.pop() ?? new Uint8Array(LARGE_ARENA)
      : smallSpares.pop() ?? new Uint8Array(SMALL_ARENA);
  }

  /** Adds the bytes from {@linkcode FrameOutput.at} up to `end`. */
  advance(end: number): void {
    this.#at = end;
  }

  /** Adds bytes by reference: nobody may change them any more. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#seal(undefined);
    this.#add({ view: bytes, arena: undefined });
  }

  /** The first bytes that wait, as long a view as there is in one piece; `undefined` when nothing waits. */
  take(): Uint8Array | undefined {
    if (this.#head < this.#sealed.length) return this.#sealed[this.#head]!.view;
    const length = this.#at - this.#from;
    if (length === 0) return undefined;
    return new Uint8Array(this.#arena!.buffer, this.#from, length); // half the cost of `subarray`
  }

  /** Tells that the first `count` bytes of the view last taken have left. */
  sent(count: number): void {
    if (this.#head < this.#sealed.length) return this.#sentSealed(count);
    this.#from += count;
    if (this.#from === this.#at) this.#release();
  }

  #sentSealed(count: number): void {
    const piece = this.#sealed[this.#head]!;
    this.#sealedSize -= count;
    if (count < piece.view.length) {
      piece.view = piece.view.subarray(count);
      return;
    }
    recycle(piece.arena);
    if (++this.#head < this.#sealed.length) return;
    this.#sealed = NONE;
    this.#head = 0;
    if (this.#from === this.#at) this.#release();
  }

  /** Forgets all that waits. Nothing is reused, as a write may still be under way. */
  clear(): void {
    this.#sealed = NONE;
    this.#head =
      this.#sealedSize =
      this.#from =
      this.#at =
        0;
    this.#arena = undefined;
  }

  /** Nothing waits: the memory is free. */
  #release(): void {
    recycle(this.#arena);
    this.#arena = undefined;
    this.#from = this.#at = 0;
  }

  /** Closes the arena's open part; `retired` is the arena if nothing more goes there. */
  #seal(retired: Uint8Array<ArrayBuffer> | undefined): void {
    if (this.#at === this.#from) {
      if (this.#sealed === NONE) recycle(retired); // else a write may be under way in it
      return;
    }
    this.#add({ view: new Uint8Array(this.#arena!.buffer, this.#from, this.#at - this.#from), arena: retired });
    this.#from = this.#at;
  }

  #add(piece: Piece): void {
    if (this.#sealed === NONE) this.#sealed = [piece];
    else this.#sealed.push(piece);
    this.#sealedSize += piece.view.length;
  }
}

/** Keeps memory for the next who needs some, unless enough is kept. */
function recycle(arena: Uint8Array<ArrayBuffer> | undefined): void {
  if (arena === undefined) return;
  const spares = arena.length === SMALL_ARENA ? smallSpares : largeSpares;
  if (spares.length < MAX_SPARES) spares.push(arena);
}
