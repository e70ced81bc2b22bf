/**
 * Proves that hrefOf() writes URLs as the platform does. Knows no request.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ProtocolError } from "../../http/fields/error.ts";
import { hrefOf } from "../../http/href.ts";

const HOSTS = [
  "example.com",
  "EXAMPLE.com",
  "127.0.0.1:8000",
  "127.1",
  "[::1]:8080",
  "[0:0::1]",
  "localhost:80",
  "localhost:443",
  "localhost:080",
  "a_b",
  "xn--nxasmq6b",
  "ex%41mple.com",
];

Deno.test("hrefOf() writes any origin, path and query as new URL().href does (WHATWG URL §4.4)", () => {
  const piece = fc.constantFrom(
    ..."/.?&=%2eE'\"<>|\\^`{}[]:@!$()*+,;~-_a0Z é\t".split(""),
    "/..",
    "/.",
    "%2e",
    "%2E%2e/",
  );
  const path = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("").replaceAll("#", ""));
  fc.assert(
    fc.property(fc.constantFrom("http", "https"), fc.constantFrom(...HOSTS), path, (scheme, host, rest) => {
      const url = `${scheme}://${host}/${rest}`;
      assertEquals(hrefOf(url), new URL(url).href);
      assertEquals(hrefOf(url), new URL(url).href); // again, with the origin known
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("hrefOf() forgets origins rather than to remember more than it may", () => {
  for (let port = 1000; port < 1200; port++) {
    assertEquals(hrefOf(`http://localhost:${port}/a`), `http://localhost:${port}/a`);
  }
  assertEquals(hrefOf("http://localhost:1000/a?b"), "http://localhost:1000/a?b");
});

Deno.test("hrefOf() writes a URL without a path as the platform does", () => {
  assertEquals(hrefOf("http://example.com"), "http://example.com/");
  assertEquals(hrefOf("http://example.com?a/b"), "http://example.com/?a/b");
});

Deno.test("hrefOf() throws 400 for what is no URL", () => {
  for (const url of ["http://256.1.1.1/", "http://a%2fb/", "http://localhost:65536/", "http:///"]) {
    assertEquals(assertThrows(() => hrefOf(url), ProtocolError).status, 400, url);
  }
});
