import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { ClientError, type FetchInit, HttpClient } from "../../client/mod.ts";
import { rejection, stage } from "./peer.ts";

/** An app that redirects by its path: `/<status>?<location>`; elsewhere it says what it was asked. */
async function app(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const status = Number(pathname.slice(1));
  if (status >= 300) {
    return new Response(status === 304 ? null : "moved", {
      status,
      headers: { location: decodeURIComponent(search.slice(1)) },
    });
  }
  return Response.json({
    url: request.url,
    method: request.method,
    body: await request.text(),
    headers: Object.fromEntries(request.headers),
  });
}

/** Follows a redirect and gives what the last request was. */
async function follow(status: number, location: string, init: FetchInit = {}) {
  await using client = HttpClient.over(app);
  const response = await client.fetch(`http://a/${status}?${encodeURIComponent(location)}`, init);
  assert(response.redirected);
  return { response, asked: await response.json() };
}

Deno.test("HttpClient.fetch changes method and content as Fetch §4.4 says", async () => {
  const rows: [number, string, string, boolean][] = [
    // status, method, method afterwards, whether content goes along
    [301, "POST", "GET", false],
    [302, "POST", "GET", false],
    [303, "POST", "GET", false],
    [303, "PUT", "GET", false],
    [301, "PUT", "PUT", true],
    [302, "DELETE", "DELETE", true],
    [307, "POST", "POST", true],
    [308, "POST", "POST", true],
    [307, "PATCH", "PATCH", true],
  ];
  for (const [status, method, then, keeps] of rows) {
    const { asked } = await follow(status, "/to", {
      method,
      body: "hello",
      headers: { "content-language": "en", "x-a": "b" },
    });
    const label = `${status} ${method}`;
    assertEquals([asked.method, asked.body, asked.url], [then, keeps ? "hello" : "", "http://a/to"], label);
    assertEquals("content-language" in asked.headers, keeps, label);
    assertEquals("content-type" in asked.headers, keeps, label);
    assertEquals(asked.headers["x-a"], "b", label);
  }
  await using client = HttpClient.over((request) =>
    request.url === "http://a/to" ? new Response(request.method) : app(request)
  );
  const head = await client.fetch("http://a/303?/to", { method: "HEAD" });
  assertEquals([head.redirected, await head.text()], [true, ""], "a HEAD stays one");
});

Deno.test("HttpClient.fetch resolves locations, and keeps the fragment out of the URL", async () => {
  const rows: [string, string][] = [
    ["/to", "http://a/to"],
    ["to?x", "http://a/to?x"],
    ["//b/to", "http://b/to"],
    ["http://b:81/to#c", "http://b:81/to"],
  ];
  for (const [location, url] of rows) {
    const { response, asked } = await follow(301, location);
    assertEquals([response.url, asked.url], [url, url]);
  }
});

Deno.test("HttpClient.fetch takes nothing to another origin that was meant for the first", async () => {
  const headers = { authorization: "secret", cookie: "a=b", "proxy-authorization": "secret", "x-a": "b" };
  for (const [location, keeps] of [["/to", true], ["http://a:81/to", false], ["http://b/to", false]] as const) {
    const { asked } = await follow(302, location, { headers });
    assertEquals("authorization" in asked.headers, keeps, location);
    assertEquals("cookie" in asked.headers, keeps, location);
    assertEquals(asked.headers["x-a"], "b", location);
  }
});

Deno.test("HttpClient.fetch gives the redirect itself where it is to be manual, and rejects where it is an error", async () => {
  await using client = HttpClient.over(app);
  const manual = await client.fetch("http://a/302?/to", { redirect: "manual" });
  assertEquals([manual.status, manual.redirected, manual.headers.get("location")], [302, false, "/to"]);
  assertEquals(await manual.text(), "moved");
  const error = await rejection(client.fetch("http://a/302?/to", { redirect: "error" }));
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, ClientError);
  assertEquals(error.cause.phase, "redirect");
  assertEquals((await client.fetch("http://a/304?/to")).status, 304);
});

Deno.test("HttpClient.fetch follows at most 20 redirects, or as many as it is told", async () => {
  let asked = 0;
  const loop = () => {
    asked++;
    return new Response(null, { status: 302, headers: { location: "/" } });
  };
  await using client = HttpClient.over(loop);
  assertMatch(String(await rejection(client.fetch("http://a/"))), /at most 20 are followed/);
  assertEquals(asked, 21);
  await using none = HttpClient.over(loop, { limits: { maxRedirects: 0 } });
  assertMatch(String(await rejection(none.fetch("http://a/"))), /at most 0 are followed/);
});

Deno.test("HttpClient.fetch follows to no other scheme, to no URL that is none, and not with a stream", async () => {
  await using client = HttpClient.over(app);
  for (const location of ["ftp://a/", "data:,hello", "http://", "http://user:secret@a/"]) {
    const error = await rejection(client.fetch(`http://a/302?${encodeURIComponent(location)}`));
    assertInstanceOf(error, TypeError, location);
    assertInstanceOf(error.cause, ClientError, location);
  }
  const body = new Blob(["hello"]).stream();
  const error = await rejection(client.fetch("http://a/307?/to", { method: "POST", body }));
  assertMatch(String(error), /its content is a stream/);
  const dropped = await client.fetch("http://a/303?/to", { method: "POST", body: new Blob(["hello"]).stream() });
  assertEquals((await dropped.json()).method, "GET");
});

Deno.test("HttpClient.fetch follows over the connection that redirected, once its response was read away", async () => {
  using set = stage();
  const response = set.client.fetch("http://a/");
  const peer = await set.accept();
  await peer.answer("HTTP/1.1 302 Found\r\nlocation: /to\r\ncontent-length: 5\r\n\r\nmoved");
  assertMatch(await peer.answer(), /^GET \/to /);
  assertEquals([await (await response).text(), set.dials], ["hello", 1]);
});

Deno.test("HttpClient.fetch aborts and times out between redirects as well", async () => {
  using set = stage();
  const controller = new AbortController();
  const response = set.client.fetch("http://a/", { signal: controller.signal });
  const peer = await set.accept();
  await peer.answer("HTTP/1.1 302 Found\r\nlocation: /to\r\ncontent-length: 0\r\n\r\n");
  await peer.head();
  controller.abort("enough");
  assertEquals(await rejection(response), "enough");
  assertEquals(await peer.readToEnd(), "");
  const late = set.client.fetch("http://a/", { timeout: 100 });
  late.catch(() => {}); // looked at below
  const other = await set.accept();
  set.clock.advance(60);
  await other.answer("HTTP/1.1 302 Found\r\nlocation: /to\r\ncontent-length: 0\r\n\r\n");
  await other.head();
  set.clock.advance(40);
  assertMatch(String(await rejection(late)), /^TimeoutError: .* longer than 100 ms/);
});
