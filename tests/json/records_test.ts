/**
 * Owns the tests of NDJSON and JSON text sequences: records, limits, bad ones and their places. Must not know how
 * records are split.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { JsonSeqReader, type JsonValue, type NdjsonOptions, NdjsonReader, type RecordOptions } from "../../json/mod.ts";
import { fed, type Outcome, pieces, splits, utf8 } from "./outcome.ts";

function onEverySplit(text: string, make: () => NdjsonReader | JsonSeqReader): Outcome {
  const whole = fed(make(), [utf8(text)]);
  for (const chunks of splits(utf8(text))) assertEquals(fed(make(), chunks), whole, `cut after ${chunks[0]?.length}`);
  return whole;
}

const lines = (text: string, options?: NdjsonOptions) => onEverySplit(text, () => new NdjsonReader(options));
const sequence = (text: string, options?: RecordOptions) => onEverySplit(text, () => new JsonSeqReader(options));

Deno.test("NdjsonReader reads a value a line, with LF or CR LF, and does without the last one", () => {
  assertEquals(lines('1\n{"é":[2]}\r\n"three"\n\n \t\r\nnull'), { values: [1, { é: [2] }, "three", null] });
  assertEquals(lines(""), { values: [] });
  assertEquals(lines("\n\n"), { values: [] });
  assertEquals(lines("1\n"), { values: [1] });
});

Deno.test("NdjsonReader with emptyLines refuses them", () => {
  const { values, error } = lines("1\n\r\n2\n", { emptyLines: "error" });
  assertEquals([values, error?.["line"], error?.["offset"]], [[1], 2, 3]);
});

Deno.test("NdjsonReader throws at a bad line, with its place in the stream, and goes on behind it", () => {
  const { values, error } = lines('{"a":1}\n{"é":1,}\n{"b":2}');
  assertEquals([values, error?.["line"], error?.["column"], error?.["offset"]], [[{ a: 1 }], 2, 8, 16]);
  const reader = new NdjsonReader();
  reader.write(utf8("1\nx\n3\n"));
  assertEquals(reader.read(), 1);
  assertThrows(() => reader.read(), SyntaxError, "line 2, column 1");
  assertEquals(reader.read(), 3);
  assertEquals(reader.read(), undefined);
});

Deno.test("NdjsonReader with badRecord skips bad lines or puts another value in their place", () => {
  const text = '1\n{"a"\n[2]\n\x00\ntru';
  assertEquals(lines(text, { badRecord: "skip" }), { values: [1, [2]] });
  const replaced = lines(text, {
    badRecord: (error, record) => record.length > 1 ? `${error.line} ${new TextDecoder().decode(record)}` : undefined,
  });
  assertEquals(replaced, { values: [1, '2 {"a"', [2], "5 tru"] });
});

Deno.test("NdjsonReader with maxRecordBytes refuses longer lines before their end, and drops the rest of them", () => {
  const long = `"${"x".repeat(50)}"`;
  const options = { maxRecordBytes: 10, badRecord: "skip" } as const;
  assertEquals(lines(`1\n${long}\n2\n"12345678"\n${long}\n${long}`, options), { values: [1, 2, "12345678"] });
  const { values, error } = lines(`1\n${long}\n2`, { maxRecordBytes: 10 });
  assertEquals([values, error?.["kind"], error?.["line"], error?.["offset"]], [[1], "limit", 2, 2]);
  const heads = lines(`${long}\n3`, { maxRecordBytes: 10, badRecord: (_, head) => new TextDecoder().decode(head) });
  assertEquals(heads, { values: [long.slice(0, 10), 3] });
  const reader = new NdjsonReader({ maxRecordBytes: 10 });
  reader.write(utf8(long.slice(0, 11)));
  assertThrows(() => reader.read(), SyntaxError, "a record of at most 10 bytes");
});

Deno.test("NdjsonReader keeps parse()'s limits and policies for each line", () => {
  const text = '{"a":1,"a":2}\n[[[]]]\n{"b":12345678901234567890}\n';
  const options: NdjsonOptions = { duplicateKeys: "first", maxDepth: 2, bigIntegers: "bigint", badRecord: "skip" };
  assertEquals(lines(text, options), { values: [{ a: 1 }, { b: 12345678901234567890n }] });
});

Deno.test("JsonSeqReader reads what stands behind each RS (RFC 7464 §2)", () => {
  assertEquals(sequence('\x1e{"a":\n1}\n\x1e[2]\x1e\x1e"x"\x1e3\n\x1etrue\t\x1enull\n'), {
    values: [{ a: 1 }, [2], "x", 3, true, null],
  });
  assertEquals(sequence(""), { values: [] });
  assertEquals(sequence("\x1e"), { values: [] });
});

Deno.test("JsonSeqReader refuses values that may be cut off (RFC 7464 §2.4), and goes on at the next RS", () => {
  for (const value of ["12", "true", "null", "-0.5e1"]) {
    assertEquals(sequence(`\x1e[1]\n\x1e${value}\x1e2\n`, { badRecord: "skip" }), { values: [[1], 2] }, value);
    assertEquals(sequence(`\x1e1\n\x1e${value}`).error?.["kind"], "syntax", value);
  }
  assertEquals(sequence('\x1e{"a":\x1e[1]\x1e"x', { badRecord: "skip" }), { values: [[1]] });
});

Deno.test("JsonSeqReader refuses bytes before the first RS", () => {
  const { values, error } = sequence("1\n\x1e2\n");
  assertEquals([values, error?.["expected"], error?.["offset"]], [[], "RS (0x1E)", 0]);
  assertEquals(sequence("1\n\x1e2\n", { badRecord: "skip" }), { values: [2] });
});

Deno.test("JsonSeqReader's places are lines and characters of the stream", () => {
  const { error } = sequence('\x1e"é"\n\x1e{"ü":\n1}\x1e[x]\n');
  assertEquals([error?.["line"], error?.["column"], error?.["received"]], [3, 5, "'x'"]);
});

Deno.test("NdjsonReader and JsonSeqReader refuse options that are none, and a chunk before the last one is read", () => {
  assertThrows(() => new NdjsonReader({ maxRecordBytes: -1 }), RangeError, "'maxRecordBytes'");
  const wrong: Record<string, unknown> = { badRecord: "ignore" };
  assertThrows(
    () => new JsonSeqReader(wrong),
    TypeError,
    "'badRecord' must be error, skip or a function: received ignore",
  );
  const reader = new NdjsonReader();
  reader.write(utf8("1\n"));
  assertThrows(() => reader.write(utf8("2\n")), TypeError);
});

Deno.test("NdjsonReader and JsonSeqReader give any values back, whatever the split", () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 6 }),
      fc.integer({ min: 1, max: 20 }),
      (list, size) => {
        const values: JsonValue[] = JSON.parse(JSON.stringify(list));
        const texts = values.map((value) => JSON.stringify(value));
        const ndjson = utf8(texts.map((text) => `${text}\n`).join(""));
        const seq = utf8(texts.map((text) => `\x1e${text}\n`).join(""));
        assertEquals(fed(new NdjsonReader(), pieces(ndjson, size)), { values });
        assertEquals(fed(new JsonSeqReader(), pieces(seq, size)), { values });
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("NdjsonReader and JsonSeqReader refuse a chunk after the end, and what is no chunk", () => {
  for (const make of [() => new NdjsonReader(), () => new JsonSeqReader()]) {
    const ended = make();
    ended.end();
    assertThrows(() => ended.write(utf8("2")), TypeError, "Cannot write chunk as it must come before the end");
    const reader = make();
    const write = () => Reflect.apply(reader.write, reader, ["1"]);
    assertThrows(write, TypeError, "Cannot write chunk as it must be a Uint8Array: received string");
  }
});

Deno.test("NdjsonReader with maxRecordBytes counts what stands before LF, to the byte and wherever the chunks end", () => {
  const kept = (text: string) => lines(text, { maxRecordBytes: 6, badRecord: "skip" }).values;
  assertEquals(kept('"1234"\n"12345"\n7\n'), ["1234", 7]);
  assertEquals(kept('"123"\r\n"1234"\r\n7'), ["123", 7]);
  assertEquals(kept('"1234"'), ["1234"]);
  assertEquals(kept('"12345"'), []);
  assertEquals(kept("      \n       \n7"), [7]);
});

Deno.test("JsonSeqReader reads on after a record cut off anywhere (RFC 7464 §2.3)", () => {
  const whole = '{"a":["\\u00e9",-1.5e3,true]}';
  for (let end = 0; end < whole.length; end++) {
    const cut = sequence(`\x1e1\n\x1e${whole.slice(0, end)}\x1e[2]\n`, { badRecord: "skip" });
    assertEquals(cut, { values: [1, [2]] }, whole.slice(0, end));
  }
});
