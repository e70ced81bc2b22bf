/**
 * Owns the tests of a server's HTTP/2 by the platform's own `fetch`. Must not know how the server does it.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { CERT_PATH } from "./interop_app.ts";
import { type App, http2Test, type Http2TestOptions } from "./interop_http2_app.ts";

/** Fetches a path of the app. */
type Get = (path: string, init?: RequestInit) => Promise<Response>;

/** Declares a test that fetches from the app by HTTP/2: by ALPN, or knowing that the server speaks it. */
function fetchTest(
  name: string,
  fn: (get: Get, app: App) => Promise<void>,
  options: Omit<Http2TestOptions, "programs"> = {},
): void {
  http2Test(`fetch() over HTTP/2: ${name}`, { programs: [], ...options }, async (app) => {
    using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(CERT_PATH)], http1: false });
    const get: Get = (path, init) => fetch(`${app.origin}${path}`, { ...init, client });
    assertEquals(await (await get("/protocol")).text(), "HTTP/2");
    await fn(get, app);
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
  assertEquals(await seen(new Blob(["blob"])), "blob");
  assertEquals(await seen(ReadableStream.from([new Uint8Array([97]), new Uint8Array([98])])), "ab");
  const response = await get("/form", { method: "POST", body: form });
  assertEquals(await response.json(), [["a", "ä"], ["b", "name.txt: file"]]);
});

fetchTest("a large echo, streamed both ways", async (get) => {
  const body = new Blob([new Uint8Array(5_000_000).fill(7)]).stream();
  const bytes = await (await get("/echo", { method: "POST", body })).bytes();
  assertEquals(bytes.length, 5_000_000);
  assert(bytes.every((byte) => byte === 7));
});

fetchTest("a conversation: each piece is answered before the next one is sent", async (get) => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const response = get("/echo", { method: "POST", body: readable });
  await writer.write(new TextEncoder().encode("0"));
  const reader = (await response).body!.pipeThrough(new TextDecoderStream()).getReader();
  for (let count = 0; count < 20; count++) {
    assertEquals((await reader.read()).value, String(count));
    await writer.write(new TextEncoder().encode(String(count + 1)));
  }
  await writer.close();
  assertEquals([(await reader.read()).value, (await reader.read()).done], ["20", true]);
});

fetchTest("a hundred requests at once, over one connection", async (get, { server }) => {
  const ports = await Promise.all(Array.from({ length: 100 }, async () => (await get("/port")).text()));
  assertEquals([new Set(ports).size, server.stats.requests], [1, 101]);
});

fetchTest("1xx answers and trailers don't confuse it", async (get) => {
  assertEquals(await (await get("/hints")).text(), "hinted");
  assertEquals(await (await get("/trailers")).text(), "content");
  assertEquals(await (await get("/hello")).text(), "Hello, World!");
});

fetchTest("an abort half-way ends the answer, not the connection", async (get) => {
  const port = await (await get("/port")).text();
  const abort = new AbortController();
  const response = await get("/bytes?100000000", { signal: abort.signal });
  const reader = response.body!.getReader();
  await reader.read();
  abort.abort();
  await assertRejects(async () => {
    while (!(await reader.read()).done);
  });
  assertEquals(await (await get("/port")).text(), port);
});

fetchTest("a server that ends finishes what is under way, and takes no more", async (get, { server }) => {
  const response = await get("/bytes?3000000");
  const ended = server.shutdown();
  assertEquals((await response.bytes()).length, 3_000_000);
  await ended;
  await assertRejects(() => get("/hello"), TypeError);
});
