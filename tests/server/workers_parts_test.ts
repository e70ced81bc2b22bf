/**
 * Owns the tests of what a server on several cores is made of, without threads: options, figures, the app and its change.
 *
 * @module
 */

import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { WorkerPlatform } from "../../runtime/mod.ts";
import { appOf, CurrentApp } from "../../server/workers_app.ts";
import { reloadedUrl, resolveWorkersOptions } from "../../server/workers_options.ts";
import { type LeftUndone, MergedStats, SharedStats, StatsRows } from "../../server/workers_stats.ts";
import type { ServeWorkersOptions } from "../../server/mod.ts";

const LINUX: WorkerPlatform = { cores: 4, os: "linux", spreadsPort: true, unstableNet: true };
const MODULE = "file:///srv/app.ts";

function resolve(options: object, platform: WorkerPlatform = LINUX) {
  const complete: ServeWorkersOptions = { module: MODULE, ...options };
  return resolveWorkersOptions(complete, platform);
}

Deno.test("serve({ module }) runs a worker a core, on one port, and leaves the listening of others there out", () => {
  assertEquals(resolve({ port: 80, hostname: "::1", tcpBacklog: 9 }), {
    module: MODULE,
    workers: 4,
    sharing: true,
    warning: undefined,
    target: { port: 80, hostname: "::1", tcpBacklog: 9 },
    drain: 5_000,
  });
  assertEquals(resolve({ module: new URL(MODULE), workers: 2, reusePort: true }).target, { reusePort: true });
});

Deno.test("serve({ workers }) names the flag that it lacks, which one worker does without", () => {
  const platform = { ...LINUX, unstableNet: false };
  const error = assertThrows(() => resolve({ workers: 2 }, platform), TypeError);
  assertEquals(
    error.message,
    "Cannot serve by 2 workers as they share a port, which needs Deno's flag --unstable-net ('workers: 1' doesn't)",
  );
  assertThrows(() => resolve({}, platform), TypeError, "Cannot serve by 4 workers");
  const { workers, sharing, warning } = resolve({ workers: 1 }, platform);
  assertEquals([workers, sharing, warning], [1, false, undefined]);
});

Deno.test("serve({ workers }) says so and runs one where the platform doesn't spread a port's connections", () => {
  for (const os of ["darwin", "windows"]) {
    const platform = { cores: 4, os, spreadsPort: false, unstableNet: os === "darwin" };
    const { workers, sharing, warning } = resolve({}, platform);
    assertEquals([workers, sharing], [1, false]);
    assertEquals(warning, `One worker serves, not 4, as ${os} doesn't spread a port's connections over listeners`);
    assertEquals(resolve({ workers: 1 }, platform).warning, undefined);
  }
});

Deno.test("serve({ workers }) refuses what its options can't be", () => {
  const bad: [object, new (message: string) => Error, string][] = [
    [{ workers: 0 }, RangeError, "Cannot start workers as 'workers' must be a whole number >= 1: received 0"],
    [{ workers: 1.5 }, RangeError, "received 1.5"],
    [{ workers: -2 }, RangeError, "received -2"],
    [{ module: "./app.ts" }, TypeError, "'module' must be an absolute URL"],
    [{ module: undefined }, TypeError, "'module' must be an absolute URL"],
    [{ drain: -1 }, RangeError, "Cannot serve by workers as 'drain' must be 0 ms or more: received -1"],
    [{ drain: NaN }, RangeError, "received NaN"],
    [{ drain: Infinity }, RangeError, "received Infinity"],
    [{ signal: {} }, TypeError, "Cannot serve as 'signal' must be an AbortSignal"],
    [{ onListen: 1 }, TypeError, "Cannot serve as 'onListen' must be a function: received number"],
    [{ onCrash: null }, TypeError, "'onCrash' must be a function: received null"],
    [{ onLog: "x" }, TypeError, "'onLog' must be a function: received string"],
    [{ limits: { maxConnections: -1 } }, RangeError, "'limits.maxConnections' must be a whole number >= 1"],
    [{ limits: { maxConections: 1 } }, TypeError, "'limits' must not have 'maxConections'"],
    [{ timeouts: { head: 0 } }, RangeError, "'timeouts.head' must be more than 0 ms: received 0"],
    [{ protocols: ["h3"] }, TypeError, "'protocols' must be a list"],
    [{ transport: "unix" }, TypeError, "Cannot serve by workers as 'transport' must be tcp: received unix"],
    [{ path: "/a" }, TypeError, "Cannot serve by workers as 'path' must be left out: workers share a TCP port only"],
    [{ cid: 1 }, TypeError, "'cid' must be left out"],
    [{ listener: {} }, TypeError, "'listener' must be left out: each worker must open its own"],
    [{ handler: () => {} }, TypeError, "'handler' must be left out: the module must export it as default"],
    [{ onError: () => {} }, TypeError, "'onError' must be left out: the module must have it beside 'fetch'"],
    [{ onConnectionError: () => {} }, TypeError, "'onConnectionError' must be left out"],
    [{ clock: {} }, TypeError, "'clock' must be left out: each worker has the system's"],
  ];
  for (const [options, type, message] of bad) assertThrows(() => resolve(options), type, message);
});

Deno.test("reloadedUrl() adds a query that no import had, and refuses modules that can't have one", () => {
  const reloaded = (module: string, changed = false) => reloadedUrl(module, { version: 3, changed });
  assertEquals(reloaded("file:///a/b.ts"), "file:///a/b.ts?reload=3");
  assertEquals(reloaded("https://a.test/b.ts?v=1#c"), "https://a.test/b.ts?v=1&reload=3#c");
  for (const module of ["data:text/javascript,1", "jsr:@a/b", "npm:a"]) {
    assertThrows(() => reloaded(module), TypeError, "Cannot reload as the module must be of file:, http: or https:");
    assertEquals(reloaded(module, true), module, "another module is new as it is");
  }
});

Deno.test("StatsRows gives each worker a row of its own, adds up what all count, and keeps it when one ends", () => {
  const rows = new StatsRows(2);
  const merged = new MergedStats(rows.memory);
  const numbers = () => [merged.connections, merged.requests, merged.active];
  const [first, second] = [rows.take(7), rows.take(8)].map((row) => new SharedStats(rows.memory, row));
  if (first === undefined || second === undefined) throw new TypeError("there are two");
  first.connections += 3;
  first.requests += 10;
  first.active++;
  second.connections++;
  second.requests += 5;
  assertEquals(numbers(), [4, 15, 1]);
  const left: LeftUndone = rows.release(7);
  assertEquals(left, { requests: 1, connections: 3 });
  assertEquals(numbers(), [1, 15, 0], "requests are counted for good");
  assertEquals(rows.release(7), { requests: 0, connections: 0 });
  const others = [9, 10, 11].map((serial) => rows.take(serial));
  assertEquals(new Set(others).size, 3);
  assertEquals(others.map((row) => new SharedStats(rows.memory, row).requests), [0, 0, 0], "rows begin empty");
  assertThrows(() => rows.take(12), RangeError, "Cannot count for worker 12 as no row is free");
});

Deno.test("appOf() takes a handler or an object with fetch, and says what else a module exports", () => {
  const handler = () => new Response("hi");
  assertStrictEquals(appOf({ default: handler }).fetch, handler);
  const app = { fetch: handler, onError: () => new Response("no"), start() {}, stop() {} };
  assertStrictEquals(appOf({ default: app }), app);
  for (
    const [module, received] of [
      [{}, "undefined"],
      [{ fetch: handler }, "undefined"],
      [{ default: null }, "null"],
      [{ default: 1 }, "number"],
      [{ default: {} }, "an object without 'fetch'"],
      [{ default: { fetch: 1 } }, "an object without 'fetch'"],
    ] as const
  ) {
    const error = assertThrows(() => appOf(module), TypeError);
    assertEquals(
      error.message,
      `Cannot serve as the module must export default a handler or an object with 'fetch': received ${received}`,
    );
  }
  for (const name of ["onError", "onConnectionError", "start", "stop"]) {
    const message = `Cannot serve as the module's '${name}' must be a function: received number`;
    assertThrows(() => appOf({ default: { fetch: handler, [name]: 1 } }), TypeError, message);
  }
});

/** What apps of {@linkcode moduleNamed} have said. */
function said(): string[] {
  const said: unknown = Reflect.get(globalThis, "appsOfTest");
  return Array.isArray(said) ? said.splice(0).map(String) : [];
}

/** A module whose app tells what happens to it, and calls itself by a name. */
function moduleNamed(name: string): string {
  const say = (what: string) => `(globalThis.appsOfTest ??= []).push(\`${name} ${what}\`)`;
  return `data:text/javascript,${
    encodeURIComponent(`export default {
      name: ${JSON.stringify(name)},
      fetch() { return new Response(this.name); },
      start(worker) { ${say("starts in ${worker.index}")}; },
      async stop() { await 0; ${say("stops")}; },
      onError(error) { return new Response(\`\${this.name} caught \${error}\`); },
      onConnectionError(error) { ${say("lost ${error}")}; },
    }`)
  }`;
}

Deno.test("CurrentApp answers by the app that was committed last, starts each before and stops it after", async () => {
  const app = new CurrentApp({ index: 5, stats: { connections: 0, requests: 0, active: 0 } });
  const info = {} as Parameters<typeof app.fetch>[1];
  const answer = async () => await (await app.fetch(new Request("http://a/"), info)).text();
  assertEquals(await answer(), "Service Unavailable\n");
  await app.commit(moduleNamed("one"));
  assertEquals([await answer(), ...said()], ["one", "one starts in 5"]);
  await app.prepare(moduleNamed("two"));
  assertEquals([await answer(), ...said()], ["one", "two starts in 5"]);
  await app.commit(moduleNamed("two"));
  assertEquals([await answer(), ...said()], ["two", "one stops"]);
  await app.commit(moduleNamed("two"));
  assertEquals(said(), [], "it is that already");
  await app.prepare(moduleNamed("three"));
  await app.discard();
  await app.discard();
  assertEquals([await answer(), ...said()], ["two", "three starts in 5", "three stops"]);
  assertEquals(await (await app.onError(new Error("x"))).text(), "two caught Error: x");
  app.onConnectionError("a wire");
  await app.stop();
  assertEquals(said(), ["two lost a wire", "two stops"]);
});

Deno.test("CurrentApp keeps its app where another can't be loaded or started", async () => {
  const app = new CurrentApp({ index: 0, stats: { connections: 0, requests: 0, active: 0 } });
  const info = {} as Parameters<typeof app.fetch>[1];
  await app.commit(moduleNamed("one"));
  for (
    const source of [
      "export default (",
      "throw new Error('at once')",
      "export default 1",
      "export default { fetch() {}, start() { throw new Error('no') } }",
    ]
  ) await assertRejects(() => app.commit(`data:text/javascript,${source}`));
  assertEquals(await (await app.fetch(new Request("http://a/"), info)).text(), "one");
  assertEquals(said(), ["one starts in 0"]);
});

Deno.test("CurrentApp answers a bare 500 and says nothing of connections where the app doesn't care", async () => {
  const app = new CurrentApp({ index: 0, stats: { connections: 0, requests: 0, active: 0 } });
  await app.commit("data:text/javascript,export default () => new Response('plain')");
  const { error } = console;
  const printed: unknown[] = [];
  console.error = (...parts: unknown[]) => void printed.push(...parts);
  try {
    assertEquals((await app.onError("why")).status, 500);
    app.onConnectionError("a wire");
  } finally {
    console.error = error;
  }
  assertEquals(printed, ["why"]);
});
