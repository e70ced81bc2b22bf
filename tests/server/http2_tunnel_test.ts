/**
 * Owns the tests of CONNECT and extended CONNECT (RFC 9113 §8.5, RFC 8441) by `info.upgrade()`: octets in DATA frames both
 * ways, how either end ends, and what a server that ends leaves alone. Must not know a protocol that is tunnelled.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { ErrorCode } from "../../http2/mod.ts";
import { dialTcp, type Transport, Wire } from "../../net/mod.ts";
import { type Handler, serve, type ServeInfo } from "../../server/mod.ts";
import { get, latin1, type Pair, Peer, post } from "../http2/peer.ts";
import { framesOf, goAwaysOf, heardOf, Http2Stage, textOf } from "./http2_stage.ts";

const CONNECT: readonly Pair[] = [[":method", "CONNECT"], [":authority", "example.com:443"]];
const EXTENDED: readonly Pair[] = [
  [":method", "CONNECT"],
  [":protocol", "websocket"],
  [":scheme", "http"],
  [":path", "/chat?a"],
  [":authority", "localhost"],
];

/** Accepts each CONNECT, and hands its duplex on. */
function accepting(onTransport: (transport: Transport, info: ServeInfo) => void): Handler {
  return (request, info) => {
    if (request.method !== "CONNECT") return new Response("plain");
    const { response, transport } = info.upgrade();
    transport.then((duplex) => onTransport(duplex, info), () => {});
    return response;
  };
}

/** A tunnel on a connection of its own. */
async function open(stage: Http2Stage, tunnels: readonly Transport[], peer?: Peer) {
  const own = peer ?? await stage.peer();
  const streamId = own.request(CONNECT, { end: false });
  await stage.settle();
  const tunnel = tunnels.at(-1);
  assert(tunnel !== undefined, "no tunnel was opened");
  return { peer: own, streamId, tunnel };
}

/** A server whose tunnels the test holds. */
function held(options: ConstructorParameters<typeof Http2Stage>[0] = {}) {
  const tunnels: Transport[] = [];
  const infos: ServeInfo[] = [];
  const stage = new Http2Stage(
    options,
    accepting((tunnel, info) => {
      tunnels.push(tunnel);
      infos.push(info);
    }),
  );
  return { stage, tunnels, infos };
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** Sends all that comes back, in capitals, then ends. */
async function shout(transport: Transport): Promise<void> {
  await using wire = new Wire(transport);
  for (let piece = await wire.read(); piece !== null; piece = await wire.read()) {
    await wire.write(new TextDecoder().decode(piece).toUpperCase());
  }
  await wire.end();
}

for (const [name, fields] of [["CONNECT", CONNECT], ["an extended CONNECT", EXTENDED]] as const) {
  Deno.test(`info.upgrade() makes a tunnel of ${name}: a 200, then octets both ways (RFC 9113 §8.5)`, async () => {
    const done = Promise.withResolvers<void>();
    await using stage = new Http2Stage({}, accepting((tunnel) => shout(tunnel).then(done.resolve, done.reject)));
    const peer = await stage.peer();
    const id = peer.request(fields, { end: false });
    peer.data(id, "early");
    const head = await peer.expect("headers", { streamId: id });
    assertEquals(head.endStream, false);
    const seen = new Map(peer.fieldsOf(head));
    assertEquals([seen.get(":status"), seen.has("content-length")], ["200", false]);
    assertEquals(latin1((await peer.expect("data", { streamId: id })).data), "EARLY");
    for (const text of ["one", "two"]) {
      peer.data(id, text);
      assertEquals(latin1((await peer.expect("data", { streamId: id })).data), text.toUpperCase());
    }
    peer.data(id, "", { end: true });
    assertEquals(await peer.message(id), { heads: [], body: "", end: "whole", code: -1 });
    await done.promise;
    assertEquals(stage.connectionErrors, []);
  });
}

Deno.test("serve() tells a handler what a CONNECT asks for", async () => {
  const seen: unknown[] = [];
  await using stage = new Http2Stage({}, (request) => {
    seen.push([request.method, request.url, request.headers.get("host"), request.body === null]);
    return new Response("no", { status: 403 });
  });
  const peer = await stage.peer();
  assertEquals((await peer.message(peer.request(CONNECT))).heads[0]?.[0], [":status", "403"]);
  assertEquals((await peer.message(peer.request(EXTENDED))).body, "no");
  assertEquals(seen, [
    ["CONNECT", "http://example.com:443/", "example.com:443", true],
    ["CONNECT", "http://localhost/chat?a", "localhost", true],
  ]);
});

Deno.test("serve() announces that it takes extended CONNECT (RFC 8441 §3)", async () => {
  await using stage = new Http2Stage({}, () => new Response());
  const peer = await stage.peer();
  const settings = await peer.expect("settings");
  assertEquals(new Map(settings.entries).get(0x8), 1);
});

Deno.test("info.upgrade() refuses a request that is no CONNECT, and a CONNECT that has ended already", async () => {
  const errors: unknown[] = [];
  await using stage = new Http2Stage({
    onError(error) {
      errors.push(error);
      return new Response(null, { status: 500 });
    },
  }, (_request, info) => info.upgrade().response);
  const peer = await stage.peer();
  for (const fields of [get(), post(), get("/", ["upgrade-insecure-requests", "1"]), CONNECT]) {
    assertEquals((await peer.message(peer.request(fields))).heads[0]?.[0], [":status", "500"]);
  }
  assertEquals(errors.map((error) => error instanceof TypeError), [true, true, true, true]);
});

Deno.test("Deno.upgradeWebSocket() is refused over HTTP/2 too, with the name of what to use", async () => {
  const errors: unknown[] = [];
  await using stage = new Http2Stage({
    onError(error) {
      errors.push(error);
      return new Response(null, { status: 500 });
    },
  }, () => new Response(null, { status: 101 })); // what the platform's function gives for a request that isn't its own
  const peer = await stage.peer();
  const id = peer.request(EXTENDED, { end: false });
  assertEquals((await peer.message(id)).heads[0]?.[0], [":status", "500"]);
  assertInstanceOf(errors[0], TypeError);
  assert(errors[0].message.includes("upgradeWebSocket() of @avx/http"));
});

Deno.test("a 2xx to CONNECT that is not of info.upgrade() is refused over HTTP/2 too", async () => {
  await using stage = new Http2Stage(
    { onError: () => new Response("refused", { status: 500 }) },
    () => new Response("a"),
  );
  const peer = await stage.peer();
  assertEquals((await peer.message(peer.request(CONNECT, { end: false }))).body, "refused");
});

Deno.test("info.upgrade() rejects its transport where the handler returns another response, over HTTP/2 too", async () => {
  const transports: Promise<Transport>[] = [];
  await using stage = new Http2Stage({}, (_request, info) => {
    transports.push(info.upgrade().transport);
    return new Response("other", { status: 403 });
  });
  const peer = await stage.peer();
  await peer.message(peer.request(CONNECT, { end: false }));
  await assertRejects(() => transports[0]!, TypeError, "upgrade's own response");
});

Deno.test("info.upgrade() rejects its transport where the client has gone before the response, over HTTP/2 too", async () => {
  const answer = Promise.withResolvers<void>();
  const transports: Promise<Transport>[] = [];
  await using stage = new Http2Stage({}, async (_request, info) => {
    const { response, transport } = info.upgrade();
    transports.push(transport);
    await answer.promise;
    return response;
  });
  const peer = await stage.peer();
  const id = peer.request(CONNECT, { end: false });
  await stage.settle();
  peer.reset(id, ErrorCode.Cancel);
  await stage.settle();
  await assertRejects(() => transports[0]!);
  answer.resolve();
  await stage.settle();
});

Deno.test("a tunnel counts as no request under way, resolves completed and leaves the signal alone", async () => {
  const signals: AbortSignal[] = [];
  const completed: Promise<void>[] = [];
  const tunnels: Transport[] = [];
  await using stage = new Http2Stage({}, (request, info) => {
    signals.push(request.signal);
    completed.push(info.completed);
    const { response, transport } = info.upgrade();
    transport.then((tunnel) => tunnels.push(tunnel));
    return response;
  });
  const { peer, streamId } = await open(stage, tunnels);
  await completed[0];
  assertEquals([stage.server.stats.active, stage.server.stats.requests], [0, 1]);
  peer.reset(streamId, ErrorCode.Cancel);
  await stage.settle();
  assertEquals(signals[0]?.aborted, false);
});

Deno.test("a tunnel's read gives what came piece by piece, and null at the client's END_STREAM; writes go on", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  peer.data(streamId, "abcde", { end: true });
  const into = new Uint8Array(2);
  const read = async () => {
    const count = await tunnel.read(into);
    return count === null ? null : latin1(into.subarray(0, count));
  };
  assertEquals(await tunnel.read(new Uint8Array(0)), 0);
  assertEquals([await read(), await read(), await read(), await read()], ["ab", "cd", "e", null]);
  assertEquals(await tunnel.write(bytes("answer")), 6);
  await tunnel.closeWrite();
  await tunnel.closeWrite();
  assertEquals((await peer.message(streamId)).body, "answer");
  await assertRejects(() => tunnel.write(bytes("late")), Deno.errors.BrokenPipe);
  tunnel.close();
  tunnel.close();
  await assertRejects(() => tunnel.read(into), Deno.errors.BadResource);
  await assertRejects(() => tunnel.write(bytes("later")), Deno.errors.BadResource);
});

Deno.test("a tunnel's reads go on once its own side has ended", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  await tunnel.closeWrite();
  assertEquals((await peer.message(streamId)).end, "whole");
  peer.data(streamId, "still", { end: true });
  const wire = new Wire(tunnel);
  assertEquals(await wire.readToEnd(), "still");
  wire.close();
});

Deno.test("a tunnel's writer waits for the client's window, others go on, and what waits is bounded", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  let written = 0;
  const writing = (async () => {
    const piece = new Uint8Array(200_000).fill(97);
    written = await tunnel.write(piece);
    assertEquals(written, 65_536); // no more than that is copied
    while (written < 400_000) written += await tunnel.write(piece.subarray(0, 400_000 - written));
    await tunnel.closeWrite();
  })();
  await stage.settle();
  assertEquals(heardOf(peer, streamId), 65_535);
  assert(written <= 65_535 + 2 * 65_536, `${written} bytes were taken for 65535`);
  peer.grant(0, 1_000); // the connection's window would do for this one
  assertEquals((await peer.message(peer.request())).body, "plain");
  for (let granted = 0; granted < 400_000; granted += 50_000) {
    peer.grant(streamId, 50_000);
    peer.grant(0, 50_000);
    await stage.settle();
  }
  await writing;
  assertEquals((await peer.message(streamId)).body, "a".repeat(400_000));
});

Deno.test("a tunnel whose holder doesn't read takes a bounded number of bytes, and others go on", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  const before = framesOf(peer, "windowUpdate", streamId).length;
  for (let sent = 0; sent < 4; sent++) peer.data(streamId, new Uint8Array(16_000).fill(98));
  assert(await peer.ping());
  assertEquals(framesOf(peer, "windowUpdate", streamId).length, before, "room was given for what nobody reads");
  assertEquals((await peer.message(peer.request())).body, "plain");
  const into = new Uint8Array(10_000);
  let read = 0;
  while (read < 64_000) read += await tunnel.read(into) ?? 0;
  assert(await peer.ping());
  assert(framesOf(peer, "windowUpdate", streamId).length > before);
  tunnel.close();
});

Deno.test("a tunnel that the client resets fails its reads and writes as a socket does", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  const other = await open(stage, tunnels, peer);
  const parked = assertRejects(() => tunnel.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  peer.reset(streamId, ErrorCode.ConnectError);
  await parked;
  await assertRejects(() => tunnel.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  await assertRejects(() => tunnel.write(bytes("a")), Deno.errors.ConnectionReset);
  await tunnel.closeWrite();
  tunnel.close();
  await other.tunnel.write(bytes("alive"));
  await stage.settle();
  assertEquals(textOf(peer, other.streamId), "alive");
  assertEquals(stage.connectionErrors, []);
});

Deno.test("a tunnel's parked write rejects when the client resets it", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  const write = async () => {
    for (;;) await tunnel.write(new Uint8Array(65_536));
  };
  const writing = assertRejects(write, Deno.errors.ConnectionReset);
  await stage.settle();
  peer.reset(streamId, ErrorCode.Cancel);
  await writing;
});

Deno.test("a tunnel fails when its connection is lost, or broken by its client", async () => {
  for (const how of ["close", "end", "garbage"] as const) {
    const { stage, tunnels } = held();
    await using _stage = stage;
    const { peer, tunnel } = await open(stage, tunnels);
    const parked = assertRejects(() => tunnel.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
    if (how === "close") peer.close();
    else if (how === "end") peer.end();
    else peer.write(new Uint8Array(64).fill(0xff));
    await parked;
    tunnel.close();
  }
});

Deno.test("a tunnel's close() sends what was written, ends the stream, and throws away what still comes", async () => {
  const { stage, tunnels } = held({ timeouts: { drain: 2_000 } });
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  const parked = assertRejects(() => tunnel.read(new Uint8Array(1)), Deno.errors.Interrupted);
  await tunnel.write(bytes("last words"));
  tunnel.close();
  await parked;
  const { body, end } = await peer.message(streamId);
  assertEquals([body, end], ["last words", "whole"]);
  peer.data(streamId, "nobody hears this");
  assert(await peer.ping());
  assertEquals(framesOf(peer, "rstStream"), []);
  await stage.advance(2_000);
  assertEquals(framesOf(peer, "rstStream", streamId).map(({ code }) => code), [ErrorCode.NoError]);
  assertEquals((await peer.message(peer.request())).body, "plain");
});

Deno.test("a tunnel's close() behind END_STREAM of both sides sends nothing more", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  peer.data(streamId, "", { end: true });
  await tunnel.closeWrite();
  await peer.message(streamId);
  tunnel.close();
  assert(await peer.ping());
  assertEquals(framesOf(peer, "rstStream"), []);
});

Deno.test("a tunnel's close() gives a client that doesn't read until the write deadline for what was written", async () => {
  const { stage, tunnels } = held({ timeouts: { write: 5_000 } });
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  const read = await open(stage, tunnels, peer);
  for (let written = 0; written < 100_000;) written += await tunnel.write(new Uint8Array(50_000));
  tunnel.close();
  await stage.advance(4_999);
  assertEquals(framesOf(peer, "rstStream"), []);
  await stage.advance(1);
  assertEquals((await peer.message(streamId)).code, ErrorCode.Cancel);
  peer.grant(0, 100);
  await read.tunnel.write(bytes("alive"));
  await stage.settle();
  assertEquals(textOf(peer, read.streamId), "alive");
});

Deno.test("a tunnel's close() rejects a parked write", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { tunnel } = await open(stage, tunnels);
  const write = async () => {
    for (;;) await tunnel.write(new Uint8Array(65_536));
  };
  const writing = assertRejects(write, Deno.errors.Interrupted);
  await stage.settle();
  tunnel.close();
  await writing;
});

Deno.test("a tunnel knows the connection's ends, says that it is not secure, and can be disposed of", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  assertEquals([tunnel.secure, tunnel.alpn, tunnel.localAddr], [false, null, stage.server.addr]);
  assertEquals(tunnel.remoteAddr, peer.transport.localAddr);
  await tunnel.ready();
  tunnel.ref();
  tunnel.unref();
  {
    using _tunnel = tunnel;
  }
  assertEquals((await peer.message(streamId)).end, "whole");
});

Deno.test("a tunnel is silent for as long as it likes, and keeps its connection open", async () => {
  const { stage, tunnels } = held({ timeouts: { idle: 1_000, body: 1_000, request: 10_000_000, age: Infinity } });
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  await stage.advance(5_000_000);
  peer.data(streamId, "still here");
  assertEquals(await new Wire(tunnel).readText(10), "still here");
});

Deno.test("shutdown() leaves tunnels to whoever has them, and waits for no other than requests", async () => {
  const { stage, tunnels } = held();
  await using _stage = stage;
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  await stage.server.shutdown();
  await stage.advance(1_000);
  assertEquals(goAwaysOf(peer).at(-1), [streamId, ErrorCode.NoError]);
  assertEquals([stage.server.stats.active, stage.server.stats.connections], [0, 1]);
  await tunnel.write(bytes("on"));
  await stage.settle();
  assertEquals(textOf(peer, streamId), "on");
  peer.data(streamId, "", { end: true });
  tunnel.close();
  await peer.readToEnd();
  peer.close();
  await stage.settle();
  assertEquals(stage.server.stats.connections, 0);
});

Deno.test("shutdown() waits for the requests beside a tunnel", async () => {
  const answer = Promise.withResolvers<Response>();
  const tunnels: Transport[] = [];
  const accept = accepting((tunnel) => tunnels.push(tunnel));
  await using stage = new Http2Stage({}, (request, info) => {
    return request.method === "CONNECT" ? accept(request, info) : answer.promise;
  });
  const { peer } = await open(stage, tunnels);
  const id = peer.request();
  await stage.settle();
  let down = false;
  const shutdown = stage.server.shutdown().then(() => down = true);
  await stage.advance(1_000);
  assertEquals(down, false);
  answer.resolve(new Response("slow"));
  assertEquals((await peer.message(id)).body, "slow");
  await shutdown;
  assertEquals(stage.server.stats.connections, 1);
});

Deno.test("an abort of the server cuts requests, refuses new ones, and leaves tunnels to whoever has them", async () => {
  const abort = new AbortController();
  const signals: AbortSignal[] = [];
  const tunnels: Transport[] = [];
  const accept = accepting((tunnel) => tunnels.push(tunnel));
  await using stage = new Http2Stage({ signal: abort.signal }, (request, info) => {
    if (request.method === "CONNECT") return accept(request, info);
    signals.push(request.signal);
    return new Promise<Response>(() => {});
  });
  const { peer, streamId, tunnel } = await open(stage, tunnels);
  const id = peer.request();
  await stage.settle();
  abort.abort(new Error("enough"));
  await stage.server.finished;
  assertEquals([(await peer.message(id)).code, stage.server.stats.active], [ErrorCode.Cancel, 0]);
  assertStrictEquals(signals[0]?.reason, abort.signal.reason);
  const late = peer.request();
  assertEquals((await peer.message(late)).code, ErrorCode.RefusedStream);
  await tunnel.write(bytes("on"));
  await stage.settle();
  assertEquals(textOf(peer, streamId), "on");
  tunnel.close();
});

Deno.test("a tunnel over TCP: a large transfer both ways, then half-close", async () => {
  const done = Promise.withResolvers<void>();
  await using server = serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    accepting((tunnel) => {
      (async () => {
        const into = new Uint8Array(50_000);
        for (let count = await tunnel.read(into); count !== null; count = await tunnel.read(into)) {
          for (let rest = into.subarray(0, count); rest.length > 0;) rest = rest.subarray(await tunnel.write(rest));
        }
        await tunnel.closeWrite();
        tunnel.close();
      })().then(done.resolve, done.reject);
    }),
  );
  const transport = await dialTcp({ hostname: "127.0.0.1", port: server.addr.port });
  const peer = new Peer(transport, { role: "client", refills: true });
  peer.open();
  const id = peer.request(CONNECT, { end: false });
  const total = 1_000_000;
  let room = 65_535;
  let seen = 0;
  for (let sent = 0; sent < total;) {
    while (room < 16_000) {
      const frames = framesOf(peer, "windowUpdate", id);
      for (; seen < frames.length; seen++) room += frames[seen]!.increment;
      if (room < 16_000 && !await peer.ping()) throw new Error("lost");
    }
    const piece = new Uint8Array(Math.min(16_000, total - sent)).fill(99);
    sent += piece.length;
    room -= piece.length;
    peer.data(id, piece, { end: sent === total });
  }
  const { body, end } = await peer.message(id);
  assertEquals([body.length, end], [total, "whole"]);
  await done.promise;
  peer.close();
});
