/**
 * Owns a server's side of an HTTP/1.1 connection (RFC 9112): which exchange reads and which one writes, persistence,
 * pipelining, draining, and every deadline. Octets and the time go in, events and octets come out; it knows no socket, no
 * clock, no promise.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { ChunkedDecoder } from "./chunked.ts";
import { Http1Error } from "./error.ts";
import { EventQueue } from "./event_queue.ts";
import { type ExchangeOwner, ServerExchange } from "./exchange.ts";
import { type ConnectionLimits, type ConnectionTimeouts, DEFAULT_LIMITS } from "./limits.ts";
import { Output, OUTPUT_HIGH_WATER } from "./output.ts";
import { type RequestHead, RequestHeadParser } from "./request.ts";

/** What the peer's octets meant, in order; an error is the last one. */
export type ServerEvent =
  | { readonly type: "request"; readonly exchange: ServerExchange }
  | { readonly type: "data"; readonly exchange: ServerExchange; readonly start: number; readonly end: number }
  | { readonly type: "end"; readonly exchange: ServerExchange; readonly trailers: readonly Field[] }
  | { readonly type: "error"; readonly exchange: ServerExchange | undefined; readonly error: Http1Error };

/**
 * What the connection reads next.
 *
 * - `head`: a request's head.
 * - `content`: the content of the exchange that reads.
 * - `held`: nothing, until the exchanges before an unsafe request are answered (RFC 9112 §9.3.2).
 * - `switch`: nothing, until the handler has decided about an Upgrade or a CONNECT.
 * - `discard`: what still comes, to be thrown away: the last answer leaves, or has left.
 */
export type ReadPhase = "head" | "content" | "held" | "switch" | "discard";

/**
 * What the driver has to do about the connection's end.
 *
 * - `open`: nothing.
 * - `finish`: end our side once all output has left, then call {@linkcode ServerConnection.linger}.
 * - `lingering`: read and throw away until the peer ends its side or the deadline passes (RFC 9112 §9.6).
 * - `switched`: hand the socket over once all output has left.
 * - `closed`: close the socket now.
 */
export type EndPhase = "open" | "finish" | "lingering" | "switched" | "closed";

/** What a {@linkcode ServerConnection} is made with; limits, deadlines and parsers are shared by all of a server. */
export interface ConnectionOptions {
  /** What the connection takes at most. */
  readonly limits: ConnectionLimits;
  /** How long it waits. */
  readonly timeouts: ConnectionTimeouts;
  /** Parsers with these limits that nobody uses; connections take from here and give back. */
  readonly parsers: RequestHeadParser[];
  /** The time in milliseconds, of any one clock. */
  readonly now: number;
}

/** A server's side of an HTTP/1.1 connection. */
export class ServerConnection implements ExchangeOwner {
  /** What happened since it was last emptied by the driver. */
  readonly events: EventQueue<ServerEvent> = new EventQueue();
  /** The octets to send. */
  readonly output: Output = new Output();
  /** The current `date` field's value, for the answers that are made here; kept up to date by the driver. */
  date = "";

  #limits: ConnectionLimits;
  #timeouts: ConnectionTimeouts;
  /** What reads heads, while one is read: an idle connection holds none. */
  #parser: RequestHeadParser | undefined;
  readonly #parsers: RequestHeadParser[];
  #chunked: ChunkedDecoder | undefined;
  /** The first of the exchanges whose answer is not complete, which may write to the output. */
  #first: ServerExchange | undefined;
  /** Those behind it, in order: there are none unless the client pipelines. */
  #behind: ServerExchange[] = NONE;
  /** The exchange whose content is read, or that is held. */
  #reading: ServerExchange | undefined;
  #phase: ReadPhase = "head";
  #end: EndPhase = "open";
  #left = 0;
  #drain: number | undefined;
  #served = 0;
  #born: number;
  #now: number;
  #stopping = false;
  #idleEnd = false;
  #readDeadline: number;
  #requestDeadline = Infinity;
  #writeDeadline = Infinity;

  /** Makes the state of a connection that was just accepted. */
  constructor(options: ConnectionOptions) {
    this.#limits = options.limits;
    this.#timeouts = options.timeouts;
    this.#parsers = options.parsers;
    this.#born = this.#now = options.now;
    this.#readDeadline = options.now + options.timeouts.idle;
  }

  /** What is read next. */
  get phase(): ReadPhase {
    return this.#phase;
  }

  /** The exchange whose content is read, or that is held. */
  get reading(): ServerExchange | undefined {
    return this.#reading;
  }

  /** What to do about the connection's end. */
  get end(): EndPhase {
    return this.#end;
  }

  /** Whether the peer may still miss an answer where the socket is closed as soon as our side has ended. */
  get lingers(): boolean {
    return !this.#idleEnd;
  }

  /** Whether no request is under way: none in part, none unanswered. */
  get idle(): boolean {
    return this.#first === undefined && this.#phase === "head" && !this.#headBegan;
  }

  /** When {@linkcode ServerConnection.expire} wants to be called, in the driver's milliseconds; `Infinity` for never. */
  get deadline(): number {
    return Math.min(this.#readDeadline, this.#requestDeadline, this.#writeDeadline);
  }

  /** Whether octets can be used now; if not, they are left where they are until an answer makes room. */
  get readable(): boolean {
    const phase = this.#phase;
    return phase === "content" || phase === "discard" || (phase === "head" && this.#mayBegin());
  }

  /**
   * Reads what the peer sent. Events are added to {@linkcode ServerConnection.events}; `data` events give ranges of
   * `bytes`. Never throws for what the peer did: an error is the last event, and its answer is in the output in its turn.
   *
   * @returns How many bytes were used up.
   */
  receive(bytes: Uint8Array, start: number, end: number, now: number): number {
    this.#now = now;
    let at = start;
    while (at < end) {
      const used = this.#receiveStep(bytes, at, end);
      if (used < 0) break;
      at += used;
    }
    return at - start;
  }

  /** Reads one head, or one piece of content; -1 for "not now" or "more bytes". */
  #receiveStep(bytes: Uint8Array, at: number, end: number): number {
    switch (this.#phase) {
      case "head":
        return this.#mayBegin() ? this.#receiveHead(bytes, at, end) : -1;
      case "content":
        return this.#reading!.head.framing === "length"
          ? this.#receiveLength(at, end)
          : this.#receiveChunked(bytes, at, end);
      case "held":
      case "switch":
        return -1;
      case "discard":
        return end - at;
    }
  }

  #receiveHead(bytes: Uint8Array, at: number, end: number): number {
    const parser = this.#parser ??= this.#parsers.pop() ?? new RequestHeadParser(this.#limits);
    let head: RequestHead | undefined;
    try {
      head = parser.read(bytes, at, end);
    } catch (error) {
      this.#refuse(error);
      return end - at;
    }
    if (head === undefined) {
      if (parser.started && this.#requestDeadline === Infinity) {
        this.#readDeadline = this.#now + this.#timeouts.head;
        this.#requestDeadline = this.#now + this.#timeouts.request;
      }
      return -1;
    }
    const used = parser.used;
    this.#parser = undefined;
    this.#parsers.push(parser); // never more than were in use at once
    const first = this.#first === undefined;
    const exchange = new ServerExchange(this, head, first ? this.output : undefined);
    this.#served++;
    if (exchange.received) this.#contentReceived(exchange);
    else this.#expectContent(exchange);
    if (first || exchange.safe) {
      this.#await(exchange);
      this.events.push({ type: "request", exchange });
    } else {
      this.#reading = exchange;
      this.#phase = "held";
      this.#readDeadline = this.#requestDeadline = Infinity;
    }
    return used;
  }

  /** Whether a head has come in part. */
  get #headBegan(): boolean {
    return this.#parser !== undefined && this.#parser.started;
  }

  /**
   * Whether another request may begin: the bounds on waiting ones and on answers that the peer doesn't take, and none
   * behind an unsafe one (RFC 9112 §9.3.2).
   */
  #mayBegin(): boolean {
    const first = this.#first;
    if (this.output.size >= OUTPUT_HIGH_WATER && !this.#headBegan) return false;
    if (this.#served >= this.#limits.maxRequests) return false;
    if (this.#stopping) return first === undefined && this.#headBegan;
    return first === undefined || (this.#behind.length + 1 < this.#limits.maxPipelined && this.#last!.safe);
  }

  /** The last of the exchanges whose answer is not complete. */
  get #last(): ServerExchange | undefined {
    return this.#behind.length === 0 ? this.#first : this.#behind[this.#behind.length - 1];
  }

  /** Puts an exchange behind those that wait. */
  #await(exchange: ServerExchange): void {
    if (this.#first === undefined) this.#first = exchange;
    else if (this.#behind === NONE) this.#behind = [exchange];
    else this.#behind.push(exchange);
  }

  #expectContent(exchange: ServerExchange): void {
    this.#reading = exchange;
    this.#phase = "content";
    this.#drain = undefined;
    this.#left = exchange.head.contentLength;
    if (exchange.expectsContinue) this.#readDeadline = this.#requestDeadline = Infinity; // nothing is due before the 100
    else this.#contentDue();
    if (exchange.head.framing === "chunked") {
      this.#chunked ??= new ChunkedDecoder(this.#limits);
      this.#chunked.reset();
    }
  }

  /** Content is to come: its next piece, and the whole request, within the times allowed. */
  #contentDue(): void {
    this.#readDeadline = this.#now + this.#timeouts.body;
    if (this.#requestDeadline === Infinity) this.#requestDeadline = this.#now + this.#timeouts.request;
  }

  /** Content, if any, is whole: what comes next on the wire? */
  #contentReceived(exchange: ServerExchange): void {
    exchange.received = true;
    this.#reading = undefined;
    this.#requestDeadline = Infinity;
    const { head } = exchange;
    if (exchange.phase === "switched" || this.#phase === "discard") return;
    this.#phase = head.upgrade || head.method === "CONNECT" ? "switch" : head.keepAlive ? "head" : "discard";
    this.#readDeadline = Infinity;
  }

  #receiveLength(at: number, end: number): number {
    const exchange = this.#reading!;
    const count = Math.min(end - at, this.#left);
    this.#left -= count;
    if (!this.#data(exchange, at, at + count)) return end - at;
    if (this.#left === 0) this.#contentEnd(exchange, NO_FIELDS);
    return count;
  }

  #receiveChunked(bytes: Uint8Array, at: number, end: number): number {
    const exchange = this.#reading!;
    const decoder = this.#chunked!;
    let used: number;
    try {
      used = decoder.read(bytes, at, end);
    } catch (error) {
      this.#refuse(error);
      return end - at;
    }
    if (decoder.dataEnd > decoder.dataStart && !this.#data(exchange, decoder.dataStart, decoder.dataEnd)) {
      return end - at;
    }
    if (decoder.done) this.#contentEnd(exchange, decoder.trailers);
    return used === 0 ? -1 : used;
  }

  /** Hands content on, or throws it away where nobody wants it any more; false when that was too much of it. */
  #data(exchange: ServerExchange, start: number, end: number): boolean {
    exchange.contentBegan();
    if (this.#drain === undefined) {
      this.#contentDue();
      this.events.push({ type: "data", exchange, start, end });
      return true;
    }
    this.#drain -= end - start;
    if (this.#drain >= 0) return true;
    this.#finish();
    return false;
  }

  #contentEnd(exchange: ServerExchange, trailers: readonly Field[]): void {
    this.#contentReceived(exchange);
    if (this.#drain === undefined) this.events.push({ type: "end", exchange, trailers });
    else this.#drain = undefined;
    if (exchange.phase === "done") this.#advance();
  }

  /** Tells that the reader of the content is slow on purpose: no gap is counted until {@linkcode resumed}. */
  paused(): void {
    if (this.#phase === "content" && this.#drain === undefined) this.#readDeadline = Infinity;
  }

  /** Tells that content is read again. */
  resumed(now: number): void {
    this.#now = now;
    if (this.#phase === "content" && this.#drain === undefined) this.#readDeadline = now + this.#timeouts.body;
  }

  /** The content's reader is there: a client that waits for a 100 (Continue) gets it (RFC 9110 §10.1.1). */
  wantContent(exchange: ServerExchange, now: number): void {
    if (!exchange.expectsContinue || exchange.phase !== "pending") return;
    exchange.continue();
    this.#now = now;
    if (this.#reading === exchange && this.#phase === "content" && this.#drain === undefined) this.#contentDue();
  }

  /**
   * Nobody will read the rest of the content: once the answer is complete it is thrown away, up to a limit, and beyond
   * that the connection ends (RFC 9112 §9.3).
   */
  discardContent(exchange: ServerExchange): void {
    if (this.#reading !== exchange || this.#phase !== "content" || this.#drain !== undefined) return;
    this.#drain = this.#limits.drainBytes;
    this.#readDeadline = this.#now + this.#timeouts.drain;
    if (exchange.phase === "done") this.#advance();
  }

  /** The peer has ended its side: a request in part is an error, one unanswered is still answered. */
  receiveEnd(now: number): void {
    this.#now = now;
    this.#stopping = true;
    if (this.#end === "lingering") {
      this.#close();
      return;
    }
    const broken = this.#phase === "content" || (this.#phase === "head" && this.#headBegan);
    if (broken) {
      this.#refuse(new Http1Error(400, "Cannot read request as it must not end before its last octet"));
    } else if (this.#first === undefined && this.#phase !== "held") {
      this.#finish();
    } else {
      this.#readDeadline = this.#requestDeadline = Infinity;
      if (this.#phase === "head") this.#phase = "discard";
    }
  }

  /** See {@linkcode ExchangeOwner.persists}. */
  persists(exchange: ServerExchange): boolean {
    if (!exchange.head.keepAlive) return false;
    if (this.#phase === "held" || this.#last !== exchange) return true;
    if (this.#stopping || this.#served >= this.#limits.maxRequests) return false;
    if (this.#now - this.#born >= this.#timeouts.age) return false;
    if (exchange.received || this.#drain === undefined) return true;
    // RFC 9110 §10.1.1: without a 100 the client may never send the content, so what follows can't be told from it.
    return !exchange.expectsContinue && (exchange.head.framing === "chunked" || this.#left <= this.#drain);
  }

  /** See {@linkcode ExchangeOwner.answered}. */
  answered(exchange: ServerExchange): void {
    if (this.#first === exchange) this.#advance();
  }

  /** Lets the exchanges behind a finished one have their turn. */
  #advance(): void {
    for (let first = this.#first; first !== undefined; first = this.#first) {
      first.takeTurn(this.output);
      if (first.phase === "switched") {
        this.#first = undefined;
        this.#end = "switched";
        this.#readDeadline = this.#requestDeadline = Infinity;
        return;
      }
      if (first.phase !== "done") return;
      if (!first.received && this.#drain === undefined) return; // its content has a reader
      if (first.last) {
        this.#finish();
        return;
      }
      if (!first.received) return;
      this.#first = this.#behind.shift();
      if (this.#phase === "switch" && this.#first === undefined) this.#phase = "head";
    }
    this.#release();
  }

  /** No exchange waits: a held one begins, or the connection idles. */
  #release(): void {
    const held = this.#reading;
    if (this.#phase === "held" && held !== undefined) {
      held.takeTurn(this.output);
      this.#reading = undefined;
      if (held.received) this.#contentReceived(held);
      else this.#expectContent(held);
      this.#first = held;
      this.events.push({ type: "request", exchange: held });
      return;
    }
    if (this.#stopping && this.#phase !== "content") this.#finish();
    else if (this.#phase === "head" && !this.#headBegan) this.#readDeadline = this.#now + this.#timeouts.idle;
  }

  /** Begins a graceful end: the request under way, if any, is the last. */
  shutdown(now: number): void {
    this.#now = now;
    this.#stopping = true;
    if (this.idle) this.#retire();
  }

  /** Tells the time before what is said of an exchange, which carries none. */
  tick(now: number): void {
    this.#now = now;
  }

  /** Tells how much of the output has left, for the deadline of a stalled write. */
  sent(count: number, now: number): void {
    this.#now = now;
    this.output.sent(count);
    this.#writeDeadline = this.output.size === 0 ? Infinity : now + this.#timeouts.write;
  }

  /** The next octets to send, of which the driver tells {@linkcode ServerConnection.sent}. */
  takeOutput(now: number): Uint8Array | undefined {
    const view = this.output.take();
    if (view !== undefined) this.#writeDeadline = now + this.#timeouts.write;
    return view;
  }

  /** The driver has ended our side: what still comes is thrown away for a while, so that the answer isn't lost. */
  linger(now: number): void {
    if (this.#end !== "finish") return;
    this.#end = "lingering";
    this.#readDeadline = now + this.#timeouts.linger;
    this.#requestDeadline = this.#writeDeadline = Infinity;
  }

  /** A deadline may have passed: does what it asks for. */
  expire(now: number): void {
    this.#now = now;
    if (now >= this.#writeDeadline) this.#stalled();
    else if (now >= this.#requestDeadline || now >= this.#readDeadline) this.#late();
  }

  #stalled(): void {
    const seconds = this.#timeouts.write / 1000;
    const error = new Http1Error(408, `Cannot send answer as the peer must take octets within ${seconds} s`);
    this.events.push({ type: "error", exchange: this.#first, error });
    this.#close();
  }

  #late(): void {
    this.#readDeadline = this.#requestDeadline = Infinity;
    if (this.#end === "lingering") return this.#close();
    if (this.#phase === "content" && this.#drain !== undefined) return this.#finish();
    if (this.#phase === "content") {
      return this.#refuse(new Http1Error(408, "Cannot read content as it must come within the time allowed"));
    }
    if (this.#phase === "head" && this.#headBegan) {
      return this.#refuse(new Http1Error(408, "Cannot read head as it must come within the time allowed"));
    }
    if (!this.idle) return;
    if (this.output.size === 0) this.#retire();
    else this.#readDeadline = this.#now + this.#timeouts.idle; // the client is still busy with the last answer
  }

  /** Answers an error in its turn, and reads no more. The exchange whose content is broken fails with it. */
  #refuse(error: unknown): void {
    if (!(error instanceof Http1Error)) throw error;
    const broken = this.#phase === "content" ? this.#reading : undefined;
    this.#stopping = true;
    this.#phase = "discard";
    this.#reading = undefined;
    this.#readDeadline = this.#requestDeadline = Infinity;
    this.events.push({ type: "error", exchange: broken, error });
    if (broken === undefined) {
      const exchange = new ServerExchange(this, REFUSED, this.#first === undefined ? this.output : undefined);
      this.#await(exchange);
      this.#answerError(exchange, error);
      return;
    }
    broken.received = true; // nothing more comes of it
    if (broken.phase === "pending") this.#answerError(broken, error);
    else if (broken.phase === "content") this.#close(); // RFC 9112 §8: an answer cut short must not look complete
    else this.#advance();
  }

  #answerError(exchange: ServerExchange, error: Http1Error): void {
    const fields = [{ name: "content-type", value: "text/plain;charset=UTF-8" }];
    if (this.date !== "") fields.push({ name: "date", value: this.date });
    exchange.respond({ status: error.status, reason: "", fields }, `${error.message}\n`);
  }

  #finish(): void {
    this.#phase = "discard";
    this.#first = this.#reading = undefined;
    this.#behind = NONE;
    if (this.#end === "open") this.#end = "finish";
    this.#readDeadline = this.#requestDeadline = Infinity;
  }

  /** Ends an idle connection: no answer is under way that lingering would save (RFC 9112 §9.6). */
  #retire(): void {
    this.#finish();
    this.#idleEnd = true;
  }

  #close(): void {
    this.#end = "closed";
    this.#phase = "discard";
    this.output.clear();
    this.#readDeadline = this.#requestDeadline = this.#writeDeadline = Infinity;
  }
}

const NO_FIELDS: readonly Field[] = [];

/** Stands for "none behind": shared, so never pushed to. */
const NONE: ServerExchange[] = [];

/** Stands for a head that could not be read, in the exchange that tells the peer so. */
const REFUSED: RequestHead = (() => {
  const bytes = new TextEncoder().encode("GET / HTTP/1.1\r\nhost: unknown\r\n\r\n");
  return new RequestHeadParser(DEFAULT_LIMITS).read(bytes, 0, bytes.length)!;
})();
