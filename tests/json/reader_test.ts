/**
 * Owns the tests of the chunk-wise readers: paths, what is held, errors and their order. Must not know how bytes are
 * scanned.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { JsonEventReader, JsonReader, type JsonReaderOptions, type JsonValue } from "../../json/mod.ts";
import { readPath } from "../../json/path.ts";
import { events, type Outcome, pieces, read, splits, utf8, valueOf } from "./outcome.ts";

/** Reads a text on every split; the outcomes must be equal, and the first one is given. */
function readAll(text: string | Uint8Array, options?: JsonReaderOptions): Outcome {
  const bytes = typeof text === "string" ? utf8(text) : text;
  const whole = read([bytes], options);
  for (const chunks of splits(bytes)) {
    assertEquals(read(chunks, options), whole, `cut after ${chunks[0]?.length}`);
  }
  return whole;
}

const STORE = `{
  "total": 3, "note": "a \\"quoted\\" [*] {text}", "items": [
    {"id": 1, "tags": ["a", "é\u{1f600}"], "size": {"w": 1.5}},
    {"id": 2, "tags": [], "size": null}, 3, "four", [5, [6]], -7e2, true, null
  ],
  "a b": {"items": [{"id": 9}]}, "": {"x": "\\u0041"}
}`;

Deno.test("JsonReader gives the values at a path, on every split", () => {
  const store = JSON.parse(STORE);
  const cases: [path: string, values: JsonValue[]][] = [
    ["$", [store]],
    ["$.total", [3]],
    ["$.note", [store.note]],
    ["$.items", [store.items]],
    ["$.items[*]", store.items],
    ["$.items.*", store.items],
    ["$.items[0]", [store.items[0]]],
    ["$.items[3]", ["four"]],
    ["$.items[8]", []],
    ["$.items[*].id", [1, 2]],
    ["$.items[*].size", [{ w: 1.5 }, null]],
    ["$.items[*].tags[1]", ["é\u{1f600}"]],
    ["$.items[*][0]", [5]],
    ["$.items[4][1][0]", [6]],
    ["$.items.id", []],
    ["$.total.x", []],
    ["$[0]", []],
    ["$.*", Object.values(store)],
    ["$.*.items[*].id", [9]],
    ["$['a b'].items", [[{ id: 9 }]]],
    ['$["a b"]["items"][0]', [{ id: 9 }]],
    ["$[''].x", ["A"]],
  ];
  for (const [path, values] of cases) assertEquals(readAll(STORE, { path }), { values }, path);
});

Deno.test("JsonReader.path is what leads to the value given last", () => {
  const paths = (path: string) => {
    const reader = new JsonReader({ path });
    const found: (readonly (string | number)[])[] = [];
    for (const chunk of pieces(utf8(STORE), 7)) {
      reader.write(chunk);
      for (const _ of reader) found.push(reader.path);
    }
    return found;
  };
  assertEquals(paths("$.items[*].id"), [["items", 0, "id"], ["items", 1, "id"]]);
  assertEquals(paths("$.*"), [["total"], ["note"], ["items"], ["a b"], [""]]);
  assertEquals(paths("$"), [[]]);
});

Deno.test("readPath() reads names, indexes and wildcards, and refuses the rest", () => {
  assertEquals(readPath("$"), []);
  assertEquals(readPath("$.a._b1.é[0][10]['x.y']"), ["a", "_b1", "é", 0, 10, "x.y"]);
  assertEquals(readPath(`$["a\\"\\u0041"]['it\\'s "it"']`), ['a"A', 'it\'s "it"']);
  assertEquals(readPath(String.raw`$['a\\"b\"c']`), ['a\\"b"c']);
  const wrong = [
    "",
    "a",
    "$a",
    "$.",
    "$..a",
    "$[",
    "$[]",
    "$[-1]",
    "$[01]",
    "$[1:2]",
    "$[?@.a]",
    "$['a]",
    '$["\\x"]',
    "$.1",
    "$ ",
  ];
  for (const path of wrong) assertThrows(() => readPath(path), TypeError, `received ${path}`);
});

Deno.test("JsonReader gives the values before an error first, then throws it at every read", () => {
  const { values, error } = readAll('{"items": [1, {"a": "é"}, {"b": 2,}]}', { path: "$.items[*]" });
  assertEquals(values, [1, { a: "é" }]);
  assertEquals([error?.["offset"], error?.["column"]], [35, 35]);
  const reader = new JsonReader();
  reader.write(utf8("[1,]"));
  const first = assertThrows(() => reader.read());
  assertEquals(assertThrows(() => reader.read()), first);
});

Deno.test("JsonReader checks what it is not asked for", () => {
  for (
    const text of [
      '{"a": [01], "b": 1}',
      '{"a": "\\x", "b": 1}',
      '{"a": {"x" 1}, "b": 1}',
      '{"a": nul, "b": 1}',
      '{"b": 1}}',
    ]
  ) {
    const { values, error } = readAll(text, { path: "$.b" });
    assertEquals([values.length, error?.["kind"]], [text.endsWith("}}") ? 1 : 0, "syntax"], text);
  }
  assertEquals(readAll(`{"a": ${"[".repeat(20)}`, { path: "$.b", maxDepth: 10 }).error?.["offset"], 15);
});

Deno.test("JsonReader's places count lines and characters over values that it has passed", () => {
  for (const path of ["$", "$[*]", "$[*].a", "$.none"]) {
    const { error } = readAll('[{"é": 1,\n "a": {"ü": "\u{1f600}"}}, {"é": [\n]}, "ß", x]', { path });
    assertEquals([error?.["line"], error?.["column"], error?.["received"]], [3, 10, "'x'"], path);
  }
});

Deno.test("JsonReader takes the right bytes of chunks that are not all ASCII", () => {
  assertEquals(readAll('["éééé",[1],[2],[3]]', { path: "$[*]" }), { values: ["éééé", [1], [2], [3]] });
});

Deno.test("JsonReader with maxValueBytes bounds what is asked for, not what is passed", () => {
  const long = `"${"x".repeat(1000)}"`;
  const path = "$.items[*]";
  const text = (items: string) => `{"skip": [${long}, {"deep": ${long}}], "items": [${items}]}`;
  assertEquals(readAll(text('"12345678", [1, 2], {"a":12}'), { path, maxValueBytes: 10 }).error, undefined);
  const start = text("").length - 2;
  for (
    const item of [
      long,
      '"123456789"',
      "[1,    2 ,3]",
      "12345678901",
      `[${long}`,
      '["123456789\u{1f600}"]',
      '["12345678\\x"]',
    ]
  ) {
    const { error } = readAll(text(item), { path, maxValueBytes: 10 });
    assertEquals([error?.["kind"], error?.["offset"]], ["limit", start], item);
  }
  // What is wrong begins right at the limit, or one byte behind it, and shows only later.
  for (
    const wrong of [[0xf0, 0x9f, 0x98, 0x78], [0xe2, 0x82, 0x22], [...utf8("\\ud83dx")], [...utf8("\\ud83d\\u0041")]]
  ) {
    for (const [head, kind] of [['["12345678', "encoding"], ['["123456789', "limit"]] as const) {
      const bytes = new Uint8Array([...utf8(`[${head}`), ...wrong, ...utf8('"]]')]);
      assertEquals(readAll(bytes, { path: "$[*]", maxValueBytes: 10 }).error?.["kind"], kind);
    }
  }
  assertEquals(readAll(text("[1,2,}, 1234567"), { path, maxValueBytes: 10 }).error?.["kind"], "syntax");
  for (const item of ["12345678901.x", '"12345678901\n"', '"12345678901\\x"']) {
    assertEquals(readAll(text(item), { path, maxValueBytes: 10 }).error?.["kind"], "limit", item);
  }
  assertEquals(readAll(text("nul?"), { path, maxValueBytes: 2 }).error?.["kind"], "limit");
  assertEquals(readAll(`{"${"n".repeat(20)}\n": 1}`, { path: "$.a", maxValueBytes: 10 }).error?.["kind"], "limit");
  assertEquals(readAll(`{"${"n".repeat(20)}": 1}`, { path: "$.a", maxValueBytes: 10 }).error?.["kind"], "limit");
});

Deno.test("JsonReader with maxBytes bounds the whole text", () => {
  const text = "[1, [2, 3], 4]";
  assertEquals(readAll(text, { path: "$[*]", maxBytes: text.length }).error, undefined);
  const { values, error } = readAll(text, { path: "$[*]", maxBytes: 12 });
  assertEquals([values, error?.["kind"], error?.["offset"]], [[1, [2, 3]], "limit", 12]);
  assertEquals(events([utf8(text)], { maxBytes: 12 }).error?.["offset"], 12);
});

Deno.test("JsonReader with maxKeys counts the members of each value asked for", () => {
  const options = { path: "$[*]", maxKeys: 2 };
  assertEquals(readAll('[{"a":1,"b":2},{"c":3,"d":4}]', options).error, undefined);
  assertEquals(readAll('[{"a":1,"b":2},{"c":3,"d":[{"e":5}]}]', options).error?.["offset"], 28);
});

Deno.test("JsonReader keeps the policies of parse(), with places in the whole text", () => {
  const text = '[{"a":1},\n{"é":12345678901234567890, "b":{"é":1,"é":2}, "__proto__":3}]';
  const path = "$[*]";
  assertEquals(
    readAll(text, { path, bigIntegers: "bigint" }).values[1],
    JSON.parse(text, (key, value) => {
      return key === "é" && value > 2 ? 12345678901234567890n : value;
    })[1],
  );
  const duplicate = readAll(text, { path, duplicateKeys: "error" });
  assertEquals([duplicate.values.length, duplicate.error?.["line"], duplicate.error?.["column"]], [1, 2, 39]);
  const proto = readAll(text, { path, proto: "error" });
  assertEquals([proto.error?.["line"], proto.error?.["column"]], [2, 47]);
  assertEquals(readAll("[12345678901234567890]", { path, bigIntegers: "bigint" }).values, [12345678901234567890n]);
});

Deno.test("JsonReader and JsonEventReader refuse a chunk before the last one is read", () => {
  for (const reader of [new JsonReader(), new JsonEventReader()]) {
    reader.write(utf8("[1,"));
    assertThrows(
      () => reader.write(utf8("2]")),
      TypeError,
      "Cannot write chunk as the last one must be read to its end",
    );
    assertEquals([...reader].length, reader instanceof JsonReader ? 0 : 2);
    reader.write(utf8("2]"));
  }
});

Deno.test("JsonEventReader tells the text in order, with the depth around what comes next", () => {
  const reader = new JsonEventReader();
  reader.write(utf8('{"a":[1,"b"],"c":null}'));
  reader.end();
  const told = [...reader].map((event) => ({ ...event, depth: reader.depth }));
  assertEquals(
    told.map(({ type }) => type).join(" "),
    "beginObject name beginArray value value endArray name value endObject",
  );
  assertEquals(new JsonEventReader().depth, 0);
  assertEquals(valueOf(told), { a: [1, "b"], c: null });
});

Deno.test("JsonReader takes exactly the children that a path names in any value, on every split", () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 4 }),
      fc.integer({ min: 1, max: 12 }),
      fc.nat({ max: 2 }),
      (value, size, depth) => {
        const children = (parent: unknown): unknown[] =>
          typeof parent === "object" && parent !== null ? Object.values(parent) : [];
        const plain: JsonValue = JSON.parse(JSON.stringify(value));
        const expected = Array.from({ length: depth }).reduce<unknown[]>((all) => all.flatMap(children), [plain]);
        const chunks = pieces(utf8(JSON.stringify(value, null, size % 3)), size);
        assertEquals<unknown>(read(chunks, { path: `$${".*".repeat(depth)}` }), { values: expected });
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("JsonReader keeps the policies on names on the way to the values, on every split", () => {
  const text = '[{"a":[1,[2]],"__proto__":{"a":[3]},"a":[4]},{"b":{"a":5},"a":[6]}]';
  const cases: [options: JsonReaderOptions, values: JsonValue[]][] = [
    [{ path: "$[*].a[*]" }, [1, [2], 4, 6]],
    [{ path: "$[*].a[*]", duplicateKeys: "first" }, [1, [2], 6]],
    [{ path: "$[*]['__proto__'].a[0]" }, [3]],
    [{ path: "$[*]['__proto__'].a[0]", proto: "drop" }, []],
    [{ path: "$[0].*", proto: "drop" }, [[1, [2]], [4]]],
    [{ path: "$[0].*" }, [[1, [2]], { a: [3] }, [4]]],
  ];
  for (const [options, values] of cases) assertEquals(readAll(text, options), { values }, JSON.stringify(options));
  const twice = readAll(text, { path: "$[*].a[*]", duplicateKeys: "error" });
  assertEquals([twice.values, twice.error?.["kind"], twice.error?.["offset"]], [[1, [2]], "policy", 36]);
  const proto = readAll(text, { path: "$[*].a", proto: "error" });
  assertEquals([proto.values, proto.error?.["kind"], proto.error?.["offset"]], [[[1, [2]]], "policy", 14]);
  assertEquals(readAll('[{"a":1},{"a":2}]', { path: "$[*].a", duplicateKeys: "error" }), { values: [1, 2] });
  assertEquals(readAll('{"a":1,"a":"xxxxxxxx"}', { path: "$.a", duplicateKeys: "first", maxValueBytes: 5 }), {
    values: [1],
  });
});

Deno.test("JsonReader and JsonEventReader give nothing of a text that was cut at maxBytes, told of the end or not", () => {
  for (const reader of [new JsonReader({ maxBytes: 2 }), new JsonEventReader({ maxBytes: 2 })]) {
    reader.write(utf8("1234"));
    reader.end();
    assertThrows(() => reader.read(), SyntaxError, "a text of at most 2 bytes was expected at line 1, column 3");
  }
});

Deno.test("JsonReader and JsonEventReader refuse a chunk after the end, and what is no chunk", () => {
  for (const make of [() => new JsonReader(), () => new JsonEventReader()]) {
    const ended = make();
    ended.write(utf8("1"));
    assertEquals([...ended], []);
    ended.end();
    assertThrows(() => ended.write(utf8("2")), TypeError, "Cannot write chunk as it must come before the end");
    for (const chunk of ["1", null, undefined, new ArrayBuffer(1), [0x31]]) {
      const reader = make();
      const write = () => Reflect.apply(reader.write, reader, [chunk]);
      assertThrows(write, TypeError, `it must be a Uint8Array: received ${typeof chunk}`);
    }
  }
});

Deno.test("JsonEventReader with maxNumberBytes bounds numbers, on every split", () => {
  const told = (text: string) => {
    const whole = events([utf8(text)], { maxNumberBytes: 6 });
    for (const chunks of splits(utf8(text))) assertEquals(events(chunks, { maxNumberBytes: 6 }), whole);
    return whole.error === undefined ? "accepted" : `${whole.error["kind"]} ${whole.error["offset"]}`;
  };
  assertEquals(told("[-12.5e,"), "syntax 7");
  for (const number of ["123456", "-1.5e9", "0.1234"]) {
    assertEquals(told(`[${number}]`), "accepted");
    for (const more of ["0]", "1", "1.x]", "5e]", "1e"]) assertEquals(told(`[${number}${more}`), "limit 1", more);
  }
  assertEquals(told("1234567"), "limit 0");
  assertThrows(() => new JsonEventReader({ maxNumberBytes: -1 }), RangeError, "'maxNumberBytes'");
});
