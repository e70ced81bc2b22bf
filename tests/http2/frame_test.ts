/**
 * Owns the proofs of frames, read and written (RFC 9113 §4, §6; RFC 7838, 8336, 9218): each type, each rule, every split.
 *
 * @module
 */

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { encodeFrame, ErrorCode, errorCodeName, type Frame, Http2Error, PREFACE, readFrame } from "../../http2/mod.ts";
import {
  Fragment,
  FrameHeader,
  readFragment,
  readFrameHeader,
  readUint31,
  readUint32,
} from "../../http2/frame_read.ts";
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
  const outcome = readEveryWay(hex(all.map(([wire]) => wire).join("") + "000001"));
  assertEquals(outcome.frames, all.map(([, frame]) => plain(frame)));
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

type Scope = "connection" | "stream";

/** What a header alone shows, by section: `[octets, scope, code, what the message says]`. */
const REFUSED_HEADERS: Readonly<Record<string, readonly [wire: string, scope: Scope, code: string, message: RegExp]>> =
  {
    "§4.2 DATA longer than allowed": [
      "004001 00 00 00000001",
      "connection",
      "FRAME_SIZE_ERROR",
      /at most 16384: received 16385/,
    ],
    "§4.2 HEADERS longer than allowed": [
      "ffffff 01 00 00000001",
      "connection",
      "FRAME_SIZE_ERROR",
      /^Cannot read HEADERS frame/,
    ],
    "§4.2 a frame of no known type that is longer than allowed": [
      "004001 fe 00 00000001",
      "connection",
      "FRAME_SIZE_ERROR",
      /0xfe frame/,
    ],
    "§4.2 PRIORITY longer than allowed": ["004001 02 00 00000001", "connection", "FRAME_SIZE_ERROR", /PRIORITY frame/],
    "§6.1 DATA on stream 0": [
      "000000 00 00 00000000",
      "connection",
      "PROTOCOL_ERROR",
      /DATA frame as it must belong to a stream/,
    ],
    "§6.1 DATA too short for its pad length": [
      "000000 00 08 00000001",
      "connection",
      "FRAME_SIZE_ERROR",
      /at least 1: received 0/,
    ],
    "§6.2 HEADERS on stream 0": ["000001 01 04 00000000", "connection", "PROTOCOL_ERROR", /HEADERS/],
    "§6.2 HEADERS too short for its pad length": [
      "000000 01 08 00000001",
      "connection",
      "FRAME_SIZE_ERROR",
      /at least 1: received 0/,
    ],
    "§6.2 HEADERS too short for its priority": [
      "000004 01 20 00000001",
      "connection",
      "FRAME_SIZE_ERROR",
      /at least 5: received 4/,
    ],
    "§6.2 HEADERS too short for pad length and priority": [
      "000005 01 28 00000001",
      "connection",
      "FRAME_SIZE_ERROR",
      /at least 6: received 5/,
    ],
    "§6.3 PRIORITY on stream 0": ["000005 02 00 00000000", "connection", "PROTOCOL_ERROR", /PRIORITY/],
    "§6.3 PRIORITY of 4 octets": ["000004 02 00 00000001", "stream", "FRAME_SIZE_ERROR", /PRIORITY .* 5: received 4/],
    "§6.3 PRIORITY of 6 octets": ["000006 02 00 00000001", "stream", "FRAME_SIZE_ERROR", /5: received 6/],
    "§6.4 RST_STREAM on stream 0": ["000004 03 00 00000000", "connection", "PROTOCOL_ERROR", /RST_STREAM/],
    "§6.4 RST_STREAM of 3 octets": ["000003 03 00 00000001", "connection", "FRAME_SIZE_ERROR", /4: received 3/],
    "§6.4 RST_STREAM of 5 octets": ["000005 03 00 00000001", "connection", "FRAME_SIZE_ERROR", /4: received 5/],
    "§6.5 SETTINGS on a stream": [
      "000000 04 00 00000001",
      "connection",
      "PROTOCOL_ERROR",
      /SETTINGS .* must belong to the connection: received stream 1/,
    ],
    "§6.5 SETTINGS of 5 octets": [
      "000005 04 00 00000000",
      "connection",
      "FRAME_SIZE_ERROR",
      /a multiple of 6: received 5/,
    ],
    "§6.5 SETTINGS ACK with an entry": [
      "000006 04 01 00000000",
      "connection",
      "FRAME_SIZE_ERROR",
      /0 with ACK: received 6/,
    ],
    "§6.6 PUSH_PROMISE on stream 0": ["000004 05 04 00000000", "connection", "PROTOCOL_ERROR", /PUSH_PROMISE/],
    "§6.6 PUSH_PROMISE of 3 octets": [
      "000003 05 04 00000001",
      "connection",
      "FRAME_SIZE_ERROR",
      /at least 4: received 3/,
    ],
    "§6.6 PUSH_PROMISE too short for its pad length": [
      "000004 05 0c 00000001",
      "connection",
      "FRAME_SIZE_ERROR",
      /at least 5: received 4/,
    ],
    "§6.7 PING on a stream": ["000008 06 00 00000001", "connection", "PROTOCOL_ERROR", /PING/],
    "§6.7 PING of 7 octets": ["000007 06 00 00000000", "connection", "FRAME_SIZE_ERROR", /8: received 7/],
    "§6.7 PING of 9 octets": ["000009 06 01 00000000", "connection", "FRAME_SIZE_ERROR", /8: received 9/],
    "§6.8 GOAWAY on a stream": ["000008 07 00 00000001", "connection", "PROTOCOL_ERROR", /GOAWAY/],
    "§6.8 GOAWAY of 7 octets": ["000007 07 00 00000000", "connection", "FRAME_SIZE_ERROR", /at least 8: received 7/],
    "§6.9 WINDOW_UPDATE of 3 octets": ["000003 08 00 00000001", "connection", "FRAME_SIZE_ERROR", /4: received 3/],
    "§6.9 WINDOW_UPDATE of 5 octets": [
      "000005 08 00 00000000",
      "connection",
      "FRAME_SIZE_ERROR",
      /WINDOW_UPDATE .* 4: received 5/,
    ],
    "§6.10 CONTINUATION on stream 0": ["000001 09 04 00000000", "connection", "PROTOCOL_ERROR", /CONTINUATION/],
    "RFC 9218 §7.1 PRIORITY_UPDATE on a stream": [
      "000004 10 00 00000001",
      "connection",
      "PROTOCOL_ERROR",
      /PRIORITY_UPDATE/,
    ],
    "RFC 9218 §7.1 PRIORITY_UPDATE of 3 octets": [
      "000003 10 00 00000000",
      "connection",
      "FRAME_SIZE_ERROR",
      /at least 4: received 3/,
    ],
  };

/** What the payload shows. */
const REFUSED_PAYLOADS: typeof REFUSED_HEADERS = {
  "§6.1 DATA whose padding is as long as the payload": [
    "000002 00 08 00000001 0200",
    "connection",
    "PROTOCOL_ERROR",
    /pad length of 2 in 2/,
  ],
  "§6.2 HEADERS whose padding is longer than what is left": [
    "000006 01 28 00000001 01 00000000 00",
    "connection",
    "PROTOCOL_ERROR",
    /pad length of 1 in 6/,
  ],
  "§6.6 PUSH_PROMISE whose padding is longer than what is left": [
    "000005 05 08 00000001 01 00000002",
    "connection",
    "PROTOCOL_ERROR",
    /padding/,
  ],
  "§6.6 PUSH_PROMISE of stream 0": [
    "000004 05 04 00000001 00000000",
    "connection",
    "PROTOCOL_ERROR",
    /even stream: received stream 0/,
  ],
  "§6.6 PUSH_PROMISE of an odd stream": [
    "000004 05 04 00000001 00000003",
    "connection",
    "PROTOCOL_ERROR",
    /received stream 3/,
  ],
  "§6.9 WINDOW_UPDATE of 0 on the connection": [
    "000004 08 00 00000000 00000000",
    "connection",
    "PROTOCOL_ERROR",
    /at least 1: received 0/,
  ],
  "§6.9 WINDOW_UPDATE of 0 on a stream": [
    "000004 08 00 00000005 80000000",
    "stream",
    "PROTOCOL_ERROR",
    /at least 1: received 0/,
  ],
  "RFC 9218 §7.1 PRIORITY_UPDATE of stream 0": [
    "000004 10 00 00000000 00000000",
    "connection",
    "PROTOCOL_ERROR",
    /received stream 0/,
  ],
};

function assertRefused(wire: string, scope: Scope, code: string, message: RegExp): void {
  const { frames, used, error } = readEveryWay(hex(`000000 04 01 00000000 ${wire}`));
  assertEquals([frames.length, used], [1, 9], "the frame before it is good");
  assertEquals({ scope: error?.scope, code: error?.code }, { scope, code });
  assertEquals(error?.streamId, scope === "stream" ? hex(wire)[8] : 0);
  assertEquals(message.test(error!.message), true, error!.message);
}

for (const [rule, [wire, ...expected]] of Object.entries(REFUSED_HEADERS)) {
  Deno.test(`readFrame refuses ${rule}, before its payload is there`, () => {
    assertRefused(wire, ...expected);
    assertEveryCut(hex(wire).subarray(0, 8));
    assertStrictEquals(readFrame(hex(wire).subarray(0, 8), 0), undefined);
  });
}

for (const [rule, [wire, ...expected]] of Object.entries(REFUSED_PAYLOADS)) {
  Deno.test(`readFrame refuses ${rule}`, () => {
    assertRefused(wire, ...expected);
    assertEveryCut(hex(wire).subarray(0, -1));
    assertStrictEquals(readFrame(hex(wire).subarray(0, -1), 0), undefined);
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

Deno.test("errorCodeName names the codes of §7, and others by their number", () => {
  assertEquals(Object.values(ErrorCode).map(errorCodeName), [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
  ]);
  assertEquals(Object.values(ErrorCode), Array.from({ length: 14 }, (_, code) => code));
  assertEquals([errorCodeName(14), errorCodeName(2 ** 32 - 1)], ["0xe", "0xffffffff"]);
});

Deno.test("Http2Error knows its scope, code, stream, status and cause", () => {
  const cause = new Error("why");
  const error = new Http2Error("stream", ErrorCode.Cancel, "Cannot", { streamId: 5, status: 417, cause });
  assertEquals([error.scope, error.code, error.streamId, error.status, error.message], ["stream", 8, 5, 417, "Cannot"]);
  assertStrictEquals(error.cause, cause);
  const plainError = new Http2Error("connection", 0xff, "Cannot");
  assertEquals([plainError.streamId, plainError.status, "cause" in plainError], [0, 400, false]);
});

Deno.test("PREFACE is that of §3.4", () => {
  assertEquals(PREFACE.toHex(), "505249202a20485454502f322e300d0a0d0a534d0d0a0d0a");
});
