/**
 * Owns the one armed alarm and the wheel behind it, which all waiting goes through; must not know who waits, nor what
 * clock it runs on.
 *
 * @module
 */

import { type Alarm, type Clock, systemClock } from "./clock.ts";
import { type Deadline, type DeadlineOptions, timeoutError } from "./deadline.ts";
import { badDelay, Timer, type TimerOptions, TimerWheel } from "./wheel.ts";

/** What a {@linkcode Scheduler} takes beside its clock. */
export interface SchedulerOptions {
  /**
   * Takes what a timer's callback throws.
   *
   * @default {reportError}
   */
  onError?: (error: unknown) => void;
}

/** What {@linkcode Scheduler.sleep} takes beside the time. */
export interface SleepOptions extends TimerOptions {
  /** Ends the sleep early: it rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Timers on a clock. However many are pending, at most one alarm of the clock is set, and soon after the last has fired
 * or was cancelled, none is. Only pending timers that were made with `ref` keep the process alive.
 *
 * To arm, re-arm and cancel costs some 20 ns when the caller passes the time; reading the system's clock costs four
 * times that. No timer fires early, and each at most 1 ms late as far as the clock's alarm is on time.
 *
 * @example
 * ```ts
 * import { Scheduler } from "@avx/http/timer";
 *
 * const scheduler = new Scheduler();
 * const idle = scheduler.timer(() => console.log("nothing came for 30 ms"));
 * scheduler.arm(idle, 30);
 * await scheduler.sleep(10);
 * scheduler.arm(idle, 30); // something came: the wait begins anew
 * await scheduler.sleep(50);
 * ```
 */
export class Scheduler {
  /** Where the scheduler takes the time from. */
  readonly clock: Clock;
  readonly #wheel: TimerWheel;
  readonly #alarm: Alarm;
  /** What {@linkcode Scheduler.cancel} queues; made once. */
  readonly #release = (): void => this.#releaseAlarm();
  /** The time that the alarm is set to, infinite when it is not set. */
  #alarmAt = Infinity;
  #alarmHolds = true;
  #releasing = false;
  #firing = false;

  /** Makes a scheduler with nothing pending. */
  constructor(clock: Clock = systemClock, options: SchedulerOptions = {}) {
    this.clock = clock;
    this.#wheel = new TimerWheel({ now: clock.now(), ...options });
    this.#alarm = clock.alarm(() => this.#wake());
  }

  /** How many timers are pending. */
  get pending(): number {
    return this.#wheel.size;
  }

  /** The clock's time, in milliseconds; to pass to {@linkcode Scheduler.arm} where several timers are armed at once. */
  now(): number {
    return this.clock.now();
  }

  /** Makes a timer that is not pending, for {@linkcode Scheduler.arm}. */
  timer(callback: () => void, options?: TimerOptions): Timer {
    return new Timer(callback, options);
  }

  /**
   * Lets `timer` fire `delayMs` milliseconds after `now`, instead of when it was due before.
   *
   * @throws {RangeError} If the delay is NaN, negative or infinite, or `now` is.
   * @throws {TypeError} If the timer is pending elsewhere.
   */
  arm(timer: Timer, delayMs: number, now: number = this.clock.now()): void {
    if (!(delayMs >= 0 && delayMs < Infinity)) throw badDelay(delayMs);
    const wheel = this.#wheel;
    wheel.armAt(timer, delayMs === 0 ? Math.floor(now) : now + delayMs);
    if (this.#firing) return;
    if (timer.when < this.#alarmAt) this.#setAlarm(timer.when, now);
    if (this.#alarmHolds !== wheel.holding > 0) this.#followHolding();
  }

  /** Keeps `timer` from firing. Gives whether it was pending here. */
  cancel(timer: Timer): boolean {
    const wheel = this.#wheel;
    if (!wheel.cancel(timer)) return false;
    if (wheel.holding === 0) this.#queueRelease();
    return true;
  }

  /**
   * Calls `callback` once, `delayMs` milliseconds from now.
   *
   * @throws {RangeError} If the delay is NaN, negative or infinite.
   */
  schedule(delayMs: number, callback: () => void, options?: TimerOptions): Timer {
    const timer = new Timer(callback, options);
    this.arm(timer, delayMs);
    return timer;
  }

  /**
   * Settles `ms` milliseconds from now.
   *
   * Rejects with the signal's reason when that aborts, and with a `RangeError` if `ms` is NaN, negative or infinite.
   */
  sleep(ms: number, options: SleepOptions = {}): Promise<void> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const timer = this.schedule(ms, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, options);
      const onAbort = () => {
        this.cancel(timer);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /**
   * Begins a limit of `ms` milliseconds, whose signal aborts with a `TimeoutError` when they have passed.
   *
   * @throws {RangeError} If `ms` is NaN, negative or infinite.
   */
  deadline(ms: number, options: DeadlineOptions = {}): Deadline {
    const { message, signal: outer, ref = true } = options;
    const controller = new AbortController();
    const end = () => {
      this.cancel(timer);
      outer?.removeEventListener("abort", onAbort);
    };
    const onAbort = () => {
      end();
      controller.abort(outer?.reason);
    };
    const timer = this.timer(() => {
      end();
      controller.abort(timeoutError(ms, message));
    }, { ref });
    this.arm(timer, ms);
    if (outer?.aborted) onAbort();
    else outer?.addEventListener("abort", onAbort, { once: true });
    return { signal: controller.signal, [Symbol.dispose]: end };
  }

  /**
   * Settles as `promise` does if it does so within `ms` milliseconds. What happens to `promise` later is ignored, so
   * whatever is behind it should be stopped: {@linkcode Scheduler.deadline} has a signal for that.
   *
   * Rejects with a `DOMException` named `TimeoutError` when the time has passed, with the signal's reason when that
   * aborts, and with a `RangeError` if `ms` is NaN, negative or infinite.
   */
  timeout<T>(promise: PromiseLike<T>, ms: number, options?: DeadlineOptions): Promise<T> {
    return new Promise((resolve, reject) => {
      const limit = this.deadline(ms, options);
      const { signal } = limit;
      const onAbort = () => reject(signal.reason);
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
      promise.then((value) => {
        limit[Symbol.dispose]();
        resolve(value);
      }, (error) => {
        limit[Symbol.dispose]();
        reject(error);
      });
    });
  }

  /**
   * Calls `callback` once, `ms` milliseconds from now, unless the scope of what this gives is left before.
   *
   * @throws {RangeError} If `ms` is NaN, negative or infinite.
   * @example
   * ```ts
   * import { scheduler } from "@avx/http/timer";
   *
   * {
   *   using _late = scheduler.after(1_000, () => console.log("never"));
   * } // cancels it
   * ```
   */
  after(ms: number, callback: () => void, options?: TimerOptions): Disposable {
    const timer = this.schedule(ms, callback, options);
    return {
      [Symbol.dispose]: () => {
        this.cancel(timer);
      },
    };
  }

  #wake(): void {
    this.#alarmAt = Infinity;
    this.#firing = true;
    try {
      this.#wheel.advance(this.clock.now());
    } finally {
      this.#firing = false;
      const next = this.#wheel.next;
      if (next !== undefined) this.#setAlarm(next, this.clock.now());
    }
  }

  #setAlarm(at: number, now: number): void {
    this.#alarmAt = at;
    this.#followHolding();
    this.#alarm.set(at - now);
  }

  #followHolding(): void {
    const holds = this.#wheel.holding > 0;
    if (holds === this.#alarmHolds) return;
    this.#alarmHolds = holds;
    if (holds) this.#alarm.ref();
    else this.#alarm.unref();
  }

  /**
   * Lets go of the alarm once the current job is over, not at once: a lone connection cancels and arms a deadline for
   * each message, and to clear and set a host timer costs 50 times as much as both.
   */
  #queueRelease(): void {
    if (this.#releasing || this.#alarmAt === Infinity) return;
    this.#releasing = true;
    queueMicrotask(this.#release);
  }

  #releaseAlarm(): void {
    this.#releasing = false;
    if (this.#wheel.size === 0 && this.#alarmAt !== Infinity) {
      this.#alarmAt = Infinity;
      this.#alarm.clear();
    }
    if (this.#wheel.holding === 0) this.#followHolding();
  }
}

/** The scheduler on the system's clock, which everything uses that is given no other. */
export const scheduler: Scheduler = new Scheduler();

/**
 * Settles `ms` milliseconds from now, on the system's clock.
 *
 * Rejects with the signal's reason when that aborts, and with a `RangeError` if `ms` is NaN, negative or infinite.
 *
 * @example
 * ```ts
 * import { sleep } from "@avx/http/timer";
 *
 * await sleep(10);
 * ```
 */
export function sleep(ms: number, options?: SleepOptions): Promise<void> {
  return scheduler.sleep(ms, options);
}

/**
 * Begins a limit of `ms` milliseconds on the system's clock, whose signal aborts with a `TimeoutError` when they have
 * passed.
 *
 * @throws {RangeError} If `ms` is NaN, negative or infinite.
 */
export function deadline(ms: number, options?: DeadlineOptions): Deadline {
  return scheduler.deadline(ms, options);
}

/**
 * Settles as `promise` does if it does so within `ms` milliseconds of the system's clock.
 *
 * Rejects with a `DOMException` named `TimeoutError` when the time has passed, with the signal's reason when that aborts,
 * and with a `RangeError` if `ms` is NaN, negative or infinite.
 *
 * @example
 * ```ts
 * import { timeout } from "@avx/http/timer";
 *
 * const slow = new Promise(() => {});
 * await timeout(slow, 10).catch((error) => console.log(error.name)); // TimeoutError
 * ```
 */
export function timeout<T>(promise: PromiseLike<T>, ms: number, options?: DeadlineOptions): Promise<T> {
  return scheduler.timeout(promise, ms, options);
}
