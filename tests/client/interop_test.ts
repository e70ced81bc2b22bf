/**
 * Owns the tests of the client against servers that others wrote, and against our own over every kind of socket. Must not
 * know how the client does it.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { ConnectionLostError, HttpClient, trailersOf } from "../../client/mod.ts";
import { withTrailers } from "../../http/mod.ts";
import { Wire } from "../../net/mod.ts";
import { serve } from "../../server/mod.ts";
import { programTest } from "../programs.ts";
import { rejection } from "./peer.ts";

const certificate = (name: string) => Deno.readTextFileSync(new URL(`../net/testdata/${name}.pem`, import.meta.url));

/** What every server here can do: say hello, echo, send much, redirect, and close. */
async function app(request: Request): Promise<Response> {
  switch (new URL(request.url).pathname) {
    case "/echo":
      return new Response(await request.bytes());
    case "/big":
      return new Response(new Uint8Array(1_000_000).fill(7));
    case "/stream":
      return new Response(ReadableStream.from(["one", "two"]).pipeThrough(new TextEncoderStream()));
    case "/redirect":
      return new Response("moved", { status: 302, headers: { location: "/" } });
    case "/none":
      return new Response(null, { status: 204 });
  }
  return new Response("Hello, World!", { headers: { "x-method": request.method } });
}

/** Asks a server for everything that `app` has. */
async function exercise(client: HttpClient, origin: string): Promise<void> {
  const hello = await client.fetch(`${origin}/`);
  assertEquals([hello.status, await hello.text(), hello.headers.get("x-method")], [200, "Hello, World!", "GET"]);
  const head = await client.fetch(`${origin}/`, { method: "HEAD" });
  assertEquals([head.status, head.body, head.headers.get("x-method")], [200, null, "HEAD"]);
  const none = await client.fetch(`${origin}/none`);
  assertEquals([none.status, none.body, await none.text()], [204, null, ""]);
  const big = await (await client.fetch(`${origin}/big`)).bytes();
  assertEquals([big.length, big.every((octet) => octet === 7)], [1_000_000, true]);
  assertEquals(await (await client.fetch(`${origin}/stream`)).text(), "onetwo");
  const redirected = await client.fetch(`${origin}/redirect`);
  assertEquals([redirected.redirected, redirected.url, await redirected.text()], [true, `${origin}/`, "Hello, World!"]);
  const content = new Uint8Array(300_000).map((_, at) => at % 251);
  for (const body of [content, new Blob([content]), new Blob([content]).stream()]) {
    const echoed = await client.fetch(`${origin}/echo`, { method: "POST", body });
    assertEquals(await echoed.bytes(), content);
  }
  const many = Array.from({ length: 20 }, async () => await (await client.fetch(`${origin}/`)).text());
  assertEquals(new Set(await Promise.all(many)), new Set(["Hello, World!"]));
}

Deno.test("HttpClient speaks with Deno.serve", async () => {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, app);
  await using client = new HttpClient();
  await exercise(client, `http://127.0.0.1:${server.addr.port}`);
  assert(client.connections <= 20);
});

Deno.test("HttpClient speaks with our own server over TCP, and by a name", async () => {
  await using server = serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, app);
  await using client = new HttpClient();
  await exercise(client, `http://127.0.0.1:${server.addr.port}`);
  assertEquals(await (await client.fetch(`http://localhost:${server.addr.port}/`)).text(), "Hello, World!");
});

Deno.test("HttpClient speaks with our own server over TLS, and trusts nobody else", async () => {
  const [cert, key] = [certificate("cert"), certificate("key")];
  await using server = serve({ hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} }, app);
  await using client = new HttpClient({ tls: { caCerts: [cert] } });
  await exercise(client, `https://127.0.0.1:${server.addr.port}`);
  await using stranger = new HttpClient();
  assertInstanceOf(await rejection(stranger.fetch(`https://127.0.0.1:${server.addr.port}/`)), TypeError);
  await using wrong = new HttpClient({ tls: { caCerts: [cert], serverName: "example.com" } });
  assertInstanceOf(await rejection(wrong.fetch(`https://127.0.0.1:${server.addr.port}/`)), TypeError);
});

Deno.test("HttpClient speaks with our own server over a Unix socket", async () => {
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  await using server = serve({ path: `${folder}/socket`, onListen: () => {} }, app);
  await using client = new HttpClient({ unix: `${folder}/socket` });
  await exercise(client, "http://any.name");
  assertInstanceOf(await rejection(client.fetch("https://any.name/")), TypeError);
  await server.shutdown();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("HttpClient and our own server exchange trailers and interim responses over TCP", async () => {
  await using server = serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request, info) => {
    await info.inform(103, { link: "</a.css>" });
    const text = await request.text();
    const sent = await trailersOf(request);
    return withTrailers(new Response(text), { "x-echo": sent.get("x-note") ?? "none" });
  });
  await using client = new HttpClient();
  const informed: number[] = [];
  const response = await client.fetch(`http://127.0.0.1:${server.addr.port}/`, {
    method: "POST",
    body: "hello",
    headers: { expect: "100-continue" },
    trailers: () => ({ "x-note": "late" }),
    onInformation: ({ status }) => informed.push(status),
  });
  assertEquals([await response.text(), informed], ["hello", [103, 100]]);
  assertEquals((await trailersOf(response)).get("x-echo"), "late");
});

Deno.test("HttpClient.fetch rejects where nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await using client = new HttpClient();
  const error = await rejection(client.fetch(`http://127.0.0.1:${port}/`));
  assertInstanceOf(error, TypeError);
  assertMatch(error.message, /^Cannot fetch as http:\/\/127\.0\.0\.1:\d+ could not be connected to: .*refused/i);
});

/** The first line that a program prints on a stream. */
async function lineOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>, pattern: RegExp): Promise<string> {
  let printed = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    printed += text;
    const found = pattern.exec(printed);
    if (found !== null) return found[0];
  }
  throw new Error(`Cannot find ${pattern} in what the program printed: ${printed}`);
}

programTest("HttpClient speaks with node:http", { programs: ["node"] }, async (test) => {
  const { pathname } = new URL("testdata/node_server.mjs", import.meta.url);
  const command = new Deno.Command("node", { args: [pathname], stdin: "piped", stdout: "piped", stderr: "null" });
  const node = command.spawn();
  const origin = `http://127.0.0.1:${await lineOf(node.stdout, /\d+(?=\n)/)}`;
  await using client = new HttpClient();

  await test.step("over one connection while one is enough", async () => {
    const ports = new Set();
    for (const method of ["GET", "PUT", "DELETE"]) {
      const seen = await (await client.fetch(`${origin}/seen`, { method })).json();
      assertEquals([seen.method, seen.url], [method, "/seen"]);
      ports.add(seen.port);
    }
    assertEquals([ports.size, client.connections], [1, 1]);
    assertEquals((await (await client.fetch(`${origin}/big`)).bytes()).length, 1_000_000);
    assertEquals(await (await client.fetch(`${origin}/close`)).text(), "closed");
    assertEquals(client.connections, 0);
  });
  await test.step("with chunks, trailers, 103 and 100 (Continue)", async () => {
    const init = { method: "POST", body: new Blob(["one", "two"]).stream(), trailers: { "x-check": "sum" } };
    const seen = await (await client.fetch(`${origin}/seen`, init)).json();
    assertEquals([seen.body, seen.trailers, seen.headers["transfer-encoding"]], [
      "onetwo",
      { "x-check": "sum" },
      "chunked",
    ]);
    const response = await client.fetch(`${origin}/trailers`);
    assertEquals(await response.text(), "content");
    assertEquals((await trailersOf(response)).get("x-digest"), "sha-256=:AA==:");
    const informed: [number, string | null][] = [];
    await client.fetch(`${origin}/hints`, {
      onInformation: ({ status, headers }) => informed.push([status, headers.get("link")]),
    });
    assertEquals(informed, [[103, "</a.css>; rel=preload"]]);
    const continued: number[] = [];
    const expecting = await client.fetch(`${origin}/seen`, {
      method: "PUT",
      body: "waited",
      headers: { expect: "100-continue" },
      onInformation: ({ status }) => continued.push(status),
    });
    assertEquals([(await expecting.json()).body, continued], ["waited", [100]]);
  });
  await test.step("with a redirect, and a form", async () => {
    const redirected = await client.fetch(`${origin}/redirect`, { method: "POST", body: "x" });
    assertEquals([redirected.redirected, (await redirected.json()).method], [true, "GET"]);
    const form = new FormData();
    form.set("a", "b");
    const seen = await (await client.fetch(`${origin}/seen`, { method: "POST", body: form })).json();
    assertMatch(seen.body, /name="a"\r\n\r\nb\r\n/);
  });
  await test.step("through an upgrade and a CONNECT", async () => {
    for (const tunnel of [await client.upgrade(origin, "shout"), await client.connect(origin, "example.com:443")]) {
      const wire = new Wire(tunnel.transport);
      await wire.write("raw octets");
      assertEquals(await wire.readToEnd(), "RAW OCTETS");
      wire.close();
    }
  });
  await test.step("until it goes away", async () => {
    const error = await rejection(client.fetch(`${origin}/destroy`, { method: "POST" }));
    assertInstanceOf(error, TypeError);
    assertInstanceOf(error.cause, ConnectionLostError);
  });
  await node.stdin.close();
  await node.status;
});

/** A configuration of nginx that lives in one folder and listens on a socket there. */
const nginxConfiguration = (folder: string) => `
daemon off;
${Deno.statSync(folder).uid === 0 ? "user root;" : ""}
pid ${folder}/pid;
error_log stderr notice;
worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  gzip on;
  gzip_min_length 1;
  gzip_types text/plain;
  keepalive_requests 3;
  server {
    listen unix:${folder}/socket;
    root ${folder};
    client_max_body_size 100k;
    location /redirect { return 307 /echo; }
    location /echo { proxy_pass http://unix:${folder}/socket:/length; }
    location /length { return 200 "$request_method $content_length"; }
  }
}
`;

/** Whether nginx may be run; where `CI` is set the test says itself that it may not. */
function mayRunNginx(): boolean {
  const { state } = Deno.permissions.querySync({ name: "run", command: "nginx" });
  if (state === "granted" || (Deno.env.get("CI") ?? "") !== "") return true;
  console.warn("skipped: HttpClient speaks with nginx: it needs --allow-run=nginx");
  return false;
}

programTest("HttpClient speaks with nginx", { programs: ["nginx"], ignore: !mayRunNginx() }, async (test) => {
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  await Deno.writeTextFile(`${folder}/conf`, nginxConfiguration(folder));
  await Deno.writeTextFile(`${folder}/small.txt`, "Hello, World!");
  await Deno.writeFile(`${folder}/big`, new Uint8Array(1_000_000).fill(7));
  const args = ["-p", folder, "-c", `${folder}/conf`, "-e", "stderr"];
  const nginx = new Deno.Command("nginx", { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  const [said, rest] = nginx.stderr.tee();
  const drained = rest.pipeTo(new WritableStream());
  await lineOf(said, /start worker process \d/);
  await using client = new HttpClient({ unix: `${folder}/socket` });
  await using decoding = new HttpClient({ unix: `${folder}/socket`, decompress: true });

  await test.step("files, ranges, conditions and errors", async () => {
    const small = await client.fetch("http://nginx/small.txt");
    assertEquals([small.status, await small.text()], [200, "Hello, World!"]);
    const etag = small.headers.get("etag") ?? "";
    const unchanged = await client.fetch("http://nginx/small.txt", { headers: { "if-none-match": etag } });
    assertEquals([unchanged.status, unchanged.body], [304, null]);
    const range = await client.fetch("http://nginx/small.txt", { headers: { range: "bytes=7-11" } });
    assertEquals([range.status, await range.text()], [206, "World"]);
    const head = await client.fetch("http://nginx/small.txt", { method: "HEAD" });
    assertEquals([head.headers.get("content-length"), await head.text()], ["13", ""]);
    assertEquals((await (await client.fetch("http://nginx/big")).bytes()).length, 1_000_000);
    const missing = await client.fetch("http://nginx/missing");
    assertEquals(missing.status, 404);
    await missing.body?.cancel();
  });
  await test.step("beyond the requests that one connection may carry", async () => {
    for (let count = 0; count < 10; count++) {
      assertEquals(await (await client.fetch("http://nginx/small.txt")).text(), "Hello, World!");
    }
  });
  await test.step("content up, redirected, and too much of it", async () => {
    const echoed = await client.fetch("http://nginx/echo", { method: "PUT", body: "hello" });
    assertEquals(await echoed.text(), "PUT 5");
    const redirected = await client.fetch("http://nginx/redirect", { method: "POST", body: new Blob(["hello"]) });
    assertEquals(await redirected.text(), "POST 5");
    const refused = await client.fetch("http://nginx/echo", { method: "PUT", body: new Uint8Array(10_000_000) });
    assertEquals(refused.status, 413);
    await refused.text();
  });
  await test.step("content coded, where it is asked for", async () => {
    const plain = await client.fetch("http://nginx/small.txt", { headers: { "accept-encoding": "gzip" } });
    assertEquals(plain.headers.get("content-encoding"), "gzip");
    assertEquals([...(await plain.bytes()).subarray(0, 2)], [0x1f, 0x8b]);
    const decoded = await decoding.fetch("http://nginx/small.txt");
    assertEquals([decoded.headers.get("content-encoding"), await decoded.text()], ["gzip", "Hello, World!"]);
  });
  client.close();
  decoding.close();
  nginx.kill("SIGTERM");
  await nginx.status;
  await drained;
  await Deno.remove(folder, { recursive: true });
});
