/**
 * Owns the proof that the runners tell right from wrong: on servers and a client by others, whose deviations are known, and
 * with expectations turned into their contraries.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { findProgram, programTest } from "../programs.ts";
import { vectorTest } from "../vectors.ts";
import { type Case, type Cases, type Expectation, loadCases } from "./cases.ts";
import { serveCase } from "./client_runner.ts";
import { converseAll } from "./server_runner.ts";
import { nodeClientStage, startNghttpd, startNode } from "./subjects.ts";

/** Sections in which Node's server, or its client, differs from the set: codes of its own, fields that it drops silently. */
const NODE_DIFFERS = /^(3\.4|5\.1|5\.1\.1|5\.3\.1|6\.[2-9](\.\d)?|8\.2\.1|8\.3\.1|8\.4|9\.1|10\.5|RFC 8441 3)$/;

const LENIENT = { cut: "whole", isStrict: false } as const;

/** What nghttpd does otherwise, and why that is known. */
const NGHTTPD_DIFFERS: Readonly<Record<string, string>> = {
  "h2/026": "drops a HEADERS frame for an earlier stream",
  "h2/143": "reads what it is sent, and waits for the rest of it",
  "h2/152": "was not told of a limit",
  "h2/182": "has no file for `*`",
  "h2/184": "has no file for that, and says so by 404",
  "h2/190": "does not compare :authority and host",
};

/** Every so many cases are asked for the contrary too. */
const STRIDE = 3;

/** The cases that did not come out as expected. */
function failedOf(cases: readonly Case[], results: ReadonlyMap<string, string | undefined>): Case[] {
  return cases.filter(({ id }) => results.get(id) !== undefined);
}

/** What can't come where the other is right. */
function contrary(expected: Expectation): Expectation {
  switch (expected.kind) {
    case "connection_error":
    case "connection_error_or_http1_400":
    case "stream_error":
      return { kind: "response", stream: 1 };
    case "response":
      return { ...expected, status: 299 };
    case "data":
      return { ...expected, length: expected.length + 1 };
    case "ping_ack":
    case "ping_ack_or_close":
      return { kind: "ping_ack", data: "ffffffffffffffff" };
    case "settings_ack":
    case "first_frame_settings":
      return { kind: "stream_error", stream: 1, codes: ["PROTOCOL_ERROR"], or_connection_error: true };
    case "client_response":
      return { ...expected, status: 299 };
    case "client_rejects":
      return { kind: "client_response", status: 200, body: "never" };
    case "any_of": // the contraries of its members may be true
      return { kind: "response", stream: 1, status: 299 };
  }
}

/** The same with codes that nobody sends. */
function miscoded(expected: Expectation): Expectation {
  if (expected.kind === "any_of") return { kind: "any_of", of: expected.of.map(miscoded) };
  return "codes" in expected ? { ...expected, codes: ["HTTP_1_1_REQUIRED"] } : contrary(expected);
}

/** Declares a test that needs both a program and the set. */
function peerTest(name: string, program: string, run: (set: Cases) => Promise<void>): void {
  if (findProgram(program) === undefined) programTest(name, { programs: [program] }, () => {}); // tells that it is missing
  else vectorTest(name, loadCases, run);
}

peerTest("converseAll() tells right from wrong on Node's server", "node", async (set) => {
  const results = await converseAll(set, startNode, LENIENT);
  const met = set.cases.filter(({ id }) => results.has(id) && results.get(id) === undefined);
  assertGreater(met.length, 90);
  for (const { id, section, name } of failedOf(set.cases, results)) {
    assert(NODE_DIFFERS.test(section), `${id} ${section} ${name}: ${results.get(id)}`);
  }
  const some = met.filter((_, index) => index % STRIDE === 0);
  for (const turn of [contrary, miscoded]) {
    const cases = some.map((test) => ({ ...test, expect: turn(test.expect) }));
    const turned = await converseAll({ ...set, cases }, startNode, LENIENT);
    assertEquals(some.filter(({ id }) => turned.get(id) === undefined).map(({ id, name }) => `${id} ${name}`), []);
  }
});

peerTest("converseAll() finds nothing in nghttpd that is not known of it", "nghttpd", async (set) => {
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  await Deno.writeTextFile(`${folder}/index.html`, "hello from a file");
  const results = await converseAll(set, () => startNghttpd(folder), LENIENT);
  await Deno.remove(folder, { recursive: true });
  for (const { id, name } of failedOf(set.cases, results)) {
    assert(id in NGHTTPD_DIFFERS, `${id} ${name}: ${results.get(id)}`);
  }
});

peerTest("serveCase() tells right from wrong on Node's client", "node", async (set) => {
  const options = { errorCodes: set.error_codes, isStrict: false };
  const met: Case[] = [];
  for (const test of set.cases.filter(({ role }) => role === "client")) {
    const because = await serveCase(nodeClientStage(), test, options);
    if (because === undefined) met.push(test);
    else assert(NODE_DIFFERS.test(test.section), `${test.id} ${test.section} ${test.name}: ${because}`);
  }
  assertGreater(met.length, 12);
  for (const test of met.filter((_, index) => index % STRIDE === 0)) {
    const turned = { ...test, expect: contrary(test.expect) };
    assert(await serveCase(nodeClientStage(), turned, options) !== undefined, `${test.id} ${test.name}`);
  }
});

vectorTest("The set of conversations is whole", loadCases, ({ cases, count }) => assertEquals(cases.length, count));
