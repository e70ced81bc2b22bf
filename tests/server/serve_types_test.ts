/**
 * Owns the tests of the shapes in which `serve()` can be called: all of `Deno.serve`'s, by type and by deed. Must not know
 * what is served.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import { dialUnix, memoryNetwork, type Transport, Wire } from "../../net/mod.ts";
import { type Handler, type HttpServer, serve, type ServeInfo } from "../../server/mod.ts";
import { unixSockets } from "./semantics/carriers.ts";

const GET = "GET /shape HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
const hello = () => new Response("hello");
const quiet = { hostname: "127.0.0.1", port: 0, onListen: () => {} } as const;

/** Asks over a transport, and gives the content that comes back. */
async function askOver(transport: Transport): Promise<string> {
  await using wire = new Wire(transport);
  await wire.write(GET);
  return (await wire.readToEnd()).replace(/^[^]*\r\n\r\n/, "");
}

async function fetched(server: HttpServer<Deno.NetAddr>): Promise<string> {
  await using _server = server;
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const response = await fetch(`http://127.0.0.1:${server.addr.port}/shape`, { client });
  return await response.text();
}

Deno.test("serve() has the type of Deno.serve", () => {
  const check: typeof Deno.serve = serve;
  const handler: Deno.ServeHandler = (_request, info) => new Response(info.remoteAddr.transport);
  const own: Handler<Deno.NetAddr> = handler;
  const app: Deno.ServeDefaultExport = { fetch: handler };
  const fits: Handler<Deno.NetAddr> = app.fetch;
  const options: Deno.ServeTcpOptions & Deno.TlsCertifiedKeyPem = { port: 1, key: "", cert: "", reusePort: false };
  const call = () => serve(options, own) satisfies Deno.HttpServer<Deno.NetAddr>;
  const vsock = (given: Deno.ServeVsockOptions) =>
    serve(given, (_request, info) => new Response(`${info.remoteAddr.cid}`));
  const unix = (given: Deno.ServeUnixOptions) => serve(given, (_request, info) => new Response(info.remoteAddr.path));
  assertEquals([check, own, fits].map((value) => typeof value), ["function", "function", "function"]);
  assert([call, unix, vsock].every((value) => typeof value === "function"));
});

Deno.test("serve(options, handler) listens on TCP and gives a Deno.HttpServer", async () => {
  const seen: Deno.NetAddr[] = [];
  const server: Deno.HttpServer<Deno.NetAddr> & HttpServer<Deno.NetAddr> = serve({
    ...quiet,
    onListen: (addr) => seen.push(addr),
  }, (_request, info) => new Response(info.remoteAddr.hostname));
  assertEquals(seen, [server.addr]);
  assertEquals([server.addr.transport, server.addr.hostname], ["tcp", "127.0.0.1"]);
  server.unref();
  server.ref();
  assertEquals(await fetched(server), "127.0.0.1");
});

Deno.test("serve({ handler }) takes the handler among the options", async () => {
  assertEquals(await fetched(serve({ ...quiet, handler: hello })), "hello");
  assertEquals(await fetched(serve({ ...quiet, transport: "tcp", handler: hello })), "hello");
});

Deno.test("serve() prefers the handler beside the options to the one among them, as Deno.serve does", async () => {
  const both = { ...quiet, handler: () => new Response("among") };
  assertEquals(await fetched(serve(both, () => new Response("beside"))), "beside");
});

Deno.test("serve(app.fetch) runs a method that needs no this, and gives it the info second", async () => {
  const app = {
    fetch(request: Request, info?: ServeInfo<Deno.NetAddr>): Response {
      return new Response(`${new URL(request.url).pathname} ${info?.remoteAddr.transport}`);
    },
  };
  assertEquals(await fetched(serve(quiet, app.fetch)), "/shape tcp");
});

Deno.test("serve({ listener }) takes any listener, and prints nothing", async () => {
  for (const beside of [true, false]) {
    const { listener, connect } = memoryNetwork({ name: "mine" });
    await using server = beside ? serve({ listener }, hello) : serve({ listener, handler: hello });
    assertEquals(server.addr, { transport: "memory", name: "mine" });
    assertEquals(await askOver(await connect()), "hello");
  }
});

Deno.test({
  name: "serve({ path }) listens on a Unix socket",
  ignore: !unixSockets(),
  async fn() {
    const folder = await Deno.makeTempDir();
    for (const [name, beside] of [["a", true], ["b", false]] as const) {
      const path = `${folder}/${name}.sock`;
      const listened: string[] = [];
      const options = { path, onListen: (addr: Deno.UnixAddr) => void listened.push(addr.path) };
      const handler: Handler<Deno.UnixAddr> = (_request, info) => new Response(info.localAddr.path);
      await using server = beside ? serve(options, handler) : serve({ ...options, transport: "unix", handler });
      assertEquals([server.addr.path, listened], [path, [path]]);
      assertEquals(await askOver(await dialUnix({ path })), path);
    }
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("serve() throws AddrInUse where someone else listens, and leaves that one alone", async () => {
  const first = serve(quiet, hello);
  const error = assertThrows(() => serve({ ...quiet, port: first.addr.port }, hello), Deno.errors.AddrInUse);
  assertMatch(error.message, /in use/i);
  assertEquals(await fetched(first), "hello");
});

Deno.test("serve() prints where it listens unless onListen is given", async () => {
  const lines: unknown[] = [];
  const { log } = console;
  console.log = (...line) => lines.push(...line);
  try {
    await using server = serve({ hostname: "127.0.0.1", port: 0 }, hello);
    assertEquals(lines, [`Listening on http://127.0.0.1:${server.addr.port}/`]);
    assertInstanceOf(server.finished, Promise);
  } finally {
    console.log = log;
  }
});
