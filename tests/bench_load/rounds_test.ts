/**
 * Owns the proof of how a case's rounds run: order, warm-up, equal answers, an end to what was started. Its contenders are
 * made up: no process is started.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { type Answer, type Case, type Contender, differences, REQUESTS } from "../../bench/load/case.ts";
import { measure, type Progress } from "../../bench/load/rounds.ts";

const ANSWER: Answer = {
  status: 200,
  type: "text/plain;charset=UTF-8",
  encoding: null,
  date: true,
  framing: "content-length",
  body: "13 bytes, dffd60",
};

/** What a made-up contender does, and a log of it. */
interface Script {
  readonly log: string[];
  readonly answer?: Answer;
  readonly floor?: boolean;
  readonly sample?: (seconds: number) => Promise<number>;
}

function contender(name: string, { log, answer = ANSWER, floor = false, sample }: Script): Contender {
  let taken = 0;
  return {
    name,
    floor,
    programs: [],
    open: () => {
      log.push(`open ${name}`);
      return Promise.resolve({
        answer: () => Promise.resolve(answer),
        sample: (seconds: number) => {
          log.push(`${name} ${seconds}`);
          return sample?.(seconds) ?? Promise.resolve(++taken);
        },
        [Symbol.asyncDispose]: () => Promise.resolve(void log.push(`end ${name}`)),
      });
    },
  };
}

function caseOf(...contenders: Contender[]): Case {
  return { name: "case", title: "made up", unit: REQUESTS, contenders, targets: [] };
}

Deno.test("measure() warms up, then takes each round in rotated order, and keeps the rounds' figures only", async () => {
  const log: string[] = [];
  const measured = caseOf(contender("a", { log }), contender("b", { log }), contender("c", { log }));
  const samples = await measure(measured, { rounds: 3, seconds: 5, warmUp: 2 });
  assertEquals(log.slice(3, -3).join(" "), "a 2 b 2 c 2 b 5 c 5 a 5 c 5 a 5 b 5 a 5 b 5 c 5");
  assertEquals(Object.fromEntries(samples), { a: [2, 3, 4], b: [2, 3, 4], c: [2, 3, 4] });
  assertEquals(log.slice(0, 3), ["open a", "open b", "open c"]);
  assertEquals(log.slice(-3), ["end c", "end b", "end a"]);
});

Deno.test("measure() without a warm-up starts with round 1, and tells of each sample before and after", async () => {
  const log: string[] = [];
  const told: Progress[] = [];
  await measure(caseOf(contender("a", { log })), { rounds: 1, seconds: 1, warmUp: 0 }, {
    onProgress: (progress) => told.push(progress),
  });
  assertEquals(told, [{ round: 1, contender: "a" }, { round: 1, contender: "a", figure: 1 }]);
});

Deno.test("measure() refuses contenders that answer differently, before it measures any, and ends them", async () => {
  const log: string[] = [];
  const odd = { ...ANSWER, type: null };
  await assertRejects(
    () =>
      measure(caseOf(contender("a", { log }), contender("b", { log, answer: odd })), {
        rounds: 1,
        seconds: 1,
        warmUp: 1,
      }),
    Error,
    "they answer differently: type: a text/plain;charset=UTF-8, b null",
  );
  assertEquals(log, ["open a", "open b", "end b", "end a"]);
});

Deno.test("measure() lets a floor frame its body otherwise, and nobody else", async () => {
  const log: string[] = [];
  const chunked: Answer = { ...ANSWER, framing: "chunked" };
  const plan = { rounds: 1, seconds: 1, warmUp: 0 };
  const withFloor = caseOf(contender("a", { log }), contender("b", { log, answer: chunked, floor: true }));
  assertEquals((await measure(withFloor, plan)).size, 2);
  const withPeer = caseOf(contender("a", { log }), contender("b", { log, answer: chunked }));
  await assertRejects(() => measure(withPeer, plan), Error, "framing: a content-length, b chunked");
});

Deno.test("measure() ends what it started when a later contender does not start, or a sample fails", async () => {
  const plan = { rounds: 2, seconds: 1, warmUp: 0 };
  const log: string[] = [];
  const dead: Contender = { ...contender("b", { log }), open: () => Promise.reject(new Error("no such server")) };
  await assertRejects(() => measure(caseOf(contender("a", { log }), dead), plan), Error, "no such server");
  assertEquals(log, ["open a", "end a"]);
  log.length = 0;
  const failing = contender("b", { log, sample: () => Promise.reject(new Error("broken")) });
  await assertRejects(() => measure(caseOf(contender("a", { log }), failing), plan), Error, "broken");
  assertEquals(log.slice(-2), ["end b", "end a"]);
});

Deno.test("measure() stops between two samples when its signal aborts, and ends what it started", async () => {
  const log: string[] = [];
  const controller = new AbortController();
  const reason = new Error("enough");
  const aborting = contender("a", { log, sample: () => Promise.resolve(1).finally(() => controller.abort(reason)) });
  await assertRejects(
    () =>
      measure(caseOf(aborting, contender("b", { log })), { rounds: 2, seconds: 1, warmUp: 0 }, {
        signal: controller.signal,
      }),
    Error,
    "enough",
  );
  assertEquals(log.filter((line) => line === "a 1").length, 1);
  assertEquals(log.slice(-2), ["end b", "end a"]);
});

Deno.test("differences() names each field that differs from the first contender's, and a missing date", () => {
  const peer: Answer = {
    status: 204,
    type: "text/html",
    encoding: "gzip",
    date: false,
    framing: "close",
    body: "0 bytes",
  };
  assertEquals(differences(new Map([["a", ANSWER], ["b", peer]]), new Set()), [
    "b sends no date",
    "status: a 200, b 204",
    "type: a text/plain;charset=UTF-8, b text/html",
    "encoding: a null, b gzip",
    "framing: a content-length, b close",
    "body: a 13 bytes, dffd60, b 0 bytes",
  ]);
  assertEquals(differences(new Map([["a", { ...ANSWER, date: false }]]), new Set()), ["a sends no date"]);
});
