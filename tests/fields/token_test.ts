import { assert, assertEquals } from "@std/assert";
import {
  consistsOf,
  FIELD_VALUE,
  HEX_VALUE,
  isFieldValue,
  isToken,
  octets,
  QDTEXT,
  TOKEN,
} from "../../http/fields/mod.ts";

const listed = (table: Uint8Array) => [...table].flatMap((entry, octet) => entry === 1 ? [octet] : []);

Deno.test("octets() joins characters, ranges and classes", () => {
  assertEquals(listed(octets("az", [0x30, 0x32], octets("!"))), [0x21, 0x30, 0x31, 0x32, 0x61, 0x7a]);
});

Deno.test("TOKEN has the 77 tchars and no delimiter (RFC 9110 §5.6.2)", () => {
  assertEquals(listed(TOKEN).length, 77);
  for (const delimiter of '"(),/:;<=>?@[\\]{} \t\r\n\0\x7f\xe9') {
    assertEquals(TOKEN[delimiter.charCodeAt(0)], 0, delimiter);
  }
});

Deno.test("FIELD_VALUE has HTAB, SP, VCHAR and obs-text, and no control character (RFC 9110 §5.5)", () => {
  const expected = Array.from({ length: 256 }, (_, octet) => octet).filter((octet) =>
    octet === 9 || (octet >= 32 && octet !== 127)
  );
  assertEquals(listed(FIELD_VALUE), expected);
});

Deno.test("QDTEXT leaves out the quote and the backslash (RFC 9110 §5.6.4)", () => {
  assertEquals(listed(FIELD_VALUE).filter((octet) => QDTEXT[octet] === 0), [0x22, 0x5c]);
});

Deno.test("HEX_VALUE reads digits in both cases, and nothing else", () => {
  for (let octet = 0; octet < 256; octet++) {
    const text = String.fromCharCode(octet);
    assertEquals(HEX_VALUE[octet], /[0-9a-f]/i.test(text) ? parseInt(text, 16) : 255);
  }
});

Deno.test("consistsOf(), isToken() and isFieldValue() refuse characters beyond the table", () => {
  assert(consistsOf(TOKEN, ""));
  assert(isToken("x-a"));
  assert(!isToken(""));
  assert(!isToken("\u212a")); // KELVIN SIGN, which toLowerCase() makes k
  assert(isFieldValue("a\tb é"));
  assert(!isFieldValue("a\r\nb"));
  assert(!isFieldValue("\u0130"));
});
