/**
 * Owns the tests of how a server ends with HTTP/2: GOAWAY in two steps (RFC 9113 §6.8), `shutdown()` and its bound, `signal`,
 * the ages at which a connection is ended. Must not know what is served.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { ErrorCode } from "../../http2/mod.ts";
import { MAX_STREAM_ID } from "../../http2/frame.ts";
import { post } from "../http2/peer.ts";
import { framesOf, goAwaysOf, Http2Stage, textOf } from "./http2_stage.ts";

/** A handler whose answers the test gives, in the order of the requests. */
function heldAnswers() {
  const answers: PromiseWithResolvers<Response>[] = [];
  const signals: AbortSignal[] = [];
  const completed: Promise<string>[] = [];
  const handler = (request: Request, info: { readonly completed: Promise<void> }) => {
    const answer = Promise.withResolvers<Response>();
    answers.push(answer);
    signals.push(request.signal);
    completed.push(info.completed.then(() => "resolved", () => "rejected"));
    return answer.promise;
  };
  return { answers, signals, completed, handler };
}

Deno.test("shutdown() says goodbye to an idle connection at once, and closes it", async () => {
  await using stage = new Http2Stage({}, () => new Response("ok"));
  const peer = await stage.peer();
  const id = peer.request();
  assertEquals((await peer.message(id)).body, "ok");
  const down = stage.server.shutdown();
  await peer.readToEnd();
  assertEquals(goAwaysOf(peer), [[id, ErrorCode.NoError]]);
  peer.close();
  await down;
  assertEquals([stage.server.stats.connections, stage.connectionErrors], [0, []]);
});

Deno.test("shutdown() closes a connection whose client never asked, though the client stays", async () => {
  await using stage = new Http2Stage({}, () => new Response("ok"));
  const peer = await stage.peer();
  await stage.settle();
  const down = stage.server.shutdown();
  await stage.advance(1_000); // for the client to close its side
  await down;
  assertEquals([goAwaysOf(peer), peer.ended], [[[0, ErrorCode.NoError]], true]);
});

Deno.test("shutdown() says goodbye in two steps while a request is under way, and serves what was on its way", async () => {
  const { answers, completed, handler } = heldAnswers();
  await using stage = new Http2Stage({ timeouts: { goAway: 1_000 } }, handler);
  const peer = await stage.peer();
  const first = peer.request();
  await stage.settle();
  const down = stage.server.shutdown();
  await stage.settle();
  assertEquals(goAwaysOf(peer), [[MAX_STREAM_ID, ErrorCode.NoError]]);
  const second = peer.request(); // sent before the client knew
  await stage.settle();
  assertEquals(answers.length, 2);
  await stage.advance(1_000);
  assertEquals(goAwaysOf(peer), [[MAX_STREAM_ID, ErrorCode.NoError], [second, ErrorCode.NoError]]);
  const third = peer.request(); // sent by one who doesn't listen
  await stage.settle();
  assertEquals([answers.length, framesOf(peer, "headers", third)], [2, []]);
  answers[0]?.resolve(new Response("one"));
  assertEquals((await peer.message(first)).body, "one");
  assertEquals(peer.ended, false);
  answers[1]?.resolve(new Response("two"));
  assertEquals((await peer.message(second)).body, "two");
  await peer.readToEnd();
  peer.close();
  await down;
  assertEquals(await Promise.all(completed), ["resolved", "resolved"]);
  assertEquals(stage.connectionErrors, []);
});

Deno.test("shutdown() takes the acknowledgement of its PING for the second step", async () => {
  const { answers, handler } = heldAnswers();
  await using stage = new Http2Stage({ timeouts: { goAway: 60_000 } }, handler);
  const peer = await stage.peer();
  const id = peer.request();
  await stage.settle();
  const down = stage.server.shutdown();
  const { payload } = await peer.expect("ping", { skip: ["settings", "windowUpdate", "goAway"] });
  assertEquals(goAwaysOf(peer).length, 1);
  peer.write({ type: "ping", streamId: 0, ack: true, payload });
  await stage.settle();
  assertEquals(goAwaysOf(peer).at(-1), [id, ErrorCode.NoError]);
  answers[0]?.resolve(new Response("ok"));
  await peer.readToEnd();
  peer.close();
  await down;
});

Deno.test("shutdown() lets a download and an upload under way reach their end", async () => {
  let pull: ReadableStreamDefaultController<Uint8Array> | undefined;
  await using stage = new Http2Stage({}, async (request) => {
    if (request.method === "POST") return new Response(await request.text());
    return new Response(new ReadableStream({ start: (controller) => void (pull = controller) }));
  });
  const peer = await stage.peer();
  const download = peer.request();
  const upload = peer.request(post(), { end: false });
  peer.data(upload, "abc");
  await stage.settle();
  const down = stage.server.shutdown();
  await stage.advance(1_000);
  pull?.enqueue(new TextEncoder().encode("late"));
  await stage.settle();
  assertEquals(textOf(peer, download), "late");
  pull?.close();
  assertEquals((await peer.message(download)).end, "whole");
  peer.data(upload, "def", { end: true });
  assertEquals((await peer.message(upload)).body, "abcdef");
  await peer.readToEnd();
  peer.close();
  await down;
});

Deno.test("shutdown({ signal }) cuts what is still under way when the signal aborts", async () => {
  const { answers, signals, completed, handler } = heldAnswers();
  await using stage = new Http2Stage({}, handler);
  const peer = await stage.peer();
  peer.request();
  peer.request();
  await stage.settle();
  const abort = new AbortController();
  const down = stage.server.shutdown({ signal: abort.signal });
  await stage.settle();
  assertEquals(signals.map(({ aborted }) => aborted), [false, false]);
  abort.abort(new Error("too late"));
  await down;
  assertEquals(signals.map(({ reason }) => reason), [abort.signal.reason, abort.signal.reason]);
  assertEquals(await Promise.all(completed), ["rejected", "rejected"]);
  assertEquals(stage.server.stats, { connections: 0, requests: 2, active: 0 });
  for (const answer of answers) answer.resolve(new Response("nobody reads this"));
  await stage.settle();
  assert(peer.over);
});

Deno.test("a server's signal cuts all at once: uploads, downloads, handlers at work", async () => {
  const abort = new AbortController();
  const cancelled = Promise.withResolvers<unknown>();
  const failed = Promise.withResolvers<unknown>();
  const signals: AbortSignal[] = [];
  await using stage = new Http2Stage({ signal: abort.signal }, async (request) => {
    signals.push(request.signal);
    if (request.method === "POST") {
      await assertRejects(() => request.text().catch((error) => (failed.resolve(error), Promise.reject(error))));
    }
    return new Response(new ReadableStream({ cancel: cancelled.resolve }));
  });
  const peer = await stage.peer();
  peer.request();
  peer.request(post(), { end: false });
  await stage.settle();
  const reason = new Error("now");
  abort.abort(reason);
  await stage.server.finished;
  assertStrictEquals(await cancelled.promise, reason);
  assertStrictEquals(await failed.promise, reason);
  assertEquals([signals.map(({ aborted }) => aborted), stage.server.stats.active], [[true, true], 0]);
});

Deno.test("a handler may abort the server itself: what stood behind it in the same read is not begun, nor forgotten", async () => {
  const abort = new AbortController();
  const signals: AbortSignal[] = [];
  const completed: Promise<string>[] = [];
  await using stage = new Http2Stage({ signal: abort.signal }, (request, info) => {
    signals.push(request.signal);
    completed.push(info.completed.then(() => "resolved", () => "rejected"));
    if (signals.length === 2) abort.abort();
    return new Promise<Response>(() => {});
  });
  const peer = await stage.peer();
  const first = peer.request();
  await stage.settle();
  // In one read: a reset of the first, which is to be told of, the request that aborts, and one more.
  const block = (fields: readonly (readonly [string, string])[]) =>
    peer.encoder.encodeBlock(fields.map(([name, value]) => ({ name, value })));
  const head = (streamId: number, endStream: boolean) => ({
    type: "headers",
    streamId,
    endStream,
    endHeaders: true,
    fragment: block([[":method", "GET"], [":scheme", "http"], [":path", "/"], [":authority", "a"]]),
  } as const);
  peer.write(head(3, true), { type: "rstStream", streamId: first, code: ErrorCode.Cancel }, head(5, true));
  await stage.server.finished;
  assertEquals(signals.map(({ aborted }) => aborted), [true, true]);
  assertEquals(await Promise.all(completed), ["rejected", "rejected"]);
  assertEquals(stage.server.stats, { connections: 0, requests: 2, active: 0 });
});

Deno.test("a handler may shut the server down: its own answer is the last", async () => {
  const stage: Http2Stage = new Http2Stage({}, () => {
    stage.server.shutdown();
    return new Response("bye");
  });
  await using _stage = stage;
  const peer = await stage.peer();
  const id = peer.request();
  assertEquals((await peer.message(id)).body, "bye");
  await stage.advance(1_000);
  assertEquals(goAwaysOf(peer).at(-1), [id, ErrorCode.NoError]);
});

Deno.test("a connection at its age is ended gracefully, and another one serves", async () => {
  const { answers, handler } = heldAnswers();
  await using stage = new Http2Stage({ timeouts: { age: 10_000, goAway: 500 } }, handler);
  const peer = await stage.peer();
  const id = peer.request();
  await stage.advance(10_000);
  assertEquals(goAwaysOf(peer), [[MAX_STREAM_ID, ErrorCode.NoError]]);
  await stage.advance(500);
  assertEquals(goAwaysOf(peer).at(-1), [id, ErrorCode.NoError]);
  answers[0]?.resolve(new Response("ok"));
  assertEquals((await peer.message(id)).body, "ok");
  await peer.readToEnd();
  const other = await stage.peer();
  const next = other.request();
  await stage.settle();
  answers[1]?.resolve(new Response("next"));
  assertEquals((await other.message(next)).body, "next");
});

Deno.test("a connection without a stream is ended at its idle deadline, one with a slow handler is not", async () => {
  const { answers, handler } = heldAnswers();
  await using stage = new Http2Stage({ timeouts: { idle: 5_000 } }, handler);
  const idle = await stage.peer();
  const busy = await stage.peer();
  const id = busy.request();
  await stage.advance(5_000);
  assertEquals([goAwaysOf(idle), goAwaysOf(busy)], [[[0, ErrorCode.NoError]], []]);
  await stage.advance(50_000);
  answers[0]?.resolve(new Response("slow"));
  assertEquals((await busy.message(id)).body, "slow");
  await stage.advance(4_999);
  assertEquals(goAwaysOf(busy), []);
  await stage.advance(1);
  assertEquals(goAwaysOf(busy), [[id, ErrorCode.NoError]]);
  assertEquals(stage.connectionErrors, []);
});

Deno.test("a client that ends its side is still answered, and its signal aborts, unless `allowHalfOpen`", async () => {
  for (const allowHalfOpen of [false, true]) {
    const { answers, signals, completed, handler } = heldAnswers();
    await using stage = new Http2Stage({ allowHalfOpen }, handler);
    const peer = await stage.peer();
    const id = peer.request();
    await peer.end();
    await stage.settle();
    assertEquals(signals[0]?.aborted, !allowHalfOpen);
    answers[0]?.resolve(new Response("all the same"));
    assertEquals((await peer.message(id)).body, "all the same");
    await peer.readToEnd();
    assertEquals([await completed[0], stage.connectionErrors], ["resolved", []]);
  }
});

Deno.test("a client that ends its side within an upload fails that one alone", async () => {
  const outcomes: unknown[] = [];
  const answer = Promise.withResolvers<Response>();
  await using stage = new Http2Stage({}, async (request) => {
    if (request.method === "GET") return await answer.promise;
    await request.text().catch((error) => outcomes.push(error));
    return new Response();
  });
  const peer = await stage.peer();
  const download = peer.request();
  const upload = peer.request(post(), { end: false });
  peer.data(upload, "some");
  await peer.end();
  await stage.settle();
  assertInstanceOf(outcomes[0], DOMException);
  answer.resolve(new Response("whole"));
  assertEquals((await peer.message(download)).body, "whole");
});

Deno.test("a connection that is lost rejects completed of what had not left, also where it is asked for later", async () => {
  const infos: { readonly completed: Promise<void> }[] = [];
  const signals: (() => AbortSignal)[] = [];
  await using stage = new Http2Stage({}, (request, info) => {
    infos.push(info);
    signals.push(() => request.signal);
    return new Response(new Uint8Array(60_000));
  });
  const peer = await stage.peer({ capacity: 1_000, listens: false });
  peer.request();
  await stage.settle();
  assertEquals(infos.length, 1);
  peer.close(); // the answer is put together, and its write is under way
  await stage.settle();
  await assertRejects(() => infos[0]!.completed);
  assertEquals([signals[0]?.().aborted, stage.server.stats.active, stage.server.stats.connections], [true, 0, 0]);
});

Deno.test("completed resolves where the answer had left before the connection was lost", async () => {
  const infos: { readonly completed: Promise<void> }[] = [];
  const signals: (() => AbortSignal)[] = [];
  await using stage = new Http2Stage({}, (request, info) => {
    infos.push(info);
    signals.push(() => request.signal);
    return new Response("short");
  });
  const peer = await stage.peer();
  await peer.message(peer.request());
  peer.close();
  await stage.settle();
  await infos[0]!.completed;
  assertEquals(signals[0]?.().aborted, false);
});
