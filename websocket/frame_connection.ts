/**
 * Owns a WebSocket connection as bytes and time: frames in, events and frames out, the closing handshake, Pings and
 * deadlines. Knows no socket, no promise and no event target.
 *
 * @module
 */

import { FrameReader, MAX_CONTROL_PAYLOAD, Opcode, type Role } from "./frame.ts";
import type { MessageCompression } from "./frame_compression.ts";
import { closePayload, MAX_REASON, readClose } from "./frame_close.ts";
import { CloseCode, violation, WebSocketError } from "./frame_error.ts";
import { mask } from "./frame_mask.ts";
import { compressedLimit, decodeText, MessageAssembly } from "./frame_message.ts";
import { FrameOutput } from "./frame_output.ts";
import { FrameSender } from "./frame_sender.ts";
import type { WebSocketLimits, WebSocketTimeouts } from "./limits.ts";

/** Beyond this much output that waits, in bytes, only the latest Ping is answered (RFC 6455 §5.5.3). */
const PONG_HIGH_WATER = 16 * 1024;

const NO_BYTES = new Uint8Array(0);

/** What happened on a connection. */
export type FrameEvent =
  /** A text message came. */
  | { readonly type: "text"; readonly data: string }
  /** A binary message came; its bytes are the receiver's. */
  | { readonly type: "binary"; readonly data: Uint8Array<ArrayBuffer> }
  /** A Ping came, and is answered already; or a Pong. */
  | { readonly type: "ping" | "pong"; readonly data: Uint8Array<ArrayBuffer> }
  /** The peer's Close came; `code` is 1005 where it had none. */
  | { readonly type: "close"; readonly code: number; readonly reason: string }
  /** The last event: the connection has failed. Its answer, where there is one, is in the output. */
  | { readonly type: "error"; readonly error: WebSocketError };

/** What a connection is doing. */
export type Phase = "open" | "closing" | "closed" | "failed" | "over";

type Step = "sendClose" | "receiveClose" | "fail" | "lose" | "end";

/** RFC 6455 §7: from the opening handshake to the end of the bytes. */
const NEXT: Readonly<Record<Phase, Partial<Record<Step, Phase>>>> = {
  open: { sendClose: "closing", receiveClose: "closed", fail: "failed", lose: "over", end: "over" },
  closing: { receiveClose: "closed", fail: "failed", lose: "over", end: "over" }, // ours was sent
  closed: { lose: "over", end: "over" }, // both were
  failed: { lose: "over", end: "over" }, // nothing more is read
  over: {},
};

/** What a {@linkcode FrameConnection} is made with. */
export interface FrameConnectionOptions {
  /** Which end this is. */
  readonly role: Role;
  /** Its limits. */
  readonly limits: WebSocketLimits;
  /** Its deadlines. */
  readonly timeouts: WebSocketTimeouts;
  /** The time, in milliseconds. */
  readonly now: number;
  /** Compresses messages, where that was agreed on. */
  readonly compression?: MessageCompression | undefined;
  /** Gives unpredictable masking keys; a client must have it. */
  readonly nextKey?: (() => number) | undefined;
  /**
   * Longest payload of a frame that is sent, in bytes; longer messages go in fragments.
   *
   * @default {Infinity}
   */
  readonly fragmentBytes?: number | undefined;
}

/**
 * One WebSocket connection, either end. {@linkcode FrameConnection.receive} never throws for the peer's sins: they become
 * the last event, and the Close that answers them is in the output by then. Commands throw at the caller.
 *
 * @example
 * ```ts
 * import { DEFAULT_WEB_SOCKET_LIMITS, DEFAULT_WEB_SOCKET_TIMEOUTS, FrameConnection } from "@avx/http/websocket";
 *
 * const connection = new FrameConnection({
 *   role: "server",
 *   limits: DEFAULT_WEB_SOCKET_LIMITS,
 *   timeouts: DEFAULT_WEB_SOCKET_TIMEOUTS,
 *   now: 0,
 * });
 * const hello = Uint8Array.of(0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58);
 * console.log(connection.receive(hello, 0, hello.length, 0), connection.takeEvent()); // 11 { type: "text", data: "Hello" }
 * connection.sendText("Hi");
 * console.log(connection.takeOutput(0)); // 81 02 48 69
 * ```
 */
export class FrameConnection {
  /** What waits to be sent. */
  readonly output: FrameOutput = new FrameOutput();
  readonly #limits: WebSocketLimits;
  readonly #timeouts: WebSocketTimeouts;
  readonly #compression: MessageCompression | undefined;
  readonly #reader: FrameReader;
  readonly #message: MessageAssembly;
  readonly #sender: FrameSender;
  #phase: Phase = "open";
  #event: FrameEvent | undefined;
  /** How many bytes of the current data frame's payload are still to come, and how many have. */
  #left = 0;
  #offset = 0;
  /** The latest Ping that there was no room to answer. */
  #ping: Uint8Array | undefined;
  #paused = false;
  #peerEnded = false;
  /** When the peer was last heard of, a message last went either way, output last left. */
  #heardAt: number;
  #activeAt: number;
  #takenAt = 0;
  #waiting = false;
  /** Whether a message is among what waits. */
  #speaking = false;
  /** When the peer must have been heard of, and when the closing must be over. */
  #pongBy = Infinity;
  #closeBy = Infinity;
  #now: number;

  /** Made when the opening handshake is complete. */
  constructor(options: FrameConnectionOptions) {
    const { role, limits, timeouts, now, compression, nextKey, fragmentBytes = Infinity } = options;
    if (role === "client" && nextKey === undefined) {
      throw new TypeError("Cannot open WebSocket as a client must have 'nextKey'"); // RFC 6455 §5.1
    }
    const { maxMessageBytes } = limits;
    const longest = compression === undefined ? maxMessageBytes : compressedLimit(maxMessageBytes);
    const maxFrameBytes = Math.min(limits.maxFrameBytes, longest);
    this.#limits = limits;
    this.#timeouts = timeouts;
    this.#compression = compression;
    this.#reader = new FrameReader({ role, maxFrameBytes, compressed: compression !== undefined });
    this.#message = new MessageAssembly(limits.maxMessageBytes);
    this.#sender = new FrameSender(this.output, {
      compression,
      fragmentBytes,
      nextKey: role === "client" ? nextKey : undefined,
    });
    this.#heardAt = this.#activeAt = this.#now = now;
  }

  /** What the connection is doing. */
  get phase(): Phase {
    return this.#phase;
  }

  /** What to do once all output has left: nothing, end our side and wait for the peer's end, or close at once. */
  get end(): "open" | "finish" | "closed" {
    if (this.#phase === "open" || this.#phase === "closing") return "open";
    return this.#phase === "over" || (this.#peerEnded && this.output.size === 0) ? "closed" : "finish";
  }

  /** Takes what happened, once. */
  takeEvent(): FrameEvent | undefined {
    const event = this.#event;
    this.#event = undefined;
    return event;
  }

  /**
   * Reads frames up to the first event, which has to be taken before more is read; gives how many bytes were used. The
   * bytes are unmasked where they are, so they must be the caller's own, and be given once.
   */
  receive(bytes: Uint8Array, start: number, end: number, now: number): number {
    this.#now = this.#heardAt = now;
    this.#pongBy = Infinity;
    if (this.end !== "open") return end - start; // RFC 6455 §1.4: what comes behind a Close is discarded
    try {
      return this.#read(bytes, start, end);
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error;
      this.#fail(error);
      return end - start;
    }
  }

  /** The peer has ended its side. */
  receiveEnd(now: number): void {
    this.#now = now;
    this.#peerEnded = true;
    if (this.end === "open") this.#lose(new WebSocketError("Cannot go on as the peer ended without a Close frame"));
  }

  #read(bytes: Uint8Array, start: number, end: number): number {
    const reader = this.#reader;
    let at = start;
    while (this.#event === undefined && this.end === "open") {
      if (this.#left > 0) {
        if (at === end) break;
        at = this.#readPart(bytes, at, end);
        continue;
      }
      if (!reader.read(bytes, at, end)) break;
      const payload = at + reader.used;
      const after = payload + reader.length;
      if (reader.control) {
        if (after > end) break;
        mask(bytes, payload, after, reader.key);
        this.#control(bytes.slice(payload, after));
        at = after;
      } else if (reader.fin && !this.#message.open && after <= end) {
        this.#readWhole(bytes, payload, after);
        at = after;
      } else {
        this.#message.announce(reader);
        this.#left = reader.length;
        this.#offset = 0;
        at = payload;
        if (this.#left === 0) this.#endFrame();
      }
    }
    return at - start;
  }

  /** A message of one frame that is there whole. */
  #readWhole(bytes: Uint8Array, start: number, end: number): void {
    const { opcode, rsv1, key } = this.#reader;
    this.#message.announce(this.#reader);
    this.#message.reset();
    mask(bytes, start, end, key);
    const payload = new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
    this.#deliver(opcode, payload, { compressed: rsv1, owned: undefined });
  }

  /** A part of a frame's payload. */
  #readPart(bytes: Uint8Array, start: number, most: number): number {
    const end = Math.min(most, start + this.#left);
    mask(bytes, start, end, this.#reader.key, this.#offset);
    this.#message.add(bytes, start, end);
    this.#left -= end - start;
    this.#offset += end - start;
    if (this.#left === 0) this.#endFrame();
    return end;
  }

  #endFrame(): void {
    if (!this.#reader.fin) return;
    const { opcode, compressed } = this.#message;
    const owned = this.#message.take();
    this.#deliver(opcode, owned, { compressed, owned });
  }

  #deliver(
    opcode: Opcode,
    payload: Uint8Array,
    how: { readonly compressed: boolean; readonly owned: Uint8Array<ArrayBuffer> | undefined },
  ): void {
    this.#activeAt = this.#now;
    let { owned } = how;
    if (how.compressed) owned = this.#inflate(payload);
    if (this.#phase !== "open") return; // ours was sent: nobody waits for messages
    if (opcode === Opcode.Text) this.#event = { type: "text", data: decodeText(owned ?? payload) };
    else this.#event = { type: "binary", data: owned ?? payload.slice() };
  }

  #inflate(payload: Uint8Array): Uint8Array<ArrayBuffer> {
    if (this.#compression === undefined) throw violation("Cannot read message as no extension was agreed on");
    return this.#compression.inflate(payload, this.#limits.maxMessageBytes);
  }

  #control(payload: Uint8Array<ArrayBuffer>): void {
    switch (this.#reader.opcode) {
      case Opcode.Close:
        return this.#receiveClose(payload);
      case Opcode.Ping:
        this.#answer(payload);
        this.#event = { type: "ping", data: payload };
        return;
      default:
        this.#event = { type: "pong", data: payload };
    }
  }

  #answer(payload: Uint8Array): void {
    if (this.#phase !== "open") return;
    if (this.output.size > PONG_HIGH_WATER) this.#ping = payload;
    else this.#sender.control(Opcode.Pong, payload);
  }

  #receiveClose(payload: Uint8Array): void {
    const { code, reason } = readClose(payload);
    if (this.#phase === "open") {
      // RFC 6455 §5.5.1: the answer typically echoes the code; with the reason, as browsers, Deno and ws do.
      this.#sender.control(Opcode.Close, payload);
      this.#closeBy = this.#now + this.#timeouts.close;
    }
    this.#step("receiveClose");
    this.#event = { type: "close", code, reason };
  }

  /**
   * Sends a text message; what is no Unicode is replaced.
   *
   * @throws {TypeError} If the connection is not open.
   */
  sendText(text: string): void {
    if (this.#sends()) this.#sender.text(text);
  }

  /**
   * Sends a binary message; the bytes are the caller's again then.
   *
   * @throws {TypeError} If the connection is not open.
   */
  sendBinary(bytes: Uint8Array): void {
    if (this.#sends()) this.#sender.binary(bytes);
  }

  /**
   * Sends a frame that was made by {@linkcode wholeFrame}, by reference.
   *
   * @throws {TypeError} If the connection is not open, or is a client's, whose frames are masked each by its own key.
   */
  sendFrame(frame: Uint8Array, compressed: boolean): void {
    if (this.#sender.masks) throw new TypeError("Cannot send frame as a client's must be masked");
    if (!this.#sends()) return;
    if (compressed) this.#compression?.forget(); // it joins what the peer refers back to, but not what our context has
    this.output.push(frame);
  }

  /**
   * Sends a Ping.
   *
   * @throws {RangeError} If the payload is longer than 125 bytes.
   * @throws {TypeError} If the connection is not open.
   */
  ping(payload: Uint8Array = NO_BYTES): void {
    if (payload.length > MAX_CONTROL_PAYLOAD) {
      throw new RangeError(`Cannot ping as the payload must be at most 125 bytes: received ${payload.length}`);
    }
    this.#checkOpen();
    this.#sender.control(Opcode.Ping, payload);
  }

  /**
   * Begins the closing handshake; does nothing once it has begun.
   *
   * @param code What the Close says; without it, it is empty.
   * @throws {RangeError} If the code may not be sent, or the reason is longer than 123 bytes or has no code.
   */
  close(code: number | undefined, reason: string, now: number): void {
    const payload = closePayload(code, reason);
    this.#now = now;
    if (this.#phase !== "open") return;
    this.#sender.control(Opcode.Close, payload);
    this.#closeBy = now + this.#timeouts.close;
    this.#step("sendClose");
  }

  /** Ends the connection at once: what waits is dropped. */
  abort(error: WebSocketError): void {
    if (this.#phase !== "over") this.#lose(error);
  }

  #checkOpen(): void {
    if (this.#phase !== "open") throw new TypeError(`Cannot send as the connection must be open: it is ${this.#phase}`);
  }

  /** Whether a message may be added to what waits; if not, the connection is cut, as the peer doesn't read. */
  #sends(): boolean {
    this.#checkOpen();
    const { maxQueuedBytes } = this.#limits;
    if (this.output.size <= maxQueuedBytes) return this.#speaking = true;
    const message = `Cannot send as at most ${maxQueuedBytes} bytes may wait: received ${this.output.size}`;
    this.#lose(new WebSocketError(message));
    return false;
  }

  /** The first bytes to write; `undefined` when there are none. */
  takeOutput(now: number): Uint8Array | undefined {
    const view = this.output.take();
    if (view !== undefined && !this.#waiting) {
      this.#waiting = true;
      this.#takenAt = now;
    }
    return view;
  }

  /** Tells that the first `count` bytes of the output have left. */
  sent(count: number, now: number): void {
    if (this.#phase === "over") return;
    this.#now = this.#takenAt = now;
    if (this.#speaking) this.#activeAt = now;
    this.output.sent(count);
    if (this.output.size > 0) return;
    this.#waiting = this.#speaking = false;
    if (this.#ping === undefined) return;
    this.#answer(this.#ping);
    this.#ping = undefined;
  }

  /** Tells that nothing is read for a while, by the application's choice: silence is nobody's fault then. */
  paused(): void {
    this.#paused = true;
    this.#pongBy = Infinity;
  }

  /** Tells that it is read on. */
  resumed(now: number): void {
    this.#paused = false;
    this.#now = this.#heardAt = now;
  }

  /** When {@linkcode FrameConnection.expire} has to be called, in milliseconds; may move on before. */
  get deadline(): number {
    if (this.#phase === "over") return Infinity;
    const { write, ping, idle, context } = this.#timeouts;
    let first = this.#waiting ? Math.min(this.#closeBy, this.#takenAt + write) : this.#closeBy;
    if (this.#phase !== "open") return first;
    if (!this.#paused) first = Math.min(first, this.#pongBy < Infinity ? this.#pongBy : this.#heardAt + ping);
    first = Math.min(first, this.#activeAt + idle);
    return this.#compression?.live ? Math.min(first, this.#activeAt + context) : first;
  }

  /** Does what is due. */
  expire(now: number): void {
    this.#now = now;
    const { write, ping, pong, idle, context } = this.#timeouts;
    if (this.#phase === "over") return;
    if (this.#waiting && now >= this.#takenAt + write) return this.#timedOut(`the peer took nothing for ${write} ms`);
    if (now >= this.#closeBy) return this.#closeExpired();
    if (this.#phase !== "open") return;
    if (now >= this.#pongBy) return this.#timedOut(`nothing came for ${pong} ms after a Ping`);
    if (now >= this.#activeAt + context) this.#compression?.release();
    if (now >= this.#activeAt + idle) return this.close(CloseCode.GoingAway, "idle", now);
    if (this.#paused || this.#pongBy < Infinity || now < this.#heardAt + ping) return;
    this.#sender.control(Opcode.Ping, NO_BYTES);
    this.#pongBy = now + pong;
  }

  #closeExpired(): void {
    if (this.#phase === "closing") return this.#timedOut(`no Close came for ${this.#timeouts.close} ms`);
    this.output.clear(); // the handshake is complete, or the failure told: only the end of the bytes is missing
    this.#step("end");
  }

  #timedOut(what: string): void {
    const message = `Cannot go on as ${what}`;
    this.#lose(new WebSocketError(message, { cause: new DOMException(message, "TimeoutError") }));
  }

  /** RFC 6455 §7.1.7: the Close says why, and nothing more is read. */
  #fail(error: WebSocketError): void {
    if (this.#phase === "open") {
      this.#sender.control(Opcode.Close, closePayload(error.closeCode, error.message.slice(0, MAX_REASON)));
    }
    this.#closeBy = this.#now + this.#timeouts.close;
    this.#step("fail");
    this.#event = { type: "error", error };
    this.#letGo();
  }

  /** The connection is gone: nothing can be sent any more. */
  #lose(error: WebSocketError): void {
    const told = this.end !== "open"; // the handshake is complete, or the failure told
    this.#step("lose");
    this.output.clear();
    if (!told) this.#event = { type: "error", error };
    this.#letGo();
  }

  #step(step: Step): void {
    this.#phase = NEXT[this.#phase][step] ?? this.#phase;
    if (this.#phase === "closed" || this.#phase === "over") this.#letGo();
  }

  #letGo(): void {
    this.#message.reset();
    this.#compression?.release();
    this.#ping = undefined;
  }
}
