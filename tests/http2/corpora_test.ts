/**
 * Owns the proof that a server's connection survives the collected inputs of other projects' fuzzers: none crashes it, hangs
 * it or makes it grow, and none has another outcome when it comes in other pieces.
 *
 * @module
 */

import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { concat } from "@std/bytes";
import { ErrorCode } from "../../http2/error.ts";
import { PREFACE } from "../../http2/frame.ts";
import { Random } from "../fuzz/target.ts";
import { fromBase64, loadVectorLines, vectorTest } from "../vectors.ts";
import { cut, type Life, live } from "./core_run.ts";

interface Recorded {
  readonly name: string;
  readonly b64: string;
  /** What another implementation made of it, which is no law. */
  readonly python_h2: { readonly connection_error: string | null; readonly requests: number };
}

/** A preface and an empty SETTINGS frame, for inputs that have none. */
const BEGINNING = concat([PREFACE, new Uint8Array([0, 0, 0, 4, 0, 0, 0, 0, 0])]);

const FILES = [
  { file: "h2o-http2.jsonl", count: 848, hasPreface: true },
  { file: "nghttp2-h2spec.jsonl", count: 89, hasPreface: true },
  { file: "nghttp2-nghttp.jsonl", count: 2, hasPreface: true },
  { file: "go-http2-frames.jsonl", count: 175, hasPreface: false },
] as const;

/**
 * The least share of inputs of which this and the other implementation think alike. They differ over what must begin a
 * connection, over frames of ALTSVC, which are ignored where they are malformed (RFC 7838 §4), and over octets of targets.
 */
const LIKENESS = 0.97;

/** The outcome without answers, which must be the same for all pieces; with answers it need only be one. */
function outcomeOf(octets: Uint8Array, random: Random, name: string): Life {
  const whole = live([octets]);
  assertEquals(live(cut(octets)), whole, `${name}, octet by octet`);
  for (const most of [7, 100]) {
    assertEquals(live(cut(octets, () => random.below(most))), whole, `${name}, up to ${most}`);
  }
  live([octets], { answers: true });
  live(cut(octets), { answers: true });
  return whole;
}

/**
 * Whether the other implementation thinks alike: what it refuses is refused here, where a stream is enough perhaps; what it
 * takes is taken, save that a frame that is too long is refused before it is whole.
 */
function isLike({ error, seen, sent }: Life, { connection_error, requests }: Recorded["python_h2"]): boolean {
  if (connection_error !== null) return error >= 0 || sent.some((frame) => frame.startsWith("RST_STREAM"));
  return error === ErrorCode.FrameSizeError || error < 0 && seen.length === requests;
}

for (const { file, count, hasPreface } of FILES) {
  vectorTest(
    `Http2Connection.receive has one outcome for each way to cut what is in ${file}`,
    () => loadVectorLines<Recorded>("fuzz-h2", file),
    (cases) => {
      const random = new Random(9113);
      let same = 0;
      for (const { name, b64, python_h2 } of cases) {
        const octets = fromBase64(b64);
        const life = outcomeOf(hasPreface ? octets : concat([BEGINNING, octets]), random, name);
        if (isLike(life, python_h2)) same++;
      }
      assertEquals(cases.length, count);
      assertGreaterOrEqual(same / cases.length, LIKENESS, `${same} as elsewhere`);
    },
  );
}
