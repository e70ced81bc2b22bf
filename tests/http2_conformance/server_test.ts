/**
 * Owns the proof that a server speaks HTTP/2 as the recorded conversations want it: in memory, whole and octet by octet, and
 * over TCP.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { vectorTest } from "../vectors.ts";
import { type Case, type Cases, loadCases } from "./cases.ts";
import { startBesideHttp1, startInMemory, startOverTcp } from "./our_server.ts";
import { converseAll, type StartServer } from "./server_runner.ts";

/** Cases that suppose a server which can't be had here, and why. */
const IMPOSSIBLE: Readonly<Record<string, string>> = {
  "h2/196": "every server announces SETTINGS_ENABLE_CONNECT_PROTOCOL",
};

interface Variant {
  readonly name: string;
  readonly start: StartServer;
  readonly cut: "whole" | "octets";
  /** Cases that suppose a server for HTTP/2 alone. */
  readonly without?: readonly string[];
}

const VARIANTS: readonly Variant[] = [
  { name: "in memory, whole", start: startInMemory, cut: "whole" },
  { name: "in memory, octet by octet", start: startInMemory, cut: "octets" },
  { name: "beside HTTP/1.1", start: startBesideHttp1, cut: "octets", without: ["h2/118"] },
  { name: "over TCP", start: startOverTcp, cut: "whole" },
];

for (const { name, start, cut, without = [] } of VARIANTS) {
  vectorTest(`serve() answers as the HTTP/2 conversations want it, ${name}`, loadCases, async (set: Cases) => {
    const possible = (test: Case) => test.role === "server" && !(test.id in IMPOSSIBLE) && !without.includes(test.id);
    const cases = set.cases.filter(possible);
    assertGreater(cases.length, 135);
    const results = await converseAll({ ...set, cases }, start, { cut, isStrict: true });
    const wrong = cases.flatMap(({ id, section, name }) => {
      const because = results.get(id);
      return because === undefined ? [] : [`${id} §${section} ${name}: ${because}`];
    });
    assertEquals(wrong, []);
    assertEquals(results.size, cases.length);
  });
}
