/**
 * Owns the frames that wait to be sent and belong to no message: settings, answers to them and to pings, resets, credit and
 * farewells. Knows not when they are due.
 *
 * @module
 */

/** Size of a first buffer, in bytes: some frames. */
const FIRST_BYTES = 128;

/** Writes a frame at a place and gives the place behind it. */
export type WriteFrame = (into: Uint8Array, at: number) => number;

/** Frames in the order in which they were added. */
export class ControlFrames {
  #bytes = EMPTY;
  #end = 0;

  /** How many bytes wait. */
  get size(): number {
    return this.#end;
  }

  /** Adds what `write` writes, which is at most `room` bytes. */
  add(room: number, write: WriteFrame): void {
    if (this.#end + room > this.#bytes.length) this.#grow(this.#end + room);
    this.#end = write(this.#bytes, this.#end);
  }

  /** Moves all of them to `into[at]`; gives the place behind them. */
  moveTo(into: Uint8Array, at: number): number {
    into.set(this.#end === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#end), at);
    at += this.#end;
    this.#end = 0;
    if (this.#bytes.length > FIRST_BYTES) this.#bytes = EMPTY;
    return at;
  }

  #grow(room: number): void {
    const bytes = new Uint8Array(Math.max(FIRST_BYTES, room, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = bytes;
  }
}

const EMPTY = new Uint8Array(0);
