/**
 * Owns which timer is due when: a hierarchical wheel after Varghese and Lauck (1987); must not know any clock, host
 * timer or promise.
 *
 * @module
 */

import { Occupancy } from "./wheel_occupancy.ts";

/** Slots of one level, a power of two. */
const SLOTS = 256;
/** Bits that number a slot in its level. */
const SLOT_BITS = 8;
const SLOT_MASK = SLOTS - 1;
/** Levels of the wheel: slots of 1 ms, 256 ms and 65.536 s. */
const LEVELS = 3;
/** Milliseconds that all levels span together (about 4.66 h); what is due in a later span waits in the overflow list. */
const SPAN = SLOTS ** LEVELS;
/** {@linkcode Timer}'s slot when it is in no level: idle, in the overflow list or about to fire. */
const NO_SLOT = -1;

/** What a {@linkcode Timer} takes beside its callback. */
export interface TimerOptions {
  /**
   * Whether the timer, while pending, keeps the process alive.
   *
   * @default {true}
   */
  ref?: boolean;
}

/** What a {@linkcode TimerWheel} is made with. */
export interface TimerWheelOptions {
  /**
   * The wheel's first time, in milliseconds; any finite number.
   *
   * @default {0}
   */
  now?: number;
  /**
   * Takes what a callback throws. What it throws itself leaves {@linkcode TimerWheel.advance}; the timers that it kept
   * from firing fire with the next call.
   *
   * @default {reportError}
   */
  onError?: (error: unknown) => void;
}

// The wheel links timers into its lists by their private fields; these give it, and nobody else, access to them.
let makeHead: () => Timer;
let link: (head: Timer, timer: Timer, slot: number) => void;
let unlink: (timer: Timer) => number;
let isolate: (timer: Timer) => void;
let first: (head: Timer) => Timer;
let after: (timer: Timer) => Timer;
let spliceInto: (from: Timer, to: Timer) => void;
let claim: (timer: Timer, wheel: TimerWheel | undefined) => void;
let ownerOf: (timer: Timer) => TimerWheel | undefined;
let setWhen: (timer: Timer, when: number) => void;
let holds: (timer: Timer) => number;
let callbackOf: (timer: Timer) => () => void;

/**
 * Something to call at a time, made once by its owner and armed as often as needed; it fires once an arming.
 *
 * @example
 * ```ts
 * import { Timer, TimerWheel } from "@avx/http/timer";
 *
 * const wheel = new TimerWheel();
 * const idle = new Timer(() => console.log("idle for 5 s"));
 * wheel.arm(idle, 5_000);
 * wheel.advance(3_000);
 * wheel.arm(idle, 5_000); // moves it to 8,000
 * console.log(idle.when); // 8000
 * ```
 */
export class Timer {
  readonly #callback: () => void;
  readonly #holds: number;
  #previous: Timer = this;
  #following: Timer = this;
  #wheel: TimerWheel | undefined = undefined;
  #slot = NO_SLOT;
  #when = NaN; // not an integer, so that the field holds doubles from birth and never changes its representation

  /** Makes a timer that is not pending. */
  constructor(callback: () => void, options: TimerOptions = {}) {
    this.#callback = callback;
    this.#holds = options.ref ?? true ? 1 : 0;
  }

  /** Whether the timer is armed and has not fired yet. */
  get pending(): boolean {
    return this.#wheel !== undefined;
  }

  /** Whether the timer, while pending, keeps the process alive. */
  get ref(): boolean {
    return this.#holds === 1;
  }

  /** The wheel's time at which the timer is due, in whole milliseconds; without meaning when it is not pending. */
  get when(): number {
    return this.#when;
  }

  static {
    // A list's head is a timer too, so that all links are of one shape and an empty list needs no branch.
    makeHead = () => new Timer(() => {});
    link = (head, timer, slot) => {
      const last = head.#previous;
      timer.#previous = last;
      timer.#following = head;
      timer.#slot = slot;
      last.#following = timer;
      head.#previous = timer;
    };
    // Gives the slot that this has emptied, or NO_SLOT. The timer's own links stay: whoever doesn't link it anew isolates it.
    unlink = (timer) => {
      const previous = timer.#previous;
      const following = timer.#following;
      previous.#following = following;
      following.#previous = previous;
      return previous === following ? timer.#slot : NO_SLOT;
    };
    // An idle timer that kept its links would keep its former neighbours from being collected.
    isolate = (timer) => {
      timer.#previous = timer;
      timer.#following = timer;
      timer.#slot = NO_SLOT;
      timer.#wheel = undefined;
    };
    first = after = (timer) => timer.#following;
    spliceInto = (from, to) => {
      const start = from.#following;
      if (start === from) return;
      for (let timer = start; timer !== from; timer = timer.#following) timer.#slot = NO_SLOT;
      const end = from.#previous;
      const last = to.#previous;
      last.#following = start;
      start.#previous = last;
      end.#following = to;
      to.#previous = end;
      from.#following = from;
      from.#previous = from;
    };
    claim = (timer, wheel) => {
      timer.#wheel = wheel;
    };
    ownerOf = (timer) => timer.#wheel;
    setWhen = (timer, when) => {
      timer.#when = when;
    };
    holds = (timer) => timer.#holds;
    callbackOf = (timer) => timer.#callback;
  }
}

/**
 * Timers in the order in which they are due: three levels of 256 slots (1 ms, 256 ms and 65.536 s wide) and a list for
 * what lies beyond. To arm, re-arm and cancel is O(1) and allocates nothing.
 *
 * The level of a timer is that of the highest digit (in base 256) in which its time differs from the wheel's, so timers
 * of one millisecond are always in one list, in the order of their arming, and fire in it. No timer fires early, and
 * none later than the first {@linkcode TimerWheel.advance} to the next whole millisecond.
 *
 * @example
 * ```ts
 * import { TimerWheel } from "@avx/http/timer";
 *
 * const wheel = new TimerWheel();
 * wheel.schedule(20, () => console.log("second"));
 * wheel.schedule(10, () => console.log("first"));
 * console.log(wheel.next); // 10
 * console.log(wheel.advance(25)); // first, second, 2
 * ```
 */
export class TimerWheel {
  readonly #onError: (error: unknown) => void;
  readonly #heads: readonly Timer[];
  readonly #occupied = new Occupancy(LEVELS);
  readonly #overflow = makeHead();
  readonly #due = makeHead();
  /** No timer of the overflow list is due before. */
  #overflowFrom = Infinity;
  #now: number;
  /** The start of the span that the levels cover, a multiple of SPAN. */
  #base: number;
  /** The whole milliseconds from the base to now: below SPAN, so that bit operations can tell its digits. */
  #tick: number;
  #size = 0;
  #holding = 0;

  /**
   * Makes an empty wheel.
   *
   * @throws {RangeError} If `now` is NaN or infinite.
   */
  constructor(options: TimerWheelOptions = {}) {
    const now = options.now ?? 0;
    if (!Number.isFinite(now)) throw new RangeError(`Cannot make a wheel as 'now' must be finite: received ${now}`);
    this.#onError = options.onError ?? ((error) => reportError(error)); // it refuses to be called as a method
    this.#heads = Array.from({ length: LEVELS * SLOTS }, makeHead);
    this.#now = now;
    this.#base = Math.floor(now / SPAN) * SPAN;
    this.#tick = Math.floor(now) - this.#base;
  }

  /** The latest time that {@linkcode TimerWheel.advance} was given, in milliseconds. */
  get now(): number {
    return this.#now;
  }

  /** How many timers are pending. */
  get size(): number {
    return this.#size;
  }

  /** How many of the pending timers keep the process alive. */
  get holding(): number {
    return this.#holding;
  }

  /**
   * When to call {@linkcode TimerWheel.advance} next, in milliseconds: never later than the first expiry, exact when
   * that is in the current 256 ms, else the start of the slot that it is in; if all are due beyond the levels, the start
   * of a later span. `undefined` if nothing is pending.
   */
  get next(): number | undefined {
    if (this.#size === 0) return undefined;
    if (first(this.#due) !== this.#due) return this.#now;
    return this.#nextSlot();
  }

  /**
   * Calls `callback` once, `delayMs` from {@linkcode TimerWheel.now}.
   *
   * @throws {RangeError} If the delay is NaN, negative or infinite.
   */
  schedule(delayMs: number, callback: () => void): Timer {
    const timer = new Timer(callback);
    this.arm(timer, delayMs);
    return timer;
  }

  /**
   * Lets `timer` fire `delayMs` from {@linkcode TimerWheel.now}, instead of when it was due before. A delay of 0 means
   * the next call of {@linkcode TimerWheel.advance}.
   *
   * @throws {RangeError} If the delay is NaN, negative or infinite.
   * @throws {TypeError} If the timer is pending in another wheel.
   */
  arm(timer: Timer, delayMs: number): void {
    if (!(delayMs >= 0 && delayMs < Infinity)) throw badDelay(delayMs);
    this.#insert(timer, delayMs === 0 ? this.#base + this.#tick : Math.ceil(this.#now + delayMs));
  }

  /**
   * Lets `timer` fire once the wheel's time is at least `whenMs`: with the next {@linkcode TimerWheel.advance} if that
   * has passed. For an owner whose clock may be ahead of {@linkcode TimerWheel.now}.
   *
   * @throws {RangeError} If the time is NaN or infinite.
   * @throws {TypeError} If the timer is pending in another wheel.
   */
  armAt(timer: Timer, whenMs: number): void {
    if (!Number.isFinite(whenMs)) {
      throw new RangeError(`Cannot arm timer as its time must be finite: received ${whenMs}`);
    }
    this.#insert(timer, Math.max(Math.ceil(whenMs), this.#base + this.#tick));
  }

  /** Keeps `timer` from firing. Gives whether it was pending in this wheel; if not, nothing happens. */
  cancel(timer: Timer): boolean {
    if (ownerOf(timer) !== this) return false;
    const emptied = unlink(timer);
    if (emptied !== NO_SLOT) this.#occupied.remove(emptied);
    isolate(timer);
    this.#size--;
    this.#holding -= holds(timer);
    return true;
  }

  /**
   * Moves the time forward to `nowMs` and fires what is due by then, earliest first, in the order of arming within one
   * millisecond. Gives how many fired. An earlier time than {@linkcode TimerWheel.now} counts as now.
   *
   * Callbacks find {@linkcode TimerWheel.now} at `nowMs`, and may arm and cancel any timer; what they arm does not fire
   * within the same call.
   *
   * @throws {RangeError} If the time is NaN or infinite.
   */
  advance(nowMs: number): number {
    if (!Number.isFinite(nowMs)) {
      throw new RangeError(`Cannot advance the wheel as time must be finite: received ${nowMs}`);
    }
    if (nowMs > this.#now) this.#now = nowMs;
    this.#collect(Math.floor(this.#now));
    return this.#fire();
  }

  #insert(timer: Timer, when: number): void {
    const owner = ownerOf(timer);
    if (owner === this) {
      const emptied = unlink(timer);
      if (emptied !== NO_SLOT) this.#occupied.remove(emptied);
    } else {
      if (owner !== undefined) throw new TypeError("Cannot arm timer as it is pending in another wheel");
      claim(timer, this);
      this.#size++;
      this.#holding += holds(timer);
    }
    setWhen(timer, when);
    this.#place(timer, when);
  }

  /** Links a timer of this wheel into the list of its time. */
  #place(timer: Timer, when: number): void {
    const offset = when - this.#base;
    if (offset >= SPAN) {
      if (when < this.#overflowFrom) this.#overflowFrom = when;
      link(this.#overflow, timer, NO_SLOT);
      return;
    }
    const differs = offset ^ this.#tick;
    const level = differs < SLOTS ? 0 : differs < SLOTS * SLOTS ? 1 : 2;
    const slot = level * SLOTS + ((offset >>> (level * SLOT_BITS)) & SLOT_MASK);
    link(this.#heads[slot]!, timer, slot);
    this.#occupied.add(slot);
  }

  /** The start of the first slot that holds a timer, or of the span in which the overflow list's first timer may be. */
  #nextSlot(): number {
    for (let level = 0; level < LEVELS; level++) {
      const slot = this.#occupied.firstOf(level);
      if (slot < 0) continue;
      const above = (level + 1) * SLOT_BITS; // the digits above this level's are the current ones
      return this.#base + ((this.#tick >>> above << above) | (slot << (level * SLOT_BITS)));
    }
    return Math.floor(this.#overflowFrom / SPAN) * SPAN;
  }

  /** Moves all that is due by `target`, in order, to the list of what is due, and the wheel to `target`. */
  #collect(target: number): void {
    for (let at = this.#nextSlot(); at <= target; at = this.#nextSlot()) this.#enter(at);
    const base = Math.floor(target / SPAN) * SPAN;
    this.#base = base;
    this.#tick = target - base;
  }

  /** Moves the wheel to the start of an occupied slot, before which no timer is due, and opens the slot. */
  #enter(at: number): void {
    if (at >= this.#base + SPAN) {
      this.#base = at;
      this.#tick = 0;
      this.#openOverflow();
      return;
    }
    this.#tick = at - this.#base;
    for (let level = 0; level < LEVELS; level++) {
      const slot = this.#occupied.firstOf(level);
      if (slot < 0) continue;
      const index = level * SLOTS + slot;
      this.#occupied.remove(index);
      if (level === 0) spliceInto(this.#heads[index]!, this.#due);
      else this.#cascade(this.#heads[index]!);
      return;
    }
  }

  /** Spreads a slot of an upper level, whose time has begun, over the levels below. */
  #cascade(head: Timer): void {
    for (let timer = first(head); timer !== head; timer = first(head)) {
      unlink(timer);
      this.#place(timer, timer.when);
    }
  }

  /** Takes what is due in the span that has begun out of the overflow list, which is walked once a span. */
  #openOverflow(): void {
    const end = this.#base + SPAN;
    this.#overflowFrom = Infinity;
    for (let timer = first(this.#overflow), following; timer !== this.#overflow; timer = following) {
      following = after(timer);
      if (timer.when < end) {
        unlink(timer);
        this.#place(timer, timer.when);
      } else if (timer.when < this.#overflowFrom) this.#overflowFrom = timer.when;
    }
  }

  /** Fires the list of what is due; a callback may take timers out of it, or run `advance` itself. */
  #fire(): number {
    let fired = 0;
    for (let timer = first(this.#due); timer !== this.#due; timer = first(this.#due)) {
      this.cancel(timer);
      fired++;
      const callback = callbackOf(timer);
      try {
        callback();
      } catch (error) {
        this.#onError(error);
      }
    }
    return fired;
  }
}

/** The error for a delay that is no delay. */
export function badDelay(delayMs: number): RangeError {
  return new RangeError(`Cannot arm timer as its delay must be a finite number >= 0: received ${delayMs}`);
}
