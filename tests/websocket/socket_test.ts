/**
 * Owns the tests of WebSockets as programs use them: events, streams with backpressure, many at once, deadlines, slow and
 * hostile peers. Over an in-memory wire and a clock of their own.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects, assertThrows } from "@std/assert";
import {
  broadcast,
  type HttpWebSocket,
  PreparedMessage,
  WebSocketClient,
  WebSocketError,
  type WebSocketUpgrade,
} from "../../mod.ts";
import { frame, hex } from "./conversation.ts";
import { ended, next, overBoth, record, settle, Stage } from "./stage.ts";

/** A server that echoes what comes as events. */
function echo(accept: () => WebSocketUpgrade): Response {
  const { response, socket } = accept();
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
}

overBoth("a client and a server speak: open, messages, close, with the platform's events", async (stageOf) => {
  await using stage = stageOf({ protocols: ["chat"] }, echo);
  const socket = new WebSocketClient("ws://localhost/a?b", {
    protocols: ["x", "chat"],
    client: stage.client,
    clock: stage.clock,
  });
  assertEquals([socket.readyState, socket.url, socket.protocol, socket.binaryType], [
    0,
    "ws://localhost/a?b",
    "",
    "blob",
  ]);
  assertThrows(() => socket.send("x"), DOMException, "being opened");
  const log = record(socket);
  await next(socket, "open");
  const server = stage.accepted[0]!.socket;
  const serverLog = record(server);
  assertEquals([socket.readyState, socket.protocol, socket.extensions, server.url], [
    1,
    "chat",
    "",
    "ws://localhost/a?b",
  ]);
  socket.send("hällo");
  const { data, origin, target } = await next(socket, "message");
  assertEquals([data, origin, target === socket], ["hällo", "ws://localhost", true]);
  socket.send(new Uint8Array([1, 2, 3]).subarray(1));
  const blob = (await next(socket, "message")).data;
  assertInstanceOf(blob, Blob);
  assertEquals(await blob.bytes(), new Uint8Array([2, 3]));
  socket.binaryType = "arraybuffer";
  socket.send(new DataView(new ArrayBuffer(2)));
  assertEquals((await next(socket, "message")).data, new ArrayBuffer(2));
  socket.close(4001, "bye");
  assertEquals(socket.readyState, 2);
  const close = await next(socket, "close");
  assertInstanceOf(close, CloseEvent);
  assertEquals([close.code, close.reason, close.wasClean, socket.readyState], [4001, "bye", true, 3]);
  await settle();
  assertEquals(serverLog.at(-1), "close 4001 bye true");
  assertEquals(log, [
    "open",
    "message hällo",
    "message [object Blob]",
    "message [object ArrayBuffer]",
    "close 4001 bye true",
  ]);
  socket.send("nobody hears it");
  socket.close();
});

overBoth("a socket has the platform's constants, and its on… attributes take functions alone", async (stageOf) => {
  await using stage = stageOf({}, echo);
  const socket = stage.client.webSocket("ws://a/", { clock: stage.clock });
  const { CONNECTING, OPEN, CLOSING, CLOSED } = socket;
  assertEquals([CONNECTING, OPEN, CLOSING, CLOSED], [0, 1, 2, 3]);
  assertEquals([WebSocketClient.CONNECTING, WebSocketClient.CLOSED, socket instanceof EventTarget], [0, 3, true]);
  assertEquals([socket.onopen, socket.onmessage, socket.onerror, socket.onclose], [null, null, null, null]);
  const calls: string[] = [];
  socket.onopen = () => calls.push("replaced");
  socket.onopen = function () {
    calls.push(`open ${this === socket}`);
  };
  socket.onmessage = ({ data }) => calls.push(data);
  socket.onclose = () => calls.push("close");
  socket.onerror = JSON.parse('"no function"');
  assertEquals(socket.onerror, null);
  socket.binaryType = JSON.parse('"text"');
  assertEquals(socket.binaryType, "blob");
  await next(socket, "open");
  socket.send("1");
  await next(socket, "message");
  socket.onmessage = null;
  socket.send("2");
  await next(socket, "message");
  socket.close();
  await ended(socket);
  assertEquals(calls, ["open true", "1", "close"]);
});

overBoth(
  "a WebSocket's constructor refuses what the platform's does, and headers travel but those of the handshake",
  async (stageOf) => {
    for (const url of ["/relative", "ftp://a/", "ws://a/#fragment", "ws://a/#", "ws://"]) {
      assertEquals(assertThrows(() => new WebSocketClient(url), DOMException).name, "SyntaxError", url);
    }
    for (const protocols of ["a b", ["a", "a"], [""]]) {
      assertEquals(assertThrows(() => new WebSocketClient("ws://a/", protocols), DOMException).name, "SyntaxError");
    }
    assertThrows(() => new WebSocketClient("ws://a/", { timeouts: { close: -1 } }), RangeError, "timeouts.close");
    const seen: (string | null)[] = [];
    await using stage = stageOf({}, (accept, { headers }) => {
      seen.push(headers.get("x-a"), headers.get("sec-websocket-version"), headers.get("sec-websocket-protocol"));
      return accept().response;
    });
    const headers = { "x-a": "1", "sec-websocket-version": "8", "sec-websocket-protocol": "mine" };
    const socket = stage.client.webSocket("http://a/", { headers, clock: stage.clock });
    assertEquals(socket.url, "ws://a/");
    await next(socket, "open");
    assertEquals(seen, ["1", "13", null]);
  },
);

overBoth(
  "close() refuses wrong codes and reasons, takes all that may be sent, and ends an opening",
  async (stageOf) => {
    await using stage = stageOf({}, echo);
    const socket = stage.client.webSocket("ws://a/", { clock: stage.clock });
    assertEquals(assertThrows(() => socket.close(1005), DOMException).name, "InvalidAccessError");
    assertEquals(assertThrows(() => socket.close(1000, "x".repeat(124)), DOMException).name, "SyntaxError");
    assertEquals(socket.readyState, 0);
    const log = record(socket);
    socket.close(1011, "restart");
    assertEquals(socket.readyState, 2);
    await ended(socket);
    assertEquals(log, ["error Cannot open WebSocket as it was closed before", "close 1006  false"]);
    const reasoned = stage.client.webSocket("ws://a/", { clock: stage.clock });
    await next(reasoned, "open");
    const server = stage.accepted.at(-1)!.socket;
    reasoned.close(undefined, "a reason alone");
    assertEquals((await next(server, "close")).code, 1000);
  },
);

overBoth("a Blob is sent in its place: what was sent behind it follows it, and so does the Close", async (stageOf) => {
  await using stage = stageOf();
  const socket = stage.client.webSocket("ws://a/", { clock: stage.clock });
  await next(socket, "open");
  await settle();
  const server = stage.accepted[0]!.socket;
  const log = record(server);
  server.binaryType = "arraybuffer";
  const bytes = new Uint8Array([9]);
  socket.send("first");
  socket.send(new Blob(["blob"]));
  socket.send(bytes);
  bytes[0] = 1;
  socket.send("last");
  assert(socket.bufferedAmount >= 4 + 1 + 4, `${socket.bufferedAmount}`);
  const nine = new Promise<unknown>((resolve) =>
    server.addEventListener("message", ({ data }) => data.byteLength === 1 && resolve(new Uint8Array(data)[0]))
  );
  socket.close(1000);
  await ended(server);
  assertEquals(log, [
    "message first",
    "message [object ArrayBuffer]",
    "message [object ArrayBuffer]",
    "message last",
    "close 1000  true",
  ]);
  assertEquals([await nine, socket.bufferedAmount], [9, 0]);
});

overBoth("compression that both ends want is used, and gives the same messages", async (stageOf) => {
  await using stage = stageOf({ compression: { threshold: 0 } }, echo);
  const text = "the same words again and again, ".repeat(30);
  const sizes: number[] = [];
  for (const compression of [false, true, { clientNoContextTakeover: true, serverNoContextTakeover: true, level: 9 }]) {
    const socket = stage.client.webSocket("ws://a/", { compression, clock: stage.clock });
    await next(socket, "open");
    assertEquals(socket.extensions, compression === false ? "" : "permessage-deflate");
    for (let turn = 0; turn < 3; turn++) {
      socket.send(text);
      sizes.push(socket.bufferedAmount);
      assertEquals((await next(socket, "message")).data, text);
    }
    socket.close();
    await ended(socket);
  }
  assertEquals(sizes.slice(0, 3), Array(3).fill(text.length + 8));
  const [first, second, third, alone, again] = sizes.slice(3);
  assert(first! < 100 && second! < first! && third! <= second!, `${sizes}`);
  assertEquals(alone, again);
});

Deno.test("stream gives messages by backpressure: a peer that sends faster has to wait", async () => {
  await using stage = new Stage();
  const { wire } = await stage.open("", { capacity: 1000 });
  const { stream } = stage.accepted[0]!;
  const { readable } = await stream.opened;
  let written = 0;
  const writing = (async () => {
    for (; written < 100; written++) await wire.write(frame({ opcode: 1, payload: String(written).padEnd(100, ".") }));
  })();
  await settle();
  const before = written;
  assert(before < 30, `${before} messages were taken though nobody reads`);
  await stage.advance(120_000); // whoever doesn't read blames no peer for silence
  const reader = readable.getReader();
  for (let at = 0; at < 100; at++) {
    const { value } = await reader.read();
    assert(typeof value === "string");
    assertEquals(Number.parseInt(value), at);
  }
  await writing;
  await wire.write(frame({ opcode: 8, payload: hex("0fa0") }));
  assertEquals((await reader.read()).done, true);
  assertEquals(await stream.closed, { closeCode: 4000, reason: "" });
  await assertRejects(() => stream.writable.getWriter().write("late"), WebSocketError, "must be open");
});

Deno.test("stream lets a writer wait whose peer doesn't read", async () => {
  await using stage = new Stage();
  const { wire } = await stage.open("", { capacity: 1000 });
  const writer = stage.accepted[0]!.stream.writable.getWriter();
  let written = 0;
  const writing = (async () => {
    for (; written < 50; written++) await writer.write(new Uint8Array(10_000));
  })();
  await settle();
  assert(written < 12, `${written} messages were taken though nobody reads`);
  for (let left = 50 * 10_004; left > 0; left -= 1000) await wire.readText(Math.min(left, 1000));
  await writing;
  assertEquals(written, 50);
});

overBoth("stream: closing the writable is the closing handshake; cancelling or aborting says why", async (stageOf) => {
  await using stage = stageOf({}, echo);
  const open = async () => {
    const socket = stage.client.webSocket("ws://a/", { clock: stage.clock });
    const opened = await socket.stream.opened;
    return { ...opened, socket, stream: socket.stream, server: stage.accepted.at(-1)!.socket };
  };
  const one = await open();
  assertEquals([one.protocol, one.extensions, one.stream.url], ["", "", "ws://a/"]);
  const writer = one.writable.getWriter();
  await writer.write("text");
  await writer.write(new Uint8Array([1]).buffer);
  const reader = one.readable.getReader();
  assertEquals([(await reader.read()).value, (await reader.read()).value], ["text", new Uint8Array([1])]);
  await writer.close();
  assertEquals([await one.stream.closed, await reader.read()], [{ closeCode: 1005, reason: "" }, {
    value: undefined,
    done: true,
  }]);
  const two = await open();
  const closed = next(two.server, "close");
  await two.readable.cancel(new WebSocketError("x", { closeCode: 4000, reason: "enough" }));
  assertEquals([(await closed).code, (await closed).reason, (await two.stream.closed).closeCode], [
    4000,
    "enough",
    4000,
  ]);
  const three = await open();
  const aborted = next(three.server, "close");
  await three.writable.abort(new Error("any"));
  assertEquals((await aborted).code, 1005);
  const four = await open();
  const said = next(four.server, "close");
  four.stream.close({ reason: "a reason alone" });
  assertEquals([(await said).code, (await said).reason], [1000, "a reason alone"]);
  assertThrows(() => four.stream.close({ closeCode: 1006 }), DOMException, "received 1006");
  assertThrows(() => four.stream.close({ reason: "x".repeat(124) }), DOMException, "received 124");
});

overBoth(
  "stream: an echo is a pipe from readable to writable, which ends well when the peer closes",
  async (stageOf) => {
    const pipes: Promise<void>[] = [];
    await using stage = stageOf({}, (accept) => {
      const { response, stream } = accept();
      pipes.push(stream.readable.pipeTo(stream.writable));
      return response;
    });
    const socket = stage.client.webSocket("ws://a/", { clock: stage.clock });
    await next(socket, "open");
    const log = record(socket);
    for (let at = 0; at < 20; at++) socket.send(`message ${at}`);
    socket.send("x".repeat(200_000));
    await next(socket, "message");
    while (log.length < 21) await next(socket, "message");
    socket.close(4000);
    await ended(socket);
    await Promise.all(pipes);
    assertEquals([log[19], log[20]!.length, log[21]], ["message message 19", 200_008, "close 4000  true"]);
    const { writable } = stage.accepted[0]!.stream;
    assertEquals(writable.locked, false);
  },
);

overBoth("stream rejects where the connection can't be opened, or breaks off", async (stageOf) => {
  await using stage = stageOf(
    {},
    (accept, { url }) => url.endsWith("/no") ? new Response("no", { status: 404 }) : accept().response,
  );
  const refused = stage.client.webSocket("ws://a/no", { clock: stage.clock }).stream;
  await assertRejects(() => refused.opened, WebSocketError, "received 404");
  await assertRejects(() => refused.closed, WebSocketError);
  await assertRejects(() => refused.readable.getReader().read(), WebSocketError);
  const { wire } = await stage.open();
  const { stream } = stage.accepted[0]!;
  const { readable, writable } = await stream.opened;
  const reading = assertRejects(() => readable.getReader().read(), WebSocketError, "without a Close");
  await wire.end();
  await reading;
  const error = await assertRejects(() => stream.closed, WebSocketError);
  assertEquals(error.closeCode, 1006);
  await assertRejects(() => writable.getWriter().write("x"), WebSocketError);
});

overBoth("a signal gives an opening up, and an open connection is none of its business", async (stageOf) => {
  await using stage = stageOf();
  const early = stage.client.webSocket("ws://a/", { signal: AbortSignal.abort(), clock: stage.clock });
  const log = record(early);
  await ended(early);
  assertMatch(log.join(), /^error .*aborted.*,close 1006 {2}false$/);
  const controller = new AbortController();
  const socket = stage.client.webSocket("ws://a/", { signal: controller.signal, clock: stage.clock });
  await next(socket, "open");
  controller.abort();
  await settle();
  assertEquals(socket.readyState, socket.OPEN);
});

overBoth("a failing connection tells of it by an ErrorEvent with the error, then by a close event", async (stageOf) => {
  await using stage = stageOf();
  const { wire } = await stage.open();
  const { socket } = stage.accepted[0]!;
  const log = record(socket);
  const failed = next(socket, "error");
  await wire.write(frame({ opcode: 1, payload: hex("ff") }));
  const event = await failed;
  assertInstanceOf(event, ErrorEvent);
  assertInstanceOf(event.error, WebSocketError);
  assertEquals(event.error.closeCode, 1007);
  await wire.end();
  assertMatch(await wire.readToEnd(), /Cannot read text as it must be UTF-8$/);
  assertEquals(log, ["error Cannot read text as it must be UTF-8", "close 1006  false"]);
});

Deno.test("deadlines go by the clock: Ping and Pong, idle, close, write", async () => {
  const timeouts = { ping: 1000, pong: 500, close: 700, write: 400 };
  await using stage = new Stage({ timeouts });
  const silent = await stage.open();
  const log = record(stage.accepted[0]!.socket);
  await stage.advance(1000);
  assertEquals(await silent.wire.readText(2), "\ufffd\0");
  await stage.advance(500);
  assertMatch(log.join(), /^error Cannot go on as nothing came for 500 ms after a Ping,close 1006/);
  assertEquals(await silent.wire.readToEnd(), "");

  const mute = await stage.open();
  const second = stage.accepted[1]!.socket;
  const secondLog = record(second);
  second.close(1001);
  await settle();
  await stage.advance(700);
  assertMatch(secondLog.join(), /^error Cannot go on as no Close came for 700 ms,close 1006/);
  mute.wire.close();

  await stage.open("", { capacity: 100 });
  const third = stage.accepted[2]!.socket;
  const thirdLog = record(third);
  third.send("x".repeat(1000));
  await settle();
  await stage.advance(400);
  assertMatch(thirdLog.join(), /^error Cannot go on as the peer took nothing for 400 ms,close 1006/);

  await using lazy = new Stage({ timeouts: { idle: 2000, ping: Infinity } });
  const { wire } = await lazy.open();
  await lazy.advance(1999);
  await wire.write(frame({ opcode: 1, payload: "x" }));
  await settle();
  await lazy.advance(1999);
  assertEquals(lazy.accepted[0]!.socket.readyState, 1);
  await lazy.advance(1);
  assertMatch(await wire.readText(8), /idle$/);
});

Deno.test("both ends' Close is followed by the end of the bytes; a peer that never ends is cut", async () => {
  await using stage = new Stage({ timeouts: { close: 700 } });
  const polite = await stage.open();
  const log = record(stage.accepted[0]!.socket);
  await polite.wire.write(frame({ opcode: 8, payload: hex("03e8") }));
  assertEquals((await polite.wire.readToEnd()).length, 4);
  assertEquals(log, ["close 1000  true"]);
  assertEquals(stage.server.stats.connections, 1, "what the client still sends is thrown away");
  await polite.wire.write("late bytes");
  await settle();
  await stage.advance(700);
  assertEquals(stage.server.stats.connections, 0);
});

Deno.test("a peer that takes nothing is cut once more waits than may, and costs no more", async () => {
  await using stage = new Stage({ limits: { maxQueuedBytes: 50_000 } });
  await stage.open("", { capacity: 100 });
  const { socket } = stage.accepted[0]!;
  const log = record(socket);
  let most = 0;
  for (let turn = 0; turn < 100 && socket.readyState === 1; turn++) {
    socket.send(new Uint8Array(1000));
    most = Math.max(most, socket.bufferedAmount);
    await settle();
  }
  assert(most > 50_000 && most < 53_000, `${most}`);
  assertMatch(log.join(), /^error Cannot send as at most 50000 bytes may wait: received \d+,close 1006/);
});

overBoth("terminate() cuts at once, before the opening and after", async (stageOf) => {
  await using stage = stageOf({}, echo);
  const early = stage.client.webSocket("ws://a/", { clock: stage.clock });
  early.terminate();
  await ended(early);
  const socket = stage.client.webSocket("ws://a/", { clock: stage.clock });
  await next(socket, "open");
  const server = stage.accepted.at(-1)!.socket;
  const log = record(socket);
  socket.send("dropped");
  socket.terminate();
  await ended(server);
  assertMatch(log.join(), /^error .*cut by this end,close 1006/);
});

overBoth("ping() asks the peer, and its payload is bounded", async (stageOf) => {
  await using stage = stageOf();
  const { wire } = await stage.open();
  const { socket } = stage.accepted[0]!;
  socket.ping();
  socket.ping(new TextEncoder().encode("you?"));
  assertThrows(() => socket.ping(new Uint8Array(126)), RangeError);
  assertEquals(await wire.readText(8), "\ufffd\0\ufffd\x04you?");
});

Deno.test("broadcast() frames once for all that are open, whatever each agreed on, and passes over the slow", async () => {
  await using stage = new Stage({ compression: { threshold: 0 } });
  const clients: HttpWebSocket[] = [];
  for (const compression of [false, true, { serverMaxWindowBits: 9 }, { serverNoContextTakeover: true }]) {
    const client = stage.client.webSocket("ws://a/", { compression, clock: stage.clock });
    client.binaryType = "arraybuffer";
    await next(client, "open");
    clients.push(client);
  }
  await stage.open("", { capacity: 10 });
  const sockets = stage.accepted.map(({ socket }) => socket);
  const logs = clients.map(record);
  const slow = sockets[4]!;
  slow.send("x".repeat(200));
  const passed: HttpWebSocket[] = [];
  const onSlow = (socket: HttpWebSocket) => void passed.push(socket);
  const text = "the same for all, the same for all";
  assertEquals(broadcast(sockets, text, { maxBuffered: 100, onSlow }), 4);
  sockets[1]!.send(text); // what its context knows was made without the broadcast
  assertEquals(broadcast(sockets, new Uint8Array([1, 2]).buffer, { maxBuffered: 100 }), 4);
  sockets[1]!.send(text);
  await settle();
  const both = [`message ${text}`, "message [object ArrayBuffer]"];
  assertEquals(logs, [both, [both[0]!, both[0]!, both[1]!, both[0]!], both, both]);
  assertEquals(passed, [slow]);
  const message = new PreparedMessage("prepared");
  assertEquals([message.byteLength, message.frameFor(undefined) === message.frameFor(undefined)], [8, true]);
  clients[0]!.send(message); // a client's frames are masked each on its own
  assertEquals((await next(sockets[0]!, "message")).data, "prepared");
  clients[0]!.close();
  await ended(sockets[0]!);
  assertEquals(broadcast([sockets[0]!], "nobody"), 0);
});

Deno.test("a handler that returns another response leaves its socket failed, not waiting", async () => {
  await using stage = new Stage({}, (accept) => {
    accept();
    return new Response("changed my mind");
  });
  const wire = await stage.dial();
  await wire.write(
    "GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n",
  );
  await wire.readUntil("changed my mind");
  await settle();
  assertEquals(stage.accepted[0]!.socket.readyState, 3);
});

overBoth("a listener that throws harms nobody but itself", async (stageOf) => {
  const told: unknown[] = [];
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    told.push(event.error);
  };
  globalThis.addEventListener("error", onError);
  await using stage = stageOf();
  const { wire } = await stage.open();
  const { socket } = stage.accepted[0]!;
  socket.addEventListener("message", () => {
    throw new Error("on purpose");
  });
  socket.addEventListener("message", ({ data }) => socket.send(data));
  await wire.write(frame({ opcode: 1, payload: "a" }));
  await wire.write(frame({ opcode: 1, payload: "b" }));
  assertEquals(await wire.readText(6), "\ufffd\x01a\ufffd\x01b");
  globalThis.removeEventListener("error", onError);
  assertEquals(told.map(String), ["Error: on purpose", "Error: on purpose"]);
});
