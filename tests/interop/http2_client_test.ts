/**
 * Owns the tests of the client's HTTP/2 against the servers of Deno, nginx and nghttp2, in what is special about each. Must not
 * know how the client does it.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { HttpClient, type HttpClientOptions, protocolOf, trailersOf } from "../../mod.ts";
import { CERT_PATH } from "../server/interop_app.ts";
import { programTest } from "../programs.ts";

/** The size of what is large, in bytes. */
const LARGE = 64 * 1024 * 1024;
const KEY_PATH = CERT_PATH.replace("cert.pem", "key.pem");

/** A stream of so many bytes. */
function streamOf(length: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = length;
  return new ReadableStream({
    pull(controller) {
      const size = Math.min(left, 100_000);
      if (size > 0) controller.enqueue(new Uint8Array(size).fill(7));
      left -= size;
      if (left === 0) controller.close();
    },
  });
}

/** Counts content as it comes. */
async function lengthOf(body: ReadableStream<Uint8Array> | null): Promise<number> {
  let length = 0;
  for await (const piece of body ?? []) length += piece.length;
  return length;
}

/** What Deno's server can do. */
async function app(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  if (pathname === "/bytes") return new Response(streamOf(Number(search.slice(1))));
  if (pathname === "/count") return new Response(String(await lengthOf(request.body)));
  if (pathname === "/echo") return new Response(request.body);
  if (pathname === "/none") return new Response(null, { status: 204 });
  if (pathname === "/refuse") return new Response("too large", { status: 413 });
  return new Response(request.headers.get("x-note") ?? "Hello, World!");
}

for (const over of ["TLS", "TCP"] as const) {
  Deno.test(`HttpClient speaks HTTP/2 with Deno.serve over ${over}`, async (test) => {
    const [cert, key] = await Promise.all([CERT_PATH, KEY_PATH].map((path) => Deno.readTextFile(path)));
    const pair = over === "TLS" ? { cert: cert!, key: key! } : {};
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {}, ...pair }, app);
    const options: HttpClientOptions = over === "TLS" ? { tls: { caCerts: [cert!] } } : { protocols: ["h2"] };
    await using client = new HttpClient(options);
    const origin = `http${over === "TLS" ? "s" : ""}://127.0.0.1:${server.addr.port}`;

    await test.step("small things, many at once", async () => {
      const hello = await client.fetch(`${origin}/`);
      assertEquals([await hello.text(), protocolOf(hello)], ["Hello, World!", "HTTP/2"]);
      assertEquals((await client.fetch(`${origin}/none`)).status, 204);
      assertEquals((await client.fetch(`${origin}/`, { method: "HEAD" })).headers.get("content-length"), "13");
      const noted = Array.from({ length: 500 }, async (_, at) => {
        return await (await client.fetch(`${origin}/`, { headers: { "x-note": `note ${at}` } })).text();
      });
      assertEquals(await Promise.all(noted), noted.map((_, at) => `note ${at}`));
    });
    await test.step("much down and up, and echoed as a stream", async () => {
      const size = over === "TLS" ? LARGE / 4 : LARGE;
      assertEquals(await lengthOf((await client.fetch(`${origin}/bytes?${size}`)).body), size);
      const post = (path: string, body: BodyInit) => client.fetch(`${origin}${path}`, { method: "POST", body });
      assertEquals(await (await post("/count", streamOf(size))).text(), String(size));
      assertEquals(await (await post("/count", new Uint8Array(size))).text(), String(size));
      assertEquals(await lengthOf((await post("/echo", streamOf(size / 8))).body), size / 8);
    });
    await test.step("uploads that are refused, downloads that are given up", async () => {
      const refused = await client.fetch(`${origin}/refuse`, { method: "POST", body: streamOf(LARGE) });
      assertEquals([refused.status, await refused.text()], [413, "too large"]);
      await (await client.fetch(`${origin}/bytes?${LARGE}`)).body?.cancel();
      const abort = new AbortController();
      const response = await client.fetch(`${origin}/bytes?${LARGE}`, { signal: abort.signal });
      abort.abort();
      await assertRejects(() => response.bytes(), DOMException);
      assertEquals(await (await client.fetch(`${origin}/`)).text(), "Hello, World!");
    });
    assert(client.connections <= 4, `${client.connections} connections`);
  });
}

/** A configuration of nginx that lives in one folder and speaks HTTP/2 on a socket there, without TLS. */
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
  keepalive_requests 20;
  http2_max_concurrent_streams 3;
  server {
    listen unix:${folder}/backend;
    client_max_body_size 100k;
    location / { return 200 "$request_method $content_length"; }
  }
  server {
    listen unix:${folder}/socket http2;
    root ${folder};
    client_max_body_size 100k;
    location /redirect { return 307 /echo; }
    location /echo { proxy_pass http://unix:${folder}/backend:/; }
  }
}
`;

/** Waits until a program says something on its standard error, of which the rest is read. */
async function said(child: Deno.ChildProcess, pattern: RegExp): Promise<void> {
  const [now, later] = child.stderr.tee();
  later.pipeTo(new WritableStream()).catch(() => {}); // it ends with the program
  let text = "";
  for await (const piece of now.pipeThrough(new TextDecoderStream())) if (pattern.test(text += piece)) return;
  throw new Error(`Cannot go on as the program must say ${pattern}: received ${text}`);
}

programTest("HttpClient speaks HTTP/2 with nginx, without TLS", { programs: ["nginx"] }, async (test) => {
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  await Deno.writeTextFile(`${folder}/conf`, nginxConfiguration(folder));
  await Deno.writeTextFile(`${folder}/small.txt`, "Hello, World!");
  await Deno.writeFile(`${folder}/big`, new Uint8Array(5_000_000).fill(7));
  const args = ["-p", folder, "-c", `${folder}/conf`, "-e", "stderr"];
  const nginx = new Deno.Command("nginx", { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  await said(nginx, /start worker process \d/);
  await using client = new HttpClient({ unix: `${folder}/socket`, protocols: ["h2"] });

  await test.step("files, ranges, conditions and errors", async () => {
    const small = await client.fetch("http://nginx/small.txt");
    assertEquals([small.status, await small.text(), protocolOf(small)], [200, "Hello, World!", "HTTP/2"]);
    const etag = small.headers.get("etag") ?? "";
    const unchanged = await client.fetch("http://nginx/small.txt", { headers: { "if-none-match": etag } });
    assertEquals([unchanged.status, unchanged.body], [304, null]);
    const range = await client.fetch("http://nginx/small.txt", { headers: { range: "bytes=7-11" } });
    assertEquals([range.status, await range.text()], [206, "World"]);
    const coded = await client.fetch("http://nginx/small.txt", { headers: { "accept-encoding": "gzip" } });
    assertEquals([coded.headers.get("content-encoding"), (await coded.bytes())[0]], ["gzip", 0x1f]);
    const missing = await client.fetch("http://nginx/missing");
    assertEquals(missing.status, 404);
    await missing.body?.cancel();
  });
  await test.step("more streams than may be open, more requests than a connection may carry", async () => {
    const asked = Array.from({ length: 100 }, async (_, at) => {
      return (await (await client.fetch(`http://nginx/${at % 10 === 0 ? "big" : "small.txt"}`)).bytes()).length;
    });
    assertEquals(await Promise.all(asked), asked.map((_, at) => at % 10 === 0 ? 5_000_000 : 13));
  });
  await test.step("content up, redirected, and too much of it", async () => {
    const echoed = await client.fetch("http://nginx/echo", { method: "PUT", body: "hello" });
    assertEquals(await echoed.text(), "PUT 5");
    const streamed = await client.fetch("http://nginx/echo", { method: "PUT", body: streamOf(50_000) });
    assertEquals(await streamed.text(), "PUT 50000");
    const redirected = await client.fetch("http://nginx/redirect", { method: "POST", body: new Blob(["hello"]) });
    assertEquals(await redirected.text(), "POST 5");
    const refused = await client.fetch("http://nginx/echo", { method: "PUT", body: new Uint8Array(10_000_000) });
    assertEquals(refused.status, 413);
    await refused.text();
  });
  client.close();
  nginx.kill("SIGTERM");
  await nginx.status;
  await Deno.remove(folder, { recursive: true });
});

/** Runs nghttpd without TLS for a while; its files are `hello` and `big`. */
async function withNghttpd(flags: readonly string[], ask: (origin: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  await Deno.writeTextFile(`${folder}/hello`, "Hello, World!");
  await Deno.writeFile(`${folder}/big`, new Uint8Array(2_000_000).fill(7));
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const args = ["--no-tls", "--verbose", "--address=127.0.0.1", `--htdocs=${folder}`, ...flags, String(port)];
  const child = new Deno.Command("nghttpd", { args, stdin: "null", stdout: "piped", stderr: "null" }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; !text.includes("listen");) text += (await reader.read()).value ?? "listen";
  const drained = (async () => {
    while (!(await reader.read()).done);
  })();
  await ask(`http://127.0.0.1:${port}`);
  child.kill("SIGTERM");
  await child.status;
  await drained;
  await Deno.remove(folder, { recursive: true });
}

/** What nghttpd may be told, all of which a client has to go along with. */
const NGHTTPD: Readonly<Record<string, readonly string[]>> = {
  "as it is": [],
  "with padding": ["--padding=255"],
  "with small windows": ["--window-bits=10", "--connection-window-bits=16"],
  "with three streams": ["--max-concurrent-streams=3"],
  "with no tables": ["--header-table-size=0", "--encoder-header-table-size=0"],
};

for (const [how, flags] of Object.entries(NGHTTPD)) {
  programTest(`HttpClient speaks HTTP/2 with nghttpd ${how}`, { programs: ["nghttpd"] }, async () => {
    const more = ["--echo-upload", "--trailer=x-digest: sum", "--push=/hello=/big"];
    await withNghttpd([...more, ...flags], async (origin) => {
      const pushed: Promise<number>[] = [];
      const onPush: HttpClientOptions["onPush"] = ({ accept }) => {
        pushed.push(accept().then((response) => lengthOf(response.body)));
      };
      await using client = new HttpClient({ protocols: ["h2"], onPush });
      const hello = await client.fetch(`${origin}/hello`);
      assertEquals(await hello.text(), "Hello, World!");
      assertEquals([(await trailersOf(hello)).get("x-digest"), await Promise.all(pushed)], ["sum", [2_000_000]]);
      const echoed = await client.fetch(`${origin}/hello`, {
        method: "POST",
        body: streamOf(1_000_000),
        trailers: { a: "b" },
      });
      assertEquals(await lengthOf(echoed.body), 1_000_000);
      await Promise.all(pushed); // what came with that answer would fail with its client
      await using quiet = new HttpClient({ protocols: ["h2"] });
      const asked = Array.from({ length: 100 }, async (_, at) => {
        return await lengthOf((await quiet.fetch(`${origin}/${at % 20 === 0 ? "big" : "hello"}`)).body);
      });
      assertEquals(await Promise.all(asked), asked.map((_, at) => at % 20 === 0 ? 2_000_000 : 13));
    });
  });
}
