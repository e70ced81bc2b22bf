/**
 * Owns the tests of what is kept of earlier chunks. Must not know who wants it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Window } from "../../json/window.ts";

Deno.test("Window gives any range from the wanted offset on, in any order and as often as asked", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 600 }), fc.nat(), fc.array(fc.tuple(fc.nat(), fc.nat())))),
      (steps) => {
        const window = new Window();
        let from = 0;
        let end = 0;
        for (const [length, wanted, ranges] of steps) {
          const chunk = Uint8Array.from({ length }, (_, index) => (end + index) % 251);
          window.feed(chunk);
          end += length;
          assertEquals(window.end, end);
          for (const [first, second] of ranges) {
            const start = from + first % (end - from + 1);
            const stop = start + second % (end - start + 1);
            const expected = Uint8Array.from({ length: stop - start }, (_, index) => (start + index) % 251);
            assertEquals(window.slice(start, stop), expected);
          }
          from = wanted % 3 === 0 ? end : from + wanted % (end - from + 1);
          window.keep(from === end ? undefined : from);
          chunk.fill(255);
        }
      },
    ),
    { numRuns: 300 },
  );
});
