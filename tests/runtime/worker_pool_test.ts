/**
 * Owns the tests of worker pools without threads or time: how they start, who is called, what is told. How workers come
 * and go is another file's.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { WorkerEndedError, type WorkerId, WorkerPool, type WorkerScope, WorkerStartError } from "../../runtime/mod.ts";
import { type Adder, callsTo, Stage, turn, URL_OF_MODULE } from "./worker_stage.ts";
import { FakeThreads } from "./worker_threads.ts";

Deno.test("WorkerPool.start() starts each worker with its scope and its own data, and is done when all are ready", async () => {
  const stage = new Stage();
  await using pool = await stage.pool({ workers: 3, name: "adder", data: ({ index, serial }) => ({ index, serial }) });
  assertEquals(stage.log, [
    'start 0 {"index":0,"serial":0}',
    'start 1 {"index":1,"serial":1}',
    'start 2 {"index":2,"serial":2}',
  ]);
  assertEquals(stage.threads.all.map(({ name }) => name), ["adder 0", "adder 1", "adder 2"]);
  assertEquals(pool.stats, { ready: 3, pending: 0, calls: 0, crashes: 0, started: 3, lost: 0 });
  assertEquals(pool.size, 3);
});

Deno.test("WorkerPool.start() starts as many workers as there are cores", async () => {
  const stage = new Stage();
  await using pool = await WorkerPool.start<Adder>(new URL(URL_OF_MODULE), { startThread: stage.threads.start });
  assertEquals(pool.size, navigator.hardwareConcurrency);
});

Deno.test("WorkerPool.start() rejects with what is wrong with the module, and leaves no thread", async () => {
  const stage = new Stage();
  const starting = WorkerPool.start("file:///nowhere.ts", { workers: 2, startThread: stage.threads.start });
  const error = await assertRejects(() => starting, WorkerStartError);
  assertEquals(
    error.message,
    'Cannot start worker 0 as it must be ready: received TypeError: Module not found "file:///nowhere.ts"',
  );
  assertInstanceOf(error.cause, TypeError);
  assertEquals(stage.threads.alive, []);
});

Deno.test("WorkerPool.start() rejects when a module's start fails, when its data can't be had or sent, when the thread ends", async () => {
  const stage = new Stage();
  stage.threads.modules.set(URL_OF_MODULE, () => ({ start: () => Promise.reject(new Error("no database")) }));
  const error = await assertRejects(() => stage.pool(), WorkerStartError, "received Error: no database");
  assertEquals(`${error.cause}`, "Error: no database");
  const unsendable = await assertRejects(() => stage.pool({ data: () => () => {} }), WorkerStartError);
  assert(unsendable.cause instanceof DOMException && unsendable.cause.name === "DataCloneError");
  const none = () => {
    throw new RangeError("no data");
  };
  await assertRejects(() => stage.pool({ data: none }), WorkerStartError, "received RangeError: no data");
  stage.threads.modules.set(URL_OF_MODULE, () => ({ start: () => stage.threads.all.at(-1)?.end() }));
  await assertRejects(() => stage.pool({ workers: 1 }), WorkerStartError, "received it has ended");
  assertEquals(stage.crashes, [], "none of them had begun");
});

Deno.test("WorkerPool.start() gives a worker 30 s to be ready, or startTimeout", async () => {
  for (const startTimeout of [undefined, 50]) {
    const stage = new Stage();
    stage.threads.modules.set(URL_OF_MODULE, () => ({ start: () => new Promise(() => {}) }));
    const starting = stage.pool(startTimeout === undefined ? {} : { startTimeout });
    const failed = assertRejects(() => starting, WorkerStartError, "TimeoutError");
    await stage.clock.advanceAsync((startTimeout ?? 30_000) - 1);
    assertEquals(stage.threads.alive.length, 2);
    await stage.clock.advanceAsync(1);
    await failed;
    assertEquals([stage.threads.alive.length, stage.clock.alarms], [0, 0]);
  }
});

Deno.test("WorkerPool.start() refuses what its options can't be", async () => {
  const startAs = (module: unknown, options: object) =>
    // What JavaScript callers may give, the compiler keeps from others.
    Reflect.apply(WorkerPool.start, WorkerPool, [module, { startThread: new FakeThreads().start, ...options }]);
  const start = (options: object) => startAs(URL_OF_MODULE, options);
  const badCount = (name: string, value: unknown) =>
    `Cannot start workers as '${name}' must be a whole number >= 1: received ${value}`;
  for (const value of [0, -1, 1.5, NaN, Infinity, "2", null]) {
    await assertRejects(() => start({ workers: value }), RangeError, badCount("workers", value));
  }
  for (const value of [0, -1, 1.5, NaN]) {
    await assertRejects(() => start({ maxPending: value }), RangeError, badCount("maxPending", value));
  }
  for (const value of [-1, NaN, Infinity, "1"]) {
    const message = `Cannot start workers as 'backOff.first' must be 0 ms or more: received ${value}`;
    await assertRejects(() => start({ backOff: { first: value } }), RangeError, message);
  }
  await assertRejects(
    () => start({ backOff: { first: 5, longest: 4 } }),
    RangeError,
    "must be 5 ms or more: received 4",
  );
  await assertRejects(() => start({ startTimeout: 0 }), RangeError, "'startTimeout' must be 1 ms or more: received 0");
  for (const name of ["data", "onCrash", "onReady", "onEnd", "onLog", "startThread"]) {
    const message = `Cannot start workers as '${name}' must be a function: received number`;
    await assertRejects(() => start({ [name]: 1 }), TypeError, message);
  }
  const bad: [unknown, string][] = [
    ["./app.ts", "'./app.ts'"],
    ["app.ts", "'app.ts'"],
    ["/srv/app.ts", "'/srv/app.ts'"],
    ["C:\\app.ts", "'C:\\app.ts'"],
    ["", "''"],
    ["javascript:0", "'javascript:0'"],
    [undefined, "undefined"],
    [null, "null"],
    [() => {}, "function"],
  ];
  for (const [module, received] of bad) {
    const error = await assertRejects(() => startAs(module, {}), TypeError);
    assertEquals(
      error.message,
      `Cannot start workers as 'module' must be an absolute URL, such as import.meta.resolve gives: received ${received}`,
    );
  }
});

Deno.test("WorkerPool.call() gives what the function gives, from the worker that has the fewest calls, else the next in turn", async () => {
  const stage = new Stage();
  await using pool = await stage.pool({ workers: 3 });
  assertEquals(await pool.call("add", [2, 3]), 5); // by 0
  assertEquals(await pool.call("whoAmI", []), 1);
  const slow = ["a", "b"].map((name) => pool.call("later", [name])); // 2 and 0 are busy
  assertEquals([await pool.call("whoAmI", []), await pool.call("whoAmI", [])], [1, 1]);
  assertEquals(stage.threads.all.map(callsTo), [["add", "later"], ["whoAmI", "whoAmI", "whoAmI"], ["later"]]);
  assertEquals(pool.stats, { ready: 3, pending: 2, calls: 6, crashes: 0, started: 3, lost: 0 });
  stage.gate("a").resolve("A");
  stage.gate("b").resolve("B");
  assertEquals(await Promise.all(slow), ["A", "B"]);
});

Deno.test("WorkerPool.call() rejects with what the function throws, and for what can't be called or sent", async () => {
  const stage = new Stage();
  await using pool = await stage.pool();
  const error = await assertRejects(() => pool.call("fail", ["too far"]), RangeError, "too far");
  assertEquals(error.cause, 7);
  for (const name of ["start", "stop", "default", "version", "nothing", "toString", "constructor"]) {
    await assertRejects(
      () => Reflect.apply(pool.call, pool, [name, []]),
      TypeError,
      `Cannot call as the module must export a function of that name: received '${name}'`,
    );
  }
  await assertRejects(() => Reflect.apply(pool.call, pool, ["add", [() => {}]]), DOMException, "could not be cloned");
  stage.threads.modules.set(
    "file:///odd.ts",
    () => ({ odd: () => () => {}, rejects: () => Promise.reject(Symbol("gone")) }),
  );
  await using odd = await WorkerPool.start<{ odd(): unknown; rejects(): unknown }>("file:///odd.ts", {
    workers: 1,
    startThread: stage.threads.start,
  });
  await assertRejects(() => odd.call("odd", []), DOMException, "could not be cloned");
  await assertRejects(() => odd.call("rejects", []), Error, "Symbol(gone)");
  for (const worker of [-1, 2, 0.5, NaN]) {
    await assertRejects(
      () => pool.call("whoAmI", [], { worker }),
      RangeError,
      `Cannot call a worker as its index must be 0 to 1: received ${worker}`,
    );
  }
  assertEquals(pool.stats.pending, 0);
});

Deno.test("WorkerPool.call() goes to the worker that is named", async () => {
  const stage = new Stage();
  await using pool = await stage.pool();
  for (const worker of [1, 1, 0]) await pool.call("whoAmI", [], { worker });
  assertEquals(stage.threads.all.map(callsTo), [["whoAmI"], ["whoAmI", "whoAmI"]]);
});

Deno.test("WorkerPool.call() ends its wait when the signal aborts; the worker's answer is ignored then", async () => {
  const stage = new Stage();
  await using pool = await stage.pool();
  const reason = new Error("enough");
  await assertRejects(() => pool.call("later", ["a"], { signal: AbortSignal.abort(reason) }), Error, "enough");
  assertEquals(pool.stats.calls, 0);
  const controller = new AbortController();
  const call = pool.call("later", ["a"], { signal: controller.signal });
  controller.abort(reason);
  await assertRejects(() => call, Error, "enough");
  assertEquals(pool.stats.pending, 1, "the worker is still at it");
  stage.gate("a").resolve("A");
  await turn();
  assertEquals(pool.stats.pending, 0);
});

Deno.test("WorkerPool.call() refuses what would make more calls wait than maxPending", async () => {
  const stage = new Stage();
  await using pool = await stage.pool({ maxPending: 2 });
  const calls = [pool.call("later", ["a"]), pool.call("later", ["b"])];
  const message = "Cannot call 'add' as at most 2 calls may wait for an answer";
  await assertRejects(() => pool.call("add", [1, 1]), RangeError, message);
  stage.gate("a").resolve("A");
  assertEquals(await calls[0], "A");
  assertEquals(await pool.call("add", [1, 1]), 2);
  stage.gate("b").resolve("B");
  await calls[1];
});

Deno.test("WorkerPool.broadcast() calls every worker and gives all results in the workers' order", async () => {
  const stage = new Stage();
  await using pool = await stage.pool();
  const both = pool.broadcast("later", ["x"]);
  await turn();
  assertEquals(stage.threads.all.map(callsTo), [["later"], ["later"]]);
  stage.thread(0).end(new Error("gone"));
  await turn();
  stage.gate("x").resolve("X");
  const [first, second] = await both;
  assert(first?.status === "rejected" && first.reason instanceof WorkerEndedError);
  assertEquals(second, { status: "fulfilled", value: "X" });
  assertEquals((await pool.broadcast("add", [1, 2])).length, 1, "the other worker is gone");
});

Deno.test("WorkerPool.on() tells of a module's events and of their worker, until it is disposed of", async () => {
  const stage = new Stage();
  await using pool = await stage.pool();
  const heard: [number, WorkerId["index"]][] = [];
  {
    using _listening = pool.on("added", (sum, { index }) => void heard.push([sum, index]));
    using _other = pool.on("other", () => assert(false, "nobody emits it"));
    await pool.call("add", [1, 2], { worker: 1 });
    await pool.call("add", [3, 4], { worker: 1 });
  }
  await pool.call("add", [5, 6]);
  assertEquals(heard, [[3, 1], [7, 1]]);
});

Deno.test("WorkerScope.emit() throws for a detail that can't be sent", async () => {
  const stage = new Stage();
  stage.threads.modules.set(URL_OF_MODULE, () => ({
    start: (scope: WorkerScope<{ a: unknown }>) => {
      assertThrows(() => scope.emit("a", () => {}), DOMException, "could not be cloned");
    },
  }));
  await using _pool = await stage.pool();
});

Deno.test("a pool that listens to its workers' lines has them, the last ones of a crash too", async () => {
  const stage = new Stage();
  await using _pool = await stage.pool({ onLog: (line) => void stage.lines.push(line) });
  stage.thread(1).write("log", "it begins");
  stage.thread(1).write("error", "it ends");
  stage.thread(1).end(new Error("boom"));
  await turn();
  assertEquals(stage.lines, [
    { index: 1, serial: 1, level: "log", text: "it begins" },
    { index: 1, serial: 1, level: "error", text: "it ends" },
  ]);
});
