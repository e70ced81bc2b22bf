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
import type { Versions } from "./version.ts";

/** What a pool may speak whose requests HTTP/2 has refused. */
const HTTP1_ONLY: Versions = new Set(["http/1.1"]);

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
    const served: Pool[] = [];
    this.#starved.clear();
    for (const pool of starved) {
      const before = this.#count;
      pool.dial();
      if (this.#count > before) served.push(pool);
    }
    // Whoever got a place, and wants more, waits behind those that got none.
    for (const pool of served) if (this.#starved.delete(pool)) this.#starved.add(pool);
  }

  /** See {@linkcode PoolOwner.emptied}. */
  emptied(pool: Pool): void {
    this.#starved.delete(pool);
    if (this.#pools.get(pool.key) === pool) this.#pools.delete(pool.key);
  }

  /** See {@linkcode Carrier.carry}. */
  carry(target: Target, exchange: Exchange): void {
    if (this.#closed) return exchange.failed(closedError(), "no");
    const key = keyOf(target, exchange);
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      const versions = exchange.needsHttp1 ? HTTP1_ONLY : this.#context.protocols;
      this.#pools.set(key, pool = new Pool(this.#context, target, { owner: this, key, versions }));
    }
    pool.carry(exchange);
  }

  /** See {@linkcode Carrier.withdraw}. */
  withdraw(target: Target, exchange: Exchange): void {
    this.#pools.get(keyOf(target, exchange))?.withdraw(exchange);
  }

  /** See {@linkcode Carrier.distrust}: when a server restarts, all its connections die. */
  distrust(target: Target): void {
    for (const key of [target.origin, http1Key(target)]) while (this.#pools.get(key)?.evict());
  }

  /** See {@linkcode Carrier.close}. */
  close(): void {
    this.#closed = true;
    for (const pool of [...this.#pools.values()]) pool.close(closedError());
  }
}

/** What a pool is known by: an origin, and whether it is for what HTTP/2 has refused. */
function keyOf(target: Target, { needsHttp1 }: Exchange): string {
  return needsHttp1 ? http1Key(target) : target.origin;
}

function http1Key({ origin }: Target): string {
  return `${origin} http/1.1`;
}

function closedError(): ClientError {
  return new ClientError("Cannot fetch as the client is closed", { phase: "queue" });
}
