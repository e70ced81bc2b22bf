/**
 * Owns the judgement of the showcase's page as Chromium shows it: it loads without a complaint, its figures move, its
 * buttons do what they say.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { ROUTES } from "../../examples/showcase/routes.ts";
import { findProgram, programTest } from "../programs.ts";
import type { Visit } from "./chromium_driver.ts";
import { ServerProgram } from "./program.ts";

const DRIVER = new URL("chromium_driver.ts", import.meta.url).pathname;

/** What each route's run must show at least. */
const SHOWN: Readonly<Record<string, RegExp>> = {
  "/hello": /^200 OK$[^]*^Hello, World!$/m,
  "/json": /^200 OK$[^]*"protocol":"HTTP\/1\.1"/m,
  "/echo": /^POST \/echo$[^]*^200 OK$[^]*^Read me back$/m,
  "/upload": /"bytes":1048576,[^]*The same digest as this page computed/,
  "/stream": /^50,000,000 bytes in /m,
  "/delay": /Asked for 500 ms, waited (?:[5-9]\d\d|\d{4})\.\d ms\./,
  "/trailers": /^trailer: content-digest$/m,
  "/hints": /^link: <\/page\.css>; rel=preload; as=style$/m,
  "/sse": /^event: history$(?:[^]*^event: sample$){2}/m,
  "/status/": /^202 Accepted$[^]*^202 Accepted$/m,
  "/ws":
    /^Open: permessage-deflate$[^]*^Is anybody there\?$[^]*^Then good night\. {2}\([^]*^Closed with 1000, cleanly\.$/m,
};

/** Visits a showcase: the driver is a program of its own, since what drives a browser asks for all permissions. */
async function visit(url: string): Promise<Visit> {
  const args = ["run", "--quiet", "--allow-all", DRIVER, findProgram("chromium") ?? "chromium", url];
  const { code, stdout, stderr } = await new Deno.Command("deno", { args }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

programTest("the showcase's page in Chromium", { programs: ["chromium", "deno"] }, async (test) => {
  await using program = await ServerProgram.start("showcase/main.ts", ["--port", "0"]);
  const seen = await visit(`${program.origin}/`);

  await test.step("loads with nothing on the console", () => {
    assertEquals(seen.complaints, []);
  });
  await test.step("shows live figures that move with traffic", () => {
    assertMatch(seen.stream, /^Connected/);
    const [before, after] = seen.requests;
    assertEquals(before, "0");
    assert(Number(after.replace(",", "")) > 20, after);
    assertMatch(seen.loads[0], /^500 answers in /);
    assertMatch(seen.loads[1], /^5 answers after [3-9]\.\d\d s\.$/);
    assertEquals(seen.drawn.length, 4);
    for (const pixels of seen.drawn) assert(pixels > 500, `${pixels} pixels drawn`);
  });
  await test.step("runs every route", () => {
    assertEquals(Object.keys(seen.runs), ROUTES.map(({ path }) => path));
    for (const [path, text] of Object.entries(seen.runs)) assertMatch(text, SHOWN[path] ?? /^\b$/, path);
  });
  await test.step("does not jump about, and fits a narrow window", () => {
    assert(seen.shift < 0.01, `shifted by ${seen.shift}`);
    assertEquals(seen.overflow, 0);
  });
  await test.step("copies a command and says so", () => {
    const [label, text] = seen.copied;
    assertEquals(label, "Copied");
    assertStringIncludes(text, `curl -i ${program.origin}/hello`);
  });
  await test.step("switches its theme and remembers it", () => {
    const [light, dark, reloaded] = seen.themes;
    assertNotEquals(dark, light);
    assertEquals(reloaded, dark);
  });
  program.signal("SIGINT");
  assertEquals(await program.ended(), { code: 0, stderr: "" });
});
