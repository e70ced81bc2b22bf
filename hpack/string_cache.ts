/**
 * Owns a small memory of string literals that were decoded, by their octets on the wire. Knows nothing of how they are
 * decoded, or of who may be remembered.
 *
 * Requests repeat their strings where no table helps: a `:path` that its sender doesn't index, and all that the first block
 * of a new connection has. Finding one again costs some 25 ns, decoding it 50 to 300.
 *
 * @module
 */

/** How many strings are kept: sets of two, so that two strings that fall together don't drive each other out. */
const SLOTS = 512;

/** Longest literal that is kept, in octets with its length's; more are seldom the same twice. */
const WIDTH = 128;

/** A memory of fixed size (64 KiB of octets, and the texts); a string that finds its set full replaces one there. */
export class StringCache {
  readonly #octets = new Uint8Array(SLOTS * WIDTH);
  readonly #lengths = new Uint8Array(SLOTS);
  readonly #texts = new Array<string>(SLOTS).fill("");
  /** The slot that the next string is put into: in the set that was looked at last, not the one put into last. */
  #slot = 0;
  #turn = 0;

  /** Gives the text of the literal `bytes[start, end)`, from its length's first octet on; `undefined` where it isn't kept. */
  find(bytes: Uint8Array, start: number, end: number): string | undefined {
    const length = end - start;
    // Any mix will do: it decides on speed only.
    const middle = start + (length >> 1);
    const mix = (bytes[start]! * 0x9e5 + bytes[start + (length >> 2)]! * 0x1f35 + bytes[middle]! * 0x3b1 +
      bytes[end - (length >> 2) - 1]! * 0x6d7) + bytes[end - 1]! * 0x2c5;
    const slot = (mix ^ mix >> 9) & (SLOTS - 2);
    if (this.#holds(slot, bytes, start, length)) return this.#texts[slot];
    if (this.#holds(slot + 1, bytes, start, length)) return this.#texts[slot + 1];
    this.#slot = slot + (this.#turn ^= 1);
    return undefined;
  }

  /** Keeps the text of the literal that was looked for last and not found. */
  keep(bytes: Uint8Array, start: number, end: number, text: string): void {
    if (end - start > WIDTH) return;
    const base = this.#slot * WIDTH - start;
    for (let at = start; at < end; at++) this.#octets[base + at] = bytes[at]!;
    this.#lengths[this.#slot] = end - start;
    this.#texts[this.#slot] = text;
  }

  #holds(slot: number, bytes: Uint8Array, start: number, length: number): boolean {
    if (this.#lengths[slot] !== length) return false;
    const octets = this.#octets;
    const base = slot * WIDTH;
    for (let at = 0; at < length; at++) {
      if (octets[base + at] !== bytes[start + at]) return false;
    }
    return true;
  }
}
