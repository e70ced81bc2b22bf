/**
 * Owns the proof of what becomes of a case where programs are missing. Starts nothing.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Case, type Contender, REQUESTS } from "../../bench/load/case.ts";
import { programFacts } from "../../bench/load/facts.ts";
import { present } from "../../bench/load/present.ts";
import { programTest } from "../programs.ts";

function contender(name: string, ...programs: string[]): Contender {
  return { name, floor: false, programs, open: () => Promise.reject(new Error("not to be opened")) };
}

const CASE: Case = {
  name: "case",
  title: "made up",
  unit: REQUESTS,
  contenders: [contender("ours", "tool"), contender("peer", "tool", "node"), contender("other", "tool")],
  targets: [{ against: "peer", atLeast: 2 }, { against: "other", atLeast: 3 }, { atMost: 5 }],
};

const names = (measured: Case | undefined) => measured?.contenders.map(({ name }) => name);

Deno.test("present() leaves a case as it is where all programs are there", () => {
  assertEquals(present(CASE, new Set(["elsewhere"])), { measured: CASE, skipped: [] });
});

Deno.test("present() skips a peer whose program is missing, with a line, and its target", () => {
  const { measured, skipped } = present(CASE, new Set(["node"]));
  assertEquals(names(measured), ["ours", "other"]);
  assertEquals(measured?.targets, [{ against: "other", atLeast: 3 }, { atMost: 5 }]);
  assertEquals(skipped, ["case: skips peer, which needs node"]);
});

Deno.test("present() leaves nothing of a case whose tool is missing", () => {
  const { measured, skipped } = present(CASE, new Set(["tool", "node"]));
  assertEquals(measured, undefined);
  assertEquals(skipped.length, 3);
  assertEquals(skipped[1], "case: skips peer, which needs tool and node");
});

Deno.test("present() measures peers alone only where ours was not asked for", () => {
  const ours = contender("ours", "elsewhere");
  assertEquals(present({ ...CASE, contenders: [ours, contender("peer")] }, new Set(["elsewhere"])).measured, undefined);
  assertEquals(
    names(present({ ...CASE, contenders: [contender("peer"), contender("x", "y")] }, new Set(["y"])).measured),
    [
      "peer",
    ],
  );
});

programTest(
  "programFacts() tells versions, and why the other programs can't be run",
  { programs: ["curl"] },
  async () => {
    const { versions, missing } = await programFacts(["curl", "no-such-program-here"]);
    assertEquals(Object.keys(versions), ["curl"]);
    assertEquals([...missing].map(([name, { message }]) => [name, message]), [
      ["no-such-program-here", "Cannot run 'no-such-program-here' as it is not found"],
    ]);
  },
);
