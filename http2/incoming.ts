/**
 * Owns what the peer's frames mean for a connection and its streams (RFC 9113 §5, §6, §8). Knows no octets but those of
 * content, and nothing of what this side sends beside its answers to frames.
 *
 * @module
 */

import type { HpackField } from "../hpack/field.ts";
import type { ConnectionState } from "./connection_state.ts";
import { ErrorCode, Http2Error } from "./error.ts";
import { Flag, type Frame, FRAME_HEADER_BYTES, MAX_STREAM_ID } from "./frame.ts";
import { type FrameHeader, readUint32 } from "./frame_read.ts";
import { writePing, writeSettingsAck } from "./frame_write.ts";
import { readRequestHead, readResponseHead, readTrailers, type RequestHead } from "./message.ts";
import { parsePriority, type Priority } from "./priority.ts";
import type { FrameHandler } from "./receiver.ts";
import { applySetting, SettingId } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";
import { State } from "./stream_state.ts";

/** How many PRIORITY_UPDATE frames for streams that are not there yet are remembered (RFC 9218 §7.1). */
const MAX_EARLY_PRIORITIES = 128;

/** What the frames of one connection mean. */
export class Incoming<O> implements FrameHandler {
  readonly #state: ConnectionState<O>;
  readonly #acknowledged: () => void;
  #earlyPriorities: Map<number, Priority> | undefined = undefined;
  /** Whether the peer's first SETTINGS have come. */
  #isGreeted = false;
  /** Whether it keeps to ours. */
  #isAcknowledged = false;

  /** Made for a connection's state; `acknowledged` is told when the peer keeps to our settings. */
  constructor(state: ConnectionState<O>, acknowledged: () => void) {
    this.#state = state;
    this.#acknowledged = acknowledged;
  }

  /** See {@linkcode FrameHandler.open}. */
  get open(): boolean {
    return this.#state.end === "open";
  }

  /** See {@linkcode FrameHandler.headers}. */
  headers(id: number, fields: readonly HpackField[] | undefined, endStream: boolean, dependency: number): void {
    const { table, role, budgets, now } = this.#state;
    const stream = this.#find(id, "HEADERS");
    if (stream !== undefined) {
      if (stream.state === State.ReservedLocal) throw reservedError("HEADERS", id);
      if (stream.received) {
        throw stream.error(ErrorCode.StreamClosed, "Cannot read HEADERS as the peer must not have ended");
      }
      if (dependency === id) throw selfDependency(id);
      if (role === "client" && !stream.answered) return this.#response(stream, fields, endStream);
      return this.#trailers(stream, fields, endStream);
    }
    if (this.#isIgnored(id)) return budgets.spend("reset streams", now);
    if (role === "client" || !table.isIdle(id)) return this.#onClosed(id, "HEADERS");
    if (table.isOwn(id)) throw idleError("HEADERS", id);
    if (dependency === id) throw selfDependency(id);
    this.#request(id, fields, endStream);
  }

  /** The stream of a frame; `undefined` where it is not open. Throws where the peer can't know of it. */
  #find(id: number, what: string): Http2Stream<O> | undefined {
    const stream = this.#state.table.get(id);
    if (stream?.unopened) throw idleError(what, id);
    return stream;
  }

  /** Whether a stream is behind the last that the peer was told of: it was on its way then, and is sent elsewhere (§6.8). */
  #isIgnored(id: number): boolean {
    const { goAwaySent, table } = this.#state;
    return goAwaySent !== undefined && id > goAwaySent && !table.isOwn(id);
  }

  #request(id: number, fields: readonly HpackField[] | undefined, endStream: boolean): void {
    const state = this.#state;
    const { table, limits } = state;
    table.used(id);
    const isOver = table.peerOpen >= limits.maxConcurrentStreams;
    if (isOver || table.running >= limits.maxConcurrentStreams) {
      // Before it knows of the limit the peer means no harm, nor where handlers outlive their streams.
      const isWrong = isOver && this.#isAcknowledged;
      state.budgets.spend(isWrong ? "streams that have to be reset" : "reset streams", state.now);
      return state.sendReset(id, ErrorCode.RefusedStream); // §5.1.2
    }
    if (fields === undefined || fields.length > limits.maxFields) {
      return state.refuse(this.#accept(id, "", endStream), 431);
    }
    const head = this.#requestHead(id, fields, endStream);
    if (head === undefined) return;
    const stream = this.#accept(id, head.method, endStream);
    stream.request = head;
    if (head.path.length > limits.maxTargetBytes) return state.refuse(stream, 414);
    this.#prioritise(stream, head.priority);
    stream.expect(head.contentLength);
    table.run(stream);
    if (!endStream) {
      state.awaitContent(stream);
      if (!stream.isTunnel) state.deadlines.requests.add(stream, state.now);
    }
    state.events.push({ type: "request", stream, head, whole: endStream });
    if (id >= 2 * limits.maxStreams) state.shutdown();
  }

  /** Reads a request's head; `undefined` where it was answered at once, as it expects what is not met. */
  #requestHead(id: number, fields: readonly HpackField[], endStream: boolean): RequestHead | undefined {
    try {
      const head = readRequestHead(fields, id);
      if (!endStream || head.contentLength <= 0) return head;
    } catch (error) {
      if (!(error instanceof Http2Error) || error.status !== 417) throw error;
      this.#state.refuse(this.#accept(id, "", endStream), 417);
      return undefined;
    }
    const message = "Cannot read request as its content must come";
    throw new Http2Error("stream", ErrorCode.ProtocolError, message, { streamId: id });
  }

  #accept(id: number, method: string, endStream: boolean): Http2Stream<O> {
    const stream = this.#state.makeStream(id, method);
    stream.step("receiveHeaders");
    if (endStream) stream.step("receiveEnd");
    this.#state.table.add(stream);
    return stream;
  }

  /** RFC 9218 §7.1: the later signal wins, and the frame is the later one, as it was sent by who knew of the other. */
  #prioritise(stream: Http2Stream<O>, value: string | undefined): void {
    const early = this.#earlyPriorities?.get(stream.id);
    if (early !== undefined) this.#earlyPriorities?.delete(stream.id);
    const priority = early ?? (value === undefined ? undefined : parsePriority(value));
    if (priority !== undefined) stream.prioritise(priority);
  }

  #response(stream: Http2Stream<O>, fields: readonly HpackField[] | undefined, endStream: boolean): void {
    const { events, limits } = this.#state;
    if (fields === undefined || fields.length > limits.maxFields) {
      throw stream.error(ErrorCode.EnhanceYourCalm, "Cannot read response as its fields must be within the limits");
    }
    const head = readResponseHead(fields, stream.id);
    stream.step("receiveHeaders");
    if (head.status < 200) {
      if (endStream) throw stream.error(ErrorCode.ProtocolError, "Cannot end a response as its final head must come");
      events.push({ type: "informational", stream, head, whole: false });
      return;
    }
    stream.answered = true;
    const bodiless = stream.method === "HEAD" || head.status === 204 || head.status === 304;
    const isTunnel = stream.isTunnel && head.status < 300;
    stream.expect(bodiless ? 0 : isTunnel ? -1 : head.contentLength);
    if (endStream && !bodiless) stream.receiveEnd();
    events.push({ type: "response", stream, head, whole: endStream });
    if (!endStream) return this.#state.awaitContent(stream);
    stream.step("receiveEnd");
    this.#state.closeIfDone(stream);
  }

  #trailers(stream: Http2Stream<O>, fields: readonly HpackField[] | undefined, endStream: boolean): void {
    if (!endStream) throw stream.error(ErrorCode.ProtocolError, "Cannot read trailers as they must end the stream");
    if (stream.isTunnel) throw stream.error(ErrorCode.ProtocolError, "Cannot read HEADERS in a tunnel"); // §8.5
    if (fields === undefined || fields.length > this.#state.limits.maxFields) {
      throw stream.error(ErrorCode.EnhanceYourCalm, "Cannot read trailers as they must be within the limits");
    }
    this.#ended(stream, readTrailers(fields, stream.id));
  }

  #ended(stream: Http2Stream<O>, trailers: readonly HpackField[]): void {
    const { events, deadlines } = this.#state;
    stream.receiveEnd();
    stream.step("receiveEnd");
    deadlines.gaps.remove(stream);
    deadlines.requests.remove(stream);
    deadlines.unreads.remove(stream);
    if (!stream.refused) events.push({ type: "end", stream, trailers });
    this.#state.closeIfDone(stream);
  }

  /** See {@linkcode FrameHandler.pushPromise}. */
  pushPromise(id: number, fields: readonly HpackField[] | undefined, promisedId: number): void {
    const state = this.#state;
    const { table } = state;
    if (state.role === "server" || !state.acceptsPush) {
      throw protocolError("Cannot read PUSH_PROMISE as pushes must be accepted");
    }
    if (table.isOwn(promisedId) || !table.isIdle(promisedId)) {
      throw protocolError(`Cannot read PUSH_PROMISE as the promised stream must be a new one: received ${promisedId}`);
    }
    const stream = this.#find(id, "PUSH_PROMISE");
    if (!table.isOwn(id) || stream?.received) { // §6.6
      throw protocolError(`Cannot read PUSH_PROMISE as stream ${id} must be a request's and not have ended`);
    }
    if (this.#isIgnored(promisedId)) return;
    if (stream === undefined) this.#onClosed(id, "PUSH_PROMISE");
    table.used(promisedId);
    if (stream === undefined || table.peerOpen >= state.limits.maxConcurrentStreams || fields === undefined) {
      state.budgets.spend("streams that have to be reset", state.now);
      return state.sendReset(promisedId, stream === undefined ? ErrorCode.Cancel : ErrorCode.RefusedStream);
    }
    const head = readRequestHead(fields, promisedId);
    if (!PUSHABLE.has(head.method) || head.contentLength > 0) { // §8.4
      const message =
        `Cannot read PUSH_PROMISE as its request must be safe and without content: received ${head.method}`;
      throw new Http2Error("stream", ErrorCode.ProtocolError, message, { streamId: promisedId });
    }
    const promised = state.makeStream(promisedId, head.method);
    promised.step("receivePush");
    promised.request = head;
    table.add(promised);
    state.deadlines.awaitResponse(promised, state.now);
    state.events.push({ type: "push", stream, promised, head });
  }

  /** See {@linkcode FrameHandler.data}. */
  data({ streamId, length, flags }: FrameHeader, start: number, end: number): void {
    const state = this.#state;
    const { flow, deadlines } = state;
    flow.charge(length);
    flow.giveBack(length);
    const count = end - start;
    const isLast = (flags & Flag.EndStream) !== 0;
    if (count === 0 && !isLast) state.budgets.spend("empty DATA frames", state.now);
    const stream = this.#find(streamId, "DATA");
    if (stream === undefined) return this.#onClosed(streamId, "DATA");
    if (stream.state === State.ReservedRemote || stream.state === State.ReservedLocal) {
      throw reservedError("DATA", streamId);
    }
    if (stream.received) {
      throw stream.error(ErrorCode.StreamClosed, "Cannot read DATA as the peer must not have ended");
    }
    if (length > 0) flow.chargeStream(stream, length, count);
    if (state.role === "client" && !stream.answered) {
      throw stream.error(ErrorCode.ProtocolError, "Cannot read DATA as a response's head must precede it");
    }
    stream.receiveContent(count);
    if (count > 0 && !stream.discarding) {
      flow.waits(stream, count);
      state.events.push({ type: "data", stream, start, end });
    }
    if (isLast) return this.#ended(stream, NO_FIELDS);
    if (length === 0 || stream.discarding) return; // who sends what nobody reads gets no more room
    if (flow.refill(stream) || stream.receiveWindow.credit > 0) return state.awaitContent(stream);
    deadlines.gaps.remove(stream); // the reader is slow, not the peer
    if (!stream.isTunnel) deadlines.unreads.add(stream, state.now);
  }

  /** See {@linkcode FrameHandler.priority}. */
  priority(streamId: number, dependency: number): void {
    const { budgets, table, now } = this.#state;
    budgets.spend("PRIORITY frames", now);
    if (dependency !== streamId) return;
    // What is not open can't be reset.
    if (table.get(streamId) === undefined) throw protocolError(SELF_DEPENDENCY);
    throw selfDependency(streamId);
  }

  /** See {@linkcode FrameHandler.rstStream}. */
  rstStream(streamId: number, code: number): void {
    const state = this.#state;
    const stream = this.#find(streamId, "RST_STREAM");
    if (stream === undefined) this.#checkNotIdle(streamId, "RST_STREAM");
    if (state.role === "server") state.budgets.spend("reset streams", state.now);
    if (stream === undefined) return;
    const error = new Http2Error("stream", code, "The peer has reset the stream", { streamId });
    state.lose(stream, error, true, code === ErrorCode.RefusedStream);
  }

  /** See {@linkcode FrameHandler.settings}. */
  settings(view: Uint8Array, at: number, length: number): void {
    const state = this.#state;
    const { peerSettings, sender } = state;
    state.budgets.spend("SETTINGS frames", state.now);
    if (!this.#isGreeted) {
      this.#isGreeted = true;
      state.deadlines.made("preface");
      state.deadlines.restart("settings", state.now);
    }
    const { initialWindowSize } = peerSettings;
    const author = state.role === "server" ? "client" : "server";
    for (let place = at; place < at + length; place += 6) {
      const id = view[place]! << 8 | view[place + 1]!;
      applySetting(peerSettings, id, readUint32(view, place + 2), author);
      // One that a later entry raises again is to be told, too (RFC 7541 §4.2).
      if (id === SettingId.HeaderTableSize) sender.encoder.setMaxTableSize(peerSettings.headerTableSize);
    }
    if (peerSettings.initialWindowSize !== initialWindowSize) {
      this.#adjustWindows(peerSettings.initialWindowSize - initialWindowSize);
    }
    sender.control.add(FRAME_HEADER_BYTES, writeSettingsAck);
    state.checkControl();
    state.events.push({ type: "settings" });
  }

  /** §6.9.2: what the streams may send changes by as much, below zero if need be. */
  #adjustWindows(delta: number): void {
    const { table, sender } = this.#state;
    for (const stream of table.values()) {
      if (!stream.sendWindow.grant(delta)) {
        throw flowError("connection", "Cannot apply SETTINGS as no window must grow beyond 2^31 - 1", 0);
      }
      sender.granted(stream);
    }
  }

  /** See {@linkcode FrameHandler.settingsAck}: from here on the peer keeps to our settings. */
  settingsAck(): void {
    const { deadlines, flow, table, budgets, now } = this.#state;
    if (this.#isAcknowledged) return budgets.spend("SETTINGS frames", now); // there was but one to acknowledge
    this.#isAcknowledged = true;
    deadlines.made("settings");
    this.#acknowledged();
    const delta = flow.acknowledged();
    if (delta === 0) return;
    for (const stream of table.values()) stream.receiveWindow.adjust(delta);
  }

  /** See {@linkcode FrameHandler.pinged}. */
  pinged(view: Uint8Array, at: number, ack: boolean): void {
    const state = this.#state;
    if (!ack) {
      state.budgets.spend("PING frames", state.now);
      const payload = view.subarray(at, at + PING_BYTES);
      state.sender.control.add(FRAME_HEADER_BYTES + PING_BYTES, (into, place) => writePing(into, place, true, payload));
      return state.checkControl();
    }
    const ping = state.roundTrip.acknowledge(view, at, state.now);
    if (ping === undefined) state.budgets.spend("PING frames", state.now);
    else if (ping.reason === "user") state.events.push({ type: "pong", time: state.now - ping.at });
    else if (ping.reason === "goAway" && state.goAwaySent === MAX_STREAM_ID) state.sayGoAway();
  }

  /** See {@linkcode FrameHandler.windowUpdate}. */
  windowUpdate(streamId: number, increment: number): void {
    const { budgets, table, sender, now } = this.#state;
    budgets.spend("WINDOW_UPDATE frames", now);
    const stream = this.#find(streamId, "WINDOW_UPDATE");
    if (streamId !== 0 && stream === undefined) return this.#checkNotIdle(streamId, "WINDOW_UPDATE"); // §5.1: late
    if (stream?.state === State.ReservedRemote) throw reservedError("WINDOW_UPDATE", streamId);
    const scope = stream === undefined ? "connection" : "stream";
    if (increment === 0) {
      const message = "Cannot read WINDOW_UPDATE as its increment must not be 0";
      throw new Http2Error(scope, ErrorCode.ProtocolError, message, { streamId });
    }
    const window = stream === undefined ? sender.window : stream.sendWindow;
    if (!window.grant(increment)) {
      throw flowError(scope, "Cannot read WINDOW_UPDATE as no window must grow beyond 2^31 - 1", streamId);
    }
    if (stream === undefined) sender.connectionGranted();
    else sender.granted(stream);
  }

  /** See {@linkcode FrameHandler.other}. */
  other(frame: Frame): void {
    const { role, events, budgets, now } = this.#state;
    budgets.spend("PRIORITY frames", now); // what is of little use, or of an unknown type and ignored (§4.1)
    switch (frame.type) {
      case "goAway":
        return this.#goAway(frame.lastStreamId, frame.code, decoder.decode(frame.debug));
      case "priorityUpdate":
        return this.#priorityUpdate(frame.prioritizedId, frame.value);
      case "origin":
        if (role === "client") events.push({ type: "origin", origins: frame.origins });
        return;
      case "altSvc":
        if (role === "client") {
          events.push({ type: "altSvc", streamId: frame.streamId, origin: frame.origin, value: frame.value });
        }
        return;
    }
  }

  #goAway(lastStreamId: number, code: number, debug: string): void {
    const state = this.#state;
    const before = state.goAwayReceived;
    if (before !== undefined && lastStreamId > before) { // §6.8
      throw protocolError(
        `Cannot read GOAWAY as its last stream must not grow: received ${lastStreamId} behind ${before}`,
      );
    }
    state.goAwayReceived = lastStreamId;
    state.events.push({ type: "goAway", code, lastStreamId, debug });
    const why = debug === "" ? "" : `: ${debug}`;
    const error = new Http2Error("connection", code, `The peer has ended the connection${why}`);
    for (const stream of [...state.table.values()]) {
      if (!state.table.isOwn(stream.id) || stream.id <= lastStreamId) continue;
      state.lose(stream, error, true, true);
    }
    state.finishIfDone();
  }

  #priorityUpdate(id: number, value: string): void {
    const { role, table } = this.#state;
    if (role === "client") throw protocolError("Cannot read PRIORITY_UPDATE as only clients must send it");
    if (id === 0 || table.isOwn(id) && table.isIdle(id)) { // RFC 9218 §7.1
      throw protocolError(`Cannot read PRIORITY_UPDATE as stream ${id} must not be idle`);
    }
    const stream = this.#find(id, "PRIORITY_UPDATE");
    if (stream !== undefined) stream.prioritise(parsePriority(value));
    else if (table.isIdle(id)) this.#remember(id, parsePriority(value));
  }

  #remember(id: number, priority: Priority): void {
    const early = this.#earlyPriorities ??= new Map();
    if (early.size >= MAX_EARLY_PRIORITIES) {
      for (const passed of early.keys()) if (!this.#state.table.isIdle(passed)) early.delete(passed);
    }
    if (early.size < MAX_EARLY_PRIORITIES || early.has(id)) early.set(id, priority);
  }

  /** See {@linkcode FrameHandler.streamError}: the stream ends, the connection goes on (§5.4.2). */
  streamError(error: Http2Error): void {
    const state = this.#state;
    const { table } = state;
    state.budgets.spend("streams that have to be reset", state.now);
    const stream = table.get(error.streamId);
    if (stream !== undefined) return state.breakOff(stream, error);
    if (table.isIdle(error.streamId)) {
      // What is not open can't be reset, unless it has just been opened, and wrongly.
      if (table.isOwn(error.streamId) || state.role === "client") {
        throw new Http2Error("connection", error.code, error.message);
      }
      table.used(error.streamId);
    }
    state.sendReset(error.streamId, error.code);
  }

  /** See {@linkcode FrameHandler.connectionError}. */
  connectionError(error: Http2Error): void {
    this.#state.fail(error);
  }

  /** What may come late, for a stream that is closed, must not come for one that never was. */
  #checkNotIdle(id: number, what: string): void {
    if (this.#state.table.isIdle(id) && !this.#isIgnored(id)) throw idleError(what, id);
  }

  /** A frame for a stream that is not open: it never was, or was reset by us just now, or the peer has lost count. */
  #onClosed(id: number, what: string): void {
    const { table } = this.#state;
    if (this.#isIgnored(id)) return;
    if (table.isIdle(id)) throw idleError(what, id);
    if (table.wasReset(id)) return; // §5.1: what was on its way
    throw new Http2Error(
      "connection",
      ErrorCode.StreamClosed,
      `Cannot read ${what} as stream ${id} must not be closed`,
    );
  }
}

function protocolError(message: string): Http2Error {
  return new Http2Error("connection", ErrorCode.ProtocolError, message);
}

function idleError(what: string, id: number): Http2Error {
  return protocolError(`Cannot read ${what} as stream ${id} must not be idle`);
}

/** §5.1: what has no place on a stream that was only promised. */
function reservedError(what: string, id: number): Http2Error {
  return protocolError(`Cannot read ${what} as stream ${id} must not be reserved`);
}

/** RFC 7540 §5.3.1, the one rule of its priorities that stays. */
function selfDependency(streamId: number): Http2Error {
  return new Http2Error("stream", ErrorCode.ProtocolError, SELF_DEPENDENCY, { streamId });
}

function flowError(scope: "stream" | "connection", message: string, streamId: number): Http2Error {
  return new Http2Error(scope, ErrorCode.FlowControlError, message, { streamId });
}

const SELF_DEPENDENCY = "Cannot read priority as a stream must not depend on itself";
const PING_BYTES = 8;
/** The methods that are safe and cacheable (RFC 9110 §9.2.3). */
const PUSHABLE: ReadonlySet<string> = new Set(["GET", "HEAD"]);
const NO_FIELDS: readonly HpackField[] = [];
const decoder = new TextDecoder();
