/**
 * Owns the proofs of frames (RFC 9113 §4, §6; RFC 7838, 8336, 9218): each type read and written, on every split, and what is
 * ignored in it.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { encodeFrame, ErrorCode, type Frame, PREFACE, readFrame } from "../../http2/mod.ts";
import {
  Fragment,
  FrameHeader,
  readFragment,
  readFrameHeader,
  readUint31,
  readUint32,
} from "../../http2/frame_read.ts";
import { assertEveryCut, hex, plain, readEveryWay, refusalOf } from "./frames.ts";

/** Frames as RFC 9113 §6 and the extensions draw them: their octets, and what they are. */
const SAMPLES: Readonly<Record<string, readonly [wire: string, frame: Frame]>> = {
  "DATA": [
    "000002 00 00 00000001 6869",
    { type: "data", streamId: 1, endStream: false, data: hex("6869") },
  ],
  "DATA, empty, the last": [
    "000000 00 01 7fffffff",
    { type: "data", streamId: 2 ** 31 - 1, endStream: true, data: hex("") },
  ],
  "DATA with padding": [
    "000006 00 09 00000003 03 6869 000000",
    { type: "data", streamId: 3, endStream: true, padLength: 3, data: hex("6869") },
  ],
  "DATA of nothing but padding": [
    "000004 00 08 00000003 03 000000",
    { type: "data", streamId: 3, endStream: false, padLength: 3, data: hex("") },
  ],
  "DATA with a pad length of 0": [
    "000003 00 08 00000003 00 6869",
    { type: "data", streamId: 3, endStream: false, padLength: 0, data: hex("6869") },
  ],
  "HEADERS": [
    "000001 01 05 00000001 82",
    { type: "headers", streamId: 1, endStream: true, endHeaders: true, fragment: hex("82") },
  ],
  "HEADERS, its block unfinished": [
    "000001 01 00 00000001 82",
    { type: "headers", streamId: 1, endStream: false, endHeaders: false, fragment: hex("82") },
  ],
  "HEADERS with a priority": [
    "000006 01 24 00000003 80000001 0f 82",
    {
      type: "headers",
      streamId: 3,
      endStream: false,
      endHeaders: true,
      priority: { exclusive: true, dependency: 1, weight: 16 },
      fragment: hex("82"),
    },
  ],
  "HEADERS with padding and a priority": [
    "000009 01 2d 00000005 02 00000003 ff 84 0000",
    {
      type: "headers",
      streamId: 5,
      endStream: true,
      endHeaders: true,
      padLength: 2,
      priority: { exclusive: false, dependency: 3, weight: 256 },
      fragment: hex("84"),
    },
  ],
  "PRIORITY": [
    "000005 02 00 00000007 80000005 00",
    { type: "priority", streamId: 7, priority: { exclusive: true, dependency: 5, weight: 1 } },
  ],
  "RST_STREAM": [
    "000004 03 00 00000001 00000008",
    { type: "rstStream", streamId: 1, code: ErrorCode.Cancel },
  ],
  "RST_STREAM with a code that nobody knows": [
    "000004 03 00 00000001 ffffffff",
    { type: "rstStream", streamId: 1, code: 2 ** 32 - 1 },
  ],
  "SETTINGS": [
    "00000c 04 00 00000000 0003 00000064 ffff ffffffff",
    { type: "settings", streamId: 0, ack: false, entries: [[3, 100], [65535, 2 ** 32 - 1]] },
  ],
  "SETTINGS, empty": [
    "000000 04 00 00000000",
    { type: "settings", streamId: 0, ack: false, entries: [] },
  ],
  "SETTINGS, an acknowledgement": [
    "000000 04 01 00000000",
    { type: "settings", streamId: 0, ack: true, entries: [] },
  ],
  "PUSH_PROMISE": [
    "000005 05 04 00000001 00000002 82",
    { type: "pushPromise", streamId: 1, endHeaders: true, promisedId: 2, fragment: hex("82") },
  ],
  "PUSH_PROMISE with padding": [
    "000008 05 08 00000001 02 7ffffffe 82 0000",
    {
      type: "pushPromise",
      streamId: 1,
      endHeaders: false,
      padLength: 2,
      promisedId: 2 ** 31 - 2,
      fragment: hex("82"),
    },
  ],
  "PING": [
    "000008 06 00 00000000 0102030405060708",
    { type: "ping", streamId: 0, ack: false, payload: hex("0102030405060708") },
  ],
  "PING, an answer": [
    "000008 06 01 00000000 0102030405060708",
    { type: "ping", streamId: 0, ack: true, payload: hex("0102030405060708") },
  ],
  "GOAWAY": [
    "000008 07 00 00000000 7fffffff 00000000",
    { type: "goAway", streamId: 0, lastStreamId: 2 ** 31 - 1, code: ErrorCode.NoError, debug: hex("") },
  ],
  "GOAWAY with debug data": [
    "00000a 07 00 00000000 00000005 ffffffff 6f6b",
    { type: "goAway", streamId: 0, lastStreamId: 5, code: 2 ** 32 - 1, debug: hex("6f6b") },
  ],
  "WINDOW_UPDATE of the connection": [
    "000004 08 00 00000000 7fffffff",
    { type: "windowUpdate", streamId: 0, increment: 2 ** 31 - 1 },
  ],
  "WINDOW_UPDATE of a stream": [
    "000004 08 00 00000009 00000001",
    { type: "windowUpdate", streamId: 9, increment: 1 },
  ],
  "CONTINUATION": [
    "000001 09 00 00000001 84",
    { type: "continuation", streamId: 1, endHeaders: false, fragment: hex("84") },
  ],
  "CONTINUATION, the last, empty": [
    "000000 09 04 00000001",
    { type: "continuation", streamId: 1, endHeaders: true, fragment: hex("") },
  ],
  "ALTSVC of an origin": [
    "000009 0a 00 00000000 0003 613a62 6832 3d e9",
    { type: "altSvc", streamId: 0, origin: "a:b", value: "h2=é" },
  ],
  "ALTSVC of an origin without a value": [
    "000005 0a 00 00000000 0003 613a62",
    { type: "altSvc", streamId: 0, origin: "a:b", value: "" },
  ],
  "ALTSVC of a stream": [
    "000007 0a 00 00000001 0000 636c656172",
    { type: "altSvc", streamId: 1, origin: "", value: "clear" },
  ],
  "ORIGIN": [
    "000008 0c 00 00000000 0003 613a62 0001 63",
    { type: "origin", streamId: 0, origins: ["a:b", "c"] },
  ],
  "ORIGIN of none": [
    "000000 0c 00 00000000",
    { type: "origin", streamId: 0, origins: [] },
  ],
  "PRIORITY_UPDATE": [
    "000007 10 00 00000000 00000003 753d30",
    { type: "priorityUpdate", streamId: 0, prioritizedId: 3, value: "u=0" },
  ],
  "a type that nobody knows": [
    "000002 fe ff 00000005 0102",
    { type: "unknown", streamId: 5, frameType: 0xfe, flags: 0xff, payload: hex("0102") },
  ],
};

for (const [name, [wire, frame]] of Object.entries(SAMPLES)) {
  Deno.test(`readFrame gives ${name}, from every split, and encodeFrame writes it`, () => {
    const octets = hex(wire);
    assertEquals(readEveryWay(octets), { frames: [plain(frame)], used: octets.length });
    assertEveryCut(octets);
    assertEquals(encodeFrame(frame).toHex(), octets.toHex());
  });
}

Deno.test("readFrame gives one frame after the other, and looks at nothing behind the last", () => {
  const all = Object.values(SAMPLES);
  const outcome = readEveryWay(hex(all.map(([wire]) => wire).join("") + "ffffff"));
  assertEquals(outcome.error, undefined);
  assertEquals(outcome.frames, all.map(([, frame]) => plain(frame)));
});

Deno.test("readFrame and encodeFrame agree on origins of more than 255 octets", () => {
  const long = "o".repeat(0x102);
  for (
    const frame of [
      { type: "origin", streamId: 0, origins: [long, "a"] },
      { type: "altSvc", streamId: 0, origin: long, value: "clear" },
    ] as const
  ) {
    const octets = encodeFrame(frame);
    assertEquals(octets.subarray(9, 11).toHex(), "0102");
    assertEquals(readEveryWay(octets), { frames: [plain(frame)], used: octets.length });
  }
});

Deno.test("readFrame gives views of what it was given, and copies nothing", () => {
  const octets = hex("000002 00 00 00000001 6869");
  const read = readFrame(octets, 0);
  octets[9] = 0x48;
  assertEquals(plain(read!.value), { type: "data", streamId: 1, endStream: false, data: "4869" });
});

/** What is read as if it were sent otherwise: reserved bits and flags without a meaning are ignored (§4.1). */
const IGNORED: Readonly<Record<string, readonly [wire: string, canonical: string]>> = {
  "the reserved bit of a stream identifier": ["000000 00 01 80000001", "000000 00 01 00000001"],
  "the reserved bit of WINDOW_UPDATE": ["000004 08 00 00000001 80000001", "000004 08 00 00000001 00000001"],
  "the reserved bit of GOAWAY": [
    "000008 07 00 00000000 80000001 00000000",
    "000008 07 00 00000000 00000001 00000000",
  ],
  "the reserved bit of PUSH_PROMISE": ["000004 05 04 00000001 80000002", "000004 05 04 00000001 00000002"],
  "the reserved bit of PRIORITY_UPDATE": ["000004 10 00 00000000 80000003", "000004 10 00 00000000 00000003"],
  "flags of PING that nobody knows": [
    "000008 06 16 00000000 0000000000000000",
    "000008 06 00 00000000 0000000000000000",
  ],
  "PADDED of CONTINUATION": ["000001 09 08 00000001 84", "000001 09 00 00000001 84"],
  "PRIORITY of DATA": ["000001 00 20 00000001 84", "000001 00 00 00000001 84"],
  "PRIORITY of PUSH_PROMISE": ["000004 05 20 00000001 00000002", "000004 05 00 00000001 00000002"],
  "octets of padding that are not 0 (§6.1)": ["000003 00 08 00000001 01 68 ff", "000003 00 08 00000001 01 68 00"],
};

for (const [name, [wire, canonical]] of Object.entries(IGNORED)) {
  Deno.test(`readFrame ignores ${name}`, () => {
    assertEquals(readEveryWay(hex(wire)), readEveryWay(hex(canonical)));
    assertEquals(encodeFrame(readFrame(hex(wire), 0)!.value).toHex(), hex(canonical).toHex());
  });
}

/** Extension frames that must be ignored, so that they are as good as unknown. */
const UNUSABLE: Readonly<Record<string, string>> = {
  "ALTSVC without the length of its origin (RFC 7838 §4)": "000001 0a 00 00000000 00",
  "ALTSVC whose origin passes its end (RFC 7838 §4)": "000004 0a 00 00000000 0003 6162",
  "ALTSVC with an origin on a stream (RFC 7838 §4)": "000003 0a 00 00000001 0001 61",
  "ALTSVC without an origin on the connection (RFC 7838 §4)": "000003 0a 00 00000000 0000 61",
  "ORIGIN on a stream (RFC 8336 §2.1)": "000000 0c 00 00000001",
  "ORIGIN with the flag 0x1 (RFC 8336 §2.1)": "000000 0c 01 00000000",
  "ORIGIN with the flag 0x8 (RFC 8336 §2.1)": "000000 0c 08 00000000",
  "ORIGIN whose entry passes its end": "000004 0c 00 00000000 0003 6162",
  "ORIGIN with half of a length": "000004 0c 00 00000000 0001 61 00",
};

for (const [name, wire] of Object.entries(UNUSABLE)) {
  Deno.test(`readFrame lets ${name} be ignored`, () => {
    const octets = hex(wire);
    const payload = octets.subarray(9).toHex();
    const streamId = readUint31(octets, 5);
    const frame = { type: "unknown", streamId, frameType: octets[3], flags: octets[4], payload };
    assertEquals(readEveryWay(octets), { frames: [frame], used: octets.length });
    assertEquals(encodeFrame(readFrame(octets, 0)!.value), octets);
  });
}

Deno.test("readFrame takes payloads up to the maxFrameSize that it is told (§4.2)", () => {
  const largest = hex("005000 00 00 00000001");
  assertStrictEquals(readFrame(largest, 0, { maxFrameSize: 0x5000 }), undefined);
  const error = refusalOf(() => readFrame(largest, 0, { maxFrameSize: 0x4fff }));
  assertEquals(error?.message, "Cannot read DATA frame as its length must be at most 20479: received 20480");
  const whole = new Uint8Array(9 + 0x5000);
  whole.set(largest);
  assertEquals(readFrame(whole, 0, { maxFrameSize: 0x5000 })?.used, whole.length);
});

Deno.test("readFragment finds what is neither padding nor number, and forgets the frame before", () => {
  const header = new FrameHeader();
  const fragment = new Fragment();
  const find = (wire: string) => {
    const octets = hex(wire);
    readFrameHeader(octets, 0, header);
    readFragment(octets, 9, header, fragment);
    const { start, end, promisedId, dependency } = fragment;
    return [octets.subarray(start, end).toHex(), promisedId, dependency];
  };
  assertEquals(find("000009 01 2d 00000005 02 80000003 ff 84 0000"), ["84", 0, 3]);
  assertEquals(find("000008 05 08 00000001 02 80000004 82 0000"), ["82", 4, -1]);
  assertEquals(find("000006 01 20 00000005 00000000 00 84"), ["84", 0, 0]);
  assertEquals(find("000002 09 2d 00000005 0384"), ["0384", 0, -1]);
  assertEquals(find("000002 00 20 00000005 0384"), ["0384", 0, -1]);
});

Deno.test("readUint32 and readUint31 read the first 4 octets, the largest numbers too", () => {
  assertEquals(readUint32(hex("00 fffefdfc 00"), 1), 0xfffefdfc);
  assertEquals(readUint31(hex("00 fffefdfc 00"), 1), 0x7ffefdfc);
  assertEquals([readUint32(hex("7f010203"), 0), readUint31(hex("7f010203"), 0)], [0x7f010203, 0x7f010203]);
});

Deno.test("PREFACE is that of §3.4", () => {
  assertEquals(PREFACE.toHex(), "505249202a20485454502f322e300d0a0d0a534d0d0a0d0a");
});
