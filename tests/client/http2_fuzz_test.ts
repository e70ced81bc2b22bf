/**
 * Owns the proof that whatever a server says over HTTP/2, and wherever it stops, all that a client was asked for comes to its
 * end, and nothing is kept of it. Knows no case.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { HttpClient } from "../../client/mod.ts";
import { HpackEncoder } from "../../hpack/mod.ts";
import type { Frame } from "../../http2/frame.ts";
import { encodeFrame } from "../../http2/frame_encode.ts";
import { task } from "../net/turns.ts";
import { http2Stage } from "./http2_stage.ts";

/** What is asked of a client; each reads what it gets to its end, and closes what it opened. */
const ASKED: Readonly<Record<string, (client: HttpClient, signal: AbortSignal) => Promise<unknown>>> = {
  "GET": async (client, signal) => await (await client.fetch("http://a/", { signal })).text(),
  "HEAD": async (client, signal) => await (await client.fetch("http://a/", { signal, method: "HEAD" })).text(),
  "cancel": async (client, signal) => await (await client.fetch("http://a/", { signal })).body?.cancel(),
  "POST": async (client, signal) => {
    return await (await client.fetch("http://a/", { signal, method: "POST", body: "content" })).text();
  },
  "stream": async (client, signal) => {
    const body = new Blob(["x".repeat(100_000)]).stream();
    return await (await client.fetch("http://a/", { signal, method: "POST", body })).text();
  },
  "expect": async (client, signal) => {
    const init = { signal, method: "PUT", body: "content", headers: { expect: "100-continue" } };
    return await (await client.fetch("http://a/", init)).text();
  },
  "connect": async (client, signal) => (await client.connect("http://a/", "b:80", { signal })).transport.close(),
  "upgrade": async (client, signal) => (await client.upgrade("http://a/", "websocket", { signal })).transport.close(),
};

function block(...fields: readonly (readonly [string, string])[]): Uint8Array {
  const encoder = new HpackEncoder();
  encoder.setMaxTableSize(0);
  return encoder.encodeBlock(fields.map(([name, value]) => ({ name, value })));
}

const id = fc.constantFrom(1, 1, 1, 3, 5, 2);
const setting = fc.constantFrom([3, 0], [3, 1], [3, 100], [4, 0], [4, 10], [4, 2 ** 31 - 1], [6, 50], [8, 1], [1, 0]);
const code = fc.constantFrom(0, 1, 2, 7, 8, 11, 13);
const head = fc.constantFrom(
  block([":status", "200"]),
  block([":status", "204"]),
  block([":status", "302"], ["location", "/next"]),
  block([":status", "403"], ["content-length", "3"]),
  block([":status", "100"]),
  block([":status", "103"]),
  block(["x-checksum", "1"]),
);

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ entries: fc.array(setting, { maxLength: 2 }) }).map(({ entries }): Frame => ({
    type: "settings",
    streamId: 0,
    ack: false,
    entries: entries.map(([id, value]): [number, number] => [id!, value!]),
  })),
  fc.record({ streamId: id, endStream: fc.boolean(), fragment: head }).map((given): Frame => ({
    type: "headers",
    endHeaders: true,
    ...given,
  })),
  fc.record({ streamId: id, endStream: fc.boolean(), data: fc.constantFrom("", "a", "abc") }).map((given): Frame => ({
    type: "data",
    ...given,
    data: new TextEncoder().encode(given.data),
  })),
  fc.record({ streamId: id, code }).map((given): Frame => ({ type: "rstStream", ...given })),
  fc.record({ lastStreamId: fc.constantFrom(0, 1, 2 ** 31 - 1), code }).map((given): Frame => ({
    type: "goAway",
    streamId: 0,
    debug: new Uint8Array(0),
    ...given,
  })),
  fc.record({ streamId: fc.constantFrom(0, 1, 3), increment: fc.constantFrom(1, 1_000, 2 ** 31 - 1) }).map((
    given,
  ): Frame => ({ type: "windowUpdate", ...given })),
);

/** How a server ends: it says nothing more, ends its side, closes or resets the connection. */
const ending = fc.constantFrom("silence", "silence", "end", "close", "reset");

interface Script {
  readonly asked: readonly string[];
  readonly frames: readonly Frame[];
  readonly cut: number;
  readonly ending: string;
  readonly aborts: boolean;
}

/** Plays a server that says the same on each connection. */
async function play({ asked, frames, cut, ending, aborts }: Script): Promise<void> {
  const set = http2Stage();
  const controller = new AbortController();
  // Without the latter each connection would end when its settings are due.
  const first: Frame[] = [
    { type: "settings", streamId: 0, ack: false, entries: [] },
    { type: "settings", streamId: 0, ack: true, entries: [] },
  ];
  const said = [...first, ...frames].map((frame) => encodeFrame(frame));
  const serve = async (): Promise<void> => {
    for (;;) {
      const transport = await set.acceptRaw();
      const into = new Uint8Array(65_536);
      const swallow = async (): Promise<void> => {
        while (await transport.read(into) !== null);
      };
      swallow().catch(() => {});
      await task();
      const last = said.length - 1;
      for (const [at, octets] of said.entries()) {
        const piece = at === last ? octets.subarray(0, Math.max(0, octets.length - cut)) : octets;
        for (let from = 0; from < piece.length;) from += await transport.write(piece.subarray(from));
        await task();
      }
      if (ending === "end") await transport.closeWrite();
      else if (ending === "close") transport.close();
      else if (ending === "reset") transport.reset();
    }
  };
  const serving = serve().catch(() => {}); // the client, or the test, has ended it
  const open = new Set(asked.keys());
  for (const [at, what] of asked.entries()) {
    const over = () => void open.delete(at);
    ASKED[what]!(set.client, controller.signal).then(over, over);
  }
  for (let turn = 0; turn < 10 * (frames.length + 3); turn++) await task();
  if (aborts) controller.abort();
  for (let step = 0; step < 8 && open.size > 0; step++) {
    set.clock.advance(301_000);
    for (let turn = 0; turn < 20; turn++) await task();
  }
  assertEquals([...open].map((at) => asked[at]), [], "all settle");
  set[Symbol.dispose]();
  for (let turn = 0; turn < 5; turn++) await task();
  set.clock.advance(301_000);
  await serving;
  assertEquals([set.client.connections, set.clock.alarms, set.clock.holding], [0, 0, 0]);
}

Deno.test("HttpClient brings all that it is asked for to an end, whatever a server says over HTTP/2", async () => {
  const asked = fc.array(fc.constantFrom(...Object.keys(ASKED)), { minLength: 1, maxLength: 3 });
  const script = fc.record({
    asked,
    frames: fc.array(frame, { maxLength: 6 }),
    cut: fc.constantFrom(0, 0, 1, 5),
    ending,
    aborts: fc.boolean(),
  });
  let played = 0;
  await fc.assert(fc.asyncProperty(script, async (script) => (played++, await play(script))), { numRuns: 300 });
  assert(played >= 300);
});
