/**
 * What the web platform expects of a `Request` (Fetch §5), over requests made lazily, over those made where no slots are
 * found, and over the platform's own, which proves the expectations themselves.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { streamOf } from "../../http/body.ts";
import { createRequestFactory, lazyRequest, type RequestFactory } from "../../http/request.ts";
import { findRequestSlots } from "../../http/request_slots.ts";
import { sourceWith, TestBody } from "./sources.ts";

const kinds: Record<string, RequestFactory> = {
  "lazy": createRequestFactory(findRequestSlots()),
  "without slots": createRequestFactory(undefined),
  "platform": (source) =>
    new Request(source.url, {
      method: source.method,
      headers: source.fields().map((field): [string, string] => [field.name, field.value]),
      body: source.body && streamOf(source.body),
      signal: source.signal,
    }),
};

/** Registers one test for each kind of request. */
function expectOf(name: string, body: (make: RequestFactory, kind: string) => void | Promise<void>): void {
  for (const [kind, make] of Object.entries(kinds)) Deno.test(`Request (${kind}) ${name}`, () => body(make, kind));
}

/** A POST with content, announced by nothing. */
function post(chunks: readonly (string | Uint8Array)[], headers: [string, string][] = []) {
  return sourceWith({ method: "POST", headers, body: new TestBody(chunks, { async: true }) });
}

expectOf("is one: instanceof and tag", (make) => {
  const request = make(sourceWith());
  assertInstanceOf(request, Request);
  assertEquals(Object.prototype.toString.call(request), "[object Request]");
});

expectOf("says method, url and headers", (make) => {
  const request = make(sourceWith({
    method: "DELETE",
    url: "http://example.com:8080/a?b=c",
    headers: [["accept", "text/plain"], ["x-a", "1"], ["x-a", "2"]],
  }));
  assertEquals(request.method, "DELETE");
  assertEquals(request.url, "http://example.com:8080/a?b=c");
  assertEquals([...request.headers], [["accept", "text/plain"], ["x-a", "1, 2"]]);
  assertStrictEquals(request.headers, request.headers);
});

expectOf("serializes its URL as the URL standard does", (make) => {
  const url = (text: string) => make(sourceWith({ url: text })).url;
  assertEquals(url("http://example.com/a/../b/./c"), "http://example.com/b/c");
  assertEquals(url("http://EXAMPLE.com:80"), "http://example.com/");
  assertEquals(url("http://example.com/a b?c d"), "http://example.com/a%20b?c%20d");
});

expectOf("keeps field values octet by octet", (make) => {
  assertEquals(make(sourceWith({ headers: [["x-a", "caf\u00e9 \u00ff"]] })).headers.get("x-a"), "caf\u00e9 \u00ff");
});

expectOf("keeps an extension method in its case", (make) => {
  assertEquals(make(sourceWith({ method: "M-Search" })).method, "M-Search");
});

expectOf("has the platform's word for all that a server's request says nothing of", (make) => {
  const request = make(sourceWith());
  const sample = new Request("http://localhost/");
  for (const name of ["cache", "credentials", "destination", "integrity", "isHistoryNavigation"] as const) {
    assertEquals(request[name], sample[name]);
  }
  for (const name of ["isReloadNavigation", "keepalive", "mode", "redirect", "referrer", "referrerPolicy"] as const) {
    assertEquals(request[name], sample[name]);
  }
});

expectOf("has members like the platform's: enumerable, on the prototype, not to be assigned", (make) => {
  const request = make(sourceWith());
  const names = [];
  for (const name in request) names.push(name);
  for (const name of ["method", "url", "headers", "body", "bodyUsed", "signal", "clone", "text", "json"]) {
    assert(names.includes(name), name);
  }
  assertEquals(Object.keys(request), []);
  assertThrows(() => Reflect.apply(Object.assign, undefined, [request, { method: "PUT" }]), TypeError);
});

expectOf("refuses an illegal this", (make) => {
  const request = make(sourceWith());
  for (const name of ["method", "url", "headers", "body", "signal"]) {
    assertThrows(() => Reflect.get(Object.getPrototypeOf(request), name, {}), TypeError);
  }
});

expectOf("without content: body is null, methods give nothing, and it is never used", async (make) => {
  const request = make(sourceWith({ headers: [["content-type", "text/plain"]] }));
  assertEquals(request.body, null);
  assertEquals(await request.text(), "");
  assertEquals(await request.text(), "");
  assertEquals((await request.bytes()).length, 0);
  assertEquals((await request.arrayBuffer()).byteLength, 0);
  assertEquals((await request.blob()).size, 0);
  await assertRejects(() => request.json(), SyntaxError);
  await assertRejects(() => request.formData(), TypeError);
  assertEquals(request.bodyUsed, false);
});

expectOf("reads content as text, json, bytes, arrayBuffer and blob", async (make) => {
  const json = [`{"a":`, `[1,2]}`];
  assertEquals(await make(post(json)).text(), `{"a":[1,2]}`);
  assertEquals(await make(post(json)).json(), { a: [1, 2] });
  assertEquals(await make(post(["a", "b"])).bytes(), new Uint8Array([97, 98]));
  assertEquals([...new Uint8Array(await make(post(["a", "b"])).arrayBuffer())], [97, 98]);
  const blob = await make(post(["a", "b"], [["content-type", "text/Plain; charset=x"]])).blob();
  assertEquals([blob.type, await blob.text()], ["text/plain;charset=x", "ab"]);
});

expectOf("gives an arrayBuffer of the content alone", async (make) => {
  const part = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  let chunk: Uint8Array | null = part;
  const body = new TestBody([]);
  body.read = () => {
    const now = chunk;
    chunk = null;
    return now;
  };
  const buffer = await make(sourceWith({ method: "POST", body })).arrayBuffer();
  assertEquals([...new Uint8Array(buffer)], [2, 3]);
});

expectOf("decodes UTF-8 across chunks, drops a BOM and replaces what is malformed", async (make) => {
  const euro = new TextEncoder().encode("\uFEFF€\uFEFF");
  const cut = [...euro].map((byte) => new Uint8Array([byte]));
  assertEquals(await make(post(cut)).text(), "€\uFEFF");
  assertEquals(await make(post([new Uint8Array([0x61, 0xff, 0x62])])).text(), "a\uFFFDb");
  assertEquals((await make(post(cut)).json().catch((error) => error)).name, "SyntaxError");
});

expectOf("parses forms", async (make) => {
  const form = [["content-type", "application/x-www-form-urlencoded"]] as [string, string][];
  assertEquals([...await make(post(["a=1&b=", "%20x"], form)).formData()], [["a", "1"], ["b", " x"]]);
  const data = new FormData();
  data.append("text", "värde");
  data.append("file", new File(["content"], "name.txt", { type: "text/plain" }));
  const sent = new Response(data);
  const type = sent.headers.get("content-type") ?? "";
  const parsed = await make(post([await sent.bytes()], [["content-type", type]])).formData();
  assertEquals(parsed.get("text"), "värde");
  const file = parsed.get("file");
  assertInstanceOf(file, File);
  assertEquals([file.name, file.type, await file.text()], ["name.txt", "text/plain", "content"]);
  await assertRejects(() => make(post(["a=1"])).formData(), TypeError);
});

expectOf("rejects a second reading, whichever the methods", async (make) => {
  for (const first of ["text", "json", "bytes", "arrayBuffer", "blob"] as const) {
    for (const second of ["text", "json", "bytes", "arrayBuffer", "blob", "formData"] as const) {
      const request = make(post(["{}"], [["content-type", "application/x-www-form-urlencoded"]]));
      const reading = request[first]();
      assertEquals(request.bodyUsed, true);
      await assertRejects(() => request[second](), TypeError);
      await reading;
      await assertRejects(() => request[second](), TypeError);
      assertEquals(request.bodyUsed, true);
    }
  }
});

expectOf("is used by a reading that failed", async (make) => {
  const request = make(post(["no json"]));
  await assertRejects(() => request.json(), SyntaxError);
  assertEquals(request.bodyUsed, true);
});

expectOf("has a body that is spent once it was read: disturbed and locked", async (make) => {
  const request = make(post(["a"]));
  await request.text();
  const body = request.body;
  assertInstanceOf(body, ReadableStream);
  assertEquals(body.locked, true);
  assertStrictEquals(request.body, body);
  assertEquals(request.bodyUsed, true);
  assertThrows(() => request.clone(), TypeError);
  assertThrows(() => new Request(request), TypeError);
  assertThrows(() => request.textStream(), TypeError);
});

expectOf("has a body stream that counts as used once it was read from or cancelled", async (make) => {
  const request = make(post(["a", "b"]));
  const body = request.body;
  assertInstanceOf(body, ReadableStream);
  assertStrictEquals(request.body, body);
  const reader = body.getReader();
  assertEquals(request.bodyUsed, false);
  assertEquals((await reader.read()).value?.length, 1);
  assertEquals(request.bodyUsed, true);
  const other = make(post(["a"]));
  await other.body?.cancel();
  assertEquals(other.bodyUsed, true);
});

expectOf("reads through its body stream after it was touched", async (make) => {
  const request = make(post(["a", "b"]));
  assert(request.body !== null);
  assertEquals(await request.text(), "ab");
  assertEquals(request.bodyUsed, true);
  await assertRejects(() => request.text(), TypeError);
});

expectOf("rejects reading while its stream is locked, and reads on after the lock", async (make) => {
  const request = make(post(["a"]));
  const reader = request.body?.getReader();
  await assertRejects(() => request.text(), TypeError);
  assertThrows(() => request.clone(), TypeError);
  assertEquals(request.bodyUsed, false);
  reader?.releaseLock();
  assertEquals(await request.text(), "a");
});

expectOf("cannot be read, cloned or copied once a part of it was read", async (make) => {
  const request = make(post(["a", "b"]));
  const reader = request.body?.getReader();
  await reader?.read();
  reader?.releaseLock();
  await assertRejects(() => request.text(), TypeError);
  assertThrows(() => request.clone(), TypeError);
  assertThrows(() => request.textStream(), TypeError);
  assertThrows(() => new Request(request), TypeError);
  assertEquals([request.bodyUsed, request.body?.locked], [true, false]);
});

expectOf("gives text as a stream", async (make, kind) => {
  if (kind === "platform" && !("textStream" in Request.prototype)) return; // Deno before 2.9
  const request = make(post([new Uint8Array([0xe2, 0x82]), new Uint8Array([0xac])]));
  assertEquals((await Array.fromAsync(request.textStream())).join(""), "€");
  assertEquals(request.bodyUsed, true);
  assertEquals((await Array.fromAsync(make(sourceWith()).textStream())).join(""), "");
});

expectOf("rejects with what broke its content off", async (make) => {
  const broken = new Error("broken off");
  const request = make(sourceWith({ method: "POST", body: new TestBody(["a"], { error: broken }) }));
  assertStrictEquals(await assertRejects(() => request.text()), broken);
});

expectOf("clones: both say the same, both can be read, in either order", async (make) => {
  for (const cloneFirst of [true, false]) {
    const request = make(post(["a", "b"], [["x-a", "b"]]));
    const clone = request.clone();
    assertInstanceOf(clone, Request);
    assertEquals([clone.method, clone.url, clone.headers.get("x-a")], ["POST", request.url, "b"]);
    assertEquals([request.bodyUsed, clone.bodyUsed], [false, false]);
    const [first, second] = cloneFirst ? [clone, request] : [request, clone];
    assertEquals(await first.text(), "ab");
    assertEquals([first.bodyUsed, second.bodyUsed], [true, false]);
    assertEquals(await second.text(), "ab");
  }
});

expectOf("clones clones, and without content", async (make) => {
  const request = make(post(["a", "b"]));
  const clone = request.clone();
  const again = clone.clone();
  assertEquals(await Promise.all([request.text(), clone.text(), again.text()]), ["ab", "ab", "ab"]);
  const bare = make(sourceWith()).clone();
  assertEquals([bare.body, await bare.text()], [null, ""]);
});

expectOf("clones headers, not the object", (make) => {
  const request = make(sourceWith({ headers: [["x-a", "1"]] }));
  request.headers.append("x-b", "2");
  const clone = request.clone();
  request.headers.set("x-a", "changed");
  assertNotStrictEquals(clone.headers, request.headers);
  assertEquals([...clone.headers], [["x-a", "1"], ["x-b", "2"]]);
});

expectOf("has a signal that follows the source, and so do clone and copy", (make) => {
  const abort = new AbortController();
  const request = make(sourceWith({ signal: abort.signal }));
  assert(request.signal instanceof AbortSignal);
  assertStrictEquals(request.signal, request.signal);
  const clone = request.clone();
  const copy = new Request(request);
  assertEquals([request.signal.aborted, clone.signal.aborted, copy.signal.aborted], [false, false, false]);
  const reason = new Error("gone");
  abort.abort(reason);
  assertEquals([request.signal.aborted, clone.signal.aborted, copy.signal.aborted], [true, true, true]);
  assertStrictEquals(request.signal.reason, reason);
  assertStrictEquals(copy.signal.reason, reason);
});

expectOf("is copied by new Request(it), which takes its body over", async (make) => {
  const request = make(post(["a", "b"], [["x-a", "b"]]));
  request.headers.set("x-late", "c");
  const copy = new Request(request);
  assertEquals([copy.method, copy.url], ["POST", "http://localhost/"]);
  assertEquals([...copy.headers], [["x-a", "b"], ["x-late", "c"]]);
  assertEquals([request.bodyUsed, copy.bodyUsed], [true, false]);
  await assertRejects(() => request.text(), TypeError);
  assertEquals(await copy.text(), "ab");
});

expectOf("is copied by new Request(it, init), which overrides", async (make) => {
  const request = make(post(["a"], [["x-a", "b"]]));
  const copy = new Request(request, { method: "PUT", headers: { "x-c": "d" }, body: "other" });
  assertEquals(copy.method, "PUT");
  assertEquals([copy.headers.get("x-a"), copy.headers.get("x-c")], [null, "d"]);
  assertEquals(await copy.text(), "other");
  assertEquals(request.bodyUsed, false);
  assertEquals(await request.text(), "a");
});

expectOf("is copied by new Request(url, it), as an init", async (make) => {
  const request = make(post(["a"], [["x-a", "b"]]));
  const copy = new Request("http://other.example/", request);
  assertEquals([copy.url, copy.method, copy.headers.get("x-a")], ["http://other.example/", "POST", "b"]);
  assertEquals(await copy.text(), "a");
});

expectOf("is copied with another body even after its own was used", async (make) => {
  const request = make(post(["a"]));
  await request.text();
  assertEquals(await new Request(request, { body: "other" }).text(), "other");
  assertThrows(() => new Request(request), TypeError);
});

expectOf("is copied with the headers of the moment, however often", (make) => {
  const request = make(sourceWith({ headers: [["x-a", "1"]] }));
  request.headers.set("x-b", "1");
  new Request(request);
  request.headers.set("x-b", "2");
  request.headers.delete("x-a");
  assertEquals([...new Request(request).headers], [["x-b", "2"]]);
  const untouched = make(sourceWith({ headers: [["x-a", "1"]] }));
  new Request(untouched);
  untouched.headers.append("x-b", "2");
  assertEquals([...new Request(untouched).headers], [["x-a", "1"], ["x-b", "2"]]);
});

expectOf("is cloned after it was looked at by the platform", async (make) => {
  const request = make(post(["a", "b"], [["x-a", "1"]]));
  assertEquals(await new Request(request, { body: "other" }).text(), "other");
  const clone = request.clone();
  const copy = new Request(clone);
  assertEquals(copy.headers.get("x-a"), "1");
  assertEquals(await Promise.all([request.text(), copy.text()]), ["ab", "ab"]);
  assertEquals([request.bodyUsed, clone.bodyUsed], [true, true]);
});

expectOf("answers the platform's own getters and methods", async (make) => {
  const request = make(post(["a"], [["x-a", "b"]]));
  const get = (name: string) => Reflect.get(Request.prototype, name, request);
  assertEquals([get("method"), get("url"), get("redirect")], ["POST", "http://localhost/", "follow"]);
  assertStrictEquals(get("headers"), request.headers);
  assertStrictEquals(get("signal"), request.signal);
  assertStrictEquals(get("body"), request.body);
  const clone = Request.prototype.clone.call(request);
  assertEquals(await Promise.all([clone.text(), Request.prototype.text.call(request)]), ["a", "a"]);
  assertEquals([request.bodyUsed, get("bodyUsed")], [true, true]);
});

expectOf("is printed whole", (make) => {
  const text = Deno.inspect(make(sourceWith({ headers: [["x-a", "b"]] })));
  for (const part of [/Request \{/, /method: "GET"/, /url: "http:\/\/localhost\/"/, /"x-a": "b"/, /bodyUsed: false/]) {
    assertMatch(text, part);
  }
});

expectOf("cannot be structured-cloned", (make) => {
  if (!Object.getOwnPropertySymbols(Request.prototype).some((it) => it.description === "[[NotSerializable]]")) return;
  assertThrows(() => structuredClone(make(sourceWith())), DOMException);
});

expectOf("can be fetched, body and all", async (make) => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (received) => {
    return Response.json([received.method, received.headers.get("x-a"), await received.text()]);
  });
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const body = new TestBody(["a", "b"], { async: true });
  const request = make(sourceWith({ method: "POST", url, headers: [["x-a", "b"]], body }));
  const response = await fetch(request);
  assertEquals(await response.json(), ["POST", "b", "ab"]);
  assertEquals(request.bodyUsed, true);
  const get = await fetch(make(sourceWith({ url })));
  assertEquals(await get.json(), ["GET", null, ""]);
});

expectOf("can be a cache's key", async (make, kind) => {
  const name = `avx-http-test-${kind}-${crypto.randomUUID()}`;
  const cache = await caches.open(name);
  const request = () => make(sourceWith({ url: "http://localhost/cached", headers: [["accept", "text/plain"]] }));
  await cache.put(request(), new Response("kept"));
  assertEquals(await (await cache.match(request()))?.text(), "kept");
  assertEquals(await cache.delete(request()), true);
  await caches.delete(name);
});

expectOf("reads any content the same, however it is cut and whichever the way", async (make) => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 9 }), { maxLength: 5 });
  const ways: ((request: Request) => Promise<Uint8Array>)[] = [
    (request) => request.bytes(),
    async (request) => new Uint8Array(await request.arrayBuffer()),
    async (request) => new Uint8Array(await (await request.blob()).arrayBuffer()),
    (request) => new Response(request.body).bytes(),
    (request) => request.clone().bytes(),
    (request) => new Request(request).bytes(),
    (request) => new Request(request.clone()).clone().bytes(),
  ];
  await fc.assert(
    fc.asyncProperty(chunks, fc.constantFrom(...ways), fc.boolean(), async (parts, way, async) => {
      const request = make(sourceWith({ method: "PUT", body: new TestBody(parts, { async }) }));
      assertEquals([...await way(request)], parts.flatMap((part) => [...part]));
    }),
    { numRuns: 60 },
  );
});

Deno.test("lazyRequest() makes lazy requests on the platform that the tests run on", () => {
  const source = sourceWith();
  let asked = 0;
  lazyRequest({ ...source, fields: () => (asked++, []) });
  assertEquals(asked, findRequestSlots() === undefined ? 1 : 0);
});
