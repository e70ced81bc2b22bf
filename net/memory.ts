/**
 * Owns the in-memory network: pairs of transports that no socket is behind, and what accepts them; knows nothing of
 * what they carry.
 *
 * @module
 */

import { type Clock, Scheduler, systemClock } from "../timer/mod.ts";
import { Flow } from "./memory_flow.ts";
import type { Address, Listener, MemoryAddress, Transport } from "./transport.ts";
import { Wire } from "./wire.ts";

/** Bytes under way in one direction before a write waits: half of what Linux gives a loopback socket at first. */
export const DEFAULT_CAPACITY = 64 * 1024;

/** What {@linkcode memoryPipe} may be told. */
export interface MemoryPipeOptions {
  /**
   * The most bytes that one read gives, and one write takes; a whole number >= 1.
   *
   * @default {Infinity}
   */
  readonly chunkSize?: number;
  /**
   * How long bytes and the end of a side travel, in milliseconds.
   *
   * @default {0}
   */
  readonly latency?: number;
  /**
   * How many bytes may be under way in one direction before a write waits for the peer to read; a whole number >= 1.
   *
   * @default {65536}
   */
  readonly capacity?: number;
  /** What measures the latency; the system's clock by default. Not touched while the latency is 0. */
  readonly clock?: Clock;
  /** The name in the first end's {@linkcode MemoryTransport.localAddr}; a made-up one by default. */
  readonly localName?: string;
  /** The name in the second end's {@linkcode MemoryTransport.localAddr}; a made-up one by default. */
  readonly remoteName?: string;
}

/** What {@linkcode memoryNetwork} may be told. */
export interface MemoryNetworkOptions extends Omit<MemoryPipeOptions, "localName" | "remoteName"> {
  /**
   * The name that the listener's address has.
   *
   * @default {"memory"}
   */
  readonly name?: string;
  /**
   * How many dialled ends may wait to be accepted; further dials are refused. Linux's default is 4096, Deno's 511.
   *
   * @default {511}
   */
  readonly backlog?: number;
}

/** What {@linkcode MemoryNetwork.dial} may be told; what is left out is as the network's options say. */
export interface MemoryDialOptions extends Omit<MemoryPipeOptions, "localName" | "remoteName"> {
  /** The name that the dialling end has, as an address has; a made-up one by default. */
  readonly name?: string;
  /** Aborts the attempt. */
  readonly signal?: AbortSignal;
}

/** A listener and what dials it. */
export interface MemoryNetwork {
  /** Accepts what is dialled. */
  readonly listener: Listener;
  /**
   * Opens a connection to the listener, to read and write by hand.
   *
   * Rejects with `Deno.errors.ConnectionRefused` once the listener is closed or its backlog full.
   */
  dial(options?: MemoryDialOptions): Promise<Wire<MemoryTransport>>;
  /** Opens a connection to the listener as a bare transport, for what dials by a `Connect`. Rejects as `dial` does. */
  connect(options?: MemoryDialOptions): Promise<MemoryTransport>;
}

/**
 * One end of an in-memory wire.
 *
 * It behaves as a TCP socket of Deno's does on Linux, errors included: `close` rejects what is parked with
 * `Deno.errors.Interrupted` and later calls with `Deno.errors.BadResource`; the peer still reads what was written, and
 * its own writes reject with `Deno.errors.BrokenPipe`. If bytes were unread at the close, the peer sees
 * `Deno.errors.ConnectionReset` in place of the end, and on its writes.
 */
export interface MemoryTransport extends Transport {
  /** This end's address. */
  readonly localAddr: MemoryAddress;
  /** The peer's address. */
  readonly remoteAddr: MemoryAddress;
  /** Breaks the wire, as a TCP RST does: what is under way is lost, the peer's calls reject with `ConnectionReset`. */
  reset(): void;
}

/**
 * Makes two ends of an in-memory wire.
 *
 * @throws {RangeError} If a number of the options is outside of its range.
 *
 * @example
 * ```ts
 * import { memoryPipe } from "@avx/http/net";
 * import { assertEquals } from "@std/assert";
 *
 * const [near, far] = memoryPipe({ chunkSize: 2 });
 * await near.write(new Uint8Array([1, 2, 3]));
 * assertEquals(await far.read(new Uint8Array(8)), 2);
 * ```
 */
export function memoryPipe(options: MemoryPipeOptions = {}): [MemoryTransport, MemoryTransport] {
  const { chunkSize = Infinity, latency = 0, capacity = DEFAULT_CAPACITY, clock = systemClock } = options;
  checkCount("chunkSize", chunkSize);
  checkCount("capacity", capacity);
  if (!(latency >= 0 && latency < Infinity)) {
    throw new RangeError(`Cannot make a memory pipe as latency must be >= 0 and finite: received ${latency}`);
  }
  const delay = latency > 0 ? { latency, scheduler: new Scheduler(clock) } : undefined;
  const there = new Flow(chunkSize, capacity, delay);
  const back = new Flow(chunkSize, capacity, delay);
  const near = address(options.localName);
  const far = address(options.remoteName);
  return [new MemoryEnd(near, far, back, there), new MemoryEnd(far, near, there, back)];
}

/**
 * Makes a listener in memory and what dials it: a whole network for a test, with no socket and no time of its own.
 *
 * @throws {RangeError} If a number of the options is outside of its range.
 *
 * @example
 * ```ts
 * import { memoryNetwork } from "@avx/http/net";
 * import { assertEquals } from "@std/assert";
 *
 * const { listener, dial } = memoryNetwork();
 * const wire = await dial();
 * const accepted = await listener.accept();
 * await wire.write("ping");
 * const bytes = new Uint8Array(16);
 * assertEquals(await accepted.read(bytes), 4);
 * accepted.close();
 * assertEquals(await wire.readToEnd(), "");
 * ```
 */
export function memoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  const { name = "memory", backlog = 511, ...pipe } = options;
  checkCount("backlog", backlog);
  const listener = new MemoryListener({ transport: "memory", name }, backlog);
  const connect = async (dialled: MemoryDialOptions = {}): Promise<MemoryTransport> => {
    const { name: localName, signal, ...own } = dialled;
    signal?.throwIfAborted();
    const [near, far] = memoryPipe({ ...pipe, ...own, ...localName !== undefined && { localName }, remoteName: name });
    listener.offer(far);
    await Promise.resolve();
    return near;
  };
  return { listener, connect, dial: async (dialled) => new Wire(await connect(dialled)) };
}

class MemoryEnd implements MemoryTransport {
  readonly localAddr: MemoryAddress;
  readonly remoteAddr: MemoryAddress;
  readonly alpn = null;
  readonly secure = false;
  readonly #incoming: Flow;
  readonly #outgoing: Flow;

  constructor(localAddr: MemoryAddress, remoteAddr: MemoryAddress, incoming: Flow, outgoing: Flow) {
    this.localAddr = localAddr;
    this.remoteAddr = remoteAddr;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#incoming.read(into);
  }

  write(from: Uint8Array): Promise<number> {
    return this.#outgoing.write(from);
  }

  closeWrite(): Promise<void> {
    return this.#outgoing.end();
  }

  close(): void {
    const unread = this.#incoming.closeReader((unread) => unread > 0 ? resetByPeer() : brokenPipe());
    this.#outgoing.closeWriter(unread > 0 ? resetByPeer() : undefined);
  }

  reset(): void {
    this.#incoming.closeReader(resetByPeer);
    this.#outgoing.breakOff(resetByPeer());
  }

  ref(): void {}

  unref(): void {}

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The accepting end of an in-memory network. */
class MemoryListener implements Listener {
  readonly addr: Address;
  readonly #backlog: number;
  readonly #waiting: MemoryTransport[] = [];
  readonly #parked: PromiseWithResolvers<Transport>[] = [];
  #closed = false;

  constructor(addr: MemoryAddress, backlog: number) {
    this.addr = addr;
    this.#backlog = backlog;
  }

  offer(transport: MemoryTransport): void {
    const parked = this.#parked.shift();
    if (parked) return parked.resolve(transport);
    if (this.#closed || this.#waiting.length >= this.#backlog) {
      throw new Deno.errors.ConnectionRefused(
        `Cannot dial as the listener ${this.#closed ? "is closed" : "has a full backlog"}`,
      );
    }
    this.#waiting.push(transport);
  }

  accept(): Promise<Transport> {
    if (this.#closed) return Promise.reject(listenerClosed());
    const waiting = this.#waiting.shift();
    if (waiting) return Promise.resolve(waiting);
    const parked = Promise.withResolvers<Transport>();
    this.#parked.push(parked);
    return parked.promise;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const parked of this.#parked.splice(0)) parked.reject(listenerClosed());
    for (const waiting of this.#waiting.splice(0)) waiting.reset(); // as a kernel does with what nobody accepted
  }

  ref(): void {}

  unref(): void {}

  [Symbol.dispose](): void {
    this.close();
  }
}

function resetByPeer(): Error {
  return new Deno.errors.ConnectionReset("Cannot go on as the peer reset the connection");
}

function brokenPipe(): Error {
  return new Deno.errors.BrokenPipe("Cannot write as the peer has closed the connection");
}

let ephemeral = 0;

/** An address with the name, or with one that no other has. */
function address(name = `ephemeral-${++ephemeral}`): MemoryAddress {
  return { transport: "memory", name };
}

function listenerClosed(): Error {
  return new Deno.errors.BadResource("Cannot accept as the listener is closed");
}

function checkCount(what: string, value: number): void {
  if (value !== Infinity && !Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`Cannot make a memory network as ${what} must be a whole number >= 1: received ${value}`);
  }
}
