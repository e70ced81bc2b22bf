/**
 * Owns which slots of a timer wheel hold timers, one bit a slot; must not know what a timer is.
 *
 * @module
 */

/** Slots of one level. */
const SLOTS = 256;
/** Words of 32 bits of one level. */
const WORDS = SLOTS / 32;

/** A set of slots, each numbered `level * 256 + its number in the level`. */
export class Occupancy {
  readonly #words: Int32Array;

  /** Makes an empty set. */
  constructor(levels: number) {
    this.#words = new Int32Array(levels * WORDS);
  }

  /** Takes a slot in. */
  add(slot: number): void {
    this.#words[slot >>> 5]! |= 1 << (slot & 31);
  }

  /** Takes a slot out. */
  remove(slot: number): void {
    this.#words[slot >>> 5]! &= ~(1 << (slot & 31));
  }

  /** The lowest slot of a level, numbered in the level, or -1 if the level has none. */
  firstOf(level: number): number {
    const start = level * WORDS;
    for (let at = 0; at < WORDS; at++) {
      const word = this.#words[start + at]!;
      if (word !== 0) return at * 32 + 31 - Math.clz32(word & -word);
    }
    return -1;
  }
}
