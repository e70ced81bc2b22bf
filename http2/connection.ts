/**
 * Owns one HTTP/2 connection of either role (RFC 9113) as its driver sees it: octets and the time go in, events and octets
 * come out, commands are carried out. Knows no socket, no clock and no `Request`.
 *
 * @module
 */

import type { HpackField } from "../hpack/field.ts";
import { type ConnectionEnd, ConnectionState, type Http2ConnectionOptions } from "./connection_state.ts";
import { ErrorCode, Http2Error } from "./error.ts";
import type { Http2Event } from "./events.ts";
import { FRAME_HEADER_BYTES, PREFACE } from "./frame.ts";
import { writeSettings } from "./frame_write.ts";
import { Incoming } from "./incoming.ts";
import type { RequestHead } from "./message.ts";
import { Receiver } from "./receiver.ts";
import { settingEntries, type Settings } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";

export type { ConnectionEnd, Http2ConnectionOptions };
export { STREAM_HIGH_WATER } from "./sender.ts";

/** How many streams a server takes for all that is known before its settings came; RFC 9113 §6.5.2 recommends no less. */
const ASSUMED_STREAMS = 100;

/** The longest text that stays text until it is sent, in characters. */
const MAX_TEXT = 128;

/**
 * One HTTP/2 connection, of a server or of a client. `O` is what the driver keeps with each stream.
 *
 * A driver gives it what was read ({@linkcode Http2Connection.receive}), does what its `events` tell, and writes what
 * {@linkcode Http2Connection.takeOutput} gives; it calls {@linkcode Http2Connection.expire} when the `deadline` has come. Commands
 * throw a `TypeError` for what is out of order, and do nothing for a stream that is closed.
 *
 * @example Two ends without a wire
 * ```ts
 * import { DEFAULT_HTTP2_LIMITS as limits, DEFAULT_HTTP2_TIMEOUTS as timeouts, Http2Connection } from "@avx/http/http2";
 *
 * const server = new Http2Connection({ role: "server", limits, timeouts, now: 0 });
 * const client = new Http2Connection({ role: "client", limits, timeouts, now: 0 });
 *
 * function carry(from: Http2Connection, to: Http2Connection): void {
 *   const view = from.takeOutput(0);
 *   if (view === undefined) return;
 *   to.receive(view, 0, view.length, 0); // gives how many bytes are done with: here all, as frames leave whole
 *   from.sent(view.length, 0);
 * }
 *
 * const fields = [
 *   { name: ":method", value: "GET" },
 *   { name: ":scheme", value: "https" },
 *   { name: ":authority", value: "example.com" },
 *   { name: ":path", value: "/" },
 * ];
 * client.sendEnd(client.open(fields, "GET", 0));
 * carry(client, server);
 * for (const event of server.events) {
 *   if (event.type !== "request") continue;
 *   console.log(event.head.method, event.head.path); // GET /
 *   server.sendWhole(event.stream, [{ name: ":status", value: "200" }], "hello");
 * }
 * carry(server, client);
 * for (const event of client.events) if (event.type === "response") console.log(event.head.status); // 200
 * ```
 */
export class Http2Connection<O = unknown> {
  readonly #state: ConnectionState<O>;
  readonly #receiver: Receiver;

  /** Made with its preface in the output. */
  constructor(options: Http2ConnectionOptions) {
    const state = this.#state = new ConnectionState<O>(options);
    const incoming = new Incoming(state, () => this.#receiver.acknowledged());
    this.#receiver = new Receiver(incoming, options.role, options.limits);
    this.#begin();
  }

  /** Sends the preface: ours is in the output before anything is read (RFC 9113 §3.4). */
  #begin(): void {
    const { role, limits, acceptsPush, sender, flow } = this.#state;
    const { maxConcurrentStreams, streamWindowBytes, maxFrameBytes, maxFieldSectionBytes, tableBytes } = limits;
    const shared = {
      headerTableSize: tableBytes,
      maxConcurrentStreams,
      initialWindowSize: streamWindowBytes,
      maxFrameSize: maxFrameBytes,
      maxHeaderListSize: maxFieldSectionBytes,
    };
    const entries = settingEntries(
      role === "server"
        ? { ...shared, enableConnectProtocol: true, noRfc7540Priorities: true }
        : { ...shared, enablePush: acceptsPush },
    );
    if (role === "client") {
      sender.control.add(PREFACE.length, (into, at) => {
        into.set(PREFACE, at);
        return at + PREFACE.length;
      });
    }
    sender.control.add(FRAME_HEADER_BYTES + 6 * entries.length, (into, at) => writeSettings(into, at, entries));
    flow.open();
  }

  // What the driver reads.

  /** Which side this is. */
  get role(): "server" | "client" {
    return this.#state.role;
  }

  /** What there is to tell; emptied by the driver. */
  get events(): Http2Event<O>[] {
    return this.#state.events;
  }

  /** The peer's settings; those of RFC 9113 §6.5.2 before it has {@linkcode Http2Connection.begun}. */
  get peerSettings(): Readonly<Settings> {
    return this.#state.peerSettings;
  }

  /** How the connection ends. */
  get end(): ConnectionEnd {
    return this.#state.end;
  }

  /** Whether nothing can be sent now. */
  get flushed(): boolean {
    return this.#state.sender.empty;
  }

  /** How many streams are open. */
  get openStreams(): number {
    return this.#state.table.size;
  }

  /** What the last round trip took, in milliseconds; `undefined` before the first. */
  get roundTripTime(): number | undefined {
    return this.#state.roundTrip.time;
  }

  /** Whether the peer's settings have come. */
  get begun(): boolean {
    return this.#receiver.begun;
  }

  /** How many more streams may be opened by this side now. */
  get capacity(): number {
    const { leaving, peerSettings, table } = this.#state;
    if (leaving) return 0;
    const most = this.begun
      ? peerSettings.maxConcurrentStreams
      : Math.min(ASSUMED_STREAMS, peerSettings.maxConcurrentStreams);
    return Math.max(0, most - table.ownOpen);
  }

  /** Whether no stream will ever be opened by this side again. */
  get leaving(): boolean {
    return this.#state.leaving;
  }

  /** The streams of whose end somebody may still want to know: those that are open, and those that have not left. */
  *streams(): Generator<Http2Stream<O>, void> {
    yield* this.#state.table.values();
    yield* this.#state.watched.keys();
  }

  // Octets and the time.

  /**
   * Takes what was read, `view[start, end)`, and gives how many bytes of it are done with; the rest has to be given again
   * with what follows. Never throws for the peer's sins: an error is the last of the events, and its GOAWAY is in the output.
   */
  receive(view: Uint8Array, start: number, end: number, now: number): number {
    const state = this.#state;
    state.at(now);
    if (state.end !== "open") return end - start;
    state.deadlines.heard(now);
    const { units } = this.#receiver;
    const used = this.#receiver.receive(view, start, end);
    if (this.#receiver.units !== units) state.deadlines.made("head"); // what is half there now has begun since
    if (this.#receiver.midFrame) state.deadlines.begin("head", now);
    else state.deadlines.made("head");
    return used;
  }

  /**
   * The peer has ended its side: what it has not sent never comes, be it content or room for ours; what it waits for may
   * still reach it.
   */
  receiveEnd(now: number): void {
    const state = this.#state;
    state.at(now);
    state.peerEnded = true;
    if (state.end === "lingering") state.end = "closed";
    if (state.end !== "open") return;
    for (const stream of [...state.table.values()]) {
      if (!stream.received || stream.stalled) state.loseToEnd(stream);
    }
    state.finishIfDone();
  }

  /** Gives the octets to send now, `undefined` for none; they stay as they are until {@linkcode sent} was told of them. */
  takeOutput(now: number): Uint8Array | undefined {
    const state = this.#state;
    state.at(now);
    const view = state.sender.take();
    if (view !== undefined) state.deadlines.begin("write", now);
    return view;
  }

  /** Tells that the first `count` bytes of the output last taken have left. */
  sent(count: number, now: number): void {
    const { sender, deadlines, watched, events } = this.#state;
    this.#state.at(now);
    deadlines.made("write");
    sender.sent(count);
    for (const [stream, mark] of watched) {
      if (mark > sender.sentTotal) continue;
      watched.delete(stream);
      events.push({ type: "sent", stream });
    }
  }

  /**
   * Ours was closed: what the peer still sends is thrown away for a while, so that it reads what was sent last. Gives whether
   * anything can still come.
   */
  linger(now: number): boolean {
    const state = this.#state;
    state.end = state.peerEnded ? "closed" : "lingering";
    state.deadlines.begin("linger", now);
    return !state.peerEnded;
  }

  /** When {@linkcode expire} is to be called, in milliseconds; infinite where nothing is due. */
  get deadline(): number {
    const { end, deadlines, table, roundTrip } = this.#state;
    switch (end) {
      case "open":
        return deadlines.next(table.size === 0, roundTrip.since);
      case "finish":
        return deadlines.last("write");
      case "lingering":
        return deadlines.last("linger");
      case "closed":
        return Infinity;
      default:
        return end satisfies never;
    }
  }

  /** Does what is due. */
  expire(now: number): void {
    const state = this.#state;
    const { deadlines, timeouts, roundTrip } = state;
    state.at(now);
    if (state.end === "lingering" && deadlines.isLate("linger", now)) state.end = "closed";
    if (deadlines.isLate("write", now)) state.cut(lateError("the peer must read", timeouts.write));
    if (state.end !== "open") return;
    if (deadlines.isLate("preface", now)) return state.fail(lateError("the preface must come", timeouts.preface));
    if (deadlines.isLate("settings", now)) {
      const { settings } = timeouts;
      return state.fail(lateError("SETTINGS must be acknowledged", settings, ErrorCode.SettingsTimeout)); // §6.5.3
    }
    if (deadlines.isLate("head", now)) return state.fail(lateError("a frame must come whole", timeouts.head));
    if (deadlines.isDead(roundTrip.since, now)) return state.cut(lateError("a PING must be answered", timeouts.pong));
    if (deadlines.isSilent(now)) {
      deadlines.asked(now); // the next one after as long a silence again
      if (roundTrip.since === Infinity) state.ping("alive");
    }
    this.#expireStreams(now);
    if (deadlines.isLate("goAway", now)) state.sayGoAway();
    if (deadlines.isOver(now, state.table.size === 0)) state.shutdown();
  }

  #expireStreams(now: number): void {
    const state = this.#state;
    const { drains, gaps, requests, stalls, unreads } = state.deadlines;
    // RFC 9113 §8.1: the answer is complete, and the rest of the request is of no use.
    drains.expire(now, (stream) => state.reset(stream, ErrorCode.NoError));
    gaps.expire(now, (stream) => {
      if (state.flow.exhausted) state.awaitContent(stream); // it is us who keep the peer waiting
      else this.#timeOut(stream, "the next piece of content", gaps.limit);
    });
    requests.expire(now, (stream) => this.#timeOut(stream, "the whole of a request", requests.limit));
    state.deadlines.expireResponses(state.table.values(), now, (stream, limit) => {
      this.#timeOut(stream, "a response's head", limit);
    });
    unreads.expire(now, (stream) => {
      const message = `Cannot read on as content must be taken within ${unreads.limit} ms`;
      state.breakOff(stream, lateStream(stream, message));
    });
    stalls.expire(now, (stream) => {
      const why = `the peer must give room for it within ${stalls.limit} ms`;
      state.breakOff(stream, lateStream(stream, `Cannot send content as ${why}`));
    });
  }

  /** A peer that takes too long over a stream: a server says so by a 408 where it can. */
  #timeOut(stream: Http2Stream<O>, what: string, limit: number): void {
    const state = this.#state;
    const message = `Cannot read ${what} as it must come within ${limit} ms`;
    const error = lateStream(stream, message);
    if (state.role !== "server" || stream.phase !== "head") return state.breakOff(stream, error);
    state.events.push({ type: "reset", stream, error, byPeer: false, unprocessed: false });
    state.refuse(stream, 408);
  }

  // What the driver commands. All throw a `TypeError` for what is out of order, and do nothing for a stream that is closed.

  /**
   * Opens a stream by a request's head; content follows unless it is ended.
   *
   * @throws {TypeError} If there is no {@linkcode capacity}.
   */
  open(fields: readonly HpackField[], method: string, length: number): Http2Stream<O> {
    if (this.capacity <= 0) throw new TypeError("Cannot open a stream as the peer must allow for it");
    const stream = this.#state.makeStream(this.#state.table.takeId(), method);
    this.#state.table.add(stream);
    stream.setHead(fields, length);
    this.#state.sender.schedule(stream);
    if (stream.isTunnel) { // its request is its head, and nothing else ends it
      this.#state.soon(() => this.#state.deadlines.awaitResponse(stream, this.#state.now));
    }
    return stream;
  }

  /** Sends an interim response. */
  inform(stream: Http2Stream<O>, fields: readonly HpackField[]): void {
    if (stream.closed) return;
    stream.addInterim(fields);
    this.#state.sender.schedule(stream);
    if (fields[0]?.value === "100") this.#state.soon(() => this.#state.awaitContent(stream));
  }

  /** Sends a whole message, or all behind a head that was sent: its head and its content. */
  sendWhole(stream: Http2Stream<O>, fields: readonly HpackField[], content: string | Uint8Array | null): void {
    if (stream.closed) return;
    stream.setHead(fields, -1);
    if (typeof content === "string") stream.setText(content);
    else if (content !== null) stream.addContent(content);
    stream.setEnd(undefined);
    this.#state.sender.schedule(stream);
  }

  /** Sends a final head, which content follows; `length` is what it announces, or -1. */
  sendHead(stream: Http2Stream<O>, fields: readonly HpackField[], length: number): void {
    if (stream.closed) return;
    stream.setHead(fields, length);
    this.#state.sender.schedule(stream);
  }

  /** Sends content; the bytes must not change any more. */
  sendContent(stream: Http2Stream<O>, bytes: Uint8Array): void {
    if (stream.closed) return;
    stream.addContent(bytes);
    this.#state.sender.schedule(stream);
  }

  /** Ends the content. */
  sendEnd(stream: Http2Stream<O>, trailers?: readonly HpackField[]): void {
    if (stream.closed) return;
    stream.setEnd(trailers);
    this.#state.sender.schedule(stream);
  }

  /**
   * Promises a response that nobody asked for (RFC 9113 §8.4), and gives its stream, on which it is sent; `undefined` where
   * the client takes none.
   */
  push(stream: Http2Stream<O>, request: RequestHead, fields: readonly HpackField[]): Http2Stream<O> | undefined {
    if (this.role === "client") throw new TypeError("Cannot push as only servers do so");
    if (!this.#state.peerSettings.enablePush || this.capacity <= 0 || stream.closed || stream.phase !== "head") {
      return undefined;
    }
    const promised = this.#state.makeStream(this.#state.table.takeId(), request.method);
    promised.request = request;
    promised.step("sendPush");
    promised.priority = stream.priority;
    promised.promise = { on: stream, fields };
    this.#state.table.add(promised);
    this.#state.sender.schedule(promised);
    return promised;
  }

  /** Ends a stream before its time. */
  reset(stream: Http2Stream<O>, code: ErrorCode): void {
    this.#state.reset(stream, code);
  }

  /** A reader has taken `count` bytes of a stream's content. */
  consumed(stream: Http2Stream<O>, count: number, now: number): void {
    const { flow, deadlines } = this.#state;
    this.#state.at(now);
    flow.took(stream, count);
    if (stream.received || stream.closed) return;
    stream.receiveWindow.consume(count);
    if (!flow.refill(stream)) return;
    deadlines.unreads.remove(stream);
    this.#state.awaitContent(stream);
  }

  /** Nobody reads a stream's content on: what comes is thrown away. */
  discard(stream: Http2Stream<O>): void {
    this.#state.discard(stream);
  }

  /** The handler of a stream has given its answer. */
  release(stream: Http2Stream<O>): void {
    this.#state.table.release(stream);
  }

  /** Tells by an event when the last of a stream has left; gives whether it has already. */
  watch(stream: Http2Stream<O>): boolean {
    const { sender, watched } = this.#state;
    stream.watched = true;
    if (stream.mark < 0) return false;
    if (stream.mark <= sender.sentTotal) return true;
    watched.set(stream, stream.mark);
    return false;
  }

  /** Asks the peer for a sign of life; the answer is an event. */
  ping(): void {
    this.#state.soon(() => this.#state.ping("user"));
  }

  /** Ends gracefully: no stream is opened any more, those that are open go on (RFC 9113 §6.8). */
  shutdown(now: number): void {
    this.#state.at(now);
    this.#state.shutdown();
  }

  /** Ends at once, with a reason for the peer. */
  abort(code: ErrorCode, message: string): void {
    this.#state.fail(new Http2Error("connection", code, message));
  }
}

/** Gives a text as what is sent the fastest: itself where it is short and ASCII, else its octets in UTF-8. */
export function contentOfText(text: string): string | Uint8Array {
  if (text.length > MAX_TEXT) return encoder.encode(text);
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) return encoder.encode(text);
  }
  return text;
}

/** The peer is too slow for a whole connection. */
function lateError(what: string, limit: number, code: ErrorCode = ErrorCode.ProtocolError): Http2Error {
  return new Http2Error("connection", code, `Cannot go on as ${what} within ${limit} ms`, { status: 408 });
}

/** Somebody is too slow for a stream. */
function lateStream({ id }: { readonly id: number }, message: string): Http2Error {
  return new Http2Error("stream", ErrorCode.Cancel, message, { streamId: id, status: 408 });
}

const encoder = new TextEncoder();
