/**
 * Owns which connection to one origin carries which exchange: the idle ones, the shared ones, those being opened and the
 * queue. Knows nothing of requests, and of the protocol only which version shares its connections.
 *
 * @module
 */

import type { Transport } from "../net/transport.ts";
import type { Timer } from "../timer/wheel.ts";
import type { ClientContext } from "./context.ts";
import { ClientError } from "./error.ts";
import type { Exchange } from "./exchange.ts";
import { lateError } from "./failure.ts";
import { type DriverOwner, Http1Driver } from "./http1_driver.ts";
import { Http2Driver, type Http2DriverOwner } from "./http2_driver.ts";
import type { Target } from "./target.ts";
import { chosenVersion, expectedVersion, type HttpVersion, type Versions } from "./version.ts";

/** What a pool belongs to: where connections are counted in all. */
export interface PoolOwner {
  /** Whether a pool may open a further connection; an idle one of another origin is closed for it. If not, it is asked to dial later. */
  mayOpen(pool: Pool): boolean;
  /** A connection has come to rest, and nobody waits for it here. */
  idled(): void;
  /** A connection is being opened. */
  opened(): void;
  /** A connection was closed, or could not be opened. */
  closed(): void;
  /** The pool has nothing any more. */
  emptied(pool: Pool): void;
}

/** What a pool is made with. */
export interface PoolOptions {
  /** Where connections are counted in all. */
  readonly owner: PoolOwner;
  /** The name by which its owner knows it. */
  readonly key: string;
  /** The versions that its connections may speak. */
  readonly versions: Versions;
}

/** How many requests one connection being opened is taken to carry, where they share it: RFC 9113 §6.5.2 recommends so much. */
const ASSUMED_STREAMS = 100;

/** How many connections in a row may end before they took a request, while some wait: as often as a request is sent. */
const MAX_FRUITLESS = 3;

interface Waiting {
  readonly exchange: Exchange;
  readonly timer: Timer | undefined;
}

/** The connections of one origin. */
export class Pool implements DriverOwner, Http2DriverOwner {
  /** The name by which its owner knows it. */
  readonly key: string;
  readonly #context: ClientContext;
  readonly #owner: PoolOwner;
  readonly #target: Target;
  readonly #versions: Versions;
  /** All that carry HTTP, the idle ones among them. */
  readonly #drivers = new Set<Http1Driver | Http2Driver>();
  /** Those of HTTP/1.1 that carry nothing, the last used one last, so that the others come to their idle deadline. */
  readonly #idle: Http1Driver[] = [];
  /** Those of HTTP/2 that take further requests, if not always now. */
  readonly #shared: Http2Driver[] = [];
  /** What connections speak, as far as that is known. */
  #version: HttpVersion | undefined;
  /** How many streams the server takes on a connection, as far as that is known. */
  #streams = ASSUMED_STREAMS;
  readonly #dials = new Set<AbortController>();
  readonly #queue: Waiting[] = [];
  /** How many connections in a row have ended before they took a request, while some waited. */
  #fruitless = 0;
  /** How many connections are open, tunnels too, or being opened. */
  #count = 0;
  #closed = false;

  /** Made with nothing open. */
  constructor(context: ClientContext, target: Target, { owner, key, versions }: PoolOptions) {
    this.#context = context;
    this.#owner = owner;
    this.#target = target;
    this.#versions = versions;
    this.key = key;
    this.#version = expectedVersion(versions, target.secure);
  }

  /** Finds a connection for an exchange, or lets it wait for one. */
  carry(exchange: Exchange): void {
    const shared = this.#roomy();
    if (shared !== undefined) return this.#begin(shared, exchange);
    const driver = this.#idle.pop();
    if (driver !== undefined) return this.#begin(driver, exchange);
    const { limits, timeouts, scheduler } = this.#context;
    if (this.#queue.length >= limits.maxQueued + this.#expected && !this.#opensForOne()) {
      const message = `Cannot fetch as at most ${limits.maxQueued} requests may wait for a connection to an origin`;
      exchange.failed(new ClientError(message, { phase: "queue" }), "no");
      return this.#forget();
    }
    const late = () => {
      this.withdraw(exchange);
      exchange.failed(lateError("the wait for a connection", timeouts.queue), "no");
    };
    // It keeps the process alive: what it waits for may be an idle connection, which does not.
    const timer = timeouts.queue === Infinity ? undefined : scheduler.schedule(timeouts.queue, late);
    this.#queue.push({ exchange, timer });
    this.dial();
  }

  /** Takes an exchange out of the queue; a connection that is opened for nobody else is given up. */
  withdraw(exchange: Exchange): void {
    const at = this.#queue.findIndex((waiting) => waiting.exchange === exchange);
    if (at < 0) return;
    this.#release(this.#queue.splice(at, 1)[0]!);
    this.#abortSurplus();
    this.#forget();
  }

  /** Gives connections up that are opened for nobody. */
  #abortSurplus(): void {
    for (const dial of [...this.#dials].slice(this.#queue.length)) dial.abort();
  }

  /** Opens connections while somebody waits for whom none is being opened, as far as the limits go. */
  dial(): void {
    while (this.#wantsMore() && this.#mayOpen()) this.#open();
  }

  /**
   * Whether somebody waits for whom no connection is being opened. Where they share one it is one at a time: until its version
   * is known, and the server has said how many streams it takes.
   */
  #wantsMore(): boolean {
    if (this.#version === "http/1.1") return this.#queue.length > this.#dials.size;
    return this.#queue.length > 0 && this.#dials.size === 0 && this.#isFull();
  }

  /** Whether the shared connections have no room, and none will have more by itself. */
  #isFull(): boolean {
    return !this.#shared.some((driver) => driver.idle || driver.maxStreams === undefined);
  }

  /** Whether a connection would be opened for one more that waits. */
  #opensForOne(): boolean {
    return (this.#version === "http/1.1" || this.#dials.size === 0 && this.#isFull()) && this.#mayOpen();
  }

  #mayOpen(): boolean {
    return this.#count < this.#context.limits.maxConnectionsPerOrigin && !this.#closed && this.#owner.mayOpen(this);
  }

  /** How many of those that wait will share the connections that are being opened. */
  get #expected(): number {
    return this.#version === "http/1.1" ? 0 : this.#dials.size * ASSUMED_STREAMS;
  }

  /** A shared connection that takes a request now. */
  #roomy(): Http2Driver | undefined {
    for (const driver of this.#shared) {
      if (driver.room > 0) return driver;
    }
    return undefined;
  }

  /** Closes the idle connection that was used the longest ago, or a shared one that is idle; false where there is none. */
  evict(): boolean {
    const driver = this.#idle.shift() ?? this.#shared.find(({ idle }) => idle);
    driver?.abort(undefined);
    return driver !== undefined;
  }

  /** Closes everything at once; all that are under way, or wait, are told `reason`. */
  close(reason: unknown): void {
    this.#closed = true;
    for (const dial of this.#dials) dial.abort();
    for (const driver of [...this.#drivers]) driver.abort(reason);
    for (const waiting of this.#queue.splice(0)) {
      this.#release(waiting);
      waiting.exchange.failed(reason, "no");
    }
  }

  /** See {@linkcode DriverOwner.rested}. */
  rested(driver: Http1Driver): void {
    this.#idle.push(driver);
    if (this.#queue.length > 0) this.#serve();
    else this.#owner.idled();
  }

  /** See {@linkcode Http2DriverOwner.available}. */
  available(driver: Http2Driver): void {
    this.#streams = driver.maxStreams ?? this.#streams;
    if (this.#queue.length > 0) {
      this.#serve();
      this.dial();
    } else if (driver.idle) this.#owner.idled();
  }

  /** See {@linkcode Http2DriverOwner.left}. */
  left(driver: Http2Driver): void {
    const at = this.#shared.indexOf(driver);
    if (at >= 0) this.#shared.splice(at, 1);
    this.dial(); // those that have waited for its settings, or for a stream of it
  }

  /** See {@linkcode DriverOwner.ended}. */
  ended(driver: Http1Driver | Http2Driver): void {
    this.#drivers.delete(driver);
    const at = driver instanceof Http1Driver ? this.#idle.indexOf(driver) : -1;
    if (at >= 0) this.#idle.splice(at, 1);
    if (driver instanceof Http2Driver && !driver.used && this.#queue.length > 0) this.#countFruitless();
  }

  /** A server that ends each connection before it has taken a request is not asked for ever. */
  #countFruitless(): void {
    if (++this.#fruitless < MAX_FRUITLESS) return;
    this.#fruitless = 0;
    this.#failDial(new Error("its connections must not end before they take a request"));
    this.#abortSurplus();
  }

  /** See {@linkcode DriverOwner.closed}. */
  closed(): void {
    this.#count--;
    this.#owner.closed();
    this.dial();
    this.#forget();
  }

  #forget(): void {
    if (this.#count === 0 && this.#queue.length === 0) this.#owner.emptied(this);
  }

  /** Lets those that have waited the longest go, as far as there are connections for them. */
  #serve(): void {
    while (this.#queue.length > 0) {
      const driver = this.#roomy() ?? this.#idle.pop();
      const waiting = driver === undefined ? undefined : this.#queue.shift();
      if (driver === undefined || waiting === undefined) return;
      this.#release(waiting);
      this.#begin(driver, waiting.exchange);
    }
  }

  #begin(driver: Http1Driver | Http2Driver, exchange: Exchange): void {
    if (driver instanceof Http2Driver) {
      this.#fruitless = 0;
      return driver.begin(exchange);
    }
    try {
      exchange.request.prepare("http/1.1"); // which may be the first that it hears of the version
    } catch (error) {
      this.#idle.push(driver);
      return exchange.failed(error, "no");
    }
    exchange.assigned(driver);
    driver.begin(exchange);
  }

  #release({ timer }: Waiting): void {
    if (timer !== undefined) this.#context.scheduler.cancel(timer);
  }

  #open(): void {
    const controller = new AbortController();
    this.#dials.add(controller);
    this.#count++;
    this.#owner.opened();
    this.#context.dial(this.#target, controller.signal, this.#versions).then((transport) => {
      this.#dials.delete(controller);
      if (this.#closed) {
        transport.close();
        this.closed();
      } else this.#use(transport);
    }, (error: unknown) => {
      this.#dials.delete(controller);
      if (!controller.signal.aborted) this.#failDial(error);
      this.closed();
    });
  }

  #use(transport: Transport): void {
    const version = chosenVersion(this.#versions, transport);
    if (version === undefined) return this.#useless(transport);
    this.#version = version;
    transport.unref(); // until it carries something
    if (version === "h2") this.#share(transport);
    else {
      const driver = new Http1Driver(this.#context, transport, this);
      this.#drivers.add(driver);
      driver.run();
      this.rested(driver);
    }
    this.dial(); // others may have waited for the version to be known
  }

  #share(transport: Transport): void {
    const options = { owner: this, origin: this.#target.origin, assumedStreams: this.#streams };
    const driver = new Http2Driver(this.#context, transport, options);
    this.#drivers.add(driver);
    this.#shared.push(driver);
    driver.run();
    this.#serve();
  }

  /** What was opened speaks no version that it may. */
  #useless(transport: Transport): void {
    const { alpn } = transport;
    transport.close();
    const wanted = [...this.#versions].join(" or ");
    this.#failDial(new TypeError(`its ALPN must choose ${wanted}: received ${alpn ?? "none"}`));
    this.closed();
  }

  /** A connection could not be opened: whoever waits the longest is told, and all who wait for no other connection. */
  #failDial(cause: unknown): void {
    const isShared = this.#version !== "http/1.1" && this.#drivers.size === 0;
    for (const waiting of this.#queue.splice(0, isShared ? this.#queue.length : 1)) {
      this.#release(waiting);
      waiting.exchange.failed(this.#dialError(cause), "no");
    }
  }

  #dialError(cause: unknown): unknown {
    const why = cause instanceof Error ? cause.message : String(cause);
    if (cause instanceof DOMException) return cause;
    const message = `Cannot fetch as ${this.#target.origin} could not be connected to: ${why}`;
    return new ClientError(message, { phase: "dial", cause });
  }
}
