/**
 * Owns the proof that a view reads what a typed array of the same range would; knows no protocol.
 *
 * @module
 */

import { assert, assertEquals, assertNotStrictEquals, assertThrows } from "@std/assert";
import { concat } from "@std/bytes";
import fc from "fast-check";
import { ByteView } from "../../net/mod.ts";

/** A view whose range has other bytes before and behind it, and what a typed array of its own would hold. */
const ranges = fc.tuple(
  fc.uint8Array({ maxLength: 9 }),
  fc.uint8Array({ maxLength: 200, size: "max" }),
  fc.uint8Array({ maxLength: 9 }),
).map(([before, own, behind]) => ({
  own,
  view: new ByteView(concat([before, own, behind]), before.length, before.length + own.length),
}));

/** Small bytes, so that searches find something now and then. */
const fewBytes = fc.uint8Array({ max: 2, maxLength: 150, size: "max" });

Deno.test("ByteView covers all of its bytes unless told otherwise", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const view = new ByteView(bytes);
  assertEquals([view.start, view.end, view.length], [0, 3, 3]);
  assertEquals(view.bytes, bytes);
  assertEquals(new ByteView(bytes, 1).toBytes(), new Uint8Array([2, 3]));
});

Deno.test("ByteView() refuses ranges that aren't within the bytes", () => {
  const bytes = new Uint8Array(4);
  for (const [start, end] of [[0, 5], [3, 2], [-1, 2], [0, -1], [0.5, 2], [0, 1.5], [NaN, 2], [0, NaN], [2 ** 32, 4]]) {
    assertThrows(() => new ByteView(bytes, start, end), RangeError, "Cannot view bytes");
  }
});

Deno.test("ByteView.slice() is what subarray() is, for any numbers", () => {
  const offset = fc.integer({ min: -300, max: 300 });
  fc.assert(fc.property(ranges, offset, fc.option(offset, { nil: undefined }), ({ own, view }, start, end) => {
    assertEquals(view.slice(start, end).toBytes(), own.subarray(start, end));
  }));
  assertEquals(new ByteView(new Uint8Array([7, 8])).slice().toBytes(), new Uint8Array([7, 8]));
});

Deno.test("ByteView.at() counts from the start or from the end", () => {
  fc.assert(fc.property(ranges, fc.integer({ min: -210, max: 210 }), ({ own, view }, index) => {
    assertEquals(view.at(index), own.at(index));
  }));
});

Deno.test("ByteView.indexOf(byte) is what a typed array's is, never outside of the range", () => {
  const rareBytes = fc.oneof(fewBytes, fc.uint8Array({ maxLength: 150, size: "max" }));
  fc.assert(fc.property(rareBytes, fc.nat(3), fc.nat(170), (own, byte, from) => {
    const view = new ByteView(concat([new Uint8Array([byte]), own, new Uint8Array([byte])]), 1, own.length + 1);
    assertEquals(view.indexOf(byte, from), own.indexOf(byte, from));
  }));
});

Deno.test("ByteView.indexOf(bytes) finds the first run, never outside of the range", () => {
  const text = (bytes: Uint8Array) => String.fromCharCode(...bytes);
  fc.assert(fc.property(fewBytes, fc.uint8Array({ max: 2, maxLength: 4 }), fc.nat(160), (own, run, from) => {
    const view = new ByteView(concat([own, run]), 0, own.length);
    assertEquals(view.indexOf(run, from), text(own).indexOf(text(run), from));
  }));
});

Deno.test("ByteView.readUint8/16/24/32() read big-endian numbers", () => {
  const view = new ByteView(new Uint8Array([9, 0xff, 0xfe, 0xfd, 0xfc, 9]), 1, 5);
  assertEquals(view.readUint8(3), 0xfc);
  assertEquals(view.readUint16(1), 0xfefd);
  assertEquals(view.readUint24(0), 0xfffefd);
  assertEquals(view.readUint32(0), 0xfffefdfc);
});

Deno.test("ByteView.readUint8/16/24/32() refuse offsets whose bytes aren't all within the range", () => {
  const view = new ByteView(new Uint8Array(20), 2, 10); // more bytes lie behind the range
  for (const offset of [-1, 0.5, NaN, Infinity]) {
    assertThrows(() => view.readUint8(offset), RangeError, "Cannot read 1 bytes");
  }
  assertThrows(() => view.readUint8(8), RangeError, "received 8");
  assertThrows(() => view.readUint16(7), RangeError);
  assertThrows(() => view.readUint24(6), RangeError);
  assertThrows(() => view.readUint32(5), RangeError);
  assertEquals([view.readUint8(7), view.readUint16(6), view.readUint24(5), view.readUint32(4)], [0, 0, 0, 0]);
});

Deno.test("ByteView.equals() compares with bytes, views and one-byte-a-character strings", () => {
  fc.assert(fc.property(ranges, fc.nat(), ({ own, view }, salt) => {
    assert(view.equals(own));
    assert(view.equals(new ByteView(concat([new Uint8Array(3), own]), 3)));
    assert(view.equals(String.fromCharCode(...own)));
    if (own.length === 0) return;
    const other = own.slice();
    other[salt % own.length]! ^= 1 + salt % 255;
    assert(!view.equals(other));
    assert(!view.equals(new ByteView(other)));
    assert(!view.equals(String.fromCharCode(...other)));
  }));
  assert(!new ByteView(new Uint8Array([1, 2])).equals(new Uint8Array([1])));
  assert(!new ByteView(new Uint8Array([0x41])).equals("\u0141"));
});

Deno.test("ByteView.toBytes() shares the memory, ByteView.copy() doesn't", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const view = new ByteView(bytes, 1);
  const [shared, copied] = [view.toBytes(), view.copy()];
  bytes[1] = 9;
  assertEquals(shared, new Uint8Array([9, 3]));
  assertEquals(copied, new Uint8Array([2, 3]));
  assertNotStrictEquals(copied.buffer, bytes.buffer);
  assertEquals(copied.buffer.byteLength, 2);
});

Deno.test("ByteView.toText() decodes UTF-8, a byte order mark and malformed bytes included", () => {
  const bytes = new TextEncoder().encode("x\uFEFFgrün €x");
  assertEquals(new ByteView(bytes, 1, bytes.length - 1).toText(), "\uFEFFgrün €");
  assertEquals(new ByteView(new Uint8Array([0x61, 0xff])).toText(), "a\uFFFD");
});

Deno.test("ByteView.toLatin1() gives a character a byte, however many", () => {
  const bytes = Uint8Array.from({ length: 20_000 }, (_, at) => at % 256);
  const text = new ByteView(bytes, 1).toLatin1();
  assertEquals(text.length, 19_999);
  assertEquals(Uint8Array.from(text, (character) => character.charCodeAt(0)), bytes.subarray(1));
});
