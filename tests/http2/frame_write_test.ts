/**
 * Owns the proofs of what writes frames: each writer's octets, and the frames that can't be encoded.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { encodeFrame, ErrorCode, type Frame } from "../../http2/mod.ts";
import {
  writeFrameHeader,
  writeGoAway,
  writePing,
  writePriorityUpdate,
  writeRstStream,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from "../../http2/frame_write.ts";
import { hex } from "./frames.ts";

/** What each writer writes at an offset. */
const WRITTEN: Readonly<Record<string, readonly [write: (into: Uint8Array, at: number) => number, wire: string]>> = {
  "writeFrameHeader": [
    (into, at) => writeFrameHeader(into, at, 2 ** 24 - 2, 0xab, 0xcd, 2 ** 31 - 1),
    "fffffe ab cd 7fffffff",
  ],
  "writeRstStream": [(into, at) => writeRstStream(into, at, 3, 0xfffffffe), "000004 03 00 00000003 fffffffe"],
  "writeSettings": [
    (into, at) => writeSettings(into, at, [[2, 0], [0x1234, 0x80000001]]),
    "00000c 04 00 00000000 0002 00000000 1234 80000001",
  ],
  "writeSettingsAck": [writeSettingsAck, "000000 04 01 00000000"],
  "writePing": [
    (into, at) => writePing(into, at, false, hex("0102030405060708")),
    "000008 06 00 00000000 0102030405060708",
  ],
  "writePing of an answer": [
    (into, at) => writePing(into, at, true, hex("0102030405060708")),
    "000008 06 01 00000000 0102030405060708",
  ],
  "writeGoAway": [
    (into, at) => writeGoAway(into, at, 7, ErrorCode.EnhanceYourCalm, hex("6f6b")),
    "00000a 07 00 00000000 00000007 0000000b 6f6b",
  ],
  "writeWindowUpdate": [(into, at) => writeWindowUpdate(into, at, 5, 2 ** 31 - 1), "000004 08 00 00000005 7fffffff"],
  "writePriorityUpdate": [
    (into, at) => writePriorityUpdate(into, at, 9, "u=1"),
    "000007 10 00 00000000 00000009 753d31",
  ],
};

for (const [name, [write, wire]] of Object.entries(WRITTEN)) {
  Deno.test(`${name} writes its octets and no others, and gives the place behind them`, () => {
    const into = new Uint8Array(64).fill(0xee);
    const end = write(into, 5);
    assertEquals(into.subarray(5, end).toHex(), hex(wire).toHex());
    assertEquals([...into.subarray(0, 5), ...into.subarray(end)].filter((octet) => octet !== 0xee), []);
  });
}

const NONE = new Uint8Array(0);

/** Frames that can't be, and what the error says. */
const UNENCODABLE: readonly (readonly [frame: Frame, message: string])[] = [
  [
    { type: "data", streamId: 0, endStream: true, data: NONE },
    "streamId must be an integer of 1 to 2147483647: received 0",
  ],
  [
    { type: "data", streamId: 2 ** 31, endStream: true, data: NONE },
    "streamId must be an integer of 1 to 2147483647: received 2147483648",
  ],
  [{ type: "data", streamId: 1.5, endStream: true, data: NONE }, "streamId must be"],
  [
    { type: "data", streamId: 1, endStream: true, padLength: 256, data: NONE },
    "padLength must be an integer of 0 to 255: received 256",
  ],
  [{ type: "data", streamId: 1, endStream: true, padLength: -1, data: NONE }, "padLength must be"],
  [
    { type: "data", streamId: 1, endStream: true, data: new Uint8Array(2 ** 24) },
    "the length of its payload must be an integer of 0 to 16777215: received 16777216",
  ],
  [{ type: "continuation", streamId: 0, endHeaders: true, fragment: NONE }, "streamId must be"],
  [
    { type: "pushPromise", streamId: 1, endHeaders: true, promisedId: 0, fragment: NONE },
    "promisedId must be an even integer of 2 to 2147483646: received 0",
  ],
  [
    { type: "pushPromise", streamId: 1, endHeaders: true, promisedId: 3, fragment: NONE },
    "promisedId must be an even integer of 2 to 2147483646: received 3",
  ],
  [
    { type: "priority", streamId: 1, priority: { exclusive: false, dependency: -1, weight: 1 } },
    "dependency must be an integer of 0 to 2147483647: received -1",
  ],
  [
    { type: "priority", streamId: 1, priority: { exclusive: false, dependency: 0, weight: 0 } },
    "weight must be an integer of 1 to 256: received 0",
  ],
  [{ type: "priority", streamId: 0, priority: { exclusive: false, dependency: 0, weight: 1 } }, "streamId must be"],
  [
    { type: "rstStream", streamId: 1, code: 2 ** 32 },
    "code must be an integer of 0 to 4294967295: received 4294967296",
  ],
  [{ type: "windowUpdate", streamId: 0, increment: 0 }, "increment must be an integer of 1 to 2147483647: received 0"],
  [{ type: "windowUpdate", streamId: -1, increment: 1 }, "streamId must be an integer of 0 to 2147483647: received -1"],
  [
    { type: "settings", streamId: 0, ack: true, entries: [[1, 1]] },
    "the count of entries beside ack must be an integer of 0 to 0: received 1",
  ],
  [
    { type: "settings", streamId: 0, ack: false, entries: [[65536, 1]] },
    "a setting's identifier must be an integer of 0 to 65535: received 65536",
  ],
  [
    { type: "settings", streamId: 0, ack: false, entries: [[1, NaN]] },
    "a setting's value must be an integer of 0 to 4294967295: received NaN",
  ],
  [
    { type: "ping", streamId: 0, ack: false, payload: NONE },
    "the length of its payload must be an integer of 8 to 8: received 0",
  ],
  [{ type: "goAway", streamId: 0, lastStreamId: -1, code: 0, debug: NONE }, "lastStreamId must be"],
  [{ type: "goAway", streamId: 0, lastStreamId: 0, code: -1, debug: NONE }, "code must be"],
  [
    { type: "altSvc", streamId: 0, origin: "Ā", value: "" },
    "each character of origin must be an integer of 0 to 255: received 256",
  ],
  [
    { type: "altSvc", streamId: 0, origin: "a".repeat(65536), value: "" },
    "the length of an origin must be an integer of 0 to 65535: received 65536",
  ],
  [{ type: "altSvc", streamId: 1, origin: "", value: "Ā" }, "each character of value must be"],
  [{ type: "origin", streamId: 0, origins: ["ok", "Ā"] }, "each character of an origin must be"],
  [
    { type: "priorityUpdate", streamId: 0, prioritizedId: 0, value: "" },
    "prioritizedId must be an integer of 1 to 2147483647: received 0",
  ],
  [{ type: "priorityUpdate", streamId: 0, prioritizedId: 1, value: "Ā" }, "each character of value must be"],
  [
    { type: "unknown", streamId: 0, frameType: 256, flags: 0, payload: NONE },
    "frameType must be an integer of 0 to 255: received 256",
  ],
  [
    { type: "unknown", streamId: 0, frameType: 255, flags: -1, payload: NONE },
    "flags must be an integer of 0 to 255: received -1",
  ],
];

for (const [frame, message] of UNENCODABLE) {
  Deno.test(`encodeFrame refuses a ${frame.type} as ${message}`, () => {
    assertThrows(() => encodeFrame(frame), RangeError, `Cannot encode frame as ${message}`);
  });
}
