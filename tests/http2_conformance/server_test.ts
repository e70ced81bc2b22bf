/**
 * Owns the proof that a server speaks HTTP/2 as the recorded conversations want it: in memory, whole and octet by octet, and
 * over TCP.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { vectorTest } from "../vectors.ts";
import { type Case, type Cases, loadCases } from "./cases.ts";
import { startInMemory, startOverTcp } from "./our_server.ts";
import { converseAll, type StartServer } from "./server_runner.ts";

/** Cases that suppose a server which can't be had here, and why. */
const IMPOSSIBLE: Readonly<Record<string, string>> = {
  "h2/196": "every server announces SETTINGS_ENABLE_CONNECT_PROTOCOL",
};

const VARIANTS: readonly (readonly [name: string, start: StartServer, cut: "whole" | "octets"])[] = [
  ["in memory, whole", startInMemory, "whole"],
  ["in memory, octet by octet", startInMemory, "octets"],
  ["over TCP", startOverTcp, "whole"],
];

for (const [name, start, cut] of VARIANTS) {
  vectorTest(`serve() answers as the HTTP/2 conversations want it, ${name}`, loadCases, async (set: Cases) => {
    const possible = (test: Case) => test.role === "server" && !(test.id in IMPOSSIBLE);
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
