/**
 * Owns the test of the smallest server among the examples.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { programTest } from "../programs.ts";
import { ServerProgram } from "./program.ts";

programTest("async_http_server.ts answers / with HTML and the rest with 404", { programs: ["deno"] }, async () => {
  await using program = await ServerProgram.start("async_http_server.ts", ["0"]);
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const page = await fetch(`${program.origin}/`, { client });
  assertEquals([page.status, page.headers.get("content-type")], [200, "text/html; charset=utf-8"]);
  assertMatch(await page.text(), /^<!DOCTYPE html>\n[^]*<h1>Hello, World!<\/h1>\n/);
  const other = await fetch(`${program.origin}/other`, { client });
  assertEquals([other.status, await other.text()], [404, "Not found\n"]);
});
