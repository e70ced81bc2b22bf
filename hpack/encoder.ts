/**
 * Owns the encoding of field lists to header blocks (RFC 7541 §6) and the table that goes with it. Knows nothing of frames,
 * and not what the fields mean beside Cookie's crumbs.
 *
 * @module
 */

import { cookieCrumbs, MAX_CRUMBS } from "./cookie.ts";
import type { HpackField } from "./field.ts";
import { FieldIndex, type NamePlace } from "./field_index.ts";
import { type Indexing, indexingOf, type IndexingPolicy } from "./indexing.ts";
import { MAX_INTEGER_OCTETS, writeInteger } from "./integer.ts";
import { checkedTableSize, DEFAULT_TABLE_SIZE } from "./limits.ts";
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

/** How the literals begin, and how many bits the index of their name has (RFC 7541 §6.2). */
const LITERAL: Readonly<Record<Indexing, { readonly pattern: number; readonly bits: number }>> = {
  incremental: { pattern: 0x40, bits: 6 },
  without: { pattern: 0x00, bits: 4 },
  never: { pattern: 0x10, bits: 4 },
};

/** How an indexed field and a size update begin (RFC 7541 §6.1, §6.3). */
const INDEXED = 0x80;
const SIZE_UPDATE = 0x20;

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
   * Writes the block of these fields at `into[at]` and gives the place behind it; -1, with nothing changed, where less than
   * {@linkcode maxBlockSize} is left there. A `cookie` is split into its crumbs (RFC 9113 §8.2.3).
   *
   * A block that was written must be sent, in order: both tables count on it. Throws a `TypeError` where a character is above
   * U+00FF; the bytes are then of no meaning, and the next block begins with an empty table.
   */
  encode(fields: readonly HpackField[], into: Uint8Array, at: number): number {
    if (maxBlockSize(fields) > into.length - at) return -1;
    try {
      at = this.#writeFields(fields, into, this.#writeSizeUpdates(into, at));
    } catch (error) { // the peer won't see what was put into the table
      const size = this.#index.maxSize;
      this.#resize(0);
      this.#resize(size);
      throw error;
    }
    this.#announced = this.#least = this.#index.maxSize;
    return at;
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

  /** §4.2: the least size, then the last. */
  #writeSizeUpdates(into: Uint8Array, at: number): number {
    const last = this.#index.maxSize;
    const dips = this.#least < this.#announced && this.#least < last;
    if (dips) at = writeInteger(into, at, this.#least, 5, SIZE_UPDATE);
    return dips || last !== this.#announced ? writeInteger(into, at, last, 5, SIZE_UPDATE) : at;
  }

  #writeFields(fields: readonly HpackField[], into: Uint8Array, at: number): number {
    for (const { name, value, sensitive } of fields) {
      if (name === "cookie" && value.includes("; ")) {
        for (const crumb of cookieCrumbs(value)) at = this.#writeField(into, at, name, crumb, sensitive === true);
      } else {
        at = this.#writeField(into, at, name, value, sensitive === true);
      }
    }
    return at;
  }

  #writeField(into: Uint8Array, at: number, name: string, value: string, sensitive: boolean): number {
    const place = this.#index.placeOf(name);
    if (sensitive) return this.#writeLiteral(into, at, name, value, "never", place); // even where a table has it
    const index = place === undefined ? 0 : this.#index.indexOf(place, value);
    if (index > 0) return writeInteger(into, at, index, 7, INDEXED);
    const size = this.#index.maxSize;
    const indexing = this.#indexing(name, value, place?.unindexed === value, size);
    at = this.#writeLiteral(into, at, name, value, indexing, place);
    if (indexing === "incremental") this.#index.insert(name, value);
    else if (place !== undefined && value.length < size) place.unindexed = value;
    return at;
  }

  /** RFC 7541 §6.2: the name by its index where it has one. */
  #writeLiteral(
    into: Uint8Array,
    at: number,
    name: string,
    value: string,
    indexing: Indexing,
    place: NamePlace | undefined,
  ): number {
    const { pattern, bits } = LITERAL[indexing];
    const index = place === undefined ? 0 : this.#index.indexOfName(place);
    at = writeInteger(into, at, index, bits, pattern);
    if (index === 0) at = writeString(into, at, name);
    return writeString(into, at, value);
  }
}
