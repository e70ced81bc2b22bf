/**
 * Owns the proof of each limit of a server: what is just allowed, and what answers the first octet too many.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { DEFAULT_SERVE_LIMITS } from "../../server/mod.ts";
import { turn } from "./client.ts";
import { answersOf, get, post, Stage, statusesOf } from "./stage.ts";

const hello = () => new Response("hello");
const size = async (request: Request) => new Response(`${(await request.bytes()).length}`);

Deno.test("serve() has the limits that its documentation names", () => {
  assertEquals(DEFAULT_SERVE_LIMITS.maxBodyBytes, 1024 * 1024);
  assertEquals(DEFAULT_SERVE_LIMITS.maxConnections, 10_000);
  assertEquals(DEFAULT_SERVE_LIMITS.maxConnectionsPerAddress, 256);
  assertEquals(DEFAULT_SERVE_LIMITS.maxPipelined, 16);
  assertEquals(DEFAULT_SERVE_LIMITS.drainBytes, 64 * 1024);
});

/** A request that is just within a limit, one that is just beyond it, and what answers that. */
const HEADS: readonly (readonly [what: string, status: number, within: string, beyond: string])[] = [
  ["target", 414, get(`/${"a".repeat(19)}`), get(`/${"a".repeat(20)}`)],
  ["head in bytes", 431, get("/", `X: ${"a".repeat(200 - 32)}\r\n`), get("/", `X: ${"a".repeat(200 - 31)}\r\n`)],
  ["field count", 431, get("/", "X: y\r\n".repeat(4)), get("/", "X: y\r\n".repeat(5))],
  ["method", 501, `${"M".repeat(32)} / HTTP/1.1\r\nHost: a\r\n\r\n`, `${"M".repeat(33)} / HTTP/1.1\r\nHost: a\r\n\r\n`],
  ["version", 505, "GET / HTTP/1.9\r\nHost: a\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"],
];

for (const [what, status, within, beyond] of HEADS) {
  Deno.test(`serve() answers ${status} and closes where the ${what} is beyond its limit`, async () => {
    await using stage = new Stage({ limits: { maxTargetBytes: 20, maxHeadBytes: 200, maxFields: 5 } }, hello);
    const allowed = await stage.say(within);
    assertEquals([statusesOf(allowed), allowed.ended], [[200], false]);
    const refused = await stage.say(beyond);
    assertEquals([statusesOf(refused), refused.ended], [[status], true]);
    assertEquals(stage.server.stats.requests, 1);
  });
}

Deno.test("serve() answers a head that is too long before its end has come", async () => {
  await using stage = new Stage({ limits: { maxHeadBytes: 200, maxTargetBytes: 50 } }, hello);
  const target = await stage.say(`GET /${"a".repeat(50)}`);
  assertEquals([statusesOf(target), target.ended], [[414], true]);
  const head = await stage.say(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(200)}`);
  assertEquals([statusesOf(head), head.ended], [[431], true]);
});

Deno.test("serve() answers 501 to a transfer coding that is not implemented (RFC 9112 §6.1)", async () => {
  await using stage = new Stage({}, size);
  const client = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n");
  assertEquals([statusesOf(client), client.ended], [[501], true]);
});

Deno.test("serve() answers 417 to an expectation that it can't meet (RFC 9110 §10.1.1)", async () => {
  await using stage = new Stage({}, size);
  const client = await stage.say(post("/", "x", "Expect: 200-ok\r\n"));
  assertEquals([statusesOf(client), client.ended], [[417], true]);
});

const chunkedPost = (fields: string, body: string) =>
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n${fields}\r\n${body}`;

Deno.test("serve() refuses chunk extensions and trailers beyond their limits", async () => {
  const limits = { maxExtensionBytes: 10, maxTrailerBytes: 40, maxTrailerFields: 2 };
  await using stage = new Stage({ limits }, size);
  for (
    const [body, status] of [
      ["1;a=1234567\r\nx\r\n0\r\n\r\n", 200],
      ["1;a=1234567\r\nx\r\n1;\r\n", 400],
      ["0\r\nA: 1\r\nB: 2\r\n\r\n", 200],
      ["0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", 431],
      [`0\r\nA: ${"x".repeat(33)}\r\n\r\n`, 200],
      [`0\r\nA: ${"x".repeat(34)}\r\n\r\n`, 431],
    ] as const
  ) {
    const client = await stage.say(chunkedPost("", body));
    assertEquals([statusesOf(client), client.ended], [[status], status !== 200], JSON.stringify(body));
  }
});

for (const method of ["text", "json", "bytes", "arrayBuffer", "blob", "formData"] as const) {
  Deno.test(`serve() answers 413 where ${method}() would take more than maxBodyBytes`, async () => {
    const errors: unknown[] = [];
    await using stage = new Stage({ limits: { maxBodyBytes: 10 } }, async (request) => {
      try {
        await request[method]();
        return new Response("taken");
      } catch (error) {
        if (error instanceof SyntaxError || error instanceof TypeError) return new Response("no json, no form");
        errors.push(error);
        throw error;
      }
    });
    assertEquals(statusesOf(await stage.say(post("/", "0123456789"))), [200]);
    assertEquals(statusesOf(await stage.say(post("/", "0123456789a"))), [413]);
    assertEquals(statusesOf(await stage.say(chunkedPost("", "a\r\n0123456789\r\n0\r\n\r\n"))), [200]);
    assertEquals(statusesOf(await stage.say(chunkedPost("", "a\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n"))), [413]);
    assertEquals(errors.length, 2);
  });
}

Deno.test("serve() answers 413 for an announced length before any octet of the content has come", async () => {
  await using stage = new Stage({ limits: { maxBodyBytes: 10 } }, size);
  const client = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
  assertEquals(statusesOf(client), [413]);
  const waiting = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
  assertEquals([statusesOf(waiting), waiting.ended], [[413], true]); // and no 100 (Continue)
});

Deno.test("serve() gives content beyond maxBodyBytes to who reads it as a stream", async () => {
  await using stage = new Stage({ limits: { maxBodyBytes: 10 } }, async (request) => {
    let count = 0;
    for await (const chunk of request.body!) count += chunk.length;
    return new Response(`${count}`);
  });
  const client = await stage.say(post("/", "x".repeat(100_000)));
  assertEquals(answersOf(client).map(({ body }) => body), ["100000"]);
});

Deno.test("serve() answers 413 to a length that no number holds, and does not wait for it", async () => {
  await using stage = new Stage({}, size);
  const client = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n");
  assertEquals([statusesOf(client), client.ended], [[413], true]);
});

Deno.test("serve() throws at most drainBytes of unread content away, and goes on behind that", async () => {
  await using stage = new Stage({ limits: { drainBytes: 1000 } }, hello);
  const chunk = (size: number) => `${size.toString(16)}\r\n${"x".repeat(size)}\r\n0\r\n\r\n`;
  for (
    const [framing, content, statuses] of [
      ["Content-Length: 1000", "x".repeat(1000), [200, 200]],
      ["Transfer-Encoding: chunked", chunk(1000), [200, 200]],
      ["Transfer-Encoding: chunked", chunk(1001), [200]],
    ] as const
  ) {
    const client = await stage.say(`POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`);
    client.write(content + get("/"));
    await turn();
    assertEquals([statusesOf(client), client.ended], [statuses, statuses.length === 1]);
  }
});

Deno.test("serve() takes unread content that came with its head for no request", async () => {
  await using stage = new Stage({}, hello);
  const client = await stage.say(post("/", get("/smuggled")) + get("/next"));
  assertEquals([statusesOf(client), client.ended, stage.server.stats.requests], [[200, 200], false, 2]);
  const cut = post("/", get("/smuggled"));
  const slow = await stage.say(cut.slice(0, -20));
  slow.write(cut.slice(-20) + get("/next"));
  await turn();
  assertEquals([statusesOf(slow), slow.ended, stage.server.stats.requests], [[200, 200], false, 4]);
});

Deno.test("serve() says close at once where the announced content is more than it would throw away", async () => {
  await using stage = new Stage({ limits: { drainBytes: 1000 } }, hello);
  const client = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
  assertEquals([answersOf(client)[0]?.fields.get("connection"), client.ended], ["close", true]);
});

Deno.test("serve() says close where it answers without the 100 that the client waits for (RFC 9110 §10.1.1)", async () => {
  await using stage = new Stage({}, hello);
  const client = await stage.say("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  assertEquals([statusesOf(client), answersOf(client)[0]?.fields.get("connection")], [[200], "close"]);
  client.write(get("/smuggled")); // content, or a request? nobody can tell
  await turn();
  assertEquals([statusesOf(client), client.ended, stage.server.stats.requests], [[200], true, 1]);
});

Deno.test("serve() says close in the last of maxRequests answers, and reads no more", async () => {
  await using stage = new Stage({ limits: { maxRequests: 3 } }, hello);
  const client = await stage.say(get("/").repeat(5));
  assertEquals(answersOf(client).map(({ fields }) => fields.get("connection")), [undefined, undefined, "close"]);
  assertEquals([client.ended, stage.server.stats.requests], [true, 3]);
});

Deno.test("serve() accepts no more than maxConnections at a time", async () => {
  await using stage = new Stage({ limits: { maxConnections: 2 } }, hello);
  const [first, , third] = [await stage.dial(), await stage.dial(), await stage.dial()];
  third.write(get("/"));
  await turn();
  assertEquals([stage.server.stats.connections, third.wire], [2, ""]);
  first.close();
  await turn();
  assertEquals([stage.server.stats.connections, statusesOf(third)], [2, [200]]);
});

Deno.test("serve() closes a connection beyond maxConnectionsPerAddress, and takes those of others", async () => {
  await using stage = new Stage({ limits: { maxConnectionsPerAddress: 2 } }, hello);
  const first = await stage.dial({ name: "one" });
  await stage.dial({ name: "one" });
  const refused = await stage.dial({ name: "one" });
  assert(refused.ended || refused.lost !== undefined);
  const other = await stage.dial({ name: "other" });
  other.write(get("/"));
  first.close();
  await turn();
  assertEquals(statusesOf(other), [200]);
  const again = await stage.dial({ name: "one" });
  again.write(get("/"));
  await turn();
  assertEquals(statusesOf(again), [200]);
});

Deno.test("serve() says in an error's text what the limit was", async () => {
  await using stage = new Stage({ limits: { maxTargetBytes: 20 } }, hello);
  const client = await stage.say(get(`/${"a".repeat(20)}`));
  assertMatch(answersOf(client)[0]!.body, /^Cannot read request target as it must have at most 20 bytes/);
  assertMatch(String(stage.connectionErrors[0]), /20 bytes/);
});
