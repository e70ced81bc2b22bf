import { assert, assertEquals } from "@std/assert";
import {
  decodeLatin1,
  isContentless,
  isIdempotentMethod,
  isSafeMethod,
  isTrailerAllowed,
  Method,
  ProtocolError,
  REASON_PHRASES,
  reasonPhrase,
} from "../../http/fields/mod.ts";

Deno.test("isSafeMethod() and isIdempotentMethod() follow RFC 9110 §9.2", () => {
  const safe = Object.values(Method).filter(isSafeMethod);
  const idempotent = Object.values(Method).filter(isIdempotentMethod);
  assertEquals(safe, ["GET", "HEAD", "OPTIONS", "TRACE"]);
  assertEquals(idempotent, ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"]);
  assert(!isSafeMethod("get") && !isIdempotentMethod("PROPFIND")); // methods are case-sensitive
});

Deno.test("reasonPhrase() knows the registered codes, and gives nothing for others (RFC 9110 §15)", () => {
  for (const [code, phrase] of Object.entries(REASON_PHRASES)) assertEquals(reasonPhrase(Number(code)), phrase);
  assertEquals(reasonPhrase(413), "Content Too Large");
  for (const code of [0, 99, 299, 418, 600, NaN]) assertEquals(reasonPhrase(code), "");
});

Deno.test("isContentless() is true for 1xx, 204 and 304 only (RFC 9112 §6.3)", () => {
  const contentless = Array.from({ length: 500 }, (_, index) => index + 100).filter(isContentless);
  assertEquals(contentless, [...Array.from({ length: 100 }, (_, index) => index + 100), 204, 304]);
});

Deno.test("isTrailerAllowed() keeps framing, routing, authentication and content fields out (RFC 9110 §6.5.1)", () => {
  for (
    const name of [
      "content-length",
      "transfer-encoding",
      "host",
      "authorization",
      "set-cookie",
      "content-type",
      "trailer",
      "te",
    ]
  ) {
    assert(!isTrailerAllowed(name), name);
  }
  for (const name of ["x-checksum", "grpc-status", "etag", "server-timing", "constructor"]) {
    assert(isTrailerAllowed(name), name);
  }
});

Deno.test("decodeLatin1() gives a character an octet at every length, UTF-8 or not", () => {
  for (
    const unit of [[0x61], [0xe9], [0x80], [0x9f], [0xc3, 0xa9], [0xf0, 0x9f, 0x98, 0x80], [0xef, 0xbb, 0xbf], [
      0xef,
      0xbf,
      0xbd,
    ], [0]]
  ) {
    for (let length = 0; length < 40; length++) {
      const bytes = Uint8Array.from(
        { length: length + 2 },
        (_, at) => at === 0 || at > length ? 0x21 : unit[at % unit.length]!,
      );
      const expected = [...bytes.subarray(1, length + 1)].map((octet) => String.fromCharCode(octet)).join("");
      assertEquals(decodeLatin1(bytes, 1, length + 1), expected);
    }
  }
});

Deno.test("ProtocolError carries its scope, status and cause", () => {
  const cause = new Error("below");
  const error = new ProtocolError("Cannot read", { scope: "stream", status: 400, cause });
  assertEquals([error.name, error.scope, error.status, error.cause, error.message], [
    "ProtocolError",
    "stream",
    400,
    cause,
    "Cannot read",
  ]);
});
