/**
 * Owns the readiness of what comes one by one: expiries, signals of the process, and messages; must not know bytes, nor who
 * waits.
 *
 * @module
 */

import { type Scheduler, scheduler as defaultScheduler, type Timer } from "../timer/mod.ts";
import { Interest, Readiness, Source } from "./reactor_source.ts";

/** What {@linkcode TimerSource} may be told. */
export interface TimerSourceOptions {
  /** What measures the time; the system's by default. */
  scheduler?: Scheduler;
}

/** A timer as a source: readable from its expiry until that is taken. It is not set at first. */
export class TimerSource extends Source implements Disposable {
  readonly #scheduler: Scheduler;
  readonly #timer: Timer;
  #expired = false;

  /** Makes a timer that is not set. */
  constructor(options: TimerSourceOptions = {}) {
    super();
    this.#scheduler = options.scheduler ?? defaultScheduler;
    this.#timer = this.#scheduler.timer(() => {
      this.#expired = true;
      this.changed();
    });
  }

  /** What the source can be ready for: an expiry. */
  get interests(): Interest {
    return Interest.Readable;
  }

  /** Whether the timer is set and has not expired. */
  get pending(): boolean {
    return this.#timer.pending;
  }

  /**
   * Lets the timer expire `delayMs` milliseconds from now, instead of when it was set to before; an expiry that nobody took
   * is forgotten.
   *
   * @throws {RangeError} If the delay is NaN, negative or infinite.
   */
  set(delayMs: number): void {
    this.#scheduler.arm(this.#timer, delayMs);
    this.#expired = false;
  }

  /** Takes the timer back: it does not expire, nor has it. */
  clear(): void {
    this.#scheduler.cancel(this.#timer);
    this.#expired = false;
  }

  /** Takes the expiry; gives whether there was one. */
  take(): boolean {
    const expired = this.#expired;
    this.#expired = false;
    return expired;
  }

  /** See {@linkcode Source.readiness}. */
  override readiness(_interest: Interest): number {
    return this.#expired ? Readiness.Readable : 0;
  }

  /** Takes the timer back. */
  [Symbol.dispose](): void {
    this.clear();
  }

  /** See {@linkcode Source.expect}: the timer tells by itself. */
  protected override expect(_missing: number): void {}
}

/** How a process listens to its signals; `Deno` has it all. */
export interface SignalPlatform {
  /** Begins to listen to a signal; throws where the platform doesn't have it. */
  addSignalListener(signal: Deno.Signal, handler: () => void): void;
  /** Ends what {@linkcode SignalPlatform.addSignalListener} began. */
  removeSignalListener(signal: Deno.Signal, handler: () => void): void;
}

const DENO: SignalPlatform = {
  addSignalListener: (signal, handler) => Deno.addSignalListener(signal, handler),
  removeSignalListener: (signal, handler) => Deno.removeSignalListener(signal, handler),
};

/** What {@linkcode SignalSource} may be told. */
export interface SignalSourceOptions {
  /** Where signals are listened to; Deno by default. */
  platform?: SignalPlatform;
}

/**
 * A signal of the process as a source: readable once it has come, until it is taken. From the making of the source until its
 * disposal the signal does not do what it does by default.
 */
export class SignalSource extends Source implements Disposable {
  /** The signal. */
  readonly signal: Deno.Signal;
  readonly #platform: SignalPlatform;
  #count = 0;
  #listening = true;
  readonly #onSignal = (): void => {
    this.#count++;
    this.changed();
  };

  /** Begins to listen; throws what the platform throws for a signal that it doesn't have. */
  constructor(signal: Deno.Signal, options: SignalSourceOptions = {}) {
    super();
    this.signal = signal;
    this.#platform = options.platform ?? DENO;
    this.#platform.addSignalListener(signal, this.#onSignal);
  }

  /** What the source can be ready for: the signal. */
  get interests(): Interest {
    return Interest.Readable;
  }

  /** Takes the signals that have come; gives how many: several that come at once may be one. */
  take(): number {
    const count = this.#count;
    this.#count = 0;
    return count;
  }

  /** See {@linkcode Source.readiness}. */
  override readiness(_interest: Interest): number {
    return this.#count > 0 ? Readiness.Readable : 0;
  }

  /** Ends the listening. Further calls do nothing. */
  [Symbol.dispose](): void {
    if (!this.#listening) return;
    this.#listening = false;
    this.#platform.removeSignalListener(this.signal, this.#onSignal);
  }

  /** See {@linkcode Source.expect}: the signal tells by itself. */
  protected override expect(_missing: number): void {}
}

/**
 * A message port or a worker as a source: readable while a message waits to be taken. This is how another thread wakes a
 * reactor. Messages are queued from the making of the source on, without a bound, as the platform has no way to make a
 * sender wait; what can't be deserialized is queued too, as an event of the type `messageerror`.
 *
 * @example
 * ```ts
 * import { PortSource, Reactor, type ReadyEvent } from "@avx/http/runtime";
 *
 * const { port1, port2 } = new MessageChannel(); // send port2 to a worker
 * using messages = new PortSource(port1);
 * using reactor = new Reactor();
 * reactor.register(messages, 7);
 * port2.postMessage("wake up");
 * const events = new Array<ReadyEvent<number>>(8);
 * await reactor.wait(events);
 * console.log(events[0]?.token, messages.take()?.data); // 7 wake up
 * port1.close();
 * port2.close();
 * ```
 */
export class PortSource extends Source implements Disposable {
  readonly #port: MessagePort | Worker;
  #messages: MessageEvent[] = [];
  /** Where those begin that nobody took yet. */
  #start = 0;
  readonly #onMessage: EventListener = (event) => {
    if (!(event instanceof MessageEvent)) return;
    this.#messages.push(event);
    this.changed();
  };

  /**
   * Begins to receive; a port is started.
   *
   * @throws {TypeError} If `port` is neither a message port nor a worker.
   */
  constructor(port: MessagePort | Worker) {
    super();
    if (!(port instanceof MessagePort || port instanceof Worker)) {
      throw new TypeError(`Cannot make a source as it must be a MessagePort or Worker: received ${port}`);
    }
    this.#port = port;
    for (const type of MESSAGE_TYPES) port.addEventListener(type, this.#onMessage);
    if (port instanceof MessagePort) port.start();
  }

  /** What the source can be ready for: a message. */
  get interests(): Interest {
    return Interest.Readable;
  }

  /** How many messages wait to be taken. */
  get length(): number {
    return this.#messages.length - this.#start;
  }

  /** Takes the message that came first; `undefined` where none waits. */
  take(): MessageEvent | undefined {
    const message = this.#messages[this.#start];
    if (message === undefined) return undefined;
    this.#start++;
    if (this.#start * 2 >= this.#messages.length) { // so that taking one costs the same however many wait
      this.#messages.splice(0, this.#start);
      this.#start = 0;
    }
    return message;
  }

  /** See {@linkcode Source.readiness}. */
  override readiness(_interest: Interest): number {
    return this.length > 0 ? Readiness.Readable : 0;
  }

  /** Ends the receiving; the port itself, or the worker, is left as it is. */
  [Symbol.dispose](): void {
    for (const type of MESSAGE_TYPES) this.#port.removeEventListener(type, this.#onMessage);
  }

  /** See {@linkcode Source.expect}: the port tells by itself. */
  protected override expect(_missing: number): void {}
}

const MESSAGE_TYPES = ["message", "messageerror"] as const;
