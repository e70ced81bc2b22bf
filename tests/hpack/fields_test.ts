/**
 * Owns the proofs of what is chosen for a field: its indexing, its crumbs, its size.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import {
  cookieCrumbs,
  HpackDecoder,
  HpackEncoder,
  type HpackField,
  indexingOf,
  joinCookies,
  MAX_CRUMBS,
  sizeOfList,
} from "../../hpack/mod.ts";

Deno.test("indexingOf never indexes credentials and short cookies, however often they come (§7.1.3)", () => {
  for (const name of ["authorization", "proxy-authorization", "set-cookie"]) {
    for (const repeats of [false, true]) assertEquals(indexingOf(name, "x".repeat(40), repeats, 4096), "never");
  }
  assertEquals(indexingOf("cookie", "x".repeat(19), true, 4096), "never");
  assertEquals(indexingOf("cookie", "x".repeat(20), false, 4096), "incremental");
});

Deno.test("indexingOf indexes what varies only once it repeats, and nothing that fills the table (§4.1)", () => {
  const varying = [":path", "age", "content-length", "content-range", "etag", "if-modified-since", "if-none-match"];
  for (const name of [...varying, "if-range", "last-modified", "location", "range"]) {
    assertEquals(indexingOf(name, "1", false, 4096), "without", name);
    assertEquals(indexingOf(name, "1", true, 4096), "incremental", name);
  }
  for (const name of ["server", "date", ":authority", "x-any"]) {
    assertEquals(indexingOf(name, "1", false, 4096), "incremental");
  }
  assertEquals(indexingOf("a", "x".repeat(42), false, 100), "incremental"); // 75 bytes
  assertEquals(indexingOf("a", "x".repeat(43), true, 100), "without");
  assertEquals(indexingOf("a", "", false, 0), "without");
});

Deno.test("cookieCrumbs joined are the value, and joinCookies joins them in their place (RFC 9113 §8.2.3)", () => {
  assertEquals(cookieCrumbs("a=1; b=2;c=3;  d=4; "), ["a=1", "b=2;c=3", " d=4", ""]);
  const part = fc.constantFrom("a=1", "; ", ";", " ", "=", "long=0123456789abcdefghij");
  fc.assert(fc.property(fc.array(part, { maxLength: 12 }).map((parts) => parts.join("")), (value) => {
    assertEquals(cookieCrumbs(value).join("; "), value);
    const fields = [{ name: "a", value: "b" }, { name: "cookie", value }, { name: "c", value: "d" }];
    const block = new HpackEncoder().encodeBlock(fields);
    const decoded = joinCookies(new HpackDecoder().decode(block, 0, block.length)!);
    assertEquals(decoded.map(({ name, value }) => ({ name, value })), fields);
  }));
});

Deno.test("cookieCrumbs gives at most MAX_CRUMBS, the last with the rest", () => {
  const value = Array.from({ length: MAX_CRUMBS + 5 }, (_, at) => `c${at}`).join("; ");
  const crumbs = cookieCrumbs(value);
  assertEquals([crumbs.length, crumbs.join("; ")], [MAX_CRUMBS, value]);
  assertEquals(crumbs.at(-1), "c179; c180; c181; c182; c183; c184");
});

Deno.test("joinCookies gives the list itself where there is nothing to join, and keeps a mark of any crumb", () => {
  const none: HpackField[] = [{ name: "a", value: "b" }, { name: "cookie", value: "c" }];
  assertStrictEquals(joinCookies(none), none);
  assertStrictEquals(joinCookies([none[0]!]).length, 1);
  const crumbs: HpackField[] = [
    { name: "cookie", value: "a", sensitive: false },
    { name: "x", value: "y" },
    { name: "cookie", value: "b", sensitive: true },
    { name: "cookie", value: "" },
  ];
  const before = structuredClone(crumbs);
  assertEquals(joinCookies(crumbs), [{ name: "cookie", value: "a; b; ", sensitive: true }, { name: "x", value: "y" }]);
  assertEquals(crumbs, before);
  assertEquals(joinCookies([crumbs[0]!, crumbs[3]!]), [{ name: "cookie", value: "a; ", sensitive: false }]);
});

Deno.test("sizeOfList counts 32 bytes a field beside its octets (RFC 9113 §6.5.2)", () => {
  assertEquals(sizeOfList([]), 0);
  assertEquals(sizeOfList([{ name: "ab", value: "é" }, { name: "", value: "" }]), 67);
});
