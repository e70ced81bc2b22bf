/**
 * Owns the attacks that HTTP/2 servers have suffered, each played by hand on a wire in memory against `serve()`: how many
 * handlers run for it, what the server holds meanwhile, and by what it says that it has had enough.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { ErrorCode } from "../../http2/error.ts";
import type { Frame } from "../../http2/frame.ts";
import { DEFAULT_HTTP2_LIMITS, DEFAULT_HTTP2_TIMEOUTS } from "../../http2/limits.ts";
import type { Handler } from "../../server/mod.ts";
import { framesOf, goAwaysOf, heardOf, Http2Stage } from "../server/http2_stage.ts";
import { get, type Pair, type Peer, post } from "./peer.ts";
import { rawFrame } from "./rig.ts";

/** The most streams, and the most handlers, of a connection. */
const STREAMS = DEFAULT_HTTP2_LIMITS.maxConcurrentStreams;
/** The most times that an attack tries. */
const TRIES = 5_000;

/** Handlers that never end, whatever becomes of their requests, and how many there were. */
class Stubborn {
  began = 0;
  readonly #end = Promise.withResolvers<Response>();

  readonly handle: Handler = () => {
    this.began++;
    return this.#end.promise;
  };

  /** Lets them end after all. */
  end(): void {
    this.#end.resolve(new Response());
  }
}

/** Attacks until the server says goodbye; gives how many times that was. */
async function attack(stage: Http2Stage, peer: Peer, once: (count: number) => void): Promise<number> {
  let count = 0;
  while (count < TRIES && !peer.over) {
    once(count++);
    if (count % 10 === 0) await stage.settle();
  }
  await stage.settle();
  return count;
}

/** The server has had enough, and has closed the connection. */
function assertCalmed(peer: Peer): void {
  assertEquals(goAwaysOf(peer).map(([, code]) => code), [ErrorCode.EnhanceYourCalm]);
  assert(peer.over);
}

/**
 * Attacks by streams, whose handlers are counted. As those never end, all further streams are refused, of which there may be as
 * many as are reset by their clients: a client can't know of handlers that outlive their streams.
 */
const BY_STREAMS: readonly {
  readonly name: string;
  /** The most tries before the server has had enough. */
  readonly most: number;
  readonly once: (peer: Peer) => void;
}[] = [
  {
    name: "rapid reset (CVE-2023-44487)",
    most: 1_100,
    once: (peer) => peer.reset(peer.request(get()), ErrorCode.Cancel),
  },
  {
    name: "resets provoked by an increment of 0 (CVE-2025-8671)",
    most: 1_150,
    once: (peer) => void peer.write(rawFrame(8, 0, peer.request(get()), [0, 0, 0, 0])),
  },
  {
    name: "resets provoked by too large a window (CVE-2025-8671)",
    most: 1_150,
    once: (peer) => peer.grant(peer.request(get()), 0x7fffffff),
  },
  {
    name: "resets provoked by content behind the end (CVE-2025-8671)",
    most: 1_150,
    once: (peer) => peer.data(peer.request(get()), "x"),
  },
  {
    name: "resets provoked by a stream that depends on itself (CVE-2025-8671)",
    most: 1_150,
    once: (peer) => {
      const id = peer.request(get());
      peer.write({ type: "priority", streamId: id, priority: { exclusive: false, dependency: id, weight: 1 } });
    },
  },
  {
    name: "resets provoked by a PRIORITY of a wrong length (CVE-2025-8671)",
    most: 1_150,
    once: (peer) => void peer.write(rawFrame(2, 0, peer.request(get()), [0, 0, 0, 0])),
  },
  {
    name: "resets provoked by more content than announced (CVE-2025-8671)",
    most: 1_150,
    once: (peer) => peer.data(peer.request(post("/", ["content-length", "1"]), { end: false }), "xx"),
  },
  {
    name: "requests beyond the limit of streams",
    most: 1_150,
    once: (peer) => void peer.request(get()),
  },
];

for (const { name, most, once } of BY_STREAMS) {
  Deno.test(`serve() runs no more handlers than streams, and ends with ENHANCE_YOUR_CALM: ${name}`, async () => {
    const stubborn = new Stubborn();
    await using stage = new Http2Stage({ protocols: ["h2"] }, stubborn.handle);
    const peer = await stage.peer();
    await stage.settle();
    const tries = await attack(stage, peer, () => {
      once(peer);
    });
    assertCalmed(peer);
    assertLess(tries, most);
    assertEquals(stubborn.began, STREAMS);
    stubborn.end();
    await stage.settle();
    assertEquals(stage.server.stats.active, 0);
  });
}

Deno.test("serve() runs no handler for a stream that was reset in the same read (CVE-2023-44487)", async () => {
  const stubborn = new Stubborn();
  await using stage = new Http2Stage({ protocols: ["h2"] }, stubborn.handle);
  const peer = await stage.peer();
  await stage.settle();
  const pairs: Frame[] = [];
  for (let id = 1; id < 2 * TRIES; id += 2) {
    const fragment = peer.encoder.encodeBlock(get().map(([name, value]) => ({ name, value })));
    pairs.push({ type: "headers", streamId: id, endStream: true, endHeaders: true, fragment });
    pairs.push({ type: "rstStream", streamId: id, code: ErrorCode.Cancel });
  }
  peer.write(...pairs);
  await stage.settle();
  assertCalmed(peer);
  assertLess(stubborn.began, STREAMS);
  stubborn.end();
});

/** Attacks by frames, for which no handler runs. */
const BY_FRAMES: readonly {
  readonly name: string;
  readonly most: number;
  readonly once: (peer: Peer, count: number) => void;
}[] = [
  {
    name: "PING flood (CVE-2019-9512)",
    most: 1_011,
    once: (peer) => void peer.write({ type: "ping", streamId: 0, ack: false, payload: new Uint8Array(8) }),
  },
  {
    name: "SETTINGS flood (CVE-2019-9515)",
    most: 111,
    once: (peer) => void peer.write({ type: "settings", streamId: 0, ack: false, entries: [[4, 1]] }),
  },
  {
    name: "reset flood by malformed requests (CVE-2019-9514)",
    most: 211,
    once: (peer) => void peer.request([[":method", "GET"]]),
  },
  {
    name: "fields without a name (CVE-2019-9516)",
    most: 211,
    once: (peer) => void peer.request(get("/", ["", ""])),
  },
  {
    name: "empty frames: CONTINUATION (CVE-2019-9518)",
    most: 41,
    once: (peer, count) => {
      const fragment = new Uint8Array(0);
      if (count > 0) peer.write({ type: "continuation", streamId: 1, endHeaders: false, fragment });
      else peer.write({ type: "headers", streamId: 1, endStream: false, endHeaders: false, fragment });
    },
  },
  {
    name: "CONTINUATION flood (CVE-2024-27316)",
    most: 41,
    once: (peer, count) => {
      // A literal field, never indexed, with a name of 10 octets and a value of 100.
      const fragment = new Uint8Array(113).fill(0x61);
      fragment.set([0x10, 10]);
      fragment[12] = 100;
      if (count > 0) peer.write({ type: "continuation", streamId: 1, endHeaders: false, fragment });
      else peer.write({ type: "headers", streamId: 1, endStream: true, endHeaders: false, fragment });
    },
  },
  {
    name: "a header block of 16 KiB a frame (CVE-2024-27316)",
    most: 11,
    once: (peer, count) => {
      const fragment = new Uint8Array(16_384);
      if (count > 0) peer.write({ type: "continuation", streamId: 1, endHeaders: false, fragment });
      else peer.write({ type: "headers", streamId: 1, endStream: true, endHeaders: false, fragment });
    },
  },
  {
    name: "PRIORITY flood (CVE-2019-9513)",
    most: 1_011,
    once: (peer, count) => {
      const priority = { exclusive: true, dependency: 2 * count + 3, weight: 256 };
      peer.write({ type: "priority", streamId: 2 * count + 1, priority });
    },
  },
  {
    name: "PRIORITY_UPDATE flood (CVE-2019-9513)",
    most: 1_011,
    once: (peer, count) =>
      void peer.write({ type: "priorityUpdate", streamId: 0, prioritizedId: 2 * count + 1, value: `u=${count % 8}` }),
  },
  {
    name: "frames of unknown types",
    most: 1_011,
    once: (peer) => void peer.write(rawFrame(0xfe, 0, 0, [1])),
  },
  { name: "WINDOW_UPDATE flood (CVE-2019-9511)", most: 1_011, once: (peer) => peer.grant(0, 1) },
];

for (const { name, most, once } of BY_FRAMES) {
  Deno.test(`serve() runs no handler, and ends with ENHANCE_YOUR_CALM: ${name}`, async () => {
    let handlers = 0;
    await using stage = new Http2Stage({ protocols: ["h2"] }, () => {
      handlers++;
      return new Response();
    });
    const peer = await stage.peer();
    await stage.settle();
    const tries = await attack(stage, peer, (count) => once(peer, count));
    assertCalmed(peer);
    assertLess(tries, most);
    assertEquals(handlers, 0);
  });
}

Deno.test("serve() ends with ENHANCE_YOUR_CALM: empty DATA frames (CVE-2019-9518)", async () => {
  for (const padding of [{}, { padLength: 255 }]) {
    let taken = 0;
    await using stage = new Http2Stage({ protocols: ["h2"] }, async (request) => {
      for await (const chunk of request.body!) taken += chunk.length;
      return new Response();
    });
    const peer = await stage.peer();
    const id = peer.request(post(), { end: false });
    await stage.settle();
    const data = new Uint8Array(0);
    const tries = await attack(stage, peer, () => {
      peer.write({ type: "data", streamId: id, endStream: false, ...padding, data });
    });
    assertCalmed(peer);
    assertLess(tries, 211);
    assertEquals(taken, 0);
  }
});

Deno.test("serve() ends with ENHANCE_YOUR_CALM: content by the octet (CVE-2019-9511, CVE-2019-9517)", async () => {
  await using stage = new Http2Stage({ protocols: ["h2"] }, () => new Response("x".repeat(100_000)));
  const peer = await stage.peer({ settings: [[4, 0]] });
  const ids = Array.from({ length: 10 }, () => peer.request(get()));
  await stage.settle();
  const tries = await attack(stage, peer, (count) => peer.grant(ids[count % 10]!, 1));
  assertCalmed(peer);
  assertLess(tries, 1_011);
  assertLess(heardOf(peer), 1_011);
  assertEquals(framesOf(peer, "data").filter(({ endStream }) => endStream), []); // nobody takes a part for the whole
});

Deno.test("serve() makes no more content than fits for clients whose windows stay closed (CVE-2019-9517)", async () => {
  let made = 0;
  let cancelled = 0;
  await using stage = new Http2Stage({ protocols: ["h2"] }, () => {
    return new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(16_384));
          made += 16_384;
        },
        cancel: () => void cancelled++,
      }),
    );
  });
  const peer = await stage.peer({ settings: [[4, 0]] });
  for (let count = 0; count < STREAMS; count++) peer.request(get());
  await stage.settle();
  assertGreater(made, 0);
  assert(made <= STREAMS * (64 + 3 * 16) * 1_024, `${made}`); // what waits in a stream, and on its way there
  await stage.advance(DEFAULT_HTTP2_TIMEOUTS.write);
  assertEquals(cancelled, STREAMS);
  assertEquals(framesOf(peer, "rstStream").length, STREAMS);
});

Deno.test("serve() makes no more content than fits for a client that does not read (CVE-2019-9517)", async () => {
  let made = 0;
  let cancelled = 0;
  await using stage = new Http2Stage({ protocols: ["h2"] }, () => {
    return new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(16_384));
          made += 16_384;
        },
        cancel: () => void cancelled++,
      }),
    );
  });
  const peer = await stage.peer({ settings: [[4, 0x7fffffff]], listens: false, capacity: 64 * 1_024 });
  peer.grant(0, 0x7fffffff - 65_535);
  for (let count = 0; count < STREAMS; count++) peer.request(get());
  await stage.settle();
  assertGreater(made, 0);
  assert(made <= STREAMS * (64 + 4 * 16) * 1_024 + 3 * 256 * 1_024, `${made}`);
  await stage.advance(DEFAULT_HTTP2_TIMEOUTS.write);
  assertEquals(cancelled, STREAMS);
  assertEquals(stage.server.stats.connections, 0);
});

Deno.test("serve() leaves a client that makes it answer and does not read (CVE-2019-9512, CVE-2019-9515)", async () => {
  await using stage = new Http2Stage({ protocols: ["h2"] }, () => new Response());
  const peer = await stage.peer({ listens: false, capacity: 1_024 });
  const payload = new Uint8Array(8);
  for (let round = 0; round < 5 && stage.server.stats.connections > 0; round++) {
    for (let count = 0; count < 900; count++) peer.write({ type: "ping", streamId: 0, ack: false, payload });
    await stage.advance(1_000); // so slowly that no budget is spent
  }
  assertEquals(stage.server.stats.connections, 0);
});

Deno.test("serve() decodes no more of a header block than its limit: HPACK bomb", async () => {
  let handlers = 0;
  await using stage = new Http2Stage({ protocols: ["h2"] }, () => {
    handlers++;
    return new Response();
  });
  const peer = await stage.peer();
  const large: Pair = ["x-large", "a".repeat(3_900)];
  assertEquals((await answerOf(peer, get("/", large))).heads[0]?.[0], [":status", "200"]);
  // What is in the table now is named by one octet: 60,000 of them are 240 MB of fields.
  const bomb = new Uint8Array(60_000).fill(0xbe);
  const frames: Frame[] = [];
  for (let at = 0; at < bomb.length; at += 16_384) {
    const fragment = bomb.subarray(at, at + 16_384);
    const endHeaders = at + fragment.length === bomb.length;
    if (at === 0) frames.push({ type: "headers", streamId: 3, endStream: true, endHeaders, fragment });
    else frames.push({ type: "continuation", streamId: 3, endHeaders, fragment });
  }
  const before = Deno.memoryUsage().heapUsed;
  peer.write(...frames);
  const { heads } = await peer.message(3);
  assertEquals(heads[0]?.[0], [":status", "431"]);
  assertLess(Deno.memoryUsage().heapUsed - before, 32 * 1_024 * 1_024);
  assertEquals(handlers, 1);
  assertEquals(goAwaysOf(peer), []);
});

async function answerOf(peer: Peer, fields: readonly Pair[]): ReturnType<Peer["message"]> {
  return await peer.message(peer.request(fields));
}
