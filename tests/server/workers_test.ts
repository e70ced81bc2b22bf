/**
 * Owns the tests of `serve({ module })` with one worker in a thread of the platform's: start, reload, crash, end. What
 * needs several, and with them a flag of Deno's, is tested as programs.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type StartThread,
  startThread,
  type WorkerCrash,
  type WorkerPlatform,
  WorkerStartError,
} from "../../runtime/mod.ts";
import { serve, type ServeWorkersOptions, type WorkersServer } from "../../server/mod.ts";
import { serveWorkers } from "../../server/workers.ts";

const ONE: WorkerPlatform = { cores: 1, os: "linux", spreadsPort: true, unstableNet: false };

/** An app that answers with a text, by a path with the path's help. */
function source(text: string): string {
  return `export default { fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/crash") queueMicrotask(() => { throw new Error("asked to"); });
    if (pathname === "/fail") throw new Error("can't");
    if (pathname === "/never" || pathname === "/crash") return new Promise(() => {});
    if (pathname === "/say") console.log("asked for", pathname);
    return new Response(${JSON.stringify(text)});
  }, onError: (error) => new Response(\`failed: \${error.message}\`, { status: 503 }) }`;
}

function moduleOf(text: string): string {
  return `data:text/javascript,${encodeURIComponent(source(text))}`;
}

function start(options: Partial<ServeWorkersOptions> = {}): Promise<WorkersServer> {
  const complete = { module: moduleOf("one"), port: 0, hostname: "127.0.0.1", onListen: () => {}, ...options };
  return serveWorkers(complete, { platform: ONE, startThread });
}

/** Asks once over a connection of its own; gives the status and the text. */
async function get(server: WorkersServer, path = "/"): Promise<[number, string]> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  await conn.write(new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`));
  const text = await new Response(conn.readable).text();
  return [Number(text.slice(9, 12)), text.slice(text.indexOf("\r\n\r\n") + 4)];
}

Deno.test("serve({ module }) answers by the module, tells where, counts, keeps the module's lines, and ends", async () => {
  const heard: string[] = [];
  const lines: string[] = [];
  const server = await start({
    onListen: ({ hostname, port }) => void heard.push(`${hostname}:${port}`),
    onLog: ({ index, level, text }) => void lines.push(`${index} ${level} ${text}`),
  });
  assertEquals(heard, [`127.0.0.1:${server.addr.port}`]);
  assertEquals([await get(server, "/say"), await get(server, "/fail")], [[200, "one"], [503, "failed: can't"]]);
  const { requests, workers, crashes } = server.stats;
  assertEquals([requests, workers, crashes], [2, 1, 0]);
  await server.shutdown();
  await server.finished;
  assertEquals(lines, ["0 log asked for /say"]);
  assertEquals({ ...server.stats }, {
    connections: 0,
    requests: 2,
    active: 0,
    workers: 0,
    crashes: 0,
    lostRequests: 0,
    lostConnections: 0,
  });
  await assertRejects(() => get(server), Deno.errors.ConnectionRefused);
});

Deno.test("serve({ module }) prints the address where nobody is told of it", async () => {
  const { log } = console;
  const printed: unknown[] = [];
  console.log = (...parts: unknown[]) => void printed.push(...parts);
  try {
    const { onListen: _onListen, ...rest } = { module: moduleOf("one"), port: 0, hostname: "127.0.0.1", onListen: 0 };
    await using server = await serveWorkers({ ...rest, workers: 1 }, { platform: ONE, startThread });
    assertEquals(printed, [`Listening on http://127.0.0.1:${server.addr.port}/`]);
  } finally {
    console.log = log;
  }
});

Deno.test("serve({ workers }) warns and runs one where the platform can't do more", async () => {
  const { warn } = console;
  const printed: unknown[] = [];
  console.warn = (...parts: unknown[]) => void printed.push(...parts);
  const platform = { ...ONE, os: "darwin", spreadsPort: false };
  const options = { module: moduleOf("one"), workers: 3, port: 0, hostname: "127.0.0.1", onListen: () => {} };
  try {
    await using server = await serveWorkers(options, { platform, startThread });
    assertEquals([server.stats.workers, await get(server)], [1, [200, "one"]]);
  } finally {
    console.warn = warn;
  }
  assertEquals(printed, ["One worker serves, not 3, as darwin doesn't spread a port's connections over listeners"]);
});

Deno.test("serve() takes what is for workers, and rejects for what can't be", async () => {
  await using server = await serve({
    module: moduleOf("one"),
    workers: 1,
    port: 0,
    hostname: "127.0.0.1",
    onListen() {},
  });
  assertEquals(await get(server), [200, "one"]);
  const bad = (...args: unknown[]) => Reflect.apply(serve, undefined, args);
  await assertRejects(() => bad({ workers: 2 }), TypeError, "'module' must be an absolute URL");
  await assertRejects(() => bad({ module: "./app.ts" }), TypeError, "received './app.ts'");
  const handler = () => new Response();
  await assertRejects(
    () => bad({ module: moduleOf("one"), workers: 1 }, handler),
    TypeError,
    "'handler' must be left out",
  );
});

Deno.test("serve({ module }) rejects with what is wrong with the module, the port or the signal", async () => {
  await assertRejects(() => start({ module: "file:///nowhere/app.ts" }), WorkerStartError, "Module not found");
  await assertRejects(
    () => start({ module: "data:text/javascript,export default 7" }),
    WorkerStartError,
    "the module must export default a handler or an object with 'fetch': received number",
  );
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await assertRejects(() => start({ port: taken.addr.port }), Deno.errors.AddrInUse);
  await assertRejects(() => start({ cert: "none", key: "none" }), Error);
  await assertRejects(() => start({ signal: AbortSignal.abort(new RangeError("late")) }), RangeError, "late");
  const onListen = () => {
    throw new RangeError("no");
  };
  await assertRejects(() => start({ onListen }), RangeError, "no");
});

Deno.test("WorkersServer.reload() reads the module anew, and keeps what it has where that can't be loaded", async () => {
  const path = await Deno.makeTempFile({ dir: "/tmp", prefix: "avx-http-test-", suffix: ".js" });
  try {
    await Deno.writeTextFile(path, source("one"));
    await using server = await start({ module: new URL(`file://${path}`) });
    assertEquals(await get(server), [200, "one"]);
    await Deno.writeTextFile(path, source("two"));
    assertEquals(await get(server), [200, "one"]);
    await server.reload();
    assertEquals(await get(server), [200, "two"]);
    await Deno.writeTextFile(path, "export default (");
    await assertRejects(() => server.reload(), TypeError, "SyntaxError");
    assertEquals(await get(server), [200, "two"]);
    await Deno.writeTextFile(path, source("three"));
    await Promise.all([server.reload(), server.reload()]);
    assertEquals(await get(server), [200, "three"]);
    await server.reload({ module: moduleOf("another") });
    assertEquals(await get(server), [200, "another"]);
    await assertRejects(() => server.reload(), TypeError, "Cannot reload as the module must be of file:");
    await assertRejects(() => server.reload({ module: "./x.ts" }), TypeError, "'module' must be an absolute URL");
    assertEquals(await get(server), [200, "another"]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a worker that has crashed is replaced on the same port by one that has the reloaded module", async () => {
  const crash = Promise.withResolvers<WorkerCrash>();
  await using server = await start({ backOff: { first: 0, longest: 0 }, onCrash: crash.resolve });
  await server.reload({ module: moduleOf("two") });
  assertEquals(await get(server), [200, "two"]);
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  await conn.write(
    new TextEncoder().encode("GET /never HTTP/1.1\r\nhost: a\r\n\r\nGET /crash HTTP/1.1\r\nhost: a\r\n\r\n"),
  );
  assertEquals(await conn.read(new Uint8Array(1)).catch(() => null), null);
  assertEquals(`${(await crash.promise).error}`, "Error: asked to");
  for (;;) {
    try {
      assertEquals(await get(server), [200, "two"]);
      break;
    } catch (error) {
      // Until another listens, the port is closed.
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    }
  }
  const { crashes, requests, lostRequests, lostConnections, connections, active } = server.stats;
  assertEquals({ crashes, requests, lostRequests, lostConnections }, {
    crashes: 1,
    requests: 4,
    lostRequests: 2,
    lostConnections: 1,
  });
  assert(connections <= 1 && active === 0);
});

Deno.test("a worker that began before a reload and is ready after it catches up", async () => {
  const crash = Promise.withResolvers<WorkerCrash>();
  const held = Promise.withResolvers<() => void>();
  const heldBack: StartThread = (name, owner) =>
    startThread(name, {
      ...owner,
      received: (message) =>
        message.type === "started" ? held.resolve(() => owner.received(message)) : owner.received(message),
    });
  let threads = 0;
  const options = {
    module: moduleOf("one"),
    workers: 1,
    port: 0,
    hostname: "127.0.0.1",
    onListen: () => {},
    backOff: { first: 0, longest: 0 },
    onCrash: crash.resolve,
  };
  const startNext: StartThread = (name, owner) => threads++ === 0 ? startThread(name, owner) : heldBack(name, owner);
  await using server = await serveWorkers(options, { platform: ONE, startThread: startNext });
  await Promise.allSettled([get(server, "/crash"), crash.promise]);
  const release = await held.promise;
  await server.reload({ module: moduleOf("two") });
  release();
  let text = "";
  for (let ask = 0; ask < 200 && text !== "two"; ask++) [, text] = await get(server);
  assertEquals(text, "two");
});

const testdata = new URL("../net/testdata/", import.meta.url);
const pem = (name: string) => Deno.readTextFileSync(new URL(name, testdata));

Deno.test("serve({ module, key, cert }) speaks TLS and HTTP/2, and replaces its certificate where that was asked for", async () => {
  const first = { cert: pem("cert.pem"), key: pem("key.pem") };
  const second = { cert: pem("second_cert.pem"), key: pem("second_key.pem") };
  const ask = async ({ addr }: WorkersServer, caCert: string) => {
    using client = Deno.createHttpClient({ caCerts: [caCert] });
    return await (await fetch(`https://localhost:${addr.port}/`, { client })).text();
  };
  const texts: string[] = [];
  await using server = await start({ ...first, replaceableCertificate: true });
  texts.push(await ask(server, first.cert));
  await server.replaceCertificate(second);
  texts.push(await ask(server, second.cert));
  await assertRejects(() => ask(server, first.cert), TypeError);
  await assertRejects(() => server.replaceCertificate({ cert: "none", key: "none" }), Error);
  await using fixed = await start({ ...first, protocols: ["http/1.1"] });
  texts.push(await ask(fixed, first.cert));
  await assertRejects(() => fixed.replaceCertificate(second), TypeError, "without 'replaceable'");
  await using plain = await start();
  await assertRejects(
    () => plain.replaceCertificate(second),
    TypeError,
    "must have been started with 'key' and 'cert'",
  );
  assertEquals(texts, ["one", "one", "one"]);
});

Deno.test("WorkersServer.restart() says what it lacks where two workers can't share a port", async () => {
  await using server = await start();
  await assertRejects(
    () => server.restart(),
    TypeError,
    "Cannot restart as two workers must be able to share a port, which needs Linux and --unstable-net",
  );
});

Deno.test("serve({ module, signal }) ends at once when the signal aborts", async () => {
  const controller = new AbortController();
  const server = await start({ signal: controller.signal });
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  await conn.write(new TextEncoder().encode("GET /never HTTP/1.1\r\nhost: a\r\n\r\n"));
  controller.abort();
  await server.finished;
  assertEquals(await conn.read(new Uint8Array(1)).catch(() => null), null);
});
