/**
 * Owns the proofs of what strings and integers are coded by; the tables are compared with the RFC's beside it.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CodedStrings } from "../../hpack/coded_strings.ts";
import { HpackError } from "../../hpack/mod.ts";
import { decodeHuffman, encodeHuffman, LONGER, roomForDecoded } from "../../hpack/huffman.ts";
import { CODES, EOS, LENGTHS } from "../../hpack/huffman_code.ts";
import { integerOctets, IntegerReader, MAX_INTEGER, writeInteger } from "../../hpack/integer.ts";
import { StringCache } from "../../hpack/string_cache.ts";
import { textOf } from "../../hpack/text.ts";
import { hex } from "./block.ts";

/** The code of each symbol as a string of bits. */
const BITS = [...CODES].map((code, symbol) => code.toString(2).padStart(LENGTHS[symbol]!, "0"));
const SYMBOLS = new Map(BITS.map((bits, symbol) => [bits, symbol]));

/** Decodes one bit after the other, as §5.2 says it: the octets, or undefined for an error. */
function decodePlainly(coded: Uint8Array): number[] | undefined {
  const octets: number[] = [];
  let code = "";
  for (const bit of [...coded].map((octet) => octet.toString(2).padStart(8, "0")).join("")) {
    code += bit;
    const symbol = SYMBOLS.get(code);
    if (symbol === undefined) continue;
    if (symbol === EOS) return undefined;
    octets.push(symbol);
    code = "";
  }
  return code.length > 7 || code.includes("0") ? undefined : octets;
}

/** Gives the octets' code, padded by ones. */
function encodePlainly(octets: Iterable<number>): Uint8Array {
  const bits = Array.from(octets, (octet) => BITS[octet]!).join("");
  return Uint8Array.from(bits.match(/.{1,8}/g) ?? [], (group) => parseInt(group.padEnd(8, "1"), 2));
}

/** Decodes in the middle of a buffer: the octets, or undefined for an error. */
function decode(coded: Uint8Array): number[] | undefined {
  const bytes = Uint8Array.of(0xff, ...coded, 0x00, 0xff);
  const into = new Uint8Array(roomForDecoded(coded.length) + 1);
  try {
    return [...into.subarray(1, decodeHuffman(bytes, 1, 1 + coded.length, into, 1))];
  } catch (error) {
    assert(error instanceof HpackError, String(error));
    return undefined;
  }
}

Deno.test("decodeHuffman and encodeHuffman do what the code says, for each pair of octets", () => {
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      const octets = [first, second, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30];
      const coded = encodePlainly(octets);
      assertEquals(decode(coded), octets);
      const into = new Uint8Array(12);
      const end = encodeHuffman(String.fromCharCode(...octets), into, 1);
      if (coded.length > octets.length) assertEquals(end, LONGER);
      else assertEquals(into.subarray(1, end), coded);
    }
  }
});

Deno.test("decodeHuffman decides any octets as bit by bit decoding does (§5.2)", () => {
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.uint8Array({ maxLength: 40 }).map((octets) => encodePlainly(octets)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6 }) },
    { weight: 1, arbitrary: fc.constantFrom(hex("ff"), hex("ffff"), hex("fffffffc"), hex("fe"), hex("7f")) },
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 3 }), (pieces) => {
      const coded = Uint8Array.from(pieces.flatMap((octets) => [...octets]));
      assertEquals(decode(coded), decodePlainly(coded));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("decodeHuffman decides each cut of a string as bit by bit decoding does", () => {
  const coded = encodePlainly(Array.from({ length: 256 }, (_, octet) => octet));
  for (let end = 0; end <= coded.length; end++) {
    assertEquals(decode(coded.subarray(0, end)), decodePlainly(coded.subarray(0, end)), `${end} octets`);
  }
});

Deno.test("decodeHuffman refuses EOS and padding that is too long or not of ones, each by its name (§5.2)", () => {
  const run = (digits: string) => () => decodeHuffman(hex(digits), 0, digits.length / 2, new Uint8Array(20), 0);
  for (const digits of ["ffffffff", "fffffffc", "1fffffffff"]) assertThrows(run(digits), HpackError, "EOS must not");
  for (const digits of ["ff", "1fff", "00", "1e", "fffffe", "1ffffffe"]) {
    assertThrows(run(digits), HpackError, "at most 7 bits");
  }
});

Deno.test("encodeHuffman writes nothing behind what the text itself would take", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
    const into = new Uint8Array(octets.length + 9).fill(0xaa);
    const end = encodeHuffman(String.fromCharCode(...octets), into, 2);
    assertEquals([...into.subarray(0, 2), ...into.subarray(2 + octets.length)], [0xaa, 0xaa, ...Array(7).fill(0xaa)]);
    const plain = encodePlainly(octets);
    if (plain.length > octets.length) assertEquals(end, LONGER);
    else assertEquals(into.subarray(2, end), plain);
  }));
});

Deno.test("writeInteger and IntegerReader.read give any integer back, by any prefix (§5.1)", () => {
  const value = fc.oneof(
    fc.nat({ max: 600 }),
    fc.integer({ min: 0, max: MAX_INTEGER }),
    fc.constantFrom(MAX_INTEGER, 2 ** 31),
  );
  fc.assert(fc.property(value, fc.integer({ min: 1, max: 8 }), (value, bits) => {
    const into = new Uint8Array(10);
    const pattern = 0xff - ((1 << bits) - 1);
    const end = writeInteger(into, 2, value, bits, pattern);
    assertEquals(end - 2, integerOctets(value, bits));
    assertEquals(into[2]! & pattern, pattern);
    const reader = new IntegerReader();
    assertEquals(reader.read(into, 2, end, bits), end);
    assertEquals(reader.value, value);
    for (let cut = 2; cut < end; cut++) {
      assertThrows(() => reader.read(into, 2, cut, bits), HpackError, "must end within its block");
    }
  }));
});

Deno.test("IntegerReader.read refuses more than 2^32 - 1, and more than 5 octets behind the prefix (§5.1)", () => {
  const run = (digits: string) => () => new IntegerReader().read(hex(digits), 0, digits.length / 2, 5);
  assertThrows(run("1fe1ffffff0f"), HpackError, "must be at most 4294967295: received 4294967296");
  assertThrows(run("1fffffffff7f"), HpackError, "received 34359738398");
  assertThrows(run("1f8080808080"), HpackError, "at most 5 octets");
  assertThrows(run("1f80808080"), HpackError, "must end within its block");
  assertEquals(run("1f8080808000")(), 6);
});

Deno.test("textOf gives each octet as a character, by any of its ways", () => {
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 70 }),
    fc.uint8Array({ max: 0x7f, maxLength: 70 }),
    fc.constantFrom("efbfbd", "efbbbf", "c3a9", "ed", "f09f9880").map((digits) => hex(digits.repeat(20))),
  );
  fc.assert(fc.property(octets, (octets) => {
    const bytes = Uint8Array.of(0x41, ...octets, 0x42);
    assertEquals(textOf(bytes, 1, bytes.length - 1), String.fromCharCode(...octets));
  }));
});

Deno.test("StringCache.find gives a text for its very octets only", () => {
  const cache = new StringCache();
  const known = new Map<string, string>();
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 140, max: 3 }), (octets) => {
      const text = cache.find(octets, 0, octets.length);
      if (text !== undefined) assertEquals(text, known.get(octets.toHex()));
      else cache.keep(octets, 0, octets.length, octets.toHex());
      known.set(octets.toHex(), octets.toHex());
      assertEquals(cache.find(octets, 0, octets.length), octets.length > 128 ? undefined : octets.toHex());
    }),
    { numRuns: 2000 },
  );
});

Deno.test("StringCache keeps two strings that fall together, and lets the older go for a third", () => {
  const cache = new StringCache();
  // Only the octets that the cache doesn't look at when it chooses a place differ.
  const octets = [1, 2, 3].map((octet) => Uint8Array.from({ length: 40 }, (_, at) => at === 5 ? octet : 7));
  const found = () => octets.map((bytes) => cache.find(bytes, 0, 40));
  const keep = (at: number) => {
    assertEquals(cache.find(octets[at]!, 0, 40), undefined);
    cache.keep(octets[at]!, 0, 40, `${at}`);
  };
  keep(0);
  keep(1);
  assertEquals(octets.slice(0, 2).map((bytes) => cache.find(bytes, 0, 40)), ["0", "1"]);
  keep(2);
  assertEquals(found().filter((text) => text !== undefined).length, 2);
  assertEquals(cache.find(octets[2]!, 0, 40), "2");
});

Deno.test("CodedStrings.write gives what was kept, and forgets the oldest first", () => {
  const coded = new CodedStrings();
  const literal = (at: number) => Uint8Array.of(0, 2, at >> 8, at & 0xff);
  for (let at = 0; at < 300; at++) coded.keep(String(at), literal(at), 1, 4);
  const into = new Uint8Array(5);
  for (let at = 0; at < 300; at++) {
    const end = coded.write(String(at), into, 1);
    assertEquals(end, at < 300 - 256 ? -1 : 4);
    if (end > 0) assertEquals(into.subarray(1, 4), literal(at).subarray(1));
  }
  coded.keep("long", new Uint8Array(129), 0, 129);
  assertEquals(coded.write("long", new Uint8Array(200), 0), -1);
  coded.keep("long", new Uint8Array(128).fill(7), 0, 128);
  const long = new Uint8Array(130);
  assertEquals([coded.write("long", long, 1), long[0], long[1], long[128], long[129]], [129, 0, 7, 7, 0]);
});

Deno.test("CodedStrings.offer keeps one of four, so that what comes again and again is kept", () => {
  const coded = new CodedStrings();
  const into = new Uint8Array(4);
  for (const text of ["a", "b", "c", "d", "e"]) coded.offer(text, Uint8Array.of(1, 2), 0, 2);
  assertEquals(["a", "b", "c", "d", "e"].map((text) => coded.write(text, into, 0)), [-1, -1, -1, 2, -1]);
});
