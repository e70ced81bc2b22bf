import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { Targets } from "../../client/target.ts";

Deno.test("Targets remembers URLs, but neither long ones nor more than 1,024", () => {
  const targets = new Targets();
  const first = targets.of("http://a/");
  assertStrictEquals(targets.of("http://a/"), first);
  const long = `http://a/${"b".repeat(2048)}`;
  assertNotStrictEquals(targets.of(long), targets.of(long));
  assertEquals(targets.of(long), targets.of(long));
  for (let count = 0; count < 1024; count++) targets.of(`http://a/${count}`);
  assertNotStrictEquals(targets.of("http://a/"), first);
});
