/**
 * Owns the proof that the measured servers can be started, talk to the harness, answer what their handler does, and end;
 * ours has suites of its own. Measures nothing.
 *
 * @module
 */

import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { type Answer, differences } from "../../bench/load/case.ts";
import { CHUNK_BYTES, DOWNLOAD_BYTES, downloadBytes, handlerNamed } from "../../bench/load/handler.ts";
import { probe } from "../../bench/load/probe.ts";
import { Child, finish, MissingProgramError } from "../../bench/load/process.ts";
import type { Ask } from "../../bench/load/wrk.ts";
import { programTest } from "../programs.ts";

const SERVERS = new URL("../../bench/load/servers/", import.meta.url);

function deno(script: string, ...args: string[]): Child {
  const flags = ["run", "--no-prompt", "--no-config", "--allow-net=127.0.0.1", "--v8-flags=--expose-gc"];
  return new Child({ program: "deno", args: [...flags, new URL(script, SERVERS).href, ...args] }, script);
}

function node(handler: string): Child {
  return new Child({ program: "node", args: ["--expose-gc", new URL("node_http.mjs", SERVERS).pathname, handler] });
}

/** Asks several servers the same, and tells how they differ. */
async function compared(ask: Ask, servers: Record<string, Child>): Promise<string[]> {
  await using stack = new AsyncDisposableStack();
  const answers = new Map<string, Answer>();
  for (const server of Object.values(servers)) stack.use(server);
  for (const [name, server] of Object.entries(servers)) {
    answers.set(name, await probe(await server.number("listening"), ask));
  }
  assertEquals([...answers.values()].map(({ status }) => status), [...answers].map(() => 200));
  return differences(answers, new Set(["floor"]));
}

for (const name of ["hello", "async", "json"]) {
  programTest(`${name}: Deno.serve, node:http and canned answer the same`, { programs: ["deno", "node"] }, async () => {
    const servers = { deno: deno("deno_serve.ts", name), node: node(name), floor: deno("canned.ts", name) };
    assertEquals(await compared({}, servers), []);
  });
}

programTest("touch and echo: Deno.serve and node:http answer the same", { programs: ["deno", "node"] }, async () => {
  const touch: Ask = { path: "/items/17?page=2", headers: { accept: "text/html", cookie: "a=1" } };
  assertEquals(await compared(touch, { deno: deno("deno_serve.ts", "touch"), node: node("touch") }), []);
  const echo: Ask = { method: "POST", body: '{"a": [1, null, "ü"]}' };
  assertEquals(await compared(echo, { deno: deno("deno_serve.ts", "echo"), node: node("echo") }), []);
});

for (const name of ["downloadBytes", "downloadStream"]) {
  programTest(`${name}: Deno.serve, node:http and the write loop send the same`, {
    programs: ["deno", "node"],
  }, async () => {
    const servers = { deno: deno("deno_serve.ts", name), node: node(name), floor: deno("write_loop.ts") };
    assertEquals(await compared({}, servers), []);
  });
}

for (const name of ["uploadStream", "uploadBytes"]) {
  programTest(`${name}: Deno.serve, node:http and the read loop take the same`, {
    programs: ["deno", "node"],
  }, async () => {
    const ask: Ask = { method: "PUT", body: "0".repeat(1_000_000) };
    const servers = { deno: deno("deno_serve.ts", name), node: node(name), floor: deno("read_loop.ts") };
    assertEquals(await compared(ask, servers), []);
  });
}

programTest(
  "servers collect garbage and tell their memory when ordered to",
  { programs: ["deno", "node"] },
  async () => {
    for (const start of [() => deno("deno_serve.ts", "hello"), () => node("hello")]) {
      await using server = start();
      await server.number("listening");
      const bytes = await server.order("collect", "rss");
      assertEquals(bytes > 10_000_000 && bytes < 1_000_000_000, true, `received ${bytes}`);
    }
  },
);

programTest(
  "the idle client asks over each connection once, and once more when told",
  { programs: ["deno"] },
  async () => {
    await using server = deno("canned.ts", "hello", "64");
    await using client = deno("idle_client.ts", String(await server.number("listening")), "150");
    assertEquals(await client.number("answered"), 150);
    assertEquals(await client.order("again", "answered"), 150);
  },
);

programTest("the idle client fails where a connection was closed meanwhile", { programs: ["deno"] }, async () => {
  const server = deno("canned.ts", "hello", "64");
  await using client = deno("idle_client.ts", String(await server.number("listening")), "3");
  assertEquals(await client.number("answered"), 3);
  await server[Symbol.asyncDispose]();
  await assertRejects(() => client.order("again", "answered"), Error, "Cannot go on as idle_client.ts ended with 1");
});

programTest("Child tells what a process that failed complained of", { programs: ["deno"] }, async () => {
  await using server = deno("deno_serve.ts", "nonsense");
  const error = await assertRejects(() => server.number("listening"), Error, "deno_serve.ts ended with 1");
  assertStringIncludes(error.message, "Cannot serve as handler must be one of");
});

programTest("Child refuses a line of another shape", { programs: ["deno"] }, async () => {
  for (const line of ["ready 5", "listening", "listening five", "5"]) {
    await using child = new Child({ program: "deno", args: ["eval", `console.log("${line}")`] });
    await assertRejects(() => child.number("listening"), Error, `must be 'listening <number>': received '${line}'`);
  }
});

programTest("finish() gives code and output", { programs: ["deno"] }, async () => {
  const args = ["eval", 'console.log("out"); console.error("err"); Deno.exit(3)'];
  assertEquals(await finish({ program: "deno", args }, 60), { code: 3, stdout: "out\n", stderr: "err\n" });
});

/** Sends a wire over a connection, and reads until `end` came as often as told. */
async function exchanged(connection: Deno.Conn, wire: string, end: string, times = 1): Promise<string> {
  await connection.write(new TextEncoder().encode(wire));
  const buffer = new Uint8Array(16 * 1024);
  let text = "";
  while (text.split(end).length <= times) {
    const read = await connection.read(buffer);
    if (read === null) throw new Error(`The connection ended after '${text}'`);
    text += new TextDecoder().decode(buffer.subarray(0, read));
  }
  return text;
}

programTest("canned answers as many requests as came in one write", { programs: ["deno"] }, async () => {
  await using server = deno("canned.ts", "hello");
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: await server.number("listening") });
  const wire = "GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(16);
  const text = await exchanged(connection, wire, "Hello, World!", 16);
  const answers = text.split(/(?<=World!)/);
  assertEquals(answers.length, 16);
  assertEquals(new Set(answers).size, 1);
  assertStringIncludes(text, "HTTP/1.1 200 OK\r\ncontent-type: text/plain;charset=UTF-8\r\ncontent-length: 13\r\n");
});

programTest("the read loop takes no more and no less than each request announces", { programs: ["deno"] }, async () => {
  await using server = deno("read_loop.ts");
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: await server.number("listening") });
  const put = (length: number, body: string) => `PUT / HTTP/1.1\r\nContent-Length: ${length}\r\n\r\n${body}`;
  const first = await exchanged(connection, put(5, "12345"), "\r\n\r\n5");
  // An answer that came before the whole body would leave its rest to be taken for a part of the next head.
  await connection.write(new TextEncoder().encode(put(12, "12345678901")));
  const second = await exchanged(connection, "2", "\r\n\r\n12");
  const third = await exchanged(connection, put(3, "123"), "\r\n\r\n3");
  for (const text of [first, second, third]) assertEquals(text.match(/HTTP\/1\.1 200 OK\r\n/g)?.length, 1);
});

Deno.test("a program that is not there is named, with the package that brings it", async () => {
  const invocation = { program: "no-such-program-here", args: [] };
  assertThrows(
    () => new Child(invocation),
    MissingProgramError,
    "Cannot run 'no-such-program-here' as it is not found",
  );
  await assertRejects(() => finish(invocation, 1), MissingProgramError);
  assertStringIncludes(new MissingProgramError("wrk").message, "install Debian's package 'wrk'");
});

/** Gives the chunks that a handler answers with. */
async function chunksOf(name: string): Promise<Uint8Array<ArrayBuffer>[]> {
  const response = await handlerNamed(name)(new Request("http://localhost/"));
  return response.body === null ? [] : await Array.fromAsync(response.body);
}

Deno.test("both download handlers send the same 64 MiB, one of them in chunks of 64 KiB", async () => {
  const chunks = await chunksOf("downloadStream");
  assertEquals(new Set(chunks.map(({ length }) => length)), new Set([CHUNK_BYTES]));
  const digest = async (parts: Uint8Array<ArrayBuffer>[]) =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer())).toHex();
  assertEquals(await digest(chunks), await digest([downloadBytes()]));
  assertEquals(await digest(await chunksOf("downloadBytes")), await digest([downloadBytes()]));
  assertEquals(downloadBytes().length, DOWNLOAD_BYTES);
  assertEquals(downloadBytes().findIndex((byte, at) => byte !== at % 251), -1);
});

Deno.test("handlerNamed() refuses a name that no handler has", () => {
  assertThrows(() => handlerNamed("nothing"), RangeError, "received nothing");
  assertThrows(() => handlerNamed(undefined), RangeError, "received undefined");
});
