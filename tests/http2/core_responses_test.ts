/**
 * Owns the proof of what each frame of a server's means in each state of a stream (RFC 9113 §5, §6, §8), on every cut of the
 * octets.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { asks, CLIENT, OK, promise, promised, PUSHED, type Row, testRows } from "./core_rows.ts";
import { get, post } from "./peer.ts";
import { data, everyWay, grant, rawFrame, type Rig, rst, settingsFrame } from "./rig.ts";

const RESPONSES: readonly Row[] = [
  {
    name: "§8.1: interim responses, the response, content, trailers",
    options: CLIENT,
    before: asks(),
    input: (rig) => [
      rig.head(1, [[":status", "103"]]),
      rig.head(1, OK),
      data(1, "hi"),
      rig.head(1, [["x-sum", "1"]], { end: true }),
    ],
    sent: [],
    told: ["informational 1 103", "response 1 200", "data 1 hi", "end 1 x-sum=1"],
  },
  {
    name: "§8.1: an interim response behind the final one",
    options: CLIENT,
    before: asks(),
    input: (rig) => [rig.head(1, OK), rig.head(1, [[":status", "103"]])],
    sent: ["RST_STREAM 1 PROTOCOL_ERROR"],
    told: ["response 1 200", "reset 1 PROTOCOL_ERROR"],
  },
  {
    name: "§8.1: an interim response that ends the stream",
    options: CLIENT,
    before: asks(),
    input: (rig) => [rig.head(1, [[":status", "103"]], { end: true })],
    sent: ["RST_STREAM 1 PROTOCOL_ERROR"],
  },
  {
    name: "§8.1.1: content before a response's head",
    options: CLIENT,
    before: asks(),
    input: () => [data(1, 1)],
    sent: ["RST_STREAM 1 PROTOCOL_ERROR"],
  },
  {
    name: "RFC 9110 §9.3.2: a HEAD's length is of no content",
    options: CLIENT,
    before: asks("HEAD"),
    input: (rig) => [rig.head(1, [...OK, ["content-length", "5"]], { end: true })],
    sent: [],
    told: ["response 1 200 whole"],
  },
  {
    name: "RFC 9110 §9.3.2: content of a HEAD",
    options: CLIENT,
    before: asks("HEAD"),
    input: (rig) => [rig.head(1, [...OK, ["content-length", "5"]]), data(1, "hello", { end: true })],
    sent: ["RST_STREAM 1 PROTOCOL_ERROR"],
  },
  {
    name: "RFC 9110 §15.3.5: content of a 204",
    options: CLIENT,
    before: asks(),
    input: (rig) => [rig.head(1, [[":status", "204"]]), data(1, 1)],
    sent: ["RST_STREAM 1 PROTOCOL_ERROR"],
  },
  {
    name: "§8.1.1: a response whose content never comes",
    options: CLIENT,
    before: asks(),
    input: (rig) => [rig.head(1, [...OK, ["content-length", "5"]], { end: true })],
    sent: ["RST_STREAM 1 PROTOCOL_ERROR"],
    told: ["reset 1 PROTOCOL_ERROR"],
  },
  {
    name: "§8.5: a tunnel has no length, and no trailers",
    options: CLIENT,
    before: asks("CONNECT", { ends: false }),
    input: (rig) => [rig.head(1, OK), data(1, "raw"), rig.head(1, [["x", "y"]], { end: true })],
    sent: ["RST_STREAM 1 PROTOCOL_ERROR"],
    told: ["response 1 200", "data 1 raw", "reset 1 PROTOCOL_ERROR"],
  },
  {
    name: "§8.7: a stream that was refused was not processed",
    options: CLIENT,
    before: asks(),
    input: () => [rst(1, 7)],
    sent: [],
    told: ["reset 1 REFUSED_STREAM by peer unprocessed"],
  },
  {
    name: "§8.1: an early response, and NO_ERROR for the rest of the request",
    options: CLIENT,
    before: asks("POST", { ends: false }),
    input: (rig) => [rig.head(1, OK, { end: true }), rst(1, 0)],
    sent: [],
    told: ["response 1 200 whole", "reset 1 NO_ERROR by peer"],
  },
  {
    name: "§10.5.1: a response's fields beyond the limit",
    options: { ...CLIENT, limits: { maxFields: 2 } },
    before: asks(),
    input: (rig) => [rig.head(1, [...OK, ["a", ""], ["b", ""]])],
    sent: ["RST_STREAM 1 ENHANCE_YOUR_CALM"],
  },
  {
    name: "§5.1, idle: a server opens a stream by HEADERS",
    options: CLIENT,
    input: (rig) => [rig.head(2, OK)],
    sent: ["GOAWAY 0 PROTOCOL_ERROR"],
  },
  {
    name: "RFC 9218 §7.1: a server sends PRIORITY_UPDATE",
    options: CLIENT,
    before: asks(),
    input: () => [{ type: "priorityUpdate", streamId: 0, prioritizedId: 1, value: "u=1" }],
    sent: ["GOAWAY 0 PROTOCOL_ERROR"],
  },
  {
    name: "RFC 8336 §2, RFC 7838 §4: ORIGIN and ALTSVC are handed up",
    options: CLIENT,
    input: () => [rawFrame(0xc, 0, 0, [0, 1, 0x61, 0, 1, 0x62]), rawFrame(0xa, 0, 0, [0, 1, 0x61, 0x62])],
    sent: [],
    told: ["origin a b", "altSvc 0 a b"],
  },
  {
    name: "§6.5.2: a server that enables push",
    options: CLIENT,
    input: () => [settingsFrame([[2, 1]])],
    sent: ["GOAWAY 0 PROTOCOL_ERROR"],
  },
];

const PUSHES: readonly Row[] = [
  {
    name: "§8.4: a promise, and its response",
    options: PUSHED,
    before: promised,
    input: (rig) => [rig.head(2, OK), data(2, "pushed", { end: true }), rig.head(1, OK, { end: true })],
    sent: [],
    told: ["response 2 200", "data 2 pushed", "end 2", "response 1 200 whole"],
  },
  {
    name: "§5.1, reserved (remote): DATA",
    options: PUSHED,
    before: promised,
    input: () => [data(2, 1)],
    sent: ["GOAWAY 2 PROTOCOL_ERROR"],
  },
  {
    name: "§5.1, reserved (remote): WINDOW_UPDATE",
    options: PUSHED,
    before: promised,
    input: () => [grant(2, 1)],
    sent: ["GOAWAY 2 PROTOCOL_ERROR"],
  },
  {
    name: "§5.1, reserved (remote): RST_STREAM and PRIORITY",
    options: PUSHED,
    before: promised,
    input: () => [rawFrame(2, 0, 2, [0, 0, 0, 1, 0]), rst(2)],
    sent: [],
    told: ["reset 2 CANCEL by peer"],
  },
  {
    name: "§6.6: a promise that nobody accepts",
    options: CLIENT,
    before: asks(),
    input: (rig) => [promise(rig, 1, 2)],
    sent: ["GOAWAY 0 PROTOCOL_ERROR"],
  },
  {
    name: "§5.1.1: a promise of a stream that was promised",
    options: PUSHED,
    before: promised,
    input: (rig) => [promise(rig, 1, 2)],
    sent: ["GOAWAY 2 PROTOCOL_ERROR"],
  },
  {
    name: "§6.6: a promise on a stream that was promised",
    options: PUSHED,
    before: promised,
    input: (rig) => [promise(rig, 2, 4)],
    sent: ["GOAWAY 2 PROTOCOL_ERROR"],
  },
  {
    name: "§6.6: a promise on a stream whose response has ended",
    options: PUSHED,
    before: (rig) => {
      asks("POST", { ends: false })(rig);
      rig.take();
      rig.send(rig.head(1, OK, { end: true }));
    },
    input: (rig) => [promise(rig, 1, 2)],
    sent: ["GOAWAY 0 PROTOCOL_ERROR"],
  },
  {
    name: "§6.6: a promise on a stream that was reset just now",
    options: PUSHED,
    before: (rig) => {
      asks("POST", { ends: false })(rig);
      rig.take();
      rig.send(rig.head(1, OK));
      rig.core.reset(rig.stream(1), 8);
    },
    input: (rig) => [promise(rig, 1, 2), rig.head(2, OK)],
    sent: ["RST_STREAM 2 CANCEL"],
  },
  {
    name: "§8.4: a promise of a request that is not safe",
    options: PUSHED,
    before: asks(),
    input: (rig) => [promise(rig, 1, 2, post())],
    sent: ["RST_STREAM 2 PROTOCOL_ERROR"],
    told: [],
  },
  {
    name: "§8.4: a promise of a request with content",
    options: PUSHED,
    before: asks(),
    input: (rig) => [promise(rig, 1, 2, get("/", ["content-length", "1"]))],
    sent: ["RST_STREAM 2 PROTOCOL_ERROR"],
  },
  {
    name: "§8.4: a promise of a malformed request",
    options: PUSHED,
    before: asks(),
    input: (rig) => [promise(rig, 1, 2, [[":method", "GET"]])],
    sent: ["RST_STREAM 2 PROTOCOL_ERROR"],
  },
  {
    name: "§5.1.2: a promise above the limit",
    options: { ...PUSHED, limits: { maxConcurrentStreams: 1 } },
    before: promised,
    input: (rig) => [promise(rig, 1, 4), rig.head(4, OK)],
    sent: ["RST_STREAM 4 REFUSED_STREAM"],
    told: [],
  },
];

testRows([...RESPONSES, ...PUSHES]);

for (
  const [what, input] of [
    ["HEADERS", (rig: Rig) => rig.head(1, OK)],
    ["RST_STREAM", () => rst(1)],
    ["WINDOW_UPDATE", () => grant(1, 1)],
    ["PRIORITY on itself", () => rawFrame(2, 0, 1, [0, 0, 0, 1, 0])],
  ] as const
) {
  everyWay(`Http2Connection.receive, §5.1, idle: ${what} for a request that has not left`, (make) => {
    const rig = make(CLIENT);
    asks()(rig);
    rig.send(input(rig));
    assertEquals(rig.take(), ["GOAWAY 0 PROTOCOL_ERROR"]);
    assertEquals(rig.tell(), ["reset 1 PROTOCOL_ERROR unprocessed", "error PROTOCOL_ERROR"]);
  });
}
