/**
 * Owns what a fuzz target is, and the random numbers that make a run repeatable; knows no target.
 *
 * @module
 */

/** Random numbers that depend on nothing but their seed (xorshift, 32 bits). */
export class Random {
  #state: number;

  /** Begins the sequence of this seed. */
  constructor(seed: number) {
    this.#state = (seed | 0) || 1;
  }

  /** Gives an integer of 0 up to, and without, `limit`. */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  /** Gives one of the values. */
  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
}

/** What is fed with bytes that nobody would send. */
export interface FuzzTarget {
  /** The name to run it by. */
  readonly name: string;
  /** Gives inputs to start from. */
  corpus(): Uint8Array[];
  /** Gives pieces that inputs are made of, put in at random. */
  readonly words: readonly string[];
  /** Takes one input; throws where something that must hold does not. */
  run(input: Uint8Array, random: Random): void;
}
