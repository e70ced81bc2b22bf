/**
 * Owns the judgement of a server's HTTP/2 as Chromium uses it. Must not know how the server does it.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { findProgram } from "../programs.ts";
import { type Routes, run } from "./interop_app.ts";
import { http2Test } from "./interop_http2_app.ts";
import type { Http2Visit } from "./testdata/http2_chromium_driver.ts";

const DRIVER = new URL("testdata/http2_chromium_driver.ts", import.meta.url).pathname;

/** How many scripts and pictures the page has, each. */
const ASSETS = 50;

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><!--${" ".repeat(20_000)}--></svg>`;

/** A page of many assets, each of which is fetched by itself as its URL differs. */
const routes: Routes = {
  "/": () => {
    const assets = Array.from(
      { length: ASSETS },
      (_, at) => `<script src="/script?${at}"></script><img src="/svg?${at}">`,
    );
    const html = `<!doctype html><link rel="icon" href="/svg"><title>Page</title><body>${assets.join("\n")}`;
    return new Response(html, { headers: { "content-type": "text/html" } });
  },
  "/script": () =>
    new Response("globalThis.count = (globalThis.count ?? 0) + 1;", { headers: { "content-type": "text/javascript" } }),
  "/svg": () => new Response(SVG, { headers: { "content-type": "image/svg+xml" } }),
};

const options = { programs: ["chromium", "deno"], over: ["TLS"], routes } as const;
http2Test("Chromium", options, async ({ origin, server, errors }, test) => {
  const args = ["run", "--quiet", "--allow-all", DRIVER, findProgram("chromium") ?? "chromium", `${origin}/`];
  const seen: Http2Visit = JSON.parse((await run("deno", args)).stdout);

  await test.step("loads a page and all its assets by HTTP/2", () => {
    assertEquals(seen.page, "h2");
    const { h2 = 0, ...others } = seen.assets;
    assertEquals(others, {});
    assert(h2 >= 2 * ASSETS, `${h2} assets`);
  });
  await test.step("has a hundred requests at once, over one connection", () => {
    assertEquals(seen.connections, 1);
  });
  await test.step("streams down and up", () => {
    assertEquals(seen.octets, [20_000_000, 5_000_000, 1_000_000]);
  });
  await test.step("gives downloads up, takes a refusal for an answer, and goes on", () => {
    assertEquals(seen.givenUp, ["done", "AbortError"]);
    assertEquals([seen.refused, seen.after], [413, "Hello, World!"]);
  });
  await test.step("complains of nothing but the refusal", () => {
    assertEquals(seen.complaints.length, 1, Deno.inspect(seen.complaints));
    assertMatch(seen.complaints[0] ?? "", /413/);
    assertEquals(errors, []);
    assert(server.stats.requests > 2 * ASSETS + 100);
  });
});
