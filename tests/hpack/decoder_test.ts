import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { HpackDecoder, HpackEncoder, HpackError, type HpackField, sizeOfList } from "../../hpack/mod.ts";
import { CACHE } from "../../hpack/string_reader.ts";
import { assertEveryCut, decode, hex } from "./block.ts";

const utf8 = new TextEncoder();

/** A literal with incremental indexing, a new name and raw strings. */
const indexed = (name: string, value: string) =>
  hex(`40 ${length(name)} ${utf8.encode(name).toHex()} ${length(value)} ${utf8.encode(value).toHex()}`);

const length = (text: string) => text.length.toString(16).padStart(2, "0");

const read = (decoder: HpackDecoder, block: Uint8Array) => decoder.decode(block, 0, block.length);

Deno.test("HpackDecoder.decode reads each representation (§6)", () => {
  const blocks = [
    hex("82"),
    indexed("a", "b"),
    hex("be 7e 01 63 be bf"),
    hex("0f 2f 01 64"), // the name at 62, by 4 bits
    hex("00 01 65 01 66"),
    hex("1f 2f 01 67 10 01 68 01 69"),
    hex("30 be"),
  ];
  const outcome = decode(blocks);
  assertEquals(outcome, [
    [[":method", "GET"]],
    [["a", "b"]],
    [["a", "b"], ["a", "c"], ["a", "c"], ["a", "b"]],
    [["a", "d"]],
    [["e", "f"]],
    [["a", "g", "sensitive"], ["h", "i", "sensitive"]],
    "Cannot read field as its index must be 1 to 61: received 62",
  ]);
  for (let count = 1; count < blocks.length; count++) assertEveryCut(blocks.slice(0, count));
});

Deno.test("HpackDecoder.decode gives octets above US-ASCII one character each", () => {
  assertEquals(decode([hex("00 02 c3a9 03 00ff80")]), [[["Ã©", "\0ÿ\x80"]]]);
  const long = "c3a9".repeat(40);
  assertEquals(decode([hex(`00 01 61 50 ${long}`)]), [[["a", "Ã©".repeat(40)]]]);
  assertEquals(decode([hex(`00 01 61 50 ${"efbfbd".repeat(26)} 6161`)]), [[["a", `${"ï¿½".repeat(26)}aa`]]]);
});

Deno.test("HpackDecoder.decode gives its tables' own objects again", () => {
  const decoder = new HpackDecoder();
  const [first] = read(decoder, indexed("name", "value"))!;
  const again = read(decoder, hex("be 82 be"))!;
  assertStrictEquals(again[0], first);
  assertStrictEquals(again[2], first);
  assertStrictEquals(read(new HpackDecoder(), hex("82"))![0], again[1]);
  assertStrictEquals(decoder.entries[0], first);
});

Deno.test("HpackDecoder.decode evicts from the oldest on, and empties the table for what is larger than it (§4.4)", () => {
  const decoder = new HpackDecoder();
  read(decoder, hex("3f 47")); // 102 bytes: room for three entries of 34
  for (const name of ["a", "b", "c", "d"]) read(decoder, indexed(name, "1"));
  assertEquals(decoder.entries.map(({ name }) => name), ["d", "c", "b"]);
  assertEquals(decoder.tableSize, 102);
  assertEquals(read(decoder, indexed("e", "x".repeat(70)))?.length, 1);
  assertEquals([decoder.entries, decoder.tableSize], [[], 0]);
  read(decoder, indexed("f", "x".repeat(69)));
  assertEquals(decoder.tableSize, 102);
});

Deno.test("HpackDecoder.decode takes a new entry's name from an entry that it evicts (§4.4)", () => {
  const decoder = new HpackDecoder();
  read(decoder, hex("3f 03")); // 34 bytes: room for one
  read(decoder, indexed("n", "1"));
  assertEquals(read(decoder, hex("7e 01 32"))!.map(({ name, value }) => [name, value]), [["n", "2"]]);
  assertEquals(decoder.entries.map(({ name, value }) => [name, value]), [["n", "2"]]);
});

Deno.test("HpackDecoder keeps its entries in order while its table grows and shrinks", () => {
  const decoder = new HpackDecoder();
  decoder.setMaxTableSize(2 ** 32 - 1);
  read(decoder, hex("3f e1 ff 03")); // 65536 bytes
  const values = Array.from({ length: 300 }, (_, at) => String(at));
  for (const value of values) read(decoder, indexed("n", value));
  assertEquals(decoder.entries.map(({ value }) => value), values.toReversed());
  read(decoder, hex("3f e1 06")); // 896 bytes: 25 entries of 35 or 36
  assertEquals(decoder.entries.map(({ value }) => value), values.toReversed().slice(0, 24));
  read(decoder, indexed("n", "new"));
  assertEquals(decoder.entries.slice(0, 3).map(({ value }) => value), ["new", "299", "298"]);
  read(decoder, hex("20"));
  assertEquals([decoder.entries, decoder.tableSize], [[], 0]);
  assertEquals(read(decoder, hex("3f e1 06 40 01 61 01 62 be"))!.length, 2);
});

Deno.test("HpackDecoder.decode takes size updates at a block's beginning only, up to the setting (§4.2, §6.3)", () => {
  assertEquals(decode([hex("20 3f e1 1f 82")]), [[[":method", "GET"]]]);
  const high = "Cannot read size update as it must be at most 4096: received 4097";
  assertEquals(decode([hex("3f e2 1f")]), [high]);
  const late = "Cannot read size update as it must stand at the beginning of a block";
  for (const block of ["82 20", "82 3f e1 1f 82", "40 01 61 01 62 20", "20 82 20"]) {
    assertEquals(decode([hex(block)]), [late]);
  }
});

Deno.test("HpackDecoder.setMaxTableSize wants the least size first, where the table is larger (§4.2)", () => {
  const outcome = (settings: readonly number[], block: string) => {
    const decoder = new HpackDecoder();
    for (const size of settings) decoder.setMaxTableSize(size);
    try {
      return read(decoder, hex(block))!.length;
    } catch (error) {
      assert(error instanceof HpackError);
      return error.message;
    }
  };
  const none = "Cannot read block as it must begin with a size update of at most 30";
  const high = "Cannot read size update as it must be at most 30: received 31";
  assertEquals(outcome([30], "82"), none);
  assertEquals(outcome([30], ""), none);
  assertEquals(outcome([30], "3e 82"), 1);
  assertEquals(outcome([30], "3f 00 82"), high);
  assertEquals(outcome([30, 4096], "3f 00"), high);
  assertEquals(outcome([30, 4096], "82"), none);
  assertEquals(outcome([30, 4096], "3e 3f e1 1f 82"), 1);
  assertEquals(outcome([4096, 30, 40], "3e 3f 09 82"), 1);
  assertEquals(outcome([30, 40], "3e 3f 0a"), "Cannot read size update as it must be at most 40: received 41");
  assertEquals(outcome([30, 40], "3f 09 82"), "Cannot read size update as it must be at most 30: received 40");
  assertEquals(outcome([8192], "82"), 1);
  assertEquals(outcome([8192], "3f e1 3f 82"), 1);
  assertEquals(outcome([8192], "3f e2 3f"), "Cannot read size update as it must be at most 8192: received 8193");
});

Deno.test("HpackDecoder.setMaxTableSize wants nothing of a table that is as small already", () => {
  const decoder = new HpackDecoder();
  read(decoder, hex("3e"));
  decoder.setMaxTableSize(30);
  assertEquals(read(decoder, hex("82"))!.length, 1);
  decoder.setMaxTableSize(29);
  assertThrows(() => read(decoder, hex("82")), HpackError, "at most 29");
});

Deno.test("HpackDecoder refuses sizes and limits that are none", () => {
  for (const size of [-1, 0.5, NaN, 2 ** 32, Infinity]) {
    assertThrows(() => new HpackDecoder().setMaxTableSize(size), RangeError, `received ${size}`);
  }
  for (const maxListBytes of [-1, NaN]) {
    assertThrows(() => new HpackDecoder({ maxListBytes }), RangeError, `received ${maxListBytes}`);
  }
});

Deno.test("HpackDecoder.decode gives a list of the limit's size, and undefined for one byte more (RFC 9113 §6.5.2)", () => {
  const fields = [{ name: ":method", value: "GET" }, { name: "a", value: "b" }];
  const block = new HpackEncoder().encodeBlock(fields);
  const limit = sizeOfList(fields);
  assertEquals(limit, 76);
  assertEquals(read(new HpackDecoder({ maxListBytes: limit }), block)?.length, 2);
  assertEquals(read(new HpackDecoder({ maxListBytes: limit - 1 }), block), undefined);
  assertEquals(read(new HpackDecoder({ maxListBytes: 0 }), hex("")), []);
  assertEquals(read(new HpackDecoder({ maxListBytes: 0 }), hex("82")), undefined);
});

Deno.test("HpackDecoder.decode keeps its table right through a list that is too large", () => {
  const decoder = new HpackDecoder({ maxListBytes: 100 });
  const block = [...indexed("a", "x".repeat(100)), ...indexed("b", "c"), 0xbe];
  assertEquals(read(decoder, Uint8Array.from(block)), undefined);
  assertEquals(decoder.entries.map(({ name }) => name), ["b", "a"]);
  assertEquals(read(decoder, hex("be"))!.map(({ name }) => name), ["b"]);
  const bad = Uint8Array.from([...block, 0x80]);
  assertThrows(() => read(decoder, bad), HpackError, "received 0");
});

Deno.test("HpackDecoder.decode holds no more of a bomb than the limit", () => {
  const decoder = new HpackDecoder({ maxListBytes: 16 * 1024 });
  const value = "x".repeat(4000);
  const entry = new HpackEncoder({ indexing: () => "incremental" }).encodeBlock([{ name: "a", value }]);
  read(decoder, entry);
  const bomb = new Uint8Array(64 * 1024).fill(0xbe); // 264 MB of fields
  const push = Array.prototype.push;
  let most = 0;
  Array.prototype.push = function (this: unknown[], ...items: unknown[]) {
    const count = push.apply(this, items);
    most = Math.max(most, count);
    return count;
  };
  let fields: HpackField[] | undefined;
  try {
    fields = read(decoder, bomb);
  } finally {
    Array.prototype.push = push;
  }
  assertEquals(fields, undefined);
  assertEquals(most, 4);
});

Deno.test("HpackDecoder.decode refuses a string by its length, before any room is made for it (§5.2)", () => {
  const message = "Cannot read string as it must end within its block: received a length of 4294967295";
  assertEquals(decode([hex("00 7f 80 ff ff ff 0f 61")]), [message]);
  assertEquals(decode([hex("00 ff 80 ff ff ff 0f 61")]), [message]);
});

Deno.test("HpackDecoder.decode gives strings of any length, raw and coded", () => {
  for (const size of [0, 1, 23, 32, 33, 126, 127, 128, 254, 255, 1000, 5000, 20_000]) {
    for (const unit of ["a", "~", "\xff"]) {
      const fields = [{ name: "n".repeat(size), value: unit.repeat(size) }];
      const block = new HpackEncoder({ indexing: () => "without" }).encodeBlock(fields);
      const expected: [string, string][] = [[fields[0]!.name, fields[0]!.value]];
      assertEquals(decode([block, block], { maxListBytes: Infinity }), [expected, expected]);
    }
  }
});

Deno.test("HpackDecoder.decode lets no other connection remember credentials, cookies and sensitive fields (§7.1)", () => {
  const remembered = (start: string, value: string) => {
    const block = hex(`${start} ${length(value)} ${utf8.encode(value).toHex()}`);
    assertEquals(read(new HpackDecoder(), block)!.map((field) => field.value), [value]);
    const at = block.length - value.length - 1;
    return CACHE.find(block, at, block.length);
  };
  assertEquals(remembered("7a", "secrets: a user agent"), "secrets: a user agent");
  assertEquals(remembered("40 01 78", "secrets: anything"), "secrets: anything");
  assertEquals(remembered("60", "secrets: a cookie"), undefined);
  assertEquals(remembered("40 06 636f6f6b6965", "secrets: a spelled cookie"), undefined);
  assertEquals(remembered("57", "secrets: credentials"), undefined);
  assertEquals(remembered("0f 22", "secrets: a proxy's"), undefined);
  assertEquals(remembered("77", "secrets: Set-Cookie"), undefined);
  assertEquals(remembered("10 01 78", "secrets: sensitive"), undefined);
});
