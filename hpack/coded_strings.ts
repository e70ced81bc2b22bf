/**
 * Owns a small memory of strings as they were written, by their text. Knows nothing of how they are coded, or of who may be
 * remembered.
 *
 * The first block of a connection has all its strings written out, and most are those of the connection before: copying one
 * costs some 20 ns, coding it 2.5 ns a character.
 *
 * @module
 */

/** How many strings are kept. */
const SLOTS = 256;

/** Longest literal that is kept, in octets with its length's. */
const WIDTH = 128;

/** How many offers it takes until one is kept: keeping costs 0.1 µs, and lists of new values would do so all the time. */
const ADMIT_ONE_OF = 4;

/** A memory of fixed size (32 KiB of octets, and the texts); the string that was put in first makes room for the next. */
export class CodedStrings {
  readonly #octets = new Uint8Array(SLOTS * WIDTH);
  readonly #lengths = new Uint8Array(SLOTS);
  readonly #texts = new Array<string | undefined>(SLOTS).fill(undefined);
  readonly #slots = new Map<string, number>();
  #next = 0;
  #offered = 0;

  /** Copies the literal of `text` to `into[at]` and gives the place behind it; -1 where it isn't kept. */
  write(text: string, into: Uint8Array, at: number): number {
    const slot = this.#slots.get(text);
    if (slot === undefined) return -1;
    const octets = this.#octets;
    const start = slot * WIDTH;
    const end = start + this.#lengths[slot]!;
    for (let from = start; from < end; from++) into[at++] = octets[from]!;
    return at;
  }

  /**
   * Keeps one of {@linkcode ADMIT_ONE_OF} literals that it is offered: what is common is offered until it is kept, and what
   * is seen once seldom costs more than the offer.
   */
  offer(text: string, bytes: Uint8Array, start: number, end: number): void {
    if (++this.#offered % ADMIT_ONE_OF === 0) this.keep(text, bytes, start, end);
  }

  /** Keeps the literal of `text`, which was written to `bytes[start, end)` and isn't kept yet. */
  keep(text: string, bytes: Uint8Array, start: number, end: number): void {
    if (end - start > WIDTH) return;
    const slot = this.#next;
    this.#next = (slot + 1) % SLOTS;
    const old = this.#texts[slot];
    if (old !== undefined) this.#slots.delete(old);
    this.#slots.set(text, slot);
    this.#texts[slot] = text;
    this.#lengths[slot] = end - start;
    const base = slot * WIDTH - start;
    for (let at = start; at < end; at++) this.#octets[base + at] = bytes[at]!;
  }
}
