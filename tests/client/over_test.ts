import { assert, assertEquals, assertInstanceOf, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";
import { ClientError, type FetchHandler, HttpClient, trailersOf, TunnelRefusedError } from "../../client/mod.ts";
import { withTrailers } from "../../http/mod.ts";
import { Wire } from "../../net/mod.ts";
import type { Handler } from "../../server/mod.ts";
import { ManualClock } from "../../timer/mod.ts";
import { rejection } from "./peer.ts";

const serverHandler: Handler = async (request, info) => {
  await info.inform(103, { link: "</a>" });
  return withTrailers(new Response(`${request.method} ${await request.text()}`), { "x-a": "b" });
};

Deno.test("HttpClient.over() takes a server's handler, and gives what it says with trailers and interim responses", async () => {
  await using client = HttpClient.over(serverHandler);
  const informed: [number, string | null][] = [];
  const response = await client.fetch("http://app/path?query", {
    method: "PUT",
    body: "hello",
    onInformation: ({ status, headers }) => informed.push([status, headers.get("link")]),
  });
  assertInstanceOf(response, Response);
  assertEquals([response.status, response.url, await response.text()], [200, "http://app/path?query", "PUT hello"]);
  assertEquals([[...await trailersOf(response)], informed], [[["x-a", "b"]], [[103, "</a>"]]]);
  assertEquals(client.connections, 0);
});

Deno.test("HttpClient.over() gives the handler what a wire would have carried", async () => {
  await using client = HttpClient.over(async (request, info) => {
    const text = await request.text();
    const trailers = Object.fromEntries(await info.trailers);
    return Response.json({ url: request.url, headers: Object.fromEntries(request.headers), text, trailers });
  });
  const init = { method: "POST", body: new Blob(["a", "b"]).stream(), trailers: () => ({ "x-sum": "2" }) };
  assertEquals(await (await client.fetch("http://app/?a#b", init)).json(), {
    url: "http://app/?a",
    headers: { host: "app", accept: "*/*", "user-agent": "avx-http", "transfer-encoding": "chunked" },
    text: "ab",
    trailers: { "x-sum": "2" },
  });
});

Deno.test("HttpClient.over() waits for the handler to read before it sends content that expects a 100", async () => {
  const order: string[] = [];
  await using client = HttpClient.over(async (request) => {
    order.push("handler");
    await Promise.resolve();
    return new Response(await request.text());
  });
  const body = new ReadableStream({
    pull(controller) {
      order.push("pulled");
      controller.enqueue(new TextEncoder().encode("hello"));
      controller.close();
    },
  }, { highWaterMark: 0 });
  const response = await client.fetch("http://app/", {
    method: "PUT",
    body,
    headers: { expect: "100-continue" },
    onInformation: ({ status }) => order.push(String(status)),
  });
  assertEquals([await response.text(), order], ["hello", ["handler", "100", "pulled"]]);
});

Deno.test("HttpClient.over() streams both ways, and holds back what nobody reads", async () => {
  await using client = HttpClient.over((request) => new Response(request.body));
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const writer = writable.getWriter();
  const response = await client.fetch("http://app/", { method: "POST", body: readable });
  const reader = response.body!.getReader();
  for (let count = 1; count < 4; count++) {
    void writer.write(new Uint8Array([count]));
    assertEquals((await reader.read()).value, new Uint8Array([count]));
  }
  await writer.close();
  assert((await reader.read()).done);
});

Deno.test("HttpClient.over() leaves out content where there can be none, and lets go of what nobody wants", async () => {
  let cancelled = 0;
  const stream = () => new ReadableStream({ cancel: () => void cancelled++ });
  await using client = HttpClient.over((request) =>
    request.url.endsWith("/none")
      ? new Response(null, { status: 204 })
      : new Response(stream(), { headers: { "x-a": "b" } })
  );
  const head = await client.fetch("http://app/", { method: "HEAD" });
  assertEquals([head.body, head.headers.get("x-a"), cancelled], [null, "b", 1]);
  assertEquals((await client.fetch("http://app/none")).body, null);
  await (await client.fetch("http://app/")).body!.cancel();
  assertEquals(cancelled, 2);
});

Deno.test("HttpClient.over() rejects with what the handler throws as the cause's cause", async () => {
  const failure = new Error("mine");
  const handlers: FetchHandler[] = [() => {
    throw failure;
  }, () => Promise.reject(failure)];
  for (const handler of handlers) {
    await using client = HttpClient.over(handler);
    const error = await rejection(client.fetch("http://app/"));
    assertInstanceOf(error, TypeError);
    assertInstanceOf(error.cause, ClientError);
    assertStrictEquals(error.cause.cause, failure);
  }
  await using client = HttpClient.over(() => new Response(new ReadableStream({ pull: () => Promise.reject(failure) })));
  const response = await client.fetch("http://app/");
  const error = await rejection(response.text());
  assertInstanceOf(error, TypeError);
  assertStrictEquals(error.cause, failure);
  await using strange = HttpClient.over(() => new Response(null, { status: 101 }));
  assertMatch(
    String(await rejection(strange.fetch("http://app/"))),
    /status 101 must be given by upgradeWebSocket\(\) of @avx\/http or info.upgrade/,
  );
});

Deno.test("HttpClient.over() aborts the request's signal, and both contents, when the fetch is aborted", async () => {
  const signals: AbortSignal[] = [];
  await using client = HttpClient.over(async (request, info) => {
    signals.push(request.signal);
    info.completed.catch((reason) => signals.push(AbortSignal.abort(reason)));
    if (request.url.endsWith("/body")) return new Response(new ReadableStream());
    return await new Promise(() => {});
  });
  const controller = new AbortController();
  const waiting = client.fetch("http://app/", { signal: controller.signal });
  const response = await client.fetch("http://app/body", { signal: controller.signal });
  const reading = response.text();
  controller.abort("enough");
  assertEquals([await rejection(waiting), await rejection(reading)], ["enough", "enough"]);
  assertEquals(signals.map(({ aborted, reason }) => [aborted, reason]), Array(4).fill([true, "enough"]));
});

Deno.test("HttpClient.over() has the deadline for the whole, and ends with the client", async () => {
  const clock = new ManualClock();
  const never = () => new Promise<Response>(() => {});
  await using client = HttpClient.over(never, { clock, timeouts: { total: 50 } });
  const late = client.fetch("http://app/");
  late.catch(() => {}); // looked at below
  clock.advance(50);
  assertMatch(String(await rejection(late)), /^TimeoutError: .* longer than 50 ms/);
  const cut = client.fetch("http://app/");
  client.close();
  assertInstanceOf(await rejection(cut), TypeError);
  assertMatch(String(await rejection(client.fetch("http://app/"))), /the client is closed/);
});

Deno.test("HttpClient.over() opens tunnels in memory, where the handler accepts them", async () => {
  await using client = HttpClient.over((request, info) => {
    if (request.url.endsWith("/no")) return new Response("no", { status: 403 });
    const { response, transport } = info.upgrade({ headers: { "x-a": "b" } });
    void transport.then(async (raw) => {
      const wire = new Wire(raw);
      await wire.write((await wire.readText(4)).toUpperCase());
      wire.close();
    });
    return response;
  });
  for (
    const tunnel of [await client.upgrade("http://app/", ["shout", "x"]), await client.connect("http://app/", "b:1")]
  ) {
    const wire = new Wire(tunnel.transport);
    await wire.write("ping");
    assertEquals([await wire.readToEnd(), tunnel.response.headers.get("x-a")], ["PING", "b"]);
    assertEquals(tunnel.protocol, tunnel.response.status === 101 ? "shout" : "");
    wire.close();
  }
  const error = await rejection(client.upgrade("http://app/no", "shout"));
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, TunnelRefusedError);
  assertEquals(await error.cause.response.text(), "no");
  const plain = await rejection(client.fetch("http://app/"));
  assertMatch(String(plain), /must be a CONNECT or have 'upgrade'/);
});

Deno.test("HttpClient.over() refuses what is no handler, and an info what is no interim status", async () => {
  // @ts-expect-error: it is what the test is about
  assertThrows(() => HttpClient.over({}), TypeError, "must be a function: received object");
  await using client = HttpClient.over(async (_request, info) => {
    const error = await rejection(info.inform(101));
    return new Response(`${error}`);
  });
  assertMatch(await (await client.fetch("http://app/")).text(), /^RangeError: .* received 101/);
});
