import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { createRequestFactory } from "../../http/request.ts";
import { findRequestSlots } from "../../http/request_slots.ts";
import { sentTrailers, setReceivedTrailers, trailersOf, withTrailers } from "../../http/trailers.ts";
import { sourceWith, TestBody } from "./sources.ts";

Deno.test("withTrailers() gives the same response back, and keeps its fields for the driver", async () => {
  const response = new Response("text");
  assertStrictEquals(withTrailers(response, { "X-Sum": "1", "x-a": " b " }), response);
  const trailers = sentTrailers(response);
  assertEquals(trailers?.names, ["x-a", "x-sum"]);
  assertEquals(await trailers?.fields(), [{ name: "x-a", value: "b" }, { name: "x-sum", value: "1" }]);
  assertEquals(sentTrailers(new Response("text")), undefined);
  assertEquals(sentTrailers(withTrailers(new Response(), []))?.names, []);
});

Deno.test("withTrailers() asks a function only when the driver does, and waits for its promise", async () => {
  let asked = 0;
  for (
    const init of [
      () => (asked++, { "x-a": "b" }),
      () => (asked++, Promise.resolve([["x-a", "b"]] as [string, string][])),
    ]
  ) {
    asked = 0;
    const trailers = sentTrailers(withTrailers(new Response("text"), init));
    assertEquals([asked, trailers?.names], [0, undefined]);
    assertEquals(await trailers?.fields(), [{ name: "x-a", value: "b" }]);
    assertEquals(asked, 1);
  }
});

Deno.test("withTrailers() passes on what its function throws", async () => {
  const thrown = new Error("no digest");
  const trailers = sentTrailers(withTrailers(new Response("text"), () => {
    throw thrown;
  }));
  assertStrictEquals(await assertRejects(async () => await trailers?.fields()), thrown);
});

Deno.test("withTrailers() replaces what was given before", () => {
  const response = withTrailers(withTrailers(new Response(), { "x-a": "1" }), { "x-b": "2" });
  assertEquals(sentTrailers(response)?.names, ["x-b"]);
});

Deno.test("withTrailers() refuses fields that a trailer section must not have (RFC 9110 §6.5.1)", async () => {
  const names = ["Content-Length", "transfer-encoding", "Host", "Trailer", "TE", "Authorization", "Set-Cookie"];
  for (
    const name of [...names, "Cache-Control", "If-None-Match", "Content-Type", "Content-Encoding", "Content-Range"]
  ) {
    const expected = `received ${name.toLowerCase()}`;
    assertThrows(() => withTrailers(new Response(), { [name]: "1" }), TypeError, expected);
    const late = sentTrailers(withTrailers(new Response(), () => ({ [name]: "1" })));
    await assertRejects(async () => await late?.fields(), TypeError, expected);
  }
  for (const name of ["etag", "digest", "grpc-status", "server-timing", "x-content-length"]) {
    assertEquals(sentTrailers(withTrailers(new Response(), { [name]: "1" }))?.names, [name]);
  }
});

Deno.test("withTrailers() refuses what is no field", () => {
  for (const [name, value] of [["a b", "c"], ["", "c"], ["x-a", "b\nc"], ["x-a", "€"]] as const) {
    assertThrows(() => withTrailers(new Response(), { [name]: value }), TypeError);
  }
});

for (const slots of [findRequestSlots(), undefined]) {
  Deno.test(`trailersOf() gives what came with a request (${slots ? "lazy" : "without slots"})`, async () => {
    const make = createRequestFactory(slots);
    const body = new TestBody(["a"], { trailers: [{ name: "x-a", value: "1" }, { name: "x-a", value: "2" }] });
    const request = make(sourceWith({ method: "POST", body }));
    assertEquals([...await trailersOf(request)], [["x-a", "1, 2"]]);
    assertEquals([...await trailersOf(request.clone())], [["x-a", "1, 2"]]);
    assertEquals([...await trailersOf(make(sourceWith()))], []);
  });
}

Deno.test("trailersOf() gives what the driver received, and fails as it does", async () => {
  const response = new Response("text");
  setReceivedTrailers(response, () => Promise.resolve([{ name: "x-a", value: "b" }]));
  assertEquals((await trailersOf(response)).get("x-a"), "b");
  const broken = new Error("broken off");
  setReceivedTrailers(response, () => Promise.reject(broken));
  assertStrictEquals(await assertRejects(() => trailersOf(response)), broken);
});

Deno.test("trailersOf() has no fields for a message that came over no wire", async () => {
  assertEquals([...await trailersOf(new Response("text"))], []);
  assertEquals([...await trailersOf(new Request("http://localhost/"))], []);
});
