/**
 * Owns the tests that a request off the wire can be handed to the platform: fetched, copied, kept in a cache. Must not
 * know how it is made.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { memoryNetwork, type Wire } from "../../net/mod.ts";
import { type Handler, serve } from "../../server/mod.ts";

/** A server of the platform's, which tells what it is asked, and what came of the content. */
function startBackend(aborted: PromiseWithResolvers<void> = Promise.withResolvers()) {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(options, async (request) => {
    const { method, headers, url } = request;
    const { pathname, search } = new URL(url);
    if (pathname === "/echo") return new Response(request.body);
    if (pathname === "/hang") {
      request.signal.addEventListener("abort", () => aborted.resolve());
      return new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(5)) }));
    }
    const seen = { method, target: pathname + search, own: headers.get("x-own"), text: await request.text() };
    return Response.json(seen, { status: 203, headers: { "x-backend": "yes" } });
  });
  return { server, authority: `127.0.0.1:${server.addr.port}` };
}

/** Speaks to a handler over a wire of memory. */
async function over(handler: Handler, speak: (wire: Wire) => Promise<void>): Promise<void> {
  const { listener, dial } = memoryNetwork();
  await using _server = serve({ listener }, handler);
  await using wire = await dial();
  await speak(wire);
}

/** The content of the next answer, whose head must match. */
async function contentOf(wire: Wire, head: RegExp): Promise<string> {
  const text = await wire.readUntil("\r\n\r\n");
  assert(head.test(text), text);
  const [, length] = /\r\ncontent-length: (\d+)\r\n/.exec(text) ?? [];
  if (length !== undefined) return await wire.readText(Number(length));
  let content = "";
  for (let size = await chunkSize(wire); size > 0; size = await chunkSize(wire)) {
    content += await wire.readText(size);
    assertEquals(await wire.readText(2), "\r\n");
  }
  assertEquals(await wire.readText(2), "\r\n");
  return content;
}

async function chunkSize(wire: Wire): Promise<number> {
  return parseInt(await wire.readUntil("\r\n"), 16);
}

Deno.test("fetch(request) forwards a request off the wire, and its response goes back as it is", async () => {
  const { server, authority } = startBackend();
  await using _backend = server;
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  await over((request) => fetch(request, { client }), async (wire) => {
    const fields = `host: ${authority}\r\nx-own: kept\r\n`;
    await wire.write(`GET /a?b=c HTTP/1.1\r\n${fields}\r\n`);
    const get = JSON.parse(await contentOf(wire, /^HTTP\/1\.1 203 [^]*\r\nx-backend: yes\r\n/));
    assertEquals(get, { method: "GET", target: "/a?b=c", own: "kept", text: "" });
    await wire.write(`PUT /put HTTP/1.1\r\n${fields}content-length: 7\r\n\r\ncontent`);
    const put = JSON.parse(await contentOf(wire, /^HTTP\/1\.1 203 /));
    assertEquals(put, { method: "PUT", target: "/put", own: "kept", text: "content" });
    await wire.write(
      `POST /chunked HTTP/1.1\r\n${fields}transfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n`,
    );
    const post = JSON.parse(await contentOf(wire, /^HTTP\/1\.1 203 /));
    assertEquals(post, { method: "POST", target: "/chunked", own: "kept", text: "onetwo" });
    await wire.write(`HEAD /head HTTP/1.1\r\n${fields}\r\n`);
    assert((await wire.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 203 "));
  });
});

Deno.test("fetch(url, request) sends a request off the wire elsewhere", async () => {
  const { server, authority } = startBackend();
  await using _backend = server;
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const proxy: Handler = (request) => {
    const { pathname, search } = new URL(request.url);
    return fetch(new Request(`http://${authority}${pathname}${search}`, request), { client });
  };
  await over(proxy, async (wire) => {
    await wire.write("PATCH /elsewhere?x HTTP/1.1\r\nhost: example.com\r\nx-own: 1\r\ncontent-length: 2\r\n\r\nok");
    const seen = JSON.parse(await contentOf(wire, /^HTTP\/1\.1 203 /));
    assertEquals(seen, { method: "PATCH", target: "/elsewhere?x", own: "1", text: "ok" });
  });
});

Deno.test("fetch(request) streams content both ways while it comes", async () => {
  const { server, authority } = startBackend();
  await using _backend = server;
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  await over((request) => fetch(request, { client }), async (wire) => {
    await wire.write(`POST /echo HTTP/1.1\r\nhost: ${authority}\r\ntransfer-encoding: chunked\r\n\r\n`);
    await wire.write("3\r\none\r\n");
    await wire.readUntil("\r\n\r\n");
    assertEquals(await wire.readUntil("one\r\n"), "3\r\none\r\n"); // before the rest is sent
    await wire.write("3\r\ntwo\r\n0\r\n\r\n");
    assertEquals(await wire.readUntil("0\r\n\r\n"), "3\r\ntwo\r\n0\r\n\r\n");
  });
});

Deno.test("fetch(request) is given up when the client of the request goes away", async () => {
  const aborted = Promise.withResolvers<void>();
  const { server, authority } = startBackend(aborted);
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  await over((request) => fetch(request, { client }), async (wire) => {
    await wire.write(`GET /hang HTTP/1.1\r\nhost: ${authority}\r\n\r\n`);
    await wire.readUntil("5\r\n");
    wire.close();
    await aborted.promise;
  });
  await server.shutdown();
});

Deno.test("a request off the wire is copied with what it says, and is its copy's source", async () => {
  const handler: Handler = async (request) => {
    assertInstanceOf(request, Request);
    const copy = new Request(request, { headers: { "x-own": "other" } });
    assertStrictEquals(request.bodyUsed, true);
    return Response.json([copy.method, copy.url, copy.headers.get("x-own"), await copy.text()]);
  };
  await over(handler, async (wire) => {
    await wire.write("QUERY /q HTTP/1.1\r\nhost: localhost\r\nx-own: 1\r\ncontent-length: 3\r\n\r\nabc");
    assertEquals(JSON.parse(await contentOf(wire, /^HTTP\/1\.1 200 /)), [
      "QUERY",
      "http://localhost/q",
      "other",
      "abc",
    ]);
  });
});
