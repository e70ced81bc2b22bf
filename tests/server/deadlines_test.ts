/**
 * Owns the proof of each deadline of a server's connections: nothing happens 1 ms before it, and what must happen at it.
 * Time is the test's own.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { DEFAULT_SERVE_TIMEOUTS } from "../../server/mod.ts";
import { turn } from "./client.ts";
import { answersOf, get, post, Stage, statusesOf } from "./stage.ts";

const hello = () => new Response("hello");

Deno.test("serve() has the deadlines that its documentation names, in milliseconds", () => {
  assertEquals(DEFAULT_SERVE_TIMEOUTS, {
    head: 10_000,
    body: 30_000,
    request: 300_000,
    write: 30_000,
    idle: 75_000,
    drain: 2_000,
    linger: 1_000,
    age: 3_600_000,
    handshake: 10_000,
    preface: 10_000,
    settings: 10_000,
    ping: Infinity,
    pong: 20_000,
    goAway: 1_000,
  });
});

Deno.test("serve() answers 408 and closes when a head takes longer than its time (RFC 9110 §15.5.9)", async () => {
  await using stage = new Stage({ timeouts: { head: 10_000 } }, hello);
  const client = await stage.say("GET / HT");
  await stage.advance(5_000);
  client.write("TP/1.1\r\n"); // a drip does not begin the time anew
  await stage.advance(4_999);
  assertEquals([client.wire, client.ended], ["", false]);
  await stage.advance(1);
  const [answer] = answersOf(client);
  assertEquals([answer?.status, answer?.fields.get("connection"), client.ended], [408, "close", true]);
  assertEquals(answer?.fields.get("date"), "Thu, 01 Jan 2026 00:00:10 GMT");
});

Deno.test("serve() counts a head's time from its first octet, not from the answer before", async () => {
  await using stage = new Stage({ timeouts: { head: 10_000, idle: 60_000 } }, hello);
  const client = await stage.say(get("/"));
  await stage.advance(50_000);
  client.write("\r\nG");
  await stage.advance(9_999);
  assertEquals([statusesOf(client), client.ended], [[200], false]);
  client.write("ET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await stage.advance(1);
  assertEquals([statusesOf(client), client.ended], [[200, 200], false]);
});

Deno.test("serve() answers 408 when content has a gap longer than its time, and fails who reads it", async () => {
  await using stage = new Stage({ timeouts: { body: 30_000 } }, async (request) => new Response(await request.text()));
  const client = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na");
  await stage.advance(29_999);
  client.write("b"); // each piece begins the time anew
  await stage.advance(29_999);
  assertEquals([client.wire, client.ended], ["", false]);
  await stage.advance(1);
  assertEquals([statusesOf(client), client.ended], [[408], true]);
});

Deno.test("serve() counts no gap while the content's reader is slow", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await using stage = new Stage({ timeouts: { body: 1_000 } }, async (request) => {
    await promise;
    return new Response(`${(await request.text()).length}`);
  });
  const client = await stage.say(post("/", "x".repeat(300_000)));
  await stage.advance(60_000);
  assertEquals([client.wire, client.ended], ["", false]);
  assert(client.unsent > 0, "all was read though nobody wanted it");
  resolve();
  await turn();
  assertEquals(answersOf(client).map(({ body }) => body), ["300000"]);
});

Deno.test("serve() answers 408 when a whole request takes longer than its time, however it drips", async () => {
  await using stage = new Stage({ timeouts: { body: 30_000, request: 100_000 } }, async (request) => {
    return new Response(await request.text());
  });
  const client = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n");
  for (let seconds = 0; seconds < 90; seconds += 10) {
    await stage.advance(10_000);
    client.write(".");
  }
  await stage.advance(9_999);
  assertEquals([client.wire, client.ended], ["", false]);
  await stage.advance(1);
  assertEquals([statusesOf(client), client.ended], [[408], true]);
});

Deno.test("serve() counts a request's time anew for the next one, and none while a handler works", async () => {
  let answer: (() => void) | undefined;
  await using stage = new Stage({ timeouts: { request: 20_000, idle: 75_000 } }, async (request) => {
    await new Promise<void>((resolve) => answer = resolve);
    return new Response(await request.text());
  });
  const client = await stage.say(post("/", "one"));
  await stage.advance(500_000); // the handler's time is its own
  answer!();
  await turn();
  await stage.advance(19_000);
  client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nt");
  await stage.advance(19_999);
  assertEquals([statusesOf(client), client.ended], [[200], false]);
  await stage.advance(1);
  assertEquals([statusesOf(client), client.ended], [[200, 408], true]);
});

Deno.test("serve() does not count as a request's time that it had to wait for others (RFC 9112 §9.3.2)", async () => {
  let answer: (() => void) | undefined;
  await using stage = new Stage({ timeouts: { request: 20_000 } }, async (request) => {
    if (request.method === "GET") await new Promise<void>((resolve) => answer = resolve);
    return new Response(await request.text());
  });
  const client = await stage.say(`${get("/")}POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n`);
  await stage.advance(15_000);
  answer!();
  await stage.advance(15_000);
  client.write("abc");
  await turn();
  assertEquals(answersOf(client).map(({ status, body }) => [status, body]), [[200, ""], [200, "abc"]]);
});

Deno.test("serve() closes an idle connection without a word: before a request, and behind one", async () => {
  await using stage = new Stage({ timeouts: { idle: 75_000 } }, hello);
  const silent = await stage.dial();
  const served = await stage.say(get("/"));
  await stage.advance(74_999);
  assertEquals([silent.ended, served.ended], [false, false]);
  await stage.advance(1);
  assertEquals([silent.ended, silent.wire], [true, ""]);
  assertEquals([served.ended, statusesOf(served)], [true, [200]]);
});

Deno.test("serve() begins the idle time when the answer is complete, however long its handler took", async () => {
  let answer: (() => void) | undefined;
  await using stage = new Stage({ timeouts: { idle: 75_000 } }, async () => {
    await new Promise<void>((resolve) => answer = resolve);
    return new Response("at last");
  });
  const client = await stage.say(get("/"));
  await stage.advance(200_000);
  answer!();
  await stage.advance(74_999);
  assertEquals([statusesOf(client), client.ended], [[200], false]);
  await stage.advance(1);
  assertEquals([statusesOf(client), client.ended], [[200], true]);
});

Deno.test("serve() cuts a connection whose peer takes no octet of an answer in the write's time", async () => {
  const completed: string[] = [];
  await using stage = new Stage({ timeouts: { write: 30_000 }, network: { capacity: 1000 } }, (request, info) => {
    info.completed.then(() => completed.push("left"), (error: unknown) => completed.push(String(error)));
    request.signal.addEventListener("abort", () => completed.push("aborted"));
    return new Response(new Uint8Array(5_000));
  });
  const client = await stage.dial({ listens: false });
  client.write(get("/"));
  await stage.advance(20_000);
  const into = new Uint8Array(500);
  await client.transport.read(into); // each octet that is taken begins the time anew
  await stage.advance(29_999);
  assertEquals([completed, stage.server.stats.connections], [[], 1]);
  await stage.advance(1);
  assertEquals(stage.server.stats.connections, 0);
  assertEquals(completed.length, 2);
  assert(completed.includes("aborted"));
  assertMatch(String(stage.connectionErrors[0]), /within 30 s/);
});

Deno.test("serve() counts a stalled write, and the idle time, from their beginning however long a stream was silent", async () => {
  const controllers: ReadableStreamDefaultController<Uint8Array>[] = [];
  const timeouts = { write: 30_000, idle: 75_000 };
  await using stage = new Stage({ timeouts }, () => {
    return new Response(new ReadableStream({ start: (controller) => void controllers.push(controller) }));
  });
  const ended = await stage.say(get("/"));
  await stage.advance(200_000);
  controllers[0]!.close();
  await stage.advance(74_999);
  assertEquals([statusesOf(ended), ended.ended], [[200], false]);
  await stage.advance(1);
  assertEquals([ended.ended, stage.server.stats.connections], [true, 0]);
  const capacity = ended.wire.length - "0\r\n\r\n".length; // the head fills the wire, and nothing more does
  const stalled = await stage.dial({ listens: false, capacity });
  stalled.write(get("/"));
  await stage.advance(200_000);
  controllers[1]!.enqueue(new Uint8Array(100));
  await turn();
  await stage.advance(29_999);
  assertEquals(stage.server.stats.connections, 1);
  await stage.advance(1);
  assertEquals(stage.server.stats.connections, 0);
});

Deno.test("serve() cuts a stalled write of a handler that answers later, too", async () => {
  let answer: (() => void) | undefined;
  await using stage = new Stage({ timeouts: { write: 30_000 }, network: { capacity: 10 } }, async () => {
    await new Promise<void>((resolve) => answer = resolve);
    return new Response("x".repeat(100));
  });
  const client = await stage.dial({ listens: false });
  client.write(get("/"));
  await stage.advance(200_000);
  answer!();
  await turn();
  await stage.advance(29_999);
  assertEquals(stage.server.stats.connections, 1);
  await stage.advance(1);
  assertEquals(stage.server.stats.connections, 0);
});

Deno.test("serve() throws unread content away for 2 s and then closes", async () => {
  await using stage = new Stage({ timeouts: { drain: 2_000 } }, hello);
  const client = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n");
  await stage.advance(1_999);
  client.write("x".repeat(50_000)); // the time is for all of it, not for a gap
  await turn();
  assertEquals([statusesOf(client), client.ended], [[200], false]);
  await stage.advance(1);
  assertEquals([statusesOf(client), client.ended], [[200], true]);
});

Deno.test("serve() gives unread content its whole time, however long the handler took", async () => {
  let answer: (() => void) | undefined;
  await using stage = new Stage({ timeouts: { drain: 2_000, body: 500_000 } }, async () => {
    await new Promise<void>((resolve) => answer = resolve);
    return hello();
  });
  const client = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  await stage.advance(200_000);
  answer!();
  await stage.advance(1_999);
  client.write(`12345${get("/")}`);
  await turn();
  answer!();
  await turn();
  assertEquals([statusesOf(client), client.ended], [[200, 200], false]);
});

Deno.test("serve() throws content away from when its reader gives up, though the answer has left", async () => {
  let giveUp: (() => void) | undefined;
  await using stage = new Stage({ timeouts: { drain: 2_000 } }, async (request) => {
    const reader = request.body!.getReader();
    await reader.read();
    giveUp = () => void reader.cancel();
    return hello();
  });
  const client = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nh");
  await stage.advance(20_000);
  assertEquals([statusesOf(client), client.ended], [[200], false]);
  giveUp!();
  await stage.advance(1_999);
  assertEquals(client.ended, false);
  await stage.advance(1);
  assertEquals(client.ended, true);
});

Deno.test("serve() lingers for 1 s behind its last answer, so that the client sees it, and then closes", async () => {
  await using stage = new Stage({ timeouts: { linger: 1_000 } }, hello);
  const client = await stage.say(get("/", "Connection: close\r\n"));
  assertEquals([statusesOf(client), client.ended], [[200], true]);
  client.write("still talking"); // is read, and is no reason for a reset
  await stage.advance(999);
  assertEquals([stage.server.stats.connections, client.unsent], [1, 0]);
  await stage.advance(1);
  assertEquals(stage.server.stats.connections, 0);
});

Deno.test("serve() lingers no longer than until the client ends its side", async () => {
  await using stage = new Stage({}, hello);
  const client = await stage.say(get("/", "Connection: close\r\n"));
  assertEquals(stage.server.stats.connections, 1);
  client.end();
  await turn();
  assertEquals(stage.server.stats.connections, 0);
});

Deno.test("serve() says close in the first answer behind a connection's age, and not before", async () => {
  await using stage = new Stage({ timeouts: { age: 100_000, idle: 75_000 } }, hello);
  const client = await stage.say(get("/"));
  await stage.advance(60_000);
  client.write(get("/"));
  await stage.advance(39_999);
  client.write(get("/"));
  await turn();
  assertEquals(client.ended, false);
  await stage.advance(1);
  client.write(get("/"));
  await turn();
  assertEquals(answersOf(client).map(({ fields }) => fields.get("connection")), [
    undefined,
    undefined,
    undefined,
    "close",
  ]);
  assertEquals(client.ended, true);
});

Deno.test("serve() waits for ever where a deadline is Infinity", async () => {
  const timeouts = { head: Infinity, body: Infinity, request: Infinity, idle: Infinity, write: Infinity };
  await using stage = new Stage({ timeouts }, async (request) => new Response(await request.text()));
  const silent = await stage.dial();
  const head = await stage.say("GET / HT");
  const body = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na");
  await stage.advance(1e9);
  for (const client of [silent, head, body]) assertEquals([client.wire, client.ended], ["", false]);
  assertEquals(stage.clock.alarms, 0);
});

Deno.test("serve() begins the gap's time when it has sent 100 (Continue), not before", async () => {
  let read: (() => void) | undefined;
  await using stage = new Stage({ timeouts: { body: 30_000, request: 900_000 } }, async (request) => {
    await new Promise<void>((resolve) => read = resolve);
    return new Response(await request.text());
  });
  const client = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  await stage.advance(200_000);
  assertEquals([client.wire, client.ended], ["", false]);
  read!();
  await stage.advance(29_999);
  assertEquals([client.wire, client.ended], ["HTTP/1.1 100 Continue\r\n\r\n", false]);
  await stage.advance(1);
  assertEquals([statusesOf(client), client.ended], [[100, 408], true]);
});

Deno.test("serve() lets its timers keep no process alive", async () => {
  await using stage = new Stage({}, hello);
  await stage.say("GET / HT");
  assertEquals([stage.clock.alarms, stage.clock.holding], [1, 0]);
});
