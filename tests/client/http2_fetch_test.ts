/**
 * Owns the proof of what a fetch over HTTP/2 sends and what it makes of what comes: heads, content, trailers, interim
 * responses, windows.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertMatch, assertStrictEquals } from "@std/assert";
import { type FetchInit, Http2Error, type Information, protocolOf, trailersOf } from "../../client/mod.ts";
import { latin1, type Pair, Peer, settled as peersSettled } from "../http2/peer.ts";
import {
  answer,
  CANCEL,
  ENHANCE_YOUR_CALM,
  heardRequest,
  http2Stage,
  INITIAL_WINDOW_SIZE,
  MAX_CONCURRENT_STREAMS,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  serveOne,
  valueOf,
} from "./http2_stage.ts";
import { rejection, until } from "./peer.ts";

Deno.test("HttpClient.fetch sends a request's pseudo-fields first, and ends it with them (RFC 9113 §8.3.1)", async () => {
  using set = http2Stage();
  const response = set.client.fetch("http://localhost:8080/a?b=c#d");
  const peer = await set.accept();
  const request = await heardRequest(peer);
  assertEquals([request.id, request.end], [1, true]);
  assertEquals(request.fields, [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/a?b=c"],
    [":authority", "localhost:8080"],
    ["accept", "*/*"],
    ["user-agent", "avx-http"],
  ]);
  answer(peer, 1);
  const { status, statusText, url, ok } = await response;
  assertEquals([status, statusText, url, ok], [200, "", "http://localhost:8080/a?b=c", true]);
  assertEquals([protocolOf(await response), protocolOf((await response).clone())], ["HTTP/2", undefined]);
  assertEquals(await (await response).text(), "hello");
});

const HEADERS: readonly (readonly [what: string, given: Pair[], sent: Pair[]])[] = [
  ["fields of a connection", [["connection", "close"], ["keep-alive", "1"], ["proxy-connection", "close"]], []],
  ["what is the URL's and the content's to say", [["host", "evil"], ["transfer-encoding", "gzip"]], []],
  ["te, which says but trailers (RFC 9113 §8.2.2)", [["te", "gzip, trailers"]], [["te", "trailers"]]],
  ["te, which does not say trailers", [["te", "gzip"]], []],
  ["a cookie, in crumbs (RFC 9113 §8.2.3)", [["cookie", "a=1; b=2"]], [["cookie", "a=1"], ["cookie", "b=2"]]],
  ["names, in lower case", [["X-Note", "Kept"]], [["x-note", "Kept"]]],
];

for (const [what, given, sent] of HEADERS) {
  Deno.test(`HttpClient.fetch carries over HTTP/2: ${what}`, async () => {
    using set = http2Stage({ userAgent: "" });
    const response = set.client.fetch("http://a/", { headers: given.map(([name, value]) => [name, value]) });
    const peer = await set.accept();
    const { fields } = await serveOne(peer);
    assertEquals(fields.filter(([name]) => !name.startsWith(":") && name !== "accept"), sent);
    assertEquals((await response).status, 200);
  });
}

Deno.test("HttpClient.fetch refuses what no field may be before it dials", async () => {
  using set = http2Stage();
  for (const value of ["a\u0001b", "a\u007f"]) {
    const error = await rejection(set.client.fetch("http://a/", { headers: new Headers({ "x-a": value }) }));
    assertInstanceOf(error, TypeError);
  }
  assertEquals(set.dials, 0);
});

const BODIES: readonly (readonly [what: string, init: () => FetchInit, length: string | undefined])[] = [
  ["a string", () => ({ body: "hello" }), "5"],
  ["bytes", () => ({ body: new TextEncoder().encode("hello") }), "5"],
  ["a Blob", () => ({ body: new Blob(["hel", "lo"]) }), "5"],
  ["a stream", () => ({ body: new Blob(["hello"]).stream() }), undefined],
  ["a stream of a known length", () => ({
    body: new Blob(["hello"]).stream(),
    headers: { "content-length": "5" },
  }), "5"],
];

for (const [what, init, length] of BODIES) {
  Deno.test(`HttpClient.fetch sends content over HTTP/2: ${what}`, async () => {
    using set = http2Stage();
    const response = set.client.fetch("http://a/", { method: "POST", ...init() });
    const peer = await set.accept();
    const request = await heardRequest(peer);
    assertEquals([request.end, valueOf(request, "content-length")], [false, length]);
    assertEquals(valueOf(request, "transfer-encoding"), undefined);
    const { body, end } = await peer.message(request.id);
    assertEquals([body, end], ["hello", "whole"]);
    answer(peer, request.id);
    assertEquals(await (await response).text(), "hello");
  });
}

Deno.test("HttpClient.fetch says that a POST has no content, and ends it with its head", async () => {
  using set = http2Stage();
  const response = set.client.fetch("http://a/", { method: "POST" });
  const peer = await set.accept();
  const request = await serveOne(peer);
  assertEquals([request.end, valueOf(request, "content-length")], [true, "0"]);
  await response;
});

Deno.test("HttpClient.fetch fails where a stream is not as long as announced, and resets it", async () => {
  for (const length of ["4", "6"]) {
    using set = http2Stage();
    const body = new Blob(["hello"]).stream();
    const response = set.client.fetch("http://a/", { method: "POST", body, headers: { "content-length": length } });
    const failed = rejection(response);
    const peer = await set.accept();
    const { id } = await heardRequest(peer);
    const { end, code } = await peer.message(id);
    assertEquals([end, code], ["reset", CANCEL], length);
    const error = await failed;
    assertInstanceOf(error, TypeError);
    assertInstanceOf(error.cause, RangeError);
    assertEquals(set.client.connections, 1, "the connection goes on");
  }
});

Deno.test("HttpClient.fetch sends and receives trailers over HTTP/2", async () => {
  for (const trailers of [{ "x-sum": "1" }, () => ({ "x-sum": "1" })]) {
    using set = http2Stage();
    const response = set.client.fetch("http://a/", { method: "POST", body: "hello", trailers });
    const peer = await set.accept();
    const request = await heardRequest(peer);
    assertEquals(valueOf(request, "trailer"), typeof trailers === "function" ? undefined : "x-sum");
    const { heads, body, end } = await peer.message(request.id);
    assertEquals([body, heads, end], ["hello", [[["x-sum", "1"]]], "whole"]);
    peer.headers(request.id, [[":status", "200"]]);
    peer.data(request.id, "hi");
    peer.headers(request.id, [["x-t", "2"]], { end: true });
    assertEquals(await (await response).text(), "hi");
    assertEquals([...await trailersOf(await response)], [["x-t", "2"]]);
  }
});

Deno.test("HttpClient gives trailers also of a response that came in pieces, or has no content", async () => {
  for (const pieces of [[], ["a"], ["a", "b"]]) {
    using set = http2Stage();
    const response = set.client.fetch("http://a/");
    const peer = await set.accept();
    const { id } = await heardRequest(peer);
    peer.headers(id, [[":status", "200"]]);
    for (const piece of pieces) {
      peer.data(id, piece);
      await peersSettled(peer);
    }
    peer.headers(id, [["grpc-status", "0"]], { end: true });
    assertEquals(await (await response).text(), pieces.join(""));
    assertEquals([...await trailersOf(await response)], [["grpc-status", "0"]], `${pieces.length} pieces`);
  }
});

Deno.test("HttpClient.fetch tells of interim responses over HTTP/2, and bounds them", async () => {
  using set = http2Stage({ limits: { maxInformational: 2 } });
  const told: Information[] = [];
  const fetched = set.client.fetch("http://a/", { onInformation: (information) => told.push(information) });
  const peer = await set.accept();
  const { id } = await heardRequest(peer);
  peer.headers(id, [[":status", "103"], ["link", "</a>"]]);
  peer.headers(id, [[":status", "102"]]);
  answer(peer, id);
  assertEquals(await (await fetched).text(), "hello");
  assertEquals(told.map(({ status, headers }) => [status, headers.get("link")]), [[103, "</a>"], [102, null]]);

  const failing = rejection(set.client.fetch("http://a/"));
  const second = await heardRequest(peer);
  for (let interim = 0; interim < 3; interim++) peer.headers(second.id, [[":status", "103"]]);
  const error = await failing;
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, Http2Error);
  assertEquals((await peer.expect("rstStream")).code, ENHANCE_YOUR_CALM);
});

for (const [status, method] of [["204", "GET"], ["205", "GET"], ["304", "GET"], ["200", "HEAD"]] as const) {
  Deno.test(`HttpClient gives a response without content to a ${method} answered ${status}, in one frame or two`, async () => {
    using set = http2Stage();
    const responses = [set.client.fetch("http://a/1", { method }), set.client.fetch("http://a/2", { method })];
    const peer = await set.accept();
    for (const [index, response] of responses.entries()) {
      const { id } = await heardRequest(peer);
      peer.headers(id, [[":status", status], ["content-length", status === "205" ? "0" : "5"]], { end: index === 0 });
      if (index === 1) peer.data(id, "", { end: true });
      assertStrictEquals((await response).body, null);
      assertEquals(await (await response).text(), "");
    }
    assertEquals(set.client.connections, 1);
  });
}

Deno.test("HttpClient.fetch waits with content for a 100 (Continue), and not for ever (RFC 9110 §10.1.1)", async () => {
  for (const heard of [true, false]) {
    using set = http2Stage();
    const init = { method: "POST", body: "hello", headers: { expect: "100-continue" } };
    const response = set.client.fetch("http://a/", init);
    const peer = await set.accept();
    const request = await heardRequest(peer);
    assertEquals(valueOf(request, "expect"), "100-continue");
    await peersSettled(peer);
    assertEquals(peer.heard.some(({ type }) => type === "data"), false);
    if (heard) peer.headers(request.id, [[":status", "100"]]);
    else set.clock.advance(1_000);
    assertEquals((await peer.message(request.id)).body, "hello");
    answer(peer, request.id);
    assertEquals(await (await response).text(), "hello");
  }
});

Deno.test("HttpClient.fetch keeps content to itself that the final response did not wait for", async () => {
  using set = http2Stage();
  const init = { method: "POST", body: "hello", headers: { expect: "100-continue" } };
  const response = set.client.fetch("http://a/", init);
  const peer = await set.accept();
  const { id } = await heardRequest(peer);
  answer(peer, id, "no", "413");
  assertEquals([(await response).status, await (await response).text()], [413, "no"]);
  const { end, body, code } = await peer.message(id);
  assertEquals([end, body, code], ["reset", "", CANCEL]);
  const slow = set.client.fetch("http://a/", init);
  const second = await heardRequest(peer);
  peer.headers(second.id, [[":status", "413"]]);
  await slow;
  set.clock.advance(1_000);
  await peersSettled(peer);
  peer.data(second.id, "no", { end: true });
  assertEquals(await (await slow).text(), "no");
  assertEquals(peer.heard.some(({ type }) => type === "data"), false);
});

Deno.test("HttpClient reads content piece by piece as it comes, and gives room as its reader takes it", async () => {
  using set = http2Stage({ limits: { streamWindowBytes: 65_535, maxStreamWindowBytes: 65_535 } });
  const fetched = set.client.fetch("http://a/");
  const peer = await set.accept();
  const { id } = await heardRequest(peer);
  peer.headers(id, [[":status", "200"]]);
  const sent = 4 * 16_384 - 1;
  for (let left = sent; left > 0; left -= 16_384) peer.data(id, new Uint8Array(Math.min(left, 16_384)));
  const reader = (await fetched).body!.getReader();
  await peersSettled(peer);
  const granted = () =>
    peer.heard.reduce(
      (sum, frame) => sum + (frame.type === "windowUpdate" && frame.streamId === id ? frame.increment : 0),
      0,
    );
  assertEquals(granted() <= 16_384, true, "as nobody reads");
  let read = 0;
  while (read < sent) read += (await reader.read()).value!.length;
  await peersSettled(peer);
  assert(granted() >= sent / 2, "as somebody reads");
  peer.data(id, "x", { end: true });
  assertEquals(latin1((await reader.read()).value!), "x");
  assertEquals((await reader.read()).done, true);
});

Deno.test("HttpClient sends no more content than the windows of stream and connection allow (RFC 9113 §5.2)", async () => {
  using set = http2Stage();
  const response = set.client.fetch("http://a/", { method: "POST", body: new Uint8Array(200_000) });
  const peer = await set.accept([[INITIAL_WINDOW_SIZE, 10]]);
  const { id } = await heardRequest(peer);
  const content = () => peer.heard.reduce((sum, frame) => sum + (frame.type === "data" ? frame.data.length : 0), 0);
  await peersSettled(peer);
  const first = content();
  assert(first === 10 || first === 65_535, `as far as the settings were known: ${first}`);
  peer.grant(id, 100_000);
  await peersSettled(peer);
  assertEquals(content(), 65_535, "the connection's");
  peer.grant(0, 200_000);
  await peersSettled(peer);
  assertEquals(content(), Math.min(200_000, 100_010), "the stream's");
  peer.write({ type: "settings", streamId: 0, ack: false, entries: [[INITIAL_WINDOW_SIZE, 1_000_000]] });
  await until(() => content() === 200_000);
  answer(peer, id);
  assertEquals(await (await response).text(), "hello");
});

Deno.test("HttpClient keeps an upload waiting that the server has no room for, and lets others pass", async () => {
  using set = http2Stage();
  const chunks = ReadableStream.from(Array.from({ length: 100 }, () => new Uint8Array(16_384)));
  const upload = set.client.fetch("http://a/slow", { method: "POST", body: chunks });
  const peer = await set.accept();
  const { id } = await heardRequest(peer);
  await peersSettled(peer);
  peer.grant(0, 10_000_000); // of the stream's window nothing is left
  const other = set.client.fetch("http://a/other", { method: "POST", body: "hello" });
  const second = await peer.expect("headers", { skip: ["settings", "windowUpdate", "data"] });
  assertEquals((await peer.message(second.streamId)).body, "hello");
  answer(peer, second.streamId);
  assertEquals(await (await other).text(), "hello");
  peer.grant(id, 10_000_000);
  const message = await peer.message(id);
  assertEquals([message.body.length >= 100 * 16_384 - 65_535, message.end], [true, "whole"]);
  answer(peer, id);
  assertEquals(await (await upload).text(), "hello");
});

Deno.test("HttpClient stops an upload that was answered already, and goes on with the connection (RFC 9113 §8.1)", async () => {
  using set = http2Stage();
  const cancelled = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(3)),
    cancel: () => cancelled.resolve(),
  });
  const response = set.client.fetch("http://a/", { method: "POST", body });
  const peer = await set.accept();
  const { id } = await heardRequest(peer);
  answer(peer, id, "enough");
  assertEquals(await (await response).text(), "enough");
  await cancelled.promise;
  const { end, code } = await peer.message(id);
  assertEquals([end, code], ["reset", CANCEL]);
  const next = set.client.fetch("http://a/");
  await serveOne(peer);
  assertEquals([await (await next).text(), set.dials], ["hello", 1]);
});

Deno.test("HttpClient takes a RST_STREAM of NO_ERROR behind a whole response for its end (RFC 9113 §8.1)", async () => {
  using set = http2Stage();
  const response = set.client.fetch("http://a/", { method: "POST", body: new ReadableStream() });
  const peer = await set.accept();
  const { id } = await heardRequest(peer);
  answer(peer, id, "enough");
  peer.reset(id, 0);
  assertEquals(await (await response).text(), "enough");
  assertEquals(set.client.connections, 1);
});

Deno.test("HttpClient keeps content that it has but once until it knows how many streams the server takes", async () => {
  using set = http2Stage({ limits: { maxConnectionsPerOrigin: 1 } });
  const stream = () => new Blob(["hello"]).stream();
  const fetched = [1, 2, 3].map((at) => set.client.fetch(`http://a/${at}`, { method: "POST", body: stream() }));
  const peer = new Peer(await set.acceptRaw(), { role: "server", acknowledges: false });
  for (const id of [1, 3, 5]) assertEquals((await heardRequest(peer)).id, id);
  await peersSettled(peer);
  const contents = () => peer.heard.filter(({ type }) => type === "data").map(({ streamId }) => streamId);
  assertEquals(contents(), []);
  peer.open([[MAX_CONCURRENT_STREAMS, 2]]);
  assertEquals([(await peer.message(1)).body, (await peer.message(3)).body], ["hello", "hello"]);
  assertEquals(contents().includes(5), false);
  peer.reset(5, REFUSED_STREAM);
  answer(peer, 1);
  const again = await heardRequest(peer);
  assertEquals([valueOf(again, ":path"), (await peer.message(again.id)).body], ["/3", "hello"]);
  answer(peer, 3);
  answer(peer, again.id);
  for (const response of fetched) assertEquals(await (await response).text(), "hello");
});

Deno.test("HttpClient reads a response while it sends the request, both as they come", async () => {
  using set = http2Stage();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const fetched = set.client.fetch("http://a/", { method: "POST", body: readable });
  const peer = await set.accept();
  const { id } = await heardRequest(peer);
  peer.headers(id, [[":status", "200"]]);
  const reader = (await fetched).body!.getReader();
  for (const word of ["one", "two", "three"]) {
    await writer.write(new TextEncoder().encode(word));
    assertEquals(latin1((await peer.expect("data")).data), word);
    peer.data(id, word);
    assertEquals(latin1((await reader.read()).value!), word);
  }
  await writer.close();
  assertEquals((await peer.expect("data")).endStream, true);
  peer.data(id, "", { end: true });
  assertEquals((await reader.read()).done, true);
});

Deno.test("HttpClient follows redirects over the same connection", async () => {
  using set = http2Stage();
  const fetched = set.client.fetch("http://a/1", { method: "POST", body: "hello" });
  const peer = await set.accept();
  const first = await heardRequest(peer);
  await peer.message(first.id);
  peer.headers(first.id, [[":status", "303"], ["location", "/2"]], { end: true });
  const second = await serveOne(peer);
  assertEquals([valueOf(second, ":method"), valueOf(second, ":path")], ["GET", "/2"]);
  const response = await fetched;
  assertEquals([response.redirected, response.url, await response.text(), set.dials], [true, "http://a/2", "hello", 1]);
});

const MALFORMED: readonly (readonly [what: string, fields: Pair[]])[] = [
  ["no :status", [["x-a", "b"]]],
  ["a :status that is none", [[":status", "20"]]],
  ["a field of a connection", [[":status", "200"], ["connection", "close"]]],
  ["an upper-case name", [[":status", "200"], ["X-A", "b"]]],
  ["101, which HTTP/2 has not (RFC 9113 §8.6)", [[":status", "101"]]],
];

for (const [what, fields] of MALFORMED) {
  Deno.test(`HttpClient refuses a response with ${what}, and goes on with the connection`, async () => {
    using set = http2Stage();
    const failing = rejection(set.client.fetch("http://a/"));
    const peer = await set.accept();
    const { id } = await heardRequest(peer);
    peer.headers(id, fields, { end: true });
    const error = await failing;
    assertInstanceOf(error, TypeError);
    assertInstanceOf(error.cause, Http2Error);
    assertEquals((await peer.expect("rstStream")).code, PROTOCOL_ERROR);
    const next = set.client.fetch("http://a/");
    await serveOne(peer);
    assertEquals([(await next).status, set.dials], [200, 1]);
  });
}

Deno.test("HttpClient bounds a response's head over HTTP/2", async () => {
  using set = http2Stage({ limits: { maxHeadBytes: 1_000, maxFields: 10 } });
  const heads: Pair[][] = [
    [[":status", "200"], ["x-a", "b".repeat(2_000)]],
    [[":status", "200"], ...Array.from({ length: 11 }, (_, at): Pair => [`x-${at}`, ""])],
  ];
  const first = set.client.fetch("http://a/");
  const peer = await set.accept();
  await serveOne(peer);
  await first;
  for (const head of heads) {
    const failing = rejection(set.client.fetch("http://a/"));
    const { id } = await heardRequest(peer);
    peer.headers(id, head, { end: true });
    const error = await failing;
    assertInstanceOf(error, TypeError);
    assertMatch(error.message, /fields must be within the limits/);
    assertEquals((await peer.expect("rstStream")).code, ENHANCE_YOUR_CALM);
  }
  assertEquals(set.dials, 1);
});

Deno.test("HttpClient understands each frame however it is cut", async () => {
  for (const chunkSize of [1, 2, 3, 7]) {
    using set = http2Stage({ chunkSize });
    const fetched = set.client.fetch("http://a/", { method: "POST", body: "content" });
    const peer = await set.accept();
    const { id } = await heardRequest(peer);
    assertEquals((await peer.message(id)).body, "content");
    peer.headers(id, [[":status", "200"], ["x-long", "v".repeat(20_000)]]);
    peer.data(id, "hel");
    peer.data(id, "lo");
    peer.headers(id, [["x-t", "1"]], { end: true });
    const response = await fetched;
    assertEquals([response.headers.get("x-long")?.length, await response.text()], [20_000, "hello"]);
    assertEquals((await trailersOf(response)).get("x-t"), "1");
  }
});
