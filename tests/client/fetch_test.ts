import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { ClientError, type FetchInit, type FetchInput, HttpClient, trailersOf } from "../../client/mod.ts";
import { serve } from "../../server/mod.ts";
import { memoryNetwork } from "../../net/mod.ts";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { OK, rejection, settled, stage, until } from "./peer.ts";

/** What goes over the wire for a request: the head and, where it has content, that. */
async function sent(input: FetchInput, init?: FetchInit, end = "\r\n\r\n", options = {}): Promise<string> {
  using set = stage(options);
  const response = set.client.fetch(input, init);
  const peer = await set.accept();
  const text = await peer.readUntil(end);
  await peer.write(OK);
  assertEquals(await (await response).text(), "hello");
  return text;
}

Deno.test("HttpClient.fetch sends the least that a request needs", async () => {
  const plain = "GET /a?b=c HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\nuser-agent: avx-http\r\n\r\n";
  assertEquals(await sent("http://localhost/a?b=c#d"), plain);
  assertEquals(await sent(new URL("http://localhost/a?b=c")), plain);
  assertEquals(await sent("http://localhost:80/a?b=c", {}), plain);
  assertEquals(
    await sent("http://localhost:8080", undefined, "\r\n\r\n", { userAgent: "" }),
    "GET / HTTP/1.1\r\nhost: localhost:8080\r\naccept: */*\r\n\r\n",
  );
  assertMatch(await sent("http://[::1]:8080/"), /\r\nhost: \[::1\]:8080\r\n/);
  assertMatch(await sent("http://LOCALHOST/ä b"), /^GET \/%C3%A4%20b HTTP\/1.1\r\nhost: localhost\r\n/);
});

Deno.test("HttpClient.fetch takes a Request, and an init over it", async () => {
  const request = () =>
    new Request("http://localhost/a", { method: "PUT", headers: { "x-a": "b" }, body: "hello", redirect: "manual" });
  const plain = await sent(request(), {}, "hello");
  assertMatch(plain, /^PUT \/a [^]*\r\nx-a: b\r\n[^]*\r\ncontent-length: 5\r\n\r\nhello$/);
  assertEquals(plain.match(/content-type: .*/g), ["content-type: text/plain;charset=UTF-8"]);
  for (const body of [new Uint8Array([104, 105]), new Blob(["hi"]), new URLSearchParams("hi")]) {
    assertMatch(await sent(new Request(request(), { body }), {}, "hi"), /\r\ncontent-length: [23]\r\n\r\nhi$/);
  }
  const stream = new Request(request(), { body: new Blob(["hi"]).stream() });
  assertMatch(await sent(stream, {}, "0\r\n\r\n"), /\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n$/);
  const over = await sent(request(), { method: "post", headers: { "x-c": "d" }, body: "you" }, "you");
  assertMatch(over, /^POST \/a [^]*\r\nx-c: d\r\n[^]*\r\ncontent-length: 3\r\n\r\nyou$/);
  assert(!over.includes("x-a"));
  using set = stage();
  const used = request();
  const response = set.client.fetch(used);
  assert(used.bodyUsed, "at once, as the platform has it");
  const peer = await set.accept();
  await peer.readUntil("hello");
  await peer.write(OK);
  await response;
  assertInstanceOf(await rejection(set.client.fetch(used)), TypeError);
});

Deno.test("HttpClient.fetch sends fields as given, but for those that frame the message or rule the connection", async () => {
  const headers: [string, string][] = [
    ["X-A", " b "],
    ["x-a", "c"],
    ["Host", "evil"],
    ["Transfer-Encoding", "gzip"],
    ["Keep-Alive", "1"],
    ["Upgrade", "foo"],
    ["TE", "trailers"],
    ["Connection", "x-b"],
    ["User-Agent", "mine"],
    ["Accept", "text/html"],
  ];
  assertEquals(
    await sent("http://localhost/", { headers }),
    "GET / HTTP/1.1\r\nhost: localhost\r\nx-a: b\r\nx-a: c\r\nte: trailers\r\nuser-agent: mine\r\naccept: text/html\r\n" +
      "connection: te\r\n\r\n",
  );
  assertMatch(await sent("http://localhost/", { headers: new Headers({ a: "1" }) }), /\r\na: 1\r\n/);
  assertMatch(await sent("http://localhost/", { headers: { B: "2" } }), /\r\nb: 2\r\n/);
  assertMatch(await sent("http://localhost/", { headers: { connection: "close" } }), /\r\nconnection: close\r\n\r\n$/);
});

Deno.test("HttpClient.fetch frames each kind of body", async () => {
  const post = (body: BodyInit, end: string) => sent("http://localhost/", { method: "POST", body }, end);
  const rows: [BodyInit, string | null, string, string][] = [
    ["hé", "text/plain;charset=UTF-8", "content-length: 3", "\r\n\r\nhé"],
    [new Uint8Array([104, 105]), null, "content-length: 2", "\r\n\r\nhi"],
    [new Uint8Array([104, 105]).buffer, null, "content-length: 2", "\r\n\r\nhi"],
    [new DataView(new Uint8Array([104, 105]).buffer), null, "content-length: 2", "\r\n\r\nhi"],
    [new URLSearchParams({ a: "b" }), "application/x-www-form-urlencoded;charset=UTF-8", "content-length: 3", "a=b"],
    [new Blob(["hi"], { type: "text/css" }), "text/css", "content-length: 2", "\r\n\r\nhi"],
    [new Blob(["hi"]), null, "content-length: 2", "\r\n\r\nhi"],
    ["", "text/plain;charset=UTF-8", "content-length: 0", "\r\n\r\n"],
    [new Blob(["hi", "ho"]).stream(), null, "transfer-encoding: chunked", "0\r\n\r\n"],
  ];
  for (const [body, type, framing, end] of rows) {
    const text = await post(body, end);
    assert(text.includes(`\r\n${framing}\r\n`), text);
    assertEquals(/\r\ncontent-type: (.*)\r\n/.exec(text)?.[1] ?? null, type, text);
    assertEquals(text.match(/content-length|transfer-encoding/g)?.length, 1, text);
  }
  const form = new FormData();
  form.set("a", "b");
  using set = stage();
  const response = set.client.fetch("http://localhost/", { method: "POST", body: form });
  const peer = await set.accept();
  const head = await peer.head();
  const boundary = /\r\ncontent-type: multipart\/form-data; boundary=(.*)\r\n/.exec(head)?.[1] ?? "none";
  const content = await peer.readText(Number(/\r\ncontent-length: (\d+)\r\n/.exec(head)?.[1]));
  assert(content.startsWith(`--${boundary}\r\n`) && content.trimEnd().endsWith(`\r\nb\r\n--${boundary}--`), content);
  await peer.write(OK);
  await response;
  assertMatch(await sent("http://localhost/", { method: "POST" }), /\r\ncontent-length: 0\r\n/);
  assert(!/content-length/.test(await sent("http://localhost/", { method: "DELETE" })));
});

Deno.test("HttpClient.fetch announces a stream's length where content-length tells it, and holds it to that", async () => {
  const stream = () => new Blob(["hello"]).stream();
  const init = (length: string): FetchInit => ({
    method: "PUT",
    body: stream(),
    headers: { "content-length": length },
  });
  const text = await sent("http://localhost/", init("5"), "hello");
  assertMatch(text, /\r\ncontent-length: 5\r\n\r\nhello$/);
  for (const length of ["4", "6"]) {
    using set = stage();
    const error = await rejection(set.client.fetch("http://localhost/", init(length)));
    assertInstanceOf(error, TypeError);
    assertInstanceOf(error.cause, RangeError);
    await until(() => set.client.connections === 0);
  }
  using set = stage();
  const wrong = { method: "PUT", body: "hello", headers: { "content-length": "4" } };
  assertMatch(
    String(await rejection(set.client.fetch("http://localhost/", wrong))),
    /must be the body's 5: received 4/,
  );
  assertEquals(set.dials, 0);
});

Deno.test("HttpClient.fetch normalises methods as Fetch does, and refuses those that it refuses", async () => {
  assertMatch(await sent("http://localhost/", { method: "get" }), /^GET /);
  assertMatch(await sent("http://localhost/", { method: "Options" }), /^OPTIONS /);
  assertMatch(await sent("http://localhost/", { method: "patch" }), /^patch /);
  using set = stage();
  for (const method of ["CONNECT", "trace", "TRACK", "A B", ""]) {
    assertInstanceOf(await rejection(set.client.fetch("http://localhost/", { method })), TypeError, method);
  }
  assertEquals(set.dials, 0);
});

Deno.test("HttpClient.fetch rejects with a TypeError what it can't send, and dials nobody", async () => {
  using set = stage();
  const rows: [FetchInput, FetchInit | undefined, RegExp][] = [
    ["/relative", undefined, /URL must be valid and absolute: received \/relative/],
    ["ftp://localhost/", undefined, /scheme must be http or https: received ftp/],
    ["data:,hello", {}, /scheme must be http or https: received data/],
    ["http://user:secret@localhost/", undefined, /no user name and no password/],
    ["http://localhost/", { body: "a" }, /a GET must have no body/],
    ["http://localhost/", { method: "HEAD", body: "a" }, /a HEAD must have no body/],
    ["http://localhost/", { headers: { "a b": "c" } }, /header 'a b'/],
    ["http://localhost/", { headers: { a: "b\r\nc: d" } }, /header 'a'/],
    ["http://localhost/", { headers: { a: "\u0100" } }, /header 'a'/],
    ["http://localhost/", { headers: { expect: "200-ok" } }, /'expect' must be 100-continue/],
    ["http://localhost/", { method: "PUT", headers: { "content-length": "+1" }, body: "a" }, /must be digits/],
  ];
  for (const [input, init, message] of rows) {
    const error = await rejection(set.client.fetch(input, init));
    assertInstanceOf(error, TypeError);
    assertMatch(error.message, message);
    assertEquals(error.cause, undefined, "the caller's own mistake");
  }
  const locked = new Blob(["a"]).stream();
  locked.getReader();
  assertInstanceOf(await rejection(set.client.fetch("http://localhost/", { method: "PUT", body: locked })), TypeError);
  assertInstanceOf(await rejection(set.client.fetch("http://localhost/", { timeout: 0 })), TypeError);
  assertEquals(set.dials, 0);
});

Deno.test("HttpClient.fetch is bound, and can be handed over as a fetch", async () => {
  using set = stage();
  const fetch: typeof globalThis.fetch = set.client.fetch;
  const response = fetch("http://localhost/");
  await (await set.accept()).answer();
  assertEquals(await (await response).text(), "hello");
});

Deno.test("HttpClient.fetch sends trailers behind chunked content, and announces those that it knows (RFC 9110 §6.6.2)", async () => {
  const known = await sent("http://localhost/", { method: "PUT", body: "hi", trailers: { "X-A": "b" } }, "b\r\n\r\n");
  assertMatch(known, /\r\ntransfer-encoding: chunked\r\ntrailer: x-a\r\n\r\n2\r\nhi\r\n0\r\nx-a: b\r\n\r\n$/);
  let asked = 0;
  const late = () => ({ "x-n": String(++asked) });
  const text = await sent("http://localhost/", { method: "PUT", trailers: late }, "1\r\n\r\n");
  assertMatch(text, /\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-n: 1\r\n\r\n$/);
  using set = stage();
  const forbidden = { method: "PUT", body: "a", trailers: () => ({ "content-type": "a/b" }) };
  assertMatch(String(await rejection(set.client.fetch("http://localhost/", forbidden))), /must not be such a field/);
});

Deno.test("trailersOf() gives what came behind a response's content", async () => {
  using set = stage();
  const waiting = set.client.fetch("http://localhost/");
  const peer = await set.accept();
  await peer.answer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n");
  const response = await waiting;
  const trailers = trailersOf(response);
  await peer.write("0\r\nx-a: b\r\nx-a: c\r\ncontent-length: 9\r\n\r\n");
  assertEquals(await response.text(), "hi");
  assertEquals([...await trailers], [["x-a", "b, c"]]);
  const whole = set.client.fetch("http://localhost/");
  await peer.answer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-d: e\r\n\r\n");
  assertEquals([...await trailersOf(await whole)], [["x-d", "e"]]);
  const none = set.client.fetch("http://localhost/");
  await peer.answer();
  assertEquals([...await trailersOf(await none)], []);
  const cut = set.client.fetch("http://localhost/");
  await peer.answer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n");
  const broken = trailersOf(await cut);
  peer.close();
  assertInstanceOf(await rejection(broken), TypeError);
});

Deno.test("HttpClient.fetch tells of interim responses, and survives a callback that throws", async () => {
  using set = stage();
  const told: [number, string | null][] = [];
  const onInformation = ({ status, headers }: { status: number; headers: Headers }) => {
    told.push([status, headers.get("link")]);
  };
  const response = set.client.fetch("http://localhost/", { onInformation });
  const peer = await set.accept();
  await peer.answer(`HTTP/1.1 103 \r\nlink: </a>\r\n\r\nHTTP/1.1 102 \r\n\r\n${OK}`);
  assertEquals(await (await response).text(), "hello");
  assertEquals(told, [[103, "</a>"], [102, null]]);
  const reported: unknown[] = [];
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    reported.push(event.error);
  };
  globalThis.addEventListener("error", onError);
  const failing = set.client.fetch("http://localhost/", {
    onInformation: () => {
      throw new Error("mine");
    },
  });
  await peer.answer(`HTTP/1.1 103 \r\n\r\n${OK}`);
  assertEquals(await (await failing).text(), "hello");
  globalThis.removeEventListener("error", onError);
  assertEquals(reported.map(String), ["Error: mine"]);
});

Deno.test("HttpClient.fetch holds content back for a 100, and sends it after a second without one", async () => {
  for (const body of ["hello", new Blob(["hello"]).stream()]) {
    using set = stage();
    const init = { method: "PUT", body, headers: { expect: "100-continue" } };
    const response = set.client.fetch("http://localhost/", init);
    const peer = await set.accept();
    assertMatch(await peer.head(), /\r\nexpect: 100-continue\r\n/);
    if (typeof body === "string") await peer.write("HTTP/1.1 100 Continue\r\n\r\n");
    else {
      set.clock.advance(999);
      set.clock.advance(1);
    }
    await peer.readUntil("hello");
    await peer.write(OK);
    assertEquals((await response).status, 200);
  }
  using set = stage();
  const init = { method: "PUT", body: "hello", headers: { expect: "100-continue" } };
  const response = set.client.fetch("http://localhost/", init);
  const peer = await set.accept();
  await peer.answer("HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\n\r\n");
  assertEquals((await response).status, 417);
  assertEquals(await peer.readToEnd(), "", "the content was never sent, and the connection ends");
});

Deno.test("HttpClient.fetch streams both ways with backpressure", async () => {
  using set = stage();
  let pulled = 0;
  const chunk = new Uint8Array(16 * 1024);
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      pulled++;
      controller.enqueue(chunk);
    },
  }, { highWaterMark: 0 });
  const waiting = set.client.fetch("http://localhost/", { method: "PUT", body });
  const peer = await set.accept();
  await peer.head();
  const taken = await settled(() => pulled) * chunk.length;
  assert(taken > 64 * 1024 && taken <= 256 * 1024, `${taken} bytes were taken though nobody reads`);
  await peer.write("HTTP/1.1 200 OK\r\n\r\n");
  const response = await waiting;
  const megabyte = new Uint8Array(1024 * 1024);
  let written = 0;
  const writing = (async () => {
    while (written < megabyte.length) written += await peer.transport.write(megabyte.subarray(written));
    await peer.end();
  })();
  const read = await settled(() => written);
  assert(read > 64 * 1024 && read <= 256 * 1024, `${read} bytes were read though nobody wants them`);
  assertEquals((await response.bytes()).length, megabyte.length);
  await writing;
});

Deno.test("HttpClient.fetch lets a server answer while the request is under way: echo", async () => {
  const { listener, connect } = memoryNetwork();
  await using _server = serve({ listener }, (request) => new Response(request.body));
  await using client = new HttpClient({ connect });
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const writer = writable.getWriter();
  const response = await client.fetch("http://localhost/", { method: "POST", body: readable });
  const reader = response.body!.getReader();
  for (let count = 1; count < 4; count++) {
    void writer.write(new Uint8Array([count]));
    assertEquals((await reader.read()).value, new Uint8Array([count]));
  }
  await writer.close();
  assert((await reader.read()).done);
});

Deno.test("HttpClient.fetch cancels a body that the server wants no more of, and gives its answer", async () => {
  using set = stage();
  const cancelled = Promise.withResolvers<unknown>();
  const body = new ReadableStream({ cancel: (reason) => cancelled.resolve(reason) });
  const response = set.client.fetch("http://localhost/", { method: "PUT", body });
  const peer = await set.accept();
  await peer.answer("HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno");
  assertEquals([(await response).status, await (await response).text()], [413, "no"]);
  await cancelled.promise;
});

Deno.test("HttpClient.fetch rejects when the body fails, with its error as the cause", async () => {
  using set = stage();
  const failure = new Error("disk on fire");
  const body = new ReadableStream({ pull: () => Promise.reject(failure) });
  const error = await rejection(set.client.fetch("http://localhost/", { method: "PUT", body }));
  assertInstanceOf(error, TypeError);
  assertStrictEquals(error.cause, failure);
  const wrong = new ReadableStream({ start: (controller) => controller.enqueue("text") });
  assertMatch(
    String(await rejection(set.client.fetch("http://localhost/", { method: "PUT", body: wrong }))),
    /chunks must be Uint8Arrays: received string/,
  );
  await until(() => set.client.connections === 0);
});

function canDecode(format: CompressionFormat): boolean {
  try {
    new DecompressionStream(format);
    return true;
  } catch {
    return false;
  }
}

Deno.test("HttpClient decodes content only where it was told to", async () => {
  const content = new TextEncoder().encode("hello");
  const coded: [string, Uint8Array][] = [["gzip", gzipSync(content)], ["deflate", deflateSync(content)]];
  const hasBrotli = canDecode("brotli"); // Deno has it since 2.9
  if (hasBrotli) coded.push(["br", brotliCompressSync(content)]);
  for (const [coding, bytes] of coded) {
    for (const decompress of [true, false]) {
      using set = stage({ decompress });
      const response = set.client.fetch("http://localhost/");
      const peer = await set.accept();
      assertEquals(
        /accept-encoding: (.*)\r\n/.exec(await peer.head())?.[1],
        decompress ? `gzip, deflate${hasBrotli ? ", br" : ""}` : undefined,
      );
      await peer.write(`HTTP/1.1 200 OK\r\ncontent-encoding: ${coding}\r\ncontent-length: ${bytes.length}\r\n\r\n`);
      await peer.write(bytes);
      if (decompress) assertEquals(await (await response).text(), "hello");
      else assertEquals(await (await response).bytes(), new Uint8Array(bytes));
    }
  }
  using set = stage({ decompress: true });
  const unknown = set.client.fetch("http://localhost/");
  await (await set.accept()).answer("HTTP/1.1 200 OK\r\ncontent-encoding: zstd\r\ncontent-length: 2\r\n\r\nhi");
  assertEquals(await (await unknown).text(), "hi");
});

Deno.test("HttpClient refuses options that can't be", () => {
  assertThrows(() => new HttpClient({ limits: { maxConnections: 0 } }), RangeError, "'limits.maxConnections'");
  assertThrows(() => new HttpClient({ limits: { maxQueued: -1 } }), RangeError, "'limits.maxQueued'");
  assertThrows(() => new HttpClient({ timeouts: { dial: 0 } }), RangeError, "'timeouts.dial'");
  assertThrows(() => new HttpClient({ timeouts: { total: NaN } }), RangeError, "'timeouts.total'");
  const connect = () => Promise.reject(new Error());
  assertThrows(() => new HttpClient({ connect, unix: "/a" }), TypeError, "at most one of");
});

Deno.test("HttpClient.close() ends what is idle and what is under way, and fetches no more", async () => {
  using set = stage();
  const first = set.client.fetch("http://localhost/");
  const idle = await set.accept();
  const second = set.client.fetch("http://localhost/");
  const busy = await set.accept();
  await idle.answer();
  await first;
  await busy.head();
  set.client.close();
  const error = await rejection(second);
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, ClientError);
  assertEquals([await idle.readToEnd(), await busy.readToEnd(), set.client.connections], ["", "", 0]);
  await assertRejects(() => set.client.fetch("http://localhost/"), TypeError, "the client is closed");
});
