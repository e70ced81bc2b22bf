/**
 * Owns the proof of how a fetch over HTTP/2 ends before its time, by its signal, by its reader or by a deadline, in each of
 * its phases; and that its connection goes on.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import type { FetchInit } from "../../client/mod.ts";
import type { MemoryTransport } from "../../net/mod.ts";
import { Peer, settled } from "../http2/peer.ts";
import {
  CANCEL,
  heardRequest,
  type Http2Stage,
  http2Stage,
  INITIAL_WINDOW_SIZE,
  MAX_CONCURRENT_STREAMS,
  serveOne,
} from "./http2_stage.ts";
import { rejection, until } from "./peer.ts";

/** A fetch that has come as far as a phase: what is to fail, and the stream that the server knows of. */
interface Reached {
  readonly failing: Promise<unknown>;
  readonly id: number;
}

/** Brings a fetch as far as a phase, over a connection that was used. */
type Reach = (set: Http2Stage, peer: Peer, init: FetchInit) => Promise<Reached>;

const PHASES: Readonly<Record<string, Reach>> = {
  "upload": async (set, peer, init) => {
    const failing = set.client.fetch("http://a/", { ...init, method: "PUT", body: new ReadableStream() });
    return { failing, id: (await heardRequest(peer)).id };
  },
  "head": async (set, peer, init) => {
    const failing = set.client.fetch("http://a/", init);
    return { failing, id: (await heardRequest(peer)).id };
  },
  "body": async (set, peer, init) => {
    const fetched = set.client.fetch("http://a/", init);
    const { id } = await heardRequest(peer);
    peer.headers(id, [[":status", "200"], ["content-length", "5"]]);
    peer.data(id, "hell");
    return { failing: (await fetched).text(), id };
  },
  "body as a stream": async (set, peer, init) => {
    const fetched = set.client.fetch("http://a/", init);
    const { id } = await heardRequest(peer);
    peer.headers(id, [[":status", "200"]]);
    peer.data(id, "a");
    const reader = (await fetched).body!.getReader();
    await reader.read();
    return { failing: reader.read(), id };
  },
};

async function warm(set: Http2Stage): Promise<Peer> {
  const response = set.client.fetch("http://a/warm");
  const peer = await set.accept();
  await serveOne(peer);
  await (await response).text();
  return peer;
}

/** Another request goes over the same connection. */
async function assertGoesOn(set: Http2Stage, peer: Peer): Promise<void> {
  const response = set.client.fetch("http://a/next");
  await serveOne(peer);
  assertEquals([await (await response).text(), set.dials], ["hello", 1]);
}

for (const [phase, reach] of Object.entries(PHASES)) {
  Deno.test(`HttpClient.fetch over HTTP/2 resets but its stream when aborted: ${phase}`, async () => {
    using set = http2Stage();
    const peer = await warm(set);
    const controller = new AbortController();
    const { failing, id } = await reach(set, peer, { signal: controller.signal });
    const rejected = rejection(failing);
    const reason = new Error("changed my mind");
    controller.abort(reason);
    assertStrictEquals(await rejected, reason);
    const { end, code } = await peer.message(id);
    assertEquals([end, code], ["reset", CANCEL]);
    await assertGoesOn(set, peer);
    assertEquals(peer.heard.filter(({ type }) => type === "rstStream").length, 1);
  });

  Deno.test(`HttpClient.fetch over HTTP/2 has a deadline for the whole of it: ${phase}`, async () => {
    using set = http2Stage();
    const peer = await warm(set);
    const { failing } = await reach(set, peer, { timeout: 5_000 });
    const rejected = rejection(failing);
    set.clock.advance(5_000);
    const error = await rejected;
    assert(error instanceof DOMException);
    assertEquals([error.name, error.message], [
      "TimeoutError",
      "Cannot fetch as the whole of it took longer than 5000 ms",
    ]);
    await settled(peer);
    await peer.next();
  });
}

Deno.test("HttpClient.fetch over HTTP/2 sends nothing of a request that is aborted within its turn", async () => {
  using set = http2Stage();
  const peer = await warm(set);
  const controller = new AbortController();
  const failing = rejection(set.client.fetch("http://a/", { signal: controller.signal }));
  controller.abort("never mind");
  assertEquals(await failing, "never mind");
  await assertGoesOn(set, peer);
  const heard = peer.heard.filter(({ type }) => type === "headers" || type === "rstStream");
  assertEquals(heard.map(({ type, streamId }) => `${type} ${streamId}`), ["headers 1", "headers 5"]);
});

Deno.test("HttpClient.fetch over HTTP/2 leaves the queue when aborted", async () => {
  using set = http2Stage({ limits: { maxConnectionsPerOrigin: 1 } });
  const first = set.client.fetch("http://a/0");
  const peer = await set.accept([[MAX_CONCURRENT_STREAMS, 1]]);
  await serveOne(peer);
  await (await first).text();
  const carried = set.client.fetch("http://a/1");
  const { id } = await heardRequest(peer);
  const controller = new AbortController();
  const failing = rejection(set.client.fetch("http://a/2", { signal: controller.signal }));
  const last = set.client.fetch("http://a/3");
  controller.abort("enough");
  assertEquals(await failing, "enough");
  peer.headers(id, [[":status", "204"]], { end: true });
  assertEquals((await carried).status, 204);
  const { fields } = await serveOne(peer);
  assertEquals(fields[2], [":path", "/3"]);
  assertEquals(await (await last).text(), "hello");
});

Deno.test("HttpClient resets but the stream of a response whose content is cancelled, and forgets what still comes", async () => {
  using set = http2Stage();
  const peer = await warm(set);
  const fetched = set.client.fetch("http://a/");
  const { id } = await heardRequest(peer);
  peer.headers(id, [[":status", "200"]]);
  peer.data(id, "some");
  await (await fetched).body!.cancel();
  const { end, code } = await peer.message(id);
  assertEquals([end, code], ["reset", CANCEL]);
  peer.data(id, "more");
  peer.data(id, "and more", { end: true });
  await assertGoesOn(set, peer);
});

Deno.test("HttpClient resets nothing where the content that is cancelled was whole already", async () => {
  using set = http2Stage();
  const peer = await warm(set);
  const fetched = set.client.fetch("http://a/");
  const { id } = await heardRequest(peer);
  peer.headers(id, [[":status", "200"]]);
  peer.data(id, "some", { end: true });
  await settled(peer);
  await (await fetched).body!.cancel();
  await assertGoesOn(set, peer);
  assertEquals(peer.heard.some(({ type }) => type === "rstStream"), false);
});

/** What passes when: the deadlines of a client, each with what makes it pass. */
const DEADLINES: Readonly<Record<string, readonly [reach: Reach, after: number, message: RegExp]>> = {
  "the response's head": [PHASES["head"]!, 300_000, /a response's head/],
  "a gap in the content": [PHASES["body"]!, 300_000, /the next piece of content/],
  "room for what is sent": [
    async (set, peer, init) => {
      peer.write({ type: "settings", streamId: 0, ack: false, entries: [[INITIAL_WINDOW_SIZE, 0]] });
      await settled(peer);
      const failing = set.client.fetch("http://a/", { ...init, method: "PUT", body: "hello" });
      const { id } = await heardRequest(peer);
      return { failing, id };
    },
    60_000,
    /the peer must give room for it within 60000 ms/,
  ],
  "a reader that takes nothing": [
    async (set, peer, init) => {
      const fetched = set.client.fetch("http://a/", init);
      const { id } = await heardRequest(peer);
      peer.headers(id, [[":status", "200"]]);
      for (let left = 256 * 1024; left > 0; left -= 16_384) peer.data(id, new Uint8Array(16_384));
      const reader = (await fetched).body!.getReader();
      await settled(peer);
      for (const frame of peer.heard) { // by which the windows are measured
        if (frame.type === "ping" && !frame.ack) peer.write({ ...frame, ack: true });
      }
      return { failing: drained(set, reader), id };
    },
    300_000,
    /content must be taken within 300000 ms/,
  ],
};

/** Reads to the end, once the time has passed. */
async function drained(set: Http2Stage, reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const from = set.clock.now();
  await until(() => set.clock.now() >= from + 300_000);
  while (!(await reader.read()).done);
}

for (const [what, [reach, after, message]] of Object.entries(DEADLINES)) {
  Deno.test(`HttpClient.fetch over HTTP/2 has a deadline for ${what}, and the connection goes on`, async () => {
    using set = http2Stage({ timeouts: { idle: Infinity } });
    const peer = await warm(set);
    const { failing, id } = await reach(set, peer, {});
    await settled(peer);
    const rejected = rejection(failing);
    set.clock.advance(after - 1);
    await settled(peer);
    assertEquals(peer.heard.some(({ type }) => type === "rstStream"), false);
    set.clock.advance(1);
    const error = await rejected;
    assert(error instanceof DOMException);
    assertEquals(error.name, "TimeoutError");
    assertMatch(error.message, message);
    assertEquals((await peer.message(id)).code, CANCEL);
    await assertGoesOn(set, peer);
  });
}

Deno.test("HttpClient counts the time of a response's head from the request's last octet, and each on its own", async () => {
  using set = http2Stage({ timeouts: { idle: Infinity } });
  const peer = await warm(set);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const slow = set.client.fetch("http://a/slow", { method: "PUT", body: readable });
  const { id } = await heardRequest(peer);
  const early = rejection(set.client.fetch("http://a/early"));
  await heardRequest(peer);
  set.clock.advance(200_000);
  await writable.close();
  await peer.message(id);
  set.clock.advance(100_000);
  assertMatch(String(await early), /TimeoutError: .*a response's head/);
  set.clock.advance(199_999);
  await settled(peer);
  peer.headers(id, [[":status", "204"]], { end: true });
  assertEquals((await slow).status, 204);
});

Deno.test("HttpClient gives up a connection whose server takes no octets for too long", async () => {
  using set = http2Stage();
  const peer = await warm(set);
  const failing = rejection(set.client.fetch("http://a/", { method: "PUT", body: new Uint8Array(1_000_000) }));
  peer.write({ type: "settings", streamId: 0, ack: false, entries: [[INITIAL_WINDOW_SIZE, 1_000_000]] });
  peer.grant(0, 1_000_000);
  await heardRequest(peer);
  (peer.transport as MemoryTransport).read = () => new Promise(() => {});
  await settled(peer);
  set.clock.advance(59_999);
  assertEquals(set.client.connections, 1);
  set.clock.advance(1);
  const error = await failing;
  assert(error instanceof DOMException);
  assertMatch(error.message, /the peer must read within 60000 ms/);
  assertEquals(set.client.connections, 0);
});

Deno.test("HttpClient has a deadline for a server's SETTINGS, and for its word on ours (RFC 9113 §6.5.3)", async () => {
  for (const opens of [false, true]) {
    using set = http2Stage();
    const failing = rejection(set.client.fetch("http://a/"));
    const peer = new Peer(await set.acceptRaw(), { role: "server", acknowledges: false });
    if (opens) peer.open();
    await heardRequest(peer);
    await settled(peer);
    set.clock.advance(10_000);
    const error = await failing;
    assert(error instanceof DOMException);
    assertEquals(error.name, "TimeoutError");
    assertMatch(error.message, opens ? /SETTINGS must be acknowledged/ : /the preface must come|SETTINGS must/);
    await peer.expect("goAway");
    peer.close();
    await until(() => set.client.connections === 0);
  }
});

Deno.test("HttpClient asks a silent server by PING whether it lives, where it is told to", async () => {
  using set = http2Stage({ timeouts: { ping: 30_000, pong: 5_000, idle: Infinity } });
  const peer = await warm(set);
  const failing = rejection(set.client.fetch("http://a/"));
  await heardRequest(peer);
  set.clock.advance(30_000);
  const ping = await peer.expect("ping");
  peer.write({ ...ping, ack: true });
  await settled(peer);
  set.clock.advance(30_000);
  await peer.expect("ping");
  set.clock.advance(5_000);
  const error = await failing;
  assert(error instanceof DOMException);
  assertMatch(error.message, /a PING must be answered within 5000 ms/);
  assertEquals(set.client.connections, 0);
});
