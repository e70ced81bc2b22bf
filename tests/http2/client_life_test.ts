/**
 * Owns the proof that a client's connection survives whatever a server sends: nothing crashes it, hangs it or makes it grow,
 * and nothing has another outcome when it comes in other pieces.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import fc from "fast-check";
import { targets } from "../fuzz/http2_connection_fuzz.ts";
import { Random } from "../fuzz/target.ts";
import { liveAsClient } from "./client_life.ts";
import { cut } from "./core_run.ts";

const target = targets.find(({ name }) => name === "http2-client-connection")!;
const corpus = target.corpus();
const words = target.words.map((word) => Uint8Array.from(word, (character) => character.charCodeAt(0)));

Deno.test("Http2Connection of a client makes the same of a server's frames, however they are cut", () => {
  for (const octets of corpus) {
    const whole = liveAsClient([octets]);
    assertEquals(liveAsClient(cut(octets)), whole);
    for (let at = 1; at < octets.length; at++) {
      assertEquals(liveAsClient([octets.subarray(0, at), octets.subarray(at)]), whole, `cut at ${at}`);
    }
  }
  const { told } = liveAsClient(corpus.slice(-1));
  for (const line of ["response 1 200", "push 2 on 1 GET /pushed", "end 1 x-sum=1", "reset 7 REFUSED_STREAM by peer"]) {
    assert(told.some((one) => one.startsWith(line)), `${line} is missing in ${told}`);
  }
});

Deno.test("Http2Connection of a client makes the same of any frames in any order, however they are cut", () => {
  const settings = words[0]!;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words), { maxLength: 30 }), fc.integer(), (frames, seed) => {
      target.run(concat([settings, ...frames]), new Random(seed));
    }),
    { numRuns: 300 },
  );
});
