/**
 * Owns the proof that what `fetch` gives is a `Response` in every way that a program can ask, lazy or not: each case runs
 * over both factories, whole and streamed, and the platform's own is asked beside them where it can be.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import type { ResponseSource } from "../../client/lazy_response.ts";
import { WholeBody } from "../../client/whole_body.ts";
import { ReceivedBody } from "../../http/received_body.ts";
import {
  chooseResponseFactory,
  createResponseFactory,
  lazyResponse,
  type ResponseFactory,
} from "../../client/response.ts";
import { findResponseSlots } from "../../client/response_slots.ts";
import { HttpClient } from "../../client/mod.ts";
import type { BodySource } from "../../http/mod.ts";
import { serve } from "../../server/mod.ts";
import { memoryNetwork } from "../../net/mod.ts";
import { fromLatin1 } from "../vectors.ts";
import { rejection } from "./peer.ts";

const encoder = new TextEncoder();

/** Makes content of a text. */
type MakeBody = (text: string) => BodySource;

const whole: MakeBody = (text) => {
  const bytes = encoder.encode(`before${text}behind`);
  return new WholeBody(bytes, 6, encoder.encode(text).length, []);
};

const streamed: MakeBody = (text) => {
  const body = new ReceivedBody({ wanted: () => {}, cancelled: () => {} }, undefined);
  const bytes = encoder.encode(text);
  for (let at = 0; at < bytes.length; at += 2) body.push(bytes.slice(at, at + 2));
  body.finish([]);
  return body;
};

function source(body: BodySource | null, given: Partial<ResponseSource> = {}): ResponseSource {
  return {
    status: 200,
    statusText: "OK",
    fields: () => [{ name: "content-type", value: "text/plain" }, { name: "x-a", value: "b" }],
    body,
    url: "http://localhost/a",
    redirected: false,
    bodyLimit: 1000,
    ...given,
  };
}

const FACTORIES: Record<string, ResponseFactory> = {
  lazy: createResponseFactory(findResponseSlots()),
  eager: createResponseFactory(undefined),
};

/** Runs a test over each factory and each kind of content. */
function each(
  name: string,
  run: (make: (text: string, given?: Partial<ResponseSource>) => Response) => Promise<void> | void,
) {
  for (const [kind, factory] of Object.entries(FACTORIES)) {
    for (const [way, body] of Object.entries({ whole, streamed })) {
      Deno.test(`Response (${kind}, ${way}) ${name}`, () => run((text, given) => factory(source(body(text), given))));
    }
  }
}

Deno.test("lazyResponse() is lazy on this platform, and eager where the slots have other names or lie", () => {
  assertEquals(lazyResponse.toString(), FACTORIES["lazy"]!.toString());
  const slots = findResponseSlots();
  assert(slots !== undefined);
  for (const lie of [undefined, { ...slots, inner: Symbol("response") }, { ...slots, guard: Symbol("guard") }]) {
    const factory = chooseResponseFactory(lie);
    assertEquals(factory.toString(), FACTORIES["eager"]!.toString());
    assertEquals(factory(source(null, { status: 299 })).status, 299);
  }
});

each("is a Response and says what the wire said", (make) => {
  const response = make("hello", { status: 404, statusText: "Not Here", redirected: true });
  assertInstanceOf(response, Response);
  assertStrictEquals(response.constructor === Response || response.constructor.prototype instanceof Response, true);
  assertEquals(Object.prototype.toString.call(response), "[object Response]");
  assertEquals(
    [response.status, response.ok, response.statusText, response.url, response.redirected, response.type],
    [404, false, "Not Here", "http://localhost/a", true, "basic"],
  );
  assertEquals([...response.headers], [["content-type", "text/plain"], ["x-a", "b"]]);
  assertStrictEquals(response.headers, response.headers);
  assertEquals(response.bodyUsed, false);
});

each("reads its body once, in each way", async (make) => {
  const ways: [string, (response: Response) => Promise<unknown>, unknown][] = [
    ["text", (response) => response.text(), '{"a":"é"}'],
    ["json", (response) => response.json(), { a: "é" }],
    ["bytes", (response) => response.bytes(), encoder.encode('{"a":"é"}')],
    ["arrayBuffer", (response) => response.arrayBuffer(), encoder.encode('{"a":"é"}').buffer],
    ["blob", async (response) => await (await response.blob()).text(), '{"a":"é"}'],
    ["stream", async (response) => await new Response(response.body).text(), '{"a":"é"}'],
  ];
  for (const [way, read, expected] of ways) {
    for (const touch of [false, true]) {
      const response = make('{"a":"é"}');
      if (touch) assertInstanceOf(response.body, ReadableStream);
      assertEquals(await read(response), expected, way);
      assert(response.bodyUsed, way);
      assertInstanceOf(await rejection(response.text()), TypeError, way);
      assertThrows(() => response.clone(), TypeError, undefined, way);
      assertInstanceOf(response.body, ReadableStream, way);
      if (way !== "stream") assertThrows(() => new Response(response.body), TypeError);
    }
  }
});

each("gives bytes of its own: what is done to them changes nothing else", async (make) => {
  const first = make("hello");
  const bytes = await first.bytes();
  assertEquals([bytes.byteOffset, bytes.buffer.byteLength, bytes.length], [0, 5, 5]);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  const reader = make("hello").body!.getReader({ mode: "byob" });
  const { value } = await reader.read(new Uint8Array(16));
  assert("hello".startsWith(new TextDecoder().decode(value)));
});

each("knows the media type of its blob and form", async (make) => {
  assertEquals((await make("a").blob()).type, "text/plain");
  const form = { fields: () => [{ name: "content-type", value: "application/x-www-form-urlencoded" }] };
  assertEquals([...await make("a=b&c=d", form).formData()], [["a", "b"], ["c", "d"]]);
  const none = { fields: () => [] };
  assertEquals((await make("a", none).blob()).type, "");
  assertInstanceOf(await rejection(make("a", none).formData()), TypeError);
});

each("drops a byte order mark from its text, and replaces what is no UTF-8", async (make) => {
  assertEquals(await make("\ufeffhello").text(), "hello");
  assertInstanceOf(await rejection(make("{").json()), SyntaxError);
});

each("clones into two that are read apart, headers and all", async (make) => {
  const response = make("hello", { status: 203 });
  const clone = response.clone();
  assertNotStrictEquals(clone, response);
  assertInstanceOf(clone, Response);
  assertEquals([clone.status, clone.url, clone.headers.get("x-a")], [203, "http://localhost/a", "b"]);
  assertEquals([await clone.text(), response.bodyUsed, await response.text()], ["hello", false, "hello"]);
});

each("can be locked and cancelled by its stream", async (make) => {
  const locked = make("hello");
  const reader = locked.body!.getReader();
  assertEquals(locked.bodyUsed, false);
  assertInstanceOf(await rejection(locked.text()), TypeError);
  assertThrows(() => locked.clone(), TypeError);
  reader.releaseLock();
  assertEquals(await locked.text(), "hello");
  const cancelled = make("hello");
  await cancelled.body!.cancel();
  assert(cancelled.bodyUsed);
  assertInstanceOf(await rejection(cancelled.text()), TypeError);
});

each("can be made into another: new Response(it.body, it)", async (make) => {
  const response = make("hello", { status: 404, statusText: "Not Here" });
  const other = new Response(response.body, response);
  assertEquals([other.status, other.statusText, other.headers.get("x-a")], [404, "Not Here", "b"]);
  other.headers.set("x-a", "c");
  assertEquals([await other.text(), response.bodyUsed], ["hello", true]);
});

each("takes no more of its body than its limit, but as a stream", async (make) => {
  const limited = () => make("hello", { bodyLimit: 4 });
  for (const read of ["text", "json", "bytes", "arrayBuffer", "blob"] as const) {
    const error = await rejection(limited()[read]());
    assert(String(error).includes("at most 4 bytes"), `${read}: ${error}`);
  }
  assertEquals(await new Response(limited().body).text(), "hello");
});

each("gives text as a stream", async (make) => {
  assertEquals((await Array.fromAsync(make("hellö").textStream())).join(""), "hellö");
});

each("shows itself in the console as the platform's does", (make) => {
  assert(/Response {[^]*status: 200,[^]*url: "http:\/\/localhost\/a"/.test(Deno.inspect(make("hello"))));
});

each("is as empty as its message", async (make) => {
  const empty = make("");
  assertEquals([await empty.text(), empty.bodyUsed], ["", true]);
  for (const factory of Object.values(FACTORIES)) {
    const none = factory(source(null, { status: 204 }));
    assertEquals([none.body, await none.text(), none.bodyUsed], [null, "", false]);
    assertEquals([none.clone().body, await none.text()], [null, ""]);
  }
});

each("takes a status that `new Response` refuses", (make) => {
  for (const status of [101, 600, 999]) {
    assertEquals([make("", { status }).status, make("", { status }).ok], [status, false]);
    assertEquals(make("", { status }).clone().status, status);
  }
});

Deno.test("Response (lazy) has headers that nobody can change (Fetch, the immutable guard)", () => {
  const response = lazyResponse(source(null));
  assertThrows(() => response.headers.append("x-b", "c"), TypeError);
  assertThrows(() => response.headers.delete("x-a"), TypeError);
  assertThrows(() => response.clone().headers.set("x-a", "c"), TypeError);
  assertEquals(response.headers.get("x-a"), "b");
  const cookies = source(null, { fields: () => ["a=1", "b=2"].map((value) => ({ name: "set-cookie", value })) });
  assertEquals(lazyResponse(cookies).headers.getSetCookie(), ["a=1", "b=2"]);
});

Deno.test("Response (lazy) has the members that the platform's has, and nothing of its own", () => {
  const response = lazyResponse(source(whole("a")));
  const platform = new Response("a");
  const names = (one: object) => {
    const found: string[] = [];
    for (const name in one) found.push(name);
    return found.sort();
  };
  const own = names(response).filter((name) => !names(platform).includes(name));
  assertEquals(own.filter((name) => name !== "textStream"), [], "which Deno has since 2.9");
  assertEquals(Object.keys(response), []);
  for (const name of names(platform)) assertEquals(name in response, true);
});

Deno.test("Response (lazy) works where the platform reads its own slots", async () => {
  assertEquals(await Response.prototype.text.call(lazyResponse(source(whole("hello")))), "hello");
  assertEquals(Response.prototype.clone.call(lazyResponse(source(whole("hello")))).status, 200);
  const getter = Object.getOwnPropertyDescriptor(Response.prototype, "status")?.get;
  assertEquals(getter?.call(lazyResponse(source(null, { status: 418 }))), 418);
});

Deno.test("Response (lazy) is answered by this library's server and by Deno.serve as any other", async () => {
  const inner = memoryNetwork();
  await using _inner = serve(
    inner,
    (request) =>
      new Response(request.url.endsWith("/big") ? new Uint8Array(200_000) : "hello", {
        status: 203,
        headers: { "x-a": "b" },
      }),
  );
  await using behind = new HttpClient({ connect: inner.connect });
  const outer = memoryNetwork();
  const proxy = (request: Request) => behind.fetch(`http://inner${new URL(request.url).pathname}`);
  await using _outer = serve(outer, proxy);
  await using client = new HttpClient({ connect: outer.connect });
  await using platform = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, proxy);
  using http = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  for (const [path, length] of [["small", 5], ["big", 200_000]] as const) {
    const ours = await client.fetch(`http://outer/${path}`);
    assertEquals([ours.status, ours.headers.get("x-a"), (await ours.bytes()).length], [203, "b", length]);
    const theirs = await fetch(`http://127.0.0.1:${platform.addr.port}/${path}`, { client: http });
    assertEquals([theirs.status, theirs.headers.get("x-a"), (await theirs.bytes()).length], [203, "b", length]);
  }
});

Deno.test("WholeBody leaves its bytes where they are until they are wanted, once", async () => {
  const bytes = fromLatin1("abcde");
  const body = new WholeBody(bytes, 1, 3, [{ name: "x-a", value: "b" }]);
  const read = body.read();
  assertEquals([read, body.read()], [fromLatin1("bcd"), null]);
  assertNotStrictEquals(read?.buffer, bytes.buffer);
  assertEquals(await body.trailers(), [{ name: "x-a", value: "b" }]);
  const cancelled = new WholeBody(bytes, 1, 3, []);
  cancelled.cancel();
  assertEquals([cancelled.read(), cancelled.length], [null, 3]);
});

Deno.test("ReceivedBody gives what came before it broke off, then the reason, and its trailers not at all", async () => {
  let wanted = 0;
  const body = new ReceivedBody({ wanted: () => wanted++, cancelled: () => {} }, 5);
  body.push(fromLatin1("ab"));
  body.fail(new Error("lost"));
  assertEquals([body.read(), wanted, body.settled], [fromLatin1("ab"), 0, true]);
  assertEquals(String(await rejection(Promise.resolve(body.read()))), "Error: lost");
  assertEquals(String(await rejection(body.trailers())), "Error: lost");
  const waiting = new ReceivedBody({ wanted: () => wanted++, cancelled: () => {} }, 5);
  const read = waiting.read();
  assertEquals(wanted, 1);
  assertInstanceOf(await rejection(Promise.resolve(waiting.read())), TypeError);
  waiting.abort("enough");
  assertEquals(await rejection(Promise.resolve(read)), "enough");
  const aborted = new ReceivedBody({ wanted: () => {}, cancelled: () => {} }, 5);
  aborted.push(fromLatin1("ab"));
  aborted.abort("enough");
  assertEquals(await rejection(Promise.resolve(aborted.read())), "enough");
});

Deno.test("ReceivedBody.collect() gives all in memory of its own, pushed or read straight to its space", async () => {
  let wanted = 0;
  const body = new ReceivedBody({ wanted: () => wanted++, cancelled: () => {} }, 6);
  body.push(fromLatin1("ab"));
  assertEquals(body.space, undefined);
  const collecting = body.collect(6);
  assertEquals([wanted, body.space?.length, body.hungry], [1, 4, true]);
  body.space?.set(fromLatin1("cd"));
  body.advance(2);
  body.push(fromLatin1("ef"));
  assertEquals(body.space, undefined, "nothing is missing");
  body.finish([]);
  assertEquals(await collecting, fromLatin1("abcdef"));
  const broken = new ReceivedBody({ wanted: () => {}, cancelled: () => {} }, 6);
  const failing = broken.collect(6);
  broken.fail("lost");
  assertEquals([await rejection(failing), broken.space], ["lost", undefined]);
  const late = new ReceivedBody({ wanted: () => {}, cancelled: () => {} }, 2);
  late.push(fromLatin1("ab"));
  late.finish([]);
  assertEquals(await late.collect(2), fromLatin1("ab"));
  const gone = new ReceivedBody({ wanted: () => {}, cancelled: () => {} }, 2);
  gone.fail("lost");
  assertEquals(await rejection(gone.collect(2)), "lost");
});

Deno.test("HttpClient.fetch gives a long body whole, however it is cut, and leaves the next answer alone", async () => {
  const content = new Uint8Array(300_000).map((_, at) => at % 251);
  for (const chunkSize of [1_000, 65_536, Infinity]) {
    const { listener, connect } = memoryNetwork({ chunkSize, capacity: 1_000_000 });
    await using _server = serve(
      { listener },
      (request) => new Response(request.url.endsWith("/big") ? content : "hello"),
    );
    await using client = new HttpClient({ connect });
    for (let count = 0; count < 3; count++) {
      assertEquals(await (await client.fetch("http://localhost/big")).bytes(), content);
      assertEquals(await (await client.fetch("http://localhost/")).text(), "hello");
    }
    assertEquals(client.connections, 1);
  }
});
