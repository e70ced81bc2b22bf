/**
 * Owns the proof that a server's connection whose peer has ended its side waits for no room in windows: such room would have
 * to come from that peer (RFC 9113 §6.9). Knows nothing of sockets.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import { HpackEncoder } from "../../hpack/mod.ts";
import { encodeFrame } from "../../http2/frame_encode.ts";
import { type Frame, PREFACE } from "../../http2/frame.ts";
import { CoreHost } from "./core_host.ts";
import { readFrames } from "./core_run.ts";
import { get } from "./peer.ts";

const INITIAL_WINDOW_SIZE = 4;

/** Peers that ask and end their side: their stream windows, the length of each answer, and which answers are whole. */
const CASES: readonly (readonly [why: string, window: number, content: number, whole: readonly boolean[]])[] = [
  ["no window", 0, 1, [false]],
  ["no window, and none needed", 0, 0, [true]],
  ["a window that is too small", 10, 11, [false]],
  ["a window as large as need be", 10, 10, [true]],
  ["a window of the connection that is too small", 1_000_000, 65_536, [false]],
  ["a window of the connection as large as need be", 1_000_000, 65_535, [true]],
  ["a window of the connection that has to be shared", 1_000_000, 40_000, [false, false]],
  ["a window of the connection that is enough for all", 1_000_000, 30_000, [true, true]],
];

/** The octets of a client that asks so often. */
function octetsOf(window: number, requests: number): Uint8Array {
  const encoder = new HpackEncoder();
  const settings: Frame = { type: "settings", streamId: 0, ack: false, entries: [[INITIAL_WINDOW_SIZE, window]] };
  const heads = Array.from({ length: requests }, (_, at): Frame => {
    const fragment = encoder.encodeBlock(get().map(([name, value]) => ({ name, value })));
    return { type: "headers", streamId: 2 * at + 1, endStream: true, endHeaders: true, fragment };
  });
  return concat([PREFACE, ...[settings, ...heads].map(encodeFrame)]);
}

for (const [why, window, length, whole] of CASES) {
  for (const answersFirst of [true, false]) {
    const order = answersFirst ? "behind the answers" : "before the answers";
    Deno.test(`Http2Connection.receiveEnd, ${order}, ends what can't be sent: ${why}`, () => {
      const host = new CoreHost({ answers: false, contentOf: () => new Uint8Array(length) });
      host.receive(octetsOf(window, whole.length));
      const frames = readFrames(host.take());
      if (answersFirst) {
        host.answerAll();
        frames.push(...readFrames(host.take()));
        assertEquals(host.core.openStreams, whole.filter((isWhole) => !isWhole).length);
      }
      host.receiveEnd();
      if (!answersFirst) {
        assertEquals(host.core.openStreams, whole.length);
        host.answerAll();
      }
      frames.push(...readFrames(host.take()));
      const ended = frames.filter((frame) => (frame.type === "data" || frame.type === "headers") && frame.endStream);
      const expected = whole.flatMap((isWhole, at) => isWhole ? [2 * at + 1] : []);
      assertEquals(ended.map(({ streamId }) => streamId).sort(), expected);
      assertEquals(host.seen.map(({ end }) => end !== "reset"), [...whole]);
      assertEquals([host.core.openStreams, host.core.end, host.error], [0, "finish", undefined]);
    });
  }
}
