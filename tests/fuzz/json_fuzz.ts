/**
 * Owns the fuzz targets of json/: one text by each way to read it, and many texts in one stream.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { build } from "../../json/build.ts";
import { JsonSeqReader, NdjsonReader, type ParseOptions, stringify } from "../../json/mod.ts";
import { resolveOptions } from "../../json/options.ts";
import { events, fed, outcomeOf, parsed, read, utf8, valueOf } from "../json/outcome.ts";
import { fromBase64, loadVectorLines } from "../vectors.ts";
import type { FuzzTarget, Random } from "./target.ts";

const WORDS = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\",
  '"a":',
  '"a":1,"a":2',
  '"__proto__":',
  "\\u0041",
  "\\ud83d",
  "\\ud83d\\ude00",
  "\\uDC00",
  "\xc3\xa9",
  "\xed\xa0\x80",
  "\xf0\x9f\x98\x80",
  "\xef\xbb\xbf",
  "\xef\xbf\xbd",
  "\xff",
  "\0",
  "\n",
  "\r\n",
  " ",
  "\x1e",
  "true",
  "false",
  "null",
  "-0",
  "0.1e-7",
  "1e999",
  "12345678901234567890",
  "[[[[[[[[",
  "]]]]]]]]",
];

const OWN = [
  "[]",
  '{"a":[1,{"b":"\\u00e9"}],"c":null}',
  '"\u{1f600}"',
  "-1.5e3",
  '[1,2]\n{"a":1}\n"x"\n',
  "\x1e[1]\n\x1e2\n",
];

function corpus(): Uint8Array[] {
  const more = loadVectorLines<{ readonly b64: string }>("fuzz-json", "go-json.jsonl") ?? [];
  return [...OWN.map(utf8), ...more.map(({ b64 }) => fromBase64(b64))];
}

function cut(input: Uint8Array, random: Random): Uint8Array[] {
  const chunks = [];
  for (let at = 0; at < input.length;) {
    const end = Math.min(input.length, at + 1 + random.below(random.pick([1, 4, 64])));
    chunks.push(input.subarray(at, end));
    at = end;
  }
  return chunks;
}

function anyOptions(random: Random): ParseOptions {
  return {
    maxDepth: random.pick([3, 512]),
    maxStringBytes: random.pick([4, 1000]),
    maxKeys: random.pick([2, 1000]),
    duplicateKeys: random.pick(["last", "first", "error"]),
    proto: random.pick(["keep", "drop", "error"]),
    bigIntegers: random.pick(["number", "bigint", "raw"]),
    loneSurrogates: random.pick(["error", "keep"]),
    byteOrderMark: random.pick(["error", "skip"]),
  };
}

/**
 * One outcome by each way and split, the platform's where it may have a say, and a value that is written can be read.
 */
function readText(input: Uint8Array, random: Random): void {
  const options = anyOptions(random);
  const outcome = parsed(input, options);
  assertEquals(outcome, outcomeOf((values) => values.push(build(input, resolveOptions(options)))));
  const path = random.pick(["$", "$[*]", "$.a", "$.*[0]"]);
  const limits = { ...options, path, maxValueBytes: random.pick([8, 1000]) };
  assertEquals(read(cut(input, random), limits), read([input], limits));
  const told = events(cut(input, random), options);
  assertEquals(told, events([input], options));
  const lenient = parsed(input, { loneSurrogates: "keep", maxDepth: Infinity });
  assertEquals(lenient.values, platform(input));
  if (lenient.error === undefined) {
    assertEquals(valueOf(events([input], { loneSurrogates: "keep", maxDepth: Infinity }).values), lenient.values[0]);
    const again = parsed(stringify(lenient.values[0], { htmlSafe: true }), {
      loneSurrogates: "keep",
      maxDepth: Infinity,
    });
    assertEquals(JSON.stringify(again.values), JSON.stringify(lenient.values));
  }
}

function platform(input: Uint8Array): unknown[] {
  try {
    return [JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(input))];
  } catch {
    return []; // refused
  }
}

/** The same records on each split, whatever becomes of the bad ones. */
function readRecords(input: Uint8Array, random: Random): void {
  const options = {
    maxRecordBytes: random.pick([8, 1000]),
    badRecord: random.pick(["skip", "error", (_: unknown, record: Uint8Array) => record.length] as const),
    maxDepth: random.pick([2, 512]),
  };
  for (const make of [() => new NdjsonReader(options), () => new JsonSeqReader(options)]) {
    assertEquals(fed(make(), cut(input, random)), fed(make(), [input]));
  }
}

/** The targets of json/. */
export const targets: readonly FuzzTarget[] = [
  { name: "json-text", corpus, words: WORDS, run: readText },
  { name: "json-records", corpus, words: WORDS, run: readRecords },
];
