import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { listElements, listHas, quote, trimOws, unquote } from "../../http/fields/mod.ts";

Deno.test("trimOws() takes spaces and tabs only (RFC 9110 §5.6.3)", () => {
  assertEquals(trimOws(" \t a \t b\t "), "a \t b");
  assertEquals(trimOws("\u00a0a\v"), "\u00a0a\v");
  assertEquals(trimOws(" \t "), "");
  assertEquals(trimOws(""), "");
});

Deno.test("listElements() drops empty elements and keeps quoted commas (RFC 9110 §5.6.1)", () => {
  assertEquals(listElements(" a ,, b\t,"), ["a", "b"]);
  assertEquals(listElements('a="x, \\"y,", b'), ['a="x, \\"y,"', "b"]);
  assertEquals(listElements('"open, a'), ['"open, a']);
  assertEquals(listElements(""), []);
});

Deno.test("listHas() compares without regard to case, and whole elements", () => {
  assert(listHas("Upgrade, HTTP2-Settings", "upgrade"));
  assert(!listHas("closed", "close"));
  assert(!listHas('"close, x"', "close"));
});

Deno.test("unquote() resolves quoted pairs and refuses what is no quoted string (RFC 9110 §5.6.4)", () => {
  assertEquals(unquote('"a\\"b\\\\"'), 'a"b\\');
  assertEquals(unquote('""'), "");
  for (const text of ["", '"', "a", '"a', '"a"b', '"a\\"', '"a\\', '"\0"', '"a\\\0"', '"\u0100"']) {
    assertEquals(unquote(text), undefined, text);
  }
});

Deno.test("quote() and unquote() are each other's inverse", () => {
  const character = fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f).map((code) =>
    String.fromCharCode(code)
  );
  fc.assert(fc.property(fc.string({ unit: character }), (text) => {
    assertEquals(unquote(quote(text)), text);
    assertEquals(listElements(`${quote(text)}, b`), [quote(text), "b"]);
  }));
  assertThrows(() => quote("a\n"), TypeError, "Cannot quote text");
});
