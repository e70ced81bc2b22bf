/**
 * Owns the tests of content on HTTP/2 streams as a server handles it: windows both ways, what waits and how much, 100
 * (Continue), early answers, limits and deadlines. Must not know how frames are scheduled.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { BodyTooLargeError } from "../../mod.ts";
import { ErrorCode } from "../../http2/mod.ts";
import { get, type Pair, type Peer, post } from "../http2/peer.ts";
import { framesOf, goAwaysOf, heardOf, Http2Stage, textOf } from "./http2_stage.ts";

const INITIAL_WINDOW_SIZE = 0x4;

/** How much room was given for a stream's content beyond what its first window has. */
function grantedOf(peer: Peer, streamId: number): number {
  return framesOf(peer, "windowUpdate", streamId).reduce((sum, { increment }) => sum + increment, 0);
}

/** A stream of pieces that the test counts. */
function counted(size: number, count = Infinity) {
  const made = { pieces: 0, cancelled: false };
  const body = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        if (made.pieces === count) return controller.close();
        made.pieces++;
        controller.enqueue(new Uint8Array(size));
      },
      cancel: () => void (made.cancelled = true),
    }, { highWaterMark: 0 });
  return { made, body };
}

Deno.test("a client that gives one stream no window holds up its producer, and nobody else's", async () => {
  const slow = counted(16_384);
  await using stage = new Http2Stage({}, (request) => {
    return new Response(request.url.endsWith("/slow") ? slow.body() : "x".repeat(50_000));
  });
  const peer = await stage.peer();
  peer.grant(0, 2_000_000);
  const id = peer.request(get("/slow"));
  await stage.settle();
  assertEquals(heardOf(peer, id), 65_535);
  const made = slow.made.pieces;
  assert(made * 16_384 <= 65_535 + 2 * 65_536, `${made} pieces were made for a window of 65535 bytes`);
  for (let count = 0; count < 20; count++) assertEquals((await peer.message(peer.request())).body.length, 50_000);
  assertEquals(slow.made.pieces, made);
  peer.grant(id, 65_535);
  await stage.settle();
  assert(slow.made.pieces > made);
  assertEquals(heardOf(peer, id), 2 * 65_535);
  peer.reset(id, ErrorCode.Cancel);
  await stage.settle();
  assert(slow.made.cancelled);
});

Deno.test("a client that reads nothing at all holds up all producers, and costs bounded memory", async () => {
  const made: ReturnType<typeof counted>[] = [];
  await using stage = new Http2Stage({}, () => {
    const stream = counted(16_384);
    made.push(stream);
    return new Response(stream.body());
  });
  const peer = await stage.peer({ listens: false, capacity: 4_096, settings: [[INITIAL_WINDOW_SIZE, 2 ** 31 - 1]] });
  peer.grant(0, 2 ** 30);
  for (let count = 0; count < 10; count++) peer.request();
  await stage.settle();
  assertEquals(made.length, 10);
  const total = made.reduce((sum, { made: { pieces } }) => sum + pieces * 16_384, 0);
  assert(total <= 10 * 3 * 65_536 + 512 * 1024, `${total} bytes were made for a client that takes none`);
  peer.close();
  await stage.settle();
  assert(made.every(({ made: { cancelled } }) => cancelled));
});

Deno.test("an upload whose handler doesn't read is taken up to a stream's window, and the others go on", async () => {
  const read = Promise.withResolvers<void>();
  await using stage = new Http2Stage({}, async (request) => {
    if (request.method === "GET") return new Response("ok");
    await read.promise;
    return new Response(String((await request.bytes()).length));
  });
  const peer = await stage.peer();
  const settings = await peer.expect("settings");
  const window = new Map(settings.entries).get(INITIAL_WINDOW_SIZE) ?? 65_535;
  const id = peer.request(post(), { end: false });
  for (let sent = 0; sent < window; sent += 16_384) peer.data(id, new Uint8Array(Math.min(16_384, window - sent)));
  assert(await peer.ping());
  assertEquals(grantedOf(peer, id), 0, "room was given for what nobody has read");
  for (let count = 0; count < 5; count++) assertEquals((await peer.message(peer.request())).body, "ok");
  read.resolve();
  await stage.settle();
  assert(grantedOf(peer, id) > 0);
  peer.data(id, new Uint8Array(10), { end: true });
  assertEquals((await peer.message(id)).body, String(window + 10));
});

Deno.test("a client that sends beyond a stream's window loses that stream (RFC 9113 §6.9.1)", async () => {
  await using stage = new Http2Stage({}, (request) => {
    return request.method === "GET" ? new Response("ok") : new Promise<Response>(() => {});
  });
  const peer = await stage.peer();
  const id = peer.request(post(), { end: false });
  for (let count = 0; count < 5; count++) peer.data(id, new Uint8Array(16_384));
  assertEquals((await peer.message(id)).code, ErrorCode.FlowControlError);
  assertEquals((await peer.message(peer.request())).body, "ok");
  assertEquals(stage.server.stats.active, 0);
});

Deno.test("many uploads that nobody reads leave the connection's window to those that are read", async () => {
  await using stage = new Http2Stage({}, async (request) => {
    return request.url.endsWith("/stuck")
      ? await new Promise<Response>(() => {})
      : new Response(String((await request.bytes()).length));
  });
  const peer = await stage.peer();
  for (let count = 0; count < 20; count++) {
    const id = peer.request(post("/stuck"), { end: false });
    for (let sent = 0; sent < 4; sent++) peer.data(id, new Uint8Array(16_000));
    assert(await peer.ping());
  }
  assert(grantedOf(peer, 0) >= 20 * 64_000 - 65_535);
  const id = peer.request(post(), { end: false });
  peer.data(id, new Uint8Array(10_000), { end: true });
  assertEquals((await peer.message(id)).body, "10000");
});

Deno.test("a reader that takes an upload piece by piece is given more room as it does", async () => {
  const readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
  await using stage = new Http2Stage({}, (request) => {
    readers.push(request.body!.getReader());
    return new Promise<Response>(() => {});
  });
  const peer = await stage.peer();
  const id = peer.request(post(), { end: false });
  for (let sent = 0; sent < 3; sent++) peer.data(id, new Uint8Array(16_384).fill(sent));
  await stage.settle();
  const before = grantedOf(peer, id);
  for (let piece = 0; piece < 3; piece++) {
    let length = 0;
    while (length < 16_384) {
      const { value } = await readers[0]!.read();
      assert(value?.every((byte) => byte === piece));
      length += value?.length ?? 0;
    }
  }
  await stage.settle();
  assert(grantedOf(peer, id) > before);
});

Deno.test("100 (Continue) is sent on the first read of content, once, and to nobody else (RFC 9110 §10.1.1)", async () => {
  const read = Promise.withResolvers<void>();
  await using stage = new Http2Stage({}, async (request) => {
    if (request.url.endsWith("/refused")) return new Response("no", { status: 403 });
    if (request.url.endsWith("/later")) await read.promise;
    return new Response(await request.text());
  });
  const peer = await stage.peer();
  const expecting = (path: string) => post(path, ["expect", "100-continue"]);
  const later = peer.request(expecting("/later"), { end: false });
  assert(await peer.ping());
  assertEquals(framesOf(peer, "headers", later), []);
  read.resolve();
  await peer.expect("headers", { streamId: later, skip: ["settings", "windowUpdate", "ping"] });
  peer.data(later, "content", { end: true });
  const { heads, body } = await peer.message(later);
  assertEquals([heads.map(([status]) => status?.[1]), body], [["200"], "content"]);
  const refused = await peer.message(peer.request(expecting("/refused"), { end: false }));
  assertEquals(refused.heads.map(([status]) => status?.[1]), ["403"]);
  const eager = peer.request(expecting("/eager"), { end: false });
  peer.data(eager, "unasked", { end: true });
  assertEquals((await peer.message(eager)).body, "unasked");
  const plain = peer.request(post("/plain"), { end: false });
  peer.data(plain, "a", { end: true });
  assertEquals((await peer.message(plain)).heads.length, 1);
});

Deno.test("an answer ahead of an upload's end is whole before anything resets the stream (RFC 9113 §8.1)", async () => {
  for (const status of [200, 413]) {
    await using stage = new Http2Stage({ timeouts: { drain: 2_000 } }, () => new Response("early", { status }));
    const peer = await stage.peer();
    const id = peer.request(post("/", ["content-length", "1000000"]), { end: false });
    peer.data(id, new Uint8Array(16_000));
    const { heads, body, end } = await peer.message(id);
    assertEquals([heads[0]?.[0]?.[1], body, end], [String(status), "early", "whole"]);
    for (let sent = 0; sent < 2; sent++) peer.data(id, new Uint8Array(16_000)); // what was on its way is no error
    assert(await peer.ping());
    assertEquals([framesOf(peer, "rstStream"), grantedOf(peer, id)], [[], 0]);
    await stage.advance(2_000);
    assertEquals(framesOf(peer, "rstStream", id).map(({ code }) => code), [ErrorCode.NoError]);
    peer.data(id, new Uint8Array(10)); // it hasn't heard of that yet
    assertEquals((await peer.message(peer.request())).body, "early");
    assertEquals(stage.connectionErrors, []);
  }
});

Deno.test("an answer ahead of an upload's end closes the stream with the upload's end", async () => {
  await using stage = new Http2Stage({}, () => new Response("early"));
  const peer = await stage.peer();
  const id = peer.request(post(), { end: false });
  await peer.message(id);
  peer.data(id, "rest", { end: true });
  await stage.advance(10_000);
  assertEquals(framesOf(peer, "rstStream"), []);
});

Deno.test("a client that has its answer may end its upload short of what it announced: nobody is told", async () => {
  await using stage = new Http2Stage({}, () => new Response("early", { status: 413 }));
  const peer = await stage.peer();
  const id = peer.request(post("/", ["content-length", "1000000"]), { end: false });
  assertEquals((await peer.message(id)).end, "whole");
  peer.data(id, "", { end: true }); // as curl does
  assertEquals((await peer.message(peer.request())).body, "early");
  assertEquals([stage.connectionErrors, goAwaysOf(peer)], [[], []]);
});

Deno.test("content beyond limits.maxBodyBytes is answered by 413, as it comes or as it is announced", async () => {
  const seen: unknown[] = [];
  await using stage = new Http2Stage({ limits: { maxBodyBytes: 1_000 } }, async (request) => {
    try {
      return new Response(String((await request.text()).length));
    } catch (error) {
      seen.push(error);
      throw error;
    }
  });
  const peer = await stage.peer();
  const within = peer.request(post(), { end: false });
  peer.data(within, new Uint8Array(1_000), { end: true });
  assertEquals((await peer.message(within)).body, "1000");
  const beyond = peer.request(post(), { end: false });
  peer.data(beyond, new Uint8Array(1_001));
  assertEquals((await peer.message(beyond)).heads[0]?.[0], [":status", "413"]);
  const announced = peer.request(post("/", ["content-length", "1001"]), { end: false });
  assertEquals((await peer.message(announced)).heads[0]?.[0], [":status", "413"]);
  assertEquals(seen.map((error) => error instanceof BodyTooLargeError), [true, true]);
});

Deno.test("a target, a field section and a number of fields beyond the limits are answered by 414 and 431", async () => {
  await using stage = new Http2Stage(
    { limits: { maxTargetBytes: 100, maxFieldSectionBytes: 3_000, maxFields: 20 } },
    () => {
      return new Response("ok");
    },
  );
  const peer = await stage.peer();
  const statusOf = async (fields: readonly Pair[]) => (await peer.message(peer.request(fields))).heads[0]?.[0]?.[1];
  const fields = (count: number): Pair[] => Array.from({ length: count }, (_, index) => [`x-${index}`, "v"]);
  assertEquals(await statusOf(get(`/${"a".repeat(99)}`)), "200");
  assertEquals(await statusOf(get(`/${"a".repeat(100)}`)), "414");
  assertEquals(await statusOf(get("/", ...fields(16))), "200");
  assertEquals(await statusOf(get("/", ...fields(17))), "431");
  assertEquals(await statusOf(get("/", ["x-long", "v".repeat(3_000)])), "431");
  assertEquals(await statusOf(get()), "200");
  const upload = peer.request(post(`/${"a".repeat(100)}`), { end: false });
  assertEquals((await peer.message(upload)).heads[0]?.[0]?.[1], "414");
  peer.data(upload, "what follows", { end: true });
  assertEquals(await statusOf(get()), "200");
  assertEquals([stage.server.stats.requests, stage.server.stats.active], [4, 0]);
});

Deno.test("an upload whose next piece doesn't come in time is answered by 408, and its reader told", async () => {
  const seen = Promise.withResolvers<unknown>();
  await using stage = new Http2Stage({ timeouts: { body: 5_000 } }, async (request, info) => {
    info.completed.catch(() => {});
    await request.text().catch(seen.resolve);
    return new Response("too late");
  });
  const peer = await stage.peer();
  const id = peer.request(post(), { end: false });
  await stage.advance(4_000);
  peer.data(id, "some");
  await stage.advance(4_999);
  assertEquals(framesOf(peer, "headers", id), []);
  await stage.advance(1);
  assertEquals((await peer.message(id)).heads[0]?.[0], [":status", "408"]);
  const error = await seen.promise;
  assertInstanceOf(error, DOMException);
  assertEquals([error.name, stage.server.stats.active], ["TimeoutError", 0]);
  assertEquals((await peer.message(peer.request())).body, "too late"); // the connection goes on
});

Deno.test("an upload that never ends is answered by 408 at its request's deadline, however it drips", async () => {
  await using stage = new Http2Stage({ timeouts: { body: 5_000, request: 12_000 } }, async (request) => {
    return new Response(await request.text());
  });
  const peer = await stage.peer();
  const id = peer.request(post(), { end: false });
  for (let count = 0; count < 3; count++) {
    await stage.advance(3_999);
    peer.data(id, "a");
  }
  await stage.advance(3);
  assertEquals((await peer.message(id)).heads[0]?.[0], [":status", "408"]);
});

Deno.test("an upload that is timed out once its answer has begun is reset", async () => {
  await using stage = new Http2Stage({ timeouts: { body: 5_000 } }, (request) => new Response(request.body));
  const peer = await stage.peer();
  const id = peer.request(post(), { end: false });
  peer.data(id, "some");
  await stage.advance(5_000);
  const { heads, body, end } = await peer.message(id);
  assertEquals([heads[0]?.[0], body, end], [[":status", "200"], "some", "reset"]);
  assertEquals(goAwaysOf(peer), []);
});

Deno.test("a handler that reads slowly is not its client's fault: no deadline passes while it has no room", async () => {
  const go = Promise.withResolvers<void>();
  await using stage = new Http2Stage({ timeouts: { body: 5_000 } }, async (request) => {
    await go.promise;
    return new Response(String((await request.bytes()).length));
  });
  const peer = await stage.peer();
  const id = peer.request(post(), { end: false });
  for (let sent = 0; sent < 65_536; sent += 16_384) peer.data(id, new Uint8Array(16_384));
  await stage.advance(15_000);
  go.resolve();
  await stage.settle();
  peer.data(id, "", { end: true });
  assertEquals((await peer.message(id)).body, "65536");
});

Deno.test("a stream that gets no window in time is reset, and its producer told", async () => {
  const stream = counted(16_384);
  await using stage = new Http2Stage({ timeouts: { write: 5_000 } }, () => new Response(stream.body()));
  const peer = await stage.peer();
  const id = peer.request();
  await stage.advance(4_999);
  assertEquals(framesOf(peer, "rstStream"), []);
  await stage.advance(1);
  assertEquals((await peer.message(id)).code, ErrorCode.Cancel);
  assert(stream.made.cancelled);
});

Deno.test("a client that stops reading is cut at the write deadline, counted from the write, also of a late answer", async () => {
  const answer = Promise.withResolvers<Response>();
  const signals: AbortSignal[] = [];
  await using stage = new Http2Stage({ timeouts: { write: 5_000, settings: Infinity } }, (request) => {
    signals.push(request.signal);
    return answer.promise;
  });
  const peer = await stage.peer({ listens: false, capacity: 1_000 });
  peer.request();
  await stage.advance(60_000); // the handler works; nothing is to be written
  assertEquals(signals[0]?.aborted, false);
  answer.resolve(new Response("x".repeat(50_000)));
  await stage.settle();
  await stage.advance(4_999);
  assertEquals([signals[0]?.aborted, stage.server.stats.connections], [false, 1]);
  await stage.advance(1);
  assertEquals([signals[0]?.aborted, stage.server.stats], [true, { connections: 0, requests: 1, active: 0 }]);
});

Deno.test("HEAD, 204 and 304 end with their head, whatever body the handler gives", async () => {
  const cancelled: string[] = [];
  await using stage = new Http2Stage({}, (request) => {
    const { pathname } = new URL(request.url);
    const cancel = () => void cancelled.push(pathname);
    if (pathname === "/204") return new Response(null, { status: 204 });
    if (pathname === "/304") return new Response(null, { status: 304, headers: { "content-length": "5" } });
    return new Response(pathname === "/stream" ? new ReadableStream({ cancel }) : "hello");
  });
  const peer = await stage.peer();
  const head = (path: string): Pair[] => get(path).map(([name, value]) => [name, name === ":method" ? "HEAD" : value]);
  for (
    const [fields, status, length] of [
      [head("/known"), "200", "5"],
      [head("/stream"), "200", undefined],
      [get("/204"), "204", undefined],
      [get("/304"), "304", "5"],
    ] as const
  ) {
    const id = peer.request(fields);
    const { heads: [fieldsOf], body } = await peer.message(id);
    const seen = new Map(fieldsOf);
    assertEquals([seen.get(":status"), seen.get("content-length"), body], [status, length, ""]);
    assertEquals([framesOf(peer, "headers", id)[0]?.endStream, framesOf(peer, "data", id)], [true, []]);
  }
  assertEquals(cancelled, ["/stream"]);
});

Deno.test("content shorter or longer than its content-length resets the stream, both ways (RFC 9113 §8.1.1)", async () => {
  const failures: unknown[] = [];
  await using stage = new Http2Stage({}, async (request, info) => {
    info.completed.catch(() => {});
    if (request.method === "POST") {
      await assertRejects(() => request.bytes().catch((error) => (failures.push(error), Promise.reject(error))));
      return new Response("nobody reads this");
    }
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(3));
        controller.close();
      },
    });
    return new Response(body, { headers: { "content-length": request.url.endsWith("/short") ? "5" : "2" } });
  });
  const peer = await stage.peer();
  for (const [length, sent] of [[5, 3], [2, 3]] as const) {
    const id = peer.request(post("/", ["content-length", String(length)]), { end: false });
    peer.data(id, new Uint8Array(sent), { end: true });
    assertEquals((await peer.message(id)).code, ErrorCode.ProtocolError);
  }
  for (const path of ["/short", "/long"]) {
    assertEquals((await peer.message(peer.request(get(path)))).code, ErrorCode.InternalError);
  }
  assertEquals([failures.length, stage.server.stats.active], [2, 0]);
});

Deno.test("the windows that a client changes meanwhile are kept to (RFC 9113 §6.9.2)", async () => {
  await using stage = new Http2Stage({}, () => new Response("x".repeat(10_000)));
  const peer = await stage.peer({ settings: [[INITIAL_WINDOW_SIZE, 100]] });
  const id = peer.request();
  await stage.settle();
  assertEquals(textOf(peer, id).length, 100);
  peer.write({ type: "settings", streamId: 0, ack: false, entries: [[INITIAL_WINDOW_SIZE, 50]] });
  peer.grant(id, 40);
  await stage.settle();
  assertEquals(textOf(peer, id).length, 100); // it is below zero by 10 now
  peer.grant(id, 20);
  await stage.settle();
  assertEquals(textOf(peer, id).length, 110);
  peer.write({ type: "settings", streamId: 0, ack: false, entries: [[INITIAL_WINDOW_SIZE, 20_000]] });
  assertEquals((await peer.message(id)).body.length, 10_000);
});

Deno.test("an upload that is cancelled by its handler holds up nothing, and is thrown away", async () => {
  await using stage = new Http2Stage({}, async (request) => {
    await request.body?.cancel();
    return new Response("cancelled");
  });
  const peer = await stage.peer();
  const id = peer.request(post(), { end: false });
  for (let sent = 0; sent < 3; sent++) peer.data(id, new Uint8Array(16_384));
  peer.data(id, "", { end: true });
  assertEquals((await peer.message(id)).body, "cancelled");
  assertEquals(stage.connectionErrors, []);
});
