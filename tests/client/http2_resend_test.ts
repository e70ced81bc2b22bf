/**
 * Owns the proof of what becomes of requests whose stream or connection ends before its time: which go over another
 * connection, and what their callers are told (RFC 9113 §8.7, RFC 9110 §9.2.2).
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { ConnectionLostError, type FetchInit, Http2Error } from "../../client/mod.ts";
import type { MemoryTransport } from "../../net/mod.ts";
import { type Peer, settled } from "../http2/peer.ts";
import {
  answer,
  CANCEL,
  heardRequest,
  type Http2Stage,
  http2Stage,
  HTTP_1_1_REQUIRED,
  NO_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  serveOne,
  valueOf,
} from "./http2_stage.ts";
import { Peer as Http1Peer, rejection, until } from "./peer.ts";

const streamed = (): ReadableStream<Uint8Array<ArrayBuffer>> => new Blob(["hello"]).stream();

/** Says goodbye: streams above `last` were not processed. */
function goAway(peer: Peer, last: number, code = NO_ERROR): void {
  peer.write({ type: "goAway", streamId: 0, lastStreamId: last, code, debug: new TextEncoder().encode("bye") });
}

/** A client with a connection that was used once; the peer's end of that. */
async function warm(set: Http2Stage): Promise<Peer> {
  const response = set.client.fetch("http://a/warm");
  const peer = await set.accept();
  await serveOne(peer);
  await (await response).text();
  return peer;
}

/** Requests: whether they may be sent again where nothing was processed, and where that is not known. */
const REQUESTS: readonly (readonly [what: string, init: () => FetchInit, refused: boolean, lost: boolean])[] = [
  ["GET", () => ({}), true, true],
  ["PUT of a string", () => ({ method: "PUT", body: "hello" }), true, true],
  ["DELETE", () => ({ method: "DELETE" }), true, true],
  ["POST of nothing", () => ({ method: "POST" }), true, false],
  ["POST of a string", () => ({ method: "POST", body: "hello" }), true, false],
  ["POST of a Blob", () => ({ method: "POST", body: new Blob(["hello"]) }), true, false],
  ["PUT of a stream", () => ({ method: "PUT", body: streamed() }), false, false],
];

/** Hears a whole request. */
async function heardWhole(peer: Peer): Promise<number> {
  const { id, end } = await heardRequest(peer);
  if (!end) assertEquals((await peer.message(id)).body, "hello");
  return id;
}

for (const [what, init, again] of REQUESTS) {
  for (const why of ["REFUSED_STREAM", "GOAWAY"] as const) {
    Deno.test(`HttpClient.fetch sends a ${what} ${again ? "again" : "once"} where ${why} says that it was not processed`, async () => {
      using set = http2Stage();
      const peer = await warm(set);
      const response = set.client.fetch("http://a/", init());
      const failing = again ? undefined : rejection(response);
      const id = await heardWhole(peer);
      if (why === "GOAWAY") goAway(peer, id - 2);
      else peer.reset(id, REFUSED_STREAM);
      if (again) {
        const next = why === "GOAWAY" ? await set.accept() : peer;
        const second = await heardWhole(next);
        answer(next, second);
        assertEquals(await (await response).text(), "hello");
      } else assertInstanceOf(await failing, TypeError);
      assertEquals(set.dials, why === "GOAWAY" && again ? 2 : 1);
    });
  }
}

/** The ways in which a connection dies. */
const DEATHS: Readonly<Record<string, (peer: Peer) => unknown>> = {
  "is closed": (peer) => peer.close(),
  "ends": (peer) => peer.end(),
  "is reset": (peer) => (peer.transport as MemoryTransport).reset(),
  "says goodbye and is closed": async (peer) => {
    goAway(peer, 0x7fff_ffff);
    await settled(peer);
    peer.close();
  },
};

for (const [death, die] of Object.entries(DEATHS)) {
  for (const [what, init, , again] of REQUESTS) {
    Deno.test(`HttpClient.fetch sends a ${what} ${again ? "again" : "once"} where a reused connection ${death}`, async () => {
      using set = http2Stage();
      const peer = await warm(set);
      const response = set.client.fetch("http://a/", init());
      const failing = again ? undefined : rejection(response);
      await heardWhole(peer);
      await die(peer);
      if (again) {
        const next = await set.accept();
        const second = await heardWhole(next);
        answer(next, second);
        assertEquals(await (await response).text(), "hello");
        return;
      }
      const error = await failing;
      assertInstanceOf(error, TypeError);
      assertInstanceOf(error.cause, ConnectionLostError);
      assertEquals([error.cause.reused, error.cause.mayHaveBeenProcessed, error.cause.phase], [true, true, "head"]);
      assertEquals([set.dials, set.client.connections], [1, 0]);
    });
  }

  Deno.test(`HttpClient.fetch sends a GET once where a new connection ${death}`, async () => {
    using set = http2Stage();
    const failing = rejection(set.client.fetch("http://a/"));
    const peer = await set.accept();
    await heardRequest(peer);
    await die(peer);
    const error = await failing;
    assertInstanceOf(error, TypeError);
    assertInstanceOf(error.cause, ConnectionLostError);
    assertEquals([error.cause.reused, error.cause.mayHaveBeenProcessed], [false, true]);
    assertEquals([set.dials, set.client.connections], [1, 0]);
  });

  Deno.test(`HttpClient breaks content off where its connection ${death}; what came before can be read`, async () => {
    using set = http2Stage();
    const fetched = set.client.fetch("http://a/");
    const peer = await set.accept();
    const { id } = await heardRequest(peer);
    peer.headers(id, [[":status", "200"]]);
    peer.data(id, "some");
    const reader = (await fetched).body!.getReader();
    assertEquals(new TextDecoder().decode((await reader.read()).value), "some");
    await die(peer);
    const error = await rejection(reader.read());
    assertInstanceOf(error, TypeError);
    assertInstanceOf(error.cause, ConnectionLostError);
    await until(() => set.client.connections === 0);
  });
}

Deno.test("HttpClient.fetch rejects where an answer was begun by an interim one, and sends nothing again", async () => {
  using set = http2Stage();
  const peer = await warm(set);
  const failing = rejection(set.client.fetch("http://a/"));
  const { id } = await heardRequest(peer);
  peer.headers(id, [[":status", "103"]]);
  await settled(peer);
  peer.close();
  const error = await failing;
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, ConnectionLostError);
  assertEquals(set.dials, 1);
});

Deno.test("HttpClient lets a request that was refused wait until another one is answered", async () => {
  using set = http2Stage({ limits: { maxConnectionsPerOrigin: 1 } });
  const peer = await warm(set);
  const responses = [1, 2, 3].map((path) => set.client.fetch(`http://a/${path}`));
  const ids = [];
  for (const _ of responses) ids.push((await heardRequest(peer)).id);
  peer.reset(ids[2]!, REFUSED_STREAM); // whatever its SETTINGS say
  await settled(peer);
  assertEquals(peer.heard.filter(({ type }) => type === "headers").length, 4);
  answer(peer, ids[0]!);
  assertEquals(valueOf(await serveOne(peer), ":path"), "/3");
  answer(peer, ids[1]!);
  for (const response of responses) assertEquals(await (await response).text(), "hello");
});

Deno.test("HttpClient.fetch gives up after it was refused three times", async () => {
  using set = http2Stage();
  const failing = rejection(set.client.fetch("http://a/"));
  const peer = await set.accept();
  for (let time = 0; time < 3; time++) peer.reset((await heardRequest(peer)).id, REFUSED_STREAM);
  const error = await failing;
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, Http2Error);
  assertEquals(error.cause.code, REFUSED_STREAM);
  await settled(peer);
  assertEquals(peer.heard.filter(({ type }) => type === "headers").length, 3);
});

for (const [name, code] of Object.entries({ CANCEL, NO_ERROR, PROTOCOL_ERROR })) {
  Deno.test(`HttpClient.fetch tells that the server has reset the stream by ${name}, and goes on with the connection`, async () => {
    using set = http2Stage();
    const peer = await warm(set);
    const failing = rejection(set.client.fetch("http://a/"));
    peer.reset((await heardRequest(peer)).id, code);
    const error = await failing;
    assertInstanceOf(error, TypeError);
    assertInstanceOf(error.cause, Http2Error);
    assertEquals([error.cause.code, error.cause.scope], [code, "stream"]);
    assertMatch(error.message, RegExp(`received ${name}$`));
    const next = set.client.fetch("http://a/");
    await serveOne(peer);
    assertEquals([(await next).status, set.dials], [200, 1]);
  });
}

Deno.test("HttpClient breaks content off where the server resets its stream", async () => {
  using set = http2Stage();
  const fetched = set.client.fetch("http://a/");
  const peer = await set.accept();
  const { id } = await heardRequest(peer);
  peer.headers(id, [[":status", "200"]]);
  peer.data(id, "some");
  const text = rejection((await fetched).text());
  peer.reset(id, CANCEL);
  const error = await text;
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, Http2Error);
  assertEquals(set.client.connections, 1);
});

Deno.test("HttpClient lets streams end that GOAWAY leaves, takes others elsewhere, and closes then (RFC 9113 §6.8)", async () => {
  using set = http2Stage();
  const responses = [1, 2, 3].map((path) => set.client.fetch(`http://a/${path}`, { method: "POST" }));
  const peer = await set.accept();
  for (const _ of responses) await heardRequest(peer);
  goAway(peer, 3);
  const other = await set.accept();
  const moved = await heardRequest(other);
  assertEquals(valueOf(moved, ":path"), "/3");
  const later = set.client.fetch("http://a/4");
  assertEquals(valueOf(await serveOne(other), ":path"), "/4");
  assertEquals(await (await later).text(), "hello");
  answer(peer, 1, "first");
  answer(peer, 3, "second");
  answer(other, moved.id, "third");
  const texts = await Promise.all(responses.map(async (response) => (await response).text()));
  assertEquals(texts, ["first", "second", "third"]);
  await peer.readToEnd();
  assertEquals([set.dials, set.client.connections], [2, 1]);
});

Deno.test("HttpClient understands a GOAWAY in two steps", async () => {
  using set = http2Stage();
  const responses = [1, 2].map((path) => set.client.fetch(`http://a/${path}`));
  const peer = await set.accept();
  for (const _ of responses) await heardRequest(peer);
  goAway(peer, 0x7fff_ffff);
  await settled(peer);
  assertEquals(set.dials, 1, "as all may be processed");
  goAway(peer, 1);
  const other = await set.accept();
  await serveOne(other, "elsewhere");
  answer(peer, 1, "here");
  assertEquals(await Promise.all(responses.map(async (response) => (await response).text())), ["here", "elsewhere"]);
});

Deno.test("HttpClient gives a request that races with a GOAWAY to another connection", async () => {
  using set = http2Stage();
  const peer = await warm(set);
  goAway(peer, 1);
  const response = set.client.fetch("http://a/", { method: "POST", body: "hello" }); // before it could have heard of it
  const other = await set.accept();
  answer(other, await heardWhole(other));
  assertEquals(await (await response).text(), "hello");
});

Deno.test("HttpClient asks by HTTP/1.1 where the server requires it (RFC 9113 §7)", async () => {
  using set = http2Stage({ alpn: (dial) => dial === 1 ? "h2" : "http/1.1" });
  const response = set.client.fetch("https://a/x", { method: "POST", body: "hello" });
  const peer = await set.accept();
  const id = await heardWhole(peer);
  peer.reset(id, HTTP_1_1_REQUIRED);
  const raw = new Http1Peer(await set.acceptRaw());
  assertEquals(set.offered, ["http/1.1"]);
  assertMatch(await raw.answer(), /^POST \/x HTTP\/1\.1\r\n/);
  assertEquals(await (await response).text(), "hello");
  const next = set.client.fetch("https://a/y");
  assertEquals(valueOf(await serveOne(peer), ":path"), "/y");
  assertEquals(await (await next).text(), "hello");
});

Deno.test("HttpClient tells that the server requires HTTP/1.1 where it may not speak it", async () => {
  using set = http2Stage();
  const failing = rejection(set.client.fetch("http://a/"));
  const peer = await set.accept();
  peer.reset((await heardRequest(peer)).id, HTTP_1_1_REQUIRED);
  assertMatch(String(await failing), /HTTP_1_1_REQUIRED/);
});

Deno.test("HttpClient tells all whose connection breaks a rule, and the server why", async () => {
  using set = http2Stage();
  const failing = [1, 2].map((path) => rejection(set.client.fetch(`http://a/${path}`)));
  const peer = await set.accept();
  await heardRequest(peer);
  await heardRequest(peer);
  peer.write({ type: "windowUpdate", streamId: 0, increment: 0x7fff_ffff });
  for (const error of await Promise.all(failing)) {
    assertInstanceOf(error, TypeError);
    assertInstanceOf(error.cause, Http2Error);
    assertEquals(error.cause.scope, "connection");
  }
  assertEquals((await peer.expect("goAway")).lastStreamId, 0);
  await peer.end();
  await until(() => set.client.connections === 0);
  const next = set.client.fetch("http://a/");
  await serveOne(await set.accept());
  assertEquals((await next).status, 200);
});

Deno.test("HttpClient does not wait for ever for a server that has heard why it is left", async () => {
  using set = http2Stage();
  const failing = rejection(set.client.fetch("http://a/"));
  const peer = await set.accept();
  await heardRequest(peer);
  peer.write({ type: "windowUpdate", streamId: 0, increment: 0x7fff_ffff });
  await failing;
  await peer.expect("goAway");
  await settled(peer);
  assertEquals(set.client.connections, 1);
  set.clock.advance(1_000);
  await until(() => set.client.connections === 0);
});

Deno.test("HttpClient hears what a server that takes no more octets has said before", async () => {
  using set = http2Stage();
  const peer = await warm(set);
  goAway(peer, 1);
  await settled(peer);
  peer.close();
  const response = set.client.fetch("http://a/", { method: "POST", body: "hello" });
  const other = await set.accept();
  answer(other, await heardWhole(other));
  assertEquals((await response).status, 200);
  assert(set.dials === 2);
});
