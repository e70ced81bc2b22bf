/**
 * Owns the proof that time alone makes no connection spin: whatever state it is in, what it does at its deadline lets the next
 * one lie ahead.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { concat } from "@std/bytes";
import { encodeFrame } from "../../http2/frame_encode.ts";
import { type Frame, PREFACE } from "../../http2/frame.ts";
import { HpackEncoder } from "../../hpack/mod.ts";
import { CoreHost } from "./core_host.ts";
import { readFrames } from "./core_run.ts";
import { get, post } from "./peer.ts";

const encoder = new HpackEncoder();

function head(streamId: number, endStream: boolean): Frame {
  const fields = endStream ? get() : post();
  const fragment = encoder.encodeBlock(fields.map(([name, value]) => ({ name, value, sensitive: true })));
  return { type: "headers", streamId, endStream, endHeaders: true, fragment };
}

const SETTINGS: Frame = { type: "settings", streamId: 0, ack: false, entries: [] };
const NO_WINDOW: Frame = { type: "settings", streamId: 0, ack: false, entries: [[4, 0]] };
const ACK: Frame = { type: "settings", streamId: 0, ack: true, entries: [] };

/** Connections in the states in which time may go by. */
const STATES: Readonly<Record<string, readonly Frame[]>> = {
  "without a preface": [],
  "without an acknowledgement": [SETTINGS],
  "without a stream": [SETTINGS, ACK],
  "with a request that is never answered": [SETTINGS, ACK, head(1, true)],
  "with a request whose content never comes": [SETTINGS, ACK, head(1, false)],
  "with an answer that nobody gives room for": [NO_WINDOW, ACK, head(1, true)],
  "with half a frame": [SETTINGS, ACK],
};

/** A day, in milliseconds: far behind every deadline. */
const DAY = 86_400_000;

for (const [state, frames] of Object.entries(STATES)) {
  Deno.test(`Http2Connection.expire lets the next deadline lie ahead: ${state}`, () => {
    const answers = frames.includes(NO_WINDOW);
    const host = new CoreHost({ answers });
    host.take();
    if (frames.length > 0) host.receive(concat([PREFACE, ...frames.map(encodeFrame)]));
    if (state.includes("half a frame")) host.receive(encodeFrame(head(1, true)).subarray(0, 12));
    const sent = readFrames(host.take());
    for (let waits = 0; host.core.deadline < DAY; waits++) {
      assert(waits < 100, `spins at ${host.now}`);
      assertGreater(host.core.deadline, host.now);
      host.now = host.core.deadline;
      host.core.expire(host.now);
      const frames = readFrames(host.take());
      sent.push(...frames);
      for (const frame of frames) if (frame.type === "ping") host.receive(encodeFrame({ ...frame, ack: true }));
      if (host.core.end === "finish" && host.core.flushed) host.core.linger(host.now);
    }
    const isAnswerable = state.includes("never answered");
    assertEquals(host.core.end, isAnswerable ? "open" : "closed");
    assert(sent.some(({ type }) => type === "goAway"), "the client was told");
    if (!isAnswerable) return;
    host.answer(1);
    host.take();
    assertEquals(host.core.end, "finish"); // with its last stream
  });
}
