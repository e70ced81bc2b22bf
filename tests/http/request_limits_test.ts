/**
 * What a server's `Request` does beyond the platform's: laziness, bounded bodies, the messages that `new Request`
 * refuses, its source.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { BodyTooLargeError, DEFAULT_BODY_LIMIT } from "../../http/body.ts";
import { ProtocolError } from "../../http/fields/error.ts";
import { chooseFactory, createRequestFactory, lazyRequest, type RequestFactory, sourceOf } from "../../http/request.ts";
import { findRequestSlots } from "../../http/request_slots.ts";
import { sourceWith, TestBody } from "./sources.ts";

const kinds: Record<string, RequestFactory> = {
  "lazy": createRequestFactory(findRequestSlots()),
  "without slots": createRequestFactory(undefined),
};

function expectOf(name: string, body: (make: RequestFactory) => void | Promise<void>): void {
  for (const [kind, make] of Object.entries(kinds)) Deno.test(`Request (${kind}) ${name}`, () => body(make));
}

const METHODS = ["text", "json", "bytes", "arrayBuffer", "blob", "formData"] as const;

expectOf("rejects content beyond its limit with 413 and cancels it (RFC 9110 §15.5.14)", async (make) => {
  for (const method of METHODS) {
    const body = new TestBody(["hello", "world"], { async: true });
    const request = make(sourceWith({ method: "POST", body, bodyLimit: 9 }));
    const error = await assertRejects(() => request[method](), BodyTooLargeError);
    assertEquals([error.status, error.limit], [413, 9]);
    assertEquals(body.cancelled, [error]);
    assertEquals(request.bodyUsed, true);
  }
});

expectOf("rejects an announced length beyond its limit before it reads, touched or not", async (make) => {
  for (const touch of [false, true]) {
    for (const method of METHODS) {
      const body = new TestBody(["hello"], { length: 10 });
      const request = make(sourceWith({ method: "POST", body, bodyLimit: 9 }));
      if (touch) assert(request.body !== null);
      await assertRejects(() => request[method](), BodyTooLargeError);
      assertEquals([body.reads, body.cancelled.length], [0, 1]);
    }
  }
});

expectOf("takes content up to its limit, and no limit from the body stream", async (make) => {
  const full = make(sourceWith({ method: "POST", body: new TestBody(["hello"], { length: 5 }), bodyLimit: 5 }));
  assertEquals(await full.text(), "hello");
  const streamed = make(sourceWith({ method: "POST", body: new TestBody(["hello"], { length: 5 }), bodyLimit: 4 }));
  assertEquals((await Array.fromAsync(streamed.body ?? [])).length, 1);
});

expectOf("is bounded by default, in its clone and after a touch too", async (make) => {
  const chunks = [new Uint8Array(DEFAULT_BODY_LIMIT), new Uint8Array(1)];
  const request = make(sourceWith({ method: "POST", body: new TestBody(chunks) }));
  const clone = request.clone();
  await Promise.all([
    assertRejects(() => request.bytes(), BodyTooLargeError),
    assertRejects(() => clone.bytes(), BodyTooLargeError),
  ]);
  const fits = make(sourceWith({ method: "POST", body: new TestBody(chunks.slice(0, 1)) }));
  assertEquals((await fits.bytes()).length, 1024 * 1024);
});

expectOf("does not read content before somebody wants it", async (make) => {
  const body = new TestBody(["a", "b"]);
  const request = make(sourceWith({ method: "POST", body }));
  const stream = request.body;
  assertEquals([request.bodyUsed, stream?.locked], [false, false]);
  await Promise.resolve();
  assertEquals(body.reads, 0);
  await stream?.cancel("unwanted");
  assertEquals(body.cancelled, ["unwanted"]);
});

expectOf("keeps its method in its wire case (RFC 9110 §9.1)", (make) => {
  for (const method of ["get", "Post", "patch"]) {
    const request = make(sourceWith({ method }));
    assertEquals([request.method, request.clone().method], [method, method]);
  }
});

/** What `new Request` refuses to be. */
const refused: [string, ...("content"[])][] = [["CONNECT"], ["connect"], ["TRACE"], ["TRACK"], ["GET", "content"], [
  "HEAD",
  "content",
]];

for (const [method, content] of refused) {
  const source = () => sourceWith({ method, headers: [["x-a", "b"]], body: content ? new TestBody(["a", "b"]) : null });

  expectOf(`reports ${method} with ${content ?? "no content"}, which new Request refuses`, async (make) => {
    const request = make(source());
    assertInstanceOf(request, Request);
    assertEquals([request.method, request.url, request.headers.get("x-a")], [method, "http://localhost/", "b"]);
    assertEquals([request.signal.aborted, request.bodyUsed, request.redirect], [false, false, "follow"]);
    assert(Deno.inspect(request).includes(`method: "${method}"`));
    const clone = request.clone();
    assertEquals([clone.method, await clone.text()], [method, content ? "ab" : ""]);
    assertEquals(await request.text(), content ? "ab" : "");
  });

  expectOf(`refuses to copy or fetch ${method} with ${content ?? "no content"}`, async (make) => {
    assertThrows(() => new Request(make(source())), TypeError);
    await assertRejects(() => fetch(make(source())), TypeError);
    const request = make(source());
    assertThrows(() => new Request(request, { headers: {} }), TypeError);
    assertEquals(await request.text(), content ? "ab" : ""); // a refusal takes nothing
  });
}

expectOf("knows its source, and so does its clone, not its copy", (make) => {
  const source = sourceWith({ method: "PUT", body: new TestBody([]) });
  const request = make(source);
  assertStrictEquals(sourceOf(request), source);
  assertStrictEquals(sourceOf(request.clone()), source);
  assertEquals(sourceOf(new Request(request)), undefined);
  assertEquals(sourceOf(new Request("http://localhost/")), undefined);
});

Deno.test("lazyRequest() asks its source for nothing until it is touched, and once then", async () => {
  const asked: string[] = [];
  const { signal } = new AbortController();
  const body = new TestBody(["a"]);
  const request = createRequestFactory(findRequestSlots())({
    method: "POST",
    get url() {
      asked.push("url");
      return "http://localhost/";
    },
    fields() {
      asked.push("fields");
      return [];
    },
    get signal() {
      asked.push("signal");
      return signal;
    },
    body,
  });
  assertEquals(asked, []);
  assertEquals(request.method, "POST");
  assertEquals(await request.text(), "a");
  assertEquals(asked, []);
  assert(request.headers && request.headers);
  assertEquals(asked, ["fields"]);
  assert(request.signal && request.signal);
  assertEquals(asked, ["fields", "signal"]);
});

expectOf("answers 400 by its error where target and host make no valid URL", (make) => {
  const request = make(sourceWith({ url: "http://256.1.1.1/" }));
  assertEquals(assertThrows(() => request.url, ProtocolError).status, 400);
});

Deno.test("findRequestSlots() finds what this platform's requests have, and lazyRequest() uses it", () => {
  const own = Object.getOwnPropertySymbols(new Request("http://localhost/"));
  const slots = findRequestSlots();
  if (slots === undefined) return assertEquals(own.some((slot) => slot.description === "request"), false);
  const found = [slots.brand, slots.headers, slots.url, slots.method, ...slots.others];
  assertEquals(new Set(found.filter((slot) => slot !== undefined)), new Set(own));
  assertEquals(Object.getOwnPropertySymbols(lazyRequest(sourceWith())), []);
});

Deno.test("chooseFactory() makes real requests where a slot does not behave", () => {
  const slots = findRequestSlots();
  const isLazy = (make: RequestFactory) => {
    let asked = 0;
    const request = make({ ...sourceWith(), fields: () => (asked++, []) });
    assertInstanceOf(new Request(request), Request); // whatever was chosen, it works
    return asked === 0 || Object.getOwnPropertySymbols(request).length === 0;
  };
  assertEquals(isLazy(chooseFactory(undefined)), false);
  if (slots === undefined) return;
  assertEquals(isLazy(chooseFactory(slots)), true);
  assertEquals(isLazy(chooseFactory({ ...slots, brand: Symbol("elsewhere") })), false);
  assertEquals(isLazy(chooseFactory({ ...slots, others: [] })), false);
});
