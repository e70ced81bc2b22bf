/**
 * Owns the tests of what is WebSockets' own over HTTP/2 (RFC 8441): the opening on the wire, and that those on one connection,
 * and the requests beside them, leave each other alone. What holds over both versions is in the sockets' own tests.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { HttpClient, serve, type ServeInfo, upgradeWebSocket, type UpgradeWebSocketOptions } from "../../mod.ts";
import { ErrorCode } from "../../http2/mod.ts";
import { memoryNetwork } from "../../net/mod.ts";
import type { HttpWebSocket } from "../../websocket/mod.ts";
import { get, latin1, type Pair, type Peer } from "../http2/peer.ts";
import { framesOf, heardOf, Http2Stage, textOf } from "../server/http2_stage.ts";
import { frame, hex, readFrames } from "./conversation.ts";
import { ended, next, record, settle } from "./stage.ts";

const SWITCH: readonly Pair[] = [
  [":method", "CONNECT"],
  [":protocol", "websocket"],
  [":scheme", "https"],
  [":path", "/chat?a"],
  [":authority", "example.com"],
];
const OPENING: readonly Pair[] = [...SWITCH, ["sec-websocket-version", "13"]];

/** A server that accepts each WebSocket, and answers other requests. */
function stageOf(options: UpgradeWebSocketOptions = {}, listen: (socket: HttpWebSocket) => void = () => {}) {
  const sockets: HttpWebSocket[] = [];
  const infos: ServeInfo[] = [];
  const stage = new Http2Stage({}, (request, info) => {
    if (request.url.endsWith("/plain")) return new Response("plain");
    infos.push(info);
    const { response, socket } = upgradeWebSocket(request, { clock: stage.clock, ...options });
    sockets.push(socket);
    socket.binaryType = "arraybuffer";
    listen(socket);
    return response;
  });
  return { stage, sockets, infos };
}

const echo = (socket: HttpWebSocket) => void (socket.onmessage = ({ data }) => socket.send(data));

/** Opens a WebSocket by hand. */
async function open(stage: Http2Stage, peer: Peer): Promise<number> {
  const id = peer.request(OPENING, { end: false });
  await stage.settle();
  return id;
}

/** The frames of the WebSocket that were heard on a stream. */
function said(peer: Peer, streamId: number): string[] {
  const octets = framesOf(peer, "data", streamId).flatMap(({ data }) => [...data]);
  return readFrames(Uint8Array.from(octets)).map(({ first, payload }) => `${first.toString(16)} ${latin1(payload)}`);
}

Deno.test("upgradeWebSocket() answers an extended CONNECT with 200, and with nothing that belongs to HTTP/1.1 (RFC 8441 §5)", async () => {
  const { stage, sockets, infos } = stageOf({ compression: true, protocols: ["b"], headers: { "x-mine": "1" } }, echo);
  await using _stage = stage;
  const peer = await stage.peer();
  const more: Pair[] = [
    ["sec-websocket-protocol", "a, b"],
    ["sec-websocket-extensions", "permessage-deflate"],
    ["sec-websocket-key", "ignored"],
  ];
  const id = peer.request([...OPENING, ...more], { end: false });
  peer.data(id, frame({ opcode: 1, payload: "early" }));
  const head = await peer.expect("headers", { streamId: id });
  const { date, ...fields } = Object.fromEntries(peer.fieldsOf(head));
  assert(date !== undefined);
  assertEquals([head.endStream, fields], [false, {
    ":status": "200",
    "sec-websocket-protocol": "b",
    "sec-websocket-extensions": "permessage-deflate",
    "x-mine": "1",
  }]);
  await stage.settle();
  assertEquals(said(peer, id), ["81 early"]);
  assertEquals([sockets[0]!.url, infos[0]!.protocol], ["wss://example.com/chat?a", "HTTP/2"]);
  peer.data(id, frame({ opcode: 8, payload: hex("0fa0") }));
  await stage.settle();
  assertEquals([said(peer, id).at(-1), framesOf(peer, "data", id).at(-1)?.endStream], ["88 \x0f\xa0", true]);
  assertEquals(sockets[0]!.readyState, 3);
});

Deno.test("upgradeWebSocket() refuses over HTTP/2 what it must, in words of HTTP/2", async () => {
  const { stage } = stageOf({ origins: ["https://example.com"] });
  await using _stage = stage;
  const peer = await stage.peer();
  const cases: readonly [fields: readonly Pair[], status: string][] = [
    [SWITCH, "426"],
    [[...SWITCH, ["sec-websocket-version", "8"]], "426"],
    [[...OPENING, ["sec-websocket-version", "13"]], "400"],
    [[...OPENING, ["sec-websocket-protocol", "a, a"]], "400"],
    [[...OPENING, ["sec-websocket-extensions", "a;;"]], "400"],
    [[...OPENING, ["origin", "https://example.org"]], "403"],
    [SWITCH.map(([name, value]) => [name, name === ":protocol" ? "webtransport" : value]), "426"],
    [[[":method", "CONNECT"], [":authority", "example.com:1"]], "426"],
    [get("/chat"), "426"],
  ];
  for (const [fields, status] of cases) {
    const { heads, code } = await peer.message(peer.request(fields, { end: fields[0]?.[1] !== "CONNECT" }));
    const seen = new Map(heads[0]);
    assertEquals([seen.get(":status"), seen.has("upgrade"), seen.has("connection")], [status, false, false]);
    assertEquals(seen.get("sec-websocket-version"), status === "426" ? "13" : undefined);
    assert(code === -1 || code === ErrorCode.NoError, `${code}`);
  }
  assertEquals(stage.connectionErrors, []);
});

Deno.test("a WebSocket that nobody reads holds up neither another on its connection nor a request", async () => {
  const { stage, sockets } = stageOf();
  await using _stage = stage;
  const peer = await stage.peer({ refills: true });
  const stalled = await open(stage, peer);
  const first = await sockets[0]!.stream.opened;
  const lively = await open(stage, peer);
  echo(sockets[1]!);
  const piece = frame({ opcode: 2, payload: new Uint8Array(16_000) });
  for (let at = 0; at < 4; at++) peer.data(stalled, piece); // all that its window allows, but for some octets
  await stage.settle();
  for (let turn = 0; turn < 200; turn++) {
    peer.data(lively, piece);
    await stage.settle();
  }
  assertEquals(heardOf(peer, lively), 200 * 16_004, "the other one's echo");
  const granted = framesOf(peer, "windowUpdate", stalled).reduce((sum, { increment }) => sum + increment, 0);
  assert(granted < 64 * 1024, `${granted} octets more were allowed to the one that nobody reads`);
  assertEquals((await peer.message(peer.request(get("/plain")))).body, "plain");
  const reader = first.readable.getReader();
  for (let at = 0; at < 4; at++) assertEquals((await reader.read()).value?.length, 16_000);
});

Deno.test("a peer that takes nothing of one WebSocket lets its writer wait, and gets all of the other", async () => {
  const { stage, sockets } = stageOf({ limits: { maxQueuedBytes: 1_000_000 } });
  await using _stage = stage;
  const peer = await stage.peer();
  const stalled = await open(stage, peer);
  const { writable } = await sockets[0]!.stream.opened;
  const writer = writable.getWriter();
  let written = 0;
  const writing = (async () => {
    for (; written < 50; written++) await writer.write(new Uint8Array(10_000));
  })();
  await stage.settle();
  const before = written;
  assert(before < 40, `${before} messages were taken`);
  assert(heardOf(peer, stalled) <= 65_535);
  const lively = await open(stage, peer);
  peer.grant(0, 1_000_000);
  sockets[1]!.send("x".repeat(60_000));
  await stage.settle();
  assertEquals(heardOf(peer, lively), 60_004);
  assertEquals(written, before);
  peer.grant(stalled, 1_000_000);
  await stage.settle();
  await writing;
  await stage.settle();
  assertEquals(heardOf(peer, stalled), 50 * 10_004);
});

Deno.test("a WebSocket whose peer takes nothing is cut once more waits than may, and its connection goes on", async () => {
  const { stage, sockets } = stageOf({ limits: { maxQueuedBytes: 100_000 } });
  await using _stage = stage;
  const peer = await stage.peer();
  const id = await open(stage, peer);
  const log = record(sockets[0]!);
  for (let turn = 0; turn < 100 && sockets[0]!.readyState === 1; turn++) {
    sockets[0]!.send(new Uint8Array(10_000));
    await stage.settle();
  }
  assertMatch(log.join(), /^error Cannot send as at most 100000 bytes may wait: received \d+,close 1006 {2}false$/);
  await stage.settle();
  peer.grant(0, 1_000_000);
  assertEquals((await peer.message(peer.request(get("/plain")))).body, "plain");
  assertEquals(framesOf(peer, "rstStream", id), [], "what left the socket already may still be taken");
  await stage.advance(60_000);
  assertEquals(framesOf(peer, "rstStream", id).length, 1);
});

Deno.test("a stream that is reset, or ends without a Close, is a connection lost; the others live on", async () => {
  const { stage, sockets } = stageOf({}, echo);
  await using _stage = stage;
  const peer = await stage.peer();
  const ids = [await open(stage, peer), await open(stage, peer), await open(stage, peer)];
  const logs = sockets.map(record);
  peer.reset(ids[0]!, ErrorCode.Cancel);
  peer.data(ids[1]!, "", { end: true });
  await stage.settle();
  peer.data(ids[2]!, frame({ opcode: 1, payload: "still here" }));
  await stage.settle();
  assertMatch(logs[0]!.join(), /^error Cannot go on as the connection was lost.*,close 1006 {2}false$/);
  assertMatch(logs[1]!.join(), /^error Cannot go on as the peer ended without a Close frame,close 1006 {2}false$/);
  assertEquals([logs[2], said(peer, ids[2]!)], [["message still here"], ["81 still here"]]);
  peer.close();
  await stage.settle();
  assertMatch(logs[2]!.join(), /,error Cannot go on as the connection was lost.*,close 1006 {2}false$/);
});

Deno.test("a violation is answered by a Close, and what the peer still sends then is thrown away", async () => {
  const { stage, sockets } = stageOf({ limits: { maxMessageBytes: 1000 } });
  await using _stage = stage;
  const peer = await stage.peer();
  const id = await open(stage, peer);
  const log = record(sockets[0]!);
  const whole = frame({ opcode: 2, payload: new Uint8Array(300_000) });
  peer.data(id, whole.subarray(0, 16_000));
  await stage.settle();
  assertEquals(textOf(peer, id).slice(2, 23), "\x03\xf1Cannot read message");
  for (let at = 16_000; at < whole.length; at += 16_000) { // its windows are opened on
    peer.data(id, whole.subarray(at, at + 16_000));
    await stage.settle();
  }
  peer.data(id, frame({ opcode: 8, payload: hex("03f1") }), { end: true });
  await stage.settle();
  assertEquals(log.length, 2, log.join());
  assertEquals(framesOf(peer, "rstStream", id), []);
  assertEquals(stage.connectionErrors, []);
});

Deno.test("shutdown() leaves WebSockets over HTTP/2 open until they end, then the connection ends too", async () => {
  const { stage, sockets } = stageOf({}, echo);
  await using _stage = stage;
  const peer = await stage.peer();
  const id = await open(stage, peer);
  await stage.server.shutdown();
  peer.data(id, frame({ opcode: 1, payload: "on" }));
  await stage.settle();
  assertEquals(said(peer, id), ["81 on"]);
  sockets[0]!.close(1001, "going");
  await stage.settle();
  peer.data(id, frame({ opcode: 8, payload: hex("03e9") }), { end: true });
  await stage.settle();
  assertEquals([said(peer, id)[1], sockets[0]!.readyState], ["88 \x03\xe9going", 3]);
  peer.close();
  await stage.settle();
  assertEquals(stage.server.stats.connections, 0);
});

Deno.test("a client opens a hundred WebSockets on one connection beside its requests", async () => {
  const { listener, connect } = memoryNetwork();
  let dials = 0;
  await using server = serve({ listener }, (request) => {
    if (request.method !== "CONNECT") return new Response("plain");
    const { response, socket } = upgradeWebSocket(request, { compression: true });
    echo(socket);
    return response;
  });
  const dial = ({ signal }: { readonly signal: AbortSignal }) => (dials++, connect({ signal }));
  await using client = new HttpClient({ connect: dial, protocols: ["h2"] });
  const sockets = Array.from({ length: 99 }, (_, at) => client.webSocket(`ws://a/${at}`, { compression: true }));
  const logs = sockets.map(record);
  await Promise.all(sockets.map((socket) => next(socket, "open")));
  assertEquals(await (await client.fetch("http://a/")).text(), "plain");
  const told = Promise.all(sockets.map(async (socket, at) => {
    for (let turn = 0; turn < 5; turn++) {
      socket.send(`${at} ${turn} `.repeat(100 * turn + 1));
      await next(socket, "message");
    }
    socket.close(4000);
    await ended(socket);
  }));
  await told;
  logs.forEach((log, at) => {
    const messages = [0, 1, 2, 3, 4].map((turn) => `message ${`${at} ${turn} `.repeat(100 * turn + 1)}`);
    assertEquals(log, ["open", ...messages, "close 4000  true"]);
  });
  assertEquals([dials, server.stats.connections], [1, 1]);
});

Deno.test("close() while the opening is under way gives the stream up, not its connection", async () => {
  const answer = Promise.withResolvers<void>();
  const { listener, connect } = memoryNetwork();
  const errors: unknown[] = [];
  await using server = serve(
    { listener, onError: (error) => (errors.push(error), new Response()) },
    async (request) => {
      if (request.method !== "CONNECT") return new Response("plain");
      await answer.promise;
      return upgradeWebSocket(request).response;
    },
  );
  await using client = new HttpClient({ connect, protocols: ["h2"] });
  const socket = client.webSocket("ws://a/");
  await settle();
  const log = record(socket);
  socket.close();
  await ended(socket);
  assertMatch(log.join(), /^error Cannot open WebSocket as it was closed before,close 1006 {2}false$/);
  answer.resolve();
  assertEquals(await (await client.fetch("http://a/")).text(), "plain");
  await settle();
  assertEquals([server.stats.connections, errors], [1, []]);
});
