import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { ClientError, HttpClient } from "../../client/mod.ts";
import { resolveOptions } from "../../client/options.ts";
import { Pool } from "../../client/pool.ts";
import { targetOf } from "../../client/target.ts";
import { TunnelTask } from "../../client/tunnel.ts";
import { memoryNetwork } from "../../net/mod.ts";
import { ManualClock } from "../../timer/mod.ts";
import { OK, rejection, settled, stage, until } from "./peer.ts";

const URLS = ["http://a/", "http://b/"] as const;

Deno.test("HttpClient keeps a connection whose response was read, and uses it again", async () => {
  using set = stage();
  const first = set.client.fetch("http://a/1");
  const peer = await set.accept();
  for (const path of ["/1", "/2", "/3"]) {
    const response = path === "/1" ? first : set.client.fetch(`http://a${path}`);
    assertMatch(await peer.answer(), new RegExp(`^GET ${path} `));
    await (await response).text();
  }
  assertEquals([set.dials, set.client.connections], [1, 1]);
});

Deno.test("HttpClient lets a connection go that says close, of either side", async () => {
  for (const side of ["client", "server"]) {
    using set = stage();
    const response = set.client.fetch("http://a/", side === "client" ? { headers: { connection: "close" } } : {});
    const peer = await set.accept();
    await peer.answer(side === "server" ? OK.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n") : OK);
    assertEquals(await (await response).text(), "hello");
    assertEquals([await peer.readToEnd(), set.client.connections], ["", 0]);
  }
});

Deno.test("HttpClient notices at once that the peer has closed an idle connection, and never uses it", async () => {
  for (const end of ["end", "close", "reset"] as const) {
    using set = stage();
    const response = set.client.fetch("http://a/");
    const peer = await set.accept();
    await peer.answer();
    await (await response).text();
    if (end === "end") await peer.end();
    else if (end === "close") peer.close();
    else peer.transport.reset();
    await until(() => set.client.connections === 0);
    const next = set.client.fetch("http://a/", { method: "POST" });
    await (await set.accept()).answer();
    assertEquals((await next).status, 200, end);
  }
});

Deno.test("HttpClient gives up an idle connection on which octets come that nobody asked for", async () => {
  using set = stage();
  const response = set.client.fetch("http://a/");
  const peer = await set.accept();
  await peer.answer();
  await (await response).text();
  await peer.write("HTTP/1.1 408 Request Timeout\r\ncontent-length: 4\r\n\r\nevil");
  await until(() => set.client.connections === 0);
  const next = set.client.fetch("http://a/");
  await (await set.accept()).answer();
  assertEquals(await (await next).text(), "hello");
});

Deno.test("HttpClient never gives one answer to the next request: what comes behind it ends the connection", async () => {
  using set = stage();
  const first = set.client.fetch("http://a/1");
  const second = set.client.fetch("http://a/2");
  const peers = [await set.accept(), await set.accept()];
  await peers[0]!.answer(`${OK}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`);
  await peers[1]!.answer();
  assertEquals([await (await first).text(), await (await second).text()], ["hello", "hello"]);
  assertEquals([await peers[0]!.readToEnd(), set.client.connections], ["", 1]);
});

Deno.test("HttpClient closes a connection that was idle for too long, or before the server does", async () => {
  using set = stage();
  const response = set.client.fetch("http://a/");
  const peer = await set.accept();
  await peer.answer();
  await (await response).text();
  set.clock.advance(49_999);
  assertEquals(set.client.connections, 1);
  set.clock.advance(1);
  assertEquals([set.client.connections, await peer.readToEnd()], [0, ""]);
  const hinted = set.client.fetch("http://a/");
  const other = await set.accept();
  await other.answer(OK.replace("\r\n\r\n", "\r\nkeep-alive: timeout=5, max=100\r\n\r\n"));
  await (await hinted).text();
  set.clock.advance(3_999);
  assertEquals(set.client.connections, 1);
  set.clock.advance(1);
  assertEquals(set.client.connections, 0, "a second before the server does");
});

Deno.test("HttpClient opens at most as many connections to an origin as it may; the rest wait their turn", async () => {
  using set = stage({ limits: { maxConnectionsPerOrigin: 2 } });
  const all = [1, 2, 3, 4].map((path) => set.client.fetch(`http://a/${path}`));
  const peers = [await set.accept(), await set.accept()];
  assertEquals([set.dials, set.client.connections], [2, 2]);
  assertMatch(await peers[0]!.answer(), /^GET \/1 /);
  assertEquals(await (await all[0]!).text(), "hello");
  assertMatch(await peers[0]!.answer(), /^GET \/3 /);
  assertMatch(await peers[0]!.answer(), /^GET \/4 /);
  assertMatch(await peers[1]!.answer(), /^GET \/2 /);
  for (const response of all) await response;
  assertEquals(set.dials, 2);
});

Deno.test("HttpClient has a bound for those that wait, and a deadline", async () => {
  using set = stage({ limits: { maxConnectionsPerOrigin: 1, maxQueued: 1 } });
  const first = set.client.fetch("http://a/");
  const peer = await set.accept();
  await peer.head();
  const second = set.client.fetch("http://a/");
  second.catch(() => {}); // looked at below
  const third = await rejection(set.client.fetch("http://a/"));
  assertInstanceOf(third, TypeError);
  assertInstanceOf(third.cause, ClientError);
  assertEquals([third.cause.phase, set.dials], ["queue", 1]);
  set.clock.advance(60_000);
  const late = await rejection(second);
  assert(late instanceof DOMException);
  assertEquals([late.name, late.message], [
    "TimeoutError",
    "Cannot fetch as the wait for a connection took longer than 60000 ms",
  ]);
  await peer.write(OK);
  assertEquals((await first).status, 200);
});

Deno.test("HttpClient has a bound for those that wait for a place among all connections, too", async () => {
  using set = stage({ limits: { maxConnections: 1, maxQueued: 1 } });
  const first = set.client.fetch(URLS[0]);
  const peer = await set.accept();
  await peer.head();
  const second = set.client.fetch(URLS[1]);
  const third = await rejection(set.client.fetch(URLS[1]));
  assertInstanceOf(third, TypeError);
  assertInstanceOf(third.cause, ClientError);
  assertEquals([third.cause.phase, set.dials], ["queue", 1]);
  await peer.write(OK);
  await (await first).text();
  await (await set.accept()).answer();
  assertEquals((await second).status, 200, "the bound leaves those that wait alone");
});

Deno.test("HttpClient closes a connection that comes to rest where another origin waits for a place", async () => {
  using set = stage({ limits: { maxConnections: 1 } });
  const responses = [URLS[0], URLS[1], URLS[0]].map((url) => set.client.fetch(url));
  const a = await set.accept();
  await a.answer();
  await (await responses[0]!).text();
  await a.answer();
  await (await responses[2]!).text();
  const b = await set.accept();
  assertEquals([await a.readToEnd(), set.client.connections], ["", 1]);
  await b.answer();
  assertEquals((await responses[1]!).status, 200);
});

Deno.test("Pool is empty again once the last that waited has gone", () => {
  const told: string[] = [];
  const owner = {
    mayOpen: () => false,
    idled: () => {},
    opened: () => {},
    closed: () => {},
    emptied: ({ key }: Pool) => void told.push(key),
  };
  const clock = new ManualClock();
  const context = resolveOptions({ clock, limits: { maxQueued: 1 } });
  const pool = new Pool(context, targetOf("http://a/"), { owner, key: "http://a", versions: context.protocols });
  const wait = (): TunnelTask => {
    const target = targetOf("http://a/");
    const request = { method: "GET", target, path: "/", host: "a", protocols: ["foo"] } as const;
    const context = resolveOptions({ clock });
    const carrier = { size: 0, carry: () => {}, withdraw: () => {}, distrust: () => {}, close: () => {} };
    const task = new TunnelTask({ context, carrier }, request, {});
    task.run().catch(() => {}); // what it is told is no matter here
    pool.carry(task);
    return task;
  };
  const first = wait();
  assertEquals(told, []);
  wait();
  assertEquals(told, [], "one waits, the other may not");
  pool.withdraw(first);
  assertEquals(told, ["http://a"]);
  wait();
  clock.advance(60_000);
  assertEquals(told.length, 2, "it waited for too long");
});

Deno.test("HttpClient bounds its connections in all: an idle one of another origin makes room", async () => {
  using set = stage({ limits: { maxConnections: 1 } });
  const first = set.client.fetch(URLS[0]);
  const a = await set.accept();
  const second = set.client.fetch(URLS[1]);
  await a.head();
  await settled(() => set.dials);
  assertEquals(set.dials, 1, "none is idle");
  await a.write(OK.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
  await (await first).text();
  const b = await set.accept();
  await b.answer();
  await (await second).text();
  const third = set.client.fetch(URLS[0]);
  const c = await set.accept();
  assertEquals([await b.readToEnd(), set.client.connections], ["", 1]);
  await c.answer();
  assertEquals((await third).status, 200);
});

Deno.test("HttpClient lets a request that waits have the first connection that is free, dialled for it or not", async () => {
  using set = stage();
  const first = set.client.fetch("http://a/1");
  const peer = await set.accept();
  await peer.head();
  const second = set.client.fetch("http://a/2"); // a second connection is being opened
  await peer.write(OK);
  await (await first).text();
  const other = await set.accept();
  const heads = Promise.race([peer.head(), other.head()]);
  assertMatch(await heads, /^GET \/2 /);
  await Promise.all([peer.write(OK), other.write(OK)]); // the one that carries nothing gives it up
  assertEquals((await second).status, 200);
});

Deno.test("HttpClient tells the request that waited the longest why no connection could be opened", async () => {
  const failures = [new Deno.errors.ConnectionRefused("refused"), new Error("no route")];
  using set = stage({ connect: () => Promise.reject(failures.shift()) });
  const errors = await Promise.all(["http://a/1", "http://a/2"].map((url) => rejection(set.client.fetch(url))));
  assertEquals(errors.map((error) => (error as Error).message), [
    "Cannot fetch as http://a could not be connected to: refused",
    "Cannot fetch as http://a could not be connected to: no route",
  ]);
  for (const error of errors) {
    assertInstanceOf(error, TypeError);
    assertInstanceOf(error.cause, ClientError);
    assertEquals(error.cause.phase, "dial");
  }
  assertEquals(set.client.connections, 0);
});

Deno.test("HttpClient reads on what nobody wants where that is little, and closes the connection otherwise", async () => {
  const rows: [string, string, number][] = [
    ["content-length: 10\r\n\r\nhello", "world", 1],
    ["transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", "0\r\n\r\n", 1],
    ["content-length: 100000\r\n\r\nhello", "", 0],
    ["\r\nhello", "", 0],
  ];
  for (const [fields, rest, kept] of rows) {
    using set = stage();
    const response = set.client.fetch("http://a/");
    const peer = await set.accept();
    await peer.answer(`HTTP/1.1 200 OK\r\n${fields}`);
    await (await response).body!.cancel();
    if (rest !== "") await peer.write(rest);
    await settled(() => set.client.connections);
    assertEquals(set.client.connections, kept, fields);
  }
});

Deno.test("HttpClient frees the connection of a response that nobody reads, after a while", async () => {
  using set = stage();
  const fetching = set.client.fetch("http://a/");
  const peer = await set.accept();
  await peer.answer("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
  const response = await fetching;
  await peer.transport.write(new Uint8Array(64 * 1024));
  await peer.transport.write(new Uint8Array(64 * 1024));
  await settled(() => set.client.connections);
  set.clock.advance(299_999);
  assertEquals(set.client.connections, 1);
  set.clock.advance(1);
  assertEquals(set.client.connections, 0);
  const error = await rejection(response.bytes());
  assert(error instanceof DOMException);
  assertMatch(error.message, /the reading of the response's content took longer than 300000 ms/);
});

Deno.test("HttpClient forgets an idle connection that ended, and keeps the others", async () => {
  using set = stage();
  const both = [set.client.fetch("http://a/"), set.client.fetch("http://a/")];
  const peers = [await set.accept(), await set.accept()];
  for (const peer of peers) await peer.answer();
  for (const response of both) await (await response).text();
  peers[1]!.close();
  await until(() => set.client.connections === 1);
  const next = set.client.fetch("http://a/");
  await peers[0]!.answer();
  assertEquals([(await next).status, set.dials], [200, 2]);
});

Deno.test("HttpClient counts the peer's silence anew once a slow reader goes on", async () => {
  using set = stage({ timeouts: { body: 100, unread: 1_000 } });
  const fetching = set.client.fetch("http://a/");
  const peer = await set.accept();
  await peer.answer("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
  const reader = (await fetching).body!.getReader();
  const writing = peer.write(new Uint8Array(4 * 64 * 1024)); // more than is taken while nobody reads
  await settled(() => set.client.connections);
  set.clock.advance(900);
  for (let count = 0; count < 4 * 64 * 1024;) count += (await reader.read()).value!.length;
  await writing;
  const rest = reader.read();
  rest.catch(() => {}); // looked at below
  await settled(() => set.client.connections);
  set.clock.advance(100);
  assertMatch(String(await rejection(rest)), /the next piece of the response's content took longer than 100 ms/);
});

Deno.test("HttpClient lets the process end while a connection is idle, and reads there into a small buffer", async () => {
  const { listener, connect } = memoryNetwork();
  const sizes: number[] = [];
  let held = 1;
  await using client = new HttpClient({
    connect: async ({ signal }) => {
      const transport = await connect({ signal });
      const read = transport.read.bind(transport);
      transport.read = (into) => {
        sizes.push(into.length);
        return read(into);
      };
      transport.ref = () => void held++;
      transport.unref = () => void held--;
      return transport;
    },
  });
  const response = client.fetch("http://a/");
  const peer = await listener.accept();
  const bytes = new Uint8Array(1024);
  await peer.read(bytes);
  assertEquals(held, 1, "a request is under way");
  await peer.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10000\r\n"));
  for (let left = 65_536; left > 0;) left -= await peer.write(new Uint8Array(left));
  await peer.write(new TextEncoder().encode("\r\n0\r\n\r\n"));
  assertEquals((await (await response).bytes()).length, 65_536);
  await until(() => held === 0);
  assert(Math.max(...sizes) >= 8 * 1024 && sizes.at(-1)! <= 4 * 1024, `${sizes}`);
});
