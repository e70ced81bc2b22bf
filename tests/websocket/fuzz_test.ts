/**
 * Owns a short run of the fuzz targets of websocket/, with fixed seeds; `deno task fuzz` runs them for longer.
 *
 * @module
 */

import { assert } from "@std/assert";
import { targets } from "../fuzz/websocket_fuzz.ts";
import { Random } from "../fuzz/target.ts";

for (const target of targets) {
  Deno.test(`the fuzz target ${target.name} holds for words in any order`, () => {
    const random = new Random(7);
    const corpus = target.corpus();
    for (let run = 0; run < 400; run++) {
      const parts = Array.from({ length: 1 + random.below(6) }, () => random.pick(target.words));
      const input = Uint8Array.from(parts.join(""), (character) => character.charCodeAt(0));
      if (random.below(3) === 0) input[random.below(input.length)] = random.below(256);
      target.run(random.below(5) === 0 ? random.pick(corpus) : input, random);
    }
    assert(corpus.length > 0);
  });
}
