/**
 * Owns the server inside a worker: it listens on the port of all, answers by an app that can be changed, and goes without
 * taking a request along. Knows no thread and none of the other workers.
 *
 * @module
 */

import type { TlsListener } from "../net/tls.ts";
import type { Address, Listener, Transport } from "../net/transport.ts";
import type { StopReason } from "../runtime/worker_message.ts";
import { type Clock, systemClock } from "../timer/clock.ts";
import { listen, type ListenTarget } from "./listen.ts";
import { type ResolvedOptions, resolveOptions } from "./options.ts";
import { Server } from "./server.ts";
import type { ServeLimits, ServeTimeouts, ServeTlsKey } from "./types.ts";
import { CurrentApp } from "./workers_app.ts";
import { MergedStats, SharedStats } from "./workers_stats.ts";

/** What a worker of a server is started with; all of it can be cloned. */
export interface ServeWorkerData {
  /** The app's module. */
  readonly app: string;
  /** Where to listen: at once if `listening`, else when told to. */
  readonly target: ListenTarget;
  /** Whether the port is known and the others listen already. */
  readonly listening: boolean;
  /** Limits that differ from the defaults. */
  readonly limits: Partial<ServeLimits>;
  /** Deadlines that differ from the defaults. */
  readonly timeouts: Partial<ServeTimeouts>;
  /** Whether a client that ended its side still counts as there. */
  readonly allowHalfOpen: boolean;
  /** How long a worker that is replaced waits for its connections, in milliseconds. */
  readonly drain: number;
  /** Where all workers' figures are. */
  readonly memory: SharedArrayBuffer;
  /** The worker's row in it. */
  readonly row: number;
}

/** How often a worker that goes looks whether its connections are gone, in milliseconds. */
const LOOK = 5;

/** How often it looks for a moment in which nobody connects: some hundred times is for ever on a busy port. */
const MOST_LOOKS = 200;

/** How many of these looks are as long as the others, before they become short ones of 1 ms. */
const PATIENT_LOOKS = 20;

/** How long connections that were accepted last have for their request after the port was closed, in milliseconds. */
const LAST_REQUESTS = 1_000;

/** Limits and deadlines that can change while connections go by them. */
type Live<T> = { -readonly [K in keyof T]: T[K] };

/** A listener that counts what it accepts. */
class CountingListener implements Listener {
  readonly #inner: Listener;
  /** How many it has accepted. */
  accepted = 0;

  constructor(inner: Listener) {
    this.#inner = inner;
  }

  get addr(): Address {
    return this.#inner.addr;
  }

  async accept(): Promise<Transport> {
    const transport = await this.#inner.accept();
    this.accepted++;
    return transport;
  }

  close(): void {
    this.#inner.close();
  }

  /** @throws {TypeError} If it doesn't speak TLS, or can't change who it is. */
  replaceCertificate(pair: ServeTlsKey): void {
    if (!isTlsListener(this.#inner)) {
      throw new TypeError("Cannot replace the certificate as the server must have been started with 'key' and 'cert'");
    }
    this.#inner.replaceCertificate({ cert: pair.cert, key: pair.key });
  }

  ref(): void {
    this.#inner.ref();
  }

  unref(): void {
    this.#inner.unref();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function isTlsListener(listener: Listener): listener is TlsListener {
  return "replaceCertificate" in listener;
}

/** The server of one worker. */
export class ServerSide {
  readonly #data: ServeWorkerData;
  readonly #app: CurrentApp;
  readonly #limits: Live<ServeLimits>;
  readonly #timeouts: Live<ServeTimeouts>;
  readonly #options: ResolvedOptions;
  #listener: CountingListener | undefined;
  #server: Server | undefined;

  /** Made for the worker with this index; a test has a clock of its own. */
  constructor(index: number, data: ServeWorkerData, clock: Clock = systemClock) {
    this.#data = data;
    this.#app = new CurrentApp({ index, stats: new MergedStats(data.memory) });
    const { limits, timeouts, allowHalfOpen, target: { protocols } } = data;
    const { fetch, onError, onConnectionError } = this.#app;
    const given = { limits, timeouts, allowHalfOpen, onError, onConnectionError, clock };
    const resolved = resolveOptions({ ...given, ...protocols && { protocols } }, fetch);
    this.#limits = { ...resolved.limits };
    this.#timeouts = { ...resolved.timeouts };
    const live = { limits: this.#limits, timeouts: this.#timeouts };
    const stats = new SharedStats(data.memory, data.row);
    this.#options = { ...live, context: { ...resolved.context, ...live, stats } };
  }

  /** Loads the app, and listens where the others do already. */
  async start(): Promise<void> {
    await this.commit(this.#data.app);
    if (this.#data.listening) this.listen();
  }

  /** Listens, on a port that was not known before if one is given; gives the address. Does so once. */
  listen(port?: number): Address {
    if (this.#server === undefined) {
      const { target } = this.#data;
      this.#listener = new CountingListener(listen(port === undefined ? target : { ...target, port }));
      this.#server = new Server(this.#listener, this.#options, undefined);
    }
    return this.#server.addr;
  }

  /** See {@linkcode CurrentApp.prepare}. */
  prepare(specifier: string): Promise<void> {
    return this.#app.prepare(specifier);
  }

  /** See {@linkcode CurrentApp.commit}. */
  commit(specifier: string): Promise<void> {
    return this.#app.commit(specifier);
  }

  /** See {@linkcode CurrentApp.discard}. */
  discard(): Promise<void> {
    return this.#app.discard();
  }

  /** Gives new TLS connections another certificate. */
  replaceCertificate(pair: ServeTlsKey): void {
    this.#listener?.replaceCertificate(pair);
  }

  /** Ends when nothing is under way any more. */
  async stop(reason: StopReason): Promise<void> {
    if (reason === "replace") await this.#leave();
    const stopped = this.#app.stop();
    await this.#server?.shutdown();
    await stopped;
  }

  /**
   * Leaves the port to the others. To close it resets whoever waits to be accepted, so that comes last: until then each
   * answer closes its connection, which the client opens anew, sooner or later where another listens; and the port is closed
   * at a moment in which nobody has come for a while. Those that came last still have their answers.
   */
  async #leave(): Promise<void> {
    this.#timeouts.age = 0; // old enough: the next answer is the last
    this.#limits.maxStreams = 0; // and so is the next stream of HTTP/2
    const { stats, scheduler } = this.#options.context;
    const late = scheduler.now() + this.#data.drain;
    while (stats.connections > 0 && scheduler.now() < late) await scheduler.sleep(LOOK);
    await this.#quiet();
    this.#listener?.close();
    const last = scheduler.now() + LAST_REQUESTS;
    do await scheduler.sleep(LOOK); while (stats.connections > 0 && scheduler.now() < last); // one may still be accepted
  }

  /** Waits for a moment in which nobody has come for a while, a shorter one after some looks, and not for ever. */
  async #quiet(): Promise<void> {
    const { scheduler } = this.#options.context;
    for (let look = 0; look < MOST_LOOKS; look++) {
      const before = this.#listener?.accepted;
      await scheduler.sleep(look < PATIENT_LOOKS ? LOOK : 1);
      await scheduler.sleep(0); // whoever has come together with the timer is accepted by now
      if (this.#listener?.accepted === before) return;
    }
  }
}
