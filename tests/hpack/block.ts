/**
 * Owns what the tests of hpack/ read blocks with: a decoder's outcome as plain data, wherever the block stands. Must not know
 * what is in a block.
 *
 * @module
 */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { HpackDecoder, type HpackDecoderOptions, HpackError, type HpackField } from "../../hpack/mod.ts";

/** A field as a pair; one that is marked sensitive has that as a third. */
export type Pair = readonly [name: string, value: string] | readonly [name: string, value: string, mark: "sensitive"];

/** Gives a field as a pair. */
export function pairOf({ name, value, sensitive }: HpackField): Pair {
  return sensitive === true ? [name, value, "sensitive"] : [name, value];
}

/** Gives a pair as a field. */
export function fieldOf([name, value, mark]: Pair): HpackField {
  return mark === undefined ? { name, value } : { name, value, sensitive: true };
}

/** What came of blocks: the fields of each, "too large", or the message of the error that ended it. */
export type Outcome = readonly (readonly Pair[] | string)[];

/** Decodes blocks one after the other, each at `offset` of a buffer with other octets on both sides. */
export function decodeAt(offset: number, blocks: readonly Uint8Array[], options?: HpackDecoderOptions): Outcome {
  const decoder = new HpackDecoder(options);
  const outcome: (Pair[] | string)[] = [];
  for (const block of blocks) {
    const bytes = new Uint8Array(offset + block.length + 5).fill(0x82); // an indexed field, were it read
    bytes.set(block, offset);
    try {
      const fields = decoder.decode(bytes, offset, offset + block.length);
      outcome.push(fields === undefined ? "too large" : fields.map(pairOf));
    } catch (error) {
      assertInstanceOf(error, HpackError);
      assertEquals([error.name, error.code, error.scope], ["HpackError", "COMPRESSION_ERROR", "connection"]);
      return [...outcome, error.message];
    }
  }
  return outcome;
}

/** Decodes blocks at the beginning of a buffer and within one, with the same outcome. */
export function decode(blocks: readonly Uint8Array[], options?: HpackDecoderOptions): Outcome {
  const outcome = decodeAt(0, blocks, options);
  assertEquals(decodeAt(7, blocks, options), outcome);
  return outcome;
}

/**
 * Cuts the last block at each offset: what is left is an error, or the first of the fields. A block has no end of its own,
 * so that is all that can be told.
 */
export function assertEveryCut(blocks: readonly Uint8Array[]): void {
  const last = blocks.at(-1)!;
  const before = blocks.slice(0, -1);
  const whole = decode(blocks).at(-1)!;
  for (let end = 0; end < last.length; end++) {
    const cut = decode([...before, last.subarray(0, end)]).at(-1)!;
    if (typeof cut !== "string" && typeof whole !== "string") assertEquals(cut, whole.slice(0, cut.length));
  }
}

/** Gives bytes of hexadecimal digits; spaces don't count. */
export function hex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(digits.replaceAll(" ", ""));
}
