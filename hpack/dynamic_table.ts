/**
 * Owns the dynamic table (RFC 7541 §2.3.2, §4): its order, its size and what is evicted. Knows neither side's use of it.
 *
 * @module
 */

import { FIELD_OVERHEAD } from "./field.ts";

/** What an entry must have; the table keeps the object that it is given. */
export interface Entry {
  /** The field's name, one character an octet. */
  readonly name: string;
  /** The field's value, one character an octet. */
  readonly value: string;
}

/** How many entries there is room for once there is one. */
const FIRST_CAPACITY = 32;

/** Gives the size of an entry, in bytes (RFC 7541 §4.1). */
export function sizeOfEntry(name: string, value: string): number {
  return name.length + value.length + FIELD_OVERHEAD;
}

/** First in, first out, in a ring that grows with its entries. */
export class DynamicTable<T extends Entry> {
  readonly #evicted: (entry: T) => void;
  /** Its length is 0 or a power of 2. */
  #ring: (T | undefined)[] = [];
  #inserted = 0;
  #length = 0;
  #size = 0;
  #maxSize: number;

  /** Makes an empty table of `maxSize` bytes, which tells `evicted` of each entry that leaves. */
  constructor(maxSize: number, evicted: (entry: T) => void = () => {}) {
    this.#maxSize = maxSize;
    this.#evicted = evicted;
  }

  /** How many entries there are. */
  get length(): number {
    return this.#length;
  }

  /** How many entries were ever put in: the number of the newest, where the first has 1. */
  get inserted(): number {
    return this.#inserted;
  }

  /** The sum of the entries' sizes, in bytes (RFC 7541 §4.1). */
  get size(): number {
    return this.#size;
  }

  /** The most that {@linkcode DynamicTable.size} may be, in bytes. */
  get maxSize(): number {
    return this.#maxSize;
  }

  /** Sets the maximum size and evicts what no longer fits (RFC 7541 §4.3). */
  resize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#makeRoom(0);
    if (this.#length === 0) this.#ring = [];
  }

  /** Gives an entry by its place, 0 for the newest; `undefined` behind the oldest. */
  at(place: number): T | undefined {
    return place < this.#length ? this.#ring[(this.#inserted - 1 - place) & (this.#ring.length - 1)] : undefined;
  }

  /** Gives an entry by its number; `undefined` where it was evicted. */
  numbered(number: number): T | undefined {
    return number > this.#inserted - this.#length ? this.#ring[(number - 1) & (this.#ring.length - 1)] : undefined;
  }

  /** Puts an entry in, after evicting what it needs; false, with all others gone, where it is larger than the table (§4.4). */
  insert(entry: T): boolean {
    const size = sizeOfEntry(entry.name, entry.value);
    this.#makeRoom(size);
    if (size > this.#maxSize) return false;
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[this.#inserted & (this.#ring.length - 1)] = entry;
    this.#inserted++;
    this.#length++;
    this.#size += size;
    return true;
  }

  /** Evicts from the oldest on, until so many more bytes fit or none is left. */
  #makeRoom(size: number): void {
    while (this.#length > 0 && this.#size + size > this.#maxSize) {
      const slot = (this.#inserted - this.#length) & (this.#ring.length - 1);
      const entry = this.#ring[slot]!;
      this.#ring[slot] = undefined;
      this.#length--;
      this.#size -= sizeOfEntry(entry.name, entry.value);
      this.#evicted(entry);
    }
  }

  #grow(): void {
    const old = this.#ring;
    const capacity = Math.max(FIRST_CAPACITY, old.length * 2);
    const ring = new Array<T | undefined>(capacity);
    for (let number = this.#inserted - this.#length; number < this.#inserted; number++) {
      ring[number & (capacity - 1)] = old[number & (old.length - 1)];
    }
    this.#ring = ring;
  }
}
