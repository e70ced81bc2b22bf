/**
 * Owns the proof of verdicts, tables and JSON. Knows no real figure.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BYTES, type Case, MEMORY, REQUESTS } from "../../bench/load/case.ts";
import {
  judge,
  type Outcome,
  renderCase,
  renderSummary,
  renderTable,
  type Row,
  toJson,
} from "../../bench/load/report.ts";

const KEEP_ALIVE: Case = {
  name: "keep-alive",
  title: "a title",
  unit: REQUESTS,
  contenders: [],
  targets: [{ against: "peer", atLeast: 0.85 }, { against: "floor", atLeast: 0.9 }],
};

const SAMPLES = new Map([
  ["ours", [1000, 2000, 3000]],
  ["peer", [1000, 1000, 1000]],
  ["floor", [2000, 4000, 3000]],
]);

function outcome(measured: Case, samples: ReadonlyMap<string, readonly number[]>): Outcome {
  return { measured, samples, rows: judge(measured, samples) };
}

const verdicts = (rows: readonly Row[]) => rows.map(({ contender, verdict }) => [contender, verdict?.met]);

Deno.test("judge() sets the median of the rounds' ratios against the target", () => {
  const rows = judge(KEEP_ALIVE, SAMPLES);
  assertEquals(verdicts(rows), [["ours", undefined], ["peer", true], ["floor", false]]);
  assertEquals(rows.map(({ ratio }) => ratio?.median), [undefined, 2, 0.5]);
});

Deno.test("judge() lets a target be missed where one good round only lifts the upper quartile", () => {
  const lucky = new Map([["ours", [80, 80, 300]], ["peer", [100, 100, 100]], ["floor", [80, 80, 300]]]);
  assertEquals(verdicts(judge(KEEP_ALIVE, lucky)), [["ours", undefined], ["peer", false], ["floor", true]]);
});

Deno.test("judge() does not round a miss up to its target", () => {
  const close = new Map([["ours", [0.8499]], ["peer", [1]], ["floor", [0.9443]]]);
  const rows = judge(KEEP_ALIVE, close);
  assertEquals(verdicts(rows), [["ours", undefined], ["peer", false], ["floor", true]]);
  assertEquals(renderCase(KEEP_ALIVE, rows).includes("0.85 to 0.85"), true);
});

Deno.test("judge() sets a figure of our own against its bound, and peers beside it against nothing", () => {
  const idle: Case = { ...KEEP_ALIVE, unit: MEMORY, targets: [{ atMost: 12 * 1024 }] };
  const at = (bytes: number) => judge(idle, new Map([["ours", [bytes]], ["peer", [18 * 1024]]]));
  assertEquals(verdicts(at(12 * 1024)), [["ours", true], ["peer", undefined]]);
  assertEquals(verdicts(at(12 * 1024 + 1)), [["ours", false], ["peer", undefined]]);
  assertEquals(at(1)[0]?.verdict?.target, "<= 12.0");
});

Deno.test("judge() gives no ratio and no verdict where ours was not measured", () => {
  const rows = judge(KEEP_ALIVE, new Map([["peer", [1, 2]]]));
  assertEquals(rows.map(({ ratio, verdict }) => [ratio, verdict]), [[undefined, undefined]]);
});

Deno.test("renderCase() shows medians, ranges, ratios, targets and verdicts in columns", () => {
  assertEquals(
    renderCase(KEEP_ALIVE, judge(KEEP_ALIVE, SAMPLES)),
    [
      "keep-alive: a title",
      "         requests/s      min to max  ours ÷ it     quartiles    min to max   target",
      "  ours        2,000  1,000 to 3,000",
      "  peer        1,000  1,000 to 1,000       2.00  1.50 to 2.50  1.00 to 3.00  >= 0.85  met",
      "  floor       3,000  2,000 to 4,000       0.50  0.50 to 0.75  0.50 to 1.00   >= 0.9  NOT MET",
    ].join("\n"),
  );
});

Deno.test("renderTable() lines its columns up and leaves no space at a line's end", () => {
  assertEquals(renderTable([["a", "1", "x"], ["long", "22", ""]]), "a      1  x\nlong  22");
});

Deno.test("units show requests, GB/s and KiB", () => {
  assertEquals([REQUESTS.format(61234.5), BYTES.format(1.256e9), MEMORY.format(18.64 * 1024)], [
    "61,235",
    "1.26",
    "18.6",
  ]);
});

Deno.test("renderSummary() counts the targets and names the missed ones", () => {
  const idle: Case = { ...KEEP_ALIVE, name: "idle", unit: MEMORY, targets: [{ atMost: 1024 }] };
  const outcomes = [outcome(KEEP_ALIVE, SAMPLES), outcome(idle, new Map([["ours", [2048]]]))];
  assertEquals(
    renderSummary(outcomes),
    "1 of 3 targets met; not met:\n  keep-alive against floor: 0.50, target >= 0.9\n  idle: 2.0, target <= 1.0",
  );
  const met = outcome({ ...KEEP_ALIVE, targets: [{ against: "peer", atLeast: 2 }] }, SAMPLES);
  assertEquals(renderSummary([met]), "1 of 1 targets met.");
  assertEquals(
    renderSummary([{ measured: idle, error: "broken" }, { measured: KEEP_ALIVE, error: "broken" }]),
    "No target was judged.\nCould not be measured: idle, keep-alive.",
  );
});

Deno.test("toJson() keeps every sample, verdict and failure", () => {
  const json = JSON.parse(
    toJson({ cpu: "some" }, { rounds: 3 }, [outcome(KEEP_ALIVE, SAMPLES), { measured: KEEP_ALIVE, error: "broken" }]),
  );
  assertEquals(json.facts, { cpu: "some" });
  assertEquals(json.plan, { rounds: 3 });
  assertEquals(json.cases[0].samples, {
    ours: [1000, 2000, 3000],
    peer: [1000, 1000, 1000],
    floor: [2000, 4000, 3000],
  });
  assertEquals(json.cases[0].rows[1].verdict, { target: ">= 0.85", met: true });
  assertEquals(json.cases[1], { name: "keep-alive", title: "a title", unit: "requests/s", error: "broken" });
});
