/**
 * Owns the tests of the streams: values and errors in order, backpressure, cancellation. Must not know what makes the
 * values.
 *
 * @module
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  JsonError,
  JsonEventStream,
  JsonReaderStream,
  JsonSeqParseStream,
  JsonSeqStringifyStream,
  NdjsonParseStream,
  NdjsonStringifyStream,
  stringifyArray,
  stringifyLines,
} from "../../json/mod.ts";
import { pieces, utf8 } from "./outcome.ts";

/** Reads a stream to its end or error. */
async function collect<T>(stream: ReadableStream<T>): Promise<{ values: T[]; error?: unknown }> {
  const values: T[] = [];
  try {
    for await (const value of stream) values.push(value);
    return { values };
  } catch (error) {
    return { values, error };
  }
}

const bytes = (text: string, size = 3) => ReadableStream.from(pieces(utf8(text), size));

Deno.test("JsonReaderStream gives the values at a path", async () => {
  const stream = bytes('{"a": [{"é": 1}, 2], "b": 3}').pipeThrough(new JsonReaderStream({ path: "$.a[*]" }));
  assertEquals(await collect(stream), { values: [{ é: 1 }, 2] });
});

Deno.test("JsonReaderStream fails after the values before the error, at the end too", async () => {
  for (const size of [1, 3, 100]) {
    for (const [text, place] of [["[1, 2, x]", 7], ["[1, 2, ", 7]] as const) {
      const { values, error } = await collect(bytes(text, size).pipeThrough(new JsonReaderStream({ path: "$[*]" })));
      assertEquals(values, [1, 2]);
      assertEquals(error instanceof JsonError ? error.offset : error, place);
    }
  }
});

Deno.test("JsonReaderStream takes a chunk when the values of the last one are taken, and no more after an error or cancel", async () => {
  let given = 0;
  let cancelled = Promise.withResolvers<unknown>();
  const source = () =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(utf8(["[1,2,", "3,4,", "x", "5"][given++]!)),
      cancel: (reason) => cancelled.resolve(reason),
    }, { highWaterMark: 0 });
  const reader = source().pipeThrough(new JsonReaderStream({ path: "$[*]" })).getReader();
  assertEquals([(await reader.read()).value, (await reader.read()).value], [1, 2]);
  assertEquals((await reader.read()).value, 3);
  assertEquals(given, 2);
  assertEquals((await reader.read()).value, 4);
  const error = await assertRejects(() => reader.read(), JsonError);
  assertEquals(await cancelled.promise, error);
  await assertRejects(() => reader.closed, JsonError);
  given = 0;
  cancelled = Promise.withResolvers<unknown>();
  const left = source().pipeThrough(new JsonReaderStream({ path: "$[*]" })).getReader();
  await left.read();
  await left.cancel("enough");
  assertEquals(await cancelled.promise, "enough");
});

Deno.test("JsonReaderStream fails with the error of its source", async () => {
  const source = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new RangeError("gone")) });
  const { values, error } = await collect(source.pipeThrough(new JsonReaderStream()));
  assertEquals([values, error instanceof RangeError], [[], true]);
});

Deno.test("NdjsonParseStream and NdjsonStringifyStream give values back", async () => {
  const values = [1, "é\n", { a: [null, true] }];
  const lines = ReadableStream.from<unknown>(values).pipeThrough(new NdjsonStringifyStream());
  assertEquals(await collect(lines.pipeThrough(new NdjsonParseStream())), { values });
  const bad = bytes("1\nx\n2").pipeThrough(new NdjsonParseStream({ badRecord: "skip" }));
  assertEquals(await collect(bad), { values: [1, 2] });
});

Deno.test("JsonSeqParseStream and JsonSeqStringifyStream give values back (RFC 7464)", async () => {
  const values = [1, "\u001e", { a: [null, true] }];
  const [raw, parsed] = ReadableStream.from<unknown>(values).pipeThrough(new JsonSeqStringifyStream()).tee();
  assertEquals(await new Response(raw).text(), '\x1e1\n\x1e"\\u001e"\n\x1e{"a":[null,true]}\n');
  assertEquals(await collect(parsed.pipeThrough(new JsonSeqParseStream())), { values });
});

Deno.test("the writing streams fail with a TypeError at a value without a JSON form", async () => {
  const stream = ReadableStream.from([1, undefined]).pipeThrough(new NdjsonStringifyStream());
  await assertRejects(() => new Response(stream).text(), TypeError, "received undefined");
});

Deno.test("stringifyArray() and stringifyLines() write any iterable", async () => {
  async function* slow() {
    yield await Promise.resolve(1);
    yield { a: "<é>" };
  }
  const text = (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => new Response(stream).text();
  assertEquals(await text(stringifyArray(slow(), { htmlSafe: true })), '[1,{"a":"\\u003cé\\u003e"}]');
  assertEquals(await text(stringifyArray([1, "2", [3]])), '[1,"2",[3]]');
  assertEquals(await text(stringifyLines(slow())), '1\n{"a":"<é>"}\n');
  assertEquals(await text(stringifyLines(new Set([1, 2]))), "1\n2\n");
  for (const none of [[], ReadableStream.from([])]) {
    assertEquals([await text(stringifyArray(none)), await text(stringifyLines([]))], ["[]", ""]);
  }
  const many = Array.from({ length: 10_000 }, (_, index) => ({ index }));
  assertEquals(await text(stringifyArray(many)), JSON.stringify(many));
});

/** Counts up, and tells how far it got and whether it was ended. */
class Counter {
  given = 0;
  ended = false;
  *values() {
    try {
      for (;;) yield { number: ++this.given, filler: "x".repeat(1000) };
    } finally {
      this.ended = true;
    }
  }
  async *later() {
    for (const value of this.values()) yield await Promise.resolve(value);
  }
}

Deno.test("stringifyArray() asks for a value when bytes are asked for, and ends the iterable when cancelled", async () => {
  for (const [make, perRead] of [["values", 16], ["later", 1]] as const) {
    const counter = new Counter();
    const reader = stringifyArray(counter[make]()).getReader();
    assertEquals(counter.given, 0);
    await reader.read();
    assertEquals(counter.given, perRead);
    await reader.read();
    assertEquals(counter.given, perRead * 2);
    await reader.cancel();
    assertEquals(counter.ended, true);
  }
});

Deno.test("stringifyArray() ends the iterable at a value without a JSON form, and fails with its error", async () => {
  const log: string[] = [];
  function* values() {
    try {
      yield 1;
      yield undefined;
    } finally {
      log.push("ended");
    }
  }
  async function* later() {
    for (const value of values()) yield await Promise.resolve(value);
  }
  for (const source of [values(), later()]) {
    await assertRejects(() => new Response(stringifyArray(source)).text(), TypeError, "received undefined");
  }
  assertEquals(log, ["ended", "ended"]);
});

Deno.test("stringifyArray() fails with the error of its iterable, and refuses what is none", async () => {
  // deno-lint-ignore require-yield
  async function* broken() {
    throw await Promise.resolve(new RangeError("gone"));
  }
  await assertRejects(() => new Response(stringifyArray(broken())).text(), RangeError, "gone");
  const none: Record<string, unknown> = {};
  assertThrows(() => Reflect.apply(stringifyArray, undefined, [none]), TypeError);
});

Deno.test("JsonEventStream gives the events of a text, and the error after them", async () => {
  const { values } = await collect(bytes('{"a":[1]}').pipeThrough(new JsonEventStream()));
  assertEquals(values.map(({ type }) => type), [
    "beginObject",
    "name",
    "beginArray",
    "value",
    "endArray",
    "endObject",
  ]);
  const broken = await collect(bytes("[x").pipeThrough(new JsonEventStream()));
  assertEquals([broken.values, broken.error instanceof JsonError], [[{ type: "beginArray" }], true]);
});

Deno.test("the reading streams fail on both sides at what is no chunk", async () => {
  for (const make of [JsonReaderStream, JsonEventStream, NdjsonParseStream, JsonSeqParseStream]) {
    for (const waiting of [true, false]) {
      const { readable, writable } = new make();
      const reader = readable.getReader();
      const first = waiting ? reader.read() : undefined;
      const writer = writable.getWriter();
      const write = Reflect.apply(writer.write, writer, ["1"]);
      await assertRejects(() => write, TypeError, "must be a Uint8Array: received string");
      await assertRejects(() => first ?? reader.read(), TypeError, "must be a Uint8Array: received string");
      await assertRejects(() => writer.closed, TypeError);
      await assertRejects(() => reader.closed, TypeError);
    }
  }
});

Deno.test("JsonReaderStream ends a reader that waits, and a write that waits, when cancelled", async () => {
  const { readable, writable } = new JsonReaderStream({ path: "$[*]" });
  const reader = readable.getReader();
  const writer = writable.getWriter();
  const closed = assertRejects(() => writer.closed, Error, "enough");
  const first = writer.write(utf8("["));
  const value = reader.read();
  await first;
  await reader.cancel(new Error("enough"));
  assertEquals((await value).done, true);
  await closed;
  await assertRejects(() => writer.write(utf8("1")), Error, "enough");
});

Deno.test("stringifyArray() and stringifyLines() give what came before an error, then the error", async () => {
  function* broken() {
    yield 1;
    yield 2;
    throw new RangeError("gone");
  }
  for (const [source, cause] of [[() => broken(), RangeError], [() => [1, 2, undefined], TypeError]] as const) {
    const text = (stream: ReadableStream<Uint8Array<ArrayBuffer>>) =>
      collect(stream.pipeThrough(new TextDecoderStream()));
    const lines = await text(stringifyLines(source()));
    assertEquals([lines.values.join(""), lines.error instanceof cause], ["1\n2\n", true]);
    const array = await text(stringifyArray(source()));
    assertEquals([array.values.join(""), array.error instanceof cause], ["[1,2", true]);
  }
});
