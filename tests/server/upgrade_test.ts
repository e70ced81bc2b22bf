/**
 * Owns the tests of `info.upgrade()`: Upgrade (RFC 9110 §7.8) and CONNECT (§9.3.6), the raw duplex behind them, and what
 * refuses them. Must not know a protocol that is upgraded to.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { dialTcp, memoryNetwork, type Transport, Wire } from "../../net/mod.ts";
import { type Handler, serve, type ServeBaseOptions, type ServeInfo, type Upgrade } from "../../server/mod.ts";
import { ManualClock } from "../../timer/mod.ts";

const encoder = new TextEncoder();

/** A request head, with CRLF at each line's end. */
function head(...lines: readonly string[]): string {
  return [...lines, "host: localhost", "", ""].join("\r\n");
}

const UPGRADE = head("GET /up HTTP/1.1", "connection: upgrade", "upgrade: first, second/2");
const CONNECT = head("CONNECT example.com:443 HTTP/1.1");
const GET = head("GET /plain HTTP/1.1");

function start(handler: Handler, options: ServeBaseOptions = {}) {
  const { listener, dial } = memoryNetwork();
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const onError = (error: unknown) => new Response(String(error), { status: 500 });
  const server = serve(
    { clock, onError, onConnectionError: (error) => errors.push(error), ...options, listener },
    handler,
  );
  return { server, dial, clock, errors };
}

/** Sends all that comes back, in capitals, until the peer ends its side or has gone. */
async function shout(transport: Transport): Promise<void> {
  await using wire = new Wire(transport);
  try {
    for (let piece = await wire.read(); piece !== null; piece = await wire.read()) {
      await wire.write(new TextDecoder().decode(piece).toUpperCase());
    }
    await wire.end();
  } catch (error) {
    const gone = error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset;
    if (!gone) throw error;
  }
}

/** Accepts every upgrade and shouts. */
function shouting(info: ServeInfo): Response {
  const { response, transport } = info.upgrade();
  transport.then(shout);
  return response;
}

Deno.test("info.upgrade() answers 101 with the protocol, and gives the raw duplex (RFC 9110 §15.2.2)", async () => {
  const { server, dial, clock, errors } = start((_request, info) => {
    const { response, transport } = info.upgrade({ protocol: "SECOND/2", headers: { "x-more": "yes" } });
    assertEquals(response.status, 101);
    transport.then(shout);
    return response;
  });
  await using wire = await dial();
  await wire.write(UPGRADE);
  const answer = await wire.readUntil("\r\n\r\n");
  assertMatch(answer, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  assertMatch(answer, /\r\nconnection: upgrade\r\n/i);
  assertMatch(answer, /\r\nupgrade: second\/2\r\n/i);
  assertMatch(answer, /\r\nx-more: yes\r\n/);
  assertNotMatch(answer, /content-length|transfer-encoding/i);
  for (const text of ["one", "two"]) {
    await wire.write(text);
    assertEquals(await wire.readText(3), text.toUpperCase());
  }
  await wire.end();
  assertEquals(await wire.readToEnd(), "");
  await server.shutdown();
  assertEquals([server.stats, clock.alarms, errors], [{ connections: 0, requests: 1, active: 0 }, 0, []]);
});

Deno.test("info.upgrade() takes the first protocol that is offered where none is named", async () => {
  const { server, dial } = start((_request, info) => shouting(info));
  await using wire = await dial();
  await wire.write(UPGRADE);
  assertMatch(await wire.readUntil("\r\n\r\n"), /\r\nupgrade: first\r\n/i);
  wire.close();
  await server.shutdown();
});

Deno.test("the upgraded duplex gives octets that came with the head, in whatever pieces, before all others", async () => {
  for (const size of [1, 2, 5, 64]) {
    const { server, dial } = start(async (_request, info) => {
      await Promise.resolve(); // what comes behind the head must stay where it is meanwhile
      const { response, transport } = info.upgrade();
      transport.then(async (duplex) => {
        const into = new Uint8Array(size);
        let text = "";
        for (let count = await duplex.read(into); count !== null; count = await duplex.read(into)) {
          text += new TextDecoder().decode(into.subarray(0, count));
        }
        await new Wire(duplex).write(`[${text}]`);
        duplex.close();
      });
      return response;
    });
    await using wire = await dial();
    await wire.write(`${UPGRADE}early octets`);
    await wire.readUntil("\r\n\r\n");
    await wire.write(", late octets");
    await wire.end();
    assertEquals(await wire.readToEnd(), "[early octets, late octets]");
    await server.shutdown();
  }
});

Deno.test("info.upgrade() makes a tunnel of a CONNECT: 200 without framing, then octets (RFC 9110 §9.3.6)", async () => {
  const urls: string[] = [];
  const { server, dial } = start((request, info) => {
    urls.push(`${request.method} ${request.url}`);
    return shouting(info);
  });
  await using wire = await dial();
  await wire.write(`${CONNECT}hello`);
  const answer = await wire.readUntil("\r\n\r\n");
  assertMatch(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assertNotMatch(answer, /content-length|transfer-encoding|connection:/i);
  assertEquals(await wire.readText(5), "HELLO");
  wire.close();
  await server.shutdown();
  assertEquals(urls, ["CONNECT http://example.com:443/"]);
});

Deno.test("a CONNECT that is refused leaves the connection to HTTP", async () => {
  const { server, dial } = start((request) => {
    return request.method === "CONNECT" ? new Response("no tunnels", { status: 403 }) : new Response("plain");
  });
  await using wire = await dial();
  await wire.write(CONNECT);
  assertMatch(await wire.readUntil("no tunnels"), /^HTTP\/1\.1 403 Forbidden\r\n[^]*content-length: 10\r\n/);
  await wire.write(GET);
  assertMatch(await wire.readUntil("plain"), /^HTTP\/1\.1 200 OK\r\n/);
  wire.close();
  await server.shutdown();
});

Deno.test("an Upgrade that the handler passes over is answered as any request, and so is the next one", async () => {
  const { server, dial } = start((request) => new Response(new URL(request.url).pathname));
  await using wire = await dial();
  await wire.write(UPGRADE + GET);
  assertMatch(await wire.readUntil("/up"), /^HTTP\/1\.1 200 OK\r\n/);
  assertMatch(await wire.readUntil("/plain"), /^HTTP\/1\.1 200 OK\r\n/);
  wire.close();
  await server.shutdown();
});

Deno.test("info.upgrade() refuses a request that asks for none, or for another protocol", async () => {
  const messages: string[] = [];
  const { server, dial } = start((_request, info) => {
    messages.push(assertThrows(() => info.upgrade({ protocol: "third" }), TypeError).message);
    return new Response("plain");
  });
  const cases = [
    GET,
    head("GET / HTTP/1.1", "upgrade: third"), // not among the connection's options
    head("GET / HTTP/1.0", "connection: upgrade", "upgrade: third"), // RFC 9110 §7.8: ignored in HTTP/1.0
    UPGRADE,
  ];
  for (const request of cases) {
    await using wire = await dial();
    await wire.write(request);
    assertMatch(await wire.readUntil("plain"), /^HTTP\/1\.1 200 OK\r\n/);
  }
  await server.shutdown();
  const none = "Cannot upgrade as the request must be a CONNECT or have 'upgrade', and its content have come";
  const other = "Cannot upgrade as 'protocol' must be one of first, second/2: received third";
  assertEquals(messages, [none, none, none, other]);
});

Deno.test("a 101 that is not of info.upgrade(), and a 2xx to CONNECT, are refused", async () => {
  const { server, dial } = start(({ method }) => new Response(null, { status: method === "CONNECT" ? 204 : 101 }));
  for (const request of [UPGRADE, GET, CONNECT]) {
    await using wire = await dial();
    await wire.write(request);
    assertMatch(await wire.readUntil("info.upgrade()"), /^HTTP\/1\.1 500 /);
  }
  await server.shutdown();
});

Deno.test("Deno.upgradeWebSocket() of a request that isn't the platform's ends in an error, not in a dead socket", async () => {
  const { server, dial } = start((request) => Deno.upgradeWebSocket(request).response);
  await using wire = await dial();
  const key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
  await wire.write(
    head("GET / HTTP/1.1", "connection: upgrade", "upgrade: websocket", key, "sec-websocket-version: 13"),
  );
  assertMatch(await wire.readUntil("info.upgrade()"), /^HTTP\/1\.1 500 /);
  await server.shutdown();
});

Deno.test("info.upgrade() rejects its transport where the handler returns another response", async () => {
  const upgraded = Promise.withResolvers<Upgrade>();
  const { server, dial } = start((_request, info) => {
    upgraded.resolve(info.upgrade());
    return new Response("changed my mind");
  });
  await using wire = await dial();
  await wire.write(UPGRADE);
  assertMatch(await wire.readUntil("changed my mind"), /^HTTP\/1\.1 200 OK\r\n/);
  const { transport } = await upgraded.promise;
  await assertRejects(() => transport, TypeError, "Cannot upgrade");
  wire.close();
  await server.shutdown();
});

Deno.test("info.upgrade() rejects its transport where the client has gone before the response", async () => {
  const asked = Promise.withResolvers<void>();
  const upgraded = Promise.withResolvers<Upgrade>();
  const go = Promise.withResolvers<void>();
  const { server, dial } = start(async (_request, info) => {
    asked.resolve();
    await go.promise;
    const upgrade = info.upgrade();
    upgraded.resolve(upgrade);
    return upgrade.response;
  });
  const wire = await dial();
  await wire.write(UPGRADE);
  await asked.promise;
  wire.transport.reset();
  go.resolve();
  const { transport } = await upgraded.promise;
  assertInstanceOf(await assertRejects(() => transport), Error);
  await server.shutdown();
});

Deno.test("info.upgrade() refuses while content is on its way: octets of it are none of the duplex's", async () => {
  const { server, dial } = start(async (request, info) => {
    assertThrows(() => info.upgrade(), TypeError, "content");
    const text = await request.text();
    const { response, transport } = info.upgrade();
    transport.then(async (duplex) => {
      const wire = new Wire(duplex);
      await wire.write(`[${text}][${await wire.readText(3)}]`);
      wire.close();
    });
    return response;
  });
  await using wire = await dial();
  await wire.write(UPGRADE.replace("GET", "POST").replace("\r\n\r\n", "\r\ncontent-length: 7\r\n\r\n"));
  await wire.write("contentraw");
  assertMatch(await wire.readUntil("\r\n\r\n"), /^HTTP\/1\.1 101 /);
  assertEquals(await wire.readToEnd(), "[content][raw]");
  await server.shutdown();
});

Deno.test("info.upgrade() resolves completed, leaves the signal alone and counts no request as active", async () => {
  const seen = Promise.withResolvers<readonly [AbortSignal, Promise<void>]>();
  const { server, dial } = start((request, info) => {
    seen.resolve([request.signal, info.completed]);
    return shouting(info);
  });
  await using wire = await dial();
  await wire.write(UPGRADE);
  const [signal, completed] = await seen.promise;
  await completed;
  assertEquals(server.stats, { connections: 1, requests: 1, active: 0 });
  wire.close();
  await server.shutdown();
  assertEquals(signal.aborted, false);
});

Deno.test("an upgrade behind a slow answer waits for its turn (RFC 9112 §9.3.2)", async () => {
  const slow = Promise.withResolvers<Response>();
  const { server, dial } = start(({ url }, info) => url.endsWith("/plain") ? slow.promise : shouting(info));
  await using wire = await dial();
  await wire.write(`${GET}${UPGRADE}early`);
  slow.resolve(new Response("slow"));
  assertMatch(await wire.readUntil("slow"), /^HTTP\/1\.1 200 OK\r\n/);
  assertMatch(await wire.readUntil("\r\n\r\n"), /^HTTP\/1\.1 101 /);
  assertEquals(await wire.readText(5), "EARLY");
  wire.close();
  await server.shutdown();
});

Deno.test("an upgraded connection keeps its place among maxConnections until the duplex is closed", async () => {
  const upgraded = Promise.withResolvers<Transport>();
  const { server, dial } = start(({ url }, info) => {
    if (url.endsWith("/plain")) return new Response("served");
    const { response, transport } = info.upgrade();
    upgraded.resolve(transport);
    return response;
  }, { limits: { maxConnections: 1 } });
  await using first = await dial();
  await first.write(UPGRADE);
  const duplex = await upgraded.promise;
  await using second = await dial();
  await second.write(GET);
  let served = false;
  const answer = second.readUntil("served").then(() => served = true);
  await new Wire(duplex).write("x");
  assertMatch(await first.readUntil("\r\n\r\nx"), /^HTTP\/1\.1 101 /); // the wire moves, and yet:
  assertEquals([served, server.stats.connections], [false, 1]);
  duplex.close();
  duplex.close();
  await answer;
  assertEquals(server.stats.connections, 1);
  second.close();
  await server.shutdown();
  assertEquals(server.stats.connections, 0);
});

Deno.test("shutdown() leaves an upgraded duplex to whoever has it", async () => {
  const { server, dial } = start((_request, info) => shouting(info));
  await using wire = await dial();
  await wire.write(UPGRADE);
  await wire.readUntil("\r\n\r\n");
  await server.shutdown();
  await wire.write("still here");
  assertEquals(await wire.readText(10), "STILL HERE");
  assertEquals(server.stats.connections, 1);
  await wire.end();
  assertEquals(await wire.readToEnd(), "");
  assertEquals(server.stats.connections, 0);
});

Deno.test("info.upgrade() over TCP: a large transfer both ways, then half-close", async () => {
  await using server = serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (_request, info) => shouting(info),
  );
  await using wire = new Wire(await dialTcp({ port: server.addr.port }));
  const sent = "abcdefghij".repeat(50_000);
  const writing = (async () => {
    await wire.write(encoder.encode(UPGRADE + sent)); // one write: the first part of it comes with the head
    await wire.end();
  })();
  await wire.readUntil("\r\n\r\n");
  const received = await wire.readToEnd();
  await writing;
  assert(received === sent.toUpperCase(), `received ${received.length} octets`);
});
