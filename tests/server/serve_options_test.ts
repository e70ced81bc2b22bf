/**
 * Owns the tests of the options of `serve()`: every bad one is refused at the call, by a clear error, with nothing left
 * open; defaults; `DENO_SERVE_ADDRESS`. Must not know what the options do.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { memoryNetwork } from "../../net/mod.ts";
import { DEFAULT_SERVE_LIMITS, DEFAULT_SERVE_TIMEOUTS, serve } from "../../server/mod.ts";
import { parseServeAddress } from "../../server/environment.ts";
import { programTest } from "../programs.ts";

type ErrorKind = "TypeError" | "RangeError" | "InvalidData";

const hello = () => new Response("hello");

/** Arguments that no type checker would let pass, the error that they get, and its message. */
const BAD: readonly (readonly [args: unknown[], kind: ErrorKind, message: string])[] = [
  [[], "TypeError", "Cannot serve as options must be an object: received undefined"],
  [[null, hello], "TypeError", "Cannot serve as options must be an object: received null"],
  [["8000", hello], "TypeError", "Cannot serve as options must be an object: received string"],
  [[{}], "TypeError", "Cannot serve as 'handler' must be a function: received undefined"],
  [[{}, { fetch: hello }], "TypeError", "Cannot serve as 'handler' must be a function: received object"],
  [[{ handler: null }], "TypeError", "Cannot serve as 'handler' must be a function: received null"],
  [[{ onError: 1 }, hello], "TypeError", "Cannot serve as 'onError' must be a function: received number"],
  [[{ onListen: "" }, hello], "TypeError", "Cannot serve as 'onListen' must be a function: received string"],
  [[{ onConnectionError: null }, hello], "TypeError", "'onConnectionError' must be a function: received null"],
  [[{ signal: {} }, hello], "TypeError", "Cannot serve as 'signal' must be an AbortSignal: received object"],
  [[{ automaticCompression: true }, hello], "TypeError", "'automaticCompression' must be false or left out"],
  [[{ transport: "udp" }, hello], "TypeError", "Cannot serve as 'transport' must be tcp, unix or vsock: received udp"],
  [[{ transport: "unix" }, hello], "TypeError", "Cannot serve as 'path' must be a string: received undefined"],
  [[{ path: 1 }, hello], "TypeError", "Cannot serve as 'path' must be a string: received number"],
  [[{ path: "" }, hello], "TypeError", "Cannot serve as 'path' must not be empty"],
  [[{ transport: "vsock", port: 1 }, hello], "RangeError", "'cid' must be -1 to 4294967295: received undefined"],
  [[{ cid: 1.5, port: 1 }, hello], "RangeError", "Cannot serve as 'cid' must be -1 to 4294967295: received 1.5"],
  [[{ cid: 1 }, hello], "RangeError", "Cannot serve as 'port' must be -1 to 4294967295: received undefined"],
  [[{ cid: 1, port: 2 ** 32 }, hello], "RangeError", "'port' must be -1 to 4294967295: received 4294967296"],
  ...[-1, 65536, 0.5, NaN, Infinity, "8000", null].map((port): [unknown[], ErrorKind, string] => [
    [{ port }, hello],
    "RangeError",
    `Cannot serve as 'port' must be 0 to 65535: received ${port}`,
  ]),
  [[{ hostname: 127 }, hello], "TypeError", "Cannot serve as 'hostname' must be a string: received number"],
  [[{ port: 0, reusePort: true }, hello], "TypeError", "reusePort needs Deno's flag --unstable-net"],
  ...[-1, 0, 1.5, NaN, 2 ** 31].map((tcpBacklog): [unknown[], ErrorKind, string] => [
    [{ port: 0, tcpBacklog }, hello],
    "RangeError",
    `Cannot serve as 'tcpBacklog' must be 1 to 2147483647: received ${tcpBacklog}`,
  ]),
  [[{ port: 0, cert: "a" }, hello], "TypeError", "Cannot serve TLS as 'key' and 'cert' must both be strings of PEM"],
  [[{ port: 0, key: "a" }, hello], "TypeError", "Cannot serve TLS as 'key' and 'cert' must both be strings of PEM"],
  [[{ port: 0, key: 1, cert: 2 }, hello], "TypeError", "'key' and 'cert' must both be strings of PEM"],
  [[{ port: 0, keyFormat: "der", key: "a", cert: "a" }, hello], "TypeError", "'keyFormat' must be pem: received der"],
  [[{ listener: {} }, hello], "TypeError", "Cannot serve as 'listener' must be a Listener: received object"],
  [[{ listener: null }, hello], "TypeError", "Cannot serve as 'listener' must be a Listener: received null"],
  [[{ clock: {} }, hello], "TypeError", "Cannot serve as 'clock' must be a Clock: received object"],
  [[{ limits: 5 }, hello], "TypeError", "Cannot serve as 'limits' must be an object: received number"],
  [[{ timeouts: null }, hello], "TypeError", "Cannot serve as 'timeouts' must be an object: received null"],
  [[{ limits: { maxBody: 5 } }, hello], "TypeError", "Cannot serve as 'limits' must not have 'maxBody'"],
  [[{ timeouts: { idel: 5 } }, hello], "TypeError", "Cannot serve as 'timeouts' must not have 'idel'"],
  ...Object.keys(DEFAULT_SERVE_LIMITS).flatMap((name) =>
    [-1, 0.5, NaN, "5", null].map((value): [unknown[], ErrorKind, string] => [
      [{ limits: { [name]: value } }, hello],
      "RangeError",
      `Cannot serve as 'limits.${name}' must be a whole number >= `,
    ])
  ),
  ...Object.keys(DEFAULT_SERVE_TIMEOUTS).flatMap((name) =>
    [-1, 0, NaN, "5", null].map((value): [unknown[], ErrorKind, string] => [
      [{ timeouts: { [name]: value } }, hello],
      "RangeError",
      `Cannot serve as 'timeouts.${name}' must be more than 0 ms: received ${value}`,
    ])
  ),
];

Deno.test("serve() refuses every bad option at the call, and says which", () => {
  for (const [args, kind, message] of BAD) {
    const text = Deno.inspect(args);
    let thrown: unknown;
    try {
      Reflect.apply(serve, undefined, args);
    } catch (error) {
      thrown = error;
    }
    assertInstanceOf(thrown, Error, text);
    assertEquals(thrown.name, kind, `${text}: ${thrown.message}`);
    assertStringIncludes(thrown.message, message, text);
  }
});

Deno.test("serve() opens nothing where an option is refused", async () => {
  const { listener, dial } = memoryNetwork();
  for (const bad of [{ limits: { maxFields: -1 } }, { timeouts: { idle: 0 } }, { onError: null }]) {
    try {
      Reflect.apply(serve, undefined, [{ listener, ...bad }, hello]);
    } catch (error) {
      assertInstanceOf(error, Error);
      continue;
    }
    throw new Error("was not refused");
  }
  await using wire = await dial(); // the listener is its owner's still
  (await listener.accept()).close();
  assertEquals(await wire.readToEnd(), "");
  listener.close();
});

Deno.test("serve() takes options that are there but undefined for left out", async () => {
  const options = {
    onError: undefined,
    limits: { maxFields: undefined },
    timeouts: { idle: undefined },
    signal: undefined,
  };
  const { listener, dial } = memoryNetwork();
  await using _server = Reflect.apply(serve, undefined, [{ ...options, listener, clock: undefined }, hello]);
  await using wire = await dial();
  await wire.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
  assertMatch(await wire.readUntil("hello"), /^HTTP\/1\.1 200 OK\r\n/);
});

Deno.test("serve() takes Infinity for every limit and every deadline", async () => {
  const all = (names: object) => Object.fromEntries(Object.keys(names).map((name) => [name, Infinity]));
  const { listener, dial } = memoryNetwork();
  await using _server = serve(
    { listener, limits: all(DEFAULT_SERVE_LIMITS), timeouts: all(DEFAULT_SERVE_TIMEOUTS) },
    async (request) => new Response(await request.text()),
  );
  await using wire = await dial();
  await wire.write("POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n");
  assertMatch(await wire.readUntil("\r\n\r\nab"), /^HTTP\/1\.1 200 OK\r\n/);
});

Deno.test("serve() answers a bare 500 by default, and prints the error that the handler threw", async () => {
  const printed: unknown[] = [];
  const { error: print } = console;
  console.error = (...args) => printed.push(...args);
  try {
    const secret = new Error("a secret");
    const { listener, dial } = memoryNetwork();
    await using _server = serve({ listener }, () => Promise.reject(secret));
    await using wire = await dial();
    await wire.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    const text = await wire.readUntil("Internal Server Error", 4096) +
      await wire.readUntil("Internal Server Error", 4096);
    assertMatch(text, /^HTTP\/1\.1 500 Internal Server Error\r\n/);
    assert(!text.includes("secret"));
    assertEquals(printed, [secret]);
  } finally {
    console.error = print;
  }
});

Deno.test("parseServeAddress() reads what Deno.serve reads", () => {
  assertEquals(parseServeAddress("tcp:127.0.0.1:8080"), { hostname: "127.0.0.1", port: 8080 });
  assertEquals(parseServeAddress("tcp:[::1]:0"), { hostname: "::1", port: 0 });
  assertEquals(parseServeAddress("unix:/run/a,b.sock"), { path: "/run/a,b.sock" });
  assertEquals(parseServeAddress("unix:relative:x"), { path: "relative:x" });
  assertEquals(parseServeAddress("vsock:2:80"), { cid: 2, port: 80 });
  assertEquals(parseServeAddress("vsock:-1:-1"), { cid: -1, port: -1 });
});

Deno.test("parseServeAddress() refuses other forms", () => {
  const bad = ["", "8080", ":8080", "tcp:8080", "tcp::8080", "tcp:localhost:", "tcp:localhost:x", "tcp:h:1.5", "unix:"];
  for (const value of [...bad, "vsock:2", "vsock:x:1", "http://a:1", "duplicate,tcp:127.0.0.1:1"]) {
    let thrown: unknown;
    try {
      parseServeAddress(value);
    } catch (error) {
      thrown = error;
    }
    assertInstanceOf(thrown, TypeError, value);
    assertStringIncludes(thrown.message, `Cannot serve as 'DENO_SERVE_ADDRESS' must be tcp:HOST:PORT`);
  }
});

/** Runs `testdata/serve_address.ts` with the variable set: what it prints, a line each. */
async function served(address: string, ...flags: readonly string[]): Promise<string[]> {
  const { pathname } = new URL("testdata/serve_address.ts", import.meta.url);
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-prompt", ...flags, pathname],
    env: { DENO_SERVE_ADDRESS: address, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""], address);
  return new TextDecoder().decode(stdout).trimEnd().split("\n");
}

programTest("serve() listens where DENO_SERVE_ADDRESS says, once in a process", { programs: ["deno"] }, async () => {
  const [first = "", second = ""] = await served("tcp:127.0.0.1:0", "--allow-net=127.0.0.1", "--allow-env");
  assertMatch(first, /^tcp 127\.0\.0\.1 \d+ hello$/);
  assertMatch(second, /^tcp 127\.0\.0\.2 refused$/); // its own options, which the program may not use
});

programTest("serve() does not read DENO_SERVE_ADDRESS without permission, and asks for none", {
  programs: ["deno"],
}, async () => {
  const [first = ""] = await served("tcp:127.0.0.1:0", "--allow-net=127.0.0.1,127.0.0.2");
  assertMatch(first, /^tcp 127\.0\.0\.2 \d+ hello$/);
});

programTest("serve() listens on the Unix socket that DENO_SERVE_ADDRESS names", {
  programs: ["deno"],
  ignore: Deno.build.os === "windows",
}, async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/a.sock`;
  const flags = ["--allow-net", `--allow-read=${folder}`, `--allow-write=${folder}`, "--allow-env=DENO_SERVE_ADDRESS"];
  const [first] = await served(`unix:${path}`, ...flags);
  await Deno.remove(folder, { recursive: true });
  assertEquals(first, `unix ${path} hello`);
});

programTest("serve({ cid, port }) listens on a VSOCK where there is one", { programs: ["deno"] }, async () => {
  const { pathname } = new URL("testdata/serve_vsock.ts", import.meta.url);
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-prompt", "--unstable-vsock", "--allow-net", pathname],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const printed = new TextDecoder().decode(stdout);
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  if (printed.startsWith("missing")) console.warn(`skipped: serve({ cid, port }): ${printed.trim()}`);
  else assertMatch(printed, /^vsock 4294967295 \d+ ended\n$/);
});

Deno.test("serve() closes what it has opened when onListen throws", async () => {
  const { listener, dial } = memoryNetwork();
  const failure = new Error("onListen failed");
  const onListen = () => {
    throw failure;
  };
  assertStrictEquals(assertThrows(() => serve({ listener, onListen }, hello)), failure);
  await assertRejects(() => dial(), Deno.errors.ConnectionRefused);
});
