/**
 * Owns the proof that a connection's encoder follows what the peer's SETTINGS say of its table (RFC 7541 §4.2). Knows nothing
 * of how blocks are written.
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
import { get, type Setting } from "./peer.ts";

const TABLE_SIZE = 1;

/** What one SETTINGS frame says, and the size updates that the next header block must begin with. */
const CASES: readonly (readonly [why: string, entries: readonly Setting[], updates: readonly number[]])[] = [
  ["nothing", [], []],
  ["what it was", [[TABLE_SIZE, 4096]], []],
  ["less", [[TABLE_SIZE, 64]], [0x3f, 33]],
  ["less, then more", [[TABLE_SIZE, 64], [TABLE_SIZE, 4096]], [0x3f, 33, 0x3f, 0xe1, 31]],
  ["less, then less yet, then more", [[TABLE_SIZE, 64], [TABLE_SIZE, 0], [TABLE_SIZE, 30]], [0x20, 0x3e]],
  ["more than is kept, then what it was", [[TABLE_SIZE, 65_536], [TABLE_SIZE, 4096]], []],
];

/** The octets before the first field, a `:status` from the static table: size updates have the pattern 001. */
function updatesOf(fragment: Uint8Array): number[] {
  return [...fragment.subarray(0, fragment.indexOf(0x88))];
}

for (const [why, entries, updates] of CASES) {
  for (const frames of new Set([1, Math.max(1, entries.length)])) {
    Deno.test(`SETTINGS_HEADER_TABLE_SIZE is told before the next block: ${why}, in ${frames} frames`, () => {
      const host = new CoreHost();
      host.take();
      const settings = Array.from({ length: frames }, (_, at): Frame => {
        return {
          type: "settings",
          streamId: 0,
          ack: false,
          entries: frames === 1 ? entries : entries.slice(at, at + 1),
        };
      });
      const fragment = new HpackEncoder().encodeBlock(get().map(([name, value]) => ({ name, value })));
      const request: Frame = { type: "headers", streamId: 1, endStream: true, endHeaders: true, fragment };
      host.receive(concat([PREFACE, ...[...settings, request].map(encodeFrame)]));
      const heads = readFrames(host.take()).filter((frame) => frame.type === "headers");
      assertEquals(heads.map((frame) => updatesOf(frame.fragment)), [updates]);
    });
  }
}
