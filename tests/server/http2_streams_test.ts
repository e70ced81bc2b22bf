/**
 * Owns the tests of many requests on one HTTP/2 connection: that what befalls one touches no other, what is told of each,
 * and what handlers may do to their own connection. Must not know what is served.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { ErrorCode, Http2Error } from "../../http2/mod.ts";
import { withTrailers } from "../../mod.ts";
import { get, type Pair, post } from "../http2/peer.ts";
import { framesOf, goAwaysOf, heardOf, Http2Stage, textOf } from "./http2_stage.ts";

const INITIAL_WINDOW_SIZE = 0x4;

/** What a promise has come to. */
function outcomeOf(promise: Promise<unknown>): { value: "pending" | "resolved" | "rejected"; reason: unknown } {
  const outcome: { value: "pending" | "resolved" | "rejected"; reason: unknown } = {
    value: "pending",
    reason: undefined,
  };
  promise.then(() => outcome.value = "resolved", (reason) => {
    outcome.value = "rejected";
    outcome.reason = reason;
  });
  return outcome;
}

Deno.test("serve() runs handlers of one connection side by side, and answers in the order in which they are done", async () => {
  const answers = new Map<string, PromiseWithResolvers<Response>>();
  await using stage = new Http2Stage({}, (request) => {
    const answer = Promise.withResolvers<Response>();
    answers.set(new URL(request.url).pathname, answer);
    return answer.promise;
  });
  const peer = await stage.peer();
  const ids = ["/a", "/b", "/c"].map((path) => peer.request(get(path)));
  await stage.settle();
  assertEquals(stage.server.stats, { connections: 1, requests: 3, active: 3 });
  for (const path of ["/b", "/c", "/a"]) {
    answers.get(path)?.resolve(new Response(path));
    await stage.settle();
  }
  assertEquals(framesOf(peer, "headers").map(({ streamId }) => streamId), [ids[1], ids[2], ids[0]]);
  assertEquals(stage.server.stats.active, 0);
});

Deno.test("a client that resets one stream aborts that request alone", async () => {
  const signals: AbortSignal[] = [];
  const outcomes: ReturnType<typeof outcomeOf>[] = [];
  const answers: PromiseWithResolvers<Response>[] = [];
  await using stage = new Http2Stage({}, (request, info) => {
    signals.push(request.signal);
    outcomes.push(outcomeOf(info.completed));
    const answer = Promise.withResolvers<Response>();
    answers.push(answer);
    return answer.promise;
  });
  const peer = await stage.peer();
  const ids = [peer.request(), peer.request(), peer.request()];
  await stage.settle();
  peer.reset(ids[1]!, ErrorCode.Cancel);
  await stage.settle();
  assertEquals(signals.map(({ aborted }) => aborted), [false, true, false]);
  assertEquals(outcomes.map(({ value }) => value), ["pending", "rejected", "pending"]);
  assertInstanceOf(signals[1]?.reason, DOMException);
  assertEquals([signals[1]?.reason.name, stage.server.stats.active], ["AbortError", 2]);
  for (const answer of answers) answer.resolve(new Response("whole"));
  assertEquals([(await peer.message(ids[0]!)).body, (await peer.message(ids[2]!)).body], ["whole", "whole"]);
  await stage.settle();
  assertEquals(framesOf(peer, "headers", ids[1]), []);
  assertEquals([outcomes.map(({ value }) => value), stage.connectionErrors], [
    ["resolved", "rejected", "resolved"],
    [],
  ]);
});

Deno.test("a reset with a code of an error is the signal's reason", async () => {
  const signals: AbortSignal[] = [];
  await using stage = new Http2Stage({}, (request) => {
    signals.push(request.signal);
    return new Promise<Response>(() => {});
  });
  const peer = await stage.peer();
  peer.reset(peer.request(), ErrorCode.InternalError);
  const id = peer.request();
  await stage.settle();
  peer.reset(id, ErrorCode.InternalError);
  await stage.settle();
  const reason = signals.at(-1)?.reason;
  assertInstanceOf(reason, Http2Error);
  assertEquals(reason.code, ErrorCode.InternalError);
});

Deno.test("a handler that is given up before it begins is not begun", async () => {
  let asked = 0;
  await using stage = new Http2Stage({}, () => {
    asked++;
    return new Response();
  });
  const peer = await stage.peer();
  const fragment = peer.encoder.encodeBlock(get().map(([name, value]) => ({ name, value })));
  peer.write(
    { type: "headers", streamId: 1, endStream: true, endHeaders: true, fragment },
    { type: "rstStream", streamId: 1, code: ErrorCode.Cancel },
  );
  assert(await peer.ping());
  assertEquals([asked, stage.server.stats, stage.connectionErrors], [
    0,
    { connections: 1, requests: 0, active: 0 },
    [],
  ]);
});

Deno.test("a handler that never answers costs one stream, until its client gives it up", async () => {
  await using stage = new Http2Stage({}, (request) => {
    return request.url.endsWith("/hang") ? new Promise<Response>(() => {}) : new Response("ok");
  });
  const peer = await stage.peer();
  const hanging = peer.request(get("/hang"));
  for (let count = 0; count < 200; count++) assertEquals((await peer.message(peer.request())).body, "ok");
  assertEquals(stage.server.stats.active, 1);
  peer.reset(hanging, ErrorCode.Cancel);
  await stage.settle();
  assertEquals(stage.server.stats.active, 0);
});

Deno.test("limits.maxConcurrentStreams bounds open streams, and handlers whose streams were reset", async () => {
  let running = 0;
  const answers: PromiseWithResolvers<Response>[] = [];
  await using stage = new Http2Stage({ limits: { maxConcurrentStreams: 3 } }, () => {
    running++;
    const answer = Promise.withResolvers<Response>();
    answers.push(answer);
    return answer.promise.finally(() => running--);
  });
  const peer = await stage.peer();
  const settings = await peer.expect("settings");
  assertEquals(new Map(settings.entries).get(0x3), 3);
  const ids = [1, 2, 3, 4].map(() => peer.request());
  assertEquals((await peer.message(ids[3]!)).code, ErrorCode.RefusedStream);
  assertEquals(running, 3);
  for (const id of ids.slice(0, 3)) peer.reset(id, ErrorCode.Cancel);
  const more = peer.request();
  assertEquals((await peer.message(more)).code, ErrorCode.RefusedStream); // no stream is open, but three handlers run
  assertEquals(running, 3);
  for (const answer of answers) answer.resolve(new Response("ok"));
  await stage.settle();
  const last = peer.request();
  await stage.settle();
  answers.at(-1)?.resolve(new Response("last"));
  assertEquals((await peer.message(last)).body, "last");
});

Deno.test("an answer that fails half-way resets its stream with INTERNAL_ERROR, and no other", async () => {
  const failure = new Error("the source failed");
  const slow = Promise.withResolvers<Response>();
  await using stage = new Http2Stage({}, (request, info) => {
    info.completed.catch(() => {});
    if (request.url.endsWith("/other")) return slow.promise;
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(10)),
        pull: () => Promise.reject(failure),
      }),
    );
  });
  const peer = await stage.peer();
  const other = peer.request(get("/other"));
  const id = peer.request();
  const { heads, end, code } = await peer.message(id);
  assertEquals([heads[0]?.[0], end, code], [[":status", "200"], "reset", ErrorCode.InternalError]);
  slow.resolve(new Response("fine"));
  assertEquals((await peer.message(other)).body, "fine");
  assertEquals([stage.connectionErrors, goAwaysOf(peer)], [[failure], []]);
});

Deno.test("content whose buffer was transferred meanwhile costs its stream, not the connection", async () => {
  const bytes = new Uint8Array(100_000);
  await using stage = new Http2Stage({}, (request) => {
    if (!request.url.endsWith("/large")) return new Response("ok");
    return new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(bytes);
          controller.close();
        },
      }),
    );
  });
  const peer = await stage.peer({ settings: [[INITIAL_WINDOW_SIZE, 1_000]] });
  const large = peer.request(get("/large"));
  await stage.settle();
  assertEquals(heardOf(peer, large), 1_000);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  peer.grant(large, 50_000);
  assertEquals((await peer.message(large)).end, "reset");
  assertEquals((await peer.message(peer.request())).body, "ok");
  assertEquals(stage.server.stats, { connections: 1, requests: 2, active: 0 });
});

Deno.test("an abort listener may answer others of the same connection: nothing is sent twice", async () => {
  const others: PromiseWithResolvers<Response>[] = [];
  const informs: (() => Promise<void>)[] = [];
  await using stage = new Http2Stage({}, (request, info) => {
    if (request.url.endsWith("/other")) {
      const answer = Promise.withResolvers<Response>();
      others.push(answer);
      informs.push(() => info.inform(103, { link: "<a>" }));
      return answer.promise;
    }
    request.signal.addEventListener("abort", () => {
      for (const inform of informs) inform();
      for (const answer of others) answer.resolve(new Response("other"));
    });
    return new Response(
      new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1_000)) }, { highWaterMark: 0 }),
    );
  });
  const peer = await stage.peer();
  const other = peer.request(get("/other"));
  await stage.settle();
  const id = peer.request();
  await stage.settle();
  peer.reset(id, ErrorCode.Cancel);
  peer.grant(0, 1_000); // the first has used up the connection's window
  const { heads, body } = await peer.message(other);
  assertEquals([heads.map(([status]) => status?.[1]), body, peer.broken], [["103", "200"], "other", undefined]);
});

Deno.test("a stream that is broken off as output is put together tells its handler, who may command more at once", async () => {
  const informed: Promise<void>[] = [];
  const last = Promise.withResolvers<Response>();
  const infos: { inform(status: number): Promise<void> }[] = [];
  const bytes = new Uint8Array(50_000);
  await using stage = new Http2Stage({}, (request, info) => {
    if (request.url.endsWith("/other")) {
      infos.push(info);
      return last.promise;
    }
    request.signal.addEventListener("abort", () => informed.push(...infos.map((other) => other.inform(102))));
    return new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(bytes);
          controller.close();
        },
      }),
    );
  });
  const peer = await stage.peer({ settings: [[INITIAL_WINDOW_SIZE, 100]] });
  const other = peer.request(get("/other"));
  const id = peer.request();
  await stage.settle();
  structuredClone(bytes, { transfer: [bytes.buffer] });
  peer.grant(id, 40_000);
  await peer.message(id);
  last.resolve(new Response("fine"));
  const { heads, body } = await peer.message(other);
  assertEquals([informed.length, heads.length, body, peer.broken], [1, 2, "fine", undefined]);
  assert(await peer.ping());
  assertEquals(framesOf(peer, "rstStream").length, 1);
});

Deno.test("writes of a stream that was reset go nowhere, and its producer is told", async () => {
  const cancelled = Promise.withResolvers<unknown>();
  let pulls = 0;
  await using stage = new Http2Stage({}, () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          pulls++;
          controller.enqueue(new Uint8Array(1_000));
        },
        cancel: cancelled.resolve,
      }, { highWaterMark: 0 }),
    ));
  const peer = await stage.peer();
  const id = peer.request();
  await stage.settle();
  const heard = heardOf(peer, id);
  assertEquals(heard, 65_535);
  peer.reset(id, ErrorCode.Cancel);
  const reason = await cancelled.promise;
  assertInstanceOf(reason, DOMException);
  const before = pulls;
  assert(await peer.ping());
  assertEquals([pulls, heardOf(peer, id), stage.connectionErrors], [before, heard, []]);
});

Deno.test("a client that reads no resets is left, and who waits for others of its streams is told", async () => {
  const signals: AbortSignal[] = [];
  const completed: Promise<string>[] = [];
  await using stage = new Http2Stage({}, (request, info) => {
    if (request.url.endsWith("/fails")) {
      return new Response(new ReadableStream({ start: (controller) => controller.error(new Error("at once")) }));
    }
    signals.push(request.signal);
    completed.push(info.completed.then(() => "resolved", () => "rejected"));
    return new Promise<Response>(() => {});
  });
  const peer = await stage.peer({ listens: false, capacity: 1_000 });
  peer.request();
  for (let count = 0; count < 3_000; count++) {
    peer.request(get("/fails"));
    if (count % 50 === 0) await stage.settle();
  }
  await stage.settle();
  assertEquals([signals[0]?.aborted, await completed[0], stage.server.stats.active], [true, "rejected", 0]);
  assertEquals(stage.server.stats.connections, 0);
});

Deno.test("a malformed request is refused by a reset of its stream, and the others go on", async () => {
  await using stage = new Http2Stage({}, () => new Response("ok"));
  const peer = await stage.peer();
  const bad: readonly (readonly Pair[])[] = [
    [[":method", "GET"], [":scheme", "http"], [":authority", "a"]],
    get("/", ["connection", "close"]),
    get("/", ["Upper", "case"]),
    get("/", ["te", "gzip"]),
    get("/", [":late", "pseudo"]),
    [[":method", "GET"], [":scheme", "http"], [":path", "/"], [":authority", "user@a"]],
  ];
  for (const fields of bad) {
    const id = peer.request(fields);
    assertEquals((await peer.message(id)).code, ErrorCode.ProtocolError, JSON.stringify(fields));
  }
  assertEquals((await peer.message(peer.request())).body, "ok");
  assertEquals([stage.server.stats.requests, goAwaysOf(peer)], [1, []]);
});

Deno.test("an expectation that nobody knows is a malformed request's, as for HTTP/1.1's 417", async () => {
  await using stage = new Http2Stage({}, () => new Response("ok"));
  const peer = await stage.peer();
  const message = await peer.message(peer.request(get("/", ["expect", "the-unexpected"])));
  assert(message.end === "reset" || message.heads[0]?.[0]?.[1] === "417");
  assertEquals(stage.server.stats.requests, 0);
});

Deno.test("a connection that breaks down tells each handler, the hook once, and the client why", async () => {
  const signals: AbortSignal[] = [];
  await using stage = new Http2Stage({}, (request, info) => {
    info.completed.catch(() => {});
    signals.push(request.signal);
    return new Promise<Response>(() => {});
  });
  const peer = await stage.peer();
  const last = [peer.request(), peer.request()].at(-1)!;
  await stage.settle();
  peer.write(new Uint8Array([0, 0, 1, 0, 0, 0, 0, 0, 0, 97])); // DATA of stream 0 (RFC 9113 §6.1)
  await peer.readToEnd();
  assertEquals(goAwaysOf(peer), [[last, ErrorCode.ProtocolError]]);
  assertEquals(signals.map(({ aborted }) => aborted), [true, true]);
  assertEquals(stage.connectionErrors.length, 1);
  assertInstanceOf(stage.connectionErrors[0], Http2Error);
  assertEquals(stage.server.stats.active, 0);
});

Deno.test("interim answers, final head, content and trailers leave in order, whole and streamed", async () => {
  await using stage = new Http2Stage({}, async (request, info) => {
    await info.inform(103, { link: "<a>" });
    await info.inform(102);
    const body = request.url.endsWith("/stream") ? new Blob(["con", "tent"]).stream() : "content";
    return withTrailers(new Response(body), { "x-end": "yes" });
  });
  const peer = await stage.peer();
  for (const path of ["/whole", "/stream"]) {
    const { heads, body, end } = await peer.message(peer.request(get(path, ["te", "trailers"])));
    assertEquals(heads.map((head) => head[0]), [
      [":status", "103"],
      [":status", "102"],
      [":status", "200"],
      ["x-end", "yes"],
    ]);
    assertEquals([body, end], ["content", "whole"]);
  }
});

Deno.test("a handler that informs without end waits for a client that doesn't read", async () => {
  let informed = 0;
  await using stage = new Http2Stage({}, async (request, info) => {
    while (!request.signal.aborted && informed < 100_000) {
      await info.inform(103, { link: `</${informed}>`, "x-long": `${informed}`.repeat(500) });
      informed++;
    }
    return new Response();
  });
  const peer = await stage.peer({ listens: false, capacity: 10_000 });
  peer.request();
  await stage.settle();
  assert(informed > 0 && informed < 200, `${informed} interim answers wait for a client that reads none`);
  peer.close();
});

Deno.test("the head of a stream and what that gives at once leave in one write", async () => {
  let writes = 0;
  await using stage = new Http2Stage({}, async () => {
    await Promise.resolve();
    const start = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      controller.enqueue(new TextEncoder().encode("content"));
      controller.close();
    };
    return new Response(new ReadableStream({ start }));
  });
  const transport = await stage.connect();
  const read = transport.read.bind(transport);
  transport.read = async (into) => {
    const count = await read(into);
    writes++;
    return count;
  };
  const peer = stage.join(transport);
  peer.open();
  await stage.settle();
  writes = 0;
  const { body } = await peer.message(peer.request());
  assertEquals([body, writes], ["content", 1]);
});

Deno.test("stats and completed hold for a thousand requests on one connection, answered in whichever way", async () => {
  const completed: Promise<void>[] = [];
  await using stage = new Http2Stage({ onError: () => new Response(null, { status: 500 }) }, async (request, info) => {
    completed.push(info.completed);
    const { pathname } = new URL(request.url);
    if (pathname === "/throws") throw new Error("thrown");
    if (pathname === "/later") await Promise.resolve();
    if (pathname === "/stream") return new Response(new Blob(["a"]).stream());
    if (pathname === "/upload") return new Response(await request.text());
    return new Response(pathname);
  });
  const peer = await stage.peer({ refills: true });
  const paths = ["/now", "/throws", "/later", "/stream", "/upload"];
  for (let round = 0; round < 20; round++) {
    const ids = Array.from({ length: 50 }, (_, index) => {
      const path = paths[index % paths.length]!;
      if (path !== "/upload") return peer.request(get(path));
      const id = peer.request(post(path), { end: false });
      peer.data(id, "up", { end: true });
      return id;
    });
    for (const id of ids) assertEquals((await peer.message(id)).end, "whole");
  }
  await Promise.all(completed);
  assertEquals(stage.server.stats, { connections: 1, requests: 1000, active: 0 });
});

Deno.test("info says the same addresses for each stream, and HTTP/2", async () => {
  await using stage = new Http2Stage({}, (_request, { protocol, remoteAddr, localAddr }) => {
    return Response.json([protocol, remoteAddr, localAddr]);
  });
  const peer = await stage.peer();
  for (let count = 0; count < 2; count++) {
    const seen = JSON.parse((await peer.message(peer.request())).body);
    assertEquals(seen, ["HTTP/2", peer.transport.localAddr, stage.server.addr]);
  }
});

Deno.test("a client that gives up all its uploads at once leaves nothing behind", async () => {
  const errors: unknown[] = [];
  await using stage = new Http2Stage({}, async (request) => {
    await assertRejects(() => request.bytes().catch((error) => (errors.push(error), Promise.reject(error))));
    return new Response("nobody reads this");
  });
  const peer = await stage.peer();
  const ids = Array.from({ length: 50 }, () => peer.request(post(), { end: false }));
  for (const id of ids) peer.data(id, "some");
  await stage.settle();
  assertEquals(stage.server.stats.active, 50);
  for (const id of ids) peer.reset(id, ErrorCode.Cancel);
  await stage.settle();
  assertEquals([errors.length, stage.server.stats.active, textOf(peer, ids[0]!)], [50, 0, ""]);
  assertStrictEquals(errors.every((error) => error instanceof DOMException), true);
});
