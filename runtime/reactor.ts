/**
 * Owns who is waited for, who is ready, and in which order that is told; must not know what the sources are.
 *
 * @module
 */

import { type Scheduler, scheduler as defaultScheduler, type Timer } from "../timer/mod.ts";
import { Ring } from "./reactor_ring.ts";
import { fillEvent, type Interest, Readiness, ReadyEvent, Source, type Watcher } from "./reactor_source.ts";

/**
 * Events that are told before the event loop turns once: sources that are always ready would else keep the timers and sockets
 * of the whole process from going on. A turn costs 0.7 µs, so 45 ns an event.
 */
const EVENTS_A_TURN = 16;

/**
 * Turns after which Deno has looked at the sockets: while there is something to run it does so each 61 turns only, as its
 * executor's interval is. They cost 45 µs, where a host timer of 0 ms takes 2 ms.
 */
const TURNS_TO_POLL = 64;

/** What a {@linkcode Reactor} is made with. */
export interface ReactorOptions {
  /** What measures the time limit of a wait; the system's by default. */
  scheduler?: Scheduler;
}

/**
 * Waits for many sources at once: each is registered with a token, and {@linkcode Reactor.wait} says which are ready by
 * filling an array that the caller owns.
 *
 * It is **level-triggered**: a source that is still ready at the next wait is told again, so nothing is lost by taking only
 * a part of what is there. It is **fair**: however small the array, each ready source is told before any is told twice. A
 * wait costs what is ready, not what is registered, and an idle source costs no promise beyond its parked read.
 *
 * @example
 * ```ts
 * import { memoryNetwork, Reader, type Transport } from "@avx/http/net";
 * import { ListenerSource, Reactor, ReaderSource, type ReadyEvent } from "@avx/http/runtime";
 *
 * const { listener, dial } = memoryNetwork();
 * const accepting = new ListenerSource(listener);
 * const client = await dial();
 * await client.write("hello");
 *
 * type Token = ListenerSource | { transport: Transport; reader: Reader; source: ReaderSource };
 * using reactor = new Reactor<Token>();
 * reactor.register(accepting, accepting);
 * const events = new Array<ReadyEvent<Token>>(64);
 * for (let open = true; open;) {
 *   const count = await reactor.wait(events, 10_000);
 *   for (const { token, ended } of events.slice(0, count)) {
 *     if (token instanceof ListenerSource) {
 *       const transport = token.accept();
 *       if (transport === undefined) continue;
 *       const reader = new Reader(transport);
 *       const source = new ReaderSource(reader);
 *       reactor.register(source, { transport, reader, source });
 *     } else if (ended && token.reader.length === 0) {
 *       reactor.deregister(token.source);
 *       token.transport.close();
 *       open = false;
 *     } else {
 *       console.log(new TextDecoder().decode(token.reader.take())); // hello
 *       client.close();
 *     }
 *   }
 * }
 * listener.close();
 * ```
 */
export class Reactor<T = number> implements Disposable {
  readonly #scheduler: Scheduler;
  readonly #registrations = new Map<Source, Registration<T>>();
  /** Those that may be ready: the others have been told to say when they are. */
  readonly #ready = new Ring<Registration<T>>();
  #timer: Timer | undefined;
  /** The wait under way, while it has nothing to tell. */
  #parked: PromiseWithResolvers<void> | undefined;
  #waiting = false;
  /** Whether the wait under way, or the next, ends in any case. */
  #woken = false;
  #expired = false;
  /** Events told since the event loop was last let to turn. */
  #told = 0;
  #closed = false;

  /** Makes a reactor that waits for nothing yet. */
  constructor(options: ReactorOptions = {}) {
    this.#scheduler = options.scheduler ?? defaultScheduler;
  }

  /** How many sources are registered. */
  get size(): number {
    return this.#registrations.size;
  }

  /** Whether the reactor was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Waits for `source` from now on, a wait that is under way included. `interest` is all that the source can be ready for
   * where it is left out.
   *
   * @throws {TypeError} If `source` is none or is registered, here or elsewhere; if it can never be ready for `interest`; if
   * the reactor is closed.
   */
  register(source: Source, token: T, interest: Interest = checkSource("register", source).interests): void {
    this.#checkOpen("register");
    checkInterest("register", checkSource("register", source), interest);
    const registration = new Registration(this.#ready, this.#unpark, { source, token, interest });
    source.watch(registration);
    this.#registrations.set(source, registration);
    registration.notify();
  }

  /**
   * Changes the token and what is waited for of a registered source.
   *
   * @throws {TypeError} If `source` is not registered here, or can never be ready for `interest`.
   */
  modify(source: Source, token: T, interest: Interest): void {
    const registration = this.#registrations.get(checkSource("modify", source));
    if (registration === undefined) throw new TypeError("Cannot modify a source as it is not registered here");
    checkInterest("modify", source, interest);
    registration.token = token;
    registration.interest = interest;
    registration.notify();
  }

  /**
   * Ends the wait for `source`; events that a wait has given already stay. Gives whether it was registered here. A read
   * that is parked for it goes on: what that brings is the reader's, and a {@linkcode Reader.fill} waits for it.
   */
  deregister(source: Source): boolean {
    const registration = this.#registrations.get(source);
    if (registration === undefined) return false;
    this.#registrations.delete(source);
    source.unwatch();
    this.#ready.remove(registration);
    return true;
  }

  /**
   * Waits until a source is ready, `timeout` milliseconds have passed, or {@linkcode Reactor.wake} was called; fills `events`
   * from its start, up to its length, and gives how many it has filled. The entries beyond are left as they are, and those
   * that are there already are written anew, so that a wait allocates no event. A source that is ready in two ways is told
   * once, with both.
   *
   * A timeout of 0 lets Deno look at its sockets where nothing is ready (some 45 µs), and tells what is ready then. Nothing but what is
   * registered keeps the process alive meanwhile, and the timeout.
   *
   * Rejects with a `RangeError` if `events` has no room, or the timeout is NaN or negative; with a `TypeError` if `events` is
   * no array, while another wait is under way, and after {@linkcode Reactor.close}.
   */
  async wait(events: ReadyEvent<T>[], timeout: number = Infinity): Promise<number> {
    this.#checkWait(events, timeout);
    this.#waiting = true;
    try {
      if (this.#told >= EVENTS_A_TURN) await turns(Math.floor(this.#told / EVENTS_A_TURN));
      this.#told %= EVENTS_A_TURN;
      let count = this.#collect(events);
      if (count === 0 && timeout === 0 && !this.#woken) {
        await turns(TURNS_TO_POLL);
        count = this.#collect(events);
      } else if (count === 0 && !this.#woken) count = await this.#park(events, timeout);
      this.#told += Math.max(count, 1);
      this.#woken = false;
      return count;
    } finally {
      this.#waiting = false;
    }
  }

  /**
   * Ends the wait under way, or else the next one at once, with what is ready then: perhaps nothing. Any code of this
   * thread may call it; other threads wake a reactor by a message to a registered {@linkcode PortSource}.
   */
  wake(): void {
    this.#woken = true;
    this.#unpark();
  }

  /** Deregisters all sources; a wait under way ends with 0, later ones reject. Further calls do nothing. */
  close(): void {
    for (const source of [...this.#registrations.keys()]) this.deregister(source);
    this.#closed = true;
    this.wake();
  }

  /** Closes the reactor. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Waits for something to tell. What comes in the same turn of the event loop is told together. */
  async #park(events: ReadyEvent<T>[], timeout: number): Promise<number> {
    this.#expired = false;
    if (timeout !== Infinity) {
      this.#timer ??= this.#scheduler.timer(() => {
        this.#expired = true;
        this.#unpark();
      });
      this.#scheduler.arm(this.#timer, timeout);
    }
    let count = 0;
    try {
      do {
        this.#parked = Promise.withResolvers();
        // A source that said so while it was told to expect is asked again, behind a turn: it may say so each time.
        await (this.#ready.size === 0 ? this.#parked.promise : turns(1));
        count = this.#collect(events);
      } while (count === 0 && !this.#woken && !this.#expired);
    } finally {
      this.#parked = undefined;
      if (this.#timer !== undefined) this.#scheduler.cancel(this.#timer);
    }
    return count;
  }

  readonly #unpark = (): void => this.#parked?.resolve();

  /** Asks each that may be ready, as far as `events` has room: the next wait begins behind the last one that was asked. */
  #collect(events: ReadyEvent<T>[]): number {
    const ring = this.#ready;
    let count = 0;
    for (let left = ring.size; left > 0 && count < events.length; left--) {
      const registration = ring.next();
      if (registration === undefined) break;
      const { source, token, interest } = registration;
      const ready = source.readiness(interest) & (interest | Readiness.Ended | Readiness.Failed);
      const missing = interest & ~ready;
      if (missing === interest) {
        this.#rest(registration);
        continue;
      }
      if (missing !== 0) source.arm(missing); // its other half may become ready while this one always is
      const error = (ready & Readiness.Failed) === 0 ? undefined : source.error;
      const event = events[count];
      if (event === undefined) events[count] = new ReadyEvent(token, ready, error);
      else fillEvent(event, token, ready, error);
      count++;
    }
    return count;
  }

  /** Lets a source say when it is ready. */
  #rest(registration: Registration<T>): void {
    this.#ready.remove(registration); // first, as it may say so at once
    try {
      registration.source.arm(registration.interest);
    } catch (error) {
      this.#ready.add(registration); // whoever waits is told, and the next wait asks it again
      throw error;
    }
  }

  #checkOpen(what: string): void {
    if (this.#closed) throw new TypeError(`Cannot ${what} as the reactor is closed`);
  }

  #checkWait(events: ReadyEvent<T>[], timeout: number): void {
    this.#checkOpen("wait");
    if (!Array.isArray(events)) throw new TypeError(`Cannot wait as 'events' must be an array: received ${events}`);
    if (events.length === 0) throw new RangeError("Cannot wait as 'events' must have room for one: received length 0");
    if (!(timeout >= 0)) throw new RangeError(`Cannot wait as the timeout must be a number >= 0: received ${timeout}`);
    if (this.#waiting) throw new TypeError("Cannot wait as another wait is under way");
  }
}

/** What one source is waited for with. */
interface Wanted<T> {
  readonly source: Source;
  readonly token: T;
  readonly interest: Interest;
}

/** A registered source, and its place among those that may be ready. */
class Registration<T> implements Watcher {
  readonly source: Source;
  token: T;
  interest: Interest;
  /** See {@linkcode Linked}. */
  previous: Registration<T> | undefined = undefined;
  following: Registration<T> | undefined = undefined;
  readonly #ring: Ring<Registration<T>>;
  readonly #unpark: () => void;

  constructor(ring: Ring<Registration<T>>, unpark: () => void, wanted: Wanted<T>) {
    this.#ring = ring;
    this.#unpark = unpark;
    this.source = wanted.source;
    this.token = wanted.token;
    this.interest = wanted.interest;
  }

  notify(): void {
    this.#ring.add(this);
    this.#unpark();
  }
}

function checkSource(verb: string, source: Source): Source {
  if (source instanceof Source) return source;
  throw new TypeError(`Cannot ${verb} a source as it must be a Source: received ${source}`);
}

function checkInterest(verb: string, source: Source, interest: Interest): void {
  if (interest !== 1 && interest !== 2 && interest !== 3) {
    throw new TypeError(`Cannot ${verb} a source as the interest must be one of Interest: received ${interest}`);
  }
  if ((interest & ~source.interests) !== 0) {
    throw new TypeError(
      `Cannot ${verb} a source as it can be ready for ${source.interests} only: received ${interest}`,
    );
  }
}

/** Lets the event loop turn `count` times. */
function turns(count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const turned = () => void (--left > 0 ? setImmediate(turned) : resolve());
    setImmediate(turned);
  });
}
