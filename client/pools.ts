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
  /** Those that could not open a connection as there were as many as there may be in all. */
  readonly #starved = new Set<Pool>();
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
  mayOpen(pool: Pool): boolean {
    const { maxConnections } = this.#context.limits;
    if (this.#count < maxConnections) return true;
    for (const other of this.#pools.values()) {
      if (other.evict()) break;
    }
    if (this.#count < maxConnections) return true;
    this.#starved.add(pool);
    return false;
  }

  /** See {@linkcode PoolOwner.opened}. */
  opened(): void {
    this.#count++;
  }

  /** See {@linkcode PoolOwner.closed}. */
  closed(): void {
    this.#count--;
    this.#feed();
  }

  /** See {@linkcode PoolOwner.idled}. */
  idled(): void {
    this.#feed();
  }

  /** There may be a place now: whoever waited for one tries again, and is remembered again if there is none. */
  #feed(): void {
    if (this.#starved.size === 0 || this.#closed) return;
    const starved = [...this.#starved];
    this.#starved.clear();
    for (const pool of starved) pool.dial();
  }

  /** See {@linkcode PoolOwner.emptied}. */
  emptied(target: Target): void {
    const pool = this.#pools.get(target.origin);
    if (pool !== undefined) this.#starved.delete(pool);
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
