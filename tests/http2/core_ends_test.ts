/**
 * Owns the proof of how connections end (RFC 9113 §5.4.1, §6.8), by either side and in any order, and of what becomes of
 * streams then; and of pushes, which a server begins and either side may end (§8.4).
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import type { HpackField } from "../../hpack/mod.ts";
import { contentOfText } from "../../http2/connection.ts";
import type { RequestHead } from "../../http2/message.ts";
import { get, post } from "./peer.ts";
import { data, everyWay, goAway, grant, ping, rawFrame, Rig, rst, settingsFrame } from "./rig.ts";

const OK: readonly HpackField[] = [{ name: ":status", value: "200" }];
const GET: readonly HpackField[] = [{ name: ":method", value: "GET" }];

/** The request of a push. */
const PUSHED: RequestHead = {
  method: "GET",
  scheme: "http",
  authority: "localhost",
  path: "/pushed",
  protocol: "",
  fields: [],
  contentLength: -1,
  priority: undefined,
  expectsContinue: false,
};

function ask(rig: Rig, ...ids: number[]): void {
  for (const id of ids) rig.send(rig.head(id, get(), { end: true }));
}

function answer(rig: Rig, ...ids: number[]): void {
  for (const id of ids) rig.core.sendWhole(rig.stream(id), OK, null);
}

/** A server's connection that said its first goodbye, and was answered by its peer. */
function leaving(rig: Rig, ...ids: number[]): Rig {
  ask(rig, ...ids);
  rig.core.shutdown(rig.now);
  for (const frame of rig.takeFrames()) {
    if (frame.type === "ping") rig.send({ ...frame, ack: true, payload: frame.payload.slice() });
  }
  assertEquals(rig.take(), [`GOAWAY ${ids.at(-1)} NO_ERROR`]);
  rig.tell();
  return rig;
}

Deno.test("Http2Connection.shutdown of a server lets requests under way end, and is over with the last", () => {
  const rig = leaving(new Rig(), 1, 3);
  rig.core.shutdown(rig.now); // it is said already
  answer(rig, 1);
  assertEquals([rig.take(), rig.core.end], [["HEADERS 1 END :status=200"], "open"]);
  answer(rig, 3);
  assertEquals([rig.take(), rig.core.end], [["HEADERS 3 END :status=200"], "finish"]);
});

everyWay(
  "Http2Connection ignores all of a stream behind the last GOAWAY, and keeps its tables in step (§6.8)",
  (make) => {
    const rig = leaving(make(), 1);
    rig.send(
      rig.head(3, post("/late", ["x-late", "field"])),
      data(3, 5),
      grant(3, 5),
      rig.head(3, [["x-sum", "1"]], { end: true }),
      rst(3),
      { type: "priorityUpdate", streamId: 0, prioritizedId: 3, value: "u=1" },
      ping(1),
    );
    assertEquals([rig.take(), rig.tell()], [["PING ACK 0101010101010101"], []]);
    rig.send(data(1, 1)); // an error names no later stream than was said before
    assertEquals(rig.take(), ["RST_STREAM 1 STREAM_CLOSED"]);
    assertEquals(rig.core.end, "finish");
  },
);

Deno.test("Http2Connection names no later stream in a second GOAWAY, whatever has come since (§6.8)", () => {
  const rig = leaving(new Rig(), 1);
  rig.send(rig.head(5, get(), { end: true }), data(9, 0), rawFrame(2, 0, 7, [0, 0, 0, 3]), data(2, 1));
  assertEquals(rig.take(), ["RST_STREAM 7 FRAME_SIZE_ERROR", "GOAWAY 1 PROTOCOL_ERROR"]);
});

Deno.test("Http2Connection.abort ends at once, and tells the peer why", () => {
  const rig = new Rig();
  ask(rig, 1);
  rig.tell();
  rig.core.abort(2, "Cannot go on");
  const [frame] = rig.takeFrames();
  assertEquals(frame?.type === "goAway" && new TextDecoder().decode(frame.debug), "Cannot go on");
  assertEquals(rig.tell(), ["reset 1 INTERNAL_ERROR", "error INTERNAL_ERROR"]);
  assertEquals([rig.core.end, rig.core.leaving, rig.core.openStreams], ["finish", true, 0]);
  rig.core.abort(2, "once more");
  rig.core.shutdown(rig.now);
  ask(rig, 3);
  assertEquals([rig.take(), rig.tell()], [[], []]);
});

Deno.test("Http2Connection.receiveEnd loses what has not come, and still sends what was asked for", () => {
  const rig = new Rig();
  rig.send(rig.head(1, get(), { end: true }), rig.head(3, post()), data(3, 5));
  rig.tell();
  rig.sendEnd();
  assertEquals([rig.tell(), rig.core.end], [["reset 3 NO_ERROR by peer"], "open"]);
  answer(rig, 1);
  assertEquals([rig.take(), rig.core.end], [["HEADERS 1 END :status=200"], "finish"]);
  const idle = new Rig();
  idle.sendEnd();
  assertEquals([idle.core.end, idle.core.leaving], ["finish", true]);
});

Deno.test("Http2Connection.receiveEnd of a client tells which requests were not even sent", () => {
  const rig = new Rig({ role: "client" });
  const first = rig.core.open(GET, "GET", -1);
  rig.core.sendEnd(first);
  rig.take();
  const second = rig.core.open(GET, "GET", -1);
  rig.sendEnd();
  assertEquals(rig.tell(), ["reset 1 NO_ERROR by peer", "reset 3 NO_ERROR by peer unprocessed"]);
  rig.core.sendContent(first, new Uint8Array(1)); // they are closed: nothing happens
  rig.core.sendEnd(second);
  assertEquals([rig.take(), first.closed, second.closed], [[], true, true]);
});

everyWay("Http2Connection of a client gives requests behind the last stream back, and no more out (§6.8)", (make) => {
  const rig = make({ role: "client" });
  const streams = [1, 2, 3].map(() => rig.core.open(GET, "GET", -1));
  for (const stream of streams.slice(0, 2)) rig.core.sendEnd(stream);
  rig.take();
  rig.send(goAway(1));
  assertEquals(rig.tell(), [
    "goAway 1 NO_ERROR ",
    "reset 3 NO_ERROR by peer unprocessed",
    "reset 5 NO_ERROR by peer unprocessed",
  ]);
  assertEquals([rig.core.capacity, rig.core.leaving, rig.core.end], [0, true, "open"]);
  assertThrows(() => rig.core.open(GET, "GET", -1), TypeError);
  rig.send(goAway(1, 2), rig.head(1, [[":status", "200"]], { end: true }));
  assertEquals(rig.tell(), ["goAway 1 INTERNAL_ERROR ", "response 1 200 whole"]);
  assertEquals(rig.core.end, "finish");
});

Deno.test("Http2Connection of a client takes no more streams than the peer allows, a hundred before it has said so", () => {
  const rig = new Rig({ role: "client", greets: false });
  assertEquals(rig.core.capacity, 100);
  rig.send(settingsFrame([[3, 2]]));
  assertEquals(rig.core.capacity, 2);
  const stream = rig.core.open(GET, "GET", -1);
  assertEquals(rig.core.capacity, 1);
  rig.send(settingsFrame([[3, 0]]));
  assertEquals(rig.core.capacity, 0);
  rig.core.reset(stream, 8);
  assertEquals(rig.core.capacity, 0);
});

Deno.test("Http2Connection ends gracefully after so many streams", () => {
  const rig = new Rig({ limits: { maxStreams: 2 } });
  ask(rig, 1);
  assertEquals(rig.take(), []);
  ask(rig, 3, 5);
  assertEquals(rig.take().slice(0, 1), [`GOAWAY ${2 ** 31 - 1} NO_ERROR`]); // what was on its way is taken
  assertEquals(rig.tell().length, 3);
});

Deno.test("contentOfText keeps short ASCII as it is, and encodes the rest", () => {
  assertEquals(contentOfText("abc"), "abc");
  assertEquals(contentOfText("é"), new TextEncoder().encode("é"));
  assertEquals(contentOfText("a".repeat(129)).length, 129);
  assertEquals(typeof contentOfText("a".repeat(129)), "object");
});

// Pushes.

/** A server's connection that is asked on these streams by a client that takes pushes. */
function asked(...ids: number[]): Rig {
  const rig = new Rig({ settings: [[2, 1]] });
  ask(rig, ...ids);
  rig.tell();
  return rig;
}

Deno.test("Http2Connection.push promises before anything of the stream, in the order of numbers (§5.1.1, §6.6)", () => {
  const rig = asked(1, 3);
  rig.stream(3).prioritise({ urgency: 0, incremental: false });
  answer(rig, 3);
  const first = rig.core.push(rig.stream(1), PUSHED, GET)!;
  const second = rig.core.push(rig.stream(1), PUSHED, GET)!;
  answer(rig, 1);
  rig.core.sendWhole(second, OK, "second");
  rig.core.sendWhole(first, OK, "first");
  assertEquals(rig.take(), [
    "PUSH_PROMISE 2 on 1 :method=GET",
    "HEADERS 2 :status=200",
    "DATA 2 END 5",
    "PUSH_PROMISE 4 on 1 :method=GET",
    "HEADERS 4 :status=200",
    "DATA 4 END 6",
    "HEADERS 3 END :status=200",
    "HEADERS 1 END :status=200",
  ]);
  assertEquals(rig.core.openStreams, 0);
});

Deno.test("Http2Connection.push gives nothing where no push is taken, and throws for a client", () => {
  const refusing = new Rig({ settings: [[2, 0]] });
  ask(refusing, 1);
  assertEquals(refusing.core.push(refusing.stream(1), PUSHED, GET), undefined);
  const full = new Rig({ settings: [[3, 0]] });
  ask(full, 1);
  assertEquals(full.core.push(full.stream(1), PUSHED, GET), undefined);
  const late = asked(1);
  const stream = late.stream(1);
  late.core.sendHead(stream, OK, -1);
  assertEquals(late.core.push(stream, PUSHED, GET), undefined);
  late.core.reset(stream, 8);
  assertEquals(late.core.push(stream, PUSHED, GET), undefined);
  const left = leaving(asked(1), 3);
  assertEquals(left.core.push(left.stream(3), PUSHED, GET), undefined);
  const client = new Rig({ role: "client" });
  const own = client.core.open(GET, "GET", -1);
  assertThrows(() => client.core.push(own, PUSHED, GET), TypeError, "only servers do so");
});

Deno.test("Http2Connection.push takes its promise back where it has not left", () => {
  const gone = asked(1);
  const promised = gone.core.push(gone.stream(1), PUSHED, GET)!;
  gone.core.sendWhole(promised, OK, null);
  gone.send(rst(1)); // there is nothing any more that it could go with
  gone.tell();
  assertEquals([gone.take(), gone.tell()], [[], ["reset 2 CANCEL unprocessed"]]);
  assertEquals(gone.core.openStreams, 0);

  const refused = asked(1);
  refused.core.push(refused.stream(1), PUSHED, GET);
  refused.send(settingsFrame([[2, 0]]));
  assertEquals(refused.take(), ["SETTINGS ACK"]);

  const reset = asked(1);
  reset.core.reset(reset.core.push(reset.stream(1), PUSHED, GET)!, 8);
  const next = reset.core.push(reset.stream(1), PUSHED, GET)!;
  assertEquals([reset.take(), next.id], [["PUSH_PROMISE 4 on 1 :method=GET"], 4]);
  reset.core.reset(next, 8);
  assertEquals(reset.take(), ["RST_STREAM 4 CANCEL"]);

  const early = asked(1);
  early.core.push(early.stream(1), PUSHED, GET);
  early.send(rst(2)); // it can't know of it
  assertEquals(early.take(), ["GOAWAY 1 PROTOCOL_ERROR"]);
});

Deno.test("Http2Connection.push ends with a client that resets the stream", () => {
  const rig = asked(1);
  const promised = rig.core.push(rig.stream(1), PUSHED, GET)!;
  rig.core.sendHead(promised, OK, -1);
  rig.take();
  rig.send(rst(2));
  assertEquals(rig.tell(), ["reset 2 CANCEL by peer"]);
  assertEquals([promised.closed, rig.core.openStreams], [true, 1]);
});

Deno.test("Http2Connection of a client that says goodbye ignores promises behind it (§6.8)", () => {
  const rig = new Rig({ role: "client", acceptsPush: true });
  rig.core.sendEnd(rig.core.open(GET, "GET", -1));
  rig.take();
  rig.core.shutdown(rig.now);
  assertEquals([rig.take(), rig.core.end], [["GOAWAY 0 NO_ERROR"], "open"]);
  const block = rig.block(get("/pushed"));
  rig.send({ type: "pushPromise", streamId: 1, endHeaders: true, promisedId: 2, fragment: block });
  rig.send(rig.head(2, [[":status", "200"]]), data(2, 5, { end: true }));
  assertEquals([rig.take(), rig.tell()], [[], []]);
  rig.send(rig.head(1, [[":status", "200"]], { end: true }));
  assertEquals([rig.tell(), rig.core.end], [["response 1 200 whole"], "finish"]);
});
