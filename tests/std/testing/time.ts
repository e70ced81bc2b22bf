/**
 * Owns the `FakeTime` of `@std/testing/time` over the npm package of fake timers, for places where JSR can't be reached.
 * Must not know what the tests put off.
 *
 * @module
 */

import { type Clock, withGlobal } from "npm:@sinonjs/fake-timers@15.5.0";

/** The error of a misuse of fake time. */
export class TimeError extends Error {
  override name = "TimeError";
}

let current: FakeTime | undefined;

/**
 * Replaces `Date`, the host's timers, `performance.now` and `AbortSignal.timeout` until it is restored; time then moves
 * only by {@linkcode FakeTime.tick} and its kin.
 */
export class FakeTime implements Disposable {
  readonly #clock: Clock;
  readonly #start: number;
  readonly #restore: () => void;

  /** Starts at the given time, or now. Throws {@linkcode TimeError} for an invalid one or while time is fake already. */
  constructor(start?: number | string | Date | null) {
    if (current !== undefined) throw new TimeError("Cannot construct FakeTime as time is already faked");
    this.#start = start === undefined || start === null ? Date.now() : new Date(start).valueOf();
    if (Number.isNaN(this.#start)) {
      throw new TimeError(`Cannot construct FakeTime as start is invalid: received ${start}`);
    }
    const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
    this.#clock = withGlobal(globalThis).install({
      now: this.#start,
      toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"],
    });
    const restore = this.#fakeTheRest();
    this.#restore = () => {
      this.#clock.uninstall();
      // Before Deno 2.8 a package sees Node's timers on the global object, and would put those back.
      Object.assign(globalThis, { setTimeout, clearTimeout, setInterval, clearInterval });
      restore();
    };
    current = this;
  }

  /** Restores real time. Throws {@linkcode TimeError} where it is real already. */
  static restore(): void {
    if (current === undefined) throw new TimeError("Cannot restore time as it is already restored");
    current.restore();
  }

  /** Milliseconds since the epoch; setting it runs what is due until then. Throws {@linkcode RangeError} backwards. */
  get now(): number {
    return this.#clock.now;
  }
  set now(value: number) {
    if (value < this.#clock.now) throw new RangeError(`Cannot set time in the past: received ${value}`);
    this.#clock.tick(value - this.#clock.now);
  }

  /** The time it started at, in milliseconds since the epoch. */
  get start(): number {
    return this.#start;
  }

  /** Moves time on by so many milliseconds and runs what is due. */
  tick(ms = 0): void {
    this.#clock.tick(ms);
  }

  /** Lets waiting microtasks run, then moves time on. */
  async tickAsync(ms = 0): Promise<void> {
    await this.#clock.tickAsync(ms);
  }

  /** Moves to the next timer that is due; whether there was one. */
  next(): boolean {
    if (this.#clock.countTimers() === 0) return false;
    this.#clock.next();
    return true;
  }

  /** Lets waiting microtasks run, then does as {@linkcode FakeTime.next}. */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  /** Runs timers until none waits. */
  runAll(): void {
    this.#clock.runAll();
  }

  /** Runs timers until none waits, with the microtasks between. */
  async runAllAsync(): Promise<void> {
    await this.#clock.runAllAsync();
  }

  /** Lets waiting microtasks run. */
  async runMicrotasks(): Promise<void> {
    await this.#clock.tickAsync(0);
  }

  /** Puts real time back. Throws {@linkcode TimeError} where it is back already. */
  restore(): void {
    if (current !== this) throw new TimeError("Cannot restore time as it is already restored");
    current = undefined;
    this.#restore();
  }

  /** Puts real time back. */
  [Symbol.dispose](): void {
    this.restore();
  }

  /** `performance.now` goes on from where it was, so that it stays monotonic; both follow the fake clock. */
  #fakeTheRest(): () => void {
    const { now } = performance;
    const { timeout } = AbortSignal;
    const base = performance.now() - this.#start;
    performance.now = () => base + this.#clock.now;
    AbortSignal.timeout = (ms: number) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new DOMException("Signal timed out.", "TimeoutError")), ms);
      return controller.signal;
    };
    return () => {
      performance.now = now;
      AbortSignal.timeout = timeout;
    };
  }
}
