/**
 * Owns the proof that the canned server counts request heads wherever a read cuts them. Knows no socket.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { HeadCounter } from "../../bench/load/servers/heads.ts";

const encoder = new TextEncoder();
const HEAD = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

function count(...pieces: string[]): number {
  const counter = new HeadCounter();
  return pieces.reduce((sum, piece) => sum + counter.count(encoder.encode(piece)), 0);
}

Deno.test("HeadCounter counts sixteen requests that came in one write", () => {
  assertEquals(count(HEAD.repeat(16)), 16);
  assertEquals(count(HEAD.repeat(16) + HEAD.slice(0, -1)), 16);
});

Deno.test("HeadCounter counts the same whole, byte by byte, and cut at every offset", () => {
  const wire = HEAD.repeat(3);
  assertEquals(count(...wire), 3);
  for (let cut = 0; cut <= wire.length; cut++) assertEquals(count(wire.slice(0, cut), wire.slice(cut)), 3);
});

Deno.test("HeadCounter counts CRLF CRLF as a plain search does, in any bytes and any pieces", () => {
  const pieces = fc.array(fc.array(fc.constantFrom("\r", "\n", "a", "\r\n\r\n"), { maxLength: 12 }));
  fc.assert(fc.property(pieces, (wire) => {
    const parts = wire.map((part) => part.join(""));
    assertEquals(count(...parts), parts.join("").split("\r\n\r\n").length - 1);
  }));
});
