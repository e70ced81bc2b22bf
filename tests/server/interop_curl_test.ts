/**
 * Owns the tests of a server by curl. Must not know how the server does it.
 *
 * @module
 */

import { assertEquals, assertMatch, assertNotMatch, assertStringIncludes } from "@std/assert";
import { programTest } from "../programs.ts";
import { CERT_PATH, run, startApp, startSecureApp, startUnixApp } from "./interop_app.ts";
import { unixSockets } from "./semantics/carriers.ts";

const OPTIONS = ["--silent", "--show-error", "--max-time", "20"];

/** What curl prints. */
async function curl(...args: readonly string[]): Promise<string> {
  return (await run("curl", [...OPTIONS, ...args])).stdout;
}

/** Declares a test that runs curl against the app, after which no connection may have failed. */
function curlTest(name: string, fn: (app: ReturnType<typeof startApp>) => Promise<void>): void {
  programTest(`curl: ${name}`, { programs: ["curl"] }, async () => {
    const app = startApp();
    await using _server = app.server;
    await fn(app);
    assertEquals(app.errors, []);
  });
}

curlTest("GET", async ({ origin }) => {
  const text = await curl("--include", `${origin}/hello`);
  assertMatch(text, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nHello, World!$/);
  assertMatch(text, /\r\ncontent-type: text\/plain;charset=UTF-8\r\n/i);
  assertMatch(text, /\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/i);
});

curlTest("HEAD gives a head that curl knows to have no content", async ({ origin }) => {
  const text = await curl("--head", `${origin}/hello`);
  assertMatch(text, /^HTTP\/1\.1 200 OK\r\n[^]*content-length: 13\r\n/i);
  assertNotMatch(text, /World/);
});

curlTest("POST of a known length, of a form, of a multipart form", async ({ origin }) => {
  const seen = JSON.parse(await curl("--data-raw", "some=content", `${origin}/seen`));
  assertEquals([seen.method, seen.text, seen.url], ["POST", "some=content", `${origin}/seen`]);
  const form = await curl("--data-urlencode", "name=ä b", "--data-urlencode", "c=&", `${origin}/form`);
  assertEquals(JSON.parse(form), [["name", "ä b"], ["c", "&"]]);
  const multipart = await curl("--form", "text=value", "--form", `cert=@${CERT_PATH}`, `${origin}/form`);
  const [text, file] = JSON.parse(multipart);
  assertEquals(text, ["text", "value"]);
  assertEquals(file, ["cert", `cert.pem: ${await Deno.readTextFile(CERT_PATH)}`]);
});

curlTest("an upload of 3 MB from a pipe, chunked, counted and echoed", async ({ origin }) => {
  const input = new Uint8Array(3_000_000).fill(97);
  const args = [...OPTIONS, "--upload-file", "-", "--header", "transfer-encoding: chunked"];
  assertEquals((await run("curl", [...args, `${origin}/count`], input)).stdout, "3000000");
  assertEquals((await run("curl", [...args, `${origin}/echo`], input)).stdout.length, 3_000_000);
});

curlTest("a download of 5 MB, of unknown length", async ({ origin }) => {
  const text = await curl(
    "--output",
    "/dev/null",
    "--write-out",
    "%{size_download} %{http_code}",
    `${origin}/bytes?5000000`,
  );
  assertEquals(text, "5000000 200");
});

curlTest("Expect: 100-continue gets its 100 when the handler reads (RFC 9110 §10.1.1)", async ({ origin }) => {
  const args = [...OPTIONS, "--verbose", "--expect100-timeout", "15", "--header", "expect: 100-continue"];
  const { stdout, stderr } = await run("curl", [...args, "--data-raw", "waited for", `${origin}/echo`]);
  assertEquals(stdout, "waited for");
  assertMatch(stderr, /< HTTP\/1\.1 100 Continue[^]*< HTTP\/1\.1 200 OK/);
});

curlTest("Expect: 100-continue gets the final answer alone when the handler does not read", async ({ origin }) => {
  const args = [...OPTIONS, "--verbose", "--expect100-timeout", "15", "--header", "expect: 100-continue"];
  const { stdout, stderr } = await run("curl", [...args, "--data-raw", "unwanted", `${origin}/refuse`]);
  assertEquals(stdout, "too large");
  assertNotMatch(stderr, /100 Continue/);
  assertMatch(stderr, /< HTTP\/1\.1 413 /);
});

curlTest("HTTP/1.0 gets a whole answer, with a length and without", async ({ origin }) => {
  assertMatch(
    await curl("--http1.0", "--include", `${origin}/hello`),
    /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nHello, World!$/,
  );
  const stream = await curl("--http1.0", "--include", `${origin}/trailers`);
  assertMatch(stream, /\r\n\r\ncontent$/);
  assertNotMatch(stream, /transfer-encoding/i);
});

curlTest("HTTP/1.0 with keep-alive goes on over one connection", async ({ origin }) => {
  const urls = [`${origin}/port`, `${origin}/port`];
  const text = await curl(
    "--http1.0",
    "--header",
    "connection: keep-alive",
    "--write-out",
    " %{num_connects} ",
    ...urls,
  );
  const [first, one, second, none] = text.split(" ");
  assertEquals([first === second, one, none], [true, "1", "0"]);
});

curlTest("trailers", async ({ origin }) => {
  const text = await curl("--include", "--header", "te: trailers", "--header", "connection: te", `${origin}/trailers`);
  assertStringIncludes(text, "content");
  assertMatch(text, /x-digest: sha-256=:AA==:\r\n/);
});

curlTest("103 (Early Hints) before the answer (RFC 8297)", async ({ origin }) => {
  const text = await curl("--include", `${origin}/hints`);
  assertMatch(
    text,
    /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*hinted$/i,
  );
});

curlTest("204 and 304 end at their head, and the connection goes on", async ({ origin }) => {
  const text = await curl(
    "--write-out",
    "%{http_code} %{num_connects} ",
    `${origin}/none`,
    `${origin}/same`,
    `${origin}/none`,
  );
  assertEquals(text, "204 1 304 0 204 0 ");
});

curlTest("a redirect is followed", async ({ origin, port }) => {
  const connect = ["--connect-to", `127.0.0.1:80:127.0.0.1:${port}`];
  assertEquals(await curl("--location", ...connect, `${origin}/gone`), "Hello, World!");
});

curlTest("twenty requests reuse one connection, eight in parallel use a few", async ({ origin, server }) => {
  const ports = await curl("--write-out", " ", `${origin}/port?[1-20]`);
  assertEquals(new Set(ports.trim().split(" ")).size, 1);
  const args = ["--parallel", "--parallel-max", "8", "--write-out", "%{http_code} ", "--output", "/dev/null"];
  assertEquals(await curl(...args, `${origin}/hello?[1-40]`), "200 ".repeat(40));
  assertEquals(server.stats.requests, 60);
});

curlTest("a proxy's absolute-form target is the request's URL (RFC 9112 §3.2.2)", async ({ origin }) => {
  const seen = JSON.parse(await curl("--proxy", origin, "http://example.com/seen?a"));
  assertEquals(seen.url, "http://example.com/seen?a");
});

curlTest("a CONNECT tunnel, through the app to itself", async ({ origin }) => {
  assertEquals(await curl("--proxytunnel", "--proxy", origin, `${origin}/hello`), "Hello, World!");
});

curlTest("an offer of h2c is passed over (RFC 9110 §7.8)", async ({ origin }) => {
  const text = await curl("--http2", "--include", `${origin}/hello`, `${origin}/hello`);
  assertMatch(text, /^HTTP\/1\.1 200 OK\r\n[^]*Hello, World!HTTP\/1\.1 200 OK\r\n[^]*Hello, World!$/);
});

programTest("curl: https, its certificate checked, ALPN http/1.1", { programs: ["curl"] }, async () => {
  const { server, errors, origin } = startSecureApp();
  await using _server = server;
  const args = [...OPTIONS, "--http1.1", "--verbose", "--cacert", CERT_PATH];
  const { stdout, stderr } = await run("curl", [...args, `${origin}/hello`, `${origin}/hints`]);
  assertEquals(stdout, "Hello, World!hinted");
  assertMatch(stderr, /ALPN: server accepted http\/1\.1/);
  assertMatch(stderr, /Re-using existing connection/i);
  const upload = await run(
    "curl",
    [...OPTIONS, "--http1.1", "--cacert", CERT_PATH, "-T", "-", `${origin}/count`],
    new Uint8Array(1e6),
  );
  assertEquals([upload.stdout, errors], ["1000000", []]);
});

programTest("curl: a Unix socket", { programs: ["curl"], ignore: !unixSockets() }, async () => {
  const folder = await Deno.makeTempDir();
  {
    const path = `${folder}/app.sock`;
    await using _server = startUnixApp(path);
    assertEquals(await curl("--unix-socket", path, "http://localhost/hello"), "Hello, World!");
  }
  await Deno.remove(folder, { recursive: true });
});
