import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { DEFAULT_HEAD_LIMITS, ResponseHeadParser } from "../../http1/mod.ts";
import { fromLatin1 } from "../vectors.ts";
import { converseOnEverySplit, type Outcome } from "./conversation.ts";

function read(text: string, method = "GET", limits = DEFAULT_HEAD_LIMITS): Outcome {
  return converseOnEverySplit(
    { role: "response", method },
    fromLatin1(text),
    JSON.stringify(text.slice(0, 60)),
    limits,
  );
}

/** Reads the framing of an answer of this status and these fields. */
function framing(status: number, method: string, ...fields: string[]): [string, number, boolean] {
  const outcome = read(`HTTP/1.1 ${status} \r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n`, method);
  assertEquals(outcome.reason, "");
  const message = outcome.messages[0]!;
  return [message.framing, message.contentLength, message.keepAlive];
}

Deno.test("ResponseHeadParser gives status, reason and fields, and how many bytes the head took", () => {
  const parser = new ResponseHeadParser(DEFAULT_HEAD_LIMITS);
  const bytes = fromLatin1("HTTP/1.0 299 Fär Out\r\nX-Y: \tv \r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n");
  assert(!parser.started);
  assertEquals(parser.read(bytes, 0, 5, "GET"), undefined);
  assert(parser.started);
  const first = parser.read(bytes, 0, bytes.length, "GET")!;
  assertEquals([first.status, first.reason, first.minor], [299, "Fär Out", 0]);
  assertEquals(first.fields(), [{ name: "x-y", value: "v" }]);
  assertStrictEquals(first.fields(), first.fields());
  const second = parser.read(bytes, parser.used, bytes.length, "GET")!;
  assertEquals([second.status, second.reason, second.fields()], [404, "Not Found", []]);
});

Deno.test("ResponseHeadParser reads a status line without a phrase, and without its space (RFC 9112 §4)", () => {
  assertEquals(read("HTTP/1.1 200 \r\n\r\n").messages[0]!.text, "");
  assertEquals(read("HTTP/1.1 200\r\n\r\n").messages[0]!.text, "");
  for (
    const line of [
      "HTTP/1.1 2000 ",
      "HTTP/1.1 20",
      "HTTP/1.1 099 ",
      "HTTP/1.1 -99 ",
      "http/1.1 200 ",
      "HTTP/1.1\t200 ",
      "HTTP/1.1 200 a\0",
      "\r\nHTTP/1.1 200 ",
    ]
  ) {
    assertEquals(read(`${line}\r\n\r\n`).error, 400, line);
  }
  assertEquals([read("HTTP/2").error, read("HTTP/1.9 200 \r\n\r\n").messages[0]!.minor], [505, 1]);
});

Deno.test("ResponseHead.framing follows status, method and fields (RFC 9112 §6.3)", () => {
  const chunked = "Transfer-Encoding: chunked";
  const length = "Content-Length: 5";
  assertEquals(framing(200, "GET", length), ["length", 5, true]);
  assertEquals(framing(200, "GET", chunked), ["chunked", -1, true]);
  assertEquals(framing(200, "GET"), ["close", -1, false]);
  assertEquals(framing(200, "HEAD", length), ["none", 0, true]);
  assertEquals(framing(200, "HEAD", chunked), ["none", 0, true]);
  assertEquals(framing(204, "GET", length), ["none", 0, true]);
  assertEquals(framing(304, "GET", length), ["none", 0, true]);
  assertEquals(framing(103, "GET", length), ["none", 0, true]);
  assertEquals(framing(200, "CONNECT", length, chunked), ["none", 0, false]);
  assertEquals(framing(407, "CONNECT", length), ["length", 5, true]);
  assertEquals(framing(101, "GET", "Connection: upgrade", "Upgrade: x"), ["none", 0, false]);
  assertEquals(framing(200, "GET", length, "Connection: close"), ["length", 5, false]);
});

Deno.test("ResponseHead.keepAlive of HTTP/1.0 wants keep-alive (RFC 9112 §9.3)", () => {
  const keeps = (connection: string) =>
    read(`HTTP/1.0 200 \r\nContent-Length: 0\r\n${connection}\r\n`).messages[0]!.keepAlive;
  assertEquals([keeps(""), keeps("Connection: Keep-Alive\r\n"), keeps("Connection: keep-alive, close\r\n")], [
    false,
    true,
    false,
  ]);
});

Deno.test("ResponseHead.upgrade is for a 101 with both fields (RFC 9110 §7.8)", () => {
  const fields = "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  assert(read(`HTTP/1.1 101 \r\n${fields}`).messages[0]!.upgrade);
  assert(!read(`HTTP/1.1 200 \r\n${fields}`).messages[0]!.upgrade);
  assert(!read("HTTP/1.1 101 \r\nUpgrade: websocket\r\n\r\n").messages[0]!.upgrade);
});

Deno.test("ResponseHeadParser collapses equal lengths and refuses others (RFC 9112 §6.3)", () => {
  assertEquals(framing(200, "GET", "Content-Length: 5", "Content-Length: 5 , 5"), ["length", 5, true]);
  for (const value of ["5, 6", "05, 5", "5,", ",5", "", "5 5"]) {
    assertEquals(read(`HTTP/1.1 200 \r\nContent-Length: ${value}\r\n\r\n`).error, 400, value);
  }
  assertEquals(read("HTTP/1.1 200 \r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n").error, 400);
  assertEquals(read("HTTP/1.1 200 \r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n").error, 400);
  assertEquals(read("HTTP/1.0 200 \r\nTransfer-Encoding: chunked\r\n\r\n").error, 400);
});

Deno.test("ResponseHead.fields() replaces each obs-fold by a space (RFC 9112 §5.2)", () => {
  const outcome = read("HTTP/1.1 200 \r\nA: b \r\n\t c\r\n  \r\n d\r\nE:\r\n f\r\nContent-Length:\r\n 0\r\n\r\n");
  const { fields, framing } = outcome.messages[0]!;
  assertEquals(fields, [{ name: "a", value: "b c  d" }, { name: "e", value: "f" }, {
    name: "content-length",
    value: "0",
  }]);
  assertEquals(framing, "length");
  assertEquals(read("HTTP/1.1 200 \r\n A: b\r\n\r\n").error, 400); // nothing before it to go on with
});

Deno.test("ResponseHeadParser does not take a request's fields for framing", () => {
  assertEquals(read("HTTP/1.1 200 \r\nHost: a b\r\nHost: c\r\nExpect: x\r\nContent-Length: 0\r\n\r\n").error, 0);
});

Deno.test("ResponseHeadParser acts on its limits as soon as they are passed", () => {
  const limits = { maxTargetBytes: 1, maxHeadBytes: 40, maxFields: 1 };
  assertEquals(read("HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "GET", limits).error, 0);
  assertEquals(read("HTTP/1.1 200 OK\r\nA: b\r\nC", "GET", limits).error, 431);
  assertEquals(read(`HTTP/1.1 200 ${"a".repeat(27)}`, "GET", limits).error, 431);
  assertEquals(read(`HTTP/1.1 200 ${"a".repeat(26)}`, "GET", limits).error, 0);
});
