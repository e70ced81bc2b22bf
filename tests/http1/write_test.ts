import { assertEquals, assertThrows } from "@std/assert";
import {
  encodeHeadPrefix,
  encodeInterimHead,
  sizeOfFields,
  writeChunkHeader,
  writeField,
  writeFields,
  writeHeadEnd,
  writeLastChunk,
  writeRequestHead,
  writeStatusLine,
} from "../../http1/mod.ts";

/**
 * Gives what a writer writes, having tried every buffer that is too small, and a place that is not the first.
 */
function written(write: (into: Uint8Array, at: number) => number): string {
  const large = new Uint8Array(4096);
  const end = write(large, 3);
  const text = String.fromCharCode(...large.subarray(3, end));
  for (let size = 0; size < text.length; size++) {
    assertEquals(write(new Uint8Array(3 + size), 3), -1, `${text} in ${size}`);
  }
  assertEquals(write(new Uint8Array(3 + text.length), 3), 3 + text.length);
  assertEquals([...large.subarray(end)].some((octet) => octet !== 0), false);
  return text;
}

const FIELDS = [{ name: "a", value: "b é" }, { name: "C-D", value: "" }];

Deno.test("writeStatusLine() keeps the space before an empty phrase (RFC 9112 §4)", () => {
  assertEquals(written((into, at) => writeStatusLine(into, at, 200, "OK")), "HTTP/1.1 200 OK\r\n");
  assertEquals(written((into, at) => writeStatusLine(into, at, 999, "")), "HTTP/1.1 999 \r\n");
  for (const status of [99, 1000, 200.5, NaN]) {
    assertThrows(() => writeStatusLine(new Uint8Array(64), 0, status, ""), RangeError, "received");
  }
  for (const reason of ["a\r\nb", "\0", "\u0100"]) {
    assertThrows(() => writeStatusLine(new Uint8Array(64), 0, 200, reason), TypeError, "Cannot write reason");
  }
});

Deno.test("writeFields() writes lines in order, as many bytes as sizeOfFields() says", () => {
  assertEquals(written((into, at) => writeFields(into, at, FIELDS)), "a: b é\r\nC-D: \r\n");
  assertEquals(sizeOfFields(FIELDS), "a: b é\r\nC-D: \r\n".length);
  assertEquals(written((into, at) => writeHeadEnd(into, at)), "\r\n");
});

Deno.test("writeField() refuses what would split a message, at the caller (RFC 9110 §5.5)", () => {
  const write = (name: string, value: string) => () => writeField(new Uint8Array(64), 0, name, value);
  for (const value of ["a\r\nb: c", "a\n", "\r", "a\0", "\x7f", "\u0100", "\u560a"]) {
    assertThrows(write("a", value), TypeError, 'Cannot write field "a"');
  }
  for (const name of ["", "a b", "a:", "a\r\n", "é", "\u212a"]) {
    assertThrows(write(name, "a"), TypeError, "Cannot write field as its name");
  }
  assertEquals(written((into, at) => writeField(into, at, "a", "\tb ")), "a: \tb \r\n");
});

Deno.test("writeRequestHead() puts Host first (RFC 9110 §7.2)", () => {
  const text = written((into, at) =>
    writeRequestHead(into, at, { method: "POST", target: "/a?b", host: "c:80", fields: FIELDS })
  );
  assertEquals(text, "POST /a?b HTTP/1.1\r\nhost: c:80\r\na: b é\r\nC-D: \r\n\r\n");
});

Deno.test("writeRequestHead() refuses what would be another request, at the caller", () => {
  const request = { method: "GET", target: "/", host: "a", fields: [] };
  const write = (change: Partial<Parameters<typeof writeRequestHead>[2]>) => () =>
    writeRequestHead(new Uint8Array(256), 0, { ...request, ...change });
  for (const method of ["", "GET ", "G\r\n"]) assertThrows(write({ method }), TypeError, "method");
  for (const target of ["", "/ HTTP/1.1\r\nx: y", "/\0", "/é", "/#a"]) {
    assertThrows(write({ target }), TypeError, "target");
  }
  for (const host of ["a b", "a/b", "u@a", "a\r\nb: c"]) assertThrows(write({ host }), TypeError);
  assertThrows(write({ fields: [{ name: "Host", value: "b" }] }), TypeError, "Host");
});

Deno.test("encodeHeadPrefix() leaves the head open, encodeInterimHead() closes it", () => {
  const text = (bytes: Uint8Array) => String.fromCharCode(...bytes);
  assertEquals(text(encodeHeadPrefix(404, "", FIELDS)), "HTTP/1.1 404 Not Found\r\na: b é\r\nC-D: \r\n");
  assertEquals(text(encodeHeadPrefix(299, "Odd", [])), "HTTP/1.1 299 Odd\r\n");
  assertEquals(
    text(encodeInterimHead(103, [{ name: "link", value: "</a>" }])),
    "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n",
  );
  for (const status of [99, 200]) assertThrows(() => encodeInterimHead(status, []), RangeError, "100 to 199");
  assertThrows(() => encodeHeadPrefix(200, "", [{ name: "a", value: "\n" }]), TypeError);
});

Deno.test("writeChunkHeader() and writeLastChunk() write the frame of chunked content (RFC 9112 §7.1)", () => {
  assertEquals(written((into, at) => writeChunkHeader(into, at, 1)), "1\r\n");
  assertEquals(written((into, at) => writeChunkHeader(into, at, Number.MAX_SAFE_INTEGER)), "1fffffffffffff\r\n");
  assertEquals(written((into, at) => writeLastChunk(into, at, [])), "0\r\n\r\n");
  assertEquals(written((into, at) => writeLastChunk(into, at, FIELDS)), "0\r\na: b é\r\nC-D: \r\n\r\n");
  for (const size of [0, -1, 1.5, NaN, 2 ** 53]) {
    assertThrows(() => writeChunkHeader(new Uint8Array(64), 0, size), RangeError);
  }
  for (const name of ["Content-Length", "host"]) {
    assertThrows(() => writeLastChunk(new Uint8Array(64), 0, [{ name, value: "1" }]), TypeError, name);
  }
});
