/**
 * Owns how much the peer may send (RFC 9113 §5.2, §6.9): the connection's window and the streams', and when they are opened
 * again. Knows no frame but by the increments that it tells.
 *
 * @module
 */

import { ErrorCode, Http2Error } from "./error.ts";
import { DEFAULT_WINDOW } from "./frame.ts";
import type { Http2Limits } from "./limits.ts";
import type { RoundTrip } from "./round_trip.ts";
import type { Http2Stream } from "./stream.ts";
import { ReceiveWindow } from "./windows.ts";

/** Tells the peer that it may send more: on a stream, or on the connection as a whole (0). */
export type Grant = (streamId: number, increment: number) => void;

/** What may be received on one connection. */
export class ReceiveFlow<O> {
  readonly #limits: Http2Limits;
  readonly #roundTrip: RoundTrip;
  readonly #grant: Grant;
  readonly #measure: () => void;
  readonly #window = new ReceiveWindow(DEFAULT_WINDOW);
  #firstWindow: number;
  #unread = 0;
  /** What came while too much was unread, and is granted again once that is less. */
  #owed = 0;

  /** Made with the window that every connection has (§6.9.2); `measure` sends a PING to measure a round trip by. */
  constructor(limits: Http2Limits, roundTrip: RoundTrip, grant: Grant, measure: () => void) {
    this.#limits = limits;
    this.#roundTrip = roundTrip;
    this.#grant = grant;
    this.#measure = measure;
    this.#firstWindow = Math.max(DEFAULT_WINDOW, limits.streamWindowBytes);
  }

  /** What a new stream may receive, in bytes, as far as the peer knows. */
  get firstWindow(): number {
    return this.#firstWindow;
  }

  /** Whether the peer may send nothing on any stream. */
  get exhausted(): boolean {
    return this.#window.credit <= 0;
  }

  /** Opens the connection's window as far as we want it. */
  open(): void {
    const increment = this.#window.grow(this.#limits.connectionWindowBytes);
    if (increment > 0) this.#grant(0, increment);
  }

  /** The peer has learned of our settings: gives by how much the streams' windows change (§6.9.2). */
  acknowledged(): number {
    const delta = this.#limits.streamWindowBytes - this.#firstWindow;
    this.#firstWindow += delta;
    return delta;
  }

  /** Charges the connection for a DATA frame, padding included. Throws a connection error where there was no room. */
  charge(length: number): void {
    if (this.#window.receive(length)) return;
    throw new Http2Error(
      "connection",
      ErrorCode.FlowControlError,
      "Cannot read DATA as the connection's window must have room",
    );
  }

  /** Charges a stream for a DATA frame of which `count` bytes are content. Throws a stream error where there was no room. */
  chargeStream(stream: Http2Stream<O>, length: number, count: number): void {
    if (this.#roundTrip.received(count)) this.#measure();
    const window = stream.receiveWindow;
    if (!window.receive(length)) {
      throw stream.error(ErrorCode.FlowControlError, "Cannot read DATA as the stream's window must have room");
    }
    window.consume(length - count);
  }

  /** Content waits for its reader. */
  waits(stream: Http2Stream<O>, count: number): void {
    stream.unread += count;
    this.#unread += count;
  }

  /**
   * Gives the connection's window back at once, so that a stream that nobody reads holds up no other: the streams' windows
   * bound what waits. Where too much waits all the same, it is given back as that is read.
   */
  giveBack(length: number): void {
    if (this.#unread > this.#limits.maxUnreadBytes) this.#owed += length;
    else this.#refillConnection(length);
  }

  /** A stream's reader has taken some of its content, or the rest of it is of no use to anyone. */
  took(stream: Http2Stream<O>, count: number): void {
    const taken = Math.min(count, stream.unread); // what was of no use any more was counted then
    stream.unread -= taken;
    this.#unread -= taken;
    if (this.#owed === 0 || this.#unread > this.#limits.maxUnreadBytes) return;
    this.#refillConnection(this.#owed);
    this.#owed = 0;
  }

  /** Opens a stream's window again where it is worth it, further where its reader keeps up; gives whether it did. */
  refill(stream: Http2Stream<O>): boolean {
    const window = stream.receiveWindow;
    const keepsUp = stream.unread * 2 <= window.limit;
    const increment = window.refill(keepsUp ? this.#roundTrip.window : 0);
    if (increment > 0) this.#grant(stream.id, increment);
    return increment > 0;
  }

  #refillConnection(count: number): void {
    this.#window.consume(count);
    const { window } = this.#roundTrip;
    const increment = this.#window.refill(window > this.#limits.streamWindowBytes ? 2 * window : 0); // two at their best
    if (increment > 0) this.#grant(0, increment);
  }
}
