/**
 * Owns the proof that streams are found by their numbers, whichever come and go. Knows nothing else of them.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { Http2Stream } from "../../http2/stream.ts";
import { StreamMap } from "../../http2/stream_map.ts";

const streamOf = (id: number) => new Http2Stream<string>(id, { sendWindow: 0, receiveWindow: 0, method: "GET" });

/** Numbers that share places in small tables, and some that don't. */
const ids = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 0, max: 60 }).map((times) => 32 * times + 31),
  fc.integer({ min: 1, max: 2 ** 31 - 1 }),
);

Deno.test("StreamMap finds what a Map finds, after any additions and removals", () => {
  const steps = fc.array(fc.record({ id: ids, add: fc.boolean() }), { maxLength: 200 });
  fc.assert(fc.property(steps, (steps) => {
    const model = new Map<number, Http2Stream<string>>();
    const map = new StreamMap<string>();
    for (const { id, add } of steps) {
      const known = model.get(id);
      if (add && known === undefined) {
        const stream = streamOf(id);
        model.set(id, stream);
        map.add(stream);
      } else if (!add) assertEquals(map.delete(known ?? streamOf(id)), model.delete(id));
      assertEquals(map.size, model.size);
      for (const { id } of steps) assertStrictEquals(map.get(id), model.get(id));
    }
    assertEquals(map.sorted().map(({ id }) => id), [...model.keys()].toSorted((a, b) => a - b));
  }));
});

Deno.test("StreamMap holds many streams that come and go by turns, with one that stays", () => {
  const map = new StreamMap<string>();
  const staying = streamOf(1);
  map.add(staying);
  const open: Http2Stream<string>[] = [];
  for (let id = 3; id < 100_000; id += 2) {
    const stream = streamOf(id);
    map.add(stream);
    open.push(stream);
    if (open.length > 32) assertEquals(map.delete(open.shift()!), true);
  }
  assertEquals(map.size, 33);
  assertStrictEquals(map.get(1), staying);
  for (const stream of open) assertStrictEquals(map.get(stream.id), stream);
  assertEquals(map.get(3), undefined);
});
