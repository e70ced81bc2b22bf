/**
 * Owns the proofs of the texts that tell where a request goes (RFC 9113 §8.3.1): what they take, octet by octet, and when
 * two authorities are the same.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { TARGET_PATH, TARGET_QUERY } from "../../http/fields/target.ts";
import { isAuthority, isHost, isHostAndPort, isPath, isSameAuthority, isScheme } from "../../http2/authority.ts";

function judged(text: string): boolean[] {
  return [isHost(text), isHostAndPort(text), isAuthority(text)];
}

/** Authorities: `[text, is a host, is the host:port of a CONNECT, has a host]`. */
const AUTHORITIES: readonly (readonly [text: string, host: boolean, pair: boolean, authority: boolean])[] = [
  ["example.com", true, false, true],
  ["example.com:443", true, true, true],
  ["example.com:", true, false, true],
  ["example.com:0", true, false, true],
  ["example.com:65535", true, true, true],
  ["example.com:65536", false, false, false],
  ["example.com:4x", false, false, false],
  ["", true, false, false],
  [":80", true, false, false],
  ["127.0.0.1:8000", true, true, true],
  ["a%20b!$&'()*+,;=~_-", true, false, true],
  ["a%2", false, false, false],
  ["a%2g", false, false, false],
  ["user@example.com", false, false, false],
  ["user:word@example.com:80", false, false, false],
  ["example.com/", false, false, false],
  ["exa mple", false, false, false],
  ["é", false, false, false],
  ["\u0130", false, false, false],
  ["[::]", true, false, true],
  ["[::1]:443", true, true, true],
  ["[1:2:3:4:5:6:7:8]", true, false, true],
  ["[1:2:3:4:5:6:7::]", true, false, true],
  ["[::2:3:4:5:6:7:8]", true, false, true],
  ["[1:2:3::6:7:8]", true, false, true],
  ["[::ffff:127.0.0.1]:1", true, true, true],
  ["[1:2:3:4:5:6:127.0.0.1]", true, false, true],
  ["[1:2:3:4:5:6:7:8:9]", false, false, false],
  ["[1:2:3:4:5:6:7]", false, false, false],
  ["[1:2:3:4::5:6:7:8]", false, false, false],
  ["[1::2::3]", false, false, false],
  ["[:::]", false, false, false],
  ["[1:]", false, false, false],
  ["[:1:2:3:4:5:6:7]", false, false, false],
  ["[12345::]", false, false, false],
  ["[127.0.0.1::]", false, false, false],
  ["[::127.0.0.1:1]", false, false, false],
  ["[::127.0.0.256]", false, false, false],
  ["[::127.0.0.01]", false, false, false],
  ["[::127.0.0]", false, false, false],
  ["[::1%25eth0]", false, false, false],
  ["[]", false, false, false],
  ["[::1", false, false, false],
  ["[::1]x", false, false, false],
];

for (const [text, ...expected] of AUTHORITIES) {
  Deno.test(`isHost, isHostAndPort and isAuthority judge ${JSON.stringify(text)} (RFC 3986 §3.2)`, () => {
    assertEquals(judged(text), expected);
  });
}

Deno.test("isPath takes the octets in path and query that HTTP/1.1 takes", () => {
  for (let octet = 0; octet < 256; octet++) {
    const character = String.fromCharCode(octet);
    const path = TARGET_PATH[octet] === 1 || character === "?";
    assertEquals([isPath(`/a${character}`), isPath(`/${character}a`)], [path, path], `octet ${octet} in a path`);
    const query = TARGET_QUERY[octet] === 1;
    assertEquals([isPath(`/?${character}`), isPath(`/a?${character}b`)], [query, query], `octet ${octet} in a query`);
  }
});

Deno.test("isPath takes a path, an empty one and *, and no other form of a target", () => {
  assertEquals(["/", "", "*", "//", "/a/../b?c=d?e&f", "/%"].filter(isPath), [
    "/",
    "",
    "*",
    "//",
    "/a/../b?c=d?e&f",
    "/%",
  ]);
  assertEquals(["a", "**", "*/", "?", "http://a/", "a:80", " /", "/ ", "/\u0130", "/?\u0130", "/#"].filter(isPath), []);
});

Deno.test("isScheme takes a letter, and letters, digits, +, - and . behind it (RFC 3986 §3.1)", () => {
  const good = ["http", "HTTPS", "a", "coap+tcp", "z39.50r", "x-1"];
  assertEquals([...good, "", "1a", "+a", "ht tp", "http:", "http/", "hé", "\u0130"].filter(isScheme), good);
});

Deno.test("isSameAuthority compares without regard to case, and to a port that goes without saying (RFC 3986 §6.2.3)", () => {
  assertEquals(isSameAuthority("a", "a", "https"), true);
  assertEquals(isSameAuthority("EXAMPLE.com:443", "example.COM", "https"), true);
  assertEquals(isSameAuthority("example.com", "example.com:80", "http"), true);
  assertEquals(isSameAuthority("example.com:", "example.com:80", "http"), true);
  assertEquals(isSameAuthority("[::A]:443", "[::a]", "https"), true);
  assertEquals(isSameAuthority("example.com:80", "example.com", "https"), false);
  assertEquals(isSameAuthority("example.com:443", "example.com", "http"), false);
  assertEquals(isSameAuthority("example.com:443", "example.com", ""), false);
  assertEquals(isSameAuthority("example.com:4", "example.com:4", ""), true);
  assertEquals(isSameAuthority("a", "b", "https"), false);
  assertEquals(isSameAuthority("a", "", "https"), false);
  assertEquals(isSameAuthority("a:8443", "a:443", "https"), false);
  assertEquals(isSameAuthority("a:", "a", "coap"), true);
});
