/**
 * Owns the proof of what each frame of a client's means in each state of a stream (RFC 9113 §5, §6, §8), on every cut of the
 * octets.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { answered, asked, promise, type Row, testRows } from "./core_rows.ts";
import { get, post } from "./peer.ts";
import { data, everyWay, goAway, grant, ping, rawFrame, rst, settingsFrame } from "./rig.ts";

const REQUESTS: readonly Row[] = [
  {
    name: "§8.1: a request of a head alone",
    input: (rig) => [rig.head(1, get("/a"), { end: true })],
    sent: [],
    told: ["request 1 GET /a whole"],
  },
  {
    name: "§8.1: a request with content and trailers",
    input: (rig) => [
      rig.head(1, post()),
      data(1, "hel"),
      data(1, "lo", { pad: 7 }),
      rig.head(1, [["x-sum", "1"]], { end: true }),
    ],
    sent: [],
    told: ["request 1 POST /", "data 1 hel", "data 1 lo", "end 1 x-sum=1"],
  },
  {
    name: "§6.1: an empty last DATA frame ends the content",
    before: asked(false),
    input: () => [data(1, 0, { end: true })],
    sent: [],
    told: ["end 1"],
  },
  {
    name: "§8.1.1: content shorter than announced, ended by DATA",
    input: (rig) => [rig.head(1, post("/", ["content-length", "3"])), data(1, "ab", { end: true })],
    sent: ["RST_STREAM 1 PROTOCOL_ERROR"],
    told: ["request 1 POST /", "data 1 ab", "reset 1 PROTOCOL_ERROR"],
  },
  {
    name: "§8.1.1: content shorter than announced, ended by trailers",
    input: (rig) => [rig.head(1, post("/", ["content-length", "1"])), rig.head(1, [["x", "y"]], { end: true })],
    sent: ["RST_STREAM 1 PROTOCOL_ERROR"],
    told: ["request 1 POST /", "reset 1 PROTOCOL_ERROR"],
  },
  {
    name: "§8.1.1: content announced, and ended by the head",
    input: (rig) => [rig.head(1, post("/", ["content-length", "1"]), { end: true })],
    sent: ["RST_STREAM 1 PROTOCOL_ERROR"],
    told: [],
  },
  {
    name: "§8.1.1: content longer than announced",
    input: (rig) => [rig.head(1, post("/", ["content-length", "3"])), data(1, "abcd")],
    sent: ["RST_STREAM 1 PROTOCOL_ERROR"],
    told: ["request 1 POST /", "reset 1 PROTOCOL_ERROR"],
  },
  {
    name: "§8.1: trailers that do not end the stream",
    before: asked(false),
    input: (rig) => [rig.head(1, [["x", "y"]])],
    sent: ["RST_STREAM 1 PROTOCOL_ERROR"],
    told: ["reset 1 PROTOCOL_ERROR"],
  },
  {
    name: "§8.1.1: a malformed request; the next one is read",
    input: (rig) => [rig.head(1, [[":method", "GET"]], { end: true }), rig.head(3, get(), { end: true })],
    sent: ["RST_STREAM 1 PROTOCOL_ERROR"],
    told: ["request 3 GET / whole"],
  },
  {
    name: "§8.5: trailers in a tunnel",
    before: (rig) => rig.send(rig.head(1, [[":method", "CONNECT"], [":authority", "example.com:443"]])),
    input: (rig) => [data(1, "raw"), rig.head(1, [["x", "y"]], { end: true })],
    sent: ["RST_STREAM 1 PROTOCOL_ERROR"],
    told: ["data 1 raw", "reset 1 PROTOCOL_ERROR"],
  },
  {
    name: "RFC 9110 §10.1.1: an expectation that is not met is answered without a handler",
    input: (rig) => [rig.head(1, post("/", ["expect", "wonders"])), data(1, "abc", { end: true })],
    sent: ["HEADERS 1 END :status=417, content-length=0"],
    told: [],
  },
  {
    name: "§10.5.1: a field section beyond the limit is answered without a handler",
    options: { limits: { maxFieldSectionBytes: 1_000 } },
    input: (rig) => [rig.head(1, get("/", ["x-long", "a".repeat(1_000)]), { end: true })],
    sent: ["HEADERS 1 END :status=431, content-length=0"],
    told: [],
  },
  {
    name: "§10.5.1: more fields than the limit",
    options: { limits: { maxFields: 5 } },
    input: (rig) => [rig.head(1, get("/", ["a", ""], ["b", ""]), { end: true })],
    sent: ["HEADERS 1 END :status=431, content-length=0"],
    told: [],
  },
  {
    name: "§10.5.1: trailers beyond the limit",
    options: { limits: { maxFields: 5 } },
    before: asked(false),
    input: (rig) => [rig.head(1, ["a", "b", "c", "d", "e", "f"].map((name) => [name, ""] as const), { end: true })],
    sent: ["RST_STREAM 1 ENHANCE_YOUR_CALM"],
    told: ["reset 1 ENHANCE_YOUR_CALM"],
  },
  {
    name: "RFC 9110 §15.5.15: a target beyond the limit is answered without a handler",
    options: { limits: { maxTargetBytes: 10 } },
    input: (rig) => [rig.head(1, get("/0123456789"), { end: true })],
    sent: ["HEADERS 1 END :status=414, content-length=0"],
    told: [],
  },
  {
    name: "§5.1.2: a stream above the limit is refused, and its fields are in the tables all the same",
    options: { limits: { maxConcurrentStreams: 1 } },
    input: (rig) => [
      rig.head(1, get(), { end: true }),
      rig.head(3, get("/b", ["x-new", "field"]), { end: true }),
      rst(1),
      rig.head(5, get("/b", ["x-new", "field"]), { end: true }),
    ],
    sent: ["RST_STREAM 3 REFUSED_STREAM", "RST_STREAM 5 REFUSED_STREAM"], // the handler of 1 still works
    told: ["request 1 GET / whole", "reset 1 CANCEL by peer"],
  },
];

const STATES: readonly Row[] = [
  {
    name: "§5.1, idle: DATA",
    input: () => [data(1, 0, { end: true })],
    sent: ["GOAWAY 0 PROTOCOL_ERROR"],
    told: ["error PROTOCOL_ERROR"],
  },
  { name: "§5.1, idle: RST_STREAM", input: () => [rst(1)], sent: ["GOAWAY 0 PROTOCOL_ERROR"] },
  { name: "§5.1, idle: WINDOW_UPDATE", input: () => [grant(1, 1)], sent: ["GOAWAY 0 PROTOCOL_ERROR"] },
  { name: "§5.1, idle: PRIORITY is ignored", input: () => [rawFrame(2, 0, 5, [0, 0, 0, 1, 0])], sent: [] },
  {
    name: "§5.3.1 of RFC 7540, idle: PRIORITY on itself",
    input: () => [rawFrame(2, 0, 5, [0, 0, 0, 5, 0])],
    sent: ["GOAWAY 0 PROTOCOL_ERROR"],
  },
  {
    name: "§5.3.1 of RFC 7540, open: PRIORITY on itself",
    before: asked(false),
    input: () => [rawFrame(2, 0, 1, [0, 0, 0, 1, 0])],
    sent: ["RST_STREAM 1 PROTOCOL_ERROR"],
  },
  {
    name: "§6.3: PRIORITY of a wrong length on an open stream",
    before: asked(false),
    input: () => [rawFrame(2, 0, 1, [0, 0, 0, 3])],
    sent: ["RST_STREAM 1 FRAME_SIZE_ERROR"],
  },
  {
    name: "§6.3: PRIORITY of a wrong length on a stream that only we could open",
    input: () => [rawFrame(2, 0, 2, [0, 0, 0, 3])],
    sent: ["GOAWAY 0 FRAME_SIZE_ERROR"],
  },
  {
    name: "§5.1.1: an even stream",
    input: (rig) => [rig.head(2, get(), { end: true })],
    sent: ["GOAWAY 0 PROTOCOL_ERROR"],
  },
  {
    name: "§5.1.1: a lower stream than before",
    before: (rig) => rig.send(rig.head(5, get(), { end: true })),
    input: (rig) => [rig.head(3, get(), { end: true })],
    sent: ["GOAWAY 5 STREAM_CLOSED"],
  },
  {
    name: "§5.1, half-closed (remote): DATA",
    before: asked(true),
    input: () => [data(1, 1)],
    sent: ["RST_STREAM 1 STREAM_CLOSED"],
  },
  {
    name: "§5.1, half-closed (remote): HEADERS",
    before: asked(true),
    input: (rig) => [rig.head(1, [["x", "y"]], { end: true })],
    sent: ["RST_STREAM 1 STREAM_CLOSED"],
  },
  {
    name: "§5.1, half-closed (remote): WINDOW_UPDATE, PRIORITY and RST_STREAM",
    before: asked(true),
    input: () => [grant(1, 1), rawFrame(2, 0, 1, [0, 0, 0, 3, 0]), rst(1)],
    sent: [],
    told: ["reset 1 CANCEL by peer"],
  },
  {
    name: "§5.1, half-closed (local): the rest of the request",
    before: answered(false),
    input: () => [data(1, "rest", { end: true })],
    sent: ["HEADERS 1 END :status=200"],
    told: ["data 1 rest", "end 1"],
  },
  {
    name: "§5.1, closed by both: WINDOW_UPDATE, RST_STREAM and PRIORITY may be late",
    before: (rig) => {
      answered(true)(rig);
      rig.take();
    },
    input: () => [grant(1, 1), rst(1), rawFrame(2, 0, 1, [0, 0, 0, 3, 0]), ping(1)],
    sent: ["PING ACK 0101010101010101"],
  },
  {
    name: "§5.1, closed by both: DATA",
    before: (rig) => {
      answered(true)(rig);
      rig.take();
    },
    input: () => [data(1, 1)],
    sent: ["GOAWAY 1 STREAM_CLOSED"],
  },
  {
    name: "§5.1, closed by the peer's reset: HEADERS",
    before: (rig) => {
      asked(true)(rig);
      rig.send(rst(1));
    },
    input: (rig) => [rig.head(1, get(), { end: true })],
    sent: ["GOAWAY 1 STREAM_CLOSED"],
  },
  {
    name: "§5.1, closed by our reset: what was on its way is ignored",
    before: (rig) => {
      asked(false)(rig);
      rig.core.reset(rig.stream(1), 8);
    },
    input: (rig) => [data(1, 5), grant(1, 5), rig.head(1, [["x", "y"]], { end: true }), rst(1), ping(2)],
    sent: ["RST_STREAM 1 CANCEL", "PING ACK 0202020202020202"],
  },
  {
    name: "§6.9: an increment of 0 on a stream",
    before: asked(true),
    input: () => [grant(1, 1), rawFrame(8, 0, 1, [0, 0, 0, 0])],
    sent: ["RST_STREAM 1 PROTOCOL_ERROR"],
  },
  {
    name: "§6.9: an increment of 0 on the connection",
    input: () => [rawFrame(8, 0, 0, [0, 0, 0, 0])],
    sent: ["GOAWAY 0 PROTOCOL_ERROR"],
  },
  {
    name: "§6.9.1: a stream's window beyond 2^31 - 1",
    before: asked(true),
    input: () => [grant(1, 0x7fffffff)],
    sent: ["RST_STREAM 1 FLOW_CONTROL_ERROR"],
  },
  {
    name: "§6.9.1: the connection's window beyond 2^31 - 1",
    input: () => [grant(0, 0x7fffffff)],
    sent: ["GOAWAY 0 FLOW_CONTROL_ERROR"],
  },
  {
    name: "§6.9.2: SETTINGS that take a stream's window beyond 2^31 - 1",
    before: (rig) => {
      asked(true)(rig);
      rig.send(grant(1, 0x7fffffff - 65_535));
    },
    input: () => [settingsFrame([[4, 65_536]])],
    sent: ["GOAWAY 1 FLOW_CONTROL_ERROR"],
  },
  {
    name: "§8.4: a client that pushes",
    before: asked(false),
    input: (rig) => [promise(rig, 1, 2)],
    sent: ["GOAWAY 1 PROTOCOL_ERROR"],
  },
  {
    name: "§6.8: GOAWAY whose last stream grows",
    before: asked(true),
    input: () => [goAway(2), goAway(4)],
    sent: ["GOAWAY 1 PROTOCOL_ERROR"],
  },
  { name: "§5.5: frames of unknown types are ignored", input: () => [rawFrame(0xfa, 0xff, 3, [1, 2])], sent: [] },
  {
    name: "RFC 8336 §2.1, RFC 7838 §4: a server ignores ORIGIN and ALTSVC",
    input: () => [rawFrame(0xc, 0, 0, [0, 1, 0x61]), rawFrame(0xa, 0, 0, [0, 1, 0x61, 0x62])],
    sent: [],
    told: [],
  },
  {
    name: "RFC 9218 §7.1: PRIORITY_UPDATE for a push that was not promised",
    input: () => [{ type: "priorityUpdate", streamId: 0, prioritizedId: 2, value: "u=1" }],
    sent: ["GOAWAY 0 PROTOCOL_ERROR"],
  },
];

testRows([...REQUESTS, ...STATES]);

everyWay("Http2Connection.receive, §5.1, reserved (local): only RST_STREAM, PRIORITY and WINDOW_UPDATE", (make) => {
  for (const wrong of ["DATA", "HEADERS", undefined]) {
    const rig = make();
    asked(true)(rig);
    const head = { method: "GET", fields: [], path: "/", scheme: "http", authority: "a", protocol: "" };
    rig.core.push(
      rig.stream(1),
      { ...head, contentLength: -1, priority: undefined, expectsContinue: false },
      [{ name: ":method", value: "GET" }],
    );
    assertEquals(rig.take(), ["PUSH_PROMISE 2 on 1 :method=GET"]);
    rig.send(grant(2, 1), rawFrame(2, 0, 2, [0, 0, 0, 1, 0]));
    assertEquals(rig.take(), []);
    rig.send(wrong === undefined ? rst(2) : wrong === "DATA" ? data(2, 1) : rig.head(2, [["x", "y"]]));
    assertEquals(rig.take(), wrong === undefined ? [] : ["GOAWAY 1 PROTOCOL_ERROR"]);
  }
});
