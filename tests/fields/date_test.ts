import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { formatHttpDate, parseHttpDate } from "../../http/fields/mod.ts";
import { loadVectors, vectorTest } from "../vectors.ts";

const NOW = Date.UTC(2024, 5, 1);
/** The last second that IMF-fixdate can name, in seconds since the epoch. */
const LAST = 253402300799;

interface Dates {
  readonly ok: readonly { readonly text: string; readonly epoch_seconds: number; readonly form: string }[];
  readonly invalid: readonly string[];
}

vectorTest(
  "parseHttpDate() reads the three forms, and refuses all others (RFC 9110 §5.6.7)",
  () => loadVectors<Dates>("http-date", "http-date.json"),
  ({ ok, invalid }) => {
    for (const { text, epoch_seconds } of ok) assertEquals(parseHttpDate(text, NOW), epoch_seconds * 1000, text);
    for (const text of invalid) assertEquals(parseHttpDate(text, NOW), undefined, text);
    for (const { text, epoch_seconds, form } of ok.filter((date) => date.form === "IMF-fixdate")) {
      assertEquals(formatHttpDate(epoch_seconds * 1000 + 999), text, form);
    }
  },
);

Deno.test("parseHttpDate() gives no prefix and no longer text of a date a meaning", () => {
  for (const text of ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]) {
    for (let end = 0; end < text.length; end++) {
      assertEquals(parseHttpDate(text.slice(0, end), NOW), undefined, text.slice(0, end));
    }
    assertEquals(parseHttpDate(`${text} `, NOW), undefined);
    assertEquals(parseHttpDate(` ${text}`, NOW), undefined);
  }
});

Deno.test("parseHttpDate() puts a two-digit year at most 50 years ahead (RFC 9110 §5.6.7)", () => {
  const read = (text: string, now: number) => new Date(parseHttpDate(text, now)!).getUTCFullYear();
  assertEquals(read("Friday, 01-Jun-74 00:00:00 GMT", Date.UTC(2024, 5, 1)), 2074);
  assertEquals(read("Saturday, 02-Jun-74 00:00:00 GMT", Date.UTC(2024, 5, 1)), 1974);
  assertEquals(read("Sunday, 06-Nov-75 08:49:37 GMT", Date.UTC(2024, 5, 1)), 1975);
  assertEquals(read("Sunday, 06-Nov-23 08:49:37 GMT", Date.UTC(2024, 5, 1)), 2023);
  assertEquals(read("Sunday, 06-Nov-10 08:49:37 GMT", Date.UTC(1990, 0, 1)), 2010);
  assertEquals(read("Sunday, 06-Nov-99 08:49:37 GMT", Date.UTC(2090, 0, 1)), 2099);
  assertEquals(read("Tuesday, 29-Feb-00 00:00:00 GMT", Date.UTC(2060, 0, 1)), 2000); // 2100 is no leap year
});

Deno.test("parseHttpDate(formatHttpDate(t)) is t in whole seconds", () => {
  fc.assert(fc.property(fc.integer({ min: -62167219200, max: LAST }), (seconds) => {
    assertEquals(parseHttpDate(formatHttpDate(seconds * 1000), NOW), seconds * 1000);
    if (seconds >= 0) assertEquals(formatHttpDate(seconds * 1000), new Date(seconds * 1000).toUTCString());
  }));
});

Deno.test("parseHttpDate() takes any text without a throw", () => {
  const part = fc.constantFrom(
    "Sun",
    ", ",
    "06",
    " ",
    "Nov",
    "1994",
    "08:49:37",
    "GMT",
    "-",
    "Sunday",
    "94",
    "\0",
    "é",
  );
  fc.assert(fc.property(fc.array(part), (parts) => {
    const value = parseHttpDate(parts.join(""), NOW);
    assertEquals(value === undefined || Number.isSafeInteger(value), true);
  }));
});

Deno.test("formatHttpDate() refuses years that four digits can't name", () => {
  for (const ms of [(LAST + 1) * 1000, NaN, Infinity, Date.UTC(-1, 0, 1)]) {
    assertThrows(() => formatHttpDate(ms), RangeError, "Cannot format date");
  }
});
