/**
 * Owns the tests of a server by Node's `http` client and by undici. Must not know how the server does it.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { programTest } from "../programs.ts";
import { run, startApp } from "./interop_app.ts";

const path = (name: string) => new URL(`testdata/${name}`, import.meta.url).pathname;

programTest("Node's http client", { programs: ["node"] }, async (test) => {
  const { server, origin, errors } = startApp();
  await using _server = server;
  const seen = JSON.parse((await run("node", [path("node_client.mjs"), origin])).stdout);

  await test.step("gets, and reuses its connection", () => {
    assertEquals([seen.get.status, seen.get.text, seen.get.reused], [200, "Hello, World!", false]);
    assertEquals([seen.again.text, seen.again.reused], ["Hello, World!", true]);
    assertEquals([seen.head.text, seen.head.headers["content-length"], seen.head.reused], ["", "13", true]);
    assertEquals([seen.none.status, seen.none.reused], [204, true]);
  });
  await test.step("sends chunks and trailers", () => {
    const request = JSON.parse(seen.posted.text);
    assertEquals([request.method, request.text, request.trailers], ["POST", "onetwo", [["x-check", "sum"]]]);
    assertEquals(seen.large, 1_000_000);
  });
  await test.step("receives trailers and 103", () => {
    assertEquals([seen.trailers.text, seen.trailers.trailers], ["content", { "x-digest": "sha-256=:AA==:" }]);
    assertEquals([seen.hints.text, seen.hints.informed], ["hinted", [[103, "</a.css>; rel=preload"]]]);
  });
  await test.step("waits for 100 (Continue), and takes a refusal for an answer", () => {
    assertEquals([seen.continued.continued, seen.continued.text], [true, "waited"]);
    assertEquals([seen.refused.continued, seen.refused.status], [false, 413]);
  });
  await test.step("upgrades, and has the raw socket", () => {
    assertEquals(seen.upgraded, { status: 101, protocol: "shout", text: "RAW OCTETS" });
  });
  await test.step("may give up, and ask again", () => {
    assertEquals([seen.givenUp, seen.after], ["given up", "Hello, World!"]);
    assert(errors.length <= 1, Deno.inspect(errors)); // the download that was given up
  });
});

programTest("undici: pipelining, a pool, a large echo, an abort", { programs: ["deno"] }, async () => {
  const { server, origin } = startApp();
  await using _server = server;
  const args = ["run", "--quiet", "--no-lock", "--no-prompt", "--allow-read", "--allow-env", "--allow-net=127.0.0.1"];
  const { stdout } = await run("deno", [...args, path("undici_client.ts"), origin]);
  assertEquals(JSON.parse(stdout), {
    pipelined: Array.from({ length: 30 }, (_, index) => `/seen?${index}`),
    ports: 1,
    pooled: 50,
    echoed: 1_000_000,
    trailers: { "x-digest": "sha-256=:AA==:" },
    aborted: "AbortError",
    after: "Hello, World!",
  });
});
