/**
 * Owns the tests of `info.push()` (RFC 9113 §8.4): what is promised, how it is answered, to whom nothing is pushed, and what
 * bounds it. Must not know how frames are put together.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { withTrailers } from "../../mod.ts";
import { ErrorCode } from "../../http2/mod.ts";
import type { Handler, PushOptions, ServeInfo } from "../../server/mod.ts";
import { get, type Pair, type Peer, post } from "../http2/peer.ts";
import { turn } from "./client.ts";
import { framesOf, Http2Stage } from "./http2_stage.ts";

const ENABLE_PUSH = 0x2;
const MAX_CONCURRENT_STREAMS = 0x3;
const INITIAL_WINDOW_SIZE = 0x4;

/** Answers all but `/` by its path, and `/` after it has done what it is told. */
function pushing(push: (info: ServeInfo, request: Request) => unknown): Handler {
  return async (request, info) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/") return new Response(`${request.method} ${pathname}`);
    await push(info, request);
    return new Response("page");
  };
}

/** What was promised: the stream, and the fields. */
function promisesOf(peer: Peer): { id: number; on: number; fields: Pair[] }[] {
  return framesOf(peer, "pushPromise").map((frame) => ({
    id: frame.promisedId,
    on: frame.streamId,
    fields: peer.fieldsOf(frame),
  }));
}

Deno.test("info.push() promises a request on the present stream, and sends what the handler answers to it", async () => {
  const seen: unknown[] = [];
  await using stage = new Http2Stage({}, async (request, info) => {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/") {
      assertEquals(info.push("style.css?v=1", { headers: { "x-why": "it is linked", accept: "text/css" } }), true);
      return new Response("page");
    }
    seen.push([request.method, request.url, request.headers.get("x-why"), request.headers.get("host"), request.body]);
    seen.push([info.protocol, await request.text()]);
    return new Response(`${pathname}${search}`, { headers: { "content-type": "text/css" } });
  });
  const peer = await stage.peer();
  const id = peer.request();
  assertEquals((await peer.message(id)).body, "page");
  assertEquals(promisesOf(peer), [{
    id: 2,
    on: id,
    fields: [
      [":method", "GET"],
      [":scheme", "http"],
      [":authority", "localhost"],
      [":path", "/style.css?v=1"],
      ["accept", "text/css"],
      ["x-why", "it is linked"],
    ],
  }]);
  const { heads: [head], body, end } = await peer.message(2);
  assertEquals([head?.[0], new Map(head).get("content-type"), body, end], [
    [":status", "200"],
    "text/css",
    "/style.css?v=1",
    "whole",
  ]);
  assertEquals(seen, [["GET", "http://localhost/style.css?v=1", "it is linked", "localhost", null], ["HTTP/2", ""]]);
  assertEquals(stage.server.stats, { connections: 1, requests: 2, active: 0 });
  assertEquals(stage.connectionErrors, []);
});

Deno.test("info.push() of a handler that answers at once promises before the answer, whose content comes first", async () => {
  await using stage = new Http2Stage({}, (request, info) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/") { for (const name of ["a", "b", "c"]) assert(info.push(`/${name}`)); }
    return new Response(pathname);
  });
  const peer = await stage.peer();
  const id = peer.request();
  await stage.settle();
  const order = peer.heard.filter(({ type }) => type === "pushPromise" || type === "headers");
  assertEquals(order.map(({ type, streamId }) => [type, streamId]), [
    ["pushPromise", id],
    ["pushPromise", id],
    ["pushPromise", id],
    ["headers", id],
    ["headers", 2],
    ["headers", 4],
    ["headers", 6],
  ]);
});

Deno.test("info.push() promises ahead of the handler's answer, and ahead of its interim ones that follow", async () => {
  const answer = Promise.withResolvers<void>();
  await using stage = new Http2Stage(
    {},
    pushing(async (info) => {
      info.push("/early");
      await info.inform(103, { link: "</late>; rel=preload" });
      await answer.promise;
    }),
  );
  const peer = await stage.peer();
  const id = peer.request();
  assertEquals((await peer.message(2)).body, "GET /early");
  answer.resolve();
  assertEquals((await peer.message(id)).heads.map(([status]) => status?.[1]), ["103", "200"]);
});

Deno.test("info.push() makes promises in whichever state of the wire, all before their streams begin", async () => {
  for (const capacity of [1, 64, 4096]) {
    await using stage = new Http2Stage(
      {},
      pushing((info) => {
        for (let index = 0; index < 50; index++) info.push(`/${index}`, { headers: { "x-long": "v".repeat(1_000) } });
      }),
    );
    const peer = await stage.peer({ capacity });
    peer.request(get("/", ["priority", "u=7"]));
    peer.request(get("/", ["priority", "u=0"]));
    await stage.settle();
    const promised = new Set<number>();
    for (const frame of peer.heard) {
      if (frame.type === "pushPromise") promised.add(frame.promisedId);
      if (frame.type === "headers" && frame.streamId % 2 === 0) {
        assert(promised.has(frame.streamId), `${frame.streamId}`);
      }
    }
    assertEquals(promised.size, 100);
    assertEquals(framesOf(peer, "headers").length, 102);
  }
});

Deno.test("info.push() takes HEAD, URLs of the origin, streams and trailers", async () => {
  await using stage = new Http2Stage({}, (request, info) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/") {
      const body = new Blob(["a", "b"]).stream();
      return withTrailers(new Response(body), { "x-end": request.method });
    }
    assert(info.push(new URL("/a", request.url), { method: "HEAD" }));
    assert(info.push("//localhost/b"));
    return new Response("page");
  });
  const peer = await stage.peer();
  peer.request();
  const head = await peer.message(2);
  assertEquals([head.body, head.heads.length], ["", 1]);
  const whole = await peer.message(4);
  assertEquals([whole.body, whole.heads[1]], ["ab", [["x-end", "GET"]]]);
  assertEquals(promisesOf(peer).map(({ fields }) => fields[0]), [[":method", "HEAD"], [":method", "GET"]]);
});

Deno.test("info.push() does nothing for a client that takes none, is answered by HTTP/1.1, or has had enough", async () => {
  const pushed: boolean[] = [];
  await using stage = new Http2Stage({}, pushing((info) => void pushed.push(info.push("/a"), info.push("/b"))));
  for (
    const [settings, expected] of [
      [[[ENABLE_PUSH, 0]], [false, false]],
      [[[MAX_CONCURRENT_STREAMS, 0]], [false, false]],
      [[[MAX_CONCURRENT_STREAMS, 1], [INITIAL_WINDOW_SIZE, 0]], [true, false]],
      [[], [true, true]],
    ] as const
  ) {
    const peer = await stage.peer({ settings });
    peer.request();
    await stage.settle();
    assertEquals(pushed.splice(0), [...expected]);
    assertEquals(promisesOf(peer).length, expected.filter(Boolean).length);
  }
  const client = await stage.client();
  client.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await turn();
  assertEquals([pushed, client.wire.endsWith("\r\n\r\npage")], [[false, false], true]);
});

Deno.test("info.push() does nothing in the handler of a pushed request, nor for OPTIONS *", async () => {
  const pushed: [string, boolean][] = [];
  await using stage = new Http2Stage({}, (request, info) => {
    pushed.push([new URL(request.url).pathname, info.push("/again")]);
    return new Response("answer");
  });
  const peer = await stage.peer();
  peer.request();
  assertEquals((await peer.message(2)).body, "answer");
  await peer.message(peer.request([[":method", "OPTIONS"], [":scheme", "http"], [":path", "*"], [":authority", "a"]]));
  assertEquals(pushed, [["/", true], ["/again", false], ["/*", false]]);
});

Deno.test("info.push() refuses another origin, another method, malformed headers, and to be late", async () => {
  const late = Promise.withResolvers<ServeInfo>();
  const method: PushOptions = JSON.parse('{ "method": "POST" }'); // what a program without types may give
  await using stage = new Http2Stage(
    {},
    pushing((info) => {
      for (const target of ["http://example.com/a", "https://localhost/a", "http://localhost:81/a", "data:,a"]) {
        assertThrows(() => info.push(target), TypeError, "origin");
      }
      assertThrows(() => info.push("/a", method), TypeError, "'method' must be GET or HEAD: received POST");
      assertThrows(() => info.push("/a", { headers: { "a b": "c" } }), TypeError);
      assertThrows(() => info.push("http://["), TypeError);
      late.resolve(info);
    }),
  );
  const peer = await stage.peer();
  await peer.message(peer.request());
  const info = await late.promise;
  assertThrows(() => info.push("/a"), TypeError, "final response");
  assertEquals(promisesOf(peer), []);
});

Deno.test("info.push() leaves out the fields that no promise may have (RFC 9113 §8.2.2, §8.4)", async () => {
  const headers = { connection: "close", host: "other", te: "trailers", "content-length": "3", expect: "100-continue" };
  await using stage = new Http2Stage({}, pushing((info) => info.push("/a", { headers: { ...headers, "x-a": "b" } })));
  const peer = await stage.peer();
  peer.request();
  assertEquals((await peer.message(2)).body, "GET /a");
  assertEquals(promisesOf(peer)[0]?.fields.slice(4), [["x-a", "b"]]);
});

Deno.test("info.push() does nothing once the client has gone", async () => {
  const go = Promise.withResolvers<void>();
  const pushed = Promise.withResolvers<boolean>();
  await using stage = new Http2Stage({}, async (_request, info) => {
    await go.promise;
    pushed.resolve(info.push("/a"));
    await info.inform(103);
    return new Response();
  });
  const peer = await stage.peer();
  const id = peer.request();
  await stage.settle();
  peer.reset(id, ErrorCode.Cancel);
  await stage.settle();
  go.resolve();
  assertEquals(await pushed.promise, false);
  assertEquals(stage.server.stats.active, 0);
});

Deno.test("a client that resets a promised stream aborts its handler's signal, and nothing else", async () => {
  const signals: AbortSignal[] = [];
  const completed: PromiseSettledResult<void>[] = [];
  const done = Promise.withResolvers<Response>();
  await using stage = new Http2Stage({}, (request, info) => {
    if (new URL(request.url).pathname === "/") {
      info.push("/slow");
      return done.promise;
    }
    signals.push(request.signal);
    Promise.allSettled([info.completed]).then(([outcome]) => completed.push(outcome));
    return new Promise<Response>(() => {});
  });
  const peer = await stage.peer();
  const id = peer.request();
  await peer.expect("pushPromise");
  await stage.settle();
  assertEquals(stage.server.stats.active, 2);
  peer.reset(2, ErrorCode.Cancel);
  await stage.settle();
  assertEquals([signals[0]?.aborted, completed[0]?.status, stage.server.stats.active], [true, "rejected", 1]);
  assertInstanceOf(signals[0]?.reason, DOMException);
  done.resolve(new Response("whole"));
  assertEquals((await peer.message(id)).body, "whole");
  assertEquals(stage.connectionErrors, []);
});

Deno.test("a promised stream that is reset before its handler begins is never handed to it", async () => {
  let asked = 0;
  await using stage = new Http2Stage({}, (request, info) => {
    asked++;
    if (new URL(request.url).pathname === "/") info.push("/a");
    return new Response("answer");
  });
  const peer = await stage.peer();
  const id = peer.request();
  peer.reset(id, ErrorCode.Cancel); // in the same read as the request: not even that one is
  await stage.settle();
  assert(await peer.ping());
  assertEquals(framesOf(peer, "headers").length, asked);
});

Deno.test("a handler that fails for a promised request is answered for by onError", async () => {
  await using stage = new Http2Stage({ onError: () => new Response("failed", { status: 500 }) }, (request, info) => {
    if (new URL(request.url).pathname !== "/") throw new Error("no such thing");
    info.push("/missing");
    return new Response("page");
  });
  const peer = await stage.peer();
  const id = peer.request();
  assertEquals((await peer.message(id)).body, "page");
  const { heads, body } = await peer.message(2);
  assertEquals([heads[0]?.[0], body], [[":status", "500"], "failed"]);
});

Deno.test("info.push() has no more than limits.maxConcurrentStreams under way, whatever the client allows", async () => {
  const handlers: PromiseWithResolvers<Response>[] = [];
  let promised = 0;
  await using stage = new Http2Stage({ limits: { maxConcurrentStreams: 5 } }, (request, info) => {
    if (new URL(request.url).pathname === "/") {
      for (let index = 0; index < 10; index++) if (info.push(`/${index}`)) promised++;
      return new Response("page");
    }
    const handler = Promise.withResolvers<Response>();
    handlers.push(handler);
    return handler.promise;
  });
  const peer = await stage.peer();
  await peer.message(peer.request());
  await peer.message(peer.request());
  assertEquals([promised, handlers.length], [5, 5]);
  for (const { id } of promisesOf(peer)) peer.reset(id, ErrorCode.Cancel);
  await peer.message(peer.request());
  assertEquals([promised, handlers.length], [5, 5]); // the client has let go of them, their handlers work on
  for (const handler of handlers.splice(0)) handler.resolve(new Response("nobody waits for this"));
  await stage.settle();
  await peer.message(peer.request());
  assertEquals([promised, handlers.length], [10, 5]);
  for (const handler of handlers) handler.resolve(new Response("answer"));
  await stage.settle();
});

Deno.test("a promised response keeps to the windows, beside the others", async () => {
  await using stage = new Http2Stage({}, (request, info) => {
    if (new URL(request.url).pathname === "/") {
      info.push("/large");
      return new Response("page");
    }
    return new Response(new Uint8Array(100_000));
  });
  const peer = await stage.peer({ settings: [[INITIAL_WINDOW_SIZE, 1_000]] });
  const id = peer.request();
  assertEquals((await peer.message(id)).body, "page");
  await stage.settle();
  assertEquals(framesOf(peer, "data", 2).reduce((sum, { data }) => sum + data.length, 0), 1_000);
  peer.grant(2, 99_000);
  peer.grant(0, 99_000);
  assertEquals((await peer.message(2)).body.length, 100_000);
});

Deno.test("shutdown() lets promised responses under way reach their end, and promises no more", async () => {
  const answers: PromiseWithResolvers<Response>[] = [];
  const pushed: boolean[] = [];
  await using stage = new Http2Stage({}, (request, info) => {
    if (new URL(request.url).pathname === "/") pushed.push(info.push("/a"));
    const answer = Promise.withResolvers<Response>();
    answers.push(answer);
    if (pushed.length === 2) answer.resolve(new Response("last"));
    return answer.promise;
  });
  const peer = await stage.peer();
  peer.request();
  await stage.settle();
  const down = stage.server.shutdown();
  peer.request(); // it was on its way
  await stage.settle();
  assertEquals(pushed, [true, false]);
  await stage.advance(1_000);
  for (const [index, answer] of answers.entries()) answer.resolve(new Response(`answer ${index}`));
  assertEquals((await peer.message(2)).body, "answer 1");
  peer.end();
  await peer.readToEnd();
  await down;
});

Deno.test("an upload's handler may push too, and an unread upload holds up no promised response", async () => {
  await using stage = new Http2Stage({}, async (request, info) => {
    if (request.method === "GET") return new Response("pushed");
    assertStrictEquals(info.push("/a"), true);
    return new Response(await request.text());
  });
  const peer = await stage.peer();
  const id = peer.request(post(), { end: false });
  assertEquals((await peer.message(2)).body, "pushed");
  peer.data(id, "content", { end: true });
  assertEquals((await peer.message(id)).body, "content");
});
