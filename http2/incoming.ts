/**
 * Owns what the peer's frames mean for a connection and its streams (RFC 9113 §5, §6). Knows no message, and nothing of what
 * this side sends beside its answers to frames.
 *
 * @module
 */

import type { HpackField } from "../hpack/field.ts";
import type { ConnectionState } from "./connection_state.ts";
import { EarlyPriorities } from "./early_priorities.ts";
import { ErrorCode, Http2Error } from "./error.ts";
import { type Frame, FRAME_HEADER_BYTES, MAX_STREAM_ID } from "./frame.ts";
import { type FrameHeader, readUint32 } from "./frame_read.ts";
import { FrameStreams, protocolError, reservedError } from "./frame_streams.ts";
import { writePing, writeSettingsAck } from "./frame_write.ts";
import { IncomingMessages, SELF_DEPENDENCY, selfDependency } from "./incoming_messages.ts";
import { parsePriority } from "./priority.ts";
import type { FrameHandler } from "./receiver.ts";
import { applySetting, SettingId } from "./settings.ts";
import { State } from "./stream_state.ts";

/** What the frames of one connection mean. */
export class Incoming<O> implements FrameHandler {
  readonly #state: ConnectionState<O>;
  readonly #acknowledged: () => void;
  readonly #streams: FrameStreams<O>;
  readonly #messages: IncomingMessages<O>;
  readonly #earlyPriorities: EarlyPriorities = new EarlyPriorities();
  /** Whether the peer's first SETTINGS have come. */
  #isGreeted = false;

  /** Made for a connection's state; `acknowledged` is told when the peer keeps to our settings. */
  constructor(state: ConnectionState<O>, acknowledged: () => void) {
    this.#state = state;
    this.#acknowledged = acknowledged;
    this.#streams = new FrameStreams(state);
    this.#messages = new IncomingMessages(state, this.#streams, this.#earlyPriorities);
  }

  /** See {@linkcode FrameHandler.open}. */
  get open(): boolean {
    return this.#state.end === "open";
  }

  /** See {@linkcode FrameHandler.headers}. */
  headers(id: number, fields: readonly HpackField[] | undefined, endStream: boolean, dependency: number): void {
    this.#messages.headers(id, fields, endStream, dependency);
  }

  /** See {@linkcode FrameHandler.pushPromise}. */
  pushPromise(id: number, fields: readonly HpackField[] | undefined, promisedId: number): void {
    this.#messages.pushPromise(id, fields, promisedId);
  }

  /** See {@linkcode FrameHandler.data}. */
  data(header: FrameHeader, start: number, end: number): void {
    this.#messages.data(header, start, end);
  }

  /** See {@linkcode FrameHandler.priority}. */
  priority(streamId: number, dependency: number): void {
    const { budgets, now } = this.#state;
    budgets.spend("PRIORITY frames", now);
    if (dependency !== streamId) return;
    if (this.#streams.find(streamId, "PRIORITY") !== undefined) throw selfDependency(streamId);
    // What was never opened can't be reset, what is closed need not be.
    if (this.#state.table.isIdle(streamId)) throw protocolError(SELF_DEPENDENCY);
  }

  /** See {@linkcode FrameHandler.rstStream}. */
  rstStream(streamId: number, code: number): void {
    const state = this.#state;
    const stream = this.#streams.find(streamId, "RST_STREAM");
    if (stream === undefined) this.#streams.checkNotIdle(streamId, "RST_STREAM");
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
    state.events.push({ type: "settings" });
    sender.control.add(FRAME_HEADER_BYTES, writeSettingsAck);
    state.checkControl();
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
    const state = this.#state;
    const { deadlines, flow, table, budgets, now } = state;
    if (state.isAcknowledged) return budgets.spend("SETTINGS frames", now); // there was but one to acknowledge
    state.isAcknowledged = true;
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
    const { budgets, sender, now } = this.#state;
    budgets.spend("WINDOW_UPDATE frames", now);
    const stream = this.#streams.find(streamId, "WINDOW_UPDATE");
    if (streamId !== 0 && stream === undefined) return this.#streams.checkNotIdle(streamId, "WINDOW_UPDATE"); // §5.1: late
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
    const stream = this.#streams.find(id, "PRIORITY_UPDATE");
    if (stream !== undefined) stream.prioritise(parsePriority(value));
    else if (table.isIdle(id)) this.#earlyPriorities.remember(id, parsePriority(value), (old) => table.isIdle(old));
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
}

function flowError(scope: "stream" | "connection", message: string, streamId: number): Http2Error {
  return new Http2Error(scope, ErrorCode.FlowControlError, message, { streamId });
}

const PING_BYTES = 8;
const decoder = new TextDecoder();
