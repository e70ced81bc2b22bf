import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows, fail } from "@std/assert";
import { concat, equals } from "@std/bytes";
import { FakeTime, TimeError } from "@std/testing/time";

Deno.test("assert narrows, and says no", () => {
  const value: unknown = "text";
  assert(typeof value === "string");
  assertEquals(value.length, 4);
  const error = assertThrows(() => assertEquals(1, 2), Error, "Values are not equal");
  assertInstanceOf(error, Error);
  assertThrows(() => fail("no"), Error, "no");
});

Deno.test("assertRejects() gives the typed error", async () => {
  const error = await assertRejects(() => Promise.reject(new RangeError("far")), RangeError, "far");
  assertEquals(error.name, "RangeError");
});

Deno.test("concat() and equals() work on bytes", () => {
  assert(equals(concat([Uint8Array.of(1), Uint8Array.of(2, 3)]), Uint8Array.of(1, 2, 3)));
  assert(!equals(Uint8Array.of(1), Uint8Array.of(2)));
});

Deno.test("FakeTime moves Date, performance.now, timers and AbortSignal.timeout together, and puts them back", () => {
  const real = { setTimeout: globalThis.setTimeout, now: performance.now, timeout: AbortSignal.timeout, Date };
  {
    using time = new FakeTime(1_000);
    const [date, clock, signal] = [Date.now(), performance.now(), AbortSignal.timeout(50)];
    let fired = 0;
    setTimeout(() => fired++, 100);
    clearTimeout(setTimeout(() => fail("was cleared"), 100));

    time.tick(99);
    assertEquals([fired, Date.now() - date, Math.round(performance.now() - clock)], [0, 99, 99]);
    assertEquals(signal.reason.name, "TimeoutError");
    time.tick(1);
    assertEquals([fired, time.now, time.next()], [1, 1_100, false]);
    assertThrows(() => new FakeTime(), TimeError, "already faked");
  }
  assertEquals({ setTimeout: globalThis.setTimeout, now: performance.now, timeout: AbortSignal.timeout, Date }, real);
  assertThrows(() => FakeTime.restore(), TimeError, "already restored");
});
