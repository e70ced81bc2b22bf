/**
 * Owns one HTTP/2 connection of either role (RFC 9113): what frames mean for its streams, and what is sent for what its
 * driver commands. Knows no socket, no clock and no `Request`: octets and the time come in, events and octets come out.
 *
 * @module
 */

import type { HpackField } from "../hpack/field.ts";
import {
  Budget,
  EMPTY_FRAME_RATE,
  MAX_CONTROL_BYTES,
  PING_RATE,
  PRIORITY_RATE,
  PROVOKED_RESET_RATE,
  RESET_RATE,
  SETTINGS_RATE,
  WINDOW_UPDATE_RATE,
  WINDOW_UPDATES_PER_DATA,
} from "./budget.ts";
import { ErrorCode, Http2Error } from "./error.ts";
import type { Http2Event } from "./events.ts";
import { DEFAULT_WINDOW, Flag, type Frame, FRAME_HEADER_BYTES, MAX_STREAM_ID, PREFACE } from "./frame.ts";
import type { FrameHeader } from "./frame_read.ts";
import { readUint32 } from "./frame_read.ts";
import {
  writeGoAway,
  writePing,
  writeRstStream,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from "./frame_write.ts";
import type { Http2Limits, Http2Timeouts } from "./limits.ts";
import { readRequestHead, readResponseHead, readTrailers, type RequestHead } from "./message.ts";
import { parsePriority, type Priority } from "./priority.ts";
import { type FrameHandler, Receiver } from "./receiver.ts";
import { type PingReason, RoundTrip } from "./round_trip.ts";
import { Sender, type SenderOwner } from "./sender.ts";
import { applySetting, initialSettings, settingEntries, type Settings } from "./settings.ts";
import { Http2Stream } from "./stream.ts";
import { State } from "./stream_state.ts";
import { StreamTable } from "./stream_table.ts";
import { Waiting } from "./waiting.ts";
import { ReceiveWindow } from "./windows.ts";

/** What a connection is made with. */
export interface Http2ConnectionOptions {
  /** Which side this is. */
  readonly role: "server" | "client";
  /** What it takes at most. */
  readonly limits: Http2Limits;
  /** How long it waits. */
  readonly timeouts: Http2Timeouts;
  /** The time, in milliseconds; the same clock's as in all that follows. */
  readonly now: number;
  /** Whether a client accepts pushed responses; a server's says nothing. */
  readonly acceptsPush?: boolean;
}

/**
 * How a connection ends: it is `open`, or to be closed once all has left (`finish`), or ours is closed and the peer's rest is
 * thrown away for a while (`lingering`), or to be closed at once (`closed`).
 */
export type ConnectionEnd = "open" | "finish" | "lingering" | "closed";

/** Content that waits in a stream, in bytes, from which on its maker should wait. */
export const STREAM_HIGH_WATER: number = 64 * 1024;

/** For the peer to close its side after an error, in milliseconds: as for HTTP/1.1. */
const LINGER_MS = 1_000;

/** How many PRIORITY_UPDATE frames for streams that are not there yet are remembered (RFC 9218 §7.1). */
const MAX_EARLY_PRIORITIES = 128;

/** How many streams a server takes for all that is known before its settings came; RFC 9113 §6.5.2 recommends no less. */
const ASSUMED_STREAMS = 100;

/** The longest text that stays text until it is sent, in characters. */
const MAX_TEXT = 128;

/** One HTTP/2 connection. */
export class Http2Connection<O = unknown> implements FrameHandler, SenderOwner<O> {
  /** Which side this is. */
  readonly role: "server" | "client";
  /** What there is to tell; taken, and emptied, by the driver. */
  readonly events: Http2Event<O>[] = [];
  /** The peer's settings. */
  readonly peerSettings: Settings = initialSettings();
  readonly #limits: Http2Limits;
  readonly #timeouts: Http2Timeouts;
  readonly #acceptsPush: boolean;
  readonly #receiver: Receiver;
  readonly #sender: Sender<O>;
  readonly #table: StreamTable<O>;
  readonly #window = new ReceiveWindow(DEFAULT_WINDOW);
  readonly #roundTrip: RoundTrip;
  readonly #earlyPriorities = new Map<number, Priority>();
  /** Streams whose sent mark was not reached, with the mark. */
  readonly #watched = new Map<Http2Stream<O>, number>();
  #now: number;
  #end: ConnectionEnd = "open";

  /** What a new stream may receive, as far as the peer knows. */
  #firstWindow: number;
  // Flow control of the connection as a whole.
  #unread = 0;
  /** What came while too much was unread, and is granted again once that is less. */
  #owed = 0;

  // How the connection ends.
  #goAwaySent: number | undefined;
  #goAwayReceived: number | undefined;
  #peerEnded = false;

  // Deadlines.
  #prefaceBy: number;
  #settingsBy: number;
  #headBy = Infinity;
  #writeBy = Infinity;
  #idleSince: number;
  #goAwayBy = Infinity;
  #lingerBy = Infinity;
  #receivedAt: number;
  readonly #ageBy: number;
  readonly #gaps: Waiting<Http2Stream<O>>;
  readonly #requests: Waiting<Http2Stream<O>>;
  readonly #stalls: Waiting<Http2Stream<O>>;
  readonly #drains: Waiting<Http2Stream<O>>;

  // Budgets.
  readonly #resets: Budget;
  readonly #provokedResets: Budget;
  readonly #pings: Budget;
  readonly #settings: Budget;
  readonly #emptyFrames: Budget;
  readonly #priorities: Budget;
  readonly #windowUpdates: Budget;

  /** Made with its preface in the output. */
  constructor(options: Http2ConnectionOptions) {
    const { role, limits, timeouts, now } = options;
    this.role = role;
    this.#limits = limits;
    this.#timeouts = timeouts;
    this.#acceptsPush = options.acceptsPush === true;
    this.#receiver = new Receiver(this, role, limits);
    this.#sender = new Sender(this, this.peerSettings, now);
    this.#table = new StreamTable(role);
    this.#roundTrip = new RoundTrip(limits.streamWindowBytes, limits.maxStreamWindowBytes);
    this.#gaps = new Waiting(timeouts.body);
    this.#requests = new Waiting(role === "server" ? timeouts.request : Infinity);
    this.#stalls = new Waiting(timeouts.write);
    this.#drains = new Waiting(timeouts.drain);
    this.#resets = new Budget(RESET_RATE, now);
    this.#provokedResets = new Budget(PROVOKED_RESET_RATE, now);
    this.#pings = new Budget(PING_RATE, now);
    this.#settings = new Budget(SETTINGS_RATE, now);
    this.#emptyFrames = new Budget(EMPTY_FRAME_RATE, now);
    this.#priorities = new Budget(PRIORITY_RATE, now);
    this.#windowUpdates = new Budget(WINDOW_UPDATE_RATE, now);
    this.#now = this.#idleSince = this.#receivedAt = now;
    this.#prefaceBy = now + timeouts.preface;
    this.#settingsBy = now + timeouts.settings;
    this.#ageBy = now + timeouts.age;
    this.#firstWindow = Math.max(DEFAULT_WINDOW, limits.streamWindowBytes);
    this.#begin();
  }

  /** Sends the preface: ours is in the output before anything is read (RFC 9113 §3.4). */
  #begin(): void {
    const { control } = this.#sender;
    const { maxConcurrentStreams, streamWindowBytes, maxFrameBytes, maxFieldSectionBytes, tableBytes } = this.#limits;
    const shared = {
      headerTableSize: tableBytes,
      initialWindowSize: streamWindowBytes,
      maxFrameSize: maxFrameBytes,
      maxHeaderListSize: maxFieldSectionBytes,
    };
    const entries = settingEntries(
      this.role === "server"
        ? { ...shared, maxConcurrentStreams, enableConnectProtocol: true, noRfc7540Priorities: true }
        : { ...shared, enablePush: this.#acceptsPush, maxConcurrentStreams },
    );
    if (this.role === "client") {
      control.add(PREFACE.length, (into, at) => {
        into.set(PREFACE, at);
        return at + PREFACE.length;
      });
    }
    control.add(FRAME_HEADER_BYTES + 6 * entries.length, (into, at) => writeSettings(into, at, entries));
    this.#growWindow(this.#limits.connectionWindowBytes);
  }

  // What the driver does.

  /** How the connection ends. */
  get end(): ConnectionEnd {
    return this.#end;
  }

  /** Whether nothing waits to be sent. */
  get flushed(): boolean {
    return this.#sender.empty;
  }

  /** How many streams are open. */
  get openStreams(): number {
    return this.#table.size;
  }

  /** What the last round trip took, in milliseconds; `undefined` before the first. */
  get roundTripTime(): number | undefined {
    return this.#roundTrip.time;
  }

  /** Whether the peer's settings have come. */
  get begun(): boolean {
    return this.#receiver.begun;
  }

  /** How many more streams may be opened by this side now. */
  get capacity(): number {
    if (this.#end !== "open" || this.#goAwaySent !== undefined || this.#goAwayReceived !== undefined) return 0;
    if (this.#peerEnded || this.#table.exhausted) return 0;
    const most = this.begun ? this.peerSettings.maxConcurrentStreams : ASSUMED_STREAMS;
    return Math.max(0, most - this.#table.ownOpen);
  }

  /** Whether no stream will ever be opened by this side again. */
  get leaving(): boolean {
    return this.#end !== "open" || this.#goAwaySent !== undefined || this.#goAwayReceived !== undefined ||
      this.#peerEnded || this.#table.exhausted;
  }

  /**
   * Takes what was read, `view[start, end)`, and gives how many bytes of it are done with; the rest has to be given again
   * with what follows. Never throws for the peer's sins: an error is the last of the events, and its GOAWAY is in the output.
   */
  receive(view: Uint8Array, start: number, end: number, now: number): number {
    this.#now = this.#receivedAt = now;
    if (this.#end !== "open") return end - start;
    const used = this.#receiver.receive(view, start, end);
    if (!this.#receiver.midFrame) this.#headBy = Infinity;
    else if (this.#headBy === Infinity) this.#headBy = now + this.#timeouts.head;
    return used;
  }

  /** The peer has ended its side: what it has not sent never comes, what it waits for may still reach it. */
  receiveEnd(now: number): void {
    this.#now = now;
    this.#peerEnded = true;
    if (this.#end === "lingering") this.#end = "closed";
    if (this.#end !== "open") return;
    const error = new Http2Error(
      "connection",
      ErrorCode.NoError,
      "Cannot read on as the peer has ended the connection",
    );
    for (const stream of [...this.#table.values()]) {
      if (!stream.received) this.#lose(stream, error, true, this.#isUnprocessed(stream));
    }
    if (this.#table.size === 0) this.#end = "finish";
  }

  /** Gives the octets to send now, `undefined` for none; they stay as they are until {@linkcode sent} was told of them. */
  takeOutput(now: number): Uint8Array | undefined {
    this.#now = now;
    const view = this.#sender.take(now);
    if (view !== undefined && this.#writeBy === Infinity) this.#writeBy = now + this.#timeouts.write;
    return view;
  }

  /** Tells that the first `count` bytes of the output last taken have left. */
  sent(count: number, now: number): void {
    this.#now = now;
    this.#writeBy = Infinity;
    this.#sender.sent(count);
    if (this.#watched.size > 0) this.#tellSent();
  }

  #tellSent(): void {
    const { sentTotal } = this.#sender;
    for (const [stream, mark] of this.#watched) {
      if (mark > sentTotal) continue;
      this.#watched.delete(stream);
      this.events.push({ type: "sent", stream });
    }
  }

  /**
   * Ours was closed: what the peer still sends is thrown away for a while, so that it reads what was sent last. Gives whether
   * anything can still come.
   */
  linger(now: number): boolean {
    this.#end = this.#peerEnded ? "closed" : "lingering";
    this.#lingerBy = now + LINGER_MS;
    return !this.#peerEnded;
  }

  /** When {@linkcode expire} is to be called, in milliseconds; infinite where nothing is due. */
  get deadline(): number {
    if (this.#end === "closed") return Infinity;
    if (this.#end === "lingering") return this.#lingerBy;
    const { idle, ping, pong } = this.#timeouts;
    let at = Math.min(this.#writeBy, this.#headBy, this.#goAwayBy, this.#stalls.deadline);
    if (this.#end === "finish") return at;
    at = Math.min(at, this.#gaps.deadline, this.#requests.deadline, this.#prefaceBy, this.#settingsBy, this.#ageBy);
    at = Math.min(at, this.#drains.deadline);
    if (this.#table.size === 0) at = Math.min(at, this.#idleSince + idle);
    if (ping !== Infinity) at = Math.min(at, this.#receivedAt + ping);
    return Math.min(at, this.#roundTrip.since + pong);
  }

  /** Does what is due. */
  expire(now: number): void {
    this.#now = now;
    const timeouts = this.#timeouts;
    if (this.#end === "lingering") {
      if (this.#lingerBy <= now) this.#end = "closed";
      return;
    }
    if (this.#writeBy <= now) return this.#cut("the peer must read", timeouts.write);
    if (this.#end !== "open") return;
    if (this.#prefaceBy <= now) return this.#late(ErrorCode.ProtocolError, "the preface must come", timeouts.preface);
    if (this.#settingsBy <= now) {
      return this.#late(ErrorCode.SettingsTimeout, "SETTINGS must be acknowledged", timeouts.settings);
    }
    if (this.#headBy <= now) return this.#late(ErrorCode.ProtocolError, "a frame must come whole", timeouts.head);
    if (this.#roundTrip.since + timeouts.pong <= now) return this.#cut("a PING must be acknowledged", timeouts.pong);
    if (this.#receivedAt + timeouts.ping <= now) {
      this.#receivedAt = now; // the next one after as long a silence again
      this.#ping("alive");
    }
    this.#expireStreams();
    if (this.#goAwayBy <= now) this.#sayGoAway(this.#table.lastPeerId);
    if (this.#ageBy <= now || this.#table.size === 0 && this.#idleSince + timeouts.idle <= now) this.shutdown(now);
  }

  #expireStreams(): void {
    const now = this.#now;
    for (let stream = this.#drains.takeLate(now); stream !== undefined; stream = this.#drains.takeLate(now)) {
      this.reset(stream, ErrorCode.NoError); // RFC 9113 §8.1: the answer is complete, and the rest is of no use
    }
    for (let stream = this.#gaps.takeLate(now); stream !== undefined; stream = this.#gaps.takeLate(now)) {
      if (this.#window.credit <= 0) this.#gaps.add(stream, now); // it is us who keep the peer waiting
      else this.#timeOut(stream, "the next piece of content", this.#gaps.limit);
    }
    for (let stream = this.#requests.takeLate(now); stream !== undefined; stream = this.#requests.takeLate(now)) {
      this.#timeOut(stream, "the whole of a request", this.#requests.limit);
    }
    for (let stream = this.#stalls.takeLate(now); stream !== undefined; stream = this.#stalls.takeLate(now)) {
      const error = stream.error(
        ErrorCode.Cancel,
        `Cannot send content as the peer must give room for it within ${this.#stalls.limit} ms`,
      );
      this.#resetBySelf(stream, error);
    }
  }

  /** A peer that takes too long over a stream: a server says so by a 408 where it can. */
  #timeOut(stream: Http2Stream<O>, what: string, limit: number): void {
    const error = new Http2Error("stream", ErrorCode.Cancel, `Cannot read ${what} as it must come within ${limit} ms`, {
      streamId: stream.id,
      status: 408,
    });
    if (this.role === "server" && stream.phase === "head" && stream.state !== State.Closed) {
      this.events.push({ type: "reset", stream, error, byPeer: false, unprocessed: false });
      this.#refuse(stream, 408);
    } else this.#resetBySelf(stream, error);
  }

  /** The streams of whose end somebody may still want to know: those that are open, and those that have not left. */
  *streams(): Generator<Http2Stream<O>, void> {
    yield* this.#table.values();
    yield* this.#watched.keys();
  }

  /** Tells by an event when the last of a stream has left; gives whether it has already. */
  watch(stream: Http2Stream<O>): boolean {
    stream.watched = true;
    if (stream.mark < 0) return false;
    if (stream.mark <= this.#sender.sentTotal) return true;
    this.#watched.set(stream, stream.mark);
    return false;
  }

  // What the driver commands. All throw a `TypeError` for what is out of order, and do nothing for a stream that is closed.

  /**
   * Opens a stream by a request's head; content follows unless it is ended.
   *
   * @throws {TypeError} If there is no {@linkcode capacity}.
   */
  open(fields: readonly HpackField[], method: string, length: number): Http2Stream<O> {
    if (this.capacity <= 0) throw new TypeError("Cannot open a stream as the peer must allow for it");
    const stream = this.#makeStream(this.#table.takeId(), method);
    this.#table.add(stream);
    stream.setHead(fields, length);
    this.#sender.schedule(stream);
    return stream;
  }

  /** Sends an interim response. */
  inform(stream: Http2Stream<O>, fields: readonly HpackField[]): void {
    if (stream.closed) return;
    stream.addInterim(fields);
    this.#sender.schedule(stream);
  }

  /** Sends a whole message, or all behind a head that was sent: its head and its content. */
  sendWhole(stream: Http2Stream<O>, fields: readonly HpackField[], content: string | Uint8Array | null): void {
    if (stream.closed) return;
    stream.setHead(fields, -1);
    if (typeof content === "string") stream.setText(content);
    else if (content !== null) stream.addContent(content);
    stream.setEnd(undefined);
    this.#sender.schedule(stream);
  }

  /** Sends a final head, which content follows; `length` is what it announces, or -1. */
  sendHead(stream: Http2Stream<O>, fields: readonly HpackField[], length: number): void {
    if (stream.closed) return;
    stream.setHead(fields, length);
    this.#sender.schedule(stream);
  }

  /** Sends content; the bytes must not change any more. */
  sendContent(stream: Http2Stream<O>, bytes: Uint8Array): void {
    if (stream.closed) return;
    stream.addContent(bytes);
    this.#sender.schedule(stream);
  }

  /** Ends the content. */
  sendEnd(stream: Http2Stream<O>, trailers?: readonly HpackField[]): void {
    if (stream.closed) return;
    stream.setEnd(trailers);
    this.#sender.schedule(stream);
  }

  /**
   * Promises a response that nobody asked for (RFC 9113 §8.4), and gives its stream, on which it is sent; `undefined` where
   * the client takes none.
   */
  push(stream: Http2Stream<O>, request: RequestHead, fields: readonly HpackField[]): Http2Stream<O> | undefined {
    if (!this.peerSettings.enablePush || this.capacity <= 0 || stream.closed || stream.phase !== "head") {
      return undefined;
    }
    const promised = this.#makeStream(this.#table.takeId(), request.method);
    promised.request = request;
    promised.step("sendPush");
    promised.priority = stream.priority;
    this.#table.add(promised);
    this.#sender.promise(stream, promised, fields);
    return promised;
  }

  /** Ends a stream before its time. */
  reset(stream: Http2Stream<O>, code: ErrorCode): void {
    if (stream.closed) return;
    if (stream.state === State.Idle) { // nothing of it was sent: the peer never hears of it, save that its number is skipped
      stream.step("sendHeaders");
      stream.step("sendReset");
      return this.#close(stream);
    }
    this.#sendReset(stream.id, code);
    stream.step("sendReset");
    this.#close(stream);
  }

  /** A reader has taken `count` bytes of a stream's content. */
  consumed(stream: Http2Stream<O>, count: number, now: number): void {
    this.#now = now;
    stream.unread -= count;
    this.#took(count);
    if (stream.received) return;
    stream.receiveWindow.consume(count);
    this.#refill(stream);
  }

  /** Nobody reads a stream's content on: what comes is thrown away. */
  discard(stream: Http2Stream<O>): void {
    if (stream.discarding) return;
    stream.discarding = true;
    this.#took(stream.unread);
    stream.unread = 0;
    if (stream.received || stream.closed) return;
    this.#gaps.remove(stream);
    this.#requests.remove(stream);
    if (stream.state === State.HalfClosedLocal) this.#drains.add(stream, this.#now);
  }

  /** The handler of a stream has given its answer. */
  release(stream: Http2Stream<O>): void {
    this.#table.release(stream);
  }

  /** Asks the peer for a sign of life; the answer is an event. */
  ping(): void {
    this.#ping("user");
  }

  /** Ends gracefully: no stream is opened any more, those that are open go on (RFC 9113 §6.8). */
  shutdown(now: number): void {
    this.#now = now;
    if (this.#end !== "open" || this.#goAwaySent !== undefined) return;
    if (this.role === "client" || this.#table.size === 0) {
      this.#sayGoAway(this.#table.lastPeerId);
      return;
    }
    // What the peer has sent meanwhile is still taken; it knows of the first after a round trip.
    this.#addGoAway(MAX_STREAM_ID, ErrorCode.NoError, "");
    this.#ping("goAway");
    this.#goAwayBy = now + this.#timeouts.goAway;
  }

  /** Ends at once, with a reason for the peer. */
  abort(code: ErrorCode, message: string): void {
    this.connectionError(new Http2Error("connection", code, message));
  }

  // What frames mean; see FrameHandler.

  /** See {@linkcode FrameHandler.headers}. */
  headers(id: number, fields: readonly HpackField[] | undefined, endStream: boolean, dependency: number): void {
    const stream = this.#table.get(id);
    if (dependency === id) throw new Http2Error("stream", ErrorCode.ProtocolError, SELF_DEPENDENCY, { streamId: id });
    if (stream !== undefined && stream.state !== State.ReservedLocal) {
      if (stream.received) {
        throw stream.error(ErrorCode.StreamClosed, "Cannot read HEADERS as the peer must not have ended");
      }
      if (this.role === "client" && !stream.answered) return this.#responseHead(stream, fields, endStream);
      return this.#trailers(stream, fields, endStream);
    }
    if (this.role === "client" || this.#table.isOwn(id)) return this.#onClosed(id, "HEADERS");
    if (!this.#table.isIdle(id)) return this.#onClosed(id, "HEADERS");
    this.#requestHead(id, fields, endStream);
  }

  #requestHead(id: number, fields: readonly HpackField[] | undefined, endStream: boolean): void {
    const table = this.#table;
    if (this.#goAwaySent !== undefined && this.#goAwaySent < id) return; // it was told that this is not processed
    table.used(id);
    const { maxConcurrentStreams, maxTargetBytes, maxFields, maxStreams } = this.#limits;
    if (table.peerOpen >= maxConcurrentStreams || table.running >= maxConcurrentStreams) {
      // Before it knows of the limit the peer means no harm.
      if (this.#settingsBy === Infinity) this.#provoked();
      else if (!this.#resets.spend(this.#now)) throw calm("streams beyond the limit");
      return this.#sendReset(id, ErrorCode.RefusedStream); // §5.1.2
    }
    if (fields === undefined || fields.length > maxFields) return this.#refuse(this.#accept(id, "", endStream), 431);
    const head = readRequestHead(fields, id);
    if (endStream && head.contentLength > 0) {
      throw new Http2Error("stream", ErrorCode.ProtocolError, "Cannot read request as its content must come", {
        streamId: id,
      });
    }
    const stream = this.#accept(id, head.method, endStream);
    stream.request = head;
    if (head.path.length > maxTargetBytes) return this.#refuse(stream, 414);
    this.#prioritise(stream, head.priority);
    stream.expect(head.contentLength);
    table.run(stream);
    if (!endStream) {
      this.#gaps.add(stream, this.#now);
      this.#requests.add(stream, this.#now);
    }
    this.events.push({ type: "request", stream, head, whole: endStream });
    if (id >= 2 * maxStreams) this.shutdown(this.#now);
  }

  #accept(id: number, method: string, endStream: boolean): Http2Stream<O> {
    const stream = this.#makeStream(id, method);
    stream.step("receiveHeaders");
    if (endStream) stream.step("receiveEnd");
    this.#table.add(stream);
    return stream;
  }

  #makeStream(id: number, method: string): Http2Stream<O> {
    return new Http2Stream<O>(id, {
      method,
      sendWindow: this.peerSettings.initialWindowSize,
      receiveWindow: this.#firstWindow,
    });
  }

  #prioritise(stream: Http2Stream<O>, value: string | undefined): void {
    if (this.#earlyPriorities.size > 0) {
      const early = this.#earlyPriorities.get(stream.id);
      this.#earlyPriorities.delete(stream.id);
      if (early !== undefined) { // RFC 9218 §7.1: the later signal wins, and the frame was sent by who knows best
        stream.priority = early;
        stream.prioritised = true;
        return;
      }
    }
    if (value === undefined) return;
    stream.priority = parsePriority(value);
    stream.prioritised = true;
  }

  #responseHead(stream: Http2Stream<O>, fields: readonly HpackField[] | undefined, endStream: boolean): void {
    if (fields === undefined || fields.length > this.#limits.maxFields) {
      throw stream.error(
        ErrorCode.EnhanceYourCalm,
        "Cannot read response as its field section must be within the limit",
      );
    }
    const head = readResponseHead(fields, stream.id);
    if (!stream.step("receiveHeaders")) return this.#onClosed(stream.id, "HEADERS");
    const interim = head.status < 200;
    if (interim) {
      if (endStream) throw stream.error(ErrorCode.ProtocolError, "Cannot end content as an interim response must not");
      this.events.push({ type: "informational", stream, head, whole: false });
      return;
    }
    stream.answered = true;
    const bodiless = stream.method === "HEAD" || head.status === 204 || head.status === 304;
    stream.expect(bodiless ? 0 : stream.method === "CONNECT" ? -1 : head.contentLength);
    if (!endStream) this.#gaps.add(stream, this.#now);
    else stream.step("receiveEnd");
    this.events.push({ type: "response", stream, head, whole: endStream });
    if (endStream) {
      if (!bodiless) stream.receiveEnd();
      this.#closeIfDone(stream);
    }
  }

  #trailers(stream: Http2Stream<O>, fields: readonly HpackField[] | undefined, endStream: boolean): void {
    if (!endStream) throw stream.error(ErrorCode.ProtocolError, "Cannot read trailers as they must end the stream");
    if (fields === undefined || fields.length > this.#limits.maxFields) {
      throw stream.error(ErrorCode.EnhanceYourCalm, "Cannot read trailers as their section must be within the limit");
    }
    this.#receivedEnd(stream, readTrailers(fields, stream.id));
  }

  /** See {@linkcode FrameHandler.pushPromise}. */
  pushPromise(id: number, fields: readonly HpackField[] | undefined, promisedId: number): void {
    if (this.role === "server" || !this.#acceptsPush) {
      throw new Http2Error(
        "connection",
        ErrorCode.ProtocolError,
        "Cannot read PUSH_PROMISE as pushes must be accepted",
      );
    }
    if (this.#table.isOwn(promisedId) || !this.#table.isIdle(promisedId)) {
      throw new Http2Error(
        "connection",
        ErrorCode.ProtocolError,
        `Cannot read PUSH_PROMISE as the promised stream must be a new one: received ${promisedId}`,
      );
    }
    this.#table.used(promisedId);
    const stream = this.#table.get(id);
    if (stream === undefined) {
      if (this.#table.isIdle(id) || !this.#table.wasReset(id)) this.#onClosed(id, "PUSH_PROMISE");
      return this.#sendReset(promisedId, ErrorCode.Cancel);
    }
    if (stream.received) throw stream.error(ErrorCode.StreamClosed, "Cannot push as the peer must not have ended");
    if (this.#table.peerOpen >= this.#limits.maxConcurrentStreams || fields === undefined) {
      this.#provoked();
      return this.#sendReset(promisedId, ErrorCode.RefusedStream);
    }
    const head = readRequestHead(fields, promisedId);
    const promised = this.#makeStream(promisedId, head.method);
    promised.step("receivePush");
    promised.request = head;
    this.#table.add(promised);
    this.events.push({ type: "push", stream, promised, head });
  }

  /** See {@linkcode FrameHandler.data}. */
  data({ streamId, length, flags }: FrameHeader, start: number, end: number): void {
    if (!this.#window.receive(length)) {
      throw new Http2Error(
        "connection",
        ErrorCode.FlowControlError,
        "Cannot read DATA as the connection's window must have room",
      );
    }
    const count = end - start;
    const isLast = (flags & Flag.EndStream) !== 0;
    if (count === 0 && !isLast && !this.#emptyFrames.spend(this.#now)) throw calm("empty DATA frames");
    const stream = this.#table.get(streamId);
    if (stream === undefined) {
      this.#grant(length);
      return this.#onClosed(streamId, "DATA");
    }
    if (stream.received || stream.state === State.ReservedRemote || stream.state === State.ReservedLocal) {
      this.#grant(length);
      throw stream.error(ErrorCode.StreamClosed, "Cannot read DATA as the peer must not have ended");
    }
    if (length > 0) this.#charge(stream, length, count);
    if (this.role === "client" && !stream.answered) {
      throw stream.error(ErrorCode.ProtocolError, "Cannot read DATA as a response's head must precede it");
    }
    stream.receiveContent(count);
    if (count > 0 && !stream.discarding) {
      stream.unread += count;
      this.#unread += count;
      this.events.push({ type: "data", stream, start, end });
    }
    if (isLast) this.#receivedEnd(stream, NO_FIELDS);
    else if (length > 0 && !stream.discarding) { // who sends what nobody reads gets no more room
      if (stream.receiveWindow.credit > 0) this.#gaps.add(stream, this.#now);
      else this.#gaps.remove(stream); // the reader, not the peer, is slow
      this.#refill(stream);
    }
  }

  /** Charges the windows: all of a frame, padding too (§6.9.1), of which only the content waits for a reader. */
  #charge(stream: Http2Stream<O>, length: number, count: number): void {
    this.#roundTrip.received(count);
    const window = stream.receiveWindow;
    if (!window.receive(length)) {
      this.#grant(length);
      throw stream.error(ErrorCode.FlowControlError, "Cannot read DATA as the stream's window must have room");
    }
    const waits = stream.discarding ? 0 : count;
    window.consume(length - waits);
    this.#grant(length);
  }

  /**
   * Gives the connection's window back at once, so that a stream that nobody reads holds up no other: the streams' windows
   * bound what waits. Where too much waits all the same, it is given back as that is read.
   */
  #grant(length: number): void {
    if (this.#unread > this.#limits.maxUnreadBytes) this.#owed += length;
    else this.#growWindow(0, length);
  }

  #took(count: number): void {
    this.#unread -= count;
    if (this.#owed === 0 || this.#unread > this.#limits.maxUnreadBytes) return;
    this.#growWindow(0, this.#owed);
    this.#owed = 0;
  }

  /** Counts what may come again, and tells the peer where it is worth it. */
  #growWindow(target: number, consumed = 0): void {
    this.#window.consume(consumed);
    const increment = target > 0 ? this.#window.grow(target) : this.#window.refill(2 * this.#roundTrip.window);
    if (increment > 0) this.#addWindowUpdate(0, increment);
  }

  #refill(stream: Http2Stream<O>): void {
    const roundTrip = this.#roundTrip;
    const window = stream.receiveWindow;
    // A window grows only for a reader that keeps up.
    const increment = window.refill(stream.unread * 2 <= window.limit ? roundTrip.window : 0);
    if (increment === 0 || this.#end !== "open") return;
    this.#addWindowUpdate(stream.id, increment);
    this.#gaps.add(stream, this.#now);
    if (roundTrip.shouldMeasure) this.#ping("bandwidth");
  }

  #receivedEnd(stream: Http2Stream<O>, trailers: readonly HpackField[]): void {
    stream.receiveEnd();
    stream.step("receiveEnd");
    this.#gaps.remove(stream);
    this.#requests.remove(stream);
    this.events.push({ type: "end", stream, trailers });
    this.#closeIfDone(stream);
  }

  /** See {@linkcode FrameHandler.priority}. */
  priority(streamId: number, dependency: number): void {
    if (!this.#priorities.spend(this.#now)) throw calm("PRIORITY frames");
    if (dependency !== streamId) return;
    const scope = this.#table.get(streamId) === undefined ? "connection" : "stream";
    throw new Http2Error(scope, ErrorCode.ProtocolError, SELF_DEPENDENCY, scope === "stream" ? { streamId } : {});
  }

  /** See {@linkcode FrameHandler.rstStream}. */
  rstStream(streamId: number, code: number): void {
    if (this.#table.isIdle(streamId)) throw idleError("RST_STREAM", streamId);
    const stream = this.#table.get(streamId);
    if (this.role === "server" && !this.#resets.spend(this.#now)) throw calm("reset streams");
    if (stream === undefined) return;
    stream.step("receiveReset");
    const error = new Http2Error("stream", code, "The peer has reset the stream", { streamId });
    // §8.1: a server that has answered whole may say that it wants no more of the request.
    this.#lose(stream, error, true, code === ErrorCode.RefusedStream);
  }

  /** See {@linkcode FrameHandler.settings}. */
  settings(view: Uint8Array, at: number, length: number): void {
    if (!this.#settings.spend(this.#now)) throw calm("SETTINGS frames");
    this.#prefaceBy = Infinity;
    const peer = this.peerSettings;
    const { headerTableSize, initialWindowSize } = peer;
    const sender = this.role === "server" ? "client" : "server";
    for (let place = at; place < at + length; place += 6) {
      applySetting(peer, view[place]! << 8 | view[place + 1]!, readUint32(view, place + 2), sender);
    }
    if (peer.headerTableSize !== headerTableSize) this.#sender.encoder.setMaxTableSize(peer.headerTableSize);
    if (peer.initialWindowSize !== initialWindowSize) this.#adjustWindows(peer.initialWindowSize - initialWindowSize);
    this.#sender.control.add(FRAME_HEADER_BYTES, writeSettingsAck);
    this.#checkControl();
    this.events.push({ type: "settings" });
  }

  /** §6.9.2: what the streams may send changes by as much, below zero if need be. */
  #adjustWindows(delta: number): void {
    for (const stream of this.#table.values()) {
      if (!stream.sendWindow.grant(delta)) {
        throw new Http2Error(
          "connection",
          ErrorCode.FlowControlError,
          "Cannot apply SETTINGS as no window must grow beyond 2^31 - 1",
        );
      }
      if (delta > 0) this.#granted(stream);
    }
  }

  /** See {@linkcode FrameHandler.settingsAck}: from here on the peer keeps to our settings. */
  settingsAck(): void {
    if (this.#settingsBy === Infinity) return; // there was but one to acknowledge
    this.#settingsBy = Infinity;
    this.#receiver.acknowledged();
    const delta = this.#limits.streamWindowBytes - this.#firstWindow;
    this.#firstWindow += delta;
    if (delta === 0) return;
    for (const stream of this.#table.values()) stream.receiveWindow.adjust(delta);
  }

  /** See {@linkcode FrameHandler.pinged}. */
  pinged(view: Uint8Array, at: number, ack: boolean): void {
    if (!this.#pings.spend(this.#now)) throw calm("PING frames");
    if (!ack) {
      this.#sender.control.add(
        FRAME_HEADER_BYTES + 8,
        (into, place) => writePing(into, place, true, view.subarray(at, at + 8)),
      );
      return this.#checkControl();
    }
    const ping = this.#roundTrip.acknowledge(view, at, this.#now);
    if (ping?.reason === "user") this.events.push({ type: "pong", time: this.#now - ping.at });
    else if (ping?.reason === "goAway" && this.#goAwayBy !== Infinity) this.#sayGoAway(this.#table.lastPeerId);
  }

  /** See {@linkcode FrameHandler.windowUpdate}. */
  windowUpdate(streamId: number, increment: number): void {
    if (!this.#windowUpdates.spend(this.#now)) throw calm("WINDOW_UPDATE frames");
    if (streamId !== 0 && this.#table.isIdle(streamId)) throw idleError("WINDOW_UPDATE", streamId);
    const stream = this.#table.get(streamId);
    if (streamId !== 0 && stream === undefined) return; // §5.1: it may come for a short while
    const scope = stream === undefined ? "connection" : "stream";
    const options = { streamId };
    if (increment === 0) {
      throw new Http2Error(
        scope,
        ErrorCode.ProtocolError,
        "Cannot read WINDOW_UPDATE as its increment must not be 0",
        options,
      );
    }
    const window = stream === undefined ? this.#sender.window : stream.sendWindow;
    if (!window.grant(increment)) {
      const message = "Cannot read WINDOW_UPDATE as no window must grow beyond 2^31 - 1";
      throw new Http2Error(scope, ErrorCode.FlowControlError, message, options);
    }
    if (stream !== undefined) this.#granted(stream);
    else this.#sender.connectionGranted();
  }

  #granted(stream: Http2Stream<O>): void {
    this.#sender.granted(stream);
  }

  /** See {@linkcode FrameHandler.other}. */
  other(frame: Frame): void {
    switch (frame.type) {
      case "goAway":
        return this.#onGoAway(frame.lastStreamId, frame.code, decoder.decode(frame.debug));
      case "priorityUpdate":
        return this.#onPriorityUpdate(frame.prioritizedId, frame.value);
      case "origin":
        if (this.role === "client") this.events.push({ type: "origin", origins: frame.origins });
        return;
      case "altSvc":
        if (this.role === "client") {
          this.events.push({ type: "altSvc", streamId: frame.streamId, origin: frame.origin, value: frame.value });
        }
        return;
      default:
        if (!this.#priorities.spend(this.#now)) throw calm("frames of unknown types"); // §4.1: ignored
    }
  }

  #onGoAway(lastStreamId: number, code: number, debug: string): void {
    const before = this.#goAwayReceived;
    if (before !== undefined && lastStreamId > before) {
      throw new Http2Error(
        "connection",
        ErrorCode.ProtocolError,
        `Cannot read GOAWAY as its last stream must not grow: received ${lastStreamId} behind ${before}`,
      );
    }
    this.#goAwayReceived = lastStreamId;
    this.events.push({ type: "goAway", code, lastStreamId, debug });
    const error = new Http2Error(
      "connection",
      code,
      `The peer has ended the connection${debug === "" ? "" : `: ${debug}`}`,
    );
    for (const stream of [...this.#table.values()]) {
      if (!this.#table.isOwn(stream.id) || stream.id <= lastStreamId) continue;
      stream.step("receiveReset");
      this.#lose(stream, error, true, true);
    }
    this.#finishIfDone();
  }

  #onPriorityUpdate(id: number, value: string): void {
    if (this.role === "client") {
      throw new Http2Error(
        "connection",
        ErrorCode.ProtocolError,
        "Cannot read PRIORITY_UPDATE as only clients must send it",
      );
    }
    if (!this.#priorities.spend(this.#now)) throw calm("PRIORITY_UPDATE frames");
    if (id === 0 || this.#table.isOwn(id) && this.#table.isIdle(id)) { // RFC 9218 §7.1
      throw new Http2Error(
        "connection",
        ErrorCode.ProtocolError,
        `Cannot read PRIORITY_UPDATE as stream ${id} must not be idle`,
      );
    }
    const priority = parsePriority(value);
    const stream = this.#table.get(id);
    if (stream !== undefined) {
      stream.priority = priority;
      stream.prioritised = true;
    } else if (this.#table.isIdle(id) && this.#earlyPriorities.size < MAX_EARLY_PRIORITIES) {
      this.#earlyPriorities.set(id, priority);
    }
  }

  /** See {@linkcode FrameHandler.streamError}: the stream ends, the connection goes on (§5.4.2). */
  streamError(error: Http2Error): void {
    this.#provoked();
    if (this.#end !== "open") return;
    const stream = this.#table.get(error.streamId);
    if (stream !== undefined) return this.#resetBySelf(stream, error);
    if (this.#table.isIdle(error.streamId) && !this.#table.isOwn(error.streamId)) this.#table.used(error.streamId);
    this.#sendReset(error.streamId, error.code);
  }

  /** See {@linkcode FrameHandler.connectionError} (§5.4.1). */
  connectionError(error: Http2Error): void {
    if (this.#end !== "open") return;
    this.#addGoAway(this.#table.lastPeerId, error.code, error.message);
    this.#stop(error, "finish");
  }

  /** Ends all streams and the connection. */
  #stop(error: Http2Error, end: ConnectionEnd): void {
    this.#receiver.stop();
    this.#end = end;
    for (const stream of [...this.#table.values()]) {
      stream.step("sendReset");
      this.#lose(stream, error, false, this.#isUnprocessed(stream));
    }
    this.events.push({ type: "error", error });
  }

  // What a sender tells; see SenderOwner.

  /** See {@linkcode SenderOwner.streamSent}. */
  streamSent(stream: Http2Stream<O>): void {
    stream.mark = this.#sender.total;
    if (stream.watched) this.#watched.set(stream, stream.mark);
    this.#stalls.remove(stream);
    // Not reset at once: there are clients that then lose the answer which they have not read yet.
    if (!stream.received && stream.discarding) this.#drains.add(stream, this.#now);
    else this.#closeIfDone(stream);
  }

  /** See {@linkcode SenderOwner.madeRoom}. */
  madeRoom(stream: Http2Stream<O>): void {
    if (stream.buffered >= STREAM_HIGH_WATER) return;
    stream.wantsRoom = false;
    this.events.push({ type: "room", stream });
  }

  /** See {@linkcode SenderOwner.stalled}. */
  stalled(stream: Http2Stream<O>): void {
    this.#stalls.add(stream, this.#now);
  }

  /** See {@linkcode SenderOwner.dataSent}. */
  dataSent(): void {
    this.#windowUpdates.earn(WINDOW_UPDATES_PER_DATA);
  }

  /** See {@linkcode SenderOwner.dribbled}. */
  dribbled(): void {
    this.connectionError(calm("tiny windows"));
  }

  // What this side does of itself.

  /** Frames for a stream that is not open: it never was, or was reset by us just now, or the peer has lost count. */
  #onClosed(id: number, what: string): void {
    if (this.#table.isIdle(id)) throw idleError(what, id);
    if (this.#table.wasReset(id)) return; // §5.1: what was on its way
    throw new Http2Error(
      "connection",
      ErrorCode.StreamClosed,
      `Cannot read ${what} as stream ${id} must not be closed`,
    );
  }

  /** Counts a reset that the peer has provoked. */
  #provoked(): void {
    if (this.#provokedResets.spend(this.#now)) return;
    this.#receiver.stop();
    this.connectionError(calm("streams that have to be reset"));
  }

  /** A request is answered without a handler. */
  #refuse(stream: Http2Stream<O>, status: 408 | 414 | 431): void {
    this.discard(stream);
    this.sendWhole(stream, [{ name: ":status", value: String(status) }, { name: "content-length", value: "0" }], null);
  }

  #resetBySelf(stream: Http2Stream<O>, error: Http2Error): void {
    this.#sendReset(stream.id, error.code);
    stream.step("sendReset");
    this.#lose(stream, error, false, false);
  }

  /** A stream has ended before its time: whoever works for it is told. */
  #lose(stream: Http2Stream<O>, error: Http2Error, byPeer: boolean, unprocessed: boolean): void {
    this.events.push({ type: "reset", stream, error, byPeer, unprocessed });
    this.#close(stream);
  }

  #isUnprocessed(stream: Http2Stream<O>): boolean {
    return this.#table.isOwn(stream.id) && stream.head !== undefined; // nothing of it has left
  }

  #closeIfDone(stream: Http2Stream<O>): void {
    if (stream.closed) this.#close(stream);
  }

  #close(stream: Http2Stream<O>): void {
    this.#took(stream.unread);
    stream.unread = 0;
    this.#table.remove(stream);
    this.#sender.forget(stream);
    stream.drop();
    this.#gaps.remove(stream);
    this.#requests.remove(stream);
    this.#stalls.remove(stream);
    this.#drains.remove(stream);
    if (this.#table.size === 0) this.#idleSince = this.#now;
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (this.#table.size > 0 || this.#end !== "open") return;
    const said = this.#goAwaySent !== undefined && this.#goAwaySent < MAX_STREAM_ID;
    if (said || this.#goAwayReceived !== undefined || this.#peerEnded) this.#end = "finish";
  }

  #sendReset(id: number, code: number): void {
    this.#table.remember(id);
    this.#sender.control.add(FRAME_HEADER_BYTES + 4, (into, at) => writeRstStream(into, at, id, code));
    this.#checkControl();
  }

  #addWindowUpdate(id: number, increment: number): void {
    this.#sender.control.add(FRAME_HEADER_BYTES + 4, (into, at) => writeWindowUpdate(into, at, id, increment));
  }

  #ping(reason: PingReason): void {
    const payload = this.#roundTrip.send(reason, this.#now);
    this.#sender.control.add(FRAME_HEADER_BYTES + 8, (into, at) => writePing(into, at, false, payload));
  }

  #sayGoAway(lastStreamId: number): void {
    this.#goAwayBy = Infinity;
    this.#goAwaySent = lastStreamId;
    this.#addGoAway(lastStreamId, ErrorCode.NoError, "");
    this.#finishIfDone();
  }

  #addGoAway(lastStreamId: number, code: number, message: string): void {
    this.#goAwaySent = lastStreamId;
    const debug = encoder.encode(message);
    this.#sender.control.add(
      FRAME_HEADER_BYTES + 8 + debug.length,
      (into, at) => writeGoAway(into, at, lastStreamId, code, debug),
    );
  }

  /** A peer that makes us answer, and does not read the answers (CVE-2019-9512, 9515). */
  #checkControl(): void {
    if (this.#sender.control.size > MAX_CONTROL_BYTES && this.#end === "open") {
      this.#receiver.stop();
      this.#stop(calm("answers that it does not read"), "closed");
    }
  }

  /** The peer is too slow for a whole connection. */
  #late(code: ErrorCode, what: string, limit: number): void {
    this.connectionError(
      new Http2Error("connection", code, `Cannot go on as ${what} within ${limit} ms`, { status: 408 }),
    );
  }

  /** The peer does not even read: there is no use in telling it. */
  #cut(what: string, limit: number): void {
    const message = `Cannot go on as ${what} within ${limit} ms`;
    this.#stop(new Http2Error("connection", ErrorCode.NoError, message, { status: 408 }), "closed");
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

function calm(what: string): Http2Error {
  return new Http2Error("connection", ErrorCode.EnhanceYourCalm, `Cannot go on as there must not be so many ${what}`);
}

function idleError(what: string, id: number): Http2Error {
  return new Http2Error("connection", ErrorCode.ProtocolError, `Cannot read ${what} as stream ${id} must not be idle`);
}

const SELF_DEPENDENCY = "Cannot read priority as a stream must not depend on itself";
const NO_FIELDS: readonly HpackField[] = [];
const encoder = new TextEncoder();
const decoder = new TextDecoder();
