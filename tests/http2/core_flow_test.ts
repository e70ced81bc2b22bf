/**
 * Owns the proof of flow control at both levels (RFC 9113 §5.2, §6.9): what the peer may send and when it may send more, and
 * what is sent to it.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { type Frame, PREFACE } from "../../http2/frame.ts";
import { DEFAULT_HTTP2_LIMITS } from "../../http2/limits.ts";
import { get, post } from "./peer.ts";
import { data, everyWay, grant, Rig, type RigOptions, rst, SETTINGS_ACK, settingsFrame } from "./rig.ts";

const WINDOW = DEFAULT_HTTP2_LIMITS.streamWindowBytes;
const PIECE = 16_384;

/** A server's connection with uploads that have begun on the streams. */
function uploads(rig: Rig, ...ids: number[]): Rig {
  for (const id of ids) rig.send(rig.head(id, post()));
  rig.take();
  return rig;
}

/** Sends so many bytes of content in DATA frames. */
function upload(rig: Rig, id: number, bytes: number): void {
  for (let left = bytes; left > 0; left -= PIECE) rig.send(data(id, Math.min(left, PIECE)));
}

/** What the lines grant to a stream, in bytes. */
function granted(lines: readonly string[], id: number): number {
  const updates = lines.filter((line) => line.startsWith(`WINDOW_UPDATE ${id} `));
  return updates.reduce((sum, line) => sum + Number(line.split(" ")[2]), 0);
}

Deno.test("Http2Connection opens the connection's window at once (RFC 9113 §6.9.2)", () => {
  const rig = new Rig({ greets: false, limits: { connectionWindowBytes: 100_000 } });
  assertEquals(rig.take().slice(1), [`WINDOW_UPDATE 0 ${100_000 - 65_535}`]);
  const small = new Rig({ greets: false, limits: { connectionWindowBytes: 1_000 } });
  assertEquals(small.take().length, 1); // it can't be made smaller
});

everyWay("Http2Connection.receive charges padding to a stream's window (§6.1, §6.9.1)", (make) => {
  const rig = uploads(make({ limits: { streamWindowBytes: 20 } }), 1);
  rig.send(data(1, 9, { pad: 0 }), data(1, 4, { pad: 5 })); // 20 with the lengths of the padding
  assertEquals(granted(rig.take(), 1), 0);
  rig.send(data(1, 0, { pad: 0 }));
  assertEquals(rig.take(), ["RST_STREAM 1 FLOW_CONTROL_ERROR"]);
});

everyWay("Http2Connection.receive gives back what padding took", (make) => {
  const rig = uploads(make({ limits: { streamWindowBytes: 20 } }), 1);
  rig.send(data(1, 1, { pad: 7 }));
  assertEquals(rig.take(), []);
  rig.send(data(1, 1, { pad: 7 }));
  assertEquals(granted(rig.take(), 1), 16);
});

Deno.test("Http2Connection.receive ends a connection whose window was overrun (§6.9.1)", () => {
  const rig = uploads(new Rig({ limits: { connectionWindowBytes: 65_535, maxUnreadBytes: 0 } }), 1, 3);
  upload(rig, 1, 32_768);
  upload(rig, 3, 32_767);
  assertEquals(rig.core.end, "open");
  rig.take();
  rig.send(data(3, 32_768 - PIECE));
  assertEquals(rig.take().at(-1), "GOAWAY 3 FLOW_CONTROL_ERROR");
});

Deno.test("Http2Connection grants a stream more once half of its window was read, and a slow one nothing", () => {
  const rig = uploads(new Rig(), 1);
  upload(rig, 1, WINDOW);
  assertEquals(granted(rig.take(), 1), 0);
  rig.core.consumed(rig.stream(1), WINDOW / 2 - 1, 0);
  assertEquals(granted(rig.take(), 1), 0);
  rig.core.consumed(rig.stream(1), 1, 0);
  assertEquals(granted(rig.take(), 1), WINDOW / 2);
  upload(rig, 1, WINDOW / 2);
  rig.send(data(1, 1));
  assertEquals(rig.take().at(-1), "RST_STREAM 1 FLOW_CONTROL_ERROR"); // what it may send is bounded by what was read
});

Deno.test("Http2Connection lets a stream that nobody reads hold up no other", () => {
  const rig = uploads(new Rig(), 1, 3);
  upload(rig, 1, WINDOW);
  let credit = WINDOW;
  for (let sent = 0; sent < 20 * 1024 * 1024; sent += PIECE) {
    assertGreater(credit, 0, `after ${sent} bytes`);
    rig.send(data(3, PIECE));
    rig.core.consumed(rig.stream(3), PIECE, 0);
    credit += granted(rig.take(), 3) - PIECE;
  }
  assertEquals(rig.core.end, "open"); // the connection's window was never overrun either
});

Deno.test("Http2Connection lets no more than the limit wait for readers, and goes on when they read", () => {
  const limits = { maxUnreadBytes: 2 * WINDOW, connectionWindowBytes: 65_535 };
  const rig = uploads(new Rig({ limits }), 1, 3, 5, 7);
  let credit = 65_535;
  let unread = 0;
  const send = (id: number) => {
    rig.send(data(id, PIECE));
    unread += PIECE;
    credit += granted(rig.take(), 0) - PIECE;
  };
  for (const id of [1, 3, 5, 7]) for (let left = WINDOW; left > 0 && credit >= PIECE; left -= PIECE) send(id);
  assertLess(credit, PIECE);
  assertLess(unread, 2 * WINDOW + 65_535 + PIECE);
  assertEquals(rig.core.end, "open");
  for (const id of [1, 3]) {
    rig.core.consumed(rig.stream(id), WINDOW, 0);
    credit += granted(rig.take(), 0);
  }
  assertGreater(credit, PIECE);
});

for (
  const [what, end] of [
    ["reset by its peer", (rig: Rig) => rig.send(rst(1))],
    ["reset by us", (rig: Rig) => rig.core.reset(rig.stream(1), 8)],
    ["thrown away", (rig: Rig) => rig.core.discard(rig.stream(1))],
  ] as const
) {
  Deno.test(`Http2Connection counts the content of a stream that was ${what} as read, once`, () => {
    const rig = uploads(new Rig({ limits: { maxUnreadBytes: WINDOW / 2, connectionWindowBytes: 65_535 } }), 1, 3, 5);
    const first = rig.stream(1);
    upload(rig, 1, 32_768 + PIECE);
    assertEquals(granted(rig.take(), 0), 32_768);
    end(rig);
    rig.core.consumed(first, 32_768 + PIECE, 0); // its reader does not know yet
    assertEquals(first.unread, 0);
    upload(rig, 3, 32_768 + PIECE);
    assertEquals(granted(rig.take(), 0), 2 * 32_768);
    upload(rig, 5, WINDOW / 2); // were the first counted twice, this would not be too much
    assertEquals(granted(rig.take(), 0), 0);
  });
}

Deno.test("Http2Connection.discard gives the peer no more room on the stream, and all of it on the connection", () => {
  const rig = uploads(new Rig({ limits: { connectionWindowBytes: 65_535 } }), 1);
  rig.core.discard(rig.stream(1));
  upload(rig, 1, WINDOW);
  const lines = rig.take();
  assertEquals([granted(lines, 1), granted(lines, 0) >= 32_768], [0, true]);
  assertEquals(rig.tell().filter((line) => line.startsWith("data")), []);
});

Deno.test("Http2Connection holds streams to its settings from their acknowledgement on (§6.5.3, §6.9.2)", () => {
  const rig = new Rig({ greets: false, limits: { streamWindowBytes: 1_000 } });
  rig.send(PREFACE, settingsFrame(), rig.head(1, post()), data(1, 2_000));
  rig.core.consumed(rig.stream(1), 1_500, 0);
  assertEquals(granted(rig.take(), 1), 0);
  rig.send(SETTINGS_ACK); // what may be sent now is 2,000 below nothing, of which 1,500 were read
  rig.core.consumed(rig.stream(1), 500, 0);
  assertEquals(granted(rig.take(), 1), 2_000);
  rig.send(data(1, 1_000), rig.head(3, post()), data(3, 1_000));
  assertEquals(rig.take(), []);
  rig.send(data(3, 1));
  assertEquals(rig.take(), ["RST_STREAM 3 FLOW_CONTROL_ERROR"]);
});

/** A piece of content, or the answer to a PING, on its way. */
interface OnItsWay {
  readonly frame: Frame;
  readonly bytes: number;
  /** When it comes, where nothing before it takes longer. */
  readonly at: number;
}

/** Lets a client upload over a way of this bandwidth and delay; gives the most that it ever had on its way. */
function mostOnItsWay(rig: Rig, pieces: number, bytesPerMs: number, roundTrip: number): number {
  uploads(rig, 1);
  const way: OnItsWay[] = [];
  let credit = WINDOW;
  let onItsWay = 0;
  let most = 0;
  for (let count = 0; count < pieces; count++) {
    for (; credit > 0; credit -= PIECE) {
      const bytes = Math.min(credit, PIECE);
      way.push({ frame: data(1, bytes), bytes, at: rig.now + roundTrip });
      onItsWay += bytes;
    }
    credit = 0;
    most = Math.max(most, onItsWay);
    const { frame, bytes, at } = way.shift()!;
    rig.now = Math.max(at, rig.now + bytes / bytesPerMs);
    rig.send(frame);
    onItsWay -= bytes;
    if (bytes > 0) rig.core.consumed(rig.stream(1), bytes, rig.now);
    for (const sent of rig.takeFrames()) {
      if (sent.type === "windowUpdate" && sent.streamId === 1) credit += sent.increment;
      if (sent.type !== "ping") continue;
      const answer: Frame = { ...sent, ack: true, payload: sent.payload.slice() };
      way.push({ frame: answer, bytes: 0, at: rig.now + roundTrip }); // behind what was sent before
    }
  }
  return most;
}

Deno.test("Http2Connection lets a window grow with the product of bandwidth and delay, up to its limit", () => {
  const fast = mostOnItsWay(new Rig({ limits: { maxStreamWindowBytes: 1_000_000 } }), 1_000, 1_000_000, 100);
  assert(fast > 800_000 && fast <= 1_000_000, `${fast}`);
  const middle = mostOnItsWay(new Rig(), 1_000, 2_000, 100); // 200,000 bytes
  assert(middle > 200_000 && middle < 800_000, `${middle}`);
  const slow = mostOnItsWay(new Rig(), 1_000, 1_000, 10); // 10,000 bytes: what is more only waits on the way
  assert(slow <= 2 * WINDOW, `${slow}`);
});

Deno.test("Http2Connection measures no more while a window is no bound, and tries again later", () => {
  const rig = uploads(new Rig(), 1);
  let pings = 0;
  const read = (refills: number) => {
    for (let count = 0; count < refills; count++) {
      rig.now += 10_000; // half a window in a round trip of ten seconds
      upload(rig, 1, WINDOW / 2);
      rig.core.consumed(rig.stream(1), WINDOW / 2, rig.now);
      for (const frame of rig.takeFrames()) {
        if (frame.type !== "ping") continue;
        pings++;
        rig.send({ ...frame, ack: true, payload: frame.payload.slice() });
      }
    }
  };
  read(20);
  assertEquals(pings, 3);
  read(46);
  assertEquals(pings, 3);
  read(1);
  assertEquals(pings, 4);
});

// What is sent.

/** A server's connection that is asked on these streams, and answers with so many bytes on each. */
function answers(options: RigOptions, bytes: number, ...ids: number[]): Rig {
  const rig = new Rig(options);
  for (const id of ids) {
    rig.send(rig.head(id, get(), { end: true }));
    rig.core.sendWhole(rig.stream(id), [{ name: ":status", value: "200" }], new Uint8Array(bytes));
  }
  return rig;
}

Deno.test("Http2Connection sends no more than a stream's window allows (§6.9.1)", () => {
  const rig = answers({ settings: [[4, 10]] }, 25, 1);
  assertEquals(rig.take(), ["HEADERS 1 :status=200", "DATA 1 10"]);
  rig.send(grant(0, 1_000));
  assertEquals(rig.take(), []);
  rig.send(grant(1, 10));
  assertEquals(rig.take(), ["DATA 1 10"]);
  rig.send(grant(1, 10));
  assertEquals(rig.take(), ["DATA 1 END 5"]);
});

Deno.test("Http2Connection shares the connection's window among its streams (§6.9.1)", () => {
  const rig = answers({ settings: [[4, 1_000_000]] }, 40_000, 1, 3);
  const lines = rig.take();
  assertEquals(lines.filter((line) => line.startsWith("DATA")), [
    "DATA 1 16384",
    "DATA 3 16384",
    "DATA 1 16384",
    "DATA 3 16383",
  ]);
  rig.send(grant(1, 10), grant(0, 0x7fffffff - 65_535));
  assertEquals(rig.take(), ["DATA 1 END 7232", "DATA 3 END 7233"]);
});

Deno.test("Http2Connection follows a first window that changes, below zero if need be (§6.9.2)", () => {
  const rig = answers({ settings: [[4, 10]] }, 100, 1);
  rig.take();
  rig.send(settingsFrame([[4, 4]])); // 6 below nothing
  rig.send(grant(1, 6));
  assertEquals(rig.take(), ["SETTINGS ACK"]);
  rig.send(grant(1, 1));
  assertEquals(rig.take(), ["DATA 1 1"]);
  rig.send(settingsFrame([[4, 20]]));
  assertEquals(rig.take(), ["SETTINGS ACK", "DATA 1 16"]);
  rig.send(rig.head(3, get(), { end: true }));
  rig.core.sendWhole(rig.stream(3), [{ name: ":status", value: "200" }], new Uint8Array(21));
  assertEquals(rig.take(), ["HEADERS 3 :status=200", "DATA 3 20"]);
});

Deno.test("Http2Connection sends heads, ends and what is of other streams where one has no window (§5.2)", () => {
  const rig = answers({ settings: [[4, 0]] }, 5, 1);
  for (const id of [3, 5, 7]) rig.send(rig.head(id, get(), { end: true }));
  const ok = [{ name: ":status", value: "200" }];
  rig.core.sendWhole(rig.stream(3), ok, null);
  rig.core.sendHead(rig.stream(5), ok, -1);
  rig.core.sendHead(rig.stream(7), ok, -1);
  rig.core.sendContent(rig.stream(7), new Uint8Array(3));
  assertEquals(rig.take(), [
    "HEADERS 1 :status=200",
    "HEADERS 3 END :status=200",
    "HEADERS 5 :status=200",
    "HEADERS 7 :status=200",
  ]);
  rig.core.sendEnd(rig.stream(5)); // no content: no window is needed
  rig.core.sendEnd(rig.stream(7), [{ name: "x-sum", value: "1" }]);
  assertEquals(rig.take(), ["DATA 5 END 0"]);
  rig.send(grant(7, 3));
  assertEquals(rig.take(), ["DATA 7 3", "HEADERS 7 END x-sum=1"]);
});
