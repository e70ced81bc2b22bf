import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type Task, TaskGroup, type TaskGroupOptions } from "../../runtime/mod.ts";
import { ManualClock, Scheduler } from "../../timer/mod.ts";

/** Settles as the signal says, never otherwise. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

/** What leaving a group throws, `undefined` if nothing. */
async function leaving(fill: (group: TaskGroup) => void, options?: TaskGroupOptions): Promise<unknown> {
  try {
    await using group = new TaskGroup(options);
    fill(group);
    return undefined;
  } catch (error) {
    return error;
  }
}

Deno.test("leaving a TaskGroup's scope waits for all its tasks", async () => {
  const clock = new ManualClock();
  const scheduler = new Scheduler(clock);
  const log: string[] = [];
  const left = (async () => {
    await using group = new TaskGroup();
    for (const ms of [30, 10, 20]) group.spawn(() => scheduler.sleep(ms).then(() => log.push(`${ms} ms`)));
    assertEquals([group.size, group.running], [3, 3]);
    log.push("leaving");
  })().then(() => log.push("left"));
  await clock.advanceAsync(30);
  await left;
  assertEquals(log, ["leaving", "10 ms", "20 ms", "30 ms", "left"]);
});

Deno.test("leaving a TaskGroup waits for tasks that its tasks spawn meanwhile", async () => {
  const log: number[] = [];
  {
    await using group = new TaskGroup();
    const spawnNext = (depth: number) => {
      group.spawn(async () => {
        await null;
        log.push(depth);
        if (depth < 5) spawnNext(depth + 1);
      });
    };
    spawnNext(1);
  }
  assertEquals(log, [1, 2, 3, 4, 5]);
});

Deno.test("leaving a TaskGroup waits for a task that is spawned just as the last one ends", async () => {
  let ran = false;
  {
    await using group = new TaskGroup();
    void group.spawn(() => Promise.resolve()).then(() => {
      group.spawn(async () => {
        for (let turn = 0; turn < 10; turn++) await null;
        ran = true;
      });
    });
  }
  assert(ran);
});

Deno.test("a TaskGroup's tasks give their results to who awaits them", async () => {
  await using group = new TaskGroup();
  const tasks = [group.spawn(() => 1), group.spawn(async () => await 2)];
  assertEquals(await Promise.all(tasks), [1, 2]);
});

Deno.test("the first failure cancels the other tasks, and leaving throws it", async () => {
  const error = new Error("no route");
  let cancelled: Task<never> | undefined;
  const thrown = await leaving((group) => {
    cancelled = group.spawn(untilAborted);
    group.spawn(async () => {
      await null;
      throw error;
    });
    group.spawn(untilAborted);
  });
  assertStrictEquals(thrown, error);
  assertStrictEquals(cancelled?.signal.reason, error);
});

Deno.test("several failures leave as an AggregateError, in the order in which they happened", async () => {
  const thrown = await leaving((group) => {
    group.spawn((signal) => untilAborted(signal).catch(() => Promise.reject("while cleaning up")));
    group.spawn(() => Promise.reject("first"));
    group.spawn(untilAborted);
  });
  assertInstanceOf(thrown, AggregateError);
  assertEquals(thrown.errors, ["first", "while cleaning up"]);
  assertEquals(thrown.message, "Cannot finish the task group as 2 tasks failed");
});

Deno.test("a failed group does not run what is spawned afterwards", async () => {
  let ran = false;
  const thrown = await leaving((group) => {
    group.spawn(() => {
      throw "at once";
    });
    const late = group.spawn(() => {
      ran = true;
    });
    assertEquals([late.signal.reason, group.signal.reason, group.size], ["at once", "at once", 0]);
  });
  assertEquals([thrown, ran], ["at once", false]);
});

Deno.test("a cancelled task's abort is no failure, its other errors are", async () => {
  assertEquals(
    await leaving((group) => {
      group.spawn(untilAborted).cancel("enough");
      group.spawn((signal) => untilAborted(signal).catch(() => Promise.reject(new DOMException("mine", "AbortError"))))
        .cancel();
      assertEquals(group.signal.aborted, false);
    }),
    undefined,
  );
  assertEquals(
    await leaving((group) => {
      group.spawn((signal) => untilAborted(signal).catch(() => Promise.reject("broken"))).cancel("enough");
    }),
    "broken",
  );
  const foreign = new DOMException("not ours", "AbortError");
  assertStrictEquals(await leaving((group) => group.spawn(() => Promise.reject(foreign))), foreign);
});

Deno.test("cancel() cancels all tasks, and leaving then throws nothing", async () => {
  const ended: unknown[] = [];
  const thrown = await leaving((group) => {
    for (let count = 0; count < 3; count++) {
      group.spawn((signal) => untilAborted(signal).catch((reason) => ended.push(reason)));
    }
    group.cancel("enough");
    group.cancel("more than enough");
    assertEquals([group.signal.aborted, group.signal.reason], [true, "enough"]);
  });
  assertEquals([thrown, ended], [undefined, ["enough", "enough", "enough"]]);
});

Deno.test("the outer signal cancels the group, before and while it runs, and is let go", async () => {
  const controller = new AbortController();
  const options = { signal: controller.signal };
  const reasons: unknown[] = [];
  const left = leaving(
    (group) => group.spawn((signal) => untilAborted(signal).catch((reason) => reasons.push(reason))),
    options,
  );
  controller.abort("outer");
  assertEquals([await left, reasons], [undefined, ["outer"]]);

  let ran = false;
  assertEquals(await leaving((group) => group.spawn(() => ran = true), options), undefined);
  assertEquals(ran, false);

  const quiet = new AbortController();
  const group = new TaskGroup({ signal: quiet.signal });
  await group[Symbol.asyncDispose]();
  quiet.abort();
  assertEquals(group.signal.aborted, false);
});

Deno.test("a TaskGroup runs at most max tasks, the rest in their order", async () => {
  const clock = new ManualClock();
  const scheduler = new Scheduler(clock);
  const begun: number[] = [];
  await using group = new TaskGroup({ max: 2 });
  for (const ms of [50, 10, 10, 10, 10]) {
    group.spawn(() => {
      begun.push(clock.now());
      return scheduler.sleep(ms);
    });
  }
  assertEquals([group.size, group.running], [5, 2]);
  await clock.advanceAsync(100);
  assertEquals([begun, group.size], [[0, 0, 10, 20, 30], 0]);
});

Deno.test("a waiting task that is cancelled never runs, takes no place, and rejects with the reason", async () => {
  const log: string[] = [];
  await using group = new TaskGroup({ max: 1 });
  const { promise, resolve } = Promise.withResolvers<void>();
  group.spawn(() => promise);
  const waiting = group.spawn(() => log.push("never"));
  group.spawn(() => log.push("last"));
  waiting.cancel("enough");
  assertEquals([group.size, group.running], [2, 1]);
  resolve();
  assertEquals(await waiting.then(() => "ran", (reason) => reason), "enough");
  await group.join();
  assertEquals(log, ["last"]);
});

Deno.test("a failure cancels the waiting tasks, which never run", async () => {
  let ran = 0;
  const thrown = await leaving((group) => {
    group.spawn(() => Promise.reject("failed"));
    for (let count = 0; count < 10; count++) group.spawn(() => ran++);
    assertEquals([group.size, group.running], [11, 1]);
  }, { max: 1 });
  assertEquals([thrown, ran], ["failed", 0]);
});

Deno.test("a long queue of tasks that end at once doesn't use up the stack", async () => {
  let ran = 0;
  await using group = new TaskGroup({ max: 1 });
  const { promise, resolve } = Promise.withResolvers<void>();
  group.spawn(() => promise);
  for (let count = 0; count < 50_000; count++) group.spawn(() => ran++);
  resolve();
  await group.join();
  assertEquals(ran, 50_000);
});

Deno.test("join() waits, tells failures once, and leaves the group usable", async () => {
  const group = new TaskGroup();
  await group.join();
  let ran = false;
  group.spawn(async () => {
    await null;
    ran = true;
  });
  await group.join();
  assertEquals([ran, group.size], [true, 0]);
  group.spawn(() => Promise.reject("failed"));
  assertEquals(await group.join().then(() => "fine", (error) => error), "failed");
  await group.join();
  await group[Symbol.asyncDispose]();
});

Deno.test("several may join() at once", async () => {
  const group = new TaskGroup();
  const { promise, resolve } = Promise.withResolvers<void>();
  group.spawn(() => promise);
  const joined = Promise.all([group.join(), group.join()]);
  resolve();
  await joined;
  await group[Symbol.asyncDispose]();
});

Deno.test("spawn() into a group that is over throws", async () => {
  const group = new TaskGroup();
  await group[Symbol.asyncDispose]();
  assertThrows(() => group.spawn(() => {}), TypeError, "over");
});

Deno.test("TaskGroup refuses a max that is none", () => {
  for (const max of [0, -1, 1.5, NaN, -Infinity]) {
    assertThrows(() => new TaskGroup({ max }), RangeError, `received ${max}`);
  }
});

Deno.test("a TaskGroup's failures are not unhandled rejections, the tasks' promises still reject", async () => {
  const group = new TaskGroup();
  const task = group.spawn(() => Promise.reject(new Error("failed")));
  await new ManualClock().advanceAsync(0); // an unhandled rejection would fail the test by now
  await assertRejects(() => Promise.resolve(task), Error, "failed");
  await assertRejects(() => group[Symbol.asyncDispose](), Error, "failed");
});

Deno.test("a TaskGroup keeps its counts whatever its tasks do", async () => {
  const plan = fc.record({
    ms: fc.nat(20),
    ends: fc.constantFrom("well", "failing", "when aborted"),
    cancelAt: fc.option(fc.nat(20), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(plan, { maxLength: 12 }), fc.constantFrom(1, 2, 5, Infinity), async (plans, max) => {
      const clock = new ManualClock();
      const scheduler = new Scheduler(clock);
      let running = 0;
      let failures = 0;
      const group = new TaskGroup({ max });
      const tasks = plans.map((plan, index) =>
        group.spawn(async (signal) => {
          running++;
          assert(running <= group.running && group.running <= max);
          try {
            await scheduler.sleep(plan.ms, plan.ends === "when aborted" ? { signal } : {});
            if (plan.ends !== "failing") return;
            failures++;
            throw new Error(`task ${index}`);
          } finally {
            running--;
          }
        })
      );
      for (const [index, { cancelAt }] of plans.entries()) {
        if (cancelAt !== undefined) scheduler.schedule(cancelAt, () => tasks[index]!.cancel());
      }
      const left = group[Symbol.asyncDispose]().then(
        () => [],
        (error) => error instanceof AggregateError ? error.errors : [error],
      );
      await clock.advanceAsync(20 * (plans.length + 1));
      assertEquals([group.size, group.running, running], [0, 0, 0]);
      assertEquals((await left).length, failures);
      assertEquals(group.signal.aborted, failures > 0);
    }),
    { numRuns: 60 },
  );
});

Deno.test("TaskGroup.enter() lets the group wait for what runs by callbacks, until leave()", async () => {
  const group = new TaskGroup();
  let over = false;
  group.enter();
  group.enter();
  const joined = group.join().then(() => over = true);
  assertEquals(group.size, 2);
  group.leave();
  await Promise.resolve();
  assertEquals([group.size, over], [1, false]);
  group.leave();
  await joined;
  assertEquals([group.size, over], [0, true]);
});

Deno.test("TaskGroup.enter() and leave() refuse a group that is over, and more leaving than entering", async () => {
  const group = new TaskGroup();
  assertThrows(() => group.leave(), TypeError, "Cannot leave");
  await group[Symbol.asyncDispose]();
  assertThrows(() => group.enter(), TypeError, "Cannot enter");
});
