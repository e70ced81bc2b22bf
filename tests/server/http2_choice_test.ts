/**
 * Owns the tests of how `serve()` finds out which version a client speaks: by the preface in clear (RFC 9113 §3.3, §3.4), by
 * ALPN over TLS (§3.2). Must not know what is served.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { concat } from "@std/bytes";
import { PREFACE } from "../../http2/frame.ts";
import { encodeFrame } from "../../http2/frame_encode.ts";
import { ErrorCode } from "../../http2/mod.ts";
import { HpackEncoder } from "../../hpack/mod.ts";
import { dialTls } from "../../net/mod.ts";
import { type Handler, serve } from "../../server/mod.ts";
import { get, latin1, Peer } from "../http2/peer.ts";
import { turn } from "./client.ts";
import { goAwaysOf, Http2Stage } from "./http2_stage.ts";

const encoder = new TextEncoder();
const h1 = (method: string, target = "/") => `${method} ${target} HTTP/1.1\r\nhost: localhost\r\n\r\n`;

/** Says how it was asked. */
const echo: Handler = (request, info) => new Response(`${info.protocol} ${request.method}`);

/** What a client with prior knowledge begins with: preface, SETTINGS, a GET, all in one. */
function opening(): Uint8Array {
  const fragment = new HpackEncoder().encodeBlock(get().map(([name, value]) => ({ name, value })));
  return concat([
    PREFACE,
    encodeFrame({ type: "settings", streamId: 0, ack: false, entries: [] }),
    encodeFrame({ type: "headers", streamId: 1, endStream: true, endHeaders: true, fragment }),
  ]);
}

for (const protocols of [["h2", "http/1.1"], ["http/1.1", "h2"], ["h2"]] as const) {
  Deno.test(`serve() takes the preface of HTTP/2 cut anywhere, for ${protocols.join(" and ")} (RFC 9113 §3.4)`, async () => {
    await using stage = new Http2Stage({ protocols }, echo);
    const bytes = opening();
    for (let cut = 0; cut <= bytes.length; cut++) {
      const peer = stage.join(await stage.connect());
      peer.write(bytes.subarray(0, cut));
      await turn();
      peer.write(bytes.subarray(cut));
      const { heads: [head], body } = await peer.message(1);
      assertEquals([head?.[0], body], [[":status", "200"], "HTTP/2 GET"], `cut at ${cut}`);
      peer.close();
    }
    assertEquals(stage.connectionErrors, []);
  });

  Deno.test(`serve() takes the preface of HTTP/2 octet by octet, for ${protocols.join(" and ")}`, async () => {
    await using stage = new Http2Stage({ protocols, network: { chunkSize: 1 } }, echo);
    const peer = stage.join(await stage.connect());
    peer.write(opening());
    assertEquals((await peer.message(1)).body, "HTTP/2 GET");
  });
}

Deno.test("serve() sends its SETTINGS before it has heard a client's where only HTTP/2 is spoken (RFC 9113 §3.4)", async () => {
  await using stage = new Http2Stage({ protocols: ["h2"] }, echo);
  const peer = stage.join(await stage.connect());
  assertStrictEquals((await peer.next())?.type, "settings");
});

Deno.test("serve() takes what came with the preface, more than a read's worth of it", async () => {
  await using stage = new Http2Stage({}, async (request) => new Response(String((await request.bytes()).length)));
  const peer = stage.join(await stage.connect());
  const fragment = peer.encoder.encodeBlock(
    [[":method", "POST"], [":scheme", "http"], [":path", "/"], [":authority", "a"]].map(([name, value]) => ({
      name: name!,
      value: value!,
    })),
  );
  const data = (
    endStream: boolean,
  ) => ({ type: "data", streamId: 1, endStream, data: new Uint8Array(16_384) } as const);
  peer.write(
    PREFACE,
    encodeFrame({ type: "settings", streamId: 0, ack: false, entries: [] }),
    encodeFrame({ type: "headers", streamId: 1, endStream: false, endHeaders: true, fragment }),
    encodeFrame(data(false)),
    encodeFrame(data(false)),
    encodeFrame(data(true)),
  );
  assertEquals((await peer.message(1)).body, String(3 * 16_384));
});

Deno.test("serve() takes methods that begin as the preface does for HTTP/1.1, cut anywhere", async () => {
  await using stage = new Http2Stage({}, echo);
  for (const method of ["P", "POST", "PUT", "PATCH", "PR", "PRI", "PRIVATE", "PROPFIND"]) {
    const text = h1(method, method === "PRI" ? "/x" : "/");
    for (let cut = 1; cut <= Math.min(text.length, PREFACE.length + 2); cut++) {
      const client = await stage.client();
      client.write(text.slice(0, cut));
      await turn();
      assertEquals(client.wire === "", cut < text.length, `${method} cut at ${cut}`);
      client.write(text.slice(cut));
      await turn();
      assertMatch(
        client.wire,
        new RegExp(`^HTTP/1\\.1 200 OK\r\n[^]*\r\n\r\nHTTP/1\\.1 ${method}$`),
        `${method} ${cut}`,
      );
      client.close();
    }
  }
  assertEquals(stage.connectionErrors, []);
});

Deno.test("serve() answers what is almost the preface by HTTP/1.1, whichever octet is wrong", async () => {
  await using stage = new Http2Stage({}, echo);
  for (let at = 0; at < PREFACE.length; at++) {
    const wrong = PREFACE.slice();
    wrong[at]! ^= 1;
    const client = await stage.client();
    client.write(wrong);
    client.end();
    await turn();
    assertMatch(client.wire, /^(HTTP\/1\.1 (400|501|505) |$)/, `octet ${at}: ${latin1(wrong)}`);
    assert(client.ended, `octet ${at}`);
    client.close();
  }
  assertEquals(stage.server.stats.requests, 0);
});

Deno.test("serve() answers a preface that ends half-way by HTTP/1.1, or not at all", async () => {
  await using stage = new Http2Stage({}, echo);
  for (let length = 0; length < PREFACE.length; length++) {
    const client = await stage.client();
    client.write(PREFACE.subarray(0, length));
    client.end();
    await turn();
    assertMatch(client.wire, /^(HTTP\/1\.1 (400|505) |$)/, `after ${length}`);
    assert(client.ended, `after ${length}`);
    client.close();
  }
  assertEquals(stage.server.stats.requests, 0);
});

Deno.test("serve({ protocols: ['h2'] }) refuses all else by GOAWAY, at its first wrong octet (RFC 9113 §3.4)", async () => {
  await using stage = new Http2Stage({ protocols: ["h2"] }, echo);
  for (
    const text of [h1("GET"), h1("POST"), h1("PRI", "/"), "\r\n", "\x16\x03\x01", "PRI * HTTP/2.0\r\n\r\nSM\r\n\rX"]
  ) {
    for (const size of [1, text.length]) {
      const peer = stage.join(await stage.connect({ chunkSize: size }));
      peer.write(encoder.encode(text));
      await peer.readToEnd();
      assertEquals(goAwaysOf(peer), [[0, ErrorCode.ProtocolError]], `${JSON.stringify(text)} by ${size}`);
      peer.close();
    }
  }
  assertEquals([stage.server.stats.requests, stage.connectionErrors.length], [0, 12]);
});

Deno.test("serve({ protocols: ['http/1.1'] }) answers the preface as the HTTP/1.1 that it is not", async () => {
  await using stage = new Http2Stage({ protocols: ["http/1.1"] }, echo);
  const bytes = opening();
  for (const cut of [1, 4, 16, 24, bytes.length]) {
    const client = await stage.client();
    client.write(bytes.subarray(0, cut));
    await turn();
    client.write(bytes.subarray(cut));
    await turn();
    assertMatch(client.wire, /^HTTP\/1\.1 (400|505) /);
    client.close();
  }
  assertEquals(stage.server.stats.requests, 0);
});

Deno.test("serve() ignores an upgrade to h2c (RFC 9113 §3.1)", async () => {
  await using stage = new Http2Stage({}, (request, info) => {
    return new Response(`${info.protocol} ${request.headers.get("upgrade")}`);
  });
  const client = await stage.client();
  const fields = "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n";
  client.write(h1("GET").replace("\r\n\r\n", `\r\n${fields}\r\n`));
  await turn();
  assertMatch(client.wire, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nHTTP\/1\.1 h2c$/);
  client.wire = "";
  client.write(h1("GET")); // and the connection goes on as it was
  await turn();
  assertMatch(client.wire, /^HTTP\/1\.1 200 OK\r\n/);
});

Deno.test("serve() closes a connection that says nothing at its idle deadline, whichever version it might speak", async () => {
  for (const protocols of [["h2", "http/1.1"], ["http/1.1"]] as const) {
    await using stage = new Http2Stage({ protocols, timeouts: { idle: 5_000 } }, echo);
    const client = await stage.client();
    await turn();
    await stage.advance(4_999);
    assert(!client.ended);
    await stage.advance(1);
    await turn();
    assertEquals([client.ended, client.wire], [true, ""]);
  }
});

Deno.test("serve() waits for a preface that is not whole as for an HTTP/1.1 head, also where it comes at once", async () => {
  await using stage = new Http2Stage({ timeouts: { head: 5_000, idle: 60_000 } }, echo);
  for (const length of [1, 3, 4, 14, 18, 23]) {
    const client = await stage.client();
    client.write(PREFACE.subarray(0, length));
    await turn();
    await stage.advance(4_999);
    assertEquals(client.ended, false, `after ${length}`);
    await stage.advance(1);
    await turn();
    assertMatch(client.wire, /^HTTP\/1\.1 408 /, `after ${length}`);
    client.close();
  }
});

Deno.test("serve() gives a drip of the preface no more time than one piece of it", async () => {
  await using stage = new Http2Stage({ timeouts: { head: 5_000, idle: 60_000 } }, echo);
  const client = await stage.client();
  for (const octet of PREFACE.subarray(0, 6)) {
    client.write(new Uint8Array([octet]));
    await turn();
    await stage.advance(900);
  }
  await turn();
  assertMatch(client.wire, /^HTTP\/1\.1 408 /);
});

Deno.test("serve() ends a connection that sends no SETTINGS behind the preface in time (RFC 9113 §3.4)", async () => {
  await using stage = new Http2Stage({ timeouts: { preface: 3_000, settings: 60_000 } }, echo);
  const peer = stage.join(await stage.connect());
  peer.write(PREFACE);
  await stage.advance(2_999);
  assertEquals(goAwaysOf(peer), []);
  await stage.advance(1);
  assertEquals(goAwaysOf(peer).length, 1);
});

Deno.test("serve() lets a client finish the preface that it was about to send when the server ends", async () => {
  await using stage = new Http2Stage({}, echo);
  const bytes = opening();
  const peer = stage.join(await stage.connect());
  peer.write(bytes.subarray(0, 10));
  await stage.settle();
  const down = stage.server.shutdown();
  peer.write(bytes.subarray(10));
  await stage.advance(1_000); // from the first GOAWAY to the second
  assertEquals([(await peer.message(1)).body, goAwaysOf(peer).at(-1)], ["HTTP/2 GET", [1, ErrorCode.NoError]]);
  assert(peer.ended);
  peer.close();
  await down;
  assertEquals(stage.connectionErrors, []);
});

/** What a TLS client offers, what the server speaks, and what comes of it. */
const ALPN = [
  { offers: ["h2", "http/1.1"], protocols: undefined, speaks: "h2" },
  { offers: ["http/1.1", "h2"], protocols: undefined, speaks: "h2" },
  { offers: ["h2"], protocols: undefined, speaks: "h2" },
  { offers: ["http/1.1"], protocols: undefined, speaks: "http/1.1" },
  { offers: ["h2", "http/1.1"], protocols: ["http/1.1", "h2"], speaks: "http/1.1" },
  { offers: ["h2", "http/1.1"], protocols: ["http/1.1"], speaks: "http/1.1" },
  { offers: ["h2", "http/1.1"], protocols: ["h2"], speaks: "h2" },
  { offers: ["http/1.1"], protocols: ["h2"], speaks: undefined },
  { offers: ["h2"], protocols: ["http/1.1"], speaks: undefined },
  { offers: ["foo"], protocols: undefined, speaks: undefined },
] as const;

const testdata = new URL("../net/testdata/", import.meta.url);
const cert = Deno.readTextFileSync(new URL("cert.pem", testdata));
const key = Deno.readTextFileSync(new URL("key.pem", testdata));

/** A server over TLS, whose errors are noted. */
function startTls(protocols: readonly ("h2" | "http/1.1")[] | undefined) {
  const errors: unknown[] = [];
  const onConnectionError = (error: unknown) => void errors.push(error);
  const options = { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {}, onConnectionError };
  const server = serve(protocols === undefined ? options : { ...options, protocols }, echo);
  const dial = (alpnProtocols: readonly string[]) => {
    return dialTls({ hostname: "127.0.0.1", port: server.addr.port, caCerts: [cert], alpnProtocols });
  };
  return { server, errors, dial };
}

for (const { offers, protocols, speaks } of ALPN) {
  const name = `serve() speaks ${speaks ?? "to nobody"} to a client of ${offers} where it speaks ${
    protocols ?? "both"
  }`;
  Deno.test(`${name} (RFC 7301 §3.2)`, async () => {
    const { server, errors, dial } = startTls(protocols);
    await using _server = server;
    if (speaks === undefined) {
      await assertRejects(async () => {
        const transport = await dial(offers); // rustls tells of the refusal with the handshake, or with the first read
        try {
          if (await transport.read(new Uint8Array(1)) === null) throw new Deno.errors.UnexpectedEof();
        } finally {
          transport.close();
        }
      });
      while (errors.length === 0) await turn();
      assertInstanceOf(errors[0], Error);
      assertEquals(server.stats.requests, 0);
      return;
    }
    const transport = await dial(offers);
    assertEquals(transport.alpn, speaks);
    if (speaks === "h2") {
      using peer = new Peer(transport, { role: "client" });
      peer.open();
      assertEquals((await peer.message(peer.request())).body, "HTTP/2 GET");
      return;
    }
    await transport.write(encoder.encode(h1("GET")));
    assertMatch(await readSome(transport), /^HTTP\/1\.1 200 OK\r\n[^]*HTTP\/1\.1 GET$/);
    transport.close();
  });
}

Deno.test("serve() takes either version of a TLS client that offers none, by how it begins", async () => {
  const { server, errors, dial } = startTls(undefined);
  await using _server = server;
  {
    const transport = await dial([]);
    using peer = new Peer(transport, { role: "client" });
    assertEquals(transport.alpn, null);
    peer.open();
    assertEquals((await peer.message(peer.request())).body, "HTTP/2 GET");
  }
  const transport = await dial([]);
  await transport.write(encoder.encode(h1("GET")));
  assertMatch(await readSome(transport), /HTTP\/1\.1 GET$/);
  transport.close();
  assertEquals(errors, []);
});

Deno.test("serve() answers a preface by HTTP/1.1 where ALPN has chosen that", async () => {
  const { server, dial } = startTls(undefined);
  await using _server = server;
  const transport = await dial(["http/1.1"]);
  await transport.write(opening());
  assertMatch(await readSome(transport), /^HTTP\/1\.1 (400|505) /);
  transport.close();
});

/** An answer that comes in one write, or all until the end. */
async function readSome(transport: { read(into: Uint8Array): Promise<number | null> }): Promise<string> {
  const into = new Uint8Array(4096);
  let text = "";
  while (!/\r\n\r\n[^]/.test(text)) {
    const count = await transport.read(into);
    if (count === null) break;
    text += latin1(into.subarray(0, count));
  }
  return text;
}
