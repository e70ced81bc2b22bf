/**
 * Owns what all parts of a connection share, and how its streams and it end: closed, reset, lost, said goodbye. Knows not
 * which frame or command brings that about.
 *
 * @module
 */

import { Budgets, calm, MAX_CONTROL_BYTES } from "./budget.ts";
import { Deadlines } from "./deadlines.ts";
import { ErrorCode, Http2Error } from "./error.ts";
import type { Http2Event } from "./events.ts";
import { FRAME_HEADER_BYTES, MAX_STREAM_ID } from "./frame.ts";
import { writeGoAway, writePing, writeRstStream, writeWindowUpdate } from "./frame_write.ts";
import type { Http2ClientTimeouts, Http2Limits, Http2Timeouts } from "./limits.ts";
import { ReceiveFlow } from "./receive_flow.ts";
import { type PingReason, RoundTrip } from "./round_trip.ts";
import { Sender, type SenderOwner } from "./sender.ts";
import { initialSettings, type Settings } from "./settings.ts";
import { Http2Stream } from "./stream.ts";
import { State } from "./stream_state.ts";
import { StreamTable } from "./stream_table.ts";

/** What a connection is made with. */
export interface Http2ConnectionOptions {
  /** Which side this is. */
  readonly role: "server" | "client";
  /** What it takes at most. */
  readonly limits: Http2Limits;
  /** How long it waits; a server waits for no response, and leaves its readers their time. */
  readonly timeouts: Http2Timeouts & Partial<Http2ClientTimeouts>;
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

/** The state of one connection. */
export class ConnectionState<O> implements SenderOwner<O> {
  /** Which side this is. */
  readonly role: "server" | "client";
  readonly limits: Http2Limits;
  readonly timeouts: Http2Timeouts;
  readonly acceptsPush: boolean;
  /** What there is to tell the driver. */
  readonly events: Http2Event<O>[] = [];
  /** The peer's settings. */
  readonly peerSettings: Settings = initialSettings();
  readonly table: StreamTable<O>;
  readonly sender: Sender<O>;
  readonly flow: ReceiveFlow<O>;
  readonly roundTrip: RoundTrip;
  readonly deadlines: Deadlines<O>;
  readonly budgets: Budgets = new Budgets();
  /** Streams that somebody watches and whose last octet has not left, with the mark of that. */
  readonly watched: Map<Http2Stream<O>, number> = new Map();
  /** The time of what is done at present. */
  now: number;
  /** How the connection ends. */
  end: ConnectionEnd = "open";
  /** Whether the peer has ended its side. */
  peerEnded = false;
  /** The last stream that the peer was told we process, `undefined` before a GOAWAY. */
  goAwaySent: number | undefined = undefined;
  /** The last stream of ours that the peer processes, `undefined` before its GOAWAY. */
  goAwayReceived: number | undefined = undefined;
  /** Whether the peer keeps to our settings. */
  isAcknowledged = false;
  #isBroken = false;
  /** Whether it is known since when there is no stream. */
  #isIdleSince = true;
  #begins: (() => void)[] = [];

  /** Made with nothing said. */
  constructor(options: Http2ConnectionOptions) {
    const { role, limits, timeouts, now } = options;
    this.role = role;
    this.limits = limits;
    this.timeouts = timeouts;
    this.acceptsPush = options.acceptsPush === true;
    this.now = now;
    this.table = new StreamTable(role);
    this.sender = new Sender(this, this.peerSettings);
    this.roundTrip = new RoundTrip(limits.streamWindowBytes, limits.maxStreamWindowBytes);
    this.flow = new ReceiveFlow(
      limits,
      this.roundTrip,
      (id, increment) => this.#grant(id, increment),
      () => this.ping("bandwidth"),
    );
    this.deadlines = new Deadlines(role, timeouts, now);
  }

  /** The time goes on. What was commanded since begins now, as commands come without the time. */
  at(now: number): void {
    this.now = now;
    if (!this.#isIdleSince) {
      this.#isIdleSince = true;
      this.deadlines.idle(now);
    }
    if (this.#begins.length === 0) return;
    for (const begin of this.#begins.splice(0)) begin();
  }

  /** Something is to begin as soon as the time is known. */
  soon(begin: () => void): void {
    this.#begins.push(begin);
  }

  /** Whether no stream will ever be opened by this side again. */
  get leaving(): boolean {
    return this.end !== "open" || this.goAwaySent !== undefined || this.goAwayReceived !== undefined ||
      this.peerEnded || this.table.exhausted;
  }

  /** Makes a stream, which nobody knows of yet. */
  makeStream(id: number, method: string): Http2Stream<O> {
    return new Http2Stream<O>(id, {
      method,
      sendWindow: this.peerSettings.initialWindowSize,
      receiveWindow: this.flow.firstWindow,
    });
  }

  // How streams end.

  /** A stream has ended before its time: whoever works for it is told. */
  lose(stream: Http2Stream<O>, error: Http2Error, byPeer: boolean, unprocessed: boolean): void {
    if (!stream.refused) this.events.push({ type: "reset", stream, error, byPeer, unprocessed });
    this.close(stream);
  }

  /** A stream ends as it needs what a peer that has ended its side never sends. */
  loseToEnd(stream: Http2Stream<O>): void {
    const message = "Cannot go on as the peer has ended the connection";
    this.lose(stream, new Http2Error("connection", ErrorCode.NoError, message), true, stream.unopened);
  }

  /** A stream ends as its peer has broken a rule, or has kept us waiting. */
  breakOff(stream: Http2Stream<O>, error: Http2Error): void {
    const { unopened } = stream;
    this.lose(stream, error, false, unopened);
    if (!unopened) this.sendReset(stream.id, error.code);
  }

  /** A stream ends as this side wants it. */
  reset(stream: Http2Stream<O>, code: ErrorCode): void {
    if (stream.closed) return;
    const { unopened } = stream;
    this.close(stream);
    // Of a stream that was not opened the peer never hears, save that its number is passed over.
    if (!unopened) this.sendReset(stream.id, code);
  }

  /** A request is answered without a handler, who hears no more of it. */
  refuse(stream: Http2Stream<O>, status: 408 | 414 | 417 | 431): void {
    stream.refused = true;
    this.discard(stream);
    stream.setHead([{ name: ":status", value: String(status) }, { name: "content-length", value: "0" }], 0);
    stream.setEnd(undefined);
    this.sender.schedule(stream);
  }

  /** Nobody reads a stream's content on: what comes is thrown away. */
  discard(stream: Http2Stream<O>): void {
    if (stream.discarding) return;
    stream.discarding = true;
    this.flow.took(stream, stream.unread);
    if (stream.isTunnel) this.soon(() => this.#letGo(stream));
    if (stream.received || stream.closed) return;
    const { gaps, requests } = this.deadlines;
    gaps.remove(stream);
    requests.remove(stream);
    if (stream.state === State.HalfClosedLocal) this.soon(() => this.#drain(stream));
  }

  /** What its holder left behind of a tunnel waits for room no longer than other content. */
  #letGo(stream: Http2Stream<O>): void {
    if (!stream.closed && stream.buffered > 0) this.stalled(stream);
  }

  /** What the peer still sends is thrown away, but not for long. */
  #drain(stream: Http2Stream<O>): void {
    if (!stream.received) this.deadlines.drains.add(stream, this.now);
  }

  /** A stream whose both sides have ended is closed. */
  closeIfDone(stream: Http2Stream<O>): void {
    if (!stream.closed) return;
    this.budgets.earnByEnd();
    this.close(stream);
  }

  /** More content of a stream is awaited. A tunnel may be silent for as long as it likes. */
  awaitContent(stream: Http2Stream<O>): void {
    if (!stream.isTunnel && !stream.received) this.deadlines.gaps.add(stream, this.now);
  }

  /** A stream is closed: nothing of it is kept. */
  close(stream: Http2Stream<O>): void {
    this.flow.took(stream, stream.unread);
    this.table.remove(stream);
    this.sender.forget(stream);
    stream.close();
    this.deadlines.forget(stream);
    if (this.table.size === 0) this.#isIdleSince = false;
    this.finishIfDone();
  }

  // How the connection ends.

  /** Ends gracefully: no stream is opened any more, those that are open go on (RFC 9113 §6.8). */
  shutdown(): void {
    if (this.end !== "open" || this.goAwaySent !== undefined) return;
    if (this.role === "client" || this.table.size === 0) return this.sayGoAway();
    // What the peer has sent meanwhile is still taken; it knows of this one after a round trip.
    this.#addGoAway(MAX_STREAM_ID, ErrorCode.NoError, "");
    this.ping("goAway");
    this.deadlines.begin("goAway", this.now);
  }

  /** Says which stream was the last. */
  sayGoAway(): void {
    this.deadlines.made("goAway");
    this.#addGoAway(this.table.lastPeerId, ErrorCode.NoError, "");
    this.finishIfDone();
  }

  /** A connection that was said goodbye to is over with its last stream. */
  finishIfDone(): void {
    if (this.table.size > 0 || this.end !== "open") return;
    const said = this.goAwaySent !== undefined && this.goAwaySent < MAX_STREAM_ID;
    if (said || this.goAwayReceived !== undefined || this.peerEnded) this.end = "finish";
  }

  /** The connection breaks down, and the peer is told why (RFC 9113 §5.4.1). */
  fail(error: Http2Error): void {
    if (this.end !== "open") return;
    this.#addGoAway(this.table.lastPeerId, error.code, error.message);
    this.#stop(error, "finish");
  }

  /** The connection breaks down; there is no use in telling a peer that does not read. */
  cut(error: Http2Error): void {
    if (this.end === "open" || this.end === "finish") this.#stop(error, "closed");
  }

  #stop(error: Http2Error, end: ConnectionEnd): void {
    this.end = end;
    if (this.#isBroken) return; // the first error is the one to be told
    this.#isBroken = true;
    for (const stream of [...this.table.values()]) this.lose(stream, error, false, stream.unopened);
    this.events.push({ type: "error", error });
  }

  // What is sent beside messages.

  /**
   * Sends a RST_STREAM, and remembers it: frames of the stream may still be on their way. May break the connection down, so
   * that nothing is told behind it.
   */
  sendReset(id: number, code: number): void {
    this.table.remember(id);
    this.sender.control.add(FRAME_HEADER_BYTES + 4, (into, at) => writeRstStream(into, at, id, code));
    this.checkControl();
  }

  /** Sends a PING. */
  ping(reason: PingReason): void {
    if (this.end !== "open") return;
    const payload = this.roundTrip.send(reason, this.now);
    this.sender.control.add(FRAME_HEADER_BYTES + payload.length, (into, at) => writePing(into, at, false, payload));
  }

  /** A peer that makes us answer, and does not read the answers, is left (CVE-2019-9512, 9515). */
  checkControl(): void {
    if (this.sender.control.size > MAX_CONTROL_BYTES) this.cut(calm("answers that it does not read"));
  }

  #grant(id: number, increment: number): void {
    if (this.end !== "open") return;
    this.sender.control.add(FRAME_HEADER_BYTES + 4, (into, at) => writeWindowUpdate(into, at, id, increment));
  }

  #addGoAway(last: number, code: number, message: string): void {
    const lastStreamId = this.goAwaySent = Math.min(last, this.goAwaySent ?? MAX_STREAM_ID); // §6.8: it must not grow
    this.deadlines.leave();
    const debug = encoder.encode(message);
    this.sender.control.add(
      FRAME_HEADER_BYTES + 8 + debug.length,
      (into, at) => writeGoAway(into, at, lastStreamId, code, debug),
    );
  }

  // What a sender tells.

  /** See {@linkcode SenderOwner.streamSent}. */
  streamSent(stream: Http2Stream<O>): void {
    stream.mark = this.sender.total;
    if (this.role === "client") this.deadlines.awaitResponse(stream, this.now);
    if (stream.watched) this.watched.set(stream, stream.mark);
    this.deadlines.stalls.remove(stream);
    // Not reset at once: there are clients that then lose the answer which they have not read yet.
    if (stream.discarding) this.#drain(stream);
    this.closeIfDone(stream);
  }

  /** See {@linkcode SenderOwner.madeRoom}. */
  madeRoom(stream: Http2Stream<O>): void {
    stream.wantsRoom = false;
    this.events.push({ type: "room", stream });
  }

  /** See {@linkcode SenderOwner.stalled}. */
  stalled(stream: Http2Stream<O>): void {
    if (this.peerEnded) return this.loseToEnd(stream);
    // A tunnel may be silent for as long as both ends like; once its own end has let go, nobody else gives it up.
    if (!stream.isTunnel || stream.discarding) this.deadlines.stalls.begin(stream, this.now);
  }

  /** See {@linkcode SenderOwner.dataSent}. */
  dataSent(stream: Http2Stream<O>, length: number, dribbled: boolean): void {
    this.deadlines.stalls.remove(stream);
    this.budgets.earnByData(length);
    if (!dribbled) return;
    try {
      this.budgets.spend("tiny windows", this.now);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.fail(error);
    }
  }

  /** See {@linkcode SenderOwner.unsendable}. */
  unsendable(stream: Http2Stream<O>, error: Http2Error): void {
    this.breakOff(stream, error);
  }
}

const encoder = new TextEncoder();
