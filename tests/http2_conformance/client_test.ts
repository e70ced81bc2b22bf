/**
 * Owns the proof that a client speaks HTTP/2 as the recorded conversations want it, whole and octet by octet.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { vectorTest } from "../vectors.ts";
import { type Cases, loadCases } from "./cases.ts";
import { type ClientStage, serveCase } from "./client_runner.ts";
import { coreClientStage } from "./core_client.ts";
import { ourClientStage } from "./our_client.ts";

const VARIANTS: readonly (readonly [name: string, stage: () => ClientStage])[] = [
  ["Http2Connection as a client, whole", () => coreClientStage("whole")],
  ["Http2Connection as a client, octet by octet", () => coreClientStage("octets")],
  ["HttpClient, whole", () => ourClientStage("whole")],
  ["HttpClient, octet by octet", () => ourClientStage("octets")],
];

for (const [name, stage] of VARIANTS) {
  vectorTest(`${name}, does as the HTTP/2 conversations want it`, loadCases, async (set: Cases) => {
    const cases = set.cases.filter(({ role }) => role === "client");
    assertGreater(cases.length, 20);
    const wrong: string[] = [];
    for (const test of cases) {
      const because = await serveCase(stage(), test, { errorCodes: set.error_codes, isStrict: true });
      if (because !== undefined) wrong.push(`${test.id} §${test.section} ${test.name}: ${because}`);
    }
    assertEquals(wrong, []);
  });
}
