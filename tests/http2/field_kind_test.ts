/**
 * Owns the proofs of a field's kind (RFC 9113 §8.2, §8.3): each name, each octet of a name and of a value, and that a decoder
 * asks once.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { HpackDecoder, HpackEncoder, type HpackField } from "../../hpack/mod.ts";
import { STATIC_FIELDS } from "../../hpack/static_table.ts";
import { isFieldValue } from "../../http/fields/mod.ts";
import { FieldKind, fieldKind } from "../../http2/mod.ts";

type Name = keyof typeof FieldKind;

function nameOf(kind: number): string {
  return Object.entries(FieldKind).find(([, number]) => number === kind)![0];
}

/** Fields that are right, by kind. */
const RIGHT: Partial<Record<Name, readonly (readonly [name: string, value: string])[]>> = {
  Plain: [["accept", ""], ["x", "y"], ["user-agent", "a b\tc"], ["x-1!#$%&'*+.^_`|~", "é\xff"], ["cookie2", "a"]],
  Method: [[":method", "GET"], [":method", "M-SEARCH"], [":method", "get"]],
  Scheme: [[":scheme", "https"], [":scheme", "HTTP"], [":scheme", "coap+tcp"]],
  Authority: [[":authority", ""], [":authority", "a:1"], [":authority", "[::1]:443"]],
  Path: [[":path", "/"], [":path", "*"], [":path", ""], [":path", "/a?{b}"]],
  Status: [[":status", "100"], [":status", "200"], [":status", "999"]],
  Protocol: [[":protocol", "websocket"], [":protocol", "connect-udp"]],
  ContentLength: [["content-length", "0"], ["content-length", "0042"], ["content-length", "9".repeat(30)]],
  Host: [["host", ""], ["host", "example.com:"], ["host", ":80"]],
  Cookie: [["cookie", ""], ["cookie", "a=1; b=2"]],
  Te: [["te", "trailers"], ["te", "Trailers"]],
  Priority: [["priority", "u=0, i"], ["priority", "nonsense"]],
  Expect: [["expect", "100-continue"], ["expect", "x"]],
};

/** Fields that are wrong, by kind. */
const WRONG: Partial<Record<Name, readonly (readonly [name: string, value: string])[]>> = {
  UnknownPseudo: [[":", ""], [":Method", "GET"], [":version", "2"], ["::", ""], [": method", "GET"]],
  MalformedName: [["", "a"], ["Host", "a"], ["a b", ""], ["a:", ""], ["a:b", ""], ["é", ""], ["a\r", ""], ['a"', ""], [
    "\u0130",
    "",
  ]],
  Malformed: [
    [":method", ""],
    [":method", "G T"],
    [":scheme", ""],
    [":scheme", "ht/tp"],
    [":authority", "user@a"],
    [":authority", ":80"],
    [":path", "a"],
    [":path", "/a b HTTP/1.1"],
    [":path", "/a#b"],
    [":status", ""],
    [":status", "20"],
    [":status", "099"],
    [":status", "1000"],
    [":status", "+20"],
    [":status", "2 0"],
    [":protocol", ""],
    [":protocol", "web socket"],
    ["content-length", ""],
    ["content-length", "+1"],
    ["content-length", "1,1"],
    ["content-length", "1 "],
    ["host", "a/b"],
    ["cookie", " a"],
    ["priority", "u=1 "],
    ["expect", "\t100-continue"],
    ["accept", "a\r\nb: c"],
    ["x", " "],
    ["x", "a\u0130"],
  ],
  ConnectionSpecific: [
    ["connection", "close"],
    ["connection", ""],
    ["keep-alive", "timeout=5"],
    ["proxy-connection", "keep-alive"],
    ["transfer-encoding", "chunked"],
    ["upgrade", "h2c"],
    ["te", "gzip"],
    ["te", "trailers, gzip"],
    ["te", ""],
    ["te", "trailers;q=1"],
  ],
};

for (const [kind, fields] of [...Object.entries(RIGHT), ...Object.entries(WRONG)]) {
  Deno.test(`fieldKind gives ${kind}`, () => {
    for (const [name, value] of fields) assertEquals(nameOf(fieldKind(name, value)), kind, `${name}: ${value}`);
  });
}

Deno.test("fieldKind takes as a name what is a token in lower case (§8.2.1)", () => {
  const good = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";
  for (let octet = 0; octet < 256; octet++) {
    const character = String.fromCharCode(octet);
    const expected = good.includes(character) ? FieldKind.Plain : FieldKind.MalformedName;
    const first = character === ":" ? FieldKind.UnknownPseudo : expected;
    assertEquals(
      [fieldKind(`${character}a`, "b"), fieldKind(`a${character}`, "b")],
      [first, expected],
      `octet ${octet}`,
    );
  }
});

Deno.test("fieldKind takes as a value what HTTP/1.1 takes, without whitespace around it (§8.2.1)", () => {
  for (let octet = 0; octet < 256; octet++) {
    const character = String.fromCharCode(octet);
    const within = isFieldValue(character) ? FieldKind.Plain : FieldKind.Malformed;
    const around = octet === 0x20 || octet === 0x09 ? FieldKind.Malformed : within;
    const kinds = (name: string) =>
      [`a${character}b`, `${character}b`, `a${character}`, character].map((v) => fieldKind(name, v));
    assertEquals(kinds("accept"), [within, around, around, around], `octet ${octet} of a known field`);
    assertEquals(kinds("x-y"), [within, around, around, around], `octet ${octet} of another field`);
  }
});

Deno.test("fieldKind gives a kind to all fields of the static table, and of those only two can stand in no message as they are", () => {
  const wrong = STATIC_FIELDS.filter(({ name, value }) => fieldKind(name, value) >= FieldKind.UnknownPseudo);
  // Empty values stand there for names alone.
  assertEquals(wrong.map(({ name }) => name), ["content-length", "transfer-encoding"]);
});

Deno.test("HpackDecoder gives fields the kinds of its classify, asked once for each field that comes in", () => {
  const asked: string[] = [];
  const classify = (name: string, value: string) => {
    asked.push(`${name}: ${value}`);
    return fieldKind(name, value);
  };
  const sent: readonly HpackField[] = [
    { name: ":method", value: "GET" },
    { name: ":authority", value: "a" },
    { name: "x", value: "y" },
    { name: "Z", value: "y", sensitive: true },
  ];
  const decoder = new HpackDecoder({ classify });
  assertEquals(asked, STATIC_FIELDS.map(({ name, value }) => `${name}: ${value}`));
  asked.length = 0;
  const encoder = new HpackEncoder();
  const decode = (to: HpackDecoder, from: HpackEncoder) => {
    const block = from.encodeBlock(sent);
    return to.decode(block, 0, block.length)!;
  };
  const first = decode(decoder, encoder);
  assertEquals(first.map(({ kind }) => nameOf(kind!)), ["Method", "Authority", "Plain", "MalformedName"]);
  assertEquals(asked, [":authority: a", "x: y", "Z: y"]);
  const again = decode(decoder, encoder);
  assertStrictEquals(again[2], first[2]);
  assertEquals(asked, [":authority: a", "x: y", "Z: y", "Z: y"]);
  const other = decode(new HpackDecoder({ classify }), new HpackEncoder());
  assertStrictEquals(other[0], first[0]);
  assertEquals(asked.length, 7);
});

Deno.test("HpackDecoder gives fields the kind 0 where nobody classifies them", () => {
  const encoder = new HpackEncoder();
  const block = encoder.encodeBlock([{ name: ":method", value: "GET" }, { name: "x", value: "y", kind: 5 }]);
  const fields = new HpackDecoder().decode(block, 0, block.length)!;
  assertEquals(fields.map(({ kind }) => kind), [FieldKind.Unclassified, FieldKind.Unclassified]);
});
