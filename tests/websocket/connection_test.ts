/**
 * Owns the tests of a connection as bytes and time: the closing handshake, Pings, deadlines, limits and floods.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  DEFAULT_WEB_SOCKET_LIMITS,
  DEFAULT_WEB_SOCKET_TIMEOUTS,
  FrameConnection,
  type FrameEvent,
  WebSocketError,
} from "../../websocket/mod.ts";
import { connectionOf, converse, converseOnEverySplit, drain, frame, hex, join, readFrames } from "./conversation.ts";

/** Lets a connection hear bytes; gives what happened. */
function hear(connection: FrameConnection, bytes: Uint8Array, now = 0): FrameEvent[] {
  const events: FrameEvent[] = [];
  const own = bytes.slice();
  for (let at = 0;;) {
    at += connection.receive(own, at, own.length, now);
    const event = connection.takeEvent();
    if (event === undefined) return events;
    events.push(event);
  }
}

const CLOSE = frame({ opcode: 8, payload: hex("03e8") });

Deno.test("FrameConnection echoes a Close and has nothing more to say (RFC 6455 §5.5.1)", () => {
  const cases = [["03e8", "03e8"], ["03e9" + "627965", "03e9" + "627965"], ["", ""], ["0fa0", "0fa0"]] as const;
  for (const [payload, echoed] of cases) {
    const connection = connectionOf();
    const [event] = hear(
      connection,
      join([frame({ opcode: 8, payload: hex(payload) }), frame({ opcode: 1, payload: "late" })]),
    );
    const code = payload === "" ? 1005 : parseInt(payload.slice(0, 4), 16);
    assertEquals(event, { type: "close", code, reason: payload.length > 4 ? "bye" : "" });
    assertEquals([connection.phase, connection.end], ["closed", "finish"]);
    assertThrows(() => connection.sendText("x"), TypeError, "it is closed");
    assertThrows(() => connection.ping(), TypeError);
    connection.close(1000, "", 0);
    assertEquals(readFrames(drain(connection)).map(({ first, payload }) => [first, payload.toHex()]), [[0x88, echoed]]);
    connection.receiveEnd(5);
    assertEquals([connection.end, connection.takeEvent()], ["closed", undefined]);
  }
});

Deno.test("FrameConnection.close() waits for the peer's Close; messages until then are read and not told", () => {
  const connection = connectionOf();
  connection.sendText("before");
  connection.close(4000, "done", 10);
  connection.close(4001, "again", 11);
  assertThrows(() => connection.sendText("after"), TypeError, "it is closing");
  assertEquals(drain(connection).toHex(), "81066265666f7265" + "88060fa0646f6e65");
  assertEquals([connection.phase, connection.end, connection.deadline], ["closing", "open", 10_010]);
  assertEquals(
    hear(connection, join([frame({ opcode: 1, payload: "late" }), frame({ opcode: 9 })]), 20).map(({ type }) => type),
    ["ping"],
  );
  assertEquals(hear(connection, frame({ opcode: 8, payload: hex("0fa0") }), 30), [{
    type: "close",
    code: 4000,
    reason: "",
  }]);
  assertEquals([connection.phase, drain(connection).length], ["closed", 0]);
});

Deno.test("FrameConnection.close() refuses what may not be said, and changes nothing", () => {
  const connection = connectionOf();
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5, NaN]) {
    assertThrows(() => connection.close(code, "", 0), RangeError, `received ${code}`);
  }
  assertThrows(() => connection.close(1000, "ä".repeat(62), 0), RangeError, "received 124");
  assertThrows(() => connection.close(undefined, "why", 0), RangeError, "come with a code");
  assertThrows(() => connection.ping(new Uint8Array(126)), RangeError, "received 126");
  assertEquals([connection.phase, connection.output.size], ["open", 0]);
  connection.close(1000, "ä".repeat(61) + "x", 0);
  assertEquals(drain(connection).length, 2 + 125);
});

Deno.test("FrameConnection tells of an end without a Close as 1006, and of one behind a Close not at all", () => {
  const cut = connectionOf();
  cut.sendText("never taken");
  cut.receiveEnd(1);
  const event = cut.takeEvent();
  assert(event?.type === "error");
  assertEquals([event.error.closeCode, cut.end, cut.output.size], [1006, "closed", 0]);
  const failed = connectionOf();
  assertEquals(hear(failed, hex("83")).map(({ type }) => type), ["error"]);
  assertEquals([failed.phase, failed.end], ["failed", "finish"]);
  failed.receiveEnd(1);
  assertEquals(failed.end, "finish", "the Close has not left yet");
  assertEquals(drain(failed).subarray(0, 4).toHex().slice(4), "03ea");
  assertEquals([failed.end, failed.takeEvent()], ["closed", undefined]);
});

Deno.test("FrameConnection answers Pings at once, between fragments too (RFC 6455 §5.5.2)", () => {
  const bytes = join([
    frame({ opcode: 1, fin: false, payload: "Hel" }),
    frame({ opcode: 9, payload: "p1" }),
    frame({ opcode: 0, fin: false, payload: "" }),
    frame({ opcode: 9, payload: "p2" }),
    frame({ opcode: 10, payload: "unasked" }),
    frame({ opcode: 0, payload: "lo" }),
  ]);
  const { events, sent } = converseOnEverySplit(bytes);
  assertEquals(events, ["ping 7031", "ping 7032", "pong 756e61736b6564", "text Hello"]);
  assertEquals(sent, "8a027031" + "8a027032" + "810548656c6c6f");
});

Deno.test("FrameConnection bounds the answers to a flood of Pings: the latest is answered once there is room", () => {
  const connection = connectionOf();
  const count = 10_000;
  for (let at = 0; at < count; at++) hear(connection, frame({ opcode: 9, payload: String(at).padStart(100, "0") }));
  const held = connection.output.size;
  assert(held < 17 * 1024, `${held} bytes wait`);
  const answers = readFrames(drain(connection)).map(({ payload }) => Number(new TextDecoder().decode(payload)));
  assertEquals([answers[0], answers.at(-1), answers.length < 200], [0, count - 1, true]);
});

Deno.test("FrameConnection cuts a flood of empty fragments with 1008, and takes a hundred", () => {
  const flood = (count: number) =>
    join([
      frame({ opcode: 1, fin: false }),
      ...Array.from({ length: count }, () => frame({ opcode: 0, fin: false })),
      frame({ opcode: 0, payload: "!" }),
    ]);
  assertEquals(converse([flood(99)]).events, ["text !"]);
  assertEquals(converse([flood(100)]).events, ["error 1008 Cannot read message as at most 100 fragments may be empty"]);
});

Deno.test("FrameConnection holds a message to its limit by what is announced, in one frame or in many", () => {
  const limits = { maxMessageBytes: 100, maxFrameBytes: 60 };
  const fine = join([
    frame({ opcode: 2, fin: false, payload: new Uint8Array(60) }),
    frame({ opcode: 0, payload: new Uint8Array(40) }),
  ]);
  assertEquals(converseOnEverySplit(fine, { limits }).events, [`binary ${"00".repeat(100)}`]);
  const long = join([
    frame({ opcode: 2, fin: false, payload: new Uint8Array(60) }),
    frame({ opcode: 0, payload: new Uint8Array(41) }).slice(0, 6),
  ]);
  assertEquals(converse([long], { limits }).events, [
    "error 1009 Cannot read message as its payload must be at most 100 bytes: received 101",
  ]);
  const wide = frame({ opcode: 2, payload: new Uint8Array(61) }).slice(0, 2);
  assertEquals(converse([wide], { limits }).events, [
    "error 1009 Cannot read message as its frame must be at most 60 bytes: received 61",
  ]);
});

Deno.test("FrameConnection takes memory for what has come, not for what is announced", () => {
  const connection = connectionOf({ limits: { maxMessageBytes: 2 ** 40 } });
  const header = hex("82ff000000ff00000000" + "00000000"); // 1 TiB less 4 GiB: memory for it could not be had
  hear(connection, join([header, new Uint8Array(10_000)]));
  assertEquals([connection.phase, connection.takeEvent()], ["open", undefined]);
});

Deno.test("FrameConnection cuts a connection whose peer doesn't read, once more is sent than may wait", () => {
  const connection = connectionOf({ limits: { maxQueuedBytes: 1000 } });
  connection.sendBinary(new Uint8Array(5000)); // one message may pass the limit
  connection.sendText("one more");
  const event = connection.takeEvent();
  assert(event?.type === "error" && /at most 1000 bytes may wait: received 5004/.test(event.error.message));
  assertEquals([connection.phase, connection.end, connection.output.size], ["over", "closed", 0]);
  assertThrows(() => connection.sendText("x"), TypeError);
});

Deno.test("FrameConnection pings a silent peer, and cuts one that stays silent", () => {
  const connection = connectionOf({ timeouts: { ping: 1000, pong: 300 } });
  assertEquals(connection.deadline, 1000);
  hear(connection, frame({ opcode: 10 }), 400);
  assertEquals(connection.deadline, 1400);
  connection.expire(1000);
  assertEquals(connection.output.size, 0, "not yet");
  connection.expire(1400);
  assertEquals([drain(connection, 1400).toHex(), connection.deadline], ["8900", 1700]);
  hear(connection, frame({ opcode: 10 }), 1600);
  assertEquals(connection.deadline, 2600);
  connection.expire(2600);
  drain(connection, 2600);
  connection.expire(2900);
  const event = connection.takeEvent();
  assert(event?.type === "error" && /nothing came for 300 ms after a Ping/.test(event.error.message));
  assertInstanceOf(event.error.cause, DOMException);
  assertEquals([event.error.cause.name, event.error.closeCode, connection.end], ["TimeoutError", 1006, "closed"]);
});

Deno.test("FrameConnection blames no peer for silence while nothing is read", () => {
  const connection = connectionOf({ timeouts: { ping: 1000, pong: 300 } });
  connection.expire(1000);
  drain(connection, 1000);
  connection.paused();
  assertEquals(connection.deadline, Infinity);
  connection.expire(50_000);
  assertEquals([connection.phase, connection.output.size], ["open", 0]);
  connection.resumed(60_000);
  assertEquals(connection.deadline, 61_000);
});

Deno.test("FrameConnection closes with 1001 after idle time: Pings don't count, messages either way do", () => {
  const connection = connectionOf({ timeouts: { idle: 1000, ping: 300, pong: 200 } });
  hear(connection, frame({ opcode: 9 }), 500);
  drain(connection, 500);
  hear(connection, frame({ opcode: 1, payload: "x" }), 600);
  connection.sendText("y");
  drain(connection, 700);
  connection.expire(1000);
  hear(connection, frame({ opcode: 10 }), 1100);
  drain(connection, 1100);
  connection.expire(1650);
  assertEquals(connection.phase, "open");
  hear(connection, frame({ opcode: 10 }), 1660);
  drain(connection, 1660);
  assertEquals(connection.deadline, 1700);
  connection.expire(1700);
  assertEquals([connection.phase, drain(connection).toHex()], ["closing", "880603e969646c65"]);
});

Deno.test("FrameConnection cuts where no Close comes in time, where the end doesn't, and where the peer takes nothing", () => {
  const closing = connectionOf({ timeouts: { close: 500 } });
  closing.close(1000, "", 100);
  drain(closing, 100);
  assertEquals(closing.deadline, 600);
  closing.expire(600);
  const event = closing.takeEvent();
  assert(event?.type === "error" && /no Close came for 500 ms/.test(event.error.message));
  assertEquals(closing.end, "closed");

  const closed = connectionOf({ timeouts: { close: 500 } });
  hear(closed, CLOSE, 100);
  drain(closed, 100);
  assertEquals([closed.end, closed.deadline], ["finish", 600]);
  closed.expire(600);
  assertEquals([closed.end, closed.takeEvent()], ["closed", undefined]);

  const stalled = connectionOf({ timeouts: { write: 500 } });
  stalled.sendText("twelve bytes");
  assertEquals(stalled.deadline, 30_000);
  stalled.takeOutput(100);
  assertEquals(stalled.deadline, 600);
  stalled.sent(3, 400);
  stalled.takeOutput(400);
  assertEquals(stalled.deadline, 900);
  stalled.expire(900);
  const lost = stalled.takeEvent();
  assert(lost?.type === "error" && /took nothing for 500 ms/.test(lost.error.message));
});

Deno.test("a client's frames are masked, each with its own key, and read back by a server whatever their size", () => {
  const lengths = fc.oneof(
    fc.nat(140),
    fc.constantFrom(125, 126, 4095, 5461, 16384, 65535, 65536, 65537, 70_000, 140_000),
  );
  const data = fc.oneof(
    lengths.map((length) => "ä€x".repeat(length).slice(0, length)),
    lengths.map((length) => new Uint8Array(length).fill(7)),
  );
  fc.assert(
    fc.property(fc.array(data, { maxLength: 4 }), fc.constantFrom(Infinity, 1000, 65536), (messages, fragmentBytes) => {
      const client = connectionOf({ role: "client", fragmentBytes });
      const server = connectionOf();
      for (const message of messages) {
        if (typeof message === "string") client.sendText(message);
        else client.sendBinary(message);
      }
      const sent = drain(client);
      const kinds = hear(server, sent).map((event) =>
        event.type === "text" || event.type === "binary" ? event.data : event.type
      );
      assertEquals(kinds, messages);
      assert(readFrames(sent).every(({ payload }) => payload.length <= fragmentBytes));
    }),
    { numRuns: 60 },
  );
});

Deno.test("what was sent may be changed at once: it leaves as it was", () => {
  for (const length of [10, 1000, 70_000]) {
    const connection = connectionOf();
    const bytes = new Uint8Array(length).fill(1);
    connection.sendBinary(bytes);
    bytes.fill(2);
    assert(readFrames(drain(connection))[0]!.payload.every((octet) => octet === 1), `${length}`);
  }
});

Deno.test("FrameConnection leaves by partial writes what it would leave by whole ones, while more is sent meanwhile", () => {
  const sizes = fc.array(
    fc.tuple(fc.constantFrom(1, 200, 16_000, 40_000, 70_000), fc.integer({ min: 1, max: 50_000 })),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(sizes, (steps) => {
      const slow = connectionOf();
      const quick = connectionOf();
      const taken: Uint8Array[] = [];
      for (const [index, [size, count]] of steps.entries()) {
        const message = new Uint8Array(size).fill(index + 1);
        quick.sendBinary(message);
        slow.sendBinary(message);
        const view = slow.takeOutput(0)!;
        slow.sendText("meanwhile"); // must not change what is out
        quick.sendText("meanwhile");
        const left = view.subarray(0, Math.min(count, view.length));
        taken.push(left.slice());
        slow.sent(left.length, 0);
      }
      assertEquals(join([...taken, drain(slow)]), drain(quick));
    }),
    { numRuns: 60 },
  );
});

Deno.test("connections share memory, and none writes where another's frames still wait", () => {
  const first = connectionOf();
  const messages = ["a".repeat(5000), new Uint8Array(70_000), "c".repeat(5000), "d".repeat(5000)];
  for (const message of messages) {
    if (typeof message === "string") first.sendText(message);
    else first.sendBinary(message);
  }
  const second = connectionOf();
  for (let turn = 0; turn < 40; turn++) second.sendText("z".repeat(5000));
  const sent = readFrames(drain(first)).map(({ payload }) => payload);
  assertEquals(sent[0], new TextEncoder().encode("a".repeat(5000)));
  assertEquals(sent[3], new TextEncoder().encode("d".repeat(5000)));
  assertEquals(readFrames(drain(second)).every(({ payload }) => payload.every((octet) => octet === 0x7a)), true);
});

Deno.test("a client without keys is refused, and a broadcast frame on a client", () => {
  const options = { limits: DEFAULT_WEB_SOCKET_LIMITS, timeouts: DEFAULT_WEB_SOCKET_TIMEOUTS, now: 0 };
  assertThrows(() => new FrameConnection({ role: "client", ...options }), TypeError, "must have 'nextKey'");
  const client = connectionOf({ role: "client" });
  assertThrows(() => client.sendFrame(hex("8100"), false), TypeError, "must be masked");
  client.abort(new WebSocketError("enough"));
  assertEquals(client.takeEvent()?.type, "error");
  client.abort(new WebSocketError("again"));
  assertEquals([client.takeEvent(), client.deadline], [undefined, Infinity]);
});

Deno.test("FrameConnection comes to the same of any frames on every split, and never throws", () => {
  const payload = fc.uint8Array({ maxLength: 20 });
  const oneFrame = fc.record({
    opcode: fc.constantFrom(0, 1, 1, 2, 2, 8, 9, 10, 3),
    fin: fc.boolean(),
    rsv: fc.constantFrom(0, 0, 0, 0, 4, 1),
    payload: fc.oneof(payload, fc.constantFrom(hex("03e8"), hex("e282"), hex("ac"))),
    key: fc.constantFrom(0x01020304, 0x01020304, 0x01020304, null),
  }).map(frame);
  fc.assert(
    fc.property(fc.array(fc.oneof({ weight: 9, arbitrary: oneFrame }, payload), { maxLength: 8 }), (parts) => {
      const { events, phase } = converseOnEverySplit(join(parts));
      const failed = events.findIndex((event) => event.startsWith("error"));
      assert(failed < 0 || (failed === events.length - 1 && phase === "failed"), `${events}`);
    }),
    { numRuns: 300 },
  );
});
