/**
 * Owns the decoding of header blocks (RFC 7541 §3.2, §6) and the table that goes with it. Knows nothing of frames, and not
 * what the fields mean.
 *
 * @module
 */

import { DynamicTable } from "./dynamic_table.ts";
import { HpackError } from "./error.ts";
import { FIELD_OVERHEAD, type HpackField } from "./field.ts";
import { isSecret } from "./indexing.ts";
import { IntegerReader } from "./integer.ts";
import { checkedTableSize, DEFAULT_LIST_LIMIT, DEFAULT_TABLE_SIZE } from "./limits.ts";
import { INCREMENTAL, INDEXED, NEVER, SIZE_UPDATE } from "./representation.ts";
import { type Classify, STATIC_LENGTH, staticFields, UNCLASSIFIED } from "./static_table.ts";
import { StringReader } from "./string_reader.ts";

/** What an {@linkcode HpackDecoder} may be told. */
export interface HpackDecoderOptions {
  /**
   * Largest list that is given, in bytes as RFC 9113 §6.5.2 counts: octets, and 32 for each field.
   *
   * @default {16 * 1024}
   */
  readonly maxListBytes?: number;
  /**
   * Tells what a field is, by a number that it then has as its `kind`. It is asked once when a field comes in, and never for
   * one that a table gives again; so it must be one function for all decoders, and give the same field the same number.
   *
   * @default {() => 0}
   */
  readonly classify?: Classify;
}

/**
 * Decodes one header block after another; one decoder a connection.
 *
 * The fields that it gives are its tables' own objects: one that comes again is the same object again, and costs nothing.
 *
 * @example
 * ```ts
 * import { HpackDecoder } from "@avx/http/hpack";
 *
 * const decoder = new HpackDecoder();
 * const block = Uint8Array.fromHex("8286418cf1e3c2e5f23a6ba0ab90f4ff");
 * for (const { name, value } of decoder.decode(block, 0, block.length) ?? []) console.log(`${name}: ${value}`);
 * // :method: GET, :scheme: http, :authority: www.example.com
 * ```
 */
export class HpackDecoder {
  readonly #maxListBytes: number;
  readonly #classify: Classify;
  readonly #staticFields: readonly HpackField[];
  readonly #table = new DynamicTable<HpackField>(DEFAULT_TABLE_SIZE);
  readonly #integer = new IntegerReader();
  readonly #string = new StringReader();
  /** What this side allows, as the peer has acknowledged it (§4.2). */
  #maxTableSize = DEFAULT_TABLE_SIZE;
  /** What the next block's first size update may say at most; `undefined` where the block needs none. */
  #owedSize: number | undefined;
  /** Where the literal that was read last ends. */
  #behind = 0;

  /**
   * Makes a decoder with an empty table of 4096 bytes, as every connection begins. Throws a `RangeError` where the limit is
   * no number or below 0.
   */
  constructor(options: HpackDecoderOptions = {}) {
    const limit = options.maxListBytes ?? DEFAULT_LIST_LIMIT;
    if (!(limit >= 0)) {
      throw new RangeError(`Cannot make decoder as maxListBytes must be at least 0: received ${limit}`);
    }
    this.#maxListBytes = limit;
    this.#classify = options.classify ?? UNCLASSIFIED;
    this.#staticFields = staticFields(this.#classify);
  }

  /** The dynamic table's fields, the newest first: a copy, for those who look into it. */
  get entries(): HpackField[] {
    return Array.from({ length: this.#table.length }, (_, place) => this.#table.at(place)!);
  }

  /** The size of the dynamic table, in bytes (RFC 7541 §4.1). */
  get tableSize(): number {
    return this.#table.size;
  }

  /**
   * Sets what SETTINGS_HEADER_TABLE_SIZE allows, in bytes, once the peer has acknowledged it. Where the table is larger,
   * the next block must begin with a size update that makes it as small (RFC 7541 §4.2).
   *
   * Throws a `RangeError` where it is not an integer of 0 to 2^32 - 1.
   */
  setMaxTableSize(size: number): void {
    this.#maxTableSize = checkedTableSize(size);
    if (size < (this.#owedSize ?? this.#table.maxSize)) this.#owedSize = size;
  }

  /**
   * Decodes the block `bytes[start, end)`, which must be whole, and gives its fields in order; `undefined` where the list is
   * larger than the limit: its fields are let go of as soon as that is known, the table is up to date all the same, and the
   * connection can go on.
   *
   * Throws an {@linkcode HpackError} where the block can't be right; after that the decoder is spent.
   */
  decode(bytes: Uint8Array, start: number, end: number): HpackField[] | undefined {
    let at = this.#readSizeUpdates(bytes, start, end);
    let room = this.#maxListBytes;
    let fields: HpackField[] = [];
    while (at < end) {
      const octet = bytes[at]!;
      let field: HpackField;
      if (octet >= INDEXED && octet < 0xff) { // most by far: an index of less than 127
        field = this.#fieldAt(octet & 0x7f);
        at++;
      } else if (octet === 0xff) {
        at = this.#integer.read(bytes, at, end, 7);
        field = this.#fieldAt(this.#integer.value);
      } else {
        if (octet < INCREMENTAL && octet >= SIZE_UPDATE) {
          throw new HpackError("Cannot read size update as it must stand at the beginning of a block");
        }
        field = this.#readLiteral(bytes, at, end, octet);
        at = this.#behind;
      }
      room -= field.name.length + field.value.length + FIELD_OVERHEAD;
      if (room >= 0) fields.push(field);
      else if (fields.length > 0) fields = [];
    }
    return room < 0 ? undefined : fields;
  }

  /** §4.2: size updates stand at a block's beginning only. */
  #readSizeUpdates(bytes: Uint8Array, at: number, end: number): number {
    while (at < end && (bytes[at]! & 0xe0) === SIZE_UPDATE) {
      at = this.#integer.read(bytes, at, end, 5);
      const size = this.#integer.value;
      const limit = this.#owedSize ?? this.#maxTableSize;
      if (size > limit) { // §6.3
        throw new HpackError(`Cannot read size update as it must be at most ${limit}: received ${size}`);
      }
      this.#owedSize = undefined;
      this.#table.resize(size);
    }
    if (this.#owedSize !== undefined) {
      throw new HpackError(`Cannot read block as it must begin with a size update of at most ${this.#owedSize}`);
    }
    return at;
  }

  /** §2.3.3: the static table first, then the dynamic one. */
  #fieldAt(index: number): HpackField {
    const field = index <= STATIC_LENGTH ? this.#staticFields[index - 1] : this.#table.at(index - STATIC_LENGTH - 1);
    if (field !== undefined) return field;
    const last = STATIC_LENGTH + this.#table.length;
    throw new HpackError(`Cannot read field as its index must be 1 to ${last}: received ${index}`);
  }

  /** §6.2: reads a literal, which ends at {@linkcode HpackDecoder.#behind}. */
  #readLiteral(bytes: Uint8Array, at: number, end: number, octet: number): HpackField {
    const incremental = octet >= INCREMENTAL;
    const sensitive = !incremental && octet >= NEVER;
    const bits = incremental ? 6 : 4;
    const most = (1 << bits) - 1;
    let index = octet & most;
    if (index === most) {
      at = this.#integer.read(bytes, at, end, bits);
      index = this.#integer.value;
    } else {
      at++;
    }
    let name: string;
    if (index > 0) {
      name = this.#fieldAt(index).name;
    } else {
      at = this.#string.read(bytes, at, end, false);
      name = this.#string.text;
    }
    this.#behind = this.#string.read(bytes, at, end, sensitive || isSecret(name));
    const value = this.#string.text;
    const field = { name, value, sensitive, kind: this.#classify(name, value) };
    if (incremental) this.#table.insert(field);
    return field;
  }
}
