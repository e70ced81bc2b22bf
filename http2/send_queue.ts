/**
 * Owns the order in which streams send: those to be opened by their numbers (RFC 9113 §5.1.1), the others by urgency, and
 * fairly among the equally urgent (RFC 9218 §10). Knows not what they send.
 *
 * @module
 */

import type { Http2Stream } from "./stream.ts";

/** How many urgencies there are (RFC 9218 §4.1). */
const URGENCIES = 8;

/** Streams of one urgency. */
interface Level<O> {
  /** Those that are of use only whole: one after the other. */
  readonly sequential: Line<Http2Stream<O>>;
  /** Those that are of use in pieces, and those of which the peer has said nothing: in turns. */
  readonly incremental: Line<Http2Stream<O>>;
  /** Whether it is an incremental stream's turn. */
  turn: boolean;
}

/** How many places of streams that were dropped are kept, where those are most of all. */
const MAX_DROPPED = 256;

/** The streams that have something to send and may. */
export class SendQueue<O> {
  /** Streams of this side that the peer does not know of, in the order of their numbers. */
  readonly #unopened: Line<Http2Stream<O>> = new Line();
  readonly #levels: (Level<O> | undefined)[] = new Array(URGENCIES).fill(undefined);
  /** Bit n: level n has streams. */
  #occupied = 0;
  /** How many places are of streams that were dropped since, at the most. */
  #dropped = 0;

  /** Whether no stream waits. */
  get empty(): boolean {
    return this.#occupied === 0 && this.#unopened.waiting === 0;
  }

  /** Adds a stream behind the others of its kind. */
  add(stream: Http2Stream<O>): void {
    stream.queueing = "queued";
    if (stream.unopened) return this.#unopened.push(stream);
    const level = this.#level(stream.priority.urgency);
    if (stream.prioritised && !stream.priority.incremental) level.sequential.push(stream);
    else level.incremental.push(stream);
    this.#occupied |= 1 << stream.priority.urgency;
  }

  /**
   * Takes the stream whose turn it is; `undefined` where none waits. One that was dropped is passed over: it says so by its
   * `queueing`.
   */
  take(): Http2Stream<O> | undefined {
    for (let stream = this.#unopened.shift(); stream !== undefined; stream = this.#unopened.shift()) {
      if (stream.queueing !== "queued") continue;
      stream.queueing = "none";
      return stream;
    }
    while (this.#occupied !== 0) {
      const urgency = 31 - Math.clz32(this.#occupied & -this.#occupied);
      const level = this.#level(urgency);
      const stream = takeFrom(level);
      if (level.sequential.waiting === 0 && level.incremental.waiting === 0) this.#occupied &= ~(1 << urgency);
      if (stream?.queueing !== "queued") continue;
      stream.queueing = "none";
      return stream;
    }
    return undefined;
  }

  /** Puts a stream that has more to send back: in front where it is sequential, else behind the others. */
  putBack(stream: Http2Stream<O>): void {
    if (!stream.prioritised || stream.priority.incremental) this.add(stream);
    else this.giveBack(stream);
  }

  /** Puts a stream that could not have its turn back in front. */
  giveBack(stream: Http2Stream<O>): void {
    const { urgency, incremental } = stream.priority;
    stream.queueing = "queued";
    if (stream.unopened) return this.#unopened.unshift(stream);
    const level = this.#level(urgency);
    if (stream.prioritised && !incremental) level.sequential.unshift(stream);
    else level.incremental.unshift(stream);
    this.#occupied |= 1 << urgency;
  }

  /** A stream that waits is to send nothing any more: its place is passed over, or given up before (a peer may reset many). */
  drop(stream: Http2Stream<O>): void {
    stream.queueing = "none";
    if (++this.#dropped < MAX_DROPPED) return;
    this.#dropped = 0;
    this.#unopened.keep(isQueued);
    for (const level of this.#levels) {
      level?.sequential.keep(isQueued);
      level?.incremental.keep(isQueued);
    }
  }

  #level(urgency: number): Level<O> {
    return this.#levels[urgency] ??= { sequential: new Line(), incremental: new Line(), turn: false };
  }
}

function isQueued({ queueing }: Http2Stream<unknown>): boolean {
  return queueing === "queued";
}

/** Takes from the two kinds in turns. */
function takeFrom<O>(level: Level<O>): Http2Stream<O> | undefined {
  const turn = level.turn = !level.turn;
  const kind = level.incremental.waiting > 0 && (turn || level.sequential.waiting === 0)
    ? level.incremental
    : level.sequential;
  return kind.shift();
}

/** How many places that were left may be in front before they are given up. */
const MAX_LEFT = 256;

/** A queue whose front is taken, and given back, in constant time. */
class Line<T> {
  #items: T[] = [];
  #head = 0;

  get waiting(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  unshift(item: T): void {
    if (this.#head > 0) this.#items[--this.#head] = item;
    else this.#items.unshift(item);
  }

  keep(isKept: (item: T) => boolean): void {
    this.#items = this.#items.slice(this.#head).filter(isKept);
    this.#head = 0;
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head++];
    if (this.#head === this.#items.length) this.#items.length = this.#head = 0;
    else if (this.#head >= MAX_LEFT && this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }
}
