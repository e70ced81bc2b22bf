/**
 * Owns one stream of a connection: its state, its windows, what it has still to send and what it may still receive. Knows
 * no octets and no other stream.
 *
 * @module
 */

import type { HpackField } from "../hpack/field.ts";
import { ErrorCode, Http2Error } from "./error.ts";
import type { RequestHead } from "./message.ts";
import { DEFAULT_PRIORITY, type Priority } from "./priority.ts";
import { next, State, type StreamInput } from "./stream_state.ts";
import { ReceiveWindow, SendWindow } from "./windows.ts";

/** How far the sending of a message has come, as its owner commands it. */
export type SendPhase = "head" | "content" | "ended";

/** Why a stream's end is not in a queue of those that want to send. */
export type Queueing = "none" | "queued" | "stream" | "connection";

/** The promise by which a server opens a stream (RFC 9113 §8.4). */
export interface StreamPromise<O> {
  /** The stream whose request it goes with. */
  readonly on: Http2Stream<O>;
  /** The request that it answers, pseudo-header fields first. */
  readonly fields: readonly HpackField[];
}

/** What a stream begins with. */
export interface StreamOptions {
  /** What may be sent on it, in bytes. */
  readonly sendWindow: number;
  /** What may be received on it, in bytes. */
  readonly receiveWindow: number;
  /** The request's method: a response to HEAD has no content (RFC 9110 §9.3.2). */
  readonly method: string;
}

/** One stream (RFC 9113 §5). */
export class Http2Stream<O = unknown> {
  /** The stream identifier. */
  readonly id: number;
  /** The request's method. */
  readonly method: string;
  /** What the driver keeps with it. */
  owner: O | undefined = undefined;
  /** The request that was received on it, or promised. */
  request: RequestHead | undefined = undefined;
  /** How urgent its content is (RFC 9218). */
  priority: Priority = DEFAULT_PRIORITY;
  /** Whether the peer has said how urgent it is. */
  prioritised = false;
  /** Whether a handler works for it that has not given its answer. */
  running = false;
  /** Whether content that comes is thrown away. */
  discarding = false;
  /** Whether it was answered without a handler. */
  refused = false;
  /** Whether somebody waits for room for content. */
  wantsRoom = false;
  /** Whether somebody wants to know when the last of it has left. */
  watched = false;
  /** How much output there was, in bytes, with the last of it; -1 before. */
  mark: number = -1;
  /** How many bytes were received that no reader has taken. */
  unread = 0;
  /** Since when a client waits for the response, in milliseconds; infinite before. */
  awaitedSince: number = Infinity;
  /** Whether a final response's head was received. */
  answered = false;
  /** Whether its request for a tunnel was answered otherwise: what comes is plain content. */
  declined = false;
  /** What may be sent on it. */
  readonly sendWindow: SendWindow;
  readonly #receiveWindowBytes: number;
  #receiveWindow: ReceiveWindow | undefined = undefined;
  #state: State = State.Idle;
  /** How many bytes of content have still to come, -1 where that is not known. */
  #expected = -1;

  // What is to be sent, in this order.
  /** The promise of the stream itself. */
  promise: StreamPromise<O> | undefined = undefined;
  /** Interim heads, the oldest first. */
  interim: (readonly HpackField[])[] = NONE;
  /** The final head. */
  head: readonly HpackField[] | undefined = undefined;
  /** Content that is short, and ASCII. */
  text: string | undefined = undefined;
  /** Content, the oldest first. */
  chunks: Uint8Array[] = NO_CHUNKS;
  /** How many bytes of the first have left. */
  offset = 0;
  /** How many bytes of content wait. */
  buffered = 0;
  /** What comes behind the content. */
  trailers: readonly HpackField[] | undefined = undefined;
  /** How far the sending of its message has come, as its owner commands it. */
  phase: SendPhase = "head";
  /** How many bytes were announced and have still to be written, -1 where none were. */
  announced: number = -1;
  /** Where it waits for its turn. */
  queueing: Queueing = "none";

  /** Made in the idle state. */
  constructor(id: number, options: StreamOptions) {
    this.id = id;
    this.method = options.method;
    this.sendWindow = new SendWindow(options.sendWindow);
    this.#receiveWindowBytes = options.receiveWindow;
  }

  /** Its state (RFC 9113 §5.1). */
  get state(): State {
    return this.#state;
  }

  /** Whether it carries the octets of another protocol (RFC 9113 §8.5). */
  get isTunnel(): boolean {
    return this.method === "CONNECT" && !this.declined;
  }

  /** Whether the peer can't know of it, as the frame by which this side opens it was not put into the output. */
  get unopened(): boolean {
    return this.#state === State.Idle || this.promise !== undefined;
  }

  /** Whether all that the peer sends on it was received. */
  get received(): boolean {
    return this.#state === State.HalfClosedRemote || this.#state === State.Closed;
  }

  /** Whether nothing is sent or received on it any more. */
  get closed(): boolean {
    return this.#state === State.Closed;
  }

  /** Whether it has content to send, and no window for it. */
  get stalled(): boolean {
    return this.queueing === "stream" || this.queueing === "connection";
  }

  /** What the peer may send on it; made when content first comes. */
  get receiveWindow(): ReceiveWindow {
    return this.#receiveWindow ??= new ReceiveWindow(this.#receiveWindowBytes);
  }

  /**
   * Goes on to the state that follows an input.
   *
   * @returns Whether the input is in order in the present state.
   */
  step(input: StreamInput): boolean {
    const state = next(this.#state, input);
    if (state === undefined) return false;
    this.#state = state;
    return true;
  }

  /** The peer has said how urgent it is. */
  prioritise(priority: Priority): void {
    this.priority = priority;
    this.prioritised = true;
  }

  /** The head has said how much content comes, in bytes; -1 where it did not. */
  expect(contentLength: number): void {
    this.#expected = contentLength;
  }

  /** Counts content that came. Throws a stream error where it is more than was announced (RFC 9113 §8.1.1). */
  receiveContent(count: number): void {
    if (this.#expected < 0) return;
    this.#expected -= count;
    if (this.#expected < 0) {
      throw this.error(ErrorCode.ProtocolError, "Cannot read DATA as it must be no more than announced");
    }
  }

  /** The content has ended. Throws a stream error where it is less than was announced. */
  receiveEnd(): void {
    if (this.#expected > 0) {
      throw this.error(
        ErrorCode.ProtocolError,
        `Cannot end content as it must be as long as announced: received ${this.#expected} bytes too few`,
      );
    }
  }

  /** Makes an error that ends this stream. */
  error(code: ErrorCode, message: string): Http2Error {
    return new Http2Error("stream", code, message, { streamId: this.id });
  }

  /** Adds an interim head. Throws a `TypeError` behind the final one. */
  addInterim(fields: readonly HpackField[]): void {
    this.#check("head", "inform");
    if (this.interim === NONE) this.interim = [fields];
    else this.interim.push(fields);
  }

  /** Sets the final head; `length` is the content's, where it is announced, or -1. Throws a `TypeError` the second time. */
  setHead(fields: readonly HpackField[], length: number): void {
    this.#check("head", "send a head");
    this.head = fields;
    this.phase = "content";
    this.announced = length;
  }

  /** Adds content. Throws a `TypeError` where none is in order, a `RangeError` where it is more than was announced. */
  addContent(bytes: Uint8Array): void {
    this.#check("content", "send content");
    const { length } = bytes;
    if (length === 0) return;
    if (this.announced >= 0) {
      if (length > this.announced) {
        throw new RangeError(
          `Cannot send content as it must be no more than announced: received ${
            length - this.announced
          } bytes too many`,
        );
      }
      this.announced -= length;
    }
    if (this.chunks === NO_CHUNKS) this.chunks = [bytes];
    else this.chunks.push(bytes);
    this.buffered += length;
  }

  /** Sets all of the content, which is ASCII. */
  setText(text: string): void {
    this.text = text;
    this.buffered = text.length;
  }

  /** Ends the content. Throws a `TypeError` where that is not in order, a `RangeError` where it is less than announced. */
  setEnd(trailers: readonly HpackField[] | undefined): void {
    this.#check("content", "end content");
    if (this.announced > 0) {
      throw new RangeError(
        `Cannot end content as it must be as long as announced: received ${this.announced} bytes too few`,
      );
    }
    this.phase = "ended";
    if (trailers !== undefined && trailers.length > 0) this.trailers = trailers;
  }

  /**
   * Takes `count` bytes of the content that waits, and copies them to `into[at]`. Gives whether they were there: their owner
   * can have transferred or shrunk the buffer since.
   */
  takeContent(count: number, into: Uint8Array, at: number): boolean {
    this.buffered -= count;
    if (this.text !== undefined) return this.#takeText(this.text, count, into, at);
    let left = count;
    while (left > 0) {
      const chunk = this.chunks[0];
      const length = Math.min(left, (chunk?.length ?? 0) - this.offset);
      if (chunk === undefined || length <= 0) return false;
      const whole = length === chunk.length;
      into.set(whole ? chunk : new Uint8Array(chunk.buffer, chunk.byteOffset + this.offset, length), at);
      at += length;
      left -= length;
      this.offset += length;
      if (this.offset < chunk.length) continue;
      this.chunks.shift();
      this.offset = 0;
    }
    return true;
  }

  #takeText(text: string, count: number, into: Uint8Array, at: number): true {
    for (let index = 0; index < count; index++) into[at++] = text.charCodeAt(this.offset + index);
    this.offset += count;
    return true;
  }

  /** Closes it, however it has ended, and forgets what is to be sent. */
  close(): void {
    this.#state = State.Closed;
    this.promise = undefined;
    this.interim = NONE;
    this.head = this.text = this.trailers = undefined;
    this.chunks = NO_CHUNKS;
    this.buffered = 0;
    this.phase = "ended";
  }

  #check(phase: SendPhase, what: string): void {
    if (this.phase === phase) return;
    throw new TypeError(
      `Cannot ${what} as the message must be at its ${phase}: received stream ${this.id} at ${this.phase}`,
    );
  }
}

/** Stand for "nothing": shared, so never pushed to. */
const NONE: (readonly HpackField[])[] = [];
const NO_CHUNKS: Uint8Array[] = [];
