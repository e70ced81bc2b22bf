/**
 * Owns the streams of a connection: their identifiers, which of them are open, how many, and which were lately reset. Knows
 * nothing of what happens on them.
 *
 * @module
 */

import { MAX_STREAM_ID } from "./frame.ts";
import type { Http2Stream } from "./stream.ts";
import { StreamMap } from "./stream_map.ts";

/** How many streams that we have reset are remembered: frames of theirs may still be on their way (RFC 9113 §5.1). */
const MAX_REMEMBERED = 1_000;

/** The streams of one connection. */
export class StreamTable<O> {
  readonly #streams = new StreamMap<O>();
  /** The lowest bit of the identifiers that this side gives (RFC 9113 §5.1.1): 1 for a client, 0 for a server. */
  readonly #parity: 0 | 1;
  #nextId: number;
  #lastPeerId = 0;
  #peerOpen = 0;
  #ownOpen = 0;
  #running = 0;
  /** The streams that we have reset, the oldest first. */
  #reset: Set<number> | undefined = undefined;

  /** Made for one side. */
  constructor(role: "server" | "client") {
    this.#parity = role === "client" ? 1 : 0;
    this.#nextId = role === "client" ? 1 : 2;
  }

  /** The highest identifier that the peer has used, 0 for none. */
  get lastPeerId(): number {
    return this.#lastPeerId;
  }

  /** How many streams of the peer's are open. */
  get peerOpen(): number {
    return this.#peerOpen;
  }

  /** How many of our own are open. */
  get ownOpen(): number {
    return this.#ownOpen;
  }

  /** How many handlers work, for streams that are open or not. */
  get running(): number {
    return this.#running;
  }

  /** How many streams are open. */
  get size(): number {
    return this.#streams.size;
  }

  /** Whether all identifiers of this side were given (RFC 9113 §5.1.1: a new connection is the only way then). */
  get exhausted(): boolean {
    return this.#nextId > MAX_STREAM_ID;
  }

  /** The stream of this identifier, where it is open. */
  get(id: number): Http2Stream<O> | undefined {
    return this.#streams.get(id);
  }

  /** All that are open now, by their numbers. */
  values(): readonly Http2Stream<O>[] {
    return this.#streams.sorted();
  }

  /** Whether streams of this identifier are opened by this side. */
  isOwn(id: number): boolean {
    return (id & 1) === this.#parity;
  }

  /** Whether no stream of this identifier was ever opened. */
  isIdle(id: number): boolean {
    return this.isOwn(id) ? id >= this.#nextId : id > this.#lastPeerId;
  }

  /** Whether it was reset by us, not long ago. */
  wasReset(id: number): boolean {
    return this.#reset?.has(id) === true;
  }

  /** Gives the next identifier of this side. */
  takeId(): number {
    const id = this.#nextId;
    this.#nextId += 2;
    return id;
  }

  /** The peer has used an identifier: all below are closed, if they are not open (RFC 9113 §5.1.1). */
  used(id: number): void {
    this.#lastPeerId = id;
  }

  /** Adds a stream. */
  add(stream: Http2Stream<O>): void {
    this.#streams.add(stream);
    if (this.isOwn(stream.id)) this.#ownOpen++;
    else this.#peerOpen++;
  }

  /** Removes a stream that is closed. */
  remove(stream: Http2Stream<O>): void {
    if (!this.#streams.delete(stream)) return;
    if (this.isOwn(stream.id)) this.#ownOpen--;
    else this.#peerOpen--;
  }

  /** Remembers that a stream was reset by us. */
  remember(id: number): void {
    this.#reset ??= new Set();
    this.#reset.add(id);
    if (this.#reset.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#reset) {
      this.#reset.delete(oldest);
      break;
    }
  }

  /** A handler begins to work for a stream. */
  run(stream: Http2Stream<O>): void {
    stream.running = true;
    this.#running++;
  }

  /** A stream's handler has given its answer, whether that is of use or not. */
  release(stream: Http2Stream<O>): void {
    if (!stream.running) return;
    stream.running = false;
    this.#running--;
  }
}
