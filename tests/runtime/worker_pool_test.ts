/**
 * Owns the tests of worker pools without threads or time: who is called, what follows a crash, how all ends.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  type WorkerCrash,
  WorkerEndedError,
  type WorkerId,
  type WorkerLogLine,
  WorkerPool,
  type WorkerPoolOptions,
  type WorkerScope,
  WorkerStartError,
} from "../../runtime/mod.ts";
import { ManualClock } from "../../timer/mod.ts";
import { type FakeThread, FakeThreads } from "./worker_threads.ts";

const URL_OF_MODULE = "file:///app/module.ts";

/** The type of the module that most tests run. */
interface Adder {
  start(scope: WorkerScope<{ added: number; other: string }>, data: unknown): Promise<void>;
  stop(reason: string): Promise<void>;
  add(a: number, b: number): number;
  later(name: string): Promise<string>;
  fail(message: string): never;
  whoAmI(): number;
  readonly version: number;
}

/** A pool over threads that are none, and what its module was asked. */
class Stage {
  readonly clock = new ManualClock();
  readonly threads = new FakeThreads();
  readonly crashes: WorkerCrash[] = [];
  readonly log: string[] = [];
  readonly lines: WorkerLogLine[] = [];
  /** What `later` waits for, by name. */
  readonly gates = new Map<string, PromiseWithResolvers<string>>();
  #scopes: WorkerScope<{ added: number; other: string }>[] = [];

  constructor() {
    this.threads.modules.set(URL_OF_MODULE, () => ({ ...this.#adder(), default: () => "never" }));
  }

  #adder(): Adder {
    let scope: WorkerScope<{ added: number; other: string }>;
    return {
      start: (given, data) => {
        scope = given;
        this.#scopes.push(given);
        this.log.push(`start ${given.index} ${JSON.stringify(data)}`);
        return Promise.resolve();
      },
      stop: (reason) => {
        this.log.push(`stop ${reason} ${this.#scopes.map(({ signal }) => signal.aborted ? "x" : "-").join("")}`);
        return Promise.resolve();
      },
      add: (a, b) => {
        scope.emit("added", a + b);
        return a + b;
      },
      later: (name) => this.gate(name).promise,
      fail: (message) => {
        throw new RangeError(message, { cause: 7 });
      },
      whoAmI: () => scope.index,
      version: 1,
    };
  }

  gate(name: string): PromiseWithResolvers<string> {
    const gate = this.gates.get(name) ?? Promise.withResolvers<string>();
    this.gates.set(name, gate);
    return gate;
  }

  pool(options: WorkerPoolOptions = {}): Promise<WorkerPool<Adder>> {
    return WorkerPool.start<Adder>(URL_OF_MODULE, {
      workers: 2,
      clock: this.clock,
      startThread: this.threads.start,
      onCrash: (crash) => void this.crashes.push(crash),
      ...options,
    });
  }

  thread(at: number): FakeThread {
    const thread = this.threads.all[at];
    assert(thread !== undefined, `there is no thread ${at}`);
    return thread;
  }
}

/** Lets everything happen that is about to. */
function turn(): Promise<void> {
  return new ManualClock().advanceAsync(0);
}

/** The calls that a thread has heard. */
function callsTo(thread: FakeThread): string[] {
  return thread.heard.flatMap((message) => message.type === "call" ? message.name : []);
}

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

Deno.test("a crash leaves its worker's calls without an answer, is told, and the others' go on", async () => {
  const stage = new Stage();
  await using pool = await stage.pool();
  const [first, second] = [pool.call("later", ["a"], { worker: 0 }), pool.call("later", ["b"], { worker: 1 })];
  const boom = new Error("boom");
  stage.thread(0).end(boom);
  const error = await assertRejects(() => first, WorkerEndedError);
  assertEquals([error.message, error.cause], ["Cannot finish 'later' as worker 0 has ended", boom]);
  assertEquals(stage.crashes, [{ index: 0, serial: 0, error: boom, lost: 1, restartIn: 100 }]);
  assertEquals(pool.stats, { ready: 1, pending: 1, calls: 2, crashes: 1, started: 2, lost: 1 });
  stage.gate("b").resolve("B");
  assertEquals(await second, "B");
});

Deno.test("a crashed worker is replaced after 100 ms, 200, 400 … 30,000, and after 100 again once one has lived as long", async () => {
  const stage = new Stage();
  await using pool = await stage.pool({ workers: 1 });
  const waits: (number | undefined)[] = [];
  for (let crash = 0; crash < 11; crash++) {
    stage.threads.all.at(-1)?.end(new Error("boom"));
    await turn();
    const wait = stage.crashes.at(-1)?.restartIn;
    waits.push(wait);
    await stage.clock.advanceAsync((wait ?? 0) - 1);
    assertEquals([pool.stats.ready, pool.stats.started], [0, crash + 1]);
    await stage.clock.advanceAsync(1);
    assertEquals([pool.stats.ready, pool.stats.started], [1, crash + 2]);
  }
  assertEquals(waits, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
  await stage.clock.advanceAsync(30_000);
  stage.threads.all.at(-1)?.end();
  await turn();
  assertEquals(stage.crashes.at(-1), { index: 0, serial: 11, error: undefined, lost: 0, restartIn: 100 });
});

Deno.test("a worker that can't be started after a crash is tried again, as after any crash", async () => {
  const stage = new Stage();
  await using pool = await stage.pool({ workers: 1, backOff: { first: 10, longest: 15 } });
  const [module] = [...stage.threads.modules.values()];
  stage.threads.modules.clear();
  stage.thread(0).end();
  await stage.clock.advanceAsync(10);
  await stage.clock.advanceAsync(15);
  assertEquals(stage.crashes.map(({ restartIn }) => restartIn), [10, 15, 15]);
  assertEquals(`${stage.crashes[1]?.error}`, `TypeError: Module not found "${URL_OF_MODULE}"`);
  stage.threads.modules.set(URL_OF_MODULE, module ?? (() => ({})));
  await stage.clock.advanceAsync(15);
  assertEquals(await pool.call("add", [1, 2]), 3);
});

Deno.test("calls wait while no worker is there, for any or for the one that is named", async () => {
  const stage = new Stage();
  await using pool = await stage.pool();
  for (const thread of stage.threads.all) thread.end(new Error("boom"));
  await turn();
  const calls = [pool.call("add", [1, 2]), pool.call("whoAmI", [], { worker: 1 })];
  assertEquals([pool.stats.pending, pool.stats.ready], [2, 0]);
  await stage.clock.advanceAsync(100);
  assertEquals(await Promise.all(calls), [3, 1]);
});

Deno.test("WorkerPool.replace() starts another, lets the one before finish its calls and stop, and loses none", async () => {
  const stage = new Stage();
  await using pool = await stage.pool();
  const call = pool.call("later", ["a"], { worker: 0 });
  let replaced = false;
  const replacing = pool.replace(0).then(() => replaced = true);
  await turn();
  assertEquals(stage.log.filter((line) => line.startsWith("stop")), [], "its call is under way");
  assertEquals(await pool.call("add", [1, 2], { worker: 0 }), 3);
  assertEquals(callsTo(stage.thread(2)), ["add"], "calls go to the new one");
  assert(!replaced);
  stage.gate("a").resolve("A");
  assertEquals(await call, "A");
  await replacing;
  assertEquals(stage.log.at(-1), "stop replace x--");
  assertEquals([stage.thread(0).terminated, stage.crashes], [true, []]);
  assertEquals(pool.stats, { ready: 2, pending: 0, calls: 2, crashes: 0, started: 3, lost: 0 });
});

Deno.test("WorkerPool.replace() leaves all as it is where no other can be started, and refuses a wrong index", async () => {
  const stage = new Stage();
  await using pool = await stage.pool();
  const [module] = [...stage.threads.modules.values()];
  stage.threads.modules.clear();
  await assertRejects(() => pool.replace(1), WorkerStartError, "Module not found");
  assertEquals(await pool.call("whoAmI", [], { worker: 1 }), 1);
  assertEquals(pool.stats.ready, 2);
  await stage.clock.advanceAsync(60_000);
  assertEquals(pool.stats.started, 3, "nobody tries again by himself");
  stage.threads.modules.set(URL_OF_MODULE, module ?? (() => ({})));
  await assertRejects(() => pool.replace(2), RangeError, "must be 0 to 1: received 2");
  await pool.shutdown();
  await assertRejects(() => pool.replace(1), TypeError, "Cannot replace a worker as the worker pool was shut down");
});

Deno.test("WorkerPool.replace() fills a place at once that waits after a crash", async () => {
  const stage = new Stage();
  await using pool = await stage.pool();
  stage.thread(0).end();
  await turn();
  const replacing = pool.replace(0);
  stage.clock.advance(1_000); // while it starts
  await replacing;
  assertEquals(pool.stats.ready, 2);
  await stage.clock.advanceAsync(60_000);
  assertEquals(pool.stats.started, 3);
});

Deno.test("WorkerPool.shutdown() takes no more calls, lets those under way be answered, and stops all", async () => {
  const stage = new Stage();
  const pool = await stage.pool();
  stage.thread(1).end();
  await turn();
  const call = pool.call("later", ["a"]);
  const queued = pool.call("whoAmI", [], { worker: 1 });
  const ended = pool.shutdown();
  const message = "as the worker pool was shut down";
  await assertRejects(() => queued, TypeError, `Cannot call 'whoAmI' ${message}`);
  await assertRejects(() => pool.call("add", [1, 2]), TypeError, `Cannot call 'add' ${message}`);
  assertEquals(stage.log.length, 2, "nothing has stopped");
  stage.gate("a").resolve("A");
  assertEquals(await call, "A");
  await ended;
  await pool.finished;
  assertEquals(stage.log.at(-1), "stop shutdown x-");
  await stage.clock.advanceAsync(60_000);
  assertEquals([stage.threads.all.length, stage.clock.alarms], [2, 0], "none is replaced");
  await pool.shutdown();
});

Deno.test("WorkerPool.shutdown() ends the threads at once when its signal aborts", async () => {
  const stage = new Stage();
  const pool = await stage.pool();
  const call = pool.call("later", ["a"]);
  const controller = new AbortController();
  const ended = pool.shutdown({ signal: controller.signal });
  controller.abort();
  await assertRejects(() => call, WorkerEndedError);
  await ended;
  assertEquals([stage.threads.alive, stage.crashes], [[], []]);
});

Deno.test("a module's stop that fails is told, and ends its worker all the same", async () => {
  const stage = new Stage();
  stage.threads.modules.set(URL_OF_MODULE, () => ({ stop: () => Promise.reject(new Error("can't save")) }));
  const pool = await stage.pool({ workers: 1 });
  await pool.shutdown();
  assertEquals(stage.crashes.map(({ error, restartIn }) => [`${error}`, restartIn]), [[
    "Error: can't save",
    undefined,
  ]]);
});

Deno.test("a crash that nobody listens to is said on the console, in a line", async () => {
  const stage = new Stage();
  const { error } = console;
  const printed: unknown[] = [];
  console.error = (...parts: unknown[]) => void printed.push(...parts);
  try {
    const { clock, threads: { start: startThread } } = stage;
    await using pool = await WorkerPool.start<Adder>(URL_OF_MODULE, { workers: 1, clock, startThread });
    const call = pool.call("later", ["a"]);
    stage.thread(0).end(new Error("boom"));
    await assertRejects(() => call, WorkerEndedError);
    await stage.clock.advanceAsync(100);
    stage.thread(1).end();
    await turn();
  } finally {
    console.error = error;
  }
  assertEquals(printed, [
    "Worker 0 has ended with Error: boom, calls without an answer: 1; another begins in 100 ms",
    "Worker 0 has ended; another begins in 200 ms",
  ]);
});
