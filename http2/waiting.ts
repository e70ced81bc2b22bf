/**
 * Owns a list of who waits since when, the longest first: as all of a list wait equally long at most, the first is the next
 * whose time is up. Knows no clock.
 *
 * @module
 */

/** Who waits, each since its last sign of life. */
export class Waiting<T> {
  readonly #limit: number;
  /** Made when somebody first waits: a connection has several of these lists, and most never need one. */
  #since: Map<T, number> | undefined = undefined;

  /** Made for a wait of at most `limit` milliseconds. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How long each may wait, in milliseconds. */
  get limit(): number {
    return this.#limit;
  }

  /** When the first one's time is up, in milliseconds; infinite where nobody waits. */
  get deadline(): number {
    if (this.#since === undefined || this.#since.size === 0) return Infinity;
    for (const since of this.#since.values()) return since + this.#limit;
    return Infinity;
  }

  /** One waits from now on, also if it waited before. */
  add(one: T, now: number): void {
    if (this.#limit === Infinity) return;
    this.#since ??= new Map();
    this.#since.delete(one);
    this.#since.set(one, now);
  }

  /** One waits from now on, if it does not already. */
  begin(one: T, now: number): void {
    if (this.#since?.has(one) !== true) this.add(one, now);
  }

  /** One waits no more. */
  remove(one: T): void {
    if (this.#since !== undefined && this.#since.size > 0) this.#since.delete(one);
  }

  /** Takes those whose time is up; one that is added meanwhile waits anew. */
  expire(now: number, late: (one: T) => void): void {
    if (this.#since === undefined) return;
    for (const [one, since] of this.#since) {
      if (since + this.#limit > now) return;
      this.#since.delete(one);
      late(one);
    }
  }
}
