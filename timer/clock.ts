/**
 * Owns what time it is and the waking at a time, real or made up: the only file that names the host's timers. Must not
 * know timers, wheels or who waits.
 *
 * @module
 */

/** Longest delay that a host timer keeps, in milliseconds: `setTimeout` fires at once beyond 2^31-1. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** One wake-up of a {@linkcode Clock}, set and cleared as often as needed. */
export interface Alarm {
  /**
   * Lets the alarm's callback be called once, `delayMs` from now, instead of when it was set to before. A clock may call
   * it early when the delay is longer than it can wait (the system's: 2^31-1 ms, 24.8 days).
   */
  set(delayMs: number): void;
  /** Keeps the callback from being called. */
  clear(): void;
  /** Lets the alarm, while set, keep the process alive (the default). */
  ref(): void;
  /** Lets the process end although the alarm is set. */
  unref(): void;
}

/** Where the time comes from. */
export interface Clock {
  /** The time that never goes back, in milliseconds with a fraction; its zero is arbitrary. */
  now(): number;
  /** The wall clock's time in milliseconds since the epoch, for `date` fields and cookies. It may go back. */
  date(): number;
  /** Makes an alarm, which is not set. */
  alarm(callback: () => void): Alarm;
}

class SystemAlarm implements Alarm {
  readonly #callback: () => void;
  #handle: ReturnType<typeof setTimeout> | undefined = undefined;
  #ref = true;

  constructor(callback: () => void) {
    this.#callback = () => {
      this.#handle = undefined;
      callback();
    };
  }

  set(delayMs: number): void {
    if (this.#handle !== undefined) clearTimeout(this.#handle);
    // Rounded up, since the host cuts fractions off and would wake us early.
    this.#handle = setTimeout(this.#callback, Math.min(Math.max(Math.ceil(delayMs), 0), LONGEST_DELAY));
    if (!this.#ref) Deno.unrefTimer(this.#handle);
  }

  clear(): void {
    if (this.#handle === undefined) return;
    clearTimeout(this.#handle);
    this.#handle = undefined;
  }

  ref(): void {
    this.#ref = true;
    if (this.#handle !== undefined) Deno.refTimer(this.#handle);
  }

  unref(): void {
    this.#ref = false;
    if (this.#handle !== undefined) Deno.unrefTimer(this.#handle);
  }
}

/** The host's clock: `performance.now`, `Date.now` and `setTimeout`. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  alarm: (callback) => new SystemAlarm(callback),
};

/** What a {@linkcode ManualClock} starts with. */
export interface ManualClockOptions {
  /**
   * The first {@linkcode ManualClock.now}, in milliseconds; any finite number.
   *
   * @default {0}
   */
  now?: number;
  /**
   * The first {@linkcode ManualClock.date}, in milliseconds since the epoch; any finite number.
   *
   * @default {0}
   */
  date?: number;
}

/** The calls that an alarm of a {@linkcode ManualClock} makes to it. */
interface ManualAlarms {
  set(alarm: ManualAlarm, delayMs: number): void;
  clear(alarm: ManualAlarm): void;
}

class ManualAlarm implements Alarm {
  readonly callback: () => void;
  readonly #alarms: ManualAlarms;
  keepsAlive = true;

  constructor(alarms: ManualAlarms, callback: () => void) {
    this.#alarms = alarms;
    this.callback = callback;
  }

  set(delayMs: number): void {
    this.#alarms.set(this, delayMs);
  }

  clear(): void {
    this.#alarms.clear(this);
  }

  ref(): void {
    this.keepsAlive = true;
  }

  unref(): void {
    this.keepsAlive = false;
  }
}

/**
 * A clock that stands still until it is told to move: tests about time run at once, and always the same way.
 *
 * @example
 * ```ts
 * import { ManualClock, Scheduler } from "@avx/http/timer";
 *
 * const clock = new ManualClock();
 * const scheduler = new Scheduler(clock);
 * scheduler.schedule(10_000, () => console.log("ten seconds have passed"));
 * clock.advance(10_000); // ten seconds have passed
 * ```
 */
export class ManualClock implements Clock {
  /** The alarms that are set, with the time of each, in the order of their setting. */
  readonly #set: Map<ManualAlarm, number> = new Map();
  #now: number;
  #date: number;

  /**
   * Makes a clock that stands still.
   *
   * @throws {RangeError} If a time is NaN or infinite.
   */
  constructor(options: ManualClockOptions = {}) {
    const { now = 0, date = 0 } = options;
    if (!Number.isFinite(now)) throw new RangeError(`Cannot make a clock as 'now' must be finite: received ${now}`);
    if (!Number.isFinite(date)) throw new RangeError(`Cannot make a clock as 'date' must be finite: received ${date}`);
    this.#now = now;
    this.#date = date;
  }

  /** The time that never goes back, in milliseconds. While an alarm's callback runs, the time that it was set to. */
  now(): number {
    return this.#now;
  }

  /** The wall clock's time in milliseconds since the epoch; it moves with {@linkcode ManualClock.advance}. */
  date(): number {
    return this.#date;
  }

  /** Makes an alarm, which is not set. */
  alarm(callback: () => void): Alarm {
    return new ManualAlarm({
      set: (alarm, delayMs) => {
        this.#set.delete(alarm); // so that it goes to the end of the order
        this.#set.set(alarm, this.#now + Math.max(delayMs, 0));
      },
      clear: (alarm) => {
        this.#set.delete(alarm);
      },
    }, callback);
  }

  /** How many alarms are set. */
  get alarms(): number {
    return this.#set.size;
  }

  /** How many of the set alarms would keep a process alive. */
  get holding(): number {
    let count = 0;
    for (const alarm of this.#set.keys()) if (alarm.keepsAlive) count++;
    return count;
  }

  /** The time of the first alarm that is set, in {@linkcode ManualClock.now}'s milliseconds; `undefined` if none is. */
  get next(): number | undefined {
    return this.#first()?.when;
  }

  /**
   * Moves the time forward by `ms` milliseconds. Each alarm that comes due on the way is called at its own time, in
   * order, those that are set on the way too. What waits for a promise runs later: {@linkcode ManualClock.advanceAsync}.
   *
   * @throws {RangeError} If `ms` is NaN, negative or infinite.
   */
  advance(ms: number): void {
    const target = this.#target(ms);
    while (this.#callNext(target));
    this.#moveTo(target);
  }

  /**
   * Moves the time forward by `ms` milliseconds like {@linkcode ManualClock.advance}, but lets waiting promises run
   * before, after, and after each alarm, so that what they set on the way comes due on the way.
   *
   * Rejects with a `RangeError` if `ms` is NaN, negative or infinite.
   */
  async advanceAsync(ms: number): Promise<void> {
    const target = this.#target(ms);
    do await hostTurn(); while (this.#callNext(target));
    this.#moveTo(target);
  }

  /** Sets the wall clock, in milliseconds since the epoch, and leaves {@linkcode ManualClock.now} as it is. */
  setDate(date: number): void {
    if (!Number.isFinite(date)) throw new RangeError(`Cannot set the clock as 'date' must be finite: received ${date}`);
    this.#date = date;
  }

  #target(ms: number): number {
    if (!(ms >= 0 && ms < Infinity)) {
      throw new RangeError(`Cannot advance the clock as the time must be a finite number >= 0: received ${ms}`);
    }
    return this.#now + ms;
  }

  #first(): { alarm: ManualAlarm; when: number } | undefined {
    let found: { alarm: ManualAlarm; when: number } | undefined;
    for (const [alarm, when] of this.#set) if (found === undefined || when < found.when) found = { alarm, when };
    return found;
  }

  #callNext(target: number): boolean {
    const next = this.#first();
    if (next === undefined || next.when > target) return false;
    this.#moveTo(next.when);
    this.#set.delete(next.alarm);
    next.alarm.callback();
    return true;
  }

  #moveTo(time: number): void {
    if (time <= this.#now) return;
    this.#date += time - this.#now;
    this.#now = time;
  }
}

/** Settles after all promise jobs that are waiting, and those that they queue. */
function hostTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
