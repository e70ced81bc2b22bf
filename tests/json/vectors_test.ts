/**
 * Owns the runs of public JSON suites over each way to read a text, on every split. Must not know how the readers work.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { parse, stringify } from "../../json/mod.ts";
import { fromBase64, loadVectorLines, loadVectors, vectorTest } from "../vectors.ts";
import { events, type Outcome, parsed, read, splits, utf8, valueOf } from "./outcome.ts";

/** What we make of the texts that RFC 8259 leaves to each parser, and why. */
const DECISIONS: Readonly<Record<string, "accepted" | "refused">> = {
  // Numbers beyond a double become Infinity or 0, as in JSON.parse; `bigIntegers` keeps integers exact.
  "i_number_double_huge_neg_exp.json": "accepted",
  "i_number_huge_exp.json": "accepted",
  "i_number_pos_double_huge_exp.json": "accepted",
  "i_number_real_neg_overflow.json": "accepted",
  "i_number_real_underflow.json": "accepted",
  "i_number_too_big_neg_int.json": "accepted",
  "i_number_too_big_pos_int.json": "accepted",
  "i_number_very_big_negative_int.json": "accepted",
  // An escape that is half of a pair is no character; `loneSurrogates: "keep"` takes it.
  "i_object_key_lone_2nd_surrogate.json": "refused",
  "i_string_1st_surrogate_but_2nd_missing.json": "refused",
  "i_string_1st_valid_surrogate_2nd_invalid.json": "refused",
  "i_string_incomplete_surrogate_and_escape_valid.json": "refused",
  "i_string_incomplete_surrogate_pair.json": "refused",
  "i_string_incomplete_surrogates_escape_valid.json": "refused",
  "i_string_invalid_lonely_surrogate.json": "refused",
  "i_string_invalid_surrogate.json": "refused",
  "i_string_inverted_surrogates_U+1D11E.json": "refused",
  "i_string_lone_second_surrogate.json": "refused",
  // What is not UTF-8 is no JSON between systems (RFC 8259 §8.1), whatever the policies.
  "i_string_UTF-16LE_with_BOM.json": "refused",
  "i_string_UTF-8_invalid_sequence.json": "refused",
  "i_string_UTF8_surrogate_U+D800.json": "refused",
  "i_string_invalid_utf-8.json": "refused",
  "i_string_iso_latin_1.json": "refused",
  "i_string_lone_utf8_continuation_byte.json": "refused",
  "i_string_not_in_unicode_range.json": "refused",
  "i_string_overlong_sequence_2_bytes.json": "refused",
  "i_string_overlong_sequence_6_bytes.json": "refused",
  "i_string_overlong_sequence_6_bytes_null.json": "refused",
  "i_string_truncated-utf-8.json": "refused",
  "i_string_utf16BE_no_BOM.json": "refused",
  "i_string_utf16LE_no_BOM.json": "refused",
  // 500 levels are within the default of 512.
  "i_structure_500_nested_arrays.json": "accepted",
  // A byte order mark must not be sent (RFC 8259 §8.1); `byteOrderMark: "skip"` takes it.
  "i_structure_UTF-8_BOM_empty_object.json": "refused",
};

/** Reads the files of one of the suite's folders; `undefined` where `AVX_VECTORS` isn't set. */
function suite(folder: string): Map<string, Uint8Array> | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: "AVX_VECTORS" });
  const root = state === "granted" ? Deno.env.get("AVX_VECTORS") : undefined;
  if (!root) return undefined;
  const path = `${root}/JSONTestSuite/${folder}`;
  return new Map([...Deno.readDirSync(path)].map(({ name }) => [name, Deno.readFileSync(`${path}/${name}`)]));
}

/** Reads the text in each way and on each split; all must agree, and what they agree on is the outcome. */
function agreed(name: string, bytes: Uint8Array, most: number): Outcome {
  const whole = parsed(bytes);
  const once = read([bytes]); // may give the value before it finds more behind it
  assertEquals(once.error, whole.error, name);
  if (whole.error === undefined) assertEquals(once.values, whole.values, name);
  for (const chunks of splits(bytes, most)) {
    assertEquals(read(chunks), once, `${name}: JsonReader, cut after ${chunks[0]?.length}`);
    const { values, error } = events(chunks);
    assertEquals(error, whole.error, `${name}: JsonEventReader, cut after ${chunks[0]?.length}`);
    if (error === undefined) assertEquals(valueOf(values), whole.values[0], `${name}: the events' value`);
  }
  return whole;
}

vectorTest("JSONTestSuite: each y_ is accepted, each n_ refused, each i_ as decided, on every split", () => {
  return suite("test_parsing");
}, (files) => {
  const undecided = new Set(Object.keys(DECISIONS));
  for (const [name, bytes] of files) {
    const { values, error } = agreed(name, bytes, bytes.length > 5000 ? 2 : 60);
    undecided.delete(name);
    const expected = name.startsWith("y_") ? "accepted" : name.startsWith("n_") ? "refused" : DECISIONS[name];
    assertEquals(error === undefined ? "accepted" : "refused", expected, name);
    if (error === undefined) assertEquals(values[0], JSON.parse(new TextDecoder().decode(bytes)), name);
  }
  assert(files.size >= 200, `only ${files.size} files`);
  assertEquals([...undecided].filter((name) => files.has(name)), []);
});

vectorTest("JSONTestSuite: each transform is what JSON.parse makes of it, or refused for its encoding", () => {
  return suite("test_transform");
}, (files) => {
  for (const [name, bytes] of files) {
    const { values, error } = agreed(name, bytes, 60);
    const refused = /invalid_codepoint/.test(name);
    assertEquals(error?.["kind"], refused ? "encoding" : undefined, name);
    if (!refused) assertEquals(values[0], JSON.parse(new TextDecoder().decode(bytes)), name);
  }
  assert(files.size > 15);
});

/** One case of `json-numbers`. */
interface NumberCase {
  readonly text: string;
  readonly f64: string;
}

vectorTest("json-numbers: each number is the nearest double, as parse() and the event reader give it", () => {
  return loadVectors<{ cases: NumberCase[] }>("json-numbers", "f64.json");
}, ({ cases }) => {
  for (const { text, f64 } of cases) {
    for (const value of [parse(utf8(text)), parse(utf8(text), { duplicateKeys: "error" })]) {
      assertEquals(bits(value), f64, text);
    }
    const { values } = events([utf8(text)]);
    assertEquals(bits(valueOf(values)), f64, text);
  }
  assert(cases.length > 500);
});

function bits(value: unknown): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Number(value));
  return view.getBigUint64(0).toString(16).toUpperCase().padStart(16, "0");
}

/** One case of `json-roundtrip`. */
interface RoundtripCase {
  readonly name: string;
  readonly json: string;
  readonly js: string;
}

vectorTest("json-roundtrip: parse() and stringify() give the text back, exactly with bigints", () => {
  return loadVectors<{ cases: RoundtripCase[] }>("json-roundtrip", "roundtrip.json");
}, ({ cases }) => {
  for (const { name, json, js } of cases) {
    assertEquals(text(stringify(parse(utf8(json)))), js, name);
    for (const bigIntegers of ["bigint", "raw"] as const) {
      const again = parse(utf8(text(stringify(parse(utf8(json), { bigIntegers }), { bigint: "number" }))), {
        bigIntegers,
      });
      assertEquals(text(stringify(again, { bigint: "number" })), exact(json, js), `${name} with ${bigIntegers}`);
    }
  }
});

/** What keeps integers exact, and writes the rest as JavaScript does. */
function exact(json: string, js: string): string {
  return /^\[-?[0-9]{16,}\]$/.test(json) ? json : js;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** One case of `fuzz-json`. */
interface FuzzCase {
  readonly name: string;
  readonly b64: string;
  readonly valid: boolean;
}

vectorTest("fuzz-json: a strict decode and JSON.parse agree with us on each text, whatever the split", () => {
  return loadVectorLines<FuzzCase>("fuzz-json", "go-json.jsonl");
}, (cases) => {
  for (const { name, b64, valid } of cases) {
    const bytes = fromBase64(b64);
    const { values, error } = agreed(name, bytes, 8);
    // The oracle takes lone surrogates as JSON.parse does; we do where asked.
    const lenient = error?.["kind"] === "encoding" ? parsed(bytes, { loneSurrogates: "keep" }) : { values, error };
    assertEquals(lenient.error === undefined, valid, name);
    if (valid) assertEquals(lenient.values[0], JSON.parse(text(bytes)), name);
  }
  assert(cases.length > 1000);
});
