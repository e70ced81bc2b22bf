/**
 * Owns the fuzz targets of HTTP/2 connections: all of a client's octets, with a handler that answers each request once it is
 * whole, or never; and all of a server's, with some requests under way.
 *
 * @module
 */

import { concat } from "@std/bytes";
import { HpackEncoder, type HpackField } from "../../hpack/mod.ts";
import type { Frame } from "../../http2/frame.ts";
import { PREFACE } from "../../http2/frame.ts";
import { encodeFrame } from "../../http2/frame_encode.ts";
import { liveAsClient } from "../http2/client_life.ts";
import { cut, live } from "../http2/core_run.ts";
import { latin1 } from "../http2/peer.ts";
import { fromBase64, loadVectorLines } from "../vectors.ts";
import type { FuzzTarget, Random } from "./target.ts";

const FIELDS: readonly HpackField[] = [
  { name: ":method", value: "POST" },
  { name: ":scheme", value: "http" },
  { name: ":path", value: "/" },
  { name: ":authority", value: "localhost" },
  { name: "content-length", value: "5" },
  { name: "cookie", value: "a=b" },
];

const encoder = new HpackEncoder();
const first = encoder.encodeBlock(FIELDS);
const again = encoder.encodeBlock(FIELDS);
const trailers = encoder.encodeBlock([{ name: "x-sum", value: "1" }]);

const FRAMES: readonly Frame[] = [
  { type: "settings", streamId: 0, ack: false, entries: [[4, 100], [5, 20_000]] },
  { type: "settings", streamId: 0, ack: true, entries: [] },
  { type: "headers", streamId: 1, endStream: false, endHeaders: true, fragment: first },
  { type: "data", streamId: 1, endStream: false, padLength: 2, data: new Uint8Array(5) },
  { type: "headers", streamId: 1, endStream: true, endHeaders: true, fragment: trailers },
  { type: "headers", streamId: 3, endStream: false, endHeaders: false, fragment: again.subarray(0, 2) },
  { type: "continuation", streamId: 3, endHeaders: true, fragment: again.subarray(2) },
  { type: "data", streamId: 3, endStream: true, data: new Uint8Array(5) },
  { type: "headers", streamId: 5, endStream: true, endHeaders: true, fragment: again },
  { type: "rstStream", streamId: 3, code: 8 },
  { type: "windowUpdate", streamId: 0, increment: 1_000 },
  { type: "windowUpdate", streamId: 1, increment: 1_000 },
  { type: "ping", streamId: 0, ack: false, payload: new Uint8Array(8) },
  { type: "priorityUpdate", streamId: 0, prioritizedId: 7, value: "u=1, i" },
  { type: "goAway", streamId: 0, lastStreamId: 0, code: 0, debug: new Uint8Array(3) },
];

const responses = new HpackEncoder();
const ok = responses.encodeBlock([{ name: ":status", value: "200" }, { name: "x-new", value: "field" }]);
const interim = responses.encodeBlock([{ name: ":status", value: "103" }]);
const pushed = responses.encodeBlock([
  { name: ":method", value: "GET" },
  { name: ":scheme", value: "http" },
  { name: ":path", value: "/pushed" },
  { name: ":authority", value: "localhost" },
]);

const SERVER_FRAMES: readonly Frame[] = [
  { type: "settings", streamId: 0, ack: false, entries: [[3, 10], [4, 5]] },
  { type: "settings", streamId: 0, ack: true, entries: [] },
  { type: "headers", streamId: 1, endStream: false, endHeaders: true, fragment: ok },
  { type: "headers", streamId: 3, endStream: false, endHeaders: true, fragment: interim },
  { type: "pushPromise", streamId: 1, endHeaders: true, promisedId: 2, padLength: 1, fragment: pushed },
  { type: "data", streamId: 1, endStream: false, padLength: 2, data: new Uint8Array(5) },
  { type: "headers", streamId: 2, endStream: false, endHeaders: false, fragment: ok.subarray(0, 1) },
  { type: "continuation", streamId: 2, endHeaders: true, fragment: ok.subarray(1) },
  { type: "data", streamId: 2, endStream: true, data: new Uint8Array(5) },
  { type: "headers", streamId: 1, endStream: true, endHeaders: true, fragment: trailers },
  { type: "headers", streamId: 3, endStream: true, endHeaders: true, fragment: ok },
  { type: "windowUpdate", streamId: 5, increment: 100 },
  { type: "ping", streamId: 0, ack: false, payload: new Uint8Array(8) },
  { type: "origin", streamId: 0, origins: ["https://example.com"] },
  { type: "altSvc", streamId: 1, origin: "", value: "h3" },
  { type: "rstStream", streamId: 7, code: 7 },
  { type: "goAway", streamId: 0, lastStreamId: 5, code: 0, debug: new Uint8Array(3) },
];

/** Runs `alive` with an input whole and in pieces: what comes of it must not hang on how it is cut. */
function compare(input: Uint8Array, random: Random, alive: (pieces: Iterable<Uint8Array>) => unknown): void {
  const whole = JSON.stringify(alive([input]));
  const pieces = JSON.stringify(alive(cut(input, () => random.below(random.pick([2, 16, 300])))));
  if (whole === pieces) return;
  throw new Error(`Cannot receive input as its outcome must not hang on how it is cut: ${whole}, ${pieces}`);
}

/** The fuzz targets of connections. */
export const targets: readonly FuzzTarget[] = [
  {
    name: "http2-connection",
    words: [latin1(PREFACE), ...FRAMES.map((frame) => latin1(encodeFrame(frame)))],
    corpus: () => [
      ...FRAMES.map((_, index) => concat([PREFACE, ...FRAMES.slice(0, index + 1).map(encodeFrame)])),
      ...(loadVectorLines<{ readonly b64: string }>("fuzz-h2", "nghttp2-h2spec.jsonl") ?? []).map(({ b64 }) =>
        fromBase64(b64)
      ),
    ],
    run: (input, random) => {
      compare(input, random, live);
      live([input], { answers: true });
    },
  },
  {
    name: "http2-client-connection",
    words: SERVER_FRAMES.map((frame) => latin1(encodeFrame(frame))),
    corpus: () => SERVER_FRAMES.map((_, index) => concat(SERVER_FRAMES.slice(0, index + 1).map(encodeFrame))),
    run: (input, random) => compare(input, random, liveAsClient),
  },
];
