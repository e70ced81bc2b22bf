import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { ManualClock, systemClock } from "../../timer/mod.ts";

Deno.test("ManualClock stands still until advance(), which moves both its times", () => {
  const clock = new ManualClock({ now: 5, date: 1_000 });
  assertEquals([clock.now(), clock.date()], [5, 1_000]);
  clock.advance(2.5);
  assertEquals([clock.now(), clock.date()], [7.5, 1_002.5]);
  clock.setDate(0);
  assertEquals([clock.now(), clock.date()], [7.5, 0]);
});

Deno.test("ManualClock.advance() calls alarms in the order of their times, each at its own time", () => {
  const clock = new ManualClock({ now: 100 });
  const log: [string, number][] = [];
  const names = ["third", "first", "second", "first too", "too late"];
  for (const [index, delay] of [30, 10, 20, 10, 41].entries()) {
    clock.alarm(() => log.push([names[index]!, clock.now()])).set(delay);
  }
  assertEquals([clock.alarms, clock.next], [5, 110]);
  clock.advance(40);
  assertEquals(log, [["first", 110], ["first too", 110], ["second", 120], ["third", 130]]);
  assertEquals([clock.now(), clock.alarms, clock.next], [140, 1, 141]);
});

Deno.test("ManualClock.advance() calls alarms of one time in the order of their last setting", () => {
  const clock = new ManualClock();
  const log: string[] = [];
  const [one, two] = [clock.alarm(() => log.push("one")), clock.alarm(() => log.push("two"))];
  one.set(10);
  two.set(10);
  one.set(10);
  clock.advance(10);
  assertEquals(log, ["two", "one"]);
});

Deno.test("ManualClock.advance() calls what is set on the way, if its time is on the way", () => {
  const clock = new ManualClock();
  const log: number[] = [];
  const alarm = clock.alarm(() => {
    log.push(clock.now());
    alarm.set(10);
  });
  alarm.set(10);
  clock.advance(35);
  assertEquals([log, clock.next], [[10, 20, 30], 40]);
});

Deno.test("ManualClock's alarms: a later set() replaces an earlier, clear() takes back, a call is once", () => {
  const clock = new ManualClock();
  let calls = 0;
  const alarm = clock.alarm(() => calls++);
  clock.advance(1_000);
  alarm.set(5);
  alarm.set(50);
  clock.advance(49);
  assertEquals([calls, clock.alarms], [0, 1]);
  clock.advance(1);
  assertEquals([calls, clock.alarms], [1, 0]);
  alarm.set(5);
  alarm.clear();
  alarm.clear();
  clock.advance(1_000);
  assertEquals([calls, clock.alarms, clock.next], [1, 0, undefined]);
  alarm.set(-5);
  clock.advance(0);
  assertEquals([calls, clock.now()], [2, 2_050]);
});

Deno.test("ManualClock.holding counts the set alarms that keep a process alive", () => {
  const clock = new ManualClock();
  const [one, two] = [clock.alarm(() => {}), clock.alarm(() => {})];
  one.set(1);
  assertEquals(clock.holding, 1);
  two.unref();
  two.set(1);
  assertEquals([clock.holding, clock.alarms], [1, 2]);
  one.unref();
  two.ref();
  one.unref();
  assertEquals([clock.holding, clock.alarms], [1, 2]);
});

Deno.test("ManualClock.advance() lets a callback advance it further: the time never goes back", () => {
  const clock = new ManualClock();
  const log: number[] = [];
  clock.alarm(() => clock.advance(100)).set(10);
  clock.alarm(() => log.push(clock.now())).set(15);
  clock.advance(20);
  assertEquals([log, clock.now(), clock.date()], [[15], 110, 110]);
});

Deno.test("ManualClock.advanceAsync() lets promises run before, between and after alarms", async () => {
  const clock = new ManualClock();
  const log: number[] = [];
  const wait = (ms: number) => new Promise<void>((resolve) => clock.alarm(resolve).set(ms));
  const chain = (async () => {
    await Promise.resolve();
    for (const ms of [5, 5, 5]) {
      await wait(ms);
      log.push(clock.now());
    }
  })();
  await clock.advanceAsync(15);
  assertEquals([log, clock.now()], [[5, 10, 15], 15]);
  await chain;
});

Deno.test("ManualClock refuses times that are none", async () => {
  const clock = new ManualClock();
  for (const bad of [NaN, Infinity, -Infinity]) {
    assertThrows(() => new ManualClock({ now: bad }), RangeError, `received ${bad}`);
    assertThrows(() => new ManualClock({ date: bad }), RangeError, `received ${bad}`);
    assertThrows(() => clock.setDate(bad), RangeError, `received ${bad}`);
  }
  for (const bad of [NaN, -1, Infinity]) {
    assertThrows(() => clock.advance(bad), RangeError, `received ${bad}`);
    await assertRejects(() => clock.advanceAsync(bad), RangeError, `received ${bad}`);
  }
  assertEquals([clock.now(), clock.date()], [0, 0]);
});

Deno.test("systemClock gives the host's times", () => {
  using time = new FakeTime(86_400_000);
  const now = systemClock.now();
  assertEquals(systemClock.date(), 86_400_000);
  time.tick(250);
  assertEquals([Math.round(systemClock.now() - now), systemClock.date()], [250, 86_400_250]);
});

Deno.test("systemClock's alarm rings once at its time, and not when it was cleared or set anew", () => {
  using time = new FakeTime();
  let calls = 0;
  const alarm = systemClock.alarm(() => calls++);
  alarm.set(10);
  time.tick(9);
  assertEquals(calls, 0);
  time.tick(1);
  assertEquals(calls, 1);
  time.tick(100);
  assertEquals(calls, 1);
  alarm.set(10);
  alarm.set(20);
  time.tick(19);
  assertEquals(calls, 1);
  time.tick(1);
  assertEquals(calls, 2);
  alarm.set(10);
  alarm.clear();
  alarm.clear();
  time.tick(100);
  assertEquals(calls, 2);
});

Deno.test("systemClock's alarm rounds up, and takes a time that has passed as now", () => {
  using time = new FakeTime();
  const rung: number[] = [];
  const start = time.now;
  const alarm = systemClock.alarm(() => rung.push(time.now - start));
  alarm.set(4.1);
  time.tick(10);
  alarm.set(-7);
  time.tick(0);
  assertEquals(rung, [5, 10]);
});

Deno.test("systemClock's alarm waits at most 2^31-1 ms, where setTimeout would ring at once", () => {
  using time = new FakeTime();
  let calls = 0;
  const alarm = systemClock.alarm(() => calls++);
  for (const delay of [2 ** 31 - 1, 2 ** 31, 1e12, Infinity]) {
    alarm.set(delay);
    calls = 0;
    time.tick(2 ** 31 - 2);
    assertEquals(calls, 0, `${delay} ms`);
    time.tick(1);
    assertEquals(calls, 1, `${delay} ms`);
  }
});

Deno.test("systemClock's alarm rings in real time", async () => {
  const start = systemClock.now();
  const { promise, resolve } = Promise.withResolvers<number>();
  systemClock.alarm(() => resolve(systemClock.now())).set(1);
  assert(await promise - start >= 1);
});
