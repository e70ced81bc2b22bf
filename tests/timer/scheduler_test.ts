import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  type Alarm,
  type Clock,
  deadline,
  ManualClock,
  Scheduler,
  scheduler,
  sleep,
  timeout,
} from "../../timer/mod.ts";
import { programTest } from "../programs.ts";

/** A manual clock that counts what is asked of it. */
class CountingClock implements Clock {
  readonly manual = new ManualClock();
  readonly asked = { now: 0, set: 0, clear: 0, ref: 0, unref: 0 };

  now(): number {
    this.asked.now++;
    return this.manual.now();
  }

  date(): number {
    return this.manual.date();
  }

  alarm(callback: () => void): Alarm {
    const alarm = this.manual.alarm(callback);
    const counted = (name: "clear" | "ref" | "unref") => () => {
      this.asked[name]++;
      alarm[name]();
    };
    return {
      set: (delayMs) => {
        this.asked.set++;
        alarm.set(delayMs);
      },
      clear: counted("clear"),
      ref: counted("ref"),
      unref: counted("unref"),
    };
  }
}

function manual(): { clock: ManualClock; scheduler: Scheduler } {
  const clock = new ManualClock();
  return { clock, scheduler: new Scheduler(clock) };
}

Deno.test("Scheduler fires timers at their times, in order, with one alarm set at most", () => {
  const { clock, scheduler } = manual();
  const log: number[] = [];
  for (const delay of [300, 5, 70_000, 0, 2 ** 25, 5]) {
    scheduler.schedule(delay, () => log.push(clock.now()));
    assertEquals(clock.alarms, 1);
  }
  assertEquals([scheduler.pending, log], [6, []]);
  clock.advance(100_000);
  assertEquals([log, scheduler.pending, clock.alarms], [[0, 5, 5, 300, 70_000], 1, 1]);
  clock.advance(2 ** 25);
  assertEquals([log.at(-1), scheduler.pending, clock.alarms], [2 ** 25, 0, 0]);
});

Deno.test("Scheduler fires no timer before its delay has passed, fractions included, nor 1 ms after", () => {
  const clock = new ManualClock({ now: 0.7 });
  const scheduler = new Scheduler(clock);
  let fired: number | undefined;
  scheduler.schedule(1.1, () => fired = clock.now());
  clock.advance(10);
  assertEquals(fired, 2);
});

Deno.test("Scheduler measures a delay from the clock's time although its wheel rests", () => {
  const { clock, scheduler } = manual();
  let fired: number | undefined;
  clock.advance(1e6);
  scheduler.schedule(10, () => fired = clock.now());
  assertEquals(clock.next, 1e6 + 10);
  clock.advance(10);
  assertEquals(fired, 1e6 + 10);

  scheduler.schedule(60_000, () => {});
  clock.advance(50_000);
  scheduler.schedule(10, () => fired = clock.now());
  clock.advance(10);
  assertEquals(fired, 1e6 + 50_020);
});

Deno.test("Scheduler fires a delay of 0 at once when the clock's alarm rings, in the middle of a millisecond too", () => {
  const clock = new ManualClock({ now: 0.5 });
  const scheduler = new Scheduler(clock);
  let fired = 0;
  scheduler.schedule(0, () => fired++);
  assertEquals(fired, 0);
  clock.advance(0);
  assertEquals([fired, clock.alarms], [1, 0]);
});

Deno.test("Scheduler fires a delay of 0 after what was due before, although the wheel is behind", () => {
  const late: (() => void)[] = [];
  let now = 0;
  const clock: Clock = {
    now: () => now,
    date: () => 0,
    alarm: (callback) => {
      late.push(callback);
      return { set() {}, clear() {}, ref() {}, unref() {} };
    },
  };
  const scheduler = new Scheduler(clock);
  const log: string[] = [];
  scheduler.schedule(50, () => log.push("was due at 50"));
  now = 100; // the host is late with the alarm
  scheduler.schedule(0, () => log.push("armed at 100"));
  late[0]!();
  assertEquals(log, ["was due at 50", "armed at 100"]);
});

Deno.test("Scheduler.arm() given the time reads no clock, and touches the alarm only for an earlier time", () => {
  const clock = new CountingClock();
  const scheduler = new Scheduler(clock);
  const timers = [scheduler.timer(() => {}), scheduler.timer(() => {})];
  for (const timer of timers) scheduler.arm(timer, 1_000, 0);
  const before = { ...clock.asked };
  for (let now = 1; now <= 500; now++) for (const timer of timers) scheduler.arm(timer, 1_000, now);
  assertEquals(clock.asked, before);
  scheduler.arm(timers[0]!, 10, 500);
  assertEquals(clock.asked, { ...before, set: before.set + 1 });
});

Deno.test("Scheduler fires a timer that was moved to later at its last time only, with one ring in between", () => {
  const clock = new CountingClock();
  const scheduler = new Scheduler(clock);
  const fired: number[] = [];
  const timer = scheduler.timer(() => fired.push(clock.manual.now()));
  for (let step = 0; step < 100; step++) {
    scheduler.arm(timer, 1_000);
    clock.manual.advance(5);
  }
  assertEquals(clock.asked.set, 1);
  clock.manual.advance(10_000);
  assertEquals(fired, [99 * 5 + 1_000]);
  assert(clock.asked.set <= 4, `${clock.asked.set} settings`);
});

Deno.test("Scheduler leaves no alarm set soon after the last timer was cancelled", async () => {
  const { clock, scheduler } = manual();
  const timers = [scheduler.schedule(10, () => {}), scheduler.schedule(20, () => {})];
  assertEquals([scheduler.cancel(timers[0]!), scheduler.cancel(timers[0]!)], [true, false]);
  await Promise.resolve();
  assertEquals(clock.alarms, 1);
  assertEquals(scheduler.cancel(timers[1]!), true);
  await Promise.resolve();
  assertEquals([clock.alarms, scheduler.pending], [0, 0]);
  let fired = 0;
  scheduler.schedule(10, () => fired++);
  clock.advance(10);
  assertEquals([fired, clock.alarms], [1, 0]);
});

Deno.test("Scheduler keeps its alarm while a lone timer is cancelled and armed within one job", async () => {
  const clock = new CountingClock();
  const scheduler = new Scheduler(clock);
  const timer = scheduler.timer(() => {});
  for (let round = 0; round < 100; round++) {
    scheduler.arm(timer, 1_000);
    scheduler.cancel(timer);
  }
  scheduler.arm(timer, 1_000);
  await Promise.resolve();
  assertEquals([clock.asked.set, clock.asked.clear, clock.manual.alarms], [1, 0, 1]);
});

Deno.test("Scheduler holds the process only while a timer with ref is pending", async () => {
  const { clock, scheduler } = manual();
  const loose = scheduler.schedule(100, () => {}, { ref: false });
  assertEquals([clock.alarms, clock.holding], [1, 0]);
  const held = scheduler.schedule(200, () => {});
  assertEquals([clock.alarms, clock.holding], [1, 1]);
  scheduler.cancel(held);
  await Promise.resolve();
  assertEquals([clock.alarms, clock.holding], [1, 0]);
  scheduler.arm(held, 50);
  assertEquals(clock.holding, 1);
  clock.advance(50);
  assertEquals([clock.alarms, clock.holding, loose.pending], [1, 0, true]);
  clock.advance(50);
  assertEquals([clock.alarms, scheduler.pending], [0, 0]);
});

Deno.test("Scheduler's callbacks may arm timers: they fire at their times, still on one alarm", () => {
  const { clock, scheduler } = manual();
  const log: number[] = [];
  const timer = scheduler.timer(() => {
    log.push(clock.now());
    if (log.length < 4) scheduler.arm(timer, 10);
    assert(clock.alarms <= 1);
  });
  scheduler.arm(timer, 10);
  clock.advance(100);
  assertEquals([log, clock.alarms], [[10, 20, 30, 40], 0]);
});

Deno.test("Scheduler sets its alarm once for all that the callbacks of one ring arm", () => {
  const clock = new CountingClock();
  const scheduler = new Scheduler(clock);
  const fired: number[] = [];
  scheduler.schedule(10, () => {
    for (const delay of [9, 8, 7, 6]) scheduler.schedule(delay, () => fired.push(clock.manual.now()));
  });
  clock.manual.advance(10);
  assertEquals([clock.asked.set, clock.manual.next], [2, 16]);
  clock.manual.advance(10);
  assertEquals(fired, [16, 17, 18, 19]);
});

Deno.test("Scheduler reports what a callback throws, and goes on", () => {
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const scheduler = new Scheduler(clock, { onError: (error) => errors.push(error) });
  let fired = 0;
  scheduler.schedule(5, () => {
    throw "oops";
  });
  scheduler.schedule(5, () => fired++);
  scheduler.schedule(6, () => fired++);
  clock.advance(10);
  assertEquals([errors, fired, clock.alarms], [["oops"], 2, 0]);
});

Deno.test("Scheduler goes on although onError throws", () => {
  const clock = new ManualClock();
  const scheduler = new Scheduler(clock, {
    onError: (error) => {
      throw error;
    },
  });
  let fired = 0;
  scheduler.schedule(5, () => {
    throw new Error("oops");
  });
  scheduler.schedule(5, () => fired++);
  scheduler.schedule(600, () => fired++);
  assertThrows(() => clock.advance(10), Error, "oops");
  clock.advance(1_000);
  assertEquals([fired, clock.alarms], [2, 0]);
});

Deno.test("Scheduler refuses delays that are none, in each of its calls", async () => {
  const { clock, scheduler } = manual();
  const timer = scheduler.timer(() => {});
  for (const bad of [NaN, -1, Infinity, -Infinity]) {
    assertThrows(() => scheduler.arm(timer, bad), RangeError, `received ${bad}`);
    assertThrows(() => scheduler.schedule(bad, () => {}), RangeError, `received ${bad}`);
    assertThrows(() => scheduler.deadline(bad), RangeError, `received ${bad}`);
    assertThrows(() => scheduler.after(bad, () => {}), RangeError, `received ${bad}`);
    await assertRejects(() => scheduler.sleep(bad), RangeError, `received ${bad}`);
    await assertRejects(() => scheduler.timeout(Promise.resolve(), bad), RangeError, `received ${bad}`);
  }
  assertThrows(() => scheduler.arm(timer, 1, NaN), RangeError, "received NaN");
  assertEquals([scheduler.pending, clock.alarms], [0, 0]);
});

Deno.test("sleep() resolves at its time", async () => {
  const { clock, scheduler } = manual();
  let awake = false;
  const sleeping = scheduler.sleep(1_000).then(() => awake = true);
  clock.advance(999);
  await Promise.resolve();
  assertEquals(awake, false);
  clock.advance(1);
  await sleeping;
  assertEquals([awake, scheduler.pending], [true, 0]);
});

Deno.test("sleep() rejects with the signal's reason, and leaves nothing pending", async () => {
  const { clock, scheduler } = manual();
  const controller = new AbortController();
  const sleeping = scheduler.sleep(1_000, { signal: controller.signal });
  const reason = new Error("enough");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => sleeping), reason);
  assertEquals([scheduler.pending, clock.alarms], [0, 0]);
  assertStrictEquals(await assertRejects(() => scheduler.sleep(1, { signal: controller.signal })), reason);
  assertEquals(scheduler.pending, 0);
});

Deno.test("sleep() leaves no listener on its signal", async () => {
  const { clock, scheduler } = manual();
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  const sleeping = scheduler.sleep(5, { signal });
  assertEquals(listeners, 1);
  clock.advance(5);
  await sleeping;
  assertEquals(listeners, 0);
  scheduler.deadline(5, { signal })[Symbol.dispose]();
  assertEquals(listeners, 0);
  await scheduler.timeout(Promise.resolve(), 5, { signal });
  assertEquals(listeners, 0);
});

Deno.test("sleep() without ref doesn't hold the process", async () => {
  const { clock, scheduler } = manual();
  const sleeping = scheduler.sleep(5, { ref: false });
  assertEquals([clock.alarms, clock.holding], [1, 0]);
  clock.advance(5);
  await sleeping;
});

Deno.test("deadline() aborts its signal with a TimeoutError when the time has passed", () => {
  const { clock, scheduler } = manual();
  using limit = scheduler.deadline(100, { message: "the head took too long" });
  clock.advance(99);
  assertEquals(limit.signal.aborted, false);
  clock.advance(1);
  const { reason } = limit.signal;
  assert(reason instanceof DOMException);
  assertEquals([reason.name, reason.message], ["TimeoutError", "the head took too long"]);
  assertEquals(scheduler.pending, 0);
  using unnamed = scheduler.deadline(20);
  clock.advance(20);
  assertEquals(unnamed.signal.reason.message, "Cannot finish as the time limit has passed: received 20 ms");
});

Deno.test("deadline() is taken back when its scope is left", () => {
  const { clock, scheduler } = manual();
  let signal: AbortSignal;
  {
    using limit = scheduler.deadline(100);
    signal = limit.signal;
    assertEquals(scheduler.pending, 1);
  }
  assertEquals(scheduler.pending, 0);
  clock.advance(1_000);
  assertEquals(signal.aborted, false);
});

Deno.test("deadline() aborts with the outer signal's reason, and no TimeoutError follows", () => {
  const { clock, scheduler } = manual();
  const outer = new AbortController();
  using limit = scheduler.deadline(100, { signal: outer.signal });
  outer.abort("gone");
  assertEquals([limit.signal.reason, scheduler.pending], ["gone", 0]);
  clock.advance(1_000);
  assertEquals(limit.signal.reason, "gone");
  using late = scheduler.deadline(100, { signal: outer.signal });
  assertEquals([late.signal.reason, scheduler.pending], ["gone", 0]);
});

Deno.test("timeout() settles as its promise does, and leaves nothing pending", async () => {
  const { scheduler } = manual();
  assertEquals(await scheduler.timeout(Promise.resolve("value"), 100), "value");
  const error = new Error("failed");
  assertStrictEquals(await assertRejects(() => scheduler.timeout(Promise.reject(error), 100)), error);
  assertEquals(scheduler.pending, 0);
});

Deno.test("timeout() rejects with a TimeoutError when the time has passed, and ignores a later failure", async () => {
  const { clock, scheduler } = manual();
  const { promise, reject } = Promise.withResolvers<void>();
  const limited = scheduler.timeout(promise, 100, { message: "too slow" });
  clock.advance(100);
  const error = await assertRejects(() => limited, DOMException, "too slow");
  assertEquals([error.name, scheduler.pending], ["TimeoutError", 0]);
  reject(new Error("nobody cares"));
  await promise.catch(() => {});
});

Deno.test("timeout() rejects with the reason of its signal", async () => {
  const { scheduler } = manual();
  const outer = new AbortController();
  const never = new Promise<never>(() => {});
  const limited = scheduler.timeout(never, 100, { signal: outer.signal });
  const reason = new Error("gone");
  outer.abort(reason);
  assertStrictEquals(await assertRejects(() => limited), reason);
  assertStrictEquals(await assertRejects(() => scheduler.timeout(never, 100, { signal: outer.signal })), reason);
  assertEquals(scheduler.pending, 0);
});

Deno.test("after() calls back at its time, unless its scope is left before", () => {
  const { clock, scheduler } = manual();
  const log: string[] = [];
  {
    using _kept = scheduler.after(5, () => log.push("in time"));
    clock.advance(5);
    using _left = scheduler.after(5, () => log.push("never"));
  }
  clock.advance(100);
  assertEquals([log, scheduler.pending], [["in time"], 0]);
});

Deno.test("Scheduler runs on the system's clock", async () => {
  using time = new FakeTime();
  const scheduler = new Scheduler();
  const log: string[] = [];
  const timer = scheduler.schedule(1_000, () => log.push("moved"));
  scheduler.schedule(2_000, () => log.push("kept"));
  scheduler.schedule(3_000, () => log.push("never"), { ref: false });
  time.tick(900);
  scheduler.arm(timer, 5_000);
  time.tick(1_101);
  assertEquals(log, ["kept"]);
  time.tick(4_000);
  assertEquals([log, scheduler.pending], [["kept", "never", "moved"], 0]);
  await Promise.resolve();
  assertEquals(time.next(), false);
});

Deno.test("Scheduler keeps a delay beyond 2^31-1 ms on the system's clock", () => {
  using time = new FakeTime();
  const scheduler = new Scheduler();
  let fired = 0;
  scheduler.schedule(2 ** 31 + 1_000, () => fired++);
  time.tick(2 ** 31 + 998);
  assertEquals(fired, 0);
  time.tick(3);
  assertEquals([fired, scheduler.pending], [1, 0]);
});

Deno.test("the free functions run on the system's clock", async () => {
  using time = new FakeTime();
  const sleeping = sleep(50);
  const limited = timeout(new Promise(() => {}), 100);
  using limit = deadline(100);
  assertEquals(scheduler.pending, 3);
  time.tick(51);
  await sleeping;
  time.tick(50);
  await assertRejects(() => limited, DOMException);
  assertEquals([limit.signal.reason.name, scheduler.pending], ["TimeoutError", 0]);
});

programTest(
  "a program ends at once with only unreferenced or cancelled timers pending",
  { programs: ["deno"] },
  async () => {
    const code = `
    import { scheduler } from ${JSON.stringify(import.meta.resolve("../../timer/mod.ts"))};
    scheduler.schedule(3_600_000, () => {}, { ref: false });
    const held = scheduler.schedule(3_600_000, () => {});
    scheduler.schedule(1, () => scheduler.cancel(held));
    console.log(scheduler.pending);
  `;
    const { success, stdout } = await new Deno.Command("deno", { args: ["eval", "--no-lock", code] }).output();
    assertEquals([success, new TextDecoder().decode(stdout)], [true, "3\n"]);
  },
);
