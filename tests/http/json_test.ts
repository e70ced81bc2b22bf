/**
 * Owns the tests of JSON as content: readJson() and its refusals, json(), ndjson() and problem documents. Must not know
 * how JSON is read.
 *
 * @module
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { json, ndjson, problem, ProblemError, readJson, type ReadJsonOptions } from "../../http/json.ts";
import { lazyRequest } from "../../http/request.ts";

type Content = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;

function post(body: Content, headers: HeadersInit = { "content-type": "application/json" }): Request {
  return new Request("http://localhost/", { method: "POST", body, headers });
}

/** The problem document that answers a request, as a client reads it. */
async function refusal(request: Request, options?: ReadJsonOptions): Promise<Record<string, unknown>> {
  const error = await assertRejects(() => readJson(request, options), ProblemError);
  const response = error.toResponse();
  assertEquals(response.headers.get("content-type"), "application/problem+json");
  assertEquals([error.scope, error.status], ["message", response.status]);
  const document = await response.json();
  assertEquals(document.status, response.status);
  return document;
}

Deno.test("readJson() gives the value of content that says it is JSON", async () => {
  for (
    const type of [
      "application/json",
      "Application/JSON; charset=UTF-8",
      "application/vnd.api+json",
      'application/json;charset="utf-8"',
    ]
  ) {
    assertEquals(await readJson(post('{"é": [1]}', { "content-type": type })), { é: [1] });
  }
  assertEquals(await readJson(post("[1]", {}), { contentType: "any" }), [1]);
  assertEquals(await readJson(post("12345678901234567890"), { bigIntegers: "bigint" }), 12345678901234567890n);
});

Deno.test("readJson() refuses other types, charsets and codings with 415 (RFC 9110 §15.5.16)", async () => {
  const cases: [headers: HeadersInit, received: string][] = [
    [{ "content-type": "text/plain" }, 'the type application/json: received "text/plain"'],
    [{ "content-type": "application/jsonp" }, 'the type application/json: received "application/jsonp"'],
    [{ "content-type": "json" }, 'the type application/json: received "json"'],
    [{ "content-type": "application/json; charset=utf-16" }, 'the charset utf-8: received "utf-16"'],
    [{ "content-type": "application/json", "content-encoding": "gzip" }, 'no content coding: received "gzip"'],
  ];
  for (const [headers, received] of cases) {
    const document = await refusal(post("{}", headers));
    assertEquals(document, {
      type: "about:blank",
      title: "Unsupported Media Type",
      status: 415,
      detail: `Cannot read body as it must have ${received}`,
    });
  }
  const { status, detail } = await refusal(post(new Uint8Array([0x31]), {}));
  assertEquals([status, detail], [415, "Cannot read body as it must have the type application/json: received none"]);
});

Deno.test("readJson() refuses content that is too long with 413, by its announced length before anything is read", async () => {
  let read = 0;
  const endless = () =>
    new ReadableStream({
      pull(controller) {
        read++;
        controller.enqueue(new TextEncoder().encode("[1,2,3,4,"));
      },
    }, { highWaterMark: 0 });
  const announced = post(endless(), { "content-type": "application/json", "content-length": "11" });
  assertEquals((await refusal(announced, { maxBytes: 10 }))["status"], 413);
  assertEquals(read, 0);
  const document = await refusal(post(endless()), { maxBytes: 20 });
  assertEquals([document["status"], document["title"], document["limit"], read], [413, "Content Too Large", 20, 3]);
  assertEquals(await readJson(post('"12345678"'), { maxBytes: 10 }), "12345678");
  assertEquals((await refusal(post(`"${"x".repeat(1024 * 1024)}"`)))["limit"], 1024 * 1024);
});

Deno.test("readJson() refuses what is not JSON with 422 and says where", async () => {
  assertEquals(await refusal(post('{"a": 1,\n "é": x}')), {
    type: "about:blank",
    title: "Unprocessable Content",
    status: 422,
    detail: "Cannot parse JSON as a value was expected at line 2, column 7 (byte 16): received 'x'",
    kind: "syntax",
    offset: 16,
    line: 2,
    column: 7,
    expected: "a value",
    received: "'x'",
  });
  const kinds: [content: Content, options: ReadJsonOptions, kind: string][] = [
    ["", {}, "syntax"],
    ["[[]]", { maxDepth: 1 }, "limit"],
    ['{"a":1,"a":2}', { duplicateKeys: "error" }, "policy"],
    [new Uint8Array([0x22, 0xff, 0x22]), {}, "encoding"],
  ];
  for (const [content, options, kind] of kinds) {
    const document = await refusal(post(content), options);
    assertEquals([document["status"], document["kind"]], [422, kind]);
  }
  const bodiless = new Request("http://localhost/", { headers: { "content-type": "application/json" } });
  assertEquals((await refusal(bodiless))["offset"], 0);
});

Deno.test("readJson() reads a request of ours, with its own limit and not the request's", async () => {
  const content = new TextEncoder().encode(`["${"x".repeat(100)}"]`);
  const chunks = [content.slice(0, 50), content.slice(50), null];
  const request = lazyRequest({
    method: "POST",
    url: "http://localhost/",
    fields: () => [{ name: "content-type", value: "application/json" }],
    body: {
      length: undefined,
      read: () => chunks.shift() ?? null,
      cancel: () => {},
      trailers: () => Promise.resolve([]),
    },
    bodyLimit: 10,
    signal: new AbortController().signal,
  });
  assertEquals(await readJson(request), ["x".repeat(100)]);
  await assertRejects(() => readJson(request), TypeError, "must not be used already");
});

Deno.test("readJson() passes on what broke the body, and refuses options that are none", async () => {
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
  await assertRejects(() => readJson(post(broken)), Error, "gone");
  await assertRejects(() => readJson(post("1"), { maxBytes: -1 }), RangeError);
  await assertRejects(() => readJson(post("1"), { maxDepth: 0.5 }), RangeError);
});

Deno.test("json() makes a response of a value", async () => {
  const response = json({ a: "<é>", big: 2n ** 64n }, {
    status: 201,
    headers: { etag: '"1"' },
    htmlSafe: true,
    bigint: "number",
  });
  assertEquals([response.status, response.headers.get("etag")], [201, '"1"']);
  assertEquals(response.headers.get("content-type"), "application/json");
  assertEquals(await response.text(), '{"a":"\\u003cé\\u003e","big":18446744073709551616}');
  const typed = json([], { headers: [["Content-Type", "application/ld+json"]], statusText: "Fine" });
  assertEquals([typed.headers.get("content-type"), typed.statusText], ["application/ld+json", "Fine"]);
  assertThrows(() => json(undefined), TypeError);
});

Deno.test("ndjson() makes a response that asks for a value when one is taken, and ends the iterable when cancelled", async () => {
  const log: unknown[] = [];
  async function* values() {
    try {
      for (let id = 1;; id++) {
        log.push(id);
        yield await Promise.resolve({ id });
      }
    } finally {
      log.push("ended");
    }
  }
  const response = ndjson(values(), { headers: { "x-a": "b" } });
  assertEquals([response.headers.get("content-type"), response.headers.get("x-a")], ["application/x-ndjson", "b"]);
  const reader = response.body!.getReader();
  assertEquals(log, []);
  assertEquals(new TextDecoder().decode((await reader.read()).value), '{"id":1}\n');
  assertEquals(new TextDecoder().decode((await reader.read()).value), '{"id":2}\n');
  assertEquals(log, [1, 2]);
  await reader.cancel();
  assertEquals(log, [1, 2, "ended"]);
  assertEquals(await ndjson([1n, "<"], { bigint: "string", htmlSafe: true }).text(), '"1"\n"\\u003c"\n');
});

Deno.test("problem() fills in type, title and status (RFC 9457 §3.1, §4.2.1)", async () => {
  const response = problem({ status: 404, detail: "no order 7", order: 7 }, {
    headers: { "cache-control": "no-store" },
  });
  assertEquals([response.status, response.headers.get("cache-control")], [404, "no-store"]);
  assertEquals(response.headers.get("content-type"), "application/problem+json");
  assertEquals(await response.json(), {
    type: "about:blank",
    title: "Not Found",
    status: 404,
    detail: "no order 7",
    order: 7,
  });
  const own = problem({ type: "https://example.com/out-of-stock", title: "Out of stock" }, { status: 409 });
  assertEquals(await own.json(), { type: "https://example.com/out-of-stock", title: "Out of stock", status: 409 });
  assertEquals(problem({}).status, 500);
  assertThrows(() => new ProblemError(200), RangeError, "received 200");
  assertEquals(new ProblemError(403).message, "Forbidden");
});

Deno.test("readJson() refuses options that are none before it reads, and a coding whatever the type", async () => {
  let read = 0;
  const body = () => new ReadableStream<Uint8Array<ArrayBuffer>>({ pull: () => void read++ }, { highWaterMark: 0 });
  const none: Record<string, unknown> = { contentType: "xml" };
  await assertRejects(() => readJson(post(body()), none), TypeError, "'contentType' must be one of json, any");
  await assertRejects(() => readJson(post(body()), { maxDepth: 0.5 }), RangeError, "'maxDepth'");
  const coded = post(body(), { "content-encoding": "gzip" });
  assertEquals((await refusal(coded, { contentType: "any" }))["status"], 415);
  assertEquals(read, 0);
});
