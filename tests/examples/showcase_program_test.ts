/**
 * Owns the tests of the showcase as a program: its line, its exit statuses, its end, and the commands that its page shows.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { HELP } from "../../examples/showcase/flags.ts";
import { REFUSALS } from "../../examples/showcase/page.ts";
import { programTest } from "../programs.ts";
import { parseAnswer, requestText } from "./exchange.ts";
import { exampleCommand, ServerProgram } from "./program.ts";
import { commandsOn, shell } from "./shell.ts";

const SHOWCASE = "showcase/main.ts";

const decoder = new TextDecoder();

/** Runs the showcase where it ends by itself. */
async function run(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await exampleCommand(SHOWCASE, args).output();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

programTest("the showcase prints its help and ends with 0", { programs: ["deno"] }, async () => {
  assertEquals(await run("--help"), { code: 0, stdout: `${HELP}\n`, stderr: "" });
});

programTest("the showcase ends with 2 and one line for a bad flag", { programs: ["deno"] }, async () => {
  const { code, stdout, stderr } = await run("--port", "70000");
  assertEquals([code, stdout], [2, ""]);
  assertEquals(stderr, 'Cannot read --port as it must be a whole number from 0 to 65535: received "70000"\n');
});

programTest("the showcase ends with 2 and one line when the port is in use", { programs: ["deno"] }, async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, stdout, stderr } = await run("--port", String(listener.addr.port));
  assertEquals([code, stdout], [2, ""]);
  assertEquals(stderr, `Cannot listen on 127.0.0.1 port ${listener.addr.port} as the port is in use\n`);
});

programTest("the showcase ends with 2 and one line where it may not listen", { programs: ["deno"] }, async () => {
  const { code, stderr } = await run("--hostname", "192.0.2.1", "--port", "0");
  assertEquals(code, 2);
  assertMatch(stderr, /^Cannot listen on 192\.0\.2\.1 port 0 as deno was started without --allow-net for it\n$/);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  programTest(
    `the showcase prints one line, serves, and ends with 0 on ${signal}`,
    { programs: ["deno"] },
    async () => {
      await using program = await ServerProgram.start(SHOWCASE, ["--port", "0"]);
      assertMatch(program.line, /^Listening on http:\/\/127\.0\.0\.1:\d+\/\n$/);
      using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
      const response = await fetch(`${program.origin}/hello`, { client });
      assertEquals(await response.text(), "Hello, World!\n");
      program.signal(signal);
      assertEquals(await program.ended(), { code: 0, stderr: "" });
    },
  );
}

/** Tries to connect until nobody listens. */
async function untilRefused(port: number): Promise<void> {
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return;
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error; // caught in the queue of the closing listener
    }
  }
}

async function write(conn: Deno.Conn, text: string): Promise<void> {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(await conn.write(rest));
}

programTest("the showcase finishes what is in flight on SIGTERM, and ends its event streams", {
  programs: ["deno"],
}, async () => {
  await using program = await ServerProgram.start(SHOWCASE, ["--port", "0"]);
  const { port } = program;
  using watching = await Deno.connect({ hostname: "127.0.0.1", port });
  await write(watching, requestText("GET", "/sse"));
  using uploading = await Deno.connect({ hostname: "127.0.0.1", port });
  const chunked = { headers: { "transfer-encoding": "chunked", expect: "100-continue" } };
  await write(uploading, requestText("POST", "/upload", chunked));
  const interim = new Uint8Array(1024);
  const count = await uploading.read(interim) ?? 0; // the handler reads: the request is in flight
  assertEquals(decoder.decode(interim.subarray(0, count)), "HTTP/1.1 100 Continue\r\n\r\n");
  program.signal("SIGTERM");
  await untilRefused(port);
  await write(uploading, "5\r\nhello\r\n0\r\n\r\n");
  const answer = parseAnswer(await new Response(uploading.readable).text());
  assertEquals(JSON.parse(answer.body).bytes, 5);
  const events = parseAnswer(await new Response(watching.readable).text());
  assertStringIncludes(events.body, "event: history\n");
  assertEquals(await program.ended(), { code: 0, stderr: "" });
});

/** What curl must print for the page's commands, in the page's order. */
const PRINTED: readonly RegExp[] = [
  /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nHello, World!\n$/,
  /^HTTP\/1\.1 200 OK\r\n[^]*"protocol":"HTTP\/1\.1"/,
  /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nRead me back$/,
  /^\{"bytes":[1-9]\d*,"sha256":"[0-9a-f]{64}","seconds":[\d.]+\}\n$/,
  /^$/,
  /^HTTP\/1\.1 200 OK\r\n[^]*Asked for 500 ms, waited (?:[5-9]\d\d|\d{4})\.\d ms\.\n$/,
  /^HTTP\/1\.1 200 OK\r\n[^]*\r\n0\r\ncontent-digest: sha-256=:[\w+/]{43}=:\r\n/,
  /^HTTP\/1\.1 103 Early Hints\r\nlink: [^]*\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
  /^event: history\n[^]*(?:event: sample\n[^]*){3}\n$/,
  /^HTTP\/1\.1 418 [^]*\r\n\r\n418 /,
  /^HTTP\/1\.1 101 Switching Protocols\r\n[^]*sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/,
  ...REFUSALS.map(({ status }) => new RegExp(`^HTTP/1\\.1 ${status} `)),
];

/** How curl ends when it had no more time. */
const TIMED_OUT = 28;

programTest("every command on the page does in curl what the page says", {
  programs: ["deno", "curl"],
}, async () => {
  await using program = await ServerProgram.start(SHOWCASE, ["--port", "0"]);
  const page = await shell(`curl -s ${program.origin}/`);
  const commands = commandsOn(page.stdout);
  assertEquals(commands.length, PRINTED.length);
  const printed = await Promise.all(commands.map((command) => shell(command.replace(/^curl /, "curl -sS "))));
  printed.forEach(({ code, stdout }, at) => {
    assertEquals(code, commands[at]?.includes("--max-time") ? TIMED_OUT : 0, commands[at]);
    assertMatch(stdout, PRINTED[at] ?? /^\b$/, commands[at]);
  });
  program.signal("SIGINT");
  const { code } = await program.ended();
  assert(code === 0);
});
