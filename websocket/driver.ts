/**
 * Owns a connection's loops: what is read goes to the core, what the core says goes to its sink, what it has to say
 * leaves; and its one timer. Knows no rule of the protocol, and no event target.
 *
 * @module
 */

import type { Duplex } from "../http/upgrade.ts";
import type { Scheduler } from "../timer/scheduler.ts";
import type { Timer } from "../timer/wheel.ts";
import type { FrameConnection, FrameEvent } from "./frame_connection.ts";
import { WebSocketError } from "./frame_error.ts";
import { ReadBuffer } from "./read_buffer.ts";

/** What is told of what happens. */
export interface DriverSink {
  /** Whether no more messages can be taken for now; {@linkcode Driver.resume} says when they can. */
  readonly full: boolean;
  /** Something happened. */
  received(event: FrameEvent): void;
  /** Some of what waited has left. */
  drained(): void;
  /** The last word was said: nothing more comes, and nothing can be sent. */
  ended(): void;
}

/** Who has something to say, and how many of them have said it. */
const speakers: Driver[] = [];
let spoken = 0;

/** The time in this turn, by which scheduler. */
let turnNow = 0;
let turnScheduler: Scheduler | undefined;

/** So many may share a look at the clock, which costs a hundredth of an echo: a power of two. */
const SHARE_CLOCK = 16;

/** The time of what comes in one turn. */
function timeBy(scheduler: Scheduler): number {
  if (scheduler === turnScheduler && speakers.length % SHARE_CLOCK !== 0) return turnNow;
  turnScheduler = scheduler;
  return turnNow = scheduler.now();
}

/**
 * Lets all speak who have something to say: at the end of a turn, so that what came to many connections is read first and
 * answered then. An answer between two reads costs both of them what the processor keeps close: a twentieth of an echo.
 */
function speak(): void {
  try {
    while (spoken < speakers.length) speakers[spoken++]!.speak();
  } finally {
    if (spoken < speakers.length) queueMicrotask(speak); // one has thrown
    else endTurn();
  }
}

function endTurn(): void {
  speakers.length = spoken = 0;
  turnScheduler = undefined;
}

/** Drives one connection until it has ended. */
export class Driver {
  readonly #duplex: Duplex;
  readonly #core: FrameConnection;
  readonly #sink: DriverSink;
  readonly #scheduler: Scheduler;
  readonly #buffer: ReadBuffer = new ReadBuffer();
  readonly #timer: Timer;
  #alarmAt = Infinity;
  #now = 0;
  #processing = false;
  #reading = false;
  #paused = false;
  #writing = false;
  /** Whether the peer has ended its side. */
  #ended = false;
  #queued = false;
  /** Whether the core was told something since it was last heard. */
  #woken = false;
  #halfClosed = false;
  #told = false;
  #closed = false;

  /** Made for raw bytes that nobody else reads or writes. */
  constructor(duplex: Duplex, options: { core: FrameConnection; sink: DriverSink; scheduler: Scheduler }) {
    this.#duplex = duplex;
    this.#core = options.core;
    this.#sink = options.sink;
    this.#scheduler = options.scheduler;
    this.#timer = options.scheduler.timer(() => this.#expire(), { ref: false });
  }

  /** Begins to read. The loops are made of callbacks: one of `await`s costs each idle connection 0.3 KiB more. */
  start(): void {
    this.resume();
  }

  /** The core was told to send something: it leaves at the end of this turn, with all else that was sent in it. */
  wake(): void {
    if (this.#processing) return;
    this.#woken = true;
    this.#queue();
  }

  #queue(): void {
    if (this.#queued) return;
    this.#queued = true;
    if (speakers.push(this) === 1) queueMicrotask(speak);
  }

  /** The end of the turn has come. */
  speak(): void {
    this.#queued = false;
    if (this.#closed) return;
    if (this.#woken) this.#process();
    this.#woken = false;
    this.#flush(this.#now);
    this.#arm(this.#now);
    this.#read();
  }

  /** The sink has room again. */
  resume(): void {
    this.#process();
    this.#queue();
  }

  /** Parks a read, unless nobody has room for what it would bring: then the peer has to wait. */
  #read(): void {
    if (this.#closed || this.#reading || this.#ended) return;
    if (this.#full) {
      if (!this.#paused) this.#core.paused();
      this.#paused = true;
      return;
    }
    if (this.#paused) this.#core.resumed(this.#scheduler.now());
    this.#paused = false;
    this.#reading = true;
    this.#duplex.read(this.#buffer.space()).then(this.#received, this.#lost);
  }

  /** Whether messages can't be told; once we have said Close, none are. */
  get #full(): boolean {
    return this.#sink.full && this.#core.phase === "open";
  }

  readonly #received = (count: number | null): void => {
    this.#reading = false;
    if (this.#closed) return;
    if (count === null) this.#ended = true;
    else this.#buffer.commit(count);
    this.#process();
    this.#queue();
  };

  /** Lets the core read what is there, and tells what it says, until there is no more or the sink is full. */
  #process(): void {
    if (this.#processing || this.#closed) return;
    this.#processing = true;
    const core = this.#core;
    const buffer = this.#buffer;
    const now = this.#now = timeBy(this.#scheduler);
    this.#tell(); // what a command brought about
    while (buffer.start < buffer.end && !this.#full) {
      buffer.start += core.receive(buffer.bytes, buffer.start, buffer.end, now);
      if (!this.#tell()) break; // what is left is a frame that is not there whole
    }
    if (this.#ended && !this.#full) {
      core.receiveEnd(now);
      this.#tell();
    }
    this.#processing = false;
  }

  #tell(): boolean {
    const event = this.#core.takeEvent();
    if (event === undefined) return false;
    this.#sink.received(event);
    return true;
  }

  #flush(now: number): void {
    if (this.#closed) return;
    const core = this.#core;
    if (core.end === "closed") return this.#close(); // though a write never ends
    if (this.#writing) return;
    const view = core.takeOutput(now);
    if (view === undefined) return this.#flushed();
    this.#writing = true;
    this.#duplex.write(view).then(this.#written, this.#lost);
  }

  readonly #written = (count: number): void => {
    this.#writing = false;
    if (this.#closed) return;
    // Where all has left no deadline depends on when.
    const now = this.#core.output.size === count ? this.#now : this.#scheduler.now();
    this.#core.sent(count, now);
    this.#sink.drained();
    this.#flush(now);
    this.#arm(now);
  };

  /** All has left. */
  #flushed(): void {
    if (this.#core.end === "open" || this.#halfClosed) return;
    // RFC 6455 §7.1.1: our side ends; what the peer still sends is read and thrown away, so that nothing resets ours.
    this.#halfClosed = true;
    this.#end();
    this.#duplex.closeWrite().catch(this.#lost);
  }

  #expire(): void {
    this.#alarmAt = Infinity;
    const now = this.#scheduler.now();
    if (this.#core.deadline <= now) {
      this.#core.expire(now);
      this.#process();
      this.#queue();
    }
    this.#arm(now);
  }

  /** Sees to it that the core is woken at its deadline; an alarm that comes too early is re-armed then. */
  #arm(now: number): void {
    if (this.#closed) return;
    const { deadline } = this.#core;
    if (deadline >= this.#alarmAt) return;
    this.#alarmAt = deadline;
    this.#scheduler.arm(this.#timer, Math.max(0, deadline - now), now);
  }

  readonly #lost = (error: unknown): void => {
    this.#reading = this.#writing = false;
    if (this.#closed) return;
    const why = error instanceof Error ? error.message : String(error);
    this.#core.abort(new WebSocketError(`Cannot go on as the connection was lost: ${why}`, { cause: error }));
    this.#tell();
    this.#close();
  };

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#scheduler.cancel(this.#timer);
    this.#duplex.close();
    this.#end();
  }

  #end(): void {
    if (this.#told) return;
    this.#told = true;
    this.#sink.ended();
  }
}
