/**
 * Owns the bounds of an attempt to connect: its deadline, its abort and the fate of a connection that comes too late;
 * knows nothing of what is connected to.
 *
 * @module
 */

import { type Scheduler, scheduler as defaultScheduler } from "../timer/mod.ts";
import type { Transport } from "./transport.ts";

/** Longest attempt to connect, in milliseconds: Go's default transport allows 30 s. */
export const DEFAULT_DIAL_TIMEOUT = 30_000;

/** What every dial may be told. */
export interface DialOptions {
  /** Aborts the attempt, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * How long the attempt may take in all, a TLS handshake included, in milliseconds, `Infinity` for any time; then it
   * rejects with a `DOMException` named `TimeoutError`.
   *
   * @default {30000}
   */
  readonly timeout?: number;
  /** What measures the timeout; the system's by default. */
  readonly scheduler?: Scheduler;
}

/**
 * Runs `dial` within the bounds that the options set; what it gives after they were passed is closed.
 *
 * For dials of one's own: through a proxy, or over something that isn't a socket.
 *
 * @throws {RangeError} If the timeout is NaN or negative.
 *
 * @example
 * ```ts
 * import { attempt, memoryNetwork } from "@avx/http/net";
 *
 * const { connect, listener } = memoryNetwork();
 * using _transport = await attempt({ timeout: 1_000 }, (signal) => connect({ signal }));
 * listener.close();
 * ```
 */
export async function attempt<T extends Disposable>(
  options: DialOptions,
  dial: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, timeout = DEFAULT_DIAL_TIMEOUT, scheduler = defaultScheduler } = options;
  if (timeout === Infinity) return await within(signal ?? new AbortController().signal, dial);
  using limit = scheduler.deadline(timeout, {
    message: `Cannot connect as it took longer than ${timeout} ms`,
    ...signal && { signal },
  });
  return await within(limit.signal, dial);
}

function within<T extends Disposable>(signal: AbortSignal, dial: (signal: AbortSignal) => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    dial(signal).then((transport) => {
      signal.removeEventListener("abort", onAbort);
      if (signal.aborted) transport[Symbol.dispose]();
      resolve(transport); // does nothing if the abort came first
    }, (error) => {
      signal.removeEventListener("abort", onAbort);
      reject(error);
    });
  });
}

/** Gives a transport once bytes can flow through it; it is closed if that fails, and if `signal` aborts before. */
export async function whenReady<T extends Transport>(transport: T, signal: AbortSignal): Promise<T> {
  const close = () => transport.close(); // else a handshake that hangs would keep the process alive
  signal.addEventListener("abort", close, { once: true });
  try {
    await transport.ready();
    return transport;
  } catch (error) {
    transport.close();
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
  }
}
