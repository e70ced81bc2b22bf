import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseContentLength, parseContentType, readContentLength } from "../../http/fields/mod.ts";
import { fromLatin1 } from "../vectors.ts";

Deno.test("parseContentLength() and readContentLength() read 1*DIGIT only (RFC 9110 §8.6)", () => {
  const cases: [text: string, length: number][] = [
    ["0", 0],
    ["0005", 5],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["00000000000000000000000000000000000000000000000000042", 42],
    ["9007199254740992", Infinity],
    ["18446744073709551621", Infinity],
    ["9".repeat(400), Infinity],
    ["", NaN],
    ["+1", NaN],
    ["-0", NaN],
    ["1,1", NaN],
    ["1 ", NaN],
    ["0x1", NaN],
    ["1e3", NaN],
    ["\u00b2", NaN],
    [`${"9".repeat(400)}x`, NaN],
  ];
  for (const [text, length] of cases) {
    const bytes = fromLatin1(`<${text}>`);
    assertEquals(parseContentLength(text), length, text);
    assertEquals(readContentLength(bytes, 1, bytes.length - 1), length, text);
  }
  assertEquals(parseContentLength("\u0665"), NaN);
});

Deno.test("parseContentLength() and readContentLength() agree with BigInt", () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 1n << 60n }), (value) => {
    const expected = value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Infinity;
    const bytes = fromLatin1(`${value}`);
    assertEquals(parseContentLength(`${value}`), expected);
    assertEquals(readContentLength(bytes, 0, bytes.length), expected);
  }));
});

Deno.test("parseContentType() reads essence and parameters in any case (RFC 9110 §8.3.1)", () => {
  const type = parseContentType('Text/HTML ; Charset="ut\\f-8";; boundary=a_b; charset=second');
  assertEquals(type?.essence, "text/html");
  assertEquals([...type!.parameters], [["charset", "utf-8"], ["boundary", "a_b"]]);
  assertEquals(parseContentType("application/problem+json")?.essence, "application/problem+json");
  assertEquals(parseContentType('a/b; c="x;y"')?.parameters.get("c"), "x;y");
});

Deno.test("parseContentType() gives undefined for what is no media type", () => {
  for (
    const text of [
      "",
      "text",
      "/html",
      "text/",
      "te xt/html",
      "text/html; a",
      "text/html; =b",
      "a/b; c=",
      'a/b; c="d',
      "a/b, c/d",
      "a/b/c",
    ]
  ) {
    assertEquals(parseContentType(text), undefined, text);
  }
});
