/**
 * Owns the tests of writing: stringify(), stringifyInto(), JsonBuffer. Must not know how text is encoded.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { JsonBuffer, parse, stringify, stringifyInto, type StringifyOptions } from "../../json/mod.ts";

function text(value: unknown, options?: StringifyOptions): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(stringify(value, options));
}

Deno.test("stringify() writes what JSON.stringify writes, in UTF-8", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2, "\t"), (value, space) => {
    assertEquals(text(value, { space }), JSON.stringify(value, null, space));
    assertEquals(text(value), JSON.stringify(value));
  }));
});

Deno.test("stringify() and parse() give any value back", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.boolean(), (value, htmlSafe) => {
    assertEquals<unknown>(parse(stringify(value, { htmlSafe })), JSON.parse(JSON.stringify(value)));
  }));
});

Deno.test("stringify() writes lone surrogates as escapes, so that the bytes are UTF-8", () => {
  assertEquals(text(["\ud800", "\udc00\ud800", "\u{1f600}"]), '["\\ud800","\\udc00\\ud800","\u{1f600}"]');
});

Deno.test("stringify() with htmlSafe escapes <, >, &, U+2028 and U+2029 in strings and names", () => {
  const value = { "</script>": "<!-- a && b -->\u2028\u2029" };
  const safe = text(value, { htmlSafe: true });
  assertEquals(safe, '{"\\u003c/script\\u003e":"\\u003c!-- a \\u0026\\u0026 b --\\u003e\\u2028\\u2029"}');
  assertEquals(JSON.parse(safe), value);
});

Deno.test("stringify() with bigint refuses it, or writes its digits as a number or a string", () => {
  const value = [1n, { big: -(2n ** 70n) }];
  assertThrows(() => stringify(value), TypeError);
  assertThrows(() => stringify(value, {}), TypeError);
  assertEquals(text(value, { bigint: "number" }), '[1,{"big":-1180591620717411303424}]');
  assertEquals(text(value, { bigint: "string" }), '["1",{"big":"-1180591620717411303424"}]');
  const wrong: Record<string, unknown> = { bigint: "hex" };
  assertThrows(() => stringify(value, wrong), TypeError, "received hex");
});

Deno.test("stringify() refuses what has no JSON form", () => {
  for (const value of [undefined, () => 1, Symbol("x")]) {
    assertThrows(() => stringify(value), TypeError, `received ${typeof value}`);
  }
  const cycle: unknown[] = [];
  cycle.push(cycle);
  assertThrows(() => stringify(cycle), TypeError);
  assertEquals(
    text({ gone: undefined, date: new Date(0), nan: NaN }),
    '{"date":"1970-01-01T00:00:00.000Z","nan":null}',
  );
});

Deno.test("stringifyInto() writes to the start of a buffer that is long enough, to the byte", () => {
  const value = { é: "\u{1f600}", n: [1, 2] };
  const whole = stringify(value);
  const buffer = new Uint8Array(whole.length + 3).fill(7);
  assertEquals(stringifyInto(value, buffer), whole.length);
  assertEquals(buffer, new Uint8Array([...whole, 7, 7, 7]));
  assertEquals(stringifyInto(value, new Uint8Array(whole.length)), whole.length);
  const message = `at least ${whole.length} bytes: received ${whole.length - 1}`;
  assertThrows(() => stringifyInto(value, new Uint8Array(whole.length - 1)), RangeError, message);
});

Deno.test("JsonBuffer grows as values and text are written, whatever the capacity", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary", maxLength: 40 })), fc.nat({ max: 50 }), (list, capacity) => {
      const buffer = new JsonBuffer(capacity);
      buffer.write("gone");
      buffer.clear();
      for (const value of list) {
        buffer.write(value);
        buffer.writeText("\n");
      }
      const expected = new TextEncoder().encode(list.map((value) => `${JSON.stringify(value)}\n`).join(""));
      assertEquals(buffer.bytes, expected);
      assertEquals(buffer.length, expected.length);
    }),
  );
});

Deno.test("JsonBuffer is as before after a value without a JSON form", () => {
  const buffer = new JsonBuffer();
  buffer.write(1);
  assertThrows(() => buffer.write(undefined), TypeError);
  assertEquals(new TextDecoder().decode(buffer.bytes), "1");
});

Deno.test("stringify() with space indents with whitespace, and refuses what would not be JSON", () => {
  assertEquals(text([1], { space: " \t" }), "[\n \t1\n]");
  assertEquals(text([1], { space: 20 }), `[\n${" ".repeat(10)}1\n]`);
  for (const space of ["--", "\u00a0", " <"]) {
    assertThrows(() => stringify([1], { space }), TypeError, "'space' must be whitespace: received");
  }
});

Deno.test("JsonBuffer refuses a capacity that is none", () => {
  for (const capacity of [-1, 1.5, NaN, Infinity]) {
    assertThrows(() => new JsonBuffer(capacity), RangeError, `received ${capacity}`);
  }
});
