/**
 * Owns what an encoder finds fields by: both tables (RFC 7541 §2.3.3), by name and value and by name, each in constant
 * time. Knows nothing of what is worth an entry, or of octets.
 *
 * @module
 */

import { DynamicTable } from "./dynamic_table.ts";
import { STATIC_LENGTH, STATIC_NAMES, type StaticName } from "./static_table.ts";

/** An entry of the dynamic table. */
interface Indexed {
  readonly name: string;
  readonly value: string;
  /** Its number among all that were ever put in. */
  readonly number: number;
  readonly place: NamePlace;
}

/** All that is known of a name; made when the name is first looked for, gone with its last entry unless it is static. */
export interface NamePlace {
  /** Where the static table has the name. */
  readonly inStatic: StaticName | undefined;
  /** The newest of its entries: as the oldest are evicted first, it is the last to go. */
  newest: Indexed | undefined;
  /** All its entries by value, once it has had more than one; most names never have. */
  byValue: Map<string, Indexed> | undefined;
  /** The value that was last written without an entry. */
  unindexed: string | undefined;
}

/** The static table and one dynamic table, and the places of names and values in them. */
export class FieldIndex {
  readonly #places = new Map<string, NamePlace>();
  readonly #table: DynamicTable<Indexed>;

  /** Makes an index whose dynamic table has `maxSize` bytes. */
  constructor(maxSize: number) {
    this.#table = new DynamicTable(maxSize, (entry) => this.#forget(entry));
  }

  /** The most that the dynamic table's size may be, in bytes. */
  get maxSize(): number {
    return this.#table.maxSize;
  }

  /** The dynamic table's fields, the newest first. */
  get entries(): { readonly name: string; readonly value: string }[] {
    return Array.from({ length: this.#table.length }, (_, place) => {
      const { name, value } = this.#table.at(place)!;
      return { name, value };
    });
  }

  /** Sets the dynamic table's maximum size and evicts what no longer fits. */
  resize(maxSize: number): void {
    this.#table.resize(maxSize);
  }

  /** Gives what is known of a name; `undefined` where neither table has it. */
  placeOf(name: string): NamePlace | undefined {
    const place = this.#places.get(name);
    if (place !== undefined) return place;
    const inStatic = STATIC_NAMES.get(name);
    return inStatic === undefined ? undefined : this.#add(name, inStatic);
  }

  /** Gives the index of the field with this place's name and this value; 0 where neither table has it. */
  indexOf(place: NamePlace, value: string): number {
    const { newest, inStatic } = place;
    if (newest !== undefined) {
      if (newest.value === value) return this.#indexOf(newest);
      const entry = place.byValue?.get(value);
      if (entry !== undefined) return this.#indexOf(entry);
    }
    if (inStatic === undefined) return 0;
    for (const row of inStatic.values) { // 7 at most
      if (row.value === value) return row.index;
    }
    return 0;
  }

  /** Gives an index with this place's name; 0 where neither table has it. */
  indexOfName(place: NamePlace): number {
    if (place.inStatic !== undefined) return place.inStatic.index;
    return place.newest === undefined ? 0 : this.#indexOf(place.newest);
  }

  /** Puts a field that is in neither table into the dynamic one (RFC 7541 §4.4). */
  insert(name: string, value: string): void {
    const place = this.placeOf(name) ?? this.#add(name, undefined);
    const entry: Indexed = { name, value, number: this.#table.inserted + 1, place };
    if (!this.#table.insert(entry)) return this.#dropEmpty(name, place);
    if (place.newest === undefined) {
      this.#places.set(name, place); // the evictions may have dropped it
    } else {
      place.byValue ??= new Map([[place.newest.value, place.newest]]);
      place.byValue.set(value, entry);
    }
    place.newest = entry;
  }

  #add(name: string, inStatic: StaticName | undefined): NamePlace {
    const place: NamePlace = { inStatic, newest: undefined, byValue: undefined, unindexed: undefined };
    this.#places.set(name, place);
    return place;
  }

  #indexOf(entry: Indexed): number {
    return STATIC_LENGTH + 1 + this.#table.inserted - entry.number;
  }

  #forget(entry: Indexed): void {
    const { name, value, place } = entry;
    place.byValue?.delete(value);
    if (place.newest !== entry) return;
    place.newest = undefined;
    place.byValue = undefined;
    this.#dropEmpty(name, place);
  }

  #dropEmpty(name: string, place: NamePlace): void {
    if (place.inStatic === undefined && place.newest === undefined) this.#places.delete(name);
  }
}
