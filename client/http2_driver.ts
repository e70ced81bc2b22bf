/**
 * Owns one HTTP/2 connection's loops: what is read goes to the protocol, what that tells goes to the exchanges under way, what
 * those send leaves. Knows no rule of the protocol, and nothing of why a request is made.
 *
 * @module
 */

import { Http2Connection } from "../http2/connection.ts";
import { ErrorCode } from "../http2/error.ts";
import { Reader } from "../net/reader.ts";
import type { Transport } from "../net/transport.ts";
import type { Timer } from "../timer/wheel.ts";
import type { ClientContext } from "./context.ts";
import type { Exchange } from "./exchange.ts";
import { Http2Dispatch, type Http2DispatchOwner } from "./http2_dispatch.ts";
import { Http2Exchange } from "./http2_exchange.ts";
import { connectionLost } from "./http2_failure.ts";

/** Small while nothing is said; a DATA frame of the usual length fits in the buffers of a connection that is busy. */
const READER_SIZES = { initialSize: 512, busySize: 32 * 1024, maxSize: 256 * 1024 };
/**
 * How many jobs a connection waits without a stream before it idles: whoever waited for a response often asks for more within
 * four of them, and to idle and to come back is spared then.
 */
const LINGER_JOBS = 8;

/** What a driver belongs to. */
export interface Http2DriverOwner {
  /** The connection has room for a request, perhaps. */
  available(driver: Http2Driver): void;
  /** The connection takes no request any more; those under way go on. */
  left(driver: Http2Driver): void;
  /** The connection carries no more. */
  ended(driver: Http2Driver): void;
  /** The socket is closed. */
  closed(): void;
}

/** What a driver is made with. */
export interface Http2DriverOptions {
  /** What it belongs to. */
  readonly owner: Http2DriverOwner;
  /** The origin that the connection was opened for. */
  readonly origin: string;
  /** How many streams are opened at most before the server has said how many it takes. */
  readonly assumedStreams: number;
}

/** Drives one connection until it has ended. */
export class Http2Driver implements Http2DispatchOwner {
  readonly core: Http2Connection<Http2Exchange>;
  readonly context: ClientContext;
  readonly transport: Transport;
  readonly #dispatch: Http2Dispatch;
  readonly #owner: Http2DriverOwner;
  readonly #assumedStreams: number;
  readonly reader: Reader;
  readonly #timer: Timer;
  /** Exchanges that wait for the server's settings. */
  readonly #early: Http2Exchange[] = [];
  /** Whether there may be exchanges whose content is deferred. */
  #hasDeferred = true;
  #alarmAt = Infinity;
  #now: number;
  #flushing = false;
  #writing = false;
  #aborted = false;
  writeError: unknown;
  #left = false;
  /** Whether the connection is closed. */
  closed = false;
  /** Whether it was ever given a request. */
  used = false;
  /** Whether the connection keeps the process alive. */
  #held = false;
  /** How many jobs are left until a connection without a stream is idle. */
  #jobs = 0;

  /** Made for a transport through which bytes can flow, and which doesn't keep the process alive. */
  constructor(context: ClientContext, transport: Transport, options: Http2DriverOptions) {
    const now = context.scheduler.now();
    this.context = context;
    this.transport = transport;
    this.#owner = options.owner;
    this.#assumedStreams = options.assumedStreams;
    this.core = new Http2Connection({
      role: "client",
      limits: context.http2Limits,
      timeouts: context.http2Timeouts,
      now,
      acceptsPush: context.onPush !== undefined,
    });
    this.reader = new Reader(transport, READER_SIZES);
    this.#dispatch = new Http2Dispatch(this, options.origin);
    this.#timer = context.scheduler.timer(() => this.#expire(), { ref: false });
    this.#now = now;
  }

  /** Whether an exchange has come to its end on the connection. */
  get reused(): boolean {
    return this.#dispatch.reused;
  }

  /** How many more requests may be given to it now. */
  get room(): number {
    const { core } = this;
    if (this.closed || this.writeError !== undefined) return 0;
    const most = core.begun ? this.#dispatch.tolerated : Math.min(this.#dispatch.tolerated, this.#assumedStreams);
    return Math.min(core.capacity, most - core.openStreams);
  }

  /** Whether it carries nothing, and nobody has still to be told of anything. */
  get idle(): boolean {
    return this.core.openStreams === 0 && this.#early.length === 0 && !this.#dispatch.active;
  }

  /** How many streams the server takes; `undefined` before it has said so. */
  get maxStreams(): number | undefined {
    return this.core.begun ? this.core.peerSettings.maxConcurrentStreams : undefined;
  }

  /** Begins to read, until the connection has ended. */
  run(): void {
    this.#flushNow();
    this.#arm();
    this.#read();
  }

  /** Sends a request; there must be {@linkcode Http2Driver.room}. */
  begin(exchange: Exchange): void {
    const carried = new Http2Exchange(this, exchange);
    this.used = true;
    exchange.assigned(carried);
    if (!this.#held) this.transport.ref();
    this.#held = true;
    this.#jobs = 0;
    if (carried.isExtended && !this.core.begun) this.#early.push(carried);
    else this.#open(carried);
  }

  #open(carried: Http2Exchange): void {
    const { core } = this;
    const { exceeded } = carried;
    if (exceeded !== undefined) carried.refuseSize(exceeded);
    else if (carried.isExtended && !core.peerSettings.enableConnectProtocol) carried.refuse();
    else if (this.room <= 0) carried.lose(undefined, "refused"); // the server takes fewer than was assumed
    else return carried.open();
    this.settle();
  }

  /**
   * Ends the connection: what is under way is told `reason`, but tunnels are their holders', and keep it open until they are
   * closed.
   */
  abort(reason: unknown): void {
    if (this.closed) return;
    this.#aborted = true;
    this.#dispatch.reason = reason;
    this.#leave();
    for (const stream of [...this.core.streams()]) {
      if (stream.owner?.isTunnel === false) this.#abortOne(stream.owner, reason);
    }
    for (const carried of this.#early.splice(0)) carried.lose(reason, "no");
    if (this.closed) return;
    this.core.shutdown(this.#tick());
    this.#flushNow(); // said goodbye as far as the socket takes it at once
    // One that has broken down still tells the server why (RFC 9113 §5.4.1), which TLS does not do at once.
    if (this.core.openStreams === 0 && !this.#dispatch.isBroken) return this.#close(undefined);
    this.flush();
    this.#arm();
  }

  #abortOne(carried: Http2Exchange, reason: unknown): void {
    const { stream } = carried;
    carried.lose(reason, "no");
    carried.body?.abort(reason);
    if (stream !== undefined) this.core.reset(stream, ErrorCode.Cancel);
  }

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#owner.left(this);
  }

  #read(): void {
    if (!this.closed) this.transport.read(this.reader.space()).then(this.#received, this.#lost);
  }

  readonly #received = (count: number | null): void => {
    try {
      this.#tick();
      if (count === null) return this.#receiveEnd();
      this.reader.commit(count);
      this.#process();
      this.#read();
    } catch (error) {
      this.#lost(error);
    }
  };

  #process(): void {
    const { core } = this;
    const reader = this.reader;
    const used = core.receive(reader.buffer, reader.start, reader.end, this.#now);
    this.#dispatch.handle();
    reader.consume(used);
    this.flush();
    this.settle();
    this.#arm();
  }

  /** The server says no more: what waits for it is lost. */
  #receiveEnd(): void {
    this.core.receiveEnd(this.#now);
    this.#dispatch.handle();
    this.#close(undefined);
  }

  /** See {@linkcode Http2DispatchOwner.taken}. */
  taken({ stream, body }: Http2Exchange): void {
    if (stream === undefined) return;
    const count = stream.unread - (body?.waiting ?? 0);
    if (count > 0) this.core.consumed(stream, count, this.#now);
  }

  /** See {@linkcode Http2DispatchOwner.began}. */
  began(): void {
    for (const carried of this.#early.splice(0)) this.#open(carried);
  }

  /** Lets content go that was deferred, of as many streams as the server takes. */
  #sendDeferred(): void {
    let left = this.core.peerSettings.maxConcurrentStreams;
    let isDone = true;
    for (const { owner } of [...this.core.streams()]) {
      if (owner?.isDeferred !== true) left--;
      else if (left-- > 0) owner.sendDeferred();
      else isDone = false;
    }
    this.#hasDeferred = !isDone;
  }

  /** See {@linkcode Http2ExchangeDriver.wanted}. */
  wanted(carried: Http2Exchange): void {
    if (this.closed) return;
    if (!this.#dispatch.active) this.#tick();
    this.taken(carried);
    this.flush();
    this.#arm();
  }

  #expire(): void {
    this.#alarmAt = Infinity;
    const now = this.#tick();
    if (this.core.deadline <= now) {
      this.core.expire(now);
      this.#dispatch.handle();
      this.#flushNow();
      this.settle();
    }
    this.#arm();
  }

  /** Sees to it that the core is woken at its deadline; an alarm that comes too early is re-armed then. */
  #arm(): void {
    const { deadline } = this.core;
    if (this.closed || deadline >= this.#alarmAt) return;
    this.#alarmAt = deadline;
    this.context.scheduler.arm(this.#timer, Math.max(0, deadline - this.#now), this.#now);
  }

  #tick(): number {
    return this.#now = this.context.scheduler.now();
  }

  /** See {@linkcode Http2ExchangeDriver.flush}: all that a turn commands leaves in one write. */
  flush(): void {
    if (this.#flushing || this.closed) return;
    this.#flushing = true;
    RESOLVED.then(this.#flushSoon);
  }

  readonly #flushSoon = (): void => {
    this.#flushing = false;
    this.#tick();
    this.#flushNow();
    this.#arm();
  };

  #flushNow(): void {
    if (this.closed || this.#dispatch.active) return;
    if (this.core.end === "closed") return this.#close(undefined);
    if (this.#writing) return;
    let view: Uint8Array | undefined;
    try {
      view = this.core.takeOutput(this.#now);
    } catch (error) {
      return this.#lost(error); // the caller took content back that it had given
    }
    this.#writing = view !== undefined; // before anyone is told of anything, as who is may have more to send
    if (this.core.events.length > 0) {
      this.#dispatch.handle();
      this.settle();
    }
    if (this.closed) return;
    if (view === undefined) return this.#flushed();
    this.transport.write(view).then(this.#written, this.#writeFailed);
  }

  readonly #written = (count: number): void => {
    this.#writing = false;
    if (this.closed) return;
    this.core.sent(count, this.#now);
    if (this.core.events.length > 0) this.#dispatch.handle();
    if (this.core.flushed && this.core.end === "open") return;
    this.#tick();
    this.#flushNow();
    this.settle();
    this.#arm();
  };

  /** The server takes no more; what it has said before, a farewell perhaps, is still read. */
  readonly #writeFailed = (error: unknown): void => {
    if (this.closed) return;
    this.writeError = error ?? new Deno.errors.BrokenPipe("Cannot write");
    this.#leave();
  };

  /** All has left: a connection that is to end does. */
  #flushed(): void {
    if (this.core.end !== "finish") return;
    if (this.#aborted || !this.#dispatch.isBroken || !this.core.linger(this.#tick())) return this.#close(undefined);
    this.#arm();
    this.transport.closeWrite().catch(this.#lost);
  }

  readonly #lost = (error: unknown): void => {
    this.#close(error);
  };

  #close(cause: unknown): void {
    if (this.closed) return;
    this.closed = true;
    this.context.scheduler.cancel(this.#timer);
    this.transport.close();
    this.#leave();
    this.#owner.ended(this);
    this.#owner.closed();
    const streams = [...this.core.streams()];
    for (const stream of streams) {
      const { owner } = stream;
      if (owner === undefined) continue;
      const { unopened } = stream;
      const circumstances = { reused: owner.reused, unprocessed: unopened, cause: cause ?? this.writeError };
      const resend = unopened ? "unsent" : owner.reused && !owner.isTouched ? "unanswered" : "no";
      owner.lose(connectionLost(circumstances, owner.body !== undefined), resend);
    }
    const lost = connectionLost({ reused: this.reused, unprocessed: true, cause }, false);
    for (const carried of this.#early.splice(0)) carried.lose(lost, "unsent");
  }

  /** See {@linkcode Http2ExchangeDriver.settle}. */
  settle(): void {
    if (this.closed || this.#dispatch.active) return;
    if (this.#hasDeferred && this.core.begun) this.#sendDeferred();
    if (this.core.leaving) this.#leave();
    else this.#owner.available(this);
    if (!this.#held || !this.idle || this.#jobs > 0) return;
    this.#jobs = LINGER_JOBS;
    RESOLVED.then(this.#linger);
  }

  readonly #linger = (): void => {
    if (this.#jobs === 0 || this.closed) return;
    if (--this.#jobs > 0) {
      RESOLVED.then(this.#linger);
      return;
    }
    this.transport.unref();
    this.#held = false;
    this.reader.shrink();
  };
}

const RESOLVED: Promise<void> = Promise.resolve();
