/**
 * Owns one HTTP/2 connection's loops: what is read goes to the protocol, what that tells goes to handlers, what they answer
 * leaves. Knows no rule of the protocol.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { Http2Connection } from "../http2/connection.ts";
import { ErrorCode, type Http2Error } from "../http2/error.ts";
import type { DataEvent, Http2Event, RequestEvent, ResetEvent } from "../http2/events.ts";
import type { Http2Stream } from "../http2/stream.ts";
import { Reader } from "../net/reader.ts";
import type { Address, Transport } from "../net/transport.ts";
import type { Timer } from "../timer/wheel.ts";
import { answer } from "./answer.ts";
import type { ConnectionDriver, ServerContext } from "./context.ts";
import { Http2Call, type Http2CallDriver } from "./http2_call.ts";
import type { Promised } from "./http2_push.ts";

/** Small while nothing is said; a DATA frame of the usual length fits in the buffers of a connection that is busy. */
const READER_SIZES = { initialSize: 512, busySize: 32 * 1024, maxSize: 256 * 1024, reuse: true };

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
  /** Why the connection was closed. */
  #reason: unknown;
  /** How many events were handled of those that are to be. */
  #handled = 0;
  /** Settles with the write under way, or the next. */
  #drained: PromiseWithResolvers<void> | undefined;
  /** The calls that were pushed and are not over. */
  #pushed: readonly Http2Call[] = NO_CALLS;
  /** The deadlines of streams whose holders are done, and have left something to be sent. */
  #lasting: Set<Disposable> | undefined;
  /** Whether the server ends, so that what was handed over is all that the connection is still there for. */
  #leaving = false;
  /** Whether requests are refused, as the server has ended at once. */
  #refusing = false;
  #released = false;

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
    this.#leaving = true;
    this.core.shutdown(this.#tick());
    this.flush();
    this.#releaseIfLeft();
  }

  /** Ends at once. What was handed over is its holder's to end: for that the connection goes on, and for nothing else. */
  cut(reason: unknown): void {
    const streams = [...this.core.streams()].filter(({ closed }) => !closed);
    if (this.core.end !== "open" || !streams.some(isTunnel)) return this.#close(reason);
    this.#refusing = true;
    for (const stream of streams) {
      if (isTunnel(stream)) continue;
      this.core.reset(stream, ErrorCode.Cancel);
      if (stream.owner !== undefined) this.#end(stream.owner, reason);
    }
    this.shutdown();
  }

  /** What was handed over is waited for by nobody but its holder. */
  #releaseIfLeft(): void {
    if (!this.#leaving || this.core.openStreams === 0) return;
    for (const stream of this.core.streams()) if (!isTunnel(stream)) return;
    this.#release();
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#owner.released(this);
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
    if (this.#closed) return;
    this.#send(this.#now);
    this.#arm();
    if (this.#leaving) this.#releaseIfLeft();
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

  /** Handles what the protocol has told, also what it tells meanwhile, and each event once though it be called meanwhile. */
  #handle(): void {
    const { events } = this.core;
    while (this.#handled < events.length) this.#on(events[this.#handled++]!);
    events.length = this.#handled = 0;
  }

  #on(event: Http2Event<Http2Call>): void {
    switch (event.type) {
      case "request":
        return this.#request(event);
      case "data":
        return this.#data(event);
      case "end":
        if (!this.#closed) event.stream.owner?.body?.finish(event.trailers);
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
    // Its client did not even wait for the handler to begin, or a handler before it has ended the server.
    if (stream.closed || this.#closed) return this.core.release(stream);
    if (this.#refusing) {
      this.core.release(stream);
      return this.core.reset(stream, ErrorCode.RefusedStream);
    }
    const call = stream.owner = new Http2Call(this, stream, head, whole);
    this.#begin(call);
    answer(this.#context, call);
  }

  /** The call counts among those under way. */
  #begin(call: Http2Call): void {
    const { stats } = this.#context;
    call.counted = true;
    stats.requests++;
    stats.active++;
  }

  /** See {@linkcode Http2CallDriver.push}. */
  push({ stream: on }: Http2Call, { head, fields }: Promised): boolean {
    const isUnderWay = ({ stream, handled }: Http2Call) => !stream.closed || !handled;
    this.#pushed = this.#pushed.filter(isUnderWay);
    if (this.#closed || this.#pushed.length >= this.#context.limits.maxConcurrentStreams) return false;
    const stream = this.core.push(on, head, fields);
    if (stream === undefined) return false;
    const call = stream.owner = new Http2Call(this, stream, head, true);
    this.#pushed = [...this.#pushed, call];
    this.#begin(call);
    // The handler that pushes goes on first: its answer is what the client waits for.
    queueMicrotask(() => {
      if (call.gone) call.settled();
      else answer(this.#context, call);
    });
    this.flush();
    return true;
  }

  /** Hands content to its reader, in memory of its own. */
  #data({ stream, start, end }: DataEvent<Http2Call>): void {
    const call = stream.owner;
    const body = call?.body;
    if (call === undefined || !body || body.cancelled || this.#closed) return;
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
    else if (this.#closed) call.fail(this.#reason);
  }

  /** See {@linkcode Http2CallDriver.written}. */
  written(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#drained ??= Promise.withResolvers();
    return this.#drained.promise;
  }

  /** See {@linkcode Http2CallDriver.opened}. */
  opened(call: Http2Call): void {
    this.#uncount(call);
    this.flush();
  }

  /** See {@linkcode Http2CallDriver.left}: what was written leaves, and what still comes is thrown away. */
  left(call: Http2Call): void {
    const { stream } = call;
    if (stream.phase === "content") this.core.sendEnd(stream);
    this.core.discard(stream);
    this.#end(call, new Deno.errors.Interrupted("The stream was closed"));
    this.flush();
    const { write } = this.#context.timeouts;
    if (stream.closed || stream.buffered === 0 || write === Infinity) return;
    // Nobody waits for what the client has no room for but this.
    const deadline = this.#context.scheduler.after(write, () => {
      this.#lasting?.delete(deadline);
      this.core.reset(stream, ErrorCode.Cancel);
      this.flush();
    }, { ref: false });
    this.#lasting ??= new Set();
    this.#lasting.add(deadline);
  }

  #fail({ stream, error, byPeer }: ResetEvent<Http2Call>): void {
    // A client that changes its mind is no failure, nor what it does behind its answer; that of a connection is told once.
    const isFailure = !byPeer && error.scope === "stream" && stream.owner?.counted !== false;
    if (isFailure) this.#context.onConnectionError(error);
    if (stream.owner !== undefined) this.#end(stream.owner, reasonOf(error));
  }

  /** The call ends without its answer. */
  #end(call: Http2Call, reason: unknown): void {
    this.#uncount(call);
    call.fail(reason);
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
      if (this.#leaving) this.#releaseIfLeft();
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
    const writes = this.#writing && this.core.end !== "closed"; // a write that never ends holds up no end
    if (!this.#processing && !this.#closed && !writes) this.#send(this.#tick());
  }

  #send(now: number): void {
    if (this.core.end === "closed") return this.#close(cutOff());
    if (this.#writing) return;
    let view: Uint8Array | undefined;
    try {
      view = this.core.takeOutput(now);
    } catch (error) {
      return this.#lost(error);
    }
    this.#writing = view !== undefined; // before anybody is told of anything, and commands more
    if (this.core.events.length > 0) this.#handle();
    if (view === undefined) return this.#flushed();
    if (this.#closed) return;
    this.#transport.write(view).then(this.#written, this.#lost);
    this.#arm();
  }

  readonly #written = (count: number): void => {
    this.#writing = false;
    if (this.#closed) return;
    this.core.sent(count, this.#now);
    this.#drained?.resolve();
    this.#drained = undefined;
    if (this.core.events.length > 0) this.#handle();
    if (!this.core.flushed || this.core.end !== "open") this.flush();
    if (this.#leaving) this.#releaseIfLeft();
  };

  /** All has left. */
  #flushed(): void {
    if (this.#closed || this.#writing) return;
    if (this.core.end === "closed") return this.#close(cutOff());
    if (this.core.end !== "finish") return this.#arm();
    const lingers = this.core.linger(this.#now);
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
    this.#reason = reason;
    this.#context.scheduler.cancel(this.#timer);
    for (const deadline of this.#lasting ?? []) deadline[Symbol.dispose]();
    this.#transport.close();
    this.#release();
    this.#owner.closed(this.#permit);
    this.#drained?.resolve();
    this.#handle(); // what was told already, and nobody has heard
    for (const { owner } of this.core.streams()) if (owner !== undefined) this.#end(owner, reason);
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

/** Stands for "no calls". */
const NO_CALLS: readonly Http2Call[] = [];

/** Whether a stream was handed over. */
function isTunnel({ owner }: Http2Stream<Http2Call>): boolean {
  return owner?.isTunnel === true;
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
