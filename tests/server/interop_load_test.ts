/**
 * Owns the smoke tests of a server by load generators: a short, bounded load leaves no error. Must not know figures.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { programTest } from "../programs.ts";
import { run, startApp } from "./interop_app.ts";

for (const [what, flags] of [["one request at a time", ["-m", "1"]], ["8 pipelined", ["-m", "8"]]] as const) {
  programTest(`h2load --h1: 2,000 requests over 16 connections, ${what}`, { programs: ["h2load"] }, async () => {
    const { server, origin, errors } = startApp();
    await using _server = server;
    const { stdout } = await run("h2load", ["--h1", "-n", "2000", "-c", "16", ...flags, `${origin}/hello`]);
    assertMatch(
      stdout,
      /^requests: 2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout$/m,
    );
    assertMatch(stdout, /^status codes: 2000 2xx, 0 3xx, 0 4xx, 0 5xx$/m);
    assertEquals([server.stats.requests, errors], [2000, []]);
  });
}

programTest("wrk: a second of 32 connections", { programs: ["wrk"] }, async () => {
  const { server, origin } = startApp();
  await using _server = server;
  const { stdout } = await run("wrk", ["-t", "1", "-c", "32", "-d", "1s", `${origin}/hello`]);
  assertNotMatch(stdout, /Socket errors|Non-2xx/);
  const [, answered] = /^\s+(\d+) requests in/m.exec(stdout) ?? [];
  assert(Number(answered) > 0 && server.stats.requests >= Number(answered), stdout);
});
