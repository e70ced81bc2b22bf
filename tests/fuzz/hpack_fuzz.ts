/**
 * Owns the fuzz target of hpack/: blocks one after the other, for one decoder.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { HpackDecoder, HpackEncoder, type HpackField, sizeOfList } from "../../hpack/mod.ts";
import { decodeAt, hex, pairOf } from "../hpack/block.ts";
import { loadVectors } from "../vectors.ts";
import type { FuzzTarget, Random } from "./target.ts";

const WORDS = [
  "82be bfc0 c1",
  "40 01 61 01 62",
  "00 01 61 01 62",
  "10 01 61 01 62",
  "7e 01 63",
  "0f 2f 01 64",
  "40 82 1c 64 83 1c 64 2f",
  "20",
  "3e",
  "3f e1 1f",
  "3f e2 1f",
  "ff 80 80 80 80 08",
  "7f ff ff ff ff 7f",
  "00 7f 80 ff ff ff 0f",
  "44 84 ff ff ff ff",
  "44 81 ff",
  "44 81 1f",
].map((digits) => String.fromCharCode(...hex(digits)));

interface Rfc {
  readonly groups: readonly { readonly blocks: readonly { readonly wire: string }[] }[];
}

interface Cases {
  readonly cases: readonly { readonly blocks?: readonly string[] }[];
}

interface Story {
  readonly cases: readonly { readonly wire: string }[];
}

/** The RFC's examples, the collected blocks, and the beginnings of a story where there is one. */
function corpus(): Uint8Array[] {
  const rfc = loadVectors<Rfc>("hpack-rfc7541", "rfc7541.json")?.groups ?? [];
  const cases = loadVectors<Cases>("hpack-rfc7541", "hpack-vectors.json")?.cases ?? [];
  const story = loadVectors<Story>("hpack-test-case", "nghttp2-change-table-size/story_05.json")?.cases ?? [];
  return [
    ...rfc.map(({ blocks }) => blocks.map(({ wire }) => wire).join("")),
    ...cases.flatMap(({ blocks }) => blocks?.join("") ?? []),
    ...story.map(({ wire }) => wire),
  ].map(hex);
}

/** Decodes the input as some blocks: fields within the limit, or one error, wherever they stand; and the same once more. */
function run(input: Uint8Array, random: Random): void {
  const blocks: Uint8Array[] = [];
  const count = 1 + random.below(4);
  for (let at = 0; blocks.length < count; at += blocks.at(-1)!.length) {
    const end = blocks.length === count - 1 ? input.length : at + random.below(input.length - at + 1);
    blocks.push(input.subarray(at, end));
  }
  const maxListBytes = random.pick([0, 100, 4096, Infinity]);
  const outcome = decodeAt(0, blocks, { maxListBytes });
  assertEquals(decodeAt(1 + random.below(20), blocks, { maxListBytes }), outcome);
  const lists = outcome.filter((fields) => typeof fields !== "string").map((pairs) =>
    pairs.map(([name, value, mark]): HpackField => ({ name, value, sensitive: mark !== undefined }))
  );
  assert(lists.every((fields) => sizeOfList(fields) <= maxListBytes), "a list passes the limit");
  encodeAgain(lists, random);
}

function encodeAgain(lists: readonly HpackField[][], random: Random): void {
  const encoder = new HpackEncoder({ maxTableSize: random.pick([0, 100, 4096]) });
  const decoder = new HpackDecoder({ maxListBytes: Infinity });
  for (const fields of lists) {
    if (random.below(4) === 0) {
      const size = random.pick([0, 60, 4096]);
      encoder.setMaxTableSize(size);
      decoder.setMaxTableSize(size);
    }
    const block = encoder.encodeBlock(fields);
    const decoded = decoder.decode(block, 0, block.length)!;
    assertEquals(crumbled(decoded), crumbled(fields));
    assertEquals(decoder.entries.map(pairOf), encoder.entries.map(pairOf));
  }
}

/** Gives names and values; cookies are one crumb each, as an encoder splits them. */
function crumbled(fields: readonly HpackField[]): string[][] {
  return fields.flatMap(({ name, value }) =>
    (name === "cookie" ? value.split("; ") : [value]).map((one) => [name, one])
  );
}

/** The fuzz target of hpack/. */
export const targets: readonly FuzzTarget[] = [{ name: "hpack", words: WORDS, corpus, run }];
