/**
 * Owns the connections of a client as a whole: a pool an origin, and how many connections there may be in all. Knows
 * nothing of requests and of the protocol.
 *
 * @module
 */

import type { ClientContext } from "./context.ts";
import { ClientError } from "./error.ts";
import type { Carrier, Exchange } from "./exchange.ts";
import { Pool, type PoolOwner } from "./pool.ts";
import type { Target } from "./target.ts";

/** All connections of a client. */
export class Pools implements PoolOwner, Carrier {
  readonly #context: ClientContext;
  readonly #pools = new Map<string, Pool>();
  /** How many connections are open or being opened. */
  #count = 0;
  #closed = false;

  /** Made with nothing open. */
  constructor(context: ClientContext) {
    this.#context = context;
  }

  /** See {@linkcode Carrier.size}. */
  get size(): number {
    return this.#count;
  }

  /** See {@linkcode PoolOwner.mayOpen}. */
  mayOpen(): boolean {
    const { maxConnections } = this.#context.limits;
    if (this.#count < maxConnections) return true;
    for (const pool of this.#pools.values()) {
      if (pool.evict()) return this.#count < maxConnections;
    }
    return false;
  }

  /** See {@linkcode PoolOwner.opened}. */
  opened(): void {
    this.#count++;
  }

  /** See {@linkcode PoolOwner.closed}. */
  closed(): void {
    if (this.#count-- < this.#context.limits.maxConnections || this.#closed) return;
    for (const pool of [...this.#pools.values()]) pool.dial(); // somebody may have waited for a place
  }

  /** See {@linkcode PoolOwner.emptied}. */
  emptied(target: Target): void {
    this.#pools.delete(target.origin);
  }

  /** See {@linkcode Carrier.carry}. */
  carry(target: Target, exchange: Exchange): void {
    if (this.#closed) return exchange.failed(closedError(), "no");
    let pool = this.#pools.get(target.origin);
    if (pool === undefined) this.#pools.set(target.origin, pool = new Pool(this.#context, this, target));
    pool.carry(exchange);
  }

  /** See {@linkcode Carrier.withdraw}. */
  withdraw(target: Target, exchange: Exchange): void {
    this.#pools.get(target.origin)?.withdraw(exchange);
  }

  /** See {@linkcode Carrier.distrust}: when a server restarts, all its connections die. */
  distrust(target: Target): void {
    while (this.#pools.get(target.origin)?.evict());
  }

  /** See {@linkcode Carrier.close}. */
  close(): void {
    this.#closed = true;
    for (const pool of [...this.#pools.values()]) pool.close(closedError());
  }
}

function closedError(): ClientError {
  return new ClientError("Cannot fetch as the client is closed", { phase: "queue" });
}
