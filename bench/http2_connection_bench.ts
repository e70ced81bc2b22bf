/**
 * Measures an HTTP/2 connection in memory, without a socket and without a handler: 32 requests that came in one read and are
 * answered by one write, both roles; content of 1 MiB under windows; the turns of streams; the frames that are written.
 *
 * @module
 */

import { Http2Connection } from "../http2/connection.ts";
import { Flag, FrameType } from "../http2/frame.ts";
import { writeFrameHeader, writeWindowUpdate } from "../http2/frame_write.ts";
import { DEFAULT_HTTP2_LIMITS, DEFAULT_HTTP2_TIMEOUTS } from "../http2/limits.ts";
import { SendQueue } from "../http2/send_queue.ts";
import { Http2Stream } from "../http2/stream.ts";
import { StreamMap } from "../http2/stream_map.ts";
import { ReceiveWindow, SendWindow } from "../http2/windows.ts";

const STREAMS = 32;
const MIB = 1024 * 1024;

const REQUEST = [
  { name: ":method", value: "GET" },
  { name: ":scheme", value: "http" },
  { name: ":authority", value: "127.0.0.1:8000" },
  { name: ":path", value: "/" },
  { name: "user-agent", value: "bench" },
];

const UPLOAD = [...REQUEST.slice(1), { name: "content-length", value: String(MIB) }];
UPLOAD.unshift({ name: ":method", value: "PUT" });

const ANSWER = [
  { name: ":status", value: "200" },
  { name: "content-type", value: "text/plain;charset=UTF-8" },
  { name: "date", value: "Fri, 02 Jan 2026 03:04:05 GMT" },
  { name: "content-length", value: "13" },
];

type Connection = Http2Connection<undefined>;

/** Two ends in memory, whose time passes a millisecond a step: budgets of frames are filled again by the time. */
class Pair {
  readonly client = connection("client");
  readonly server = connection("server");
  now = 0;

  constructor() {
    while (this.carry(this.client, this.server) + this.carry(this.server, this.client) > 0);
    this.client.events.length = this.server.events.length = 0;
  }

  /** Hands over all that one end has to say; gives how many bytes that was. */
  carry(from: Connection, to: Connection): number {
    const now = ++this.now;
    let total = 0;
    for (let view = from.takeOutput(now); view !== undefined; view = from.takeOutput(now)) {
      to.receive(view, 0, view.length, now);
      total += view.length;
      from.sent(view.length, now);
    }
    return total;
  }

  /** Asks so many times and answers each, in one write each way. */
  exchange(): void {
    const { client, server } = this;
    for (let count = 0; count < STREAMS; count++) client.sendEnd(client.open(REQUEST, "GET", -1), []);
    this.carry(client, server);
    for (const event of server.events) {
      if (event.type !== "request") continue;
      server.release(event.stream);
      server.sendWhole(event.stream, ANSWER, "Hello, World!");
    }
    server.events.length = 0;
    this.carry(server, client);
    let answered = 0;
    for (const event of client.events) if (event.type === "end") answered++;
    if (answered !== STREAMS) throw new Error(`Cannot measure as ${STREAMS} must be answered: received ${answered}`);
    client.events.length = 0;
  }

  /** Sends content to the server, whose reader takes it at once. */
  upload(content: Uint8Array): void {
    const { client, server } = this;
    const stream = client.open(UPLOAD, "PUT", content.length);
    client.sendContent(stream, content);
    client.sendEnd(stream, []);
    for (let taken = 0; taken < content.length;) {
      if (this.carry(client, server) === 0) throw new Error("Cannot measure as the content must go on");
      for (const event of server.events) {
        if (event.type === "request") server.release(event.stream);
        if (event.type === "end") server.sendWhole(event.stream, ANSWER, "Hello, World!");
        if (event.type !== "data") continue;
        taken += event.end - event.start;
        server.consumed(event.stream, event.end - event.start, this.now);
      }
      server.events.length = 0;
      this.carry(server, client);
    }
    client.events.length = 0;
  }
}

function connection(role: "client" | "server"): Connection {
  return new Http2Connection({ role, limits: DEFAULT_HTTP2_LIMITS, timeouts: DEFAULT_HTTP2_TIMEOUTS, now: 0 });
}

const pair = new Pair();
Deno.bench(`connection: ${STREAMS} requests and answers, both roles`, () => pair.exchange());

const content = new Uint8Array(MIB);
const uploads = new Pair();
Deno.bench("connection: 1 MiB up, both roles", () => uploads.upload(content));

for (const [name, incremental] of [["in turns", true], ["one after the other", false]] as const) {
  const queue = new SendQueue<undefined>();
  const streams = Array.from({ length: STREAMS }, (_, at) => {
    const stream = new Http2Stream<undefined>(2 * at + 1, { sendWindow: 0, receiveWindow: 0, method: "GET" });
    stream.step("receiveHeaders");
    stream.prioritise({ urgency: at % 8, incremental });
    return stream;
  });
  Deno.bench(`scheduler: ${STREAMS} streams of all urgencies, each taken, put back and taken, ${name}`, () => {
    for (const stream of streams) queue.add(stream);
    for (let turn = 0; turn < STREAMS; turn++) queue.putBack(queue.take()!);
    while (!queue.empty) queue.take();
  });
}

Deno.bench(`windows: ${STREAMS} frames charged on both ends, taken by their reader and granted again`, () => {
  const sending = new SendWindow(64 * 1024);
  const receiving = new ReceiveWindow(64 * 1024);
  for (let frame = 0; frame < STREAMS; frame++) {
    sending.take(16_384);
    receiving.receive(16_384);
    receiving.consume(16_384);
    const increment = receiving.refill(8 * MIB);
    if (increment > 0) sending.grant(increment);
  }
});

const map = new StreamMap<undefined>();
let next = 1;
Deno.bench(`stream map: ${STREAMS} streams opened, found and closed`, () => {
  const first = next;
  for (; next < first + 2 * STREAMS; next += 2) {
    map.add(new Http2Stream<undefined>(next, { sendWindow: 0, receiveWindow: 0, method: "GET" }));
  }
  for (let id = first; id < next; id += 2) map.delete(map.get(id)!);
});

const into = new Uint8Array(STREAMS * 64);
Deno.bench(`frames: ${STREAMS} headers of frames written, and as many WINDOW_UPDATE frames`, () => {
  let at = 0;
  for (let frame = 0; frame < STREAMS; frame++) {
    at = writeFrameHeader(into, at, 16_384, FrameType.Data, Flag.EndStream, 2 * frame + 1);
    at = writeWindowUpdate(into, at, 2 * frame + 1, 65_535);
  }
});
