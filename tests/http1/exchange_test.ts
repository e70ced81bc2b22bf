/**
 * Owns the proof of `ServerExchange`: the phases of an answer, and how it is framed. What the connection makes of it is
 * tested beside it.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { ServerExchange } from "../../http1/exchange.ts";
import { assertSent, begun, head, octets, REQUESTS } from "./server_wire.ts";

const { get: GET, old: OLD, head: HEAD, upgrade: UPGRADE, connect: CONNECT } = REQUESTS;

/** How an exchange's answer comes to each of its phases. */
const PHASES: Readonly<Record<string, (exchange: ServerExchange) => void>> = {
  pending: () => {},
  content: (exchange) => void exchange.begin(head(), undefined),
  done: (exchange) => exchange.respond(head(), "x"),
  switched: (exchange) => exchange.switch(head(101, ["upgrade", "x"])),
};

/** What is done to an answer, and in which of its phases that leads where; elsewhere it is refused. */
const STEPS: readonly (readonly [what: string, Record<string, string>, step: (exchange: ServerExchange) => void])[] = [
  ["inform", { pending: "pending" }, (exchange) => exchange.inform(103, [])],
  ["whole", { pending: "done" }, (exchange) => exchange.respond(head(), "x")],
  [
    "whole",
    { pending: "done" },
    (exchange) => exchange.respondWith(octets("HTTP/1.1 200 OK\r\ncontent-length: "), "x"),
  ],
  ["begin", { pending: "content" }, (exchange) => void exchange.begin(head(), undefined)],
  ["data", { content: "content" }, (exchange) => exchange.write(octets("x"))],
  ["end", { content: "done" }, (exchange) => exchange.end()],
  ["switch", { pending: "switched" }, (exchange) => exchange.switch(head(101, ["upgrade", "x"]))],
];

for (const [phase, enter] of Object.entries(PHASES)) {
  for (const [what, cells, step] of STEPS) {
    const next = cells[phase];
    Deno.test(`ServerExchange: ${what} in phase ${phase} ${next === undefined ? "is refused" : `gives ${next}`}`, () => {
      const [wire, exchange] = begun(UPGRADE);
      enter(exchange);
      assertEquals(exchange.phase, phase);
      wire.take();
      if (next === undefined) {
        assertThrows(() => step(exchange), TypeError, `Cannot ${what} an answer as it must not be ${phase}`);
        assertEquals([exchange.phase, wire.take()], [phase, ""]);
      } else {
        step(exchange);
        assertEquals(exchange.phase, next);
        assert(wire.take() !== "");
      }
    });
  }
}

Deno.test("ServerExchange.respond() frames a whole answer by its length, in bytes", () => {
  for (
    const [body, length] of [["hello", 5], ["", 0], ["ü", 2], [octets("abc"), 3], ["x".repeat(20_000), 20_000]] as const
  ) {
    const [wire, exchange] = begun(GET);
    exchange.respond(head(200, ["x", "y"]), body);
    const text = wire.take(777);
    assertEquals(text.slice(0, text.indexOf("\r\n\r\n")), `HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: ${length}`);
    assertEquals(text.length, text.indexOf("\r\n\r\n") + 4 + length);
  }
});

Deno.test("ServerExchange.respondWith() sends what respond() sends, of any text and any bytes", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.uint8Array()), (body) => {
    const [plain, first] = begun(GET);
    first.respond(head(200, ["date", "now"]), body);
    const [hot, second] = begun(GET);
    assert(second.plain);
    second.respondWith(octets("HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: "), body);
    assertEquals(hot.take(), plain.take());
  }));
});

Deno.test("ServerExchange.plain is false where a whole answer needs more than the hot path says", () => {
  for (
    const [text, options] of [
      [OLD, {}],
      [HEAD, {}],
      [CONNECT, {}],
      ["GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", {}],
      [GET, { limits: { maxRequests: 1 } }],
    ] as const
  ) assertEquals(begun(text, options)[1].plain, false, text);
  assertEquals(begun(GET)[1].plain, true);
});

for (const status of [204, 304]) {
  Deno.test(`ServerExchange sends no content with ${status} (RFC 9110 §6.4.1)`, () => {
    const [wire, exchange] = begun(GET + GET);
    exchange.respond(head(status), "x");
    const [first] = wire.take().split("\r\n\r\n");
    assertMatch(first!, new RegExp(`^HTTP/1.1 ${status} [ \\w]+$`));
    assertEquals(wire.exchanges[1]!.begin(head(status), 5), false);
    assertEquals([wire.exchanges[1]!.phase, wire.core.end], ["done", "open"]);
  });
}

Deno.test("ServerExchange leaves a 304 the length that its maker tells, and no other (RFC 9110 §8.6)", () => {
  const [wire, exchange] = begun(GET + GET);
  exchange.respond(head(304, ["content-length", "1234"]), null);
  wire.exchanges[1]!.respond(head(204, ["content-length", "1234"]), null);
  assertSent(wire, ["HTTP/1.1 304 Not Modified", "content-length: 1234", "", "HTTP/1.1 204 No Content"]);
});

Deno.test("ServerExchange answers HEAD with a GET's head and no content (RFC 9110 §9.3.2)", () => {
  const [wire, exchange] = begun(HEAD.repeat(4));
  exchange.respond(head(), "hello");
  assertSent(wire, ["HTTP/1.1 200 OK", "content-length: 5"]);
  wire.exchanges[1]!.respond(head(200, ["content-length", "99"]), null);
  assertSent(wire, ["HTTP/1.1 200 OK", "content-length: 99"]);
  assertEquals(wire.exchanges[2]!.begin(head(), undefined), false);
  assertSent(wire, ["HTTP/1.1 200 OK", "transfer-encoding: chunked"]);
  assertEquals(wire.exchanges[3]!.begin(head(), 7), false);
  assertSent(wire, ["HTTP/1.1 200 OK", "content-length: 7"]);
  assertEquals(wire.core.end, "open");
});

Deno.test("ServerExchange lets nobody but itself frame a message or rule the connection", () => {
  const [wire, exchange] = begun(GET);
  exchange.respond(
    head(200, ["connection", "keep-alive"], ["keep-alive", "x"], ["transfer-encoding", "gzip"], [
      "content-length",
      "9",
    ]),
    "hi",
  );
  assertSent(wire, ["HTTP/1.1 200 OK", "content-length: 2"], "hi");
});

Deno.test("ServerExchange sends content of unknown length in chunks, with its trailers (RFC 9112 §7.1)", () => {
  const [wire, exchange] = begun(GET);
  assertEquals(exchange.begin(head(200, ["trailer", "x-sum"]), undefined), true);
  exchange.write(octets("hello"));
  exchange.write(octets("")); // would end it
  exchange.write(octets("x".repeat(26)));
  exchange.end([{ name: "x-sum", value: "31" }]);
  assertSent(
    wire,
    ["HTTP/1.1 200 OK", "trailer: x-sum", "transfer-encoding: chunked"],
    `5\r\nhello\r\n1a\r\n${"x".repeat(26)}\r\n0\r\nx-sum: 31\r\n\r\n`,
  );
  assertEquals([exchange.phase, wire.core.end], ["done", "open"]);
});

Deno.test("ServerExchange refuses a trailer that must be in the header section, and can be cut then", () => {
  const [, exchange] = begun(GET);
  exchange.begin(head(), undefined);
  assertThrows(() => exchange.end([{ name: "content-length", value: "5" }]), TypeError);
});

Deno.test("ServerExchange drops trailers where the content is not chunked", () => {
  const [wire, exchange] = begun(GET);
  exchange.begin(head(), 2);
  exchange.write(octets("ok"));
  exchange.end([{ name: "x-sum", value: "2" }]);
  assertSent(wire, ["HTTP/1.1 200 OK", "content-length: 2"], "ok");
});

Deno.test("ServerExchange refuses more content than was announced, and less", () => {
  const [wire, exchange] = begun(GET);
  exchange.begin(head(), 5);
  exchange.write(octets("123"));
  assertThrows(() => exchange.write(octets("456")), RangeError, "Content-Length: 1 bytes more");
  assertThrows(() => exchange.end(), RangeError, "Content-Length: 2 bytes are missing");
  assertEquals(exchange.phase, "content");
  exchange.write(octets("45"));
  exchange.end();
  assertSent(wire, ["HTTP/1.1 200 OK", "content-length: 5"], "12345");
});

Deno.test("ServerExchange can be answered otherwise where a head was malformed", () => {
  for (const begin of [false, true]) {
    const [wire, exchange] = begun(GET);
    const bad = head(200, ["x", "a\r\nb: c"]);
    assertThrows(() => begin ? exchange.begin(bad, 1) : exchange.respond(bad, "x"), TypeError);
    assertThrows(() => exchange.inform(103, bad.fields), TypeError);
    assertEquals([exchange.phase, wire.take()], ["pending", ""]);
    exchange.respond(head(500), "sorry");
    assertSent(wire, ["HTTP/1.1 500 Internal Server Error", "content-length: 5"], "sorry");
  }
});
