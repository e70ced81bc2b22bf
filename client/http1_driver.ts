/**
 * Owns one HTTP/1.1 connection's loops: what is read goes to the codec, what the codec says goes to the exchange under
 * way, what that sends leaves. Knows no rule of the protocol, and nothing of why a request is made.
 *
 * @module
 */

import type { BodySource } from "../http/call.ts";
import type { Field } from "../http/fields/field.ts";
import { isIdempotentMethod } from "../http/fields/method.ts";
import { ClientConnection } from "../http1/client_connection.ts";
import type { ClientEvent } from "../http1/client_phases.ts";
import type { ResponseHead } from "../http1/response.ts";
import { PrefixedTransport } from "../net/prefixed_transport.ts";
import { Reader } from "../net/reader.ts";
import type { Transport } from "../net/transport.ts";
import type { Timer } from "../timer/wheel.ts";
import type { ClientContext } from "./context.ts";
import type { Exchange, ExchangeDriver } from "./exchange.ts";
import { type FailureEvent, failureOf, resendOf } from "./failure.ts";
import { type BodyDemand, ReceivedBody } from "../http/received_body.ts";
import { WholeBody } from "./whole_body.ts";

/** Most output that waits for the socket, in bytes, before content stops being asked for. */
const HIGH_WATER = 64 * 1024;
/** Most that one read may bring, in bytes: a fast download takes a fifth less CPU so than by 64 KiB (Deno 2.9). */
const READ_BYTES = 256 * 1024;
/** Least size of a busy connection's buffers, in bytes: one costs 0.5 µs, and lasts for some 30 short answers so. */
const BUSY_BYTES = 4 * 1024;
/** How much earlier than the server an idle connection is given up here, in milliseconds: what a request travels. */
const HINT_MARGIN = 1_000;
/** Longest content that is left where it was read, in bytes: a copy costs more than what it keeps alive. */
const VIEW_BYTES = 16 * 1024;
/**
 * How many jobs a connection waits at rest before it idles: `await fetch()`, `await text()` and a function around them are
 * four. To idle and to come back costs a request 0.3 µs, and the read that is parked in between delays its write.
 */
const LINGER_JOBS = 8;
/** How many jobs it takes to hear of an end that came with the last response: the platform's read settles within three. */
const LOOK_JOBS = 4;
/** RFC 9110 §15.3.6: this one has no content, though its framing has. */
const RESET_CONTENT = 205;

/** What a driver belongs to. */
export interface DriverOwner {
  /** The connection may carry another request. */
  rested(driver: Http1Driver): void;
  /** The connection carries no more: it was closed or handed over. */
  ended(driver: Http1Driver): void;
  /** The socket is closed, by the driver or by whom it was handed to. */
  closed(): void;
}

/** Drives one connection until it has ended. */
export class Http1Driver implements BodyDemand, ExchangeDriver {
  readonly #context: ClientContext;
  readonly #transport: Transport;
  readonly #owner: DriverOwner;
  readonly #core: ClientConnection;
  readonly #reader: Reader;
  readonly #timer: Timer;
  #alarmAt = Infinity;
  #now: number;
  #exchange: Exchange | undefined;
  /** Whether the exchange has its response's head. */
  #answered = false;
  #body: ReceivedBody | undefined;
  #switching: ResponseHead | undefined;
  #hintRead = false;
  #processing = false;
  #writing = false;
  #writeError: unknown;
  #ended = false;
  #closed = false;
  /** Whether a read is under way, and where it writes to if not behind the reader's unread bytes. */
  #parked = false;
  #target: Uint8Array | undefined;
  /** Whether the connection keeps the process alive. */
  #held = false;
  /** How many jobs are left until a connection that has come to rest is idle. */
  #jobs = 0;
  #room: PromiseWithResolvers<void> | undefined;

  /** Made for a transport through which bytes can flow. */
  constructor(context: ClientContext, transport: Transport, owner: DriverOwner) {
    const now = context.scheduler.now();
    const { limits, timeouts } = context;
    this.#context = context;
    this.#transport = transport;
    this.#owner = owner;
    this.#core = new ClientConnection({ limits, timeouts, now });
    this.#reader = new Reader(transport, { busySize: BUSY_BYTES, maxSize: READ_BYTES });
    this.#timer = context.scheduler.timer(() => this.#expire(), { ref: false });
    this.#now = now;
  }

  /** Whether a request can be given to it now. */
  get idle(): boolean {
    return this.#exchange === undefined && this.#core.readPhase === "idle";
  }

  /** See {@linkcode ExchangeDriver.wantsContent}. */
  get wantsContent(): boolean {
    return !this.#closed && this.#core.sendPhase === "content";
  }

  /** See {@linkcode ExchangeDriver.carries}. */
  carries(exchange: Exchange): boolean {
    return this.#exchange === exchange;
  }

  /** Begins to read, until the connection has ended or was handed over. */
  run(): void {
    this.#arm();
    this.#read();
  }

  /** Parks a read, if none is and octets are wanted. */
  #read(): void {
    if (this.#parked || this.#closed || !this.#reads()) return;
    this.#parked = true;
    this.#target = this.#reader.length === 0 ? this.#body?.space : undefined;
    this.#transport.read(this.#target ?? this.#reader.space()).then(this.#received, this.#readFailed);
  }

  readonly #received = (count: number | null): void => {
    this.#parked = false;
    try {
      this.#now = this.#context.scheduler.now();
      if (count === null) this.#ended = true;
      else if (this.#target === undefined) this.#reader.commit(count);
      else this.#receiveInto(this.#target, count);
      this.#process();
      if (this.#jobs === 0) this.#read();
    } catch (error) {
      this.#readFailed(error);
    }
  };

  /**
   * Sends a request.
   *
   * @throws {TypeError} If one is under way.
   */
  begin(exchange: Exchange): void {
    const core = this.#core;
    core.request(exchange.request, exchange.content, this.#tick());
    this.#exchange = exchange;
    this.#answered = false;
    if (!this.#held) this.#transport.ref();
    this.#held = true;
    if (this.#jobs > 0 && !isIdempotentMethod(exchange.request.method)) return this.#look();
    this.#jobs = 0;
    this.#send(exchange);
  }

  #send(exchange: Exchange): void {
    this.flush();
    this.#arm();
    if (this.#core.sendPhase === "content") exchange.sendContent(this);
    this.#read();
  }

  /** See {@linkcode ExchangeDriver.abort}: the connection ends with the exchange. */
  abort(reason: unknown): void {
    const exchange = this.#exchange;
    const body = this.#body;
    this.#exchange = this.#body = undefined;
    this.#close();
    if (body !== undefined) body.abort(reason);
    else if (!this.#answered) exchange?.failed(reason, "no");
  }

  /** See {@linkcode ExchangeDriver.write}. */
  write(bytes: Uint8Array): void {
    this.#core.write(bytes);
    this.flush();
  }

  /** See {@linkcode ExchangeDriver.end}. */
  end(trailers: readonly Field[]): void {
    this.#core.end(trailers, this.#tick());
    this.flush();
    this.#arm();
  }

  /** See {@linkcode ExchangeDriver.room}. */
  room(): Promise<void> | undefined {
    if (this.#closed || this.#core.output.size < HIGH_WATER) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** See {@linkcode BodyDemand.wanted}. */
  wanted(): void {
    if (this.#processing || this.#closed || this.#body?.hungry !== true) return;
    this.#core.resumed(this.#now);
    this.#resume();
  }

  /** See {@linkcode BodyDemand.cancelled}. */
  cancelled(): void {
    if (this.#closed) return;
    this.#body = undefined;
    this.#exchange?.ended();
    this.#core.discard(this.#tick());
    if (this.#processing) return;
    this.#settle();
    this.#arm();
    this.#resume();
  }

  /** Whether octets are wanted now. An idle connection reads too: that is how its end is noticed. */
  #reads(): boolean {
    return !this.#ended && this.#core.readPhase !== "switched" && this.#body?.hungry !== false;
  }

  /**
   * The connection was not looked at since the last response: whether it has ended is found out first, as a request that
   * may not be sent twice (RFC 9110 §9.2.2) would be lost with it.
   */
  #look(): void {
    this.#jobs = LOOK_JOBS;
    this.#read();
  }

  /** Lets the codec read what is there, and acts on what it says, until it makes no progress. */
  #process(): void {
    if (this.#processing || this.#closed) return;
    this.#processing = true;
    const core = this.#core;
    const reader = this.#reader;
    while (reader.length > 0 && this.#body?.hungry !== false && !this.#closed) {
      const { start } = reader;
      const used = core.receive(reader.buffer, start, reader.end, this.#now);
      if (core.events.length > 0) this.#handle(start, used);
      else if (used > 0) reader.consume(used);
      else break;
    }
    if (this.#ended && this.#body?.hungry !== false) {
      core.receiveEnd(this.#now);
      this.#handle(reader.start, 0);
    }
    if (this.#body?.hungry === false) core.paused(this.#now);
    this.#processing = false;
    this.#settle();
    this.#arm();
  }

  /** Content was read to where its reader wants it; it can be nothing else, as there was no room for more. */
  #receiveInto(target: Uint8Array, count: number): void {
    const core = this.#core;
    core.receive(target, 0, count, this.#now);
    for (const event of core.events) {
      if (event.type === "data") this.#body?.advance(event.end - event.start);
      else if (event.type === "end") this.#finish(event.trailers);
    }
    core.events.length = 0;
  }

  /** Does what the codec's state asks for. */
  #settle(): void {
    if (this.#closed || this.#processing) return;
    this.flush();
    switch (this.#core.readPhase) {
      case "idle":
        if (this.#exchange !== undefined) this.#rest();
        return;
      case "closed":
        return this.#close();
      case "switched":
        if (!this.#writing) this.#handOver();
        return;
    }
  }

  /**
   * The connection may carry the next request, which often follows at once: whoever waited for the response asks for more.
   * Then nothing was done to idle, and its write comes before its read, as it should.
   */
  #rest(): void {
    this.#exchange = undefined;
    this.#reader.shrink();
    this.#jobs = LINGER_JOBS;
    RESOLVED.then(this.#linger);
    this.#owner.rested(this);
  }

  readonly #linger = (): void => {
    if (this.#jobs === 0 || this.#closed) return;
    if (--this.#jobs > 0) {
      RESOLVED.then(this.#linger);
      return;
    }
    const exchange = this.#exchange;
    if (exchange !== undefined) return this.#send(exchange);
    this.#transport.unref();
    this.#held = false;
    this.#read();
  };

  /** Handles the events of what was read at `start`, and consumes it. */
  #handle(start: number, used: number): void {
    const { events } = this.#core;
    let at = start;
    for (let index = 0; index < events.length && !this.#closed; index++) {
      const event = events[index]!;
      switch (event.type) {
        case "head": {
          const last = wholeEnd(events, index);
          if (last === undefined) this.#respond(event.head);
          else {
            at = this.#respondWhole(event.head, events, { at, index, last });
            index = last;
          }
          break;
        }
        case "data":
          at = this.#data(at, event.start, event.end);
          break;
        case "end":
          this.#finish(event.trailers);
          break;
        case "informational":
          this.#exchange?.informed(event.head);
          break;
        case "continue":
          this.#exchange?.sendContent(this);
          break;
        case "lost":
        case "late":
        case "error":
          this.#fail(event, undefined);
          break;
        default:
          event satisfies never;
      }
    }
    events.length = 0;
    if (!this.#closed) this.#reader.consume(start + used - at);
  }

  /** The response is not whole yet, or HTTP ends with it. */
  #respond(head: ResponseHead): void {
    if (this.#core.readPhase === "switched") {
      this.#switching = head;
      return;
    }
    this.#body = new ReceivedBody(this, head.framing === "length" ? head.contentLength : undefined);
    this.#tell(head, this.#body);
  }

  /** The response came whole, in one range of bytes or without content; gives where the unread bytes begin then. */
  #respondWhole(head: ResponseHead, events: readonly ClientEvent[], place: Place): number {
    const reader = this.#reader;
    const data = events[place.index + 1];
    const end = events[place.last];
    const trailers = end?.type === "end" ? end.trailers : NO_FIELDS;
    const bodiless = head.framing === "none" || head.status === RESET_CONTENT;
    let body: BodySource | null = null;
    let { at } = place;
    if (data?.type === "data") {
      const length = data.end - data.start;
      reader.consume(data.start - at);
      at = data.end;
      if (length > VIEW_BYTES) {
        const bytes = reader.take(length);
        body = new WholeBody(bytes, 0, length, trailers);
      } else {
        body = new WholeBody(reader.buffer, data.start, length, trailers);
        reader.consume(length);
      }
    } else if (!bodiless) body = new WholeBody(EMPTY, 0, 0, trailers);
    this.#tell(head, bodiless ? null : body);
    this.#exchange?.ended();
    return at;
  }

  #tell(head: ResponseHead, body: BodySource | null): void {
    this.#answered = true;
    if (!this.#hintRead) this.#readHint(head);
    this.#exchange?.responded(head, body);
  }

  /** How long the server keeps the connection, where it says so: read once, as it says the same each time. */
  #readHint(head: ResponseHead): void {
    this.#hintRead = true;
    const hint = head.fields().find(({ name }) => name === "keep-alive");
    const seconds = /(?:^|[,; ])timeout=(\d{1,6})(?:$|[,; ])/i.exec(hint?.value ?? "")?.[1];
    if (seconds !== undefined) this.#core.keptFor(Math.max(Number(seconds) * 1000 - HINT_MARGIN, 0));
  }

  /** Hands content to its reader; gives where the unread bytes begin then. */
  #data(at: number, start: number, end: number): number {
    this.#reader.consume(start - at);
    if (this.#body === undefined) this.#reader.consume(end - start);
    else this.#body.push(this.#reader.take(end - start));
    return end;
  }

  #finish(trailers: readonly Field[]): void {
    this.#body?.finish(trailers);
    this.#body = undefined;
    this.#exchange?.ended();
  }

  /** The exchange has failed: its caller is told, or the reader of its content. */
  #fail(event: FailureEvent, cause: unknown): void {
    const exchange = this.#exchange;
    const body = this.#body;
    this.#exchange = this.#body = undefined;
    if (exchange === undefined) return;
    const error = failureOf(event, this.#core, { answered: this.#answered, cause: cause ?? this.#writeError });
    if (body !== undefined) body.fail(exchange.broken(error));
    else if (!this.#answered) exchange.failed(error, event.type === "lost" ? resendOf(this.#core) : "no");
  }

  readonly #readFailed = (error: unknown): void => {
    if (this.#closed) return;
    this.#fail({ type: "lost" }, error);
    this.#close();
  };

  #expire(): void {
    this.#alarmAt = Infinity;
    const now = this.#tick();
    if (this.#core.deadline <= now) {
      this.#core.expire(now);
      this.#handle(this.#reader.start, 0);
      this.#settle();
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
    return this.#now = this.#context.scheduler.now();
  }

  /** Sends what waits. */
  flush(): void {
    if (this.#writing || this.#closed) return;
    let view: Uint8Array | undefined;
    try {
      view = this.#core.takeOutput(this.#now);
    } catch (error) {
      return this.#writeFailed(error); // the caller took content back that it had given
    }
    if (view === undefined) return;
    this.#writing = true;
    this.#transport.write(view).then(this.#written, this.#writeFailed);
  }

  readonly #written = (count: number): void => {
    this.#writing = false;
    if (this.#closed) return;
    const { output } = this.#core;
    // A request without content left within the job that began it.
    const now = this.#exchange?.request.contentLength === 0 ? this.#now : this.#tick();
    this.#core.sent(count, now);
    if (this.#room !== undefined && output.size < HIGH_WATER) this.#makeRoom();
    this.#settle();
    this.#arm();
  };

  readonly #writeFailed = (error: unknown): void => {
    this.#writing = false;
    if (this.#closed) return;
    this.#writeError = error;
    this.#core.writeFailed(this.#tick());
    this.#makeRoom();
    this.#settle();
    this.#arm();
  };

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #handOver(): void {
    const exchange = this.#exchange;
    const head = this.#switching;
    this.#exchange = undefined;
    this.#closed = true;
    this.#context.scheduler.cancel(this.#timer);
    this.#owner.ended(this);
    const transport = new PrefixedTransport(this.#transport, this.#reader.take(), () => this.#owner.closed());
    if (exchange === undefined || head === undefined) transport.close();
    else exchange.switched(head, transport);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#core.close();
    this.#context.scheduler.cancel(this.#timer);
    this.#transport.close();
    this.#owner.ended(this);
    this.#owner.closed();
    this.#makeRoom();
  }

  /** Something may be possible now that was not before: reads go on, or what was read already is looked at. */
  #resume(): void {
    if (this.#reader.length > 0 || this.#ended) this.#process();
    this.#read();
  }
}

/** Where a whole response lies: among the events, and the unread bytes before it. */
interface Place {
  readonly at: number;
  readonly index: number;
  readonly last: number;
}

const EMPTY = new Uint8Array(0);
const RESOLVED: Promise<void> = Promise.resolve();
const NO_FIELDS: readonly Field[] = [];

/** Where the response ends whose head is at `index`, if it is all there in one piece. */
function wholeEnd(events: readonly ClientEvent[], index: number): number | undefined {
  if (events[index + 1]?.type === "end") return index + 1;
  return events[index + 1]?.type === "data" && events[index + 2]?.type === "end" ? index + 2 : undefined;
}
