import { assertEquals } from "@std/assert";
import { isHost, isHostAndPort } from "../../http/fields/host.ts";
import { fromLatin1 } from "../vectors.ts";

/** Judges text that stands between octets which must not be looked at. */
const judged = (judge: typeof isHost, text: string) => {
  const bytes = fromLatin1(`a${text}0`);
  return judge(bytes, 1, bytes.length - 1);
};

Deno.test("isHost() takes a reg-name, an IPv4 address or an IPv6 literal, and at most a port (RFC 3986 §3.2.2)", () => {
  for (
    const text of [
      "",
      "a",
      "A.b-c_d~",
      "!$&'()*+,;=",
      "a%2Fb",
      "%41",
      "1.2.3.4",
      "a:",
      "a:0",
      "a:65535",
      "a:00080",
      "[::]",
      "[::1]:80",
      "[::1]:",
    ]
  ) {
    assertEquals(judged(isHost, text), true, text);
  }
  for (
    const text of [
      "a b",
      "a/",
      "a@b",
      "u:p@a",
      "a:b",
      "a:65536",
      "a:-1",
      "a:80:80",
      "a%",
      "a%4",
      "a%4g",
      "[",
      "[]",
      "[::1",
      "::1",
      "[::1]a",
      "[v1.a]",
      "[1.2.3.4]",
      "[fe80::1%25eth0]",
      "é",
      "a\\b",
      "a#",
    ]
  ) {
    assertEquals(judged(isHost, text), false, text);
  }
});

Deno.test("isHost() reads IPv6 addresses by their grammar (RFC 3986 §3.2.2)", () => {
  const valid = [
    "1:2:3:4:5:6:7:8",
    "::",
    "1::",
    "::8",
    "1::8",
    "1:2:3:4:5:6:7::",
    "::2:3:4:5:6:7:8",
    "2001:DB8::ff00:42:8329",
    "::ffff:1.2.3.4",
    "1:2:3:4:5:6:255.255.255.255",
    "::0.0.0.0",
    "1::5:6.7.8.9",
  ];
  const invalid = [
    "1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    ":",
    ":1",
    "1:",
    ":::",
    "1::2::3",
    "12345::",
    "::g",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "1.2.3.4",
    "::1.2.3",
    "::1.2.3.256",
    "::1.2.3.04",
    "::1.2.3.4.5",
    "::1.2.3.4:5",
    "1:2:3:4:5:6:7:1.2.3.4",
    "::1.2.3.",
    "",
  ];
  for (const text of valid) assertEquals(judged(isHost, `[${text}]`), true, text);
  for (const text of invalid) assertEquals(judged(isHost, `[${text}]`), false, text);
});

Deno.test("isHostAndPort() wants both, for CONNECT (RFC 9110 §9.3.6)", () => {
  for (const text of ["a:1", "[::1]:443", "1.2.3.4:65535"]) assertEquals(judged(isHostAndPort, text), true, text);
  for (const text of ["", "a", "a:", ":1", "a:0", "a:65536", "[::1]", "[::1:443", "a:1:1", "a/b:1"]) {
    assertEquals(judged(isHostAndPort, text), false, text);
  }
});
