/**
 * Owns the proof of which connection carries which request where HTTP/2 may be spoken: ALPN, one dial for all that wait for it,
 * streams that are full, limits, deadlines, ends.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import { ClientError, HttpClient, type HttpClientOptions } from "../../client/mod.ts";
import { memoryNetwork, type MemoryTransport } from "../../net/mod.ts";
import { ManualClock } from "../../timer/mod.ts";
import { Peer, settled as peersSettled } from "../http2/peer.ts";
import {
  answer,
  heardRequest,
  http2Stage,
  MAX_CONCURRENT_STREAMS,
  NO_ERROR,
  serveOne,
  valueOf,
} from "./http2_stage.ts";
import { OK, Peer as Http1Peer, rejection, settled, until } from "./peer.ts";

/** The paths of requests that are sent at once. */
const PATHS = ["/1", "/2", "/3", "/4", "/5"];

Deno.test("HttpClient opens one connection for all requests to an origin that speaks HTTP/2, and keeps it", async () => {
  using set = http2Stage();
  const responses = PATHS.map((path) => set.client.fetch(`http://a${path}`));
  const peer = await set.accept();
  for (const [index, path] of PATHS.entries()) {
    const request = await heardRequest(peer);
    assertEquals([request.id, valueOf(request, ":path")], [2 * index + 1, path]);
  }
  for (const index of [4, 2, 0, 1, 3]) answer(peer, 2 * index + 1, PATHS[index]!);
  for (const [index, response] of responses.entries()) assertEquals(await (await response).text(), PATHS[index]);
  assertEquals([set.dials, set.client.connections], [1, 1]);
  const again = set.client.fetch("http://a/again");
  assertEquals((await serveOne(peer)).id, 11);
  assertEquals([await (await again).text(), set.dials], ["hello", 1]);
});

Deno.test("HttpClient puts all requests of a turn into one write", async () => {
  using set = http2Stage();
  const first = set.client.fetch("http://a/");
  const transport = await set.acceptRaw();
  const peer = new Peer(transport, { role: "server" });
  peer.open();
  await serveOne(peer);
  await (await first).text();
  await peersSettled(peer);
  let reads = 0;
  const read = transport.read.bind(transport);
  Object.defineProperty(transport, "read", {
    value: (into: Uint8Array) => read(into).then((count) => (reads++, count)),
  });
  const responses = PATHS.map((path) => set.client.fetch(`http://a${path}`));
  for (const _ of PATHS) await serveOne(peer);
  await Promise.all(responses);
  assert(reads <= 2, `one read, or two where one was parked before: ${reads}`);
});

Deno.test("HttpClient offers h2 and http/1.1 by ALPN, and dials once until one is chosen (RFC 7301)", async () => {
  using set = http2Stage({ alpn: () => "h2" });
  const responses = PATHS.map((path) => set.client.fetch(`https://a${path}`));
  await settled(() => set.dials);
  assertEquals([set.dials, set.offered], [1, ["h2", "http/1.1"]]);
  const peer = await set.accept();
  for (const _ of PATHS) assertEquals(valueOf(await serveOne(peer), ":scheme"), "https");
  for (const response of responses) assertEquals(await (await response).text(), "hello");
  assertEquals(set.dials, 1);
});

for (const chosen of ["http/1.1", null]) {
  Deno.test(`HttpClient opens a connection for each that waits once ALPN has chosen ${chosen ?? "nothing"}`, async () => {
    using set = http2Stage({ alpn: () => chosen });
    const responses = PATHS.map((path) => set.client.fetch(`https://a${path}`));
    await settled(() => set.dials);
    assertEquals(set.dials, PATHS.length);
    for (const path of PATHS) assertMatch(await new Http1Peer(await set.acceptRaw()).answer(), RegExp(`^GET ${path} `));
    for (const response of responses) assertEquals(await (await response).text(), "hello");
    await set.client.fetch("https://a/", { signal: AbortSignal.abort() }).catch(() => {});
    assertEquals(set.client.connections, PATHS.length);
  });
}

Deno.test("HttpClient offers what it may speak only, and takes nothing else", async () => {
  const cases: [HttpClientOptions["protocols"], string | null, boolean][] = [
    [["http/1.1"], "h2", false],
    [["http/1.1"], null, true],
    [["h2"], "http/1.1", false],
    [["h2"], null, false],
  ];
  for (const [protocols, alpn, works] of cases) {
    using set = http2Stage({ protocols: protocols!, alpn: () => alpn });
    const fetched = set.client.fetch("https://a/");
    if (works) {
      await new Http1Peer(await set.acceptRaw()).answer();
      assertEquals(await (await fetched).text(), "hello");
    } else {
      const error = await rejection(fetched);
      assertInstanceOf(error, TypeError);
      assertInstanceOf(error.cause, ClientError);
      assertMatch(error.message, RegExp(`its ALPN must choose ${protocols}: received ${alpn ?? "none"}`));
      assertEquals([error.cause.phase, set.client.connections], ["dial", 0]);
    }
    assertEquals(set.offered, protocols);
  }
});

Deno.test("HttpClient speaks HTTP/1.1 without TLS unless it may speak HTTP/2 only", async () => {
  const { listener, connect } = memoryNetwork();
  await using client = new HttpClient({ connect });
  const fetched = client.fetch("http://a/");
  const peer = new Http1Peer(await listener.accept() as MemoryTransport);
  assertMatch(await peer.answer(), /^GET \/ HTTP\/1\.1\r\n/);
  assertEquals(await (await fetched).text(), "hello");
  listener.close();
});

Deno.test("HttpClient() refuses protocols that are no list of versions", () => {
  for (const protocols of [[], ["h3"], "h2", [1]]) {
    assertThrows(() => new HttpClient({ protocols: protocols as unknown as ["h2"] }), TypeError, "'protocols' must be");
  }
});

Deno.test("HttpClient() refuses windows beyond what HTTP/2 can say, and hooks that are none", () => {
  for (const name of ["streamWindowBytes", "maxStreamWindowBytes", "connectionWindowBytes"]) {
    for (const value of [0, -1, 1.5, 2 ** 31, NaN]) {
      assertThrows(() => new HttpClient({ limits: { [name]: value } }), RangeError, `limits.${name}`);
    }
    new HttpClient({ limits: { [name]: 2 ** 31 - 1 } });
    new HttpClient({ limits: { [name]: Infinity } });
  }
  for (const name of ["settings", "ping", "pong"]) {
    assertThrows(() => new HttpClient({ timeouts: { [name]: 0 } }), RangeError, `timeouts.${name}`);
  }
  for (const name of ["onPush", "onAnnouncement"]) {
    assertThrows(() => new HttpClient({ [name]: "no function" }), TypeError, `'${name}' must be a function`);
  }
});

Deno.test("HttpClient tells all that waited for a dial when it fails", async () => {
  const client = new HttpClient({ connect: () => Promise.reject(new Error("no way")), protocols: ["h2"] });
  const errors = await Promise.all(PATHS.map((path) => rejection(client.fetch(`http://a${path}`))));
  for (const error of errors) assertMatch(String(error), /could not be connected to: no way/);
  assertEquals(client.connections, 0);
});

Deno.test("HttpClient sends no more requests at once than the server takes, and opens another connection for the rest", async () => {
  using set = http2Stage();
  const first = set.client.fetch("http://a/0");
  const peer = await set.accept([[MAX_CONCURRENT_STREAMS, 2]]);
  await serveOne(peer, "0");
  await (await first).text();
  const responses = PATHS.map((path) => set.client.fetch(`http://a${path}`));
  const other = await set.accept([[MAX_CONCURRENT_STREAMS, 2]]);
  const third = await set.accept([[MAX_CONCURRENT_STREAMS, 2]]);
  for (const [end, paths] of [[peer, ["/1", "/2"]], [other, ["/3", "/4"]], [third, ["/5"]]] as const) {
    const requests = [];
    for (const path of paths) {
      const request = await heardRequest(end);
      assertEquals(valueOf(request, ":path"), path);
      requests.push(request);
    }
    await peersSettled(end);
    for (const { id } of requests) answer(end, id);
  }
  for (const response of responses) assertEquals(await (await response).text(), "hello");
  assertEquals([set.dials, set.client.connections], [3, 3]);
});

Deno.test("HttpClient lets requests wait for a stream where it may open no more connections, the longest first", async () => {
  using set = http2Stage({ limits: { maxConnectionsPerOrigin: 1 } });
  const first = set.client.fetch("http://a/0");
  const peer = await set.accept([[MAX_CONCURRENT_STREAMS, 1]]);
  await serveOne(peer, "0");
  await (await first).text();
  const responses = PATHS.map((path) => set.client.fetch(`http://a${path}`));
  for (const path of PATHS) assertEquals(valueOf(await serveOne(peer), ":path"), path);
  for (const response of responses) assertEquals(await (await response).text(), "hello");
  assertEquals(set.dials, 1);
});

Deno.test("HttpClient goes on with what waits when the server takes more streams", async () => {
  using set = http2Stage({ limits: { maxConnectionsPerOrigin: 1 } });
  const first = set.client.fetch("http://a/0");
  const peer = await set.accept([[MAX_CONCURRENT_STREAMS, 1]]);
  await serveOne(peer, "0");
  await (await first).text();
  const responses = PATHS.map((path) => set.client.fetch(`http://a${path}`));
  const ids = [(await heardRequest(peer)).id];
  peer.write({ type: "settings", streamId: 0, ack: false, entries: [[MAX_CONCURRENT_STREAMS, 3]] });
  ids.push((await heardRequest(peer)).id, (await heardRequest(peer)).id);
  peer.write({ type: "settings", streamId: 0, ack: false, entries: [[MAX_CONCURRENT_STREAMS, 1]] });
  await peersSettled(peer);
  for (const id of ids.slice(0, 2)) answer(peer, id);
  await peersSettled(peer);
  assertEquals(peer.heard.filter(({ type }) => type === "headers").length, 4, "one is still under way");
  answer(peer, ids[2]!);
  for (let left = 0; left < 2; left++) await serveOne(peer);
  for (const response of responses) assertEquals(await (await response).text(), "hello");
});

Deno.test("HttpClient waits for a server that takes no stream for the time being, and opens nothing beside", async () => {
  using set = http2Stage();
  const first = set.client.fetch("http://a/0");
  const peer = await set.accept();
  await serveOne(peer, "0");
  await (await first).text();
  peer.write({ type: "settings", streamId: 0, ack: false, entries: [[MAX_CONCURRENT_STREAMS, 0]] });
  await peersSettled(peer);
  const response = set.client.fetch("http://a/1");
  await settled(() => set.dials);
  assertEquals(set.dials, 1);
  peer.write({ type: "settings", streamId: 0, ack: false, entries: [[MAX_CONCURRENT_STREAMS, 9]] });
  await serveOne(peer);
  assertEquals(await (await response).text(), "hello");
});

Deno.test("HttpClient assumes 100 streams before the server has said how many it takes (RFC 9113 §6.5.2)", async () => {
  using set = http2Stage();
  const responses = Array.from({ length: 150 }, (_, index) => set.client.fetch(`http://a/${index}`));
  const peer = new Peer(await set.acceptRaw(), { role: "server", acknowledges: false });
  await until(() => peer.heard.filter(({ type }) => type === "headers").length === 100);
  await settled(() => set.dials);
  assertEquals([set.dials, peer.heard.filter(({ type }) => type === "headers").length], [1, 100]);
  peer.open([[MAX_CONCURRENT_STREAMS, 150]]);
  for (const _ of responses) await serveOne(peer);
  for (const response of responses) assertEquals(await (await response).text(), "hello");
  assertEquals(set.dials, 1);
});

Deno.test("HttpClient bounds those that wait for a stream, and how long they do", async () => {
  using set = http2Stage({ limits: { maxConnectionsPerOrigin: 1, maxQueued: 1 } });
  const first = set.client.fetch("http://a/0");
  const peer = await set.accept([[MAX_CONCURRENT_STREAMS, 1]]);
  await serveOne(peer, "0");
  await (await first).text();
  const carried = set.client.fetch("http://a/1");
  const waiting = rejection(set.client.fetch("http://a/2"));
  const refused = await rejection(set.client.fetch("http://a/3"));
  assertInstanceOf(refused, TypeError);
  assertInstanceOf(refused.cause, ClientError);
  assertEquals(refused.cause.phase, "queue");
  set.clock.advance(60_000);
  const late = await waiting;
  assert(late instanceof DOMException);
  assertEquals(late.name, "TimeoutError");
  await serveOne(peer);
  assertEquals(await (await carried).text(), "hello");
});

Deno.test("HttpClient lets requests wait for a dial that they share, though none may wait for longer", async () => {
  using set = http2Stage({ limits: { maxQueued: 0 } });
  const responses = PATHS.map((path) => set.client.fetch(`http://a${path}`));
  const peer = await set.accept();
  for (const _ of PATHS) await serveOne(peer);
  for (const response of responses) assertEquals(await (await response).text(), "hello");
});

Deno.test("HttpClient bounds those that wait for a dial that they share", async () => {
  using set = http2Stage({ limits: { maxQueued: 1 } });
  const responses = Array.from({ length: 101 }, (_, index) => set.client.fetch(`http://a/${index}`));
  const error = await rejection(set.client.fetch("http://a/one-too-many"));
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, ClientError);
  assertEquals([error.cause.phase, set.dials], ["queue", 1]);
  const peer = await set.accept();
  for (const _ of responses) await serveOne(peer);
  for (const response of responses) assertEquals(await (await response).text(), "hello");
});

Deno.test("HttpClient says goodbye to a connection that was idle for too long", async () => {
  using set = http2Stage();
  const response = set.client.fetch("http://a/");
  const peer = await set.accept();
  await serveOne(peer);
  await (await response).text();
  await peersSettled(peer);
  set.clock.advance(49_999);
  assertEquals(set.client.connections, 1);
  set.clock.advance(1);
  await until(() => set.client.connections === 0);
  assertEquals((await peer.expect("goAway")).code, NO_ERROR);
  await peer.readToEnd();
  const next = set.client.fetch("http://a/");
  await serveOne(await set.accept());
  assertEquals((await next).status, 200);
});

Deno.test("HttpClient notices at once that the server has closed an idle HTTP/2 connection, and never uses it", async () => {
  for (const end of ["end", "close", "reset", "goAway"] as const) {
    using set = http2Stage();
    const response = set.client.fetch("http://a/");
    const peer = await set.accept();
    await serveOne(peer);
    await (await response).text();
    if (end === "end") await peer.end();
    else if (end === "close") peer.close();
    else if (end === "reset") (peer.transport as MemoryTransport).reset();
    else peer.write({ type: "goAway", streamId: 0, lastStreamId: 1, code: 0, debug: new Uint8Array(0) });
    await until(() => set.client.connections === 0);
    const next = set.client.fetch("http://a/", { method: "POST" });
    await serveOne(await set.accept());
    assertEquals((await next).status, 200, end);
  }
});

Deno.test("HttpClient closes an idle HTTP/2 connection of another origin to make room", async () => {
  using set = http2Stage({ limits: { maxConnections: 1 } });
  const first = set.client.fetch("http://a/");
  const peer = await set.accept();
  const second = set.client.fetch("http://b/");
  await settled(() => set.dials);
  assertEquals(set.dials, 1, "as the one is busy");
  await serveOne(peer);
  await (await first).text();
  const other = await set.accept();
  assertEquals((await peer.readToEnd()).at(-1)?.type, "goAway");
  await serveOne(other);
  assertEquals([await (await second).text(), set.client.connections], ["hello", 1]);
});

Deno.test("HttpClient.close() rejects what is under way and what waits, and says goodbye", async () => {
  const set = http2Stage({ limits: { maxConnectionsPerOrigin: 1 } });
  const fetched = set.client.fetch("http://a/0");
  const peer = await set.accept([[MAX_CONCURRENT_STREAMS, 3]]);
  const first = await heardRequest(peer);
  peer.headers(first.id, [[":status", "200"]]);
  peer.data(first.id, "some");
  const reading = rejection((await fetched).text());
  await peersSettled(peer);
  const failing = ["/1", "/2", "/3", "/4"].map((path) => rejection(set.client.fetch(`http://a${path}`)));
  await peersSettled(peer);
  set.client.close();
  for (const error of [await reading, ...await Promise.all(failing)]) {
    assertMatch(String(error), /the client is closed/);
  }
  assertEquals(set.client.connections, 0);
  const types = (await peer.readToEnd()).map(({ type }) => type);
  assert(types.includes("goAway"), types.join());
  assertMatch(String(await rejection(set.client.fetch("http://a/"))), /the client is closed/);
  set[Symbol.dispose]();
});

Deno.test("HttpClient.close() within a callback ends also what has come and was not told yet", async () => {
  const set = http2Stage();
  const warm = set.client.fetch("http://a/");
  const peer = await set.accept();
  await serveOne(peer);
  await (await warm).text();
  const onInformation = () => set.client.close();
  const failing = ["/1", "/2"].map((path) => rejection(set.client.fetch(`http://a${path}`, { onInformation })));
  for (const _ of failing) await heardRequest(peer);
  const head = (status: string) => peer.encoder.encodeBlock([{ name: ":status", value: status }]);
  peer.write(
    { type: "headers", streamId: 3, endStream: false, endHeaders: true, fragment: head("103") },
    { type: "headers", streamId: 3, endStream: true, endHeaders: true, fragment: head("200") },
    { type: "headers", streamId: 5, endStream: true, endHeaders: true, fragment: head("200") },
  );
  for (const error of await Promise.all(failing)) assertMatch(String(error), /the client is closed/);
  assertEquals(set.client.connections, 0);
  set[Symbol.dispose]();
});

Deno.test("HttpClient gives up a dial that nobody waits for any more", async () => {
  const clock = new ManualClock();
  const aborted = Promise.withResolvers<void>();
  const client = new HttpClient({
    connect: ({ signal }) => {
      signal.addEventListener("abort", () => aborted.resolve());
      return new Promise(() => {});
    },
    protocols: ["h2"],
    clock,
  });
  const controllers = PATHS.map(() => new AbortController());
  const failing = PATHS.map((path, at) =>
    rejection(client.fetch(`http://a${path}`, { signal: controllers[at]!.signal }))
  );
  for (const controller of controllers) controller.abort("no more");
  await aborted.promise;
  assertEquals(await Promise.all(failing), PATHS.map(() => "no more"));
  await until(() => client.connections === 0);
});

Deno.test("HttpClient keeps to each version where servers of an origin speak different ones", async () => {
  using set = http2Stage({ alpn: (dial) => dial === 1 ? "h2" : "http/1.1" });
  const first = set.client.fetch("https://a/1");
  const peer = await set.accept();
  await serveOne(peer);
  assertEquals(await (await first).text(), "hello");
  peer.close();
  await until(() => set.client.connections === 0);
  const second = set.client.fetch("https://a/2");
  const raw = new Http1Peer(await set.acceptRaw());
  assertMatch(await raw.head(), /^GET \/2 HTTP\/1\.1/);
  await raw.write(OK);
  assertEquals(await (await second).text(), "hello");
});
