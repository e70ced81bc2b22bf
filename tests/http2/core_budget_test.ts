/**
 * Owns the proof of the budgets: each is spent by whoever overdoes it, in the burst and in the long run, and by nobody who only
 * has much to do. What attacks do to a whole server is in attacks_test.ts.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { MAX_CONTROL_BYTES } from "../../http2/budget.ts";
import type { Frame } from "../../http2/frame.ts";
import { DEFAULT_HTTP2_LIMITS } from "../../http2/limits.ts";
import { get, post } from "./peer.ts";
import { data, grant, ping, rawFrame, Rig, type RigOptions, rst, SETTINGS_ACK, settingsFrame } from "./rig.ts";

const OK = [{ name: ":status", value: "200" }];
/** The limit of streams, and of handlers. */
const STREAMS = DEFAULT_HTTP2_LIMITS.maxConcurrentStreams;

/** What may be sent so many times at once, and so many times a second. */
interface Costly {
  readonly name: string;
  readonly burst: number;
  readonly perSecond: number;
  readonly options?: RigOptions;
  readonly send: (rig: Rig, count: number) => void;
}

/** Sends one frame. */
function one(frame: Frame | Uint8Array): Costly["send"] {
  return (rig) => rig.send(frame);
}

const COSTLY: readonly Costly[] = [
  { name: "PING frames (CVE-2019-9512)", burst: 1_000, perSecond: 1_000, send: one(ping(1)) },
  { name: "answers to PINGs that nobody sent", burst: 1_000, perSecond: 1_000, send: one(ping(1, true)) },
  { name: "SETTINGS frames (CVE-2019-9515)", burst: 99, perSecond: 10, send: one(settingsFrame([[4, 1]])) },
  { name: "answers to SETTINGS that nobody sent", burst: 99, perSecond: 10, send: one(SETTINGS_ACK) },
  {
    name: "PRIORITY frames (CVE-2019-9513)",
    burst: 1_000,
    perSecond: 1_000,
    send: one(rawFrame(2, 0, 1, [0, 0, 0, 3, 0])),
  },
  {
    name: "PRIORITY_UPDATE frames (CVE-2019-9513)",
    burst: 1_000,
    perSecond: 1_000,
    send: one({ type: "priorityUpdate", streamId: 0, prioritizedId: 1, value: "u=1" }),
  },
  { name: "frames of unknown types", burst: 1_000, perSecond: 1_000, send: one(rawFrame(0xfa, 0, 0)) },
  {
    name: "GOAWAY frames",
    burst: 1_000,
    perSecond: 1_000,
    send: (rig) => {
      if (rig.core.openStreams === 0) rig.send(rig.head(1, post()));
      rig.send({ type: "goAway", streamId: 0, lastStreamId: 0, code: 0, debug: new Uint8Array(0) });
    },
  },
  { name: "WINDOW_UPDATE frames (CVE-2019-9511)", burst: 1_000, perSecond: 100, send: one(grant(0, 1)) },
  {
    name: "empty DATA frames (CVE-2019-9518)",
    burst: 200,
    perSecond: 100,
    send: (rig, count) => {
      if (count === 0) rig.send(rig.head(1, post()));
      rig.send(data(1, 0));
    },
  },
  {
    name: "DATA frames of padding alone (CVE-2019-9518)",
    burst: 200,
    perSecond: 100,
    send: (rig, count) => {
      if (count === 0) rig.send(rig.head(1, post()));
      rig.send(data(1, 0, { pad: 3 }));
    },
  },
  {
    name: "streams that are reset (CVE-2023-44487)",
    burst: 1_000,
    perSecond: 33,
    send: (rig, count) => {
      rig.send(rig.head(2 * count + 1, get(), { end: true }));
      if (rig.core.end === "open") rig.core.release(rig.stream(2 * count + 1));
      rig.events.length = 0;
      rig.send(rst(2 * count + 1));
    },
  },
  {
    name: "streams that have to be reset (CVE-2025-8671)",
    burst: 200,
    perSecond: 10,
    send: (rig, count) => {
      rig.send(rig.head(2 * count + 1, get(), { end: true }));
      if (rig.core.end === "open") rig.core.release(rig.stream(2 * count + 1));
      rig.events.length = 0;
      rig.send(rawFrame(8, 0, 2 * count + 1, [0, 0, 0, 0]));
    },
  },
  {
    name: "malformed requests (CVE-2019-9514)",
    burst: 200,
    perSecond: 10,
    send: (rig, count) => rig.send(rig.head(2 * count + 1, [[":method", "GET"]], { end: true })),
  },
  {
    name: "streams above the limit",
    burst: 200 + STREAMS,
    perSecond: 10,
    send: (rig, count) => rig.send(rig.head(2 * count + 1, get(), { end: true })),
  },
  {
    name: "streams behind the last that is processed",
    burst: 1_000,
    perSecond: 33,
    send: (rig, count) => {
      if (count === 0) {
        rig.send(rig.head(1, post()));
        rig.core.shutdown(rig.now);
        for (const frame of rig.takeFrames()) {
          if (frame.type === "ping") rig.send({ ...frame, ack: true, payload: frame.payload.slice() });
        }
      }
      rig.send(rig.head(2 * count + 3, get(), { end: true }));
    },
  },
  {
    name: "windows that let ever so little through (CVE-2019-9511, CVE-2019-9517)",
    burst: 1_000,
    perSecond: 50,
    options: { settings: [[4, 0]] },
    send: (rig, count) => {
      if (count === 0) {
        rig.send(rig.head(1, get(), { end: true }));
        rig.core.sendWhole(rig.stream(1), OK, new Uint8Array(1_000_000));
      }
      rig.send(grant(1, 1));
    },
  },
];

for (const { name, burst, perSecond, options, send } of COSTLY) {
  Deno.test(`Http2Connection ends with ENHANCE_YOUR_CALM where there are too many: ${name}`, () => {
    const rig = new Rig(options);
    let count = 0;
    const sendUntilEnd = (most: number) => {
      const from = count;
      while (rig.core.end === "open" && count - from < most) {
        send(rig, count++);
        rig.takeOctets();
        rig.events.length = 0;
      }
      return count - from;
    };
    assertEquals(sendUntilEnd(burst), burst);
    assertEquals(rig.core.end, "open");
    rig.now += 2_000; // all that comes back in that time may be spent again
    assertEquals(sendUntilEnd(Math.min(burst, 2 * perSecond)), Math.min(burst, 2 * perSecond));
    assertEquals(rig.core.end, "open");
    rig.tell();
    sendUntilEnd(1);
    assertEquals(rig.core.end, "finish");
    assertEquals(rig.tell().at(-1), "error ENHANCE_YOUR_CALM");
  });
}

Deno.test("Http2Connection ends no content that it has not sent whole, where its windows were too tiny", () => {
  const rig = new Rig({ settings: [[4, 0]] });
  rig.send(rig.head(1, get(), { end: true }));
  rig.core.sendWhole(rig.stream(1), OK, new Uint8Array(5_000));
  const sent = rig.take();
  for (let count = 0; rig.core.end === "open"; count++) {
    rig.send(grant(1, 1));
    sent.push(...rig.take());
  }
  assertEquals(sent.at(-1), "GOAWAY 1 ENHANCE_YOUR_CALM");
  assertEquals(sent.filter((line) => line.includes("END ")), []);
  assertLess(sent.length, 1_010);
});

Deno.test("Http2Connection counts a handler until it has given its answer, and once", () => {
  const rig = new Rig({ limits: { maxConcurrentStreams: 1 } });
  const ask = (id: number) => rig.send(rig.head(id, get(), { end: true }), rst(id));
  ask(1);
  rig.core.release(rig.stream(1));
  rig.core.release(rig.stream(1));
  ask(3);
  ask(5); // the handler of 3 still works, though its stream is closed
  assertEquals(rig.take(), ["RST_STREAM 5 REFUSED_STREAM"]);
  rig.core.release(rig.stream(3));
  ask(7);
  assertEquals(rig.take(), []);
});

// Who only has much to do.

Deno.test("Http2Connection is calm about a PING in each round trip in which content is sent, however short (gRPC)", () => {
  const rig = new Rig({ settings: [[4, 0x7fffffff]] });
  rig.send(grant(0, 0x7fffffff - 65_535), rig.head(1, get(), { end: true }));
  rig.core.sendHead(rig.stream(1), OK, -1);
  for (let count = 0; count < 20_000; count++) {
    rig.core.sendContent(rig.stream(1), new Uint8Array(10));
    rig.takeOctets();
    rig.send(ping(1));
    rig.now += 0.1;
  }
  assertEquals(rig.core.end, "open");
});

/** Downloads so many bytes with a client that gives back what it has read in such pieces, some of them late. */
function download(bytes: number, window: number, piece: number): Rig {
  const rig = new Rig({ settings: [[4, window]] });
  if (window > 65_535) rig.send(grant(0, window - 65_535));
  rig.send(rig.head(1, get(), { end: true }));
  rig.core.sendWhole(rig.stream(1), OK, new Uint8Array(bytes));
  const content = () =>
    rig.takeFrames().reduce((sum, frame) => sum + (frame.type === "data" ? frame.data.length : 0), 0);
  for (let read = 0; read < bytes && rig.core.end === "open";) {
    const came = content(); // all of a window; the client then reads it at its leisure
    read += came;
    for (let left = came; left > 0; left -= piece) {
      rig.send(grant(0, Math.min(left, piece)), ...(read < bytes ? [grant(1, Math.min(left, piece))] : []));
    }
  }
  return rig;
}

Deno.test("Http2Connection is calm about clients that give windows back in small pieces, or all at once", () => {
  assertEquals(download(64 * 1024 * 1024, 4 * 1024 * 1024, 4 * 1024).core.end, "open"); // Go
  assertEquals(download(64 * 1024 * 1024, 65_535, 32 * 1024).core.end, "open"); // nghttp2
  assertEquals(download(64 * 1024 * 1024, 65_535, 16_384).core.end, "open"); // a frame at a time
  assertEquals(download(64 * 1024 * 1024, 100_001, 50_001).core.end, "open"); // what is left is ever so small
});

Deno.test("Http2Connection is calm about what is left at the end of a window that many streams share", () => {
  const rig = new Rig({ settings: [[4, 0x7fffffff]] });
  for (let id = 1; id < 2 * STREAMS; id += 2) {
    rig.send(rig.head(id, get(), { end: true }));
    rig.core.sendWhole(rig.stream(id), OK, new Uint8Array(1_000_000));
  }
  for (let count = 0; count < 3_000; count++) {
    rig.takeOctets();
    rig.send(grant(0, 16_384 + 1)); // each time a frame, and one octet
  }
  assertEquals(rig.core.end, "open");
});

Deno.test("Http2Connection is calm about a browser that leaves a page, and about clients that cancel half of all", () => {
  const page = new Rig();
  for (let round = 0; round < 5; round++) {
    const ids = Array.from({ length: STREAMS }, (_, index) => 2 * (round * STREAMS + index) + 1);
    for (const id of ids) page.send(page.head(id, get(), { end: true }));
    for (const id of ids) page.core.release(page.stream(id));
    for (const id of ids) page.send(rst(id));
    page.takeOctets();
  }
  assertEquals(page.core.end, "open");
  const hedge = new Rig();
  for (let count = 0; count < 20_000; count++) {
    const [lost, won] = [4 * count + 1, 4 * count + 3];
    for (const id of [lost, won]) hedge.send(hedge.head(id, get(), { end: true }));
    hedge.core.sendWhole(hedge.stream(won), OK, "won");
    for (const id of [lost, won]) hedge.core.release(hedge.stream(id));
    hedge.send(rst(lost));
    hedge.takeOctets();
    hedge.events.length = 0;
  }
  assertEquals(hedge.core.end, "open");
});

Deno.test("Http2Connection is calm about a client that opens more streams than it can know to be allowed", () => {
  const rig = new Rig({ greets: false });
  rig.send(new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), settingsFrame());
  for (let count = 0; count < 900; count++) rig.send(rig.head(2 * count + 1, get(), { end: true }));
  assertEquals(rig.core.end, "open");
});

Deno.test("Http2Connection is calm about 100,000 DATA frames of one octet", () => {
  const rig = new Rig();
  rig.send(rig.head(1, post()));
  for (let count = 0; count < 100_000; count++) {
    rig.send(data(1, 1));
    rig.core.consumed(rig.stream(1), 1, 0);
    if (count % 1_000 === 0) rig.takeOctets();
    rig.events.length = 1;
    rig.tell();
  }
  assertEquals(rig.core.end, "open");
});

// What a peer that never reads can make a connection hold.

Deno.test("Http2Connection holds no more answers than MAX_CONTROL_BYTES for a peer that does not read", () => {
  const kinds: readonly ((rig: Rig, count: number) => void)[] = [
    (rig) => rig.send(ping(1)),
    (rig) => rig.send(settingsFrame()),
    (rig, count) => rig.send(rig.head(2 * count + 1, [[":method", "GET"]], { end: true })),
    (rig, count) => {
      const id = 2 * count + 1;
      rig.send(rig.head(id, get(), { end: true }));
      rig.core.release(rig.stream(id));
      rig.core.reset(rig.stream(id), 8);
      rig.events.length = 0;
    },
  ];
  for (const send of kinds) {
    const rig = new Rig();
    for (let count = 0; rig.core.end === "open"; count++) {
      rig.now += 1_000; // no budget is spent
      send(rig, count);
      assert(count < 5_000, "there is no end to it");
    }
    assertEquals([rig.core.end, rig.tell().at(-1)], ["closed", "error ENHANCE_YOUR_CALM"]);
    assertLess(rig.takeOctets().length, MAX_CONTROL_BYTES + 100);
  }
});

Deno.test("Http2Connection holds no more than its limits for a peer that sends what nobody reads, and reads nothing", () => {
  const rig = new Rig({ timeouts: { body: Infinity, request: Infinity } });
  let held = 0;
  let credit = DEFAULT_HTTP2_LIMITS.connectionWindowBytes;
  for (let id = 1; credit > 0; id += 2) {
    rig.send(rig.head(id, post()));
    for (let left = DEFAULT_HTTP2_LIMITS.streamWindowBytes; left > 0 && credit >= 16_384; left -= 16_384) {
      rig.send(data(id, 16_384));
      held += 16_384;
      credit -= 16_384;
      for (const frame of rig.takeFrames()) {
        if (frame.type === "windowUpdate" && frame.streamId === 0) credit += frame.increment;
      }
    }
    if (rig.core.openStreams === STREAMS) break;
  }
  const { maxUnreadBytes, connectionWindowBytes, streamWindowBytes } = DEFAULT_HTTP2_LIMITS;
  assert(held <= Math.min(STREAMS * streamWindowBytes, maxUnreadBytes + 2 * connectionWindowBytes), `${held}`);
  assertEquals(rig.core.end, "open");
});
