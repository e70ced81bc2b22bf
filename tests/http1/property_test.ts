/**
 * Owns the properties that hold for any message and any bytes; the rules one by one are in the tests beside it.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Field } from "../../http/fields/field.ts";
import { consistsOf, FIELD_VALUE, isTrailerAllowed, TOKEN, trimOws } from "../../http/fields/mod.ts";
import { encodeHeadPrefix, writeChunkHeader, writeHeadEnd, writeLastChunk, writeRequestHead } from "../../http1/mod.ts";
import { isHost } from "../../http/fields/host.ts";
import { TARGET_QUERY } from "../../http/fields/target.ts";
import { fromLatin1 } from "../vectors.ts";
import { Conversation, converse, type Outcome, type Reader } from "./conversation.ts";

/** The fields that frame or route: they are put into messages on purpose, not at random. */
const OWN = new Set(["host", "connection", "content-length", "transfer-encoding", "expect", "upgrade"]);

/** One character of a class of octets. */
const characterOf = (table: Uint8Array) =>
  fc.constantFrom(...[...table].flatMap((entry, octet) => entry === 1 ? [String.fromCharCode(octet)] : []));
const token = fc.string({ unit: characterOf(TOKEN), minLength: 1, maxLength: 20 });
const value = fc.string({ unit: characterOf(FIELD_VALUE), maxLength: 60 }).map(trimOws);
const field = fc.record({ name: token.map((name) => name.toLowerCase()), value });
const fields = fc.array(field.filter(({ name }) => !OWN.has(name)), { maxLength: 8 });
const trailers = fc.array(field.filter(({ name }) => !OWN.has(name) && isTrailerAllowed(name)), { maxLength: 4 });
const target = fc.string({ unit: characterOf(TARGET_QUERY), maxLength: 40 }).map((text) =>
  `/${text.replace(/^[^?]*/, (path) => path.replace(/[`{}\\]/g, "-"))}`
);
const host = fc.oneof(
  fc.domain(),
  fc.ipV4(),
  fc.ipV6().filter((text) => !text.includes("%")).map((text) => `[${text}]`),
  fc.domain().map((name) => `${name}:8080`),
)
  .filter((text) => isHost(fromLatin1(text), 0, text.length));
const octets = fc.uint8Array({ minLength: 1, maxLength: 200 });
const content = fc.oneof(
  fc.record({
    kind: fc.constant("length" as const),
    pieces: fc.array(octets, { maxLength: 1 }),
    trailers: fc.constant([]),
  }),
  fc.record({ kind: fc.constant("chunked" as const), pieces: fc.array(octets, { maxLength: 5 }), trailers }),
);

interface Content {
  readonly kind: "length" | "chunked";
  readonly pieces: readonly Uint8Array[];
  readonly trailers: readonly Field[];
}

const bodyOf = ({ pieces }: Content) => pieces.map((piece) => String.fromCharCode(...piece)).join("");

function framingFields({ kind, pieces }: Content): Field[] {
  if (kind === "chunked") return [{ name: "transfer-encoding", value: "chunked" }];
  return [{ name: "content-length", value: `${pieces.reduce((size, piece) => size + piece.length, 0)}` }];
}

/** Writes content behind a head, and gives the whole. */
function withContent(into: Uint8Array, at: number, { kind, pieces, trailers }: Content): Uint8Array {
  for (const piece of pieces) {
    if (kind === "chunked") at = writeChunkHeader(into, at, piece.length);
    into.set(piece, at);
    at += piece.length;
    if (kind === "chunked") at = writeHeadEnd(into, at); // the CRLF behind the data
  }
  if (kind === "chunked") at = writeLastChunk(into, at, trailers);
  return into.subarray(0, at);
}

/** Cuts bytes at these places, given as fractions of their length. */
function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const offsets = places.map((place) => Math.floor(place * bytes.length)).sort((a, b) => a - b);
  return [0, ...offsets].map((start, index) => bytes.subarray(start, offsets[index] ?? bytes.length));
}

const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });

Deno.test("Any requests written and parsed are themselves, however cut", () => {
  const request = fc.record({ method: token.filter((text) => text !== "CONNECT"), target, host, fields, content });
  fc.assert(fc.property(fc.array(request, { minLength: 1, maxLength: 3 }), places, (requests, places) => {
    const wire = requests.flatMap((request) => {
      const into = new Uint8Array(8192);
      const all = [...request.fields, ...framingFields(request.content)];
      return [...withContent(into, writeRequestHead(into, 0, { ...request, fields: all }), request.content)];
    });
    const outcome = converse({ role: "request" }, cutAt(Uint8Array.from(wire), places));
    assertEquals(outcome.reason, "");
    const got = outcome.messages.map(({ start, text, host, fields, body, trailers, complete }) => ({
      start,
      text,
      host,
      fields,
      body,
      trailers,
      complete,
    }));
    const expected = requests.map(({ method, target, host, fields, content }) => ({
      start: method,
      text: target,
      host,
      fields: [{ name: "host", value: host }, ...fields, ...framingFields(content)],
      body: bodyOf(content),
      trailers: [...content.trailers],
      complete: true,
    }));
    assertEquals(got, expected);
  }));
});

Deno.test("Any response written and parsed is itself, however cut", () => {
  const status = fc.integer({ min: 200, max: 999 }).filter((code) => code !== 204 && code !== 304);
  // An empty phrase is written as the registered one, and a phrase is not trimmed.
  const reason = fc.string({ unit: characterOf(FIELD_VALUE), minLength: 1, maxLength: 20 });
  fc.assert(fc.property(status, reason, fields, content, places, (status, reason, fields, content, places) => {
    const into = new Uint8Array(8192);
    const all = [...fields, ...framingFields(content)];
    const prefix = encodeHeadPrefix(status, reason, all);
    into.set(prefix);
    const wire = withContent(into, writeHeadEnd(into, prefix.length), content);
    const outcome = converse({ role: "response", method: "GET" }, cutAt(wire, places));
    assertEquals(outcome.reason, "");
    const { start, text, fields: got, body, trailers, complete } = outcome.messages[0]!;
    assertEquals({ start, text, got, body, trailers, complete }, {
      start: status,
      text: reason,
      got: all,
      body: bodyOf(content),
      trailers: [...content.trailers],
      complete: true,
    });
  }));
});

/** What a wire is made of, so that random input gets deep into the parsers. */
const fragment = fc.oneof(
  fc.constantFrom(
    "GET",
    "CONNECT",
    " ",
    "/",
    "HTTP/1.1",
    "HTTP/1.0",
    "\r\n",
    "\r",
    "\n",
    "\r\n\r\n",
    ":",
    "Host: a\r\n",
    "200",
    " OK",
    ";",
    "a=b",
    '"',
    "\\",
  ),
  fc.constantFrom(
    "GET / HTTP/1.1\r\nHost: a\r\n",
    "HTTP/1.1 200 OK\r\n",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "5\r\nhello\r\n",
    "0\r\n",
    "Connection: close\r\n",
    " folded\r\n",
  ),
  fc.string({ unit: "binary-ascii", maxLength: 5 }),
  fc.uint8Array({ maxLength: 5 }).map((bytes) => String.fromCharCode(...bytes)),
);
const anyBytes = fc.array(fragment, { maxLength: 30 }).map((parts) => fromLatin1(parts.join("")));
const anyReader: fc.Arbitrary<Reader> = fc.oneof(
  fc.constant({ role: "request" } as const),
  fc.constantFrom("GET", "HEAD", "CONNECT").map((method) => ({ role: "response", method } as const)),
);

function isSane(outcome: Outcome): void {
  for (const { start, text, fields, contentLength, framing } of outcome.messages) {
    assert(typeof start === "number" ? start >= 100 && start <= 999 : consistsOf(TOKEN, start) && start !== "");
    assert(consistsOf(FIELD_VALUE, text));
    assert(contentLength >= -1 && (framing === "length" || contentLength <= 0));
    for (const { name, value } of fields) {
      assert(name !== "" && consistsOf(TOKEN, name) && name === name.toLowerCase(), name);
      assert(consistsOf(FIELD_VALUE, value) && value === trimOws(value), value);
    }
  }
  assert(outcome.messages.slice(0, -1).every((message) => message.complete));
}

Deno.test("Any bytes give messages and at most one error of the codec's own, the same however cut", () => {
  fc.assert(
    fc.property(anyReader, anyBytes, places, (reader, bytes, places) => {
      const outcome = converse(reader, [bytes]);
      isSane(outcome);
      assertEquals(converse(reader, cutAt(bytes, places)), outcome);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("No bytes make the codec hold more unread ones than its limits", () => {
  const limits = { maxTargetBytes: 64, maxHeadBytes: 128, maxFields: 8 };
  const endless = fc.constantFrom("a", " ", "\r\n", "GET /", "GET / HTTP/1.1\r\n", "a: b\r\n", "a:", "?", "0", "\t");
  fc.assert(
    fc.property(fc.array(endless, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 50 }), (parts, size) => {
      const piece = fromLatin1(parts.join("").repeat(size));
      const conversation = new Conversation({ role: "request" }, limits);
      let given = 0;
      while (given < 4096 && conversation.outcome.error === 0) {
        conversation.receive(piece);
        given += piece.length;
        if (conversation.outcome.error === 0) assert(given - conversation.consumed < limits.maxHeadBytes);
      }
      assert(conversation.outcome.error >= 400);
    }),
  );
});
