/**
 * Owns one HTTP/1.1 connection's loops: what is read goes to the codec, what the codec says goes to handlers, what they
 * answer leaves. Knows no rule of the protocol.
 *
 * @module
 */

import { ServerConnection, type ServerEvent } from "../http1/connection.ts";
import type { Http1Error } from "../http1/error.ts";
import type { ServerExchange } from "../http1/exchange.ts";
import { OUTPUT_HIGH_WATER } from "../http1/output.ts";
import { PREFACE } from "../http2/frame.ts";
import { Reader } from "../net/reader.ts";
import type { Address, Transport } from "../net/transport.ts";
import type { Timer } from "../timer/wheel.ts";
import type { ConnectionDriver, ServerContext } from "./context.ts";
import { type CallDriver, Http1Call } from "./http1_call.ts";
import { answer } from "./answer.ts";
import { PrefixedTransport } from "../net/prefixed_transport.ts";

/** Small for a connection that says little: with 512 bytes it idles on less than 12 KiB in all. Most heads fit in either. */
const READER_SIZES = { initialSize: 512, busySize: 2 * 1024 };

/** How much of HTTP/2's preface may be an HTTP/1.1 method: `PRI`. */
const METHOD_BYTES = 3;

/** What a driver belongs to. */
export interface DriverOwner {
  /** The driver has nothing more to do: its connection was closed, or handed over. */
  released(driver: ConnectionDriver): void;
  /** The peer speaks HTTP/2, as what it began with says; the connection is the owner's again. */
  spokeHttp2(driver: ConnectionDriver, connection: BegunConnection): void;
  /** The connection was closed, by the driver or by whom it was handed to. */
  closed(permit: Disposable): void;
}

/** A connection of which some was read. */
export interface BegunConnection {
  /** The transport, from which nobody reads. */
  readonly transport: Transport;
  /** What is given back once it is closed. */
  readonly permit: Disposable;
  /** What was read. */
  readonly early: Uint8Array;
}

/** What a driver is made with. */
export interface Http1DriverOptions {
  /** What it belongs to. */
  readonly owner: DriverOwner;
  /** What is given back once the connection is closed. */
  readonly permit: Disposable;
  /** Whether the peer may begin with HTTP/2's preface (RFC 9113 §3.3). */
  readonly mayBeHttp2: boolean;
}

/** Drives one connection until it has ended. */
export class Http1Driver implements CallDriver, ConnectionDriver {
  #context: ServerContext;
  #transport: Transport;
  #owner: DriverOwner;
  #permit: Disposable;
  #core: ServerConnection;
  #reader: Reader;
  #timer: Timer;
  #alarmAt = Infinity;
  #now: number;
  /** The calls whose answer has not left, and those of which somebody wants to know. */
  #calls: ReadonlyMap<ServerExchange, Http1Call> = NO_CALLS;
  /** Whether it is not known yet what version the peer speaks. */
  #mayBeHttp2: boolean;
  #processing = false;
  #writing = false;
  /** Where the parked read writes to, if not behind the reader's unread bytes. */
  #target: Uint8Array | undefined;
  #ended = false;
  #closed = false;
  /** Whether no read is parked, as nothing may be read until a handler has done something. */
  #resting = false;
  /** Why the connection was closed. */
  #reason: unknown;
  #room: PromiseWithResolvers<void> | undefined;
  #switch: PromiseWithResolvers<Transport> | undefined;

  /** Made for a transport through which bytes can flow; the permit is given back once that is closed. */
  constructor(context: ServerContext, transport: Transport, options: Http1DriverOptions) {
    const now = context.scheduler.now();
    const { limits, timeouts, parsers } = context;
    this.#context = context;
    this.#transport = transport;
    this.#owner = options.owner;
    this.#permit = options.permit;
    this.#mayBeHttp2 = options.mayBeHttp2;
    this.#core = new ServerConnection({ limits, timeouts, parsers, now });
    this.#reader = new Reader(transport, READER_SIZES);
    this.#timer = context.scheduler.timer(() => this.#expire(), { ref: false });
    this.#now = now;
  }

  get scheme(): "http" | "https" {
    return this.#transport.secure ? "https" : "http";
  }

  get bodyLimit(): number {
    return this.#context.bodyLimit;
  }

  get remoteAddr(): Address {
    return this.#transport.remoteAddr;
  }

  get localAddr(): Address {
    return this.#transport.localAddr;
  }

  /**
   * Begins to read and serve, until the connection has ended or was handed over. The read loop is made of callbacks: one
   * of `await`s would cost each idle connection 0.3 KiB more.
   */
  start(): void {
    this.#arm();
    this.#read();
  }

  #read(): void {
    if (this.#closed) return;
    if (this.#reads()) {
      this.#target = this.#reader.length === 0 && this.#core.phase === "content" ? this.#contentSpace() : undefined;
      this.#transport.read(this.#target ?? this.#reader.space()).then(this.#received, this.#lost);
    } else {
      this.#core.paused();
      this.#resting = true;
    }
  }

  readonly #received = (count: number | null): void => {
    try {
      this.#now = this.#context.scheduler.now();
      if (count === null) this.#ended = true;
      else if (this.#target === undefined) this.#reader.commit(count);
      else this.#receiveInto(this.#target, count);
      if (this.#mayBeHttp2 && this.#isHttp2()) return;
      this.#process();
      this.#read();
    } catch (error) {
      this.#lost(error);
    }
  };

  /** Ends gracefully: the request under way is the last. */
  shutdown(): void {
    this.#core.shutdown(this.#tick());
    this.#process();
  }

  /** Whether the peer has begun as HTTP/2 does: then what it says is for somebody else. Finds out whether it still may. */
  #isHttp2(): boolean {
    const { buffer, start, end, length } = this.#reader;
    let at = 0;
    while (at < PREFACE.length && start + at < end && buffer[start + at] === PREFACE[at]) at++;
    if (at < PREFACE.length) {
      this.#mayBeHttp2 = at === length && !this.#ended;
      return false;
    }
    const early = this.#reader.take();
    this.#closed = true;
    this.#context.scheduler.cancel(this.#timer);
    this.#owner.spokeHttp2(this, { transport: this.#transport, permit: this.#permit, early });
    return true;
  }

  /** Whether octets are wanted now. */
  #reads(): boolean {
    if (this.#ended) return false;
    const { phase } = this.#core;
    if (phase === "held" || phase === "switch") return false;
    // While all wait for handlers a read is parked all the same: it is how a client that went away is noticed.
    if (phase === "content") return this.#takesContent();
    return this.#core.readable || this.#reader.length === 0;
  }

  /** Where content that is wanted whole may be read to straight off the wire. */
  #contentSpace(): Uint8Array | undefined {
    const body = this.#reading()?.body;
    return body?.cancelled === false ? body.space : undefined;
  }

  /** Content was read to where its reader wants it; it can be nothing else, as there was no room for more. */
  #receiveInto(target: Uint8Array, count: number): void {
    const { events } = this.#core;
    this.#target = undefined;
    this.#core.receive(target, 0, count, this.#now);
    for (let event = events.shift(); event !== undefined; event = events.shift()) {
      if (event.type === "data") this.#calls.get(event.exchange)?.body?.advance(count);
      else if (event.type !== "request") this.#conclude(event);
    }
  }

  /** Whether content has somewhere to go: its reader, or nowhere once the answer is complete. */
  #takesContent(): boolean {
    const call = this.#reading();
    const body = call?.body;
    if (!body) return true;
    return body.cancelled ? call.done : body.hungry;
  }

  /** The call whose content is read. */
  #reading(): Http1Call | undefined {
    const exchange = this.#core.reading;
    return exchange && this.#calls.get(exchange);
  }

  /** Lets the codec read what is there, and acts on what it says, until neither makes progress. */
  #process(): void {
    if (this.#processing || this.#closed) return;
    this.#processing = true;
    const core = this.#core;
    const reader = this.#reader;
    core.date = this.#context.heads.date(this.#now);
    while (!this.#closed) {
      const { length, start } = reader;
      const hungry = length > 0 && (core.phase !== "content" || this.#takesContent());
      // A method may begin as HTTP/2's preface does; what goes beyond is withheld, as it would be answered.
      const end = this.#mayBeHttp2 ? Math.min(reader.end, start + METHOD_BYTES) : reader.end;
      const used = hungry ? core.receive(reader.buffer, start, end, this.#now) : 0;
      if (!core.events.empty) this.#handle(start, used);
      else if (used > 0) reader.consume(used);
      else break;
    }
    if (this.#ended && core.end !== "closed") this.#receiveEnd();
    this.#processing = false;
    this.flush(this.#now);
    this.#arm();
  }

  /** Handles the events of what was read at `start`, and consumes it. */
  #handle(start: number, used: number): void {
    const { events } = this.#core;
    let at = start;
    for (let event = events.shift(); event !== undefined; event = events.shift()) {
      if (this.#closed) return; // by a handler: nobody is to hear of what came behind its request
      if (event.type === "request") this.#request(event.exchange);
      else if (event.type === "data") at = this.#data(event.exchange, at, event.start, event.end);
      else this.#conclude(event);
    }
    this.#reader.consume(start + used - at);
  }

  #request(exchange: ServerExchange): void {
    const call = new Http1Call(this, exchange);
    this.#context.stats.requests++;
    this.#context.stats.active++;
    if (call.body !== null) this.#keep(call);
    answer(this.#context, call);
    if (!call.done) this.#keep(call);
  }

  /** Hands content to its reader; gives where the unread bytes begin then. */
  #data(exchange: ServerExchange, at: number, start: number, end: number): number {
    const body = this.#calls.get(exchange)?.body;
    this.#reader.consume(start - at);
    if (body && !body.cancelled) body.push(this.#reader.take(end - start));
    else this.#reader.consume(end - start);
    return end;
  }

  #conclude(event: Extract<ServerEvent, { type: "end" | "error" }>): void {
    const call = event.exchange && this.#calls.get(event.exchange);
    if (event.type === "end") {
      call?.body?.finish(event.trailers);
      this.#reader.shrink(); // what comes next is a head, or silence
      this.#settle();
      return;
    }
    if (call !== undefined) {
      this.#forget(call);
      this.#fail(call, reasonOf(event.error));
    }
    this.#context.onConnectionError(event.error);
  }

  #receiveEnd(): void {
    const core = this.#core;
    if (this.#reader.length > 0 && !core.readable) return; // what waits there is served first
    core.receiveEnd(this.#now);
    if (!core.events.empty) this.#handle(this.#reader.start, this.#reader.length);
    if (this.#context.allowHalfOpen) return;
    for (const call of this.#calls.values()) {
      if (!call.done) call.abortSignal(new DOMException("The client has ended the connection", "AbortError"));
    }
  }

  #expire(): void {
    this.#alarmAt = Infinity;
    const now = this.#tick();
    if (this.#core.deadline <= now) {
      this.#core.date = this.#context.heads.date(now);
      this.#core.expire(now);
      this.#process();
    }
    this.#arm();
  }

  /** Sees to it that the core is woken at its deadline; an alarm that comes too early is re-armed then. */
  #arm(): void {
    const { deadline } = this.#core;
    if (this.#closed || deadline >= this.#alarmAt) return;
    this.#alarmAt = deadline;
    this.#context.scheduler.arm(this.#timer, Math.max(0, deadline - this.#now), this.#now);
  }

  #tick(): number {
    const now = this.#context.scheduler.now();
    this.#core.tick(now);
    return this.#now = now;
  }

  /** See {@linkcode CallDriver.tick}. */
  tick(): number {
    return this.#processing ? this.#now : this.#tick();
  }

  /** Sends what waits, or does what comes after the last octet. */
  flush(now: number = this.tick()): void {
    if (this.#processing || this.#closed) return;
    const { end, output } = this.#core;
    if (end === "closed" && output.size === 0) return this.#close(cutOff()); // though a write never ends
    if (this.#writing) return;
    let view: Uint8Array | undefined;
    try {
      view = this.#core.takeOutput(now);
    } catch (error) {
      return this.#lost(error); // a handler took content back that it had given
    }
    if (view === undefined) return this.#flushed();
    this.#writing = true;
    this.#transport.write(view).then(this.#written, this.#lost);
    this.#arm();
  }

  readonly #written = (count: number): void => {
    this.#writing = false;
    if (this.#closed) return;
    const core = this.#core;
    const { output } = core;
    const full = output.size >= OUTPUT_HIGH_WATER;
    core.sent(count, output.size === count ? this.#now : this.#tick());
    if (output.size === 0 && this.#calls.size === 0 && core.end === "open" && !full) return;
    if (this.#calls.size > 0) this.#settle();
    if (output.size > 0) this.#arm();
    if (full && output.size < OUTPUT_HIGH_WATER) this.#makeRoom();
    this.flush(this.#now);
  };

  /** There's room for output again: streams go on, and requests that came meanwhile begin. */
  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
    this.#tick();
    this.#resume();
  }

  /** Lets go of the calls whose answer has left. */
  #settle(): void {
    const { sentTotal } = this.#core.output;
    for (const [exchange, call] of this.#calls) {
      if (call.mark > sentTotal) continue;
      if (exchange.received) this.#forget(call);
      call.left();
    }
  }

  /** All has left. */
  #flushed(): void {
    switch (this.#core.end) {
      case "open":
      case "lingering":
        return;
      case "finish":
        return this.#finish();
      case "switched":
        return this.#handOver();
      case "closed":
        return this.#close(cutOff());
    }
  }

  /** Ends our side; what the peer still sends is thrown away for a while (RFC 9112 §9.6). */
  #finish(): void {
    if (this.#ended) return this.#close(new DOMException("The connection has ended", "AbortError"));
    this.#core.linger(this.#tick());
    this.#arm();
    this.#wake();
    const close = this.#core.lingers ? undefined : () => this.#close(cutOff());
    this.#transport.closeWrite().then(close, this.#lost);
  }

  #handOver(): void {
    const early = this.#reader.take();
    this.#closed = true;
    this.#context.scheduler.cancel(this.#timer);
    for (const call of this.#calls.values()) call.left();
    this.#calls = NO_CALLS;
    this.#owner.released(this);
    const owner = this.#owner; // the duplex may live long: it must not hold the driver
    const permit = this.#permit;
    this.#switch?.resolve(new PrefixedTransport(this.#transport, early, () => owner.closed(permit)));
  }

  readonly #lost = (error: unknown): void => {
    if (this.#closed) return;
    if (this.#core.end !== "lingering") this.#context.onConnectionError(error);
    this.#close(error);
  };

  #close(reason: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reason = reason;
    this.#context.scheduler.cancel(this.#timer);
    this.#transport.close();
    this.#owner.released(this);
    this.#owner.closed(this.#permit);
    const { sentTotal } = this.#core.output;
    for (const call of this.#calls.values()) {
      if (call.mark > sentTotal) this.#fail(call, reason);
      else call.left();
    }
    this.#calls = NO_CALLS;
    this.#room?.resolve();
    this.#switch?.reject(reason);
  }

  /** See {@linkcode CallDriver.plainHead}. */
  plainHead(contentType: string | null): Uint8Array {
    return this.#context.heads.plain(contentType, this.tick());
  }

  /** See {@linkcode CallDriver.date}. */
  date(): string {
    return this.#context.heads.date(this.tick());
  }

  /** See {@linkcode CallDriver.room}. */
  room(): Promise<void> | undefined {
    if (this.#core.output.size < OUTPUT_HIGH_WATER) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** See {@linkcode CallDriver.wanted}. */
  wanted(call: Http1Call): void {
    this.#core.wantContent(call.exchange, this.tick());
    this.flush(this.#now);
    this.#resume();
  }

  /** See {@linkcode CallDriver.discard}. */
  discard(call: Http1Call): void {
    this.tick();
    if (call.done) this.#core.discardContent(call.exchange);
    this.#resume();
  }

  /** See {@linkcode CallDriver.drain}. */
  drain(call: Http1Call): void {
    this.tick();
    this.#core.discardContent(call.exchange);
  }

  /** See {@linkcode CallDriver.answered}. */
  answered(call: Http1Call): void {
    this.#uncount(call);
    const { exchange } = call;
    const { output } = this.#core;
    if (exchange.inTurn) call.mark = output.total;
    else exchange.whenTurn(() => call.mark = output.total);
    if (call.body !== null && !exchange.received && call.body.cancelled) this.#core.discardContent(exchange);
    this.flush();
    this.#resume();
  }

  /** See {@linkcode CallDriver.watch}. */
  watch(call: Http1Call): void {
    if (call.mark <= this.#core.output.sentTotal) call.left();
    else this.#keep(call);
  }

  /** See {@linkcode CallDriver.abort}. */
  abort(call: Http1Call, reason: unknown): void {
    this.#fail(call, reason);
    this.#close(reason);
  }

  /** Ends the connection at once. */
  cut(reason: unknown): void {
    this.#close(reason);
  }

  /** See {@linkcode CallDriver.switched}. */
  switched(): Promise<Transport> {
    this.#switch = Promise.withResolvers();
    return this.#switch.promise;
  }

  /** Keeps a call whose answer is not complete, or has not left; where the connection is closed it never will. */
  #keep(call: Http1Call): void {
    if (this.#closed) return this.#fail(call, this.#reason);
    if (this.#calls.size === 0) this.#calls = new Map();
    (this.#calls as Map<ServerExchange, Http1Call>).set(call.exchange, call);
  }

  /** Forgets a call; a connection that has none keeps no map. */
  #forget(call: Http1Call): void {
    if (this.#calls === NO_CALLS) return;
    (this.#calls as Map<ServerExchange, Http1Call>).delete(call.exchange);
    if (this.#calls.size === 0) this.#calls = NO_CALLS;
  }

  /** The call ends without its answer. */
  #fail(call: Http1Call, reason: unknown): void {
    this.#uncount(call);
    call.fail(reason);
  }

  /** The call no longer counts among those under way. */
  #uncount(call: Http1Call): void {
    if (!call.counted) return;
    call.counted = false;
    this.#context.stats.active--;
  }

  /** Reads on, where it may be that there is something to read now. */
  #wake(): void {
    if (!this.#resting) return;
    this.#resting = false;
    this.#core.resumed(this.#tick());
    this.#read();
  }

  /** Something may be possible now that was not before: reads go on, or what was read already is looked at. */
  #resume(): void {
    if (this.#processing) return;
    this.#wake();
    if (this.#reader.length > 0 || !this.#core.events.empty || this.#ended) this.#process();
    else this.#arm();
  }
}

/** Stands for "no calls": shared, so never written to. */
const NO_CALLS: ReadonlyMap<ServerExchange, Http1Call> = new Map();

/** Why a connection ends at once. */
function cutOff(): DOMException {
  return new DOMException("The connection was closed", "AbortError");
}

/** What a request's signal and content say of an error. */
function reasonOf(error: Http1Error): unknown {
  return error.status === 408 ? new DOMException(error.message, "TimeoutError") : error;
}
