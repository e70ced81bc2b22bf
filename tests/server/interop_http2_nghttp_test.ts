/**
 * Owns the tests of a server's HTTP/2 by nghttp2's client. Must not know how the server does it.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertNotMatch, assertStringIncludes } from "@std/assert";
import { run } from "./interop_app.ts";
import { type App, http2Test, type Http2TestOptions, PAGE_ROUTES } from "./interop_http2_app.ts";

/** What nghttp prints, which tells by its text alone whether it failed. */
async function nghttp(args: readonly string[], input?: Uint8Array): Promise<string> {
  const { stdout, stderr } = await run("nghttp", ["--no-verify-peer", "--timeout=20", ...args], input);
  assertEquals(stderr, "", `nghttp ${args.join(" ")}\n${stdout}`);
  return stdout;
}

/** Declares a test that runs nghttp against the app. */
function nghttpTest(
  name: string,
  fn: (app: App, test: Deno.TestContext) => Promise<void>,
  options: Omit<Http2TestOptions, "programs"> = {},
): void {
  http2Test(`nghttp: ${name}`, { programs: ["nghttp"], ...options }, fn);
}

/** The types of the frames that came, as nghttp tells them. */
function received(verbose: string): string[] {
  return [...verbose.matchAll(/^\[.*\] recv ([A-Z_]+) frame </gm)].map(([, type]) => type ?? "");
}

/** The values of a field in all that came. */
function values(verbose: string, name: string): string[] {
  return [...verbose.matchAll(new RegExp(`^\\[.*\\] recv \\(stream_id=\\d+\\) ${name}: (.*)$`, "gm"))].map(
    ([, value]) => value ?? "",
  );
}

nghttpTest("a page and its assets over one connection, its dependencies among them", async ({ origin, server }) => {
  for (const flags of [[], ["--no-dep"], ["--no-rfc7540-pri"]]) {
    const text = await nghttp(["--get-assets", "--null-out", "--stat", ...flags, `${origin}/page`]);
    const rows = [...text.matchAll(/^ +\d+ .* (\d{3}) +([\d.K]+) (\/\S+)$/gm)].map(([, ...row]) => row.join(" "));
    assertEquals(
      rows.sort(),
      ["200 138 /page", "200 17K /asset.css", "200 48K /asset.js", "200 97K /asset.png"].sort(),
    );
  }
  assertEquals(server.stats.requests, 12);
}, { routes: PAGE_ROUTES });

nghttpTest("a hundred streams at once, of different weights", async ({ origin }) => {
  const urls = [`${origin}/hello`, `${origin}/bytes?20000`];
  const text = await nghttp(["--multiply=50", "--weight=256", "--weight=1", "--verbose", "--null-out", ...urls]);
  assertEquals(values(text, ":status"), Array(100).fill("200"));
  const sizes = [...text.matchAll(/recv DATA frame <length=(\d+),/g)].map(([, size]) => Number(size));
  assertEquals(sizes.reduce((sum, size) => sum + size, 0), 50 * 13 + 50 * 20_000);
});

nghttpTest("a priority field is taken, whatever it says (RFC 9218 §4)", async ({ origin }) => {
  for (const priority of ["u=0, i", "u=7", "u=9", "nonsense;"]) {
    assertEquals(await nghttp([`--header=priority: ${priority}`, `${origin}/hello`]), "Hello, World!");
  }
});

nghttpTest("an upload: plain, padded, without a length, echoed", async ({ origin }) => {
  const content = new Uint8Array(3_000_000).fill(97);
  for (const flags of [[], ["--padding=200"], ["--no-content-length"]]) {
    assertEquals(await nghttp(["--data=-", ...flags, `${origin}/count`], content), "3000000");
  }
  assertEquals((await nghttp(["--data=-", `${origin}/echo`], content)).length, 3_000_000);
});

nghttpTest("trailers, both ways", async ({ origin }) => {
  const content = new TextEncoder().encode("content");
  const seen = JSON.parse(await nghttp(["--data=-", "--trailer=x-check: sum", `${origin}/seen`], content));
  assertEquals([seen.text, seen.trailers], ["content", [["x-check", "sum"]]]);
  const text = await nghttp(["--verbose", "--null-out", `${origin}/trailers`]);
  assertEquals(values(text, "x-digest"), ["sha-256=:AA==:"]);
  assertEquals(received(text).filter((type) => type === "HEADERS").length, 2);
});

nghttpTest("Expect: 100-continue gets its 100, or the final answer alone (RFC 9110 §10.1.1)", async ({ origin }) => {
  const content = new TextEncoder().encode("waited for");
  const args = ["--expect-continue", "--data=-", "--verbose"];
  const text = await nghttp([...args, `${origin}/echo`], content);
  assertEquals(values(text, ":status"), ["100", "200"]);
  assertMatch(text, /recv \(stream_id=\d+\) :status: 100[^]*send DATA frame[^]*waited for/);
  assertEquals(values(await nghttp([...args, `${origin}/refuse`], content), ":status"), ["413"]);
});

nghttpTest("interim answers", async ({ origin }) => {
  const text = await nghttp(["--verbose", "--null-out", `${origin}/hints`]);
  assertEquals(values(text, ":status"), ["103", "200"]);
  assertEquals(values(text, "link"), ["</a.css>; rel=preload"]);
});

nghttpTest("small windows of both levels", async ({ origin }) => {
  const text = await nghttp(["--window-bits=10", "--connection-window-bits=17", `${origin}/bytes?300000`]);
  assertEquals(text.length, 300_000);
});

nghttpTest("tables for fields of every size, also one that is made small and large again", async ({ origin }) => {
  for (const sizes of [["0"], ["64"], ["1K", "64", "4K"], ["64K"], ["4K", "0", "1M"]]) {
    const flags = sizes.map((size) => `--header-table-size=${size}`);
    const text = await nghttp([...flags, "--multiply=20", "--verbose", "--null-out", `${origin}/trailers`]);
    assertEquals(values(text, "x-digest"), Array(20).fill("sha-256=:AA==:"), sizes.join());
  }
  for (const size of ["0", "100", "4K"]) {
    const flags = [`--encoder-header-table-size=${size}`, "--header=x-a: b", "--multiply=3"];
    const answers = (await nghttp([...flags, `${origin}/seen`])).match(/\["x-a","b"\]/g);
    assertEquals(answers?.length, 3, size);
  }
});

nghttpTest("a header block of several frames is too large by default", async ({ origin }) => {
  const text = await nghttp(["--continuation", "--multiply=2", "--verbose", `${origin}/hello`]);
  assertMatch(text, /send HEADERS frame <length=(?:1[7-9]|\d\d)\d{3},/); // which it sends in pieces of 16 KiB
  assertEquals(values(text, ":status"), ["431", "431"]);
  assertNotMatch(text, /recv GOAWAY/);
});

nghttpTest("a header block of several frames is read where it may be that large", async ({ origin }) => {
  const seen = JSON.parse(await nghttp(["--continuation", `${origin}/seen`]));
  const large = seen.headers.filter(([name]: [string]) => name.startsWith("continuation-test"));
  const octets = large.reduce((sum: number, [, value]: [string, string]) => sum + value.length, 0);
  assert(large.length > 1 && octets > 20_000, `${large.length} fields of ${octets} bytes`);
}, { limits: { maxFieldSectionBytes: 1_000_000 } });

nghttpTest("what a page needs is pushed, to a client that takes it", async ({ origin, server }) => {
  const text = await nghttp(["--verbose", "--null-out", `${origin}/pushing`]);
  assertEquals(received(text).filter((type) => type === "PUSH_PROMISE").length, 3);
  assertEquals(values(text, ":path"), ["/asset.css", "/asset.js", "/asset.png"]);
  assertEquals([values(text, ":status"), values(text, "x-pushed")], [Array(4).fill("200"), ["css js png"]]);
  assertEquals(server.stats.requests, 4);
  const none = await nghttp(["--no-push", "--verbose", "--null-out", `${origin}/pushing`]);
  assertEquals([received(none).includes("PUSH_PROMISE"), values(none, "x-pushed")], [false, [""]]);
  const one = await nghttp(["--max-concurrent-streams=1", "--verbose", "--null-out", `${origin}/pushing`]);
  assertEquals([values(one, "x-pushed"), values(one, ":status")], [["css"], ["200", "200"]]);
}, { routes: PAGE_ROUTES });

nghttpTest("a request to upgrade is answered by HTTP/1.1 (RFC 9113 §3.1)", async ({ origin, server }) => {
  const { stdout, stderr } = await run("nghttp", ["--upgrade", "--verbose", `${origin}/protocol`]);
  assertMatch(stdout, /^HTTP\/1\.1 200 OK$/m);
  assertStringIncludes(stderr, "HTTP Upgrade failed");
  assertEquals(server.stats.requests, 1);
}, { over: ["TCP"] });
