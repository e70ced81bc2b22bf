/**
 * Taking a `Response` apart through slots, beside the plain way as the oracle.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Field } from "../../http/fields/field.ts";
import { chooseReader, plainContentType, responseFields, takeKnownBody } from "../../http/response.ts";
import { plainReader, type ResponseReader } from "../../http/response_reader.ts";
import { findResponseSlots, SlotReader } from "../../http/response_slots.ts";

const slots = findResponseSlots();
const slotted = slots === undefined ? plainReader : new SlotReader(slots);
const readers: Record<string, ResponseReader> = { "slots": slotted, "plain": plainReader };

/** Registers one test for each way of reading. */
function expectOf(name: string, body: (reader: ResponseReader, kind: string) => void | Promise<void>): void {
  for (const [kind, reader] of Object.entries(readers)) {
    Deno.test(`ResponseReader (${kind}) ${name}`, () => body(reader, kind));
  }
}

/** What `Headers` shows of fields: values of one name joined, but for `set-cookie`; sorted by name. */
function combined(fields: readonly Field[]): [string, string][] {
  const lines: [string, string][] = [];
  for (const { name, value } of fields) {
    const line = name === "set-cookie" ? undefined : lines.find((line) => line[0] === name);
    if (line) line[1] = line[1] === "" ? value : `${line[1]}, ${value}`; // as Deno does; RFC 9110 §5.6.1 allows it
    else lines.push([name, value]);
  }
  return lines.sort((a, b) => a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0);
}

/** Everything that a driver takes out of a response, and what remains of it. */
async function takeApart(reader: ResponseReader, response: Response) {
  const status = [response.status, response.statusText];
  const type = reader.contentType(response);
  const known = reader.takeBody(response);
  const isNull = known === null;
  const bytes = known === undefined
    ? await response.bytes()
    : await new Response(typeof known === "string" ? known : known?.slice()).bytes();
  const fields = combined(reader.fields(response));
  if (type === null) assertEquals(fields, []);
  else if (type !== undefined) assertEquals(fields, [["content-type", type]]);
  await assertUsed(reader, response, isNull);
  return { status, isNull, bytes: [...bytes], fields, headers: [...response.headers], used: response.bodyUsed };
}

/** A body is used once, whoever comes second. */
async function assertUsed(reader: ResponseReader, response: Response, isNull: boolean): Promise<void> {
  assertEquals(response.bodyUsed, !isNull);
  if (isNull) return;
  assertThrows(() => reader.takeBody(response), TypeError);
  assertThrows(() => response.clone(), TypeError);
  await assertRejects(() => response.text(), TypeError);
  assertEquals(response.body?.locked, true);
}

const EURO = "€";
const BYTES = new Uint8Array([0, 1, 2, 255]);

class OwnResponse extends Response {
  override get status() {
    return 299;
  }
}

/** Each gives a fresh response, so that the ways can be compared. */
const responses: Record<string, () => Response> = {
  "string": () => new Response(EURO),
  "empty string": () => new Response(""),
  "no body": () => new Response(),
  "null": () => new Response(null),
  "string, empty init": () => new Response(EURO, {}),
  "string, status 200": () => new Response(EURO, { status: 200 }),
  "string, status 404": () => new Response(EURO, { status: 404, statusText: "Nope" }),
  "string, text/plain": () => new Response(EURO, { headers: { "content-type": "text/plain" } }),
  "string, Content-Type": () => new Response(EURO, { headers: { "Content-Type": "application/json" } }),
  "string, text/html": () => new Response(EURO, { headers: { "content-type": "text/html" } }),
  "string, Headers": () => new Response(EURO, { headers: new Headers({ "content-type": "text/plain" }) }),
  "string, pairs": () => new Response(EURO, { headers: [["content-type", "text/plain"], ["X-A", "1"], ["x-a", "2"]] }),
  "string, cookies": () => new Response(EURO, { headers: [["Set-Cookie", "a=b"], ["set-cookie", "c=d, e=f"]] }),
  "string, other header": () => new Response(EURO, { headers: { "x-a": " b " } }),
  "bytes": () => new Response(BYTES.slice()),
  "bytes, status": () => new Response(BYTES.slice(), { status: 201 }),
  "bytes, content-type": () => new Response(BYTES.slice(), { headers: { "content-type": "application/json" } }),
  "part of bytes": () => new Response(BYTES.subarray(1, 3)),
  "no bytes": () => new Response(new Uint8Array(0)),
  "buffer": () => new Response(BYTES.slice().buffer),
  "data view": () => new Response(new DataView(BYTES.slice().buffer, 1)),
  "blob": () => new Response(new Blob(["blob"], { type: "text/css" })),
  "untyped blob": () => new Response(new Blob(["blob"])),
  "search params": () => new Response(new URLSearchParams({ a: EURO })),
  "stream": () => new Response(ReadableStream.from([BYTES.slice()])),
  "status 204": () => new Response(null, { status: 204 }),
  "status 304": () => new Response(null, { status: 304, headers: { etag: '"a"' } }),
  "status 101": () => new Response(null, { status: 101, headers: { upgrade: "x" } }),
  "json": () => Response.json({ a: EURO }),
  "json, status": () => Response.json({ a: 1 }, { status: 201 }),
  "json, headers": () => Response.json({ a: 1 }, { headers: { "x-a": "b", "content-type": "application/x+json" } }),
  "redirect": () => Response.redirect("http://localhost/a", 307),
  "clone of string": () => new Response(EURO).clone(),
  "cloned string": () => also(new Response(EURO), (response) => response.clone()),
  "cloned bytes": () => also(new Response(BYTES.slice()), (response) => response.clone()),
  "headers looked at": () => also(new Response(EURO), (response) => response.headers.get("content-type")),
  "headers appended": () => also(new Response(EURO), (response) => response.headers.append("X-B", "c")),
  "headers set": () => also(new Response(EURO), (response) => response.headers.set("Content-Type", "text/css")),
  "headers deleted": () => also(new Response(EURO), (response) => response.headers.delete("content-type")),
  "json, headers deleted": () => also(Response.json(1), (response) => response.headers.delete("content-type")),
  "typed, headers set": () =>
    also(
      new Response(EURO, { headers: { "content-type": "text/plain" } }),
      (response) => response.headers.set("content-type", "text/html"),
    ),
  "body looked at": () => also(new Response(EURO), (response) => response.body),
  "body of bytes looked at": () => also(new Response(BYTES.slice()), (response) => response.body),
  "bodyUsed looked at": () => also(new Response(EURO), (response) => response.bodyUsed),
  "another's body and headers": () => also(new Response(EURO, { headers: { "x-a": "b" } }), () => {}, rewrap),
  "status getter of a subclass": () => new OwnResponse(EURO, { headers: { "x-a": "b" } }),
  "printed": () => also(new Response(EURO), (response) => Deno.inspect(response)),
};

function also(response: Response, act: (response: Response) => unknown, wrap = (it: Response) => it): Response {
  act(response);
  return wrap(response);
}

function rewrap(response: Response): Response {
  return new Response(response.body, response);
}

for (const [name, make] of Object.entries(responses)) {
  Deno.test(`ResponseReader says the same of a Response through slots and plainly: ${name}`, async () => {
    const plain = await takeApart(plainReader, make());
    assertEquals(await takeApart(slotted, make()), plain);
    const chosen = { takeBody: takeKnownBody, contentType: plainContentType, fields: responseFields };
    assertEquals(await takeApart(chosen, make()), plain);
    assertEquals(plain.bytes, [...await make().bytes()]);
    assertEquals(plain.headers, [...make().headers]);
    assertEquals(plain.fields, plain.headers);
  });
}

Deno.test("ResponseReader says the same of any Response through slots and plainly", async () => {
  const name = fc.constantFrom("content-type", "Content-Type", "x-a", "X-B", "set-cookie", "etag");
  const header = fc.tuple(name, fc.constantFrom("text/plain", "application/json", "a", "b, c", ""));
  const touch = fc.oneof(
    fc.record({ act: fc.constantFrom("append", "set"), header }),
    fc.record({ act: fc.constantFrom("delete", "body", "clone", "bodyUsed", "get"), header }),
  );
  const body = fc.oneof(fc.constant(null), fc.string({ unit: "binary" }), fc.uint8Array({ maxLength: 20 }));
  const status = fc.constantFrom(200, 201, 299, 404, 500);
  const init = fc.option(fc.record({ status, headers: fc.array(header, { maxLength: 3 }) }, { requiredKeys: [] }));
  await fc.assert(
    fc.asyncProperty(body, init, fc.array(touch, { maxLength: 3 }), async (content, options, touches) => {
      const make = () => {
        const response = new Response(typeof content === "object" ? content?.slice() : content, options ?? undefined);
        for (const { act, header: [name, value] } of touches) {
          if (act === "append" || act === "set") response.headers[act](name, value);
          else if (act === "delete" || act === "get") response.headers[act](name);
          else if (act === "clone") response.clone();
          else assertNotEquals(act === "body" ? response.body : response.bodyUsed, undefined);
        }
        return response;
      };
      assertEquals(await takeApart(slotted, make()), await takeApart(plainReader, make()));
    }),
    { numRuns: 300 },
  );
});

expectOf("refuses a body that was read, is being read, or is locked", async (reader) => {
  const bodies: (() => BodyInit)[] = [() => EURO, () => BYTES.slice(), () => ReadableStream.from([BYTES.slice()])];
  for (const body of bodies) {
    for (const init of [undefined, { status: 404, headers: { "x-a": "b" } }]) {
      const read = new Response(body(), init);
      await read.text();
      assertThrows(() => reader.takeBody(read), TypeError, "must not be used or locked");
      const locked = new Response(body(), init);
      const lock = locked.body?.getReader();
      assertThrows(() => reader.takeBody(locked), TypeError, "must not be used or locked");
      await lock?.cancel();
      assertThrows(() => reader.takeBody(locked), TypeError, "must not be used or locked");
    }
  }
});

expectOf("refuses a body of which a part was read", async (reader) => {
  for (const body of [EURO, ReadableStream.from([BYTES.slice(), BYTES.slice()])]) {
    const response = new Response(body);
    const lock = response.body?.getReader();
    await lock?.read();
    lock?.releaseLock();
    assertEquals(response.body?.locked, false);
    assertThrows(() => reader.takeBody(response), TypeError, "must not be used or locked");
  }
});

expectOf("leaves a stream to be read", async (reader) => {
  const response = new Response(ReadableStream.from([BYTES.slice()]));
  assertEquals(reader.takeBody(response), undefined);
  assertEquals(response.bodyUsed, false);
  assertEquals(await response.bytes(), BYTES);
});

expectOf("takes a null body as often as it is sent", (reader) => {
  const response = new Response(null, { status: 204 });
  for (let times = 0; times < 3; times++) assertEquals(reader.takeBody(response), null);
});

expectOf("takes one of two clones, and leaves the other", async (reader) => {
  const response = new Response(EURO);
  const clone = response.clone();
  if (reader.takeBody(response) === undefined) await response.body?.cancel();
  assertEquals(clone.bodyUsed, false);
  assertEquals(await clone.text(), EURO);
});

expectOf("refuses Response.error(), and what is no Response", (reader) => {
  assertThrows(() => reader.takeBody(Response.error()), TypeError, "received Response.error()");
  const take: (value: never) => unknown = (value) => reader.takeBody(value);
  for (
    const value of [undefined, null, "text", 1, {}, Object.create(null), Promise.resolve(), new Request("http://a")]
  ) {
    assertThrows(() => Reflect.apply(take, undefined, [value]), TypeError, "Cannot send response as");
  }
});

expectOf("keeps what a subclass says of itself", (reader) => {
  class Headed extends Response {
    override get headers() {
      return new Headers({ "x-own": "yes" });
    }
  }
  assertEquals(reader.fields(new Headed("text")), [{ name: "x-own", value: "yes" }]);
  assertEquals(reader.contentType(new Headed("text")), undefined);
});

expectOf("keeps the values' octets", (reader) => {
  const response = new Response(null, { headers: { "x-a": "caf\u00e9 \u00ff" } });
  assertEquals(reader.fields(response), [{ name: "x-a", value: "caf\u00e9 \u00ff" }]);
});

expectOf("drops what speaks of a coding that fetch took off", async (reader) => {
  const coded = async (coding: "gzip" | "deflate") => {
    return await new Response(new Blob(["decoded"]).stream().pipeThrough(new CompressionStream(coding))).bytes();
  };
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const coding = new URL(request.url).searchParams.get("coding") ?? "";
    const headers = { "content-encoding": coding, "x-a": "b" };
    return new Response(await coded(coding.toLowerCase() === "gzip" ? "gzip" : "deflate"), { headers });
  });
  for (const coding of ["gzip", "GZIP", "deflate"]) {
    const response = await fetch(`http://127.0.0.1:${server.addr.port}/?coding=${coding}`);
    assertEquals(reader.takeBody(response), undefined);
    const isDecoded = await response.text() === "decoded";
    if (coding === "GZIP" && !isDecoded) continue; // older ones know lower case alone
    const names = reader.fields(response).map((field) => field.name);
    assert(names.includes("x-a"));
    for (const name of ["content-encoding", "content-length"]) {
      assertEquals(names.includes(name), !isDecoded && response.headers.has(name));
    }
  }
  const own = new Response("text", { headers: { "content-encoding": "gzip" } });
  assert(reader.fields(own).some((field) => field.name === "content-encoding"));
});

expectOf("reads a fetched response as it came", async (reader) => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
    return new Response("text", { headers: [["set-cookie", "a=b"], ["set-cookie", "c=d"]] });
  });
  const response = await fetch(`http://127.0.0.1:${server.addr.port}/`);
  assertEquals(reader.takeBody(response), undefined);
  assertEquals(combined(reader.fields(response)), [...response.headers]);
  assertEquals(await response.text(), "text");
});

Deno.test("SlotReader gives a known body at once, as a string or as bytes", () => {
  if (slots === undefined) return;
  assertEquals(slotted.takeBody(new Response(EURO)), EURO);
  assertEquals(slotted.takeBody(Response.json({ a: 1 })), `{"a":1}`);
  assertEquals(slotted.takeBody(new Response(EURO, { status: 404, headers: { "x-a": "b" } })), EURO);
  const bytes = slotted.takeBody(new Response(BYTES));
  assertInstanceOf(bytes, Uint8Array);
  assertEquals(bytes, BYTES);
  assertEquals(slotted.contentType(new Response(EURO)), "text/plain;charset=UTF-8");
  assertEquals(slotted.contentType(Response.json(1)), "application/json");
  assertEquals(slotted.contentType(new Response(null, { status: 204 })), null);
});

Deno.test("SlotReader takes a known body once, whatever was asked in between", () => {
  if (slots === undefined) return;
  for (const body of [EURO, BYTES.slice()]) {
    const response = new Response(body);
    slotted.takeBody(response);
    assertThrows(() => slotted.takeBody(response), TypeError, "must not be used or locked");
    assertEquals(slotted.fields(response), plainReader.fields(new Response(body)));
  }
});

Deno.test("chooseReader() takes the plain way where a slot does not behave", async () => {
  assertEquals(chooseReader(undefined), plainReader);
  if (slots === undefined) return;
  assertInstanceOf(chooseReader(slots), SlotReader);
  const own = Object.getOwnPropertySymbols(new Response("text"));
  for (const slot of ["lazyBody", "lazyType", "consumed"] as const) {
    if (!own.includes(slots[slot])) continue; // older platforms lack some
    assertEquals(chooseReader({ ...slots, [slot]: Symbol("elsewhere") }), plainReader, slot);
  }
  for (const slot of ["inner", "lazyBody", "lazyType", "consumed", "prepared"] as const) {
    for (const other of [Symbol("elsewhere"), ...own]) {
      const found = chooseReader({ ...slots, [slot]: other });
      if (found === plainReader) continue;
      for (const make of Object.values(responses)) { // a wrong slot that passes must not matter
        assertEquals(await takeApart(found, make()), await takeApart(plainReader, make()), `${slot}: ${String(other)}`);
      }
    }
  }
});

Deno.test("takeKnownBody() uses the slots where the platform has them", () => {
  assertEquals(takeKnownBody(new Response("text")), slots === undefined ? undefined : "text");
});
