/**
 * Owns the proof of how octets become frames that are in order (RFC 9113 §3.4, §4, §6.2, §6.10): prefaces, header blocks in
 * pieces, what a frame must not be; on every cut of the octets.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import { type Frame, PREFACE } from "../../http2/frame.ts";
import { get, post } from "./peer.ts";
import {
  data,
  everyWay,
  goAway,
  grant,
  ping,
  rawFrame,
  Rig,
  type RigOptions,
  rst,
  SETTINGS_ACK,
  settingsFrame,
} from "./rig.ts";

const NEW: RigOptions = { greets: false };

/** A header block in as many frames as there are lengths, and one for the rest. */
function inPieces(rig: Rig, streamId: number, lengths: readonly number[]): Frame[] {
  const block = rig.block(get("/", ["x-some", "thing"]));
  const frames: Frame[] = [];
  let at = 0;
  for (const [index, length] of [...lengths, Infinity].entries()) {
    const fragment = block.subarray(at, at + length);
    const endHeaders = index === lengths.length;
    at += fragment.length;
    if (index === 0) frames.push({ type: "headers", streamId, endStream: true, endHeaders, fragment });
    else frames.push({ type: "continuation", streamId, endHeaders, fragment });
  }
  return frames;
}

everyWay("Http2Connection begins with SETTINGS, and acknowledges the peer's (§3.4, §6.5.3)", (make) => {
  const rig = make(NEW);
  assertEquals(rig.take(), ["SETTINGS 1=4096 3=128 4=65536 5=16384 6=19584 8=1 9=1", "WINDOW_UPDATE 0 983041"]);
  assertEquals(rig.core.begun, false);
  rig.send(PREFACE, settingsFrame());
  assertEquals([rig.take(), rig.tell(), rig.core.begun], [["SETTINGS ACK"], ["settings"], true]);
  const client = make({ ...NEW, role: "client" });
  assertEquals(client.takeOctets().subarray(0, PREFACE.length), PREFACE);
  const pushed = make({ ...NEW, role: "client", acceptsPush: true });
  assertEquals(pushed.take()[0]?.includes(" 2=1 "), true);
});

for (
  const [what, octets] of [
    ["HTTP/1.1", new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")],
    ["a preface with one octet wrong", PREFACE.map((octet, index) => index === 23 ? octet + 1 : octet)],
    ["a preface and PING", concat([PREFACE, rawFrame(6, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0])])],
    ["a preface and an answer to SETTINGS", concat([PREFACE, rawFrame(4, 1, 0)])],
  ] as const
) {
  everyWay(`Http2Connection takes for no beginning: ${what} (§3.4)`, (make) => {
    const rig = make(NEW);
    rig.take();
    rig.send(octets, ping(1));
    assertEquals([rig.take(), rig.tell()], [["GOAWAY 0 PROTOCOL_ERROR"], ["error PROTOCOL_ERROR"]]);
  });
}

everyWay("Http2Connection joins header blocks of any pieces, empty ones too (§6.10)", (make) => {
  const rig = make();
  rig.send(...inPieces(rig, 1, [3]), ...inPieces(rig, 3, [0, 1, 0, 5]), ...inPieces(rig, 5, []));
  assertEquals(rig.tell(), ["request 1 GET / whole", "request 3 GET / whole", "request 5 GET / whole"]);
  assertEquals(rig.take(), []);
});

everyWay("Http2Connection joins promises of any pieces (§6.6, §6.10)", (make) => {
  const rig = make({ role: "client", acceptsPush: true });
  rig.core.sendEnd(rig.core.open([{ name: ":method", value: "GET" }], "GET", -1));
  rig.take();
  const block = rig.block(get("/pushed"));
  rig.send(
    {
      type: "pushPromise",
      streamId: 1,
      endHeaders: false,
      promisedId: 2,
      padLength: 3,
      fragment: block.subarray(0, 2),
    },
    { type: "continuation", streamId: 1, endHeaders: true, fragment: block.subarray(2) },
  );
  assertEquals(rig.tell(), ["push 2 on 1 GET /pushed"]);
});

everyWay("Http2Connection takes HEADERS with padding and a priority (§6.2)", (make) => {
  const rig = make();
  const priority = { exclusive: true, dependency: 7, weight: 9 };
  const fragment = rig.block(get());
  rig.send({ type: "headers", streamId: 1, endStream: true, endHeaders: true, padLength: 9, priority, fragment });
  assertEquals(rig.tell(), ["request 1 GET / whole"]);
  const itself = { ...priority, dependency: 3 };
  rig.send({ type: "headers", streamId: 3, endStream: true, endHeaders: true, priority: itself, fragment });
  assertEquals([rig.take(), rig.tell()], [["RST_STREAM 3 PROTOCOL_ERROR"], []]);
});

/** What must not come between the frames of a header block, nor elsewhere. */
const WRONG: readonly (readonly [name: string, frames: (rig: Rig) => readonly (Frame | Uint8Array)[], code: string])[] =
  [
    ["§6.10: CONTINUATION without a block", () => [rawFrame(9, 4, 1)], "PROTOCOL_ERROR"],
    ["§4.3: PING in a block", (rig) => [inPieces(rig, 1, [2])[0]!, ping(1)], "PROTOCOL_ERROR"],
    [
      "§4.3: HEADERS of another stream in a block",
      (rig) => [inPieces(rig, 1, [2])[0]!, rig.head(3, get())],
      "PROTOCOL_ERROR",
    ],
    ["§4.3: an unknown frame in a block", (rig) => [inPieces(rig, 1, [2])[0]!, rawFrame(0xfa, 0, 1)], "PROTOCOL_ERROR"],
    [
      "§6.10: CONTINUATION of another stream",
      (rig) => [inPieces(rig, 1, [2])[0]!, rawFrame(9, 4, 3)],
      "PROTOCOL_ERROR",
    ],
    ["§4.3: a block that is no HPACK", () => [rawFrame(1, 5, 1, [0x80])], "COMPRESSION_ERROR"],
    ["§4.3: a block that breaks off", () => [rawFrame(1, 5, 1, [0x00, 0x05, 0x61])], "COMPRESSION_ERROR"],
    ["§4.3: a block that names what is not in the table", () => [rawFrame(1, 5, 1, [0xff, 0x00])], "COMPRESSION_ERROR"],
    ["RFC 7541 §4.2: a table larger than told", () => [rawFrame(1, 5, 1, [0x3f, 0xe2, 0x1f])], "COMPRESSION_ERROR"],
    ["§6.2: HEADERS whose padding does not fit", () => [rawFrame(1, 0xd, 1, [2, 0x82])], "PROTOCOL_ERROR"],
    [
      "§6.1: DATA whose padding does not fit",
      (rig) => [rig.head(1, post()), rawFrame(0, 8, 1, [3, 1, 1])],
      "PROTOCOL_ERROR",
    ],
    ["§4.2: a frame that is too long", () => [Uint8Array.of(0, 0x40, 1, 0, 0, 0, 0, 0, 1)], "FRAME_SIZE_ERROR"],
    ["§6.5: SETTINGS of a wrong length", () => [rawFrame(4, 0, 0, [0, 3, 0, 0, 0])], "FRAME_SIZE_ERROR"],
    ["§6.5: an answer to SETTINGS with content", () => [rawFrame(4, 1, 0, [0, 3, 0, 0, 0, 1])], "FRAME_SIZE_ERROR"],
    ["§6.5.2: SETTINGS_ENABLE_PUSH of 2", () => [settingsFrame([[2, 2]])], "PROTOCOL_ERROR"],
    ["§6.5.2: a first window beyond 2^31 - 1", () => [settingsFrame([[4, 2 ** 31]])], "FLOW_CONTROL_ERROR"],
    ["§6.5.2: frames of less than 2^14", () => [settingsFrame([[5, 16_383]])], "PROTOCOL_ERROR"],
    ["§6.7: PING of 7 octets", () => [rawFrame(6, 0, 0, [0, 0, 0, 0, 0, 0, 0])], "FRAME_SIZE_ERROR"],
    ["§6.7: PING on a stream", () => [rawFrame(6, 0, 1, [0, 0, 0, 0, 0, 0, 0, 0])], "PROTOCOL_ERROR"],
    ["§6.8: GOAWAY on a stream", () => [rawFrame(7, 0, 1, [0, 0, 0, 0, 0, 0, 0, 0])], "PROTOCOL_ERROR"],
    ["§6.4: RST_STREAM of 3 octets", () => [rawFrame(3, 0, 1, [0, 0, 8])], "FRAME_SIZE_ERROR"],
    ["§6.9: WINDOW_UPDATE of 3 octets", () => [rawFrame(8, 0, 0, [0, 0, 1])], "FRAME_SIZE_ERROR"],
    ["RFC 9218 §7.1: PRIORITY_UPDATE of stream 0", () => [rawFrame(0x10, 0, 0, [0, 0, 0, 0])], "PROTOCOL_ERROR"],
    ["RFC 9218 §7.1: PRIORITY_UPDATE on a stream", () => [rawFrame(0x10, 0, 1, [0, 0, 0, 1])], "PROTOCOL_ERROR"],
  ];

for (const [name, frames, code] of WRONG) {
  everyWay(`Http2Connection.receive ends the connection, ${name}`, (make) => {
    const rig = make();
    rig.send(...frames(rig));
    const last = name.includes("DATA") ? 1 : 0;
    assertEquals(rig.take(), [`GOAWAY ${last} ${code}`]);
    assertEquals(rig.tell().at(-1), `error ${code}`);
    rig.send(ping(1), rig.head(9, get(), { end: true })); // nothing more is read
    assertEquals([rig.take(), rig.tell(), rig.core.end], [[], [], "finish"]);
  });
}

Deno.test("Http2Connection.receive judges a frame by its head, before its payload has come (§4.2)", () => {
  for (const head of [[0, 0x40, 1, 0, 0, 0, 0, 0, 1], [0, 0, 9, 6, 0, 0, 0, 0, 0], [0, 0, 4, 3, 0, 0, 0, 0, 0]]) {
    const rig = new Rig();
    rig.send(Uint8Array.from(head));
    assertEquals(rig.core.end, "finish");
  }
});

Deno.test("Http2Connection.receive bounds a header block by its octets and its frames (§10.5.1, CVE-2024-27316)", () => {
  const long = new Rig({ limits: { maxBlockBytes: 10_000 } });
  const fragment = new Uint8Array(6_000);
  long.send({ type: "headers", streamId: 1, endStream: true, endHeaders: false, fragment });
  long.send({ type: "continuation", streamId: 1, endHeaders: true, fragment });
  assertEquals(long.take(), ["GOAWAY 0 ENHANCE_YOUR_CALM"]);
  for (const pieces of [31, 32]) {
    const many = new Rig();
    many.send(...inPieces(many, 1, new Array(pieces).fill(1)));
    assertEquals(many.take(), pieces === 31 ? [] : ["GOAWAY 0 ENHANCE_YOUR_CALM"]);
  }
});

everyWay("Http2Connection.receive takes all frames of a conversation alike, however they are cut", (make) => {
  const rig = make({ settings: [[4, 100]] });
  rig.send(
    rig.head(1, post("/a", ["content-length", "10"])),
    data(1, "hello", { pad: 0 }),
    settingsFrame([[3, 10], [4, 50]]),
    grant(0, 10),
    rig.head(3, get("/b"), { end: true }),
    ping(7),
    data(1, "world", { end: true }),
    { type: "priorityUpdate", streamId: 0, prioritizedId: 3, value: "u=1" },
    rst(3),
    rawFrame(0xfe, 0xff, 3, [1, 2, 3]),
    SETTINGS_ACK,
    ...inPieces(rig, 5, [1, 2, 3]),
    goAway(0),
  );
  assertEquals(rig.tell(), [
    "request 1 POST /a",
    "data 1 hello",
    "settings",
    "request 3 GET /b whole",
    "data 1 world",
    "end 1",
    "reset 3 CANCEL by peer",
    "request 5 GET / whole",
    "goAway 0 NO_ERROR ",
  ]);
  assertEquals(rig.take(), ["SETTINGS ACK", "PING ACK 0707070707070707"]);
});
