/**
 * HTTP for Deno, from the bytes up: see the README for the whole tour. Each layer is public by its own path, for those who
 * bring their own IO; this module gathers what programs need.
 *
 * ```ts
 * import { deadline, sleep } from "@avx/http";
 *
 * using limit = deadline(1_000);
 * await sleep(5, { signal: limit.signal });
 * ```
 *
 * @module
 */

export {
  type Alarm,
  type Clock,
  type Deadline,
  deadline,
  type DeadlineOptions,
  ManualClock,
  type ManualClockOptions,
  Scheduler,
  scheduler,
  type SchedulerOptions,
  sleep,
  type SleepOptions,
  systemClock,
  timeout,
  Timer,
  type TimerOptions,
} from "./timer/mod.ts";
