/**
 * Owns the acceptance of connections: how many at a time, how many an address, and what happens when it fails; knows
 * nothing of what they are for.
 *
 * @module
 */

import { type Scheduler, scheduler as defaultScheduler } from "../timer/mod.ts";
import type { Address, Listener, Transport } from "./transport.ts";

/** Most connections at a time. Apache's default is 400, nginx's 512 a worker; this is what fits 120 MiB when idle. */
export const DEFAULT_MAX_CONNECTIONS = 10_000;

/** Most connections at a time of one address: a NAT's worth of browsers at 6 each, and not enough to fill the server. */
export const DEFAULT_MAX_CONNECTIONS_PER_ADDRESS = 256;

/** First wait after a failed accept, in milliseconds, as in Go's net/http; each failure in a row doubles it. */
const FIRST_BACK_OFF = 5;

/** Longest wait after a failed accept, in milliseconds, as in Go's net/http. */
const LONGEST_BACK_OFF = 1_000;

/** What {@linkcode acceptLoop} may be told, and must be. */
export interface AcceptOptions {
  /**
   * Is given each transport, and the permit that counts it, to dispose once the transport is closed. The transport may
   * have a handshake before it ({@linkcode Transport.ready}).
   *
   * If it throws or rejects, the transport is closed, the permit disposed, and `onError` told.
   */
  readonly onTransport: (transport: Transport, permit: Disposable) => void | Promise<void>;
  /** Is told of each accept that failed, and of each `onTransport` that did. Must not throw. */
  readonly onError: (error: unknown) => void;
  /** Is told of each transport that was closed at once, as its address has as many as it may. */
  readonly onRefused?: (remoteAddr: Address) => void;
  /** Ends the loop and closes the listener when aborted. */
  readonly signal?: AbortSignal;
  /** What measures the back-off; the system's by default. */
  readonly scheduler?: Scheduler;
  /**
   * The most transports at a time: with as many open none is accepted until one's permit is disposed.
   *
   * @default {10000}
   */
  readonly maxConnections?: number;
  /**
   * The most transports of one IP address at a time, or of one name in the in-memory network: a further one is closed at
   * once. Unix and VSOCK peers aren't told apart, so they aren't counted.
   *
   * @default {256}
   */
  readonly maxConnectionsPerAddress?: number;
}

/**
 * Accepts until the listener is closed or the signal aborted, and then settles; it never rejects for a failed accept.
 *
 * A failed accept (`EMFILE`, an aborted connection…) is tried again after 5 ms, after 10 ms if that fails too, and so on
 * up to 1 s.
 *
 * @throws {RangeError} If a maximum is not a whole number >= 1 or `Infinity` (as a rejection).
 *
 * @example
 * ```ts
 * import { acceptLoop, memoryNetwork, Writer } from "@avx/http/net";
 * import { assertEquals } from "@std/assert";
 *
 * const { listener, dial } = memoryNetwork();
 * const done = acceptLoop(listener, {
 *   onError: console.error,
 *   async onTransport(transport, permit) {
 *     using _permit = permit;
 *     using _transport = transport;
 *     const writer = new Writer(transport);
 *     writer.write(new TextEncoder().encode("Good day!"));
 *     await writer.end();
 *   },
 * });
 * assertEquals(await (await dial()).readToEnd(), "Good day!");
 * listener.close();
 * await done;
 * ```
 */
export async function acceptLoop(listener: Listener, options: AcceptOptions): Promise<void> {
  const { signal, scheduler = defaultScheduler, onError } = options;
  const gate = new Gate(
    options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
    options.maxConnectionsPerAddress ?? DEFAULT_MAX_CONNECTIONS_PER_ADDRESS,
  );
  using _stop = onAbort(signal, () => {
    gate.stop();
    listener.close();
  });
  let backOff = FIRST_BACK_OFF;
  while (!gate.stopped) {
    if (gate.full) {
      await gate.change();
      continue;
    }
    try {
      const transport = await listener.accept();
      backOff = FIRST_BACK_OFF;
      if (gate.stopped) transport.close();
      else admit(transport, gate, options);
    } catch (error) {
      if (gate.stopped || error instanceof Deno.errors.BadResource) return;
      onError(error);
      await gate.rest(scheduler, backOff);
      backOff = Math.min(backOff * 2, LONGEST_BACK_OFF);
    }
  }
}

/** Hands a transport over, unless its address has as many as it may. */
function admit(transport: Transport, gate: Gate, options: AcceptOptions): void {
  const permit = gate.take(addressKey(transport.remoteAddr));
  if (!permit) {
    transport.close();
    return options.onRefused?.(transport.remoteAddr);
  }
  const fail = (error: unknown) => {
    permit[Symbol.dispose]();
    transport.close();
    options.onError(error);
  };
  try {
    options.onTransport(transport, permit)?.catch(fail);
  } catch (error) {
    fail(error);
  }
}

/** Calls back when the signal aborts, at once if it has already, until disposed. */
function onAbort(signal: AbortSignal | undefined, callback: () => void): Disposable {
  if (signal?.aborted) callback();
  else signal?.addEventListener("abort", callback, { once: true });
  return { [Symbol.dispose]: () => signal?.removeEventListener("abort", callback) };
}

/** Who is in, how many may be, and the one wait of the loop that isn't an accept. */
class Gate {
  readonly #max: number;
  readonly #maxPerAddress: number;
  readonly #perAddress = new Map<string, number>();
  #open = 0;
  #stopped = false;
  #changed: PromiseWithResolvers<void> | undefined;

  constructor(max: number, maxPerAddress: number) {
    this.#max = checkMax("maxConnections", max);
    this.#maxPerAddress = checkMax("maxConnectionsPerAddress", maxPerAddress);
  }

  get full(): boolean {
    return this.#open >= this.#max;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
    this.#changed?.resolve();
  }

  /** Waits until a permit was disposed or the gate stopped. */
  change(): Promise<void> {
    this.#changed = Promise.withResolvers<void>();
    return this.#changed.promise;
  }

  /** Waits out a back-off, or until the gate is stopped; a permit's disposal ends it as well. */
  async rest(scheduler: Scheduler, ms: number): Promise<void> {
    const changed = this.change();
    using _timer = scheduler.after(ms, () => this.#changed?.resolve());
    await changed;
  }

  /** Counts one more, of the address if it has a key; `undefined` if that has as many as it may. */
  take(key: string | undefined): Disposable | undefined {
    if (key !== undefined) {
      const count = this.#perAddress.get(key) ?? 0;
      if (count >= this.#maxPerAddress) return undefined;
      this.#perAddress.set(key, count + 1);
    }
    this.#open++;
    return new Permit(this, key);
  }

  release(key: string | undefined): void {
    this.#open--;
    this.#changed?.resolve();
    if (key === undefined) return;
    const count = this.#perAddress.get(key) ?? 0;
    if (count > 1) this.#perAddress.set(key, count - 1);
    else this.#perAddress.delete(key);
  }
}

/** One connection's place; it is given back once, however often it is disposed. */
class Permit implements Disposable {
  #gate: Gate | undefined;
  readonly #key: string | undefined;

  constructor(gate: Gate, key: string | undefined) {
    this.#gate = gate;
    this.#key = key;
  }

  [Symbol.dispose](): void {
    this.#gate?.release(this.#key);
    this.#gate = undefined;
  }
}

function checkMax(what: string, value: number): number {
  if (value === Infinity || Number.isSafeInteger(value) && value >= 1) return value;
  throw new RangeError(`Cannot accept as ${what} must be a whole number >= 1 or Infinity: received ${value}`);
}

/** What is counted as one address; `undefined` where peers can't be told apart. */
function addressKey(addr: Address): string | undefined {
  switch (addr.transport) {
    case "tcp":
    case "udp":
      return addr.hostname;
    case "memory":
      return addr.name;
    case "unix":
    case "unixpacket":
    case "vsock":
      return undefined;
    default:
      addr satisfies never;
      return undefined;
  }
}
