/**
 * Owns the tests of how a server ends: `shutdown()`, its bound, `signal`, `await using`, `finished`. Must not know the
 * wire's syntax beyond what it sends.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { dialTcp, memoryNetwork, Wire } from "../../net/mod.ts";
import { type Handler, serve, type ServeBaseOptions } from "../../server/mod.ts";
import { ManualClock } from "../../timer/mod.ts";

const GET = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/** A server on an in-memory network, on a clock that stands still. */
function start(handler: Handler, options: ServeBaseOptions = {}) {
  const { listener, dial } = memoryNetwork();
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const server = serve({ clock, onConnectionError: (error) => errors.push(error), ...options, listener }, handler);
  return { server, dial, clock, errors };
}

/** Whether a promise is settled, once all that can happen without time and wire has happened. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => void (settled = true);
  promise.then(settle, settle);
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  return settled;
}

Deno.test("shutdown() closes idle connections at once, those included that never asked", async () => {
  const { server, dial, clock, errors } = start(() => new Response("ok"));
  await using used = await dial();
  await using fresh = await dial();
  await used.write(GET);
  assertMatch(await used.readUntil("ok"), /^HTTP\/1\.1 200 OK\r\n/);
  assertEquals(server.stats, { connections: 2, requests: 1, active: 0 });
  await server.shutdown();
  assertEquals([await used.readToEnd(), await fresh.readToEnd()], ["", ""]);
  assertEquals(server.stats, { connections: 0, requests: 1, active: 0 });
  assertEquals([clock.alarms, errors], [0, []]);
});

Deno.test("shutdown() waits for a slow handler, whose answer says that the connection ends (RFC 9112 §9.6)", async () => {
  const answer = Promise.withResolvers<Response>();
  const { server, dial, clock, errors } = start(() => answer.promise);
  const wire = await dial();
  await wire.write(GET);
  assertEquals(await isSettled(server.finished), false);
  const down = server.shutdown();
  assertEquals([await isSettled(down), await isSettled(server.finished)], [false, false]);
  assertEquals(server.stats.active, 1);
  answer.resolve(new Response("slow"));
  const text = await wire.readToEnd();
  assertStringIncludes(text, "\r\nconnection: close\r\n");
  assert(text.endsWith("\r\n\r\nslow"));
  wire.close();
  await down;
  assertEquals([server.stats.connections, server.stats.active, clock.alarms, errors], [0, 0, 0, []]);
});

Deno.test("shutdown() lets a download and an upload under way reach their end", async () => {
  let pull: ReadableStreamDefaultController<Uint8Array> | undefined;
  const { server, dial } = start(async (request) => {
    if (request.method === "POST") return new Response(await request.text());
    return new Response(new ReadableStream({ start: (controller) => void (pull = controller) }));
  });
  const download = await dial();
  await download.write(GET);
  await download.readUntil("\r\n\r\n");
  const upload = await dial();
  await upload.write("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 6\r\n\r\nabc");
  assertEquals(await isSettled(server.finished), false);
  const down = server.shutdown();
  pull?.enqueue(new TextEncoder().encode("late"));
  assertStringIncludes(await download.readUntil("late\r\n"), "4\r\nlate");
  assertEquals(await isSettled(down), false);
  pull?.close();
  assertEquals(await download.readToEnd(), "0\r\n\r\n");
  await upload.write("def");
  assertMatch(await upload.readToEnd(), /\r\nconnection: close\r\n[^]*\r\nabcdef$/);
  assertEquals(await isSettled(down), false, "both clients are still there: their last octets are waited for");
  download.close();
  upload.close();
  await down;
});

Deno.test("shutdown() answers a request whose head has begun, and none that begins later", async () => {
  let asked = 0;
  const { server, dial } = start(() => new Response(String(++asked)));
  const wire = await dial();
  await wire.write(GET.slice(0, 20));
  assertEquals(await isSettled(server.finished), false);
  const down = server.shutdown();
  await wire.write(GET.slice(20) + GET);
  assertMatch(await wire.readToEnd(), /^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n[^]*\r\n1$/);
  wire.close();
  await down;
  assertEquals(asked, 1);
});

Deno.test("shutdown() serves no pipelined request behind the one under way", async () => {
  const first = Promise.withResolvers<Response>();
  const asked: string[] = [];
  const { server, dial } = start((request) => {
    asked.push(request.method);
    return first.promise;
  });
  const wire = await dial();
  await wire.write(GET.replace("GET", "DELETE") + GET);
  assertEquals(await isSettled(server.finished), false);
  const down = server.shutdown();
  first.resolve(new Response("first"));
  assertMatch(await wire.readToEnd(), /^HTTP[^]*connection: close\r\n[^]*\r\nfirst$/);
  wire.close();
  await down;
  assertEquals(asked, ["DELETE"]);
});

Deno.test("shutdown() refuses new connections, in memory and over TCP", async () => {
  const { server, dial } = start(() => new Response());
  await server.shutdown();
  await assertRejects(() => dial(), Deno.errors.ConnectionRefused);
  const tcp = serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response());
  const { port } = tcp.addr;
  (await dialTcp({ port })).close();
  await tcp.shutdown();
  await assertRejects(() => dialTcp({ port }), Deno.errors.ConnectionRefused);
});

Deno.test("shutdown() may be called again, while it goes on and after", async () => {
  const answer = Promise.withResolvers<Response>();
  const { server, dial } = start(() => answer.promise);
  const wire = await dial();
  await wire.write(GET);
  const both = Promise.all([server.shutdown(), server.shutdown()]);
  assertEquals(await isSettled(both), false);
  answer.resolve(new Response("once"));
  assertMatch(await wire.readToEnd(), /once$/);
  wire.close();
  assertEquals(await both, [undefined, undefined]);
  await server.shutdown();
  await server.finished;
});

Deno.test("shutdown({ signal }) cuts what is still under way when the signal aborts, with its reason", async () => {
  const bound = new AbortController();
  const reason = new Error("enough");
  const asked = Promise.withResolvers<AbortSignal>();
  const completed = Promise.withResolvers<unknown>();
  const { server, dial, clock } = start((request, info) => {
    asked.resolve(request.signal);
    info.completed.catch(completed.resolve);
    return new Promise(() => {}); // never
  });
  await using wire = await dial();
  await wire.write(GET);
  const signal = await asked.promise;
  const down = server.shutdown({ signal: bound.signal });
  assertEquals([await isSettled(down), signal.aborted], [false, false]);
  bound.abort(reason);
  await down;
  assertStrictEquals(signal.reason, reason);
  assertStrictEquals(await completed.promise, reason);
  assertEquals(await wire.readToEnd(), "");
  assertEquals([server.stats.connections, server.stats.active, clock.alarms], [0, 0, 0]);
});

Deno.test("shutdown({ signal }) with a signal that has aborted cuts at once", async () => {
  const { server, dial } = start(() => new Promise(() => {}));
  await using wire = await dial();
  await wire.write(GET);
  await server.shutdown({ signal: AbortSignal.abort() });
  assertEquals(await wire.readToEnd(), "");
});

Deno.test("shutdown({ signal }) leaves no listener on a signal that outlives it", async () => {
  const { signal } = new AbortController();
  let listening = 0;
  const count = (name: "addEventListener" | "removeEventListener", step: number) => {
    const own = signal[name].bind(signal);
    Object.defineProperty(signal, name, {
      value: (type: string, listener: EventListener, options?: AddEventListenerOptions) => {
        listening += step;
        own(type, listener, options);
      },
    });
  };
  count("addEventListener", 1);
  count("removeEventListener", -1);
  const { server } = start(() => new Response(), { signal });
  assertEquals(listening, 1);
  await server.shutdown({ signal });
  assertEquals(listening, 0);
});

Deno.test("serve({ signal }) ends at once when it aborts: what is under way is cut, finished resolves", async () => {
  const end = new AbortController();
  const asked = Promise.withResolvers<AbortSignal>();
  const { server, dial, clock } = start((request) => {
    asked.resolve(request.signal);
    return new Promise(() => {});
  }, { signal: end.signal });
  await using busy = await dial();
  await using idle = await dial();
  await busy.write(GET);
  const signal = await asked.promise;
  const reason = new Error("the end");
  end.abort(reason);
  await server.finished;
  assertStrictEquals(signal.reason, reason);
  assertEquals([await busy.readToEnd(), await idle.readToEnd()], ["", ""]);
  assertEquals([server.stats.connections, server.stats.active, clock.alarms], [0, 0, 0]);
  await assertRejects(() => dial(), Deno.errors.ConnectionRefused);
  await server.shutdown();
});

Deno.test("serve({ signal }) with a signal that has aborted ends before it serves", async () => {
  const { server, dial } = start(() => new Response(), { signal: AbortSignal.abort() });
  await server.finished;
  await assertRejects(() => dial(), Deno.errors.ConnectionRefused);
});

Deno.test("`await using` a server shuts it down gracefully when its scope is left", async () => {
  const answer = Promise.withResolvers<Response>();
  let dialled: Wire | undefined;
  let finished: Promise<void> | undefined;
  const scope = (async () => {
    const { server: started, dial } = start(() => answer.promise);
    await using server = started;
    finished = server.finished;
    dialled = await dial();
    await dialled.write(GET);
  })();
  assertEquals(await isSettled(scope), false);
  answer.resolve(new Response("finished"));
  assertMatch(await dialled?.readToEnd() ?? "", /finished$/);
  dialled?.close();
  await scope;
  await finished;
});

Deno.test("shutdown() closes after 1 s on a client that keeps its side open behind the last answer", async () => {
  const { server, dial, clock } = start(() => new Response("last"));
  await using wire = await dial();
  await wire.write(GET.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
  assertMatch(await wire.readToEnd(), /last$/);
  const down = server.shutdown();
  await clock.advanceAsync(999);
  assertEquals(await isSettled(down), false);
  await clock.advanceAsync(1);
  await down;
  assertEquals(clock.alarms, 0);
});

Deno.test("shutdown() over TCP finishes a slow answer and leaves nothing open", async () => {
  const begun = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  await using server = serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    begun.resolve();
    return answer.promise;
  });
  const wire = new Wire(await dialTcp({ port: server.addr.port }));
  await wire.write(GET);
  await begun.promise;
  const down = server.shutdown();
  answer.resolve(new Response("slow"));
  assertMatch(await wire.readToEnd(), /slow$/);
  wire.close();
  await down;
  assertEquals(server.stats, { connections: 0, requests: 1, active: 0 });
});
