import { assert, assertEquals, assertThrows } from "@std/assert";
import { Timer, TimerWheel } from "../../timer/mod.ts";

/** A wheel whose callbacks write their names to `log`. */
function logging(now = 0): { wheel: TimerWheel; log: string[]; at: (delayMs: number, name: string) => Timer } {
  const wheel = new TimerWheel({ now });
  const log: string[] = [];
  return { wheel, log, at: (delayMs, name) => wheel.schedule(delayMs, () => log.push(name)) };
}

/** Advances only to where `next` says, until nothing is pending; gives the times of the stops and what fired at each. */
function driveByNext(wheel: TimerWheel): [number, number][] {
  const stops: [number, number][] = [];
  for (let next = wheel.next; next !== undefined; next = wheel.next) stops.push([next, wheel.advance(next)]);
  return stops;
}

Deno.test("TimerWheel fires nothing early, and each timer in its millisecond, at each level's borders", () => {
  for (const start of [0, 1, 255, 256, 65_535, 2 ** 24 - 1, 2 ** 31 - 3, 2 ** 40 + 77, -5]) {
    for (
      const delay of [1, 2, 255, 256, 257, 65_535, 65_536, 65_537, 2 ** 24 - 1, 2 ** 24, 2 ** 24 + 1, 2 ** 31, 1e12]
    ) {
      const { wheel, log, at } = logging(start);
      const timer = at(delay, "fired");
      assertEquals(timer.when, start + delay);
      assertEquals(wheel.advance(start + delay - 1), 0, `${start} + ${delay} is early`);
      assertEquals([timer.pending, wheel.size], [true, 1]);
      assertEquals(wheel.advance(start + delay), 1, `${start} + ${delay} is late`);
      assertEquals([log, timer.pending, wheel.size, wheel.next], [["fired"], false, 0, undefined]);
    }
  }
});

Deno.test("TimerWheel rounds fractions of a millisecond up, and never past the next whole one", () => {
  const { wheel, log, at } = logging(10.25);
  assertEquals([at(1, "a").when, at(0.75, "b").when, at(0.76, "c").when], [12, 11, 12]);
  wheel.advance(10.99);
  assertEquals(log, []);
  wheel.advance(11.9);
  assertEquals(log, ["b"]);
  wheel.advance(12);
  assertEquals(log, ["b", "a", "c"]);
});

Deno.test("TimerWheel fires a delay of 0 with the next advance(), not before, also at an unmoved time", () => {
  for (const now of [0, 7.5]) {
    const { wheel, log, at } = logging(now);
    at(0, "zero");
    assertEquals(log, []);
    assert(wheel.next !== undefined && wheel.next <= now);
    assertEquals(wheel.advance(now), 1);
    assertEquals(log, ["zero"]);
  }
});

Deno.test("TimerWheel fires one millisecond's timers in the order of arming, whatever levels they came down", () => {
  const { wheel, log, at } = logging();
  const due = 2 ** 24 + 70_000;
  at(due, "overflow");
  wheel.advance(2 ** 24 - 100);
  at(due - wheel.now, "overflow too");
  wheel.advance(2 ** 24);
  at(70_000, "level 2");
  wheel.advance(2 ** 24 + 65_536);
  at(due - wheel.now, "level 1");
  wheel.advance(due - 3);
  at(3, "level 0");
  const moved = at(3, "again");
  at(3, "last");
  wheel.arm(moved, 3);
  wheel.advance(due);
  assertEquals(log, ["overflow", "overflow too", "level 2", "level 1", "level 0", "last", "again"]);
});

Deno.test("TimerWheel.advance() over hours fires all that is due in order, and only that", () => {
  const { wheel, log, at } = logging(123);
  const delays = [3e9, 5, 2 ** 24 + 9, 70_000, 400, 2 ** 26, 2 ** 25, 400, 2 ** 24 + 8, 3e9 + 1, 1e15];
  for (const delay of delays) at(delay, String(delay));
  assertEquals(wheel.advance(123 + 3e9), delays.length - 2);
  const inOrder = delays.filter((delay) => delay <= 3e9).sort((one, two) => one - two);
  assertEquals(log, inOrder.map(String));
  assertEquals(wheel.advance(2e15), 2);
  assertEquals(log.slice(-2), [String(3e9 + 1), String(1e15)]);
});

Deno.test("TimerWheel.next leads to each timer in at most one stop a level, never past it", () => {
  for (const delay of [0, 200, 300, 70_000, 2 ** 24 + 70_300]) {
    const { wheel, at } = logging(17);
    at(delay, "fired");
    const stops = driveByNext(wheel);
    assertEquals(stops.at(-1), [17 + delay, 1]);
    assert(stops.length <= 4, `${stops.length} stops`);
    assertEquals(stops.slice(0, -1).map(([, fired]) => fired), stops.slice(1).map(() => 0));
  }
});

Deno.test("TimerWheel.next is undefined when all was cancelled", () => {
  for (const delay of [0, 5, 500, 70_000, 2 ** 25]) {
    const { wheel, at } = logging();
    const timer = at(delay, "never");
    assert(wheel.cancel(timer));
    assertEquals([wheel.next, wheel.size, wheel.advance(2 ** 26)], [undefined, 0, 0]);
  }
});

Deno.test("TimerWheel.cancel() of a timer that is not pending here does nothing", () => {
  const { wheel, log, at } = logging();
  const timer = at(1, "fired");
  const elsewhere = new TimerWheel().schedule(1, () => {});
  assertEquals([wheel.cancel(elsewhere), elsewhere.pending, wheel.size], [false, true, 1]);
  wheel.advance(1);
  assertEquals([wheel.cancel(timer), wheel.cancel(timer), wheel.size, log], [false, false, 0, ["fired"]]);
  assertEquals(wheel.cancel(new Timer(() => {})), false);
});

Deno.test("TimerWheel.arm() moves a pending timer, to later and to earlier, and it fires once", () => {
  const { wheel, log, at } = logging();
  const timer = at(100, "moved");
  wheel.arm(timer, 70_000);
  assertEquals([wheel.size, wheel.advance(69_999)], [1, 0]);
  wheel.arm(timer, 1e9);
  wheel.arm(timer, 1);
  assertEquals([wheel.advance(70_000), wheel.advance(2e9), log], [1, 0, ["moved"]]);
  wheel.arm(timer, 0);
  wheel.advance(2e9);
  assertEquals(log, ["moved", "moved"]);
});

Deno.test("TimerWheel.arm() refuses a timer that is pending in another wheel", () => {
  const [one, two] = [new TimerWheel(), new TimerWheel()];
  const timer = one.schedule(1, () => {});
  assertThrows(() => two.arm(timer, 1), TypeError, "another wheel");
  assertEquals([one.size, two.size, one.advance(1)], [1, 0, 1]);
  two.arm(timer, 1);
  assertEquals(two.size, 1);
});

Deno.test("TimerWheel.armAt() takes a time; one that has passed is due with the next advance()", () => {
  const { wheel, log } = logging(1_000);
  const timer = new Timer(() => log.push("fired"));
  wheel.armAt(timer, 1_500.2);
  assertEquals(timer.when, 1_501);
  wheel.armAt(timer, -1);
  assertEquals([timer.when, wheel.advance(1_000), log], [1_000, 1, ["fired"]]);
});

Deno.test("TimerWheel refuses times and delays that are none, and stays as it was", () => {
  const { wheel, at } = logging();
  const timer = at(5, "fired");
  for (const bad of [NaN, -1, -Number.MIN_VALUE, Infinity, -Infinity]) {
    assertThrows(() => wheel.arm(timer, bad), RangeError, `received ${bad}`);
    assertThrows(() => wheel.schedule(bad, () => {}), RangeError, `received ${bad}`);
  }
  for (const bad of [NaN, Infinity, -Infinity]) {
    assertThrows(() => wheel.armAt(timer, bad), RangeError, `received ${bad}`);
    assertThrows(() => wheel.advance(bad), RangeError, `received ${bad}`);
    assertThrows(() => new TimerWheel({ now: bad }), RangeError, `received ${bad}`);
  }
  assertEquals([wheel.size, wheel.now, timer.when, wheel.advance(5)], [1, 0, 5, 1]);
});

Deno.test("TimerWheel holds a timer of the longest delay", () => {
  const { wheel, at } = logging();
  const timer = at(Number.MAX_VALUE, "never");
  wheel.advance(1e300);
  assertEquals([timer.pending, wheel.cancel(timer), wheel.next], [true, true, undefined]);
});

Deno.test("TimerWheel.advance() to an earlier time counts as now", () => {
  const { wheel, log, at } = logging(500);
  at(10, "a");
  assertEquals([wheel.advance(100), wheel.now], [0, 500]);
  at(0, "b");
  wheel.advance(100);
  assertEquals(log, ["b"]);
});

Deno.test("a callback finds the time that advance() was given, and its own timer idle", () => {
  const wheel = new TimerWheel();
  const seen: unknown[] = [];
  const timer = wheel.schedule(10, () => seen.push(wheel.now, timer.pending, wheel.size));
  wheel.advance(1_000.5);
  assertEquals(seen, [1_000.5, false, 0]);
});

Deno.test("a callback may re-arm its own timer: it fires again with a later advance()", () => {
  const wheel = new TimerWheel();
  let fired = 0;
  const timer = wheel.schedule(0, () => {
    fired++;
    wheel.arm(timer, 0);
  });
  assertEquals([wheel.advance(50), wheel.advance(50), wheel.advance(90_000), fired], [1, 1, 1, 3]);
});

Deno.test("a callback may cancel and move timers that are due at once with it", () => {
  const { wheel, log, at } = logging();
  wheel.schedule(5, () => {
    log.push("first");
    assert(wheel.cancel(cancelled));
    wheel.arm(moved, 1);
  });
  const cancelled = at(5, "cancelled");
  const moved = at(5, "moved");
  at(6, "last");
  assertEquals([wheel.advance(10), log, wheel.size], [2, ["first", "last"], 1]);
  wheel.advance(11);
  assertEquals(log, ["first", "last", "moved"]);
});

Deno.test("a callback may advance the wheel itself: what is due still fires once, in order", () => {
  const { wheel, log, at } = logging();
  wheel.schedule(5, () => {
    log.push("outer");
    at(0, "armed in between");
    assertEquals(wheel.advance(30), 3);
  });
  at(5, "same tick");
  at(30, "later");
  assertEquals(wheel.advance(10), 1);
  assertEquals([log, wheel.size], [["outer", "same tick", "armed in between", "later"], 0]);
});

Deno.test("a callback that throws is reported and harms no other", () => {
  const errors: unknown[] = [];
  const log: string[] = [];
  const wheel = new TimerWheel({ onError: (error) => errors.push(error) });
  wheel.schedule(1, () => log.push("before"));
  wheel.schedule(1, () => {
    throw "oops";
  });
  wheel.schedule(1, () => log.push("after"));
  assertEquals([wheel.advance(1), log, errors, wheel.size], [3, ["before", "after"], ["oops"], 0]);
});

Deno.test("a callback that throws reaches reportError() where there is no onError", () => {
  const reported: unknown[] = [];
  const listener = (event: ErrorEvent) => {
    event.preventDefault();
    reported.push(event.error);
  };
  globalThis.addEventListener("error", listener);
  const wheel = new TimerWheel();
  wheel.schedule(1, () => {
    throw "oops";
  });
  wheel.advance(1);
  globalThis.removeEventListener("error", listener);
  assertEquals(reported, ["oops"]);
});

Deno.test("what onError throws leaves advance(), and the rest fires with the next", () => {
  const log: string[] = [];
  const wheel = new TimerWheel({
    onError: (error) => {
      throw error;
    },
  });
  wheel.schedule(1, () => {
    throw new Error("oops");
  });
  wheel.schedule(1, () => log.push("after"));
  assertThrows(() => wheel.advance(1), Error, "oops");
  assertEquals([log, wheel.size, wheel.next], [[], 1, 1]);
  assertEquals([wheel.advance(1), log], [1, ["after"]]);
});

Deno.test("TimerWheel.holding counts the pending timers that keep the process alive", () => {
  const wheel = new TimerWheel();
  const [held, loose] = [new Timer(() => {}), new Timer(() => {}, { ref: false })];
  wheel.arm(held, 1);
  wheel.arm(held, 2);
  wheel.arm(loose, 3);
  assertEquals([wheel.holding, wheel.size, held.ref, loose.ref], [1, 2, true, false]);
  wheel.advance(2);
  assertEquals([wheel.holding, wheel.size], [0, 1]);
  wheel.arm(held, 1);
  wheel.cancel(held);
  assertEquals([wheel.holding, wheel.size], [0, 1]);
});
