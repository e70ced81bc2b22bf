/**
 * Owns the tests of the examples that serve on several cores.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { programTest } from "../programs.ts";
import { exampleCommand, ServerProgram, WORKERS_FLAGS } from "./program.ts";

const PROGRAMS = { programs: ["deno"], ignore: Deno.build.os !== "linux" };

/** Asks over connections of their own until several workers have answered, each once at least; gives the texts. */
async function untilAnsweredBy(workers: number, ask: () => Promise<string>): Promise<string[]> {
  const texts = new Set<string>();
  while (texts.size < workers) texts.add(await ask());
  return [...texts].sort();
}

programTest("workers.ts answers by both its workers, on one port, and ends with its figures", PROGRAMS, async () => {
  await using program = await ServerProgram.start("workers.ts", ["0", "2"], WORKERS_FLAGS);
  assertMatch(program.line, /^2 workers listen on http:\/\/127\.0\.0\.1:\d+\/\n$/);
  const texts = await untilAnsweredBy(2, async () => {
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    return await (await fetch(program.origin, { client })).text();
  });
  assertEquals(texts, ["Hello from worker 0\n", "Hello from worker 1\n"]);
  program.signal("SIGTERM");
  assertEquals(await program.ended(), { code: 0, stderr: "" });
});

programTest("the showcase serves by two workers, whose figures are one, and ends with 0", PROGRAMS, async () => {
  await using program = await ServerProgram.start("showcase/main.ts", ["--port", "0", "--workers", "2"], WORKERS_FLAGS);
  const pages: number[] = [];
  for (let page = 0; page < 5; page++) {
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    const html = await (await fetch(program.origin, { client })).text();
    pages.push(Number(/<dt>Request no.<\/dt>\s*<dd>(\d+)<\/dd>/.exec(html)?.[1]));
  }
  assertEquals(pages, [1, 2, 3, 4, 5]);
  program.signal("SIGINT");
  assertEquals(await program.ended(), { code: 0, stderr: "" });
});

programTest("the showcase ends with 2 and one line where its workers lack a flag", PROGRAMS, async () => {
  const { code, stderr } = await exampleCommand("showcase/main.ts", ["--port", "0", "--workers", "2"]).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [
    2,
    "Cannot listen on 127.0.0.1 port 0 as --workers needs --unstable-net\n",
  ]);
});
