/**
 * Owns which connection to one origin carries which exchange: the idle ones, those being opened and the queue. Knows
 * nothing of requests and of the protocol.
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
import type { Target } from "./target.ts";

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
  emptied(target: Target): void;
}

interface Waiting {
  readonly exchange: Exchange;
  readonly timer: Timer | undefined;
}

/** The connections of one origin. */
export class Pool implements DriverOwner {
  readonly #context: ClientContext;
  readonly #owner: PoolOwner;
  readonly #target: Target;
  /** All that carry HTTP, the idle ones among them. */
  readonly #drivers = new Set<Http1Driver>();
  /** Those that carry nothing, the last used one last, so that the others come to their idle deadline. */
  readonly #idle: Http1Driver[] = [];
  readonly #dials = new Set<AbortController>();
  readonly #queue: Waiting[] = [];
  /** How many connections are open, tunnels too, or being opened. */
  #count = 0;
  #closed = false;

  /** Made with nothing open. */
  constructor(context: ClientContext, owner: PoolOwner, target: Target) {
    this.#context = context;
    this.#owner = owner;
    this.#target = target;
  }

  /** Finds a connection for an exchange, or lets it wait for one. */
  carry(exchange: Exchange): void {
    const driver = this.#idle.pop();
    if (driver !== undefined) return this.#assign(driver, exchange);
    const { limits, timeouts, scheduler } = this.#context;
    if (this.#queue.length >= limits.maxQueued && !this.#mayOpen()) {
      const message = `Cannot fetch as at most ${limits.maxQueued} requests may wait for a connection to an origin`;
      exchange.failed(new ClientError(message, { phase: "queue" }), "no");
      return this.#forget();
    }
    const late = () => {
      this.withdraw(exchange);
      exchange.failed(lateError("the wait for a connection", timeouts.queue), "no");
    };
    const timer = timeouts.queue === Infinity ? undefined : scheduler.schedule(timeouts.queue, late, { ref: false });
    this.#queue.push({ exchange, timer });
    this.dial();
  }

  /** Takes an exchange out of the queue; a connection that is opened for nobody else is given up. */
  withdraw(exchange: Exchange): void {
    const at = this.#queue.findIndex((waiting) => waiting.exchange === exchange);
    if (at < 0) return;
    this.#release(this.#queue.splice(at, 1)[0]!);
    const surplus = [...this.#dials].slice(this.#queue.length);
    for (const dial of surplus) dial.abort();
    this.#forget();
  }

  /** Opens connections while somebody waits for whom none is being opened, as far as the limits go. */
  dial(): void {
    while (this.#queue.length > this.#dials.size && this.#mayOpen()) this.#open();
  }

  #mayOpen(): boolean {
    return this.#count < this.#context.limits.maxConnectionsPerOrigin && !this.#closed && this.#owner.mayOpen(this);
  }

  /** Closes the idle connection that was used the longest ago; false where there is none. */
  evict(): boolean {
    const driver = this.#idle.shift();
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
    const waiting = this.#queue.shift();
    if (waiting === undefined) {
      this.#idle.push(driver);
      return this.#owner.idled();
    }
    this.#release(waiting);
    this.#assign(driver, waiting.exchange);
  }

  /** See {@linkcode DriverOwner.ended}. */
  ended(driver: Http1Driver): void {
    this.#drivers.delete(driver);
    const at = this.#idle.indexOf(driver);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  /** See {@linkcode DriverOwner.closed}. */
  closed(): void {
    this.#count--;
    this.#owner.closed();
    this.dial();
    this.#forget();
  }

  #forget(): void {
    if (this.#count === 0 && this.#queue.length === 0) this.#owner.emptied(this.#target);
  }

  #assign(driver: Http1Driver, exchange: Exchange): void {
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
    this.#context.dial(this.#target, controller.signal).then((transport) => {
      this.#dials.delete(controller);
      if (this.#closed) {
        transport.close();
        this.closed();
      } else this.#use(transport);
    }, (error: unknown) => {
      this.#dials.delete(controller);
      if (!controller.signal.aborted) this.#failFirst(error);
      this.closed();
    });
  }

  #use(transport: Transport): void {
    transport.unref(); // until it carries something
    const driver = new Http1Driver(this.#context, transport, this);
    this.#drivers.add(driver);
    driver.run();
    this.rested(driver);
  }

  /** A connection could not be opened: whoever waits the longest is told. */
  #failFirst(cause: unknown): void {
    const waiting = this.#queue.shift();
    if (waiting === undefined) return;
    this.#release(waiting);
    const why = cause instanceof Error ? cause.message : String(cause);
    const error = cause instanceof DOMException
      ? cause
      : new ClientError(`Cannot fetch as ${this.#target.origin} could not be connected to: ${why}`, {
        phase: "dial",
        cause,
      });
    waiting.exchange.failed(error, "no");
  }
}
