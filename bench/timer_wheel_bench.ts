/**
 * Measures the timer wheel against the host's timers; knows nothing of what the library uses it for.
 *
 * @module
 */

import { Scheduler } from "../timer/scheduler.ts";
import { Timer, TimerWheel } from "../timer/wheel.ts";

const live = 1_000;

/** A wheel with `count` pending timers, spread over 10 to 70 s as connections' deadlines are. */
function populated(count: number): { wheel: TimerWheel; timers: Timer[] } {
  const wheel = new TimerWheel();
  const timers = Array.from({ length: count }, () => new Timer(() => {}));
  for (const [index, timer] of timers.entries()) wheel.arm(timer, 10_000 + (index * 7919) % 60_000);
  return { wheel, timers };
}

{
  const { wheel, timers } = populated(live);
  let at = 0;
  Deno.bench("wheel: re-arm, 1,000 live", { group: "one timer", baseline: true }, () => {
    at = at === live - 1 ? 0 : at + 1;
    wheel.arm(timers[at]!, 30_000 + (at & 1023));
  });
}

{
  const { wheel, timers } = populated(live);
  let at = 0;
  Deno.bench("wheel: arm and cancel, 1,000 live", { group: "one timer" }, () => {
    at = at === live - 1 ? 0 : at + 1;
    const timer = timers[at]!;
    wheel.cancel(timer);
    wheel.arm(timer, 30_000 + (at & 1023));
  });
}

{
  const scheduler = new Scheduler();
  const timers = Array.from({ length: live }, () => scheduler.timer(() => {}, { ref: false }));
  const arm = (at: number, now: number) => scheduler.arm(timers[at]!, 3_600_000 + (at & 1023), now);
  const start = scheduler.now();
  for (let index = 0; index < live; index++) arm(index, start);
  let at = 0;
  Deno.bench("scheduler: re-arm at a given time, 1,000 live", { group: "one timer" }, () => {
    at = at === live - 1 ? 0 : at + 1;
    arm(at, start);
  });
  Deno.bench("scheduler: re-arm, the clock read each time", { group: "one timer" }, () => {
    at = at === live - 1 ? 0 : at + 1;
    arm(at, scheduler.now());
  });
}

{
  const scheduler = new Scheduler();
  const timer = scheduler.timer(() => {});
  const start = scheduler.now();
  Deno.bench("scheduler: arm and cancel the only timer", { group: "one timer" }, () => {
    scheduler.arm(timer, 30_000, start);
    scheduler.cancel(timer);
  });
}

Deno.bench("host: setTimeout and clearTimeout", { group: "one timer" }, () => {
  clearTimeout(setTimeout(() => {}, 30_000));
});

{
  const wheel = new TimerWheel();
  const timers = Array.from({ length: 100 }, () => new Timer(() => {}));
  let now = 0;
  Deno.bench("wheel: arm 100 and fire them in one tick", { group: "100 due" }, () => {
    for (const timer of timers) wheel.arm(timer, 5);
    wheel.advance(now += 5);
  });
}

{
  const wheel = new TimerWheel();
  const timers = Array.from({ length: 100 }, () => new Timer(() => {}));
  let now = 0;
  Deno.bench("wheel: arm 100 and fire them in 100 ticks", { group: "100 due" }, () => {
    for (let at = 0; at < 100; at++) wheel.arm(timers[at]!, at + 1);
    wheel.advance(now += 100);
  });
}

{
  const callback = () => {};
  Deno.bench("wheel: schedule (allocates), until 10,000 are pending", { group: "a million" }, () => {
    const wheel = new TimerWheel();
    for (let at = 0; at < 10_000; at++) wheel.schedule(10_000 + at, callback);
  });
  const { wheel } = populated(1_000_000);
  Deno.bench("wheel: schedule (allocates) and cancel, a million pending", { group: "a million" }, () => {
    wheel.cancel(wheel.schedule(30_000, callback));
  });
}
