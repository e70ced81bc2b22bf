/**
 * Owns the proof of each deadline of a connection: nothing is done a millisecond before it, and the right thing at it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { PREFACE } from "../../http2/frame.ts";
import type { HpackField } from "../../hpack/mod.ts";
import { get, post } from "./peer.ts";
import { data, goAway, grant, ping, Rig, type RigOptions, SETTINGS_ACK, settingsFrame } from "./rig.ts";

const OK: readonly HpackField[] = [{ name: ":status", value: "200" }];
/** A week, in milliseconds: what has no deadline is still there. */
const WEEK = 7 * 86_400_000;
/** No deadline is in the way of the one that is tested. */
const NONE = {
  preface: Infinity,
  settings: Infinity,
  head: Infinity,
  body: Infinity,
  request: Infinity,
  write: Infinity,
  drain: Infinity,
  idle: Infinity,
  age: Infinity,
  ping: Infinity,
  pong: Infinity,
  goAway: Infinity,
};

/** The beginning of a PING frame. */
const PING_PART = new Uint8Array([0, 0, 8, 6, 0]);

/** Makes a connection with one deadline of 1,000 ms, lets 999 pass, in which nothing happens, and then one more. */
function at1000(
  timeouts: RigOptions["timeouts"],
  before: (rig: Rig) => void = () => {},
  options: RigOptions = {},
): { readonly rig: Rig; readonly sent: string[]; readonly told: string[] } {
  const rig = new Rig({ ...options, timeouts: { ...NONE, ...timeouts } });
  before(rig);
  rig.take();
  rig.tell();
  rig.advance(999);
  assertEquals([rig.take(), rig.tell()], [[], []], "a millisecond before");
  rig.advance(1);
  return { rig, sent: rig.take(), told: rig.tell() };
}

function asks(rig: Rig): void {
  rig.send(rig.head(1, get(), { end: true }));
}

function uploads(rig: Rig): void {
  rig.send(rig.head(1, post()));
}

Deno.test("Http2Connection waits for ever where no deadline says otherwise, and wants not to be woken", () => {
  const rig = new Rig({ timeouts: NONE });
  uploads(rig);
  rig.send(PING_PART);
  assertEquals(rig.core.deadline, Infinity);
  rig.advance(WEEK);
  assertEquals(rig.core.end, "open");
});
Deno.test("Http2Connection ends where the preface does not come within 'preface'", () => {
  for (const part of [new Uint8Array(0), PREFACE.subarray(0, 10), PREFACE]) {
    const { sent, told } = at1000({ preface: 1_000 }, (rig) => rig.send(part), { greets: false });
    assertEquals([sent, told], [["GOAWAY 0 PROTOCOL_ERROR"], ["error PROTOCOL_ERROR"]]);
  }
  const { sent } = at1000({ preface: 1_000 }, () => {}, { greets: false, role: "client" });
  assertEquals(sent, ["GOAWAY 0 PROTOCOL_ERROR"]);
});

Deno.test("Http2Connection ends where its SETTINGS are not acknowledged within 'settings' of the preface (§6.5.3)", () => {
  const { sent, told } = at1000({ settings: 1_000 }, (rig) => {
    rig.advance(900); // the preface may take its time
    rig.send(PREFACE, settingsFrame());
  }, { greets: false });
  assertEquals([sent, told], [["GOAWAY 0 SETTINGS_TIMEOUT"], ["error SETTINGS_TIMEOUT"]]);
  const rig = new Rig({ timeouts: { ...NONE, settings: 1_000 } });
  rig.advance(WEEK);
  assertEquals(rig.core.end, "open");
});

Deno.test("Http2Connection keeps to acknowledged settings also where nobody waits for that", () => {
  const rig = new Rig({ greets: false, timeouts: NONE, limits: { streamWindowBytes: 10 } });
  rig.send(PREFACE, settingsFrame(), SETTINGS_ACK, rig.head(1, post()), data(1, 11));
  assertEquals(rig.take().at(-1), "RST_STREAM 1 FLOW_CONTROL_ERROR");
});

Deno.test("Http2Connection ends where a frame or a header block does not come whole within 'head'", () => {
  const parts: readonly ((rig: Rig) => void)[] = [
    (rig) => rig.send(PING_PART),
    (rig) => rig.send(new Uint8Array([0, 0, 8, 6, 0, 0, 0, 0, 0, 1])),
    (rig) => rig.send({ type: "headers", streamId: 1, endStream: true, endHeaders: false, fragment: rig.block(get()) }),
  ];
  for (const part of parts) assertEquals(at1000({ head: 1_000 }, part).sent.at(-1), "GOAWAY 0 PROTOCOL_ERROR");
  const rig = new Rig({ timeouts: { ...NONE, head: 1_000 } });
  uploads(rig);
  rig.send(new Uint8Array([0, 0, 9, 0, 0, 0, 0, 0, 1, 1])); // content may take longer
  rig.advance(WEEK);
  assertEquals(rig.core.end, "open");
});

Deno.test("Http2Connection gives each frame its own time, also where reads never end between two", () => {
  const rig = new Rig({ timeouts: { ...NONE, head: 1_000 } });
  const half = new Uint8Array([0, 0, 8, 6, 1, 0, 0, 0, 0, 0, 0, 0, 0]); // half of a PING, and its other half
  const rest = new Uint8Array([0, 0, 0, 0, ...half]);
  rig.send(half);
  for (let count = 0; count < 20; count++) {
    rig.advance(600);
    rig.send(rest);
  }
  assertEquals(rig.core.end, "open");
  const block = rig.block(get());
  rig.send(rest.subarray(0, 4), {
    type: "headers",
    streamId: 1,
    endStream: true,
    endHeaders: false,
    fragment: new Uint8Array(0),
  });
  rig.advance(600); // a block is one thing, in however many frames it comes
  rig.send({ type: "continuation", streamId: 1, endHeaders: false, fragment: block.subarray(0, 2) });
  rig.advance(600);
  assertEquals(rig.take(), ["GOAWAY 0 PROTOCOL_ERROR"]);
});

Deno.test("Http2Connection answers 408 where content does not come within 'body' of the last", () => {
  const { rig, sent, told } = at1000({ body: 1_000 }, (rig) => {
    uploads(rig);
    rig.advance(900);
    rig.send(data(1, 5));
    rig.core.consumed(rig.stream(1), 5, rig.now);
  });
  assertEquals(sent, ["HEADERS 1 END :status=408, content-length=0"]);
  assertEquals(told, ["reset 1 CANCEL"]);
  rig.send(data(1, "late", { end: true })); // and nothing more is told
  assertEquals([rig.take(), rig.tell(), rig.core.openStreams], [[], [], 0]);
});

Deno.test("Http2Connection resets a stream whose content is late and whose answer has begun", () => {
  const { sent, told } = at1000({ body: 1_000 }, (rig) => {
    uploads(rig);
    rig.core.sendHead(rig.stream(1), OK, -1);
  });
  assertEquals([sent, told], [["RST_STREAM 1 CANCEL"], ["reset 1 CANCEL"]]);
});

Deno.test("Http2Connection awaits no content that it has given no room for, or has not asked for", () => {
  const timeouts = { ...NONE, body: 1_000 };
  const full = new Rig({ timeouts, limits: { streamWindowBytes: 10 } });
  uploads(full);
  full.send(data(1, 10));
  full.advance(WEEK);
  assertEquals(full.take(), []);
  full.core.consumed(full.stream(1), 10, full.now); // from now on it is the client's turn
  full.advance(1_000);
  assertEquals(full.take(), ["WINDOW_UPDATE 1 10", "HEADERS 1 END :status=408, content-length=0"]);

  const asked = new Rig({ timeouts });
  asked.send(asked.head(1, post("/", ["expect", "100-continue"])));
  asked.advance(WEEK);
  asked.core.inform(asked.stream(1), [{ name: ":status", value: "100" }]);
  assertEquals(asked.take(), ["HEADERS 1 :status=100"]);
  asked.advance(999);
  assertEquals(asked.take(), []);
  asked.advance(1);
  assertEquals(asked.take(), ["HEADERS 1 END :status=408, content-length=0"]);

  const shared = new Rig({ timeouts, limits: { connectionWindowBytes: 65_535, maxUnreadBytes: 0 } });
  shared.send(shared.head(1, post()), shared.head(3, post()));
  for (let left = 65_535; left > 0; left -= 16_384) shared.send(data(1, Math.min(left, 16_384)));
  shared.send(data(3, 0));
  shared.take();
  shared.advance(500_000);
  assertEquals(shared.tell().filter((line) => line.startsWith("reset")), []);
});

Deno.test("Http2Connection lets a tunnel be silent for as long as it likes", () => {
  const rig = new Rig({ timeouts: { ...NONE, body: 1_000, request: 1_000, write: 1_000 }, settings: [[4, 1]] });
  rig.send(rig.head(1, [[":method", "CONNECT"], [":authority", "example.com:443"]]), data(1, 1));
  rig.core.sendHead(rig.stream(1), OK, -1);
  rig.core.sendContent(rig.stream(1), new Uint8Array(5));
  rig.take();
  rig.advance(WEEK);
  assertEquals(rig.take(), []);
  assertEquals(rig.core.openStreams, 1);
});

Deno.test("Http2Connection answers 408 where a request is not whole within 'request'", () => {
  const { sent } = at1000({ request: 1_000 }, (rig) => {
    uploads(rig);
    rig.send(data(1, 5));
  });
  assertEquals(sent, ["HEADERS 1 END :status=408, content-length=0"]);
  const rig = new Rig({ timeouts: { ...NONE, request: 1_000 } });
  uploads(rig);
  rig.send(data(1, 5, { end: true }));
  rig.advance(WEEK);
  assertEquals(rig.take(), []);
});

Deno.test("Http2Connection is closed at once where a write takes longer than 'write'", () => {
  const rig = new Rig({ timeouts: { ...NONE, write: 1_000 } });
  asks(rig);
  rig.core.sendWhole(rig.stream(1), OK, "hello");
  rig.core.watch(rig.stream(1));
  const view = rig.core.takeOutput(rig.now);
  rig.advance(900);
  rig.core.sent(1, rig.now); // each step counts
  assertEquals(rig.core.takeOutput(rig.now)?.length, (view?.length ?? 0) - 1);
  rig.advance(999);
  assertEquals(rig.core.end, "open");
  rig.advance(1);
  assertEquals(rig.core.end, "closed");
  assertEquals(rig.tell().at(-1), "error PROTOCOL_ERROR");
  assertEquals(rig.core.deadline, Infinity);
  assertEquals([...rig.core.streams()].map(({ id }) => id), [1]); // its last octets have not left
});

Deno.test("Http2Connection tells of one error only, where the peer does not even read why", () => {
  const rig = new Rig({ timeouts: { ...NONE, write: 1_000 } });
  rig.send(data(1, 1));
  rig.core.takeOutput(rig.now);
  rig.advance(1_000);
  assertEquals([rig.core.end, rig.tell()], ["closed", ["error PROTOCOL_ERROR"]]);
});

Deno.test("Http2Connection resets a stream that gets no window for its content within 'write'", () => {
  const { sent, told, rig } = at1000({ write: 1_000 }, (rig) => {
    asks(rig);
    rig.core.sendWhole(rig.stream(1), OK, new Uint8Array(20));
    rig.take();
    rig.advance(500);
    rig.send(grant(1, 1)); // what it gets counts
    rig.take();
  }, { settings: [[4, 10]] });
  assertEquals([sent, told], [["RST_STREAM 1 CANCEL"], ["reset 1 CANCEL"]]);
  assertEquals(rig.core.openStreams, 0);
});

Deno.test("Http2Connection counts a trickle for the stream that gets it, and for no other", () => {
  const rig = new Rig({ timeouts: { ...NONE, write: 1_000 }, settings: [[4, 100_000]] });
  for (const id of [1, 3]) {
    rig.send(rig.head(id, get(), { end: true }));
    rig.core.sendWhole(rig.stream(id), OK, new Uint8Array(100_000));
  }
  rig.take(); // the connection's window is used up
  for (let count = 0; count < 2; count++) {
    rig.advance(500);
    rig.send(grant(0, 1));
    rig.take();
  }
  assertEquals(rig.tell().filter((line) => line.startsWith("reset")).length, 1);
});

Deno.test("Http2Connection forgets that a stream has waited for window once it got some", () => {
  const rig = new Rig({ timeouts: { ...NONE, write: 1_000 }, settings: [[4, 10]] });
  asks(rig);
  rig.core.sendHead(rig.stream(1), OK, -1);
  rig.core.sendContent(rig.stream(1), new Uint8Array(20));
  rig.take();
  rig.send(grant(1, 1_000));
  assertEquals(rig.take(), ["DATA 1 10"]);
  rig.advance(WEEK); // its maker has no more to send
  rig.core.sendContent(rig.stream(1), new Uint8Array(5));
  assertEquals(rig.take(), ["DATA 1 5"]);
});

Deno.test("Http2Connection resets the rest of a request that was answered, after 'drain' (§8.1)", () => {
  for (const early of [true, false]) {
    const { sent, told } = at1000({ drain: 1_000 }, (rig) => {
      uploads(rig);
      if (early) rig.core.discard(rig.stream(1));
      rig.core.sendWhole(rig.stream(1), OK, null);
      rig.take();
      if (!early) rig.core.discard(rig.stream(1));
      rig.send(data(1, 5));
    });
    assertEquals([sent, told], [["RST_STREAM 1 NO_ERROR"], []]);
  }
});

Deno.test("Http2Connection says goodbye after 'idle' without a stream, a PING notwithstanding", () => {
  const { rig, sent, told } = at1000({ idle: 1_000 }, (rig) => {
    asks(rig);
    rig.advance(5_000);
    rig.core.sendWhole(rig.stream(1), OK, null);
    rig.take();
    rig.send(ping(1));
  });
  assertEquals([sent, told, rig.core.end], [["GOAWAY 1 NO_ERROR"], [], "finish"]);
});

Deno.test("Http2Connection says goodbye in two steps once it is as old as 'age', and lets streams finish (§6.8)", () => {
  const { rig, sent } = at1000({ age: 1_000, idle: 1 }, asks);
  assertEquals(sent, ["GOAWAY 2147483647 NO_ERROR", "PING"]);
  rig.send(rig.head(3, get(), { end: true })); // it did not know
  assertEquals(rig.tell(), ["request 3 GET / whole"]);
  rig.advance(WEEK);
  assertEquals(rig.take(), []);
  for (const id of [1, 3]) rig.core.sendWhole(rig.stream(id), OK, null);
  assertEquals(rig.take().length, 2);
  assertEquals(rig.core.end, "open"); // the last GOAWAY was not sent yet: the PING was not answered
});

Deno.test("Http2Connection sends the last GOAWAY after 'goAway', or a round trip where that is less (§6.8)", () => {
  for (const answers of [true, false]) {
    const rig = new Rig({ timeouts: { ...NONE, goAway: 1_000 } });
    asks(rig);
    rig.core.shutdown(rig.now);
    const [first, question] = rig.takeFrames();
    assertEquals([first?.type, question?.type], ["goAway", "ping"]);
    rig.advance(400);
    if (answers && question?.type === "ping") rig.send({ ...question, ack: true, payload: question.payload.slice() });
    else rig.advance(600);
    assertEquals(rig.take(), ["GOAWAY 1 NO_ERROR"]);
    rig.advance(WEEK);
    if (!answers && question?.type === "ping") rig.send({ ...question, ack: true }); // it has been said already
    assertEquals(rig.take(), []);
  }
});

Deno.test("Http2Connection asks a silent peer whether it lives after 'ping', and is closed after 'pong'", () => {
  const { rig, sent } = at1000({ ping: 1_000, pong: 3_000 });
  assertEquals(sent, ["PING"]);
  rig.advance(2_999);
  assertEquals([rig.take(), rig.core.end], [[], "open"]); // one at a time
  rig.advance(1);
  assertEquals([rig.core.end, rig.tell()], ["closed", ["error PROTOCOL_ERROR"]]);
});

Deno.test("Http2Connection takes anything that comes for a sign of life", () => {
  const rig = new Rig({ timeouts: { ...NONE, ping: 1_000, pong: 3_000 } });
  for (let count = 0; count < 10; count++) {
    rig.advance(900);
    rig.send(grant(0, 1));
  }
  assertEquals(rig.take(), []);
  rig.advance(1_000);
  assertEquals(rig.take(), ["PING"]);
  for (let count = 0; count < 10; count++) {
    rig.advance(900); // a peer that is busy may answer late
    rig.send(grant(0, 1));
  }
  assertEquals([rig.core.end, rig.take()], ["open", []]);
});

Deno.test("Http2Connection.ping tells what a round trip took", () => {
  const rig = new Rig({ timeouts: NONE });
  rig.now += 500; // the connection has not heard of that
  rig.core.ping();
  rig.core.ping();
  const [first, second] = rig.takeFrames();
  rig.advance(30);
  for (const question of [first, second]) {
    if (question?.type === "ping") rig.send({ ...question, ack: true });
  }
  assertEquals(rig.tell(), ["pong 30", "pong 30"]);
  assertEquals(rig.core.roundTripTime, 30);
  rig.send(ping(0xff, true)); // an answer to nothing
  assertEquals([rig.tell(), rig.core.end], [[], "open"]);
});

Deno.test("Http2Connection.linger throws away what comes for a second, unless the peer has ended", () => {
  const rig = new Rig({ timeouts: NONE });
  rig.core.shutdown(rig.now);
  assertEquals([rig.take(), rig.core.end], [["GOAWAY 0 NO_ERROR"], "finish"]);
  assertEquals(rig.core.linger(rig.now), true);
  asks(rig);
  assertEquals([rig.tell(), rig.core.end], [[], "lingering"]);
  rig.advance(999);
  assertEquals(rig.core.end, "lingering");
  rig.advance(1);
  assertEquals(rig.core.end, "closed");
  for (const first of [true, false]) {
    const other = new Rig({ timeouts: NONE });
    other.core.shutdown(other.now);
    other.take();
    if (first) other.sendEnd();
    assertEquals(other.core.linger(other.now), !first);
    if (!first) other.sendEnd();
    assertEquals(other.core.end, "closed");
  }
});

Deno.test("Http2Connection of a client waits so long for a response's head, and for its reader", () => {
  const open = (rig: Rig) => {
    rig.core.sendEnd(rig.core.open([{ name: ":method", value: "GET" }], "GET", -1));
  };
  const { sent, told } = at1000({ response: 1_000 }, open, { role: "client" });
  assertEquals([sent, told], [["RST_STREAM 1 CANCEL"], ["reset 1 CANCEL"]]);
  const late = at1000({ unread: 1_000 }, (rig) => {
    open(rig);
    rig.take();
    rig.send(rig.head(1, [[":status", "200"]]), data(1, 10));
  }, { role: "client", limits: { streamWindowBytes: 10 } });
  assertEquals(late.sent, ["RST_STREAM 1 CANCEL"]);
  const gap = at1000({ body: 1_000 }, (rig) => {
    open(rig);
    rig.take();
    rig.send(rig.head(1, [[":status", "200"]]));
  }, { role: "client" });
  assertEquals(gap.sent, ["RST_STREAM 1 CANCEL"]);
});

Deno.test("Http2Connection of a client gives each response its own time", () => {
  const rig = new Rig({ role: "client", timeouts: { ...NONE, response: 1_000 } });
  for (let count = 0; count < 3; count++) { // at 0, 300 and 600
    rig.core.sendEnd(rig.core.open([{ name: ":method", value: "GET" }], "GET", -1));
    rig.take();
    rig.advance(300);
  }
  rig.send(rig.head(1, [[":status", "200"]])); // in time
  rig.advance(399);
  assertEquals(rig.take(), []);
  rig.advance(1);
  assertEquals([rig.now, rig.take()], [1_300, ["RST_STREAM 3 CANCEL"]]);
  rig.advance(299);
  assertEquals(rig.take(), []);
  rig.advance(1);
  assertEquals(rig.take(), ["RST_STREAM 5 CANCEL"]);
});

Deno.test("Http2Connection of a client that is idle says goodbye at once, and is over with the peer's goodbye", () => {
  const rig = new Rig({ role: "client", timeouts: NONE });
  rig.send(goAway(0));
  assertEquals([rig.core.end, rig.core.leaving, rig.core.capacity], ["finish", true, 0]);
});
