import { assert, assertEquals, assertGreater, assertNotEquals, assertThrows } from "@std/assert";
import { HpackDecoder, HpackEncoder, type HpackField, joinCookies, maxBlockSize } from "../../hpack/mod.ts";
import { CODED } from "../../hpack/encoder.ts";
import { decode, fieldOf, hex, type Pair, pairOf } from "./block.ts";

/** An encoder and the decoder at its other end. */
class Line {
  readonly decoder = new HpackDecoder();
  constructor(readonly encoder = new HpackEncoder()) {}

  /** Sends a list; gives the block, which the other side must have read as the same list. */
  send(...pairs: Pair[]): string {
    const block = this.encoder.encodeBlock(pairs.map(fieldOf));
    const fields = this.decoder.decode(block, 0, block.length)!;
    assertEquals(joinCookies(fields).map(pairOf), pairs);
    assertEquals(this.encoder.entries, this.decoder.entries.map(({ name, value }) => ({ name, value })));
    return block.toHex();
  }
}

Deno.test("HpackEncoder.encode writes an index where a table has the field (§6.1)", () => {
  const line = new Line();
  assertEquals(line.send([":method", "GET"], [":status", "500"], ["accept-encoding", "gzip, deflate"]), "828e90");
  assertEquals(line.send(["a", "b"]), "40811f818f");
  assertEquals(line.send(["c", "d"], ["a", "b"], [":method", "GET"]).slice(-4), "bf82");
  assertEquals(line.send(["a", "b"], ["c", "d"]), "bfbe");
});

Deno.test("HpackEncoder.encode takes a name's index from either table (§6.2)", () => {
  const line = new Line();
  assertEquals(line.send(["server", "~"]), "76017e");
  assertEquals(line.send(["x", "~"], ["x", "~~"]), "4081f3017e7e027e7e");
  assertEquals(line.send(["x", "~~~"]), "7e037e7e7e");
  assertEquals(line.send(["x", "~"], ["x", "~~"], ["x", "~~~"]), "c0bfbe");
});

Deno.test("HpackEncoder.encode writes indices of any size", () => {
  const line = new Line();
  const pairs = Array.from({ length: 110 }, (_, at): Pair => ["n", String(at)]);
  line.send(...pairs);
  assertEquals(line.send(["n", "109"], ["n", "45"], ["n", "44"], ["n", "0"]), "befeff00ff2c");
  assertEquals(line.send(["n", "0"], ["n", "44"]), "ff2cff00");
});

Deno.test("HpackEncoder.encode follows evictions, also of what it wrote at the same place before (§4.4)", () => {
  const line = new Line(new HpackEncoder({ maxTableSize: 102 }));
  for (const value of ["1", "2", "3", "4"]) line.send(["a", value]);
  assertEquals(line.encoder.entries.map(({ value }) => value), ["4", "3", "2"]);
  line.send(["a", "1"], ["b", "1"], ["c", "1"], ["a", "2"]);
  for (let round = 0; round < 20; round++) {
    const names = ["a", "b", "c", "d", "e"].slice(round % 3);
    line.send(...names.map((name): Pair => [name, String(round % 4)]));
    line.send(...names.toReversed().map((name): Pair => [name, String(round % 4)]));
  }
  line.send(["larger", "than the table".repeat(10)]);
});

Deno.test("HpackEncoder.encode empties the table for an entry that is larger, where it is told to index it (§4.4)", () => {
  const line = new Line(new HpackEncoder({ maxTableSize: 102, indexing: () => "incremental" }));
  line.send(["a", "1"], ["b", "1"]);
  line.send(["a", "x".repeat(100)]);
  assertEquals(line.encoder.entries, []);
  line.send(["a", "1"], ["a", "x".repeat(69)], ["a", "1"]);
  line.send(["a", "1"], ["a", "1"]);
});

Deno.test("HpackEncoder.encode never indexes a sensitive field, and the mark arrives (§6.2.3)", () => {
  const line = new Line();
  line.send(["x-token", "secret"]);
  assertEquals(line.send(["x-token", "secret"]), "be");
  assertEquals(line.send(["x-token", "secret", "sensitive"]).slice(0, 4), "1f2f");
  assertEquals(line.send([":method", "GET", "sensitive"]).slice(0, 2), "12");
  assertEquals(line.encoder.entries.length, 1);
  assertEquals(line.send(["cookie", "a=1; b=2", "sensitive"]).slice(0, 4), "1f11");
  assertEquals(line.encoder.entries.length, 1);
  const marked = line.decoder.decode(hex("10 01 61 01 62"), 0, 5)!;
  assertEquals(decode([new HpackEncoder().encodeBlock(marked)]), [[["a", "b", "sensitive"]]]);
});

Deno.test("HpackEncoder.setMaxTableSize tells the least size, then the last, at the next block only (§4.2)", () => {
  const told = (sizes: readonly number[], maxTableSize?: number) => {
    const encoder = new HpackEncoder(maxTableSize === undefined ? {} : { maxTableSize });
    for (const size of sizes) encoder.setMaxTableSize(size);
    const block = encoder.encodeBlock([]).toHex();
    assertEquals(encoder.encodeBlock([]).toHex(), "");
    return block;
  };
  assertEquals(told([]), "");
  assertEquals(told([4096]), "");
  assertEquals(told([8192]), "");
  assertEquals(told([30]), "3e");
  assertEquals(told([0]), "20");
  assertEquals(told([0, 4096]), "203fe11f");
  assertEquals(told([30, 20, 31]), "343f00");
  assertEquals(told([8192], 16384), "3fe13f");
  assertEquals(told([8192, 4096], 16384), "");
  assertEquals(told([8192, 30, 2 ** 32 - 1], 16384), "3e3fe17f");
  assertEquals(told([], 30), "3e");
  assertEquals(told([40], 30), "3e");
  assertEquals(told([], 0), "20");
});

Deno.test("HpackEncoder.setMaxTableSize evicts at once, and the decoder follows", () => {
  const line = new Line();
  line.send(["a", "1"], ["b", "2"], ["c", "3"]);
  line.encoder.setMaxTableSize(70);
  line.decoder.setMaxTableSize(70);
  assertEquals(line.encoder.entries.map(({ name }) => name), ["c", "b"]);
  line.send(["b", "2"], ["a", "1"]);
  line.encoder.setMaxTableSize(0);
  line.encoder.setMaxTableSize(4096);
  line.decoder.setMaxTableSize(0);
  line.decoder.setMaxTableSize(4096);
  assertNotEquals(line.send(["b", "2"]), "203fe11fbe");
  assertEquals(line.send(["b", "2"]), "be");
});

Deno.test("HpackEncoder refuses sizes that are none", () => {
  for (const size of [-1, 0.5, NaN, 2 ** 32]) {
    assertThrows(() => new HpackEncoder({ maxTableSize: size }), RangeError, `received ${size}`);
    assertThrows(() => new HpackEncoder().setMaxTableSize(size), RangeError, `received ${size}`);
  }
});

Deno.test("HpackEncoder.encode throws for a character that is no octet, and goes on with an empty table", () => {
  const bad: HpackField[][] = [
    [{ name: "a", value: "€" }],
    [{ name: "€", value: "a" }],
    [{ name: "a", value: `${"~".repeat(50)}Ā` }],
    [{ name: "a", value: "ok" }, { name: "b", value: "Ā", sensitive: true }],
  ];
  for (const fields of bad) {
    const line = new Line();
    line.send(["x", "y"]);
    assertThrows(() => line.encoder.encodeBlock([{ name: "lost", value: "1" }, ...fields]), TypeError, "received U+");
    assertEquals(line.encoder.entries, []);
    assertEquals(line.send(["lost", "1"], ["x", "y"]).slice(0, 8), "203fe11f");
    assertEquals(line.send(["lost", "1"], ["x", "y"]), "bfbe");
  }
});

Deno.test("HpackEncoder.encode tells a size again that a block told which was not sent", () => {
  for (const size of [0, 100]) {
    const line = new Line();
    line.send(["x", "y"]);
    line.encoder.setMaxTableSize(size);
    line.decoder.setMaxTableSize(size);
    assertThrows(() => line.encoder.encodeBlock([{ name: "a", value: "€" }]), TypeError);
    line.send(["x", "y"]);
    line.send(["x", "y"]);
  }
});

/** Two crumbs that are long enough to be indexed; shorter ones arrive marked. */
const LONG_CRUMBS = "first=0123456789abcdef; second=0123456789abcdef";

Deno.test("HpackEncoder.encode gives -1 for any room that is too small, and goes on with an empty table", () => {
  const pairs: Pair[] = [[":method", "GET"], ["a", "b"], ["cookie", LONG_CRUMBS], ["x", "y".repeat(200), "sensitive"]];
  const size = maxBlockSize(pairs.map(fieldOf));
  let least = size;
  for (let room = 0; room <= size; room++) {
    const line = new Line();
    line.send(["a", "b"]);
    const into = new Uint8Array(room + 3).fill(0xee);
    const end = line.encoder.encode(pairs.map(fieldOf), into, 3);
    assertEquals(into.subarray(0, 3).toHex(), "eeeeee");
    if (end < 0) {
      assertEquals([end, line.encoder.entries], [-1, []]);
    } else {
      least = Math.min(least, room);
      assertEquals(joinCookies(line.decoder.decode(into, 3, end)!).map(pairOf), pairs);
    }
    line.send(["a", "b"], ["c", "d"]);
  }
  assertGreater(least, 150);
  assert(least < size);
});

Deno.test("maxBlockSize is enough for cookies of nothing but separators, and for long numbers", () => {
  for (const value of ["; ".repeat(300), "; ", ";", "", `${"\0".repeat(300)}; a`]) {
    for (const sensitive of [false, true]) {
      const fields = [{ name: "cookie", value, sensitive }, { name: "\x01".repeat(200), value: "\x02".repeat(20_000) }];
      const into = new Uint8Array(maxBlockSize(fields));
      const end = new HpackEncoder({ indexing: () => "never" }).encode(fields, into, 0);
      assertGreater(end, 0);
      const decoded = new HpackDecoder({ maxListBytes: Infinity }).decode(into, 0, end)!;
      assertEquals(
        joinCookies(decoded).map(({ name, value }) => [name, value]),
        fields.map(({ name, value }) => [name, value]),
      );
    }
  }
});

Deno.test("HpackEncoder.encode indexes a varying value once it repeats", () => {
  const line = new Line();
  const lengths = ["/a?1", "/a?2", "/a?2", "/a?2"].map((path) => line.send([":path", path]).length / 2);
  assertEquals(lengths.map((length) => length === 1), [false, false, false, true]);
  assertEquals(line.encoder.entries, [{ name: ":path", value: "/a?2" }]);
});

Deno.test("HpackEncoder.encode asks its policy for what no table has, with what the policy needs", () => {
  const asked: unknown[] = [];
  const encoder = new HpackEncoder({
    maxTableSize: 1000,
    indexing: (...context) => {
      asked.push(context);
      return "without";
    },
  });
  const fields = [{ name: ":method", value: "GET" }, { name: "age", value: "1" }, { name: "x", value: "1" }];
  for (let round = 0; round < 2; round++) encoder.encodeBlock([...fields, { name: "y", value: "1", sensitive: true }]);
  assertEquals(asked, [["age", "1", false, 1000], ["x", "1", false, 1000], ["age", "1", true, 1000], [
    "x",
    "1",
    false,
    1000,
  ]]);
});

Deno.test("HpackEncoder.encode writes strings that it has written before as it wrote them", () => {
  const names = Array.from({ length: 700 }, (_, at) => `name-${at}`); // more than are remembered
  const block = (name: string) => new HpackEncoder().encodeBlock([{ name, value: `${name}-value` }]);
  const first = names.map(block);
  assertEquals(names.map(block), first);
  for (let round = 0; round < 9; round++) assertEquals(names.slice(0, 10).map(block), first.slice(0, 10));
  assert(CODED.write("name-0", new Uint8Array(200), 0) > 0);
  first.forEach((block, at) => assertEquals(decode([block]), [[[names[at]!, `${names[at]}-value`]]]));
});

Deno.test("HpackEncoder.encode lets no other connection remember credentials, cookies and sensitive fields (§7.1)", () => {
  const remembered = (name: string, value: string, sensitive = false) => {
    for (let round = 0; round < 8; round++) {
      new HpackEncoder({ indexing: () => "incremental" }).encodeBlock([{ name, value, sensitive }]);
    }
    return CODED.write(value, new Uint8Array(200), 0) > 0;
  };
  assert(remembered("user-agent", "secrets: a user agent"));
  for (const name of ["cookie", "set-cookie", "authorization", "proxy-authorization"]) {
    assert(!remembered(name, `secrets: of ${name}`), name);
  }
  assert(!remembered("x", "secrets: sensitive", true));
});

Deno.test("HpackEncoder.encode gives -1 where not even an index or a size update has room", () => {
  const line = new Line();
  line.send(["a", "b"]);
  line.send(["a", "b"]);
  assertEquals(line.encoder.encode([{ name: "a", value: "b" }], new Uint8Array(5), 5), -1);
  line.send(["a", "b"]);
  line.encoder.setMaxTableSize(30);
  line.decoder.setMaxTableSize(30);
  assertEquals(line.encoder.encode([], new Uint8Array(0), 0), -1);
  assertEquals(line.send(), "203e");
});
