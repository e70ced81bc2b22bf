/**
 * Owns the proof of the command line of `bench:load`. Measures nothing.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { parseFlags, UsageError } from "../../bench/load/flags.ts";

const NAMES = ["keep-alive", "download-bytes", "download-stream", "down"];

Deno.test("parseFlags() measures all cases in 7 rounds of 5 s by default", () => {
  assertEquals(parseFlags([], NAMES), {
    cases: NAMES,
    rounds: 7,
    seconds: 5,
    warmUp: 2,
    only: undefined,
    json: undefined,
    check: false,
    print: undefined,
  });
});

Deno.test("parseFlags() takes cases by name or by first word, in the table's order", () => {
  assertEquals(parseFlags(["download", "keep-alive"], NAMES).cases, [
    "keep-alive",
    "download-bytes",
    "download-stream",
  ]);
  assertEquals(parseFlags(["down"], NAMES).cases, ["down"]);
  assertThrows(() => parseFlags(["keep"], ["keeper"]), UsageError, "Cannot measure 'keep' as the cases are keeper");
});

Deno.test("parseFlags() reads options joined or apart", () => {
  const { rounds, seconds, only, json, check } = parseFlags(
    ["--rounds", "9", "--seconds=3", "--only", "ours,canned", "--json=/tmp/a=b.json", "--check"],
    NAMES,
  );
  assertEquals({ rounds, seconds, only, json, check }, {
    rounds: 9,
    seconds: 3,
    only: ["ours", "canned"],
    json: "/tmp/a=b.json",
    check: true,
  });
});

Deno.test("parseFlags() makes --quick one cold round of one second, unless told otherwise", () => {
  const quick = (...args: string[]) => {
    const { rounds, seconds, warmUp } = parseFlags(["--quick", ...args], NAMES);
    return [rounds, seconds, warmUp];
  };
  assertEquals(quick(), [1, 1, 0]);
  assertEquals(quick("--rounds=3"), [3, 1, 0]);
});

Deno.test("parseFlags() knows what only prints", () => {
  assertEquals(parseFlags(["--list"], NAMES).print, "cases");
  assertEquals(parseFlags(["--help"], NAMES).print, "help");
});

Deno.test("parseFlags() refuses what it can't follow, naming it", () => {
  for (const value of ["0", "-1", "1.5", "many", "10000", "1e3"]) {
    assertThrows(
      () => parseFlags([`--rounds=${value}`], NAMES),
      UsageError,
      `Cannot read '--rounds' as it must be a whole number from 1 to 9999: received '${value}'`,
    );
  }
  assertThrows(() => parseFlags(["--json"], NAMES), UsageError, "Cannot read '--json' as it needs a value");
  assertThrows(() => parseFlags(["--json="], NAMES), UsageError, "Cannot read '--json' as it needs a value");
  assertThrows(() => parseFlags(["--quik"], NAMES), UsageError, "received '--quik'");
  assertThrows(() => parseFlags(["--quick=yes"], NAMES), UsageError, "received '--quick=yes'");
  assertThrows(() => parseFlags(["-q"], NAMES), UsageError, "received '-q'");
});
