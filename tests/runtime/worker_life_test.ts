/**
 * Owns the tests of how a pool's workers come and go, without threads or time: crashes, replacements, the pool's end.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { WorkerEndedError, WorkerPool, WorkerStartError } from "../../runtime/mod.ts";
import { type Adder, callsTo, Stage, turn, URL_OF_MODULE } from "./worker_stage.ts";
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
