import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { ConnectionLostError, Http1Error, HttpClient, TunnelRefusedError } from "../../client/mod.ts";
import { memoryNetwork, Wire } from "../../net/mod.ts";
import { serve } from "../../server/mod.ts";
import { task } from "../net/turns.ts";
import { OK, rejection, stage, until } from "./peer.ts";

Deno.test("HttpClient.upgrade() gives the raw duplex, and the octets that came with the answer first (RFC 9110 §7.8)", async () => {
  using set = stage();
  const opening = set.client.upgrade("ws://localhost/chat".replace("ws", "http"), ["websocket", "foo/1"], {
    headers: { "sec-a": "b" },
  });
  const peer = await set.accept();
  assertEquals(
    await peer.head(),
    "GET /chat HTTP/1.1\r\nhost: localhost\r\nsec-a: b\r\nuser-agent: avx-http\r\nupgrade: websocket, foo/1\r\n" +
      "connection: upgrade\r\n\r\n",
  );
  await peer.write(
    "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: WebSocket\r\nx-c: d\r\n\r\nearly",
  );
  const { response, protocol, transport } = await opening;
  assertEquals([response.status, response.headers.get("x-c"), response.body, protocol], [101, "d", null, "WebSocket"]);
  const wire = new Wire(transport);
  assertEquals(await wire.readText(5), "early");
  await wire.write("ping");
  assertEquals(await peer.readText(4), "ping");
  await peer.write("pong");
  assertEquals([await wire.readText(4), set.client.connections], ["pong", 1]);
  set.client.close();
  await wire.write("mine");
  assertEquals(await peer.readText(4), "mine", "the tunnel is its owner's");
  wire.close();
  assertEquals(set.client.connections, 0);
});

Deno.test("HttpClient.connect() asks a proxy for a tunnel (RFC 9110 §9.3.6)", async () => {
  using set = stage();
  const opening = set.client.connect("http://proxy:3128", "example.com:443", {
    headers: { "proxy-authorization": "x" },
  });
  const peer = await set.accept();
  assertEquals(
    await peer.head(),
    "CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\nproxy-authorization: x\r\nuser-agent: avx-http\r\n\r\n",
  );
  await peer.write("HTTP/1.1 200 Connection established\r\ncontent-length: 3\r\n\r\nraw");
  const { response, protocol, transport } = await opening;
  assertEquals([response.status, protocol], [200, ""]);
  using wire = transport;
  assertEquals(await new Wire(wire).readText(3), "raw", "content-length means nothing here");
});

Deno.test("HttpClient.connect() and upgrade() reject with the answer where the server refuses, and keep the connection", async () => {
  using set = stage();
  const connecting = set.client.connect("http://a/", "b:1");
  const peer = await set.accept();
  await peer.answer("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 2\r\n\r\nno");
  const error = await rejection(connecting);
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, TunnelRefusedError);
  assertEquals([error.cause.response.status, await error.cause.response.text()], [407, "no"]);
  const upgrading = set.client.upgrade("http://a/", "foo");
  await peer.answer(OK);
  const other = await rejection(upgrading);
  assertInstanceOf(other, TypeError);
  assertInstanceOf(other.cause, TunnelRefusedError);
  assertEquals([await other.cause.response.text(), set.dials], ["hello", 1]);
});

Deno.test("HttpClient.upgrade() refuses a protocol that was not offered, and fetch any at all", async () => {
  const answer = "HTTP/1.1 101 \r\nconnection: upgrade\r\nupgrade: evil\r\n\r\n";
  using set = stage();
  for (const begin of [() => set.client.upgrade("http://a/", "foo"), () => set.client.fetch("http://a/")]) {
    const opening = begin();
    await (await set.accept()).answer(answer);
    const error = await rejection(opening);
    assertInstanceOf(error, TypeError);
    assertInstanceOf(error.cause, Http1Error);
    await until(() => set.client.connections === 0);
  }
});

Deno.test("HttpClient.connect() and upgrade() refuse what can't be asked for", async () => {
  using set = stage();
  for (
    const wrong of [
      () => set.client.upgrade("http://a/", []),
      () => set.client.upgrade("http://a/", "a b"),
      () => set.client.upgrade("ftp://a/", "foo"),
      () => set.client.connect("http://a/", "b\r\nc"),
      () => set.client.connect("http://a/", "b:1", { headers: { "a b": "c" } }),
    ]
  ) assertInstanceOf(await rejection(wrong()), TypeError);
  assertEquals(await rejection(set.client.connect("http://a/", "b:1", { signal: AbortSignal.abort("no") })), "no");
  assertEquals(set.dials, 0);
});

Deno.test("HttpClient.connect() ends with its signal, and not once it is open", async () => {
  using set = stage();
  const controller = new AbortController();
  const opening = set.client.connect("http://a/", "b:1", { signal: controller.signal });
  opening.catch(() => {}); // looked at below
  const peer = await set.accept();
  await peer.head();
  controller.abort("enough");
  assertEquals([await rejection(opening), await peer.readToEnd()], ["enough", ""]);
  const later = new AbortController();
  const open = set.client.connect("http://a/", "b:1", { signal: later.signal });
  const other = await set.accept();
  await other.answer("HTTP/1.1 200 OK\r\n\r\n");
  using transport = (await open).transport;
  later.abort("too late");
  await new Wire(transport).write("still here");
  assertEquals(await other.readText(10), "still here");
});

Deno.test("HttpClient speaks an upgraded protocol with this library's server", async () => {
  const { listener, connect } = memoryNetwork();
  await using _server = serve({ listener }, (_request, info) => {
    const { response, transport } = info.upgrade({ protocol: "echo" });
    void transport.then(async (raw) => {
      const wire = new Wire(raw);
      await wire.write((await wire.readText(4)).toUpperCase());
      wire.close();
    });
    return response;
  });
  await using client = new HttpClient({ connect });
  const { transport, protocol } = await client.upgrade("http://localhost/", ["other", "echo"]);
  const wire = new Wire(transport);
  await wire.write("ping");
  assertEquals([protocol, await wire.readToEnd()], ["echo", "PING"]);
  wire.close();
});

Deno.test("HttpClient gives a tunnel's request to another connection where the reused one dies unanswered", async () => {
  using set = stage();
  const first = set.client.fetch("http://a/");
  const peer = await set.accept();
  await peer.answer();
  await (await first).text();
  const informed: number[] = [];
  const opening = set.client.upgrade("http://a/", "foo", { onInformation: ({ status }) => informed.push(status) });
  await peer.head();
  peer.close();
  const other = await set.accept();
  assertMatch(
    await other.answer("HTTP/1.1 103 \r\n\r\nHTTP/1.1 101 \r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n"),
    /upgrade: foo/,
  );
  (await opening).transport.close();
  assertEquals([informed, set.dials], [[103], 2]);
  assert(set.client.connections === 0);
});

Deno.test("HttpClient.connect() sends a CONNECT once where it may have been processed (RFC 9110 §9.2.2)", async () => {
  using set = stage();
  const first = set.client.fetch("http://a/");
  const peer = await set.accept();
  await peer.answer();
  await (await first).text();
  const opening = set.client.connect("http://a/", "b:1");
  opening.catch(() => {}); // looked at below
  await peer.head();
  peer.close();
  const error = await rejection(opening);
  assertInstanceOf(error, TypeError);
  assertInstanceOf(error.cause, ConnectionLostError);
  assertEquals([error.cause.reused, error.cause.mayHaveBeenProcessed, set.dials], [true, true, 1]);
});

Deno.test("HttpClient.connect() and upgrade() give up after the third connection that takes nothing", async () => {
  const { listener, connect } = memoryNetwork();
  let dials = 0;
  await using client = new HttpClient({
    connect: async ({ signal }) => {
      dials++;
      const transport = await connect({ signal });
      const far = await listener.accept();
      transport.write = () => {
        void task().then(() => far.close());
        return Promise.reject(new Deno.errors.BrokenPipe("gone"));
      };
      return transport;
    },
  });
  for (const open of [() => client.connect("http://a/", "b:1"), () => client.upgrade("http://a/", "foo")]) {
    dials = 0;
    const error = await rejection(open());
    assertInstanceOf(error, TypeError);
    assertInstanceOf(error.cause, ConnectionLostError);
    assertEquals([error.cause.mayHaveBeenProcessed, dials], [false, 3]);
  }
  listener.close();
});
