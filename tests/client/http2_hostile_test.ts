/**
 * Owns the proof that no server keeps a client over HTTP/2 waiting for ever, or busy for nothing: what it never says, takes
 * back, or says too often.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { ClientError, type Push, TunnelRefusedError } from "../../client/mod.ts";
import { type Pair, Peer, settled as peersSettled } from "../http2/peer.ts";
import {
  answer,
  CANCEL,
  ENABLE_CONNECT_PROTOCOL,
  heardRequest,
  type Http2Stage,
  http2Stage,
  HTTP_1_1_REQUIRED,
  INITIAL_WINDOW_SIZE,
  MAX_CONCURRENT_STREAMS,
  serveOne,
  valueOf,
} from "./http2_stage.ts";
import { Peer as Http1Peer, rejection, settled, until } from "./peer.ts";

/** Numbers of settings (RFC 9113 §6.5.2). */
const MAX_FRAME_SIZE = 5;
const MAX_HEADER_LIST_SIZE = 6;

async function warm(set: Http2Stage): Promise<Peer> {
  const response = set.client.fetch("http://a/warm");
  const peer = await set.accept();
  await serveOne(peer);
  await (await response).text();
  return peer;
}

/** A signal that counts who listens to it. */
function countedSignal(): { readonly controller: AbortController; readonly listeners: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  Object.defineProperties(signal, {
    addEventListener: { value: (type: "abort", listener: () => void) => (listeners++, add(type, listener)) },
    removeEventListener: { value: (type: "abort", listener: () => void) => (listeners--, remove(type, listener)) },
  });
  return { controller, listeners: () => listeners };
}

Deno.test("HttpClient waits no longer than for a write to send content to a server that takes no stream after all", async () => {
  using set = http2Stage();
  let reason: unknown;
  const body = new ReadableStream<Uint8Array>({ cancel: (given) => void (reason = given) });
  const failing = rejection(set.client.fetch("http://a/", { method: "POST", body }));
  const peer = await set.accept([[MAX_CONCURRENT_STREAMS, 0]]);
  const { id } = await heardRequest(peer);
  await peersSettled(peer);
  set.clock.advance(59_999);
  await peersSettled(peer);
  assertEquals(reason, undefined);
  set.clock.advance(1);
  assertMatch(
    String(await failing),
    /TimeoutError: Cannot fetch as the sending of the request took longer than 60000 ms/,
  );
  assertMatch(String(reason), /TimeoutError/);
  assertEquals((await peer.message(id)).code, CANCEL);
});

Deno.test("HttpClient.connect() and upgrade() over HTTP/2 wait for the answer no longer than for any other", async () => {
  for (const open of ["connect", "upgrade"] as const) {
    using set = http2Stage();
    const opened = open === "connect"
      ? set.client.connect("http://a/", "b:80")
      : set.client.upgrade("http://a/", "websocket");
    const failing = rejection(opened);
    const peer = await set.accept([[ENABLE_CONNECT_PROTOCOL, 1]]);
    const { id } = await heardRequest(peer);
    await peersSettled(peer);
    set.clock.advance(300_000);
    assertMatch(String(await failing), /TimeoutError: Cannot read a response's head as it must come within 300000 ms/);
    assertEquals((await peer.message(id)).code, CANCEL);
  }
});

Deno.test("HttpClient reads the content of a refused tunnel with the deadlines of any other", async () => {
  using set = http2Stage();
  const opening = rejection(set.client.connect("http://a/", "b:80"));
  const peer = await set.accept();
  const { id } = await heardRequest(peer);
  peer.headers(id, [[":status", "403"]]);
  peer.data(id, "no");
  const error = await opening;
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, TunnelRefusedError);
  const reading = rejection(error.cause.response.text());
  await peersSettled(peer);
  set.clock.advance(300_000);
  assertMatch(String(await reading), /TimeoutError/);
  assertEquals((await peer.message(id)).code, CANCEL);
});

Deno.test("HttpClient keeps nothing of a response without content whose stream the server does not end", async () => {
  for (const [method, status] of [["HEAD", "200"], ["GET", "204"], ["GET", "304"], ["POST", "205"]] as const) {
    using set = http2Stage();
    const peer = await warm(set);
    const { controller, listeners } = countedSignal();
    const fetched = set.client.fetch("http://a/", { method, signal: controller.signal });
    const { id } = await heardRequest(peer);
    peer.headers(id, [[":status", status]]);
    assertEquals((await fetched).status, Number(status));
    await peersSettled(peer);
    set.clock.advance(2_000);
    await peersSettled(peer);
    assertEquals(listeners(), 0, `${method} ${status}`);
    assert(peer.heard.some((frame) => frame.type === "rstStream" && frame.streamId === id));
  }
});

Deno.test("HttpClient keeps to the second request of a redirected HEAD whose first stream ends late", async () => {
  for (const end of ["content", "reset"]) {
    using set = http2Stage();
    const peer = await warm(set);
    const { controller, listeners } = countedSignal();
    const failing = rejection(set.client.fetch("http://a/1", { method: "HEAD", signal: controller.signal }));
    const first = await heardRequest(peer);
    peer.headers(first.id, [[":status", "302"], ["location", "/2"]]);
    assertEquals(valueOf(await heardRequest(peer), ":path"), "/2");
    if (end === "content") peer.data(first.id, "", { end: true });
    else peer.reset(first.id, CANCEL);
    await peersSettled(peer);
    assertEquals(listeners(), 1, end);
    const reason = new Error("changed my mind");
    controller.abort(reason);
    assertEquals(await failing, reason);
    assertEquals(listeners(), 0, end);
  }
});

Deno.test("HttpClient sends no field section that the server says is too large (RFC 9113 §6.5.2)", async () => {
  using set = http2Stage();
  const first = set.client.fetch("http://a/");
  const peer = await set.accept([[MAX_HEADER_LIST_SIZE, 1_000]]);
  await serveOne(peer);
  await (await first).text();
  const fields: Pair[] = [[":method", "GET"], [":scheme", "http"], [":path", "/"], [":authority", "a"]];
  fields.push(["accept", "*/*"], ["user-agent", "avx-http"], ["x-large", ""]);
  const size = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  const fits = set.client.fetch("http://a/", { headers: { "x-large": "x".repeat(1_000 - size) } });
  await serveOne(peer);
  await (await fits).text();
  const error = await rejection(set.client.fetch("http://a/", { headers: { "x-large": "x".repeat(1_001 - size) } }));
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, ClientError);
  assertEquals(error.cause.phase, "request");
  assertMatch(error.message, /fields must be at most 1000 bytes.*: received 1001/);
  const next = set.client.fetch("http://a/");
  assertEquals((await serveOne(peer)).id, 5, "nothing was sent of the one that is too large");
  await (await next).text();
});

Deno.test("HttpClient gives up where one connection after the other ends before it takes a request", async () => {
  for (const farewell of [false, true]) {
    using set = http2Stage();
    const warmed = await warm(set);
    warmed.write({ type: "settings", streamId: 0, ack: false, entries: [[MAX_CONCURRENT_STREAMS, 0]] });
    await peersSettled(warmed);
    const first = rejection(set.client.fetch("http://a/1"));
    const second = rejection(set.client.fetch("http://a/2", { method: "POST", body: "2" }));
    warmed.close();
    let connections = 0;
    const serve = async (): Promise<void> => {
      while (connections < 50) {
        const peer = await set.accept([[MAX_CONCURRENT_STREAMS, 0]]);
        connections++;
        const goAway = { type: "goAway", streamId: 0, lastStreamId: 0, code: 0, debug: new Uint8Array(0) } as const;
        if (farewell) peer.write(goAway);
        peer.end();
      }
    };
    serve().catch(() => {}); // there is no more to accept
    for (const error of await Promise.all([first, second])) {
      assertMatch(String(error), /its connections must not end before they take a request/);
    }
    assert(connections <= 4, `${connections} connections`); // one was being opened when it gave up
    assertEquals(set.client.connections, 0);
  }
});

Deno.test("HttpClient opens another connection for those that wait when the one that is full says goodbye", async () => {
  using set = http2Stage();
  const responses = Array.from({ length: 101 }, (_, at) => set.client.fetch(`http://a/${at}`));
  const peer = new Peer(await set.acceptRaw(), { role: "server", acknowledges: false });
  for (let at = 0; at < 100; at++) await heardRequest(peer);
  peer.write(
    { type: "settings", streamId: 0, ack: false, entries: [] },
    { type: "goAway", streamId: 0, lastStreamId: 199, code: 0, debug: new Uint8Array(0) },
  );
  await settled(() => set.dials);
  assertEquals(set.dials, 2);
  assertEquals(valueOf(await serveOne(await set.accept()), ":path"), "/100");
  for (let at = 0; at < 100; at++) answer(peer, 2 * at + 1);
  for (const response of responses) assertEquals(await (await response).text(), "hello");
});

Deno.test("HttpClient keeps the process alive while a request waits for a stream", async () => {
  using set = http2Stage({ limits: { maxConnectionsPerOrigin: 1 } });
  const peer = await warm(set);
  peer.write({ type: "settings", streamId: 0, ack: false, entries: [[MAX_CONCURRENT_STREAMS, 0]] });
  await peersSettled(peer);
  assertEquals(set.clock.holding, 0);
  const waiting = set.client.fetch("http://a/");
  await peersSettled(peer);
  assertEquals(set.clock.holding, 1, "as the connection is idle");
  peer.write({ type: "settings", streamId: 0, ack: false, entries: [[MAX_CONCURRENT_STREAMS, 1]] });
  await serveOne(peer);
  await (await waiting).text();
  await peersSettled(peer);
  assertEquals(set.clock.holding, 0);
});

Deno.test("HttpClient gives the next place to the origin that has waited for one the longest", async () => {
  using set = http2Stage({ limits: { maxConnections: 1 }, protocols: ["http/1.1"] });
  const failing = ["a/1", "a/2", "a/3", "b/1", "a/4"].map((path) => rejection(set.client.fetch(`http://${path}`)));
  const hosts: string[] = [];
  for (let at = 0; at < 5; at++) {
    const transport = await set.acceptRaw();
    const into = new Uint8Array(1024);
    const head = new TextDecoder().decode(into.subarray(0, await transport.read(into) ?? 0));
    hosts.push(/host: (\w)/.exec(head)?.[1] ?? "");
    transport.close();
  }
  await Promise.all(failing);
  assertEquals(hosts, ["a", "a", "b", "a", "a"]);
});

Deno.test("Push.accept() rejects once the push was cancelled, and ends with its client", async () => {
  const request: Pair[] = [[":method", "GET"], [":scheme", "http"], [":path", "/style.css"], [":authority", "a"]];
  for (const when of ["late", "closed"]) {
    let push: Push | undefined;
    let accepted: Promise<unknown> | undefined;
    using set: Http2Stage = http2Stage({
      onPush: (given) => {
        push = given;
        if (when === "late") return;
        accepted = rejection(given.accept());
        set.client.close();
      },
    });
    const fetched = set.client.fetch("http://a/");
    const failing = when === "closed" ? rejection(fetched) : undefined;
    const peer = await set.accept();
    const { id } = await heardRequest(peer);
    const fragment = peer.encoder.encodeBlock(request.map(([name, value]) => ({ name, value })));
    peer.write({ type: "pushPromise", streamId: id, promisedId: 2, endHeaders: true, fragment });
    await until(() => push !== undefined);
    await peersSettled(peer);
    if (when === "late") {
      const error = await rejection(push!.accept());
      assertInstanceOf(error, TypeError);
      assertMatch(error.message, /Cannot accept push as/);
      answer(peer, id);
      await (await fetched).text();
      set.client.close();
    } else {
      assertMatch(String(await accepted), /the client is closed/);
      assertMatch(String(await failing), /the client is closed/);
    }
    assertEquals(set.client.connections, 0);
  }
});

Deno.test("HttpClient.fetch over HTTP/2 waits for a 100 (Continue) for as long as it is told to", async () => {
  for (const limit of [1_000, Infinity]) {
    using set = http2Stage({ timeouts: { continue: limit } });
    const peer = await warm(set);
    const init = { method: "PUT", body: "content", headers: { expect: "100-continue" } };
    const fetched = set.client.fetch("http://a/", init);
    const { id } = await heardRequest(peer);
    set.clock.advance(40_000);
    await peersSettled(peer);
    const sent = peer.heard.some(({ type }) => type === "data");
    assertEquals(sent, limit !== Infinity);
    if (!sent) peer.headers(id, [[":status", "100"]]);
    assertEquals((await peer.message(id)).body, "content");
    answer(peer, id);
    assertEquals(await (await fetched).text(), "hello");
  }
});

Deno.test("HttpClient sends content in frames of 256 KiB at most, however large ones the server takes", async () => {
  using set = http2Stage();
  const warming = set.client.fetch("http://a/warm");
  const settings = [[INITIAL_WINDOW_SIZE, 2 ** 31 - 1], [MAX_FRAME_SIZE, 2 ** 24 - 1]] as const;
  const peer = await set.accept(settings, { maxFrameSize: 2 ** 24 - 1 });
  peer.grant(0, 2 ** 30);
  await serveOne(peer);
  await (await warming).text();
  const fetched = set.client.fetch("http://a/", { method: "PUT", body: new Uint8Array(1_000_000) });
  const { id } = await heardRequest(peer);
  assertEquals((await peer.message(id)).body.length, 1_000_000);
  const lengths = peer.heard.flatMap((frame) => frame.type === "data" ? [frame.data.length] : []);
  assertEquals(Math.max(...lengths) <= 256 * 1024 && Math.max(...lengths) > 128 * 1024, true, lengths.join());
  answer(peer, id);
  await (await fetched).text();
});

Deno.test("HttpClient asks by HTTP/1.1 where the server's GOAWAY requires it (RFC 9113 §7)", async () => {
  using set = http2Stage({ alpn: (dial) => dial === 1 ? "h2" : "http/1.1" });
  const response = set.client.fetch("https://a/x", { method: "POST", body: "hello" });
  const peer = await set.accept();
  await heardRequest(peer);
  peer.write({ type: "goAway", streamId: 0, lastStreamId: 0, code: HTTP_1_1_REQUIRED, debug: new Uint8Array(0) });
  const raw = new Http1Peer(await set.acceptRaw());
  assertEquals(set.offered, ["http/1.1"]);
  assertMatch(await raw.answer(), /^POST \/x HTTP\/1\.1\r\n/);
  assertEquals(await (await response).text(), "hello");
});
