/**
 * Owns the encoding of field lists to header blocks (RFC 7541 §6) and the table that goes with it. Knows nothing of frames,
 * and not what the fields mean beside Cookie's crumbs.
 *
 * @module
 */

import { CodedStrings } from "./coded_strings.ts";
import { cookieCrumbs, MAX_CRUMBS } from "./cookie.ts";
import type { HpackField } from "./field.ts";
import { FieldIndex } from "./field_index.ts";
import { type Indexing, indexingOf, type IndexingPolicy, isSecret } from "./indexing.ts";
import { MAX_INTEGER_OCTETS, writeInteger } from "./integer.ts";
import { checkedTableSize, DEFAULT_TABLE_SIZE } from "./limits.ts";
import { INCREMENTAL, INDEXED, NEVER, SIZE_UPDATE, WITHOUT } from "./representation.ts";
import { STATIC_FIELDS, STATIC_NAMES } from "./static_table.ts";
import { writeString } from "./string.ts";

/** What an {@linkcode HpackEncoder} may be told. */
export interface HpackEncoderOptions {
  /**
   * Largest table that is kept, in bytes, whatever the peer allows: an integer of 0 to 2^32 - 1. It costs this side's memory.
   *
   * @default {4096}
   */
  readonly maxTableSize?: number;
  /**
   * Chooses how fields that are in no table are written.
   *
   * @default {indexingOf}
   */
  readonly indexing?: IndexingPolicy;
}

/** Most octets beside a field's own: an index, and the lengths of name and value. */
const FIELD_FRAME = 3 * MAX_INTEGER_OCTETS;

/** Most octets of the size updates before a block (RFC 7541 §4.2). */
const UPDATES_FRAME = 2 * MAX_INTEGER_OCTETS;

/** How the literals begin, and how many bits the index of their name has. */
const LITERAL: Readonly<Record<Indexing, { readonly pattern: number; readonly bits: number }>> = {
  incremental: { pattern: INCREMENTAL, bits: 6 },
  without: { pattern: WITHOUT, bits: 4 },
  never: { pattern: NEVER, bits: 4 },
};

/** 1 at the indices of names whose values are secrets; all of them are in the static table. */
const SECRET: Uint8Array = Uint8Array.from([{ name: "" }, ...STATIC_FIELDS], ({ name }) => isSecret(name) ? 1 : 0);

/** What was written lately, by all encoders, save secrets. */
export const CODED: CodedStrings = new CodedStrings();

/** Gives how many bytes the block of these fields takes at most, size updates and all. */
export function maxBlockSize(fields: readonly HpackField[]): number {
  let size = UPDATES_FRAME;
  for (const { name, value } of fields) {
    size += name.length + value.length + FIELD_FRAME;
    if (name === "cookie") size += Math.min(MAX_CRUMBS, value.length) * FIELD_FRAME;
  }
  return size;
}

/**
 * Encodes one field list after another; one encoder a connection.
 *
 * @example
 * ```ts
 * import { HpackEncoder } from "@avx/http/hpack";
 *
 * const encoder = new HpackEncoder();
 * const fields = [{ name: ":status", value: "200" }, { name: "server", value: "avx" }];
 * console.log(encoder.encodeBlock(fields).length, encoder.encodeBlock(fields).length); // 6 2
 * ```
 */
export class HpackEncoder {
  readonly #ownMax: number;
  readonly #indexing: IndexingPolicy;
  readonly #index: FieldIndex;
  /** The values that were last written without an entry, by name. */
  readonly #unindexed = new Map<string, string>();
  /** The size that the peer's table has after all blocks so far. */
  #announced = DEFAULT_TABLE_SIZE;
  /** The least size since the last block (RFC 7541 §4.2). */
  #least: number;

  /** Makes an encoder; the peer allows 4096 bytes until it says otherwise. Throws a `RangeError` for a bad option. */
  constructor(options: HpackEncoderOptions = {}) {
    this.#ownMax = checkedTableSize(options.maxTableSize ?? DEFAULT_TABLE_SIZE);
    this.#indexing = options.indexing ?? indexingOf;
    this.#least = Math.min(this.#ownMax, DEFAULT_TABLE_SIZE);
    this.#index = new FieldIndex(this.#least);
  }

  /** The dynamic table's fields, the newest first: a copy, for those who look into it. */
  get entries(): { readonly name: string; readonly value: string }[] {
    return this.#index.entries;
  }

  /**
   * Takes what the peer's SETTINGS_HEADER_TABLE_SIZE allows, in bytes. The next block tells the least and the last size that
   * came of it (RFC 7541 §4.2). Throws a `RangeError` where it is not an integer of 0 to 2^32 - 1.
   */
  setMaxTableSize(size: number): void {
    this.#resize(Math.min(checkedTableSize(size), this.#ownMax));
  }

  /**
   * Writes the block of these fields at `into[at]` and gives the place behind it, or -1 where the room is too small;
   * {@linkcode maxBlockSize} is always enough. A `cookie` is split into its crumbs (RFC 9113 §8.2.3).
   *
   * A block that was written must be sent, and in order: both tables count on it. Throws a `TypeError` where a character is
   * above U+00FF. After that, and after -1, the bytes are of no meaning and the next block begins with an empty table.
   */
  encode(fields: readonly HpackField[], into: Uint8Array, at: number): number {
    let end = -1;
    try {
      end = this.#writeFields(fields, into, this.#writeSizeUpdates(into, at));
    } finally {
      if (end < 0) this.#startAfresh();
    }
    if (end >= 0) this.#announced = this.#least = this.#index.maxSize;
    return end;
  }

  /** Gives the block of these fields in bytes of its own; see {@linkcode HpackEncoder.encode}. */
  encodeBlock(fields: readonly HpackField[]): Uint8Array<ArrayBuffer> {
    const into = new Uint8Array(maxBlockSize(fields));
    return into.slice(0, this.encode(fields, into, 0));
  }

  #resize(size: number): void {
    this.#index.resize(size);
    this.#least = Math.min(this.#least, size);
  }

  /** Empties the table, as the peer will not see what the present block has put into it. */
  #startAfresh(): void {
    const size = this.#index.maxSize;
    this.#resize(0);
    this.#resize(size);
  }

  /** §4.2: the least size, then the last. */
  #writeSizeUpdates(into: Uint8Array, at: number): number {
    const last = this.#index.maxSize;
    const dips = this.#least < this.#announced && this.#least < last;
    if (!dips && last === this.#announced) return at;
    if (into.length - at < UPDATES_FRAME) return -1;
    if (dips) at = writeInteger(into, at, this.#least, 5, SIZE_UPDATE);
    return writeInteger(into, at, last, 5, SIZE_UPDATE);
  }

  #writeFields(fields: readonly HpackField[], into: Uint8Array, at: number): number {
    for (let position = 0; position < fields.length && at >= 0; position++) {
      const field = fields[position]!;
      const { name, value } = field;
      if (field.sensitive === true) {
        at = this.#writeSensitive(into, at, name, value);
        continue;
      }
      const index = this.#index.indexAt(position, name, value);
      if (index > 0 && index < 0x7f && at < into.length) into[at++] = INDEXED | index;
      else at = this.#writeField(into, at, position, field);
    }
    return at;
  }

  /** Cookies in crumbs (RFC 9113 §8.2.3). */
  #writeSensitive(into: Uint8Array, at: number, name: string, value: string): number {
    const index = this.#index.indexOfName(STATIC_NAMES.get(name), this.#index.newestOf(name));
    if (name !== "cookie") return writeLiteral(into, at, index, { name, value }, "never");
    for (const crumb of cookieCrumbs(value)) {
      if (at >= 0) at = writeLiteral(into, at, index, { name, value: crumb }, "never");
    }
    return at;
  }

  #writeField(into: Uint8Array, at: number, position: number, field: HpackField): number {
    const { name, value } = field;
    if (name !== "cookie" || !value.includes("; ")) return this.#writeLine(into, at, position, field);
    for (const crumb of cookieCrumbs(value)) {
      if (at >= 0) at = this.#writeLine(into, at, position, { name, value: crumb });
    }
    return at;
  }

  #writeLine(into: Uint8Array, at: number, position: number, field: HpackField): number {
    const { name, value } = field;
    const rows = STATIC_NAMES.get(name);
    const newest = this.#index.newestOf(name);
    const index = this.#index.indexOf(position, rows, newest, value);
    if (index > 0) return into.length - at < MAX_INTEGER_OCTETS ? -1 : writeInteger(into, at, index, 7, INDEXED);
    const size = this.#index.maxSize;
    const repeats = rows !== undefined && this.#unindexed.get(name) === value;
    const indexing = this.#indexing(name, value, repeats, size);
    at = writeLiteral(into, at, this.#index.indexOfName(rows, newest), field, indexing);
    if (indexing === "incremental") this.#index.insert(position, newest, name, value);
    // Only for the few names of the static table, and for what could be an entry: this is memory of the connection.
    else if (indexing === "without" && rows !== undefined && value.length < size) this.#unindexed.set(name, value);
    return at;
  }
}

/** RFC 7541 §6.2: the name by its index where it has one. */
function writeLiteral(into: Uint8Array, at: number, index: number, field: HpackField, indexing: Indexing): number {
  const { name, value } = field;
  if (into.length - at < FIELD_FRAME + name.length + value.length) return -1;
  const { pattern, bits } = LITERAL[indexing];
  at = writeInteger(into, at, index, bits, pattern);
  if (index === 0) at = writeKnown(into, at, name);
  // Secrets are somebody's, and what isn't indexed is seldom the same twice.
  const known = indexing === "incremental" && SECRET[index] !== 1;
  return known ? writeKnown(into, at, value) : writeString(into, at, value);
}

/** Writes a string literal, from memory where it was written lately. */
function writeKnown(into: Uint8Array, at: number, text: string): number {
  const known = CODED.write(text, into, at);
  if (known >= 0) return known;
  const end = writeString(into, at, text);
  CODED.offer(text, into, at, end);
  return end;
}
