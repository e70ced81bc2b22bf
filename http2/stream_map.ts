/**
 * Owns the finding of streams by their numbers. Knows nothing of them but those.
 *
 * @module
 */

import type { Http2Stream } from "./stream.ts";

/** How many places there are at first; a power of two. */
const FIRST_PLACES = 16;

/**
 * Streams by their numbers: open addressing with linear probing. It is no `Map`, as that keeps what is gone alive: when it
 * sheds what was deleted, the old table still holds the streams of that time and leads on to the new table, so that once such
 * a table is old to the garbage collector, all that follow live as long. With 32 streams at a time that was a quarter of
 * all memory ever taken, and 10 % of the time. What a peer can do by choosing its numbers is bounded by how many streams it
 * may have: no search looks at more places.
 */
export class StreamMap<O> {
  #places: (Http2Stream<O> | undefined)[] = new Array(FIRST_PLACES).fill(undefined);
  #mask = FIRST_PLACES - 1;
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** The stream of this number. */
  get(id: number): Http2Stream<O> | undefined {
    return this.#places[this.#find(id)];
  }

  /** Adds a stream whose number is not there yet. */
  add(stream: Http2Stream<O>): void {
    if (++this.#size * 2 > this.#places.length) this.#grow();
    this.#places[this.#find(stream.id)] = stream;
  }

  /** Removes a stream; gives whether it was there. */
  delete({ id }: Http2Stream<O>): boolean {
    const places = this.#places;
    const mask = this.#mask;
    let hole = this.#find(id);
    if (places[hole] === undefined) return false;
    this.#size--;
    for (let at = hole;;) { // those behind it that only stand there as their own place was taken move up
      at = (at + 1) & mask;
      const stream = places[at];
      if (stream === undefined) break;
      if (((at - (stream.id >>> 1)) & mask) < ((at - hole) & mask)) continue;
      places[hole] = stream;
      hole = at;
    }
    places[hole] = undefined;
    return true;
  }

  /** All of them, by their numbers. */
  sorted(): Http2Stream<O>[] {
    return this.#places.filter((stream) => stream !== undefined).sort((a, b) => a.id - b.id);
  }

  /** Where the stream of a number is, or would be. */
  #find(id: number): number {
    const places = this.#places;
    const mask = this.#mask;
    for (let at = (id >>> 1) & mask;; at = (at + 1) & mask) {
      const stream = places[at];
      if (stream === undefined || stream.id === id) return at;
    }
  }

  #grow(): void {
    const streams = this.#places;
    const length = streams.length * 2;
    this.#places = new Array(length).fill(undefined);
    this.#mask = length - 1;
    for (const stream of streams) if (stream !== undefined) this.#places[this.#find(stream.id)] = stream;
  }
}
