/**
 * Owns what an encoder finds fields by: both tables (RFC 7541 §2.3.3), by name and value and by name, each in constant
 * time. Knows nothing of what is worth an entry, or of octets.
 *
 * @module
 */

import { DynamicTable } from "./dynamic_table.ts";
import { STATIC_LENGTH, type StaticField } from "./static_table.ts";

/** The static table's rows of a name, where it has any. */
type StaticRows = readonly StaticField[] | undefined;

/** An entry of the dynamic table. */
export interface Indexed {
  /** The field's name. */
  readonly name: string;
  /** The field's value. */
  readonly value: string;
  /** Its number among all that were ever put in. */
  readonly number: number;
  /** All entries of the name by value, shared by them, once there was more than one; most names never have two. */
  byValue: Map<string, Indexed> | undefined;
  /** Where it stood in the last list that had it, or -1. */
  position: number;
}

/** Most fields of a list whose entries are remembered. */
const MAX_POSITIONS = 64;

/** The static table and one dynamic table, and the places of names and values in them. */
export class FieldIndex {
  readonly #table: DynamicTable<Indexed>;
  /** The newest entry of each name: as the oldest are evicted first, it is the last of its name to go. */
  readonly #newest = new Map<string, Indexed>();
  /** The entries of the fields in the last list, at their positions. */
  readonly #last: (Indexed | StaticField | undefined)[] = [];

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

  /**
   * Gives the index of the entry that stood at this position of the last list; 0 where it is no more, or has not this name
   * and value. Lists repeat, and this costs half of a look-up by {@linkcode FieldIndex.indexOf}.
   */
  indexAt(position: number, name: string, value: string): number {
    const entry = position < this.#last.length ? this.#last[position] : undefined;
    if (entry === undefined || entry.name !== name || entry.value !== value) return 0;
    return this.#indexOf(entry.number);
  }

  /** Gives the newest entry of a name, for the other methods: one look-up serves them all. */
  newestOf(name: string): Indexed | undefined {
    return this.#newest.get(name);
  }

  /** Gives the index of the field, which stands at this position of a list; 0 where neither table has it. */
  indexOf(position: number, rows: StaticRows, newest: Indexed | undefined, value: string): number {
    if (newest !== undefined) {
      const entry = newest.value === value ? newest : newest.byValue?.get(value);
      if (entry !== undefined) {
        this.#remember(position, entry);
        return this.#indexOf(entry.number);
      }
    }
    if (rows === undefined) return 0;
    for (const row of rows) { // 7 at most
      if (row.value !== value) continue;
      this.#setLast(position, row);
      return -row.number;
    }
    return 0;
  }

  /** Gives an index with the name, the static one first as it never changes; 0 where neither table has it. */
  indexOfName(rows: StaticRows, newest: Indexed | undefined): number {
    if (rows !== undefined) return -rows[0]!.number;
    return newest === undefined ? 0 : this.#indexOf(newest.number);
  }

  /** Puts a field that is in neither table, and stands at this position of a list, into the dynamic one (RFC 7541 §4.4). */
  insert(position: number, newest: Indexed | undefined, name: string, value: string): void {
    const entry: Indexed = { name, value, number: this.#table.inserted + 1, byValue: undefined, position: -1 };
    if (!this.#table.insert(entry)) return;
    if (newest !== undefined && this.#table.numbered(newest.number) !== undefined) { // not evicted for this one
      newest.byValue ??= new Map([[newest.value, newest]]);
      entry.byValue = newest.byValue.set(value, entry);
    }
    this.#newest.set(name, entry);
    this.#remember(position, entry);
  }

  /** An entry is remembered at one position, so that it leaves nothing behind when it goes. */
  #remember(position: number, entry: Indexed): void {
    if (entry.position >= 0 && this.#last[entry.position] === entry) this.#last[entry.position] = undefined;
    entry.position = position;
    this.#setLast(position, entry);
  }

  #setLast(position: number, entry: Indexed | StaticField): void {
    if (position >= MAX_POSITIONS) return;
    while (this.#last.length < position) this.#last.push(undefined);
    this.#last[position] = entry;
  }

  /** Numbers below 0 are the static table's, whose indices are fixed. */
  #indexOf(number: number): number {
    return number < 0 ? -number : STATIC_LENGTH + 1 + this.#table.inserted - number;
  }

  #forget(entry: Indexed): void {
    entry.byValue?.delete(entry.value);
    if (this.#newest.get(entry.name) === entry) this.#newest.delete(entry.name);
    if (entry.position >= 0 && this.#last[entry.position] === entry) this.#last[entry.position] = undefined;
  }
}
