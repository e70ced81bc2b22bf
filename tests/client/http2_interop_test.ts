/**
 * Owns the tests of the client's HTTP/2 against servers that others wrote, and against our own over sockets. Must not know how
 * the client does it.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  Http2Error,
  HttpClient,
  type HttpClientOptions,
  type Information,
  protocolOf,
  trailersOf,
} from "../../client/mod.ts";
import { withTrailers } from "../../http/mod.ts";
import { serve } from "../../server/mod.ts";
import { programTest } from "../programs.ts";
import { rejection } from "./peer.ts";

const certificate = (name: string) => Deno.readTextFileSync(new URL(`../net/testdata/${name}.pem`, import.meta.url));
const CERT = certificate("cert");
const KEY = certificate("key");

/** Asks a server for everything that all servers here have. */
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
  const large = "v".repeat(10_000);
  const headed = await client.fetch(`${origin}/large`, { headers: { "x-large": large } });
  assertEquals([await headed.text(), headed.headers.get("x-large")], ["large", large]);
  const many = Array.from({ length: 200 }, async () => await (await client.fetch(`${origin}/`)).text());
  assertEquals(new Set(await Promise.all(many)), new Set(["Hello, World!"]));
  const response = await client.fetch(`${origin}/trailers`, {
    method: "POST",
    body: "content",
    trailers: () => ({ "x-note": "late" }),
  });
  assertEquals([await response.text(), (await trailersOf(response)).get("x-echo")], ["content", "late"]);
  const informed: Information[] = [];
  const hinted = await client.fetch(`${origin}/hint`, { onInformation: (information) => informed.push(information) });
  assertEquals([await hinted.text(), informed.map(({ status }) => status)], ["hinted", [103]]);
  assertEquals(informed[0]!.headers.get("link"), "</a.css>");
}

/** The same as the servers of others do. */
async function app(request: Request, info: { inform(status: number, headers: HeadersInit): Promise<void> }) {
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
    case "/large":
      return new Response("large", { headers: { "x-large": request.headers.get("x-large") ?? "" } });
    case "/hint":
      await info.inform(103, { link: "</a.css>" });
      return new Response("hinted");
    case "/trailers": {
      const text = await request.text();
      const sent = await trailersOf(request);
      return withTrailers(new Response(text), { "x-echo": sent.get("x-note") ?? "none" });
    }
  }
  return new Response("Hello, World!", { headers: { "x-method": request.method } });
}

Deno.test("HttpClient speaks HTTP/2 with our own server, by ALPN and by prior knowledge", async () => {
  for (const secure of [true, false]) {
    const versions = new Set<string>();
    const tls = secure ? { cert: CERT, key: KEY } : {};
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...tls };
    await using server = serve(options, (request, info) => {
      versions.add(info.protocol);
      return app(request, info);
    });
    const { port } = server.addr as Deno.NetAddr;
    await using client = new HttpClient(secure ? { tls: { caCerts: [CERT] } } : { protocols: ["h2"] });
    await exercise(client, `http${secure ? "s" : ""}://127.0.0.1:${port}`);
    assertEquals([[...versions], client.connections <= 2], [["HTTP/2"], true]);
  }
});

Deno.test("HttpClient speaks the version that the server of a TLS connection knows", async () => {
  for (
    const [server, ours, expected] of [
      [["h2"], ["http/1.1", "h2"], "HTTP/2"],
      [["http/1.1"], ["h2", "http/1.1"], "HTTP/1.1"],
      [["h2", "http/1.1"], ["http/1.1"], "HTTP/1.1"],
    ] as const
  ) {
    const options = { hostname: "127.0.0.1", port: 0, cert: CERT, key: KEY, protocols: server, onListen: () => {} };
    await using listening = serve(options, (_, info) => new Response(info.protocol));
    await using client = new HttpClient({ tls: { caCerts: [CERT] }, protocols: ours });
    const { port } = listening.addr as Deno.NetAddr;
    const response = await client.fetch(`https://127.0.0.1:${port}/`);
    assertEquals([await response.text(), protocolOf(response)], [expected, expected]);
  }
});

/** The first line that a program prints; the rest is read, so that it can go on. */
async function firstLine(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) text += (await reader.read()).value ?? "\n";
  (async () => {
    while (!(await reader.read()).done);
  })();
  return text.slice(0, text.indexOf("\n"));
}

/** Lets a server of Node's own be asked. */
async function withNode(
  given: Record<string, unknown>,
  options: HttpClientOptions,
  ask: (client: HttpClient, origin: string) => Promise<void>,
): Promise<void> {
  const { pathname } = new URL("testdata/node_http2_server.mjs", import.meta.url);
  const args = [pathname, JSON.stringify(given)];
  const node = new Deno.Command("node", { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  const port = await firstLine(node.stdout);
  {
    await using client = new HttpClient({ tls: { caCerts: [CERT] }, ...options });
    await ask(client, `http${given["cert"] === undefined ? "" : "s"}://127.0.0.1:${port}`);
  }
  await node.stdin.close();
  await node.status;
}

const TLS = { cert: CERT, key: KEY, protocols: ["h2", "http/1.1"] };

programTest(
  "HttpClient speaks HTTP/2 with node:http2, by ALPN and by prior knowledge",
  { programs: ["node"] },
  async () => {
    await withNode(TLS, {}, exercise);
    await withNode({}, { protocols: ["h2"] }, exercise);
  },
);

programTest(
  "HttpClient speaks HTTP/1.1 with node:http2 where that is all that is offered",
  { programs: ["node"] },
  async () => {
    await withNode(TLS, { protocols: ["http/1.1"] }, async (client, origin) => {
      const response = await client.fetch(`${origin}/`);
      assertEquals([response.headers.get("x-version"), await response.text()], ["1.1", "Hello, World!"]);
    });
  },
);

programTest(
  "HttpClient takes resets, farewells, pushes and small limits of node:http2",
  { programs: ["node"] },
  async () => {
    const pushed: Promise<string>[] = [];
    const onPush: HttpClientOptions["onPush"] = (push) => {
      pushed.push(push.accept().then((response) => response.text()));
    };
    const settings = { maxConcurrentStreams: 3, initialWindowSize: 1_000, maxFrameSize: 16_384, headerTableSize: 0 };
    await withNode(
      { settings },
      { protocols: ["h2"], onPush, limits: { maxConnectionsPerOrigin: 2 } },
      async (client, origin) => {
        const error = await rejection(client.fetch(`${origin}/reset`));
        assertInstanceOf(error, TypeError);
        assertInstanceOf(error.cause, Http2Error);
        assertEquals(await (await client.fetch(`${origin}/push`)).text(), "pushed");
        assertEquals(await Promise.all(pushed), ["pushed"]);
        for (let time = 0; time < 3; time++) {
          assertEquals(await (await client.fetch(`${origin}/goaway`)).text(), "bye");
          assertEquals(await (await client.fetch(`${origin}/`, { method: "POST" })).text(), "Hello, World!");
        }
        await exercise(client, origin);
        assert(client.connections <= 2);
      },
    );
  },
);

programTest("HttpClient speaks HTTP/2 with nghttpd and nginx", { programs: ["nghttpd", "nginx"] }, async (test) => {
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  await Deno.writeTextFile(`${folder}/index.html`, "Hello, World!");
  await Deno.writeFile(`${folder}/big`, new Uint8Array(1_000_000).fill(7));
  await Deno.writeTextFile(`${folder}/cert.pem`, CERT);
  await Deno.writeTextFile(`${folder}/key.pem`, KEY);
  const ask = async (client: HttpClient, origin: string) => {
    const responses = Array.from({ length: 150 }, (_, at) => client.fetch(`${origin}/${at % 2 === 0 ? "" : "big"}`));
    const lengths = await Promise.all(responses.map(async (response) => (await (await response).bytes()).length));
    assertEquals(lengths, lengths.map((_, at) => at % 2 === 0 ? 13 : 1_000_000));
  };

  await test.step("nghttpd, by ALPN and by prior knowledge", async () => {
    for (const secure of [true, false]) {
      const port = freePort();
      const tls = secure ? [`${folder}/key.pem`, `${folder}/cert.pem`] : [];
      const args = [...secure ? [] : ["--no-tls"], "--address=127.0.0.1", `--htdocs=${folder}`, `${port}`, ...tls];
      await using _server = await running("nghttpd", args, port);
      await using client = new HttpClient({ tls: { caCerts: [CERT] }, ...secure ? {} : { protocols: ["h2"] } });
      await ask(client, `http${secure ? "s" : ""}://127.0.0.1:${port}`);
    }
  });

  await test.step("nginx, by ALPN", async () => {
    const port = freePort();
    await Deno.writeTextFile(`${folder}/nginx.conf`, nginxConfiguration(folder, port));
    await using _server = await running("nginx", ["-c", `${folder}/nginx.conf`, "-e", "stderr"], port);
    await using client = new HttpClient({ tls: { caCerts: [CERT] } });
    await ask(client, `https://127.0.0.1:${port}`);
  });
  await Deno.remove(folder, { recursive: true });
});

function nginxConfiguration(folder: string, port: number): string {
  return `daemon off;
worker_processes 1;
${Deno.statSync(folder).uid === 0 ? "user root;" : ""}
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port} ssl http2;
    keepalive_requests 120;
    ssl_certificate ${folder}/cert.pem;
    ssl_certificate_key ${folder}/key.pem;
    location / { root ${folder}; index index.html; }
  }
}
`;
}

/** A port that was free a moment ago. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Starts a program and waits until it listens. */
async function running(program: string, args: string[], port: number): Promise<AsyncDisposable> {
  const child = new Deno.Command(program, { args, stdout: "null", stderr: "null" }).spawn();
  for (let tries = 0;; tries++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      break;
    } catch (error) { // each try takes as long as a process needs for its turn
      if (!(error instanceof Deno.errors.ConnectionRefused) || tries > 100_000) throw error;
    }
  }
  return {
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.status;
    },
  };
}
