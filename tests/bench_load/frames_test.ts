/**
 * Owns the proof that the HTTP/2 floors find frames wherever a read cuts them, and write what a reader of frames takes.
 * Knows no socket.
 *
 * @module
 */

import { concat } from "@std/bytes";
import { assertEquals } from "@std/assert";
import { HpackDecoder } from "@avx/http/hpack";
import { encodeFrame, readFrame } from "@avx/http/http2";
import {
  acknowledgement,
  answerFields,
  blocksOf,
  Flag,
  FrameFinder,
  frameOf,
  PREFACE,
  SETTINGS,
  SETTINGS_ACK,
  Type,
  uint32,
} from "../../bench/load/servers/frames.ts";

const WIRE = concat([
  PREFACE,
  encodeFrame({ type: "settings", streamId: 0, ack: false, entries: [[4, 70_000]] }),
  encodeFrame({
    type: "headers",
    streamId: 1,
    endHeaders: true,
    endStream: false,
    fragment: Uint8Array.of(0x82, 0x86),
  }),
  encodeFrame({ type: "data", streamId: 1, endStream: false, data: new Uint8Array(50) }),
  encodeFrame({ type: "data", streamId: 1, endStream: true, data: new Uint8Array(0) }),
  encodeFrame({ type: "ping", streamId: 0, ack: false, payload: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }),
  encodeFrame({ type: "windowUpdate", streamId: 0, increment: 99 }),
]);

/** What is found in some pieces: each frame's header, and its payload but for DATA's. */
function found(pieces: readonly Uint8Array[], size = WIRE.length): string[] {
  const finder = new FrameFinder(size, PREFACE.length);
  const frames: string[] = [];
  for (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const space = finder.space();
      const part = piece.subarray(at, at + space.length);
      space.set(part);
      at += part.length;
      finder.take(part.length, ({ type, flags, stream, length, payload }) => {
        const bytes = type === Type.Data ? "" : finder.buffer.slice(payload, payload + length).toHex();
        frames.push(`${type} ${flags} ${stream} ${length} ${bytes}`.trim());
      });
    }
  }
  return frames;
}

const FOUND = [
  "4 0 0 6 000400011170",
  "1 4 1 2 8286",
  "0 0 1 50",
  "0 1 1 0",
  "6 0 0 8 0102030405060708",
  "8 0 0 4 00000063",
];

Deno.test("FrameFinder finds the same frames whole, byte by byte, and cut at every offset", () => {
  assertEquals(found([WIRE]), FOUND);
  assertEquals(found(Array.from(WIRE, (byte) => Uint8Array.of(byte))), FOUND);
  for (let cut = 0; cut <= WIRE.length; cut++) assertEquals(found([WIRE.subarray(0, cut), WIRE.subarray(cut)]), FOUND);
});

Deno.test("FrameFinder needs no more room than the longest frame that is not DATA", () => {
  assertEquals(found([WIRE], 17), FOUND);
});

Deno.test("frameOf() writes what a reader of frames reads", () => {
  assertEquals(
    frameOf(Type.WindowUpdate, 0, 5, uint32(2 ** 31 - 1)),
    encodeFrame({ type: "windowUpdate", streamId: 5, increment: 2 ** 31 - 1 }),
  );
  const frame = readFrame(frameOf(Type.Data, Flag.EndStream, 2 ** 31 - 1, new Uint8Array(70_000)), 0, {
    maxFrameSize: 2 ** 20,
  });
  assertEquals(frame?.value.streamId, 2 ** 31 - 1);
  assertEquals(frame?.used, 70_009);
});

Deno.test("acknowledgement() answers SETTINGS and PING, and no acknowledgement", () => {
  const answers: (string | undefined)[] = [];
  const finder = new FrameFinder(256);
  const ping = encodeFrame({ type: "ping", streamId: 0, ack: false, payload: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
  const pong = encodeFrame({ type: "ping", streamId: 0, ack: true, payload: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
  const wire = concat([
    SETTINGS,
    SETTINGS_ACK,
    ping,
    pong,
    encodeFrame({ type: "windowUpdate", streamId: 0, increment: 1 }),
  ]);
  finder.space().set(wire);
  finder.take(wire.length, (frame) => answers.push(acknowledgement(frame, finder.buffer)?.toHex()));
  assertEquals(answers, [SETTINGS_ACK.toHex(), undefined, pong.toHex(), undefined, undefined]);
});

Deno.test("blocksOf() makes a block to learn from and a short one that repeats it", () => {
  const fields = answerFields("text/plain", 13);
  const { first, again } = blocksOf(fields);
  const decoder = new HpackDecoder();
  const decoded = (block: Uint8Array) =>
    decoder.decode(block, 0, block.length)?.map(({ name, value }) => ({ name, value }));
  assertEquals(decoded(first), fields);
  for (let times = 0; times < 3; times++) assertEquals(decoded(again), fields);
  assertEquals(again.length, fields.length);
});
