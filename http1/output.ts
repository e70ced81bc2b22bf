/**
 * Owns the octets of a connection that nobody took yet, in order: those of small and middling pieces side by side in an
 * arena, large ones by reference. Knows nothing of what they mean, nor of sockets.
 *
 * @module
 */

/** Size of a first arena, in bytes: room for some hundred small answers, which leave in one write. */
const SMALL_ARENA_BYTES = 16 * 1024;

/** Size of an arena for what is more, in bytes: four pieces of content of the longest that are copied. */
const LARGE_ARENA_BYTES = 256 * 1024;

/** Longest piece that is copied next to its neighbours, in bytes; for a longer one a write of its own is cheaper. */
export const COPY_BYTES: number = 64 * 1024;

/** Most output that waits for the peer, in bytes, before more answers or content are begun. hyper: about 400 KiB. */
export const OUTPUT_HIGH_WATER: number = 256 * 1024;

/** How many small arenas are kept for reuse by all connections: 64 of 16 KiB are 1 MiB. */
const MAX_SMALL_SPARES = 64;

/** How many large arenas are kept for reuse by all connections: 16 of 256 KiB are 4 MiB. */
const MAX_LARGE_SPARES = 16;

/** Memory for many pieces, and the view of its beginning that was last taken: answers alike in length need no new one. */
interface Arena {
  readonly bytes: Uint8Array;
  view: Uint8Array;
}

const smallSpares: Arena[] = [];
const largeSpares: Arena[] = [];

/** Stands for "nothing sealed": shared, so never pushed to. */
const NONE: Piece[] = [];

/** Octets that stay as they are until they are sent, and the arena that is free then, if they are the last of one. */
interface Piece {
  view: Uint8Array;
  /** How many bytes of it have not left; the view has fewer only where its owner has transferred the buffer. */
  left: number;
  readonly arena: Arena | undefined;
}

/**
 * The outgoing octets of one connection: pushed by the protocol, taken by the writer.
 *
 * The view that {@linkcode Output.take} gives stays as it is until {@linkcode Output.sent} was told of it, though more is
 * pushed meanwhile. At most one view may be out.
 */
export class Output {
  /** What comes before the arena's open part, first in, first out; `#head` is the index of the first one left. */
  #sealed: Piece[] = NONE;
  #head = 0;
  #sealedSize = 0;
  /** The arena, whose open part is `[#from, #at)`. */
  #arena: Arena | undefined;
  #from = 0;
  #at = 0;
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
   * Gives an arena with room for `count` bytes (at most 256 KiB) behind {@linkcode Output.at}; what is written there
   * counts once {@linkcode Output.advance} was called.
   */
  reserve(count: number): Uint8Array {
    const arena = this.#arena;
    if (arena !== undefined && this.#at + count <= arena.bytes.length) return arena.bytes;
    this.#seal(arena);
    this.#from = this.#at = 0;
    const next = arena === undefined && count <= SMALL_ARENA_BYTES
      ? smallSpares.pop() ?? makeArena(SMALL_ARENA_BYTES)
      : largeSpares.pop() ?? makeArena(LARGE_ARENA_BYTES);
    this.#arena = next;
    return next.bytes;
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

  /** Pushes octets: up to 64 KiB are copied, more kept by reference (the caller must not change those). */
  push(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length === 0) return;
    if (length > COPY_BYTES) {
      this.#seal(undefined);
      this.#addSealed({ view: bytes, arena: undefined });
      this.#total += length;
      return;
    }
    this.reserve(length).set(bytes, this.#at);
    this.advance(this.#at + length);
  }

  /** Pushes all that another output holds, and leaves that one empty. */
  absorb(other: Output): void {
    other.#seal(undefined);
    for (let at = other.#head; at < other.#sealed.length; at++) this.push(other.#sealed[at]!.view);
    other.clear();
  }

  /**
   * The first bytes that wait, as long a view as there is in one piece; `undefined` when nothing waits.
   *
   * @throws {TypeError} If the buffer of bytes kept by reference was transferred: nothing behind them may leave then.
   */
  take(): Uint8Array | undefined {
    if (this.#head < this.#sealed.length) return this.#takeSealed();
    const length = this.#at - this.#from;
    if (length === 0) return undefined;
    const arena = this.#arena!;
    // Half the cost of `subarray`, which looks for a species: an arena begins where its buffer does.
    if (this.#from > 0) return new Uint8Array(arena.bytes.buffer, this.#from, length);
    if (arena.view.length !== length) arena.view = new Uint8Array(arena.bytes.buffer, 0, length);
    return arena.view;
  }

  #takeSealed(): Uint8Array {
    const { view, left } = this.#sealed[this.#head]!;
    if (view.length === left) return view;
    throw new TypeError(`Cannot send bytes as their buffer must not be transferred: received ${left} bytes too few`);
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
    piece.left -= count;
    if (piece.left > 0) {
      if (piece.view.length > 0) piece.view = piece.view.subarray(count);
      return;
    }
    recycle(piece.arena);
    if (++this.#head < this.#sealed.length) return;
    this.#sealed = NONE;
    this.#head = 0;
    if (this.#from === this.#at) this.#release();
  }

  /** Nothing waits: the arena is free. */
  #release(): void {
    recycle(this.#arena);
    this.#arena = undefined;
    this.#from = this.#at = 0;
  }

  /** Forgets all that waits: the connection is gone. Nothing is reused, as a write may still be under way. */
  clear(): void {
    this.#total -= this.size;
    this.#sealed = NONE;
    this.#head =
      this.#sealedSize =
      this.#from =
      this.#at =
        0;
    this.#arena = undefined;
  }

  /**
   * Closes the arena's open part behind what was sealed before. `retired` is the arena if nothing more goes there: it is
   * free once this part was sent, or left to the garbage collector if there is no such part.
   */
  #seal(retired: Arena | undefined): void {
    if (this.#at === this.#from) return;
    this.#addSealed({ view: this.#arena!.bytes.subarray(this.#from, this.#at), arena: retired });
    this.#from = this.#at;
  }

  #addSealed({ view, arena }: Omit<Piece, "left">): void {
    const piece = { view, left: view.length, arena };
    if (this.#sealed === NONE) this.#sealed = [piece];
    else this.#sealed.push(piece);
    this.#sealedSize += view.length;
  }
}

function makeArena(length: number): Arena {
  const bytes = new Uint8Array(length);
  return { bytes, view: bytes };
}

/** Keeps an arena for the next who needs one, unless enough are kept. */
function recycle(arena: Arena | undefined): void {
  if (arena === undefined) return;
  if (arena.bytes.length === SMALL_ARENA_BYTES) {
    if (smallSpares.length < MAX_SMALL_SPARES) smallSpares.push(arena);
  } else if (largeSpares.length < MAX_LARGE_SPARES) {
    largeSpares.push(arena);
  }
}
