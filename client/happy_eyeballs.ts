/**
 * Owns the race of connections to the addresses of one host (RFC 8305 §5); knows neither what resolved them nor what
 * connects.
 *
 * @module
 */

import type { Scheduler } from "../timer/scheduler.ts";

/** From one attempt to the next while none has succeeded, in milliseconds: what RFC 8305 §8 recommends. */
export const CONNECTION_ATTEMPT_DELAY = 250;

/** What a race needs. */
export interface RaceOptions {
  /** What measures the delay. */
  readonly scheduler: Scheduler;
  /** Ends the race; each attempt's own signal follows it. */
  readonly signal: AbortSignal;
}

/** Orders addresses so that families take turns, the first address's family first (RFC 8305 §4). */
export function interlaced(addresses: readonly string[]): string[] {
  const isSix = (address: string) => address.includes(":");
  const lead = addresses.filter((address) => isSix(address) === isSix(addresses[0] ?? ""));
  const other = addresses.filter((address) => !lead.includes(address));
  return lead.flatMap((address, at) => other[at] === undefined ? [address] : [address, other[at]])
    .concat(other.slice(lead.length));
}

/**
 * Connects to the first address that answers: the next is tried when one has failed, or has taken 250 ms. All others are
 * given up once one has succeeded.
 *
 * Rejects with the first attempt's error when all have failed, with the signal's reason when it aborts, and with a
 * `TypeError` where there is no address.
 */
export function race<T extends Disposable>(
  addresses: readonly string[],
  connect: (address: string, signal: AbortSignal) => Promise<T>,
  { scheduler, signal }: RaceOptions,
): Promise<T> {
  const order = interlaced(addresses);
  if (order.length === 0) return Promise.reject(new TypeError("Cannot connect as the host must have an address"));
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const losers = new AbortController();
  const attempts = AbortSignal.any([signal, losers.signal]);
  const errors: unknown[] = [];
  let next = 0;
  let won = false;
  const timer = scheduler.timer(() => begin());
  const settle = () => {
    won = true;
    scheduler.cancel(timer);
    signal.removeEventListener("abort", onAbort);
    losers.abort();
  };
  const onAbort = () => {
    settle();
    reject(signal.reason);
  };
  const begin = () => {
    const address = order[next++]!;
    scheduler.cancel(timer);
    if (next < order.length) scheduler.arm(timer, CONNECTION_ATTEMPT_DELAY);
    connect(address, attempts).then((transport) => {
      if (won) return transport[Symbol.dispose]();
      settle();
      resolve(transport);
    }, (error: unknown) => {
      errors.push(error);
      if (won) return;
      if (next < order.length) return begin();
      if (errors.length < order.length) return; // others are still under way
      settle();
      reject(errors[0]);
    });
  };
  if (signal.aborted) onAbort();
  else {
    signal.addEventListener("abort", onAbort, { once: true });
    begin();
  }
  return promise;
}
