/**
 * Owns the tests of CONNECT and extended CONNECT (RFC 9113 §8.5, RFC 8441) by `info.upgrade()`: what is accepted, and what a
 * server that ends leaves alone. Must not know a protocol that is tunnelled.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { ErrorCode } from "../../http2/mod.ts";
import { dialTcp, type Transport } from "../../net/mod.ts";
import { serve } from "../../server/mod.ts";
import { get, latin1, Peer, post } from "../http2/peer.ts";
import { framesOf, goAwaysOf, Http2Stage, textOf } from "./http2_stage.ts";
import { accepting, bytes, CONNECT, EXTENDED, held, open, shout } from "./http2_tunnels.ts";

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
