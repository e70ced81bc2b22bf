/**
 * Owns the proofs of what is wrong with a frame alone (RFC 9113 §4.2, §6; RFC 9218 §7.1): each rule, what it ends, and that no
 * payload is awaited for what a header shows; and of the error that says so.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { ErrorCode, errorCodeName, Http2Error, readFrame } from "../../http2/mod.ts";
import { assertEveryCut, hex, readEveryWay } from "./frames.ts";

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
      /^Cannot read HEADERS frame .* received 16777215$/,
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
    "§6.5 SETTINGS ACK of 1 octet": [
      "000001 04 01 00000000",
      "connection",
      "FRAME_SIZE_ERROR",
      /0 with ACK: received 1/,
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
  assertMatch(error!.message, message);
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
