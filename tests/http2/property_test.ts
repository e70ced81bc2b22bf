/**
 * Owns the properties of frames and messages that hold for anything: what is encoded is read again, and any bytes or fields
 * give what they should or one error.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { HpackDecoder, HpackEncoder, type HpackField } from "../../hpack/mod.ts";
import {
  encodeFrame,
  fieldKind,
  type Frame,
  Http2Error,
  readFrame,
  readRequestHead,
  readResponseHead,
  readTrailers,
} from "../../http2/mod.ts";
import { plain, readEveryWay } from "./frames.ts";

const bytes = fc.uint8Array({ maxLength: 40 });
const flag = fc.boolean();
const streamId = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const anyId = fc.oneof(fc.constant(0), streamId);
const code = fc.nat({ max: 2 ** 32 - 1 });
const octets = fc.string({ unit: fc.nat({ max: 255 }).map((octet) => String.fromCharCode(octet)), maxLength: 20 });
const connection = fc.constant<0>(0);
const padding = fc.option(fc.nat({ max: 255 }), { nil: undefined })
  .map((padLength) => padLength === undefined ? {} : { padLength });
const priority = fc.record({
  exclusive: flag,
  dependency: fc.nat({ max: 2 ** 31 - 1 }),
  weight: fc.integer({ min: 1, max: 256 }),
});
const dependency = fc.option(priority, { nil: undefined }).map((priority) =>
  priority === undefined ? {} : { priority }
);

const framed = <T extends Frame["type"]>(type: T) => ({ type: fc.constant(type) });

/** Any frame that can be sent. */
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.tuple(fc.record({ ...framed("data"), streamId, endStream: flag, data: bytes }), padding)
    .map(([frame, padding]) => ({ ...frame, ...padding })),
  fc.tuple(
    fc.record({ ...framed("headers"), streamId, endStream: flag, endHeaders: flag, fragment: bytes }),
    padding,
    dependency,
  ).map(([frame, padding, dependency]) => ({ ...frame, ...padding, ...dependency })),
  fc.record({ ...framed("priority"), streamId, priority }),
  fc.record({ ...framed("rstStream"), streamId, code }),
  fc.record({
    ...framed("settings"),
    streamId: connection,
    ack: fc.constant(false),
    entries: fc.array(fc.tuple(fc.nat({ max: 65_535 }), code), { maxLength: 5 }),
  }),
  fc.constant<Frame>({ type: "settings", streamId: 0, ack: true, entries: [] }),
  fc.tuple(
    fc.record({
      ...framed("pushPromise"),
      streamId,
      endHeaders: flag,
      promisedId: fc.integer({ min: 1, max: 2 ** 30 - 1 }).map((half) => half * 2),
      fragment: bytes,
    }),
    padding,
  ).map(([frame, padding]) => ({ ...frame, ...padding })),
  fc.record({
    ...framed("ping"),
    streamId: connection,
    ack: flag,
    payload: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  }),
  fc.record({ ...framed("goAway"), streamId: connection, lastStreamId: anyId, code, debug: bytes }),
  fc.record({ ...framed("windowUpdate"), streamId: anyId, increment: streamId }),
  fc.record({ ...framed("continuation"), streamId, endHeaders: flag, fragment: bytes }),
  fc.record({ ...framed("altSvc"), streamId: connection, origin: octets.map((text) => `${text}.`), value: octets }),
  fc.record({ ...framed("altSvc"), streamId, origin: fc.constant(""), value: octets }),
  fc.record({ ...framed("origin"), streamId: connection, origins: fc.array(octets, { maxLength: 4 }) }),
  fc.record({ ...framed("priorityUpdate"), streamId: connection, prioritizedId: streamId, value: octets }),
  fc.record({
    ...framed("unknown"),
    streamId: anyId,
    frameType: fc.integer({ min: 0x11, max: 0xff }),
    flags: fc.nat({ max: 255 }),
    payload: bytes,
  }),
);

Deno.test("readFrame gives what encodeFrame was given, frame after frame, from every split", () => {
  fc.assert(fc.property(fc.array(frame, { maxLength: 4 }), (frames) => {
    const wire = Uint8Array.from(frames.flatMap((frame) => [...encodeFrame(frame)]));
    assertEquals(readEveryWay(wire), { frames: frames.map(plain), used: wire.length });
  }));
});

/** Bytes that begin like a frame of a known type, mostly. */
const framelike = fc.tuple(
  fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 2 ** 24 - 1 })),
  fc.oneof(fc.nat({ max: 16 }), fc.nat({ max: 255 })),
  fc.nat({ max: 255 }),
  fc.constantFrom(0, 1, 2, 0x80, 0xff),
  fc.uint8Array({ maxLength: 30 }),
).map(([length, type, flags, id, payload]) =>
  Uint8Array.of(length >>> 16, length >>> 8, length, type, flags, id & 0x80, 0, 0, id, ...payload)
);

Deno.test("readFrame gives a frame that encodeFrame can send, more bytes or one error for any bytes", () => {
  fc.assert(
    fc.property(fc.oneof(framelike, fc.uint8Array({ maxLength: 60 })), (wire) => {
      const { used } = readEveryWay(wire);
      for (let at = 0; at < used;) {
        const read = readFrame(wire, at)!;
        assertEquals(plain(readFrame(encodeFrame(read.value), 0)!.value), plain(read.value));
        at += read.used;
      }
    }),
    { numRuns: 2000 },
  );
});

const NAMES =
  ":method :scheme :authority :path :status :protocol host cookie te content-length expect priority x X upgrade"
    .split(" ");
const VALUES = [
  "GET",
  "CONNECT",
  "OPTIONS",
  "https",
  "http",
  "a.b",
  "a.b:443",
  "/",
  "*",
  "",
  "200",
  "100",
  "5",
  "trailers",
];
const field: fc.Arbitrary<HpackField> = fc.record({
  name: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...NAMES) }, octets),
  value: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...VALUES) }, octets),
});
const request: fc.Arbitrary<HpackField[]> = fc.tuple(
  fc.constantFrom("GET", "OPTIONS", "CONNECT"),
  fc.constantFrom("https", "http", "urn"),
  fc.constantFrom("a.b", "a.b:443", ""),
  fc.constantFrom("/", "*", ""),
  fc.array(field, { maxLength: 3 }),
).map(([method, scheme, authority, path, fields]) => [
  { name: ":method", value: method },
  { name: ":scheme", value: scheme },
  { name: ":authority", value: authority },
  { name: ":path", value: path },
  ...fields,
]);

/** Reads fields: what came of it, or the error's message. */
function outcome<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    assert(error instanceof Http2Error && error.scope === "stream" && error.streamId === 3, `${error}`);
    return error.message;
  }
}

Deno.test("readRequestHead, readResponseHead and readTrailers say of any fields the same, classified or not", () => {
  fc.assert(
    fc.property(fc.oneof(request, fc.array(field, { maxLength: 6 })), (fields) => {
      const block = new HpackEncoder().encodeBlock(fields);
      const classified = new HpackDecoder({ classify: fieldKind }).decode(block, 0, block.length)!;
      const plainly = new HpackDecoder().decode(block, 0, block.length)!;
      for (const read of [readRequestHead, readResponseHead, readTrailers]) {
        const unmarked = (value: unknown) => JSON.stringify(value, (key, value) => key === "kind" ? undefined : value);
        assertEquals(unmarked(outcome(() => read(classified, 3))), unmarked(outcome(() => read(plainly, 3))));
      }
    }),
    { numRuns: 1000 },
  );
});

/** What each head that is given must fulfil, said once more and plainly (RFC 9113 §8). */
Deno.test("readRequestHead gives no head that a rule of §8 forbids", () => {
  let given = 0;
  fc.assert(
    fc.property(request, (fields) => {
      const head = outcome(() => readRequestHead(fields, 3));
      if (typeof head === "string") return;
      given++;
      const { method, scheme, authority, path, protocol, fields: regular } = head;
      const web = /^https?$/.test(scheme);
      assert(/^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/.test(method));
      assert(protocol === "" || method === "CONNECT");
      assert(path === "*" ? method === "OPTIONS" : path === "" ? !web : path.startsWith("/"));
      assert(!web || authority !== "");
      assert(regular.every(({ name }) => !/^:|[A-Z]|^(?:connection|keep-alive|proxy-connection|upgrade)$/.test(name)));
      assert(regular.every(({ value }) => !/[\0\r\n]|^[ \t]|[ \t]$/.test(value)));
      assert(regular.filter(({ name }) => name === "cookie").length <= 1);
      const host = regular.find(({ name }) => name === "host")?.value;
      assert(host === undefined || host.replace(/:443$|:80$/, "") === authority.replace(/:443$|:80$/, ""));
    }),
    { numRuns: 3000 },
  );
  assert(given > 100, `${given} heads were given`);
});
