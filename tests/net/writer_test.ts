/**
 * Owns the proof that a writer delivers each byte once, in order, in few writes, and fails in one place; knows no
 * protocol.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { concat } from "@std/bytes";
import fc from "fast-check";
import { memoryPipe, type Transport, Wire, Writer } from "../../net/mod.ts";
import { ManualClock, Scheduler } from "../../timer/mod.ts";
import { task, turns } from "./turns.ts";

/** A transport that takes what `take` says of each write, and remembers what it was offered and took. */
function taking(take: (length: number, write: number) => number | Promise<number>): {
  transport: Transport;
  offered: number[];
  bytes: () => Uint8Array;
  closed: string[];
} {
  const [transport] = memoryPipe();
  const offered: number[] = [];
  const taken: Uint8Array[] = [];
  const closed: string[] = [];
  transport.write = async (from) => {
    offered.push(from.length);
    const count = await take(from.length, offered.length);
    taken.push(from.slice(0, count));
    return count;
  };
  transport.closeWrite = () => Promise.resolve(void closed.push("write"));
  transport.close = () => void closed.push("both");
  return { transport, offered, bytes: () => concat(taken), closed };
}

function filled(length: number, byte = 1): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

/** A promise of a write that the test settles itself. */
function held(): { take: () => Promise<number>; settle: PromiseWithResolvers<number>[] } {
  const settle: PromiseWithResolvers<number>[] = [];
  return {
    settle,
    take: () => {
      const write = Promise.withResolvers<number>();
      settle.push(write);
      return write.promise;
    },
  };
}

Deno.test("Writer delivers every byte once and in order, whatever part each write takes", async () => {
  const sizes = fc.array(fc.oneof(fc.nat(40), fc.integer({ min: 16_000, max: 70_000 })), {
    maxLength: 12,
    size: "max",
  });
  const parts = fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(sizes, parts, fc.array(fc.boolean()), async (sizes, parts, pauses) => {
      const { transport, bytes, closed } = taking((length, write) => Math.min(length, parts[write % parts.length]!));
      const writer = new Writer(transport);
      const chunks = sizes.map((size, at) => filled(size, at + 1));
      for (const [at, chunk] of chunks.entries()) {
        writer.write(chunk);
        if (pauses[at]) await writer.flush();
      }
      await writer.end();
      assertEquals(bytes(), concat(chunks));
      assertEquals(closed, ["write"]);
      assertEquals(writer.pending, 0);
    }),
    { numRuns: 60 },
  );
});

Deno.test("Writer sends small chunks of one turn in one write", async () => {
  const { transport, offered, bytes } = taking((length) => length);
  const writer = new Writer(transport);
  for (let at = 0; at < 100; at++) writer.write(filled(10, at));
  await writer.flush();
  assertEquals(offered, [1000]);
  assertEquals(bytes(), concat(Array.from({ length: 100 }, (_, at) => filled(10, at))));
});

Deno.test("Writer sends what is written during a write together after it", async () => {
  const { take, settle } = held();
  const { transport, offered } = taking(take);
  const writer = new Writer(transport);
  writer.write(filled(5));
  await turns();
  writer.write(filled(6));
  await turns();
  writer.write(filled(7));
  assertEquals(offered, [5]);
  settle[0]?.resolve(5);
  await turns();
  assertEquals(offered, [5, 13]);
  settle[1]?.resolve(13);
  await writer.flush();
});

Deno.test("Writer doesn't copy chunks of 16 KiB and more, nor coalesce beyond 64 KiB", async () => {
  const large = filled(16 * 1024);
  const seen: Uint8Array[] = [];
  const { transport } = taking((length) => length);
  transport.write = (from) => Promise.resolve(seen.push(from)).then(() => from.length);
  const writer = new Writer(transport);
  writer.write(filled(3));
  writer.write(filled(3));
  writer.write(large);
  for (let at = 0; at < 5; at++) writer.write(filled(15_000));
  await writer.flush();
  assertEquals(seen.map((bytes) => bytes.length), [6, 16 * 1024, 60_000, 15_000]);
  assertStrictEquals(seen[1], large);
});

Deno.test("Writer.write() asks for a pause at the high-water mark, and ready settles below it", async () => {
  const { take, settle } = held();
  const writer = new Writer(taking(take).transport, { highWaterMark: 100 });
  assertEquals(writer.write(filled(99)), true);
  assertEquals(writer.write(filled(1)), false);
  assertEquals(writer.pending, 100);
  const { ready } = writer;
  assertStrictEquals(writer.ready, ready);
  let settled = false;
  ready.then(() => settled = true);
  await turns();
  assertEquals(settled, false);
  settle[0]?.resolve(1);
  await turns();
  assertEquals([settled, writer.pending], [true, 99]);
  settle[1]?.resolve(99);
  await writer.flush();
  await writer.ready;
});

Deno.test("Writer with a high-water mark of 0 is ready when all is taken", async () => {
  const { take, settle } = held();
  const writer = new Writer(taking(take).transport, { highWaterMark: 0 });
  assertEquals(writer.write(filled(1)), false);
  const { ready } = writer;
  await turns();
  settle[0]?.resolve(1);
  await ready;
  assertEquals(writer.write(new Uint8Array(0)), false);
});

Deno.test("Writer.flush() waits for what was queued before it, not for what is queued after", async () => {
  const { take, settle } = held();
  const writer = new Writer(taking(take).transport);
  await writer.flush();
  writer.write(filled(10));
  let flushed = 0;
  writer.flush().then(() => flushed++);
  await turns();
  writer.write(filled(20));
  writer.flush().then(() => flushed++);
  settle[0]?.resolve(10);
  await turns();
  assertEquals(flushed, 1);
  settle[1]?.resolve(20);
  await turns();
  assertEquals(flushed, 2);
});

Deno.test("Writer.end() flushes, ends the side once, and refuses later writes", async () => {
  const { transport, closed, bytes } = taking((length) => length);
  const writer = new Writer(transport);
  writer.write(filled(3));
  const ended = writer.end();
  assertStrictEquals(writer.end(), ended);
  assertThrows(() => writer.write(filled(1)), TypeError, "Cannot write as the writer was ended");
  await ended;
  assertEquals([closed, bytes()], [["write"], filled(3)]);
});

Deno.test("Writer tells a failed write once, and rejects its promises with the same error, none of them unhandled", async () => {
  const failure = new Deno.errors.ConnectionReset("gone");
  const { take, settle } = held();
  const told: unknown[] = [];
  const writer = new Writer(taking(take).transport, { highWaterMark: 1, onError: (error) => told.push(error) });
  writer.write(filled(5));
  const { ready } = writer; // nobody listens to these three: an unhandled rejection would fail the test
  const flushed = writer.flush();
  const ended = writer.end();
  await turns();
  settle[0]?.reject(failure);
  await task(); // rejections that nobody handles are told after the turns
  assertEquals(told, [failure]);
  for (const promise of [ready, flushed, ended, writer.ready, writer.flush()]) {
    assertStrictEquals(await promise.catch((error) => error), failure);
  }
  assertEquals([writer.write(filled(1)), writer.pending], [false, 0]);
  const later = [writer.ready, writer.flush()]; // nobody listens to these either
  await task();
  assertEquals(later.length, 2);
  writer.abort();
  assertEquals(told, [failure]);
});

Deno.test("Writer needs no onError: a failure stays with its promises", async () => {
  const { transport } = taking(() => Promise.reject(new Deno.errors.BrokenPipe("gone")));
  const writer = new Writer(transport);
  writer.write(filled(5));
  await turns();
  await assertRejects(() => writer.ready, Deno.errors.BrokenPipe);
});

Deno.test("Writer fails when the end of its side does", async () => {
  const failure = new Deno.errors.NotConnected("gone");
  const { transport } = taking((length) => length);
  transport.closeWrite = () => Promise.reject(failure);
  const told: unknown[] = [];
  const writer = new Writer(transport, { onError: (error) => told.push(error) });
  await assertRejects(() => writer.end(), Deno.errors.NotConnected);
  assertEquals(told, [failure]);
});

Deno.test("Writer takes a write of nothing for a failure, not for a reason to spin", async () => {
  const writer = new Writer(taking(() => 0).transport);
  writer.write(filled(1));
  await assertRejects(() => writer.flush(), Deno.errors.WriteZero);
});

Deno.test("Writer.abort() drops what waits, closes the transport and rejects with its reason", async () => {
  const { take, settle } = held();
  const { transport, closed, offered } = taking(take);
  const told: unknown[] = [];
  const writer = new Writer(transport, { onError: (error) => told.push(error) });
  writer.write(filled(5));
  const flushed = writer.flush();
  await turns();
  writer.write(filled(6));
  const reason = new Error("enough");
  writer.abort(reason);
  settle[0]?.resolve(5);
  await turns();
  assertEquals([closed, offered, told], [["both"], [5], []]);
  assertStrictEquals(await flushed.catch((error) => error), reason);
  const other = new Writer(taking(take).transport);
  other.abort();
  assertEquals((await assertRejects(() => other.flush(), DOMException)).name, "AbortError");
});

Deno.test("Writer gives a peer that takes nothing up after the stall timeout, and each byte begins it anew", async () => {
  const clock = new ManualClock();
  const scheduler = new Scheduler(clock);
  const { take, settle } = held();
  const { transport, closed, offered } = taking(take);
  const told: unknown[] = [];
  const writer = new Writer(transport, { stallTimeout: 1000, scheduler, onError: (error) => told.push(error) });
  writer.write(filled(10));
  await turns();
  clock.advance(900);
  settle[0]?.resolve(1);
  await turns();
  assertEquals(offered, [10, 9]);
  clock.advance(900);
  assertEquals(told, []);
  clock.advance(200);
  assertEquals(told.map((error) => error instanceof DOMException && error.name), ["TimeoutError"]);
  assertEquals(closed, ["both"]);
  assertEquals((await assertRejects(() => writer.flush(), DOMException)).name, "TimeoutError");
});

Deno.test("Writer measures no time while nothing waits", async () => {
  const clock = new ManualClock();
  const scheduler = new Scheduler(clock);
  const told: unknown[] = [];
  const { transport } = taking((length) => length);
  const writer = new Writer(transport, { stallTimeout: 1000, scheduler, onError: (error) => told.push(error) });
  writer.write(filled(10));
  await writer.flush();
  await turns();
  assertEquals(scheduler.pending, 0);
  clock.advance(5000);
  assertEquals(told, []);
});

Deno.test("Writer over a wire with little room waits for its reader", async () => {
  const [near, far] = memoryPipe({ capacity: 10, chunkSize: 3 });
  const writer = new Writer(near);
  const bytes = Uint8Array.from({ length: 500 }, (_, at) => at);
  writer.write(bytes);
  const ended = writer.end();
  await turns();
  assert(writer.pending >= 490);
  assertEquals(await new Wire(far).readBytesToEnd(), bytes);
  await ended;
});

Deno.test("Writer() refuses marks and timeouts that aren't", () => {
  const [transport] = memoryPipe();
  for (const options of [{ highWaterMark: -1 }, { highWaterMark: NaN }, { stallTimeout: 0 }, { stallTimeout: NaN }]) {
    assertThrows(() => new Writer(transport, options), RangeError, "Cannot make a writer");
  }
});

Deno.test("Writer.writable says whether ready is settled, Writer.failure what it failed with", async () => {
  const { take, settle } = held();
  const { transport } = taking(take);
  const writer = new Writer(transport, { highWaterMark: 10 });
  writer.write(filled(9));
  assertEquals(writer.writable, true);
  writer.write(filled(1));
  assertEquals([writer.writable, writer.failure], [false, undefined]);
  await turns();
  settle[0]?.resolve(1);
  await turns();
  assertEquals([writer.pending, writer.writable], [9, true]);
  writer.write(filled(5));
  assertEquals(writer.writable, false);
  writer.abort("enough");
  assertEquals([writer.writable, writer.failure], [true, { error: "enough" }]);
  settle[1]?.resolve(9);
  await turns();
  const strict = new Writer(taking((length) => length).transport, { highWaterMark: 0 });
  assertEquals(strict.writable, true);
  strict.write(filled(1));
  assertEquals(strict.writable, false);
  await strict.flush();
  assertEquals(strict.writable, true);
});
