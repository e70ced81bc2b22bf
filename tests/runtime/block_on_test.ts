/**
 * Owns the proof that blockOn() settles as its future does, and holds the process just as long; knows no platform's timers.
 *
 * @module
 */

import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { blockOn, spawn } from "../../runtime/mod.ts";
import { ManualClock, Scheduler, scheduler } from "../../timer/mod.ts";
import { task, turns } from "../net/turns.ts";
import { programTest } from "../programs.ts";

Deno.test("blockOn() gives what a promise, a task or another thenable gives", async () => {
  assertEquals(await blockOn(Promise.resolve(1)), 1);
  assertEquals(await blockOn(spawn(() => 2)), 2);
  assertEquals(await blockOn(spawn(async () => await Promise.resolve(3))), 3);
  const thenable: PromiseLike<number> = { then: (...told) => Promise.resolve(4).then(...told) };
  assertEquals(await blockOn(thenable), 4);
  const callable: PromiseLike<number> = Object.assign(() => {}, thenable);
  assertEquals(await blockOn(callable), 4);
});

Deno.test("blockOn() rejects with the very error of its future, before or after it was given", async () => {
  const error = new Error("no route");
  const given = Promise.reject(error);
  assertStrictEquals(await assertRejects(() => blockOn(given)), error);
  assertStrictEquals(await assertRejects(() => blockOn(spawn(() => Promise.reject(error)))), error);
  const { promise, reject } = Promise.withResolvers<void>();
  const blocked = blockOn(promise);
  reject(error);
  assertStrictEquals(await assertRejects(() => blocked), error);
});

Deno.test("blockOn() leaves a rejection that nobody takes care of unhandled, told once", async () => {
  const errors: unknown[] = [];
  const listener = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    errors.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", listener);
  blockOn(Promise.reject("nobody cares"));
  await task();
  globalThis.removeEventListener("unhandledrejection", listener);
  assertEquals(errors, ["nobody cares"]);
});

Deno.test("blockOn() holds the process while its future is not settled, and no longer", async () => {
  const clock = new ManualClock();
  const scheduler = new Scheduler(clock);
  for (const outcome of ["resolve", "reject"] as const) {
    const future = Promise.withResolvers<string>();
    const blocked = blockOn(future.promise, { scheduler });
    await turns();
    assertEquals([scheduler.pending, clock.holding], [1, 1]);
    clock.advance(10 * 24 * 3_600_000 + 1);
    assertEquals([scheduler.pending, clock.holding], [1, 1]); // however long it takes
    future[outcome]("done");
    assertEquals(await blocked.catch((error) => error), "done");
    await turns();
    assertEquals([scheduler.pending, clock.alarms], [0, 0]);
  }
});

Deno.test("blockOn() holds the process once for all futures, until the last, and anew for the next", async () => {
  const before = scheduler.pending;
  for (let again = 0; again < 2; again++) {
    const first = Promise.withResolvers<number>();
    const second = Promise.withResolvers<number>();
    const blocked = [blockOn(first.promise), blockOn(second.promise)];
    await turns();
    assertEquals(scheduler.pending, before + 1);
    second.resolve(2);
    assertEquals([await blocked[1], scheduler.pending], [2, before + 1]);
    first.resolve(1);
    assertEquals([await blocked[0], scheduler.pending], [1, before]);
  }
});

Deno.test("blockOn() arms nothing for a future that is finished", async () => {
  const clock = new ManualClock();
  const scheduler = new Scheduler(clock);
  let armed = 0;
  scheduler.arm = () => void armed++;
  assertEquals(await blockOn(Promise.resolve(1), { scheduler }), 1);
  assertEquals(await blockOn(Promise.reject("no"), { scheduler }).catch((error) => error), "no");
  assertEquals(await blockOn(spawn(() => 2), { scheduler }), 2);
  await turns();
  assertEquals(armed, 0);
  const { promise, resolve } = Promise.withResolvers<void>();
  const blocked = blockOn(promise, { scheduler });
  await turns();
  assertEquals(armed, 1);
  resolve();
  await blocked;
});

Deno.test("blockOn() refuses what can't be waited for, at the call", () => {
  const values: [string, string][] = [["5", "5"], ["null", "null"], ['"text"', "text"], ["{}", "[object Object]"], [
    '{"then":1}',
    "[object Object]",
  ]];
  for (const [json, shown] of values) {
    const message = `Cannot block on a value as it must be a promise or have a 'then': received ${shown}`;
    assertThrows(() => blockOn(JSON.parse(json)), TypeError, message);
  }
  const forgotten: PromiseLike<number> = Object(() => Promise.resolve(1)); // a function, not what it gives
  assertThrows(() => blockOn(forgotten), TypeError, "must be a promise");
});

/** Runs a program that has nothing left but a timer that keeps no process alive; gives its code and its output. */
async function runsOut(future: string): Promise<{ code: number; output: string }> {
  const program = `
    import { blockOn } from ${JSON.stringify(import.meta.resolve("../../runtime/mod.ts"))};
    import { sleep } from ${JSON.stringify(import.meta.resolve("../../timer/mod.ts"))};
    const future = sleep(20, { ref: false }).then(() => "settled");
    ${future}.then(console.log);
  `;
  const child = new Deno.Command("deno", { args: ["eval", "--no-lock", "--ext=ts", program] });
  const { code, stdout } = await child.output();
  return { code, output: new TextDecoder().decode(stdout) };
}

programTest("blockOn() keeps a real process alive, which a promise does not, and lets it end", {
  programs: ["deno"],
}, async () => {
  assertEquals(await runsOut("future"), { code: 0, output: "" });
  assertEquals(await runsOut("blockOn(future)"), { code: 0, output: "settled\n" });
  assertEquals(await runsOut("blockOn(Promise.resolve(1))"), { code: 0, output: "1\n" });
});
