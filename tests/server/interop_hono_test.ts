/**
 * Owns the tests that an app of a framework of others' making runs as it is. Must not know how the server does it.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { Hono } from "npm:hono@^4.10.0";
import { memoryNetwork } from "../../net/mod.ts";
import { serve } from "../../server/mod.ts";

function app(): Hono {
  const hono = new Hono();
  hono.use(async (context, next) => {
    await next();
    context.header("x-powered-by", "Hono");
  });
  hono.get("/", (context) => context.text("Hello, Hono!"));
  hono.get("/users/:id", (context) => context.json({ id: context.req.param("id"), q: context.req.query("q") }));
  hono.post("/form", async (context) => context.json(await context.req.parseBody()));
  hono.post("/json", async (context) => context.json(await context.req.json(), 201));
  hono.get("/html", (context) => context.html("<p>&amp;</p>"));
  hono.get("/stream", (context) => context.body(ReadableStream.from([new TextEncoder().encode("streamed")])));
  hono.get("/throws", () => {
    throw new Error("on purpose");
  });
  hono.onError((error, context) => context.text(error.message, 503));
  return hono;
}

Deno.test("serve(app.fetch) runs a Hono app over TCP", async () => {
  await using server = serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, app().fetch);
  using client = Deno.createHttpClient({});
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${server.addr.port}${path}`, { ...init, client });
    assertEquals(response.headers.get("x-powered-by"), "Hono");
    const type = response.headers.get("content-type")?.replace("; ", ";");
    return [response.status, type, await response.text()];
  };
  const post = (body: BodyInit) => ({ method: "POST", body });
  assertEquals(await ask("/"), [200, "text/plain;charset=UTF-8", "Hello, Hono!"]);
  assertEquals(await ask("/users/7?q=a%20b"), [200, "application/json", '{"id":"7","q":"a b"}']);
  assertEquals(await ask("/form", post(new URLSearchParams({ a: "ä" }))), [200, "application/json", '{"a":"ä"}']);
  assertEquals(await ask("/json", post('{"b":[1]}')), [201, "application/json", '{"b":[1]}']);
  assertEquals(await ask("/html"), [200, "text/html;charset=UTF-8", "<p>&amp;</p>"]);
  assertEquals(await ask("/stream"), [200, undefined, "streamed"]);
  assertEquals(await ask("/missing"), [404, "text/plain;charset=UTF-8", "404 Not Found"]);
  assertEquals(await ask("/throws"), [503, "text/plain;charset=UTF-8", "on purpose"]);
});

Deno.test("serve({ listener }, app.fetch) runs a Hono app without a socket", async () => {
  const { listener, dial } = memoryNetwork();
  await using _server = serve({ listener }, app().fetch);
  await using wire = await dial();
  await wire.write("GET /users/8 HTTP/1.1\r\nhost: localhost\r\n\r\n");
  assertMatch(await wire.readUntil('{"id":"8"}'), /^HTTP\/1\.1 200 OK\r\n/);
});
