/**
 * Owns what the frames of messages mean (RFC 9113 §8): requests, responses, their content and trailers, promises. Knows no
 * octets but those of content, and nothing of what this side sends beside its answers to frames.
 *
 * @module
 */

import type { HpackField } from "../hpack/field.ts";
import type { ConnectionState } from "./connection_state.ts";
import type { EarlyPriorities } from "./early_priorities.ts";
import { ErrorCode, Http2Error } from "./error.ts";
import { Flag } from "./frame.ts";
import type { FrameHeader } from "./frame_read.ts";
import { type FrameStreams, idleError, protocolError, reservedError } from "./frame_streams.ts";
import { readRequestHead, readResponseHead, readTrailers, type RequestHead } from "./message.ts";
import { parsePriority } from "./priority.ts";
import type { Http2Stream } from "./stream.ts";
import { State } from "./stream_state.ts";

/** The messages that come on one connection. */
export class IncomingMessages<O> {
  readonly #state: ConnectionState<O>;
  readonly #streams: FrameStreams<O>;
  readonly #earlyPriorities: EarlyPriorities;

  /** Made for a connection's state and what finds its streams. */
  constructor(state: ConnectionState<O>, streams: FrameStreams<O>, earlyPriorities: EarlyPriorities) {
    this.#state = state;
    this.#streams = streams;
    this.#earlyPriorities = earlyPriorities;
  }

  /** See {@linkcode FrameHandler.headers}. */
  headers(id: number, fields: readonly HpackField[] | undefined, endStream: boolean, dependency: number): void {
    const { table, role, budgets, now } = this.#state;
    const stream = this.#streams.find(id, "HEADERS");
    if (stream !== undefined) {
      if (stream.state === State.ReservedLocal) throw reservedError("HEADERS", id);
      if (stream.received) {
        throw stream.error(ErrorCode.StreamClosed, "Cannot read HEADERS as the peer must not have ended");
      }
      if (dependency === id) throw selfDependency(id);
      if (role === "client" && !stream.answered) return this.#response(stream, fields, endStream);
      return this.#trailers(stream, fields, endStream);
    }
    if (this.#streams.isIgnored(id)) return budgets.spend("reset streams", now);
    if (role === "client" || !table.isIdle(id)) return this.#streams.checkLate(id, "HEADERS");
    if (table.isOwn(id)) throw idleError("HEADERS", id);
    if (dependency === id) throw selfDependency(id);
    this.#request(id, fields, endStream);
  }

  #request(id: number, fields: readonly HpackField[] | undefined, endStream: boolean): void {
    const state = this.#state;
    const { table, limits } = state;
    table.used(id);
    const isOver = table.peerOpen >= limits.maxConcurrentStreams;
    if (isOver || table.running >= limits.maxConcurrentStreams) {
      // Before it knows of the limit the peer means no harm, nor where handlers outlive their streams.
      const isWrong = isOver && state.isAcknowledged;
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
      if (!head.expectsContinue) state.awaitContent(stream); // else from the 100 on
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
    const priority = this.#earlyPriorities.take(stream.id) ?? (value === undefined ? undefined : parsePriority(value));
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
    stream.declined = stream.isTunnel && head.status >= 300;
    stream.expect(bodiless ? 0 : stream.isTunnel ? -1 : head.contentLength);
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
    const stream = this.#streams.find(id, "PUSH_PROMISE");
    if (!table.isOwn(id) || stream?.received) { // §6.6
      throw protocolError(`Cannot read PUSH_PROMISE as stream ${id} must be a request's and not have ended`);
    }
    if (this.#streams.isIgnored(promisedId)) return;
    if (stream === undefined) this.#streams.checkLate(id, "PUSH_PROMISE");
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
    const stream = this.#streams.find(streamId, "DATA");
    if (stream === undefined) return this.#streams.checkLate(streamId, "DATA");
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
}

/** RFC 7540 §5.3.1, the one rule of its priorities that stays. */
export function selfDependency(streamId: number): Http2Error {
  return new Http2Error("stream", ErrorCode.ProtocolError, SELF_DEPENDENCY, { streamId });
}

/** What it says. */
export const SELF_DEPENDENCY = "Cannot read priority as a stream must not depend on itself";
/** The methods that are safe and cacheable (RFC 9110 §9.2.3). */
const PUSHABLE: ReadonlySet<string> = new Set(["GET", "HEAD"]);
const NO_FIELDS: readonly HpackField[] = [];
