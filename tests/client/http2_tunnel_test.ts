/**
 * Owns the proof of tunnels over HTTP/2: CONNECT (RFC 9113 §8.5), extended CONNECT (RFC 8441), and what is done where a server
 * knows nothing of it.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { ClientError, type Tunnel, TunnelRefusedError, WebSocketClient } from "../../client/mod.ts";
import type { Transport } from "../../net/mod.ts";
import { serve, upgradeWebSocket } from "../../mod.ts";
import { memoryNetwork } from "../../net/mod.ts";
import { HttpClient } from "../../client/mod.ts";
import { latin1, Peer, settled } from "../http2/peer.ts";
import {
  CANCEL,
  ENABLE_CONNECT_PROTOCOL,
  heardRequest,
  type Http2Stage,
  http2Stage,
  MAX_CONCURRENT_STREAMS,
  serveOne,
} from "./http2_stage.ts";
import { Peer as Http1Peer, rejection, until } from "./peer.ts";

const EXTENDED = [[ENABLE_CONNECT_PROTOCOL, 1]] as const;

async function readText(transport: Transport): Promise<string | null> {
  const into = new Uint8Array(100);
  const count = await transport.read(into);
  return count === null ? null : latin1(into.subarray(0, count));
}

const write = (transport: Transport, text: string) => transport.write(new TextEncoder().encode(text));

/** A tunnel that is open, and the stream at the peer's end. */
async function opened(set: Http2Stage): Promise<{ tunnel: Tunnel; peer: Peer; id: number }> {
  const upgraded = set.client.upgrade("http://a/chat", "websocket");
  const peer = await set.accept(EXTENDED);
  const { id } = await heardRequest(peer);
  peer.headers(id, [[":status", "200"], ["x-a", "b"]]);
  return { tunnel: await upgraded, peer, id };
}

Deno.test("HttpClient.upgrade() opens a stream by an extended CONNECT, once the server allows for it (RFC 8441 §4)", async () => {
  using set = http2Stage({ userAgent: "" });
  const upgraded = set.client.upgrade("http://a:81/chat?x", ["websocket", "other"], {
    headers: { "sec-websocket-version": "13", "sec-websocket-key": "none", connection: "upgrade" },
  });
  const peer = new Peer(await set.acceptRaw(), { role: "server", acknowledges: false });
  await settled(peer);
  assertEquals(peer.heard.some(({ type }) => type === "headers"), false, "before the SETTINGS");
  peer.open(EXTENDED);
  const request = await heardRequest(peer);
  assertEquals([request.end, request.fields], [false, [
    [":method", "CONNECT"],
    [":protocol", "websocket"],
    [":scheme", "http"],
    [":path", "/chat?x"],
    [":authority", "a:81"],
    ["sec-websocket-version", "13"],
  ]]);
  peer.headers(request.id, [[":status", "200"], ["x-a", "b"]]);
  const { response, protocol, transport } = await upgraded;
  assertEquals([response.status, response.headers.get("x-a"), response.body, protocol], [200, "b", null, "websocket"]);
  await write(transport, "ping");
  assertEquals(latin1((await peer.expect("data")).data), "ping");
  peer.data(request.id, "pong");
  assertEquals(await readText(transport), "pong");
  transport.close();
});

Deno.test("HttpClient sends plain requests while an extended CONNECT waits for the server's SETTINGS", async () => {
  using set = http2Stage();
  const upgraded = set.client.upgrade("http://a/", "websocket");
  const fetched = set.client.fetch("http://a/plain");
  const peer = new Peer(await set.acceptRaw(), { role: "server", acknowledges: false });
  assertEquals((await heardRequest(peer)).fields[2], [":path", "/plain"]);
  peer.open(EXTENDED);
  const { id } = await heardRequest(peer);
  peer.headers(id, [[":status", "200"]]);
  (await upgraded).transport.close();
  peer.headers(1, [[":status", "204"]], { end: true });
  assertEquals((await fetched).status, 204);
});

Deno.test("HttpClient.connect() asks an HTTP/2 proxy for a tunnel (RFC 9113 §8.5)", async () => {
  using set = http2Stage({ userAgent: "" });
  const connected = set.client.connect("http://proxy:3128/", "example.com:443");
  const peer = await set.accept();
  const request = await heardRequest(peer);
  assertEquals(request.fields, [[":method", "CONNECT"], [":authority", "example.com:443"]]);
  peer.headers(request.id, [[":status", "200"]]);
  const { transport, protocol } = await connected;
  assertEquals([protocol, transport.secure, transport.alpn], ["", false, null]);
  peer.data(request.id, "hello");
  assertEquals(await readText(transport), "hello");
  transport.close();
  assertEquals((await peer.message(request.id)).code, CANCEL);
});

Deno.test("HttpClient.connect() refuses an authority that is none", async () => {
  using set = http2Stage();
  for (const authority of ["example.com", "", "a b:1", "user@host:1"]) {
    assertInstanceOf(await rejection(set.client.connect("http://proxy/", authority)), TypeError);
  }
  assertEquals(set.dials, 0);
});

Deno.test("HttpClient.connect() and upgrade() over HTTP/2 give the answer of a server that refuses", async () => {
  using set = http2Stage();
  const upgraded = rejection(set.client.upgrade("http://a/", "websocket"));
  const peer = await set.accept(EXTENDED);
  const { id } = await heardRequest(peer);
  peer.headers(id, [[":status", "403"]]);
  peer.data(id, "no", { end: true });
  const error = await upgraded;
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, TunnelRefusedError);
  assertEquals([error.cause.response.status, await error.cause.response.text()], [403, "no"]);
  const { end, code } = await peer.message(id);
  assertEquals([end, code], ["reset", CANCEL], "as nobody will use our side");
  const fetched = set.client.fetch("http://a/");
  await serveOne(peer);
  assertEquals((await fetched).status, 200);
});

Deno.test("HttpClient.upgrade() goes by HTTP/1.1 where the server takes no extended CONNECT", async () => {
  using set = http2Stage({ alpn: (dial) => dial === 1 ? "h2" : "http/1.1" });
  const upgraded = set.client.upgrade("https://a/chat", "websocket");
  await set.accept();
  const wire = new Http1Peer(await set.acceptRaw());
  assertEquals(set.offered, ["http/1.1"]);
  assertMatch(await wire.head(), /^GET \/chat HTTP\/1\.1\r\n.*upgrade: websocket\r\n/s);
  await wire.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
  const { response, protocol, transport } = await upgraded;
  assertEquals([response.status, protocol], [101, "websocket"]);
  transport.close();
});

Deno.test("HttpClient.upgrade() fails where the server takes no extended CONNECT, and only HTTP/2 may be spoken", async () => {
  using set = http2Stage();
  const failing = rejection(set.client.upgrade("http://a/", "websocket"));
  await set.accept();
  const error = await failing;
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, ClientError);
  assertMatch(error.message, /SETTINGS_ENABLE_CONNECT_PROTOCOL/);
});

Deno.test("HttpClient.upgrade() over HTTP/2 ends with its signal, and not once it is open", async () => {
  using set = http2Stage();
  const early = new AbortController();
  const failing = rejection(set.client.upgrade("http://a/", "websocket", { signal: early.signal }));
  const peer = new Peer(await set.acceptRaw(), { role: "server", acknowledges: false });
  await settled(peer); // it waits for the SETTINGS
  early.abort("early");
  assertEquals(await failing, "early");
  peer.open(EXTENDED);
  const late = new AbortController();
  const upgraded = set.client.upgrade("http://a/", "websocket", { signal: late.signal });
  const { id } = await heardRequest(peer);
  peer.headers(id, [[":status", "200"]]);
  const { transport } = await upgraded;
  late.abort("late");
  await write(transport, "still");
  assertEquals(latin1((await peer.expect("data")).data), "still");
  transport.close();
});

Deno.test("HttpClient leaves an upgrade that waited for SETTINGS to the queue where there is no stream for it", async () => {
  using set = http2Stage({ limits: { maxConnectionsPerOrigin: 1 } });
  const fetched = set.client.fetch("http://a/");
  const upgraded = set.client.upgrade("http://a/", "websocket");
  const peer = await set.accept([...EXTENDED, [MAX_CONCURRENT_STREAMS, 1]]);
  await serveOne(peer);
  assertEquals(await (await fetched).text(), "hello");
  const { id } = await heardRequest(peer);
  peer.headers(id, [[":status", "200"]]);
  (await upgraded).transport.close();
  assertEquals(set.dials, 1);
});

Deno.test("a tunnel over HTTP/2 ends each side on its own", async () => {
  using set = http2Stage();
  const { tunnel: { transport }, peer, id } = await opened(set);
  await transport.closeWrite();
  await transport.closeWrite();
  assertEquals((await peer.expect("data")).endStream, true);
  peer.data(id, "rest", { end: true });
  assertEquals(await readText(transport), "rest");
  assertEquals(await readText(transport), null);
  transport.close();
  await settled(peer);
  assertEquals(peer.heard.some(({ type }) => type === "rstStream"), false);
  assertEquals(await rejection(write(transport, "x")) instanceof Deno.errors.BrokenPipe, true);
});

Deno.test("a tunnel over HTTP/2 reads in small steps, and gives room as it is read", async () => {
  using set = http2Stage();
  const { tunnel: { transport }, peer, id } = await opened(set);
  peer.data(id, "abcdef");
  await settled(peer);
  const into = new Uint8Array(4);
  assertEquals([await transport.read(new Uint8Array(0)), await transport.read(into), latin1(into)], [0, 4, "abcd"]);
  assertEquals([await transport.read(into), latin1(into.subarray(0, 2))], [2, "ef"]);
  transport.close();
  assertInstanceOf(await rejection(transport.read(into)), Deno.errors.Interrupted);
});

Deno.test("a tunnel over HTTP/2 waits for the windows, and fails with its connection", async () => {
  using set = http2Stage();
  const { tunnel: { transport }, peer } = await opened(set);
  assertEquals(await transport.write(new Uint8Array(60_000)), 60_000);
  let written = false;
  const writing = transport.write(new Uint8Array(100_000)).then((count) => (written = true, count));
  await settled(peer);
  assertEquals(written, false);
  const reading = rejection(transport.read(new Uint8Array(1)));
  peer.close();
  assertEquals(await writing, 100_000, "it was taken, if not sent");
  assert(await reading instanceof Error);
  await until(() => set.client.connections === 0);
});

Deno.test("a tunnel over HTTP/2 may be silent for as long as it likes, and outlives its client", async () => {
  const set = http2Stage();
  const { tunnel: { transport }, peer, id } = await opened(set);
  for (let hour = 0; hour < 24; hour++) set.clock.advance(3_600_000);
  peer.data(id, "morning");
  assertEquals(await readText(transport), "morning");
  set.client.close();
  assertEquals((await peer.expect("goAway")).code, 0);
  peer.data(id, "still");
  assertEquals([await readText(transport), set.client.connections], ["still", 1]);
  transport.close();
  await peer.readToEnd();
  await until(() => set.client.connections === 0);
  set[Symbol.dispose]();
});

Deno.test("HttpClient speaks WebSocket over HTTP/2 with this library's server", async () => {
  const { listener, connect } = memoryNetwork();
  const protocols: string[] = [];
  await using _server = serve({ listener, protocols: ["h2"], onListen: () => {} }, (request, info) => {
    protocols.push(info.protocol);
    const { response, socket } = upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(`${data}, too`);
    return response;
  });
  await using client = new HttpClient({ connect, protocols: ["h2"] });
  const socket = new WebSocketClient("ws://localhost/", { client });
  const heard = Promise.withResolvers<unknown>();
  socket.onmessage = ({ data }) => heard.resolve(data);
  await new Promise((resolve) => socket.onopen = resolve);
  socket.send("hello");
  assertEquals([await heard.promise, protocols], ["hello, too", ["HTTP/2"]]);
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
});
