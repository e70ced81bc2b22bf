/**
 * Time: a hierarchical timer wheel, clocks (the system's, and one that tests move by hand), and on both a scheduler with
 * `sleep`, deadlines and timeouts. However many timers are pending, one host timer is armed at most.
 *
 * ```ts
 * import { deadline, ManualClock, Scheduler, sleep } from "@avx/http/timer";
 *
 * await sleep(5);
 * using limit = deadline(1_000);
 * await sleep(5, { signal: limit.signal });
 *
 * // The same in a test, with no waiting:
 * const clock = new ManualClock();
 * const scheduler = new Scheduler(clock);
 * const tea = scheduler.sleep(180_000).then(() => console.log("the tea is ready"));
 * clock.advance(180_000);
 * await tea;
 * ```
 *
 * @module
 */

export { type Alarm, type Clock, ManualClock, type ManualClockOptions, systemClock } from "./clock.ts";
export type { Deadline, DeadlineOptions } from "./deadline.ts";
export {
  deadline,
  Scheduler,
  scheduler,
  type SchedulerOptions,
  sleep,
  type SleepOptions,
  timeout,
} from "./scheduler.ts";
export { Timer, type TimerOptions, TimerWheel, type TimerWheelOptions } from "./wheel.ts";
