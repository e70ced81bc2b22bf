/**
 * Owns the tests of the showcase's routes, over an in-memory wire and a clock of their own.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type HttpServer, serve } from "@avx/http";
import { type Address, memoryNetwork, type Wire } from "@avx/http/net";
import { ManualClock, Scheduler } from "@avx/http/timer";
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { Showcase } from "../../examples/showcase/app.ts";
import { REFUSALS } from "../../examples/showcase/page.ts";
import { ROUTES } from "../../examples/showcase/routes.ts";
import { type Answer, parseAnswer, type Question, requestText } from "./exchange.ts";

/** A showcase in memory, whose time stands still until it is told to go on. */
interface Stage extends AsyncDisposable {
  readonly clock: ManualClock;
  /** The showcase's own scheduler: its delays and its ticks, no connection's deadlines. */
  readonly scheduler: Scheduler;
  dial(): Promise<Wire>;
  ask(method: string, target: string, question?: Question): Promise<Answer>;
}

function openStage(): Stage {
  const clock = new ManualClock({ now: 5000, date: Date.UTC(2026, 0, 2, 3, 4, 5) });
  const scheduler = new Scheduler(clock);
  const { listener, dial } = memoryNetwork();
  const showcase = new Showcase({ scheduler, counts: () => server.stats });
  const server: HttpServer<Address> = serve({ listener, clock, onListen: () => {} }, showcase.handle);
  return {
    clock,
    scheduler,
    dial,
    async ask(method, target, question) {
      await using wire = await dial();
      await wire.write(requestText(method, target, question));
      return parseAnswer(await wire.readToEnd());
    },
    async [Symbol.asyncDispose]() {
      showcase[Symbol.dispose]();
      await server.shutdown();
    },
  };
}

/** Lets the event loop turn until something holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000; turn++) {
    if (holds()) return;
    await setImmediate();
  }
  throw new Error(`Cannot wait on as it does not come to hold: ${holds}`);
}

/** Asserts an answer of one line of text. */
function assertLine(answer: Answer, status: number, line: RegExp): void {
  assertEquals(answer.status, status, answer.body);
  assertMatch(answer.headers.get("content-type") ?? "", /^text\/plain/);
  assertMatch(answer.body, /^[^\n]+\n$/);
  assertMatch(answer.body, line);
}

Deno.test("GET / is a page that lists every route and fills every blank", async () => {
  await using stage = openStage();
  const { status, headers, body } = await stage.ask("GET", "/");
  assertEquals(status, 200);
  assertEquals(headers.get("content-type"), "text/html; charset=utf-8");
  assertMatch(headers.get("content-security-policy") ?? "", /^default-src 'none';/);
  assert(!body.includes("{{"), "a blank is left");
  for (const { label, example } of ROUTES) {
    assertStringIncludes(body, `>${label}</span>`);
    assertStringIncludes(body, `http://showcase.test${example}`);
  }
  for (const { about } of REFUSALS) assertStringIncludes(body, about);
});

Deno.test("GET / shows the visitor's fields as text, and no secret ones", async () => {
  await using stage = openStage();
  const headers = { "x-note": `<script>"&`, cookie: "id=sesame", authorization: "Basic sesame" };
  const { body } = await stage.ask("GET", "/", { headers });
  assertStringIncludes(body, "<b>x-note:</b> &lt;script&gt;&quot;&amp;</li>");
  assertStringIncludes(body, "<b>cookie:</b> (not shown)</li>");
  assert(!body.includes("sesame"));
});

Deno.test("GET / repeats no host in a command that a shell could read as more than a name", async () => {
  await using stage = openStage();
  const { status, body } = await stage.ask("GET", "/", { headers: { host: "a$(b)" } });
  assertEquals(status, 200);
  assertStringIncludes(body, "http://localhost:8000/hello");
  assert(!body.includes("http://a$(b)"));
});

Deno.test("every file that the page names is there, and 304 where the client has it (RFC 9110 §13.1.2)", async () => {
  await using stage = openStage();
  const { body } = await stage.ask("GET", "/");
  const paths = Array.from(body.matchAll(/(?:src|href)="(\/[\w.]+)"/g), ([, path]) => path ?? "");
  assertEquals(paths.length, 7);
  for (const path of paths) {
    const file = await stage.ask("GET", path);
    assertEquals(file.status, 200, path);
    assert(file.body.length > 50, path);
    assertEquals(file.headers.get("content-length"), String(new TextEncoder().encode(file.body).length));
    const etag = file.headers.get("etag") ?? "";
    for (const known of [etag, `"other", W/${etag}`, "*"]) {
      const again = await stage.ask("GET", path, { headers: { "if-none-match": known } });
      assertEquals([again.status, again.body, again.headers.get("etag")], [304, "", etag]);
    }
    assertEquals((await stage.ask("GET", path, { headers: { "if-none-match": '"other"' } })).status, 200);
  }
});

Deno.test("GET /hello is text; HEAD gives the same fields and no content", async () => {
  await using stage = openStage();
  const get = await stage.ask("GET", "/hello");
  assertEquals([get.status, get.body], [200, "Hello, World!\n"]);
  const head = await stage.ask("HEAD", "/hello");
  assertEquals([head.status, head.body], [200, ""]);
  assertEquals([...head.headers], [...get.headers]);
});

Deno.test("GET /json tells of the connection", async () => {
  await using stage = openStage();
  const { headers, body } = await stage.ask("GET", "/json");
  assertEquals(headers.get("content-type"), "application/json");
  const { from, ...rest } = JSON.parse(body);
  assertEquals(rest, {
    message: "Hello, World!",
    method: "GET",
    protocol: "HTTP/1.1",
    date: "2026-01-02T03:04:05.000Z",
  });
  assertEquals(typeof from, "string");
});

Deno.test("POST /echo sends content and type back, and lets no script of it run", async () => {
  await using stage = openStage();
  const answer = await stage.ask("POST", "/echo", { body: "<p>back", headers: { "content-type": "text/html" } });
  assertEquals([answer.status, answer.body], [200, "<p>back"]);
  assertEquals(answer.headers.get("content-type"), "text/html");
  assertEquals(answer.headers.get("content-security-policy"), "sandbox");
  const bare = await stage.ask("PUT", "/echo", {
    headers: { "transfer-encoding": "chunked" },
    raw: "2\r\nok\r\n0\r\n\r\n",
  });
  assertEquals([bare.body, bare.headers.get("content-type")], ["ok", "application/octet-stream"]);
  assertEquals((await stage.ask("PATCH", "/echo")).body, "");
});

Deno.test("POST /echo answers with the first part before the second is sent", async () => {
  await using stage = openStage();
  await using wire = await stage.dial();
  await wire.write(
    requestText("POST", "/echo", { headers: { "transfer-encoding": "chunked" }, raw: "5\r\nfirst\r\n" }),
  );
  const head = await wire.readUntil("first");
  await wire.write("6\r\nsecond\r\n0\r\n\r\n");
  assertEquals(parseAnswer(head + await wire.readToEnd()).body, "firstsecond");
});

Deno.test("POST /upload counts and digests", async () => {
  await using stage = openStage();
  const body = "0123456789".repeat(20_000);
  const { status, body: text } = await stage.ask("POST", "/upload", { body });
  assertEquals(status, 200);
  assertEquals(JSON.parse(text), {
    bytes: 200_000,
    sha256: createHash("sha256").update(body).digest("hex"),
    seconds: 0,
  });
  const none = JSON.parse((await stage.ask("PUT", "/upload")).body);
  assertEquals([none.bytes, none.sha256.slice(0, 8)], [0, "e3b0c442"]);
});

Deno.test("GET /stream?bytes=N sends N bytes and announces them", async () => {
  await using stage = openStage();
  for (const bytes of [0, 1, 200_000]) {
    const { headers, body } = await stage.ask("GET", `/stream?bytes=${bytes}`);
    assertEquals([headers.get("content-length"), body.length], [String(bytes), bytes]);
  }
  assertEquals((await stage.ask("GET", "/stream")).body.length, 65_536);
  const head = await stage.ask("HEAD", "/stream?bytes=17179869184");
  assertEquals([head.headers.get("content-length"), head.body], ["17179869184", ""]);
});

Deno.test("GET /stream is made no faster than it is read, and ends with the reader", async () => {
  await using stage = openStage();
  {
    await using wire = await stage.dial();
    await wire.write(requestText("GET", "/stream?bytes=17179869184"));
    await wire.readUntil("\r\n\r\n");
    assertStringIncludes(await wire.readText(64), "0123456789");
  } // 16 GiB less a line are left: the stage's end would wait for them for ever
});

Deno.test("GET /delay?ms=N answers after N ms and not before", async () => {
  await using stage = openStage();
  const answer = stage.ask("GET", "/delay?ms=500");
  let answered = false;
  const noted = answer.then(() => answered = true);
  await until(() => stage.scheduler.pending === 1);
  stage.clock.advance(499);
  await setImmediate();
  assertEquals(answered, false);
  stage.clock.advance(2);
  assertLine(await answer, 200, /^Asked for 500 ms, waited 50\d\.\d ms\.$/m);
  await noted;
});

Deno.test("GET /delay ends its wait when the client leaves", async () => {
  await using stage = openStage();
  {
    await using wire = await stage.dial();
    await wire.write(requestText("GET", "/delay?ms=60000"));
    await until(() => stage.scheduler.pending === 1);
  }
  await until(() => stage.scheduler.pending === 0);
});

Deno.test("GET /delay gives up for a client that ended its side, and says so", async () => {
  await using stage = openStage();
  await using wire = await stage.dial();
  await wire.write(requestText("GET", "/delay?ms=60000"));
  await until(() => stage.scheduler.pending === 1);
  await wire.end();
  assertLine(parseAnswer(await wire.readToEnd()), 503, /^Cannot answer as the request was given up$/m);
});

Deno.test("GET /trailers sends a digest behind the content that it digests (RFC 9110 §6.5)", async () => {
  await using stage = openStage();
  const { headers, body, trailers } = await stage.ask("GET", "/trailers", { headers: { te: "trailers" } });
  assertEquals(headers.get("trailer"), "content-digest");
  assertEquals(body.split("\n").length, 4);
  const digest = createHash("sha256").update(body).digest("base64");
  assertEquals([...trailers], [["content-digest", `sha-256=:${digest}:`]]);
});

Deno.test("POST /trailers tells the trailers that it was sent", async () => {
  await using stage = openStage();
  const raw = "4\r\nbody\r\n0\r\nx-sum: 42\r\n\r\n";
  const { body } = await stage.ask("POST", "/trailers", { headers: { "transfer-encoding": "chunked" }, raw });
  assertEquals(JSON.parse(body), { bytes: 4, trailers: { "x-sum": "42" } });
});

Deno.test("GET /hints sends a 103 with a link, then a 200 (RFC 8297 §2)", async () => {
  await using stage = openStage();
  const { interim, status, headers } = await stage.ask("GET", "/hints");
  assertEquals(interim.map((head) => [head.status, head.headers.get("link")]), [[103, headers.get("link")]]);
  assertEquals([status, headers.get("link")], [200, "</page.css>; rel=preload; as=style"]);
});

Deno.test("GET /sse?events=N sends N samples, a second apart, then ends", async () => {
  await using stage = openStage();
  await using wire = await stage.dial();
  await wire.write(requestText("GET", "/sse?events=2"));
  let text = await wire.readUntil("event: history\n");
  for (const _ of [1, 2]) {
    stage.clock.advance(1000);
    text += await wire.readUntil("event: sample\n");
  }
  const { headers, body } = parseAnswer(text + await wire.readToEnd());
  assertEquals([headers.get("content-type"), headers.get("cache-control")], ["text/event-stream", "no-store"]);
  const [history, ...samples] = Array.from(body.matchAll(/^data: (.*)$/gm), ([, data]) => JSON.parse(data ?? ""));
  assertEquals(history, []);
  assertEquals(samples.map(({ time, connections, requests, active }) => [time, connections, requests, active]), [
    [Date.UTC(2026, 0, 2, 3, 4, 6), 1, 1, 1],
    [Date.UTC(2026, 0, 2, 3, 4, 7), 1, 1, 1],
  ]);
});

Deno.test("GET /sse tells how long requests took to their last byte", async () => {
  await using stage = openStage();
  const delayed = stage.ask("GET", "/delay?ms=300");
  await until(() => stage.scheduler.pending === 1);
  stage.clock.advance(301);
  await delayed;
  await using wire = await stage.dial();
  await wire.write(requestText("GET", "/sse?events=1"));
  await wire.readUntil("event: history\n");
  stage.clock.advance(1000);
  const [, data] = /event: sample\nretry: 1000\ndata: (.*)\n/.exec(await wire.readToEnd()) ?? [];
  const { p50, p99, rate } = JSON.parse(data ?? "null");
  assert(p50 >= 300 && p50 < 320, `p50 ${p50}`);
  assertEquals(p99, p50);
  assertEquals(rate, 0);
});

Deno.test("GET /sse does not count its own length as latency", async () => {
  await using stage = openStage();
  for (const _ of [1, 2]) {
    await using wire = await stage.dial();
    await wire.write(requestText("GET", "/sse?events=1"));
    await wire.readUntil("event: history\n");
    stage.clock.advance(1000);
    assertMatch(await wire.readToEnd(), /event: sample\n.*\n.*"p50":null,"p99":null/);
  }
});

for (const code of [200, 201, 204, 205, 206, 299, 304, 308, 401, 405, 407, 418, 426, 451, 500, 599]) {
  Deno.test(`/status/${code} answers with it`, async () => {
    await using stage = openStage();
    for (const method of ["GET", "POST", "DELETE"]) {
      const { status, headers, body } = await stage.ask(method, `/status/${code}`);
      assertEquals(status, code);
      if ([204, 205, 304].includes(code)) assertEquals(body, "");
      else assertMatch(body, new RegExp(`^${code} [^\n]+\n$`));
      const required = { 206: "content-range", 308: "location", 401: "www-authenticate", 405: "allow", 426: "upgrade" };
      for (const [of, name] of Object.entries(required)) assertEquals(headers.has(name), String(code) === of, name);
    }
  });
}

for (
  const [target, line] of [
    ["/stream?bytes=ten", /^Cannot read 'bytes' as it must be a whole number from 0 to 17179869184: received "ten"$/m],
    ["/stream?bytes=-1", /'bytes'/],
    ["/stream?bytes=17179869185", /'bytes'/],
    ["/stream?bytes=1&bytes=2", /'bytes' as it must be given once: received 2/],
    ["/delay?ms=60001", /'ms' .* 0 to 60000/],
    ["/delay?ms=", /'ms'/],
    ["/sse?events=0", /'events' .* 1 to 86400/],
    ["/status/199", /'status' .* 200 to 599/],
    ["/status/600", /'status'/],
    ["/status/", /'status' .* received ""/],
    ["/status/2e2", /'status'/],
    ["/status/200/1", /'status'/],
  ] as const
) {
  Deno.test(`GET ${target} is a 400 with one clear line`, async () => {
    await using stage = openStage();
    assertLine(await stage.ask("GET", target), 400, line);
  });
}

Deno.test("an unknown path is a 404 whatever the method", async () => {
  await using stage = openStage();
  for (const target of ["/nope", "/hello/", "/Hello", "/status", "//hello", `/${"a".repeat(500)}`]) {
    assertLine(await stage.ask("GET", target), 404, /^Cannot find .{1,90}: GET \/ lists what there is$/m);
    assertEquals((await stage.ask("DELETE", target)).status, 404);
  }
});

Deno.test("/ws says messages back, refuses what is no WebSocket, and ends with the server", async () => {
  await using stage = openStage();
  assertLine(await stage.ask("GET", "/ws"), 426, /^Cannot upgrade as 'upgrade' must have websocket$/m);
  const { body } = await stage.ask("GET", "/chat");
  assertStringIncludes(body, 'src="/chat.js"');
  await using wire = await stage.dial();
  await wire.write(
    "GET /ws HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n" +
      "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  assertMatch(
    await wire.readUntil("\r\n\r\n"),
    /^HTTP\/1\.1 101 [^]*sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i,
  );
  await wire.write(Uint8Array.of(0x81, 0x82, 1, 2, 3, 4, 0x68 ^ 1, 0x69 ^ 2));
  assertMatch(await wire.readText(4), /hi$/);
  const ending = stage[Symbol.asyncDispose]();
  await wire.readUntil("the server ends");
  await wire.write(Uint8Array.of(0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9)); // 1001, as it was told
  assertEquals(await wire.readToEnd(), "");
  await ending;
});

Deno.test("a wrong method is a 405 with allow, on every route and file (RFC 9110 §15.5.6)", async () => {
  await using stage = openStage();
  for (const { example, methods } of ROUTES) {
    const expected = methods.join(", ").replace("GET", "GET, HEAD");
    const answer = await stage.ask("OPTIONS", example);
    assertLine(answer, 405, /^Cannot OPTIONS \//);
    assertEquals(answer.headers.get("allow"), expected);
  }
  for (const target of ["/", "/page.css"]) {
    const answer = await stage.ask("POST", target);
    assertLine(answer, 405, /^Cannot POST \//);
    assertEquals(answer.headers.get("allow"), "GET, HEAD");
  }
});
