import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Timer, TimerWheel } from "../../timer/mod.ts";

/** How many timers a run plays with: few, so that they are often re-armed and cancelled. */
const TIMERS = 12;

/** What a step of a run, or a timer when it fires, does. */
type Action =
  | { readonly do: "arm"; readonly timer: number; readonly delay: number }
  | { readonly do: "cancel"; readonly timer: number };
type Step = Action | { readonly do: "advance"; readonly by: number } | { readonly do: "advance to next" };

/** Timers as a sorted list: slow, and right at a glance. */
class SortedList {
  now: number;
  #armed = 0;
  #pending: { timer: number; due: number; tick: number; armed: number }[] = [];

  constructor(now: number) {
    this.now = now;
  }

  get size(): number {
    return this.#pending.length;
  }

  get firstTick(): number | undefined {
    return this.#pending[0]?.tick;
  }

  act(action: Action): boolean {
    const before = this.#pending.length;
    this.#pending = this.#pending.filter(({ timer }) => timer !== action.timer);
    const wasPending = this.#pending.length < before;
    if (action.do === "arm") {
      const due = this.now + action.delay;
      const tick = action.delay === 0 ? Math.floor(this.now) : Math.ceil(due);
      this.#pending.push({ timer: action.timer, due, tick, armed: this.#armed++ });
      this.#pending.sort((one, two) => one.tick - two.tick || one.armed - two.armed);
    }
    return wasPending;
  }

  /** Gives the timers that fire; `react` is called as each does, and may act. */
  advance(to: number, react: (timer: number) => void): number[] {
    const from = this.now;
    this.now = to;
    const firing = this.#pending.filter(({ tick }) => tick <= Math.floor(to));
    const fired: number[] = [];
    for (const entry of firing) {
      if (!this.#pending.includes(entry)) continue; // an earlier callback has moved or cancelled it
      assert(entry.due <= to, "early");
      assert(entry.tick >= Math.floor(from), "late");
      this.#pending = this.#pending.filter((other) => other !== entry);
      fired.push(entry.timer);
      react(entry.timer);
    }
    return fired;
  }
}

/** `next` is the start of the slot of the first tick, at the level that the wheel's documentation says. */
function assertNext(wheel: TimerWheel, firstTick: number): void {
  assert(wheel.next !== undefined);
  for (const width of [1, 256, 65_536]) {
    if (Math.floor(firstTick / width / 256) !== Math.floor(wheel.now / width / 256)) continue;
    return assertEquals(wheel.next, Math.floor(firstTick / width) * width);
  }
  const span = 2 ** 24;
  assert(wheel.next <= Math.floor(firstTick / span) * span, "next is late");
  assert(wheel.next >= (Math.floor(wheel.now / span) + 1) * span, "next has passed");
}

const timer = fc.nat(TIMERS - 1);
const span = fc.oneof(
  fc.constantFrom(0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 2 ** 24 - 1, 2 ** 24, 2 ** 24 + 1),
  fc.nat(4),
  fc.nat(600),
  fc.nat(200_000),
  fc.nat(2 ** 25),
  fc.nat(2 ** 31 - 1),
  fc.double({ min: 0, max: 3, noNaN: true }),
  fc.double({ min: 0, max: 1e7, noNaN: true }),
);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("arm" as const), timer, delay: span }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), timer }) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: action },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), by: span }) },
  { weight: 2, arbitrary: fc.constant({ do: "advance to next" as const }) },
);
const start = fc.constantFrom(0, 0.5, 255, 65_535.9, 2 ** 24 - 2, 2 ** 31 - 1, 2 ** 45 + 3, -1_000.25);
/** What each timer does when it fires. */
const reactions = fc.array(fc.array(action, { maxLength: 2, size: "max" }), { minLength: TIMERS, maxLength: TIMERS });

Deno.test("TimerWheel does what a sorted list does: armed, moved, cancelled, by callbacks too, over leaps of hours", () => {
  fc.assert(
    fc.property(start, reactions, fc.array(step, { maxLength: 80, size: "max" }), (now, reactions, steps) => {
      const wheel = new TimerWheel({
        now,
        onError: (error) => {
          throw error;
        },
      });
      const oracle = new SortedList(now);
      let fired: number[] = [];
      const act = (action: Action): boolean => {
        const timer = timers[action.timer]!;
        const wasPending = timer.pending;
        if (action.do === "arm") wheel.arm(timer, action.delay);
        else assertEquals(wheel.cancel(timer), wasPending);
        return wasPending;
      };
      const timers = Array.from({ length: TIMERS }, (_, index) =>
        new Timer(() => {
          fired.push(index);
          for (const reaction of reactions[index]!) act(reaction);
        }));
      const advance = (to: number) => {
        fired = [];
        const count = wheel.advance(to);
        const expected = oracle.advance(to, (timer) => {
          for (const reaction of reactions[timer]!) oracle.act(reaction);
        });
        assertEquals(fired, expected);
        assertEquals(count, expected.length);
      };
      for (const step of steps) {
        if (step.do === "advance") advance(wheel.now + step.by);
        else if (step.do === "advance to next") advance(Math.max(wheel.next ?? wheel.now, wheel.now));
        else assertEquals(act(step), oracle.act(step));
        assertEquals(wheel.size, oracle.size);
        assertEquals(wheel.now, oracle.now);
        assertEquals(wheel.next === undefined, oracle.size === 0);
        if (oracle.firstTick !== undefined) assertNext(wheel, oracle.firstTick);
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("TimerWheel driven by nothing but next fires each timer in its own millisecond, in few stops", () => {
  fc.assert(
    fc.property(start, fc.array(span, { minLength: 1, maxLength: 40, size: "max" }), (now, delays) => {
      const wheel = new TimerWheel({ now });
      const late: number[] = [];
      for (const delay of delays) {
        const due = delay === 0 ? Math.floor(now) : Math.ceil(now + delay);
        wheel.schedule(delay, () => late.push(Math.floor(wheel.now) - due));
      }
      let stops = 0;
      for (let next = wheel.next; next !== undefined; next = wheel.next, stops++) wheel.advance(next);
      assertEquals(late, delays.map(() => 0));
      assert(stops <= 4 * delays.length, `${stops} stops for ${delays.length} timers`);
    }),
    { numRuns: 500 },
  );
});
