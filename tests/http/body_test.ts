import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BodyTooLargeError, readAll, readStream, streamOf } from "../../http/body.ts";
import { ProtocolError } from "../../http/fields/error.ts";
import { TestBody } from "./sources.ts";

const chunked = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 8 });

function flat(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
}

Deno.test("readAll() gives the content however it is cut, by promise or not", async () => {
  await fc.assert(fc.asyncProperty(chunked, fc.boolean(), async (chunks, async) => {
    const body = new TestBody(chunks, { async });
    assertEquals(new Uint8Array(await readAll(body, 1000)), flat(chunks));
    assertEquals(body.cancelled, []);
  }));
});

Deno.test("readAll() gives what came, whatever length was announced", async () => {
  const cut = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 });
  await fc.assert(fc.asyncProperty(cut, fc.boolean(), fc.nat(100), async (chunks, async, length) => {
    const body = new TestBody(chunks, { async, length });
    assertEquals(new Uint8Array(await readAll(body, 1000)), flat(chunks));
  }));
});

Deno.test("readAll() takes the limit to the byte, and cancels beyond it", async () => {
  await fc.assert(fc.asyncProperty(chunked, fc.boolean(), fc.nat(100), async (chunks, async, limit) => {
    const body = new TestBody(chunks, { async });
    const length = flat(chunks).length;
    const read = async () => await readAll(body, limit);
    if (length <= limit) return assertEquals((await read()).length, length);
    const error = await assertRejects(read, BodyTooLargeError);
    assertEquals(error.limit, limit);
    assertEquals(body.cancelled, [error]);
  }));
});

Deno.test("readAll() needs no promise where all content waits", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const result = readAll({ ...oneChunk(bytes), length: 3 }, 3);
  assertStrictEquals(result, bytes); // and one chunk is not copied
  assertEquals(readAll(new TestBody([]), 3), new Uint8Array(0));
});

function oneChunk(bytes: Uint8Array) {
  const chunks = [bytes];
  return { length: undefined, read: () => chunks.shift() ?? null, cancel: () => {} };
}

Deno.test("readAll() refuses an announced length before it reads (RFC 9110 §15.5.14)", () => {
  const body = new TestBody(["hello"], { length: 6 });
  const error = assertThrows(() => readAll(body, 5), BodyTooLargeError);
  assertEquals(body.reads, 0);
  assertEquals(body.cancelled, [error]);
  assertEquals(error.status, 413);
  assertEquals(error.scope, "message");
  assertEquals(error.name, "BodyTooLargeError");
  assertEquals(error.message, "Cannot read body as it must have at most 5 bytes: received 6");
  assertInstanceOf(error, ProtocolError);
});

Deno.test("readAll() takes a limit that the announced length just meets, and a limit of none", async () => {
  assertEquals((await readAll(new TestBody(["hello"], { length: 5 }), 5)).length, 5);
  assertEquals((await readAll(new TestBody([], { length: 0 }), 0)).length, 0);
  assertEquals((await readAll(new TestBody(["hello"], { length: 5 }), Infinity)).length, 5);
});

Deno.test("readAll() rejects with what broke the content off", async () => {
  const broken = new Error("broken off");
  for (const chunks of [[], ["a"], ["a", "b", "c"]]) {
    const body = new TestBody(chunks, { error: broken });
    const error = await assertRejects(async () => await readAll(body, 10));
    assertStrictEquals(error, broken);
  }
});

Deno.test("readAll() copies bytes that another thread could see", async () => {
  const shared = new Uint8Array(new SharedArrayBuffer(2));
  shared.set([1, 2]);
  const bytes = await readAll(oneChunk(shared), 10);
  assertInstanceOf(bytes.buffer, ArrayBuffer);
  assertEquals([...bytes], [1, 2]);
});

Deno.test("streamOf() reads nothing before it is asked, and one chunk a time", async () => {
  for (const async of [false, true]) {
    const body = new TestBody(["a", "b", "c"], { async });
    const stream = streamOf(body);
    await Promise.resolve();
    assertEquals(body.reads, 0);
    const reader = stream.getReader();
    await reader.read();
    assertEquals(body.reads, 1);
    await reader.read();
    assertEquals(body.reads, 2);
    await reader.cancel();
  }
});

Deno.test("streamOf() gives the content however it is cut", async () => {
  await fc.assert(fc.asyncProperty(chunked, fc.boolean(), async (chunks, async) => {
    const read = await Array.fromAsync(streamOf(new TestBody(chunks, { async })));
    assertEquals(read.map((chunk) => [...chunk]), chunks.map((chunk) => [...chunk]));
  }));
});

Deno.test("streamOf() skips empty chunks", async () => {
  for (const async of [false, true]) {
    const stream = streamOf(new TestBody(["", "a", "", "", "b", ""], { async }));
    assertEquals((await Array.fromAsync(stream)).map((chunk) => chunk.length), [1, 1]);
  }
});

Deno.test("streamOf() fills the buffer that a reader brings, and gives it back at the end", async () => {
  const reader = streamOf(new TestBody(["abc"])).getReader({ mode: "byob" });
  const first = await reader.read(new Uint8Array(2));
  assertEquals(new TextDecoder().decode(first.value), "ab");
  const second = await reader.read(new Uint8Array(2));
  assertEquals(new TextDecoder().decode(second.value), "c");
  const end = await reader.read(new Uint8Array(2));
  assertEquals([end.done, end.value?.length], [true, 0]);
});

Deno.test("streamOf() cancels the source with the reason", async () => {
  const body = new TestBody(["a"]);
  await streamOf(body).cancel("enough");
  assertEquals(body.cancelled, ["enough"]);
});

Deno.test("streamOf() fails as the source does", async () => {
  const broken = new Error("broken off");
  const reader = streamOf(new TestBody(["a"], { error: broken })).getReader();
  assertEquals((await reader.read()).value?.length, 1);
  assertStrictEquals(await assertRejects(() => reader.read()), broken);
});

Deno.test("readStream() reads what is left, within the limit, and keeps the stream locked", async () => {
  const stream = streamOf(new TestBody(["hello", "world"]));
  assertEquals((await readStream(stream, 10, 10)).length, 10);
  assert(stream.locked);
  const long = new TestBody(["hello", "world"]);
  const error = await assertRejects(async () => await readStream(streamOf(long), 9, undefined), BodyTooLargeError);
  assertEquals(long.cancelled, [error]);
});

Deno.test("readStream() reports the limit even where the stream cannot be cancelled", async () => {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(new Uint8Array(2)),
    cancel: () => Promise.reject(new Error("cannot cancel")),
  });
  await assertRejects(async () => await readStream(stream, 1, undefined), BodyTooLargeError);
});
