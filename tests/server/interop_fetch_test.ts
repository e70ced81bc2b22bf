/**
 * Owns the tests of a server by the platform's own `fetch`. Must not know how the server does it.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { startApp, startSecureApp } from "./interop_app.ts";

/** Declares a test that fetches from the app, after which no connection may have failed unless it says so. */
function fetchTest(
  name: string,
  fn: (get: typeof fetch, app: ReturnType<typeof startApp>) => Promise<void>,
  { fails = false } = {},
): void {
  Deno.test(`fetch(): ${name}`, async () => {
    const app = startApp();
    await using _server = app.server;
    using client = Deno.createHttpClient({});
    await fn((input, init) => fetch(`${app.origin}${input}`, { ...init, client }), app);
    if (!fails) assertEquals(app.errors, []);
  });
}

fetchTest("GET, HEAD, and statuses without content", async (get) => {
  assertEquals(await (await get("/hello")).text(), "Hello, World!");
  const head = await get("/hello", { method: "HEAD" });
  assertEquals([head.headers.get("content-length"), await head.text()], ["13", ""]);
  for (const [path, status] of [["/none", 204], ["/same", 304]] as const) {
    const response = await get(path);
    assertEquals([response.status, await response.text()], [status, ""]);
  }
});

fetchTest("every kind of body", async (get) => {
  const form = new FormData();
  form.append("a", "ä");
  form.append("b", new File(["file"], "name.txt"));
  const seen = async (body: BodyInit) => (await (await get("/seen", { method: "POST", body })).json()).text;
  assertEquals(await seen("text €"), "text €");
  assertEquals(await seen(new Uint8Array([97, 98])), "ab");
  assertEquals(await seen(new Blob(["blob"])), "blob");
  assertEquals(await seen(new URLSearchParams({ a: "b c" })), "a=b+c");
  assertEquals(await seen(ReadableStream.from([new Uint8Array([97]), new Uint8Array([98])])), "ab");
  const response = await get("/form", { method: "POST", body: form });
  assertEquals(await response.json(), [["a", "ä"], ["b", "name.txt: file"]]);
});

fetchTest("a large echo, streamed both ways", async (get) => {
  const body = new Blob([new Uint8Array(2_000_000).fill(7)]).stream();
  const response = await get("/echo", { method: "POST", body });
  const bytes = await response.bytes();
  assertEquals(bytes.length, 2_000_000);
  assert(bytes.every((byte) => byte === 7));
});

fetchTest("connections are reused", async (get, { server }) => {
  const ports = new Set<string>();
  for (let count = 0; count < 20; count++) ports.add(await (await get("/port")).text());
  assertEquals([ports.size, server.stats.requests], [1, 20]);
});

fetchTest("a hundred requests at once", async (get) => {
  const texts = await Promise.all(Array.from({ length: 100 }, async () => (await get("/hello")).text()));
  assertEquals(new Set(texts), new Set(["Hello, World!"]));
});

fetchTest("1xx answers and trailers don't confuse it", async (get) => {
  assertEquals(await (await get("/hints")).text(), "hinted");
  assertEquals(await (await get("/trailers")).text(), "content");
  assertEquals(await (await get("/hello")).text(), "Hello, World!");
});

fetchTest("an abort half-way ends the answer, not the server", async (get) => {
  const abort = new AbortController();
  const response = await get("/bytes?100000000", { signal: abort.signal });
  const reader = response.body!.getReader();
  await reader.read();
  abort.abort();
  await assertRejects(async () => {
    while (!(await reader.read()).done);
  });
  assertEquals(await (await get("/hello")).text(), "Hello, World!");
}, { fails: true });

Deno.test("fetch(): over https", async () => {
  const { server, errors, origin } = startSecureApp();
  await using _server = server;
  using client = Deno.createHttpClient({
    caCerts: [await Deno.readTextFile(new URL("../net/testdata/cert.pem", import.meta.url))],
  });
  const response = await fetch(`${origin}/echo`, { client, method: "POST", body: new Uint8Array(300_000) });
  assertEquals((await response.bytes()).length, 300_000);
  assertEquals(await (await fetch(`${origin}/hello`, { client })).text(), "Hello, World!");
  assertEquals([errors, server.stats.connections], [[], 1]);
});
