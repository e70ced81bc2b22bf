/**
 * Owns the proof of the rounds' statistics. Knows nothing of how they are shown.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { median, ratios, rotated, spread } from "../../bench/load/stats.ts";

const figures = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 30 });

Deno.test("spread() gives quartiles by linear interpolation, in whatever order the values come", () => {
  assertEquals(spread([7, 1, 5, 3, 9]), { min: 1, low: 3, median: 5, high: 7, max: 9 });
  assertEquals(spread([4, 1, 3, 2]), { min: 1, low: 1.75, median: 2.5, high: 3.25, max: 4 });
  assertEquals(spread([6]), { min: 6, low: 6, median: 6, high: 6, max: 6 });
});

Deno.test("spread() leaves its argument as it was", () => {
  const values = [3, 1, 2];
  spread(values);
  assertEquals(values, [3, 1, 2]);
});

Deno.test("spread() is ascending, and at least half of the values lie on each side of its median", () => {
  fc.assert(fc.property(figures, (values) => {
    const { min, low, median, high, max } = spread(values);
    assertEquals([min, low, median, high, max].toSorted((a, b) => a - b), [min, low, median, high, max]);
    assertEquals(values.filter((value) => value <= median).length * 2 >= values.length, true);
    assertEquals(values.filter((value) => value >= median).length * 2 >= values.length, true);
  }));
});

Deno.test("spread() refuses no values, and values that are not finite", () => {
  assertThrows(() => spread([]), RangeError, "there are none");
  assertThrows(() => spread([1, NaN]), RangeError, "received NaN");
  assertThrows(() => spread([Infinity]), RangeError, "received Infinity");
});

Deno.test("median() is not moved by one bad round", () => {
  assertEquals(median([100, 101, 2, 99, 100]), 100);
});

Deno.test("ratios() divides round by round, so that a slow round falls out", () => {
  assertEquals(ratios([200, 20, 300], [100, 10, 200]), [2, 2, 1.5]);
  // The ratio of the medians would be 1, as each is 50: the rounds tell that it never was.
  assertEquals(median(ratios([10, 50, 100], [5, 100, 50])), 2);
});

Deno.test("ratios() refuses unequal numbers of rounds", () => {
  assertThrows(() => ratios([1, 2], [1]), RangeError, "must be 2 of them: received 1");
});

Deno.test("rotated() gives each item each place once in as many rounds as there are items", () => {
  assertEquals([0, 1, 2, 3, 4].map((round) => rotated(["a", "b", "c"], round).join("")), [
    "abc",
    "bca",
    "cab",
    "abc",
    "bca",
  ]);
  assertEquals(rotated([], 3), []);
});
