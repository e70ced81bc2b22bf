/**
 * Owns the proof that a reader loses, repeats and overwrites no byte, wherever reads are cut; knows no protocol.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { concat } from "@std/bytes";
import fc from "fast-check";
import { type ByteView, LimitError, memoryPipe, Reader, type Transport } from "../../net/mod.ts";
import { turns } from "./turns.ts";

const encoder = new TextEncoder();
const CRLF = encoder.encode("\r\n");

/** A transport whose reads give exactly these chunks (or parts, where the room is short), and then the end. */
function chunked(chunks: readonly Uint8Array[]): { transport: Transport; rooms: number[] } {
  const [transport] = memoryPipe();
  const left = chunks.filter((chunk) => chunk.length > 0);
  const rooms: number[] = [];
  transport.read = (into) => {
    rooms.push(into.length);
    const chunk = left.shift();
    if (!chunk) return Promise.resolve(null);
    const part = chunk.subarray(0, into.length);
    if (part.length < chunk.length) left.unshift(chunk.subarray(part.length));
    into.set(part);
    return Promise.resolve(part.length);
  };
  return { transport, rooms };
}

/** All ways to feed `bytes` that a parser test must cover: whole, byte by byte, and cut at each offset. */
function* feeds(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield [bytes];
  yield Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  for (let at = 1; at < bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
}

/** `length` bytes, each of which tells where it stands. */
function numbered(length: number, from = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, at) => (from + at) * 31 >> 3 & 0xff);
}

Deno.test("Reader.readUntil() gives each line with its end, wherever reads are cut", async () => {
  const text = "GET / HTTP/1.1\r\n\rhost: a\n\r\n\r\n\r\r\n";
  for (const feed of feeds(encoder.encode(text))) {
    const reader = new Reader(chunked(feed).transport);
    const lines: string[] = [];
    for (let line = 0; line < 4; line++) lines.push((await reader.readUntil(CRLF, { limit: 64 })).toText());
    assertEquals(lines, ["GET / HTTP/1.1\r\n", "\rhost: a\n\r\n", "\r\n", "\r\r\n"]);
    assertEquals(reader.length, 0);
    assertEquals(await reader.fill(), false);
  }
});

Deno.test("Reader.readUntil() takes what ends within the limit and refuses what doesn't, consuming nothing", async () => {
  for (const feed of feeds(encoder.encode("123456\r\nrest"))) {
    const fits = new Reader(chunked(feed).transport);
    assertEquals((await fits.readUntil(CRLF, { limit: 8 })).toText(), "123456\r\n");
    const refuses = new Reader(chunked(feed).transport);
    const error = await assertRejects(() => refuses.readUntil(CRLF, { limit: 7 }), LimitError);
    assertEquals([error.name, error.limit], ["LimitError", 7]);
    assert(refuses.length >= 7);
    assertEquals(refuses.view.slice(0, 7).toText(), "123456\r");
  }
});

Deno.test("Reader.readUntil() refuses at the limit without waiting for more", async () => {
  const [near, far] = memoryPipe();
  await far.write(encoder.encode("1234"));
  const reader = new Reader(near);
  await assertRejects(() => reader.readUntil(CRLF, { limit: 4 }), LimitError);
  near.close();
});

Deno.test("Reader.readUntil() and readExact() tell that the peer ended, and consume nothing", async () => {
  const reader = new Reader(chunked([encoder.encode("half a line\r")]).transport);
  await assertRejects(() => reader.readUntil(CRLF, { limit: 64 }), Deno.errors.UnexpectedEof, "after 12 bytes");
  await assertRejects(() => reader.readExact(13), Deno.errors.UnexpectedEof, "Cannot read 13 bytes");
  assertEquals((await reader.readExact(12)).toText(), "half a line\r");
});

Deno.test("Reader.readUntil() refuses an empty delimiter, readExact() a count that isn't one", async () => {
  const reader = new Reader(chunked([]).transport);
  await assertRejects(() => reader.readUntil(new Uint8Array(0), { limit: 1 }), TypeError, "empty");
  for (const count of [-1, 0.5, NaN, Infinity]) await assertRejects(() => reader.readExact(count), RangeError);
  assertEquals((await reader.readExact(0)).length, 0);
});

Deno.test("Reader.readExact() gives any lengths, in order, wherever reads are cut", async () => {
  const bytes = numbered(7);
  for (const feed of feeds(bytes)) {
    const reader = new Reader(chunked(feed).transport, { minRead: 1, initialSize: 2, maxSize: 4 });
    const views = [await reader.readExact(1), await reader.readExact(5), await reader.readExact(1)];
    assertEquals(concat(views.map((view) => view.toBytes())), bytes);
  }
});

Deno.test("Reader.readExact() reads more than the largest buffer in one view", async () => {
  const bytes = numbered(300_000);
  const reader = new Reader(chunked([bytes]).transport);
  await reader.readExact(3);
  assertEquals((await reader.readExact(299_990)).toBytes(), bytes.subarray(3, 299_993));
});

Deno.test("Reader never writes over bytes that it has read: all views stay true", async () => {
  const small = fc.record({ minRead: fc.constant(2), initialSize: fc.integer({ min: 2, max: 16 }) });
  const steps = fc.array(fc.record({ kind: fc.constantFrom("exact", "take", "shrink"), count: fc.nat(40) }), {
    size: "max",
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(50), { size: "max", maxLength: 40 }),
      steps,
      small,
      async (sizes, todo, sizing) => {
        let total = 0;
        const chunks = sizes.map((size) => numbered(size, (total += size) - size));
        const whole = concat(chunks);
        const reader = new Reader(chunked(chunks).transport, { ...sizing, maxSize: 32 });
        const kept: { at: number; view: ByteView | Uint8Array }[] = [];
        let at = 0;
        for (const { kind, count } of todo) {
          if (kind === "shrink") reader.shrink();
          else if (kind === "take") {
            const taken = reader.take(count);
            kept.push({ at, view: taken });
            at += taken.length;
          } else if (at + count <= total) {
            kept.push({ at, view: await reader.readExact(count) });
            at += count;
          }
        }
        while (await reader.fill());
        kept.push({ at, view: reader.view });
        for (const { at, view } of kept) {
          const bytes = view instanceof Uint8Array ? view : view.toBytes();
          assertEquals(bytes, whole.subarray(at, at + bytes.length));
        }
        assertEquals(at + reader.length, total);
      },
    ),
  );
});

Deno.test("Reader.take() gives memory that nobody shares, so it may be transferred", async () => {
  const bytes = numbered(2600);
  const chunks = [bytes.subarray(0, 1000), bytes.subarray(1000, 2000), bytes.subarray(2000)];
  const reader = new Reader(chunked(chunks).transport);
  const head = await reader.readExact(10);
  const body = reader.take();
  structuredClone(body, { transfer: [body.buffer] });
  assertEquals(head.toBytes(), bytes.subarray(0, 10));
  await reader.fill();
  const more = reader.take(); // this one is large and nobody has seen a part of it
  structuredClone(more, { transfer: [more.buffer] });
  await reader.fill();
  assertEquals(reader.take(), bytes.subarray(2000));
});

Deno.test("Reader.take() gives a large read without a copy, and keeps a small one's buffer", async () => {
  const reader = new Reader(chunked([numbered(800), numbered(10)]).transport);
  await reader.fill();
  const buffer = reader.buffer;
  assertStrictEquals(reader.take().buffer, buffer.buffer);
  await reader.fill();
  const next = reader.buffer;
  const small = reader.take();
  assertEquals([small.length, small.buffer.byteLength], [10, 10]);
  assertStrictEquals(reader.buffer, next);
});

Deno.test("Reader.take() copies while a read is parked, as its space lies in the same buffer", async () => {
  const [near, far] = memoryPipe();
  const reader = new Reader(near);
  await far.write(numbered(700));
  await reader.fill();
  const parked = reader.fill();
  const taken = reader.take();
  assertEquals(taken.buffer.byteLength, 700);
  await far.write(numbered(50, 700));
  assertEquals(await parked, true);
  assertEquals(reader.take(), numbered(50, 700));
  near.close();
});

Deno.test("Reader.take(limit) takes no more than the limit", async () => {
  const reader = new Reader(chunked([numbered(20)]).transport);
  assertEquals(reader.take(5).length, 0);
  await reader.fill();
  assertEquals(reader.take(5), numbered(5));
  assertEquals(reader.take(50), numbered(15, 5));
  assertEquals(reader.length, 0);
});

Deno.test("Reader parks on 1 KiB at first, grows with reads that fill their room, and comes back by small ones", async () => {
  const { transport, rooms } = chunked([numbered(200_000), ...Array.from({ length: 12 }, () => numbered(80))]);
  const reader = new Reader(transport);
  while (await reader.fill()) reader.consume(reader.length);
  assertEquals(rooms.slice(0, 7), [1024, 2048, 4096, 8192, 16384, 32768, 65536]);
  assertEquals(Math.max(...rooms), 65536);
  assert(rooms.at(-1)! <= 4096, `${rooms}`);
});

Deno.test("Reader goes on in a buffer of the busy size once it has used one up", async () => {
  const { transport, rooms } = chunked(Array.from({ length: 14 }, () => numbered(100)));
  const reader = new Reader(transport, { minRead: 64, initialSize: 256, busySize: 1024 });
  while (await reader.fill()) reader.consume(reader.length);
  assertEquals(rooms.slice(0, 4), [256, 156, 1024, 924]); // 56 bytes are no room
  assertEquals(rooms[12], 1024); // 24 aren't either
});

Deno.test("Reader.shrink() makes the next read park on the initial size", async () => {
  const { transport, rooms } = chunked([numbered(100_000)]);
  const reader = new Reader(transport);
  while (reader.length < 100_000) await reader.fill();
  reader.take();
  reader.shrink();
  await reader.fill();
  assertEquals(rooms.at(-1), 1024);
  assertEquals(reader.buffer.length, 1024);
});

Deno.test("Reader reads on into the same buffer until less than minRead is free", async () => {
  const { transport, rooms } = chunked([numbered(300), numbered(400), numbered(100), numbered(1)]);
  const reader = new Reader(transport);
  await reader.fill();
  const { buffer } = reader;
  reader.consume(300);
  await reader.fill();
  assertStrictEquals(reader.buffer, buffer);
  assertEquals([reader.start, reader.end], [300, 700]);
  reader.consume(300);
  await reader.fill();
  assertStrictEquals(reader.buffer, buffer); // 324 bytes were free
  await reader.fill();
  assertEquals([reader.start, reader.end, reader.length], [0, 201, 201]); // 224 were: the 200 unread moved
  assertEquals(rooms, [1024, 724, 324, 824]);
  assertEquals(reader.view.toBytes(), concat([numbered(400).subarray(300), numbered(100), numbered(1)]));
});

Deno.test("Reader.space() and commit() do by hand what fill() does", async () => {
  const { transport } = chunked([numbered(5)]);
  const reader = new Reader(transport);
  const count = await transport.read(reader.space());
  reader.commit(count ?? 0);
  assertEquals(reader.view.toBytes(), numbered(5));
  for (const bad of [-1, 0.5, NaN, 1020]) assertThrows(() => reader.commit(bad), RangeError, "Cannot commit bytes");
  for (const bad of [-1, 0.5, NaN, 6]) assertThrows(() => reader.consume(bad), RangeError, "Cannot consume bytes");
});

Deno.test("Reader.fill() refuses a second one while one is parked, and passes the transport's error on", async () => {
  const [near, far] = memoryPipe();
  const reader = new Reader(near);
  const parked = reader.fill();
  await assertRejects(() => reader.fill(), TypeError, "parked");
  far.reset();
  await assertRejects(() => parked, Deno.errors.ConnectionReset);
  await assertRejects(() => reader.fill(), Deno.errors.ConnectionReset);
});

Deno.test("Reader() refuses sizes out of order", () => {
  const [transport] = memoryPipe();
  for (
    const options of [{ minRead: 0 }, { minRead: 2000 }, { initialSize: 1.5 }, { maxSize: 512 }, { maxSize: NaN }, {
      busySize: 1,
    }]
  ) {
    assertThrows(() => new Reader(transport, options), RangeError, "Cannot make a reader");
  }
});

/** Remembers what a watched read came to. */
function outcomes(): { log: unknown[]; filled(more: boolean): void; failed(error: unknown): void } {
  const log: unknown[] = [];
  return { log, filled: (more) => void log.push(more), failed: (error) => void log.push(error) };
}

Deno.test("Reader.watch() tells once of bytes, of the end and of an error, and gives the read free before", async () => {
  const [near, far] = memoryPipe();
  const reader = new Reader(near);
  const first = outcomes();
  let freeWhenTold = false;
  reader.watch({
    filled(more) {
      first.filled(more);
      freeWhenTold = true;
      reader.watch(second); // throws if the first is still parked
    },
    failed: first.failed,
  });
  const second = outcomes();
  assertThrows(() => reader.watch(first), TypeError, "Cannot watch as a fill is parked");
  await turns();
  assertEquals([first.log, reader.length], [[], 0]);
  await far.write(numbered(5));
  await turns();
  assertEquals([first.log, freeWhenTold, reader.view.toBytes()], [[true], true, numbered(5)]);
  await far.closeWrite();
  await turns();
  assertEquals([first.log, second.log], [[true], [false]]);
  near.close();
  const third = outcomes();
  reader.watch(third);
  await turns();
  assertInstanceOf(third.log[0], Deno.errors.BadResource);
  assertEquals(third.log.length, 1);
});

Deno.test("Reader.fill() waits for the read that is watched, one does", async () => {
  const [near, far] = memoryPipe();
  const reader = new Reader(near);
  const watcher = outcomes();
  reader.watch(watcher);
  const joined = reader.fill();
  await assertRejects(() => reader.fill(), TypeError, "another fill is parked");
  await far.write(numbered(3));
  assertEquals([await joined, reader.length, watcher.log], [true, 3, [true]]);
  reader.watch(watcher);
  const broken = reader.fill();
  far.reset();
  await assertRejects(() => broken, Deno.errors.ConnectionReset);
  await turns();
  assertInstanceOf(watcher.log[1], Deno.errors.ConnectionReset);
  await assertRejects(() => reader.fill(), Deno.errors.ConnectionReset); // one of its own again
});

Deno.test("Reader.watch() refuses while a fill is parked, which is as it was", async () => {
  const [near, far] = memoryPipe();
  const reader = new Reader(near);
  const parked = reader.fill();
  assertThrows(() => reader.watch(outcomes()), TypeError, "Cannot watch as a fill is parked");
  await far.closeWrite();
  assertEquals(await parked, false);
});

Deno.test("Reader with reuse reads on in the same memory, and in more of it where reads fill it", async () => {
  const sizes = { minRead: 64, initialSize: 256, busySize: 256, maxSize: 1024, reuse: true };
  const chunks = [200, 100, 56, 200].map((length) => numbered(length));
  const reader = new Reader(chunked(chunks).transport, sizes);
  const seen = new Set<Uint8Array>();
  for (const chunk of chunks) {
    await reader.fill();
    seen.add(reader.buffer);
    assertEquals(reader.view.toBytes(), chunk);
    reader.consume(chunk.length);
  }
  assertEquals(seen.size, 1);
  const busy = new Reader(chunked([numbered(2000)]).transport, sizes);
  const lengths: number[] = [];
  while (await busy.fill()) {
    lengths.push(busy.buffer.length);
    busy.consume(busy.length);
  }
  assertEquals(lengths, [256, 512, 1024, 1024]);
});

Deno.test("Reader with reuse gives each byte once and in order, whatever is consumed between reads", async () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 40 });
  const parts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 40, maxLength: 40 });
  await fc.assert(fc.asyncProperty(lengths, parts, async (lengths, parts) => {
    const sent = numbered(lengths.reduce((sum, length) => sum + length, 0));
    let from = 0;
    const chunks = lengths.map((length) => sent.subarray(from, from += length));
    const sizes = { minRead: 32, initialSize: 64, busySize: 128, maxSize: 512, reuse: true };
    const reader = new Reader(chunked(chunks).transport, sizes);
    const got: Uint8Array[] = [];
    for (let turn = 0; await reader.fill(); turn++) {
      const count = Math.floor(reader.length * (parts[turn % parts.length] ?? 1) + 0.01);
      got.push(reader.view.toBytes().slice(0, count));
      reader.consume(count);
    }
    got.push(reader.view.toBytes().slice());
    assertEquals(concat(got), sent);
  }));
});

Deno.test("Reader with reuse moves what is unread to the beginning of a buffer that is used up", async () => {
  const sizes = { minRead: 64, initialSize: 256, busySize: 256, maxSize: 256, reuse: true };
  const reader = new Reader(chunked([numbered(240), numbered(100, 240)]).transport, sizes);
  await reader.fill();
  const { buffer } = reader;
  reader.consume(200);
  await reader.fill(); // 16 bytes were free
  assertStrictEquals(reader.buffer, buffer);
  assertEquals([reader.start, reader.end], [0, 140]);
  assertEquals(reader.view.toBytes(), numbered(140, 200));
});
