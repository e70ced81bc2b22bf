/**
 * Owns the tests of single frames: headers, masking, UTF-8, and the rules of RFC 6455 §5 on every split.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { FrameReader, headerSize, isCloseCode, mask, type Role, Utf8Check, writeHeader } from "../../websocket/mod.ts";
import { loadVectors, vectorTest } from "../vectors.ts";
import { converse, converseOnEverySplit, frame, hex, join } from "./conversation.ts";

interface FrameVectors {
  readonly frames: readonly {
    name: string;
    octets?: string;
    header?: string;
    length?: number;
    frames?: VectorFrame[];
  }[];
  readonly negative_and_edge: readonly {
    name: string;
    octets: string;
    side: Role;
    close_codes: number[] | null;
    messages?: (string | { hex: string })[];
  }[];
}

interface VectorFrame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly mask?: string;
  readonly payload: string;
}

const load = () => loadVectors<FrameVectors>("websocket", "frames.json");

vectorTest("FrameReader reads the RFC's frames, and writeHeader() writes them (RFC 6455 §5.7)", load, ({ frames }) => {
  for (const { name, octets, header, length, frames: expected } of frames) {
    const bytes = hex(octets ?? header!);
    const wanted = expected?.[0] ?? { fin: true, opcode: 2, payload: "00".repeat(length!) };
    const size = wanted.payload.length / 2;
    const reader = new FrameReader({ role: wanted.mask ? "server" : "client", maxFrameBytes: size, compressed: false });
    assert(reader.read(bytes, 0, bytes.length), name);
    assertEquals([reader.fin, reader.opcode, reader.length], [wanted.fin, wanted.opcode, size], name);
    const payload = bytes.slice(reader.used);
    mask(payload, 0, payload.length, reader.key);
    if (octets) assertEquals(payload.toHex(), wanted.payload, name);
    const key = wanted.mask ? { key: parseInt(wanted.mask, 16) } : {};
    const written = new Uint8Array(reader.used);
    writeHeader(written, 0, { opcode: reader.opcode, length: size, ...key });
    assertEquals(written, bytes.slice(0, reader.used), name);
  }
});

vectorTest("FrameConnection answers the collected right and wrong frames, on every split", load, (vectors) => {
  for (const { name, octets, side, close_codes, messages } of vectors.negative_and_edge) {
    const { events, sent, phase } = converseOnEverySplit(hex(octets), { role: side }, name);
    if (close_codes === null) {
      const expected = messages!.map((one) => typeof one === "string" ? `text ${one}` : `binary ${one.hex}`);
      assertEquals([events, phase], [expected, "open"], name);
    } else {
      const close = hex(sent).slice(side === "server" ? 2 : 6);
      const [first, second] = side === "server" ? close : [close[0]! ^ 0x0a, close[1]! ^ 0x0b];
      assert(close_codes.includes(first! << 8 | second!), `${name}: ${sent}`);
      assert(phase === "failed" || phase === "closed", name);
    }
  }
});

const BROKEN: readonly (readonly [rule: string, bytes: Uint8Array, code: number, message: RegExp])[] = [
  ["opcode 3 (§5.2)", hex("83"), 1002, /opcode/],
  ["opcode 11 (§5.2)", hex("8b"), 1002, /opcode/],
  ["RSV1 without an extension (§5.2)", frame({ opcode: 1, rsv: 4 }), 1002, /RSV1/],
  ["RSV2 (§5.2)", frame({ opcode: 1, rsv: 2 }), 1002, /RSV2/],
  ["RSV3 (§5.2)", frame({ opcode: 2, rsv: 1 }), 1002, /RSV3/],
  ["no mask (§5.1)", frame({ opcode: 1, key: null }), 1002, /must be masked/],
  ["a fragmented Ping (§5.5)", hex("09"), 1002, /fragmented/],
  ["a fragmented Close (§5.5)", hex("08"), 1002, /fragmented/],
  ["a Pong of 126 bytes (§5.5)", hex("8afe"), 1002, /at most 125/],
  ["a length of 125 in 16 bits (§5.2)", hex("82fe007d"), 1002, /as short as possible: received 125/],
  ["a length of 65535 in 64 bits (§5.2)", hex("82ff000000000000ffff"), 1002, /as short as possible: received 65535/],
  ["a length with the first bit set (§5.2)", hex("82ff8000000000010000"), 1002, /first bit/],
  ["a length of 2^53 + 1", hex("82ff0020000000000001"), 1009, /2\^53/],
  ["a length over the limit, before any of its bytes", hex("82ff0000000000100001"), 1009, /at most 1048576 bytes/],
  ["a continuation of nothing (§5.4)", frame({ opcode: 0 }), 1002, /must have begun/],
  ["a message within a message (§5.4)", join([frame({ opcode: 1, fin: false }), frame({ opcode: 2 })]), 1002, /ended/],
  ["a Close of one byte (§5.5.1)", frame({ opcode: 8, payload: "a" }), 1002, /two bytes/],
  ["a Close with 1005 (§7.4.1)", frame({ opcode: 8, payload: hex("03ed") }), 1002, /received 1005/],
  ["a Close with 999 (§7.4.2)", frame({ opcode: 8, payload: hex("03e7") }), 1002, /received 999/],
  ["a Close whose reason is not UTF-8 (§5.5.1)", frame({ opcode: 8, payload: hex("03e8ff") }), 1007, /UTF-8/],
  ["text that is not UTF-8 (§8.1)", frame({ opcode: 1, payload: hex("c328") }), 1007, /UTF-8/],
  ["text that ends within a character (§8.1)", frame({ opcode: 1, payload: hex("e282") }), 1007, /UTF-8/],
  [
    "fragmented text that ends within a character (§8.1)",
    join([frame({ opcode: 1, fin: false, payload: "a" }), frame({ opcode: 0, payload: hex("e282") })]),
    1007,
    /UTF-8/,
  ],
];

for (const [rule, bytes, code, message] of BROKEN) {
  Deno.test(`FrameConnection refuses ${rule} with ${code}, on every split, and what came before stands`, () => {
    const before = join([frame({ opcode: 1, payload: "first" }), frame({ opcode: 9, payload: "p" })]);
    const behind = frame({ opcode: 1, payload: "nobody hears of this" });
    const { events, sent, phase } = converseOnEverySplit(join([before, bytes, behind]));
    assertEquals(events.slice(0, 2), ["text first", "ping 70"]);
    assertEquals([events.length, phase], [3, "failed"]);
    assert(events[2]!.startsWith(`error ${code} `) && message.test(events[2]!), events[2]);
    const [echo, pong, ...close] = ["81056669727374", "8a0170", sent.slice(14 + 6)];
    assert(sent.startsWith(echo! + pong!), sent);
    assertEquals(parseInt(close.join("").slice(4, 8), 16), code);
  });
}

Deno.test("FrameConnection tells of a broken rule at the first octet that shows it", () => {
  for (const [rule, bytes] of BROKEN) {
    const outcomes = Array.from(bytes, (_, at) => converse([bytes.slice(0, at + 1)]).phase);
    const first = outcomes.indexOf("failed");
    assert(first >= 0, rule);
    if (bytes.length <= 10) assert(first < bytes.length, `${rule}: ${first}`);
    if (/opcode|RSV|fragmented (?:Ping|Close)/.test(rule)) assertEquals(first, 0, rule); // the first octet says it all
    if (/no mask|126 bytes/.test(rule)) assertEquals(first, 1, rule);
  }
});

Deno.test("writeHeader() and FrameReader agree for any header, on every split", () => {
  const length = fc.oneof(fc.nat(130), fc.integer({ min: 65530, max: 65540 }), fc.nat(2 ** 31), fc.maxSafeNat());
  const opcode = fc.constantFrom<0 | 1 | 2>(0, 1, 2);
  fc.assert(fc.property(length, opcode, fc.boolean(), fc.option(fc.integer()), (length, opcode, fin, key) => {
    const size = headerSize(length, key !== null);
    const bytes = new Uint8Array(size + 3);
    const end = writeHeader(bytes, 2, { opcode, fin, length, ...key !== null && { key } });
    assertEquals(end, 2 + size);
    const reader = new FrameReader({
      role: key === null ? "client" : "server",
      maxFrameBytes: Infinity,
      compressed: false,
    });
    for (let at = 2; at < end; at++) assertEquals(reader.read(bytes, 2, at), false);
    assert(reader.read(bytes, 2, end));
    assertEquals([reader.used, reader.fin, reader.opcode, reader.length], [size, fin, opcode, length]);
    if (key !== null) assertEquals(reader.key, key | 0);
  }));
});

Deno.test("writeHeader() refuses where there is no room", () => {
  assertThrows(() => writeHeader(new Uint8Array(13), 0, { opcode: 2, length: 70000, key: 1 }), RangeError, "must fit");
});

Deno.test("mask() is XOR with the key from any offset, anywhere in memory, and its own inverse (RFC 6455 §5.3)", () => {
  const payload = fc.uint8Array({ maxLength: 300 });
  fc.assert(fc.property(payload, fc.integer(), fc.nat(9), fc.nat(9), (payload, key, offset, before) => {
    const bytes = new Uint8Array(before + payload.length + 3);
    bytes.set(payload, before);
    const octets = [24, 16, 8, 0].map((shift) => key >>> shift & 255);
    mask(bytes, before, before + payload.length, key, offset);
    const expected = payload.map((octet, at) => octet ^ octets[(at + offset) & 3]!);
    assertEquals(bytes.slice(before, before + payload.length), expected);
    assert(bytes.subarray(0, before).every((octet) => octet === 0) && bytes.subarray(-3).every((octet) => octet === 0));
    mask(bytes, before, before + payload.length, key, offset);
    assertEquals(bytes.slice(before, before + payload.length), payload);
  }));
});

Deno.test("Utf8Check accepts what a fatal TextDecoder does, of any octets and however they are cut", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const isText = (bytes: Uint8Array) => {
    try {
      decoder.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const wild = fc.array(
    fc.constantFrom(
      0x00,
      0x41,
      0x7f,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc0,
      0xc1,
      0xc2,
      0xdf,
      0xe0,
      0xe1,
      0xec,
      0xed,
      0xee,
      0xef,
      0xf0,
      0xf1,
      0xf3,
      0xf4,
      0xf5,
      0xff,
    ),
    { maxLength: 6 },
  ).map((octets) => Uint8Array.from(octets));
  const long = fc.tuple(fc.nat(200), wild).map(([length, tail]) => join([new Uint8Array(length).fill(0x61), tail]));
  const text = fc.string({ unit: "binary", maxLength: 20 }).map((text) => new TextEncoder().encode(text));
  fc.assert(
    fc.property(fc.oneof(wild, text, long), fc.nat(20), (bytes, cut) => {
      const check = new Utf8Check();
      const at = Math.min(cut, bytes.length);
      const held = check.add(bytes, 0, at) && check.add(bytes, at, bytes.length);
      assertEquals(held && check.complete, isText(bytes));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("Utf8Check fails at the octet that can't be, not later (fail fast)", () => {
  const cases: [string, number][] = [["ceba80", 3], ["f490", 2], ["eda0", 2], ["c0", 1], ["f5", 1], ["e080", 2], [
    "f08f",
    2,
  ]];
  for (const [digits, place] of cases) {
    const bytes = hex(digits);
    const check = new Utf8Check();
    const held = Array.from(bytes, (_, at) => check.add(bytes, at, at + 1));
    assertEquals(held.indexOf(false), place - 1, digits);
  }
});

Deno.test("isCloseCode() knows the codes that may be sent (RFC 6455 §7.4)", () => {
  const allowed = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
  const all = Array.from({ length: 6000 }, (_, code) => code).filter((code) =>
    code < 3000 || code > 4995 || code % 999 === 0
  );
  const found = all.filter(isCloseCode).filter((code) => code < 3000 || code > 4995 || code === 3996);
  assert(allowed.every(isCloseCode));
  assertEquals(found.filter((code) => code < 3000), allowed.filter((code) => code < 3000));
  assertEquals([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].filter(isCloseCode), []);
});
