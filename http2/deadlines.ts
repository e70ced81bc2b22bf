/**
 * Owns until when a connection waits for what: its peer's next step, and that of each stream. Knows no clock, and not what
 * is done when it is too late.
 *
 * @module
 */

import type { Http2ClientTimeouts, Http2Timeouts } from "./limits.ts";
import type { Http2Stream } from "./stream.ts";
import { Waiting } from "./waiting.ts";

/** For the peer to close its side after ours was closed, in milliseconds: as for HTTP/1.1. */
const LINGER_MS = 1_000;

/** What the peer of a connection must do in time, beside what its streams wait for. */
export type DueStep = "preface" | "settings" | "head" | "write" | "linger" | "goAway";

/** The deadlines of one connection, as times in milliseconds; infinite for what nobody waits for. */
export class Deadlines<O> {
  /** Streams whose next piece of content has still to come. */
  readonly gaps: Waiting<Http2Stream<O>>;
  /** Streams whose request is not whole. */
  readonly requests: Waiting<Http2Stream<O>>;
  /** Streams that have content, and have got no window for any since. */
  readonly stalls: Waiting<Http2Stream<O>>;
  /** Streams that were answered, and of whose requests the rest is thrown away. */
  readonly drains: Waiting<Http2Stream<O>>;
  /** Streams of a client whose reader takes nothing, so that there is no room for more. */
  readonly unreads: Waiting<Http2Stream<O>>;
  readonly #responseTimeout: number;
  /** When to look which responses are late: no later than the first of them is. */
  #responsesBy = Infinity;
  readonly #timeouts: Http2Timeouts;
  readonly #ageBy: number;
  readonly #by: Record<DueStep, number>;
  #idleSince: number;
  #heardAt: number;
  /** When the peer was last asked whether it lives. */
  #askedAt = -Infinity;
  /** Whether the connection ends with its last stream, however old or idle it is. */
  #isLeft = false;

  /** Made with the connection. */
  constructor(
    role: "server" | "client",
    timeouts: Http2Timeouts & Partial<Http2ClientTimeouts>,
    now: number,
  ) {
    this.#timeouts = timeouts;
    this.#responseTimeout = timeouts.response ?? Infinity;
    this.unreads = new Waiting(timeouts.unread ?? Infinity);
    this.gaps = new Waiting(timeouts.body);
    this.requests = new Waiting(role === "server" ? timeouts.request : Infinity);
    this.stalls = new Waiting(timeouts.write);
    this.drains = new Waiting(timeouts.drain);
    this.#by = {
      preface: now + timeouts.preface,
      settings: now + timeouts.settings,
      head: Infinity,
      write: Infinity,
      linger: Infinity,
      goAway: Infinity,
    };
    this.#ageBy = now + timeouts.age;
    this.#idleSince = this.#heardAt = now;
  }

  /** A step is waited for from now on; where it was already, from then. */
  begin(step: DueStep, now: number): void {
    if (this.#by[step] === Infinity) this.restart(step, now);
  }

  /** A step is waited for from now on. */
  restart(step: DueStep, now: number): void {
    this.#by[step] = now + (step === "linger" ? LINGER_MS : this.#timeouts[step]);
  }

  /** A step was made. */
  made(step: DueStep): void {
    this.#by[step] = Infinity;
  }

  /** Whether a step should have been made by now. */
  isLate(step: DueStep, now: number): boolean {
    return this.#by[step] <= now;
  }

  /** Something came. */
  heard(now: number): void {
    this.#heardAt = now;
  }

  /** Whether the peer has been silent for so long that it should be asked whether it lives. */
  isSilent(now: number): boolean {
    return this.#silentBy <= now;
  }

  get #silentBy(): number {
    return Math.max(this.#heardAt, this.#askedAt) + this.#timeouts.ping;
  }

  /** The peer is asked whether it lives, or was already and has not answered. */
  asked(now: number): void {
    this.#askedAt = now;
  }

  /** Whether a PING that is out since then should have been answered, or anything else have come. */
  isDead(pingSince: number, now: number): boolean {
    return this.#deadBy(pingSince) <= now;
  }

  #deadBy(pingSince: number): number {
    return Math.max(pingSince, this.#heardAt) + this.#timeouts.pong;
  }

  /** No stream is opened any more: the connection ends with the last one. */
  leave(): void {
    this.#isLeft = true;
  }

  /** The last stream was closed. */
  idle(now: number): void {
    this.#idleSince = now;
  }

  /** Whether the connection is too old, or was without a stream for too long. */
  isOver(now: number, idle: boolean): boolean {
    return this.#overBy(idle) <= now;
  }

  #overBy(idle: boolean): number {
    if (this.#isLeft) return Infinity;
    return idle ? Math.min(this.#ageBy, this.#idleSince + this.#timeouts.idle) : this.#ageBy;
  }

  /** A stream's response is waited for from now on; that costs no more than a note, as many come before any is late. */
  awaitResponse(stream: Http2Stream<O>, now: number): void {
    stream.awaitedSince = now;
    if (this.#responsesBy === Infinity) this.#responsesBy = now + this.#responseTimeout;
  }

  /** Tells of those of the streams whose response's head is late. */
  expireResponses(
    streams: Iterable<Http2Stream<O>>,
    now: number,
    late: (stream: Http2Stream<O>, limit: number) => void,
  ): void {
    if (this.#responsesBy > now) return;
    const limit = this.#responseTimeout;
    this.#responsesBy = Infinity;
    for (const stream of [...streams]) {
      if (stream.answered) continue;
      const by = stream.awaitedSince + limit;
      if (by <= now) late(stream, limit);
      else this.#responsesBy = Math.min(this.#responsesBy, by);
    }
  }

  /** A stream is closed. */
  forget(stream: Http2Stream<O>): void {
    this.gaps.remove(stream);
    this.requests.remove(stream);
    this.stalls.remove(stream);
    this.drains.remove(stream);
    this.unreads.remove(stream);
  }

  /**
   * When the first of them has passed, while the connection is open.
   *
   * @param idle Whether there is no stream.
   * @param pingSince Since when a PING is out; infinite where none is.
   */
  next(idle: boolean, pingSince: number): number {
    const by = this.#by;
    let at = Math.min(by.preface, by.settings, by.head, by.write, by.goAway, this.#overBy(idle));
    at = Math.min(at, this.gaps.deadline, this.requests.deadline, this.stalls.deadline, this.drains.deadline);
    at = Math.min(at, this.#responsesBy, this.unreads.deadline);
    return Math.min(at, this.#silentBy, this.#deadBy(pingSince));
  }

  /** When the connection's last step is due, once it is no longer open. */
  last(step: "write" | "linger"): number {
    return this.#by[step];
  }
}
