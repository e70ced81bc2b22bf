/**
 * Owns the order of what happened and was not handled yet; knows nothing of what happened.
 *
 * @module
 */

/** Stands for "no more": shared, so never pushed to. */
const NONE: never[] = [];

/** First in, first out, for a consumer that empties it each time: one event costs no array, and none keeps none. */
export class EventQueue<T> {
  #first: T | undefined;
  #rest: T[] = NONE;
  #at = 0;

  /** Whether all was handled. */
  get empty(): boolean {
    return this.#first === undefined;
  }

  /** Adds what happened last. */
  push(event: T): void {
    if (this.#first === undefined) this.#first = event;
    else if (this.#rest === NONE) this.#rest = [event];
    else this.#rest.push(event);
  }

  /** Takes what happened first; `undefined` once all was handled. */
  shift(): T | undefined {
    const event = this.#first;
    if (this.#at < this.#rest.length) {
      this.#first = this.#rest[this.#at++];
    } else {
      this.#first = undefined;
      this.#rest = NONE;
      this.#at = 0;
    }
    return event;
  }
}
