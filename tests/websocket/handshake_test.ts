/**
 * Owns the tests of the opening handshake of both ends (RFC 6455 §4): what is accepted, what is refused and how.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { createHash } from "node:crypto";
import { HttpClient, serve } from "../../mod.ts";
import { memoryNetwork, Wire } from "../../net/mod.ts";
import {
  acceptOf,
  upgradeWebSocket,
  type UpgradeWebSocketOptions,
  WebSocketHandshakeError,
} from "../../websocket/mod.ts";
import { makeKey, readAnswer, readOpening, readProtocols } from "../../websocket/handshake.ts";
import { sha1 } from "../../websocket/sha1.ts";
import { fromBase64, loadVectorLines, loadVectors, vectorTest } from "../vectors.ts";
import { ended, OPENING, record, settle, Stage } from "./stage.ts";

interface Handshake {
  readonly name: string;
  readonly input_b64: string;
  readonly status: number | readonly number[];
  readonly headers: Readonly<Record<string, string>>;
}

Deno.test("sha1() is SHA-1 for any octets, around each length of a block", () => {
  const octets = fc.array(fc.nat(255), { maxLength: 200 }).map((codes) => String.fromCharCode(...codes));
  fc.assert(fc.property(octets, (text) => {
    assertEquals(sha1(text).toHex(), createHash("sha1").update(text, "latin1").digest("hex"));
  }));
});

vectorTest(
  "acceptOf() proves the collected keys (RFC 6455 §4.2.2)",
  () => loadVectors<{ accept_keys: { key: string; accept: string }[] }>("websocket", "frames.json"),
  ({ accept_keys }) => {
    for (const { key, accept } of accept_keys) assertEquals(acceptOf(key), accept);
  },
);

vectorTest(
  "upgradeWebSocket() answers the collected requests, whole and octet by octet",
  () => loadVectors<{ handshake: Handshake[] }>("websocket", "handshake.json"),
  async ({ handshake }) => {
    for (const { name, input_b64, status, headers } of handshake) {
      const input = fromBase64(input_b64);
      for (const size of [input.length, 1]) {
        await using stage = new Stage({ protocols: ["chat"] }, (accept) => {
          const { response, socket } = accept();
          socket.onmessage = ({ data }) => socket.send(data);
          return response;
        });
        const wire = await stage.dial();
        for (let at = 0; at < input.length; at += size) await wire.write(input.slice(at, at + size));
        const head = await wire.readUntil("\r\n\r\n");
        assert([status].flat().includes(Number(head.slice(9, 12))), `${name}: ${head}`);
        for (const [field, value] of Object.entries(headers)) {
          assert(head.includes(`${field}: ${value}\r\n`), `${name}: ${head}`);
        }
        if (name.startsWith("frame data directly behind")) assertMatch(await wire.readText(7), /Hello$/);
      }
    }
  },
);

const REFUSED: readonly (readonly [what: string, request: string, answer: RegExp])[] = [
  [
    "no upgrade",
    "GET / HTTP/1.1\r\nhost: a\r\n",
    /^HTTP\/1\.1 426 [^]*upgrade: websocket\r\n[^]*sec-websocket-version: 13\r\n/i,
  ],
  ["another protocol", OPENING.replace("upgrade: websocket", "upgrade: h2c"), /^HTTP\/1\.1 426 /],
  ["version 8", OPENING.replace("version: 13", "version: 8"), /^HTTP\/1\.1 426 [^]*sec-websocket-version: 13\r\n/i],
  ["no version", OPENING.replace("sec-websocket-version: 13\r\n", ""), /^HTTP\/1\.1 426 /],
  ["two versions", `${OPENING}sec-websocket-version: 13\r\n`, /^HTTP\/1\.1 400 /],
  ["two keys", `${OPENING}sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n`, /^HTTP\/1\.1 400 /],
  ["no key", OPENING.replace(/sec-websocket-key.*\r\n/, ""), /^HTTP\/1\.1 400 /],
  ["a key that is no base64", OPENING.replace("dGhl", "dG*l"), /^HTTP\/1\.1 400 /],
  ["a POST", `${OPENING.replace("GET", "POST")}content-length: 0\r\n`, /^HTTP\/1\.1 400 [^]*must be GET/],
  ["no connection: upgrade", OPENING.replace("connection: upgrade", "connection: x"), /^HTTP\/1\.1 400 /],
  ["a subprotocol twice", `${OPENING}sec-websocket-protocol: a, b, a\r\n`, /^HTTP\/1\.1 400 /],
  ["a subprotocol that is no token", `${OPENING}sec-websocket-protocol: a b\r\n`, /^HTTP\/1\.1 400 /],
  ["malformed extensions", `${OPENING}sec-websocket-extensions: a;\r\n`, /^HTTP\/1\.1 400 /],
];

for (const [what, request, answer] of REFUSED) {
  Deno.test(`upgradeWebSocket() refuses ${what} with a status, and the server answers it where the handler lets it pass`, async () => {
    await using stage = new Stage();
    const wire = await stage.dial();
    await wire.write(`${request}\r\n`);
    assertMatch(await wire.readUntil("Cannot upgrade as "), new RegExp(answer.source.split(" [^]*must")[0]!, "i"));
    assertEquals(stage.accepted.length, 0);
  });
}

Deno.test("WebSocketHandshakeError makes the answer for a handler that answers on its own", async () => {
  const error = new WebSocketHandshakeError("Cannot upgrade as x", 426);
  const response = error.toResponse();
  assertEquals([response.status, response.headers.get("upgrade"), await response.text()], [
    426,
    "websocket",
    "Cannot upgrade as x\n",
  ]);
  assertEquals([error.name, error.scope, new WebSocketHandshakeError("x", 403).headers], [
    "WebSocketHandshakeError",
    "message",
    {},
  ]);
});

Deno.test("upgradeWebSocket() refuses a request that no server gave, and a copy, by a TypeError", async () => {
  assertThrows(() => upgradeWebSocket(new Request("http://a/")), TypeError, "not a copy");
  let message = "";
  await using stage = new Stage({}, (_accept, request) => {
    message = assertThrows(() => upgradeWebSocket(new Request(request)), TypeError).message;
    return new Response("refused");
  });
  const wire = await stage.dial();
  await wire.write(`${OPENING}\r\n`);
  await wire.readUntil("refused");
  assertMatch(message, /not a copy/);
});

Deno.test("upgradeWebSocket() refuses options that can't be", async () => {
  const wrong: [UpgradeWebSocketOptions, RegExp][] = [
    [
      { limits: { maxMessageBytes: 0 } },
      /'limits.maxMessageBytes' must be a whole number >= 1 or Infinity: received 0/,
    ],
    [{ timeouts: { ping: NaN } }, /'timeouts.ping' must be more than 0 ms: received NaN/],
    [{ fragmentBytes: 0.5 }, /'fragmentBytes'/],
    [{ compression: { level: 10 } }, /'compression.level' must be a whole number 0 to 9: received 10/],
    [{ compression: { memLevel: 0 } }, /memLevel/],
    [{ compression: { threshold: -1 } }, /threshold/],
    [{ compression: { serverMaxWindowBits: 7 } }, /serverMaxWindowBits/],
    [{ compression: { clientMaxWindowBits: 16 } }, /clientMaxWindowBits/],
  ];
  for (const [options, message] of wrong) {
    assertMatch(assertThrows(() => upgradeWebSocket(new Request("http://a/"), options), RangeError).message, message);
  }
  const misspelt = { limits: JSON.parse('{"maxMessageByte":5}') };
  assertThrows(() => upgradeWebSocket(new Request("http://a/"), misspelt), TypeError, "received maxMessageByte");
  await settle();
});

Deno.test("upgradeWebSocket() chooses the client's first wish among the server's subprotocols, or none", async () => {
  const cases: [UpgradeWebSocketOptions, string, string][] = [
    [{ protocols: ["b", "a"] }, "x, a, b", "a"],
    [{ protocols: ["A"] }, "a", ""],
    [{ protocols: ["c"] }, "a, b", ""],
    [{}, "a", ""],
    [{ protocol: "b" }, "a, b", "b"],
  ];
  for (const [options, offered, chosen] of cases) {
    await using stage = new Stage(options);
    const { head } = await stage.open(`sec-websocket-protocol: ${offered}\r\n`);
    assertEquals(/sec-websocket-protocol: (.*)\r/i.exec(head)?.[1] ?? "", chosen);
    assertEquals(stage.accepted[0]!.socket.protocol, chosen);
  }
  await using stage = new Stage({ protocol: "c" });
  const wire = await stage.dial();
  await wire.write(`${OPENING}sec-websocket-protocol: a\r\n\r\n`);
  assertMatch(await wire.readUntil("subprotocol c"), /^HTTP\/1\.1 400 /);
});

Deno.test("upgradeWebSocket() lets in the origins that it is told to, by a list or a function", async () => {
  const cases: [UpgradeWebSocketOptions["origins"], string, number][] = [
    [undefined, "origin: https://evil.example\r\n", 101],
    [["https://good.example"], "origin: https://good.example\r\n", 101],
    [["https://good.example"], "origin: https://evil.example\r\n", 403],
    [["https://good.example"], "", 101],
    [(origin) => origin !== undefined, "", 403],
    [(origin) => origin === "null", "origin: null\r\n", 101],
  ];
  for (const [origins, fields, status] of cases) {
    await using stage = new Stage(origins === undefined ? {} : { origins });
    const { head } = await stage.open(fields);
    assertEquals(Number(head.slice(9, 12)), status, `${origins} ${fields}`);
  }
});

Deno.test("upgradeWebSocket() adds the handler's fields and agrees on compression", async () => {
  await using stage = new Stage({ headers: { "x-more": "yes" }, compression: { serverMaxWindowBits: 12 } });
  const { head } = await stage.open("sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n");
  assertMatch(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  assertMatch(head, /x-more: yes\r\n/i);
  assertMatch(head, /sec-websocket-extensions: permessage-deflate; server_max_window_bits=12\r\n/i);
  assertEquals(stage.accepted[0]!.socket.extensions, "permessage-deflate");
  await using plain = new Stage();
  const { head: without } = await plain.open("sec-websocket-extensions: permessage-deflate\r\n");
  assert(!/extensions/i.test(without), without);
});

Deno.test("readProtocols() takes lists of tokens that differ", () => {
  assertEquals(readProtocols("foo , bar\t, \tbaz"), ["foo", "bar", "baz"]);
  assertEquals(
    [",", "foo,bar,foo", "f oo", "f@o", "foo,b@r"].map((value) => readProtocols(value)),
    Array(5).fill(undefined),
  );
  assertEquals(readProtocols(undefined), []);
});

Deno.test("readOpening() asks no key of an extended CONNECT (RFC 8441 §5)", () => {
  const fields = [{ name: "sec-websocket-version", value: "13" }, { name: "origin", value: "https://a" }];
  assertEquals(readOpening(fields, false), { key: undefined, protocols: [], extensions: [], origin: "https://a" });
  assertThrows(() => readOpening(fields, true), WebSocketHandshakeError, "sec-websocket-key");
});

Deno.test("a client's keys are 16 octets, each time others", () => {
  const keys = Array.from({ length: 20 }, makeKey);
  assert(keys.every((key) => fromBase64(key).length === 16) && new Set(keys).size === 20);
});

Deno.test("readAnswer() takes what answers the request and nothing else (RFC 6455 §4.1)", () => {
  const key = "dGhlIHNhbXBsZSBub25jZQ==";
  const accept = { "sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" };
  const read = (fields: Record<string, string>, offer = {}) =>
    readAnswer(new Headers({ ...accept, ...fields }), { key, protocols: ["a", "b"], deflate: undefined, ...offer });
  assertEquals(read({}), { protocol: "", deflate: undefined });
  assertEquals(read({ "sec-websocket-protocol": "b" }).protocol, "b");
  assertEquals(
    read({ "sec-websocket-extensions": "permessage-deflate" }, { deflate: {} }).deflate?.serverMaxWindowBits,
    15,
  );
  const wrong: [Record<string, string>, object][] = [
    [{ "sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOO=" }, {}],
    [{ "sec-websocket-protocol": "c" }, {}],
    [{ "sec-websocket-protocol": "a, b" }, {}],
    [{ "sec-websocket-extensions": "permessage-deflate" }, {}],
    [{ "sec-websocket-extensions": "permessage-deflate, permessage-deflate" }, { deflate: {} }],
    [{ "sec-websocket-extensions": "x-other" }, { deflate: {} }],
    [{ "sec-websocket-extensions": ";" }, { deflate: {} }],
  ];
  for (const [fields, offer] of wrong) assertThrows(() => read(fields, offer), Error, "Cannot open WebSocket as");
  assertEquals(readAnswer(new Headers(), { key: undefined, protocols: [], deflate: undefined }).protocol, "");
});

Deno.test("HttpClient.webSocket() fails, and leaves nothing open, where the answer isn't one", async () => {
  const answers = [
    "HTTP/1.1 101 x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: no\r\n\r\n",
    "HTTP/1.1 101 x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    "HTTP/1.1 403 x\r\ncontent-length: 2\r\n\r\nno",
    "garbage\r\n\r\n",
  ];
  for (const answer of answers) {
    const { listener, connect } = memoryNetwork();
    await using client = new HttpClient({ connect: ({ signal }) => connect({ signal }) });
    const socket = client.webSocket("ws://a/");
    const log = record(socket);
    const wire = new Wire(await listener.accept());
    await wire.readUntil("\r\n\r\n");
    await wire.write(answer);
    await ended(socket);
    assertEquals(log.map((line) => line.split(" ")[0]), ["error", "close"]);
    assertEquals([socket.readyState, log[1]], [socket.CLOSED, "close 1006  false"]);
    if (answer.includes("101")) assertEquals(await wire.readToEnd(), "");
    wire.close();
    listener.close();
  }
});

const CORPORA = [["go-websocketserver.jsonl", 768], ["go-websocketclient.jsonl", 308]] as const;
interface Sample {
  readonly name: string;
  readonly b64: string;
}

vectorTest(
  `a server of WebSockets answers the corpus ${CORPORA[0][0]} alike, whole and octet by octet`,
  () => loadVectorLines<Sample>("fuzz-ws", CORPORA[0][0]),
  async (samples) => {
    assertEquals(samples.length, CORPORA[0][1]);
    const ask = async (input: Uint8Array, size: number) => {
      await using stage = new Stage();
      const wire = await stage.dial();
      try {
        for (let at = 0; at < input.length; at += size) await wire.write(input.slice(at, at + size));
        await wire.end();
      } catch { // the server was done with it before its end
      }
      const answer = await wire.readToEnd().catch(() => "broken off");
      return answer.replace(/date: .*\r\n/gi, "").split("\r\n\r\n")[0];
    };
    for (const { name, b64 } of samples) {
      const input = fromBase64(b64);
      if (input.length > 2000) continue;
      assertEquals(await ask(input, 1), await ask(input, input.length), name);
    }
  },
);

vectorTest(
  `a client's WebSocket comes to its end over the corpus ${CORPORA[1][0]}`,
  () => loadVectorLines<Sample>("fuzz-ws", CORPORA[1][0]),
  async (samples) => {
    assertEquals(samples.length, CORPORA[1][1]);
    for (const { name, b64 } of samples) {
      const { listener, connect } = memoryNetwork();
      await using client = new HttpClient({ connect: ({ signal }) => connect({ signal }) });
      const socket = client.webSocket("ws://a/");
      const log = record(socket);
      const wire = new Wire(await listener.accept());
      await wire.readUntil("\r\n\r\n");
      await wire.write(fromBase64(b64)).catch(() => {}); // the client was done with it before its end
      await wire.end().catch(() => {}); // the same
      await ended(socket);
      assertEquals([log.at(-1), log[0]?.slice(0, 5)], ["close 1006  false", "error"], name);
      wire.close();
      listener.close();
    }
  },
);

Deno.test("a response of Deno.upgradeWebSocket() is answered 500, and the error names upgradeWebSocket()", async () => {
  const errors: unknown[] = [];
  const { listener, dial } = memoryNetwork();
  await using _server = serve({
    listener,
    onError(error) {
      errors.push(error);
      return new Response("failed", { status: 500 });
    },
  }, (request) => Deno.upgradeWebSocket(request).response);
  await using wire = await dial();
  await wire.write(`${OPENING}\r\n`);
  assertMatch(await wire.readUntil("failed"), /^HTTP\/1\.1 500 /);
  assertMatch(String(errors), /TypeError: .*must be given by upgradeWebSocket\(\) of @avx\/http/);
});
