/**
 * Owns the tests of a server's HTTP/2 by curl. Must not know how the server does it.
 *
 * @module
 */

import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { CERT_PATH, run } from "./interop_app.ts";
import { type App, http2Test, type Http2TestOptions } from "./interop_http2_app.ts";

/** The size of what is large, in bytes. */
const LARGE = 64 * 1024 * 1024;
const CONTENT = new Uint8Array(LARGE).fill(97);

/** How curl is made to wait for a 100. */
const EXPECTING = [
  "--verbose",
  "--expect100-timeout",
  "15",
  "--header",
  "expect: 100-continue",
  "--data-raw",
  "waited",
];

/** Runs curl, which has to speak HTTP/2: by ALPN, or knowing that the server does. */
function curl(args: readonly string[], input?: Uint8Array): Promise<{ stdout: string; stderr: string }> {
  const isSecure = args.some((arg) => arg.startsWith("https:"));
  const version = isSecure ? ["--http2", "--cacert", CERT_PATH] : ["--http2-prior-knowledge"];
  return run("curl", ["--silent", "--show-error", "--max-time", "30", ...version, ...args], input);
}

/** What curl prints. */
async function printed(...args: readonly string[]): Promise<string> {
  return (await curl(args)).stdout;
}

/** Declares a test that runs curl against the app. */
function curlTest(
  name: string,
  fn: (app: App) => Promise<void>,
  options: Omit<Http2TestOptions, "programs"> = {},
): void {
  http2Test(`curl over HTTP/2: ${name}`, { programs: ["curl"], ...options }, fn);
}

curlTest("GET and HEAD", async ({ origin }) => {
  const text = await printed("--include", `${origin}/hello`);
  assertMatch(text, /^HTTP\/2 200 \r\n[^]*\r\ncontent-length: 13\r\n[^]*\r\nHello, World!$/);
  assertMatch(text, /\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/);
  assertNotMatch(text, /connection|transfer-encoding|keep-alive/);
  assertEquals(await printed(`${origin}/protocol`), "HTTP/2");
  const head = await printed("--head", `${origin}/hello`);
  assertMatch(head, /^HTTP\/2 200 \r\n[^]*\r\ncontent-length: 13\r\n[^]*\r\n$/);
});

curlTest("POST of a known length, of a form, of a multipart form", async ({ origin }) => {
  const seen = JSON.parse(await printed("--data-raw", "some=content", `${origin}/seen`));
  assertEquals([seen.method, seen.text, seen.url], ["POST", "some=content", `${origin}/seen`]);
  const form = await printed("--data-urlencode", "name=ä b", "--data-urlencode", "c=&", `${origin}/form`);
  assertEquals(JSON.parse(form), [["name", "ä b"], ["c", "&"]]);
  const multipart = await printed("--form", "text=value", "--form", `cert=@${CERT_PATH}`, `${origin}/form`);
  assertEquals(JSON.parse(multipart), [
    ["text", "value"],
    ["cert", `cert.pem: ${await Deno.readTextFile(CERT_PATH)}`],
  ]);
});

curlTest("fields: many, long, cookies", async ({ origin }) => {
  const long = "x".repeat(10_000);
  const flags = Array.from({ length: 50 }, (_, at) => ["--header", `x-${at}: ${at}`]).flat();
  const args = [...flags, "--header", `x-long: ${long}`, "--header", "cookie: a=b; c=d", "--header", "x-empty;"];
  const fields = new Map(JSON.parse(await printed(...args, `${origin}/seen`)).headers);
  assertEquals([fields.get("x-49"), fields.get("x-long"), fields.get("x-empty")], ["49", long, ""]);
  assertEquals([fields.get("cookie"), fields.get("host")], ["a=b; c=d", new URL(origin).host]);
  assertEquals(
    await printed("--header", `x-too-long: ${"x".repeat(40_000)}`, "-w", "%{http_code}", `${origin}/hello`),
    "431",
  );
});

curlTest("64 MiB down", async ({ origin }) => {
  const format = "%{http_version} %{http_code} %{size_download}";
  const text = await printed("--output", "/dev/null", "--write-out", format, `${origin}/bytes?${LARGE}`);
  assertEquals(text, `2 200 ${LARGE}`);
});

curlTest("64 MiB up, of a known length and of none, and 16 MiB echoed", async ({ origin }) => {
  assertEquals((await curl(["--upload-file", "-", `${origin}/count`], CONTENT)).stdout, String(LARGE));
  assertEquals((await curl(["--data-binary", "@-", `${origin}/count`], CONTENT)).stdout, String(LARGE));
  const part = CONTENT.subarray(0, LARGE / 4);
  assertEquals((await curl(["--upload-file", "-", `${origin}/echo`], part)).stdout.length, part.length);
});

curlTest("Expect: 100-continue gets its 100 when the handler reads (RFC 9110 §10.1.1)", async ({ origin }) => {
  const { stdout, stderr } = await curl([...EXPECTING, `${origin}/echo`]);
  assertEquals(stdout, "waited");
  assertMatch(stderr, /< HTTP\/2 100 [^]*< HTTP\/2 200 /);
});

curlTest("Expect: 100-continue gets the final answer alone when the handler does not read", async ({ origin }) => {
  const { stdout, stderr } = await curl([...EXPECTING, `${origin}/refuse`]);
  assertEquals(stdout, "too large");
  assertNotMatch(stderr, /< HTTP\/2 100/);
  assertMatch(stderr, /< HTTP\/2 413 /);
});

curlTest("an early 413 ends an upload of 64 MiB", async ({ origin }) => {
  const file = await Deno.makeTempFile({ dir: "/tmp" });
  await Deno.truncate(file, LARGE);
  const text = await printed("--upload-file", file, "--write-out", " %{http_code}", `${origin}/refuse`);
  await Deno.remove(file);
  assertEquals(text, "too large 413");
});

curlTest("trailers and interim answers", async ({ origin }) => {
  assertMatch(await printed("--include", `${origin}/trailers`), /\r\n\r\ncontentx-digest: sha-256=:AA==:\r\n$/);
  const text = await printed("--include", `${origin}/hints`);
  assertMatch(text, /^HTTP\/2 103 \r\nlink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/2 200 \r\n[^]*hinted$/);
});

// Where this curl only knows that a server speaks HTTP/2, it breaks its own connection by the second request, whatever the
// server; with ALPN it does not.

curlTest("204, 304 and redirects, over one connection", async ({ origin }) => {
  const format = ["--write-out", "%{http_code} %{num_connects} "];
  const urls = ["/none", "/same", "/none", "/gone"].map((path) => `${origin}${path}`);
  assertEquals(await printed(...format, ...urls), "204 1 304 0 204 0 302 0 ");
}, { over: ["TLS"] });

curlTest("twenty requests reuse one connection", async ({ origin, server }) => {
  const ports = await printed("--write-out", " ", `${origin}/port?[1-20]`);
  assertEquals([new Set(ports.trim().split(" ")).size, server.stats.requests], [1, 20]);
}, { over: ["TLS"] });

curlTest("a hundred requests, fifty at once, over one connection", async ({ origin, server }) => {
  const args = ["--parallel", "--parallel-max", "50", "--write-out", "%{num_connects} %{http_code}\n"];
  const lines = (await printed(...args, "--output", "/dev/null", `${origin}/hello?[1-100]`)).trim().split("\n");
  assertEquals(lines.sort(), [...Array(99).fill("0 200"), "1 200"]);
  assertEquals(server.stats.requests, 100);
}, { over: ["TLS"] });

curlTest("downloads and uploads at once, over one connection", async ({ origin, server }) => {
  const size = LARGE / 64;
  const down = Array.from({ length: 8 }, () => ["--output", "/dev/null", `${origin}/bytes?${size}`]).flat();
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  await Deno.writeFile(`${folder}/content`, new Uint8Array(size));
  const trust = ["--http2", "--cacert", CERT_PATH, "--silent", "--show-error", "--max-time", "30"];
  const ups = Array.from({ length: 8 }, () => {
    return ["--next", ...trust, "--upload-file", `${folder}/content`, `${origin}/count`];
  });
  const text = await printed("--parallel", ...down, ...ups.flat());
  await Deno.remove(folder, { recursive: true });
  assertEquals(text, String(size).repeat(8));
  assertEquals(server.stats.requests, 16);
}, { over: ["TLS"] });

curlTest("an offer of h2c is passed over (RFC 9113 §3.1)", async ({ origin }) => {
  const args = ["--silent", "--http2", "--include", "--max-time", "30"];
  const { stdout } = await run("curl", [...args, `${origin}/protocol`, `${origin}/protocol`]);
  assertMatch(stdout, /^HTTP\/1\.1 200 OK\r\n[^]*HTTP\/1\.1HTTP\/1\.1 200 OK\r\n[^]*HTTP\/1\.1$/);
  assertNotMatch(stdout, /upgrade/i);
}, { over: ["TCP"] });

curlTest("ALPN: the first that both speak, and HTTP/1.1 where that is asked for", async ({ origin }) => {
  const { stderr } = await curl(["--verbose", `${origin}/protocol`]);
  assertMatch(stderr, /ALPN: server accepted h2/);
  const args = ["--silent", "--verbose", "--http1.1", "--cacert", CERT_PATH, `${origin}/protocol`];
  const old = await run("curl", args);
  assertEquals(old.stdout, "HTTP/1.1");
  assertMatch(old.stderr, /ALPN: server accepted http\/1\.1/);
}, { over: ["TLS"] });
