/**
 * Owns the proof of what is sent and in which order: messages and their parts, long heads, priorities, what can't be sent.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { HpackField } from "../../hpack/mod.ts";
import type { Http2Stream } from "../../http2/stream.ts";
import { readFrames } from "./core_run.ts";
import { get } from "./peer.ts";
import { grant, Rig, type RigOptions, rst, settingsFrame } from "./rig.ts";

const OK: readonly HpackField[] = [{ name: ":status", value: "200" }];
/** Windows that are no bound. */
const WIDE: RigOptions = { settings: [[4, 0x7fffffff]] };

/** A server's connection that is asked on these streams, with a priority where one is given. */
function asked(options: RigOptions, ...asks: readonly (number | readonly [id: number, priority: string])[]): Rig {
  const rig = new Rig(options);
  rig.send(grant(0, 0x7fffffff - 65_535));
  for (const ask of asks) {
    const [id, priority] = typeof ask === "number" ? [ask] : ask;
    rig.send(rig.head(id, priority === undefined ? get() : get("/", ["priority", priority]), { end: true }));
  }
  return rig;
}

/** Answers on these streams with so many bytes. */
function answer(rig: Rig, bytes: number, ...ids: number[]): void {
  for (const id of ids) rig.core.sendWhole(rig.stream(id), OK, new Uint8Array(bytes));
}

/** The streams of the DATA frames, in order. */
function order(rig: Rig): string {
  return rig.take().filter((line) => line.startsWith("DATA")).map((line) => line.split(" ")[1]).join("");
}

Deno.test("Http2Connection sends all parts of a message in order, and room for more when it is there", () => {
  const rig = asked(WIDE, 1, 3);
  const stream = rig.stream(1);
  rig.core.inform(stream, [{ name: ":status", value: "103" }]);
  rig.core.inform(stream, [{ name: ":status", value: "104" }]);
  rig.core.sendHead(stream, OK, 7);
  rig.core.sendContent(stream, new Uint8Array(0));
  rig.core.sendContent(stream, new Uint8Array(3));
  rig.core.sendContent(stream, new Uint8Array(4));
  stream.wantsRoom = true;
  rig.core.sendEnd(stream, [{ name: "x-sum", value: "1" }]);
  assertEquals(rig.core.watch(stream), false);
  const other = rig.stream(3);
  rig.core.sendWhole(other, OK, null);
  const view = rig.core.takeOutput(0);
  assertEquals([rig.core.watch(other), [...rig.core.streams()].includes(other)], [false, true]); // it has not left
  assertEquals(rig.core.takeOutput(0), view);
  assertEquals(rig.take(), [
    "HEADERS 1 :status=103",
    "HEADERS 1 :status=104",
    "HEADERS 1 :status=200",
    "DATA 1 7",
    "HEADERS 1 END x-sum=1",
    "HEADERS 3 END :status=200",
  ]);
  assertEquals(rig.tell().slice(2), ["room 1", "sent 1", "sent 3"]);
  assertEquals(rig.core.watch(stream), true);
  assertEquals([rig.core.openStreams, rig.core.flushed], [0, true]);
});

Deno.test("Http2Connection sends a known body with its head, and END_STREAM on the last frame of either", () => {
  const rig = asked(WIDE, 1, 3, 5, 7);
  rig.core.sendWhole(rig.stream(1), OK, "text");
  rig.core.sendWhole(rig.stream(3), OK, new Uint8Array(5));
  rig.core.sendWhole(rig.stream(5), OK, null);
  rig.core.sendWhole(rig.stream(7), OK, "");
  assertEquals(rig.take(), [
    "HEADERS 1 :status=200",
    "DATA 1 END 4",
    "HEADERS 3 :status=200",
    "DATA 3 END 5",
    "HEADERS 5 END :status=200",
    "HEADERS 7 END :status=200",
  ]);
});

Deno.test("Http2Connection throws at commands that are out of order, and takes none for a closed stream", () => {
  const rig = asked(WIDE, 1, 3);
  const stream = rig.stream(1);
  assertThrows(() => rig.core.sendContent(stream, new Uint8Array(1)), TypeError, "received stream 1 at head");
  assertThrows(() => rig.core.sendEnd(stream), TypeError);
  rig.core.sendHead(stream, OK, 5);
  assertThrows(() => rig.core.sendHead(stream, OK, 5), TypeError);
  assertThrows(() => rig.core.inform(stream, OK), TypeError);
  assertThrows(() => rig.core.sendContent(stream, new Uint8Array(6)), RangeError, "received 1 bytes too many");
  rig.core.sendContent(stream, new Uint8Array(4));
  assertThrows(() => rig.core.sendEnd(stream), RangeError, "received 1 bytes too few");
  rig.core.reset(stream, 8);
  rig.core.inform(stream, OK);
  rig.core.sendHead(stream, OK, 5);
  rig.core.sendContent(stream, new Uint8Array(6));
  rig.core.sendWhole(stream, OK, null);
  rig.core.sendEnd(stream);
  rig.core.reset(stream, 8);
  assertEquals(rig.take(), ["RST_STREAM 1 CANCEL"]);
  const ended = rig.stream(3);
  rig.sendEnd();
  assertEquals([rig.tell().length, ended.closed], [2, false]); // what was asked for is still sent
  const client = new Rig({ role: "client" });
  const { capacity } = client.core;
  assertEquals(capacity, Infinity);
  client.send(settingsFrame([[3, 0]]));
  assertThrows(() => client.core.open(OK, "GET", -1), TypeError, "the peer must allow for it");
});

Deno.test("Http2Connection splits heads into CONTINUATION where they are longer than a frame, at every length", () => {
  for (const length of [16_384 - 200, 16_384 - 100, 16_384, 40_000, 300_000]) {
    for (let more = 0; more < (length === 16_384 - 100 ? 120 : 1); more++) {
      const rig = asked({ settings: [[4, 0x7fffffff]] }, 1);
      const value = "\x7f".repeat(length + more); // a character whose Huffman code is longer than it is
      rig.core.sendWhole(rig.stream(1), [...OK, { name: "x-long", value, sensitive: true }], "end");
      const frames = rig.takeFrames();
      const blocks = frames.flatMap((frame) =>
        frame.type === "headers" || frame.type === "continuation" ? [frame.fragment] : []
      );
      const total = blocks.reduce((sum, block) => sum + block.length, 0);
      assertEquals(blocks.slice(0, -1).every(({ length }) => length === 16_384), true);
      assertEquals(blocks.length, Math.ceil(total / 16_384));
      assertEquals(frames.length, blocks.length + 1);
      const ends = frames.flatMap((frame) => "endHeaders" in frame ? [frame.endHeaders] : []);
      assertEquals(ends, [...blocks.slice(1).map(() => false), true]);
      assertEquals(frames.slice(1, -1).every(({ type }) => type === "continuation"), true);
      const joined = new Uint8Array(blocks.flatMap((block) => [...block]));
      assertEquals(rig.fieldsOf(joined)[1], `x-long=${value}`);
    }
  }
});

Deno.test("Http2Connection keeps to the peer's frame size, also where it changes (§6.5.2)", () => {
  const rig = asked({ settings: [[4, 0x7fffffff], [5, 20_000]] }, 1);
  answer(rig, 50_000, 1);
  assertEquals(rig.take().slice(1), ["DATA 1 20000", "DATA 1 20000", "DATA 1 END 10000"]);
  rig.send(rig.head(3, get(), { end: true }), settingsFrame([[5, 16_384]]));
  answer(rig, 20_000, 3);
  assertEquals(rig.take().slice(2), ["DATA 3 16384", "DATA 3 END 3616"]);
});

Deno.test("Http2Connection tells the peer's decoder of a smaller table (RFC 7541 §4.2)", () => {
  const rig = asked({ settings: [[1, 0]] }, 1);
  rig.core.sendWhole(rig.stream(1), OK, null);
  const [frame] = rig.takeFrames();
  assertEquals(frame?.type === "headers" && frame.fragment.toHex(), "2088"); // size 0, :status 200
  rig.send(settingsFrame([[1, 100], [1, 0], [1, 4096]]), rig.head(3, get(), { end: true }));
  rig.core.sendWhole(rig.stream(3), OK, null);
  const next = rig.takeFrames()[1];
  assertEquals(next?.type === "headers" && next.fragment.toHex(), "3fe11f88"); // it is 0 there: only the last is news
});

// The order.

Deno.test("Http2Connection sends what is more urgent first (RFC 9218 §10)", () => {
  const rig = asked(WIDE, [1, "u=5"], [3, "u=0"], [5, "u=3"]);
  answer(rig, 40_000, 1, 3, 5);
  assertEquals(order(rig), "333555111");
});

Deno.test("Http2Connection sends streams one after the other, and incremental ones in turns (RFC 9218 §4.2, §10)", () => {
  const sequential = asked(WIDE, [1, "u=3"], [3, "u=3"]);
  answer(sequential, 40_000, 1, 3);
  assertEquals(order(sequential), "111333");
  const incremental = asked(WIDE, [1, "i"], [3, "i"]);
  answer(incremental, 40_000, 1, 3);
  assertEquals(order(incremental), "131313");
  const silent = asked(WIDE, 1, 3); // who says nothing is best served fairly
  answer(silent, 40_000, 1, 3);
  assertEquals(order(silent), "131313");
  const mixed = asked(WIDE, [1, "u=3"], [3, "u=3"], [5, "i"], [7, "i"]);
  answer(mixed, 40_000, 1, 3, 5, 7);
  assertEquals(order(mixed), "517151735373"); // neither kind waits for all of the other
});

Deno.test("Http2Connection follows PRIORITY_UPDATE, before the request and behind it (RFC 9218 §7.1)", () => {
  const update = (id: number, value: string) =>
    ({ type: "priorityUpdate", streamId: 0, prioritizedId: id, value }) as const;
  const rig = new Rig(WIDE);
  rig.send(grant(0, 0x7fffffff - 65_535), update(3, "u=7"), update(3, "u=1"));
  for (const id of [1, 3, 5]) rig.send(rig.head(id, get("/", ["priority", "u=4"]), { end: true }));
  rig.send(update(5, "u=0"), update(1, "u=9"));
  answer(rig, 20_000, 1, 3, 5);
  assertEquals(order(rig), "553311");
});

Deno.test("Http2Connection remembers the priorities of so many streams that are not there yet, the passed ones least", () => {
  const rig = new Rig(WIDE);
  const update = (id: number) => rig.send({ type: "priorityUpdate", streamId: 0, prioritizedId: id, value: "u=0" });
  for (let id = 1; id < 2 * 128; id += 2) update(id);
  update(301); // one too many
  rig.send(grant(0, 0x7fffffff - 65_535), rig.head(299, get(), { end: true }));
  update(303);
  rig.send(rig.head(301, get(), { end: true }), rig.head(303, get(), { end: true }));
  answer(rig, 20_000, 299, 301, 303);
  assertEquals(order(rig), ["303", "303", "299", "301", "299", "301"].join(""));
});

Deno.test("Http2Connection lets no stream wait long for another that has much to send", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 8 }), (lengths) => {
    const ids = lengths.map((_, index) => 2 * index + 1);
    const rig = asked(WIDE, ...ids);
    for (const [index, id] of ids.entries()) answer(rig, lengths[index]! * 16_384, id);
    const frames = rig.take().filter((line) => line.startsWith("DATA")).map((line) => Number(line.split(" ")[1]));
    const open = new Map(ids.map((id, index) => [id, lengths[index]!]));
    for (let at = 0; at < frames.length;) {
      const round = new Set(frames.slice(at, at + open.size));
      assertEquals(round.size, open.size); // each has its turn
      for (const id of round) {
        const left = open.get(id)! - 1;
        if (left === 0) open.delete(id);
        else open.set(id, left);
      }
      at += round.size;
    }
    assertEquals(open.size, 0);
  }));
});

Deno.test("Http2Connection of a client opens streams in the order of their numbers, however long their heads are (§5.1.1)", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 9_000 }), { minLength: 2, maxLength: 20 }), (lengths) => {
    const rig = new Rig({ role: "client" });
    for (const length of lengths) {
      const fields = [{ name: ":method", value: "POST" }, { name: "x", value: "\x7f".repeat(length) }];
      const stream = rig.core.open(fields, "POST", -1);
      stream.prioritise({ urgency: length % 8, incremental: length % 2 === 0 });
      rig.core.sendContent(stream, new Uint8Array(length));
    }
    const ids = rig.takeFrames().flatMap((frame) => frame.type === "headers" ? [frame.streamId] : []);
    assertEquals(ids, lengths.map((_, index) => 2 * index + 1));
  }));
});

Deno.test("Http2Connection of a client opens a thousand streams at once", () => {
  const rig = new Rig({ role: "client" });
  for (let count = 0; count < 1_000; count++) {
    rig.core.sendEnd(rig.core.open([{ name: "x", value: "\x7f".repeat(100) }], "GET", -1));
  }
  const ids: number[] = [];
  for (let view = rig.core.takeOutput(0); view !== undefined; view = rig.core.takeOutput(0)) {
    for (const frame of readFrames(view)) ids.push(frame.streamId);
    rig.core.sent(view.length, 0);
  }
  assertEquals(ids, Array.from({ length: 1_000 }, (_, index) => 2 * index + 1));
});

Deno.test("Http2Connection passes over the number of a request that was taken back before it left (§5.1.1)", () => {
  const rig = new Rig({ role: "client" });
  const [first, second] = [1, 2].map(() => rig.core.open([{ name: ":method", value: "GET" }], "GET", -1));
  rig.core.reset(first!, 8);
  rig.core.sendEnd(second!);
  assertEquals(rig.take(), ["HEADERS 3 END :method=GET"]);
  assertEquals([rig.core.openStreams, first!.closed], [1, true]);
});

// What can't be sent.

Deno.test("Http2Connection resets a stream whose content was transferred or shrunk, and no other", () => {
  const transferred = (rig: Rig, stream: Http2Stream) => {
    const bytes = new Uint8Array(20_000);
    rig.core.sendContent(stream, bytes);
    bytes.buffer.transfer();
  };
  const shrunk = (rig: Rig, stream: Http2Stream) => {
    const buffer = new ArrayBuffer(20_000, { maxByteLength: 20_000 });
    rig.core.sendContent(stream, new Uint8Array(buffer));
    buffer.resize(100);
  };
  for (const spoil of [transferred, shrunk]) {
    const rig = asked(WIDE, 1, 3);
    const [bad, good] = [rig.stream(1), rig.stream(3)];
    rig.tell();
    rig.core.sendHead(bad, OK, -1);
    rig.core.sendContent(bad, new Uint8Array(10));
    spoil(rig, bad);
    rig.core.sendWhole(good, OK, "good");
    assertEquals(rig.take(), [
      "HEADERS 1 :status=200",
      "HEADERS 3 :status=200",
      "DATA 3 END 4",
      "RST_STREAM 1 INTERNAL_ERROR",
    ]);
    assertEquals(rig.tell(), ["reset 1 INTERNAL_ERROR"]);
  }
});

Deno.test("Http2Connection resets a stream whose fields can't be sent, and goes on with tables in step", () => {
  const rig = asked(WIDE, 1, 3);
  const [bad, good] = [rig.stream(1), rig.stream(3)];
  rig.tell();
  rig.core.sendWhole(bad, [...OK, { name: "x-new", value: "a" }, { name: "x-bad", value: "\u0100" }], null);
  rig.core.sendWhole(good, [...OK, { name: "x-new", value: "a" }], null);
  assertEquals(rig.take(), ["HEADERS 3 END :status=200, x-new=a", "RST_STREAM 1 INTERNAL_ERROR"]);
  assertEquals(rig.tell(), ["reset 1 INTERNAL_ERROR"]);
  const early = asked(WIDE, 1);
  early.tell();
  early.core.inform(early.stream(1), [{ name: ":status", value: "103" }, { name: "link", value: "\u0100" }]);
  assertEquals([early.take(), early.tell()], [["RST_STREAM 1 INTERNAL_ERROR"], ["reset 1 INTERNAL_ERROR"]]);
  const client = new Rig({ role: "client" });
  const request = client.core.open([{ name: "x-bad", value: "\u0100" }], "GET", -1);
  assertEquals([client.take(), client.tell()], [[], ["reset 1 INTERNAL_ERROR unprocessed"]]);
  assert(request.closed);
});

Deno.test("Http2Connection keeps no place for streams that were reset while they waited to send", () => {
  const rig = asked({ settings: [[4, 0x7fffffff]] });
  let view = rig.core.takeOutput(0);
  for (let round = 0; round < 3; round++) {
    for (let count = 0; count < 300; count++) {
      const id = 2 * (round * 300 + count) + 1;
      rig.send(rig.head(id, get(), { end: true }));
      rig.core.sendWhole(rig.stream(id), OK, "x");
      rig.core.release(rig.stream(id));
      rig.send(rst(id));
      rig.events.length = 0;
    }
  }
  if (view !== undefined) rig.core.sent(view.length, 0);
  assertEquals([rig.take(), rig.core.openStreams], [[], 0]);
  rig.send(rig.head(2_001, get(), { end: true }));
  rig.core.sendWhole(rig.stream(2_001), OK, null);
  view = rig.core.takeOutput(0);
  assertGreater(view?.length ?? 0, 0);
});

Deno.test("Http2Connection puts what is small together in one write, and what is large in large ones", () => {
  const rig = asked(WIDE, ...Array.from({ length: 100 }, (_, index) => 2 * index + 1));
  rig.take();
  answer(rig, 13, ...Array.from({ length: 100 }, (_, index) => 2 * index + 1));
  const small = rig.core.takeOutput(0)!;
  rig.core.sent(small.length, 0);
  assertEquals([rig.core.takeOutput(0), rig.core.flushed], [undefined, true]);
  rig.send(rig.head(301, get(), { end: true }));
  answer(rig, 1_000_000, 301);
  const sizes: number[] = [];
  for (let view = rig.core.takeOutput(0); view !== undefined; view = rig.core.takeOutput(0)) {
    sizes.push(view.length);
    rig.core.sent(view.length, 0);
  }
  assert(Math.max(...sizes) <= 256 * 1024 && sizes.length <= 5, `${sizes}`);
});
