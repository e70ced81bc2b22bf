/**
 * Owns the proofs of hpack/ by data that others wrote: the RFC's tables and examples, collected cases, recorded stories.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import { HpackDecoder, HpackEncoder, HpackError, type HpackField, joinCookies } from "../../hpack/mod.ts";
import { decodeHuffman, encodeHuffman, LONGER, roomForDecoded } from "../../hpack/huffman.ts";
import { CODES, LENGTHS } from "../../hpack/huffman_code.ts";
import { IntegerReader, writeInteger } from "../../hpack/integer.ts";
import { STATIC_FIELDS } from "../../hpack/static_table.ts";
import { loadVectors, vectorTest } from "../vectors.ts";
import { assertEveryCut, decode, hex, pairOf } from "./block.ts";

interface Rfc {
  readonly static_table: readonly (readonly [index: number, name: string, value: string])[];
  readonly huffman_code: { readonly rows: readonly (readonly [symbol: number, code: string, bits: number])[] };
  readonly integers: readonly { readonly prefix_bits: number; readonly value: number; readonly octets: string }[];
  readonly groups: readonly {
    readonly section: string;
    readonly header_table_size: number;
    readonly shared_context: boolean;
    readonly huffman: boolean;
    readonly blocks: readonly RfcBlock[];
  }[];
}

interface RfcBlock {
  readonly section: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly wire: string;
  readonly dynamic_table: readonly (readonly [size: number, name: string, value: string])[];
  readonly dynamic_table_size: number;
}

const rfc = () => loadVectors<Rfc>("hpack-rfc7541", "rfc7541.json");

vectorTest("STATIC_FIELDS are Appendix A", rfc, ({ static_table }) => {
  assertEquals(STATIC_FIELDS.map(({ name, value }, at) => [at + 1, name, value]), static_table.map((row) => [...row]));
  assert(STATIC_FIELDS.every(({ sensitive }) => sensitive === false));
});

vectorTest("CODES and LENGTHS are Appendix B", rfc, ({ huffman_code }) => {
  const rows = [...CODES].map((code, symbol) => [symbol, code.toString(16), LENGTHS[symbol]]);
  assertEquals(rows, huffman_code.rows.map((row) => [...row]));
});

vectorTest("Integers are those of Appendix C.1, both ways", rfc, ({ integers }) => {
  for (const { prefix_bits, value, octets } of integers) {
    const into = new Uint8Array(8);
    assertEquals(into.subarray(0, writeInteger(into, 0, value, prefix_bits, 0)).toHex(), octets);
    const reader = new IntegerReader();
    assertEquals(reader.read(hex(octets), 0, octets.length / 2, prefix_bits), octets.length / 2);
    assertEquals(reader.value, value);
  }
});

/** Gives a decoder whose table has `size` bytes, as if the peer had said so. */
function decoderOf(size: number): HpackDecoder {
  const decoder = new HpackDecoder();
  if (size === 4096) return decoder;
  decoder.setMaxTableSize(size);
  const update = new HpackEncoder({ maxTableSize: size }).encodeBlock([]);
  decoder.decode(update, 0, update.length);
  return decoder;
}

vectorTest("HpackDecoder.decode gives the examples of Appendix C.2 to C.6, and their tables", rfc, ({ groups }) => {
  for (const group of groups) {
    let decoder = decoderOf(group.header_table_size);
    for (const { section, headers, wire, dynamic_table, dynamic_table_size } of group.blocks) {
      if (!group.shared_context) decoder = decoderOf(group.header_table_size);
      const block = hex(wire);
      const fields = decoder.decode(block, 0, block.length)!;
      assertEquals(fields.map(({ name, value }) => [name, value]), headers.map((pair) => [...pair]), section);
      const entries = decoder.entries.map(({ name, value }) => [name.length + value.length + 32, name, value]);
      assertEquals(entries, dynamic_table.map((row) => [...row]), section);
      assertEquals(decoder.tableSize, dynamic_table_size, section);
    }
  }
});

vectorTest("HpackEncoder.encode writes the Huffman examples of Appendix C.4 and C.6", rfc, ({ groups }) => {
  const coded = groups.filter(({ huffman }) => huffman);
  assertEquals(coded.map(({ section }) => section), ["C.4", "C.6"]);
  for (const { header_table_size, blocks } of coded) {
    const encoder = new HpackEncoder({ maxTableSize: header_table_size, indexing: () => "incremental" });
    encoder.encodeBlock([]); // tells the size
    for (const { section, headers, wire, dynamic_table } of blocks) {
      const block = encoder.encodeBlock(headers.map(([name, value]) => ({ name, value })));
      assertEquals(block.toHex(), wire, section);
      assertEquals(encoder.entries.map(({ name, value }) => [name, value]), dynamic_table.map(([, ...pair]) => pair));
    }
  }
});

type Case =
  & { readonly id: string; readonly expect: "ok" | "error" | "truncated" | "ok_or_error" }
  & (
    | {
      readonly kind: "integer";
      readonly prefix_bits: number;
      readonly octets: string;
      readonly value: number;
      readonly consumed: number;
    }
    | { readonly kind: "huffman"; readonly octets: string; readonly text?: string; readonly text_hex?: string }
    | BlockCase
  );

interface BlockCase {
  readonly kind: "block";
  readonly blocks: readonly string[];
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly never_indexed?: readonly string[];
  readonly dynamic_entries_after?: number;
  readonly errors_at_block?: number;
  readonly header_table_size?: number;
}

const cases = () => loadVectors<{ readonly cases: readonly Case[] }>("hpack-rfc7541", "hpack-vectors.json");

/** Registers a test for all cases of one kind. */
function caseTest<K extends Case["kind"]>(
  kind: K,
  name: string,
  run: (test: Case & { readonly kind: K }) => void,
): void {
  vectorTest(name, cases, ({ cases }) => {
    const chosen = cases.filter((test): test is Case & { readonly kind: K } => test.kind === kind);
    assertGreater(chosen.length, 20);
    chosen.forEach(run);
  });
}

caseTest("integer", "IntegerReader.read gives the collected integers, and refuses the bad ones (§5.1)", (test) => {
  const octets = hex(test.octets);
  const reader = new IntegerReader();
  const read = () => reader.read(octets, 0, octets.length, test.prefix_bits);
  if (test.expect === "error" || test.expect === "truncated") {
    return void assertThrows(read, HpackError, "Cannot read integer", test.id);
  }
  assertEquals(read(), test.consumed, test.id);
  assertEquals(reader.value, test.value, test.id);
});

caseTest("huffman", "decodeHuffman gives the collected strings, and refuses the bad ones (§5.2)", (test) => {
  const octets = hex(test.octets);
  const into = new Uint8Array(roomForDecoded(octets.length));
  const run = () => decodeHuffman(octets, 0, octets.length, into, 0);
  if (test.expect === "error") return void assertThrows(run, HpackError, "Cannot decode string", test.id);
  const text = new TextEncoder().encode(test.text ?? "");
  const expected = test.text_hex ?? text.toHex();
  assertEquals(into.subarray(0, run()).toHex(), expected, test.id);
  const again = new Uint8Array(octets.length + 512);
  const end = encodeHuffman(String.fromCharCode(...hex(expected)), again, 0);
  if (end !== LONGER) assertEquals(again.subarray(0, end).toHex(), test.octets, test.id);
  else assertGreater(octets.length, expected.length / 2, test.id);
});

caseTest("block", "HpackDecoder.decode gives the collected blocks, and refuses the bad ones", (test) => {
  const decoder = new HpackDecoder();
  if (test.header_table_size !== undefined) decoder.setMaxTableSize(test.header_table_size);
  const blocks = test.blocks.map(hex);
  const failing = test.expect === "error" ? test.errors_at_block ?? blocks.length - 1 : blocks.length;
  let fields: HpackField[] = [];
  blocks.forEach((block, at) => {
    const run = () => decoder.decode(block, 0, block.length)!;
    if (at >= failing) assertThrows(run, HpackError, "Cannot ", test.id);
    else fields = run();
  });
  if (test.expect === "error") return;
  if (test.headers !== undefined) {
    assertEquals(fields.map(({ name, value }) => [name, value]), test.headers.map((pair) => [...pair]), test.id);
  }
  const never = fields.filter(({ sensitive }) => sensitive).map(({ name }) => name);
  if (test.never_indexed !== undefined) assertEquals(never, [...test.never_indexed], test.id);
  if (test.dynamic_entries_after !== undefined) {
    assertEquals(decoder.entries.length, test.dynamic_entries_after, test.id);
  }
  assertEveryCut(blocks);
});

interface Story {
  readonly cases: readonly {
    readonly header_table_size?: number;
    readonly wire: string;
    readonly headers: readonly Readonly<Record<string, string>>[];
  }[];
}

const STORIES: Readonly<Record<string, number>> = {
  "haskell-http2-linear": 32,
  "nghttp2": 32,
  "nghttp2-change-table-size": 31,
};

/** Gives all stories of a set. */
function stories(set: string, count: number): Story[] | undefined {
  const found = Array.from({ length: count }, (_, at) => {
    return loadVectors<Story>("hpack-test-case", `${set}/story_${String(at).padStart(2, "0")}.json`);
  });
  return found.includes(undefined) ? undefined : found.filter((story) => story !== undefined);
}

for (const [set, count] of Object.entries(STORIES)) {
  vectorTest(`HpackDecoder and HpackEncoder give the stories of ${set}`, () => stories(set, count), (stories) => {
    for (const { cases } of stories) {
      const decoder = new HpackDecoder({ maxListBytes: Infinity });
      const encoder = new HpackEncoder({ maxTableSize: 64 * 1024 });
      const again = new HpackDecoder({ maxListBytes: Infinity });
      for (const { header_table_size, wire, headers } of cases) {
        if (header_table_size !== undefined) {
          for (const side of [decoder, encoder, again]) side.setMaxTableSize(header_table_size);
        }
        const expected = headers.map((header) => Object.entries(header)[0]!).map(([name, value]) => ({ name, value }));
        const block = hex(wire);
        assertEquals(decoder.decode(block, 0, block.length)!.map(pairOf), expected.map(pairOf));
        const ours = encoder.encodeBlock(expected);
        const fields = joinCookies(again.decode(ours, 0, ours.length)!).map(({ name, value }) => ({ name, value }));
        assertEquals(fields, joinCookies(expected).map(({ name, value }) => ({ name, value })));
        assertEquals(again.entries.map(({ name, value }) => ({ name, value })), encoder.entries);
      }
    }
  });
}

vectorTest("HpackDecoder.decode gives the same wherever a block stands", rfc, ({ groups }) => {
  for (const { blocks, shared_context, header_table_size } of groups) {
    if (!shared_context || header_table_size !== 4096) continue;
    const outcome = decode(blocks.map(({ wire }) => hex(wire)));
    assertEquals(outcome, blocks.map(({ headers }) => headers.map((pair) => [...pair])));
    assertEveryCut(blocks.map(({ wire }) => hex(wire)));
  }
});
