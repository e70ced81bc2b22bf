/**
 * Owns one HTTP/2 connection's loops: what is read goes to the protocol, what that tells goes to handlers, what they answer
 * leaves. Knows no rule of the protocol.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { Http2Connection } from "../http2/connection.ts";
import { ErrorCode, type Http2Error } from "../http2/error.ts";
import type { Http2Event, RequestEvent, ResetEvent } from "../http2/events.ts";
import { Reader } from "../net/reader.ts";
import type { Address, Transport } from "../net/transport.ts";
import type { Timer } from "../timer/wheel.ts";
import { answer } from "./answer.ts";
import type { ConnectionDriver, ServerContext } from "./context.ts";
import { Http2Call, type Http2CallDriver } from "./http2_call.ts";

/** Small while nothing is said; a DATA frame of the usual length fits in the buffers of a connection that is busy. */
const READER_SIZES = { initialSize: 512, busySize: 32 * 1024, maxSize: 256 * 1024 };

/** What a driver belongs to. */
export interface Http2DriverOwner {
  /** The driver has nothing more to do: its connection was closed. */
  released(driver: ConnectionDriver): void;
  /** The connection was closed. */
  closed(permit: Disposable): void;
}

/** What a driver is made with. */
export interface Http2DriverOptions {
  /** What it belongs to. */
  readonly owner: Http2DriverOwner;
  /** What is given back once the connection is closed. */
  readonly permit: Disposable;
  /** What was read of the connection already. */
  readonly early?: Uint8Array;
}

/** Drives one connection until it has ended. */
export class Http2Driver implements Http2CallDriver, ConnectionDriver {
  readonly core: Http2Connection<Http2Call>;
  readonly #context: ServerContext;
  readonly #transport: Transport;
  readonly #owner: Http2DriverOwner;
  readonly #permit: Disposable;
  readonly #reader: Reader;
  readonly #timer: Timer;
  #early: Uint8Array | undefined;
  #alarmAt = Infinity;
  #now: number;
  #processing = false;
  #writing = false;
  #closed = false;

  /** Made for a transport through which bytes can flow. */
  constructor(context: ServerContext, transport: Transport, options: Http2DriverOptions) {
    const now = context.scheduler.now();
    const { limits, timeouts } = context;
    this.#context = context;
    this.#transport = transport;
    this.#owner = options.owner;
    this.#permit = options.permit;
    this.#early = options.early;
    this.core = new Http2Connection({ role: "server", limits, timeouts, now });
    this.#reader = new Reader(transport, READER_SIZES);
    this.#timer = context.scheduler.timer(() => this.#expire(), { ref: false });
    this.#now = now;
  }

  get secure(): boolean {
    return this.#transport.secure;
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

  /** Begins to read and serve, until the connection has ended. */
  start(): void {
    const early = this.#early;
    this.#early = undefined;
    this.flush();
    if (early !== undefined) this.#takeEarly(early);
    this.#arm();
    this.#read();
  }

  /** Takes what was read by whoever found out that this is HTTP/2. */
  #takeEarly(early: Uint8Array): void {
    for (let at = 0; at < early.length && !this.#closed;) {
      const space = this.#reader.space();
      const count = Math.min(space.length, early.length - at);
      space.set(early.subarray(at, at + count));
      this.#reader.commit(count);
      at += count;
      this.#process();
    }
  }

  /** Ends gracefully: requests under way are the last. */
  shutdown(): void {
    this.core.shutdown(this.#tick());
    this.flush();
    this.#arm();
  }

  /** Ends the connection at once. */
  cut(reason: unknown): void {
    this.#close(reason);
  }

  #read(): void {
    if (!this.#closed) this.#transport.read(this.#reader.space()).then(this.#received, this.#lost);
  }

  readonly #received = (count: number | null): void => {
    try {
      this.#tick();
      if (count === null) return this.#receiveEnd();
      this.#reader.commit(count);
      this.#process();
      this.#read();
    } catch (error) {
      this.#lost(error);
    }
  };

  #process(): void {
    this.#processing = true;
    const reader = this.#reader;
    const used = this.core.receive(reader.buffer, reader.start, reader.end, this.#now);
    this.#handle();
    reader.consume(used);
    if (this.core.openStreams === 0) reader.shrink();
    this.#processing = false;
    this.flush();
    this.#arm();
  }

  /** The client says no more; what it waits for is still sent, unless it was to be aborted. */
  #receiveEnd(): void {
    this.core.receiveEnd(this.#now);
    this.#handle();
    if (!this.#context.allowHalfOpen) {
      const reason = new DOMException("The client has ended the connection", "AbortError");
      for (const { owner } of this.core.streams()) owner?.abortSignal(reason);
    }
    this.flush();
    this.#arm();
  }

  /** Handles what the protocol has told, also what it tells meanwhile. */
  #handle(): void {
    const { events } = this.core;
    for (let index = 0; index < events.length && !this.#closed; index++) this.#on(events[index]!);
    events.length = 0;
  }

  #on(event: Http2Event<Http2Call>): void {
    switch (event.type) {
      case "request":
        return this.#request(event);
      case "data": {
        const call = event.stream.owner;
        if (call?.body) this.#data(call, event.start, event.end);
        return;
      }
      case "end":
        event.stream.owner?.body?.finish(event.trailers);
        return;
      case "reset":
        return this.#fail(event);
      case "room":
        event.stream.owner?.makeRoom();
        return;
      case "sent":
        event.stream.owner?.left();
        return;
      case "error":
        this.#context.onConnectionError(event.error);
        return;
    }
  }

  #request({ stream, head, whole }: RequestEvent<Http2Call>): void {
    if (stream.closed) return this.core.release(stream); // its client did not even wait for the handler to begin
    const call = stream.owner = new Http2Call(this, stream, head, whole);
    this.#context.stats.requests++;
    this.#context.stats.active++;
    answer(this.#context, call);
  }

  /** Hands content to its reader, in memory of its own. */
  #data(call: Http2Call, start: number, end: number): void {
    const { body } = call;
    if (body === null || body.cancelled) return;
    const { buffer } = this.#reader;
    // Content that is wanted whole is copied to where it stays by its owner.
    body.push(body.space === undefined ? buffer.slice(start, end) : buffer.subarray(start, end));
    this.#taken(call);
  }

  /** Tells the protocol what the content's reader has taken, so that more may come. */
  #taken(call: Http2Call): void {
    const { stream, body } = call;
    const count = stream.unread - (body?.waiting ?? 0);
    if (count > 0) this.core.consumed(stream, count, this.#now);
  }

  /** See {@linkcode Http2CallDriver.wanted}. */
  wanted(call: Http2Call): void {
    if (call.gone) return;
    this.#time();
    this.#taken(call);
    this.flush();
  }

  /** See {@linkcode Http2CallDriver.answered}. */
  answered(call: Http2Call): void {
    this.#uncount(call);
    this.flush();
  }

  /** See {@linkcode Http2CallDriver.watch}. */
  watch(call: Http2Call): void {
    if (this.core.watch(call.stream)) call.left();
  }

  #fail({ stream, error, byPeer }: ResetEvent<Http2Call>): void {
    if (!byPeer) this.#context.onConnectionError(error); // a client that changes its mind is no failure
    const call = stream.owner;
    if (call === undefined) return;
    this.#uncount(call);
    call.fail(reasonOf(error));
  }

  #uncount(call: Http2Call): void {
    if (!call.counted) return;
    call.counted = false;
    this.#context.stats.active--;
  }

  #expire(): void {
    this.#alarmAt = Infinity;
    const now = this.#tick();
    if (this.core.deadline <= now) {
      this.core.expire(now);
      this.#handle();
      this.flush();
    }
    this.#arm();
  }

  /** Sees to it that the core is woken at its deadline; an alarm that comes too early is re-armed then. */
  #arm(): void {
    const { deadline } = this.core;
    if (this.#closed || deadline >= this.#alarmAt) return;
    this.#alarmAt = deadline;
    this.#context.scheduler.arm(this.#timer, Math.max(0, deadline - this.#now), this.#now);
  }

  /** The time: that of the present read where one is handled. */
  #time(): number {
    return this.#processing ? this.#now : this.#tick();
  }

  #tick(): number {
    return this.#now = this.#context.scheduler.now();
  }

  /** See {@linkcode Http2CallDriver.flush}. */
  flush(): void {
    if (this.#processing || this.#closed) return;
    if (this.core.end === "closed") return this.#close(cutOff());
    if (this.#writing) return;
    let view: Uint8Array | undefined;
    try {
      view = this.core.takeOutput(this.#now);
    } catch (error) {
      return this.#lost(error); // a handler took content back that it had given
    }
    if (this.core.events.length > 0) this.#handle();
    if (view === undefined) return this.#flushed();
    this.#writing = true;
    this.#transport.write(view).then(this.#written, this.#lost);
  }

  readonly #written = (count: number): void => {
    this.#writing = false;
    if (this.#closed) return;
    this.core.sent(count, this.#now);
    if (this.core.events.length > 0) this.#handle();
    if (!this.core.flushed || this.core.end !== "open") {
      this.#tick();
      this.flush();
      this.#arm();
    }
  };

  /** All has left. */
  #flushed(): void {
    if (this.core.end === "closed") return this.#close(cutOff());
    if (this.core.end !== "finish") return;
    const lingers = this.core.linger(this.#tick());
    this.#arm();
    const close = lingers ? undefined : () => this.#close(cutOff());
    this.#transport.closeWrite().then(close, this.#lost);
  }

  readonly #lost = (error: unknown): void => {
    if (this.#closed) return;
    if (this.core.end !== "lingering" && this.#isAwaited()) this.#context.onConnectionError(error);
    this.#close(error);
  };

  /** Whether the client waits for something. One that has all its answers may leave as it likes, uploads half sent. */
  #isAwaited(): boolean {
    for (const { mark } of this.core.streams()) if (mark < 0) return true;
    return false;
  }

  #close(reason: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#context.scheduler.cancel(this.#timer);
    this.#transport.close();
    this.#owner.released(this);
    this.#owner.closed(this.#permit);
    for (const stream of this.core.streams()) {
      const call = stream.owner;
      if (call === undefined) continue;
      this.#uncount(call);
      call.fail(reason);
    }
  }

  /** See {@linkcode Http2CallDriver.plainFields}. */
  plainFields(contentType: string | null): readonly Field[] {
    return this.#context.heads.plainFields(contentType, this.#time());
  }

  /** See {@linkcode Http2CallDriver.date}. */
  date(): string {
    return this.#context.heads.date(this.#time());
  }
}

/** Why a connection ends at once. */
function cutOff(): DOMException {
  return new DOMException("The connection was closed", "AbortError");
}

/** What a request's signal and content say of an error. */
function reasonOf(error: Http2Error): unknown {
  if (error.status === 408) return new DOMException(error.message, "TimeoutError");
  if (error.code === ErrorCode.Cancel || error.code === ErrorCode.NoError) {
    return new DOMException(error.message, "AbortError");
  }
  return error;
}
