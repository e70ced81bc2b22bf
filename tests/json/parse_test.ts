/**
 * Owns the tests of parse(): limits, policies, places of errors, and the equality of its fast way with the plain one.
 * Must not know how bytes are scanned.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "fast-check";
import { build } from "../../json/build.ts";
import { keepsLimits, keepsSurrogates, lastStringQuote, opensAtMost, Skim, skim } from "../../json/check.ts";
import { JsonError, type JsonValue, parse, type ParseOptions } from "../../json/mod.ts";
import { resolveOptions } from "../../json/options.ts";
import { events, outcomeOf, parsed, pieces, read, splits, utf8 } from "./outcome.ts";

/**
 * Gives kind, offset, line, column and expectation of the error of a text; the readers must say the same on each split.
 */
function place(text: string | Uint8Array, options?: ParseOptions): string {
  const bytes = typeof text === "string" ? utf8(text) : text;
  const { error } = parsed(bytes, options);
  const { maxBytes: _, ...rest } = options ?? {};
  for (const chunks of splits(bytes)) assertEquals(read(chunks, rest).error, error);
  return error === undefined
    ? "accepted"
    : `${error["kind"]} ${error["offset"]} ${error["line"]}:${error["column"]} ${error["expected"]}, ${
      error["received"]
    }`;
}

Deno.test("parse() says where a text breaks, and what was expected there", () => {
  const cases: [text: string, place: string][] = [
    ["", "syntax 0 1:1 a value, the end"],
    [" \n\t", "syntax 3 2:2 a value, the end"],
    ["[", "syntax 1 1:2 a value or ']', the end"],
    ["[1,", "syntax 3 1:4 a value, the end"],
    ["[1", "syntax 2 1:3 ',' or ']', the end"],
    ["[1,]", "syntax 3 1:4 a value, ']'"],
    ["[1 2]", "syntax 3 1:4 ',' or ']', '2'"],
    ["[1}", "syntax 2 1:3 ',' or ']', '}'"],
    ["]", "syntax 0 1:1 a value, ']'"],
    ["[]]", "syntax 2 1:3 the end, ']'"],
    ["{", "syntax 1 1:2 a name in quotes or '}', the end"],
    ["{1", "syntax 1 1:2 a name in quotes or '}', '1'"],
    ['{"a"', "syntax 4 1:5 ':', the end"],
    ['{"a" 1}', "syntax 5 1:6 ':', '1'"],
    ['{"a":}', "syntax 5 1:6 a value, '}'"],
    ['{"a":1 "b"', "syntax 7 1:8 ',' or '}', '\"'"],
    ['{"a":1,}', "syntax 7 1:8 a name in quotes, '}'"],
    ['{"a":[}', "syntax 6 1:7 a value or ']', '}'"],
    ['{"é\u{1f600}":\n x', "syntax 12 2:2 a value, 'x'"],
    ['"é\u{1f600}" x', "syntax 9 1:6 the end, 'x'"],
    ["1 2", "syntax 2 1:3 the end, '2'"],
    ["-", "syntax 1 1:2 a digit, the end"],
    ["-x", "syntax 1 1:2 a digit, 'x'"],
    ["1.", "syntax 2 1:3 a digit, the end"],
    ["1.e", "syntax 2 1:3 a digit, 'e'"],
    ["1e", "syntax 2 1:3 a digit, the end"],
    ["1e+", "syntax 3 1:4 a digit, the end"],
    ["1e+-", "syntax 3 1:4 a digit, '-'"],
    ["01", "syntax 1 1:2 the end, '1'"],
    ["+1", "syntax 0 1:1 a value, '+'"],
    ["tru", "syntax 3 1:4 'true', the end"],
    ["nul!", "syntax 3 1:4 'null', '!'"],
    ["NaN", "syntax 0 1:1 a value, 'N'"],
    ['"a', "syntax 2 1:3 the rest of the string, the end"],
    ['"a\\', "syntax 3 1:4 the rest of the string, the end"],
    ['"\\x"', "syntax 2 1:3 an escape ('\"', '\\', '/', 'b', 'f', 'n', 'r', 't' or 'u'), 'x'"],
    ['"\\u12g4"', "syntax 5 1:6 a hexadecimal digit, 'g'"],
    ['"a\nb"', "syntax 2 1:3 an escaped control character, byte 0x0A"],
    ['"\\ud800"', "encoding 1 1:2 both halves of a surrogate pair, one of them"],
    ['"\\ud800\\n"', "encoding 1 1:2 both halves of a surrogate pair, one of them"],
    ['"\\ud800\\ud800"', "encoding 1 1:2 both halves of a surrogate pair, one of them"],
    ['"a\\udc00"', "encoding 2 1:3 both halves of a surrogate pair, one of them"],
    ["\ufeff1", "encoding 0 1:1 a value without a byte order mark, byte 0xEF"],
    [" \ufeff1", "syntax 1 1:2 a value, byte 0xEF"],
  ];
  for (const [text, expected] of cases) assertEquals(place(text), expected, text);
});

Deno.test("parse() refuses what is not UTF-8 at the start of the sequence (RFC 3629 §4)", () => {
  const sequences = [
    [0x80],
    [0xbf],
    [0xc0, 0x80],
    [0xc1, 0xbf],
    [0xc3, 0x28],
    [0xe0, 0x9f, 0xbf],
    [0xe2, 0x82, 0x22],
    [0xed, 0xa0, 0x80],
    [0xef, 0xbf, 0xc0],
    [0xf0, 0x8f, 0xbf, 0xbf],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf5, 0x80, 0x80, 0x80],
    [0xff],
  ];
  for (const sequence of sequences) {
    const bytes = new Uint8Array([0x22, 0xc3, 0xa9, ...sequence, 0x22]);
    assertEquals(place(bytes).split(",")[0], "encoding 3 1:3 UTF-8", String(sequence));
  }
  for (
    const text of ["\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\uffff", "\u{10000}", "\u{10ffff}"]
  ) {
    assertEquals(parse(utf8(`"${text}"`)), text);
  }
});

Deno.test("JsonError is a SyntaxError whose message names place, expectation and finding", () => {
  const error = assertThrows(() => parse(utf8("[1,]")), SyntaxError);
  assertInstanceOf(error, JsonError);
  assertEquals(error.name, "JsonError");
  assertEquals(error.message, "Cannot parse JSON as a value was expected at line 1, column 4 (byte 3): received ']'");
});

Deno.test("parse() with maxBytes takes that many bytes and no more", () => {
  assertEquals(parse(utf8("[1,2]"), { maxBytes: 5 }), [1, 2]);
  assertEquals(parsed(utf8("[1,2]"), { maxBytes: 4 }).error?.["kind"], "limit");
  assertEquals(parsed(utf8("[1,2}"), { maxBytes: 4 }).error?.["kind"], "limit");
});

Deno.test("parse() with maxDepth takes that many levels and no more", () => {
  assertEquals(parse(utf8('"flat"'), { maxDepth: 0 }), "flat");
  assertEquals(place("[]", { maxDepth: 0 }), "limit 0 1:1 at most 0 levels, one more");
  assertEquals(place('[{"a":[]}]', { maxDepth: 3 }), "accepted");
  assertEquals(place('[{"a":[]}]', { maxDepth: 2 }), "limit 6 1:7 at most 2 levels, one more");
  assertEquals(place('["[[[{{{",[],[],{},[]]', { maxDepth: 2 }), "accepted");
  assertEquals(place("[".repeat(513)), "limit 512 1:513 at most 512 levels, one more");
  const deep = 200_000;
  const bytes = utf8("[".repeat(deep) + "]".repeat(deep));
  for (const options of [{ maxDepth: Infinity }, { maxDepth: deep, duplicateKeys: "error" }] as const) {
    let depth = 0;
    for (let value = parse(bytes, options); Array.isArray(value); value = value[0] ?? null) depth++;
    assertEquals(depth, deep);
  }
});

Deno.test("parse() with maxStringBytes counts the bytes between the quotes, of names too", () => {
  assertEquals(place('{"abc":"déf"}', { maxStringBytes: 4 }), "accepted");
  assertEquals(place('{"abc":"déf"}', { maxStringBytes: 3 }), "limit 11 1:11 a string of at most 3 bytes, more");
  assertEquals(place('{"abcd":1}', { maxStringBytes: 3 }), "limit 5 1:6 a string of at most 3 bytes, more");
  assertEquals(place('"\\u0041"', { maxStringBytes: 6 }), "accepted");
  assertEquals(place('"\\u0041"', { maxStringBytes: 5 }), "limit 6 1:7 a string of at most 5 bytes, more");
  assertEquals(place('""', { maxStringBytes: 0 }), "accepted");
  assertEquals(place('"abcdef\n"', { maxStringBytes: 3 }), "limit 4 1:5 a string of at most 3 bytes, more");
});

Deno.test("parse() with maxKeys counts the members of all objects together", () => {
  const text = '[{"a":1,"b":{"c":"::"}},{}]';
  assertEquals(place(text, { maxKeys: 3 }), "accepted");
  assertEquals(parsed(utf8(text), { maxKeys: 2 }).error?.["offset"], 13);
  assertEquals(parsed(utf8("{}"), { maxKeys: 0 }).values, [{}]);
  assertEquals(parsed(utf8('{"a":1}'), { maxKeys: 0 }).error?.["expected"], "at most 0 members");
});

Deno.test("parse() refuses options that are none", () => {
  for (const maxDepth of [-1, 1.5, NaN, -Infinity]) {
    assertThrows(() => parse(utf8("1"), { maxDepth }), RangeError, `received ${maxDepth}`);
  }
  const wrong: Record<string, unknown> = { duplicateKeys: "all" };
  assertThrows(
    () => parse(utf8("1"), wrong),
    TypeError,
    "'duplicateKeys' must be one of last, first, error: received all",
  );
});

Deno.test("parse() with duplicateKeys keeps the last, the first or neither", () => {
  const text = '{"a":1,"\\u0061":{"b":2},"toString":3,"c":[{"a":4,"a":5}]}';
  const value = (a: JsonValue, inner: number) => ({ a, toString: 3, c: [{ a: inner }] });
  assertEquals(parse(utf8(text)), value({ b: 2 }, 5));
  assertEquals(parse(utf8(text), { duplicateKeys: "first" }), value(1, 4));
  assertEquals(
    place(text, { duplicateKeys: "error" }),
    'policy 7 1:8 a name that the object has not yet, "a"',
  );
  assertEquals(
    place('[\n{"é":1, "é":2}]', { duplicateKeys: "error" }),
    'policy 11 2:9 a name that the object has not yet, "é"',
  );
  const name = "n".repeat(1000);
  const { error } = parsed(utf8(`{"${name}":1,"${name}":2}`), { duplicateKeys: "error" });
  assertEquals(error?.["received"], `"${"n".repeat(40)}…"`);
  assertEquals(place('[{"a":1},{"a":2},{"b":{"a":3},"a":4}]', { duplicateKeys: "error" }), "accepted");
});

Deno.test("parse() keeps __proto__ as plain data, drops it or refuses it, and never sets a prototype", () => {
  for (const name of ["__proto__", "\\u005f_proto__"]) {
    const bytes = utf8(`{"a":{"${name}":{"x":1},"y":2}}`);
    for (const options of [{}, { duplicateKeys: "error" }] as const) {
      const inner = Object(Object(parse(bytes, options)).a);
      assertEquals(Object.getPrototypeOf(inner), Object.prototype);
      assertEquals(Object.entries(inner), [["__proto__", { x: 1 }], ["y", 2]]);
    }
    const dropped = Object(Object(parse(bytes, { proto: "drop" })).a);
    assertEquals([Object.keys(dropped), Object.getPrototypeOf(dropped)], [["y"], Object.prototype]);
    assertEquals(
      outcomeOf(() => parse(bytes, { proto: "error" })).error,
      { kind: "policy", offset: 6, line: 1, column: 7, expected: "a name other than '__proto__'", received: "it" },
    );
  }
  assertEquals(parse(utf8('["__proto__"]'), { proto: "error" }), ["__proto__"]);
});

Deno.test("parse() with bigIntegers gives a number, a bigint or the raw text", () => {
  const text = "[9007199254740991,9007199254740992,-9007199254740993,1e30,0.1234567890123456789,12345678901234567890]";
  const bytes = utf8(text);
  assertEquals(parse(bytes), JSON.parse(text));
  assertEquals(parse(bytes, { bigIntegers: "bigint" }), [
    9007199254740991,
    9007199254740992n,
    -9007199254740993n,
    1e30,
    0.12345678901234568,
    12345678901234567890n,
  ]);
  const raw = parse(bytes, { bigIntegers: "raw" });
  assertEquals(
    JSON.stringify(raw),
    text.replace("1e30", "1e+30").replace("0.1234567890123456789", "0.12345678901234568"),
  );
  assertEquals(
    place(`[ ${"1".repeat(20)}]`, { bigIntegers: "bigint", maxIntegerDigits: 19 }),
    "limit 2 1:3 an integer of at most 19 digits, 20",
  );
  assertEquals(parsed(utf8(`-${"1".repeat(4300)}`), { bigIntegers: "bigint" }).error, undefined);
  assertEquals(parsed(utf8(`-${"1".repeat(4301)}`), { bigIntegers: "bigint" }).error?.["kind"], "limit");
});

Deno.test("parse() with loneSurrogates keeps them, but those in the bytes stay refused", () => {
  const text = '["\\ud800","\\udc00\\ud800x","\\ud83d\\ude00"]';
  for (const maxDepth of [1, Infinity]) {
    assertEquals(parse(utf8(text), { loneSurrogates: "keep", maxDepth }), JSON.parse(text));
    assertEquals(parsed(utf8(text), { maxDepth }).error?.["offset"], 2);
  }
  assertEquals(
    parsed(new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]), { loneSurrogates: "keep" }).error?.["kind"],
    "encoding",
  );
});

Deno.test("parse() with byteOrderMark skips one and counts its bytes but no column", () => {
  const options = { byteOrderMark: "skip" } as const;
  assertEquals(parse(utf8("\ufeff[1]"), options), [1]);
  assertEquals(place("\ufeff[1]", options), "accepted");
  assertEquals(place("\ufeff[x]", options), "syntax 4 1:2 a value or ']', 'x'");
  assertEquals(place("\ufeff\ufeff1", options), "syntax 3 1:1 a value, byte 0xEF");
  assertEquals(place(new Uint8Array([0xef, 0xbb, 0x31]), options), "syntax 2 1:3 a value, '1'");
});

/** JSON texts with whitespace, escapes and repeated names, as no writer would write them. */
const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string; string: string }>((tie) => ({
  string: fc.array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 3 }).map((text) => JSON.stringify(text).slice(1, -1)),
      fc.constantFrom(
        "\\u0041",
        "\\ud83d\\ude00",
        "\\ud83d",
        "\\/",
        "\\\\",
        '\\"',
        "__proto__",
        "a",
        "\u20ac",
        "\ufffd",
      ),
    ),
    { maxLength: 4 },
  ).map((parts) => `"${parts.join("")}"`),
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("1", "-0", "1e5", "0.1E-7", "12345678901234567890", "1e999", "true", "false", "null", " \n2\t"),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
    tie("string"),
    fc.array(tie("value"), { maxLength: 4 }).map((items) => `[${items.join(" , ")}]`),
    fc.array(fc.tuple(tie("string"), tie("value")), { maxLength: 4 })
      .map((members) => `{${members.map(([name, value]) => `${name}:${value}`).join(",\r\n")}}`),
  ),
})).value;

/** Texts with a few octets changed, added or taken away. */
const damaged: fc.Arbitrary<Uint8Array> = fc.tuple(
  jsonText,
  fc.array(
    fc.tuple(
      fc.nat(),
      fc.nat({ max: 2 }),
      fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(...utf8('"\\[]{},:0e-.u \n'))),
    ),
    {
      maxLength: 3,
    },
  ),
).map(([text, edits]) => {
  const bytes = [...utf8(text)];
  for (const [place, width, byte] of edits) {
    bytes.splice(place % (bytes.length + 1), width, ...width === 2 ? [] : [byte]);
  }
  return new Uint8Array(bytes);
});

Deno.test("parse() gives what JSON.parse gives, or both refuse", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(damaged, jsonText.map(utf8)), (bytes) => {
      const platform = outcomeOf((values: JsonValue[]) => {
        try {
          values.push(JSON.parse(decoder.decode(bytes)));
        } catch {
          // refused: no value
        }
      });
      assertEquals(parsed(bytes, { loneSurrogates: "keep" }).values, platform.values);
      accepted += platform.values.length;
    }),
    { numRuns: 3000 },
  );
  assert(accepted > 300, `only ${accepted} texts were accepted`);
});

const anyOptions: fc.Arbitrary<ParseOptions> = fc.record({
  maxDepth: fc.constantFrom(1, 2, 512),
  maxStringBytes: fc.constantFrom(2, 8, 1000),
  maxKeys: fc.constantFrom(1, 3, 1000),
  bigIntegers: fc.constantFrom("number", "bigint"),
  proto: fc.constantFrom("keep", "drop", "error"),
  duplicateKeys: fc.constantFrom("last", "first", "error"),
  loneSurrogates: fc.constantFrom("error", "keep"),
}, { requiredKeys: [] });

Deno.test("parse()'s fast way and the plain one agree on every text, limit and policy, and so does the reader on each split", () => {
  fc.assert(
    fc.property(
      fc.oneof(damaged, jsonText.map(utf8)),
      anyOptions,
      fc.integer({ min: 1, max: 9 }),
      (bytes, options, size) => {
        const plain = outcomeOf((values: JsonValue[]) => values.push(build(bytes, resolveOptions(options))));
        assertEquals(parsed(bytes, options), plain);
        const whole = read([bytes], options);
        assertEquals(read(pieces(bytes, size), options), whole);
        assertEquals(
          events(pieces(bytes, size), options).error === undefined,
          parsed(bytes, {
            ...options,
            proto: "keep",
            duplicateKeys: "last",
          }).error === undefined,
        );
        // parse() applies the policies as it goes, the reader once the value is whole: either may meet another error
        // first.
        const policy = [whole, plain].some(({ error }) => error?.["kind"] === "policy");
        assertEquals(whole.error === undefined, plain.error === undefined);
        if (!policy) assertEquals(whole.error, plain.error);
        if (plain.error === undefined) assertEquals(whole, plain);
      },
    ),
    { numRuns: 3000 },
  );
});

Deno.test("keepsLimits() and keepsSurrogates() are true exactly for the containers that the automaton takes", () => {
  let broken = 0;
  const found = new Skim();
  fc.assert(
    fc.property(jsonText.map((text) => ` \n[${text}]\n`), anyOptions, (text, { maxDepth, maxStringBytes, maxKeys }) => {
      const bytes = utf8(text);
      const limits = { maxDepth, maxStringBytes, maxKeys };
      const kept = parsed(bytes, { ...limits, loneSurrogates: "keep", duplicateKeys: "first" }).error === undefined;
      assertEquals(keepsLimits(bytes, resolveOptions(limits), found), kept);
      if (kept) {
        const trimmed = text.trimEnd();
        assertEquals([found.end, found.escapes], [utf8(trimmed).length, text.includes("\\")]);
        assertEquals(found.newlines, trimmed.split("\n").length - 2);
      }
      assertEquals(keepsSurrogates(bytes), parsed(bytes, { duplicateKeys: "first" }).error === undefined);
      broken += Number(!kept);
    }),
    { numRuns: 2000 },
  );
  assert(broken > 50, `only ${broken} texts passed a limit`);
});

Deno.test("skim() stays in its bytes wherever they break off, and lastStringQuote() finds what may end a string", () => {
  const bytes = utf8('[{"a\\\\\\"b":"\\\\"},\n  "c\\\\\\\\", ["\\""], 1]');
  const found = new Skim();
  for (let end = 0; end < bytes.length; end++) {
    const part = bytes.slice(0, end);
    assertEquals(skim(part, 0, lastStringQuote(part), resolveOptions({}), found), false, String(end));
  }
  assertEquals(skim(bytes, 0, lastStringQuote(bytes), resolveOptions({}), found), true);
  const quotes: [text: string, quote: number][] = [
    ["", -1],
    ['"', 0],
    ['\\"', -1],
    ['\\\\"', 2],
    ['"a\\"', 0],
    ['a"\\"\\"', 1],
    [`"${'\\"'.repeat(15)}`, 0],
    [`"a"${'\\"'.repeat(40)}`, 2],
    [`"${"a".repeat(50)}\\\\"${"b".repeat(50)}${'\\"'.repeat(2)}${"c".repeat(50)}`, 53],
    [`\\"${"c".repeat(50)}`, -1],
  ];
  for (const [text, quote] of quotes) assertEquals(lastStringQuote(utf8(text)), quote, text);
});

Deno.test("parse() refuses what is no bytes", () => {
  for (const text of ["[1]", null, undefined, [0x31], new ArrayBuffer(1)]) {
    const error = assertThrows(() => Reflect.apply(parse, undefined, [text]), TypeError);
    assertEquals(error.message, `Cannot parse JSON as it must be a Uint8Array: received ${typeof text}`);
  }
});

Deno.test("parse() keeps the order of members that JSON.parse has, in each way, names like indexes first", () => {
  const text = '{"b":1,"2":2,"a":3,"1":4,"01":5,"4294967294":6,"4294967295":7,"-1":8,"2":9,"":10}';
  for (const options of [{}, { maxStringBytes: 10 }, { duplicateKeys: "first" }, { proto: "error" }] as const) {
    assertEquals(Object.keys(Object(parse(utf8(text), options))), Object.keys(JSON.parse(text)));
  }
  assertEquals(Object(build(utf8(text), resolveOptions({})))["2"], 9);
});

Deno.test("parse() finds __proto__ and names said twice at any depth, however they are written", () => {
  const names = ["__proto__", "\\u005f\\u005fproto\\u005f\\u005f", "__prot\\u006F__"];
  for (const name of names) {
    const text = `[{"a":{"${name}":{"${name}":1,"b":2},"${name}":{"c":3}}}]`;
    const inner = Object(parse(utf8(text)))[0].a;
    assertEquals([Object.getPrototypeOf(inner), Object.keys(inner)], [Object.prototype, ["__proto__"]]);
    assertEquals(Object.getOwnPropertyDescriptor(inner, "__proto__")?.value, { c: 3 });
    const first = Object(parse(utf8(text), { duplicateKeys: "first" }))[0].a;
    const kept = Object.getOwnPropertyDescriptor(first, "__proto__")?.value;
    assertEquals(Object.entries(kept), [["__proto__", 1], ["b", 2]]);
    assertEquals(parse(utf8(text), { proto: "drop" }), [{ a: {} }]);
    assertEquals(parsed(utf8(text), { proto: "error" }).error?.["offset"], 7);
    assertEquals(parsed(utf8(text), { duplicateKeys: "error" }).error?.["received"], '"__proto__"');
  }
  assertEquals(parsed(utf8('{"\\u0041\\n":1,"A\\u000a":2}'), { duplicateKeys: "error" }).error?.["offset"], 14);
  assertEquals(
    parsed(utf8('{"\\ud83d\\ude00":1,"\u{1f600}":2}'), { duplicateKeys: "error" }).error?.["kind"],
    "policy",
  );
});

Deno.test("parse() gives exact integers at the edges of a double's", () => {
  const at = (text: string) => parse(utf8(`[${text}]`), { bigIntegers: "bigint" });
  for (const sign of ["", "-"]) {
    assertEquals(at(`${sign}9007199254740991`), [Number(`${sign}9007199254740991`)]);
    for (const text of ["9007199254740992", "9007199254740993", "90071992547409910", "1".repeat(400)]) {
      assertEquals(at(sign + text), [BigInt(sign + text)]);
    }
    for (const text of ["9007199254740993.0", "9007199254740993e0", "9007199254740993E2", "1e400", "1e-400", "0"]) {
      assertEquals(at(sign + text), [Number(sign + text)]);
      assert(Object.is(Object(parse(utf8(`[${sign}${text}]`), { duplicateKeys: "error" }))[0], Number(sign + text)));
    }
  }
});

Deno.test("opensAtMost() counts what opens, in strings too, and gives up at many; parse() keeps the limits all the same", () => {
  const cases: [text: string, most: number, kept: boolean][] = [
    ["[1,[2.5],null]", 2, true],
    ["[1,[2.5],null]", 1, false],
    ["12", 0, true],
    ["{}", 0, false],
    ['{"a":[{}]}', 3, true],
    ['{"a":[{}]}', 2, false],
    ['{"a[":"{"}', 2, false],
    ["[]".repeat(32), Infinity, true],
    ["[]".repeat(33), Infinity, false],
  ];
  for (const [text, most, kept] of cases) assertEquals(opensAtMost(text, most), kept, text);
  const numbers = `[[${"1.5e3,".repeat(1000)}[0]],[1]]`; // too long to keep the limits by its size alone
  assertEquals(parse(utf8(numbers), { maxDepth: 3, maxStringBytes: 0, maxKeys: 0 }), JSON.parse(numbers));
  assertEquals(place(numbers, { maxDepth: 2 }), "limit 6002 1:6003 at most 2 levels, one more");
  assertEquals(place(`${"[".repeat(3)}${" ".repeat(100)}`, { maxDepth: 2 }), "limit 2 1:3 at most 2 levels, one more");
  const few = `{"a":"${"x".repeat(3000)}","b":[1]}`;
  assertEquals(parse(utf8(few), { maxDepth: 2, maxStringBytes: 3000, maxKeys: 2 }), JSON.parse(few));
  assertEquals(
    parsed(utf8(few), { maxDepth: 2, maxStringBytes: 2999 }).error?.["expected"],
    "a string of at most 2999 bytes",
  );
  assertEquals(parsed(utf8(few), { maxDepth: 2, maxKeys: 1 }).error?.["expected"], "at most 1 members");
  assertEquals(parsed(utf8(few), { maxDepth: 1 }).error?.["expected"], "at most 1 levels");
});

Deno.test("parse() keeps each limit to one more in the shortest texts that pass it", () => {
  for (let count = 1; count < 12; count++) {
    const deep = utf8("[".repeat(count) + "]".repeat(count));
    assertEquals(parsed(deep, { maxDepth: count }).error, undefined);
    assertEquals(parsed(deep, { maxDepth: count - 1 }).error?.["offset"], count - 1);
    const members = utf8(`{${Array.from({ length: count }, () => '"":1').join(",")}}`);
    assertEquals(parsed(members, { maxKeys: count }).error, undefined);
    assertEquals(parsed(members, { maxKeys: count - 1 }).error?.["offset"], count * 5 - 4);
    const string = utf8(`"${"x".repeat(count)}"`);
    assertEquals(parsed(string, { maxStringBytes: count }).error, undefined);
    assertEquals(parsed(string, { maxStringBytes: count - 1 }).error?.["offset"], count);
  }
});
