/**
 * Owns the proofs of priorities (RFC 9218 §4): what the two parameters may be, and what of a dictionary (RFC 8941 §3.2) is
 * passed over or makes all of it count for nothing.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { DEFAULT_PRIORITY, parsePriority } from "../../http2/mod.ts";
import { loadVectors, vectorTest } from "../vectors.ts";

/** Values, with urgency and whether incremental. */
const CASES: Readonly<Record<string, readonly (readonly [value: string, urgency: number, incremental: boolean])[]>> = {
  "§4.1: urgency is an integer of 0 to 7": [
    ["", 3, false],
    ["   ", 3, false],
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((urgency) => [`u=${urgency}`, urgency, false] as const),
    ["u=007", 7, false],
    ["u=-0", 0, false],
  ],
  "§4.2: incremental is a boolean": [
    ["i", 3, true],
    ["i=?1", 3, true],
    ["i=?0", 3, false],
    ["u=5, i", 5, true],
    ["i,u=0", 0, true],
    [" u=1 \t,\t i=?1 ", 1, true],
  ],
  "§4: what is out of range or of another type counts as not given": [
    ["u=8, i", 3, true],
    ["u=-1, i", 3, true],
    ["u=3.0, i", 3, true],
    ["u=1.0", 3, false],
    ["u=999999999999999, i", 3, true],
    ["u, i", 3, true],
    ["u=?1", 3, false],
    ['u="1"', 3, false],
    ["u=high, i", 3, true],
    ["u=:MQ==:, i", 3, true],
    ["u=(1), i", 3, true],
    ["u=0, i=1", 0, false],
    ["u=0, i=yes", 0, false],
    ['u=0, i="?1"', 0, false],
  ],
  "§4: parameters that nobody knows are passed over": [
    ["x, u=2", 2, false],
    ["uu=1, ii, u=2", 2, false],
    ["*, *a-_.*9=*tok:/en, u=2", 2, false],
    ['s="a\\"b\\\\, u=7", u=2', 2, false],
    ['l=(1 a;p;q=2  "x" :YQ==: ?0 ), e=(), u=2', 2, false],
    ["d=-123456789012.123, u=2", 2, false],
    ["b=::, u=2", 2, false],
    ["u=2;u=7;  i;*=?0, x;u=5", 2, false],
    ["i;u=1", 3, true],
    ["i=?1;a=b", 3, true],
  ],
  "RFC 8941 §3.2: the last one of a name counts": [
    ["u=1, u=5", 5, false],
    ["u=1, u=9", 3, false],
    ["i, i=?0", 3, false],
    ["i=?0, i", 3, true],
  ],
  "RFC 8941 §4.2: where the value is no dictionary, nothing in it counts": [
    ..."u=0,|u=0, |,u=0|u=0,,i|u=0 i|u=0;|u=0; |u=0;A|u =0|u= 0|=0|U=0|u=|u=-|u=--1|u=0x|u=0é|u=0;a=|1=u|\tu=0|u=0 x"
      .split("|").map((value) => [value, 3, false] as const),
    ...'u=0, a="|u=0, a="\\x"|u=0, a="é"|u=0, a="\x1f"|u=0, a="\\'.split("|").map((value) =>
      [value, 3, false] as const
    ),
    ...'u=0, a=:YQ|u=0, a=:Y Q:|u=0, a=?|u=0, a=?2|u=0, a=(1|u=0, a=(1,2)|u=0, a=(1)2|u=0, a=(1"x")|u=0, a=((1))'
      .split("|").map((value) => [value, 3, false] as const),
    ...'u=0, a=1.|u=0, a=1.a|u=0, a=.1|u=0, a=1.2345|u=0, a=1234567890123.1|u=0, a=1234567890123456|u=0, a=@1|u=0, a=%"a"'
      .split("|").map((value) => [value, 3, false] as const),
    ["u=0, a=(1;)", 3, false],
    ["u=0, a=(1;b=)", 3, false],
    ["u=0, a=( ", 3, false],
    ["u=0\u0130", 3, false],
  ],
};

for (const [rule, cases] of Object.entries(CASES)) {
  for (const [value, urgency, incremental] of cases) {
    Deno.test(`parsePriority gives ${urgency}${incremental ? ", incremental" : ""} for ${JSON.stringify(value)} (${rule})`, () => {
      assertEquals({ ...parsePriority(value) }, { urgency, incremental });
    });
  }
}

Deno.test("parsePriority gives the same frozen object for the same priority, DEFAULT_PRIORITY among them", () => {
  assertStrictEquals(parsePriority("u=1, i"), parsePriority("i, u=1"));
  assertStrictEquals(parsePriority("u=3"), DEFAULT_PRIORITY);
  assertStrictEquals(Object.isFrozen(DEFAULT_PRIORITY), true);
  assertEquals({ ...DEFAULT_PRIORITY }, { urgency: 3, incremental: false });
});

Deno.test("parsePriority never throws, whatever the value", () => {
  const unit = fc.constantFrom(...'ui=?01(), ;"\\:*-.a9\t\xe9');
  fc.assert(fc.property(fc.oneof(fc.string({ unit, maxLength: 30 }), fc.string({ unit: "binary" })), (value) => {
    const { urgency, incremental } = parsePriority(value);
    assertEquals([Number.isInteger(urgency) && urgency >= 0 && urgency <= 7, typeof incremental], [true, "boolean"]);
  }));
});

interface StructuredField {
  readonly name: string;
  readonly raw: readonly string[];
  readonly header_type: string;
  readonly must_fail?: boolean;
  readonly can_fail?: boolean;
}

/** Sets of structured fields, and how many of their cases can be a dictionary's member or a dictionary. */
const STRUCTURED: Readonly<Record<string, number>> = {
  "binary": 9,
  "boolean": 8,
  "dictionary": 18,
  "examples": 10,
  "item": 4,
  "key-generated": 256,
  "large-generated": 5,
  "number": 23,
  "number-generated": 129,
  "param-dict": 10,
  "string": 9,
  "string-generated": 171,
  "token": 2,
  "token-generated": 171,
};

/** Gives a dictionary that a field is, or that has the item that a field is; `undefined` for lists. */
function dictionaryOf({ header_type, raw }: StructuredField): string | undefined {
  const value = raw.join(", ");
  if (header_type === "dictionary") return value;
  return header_type === "item" && raw.length === 1 ? `x=${value.replace(/^ +/, "")}` : undefined;
}

for (const [file, count] of Object.entries(STRUCTURED)) {
  const load = () => loadVectors<readonly StructuredField[]>("structured-field-tests", `${file}.json`);
  vectorTest(`parsePriority tells dictionaries of ${file} from what is none (RFC 8941 §4.2)`, load, (fields) => {
    let seen = 0;
    for (const field of fields) {
      const dictionary = dictionaryOf(field);
      if (dictionary === undefined || field.can_fail) continue;
      seen++;
      const { urgency } = parsePriority(dictionary === "" ? "u=6" : `${dictionary}, u=6`);
      assertEquals(urgency, field.must_fail ? 3 : 6, `${field.name}: ${dictionary}`);
    }
    assertEquals(seen, count);
  });
}
