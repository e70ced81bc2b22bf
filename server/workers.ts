/**
 * Owns a server on several cores as its program sees it: workers that listen on one port, their figures in one, the reload
 * of what they run. Knows no connection.
 *
 * @module
 */

import type { Address } from "../net/transport.ts";
import type { WorkerId } from "../runtime/pooled_worker.ts";
import { WorkerEndedError } from "../runtime/worker_error.ts";
import { moduleUrl } from "../runtime/worker_options.ts";
import { type WorkerPlatform, workerPlatform } from "../runtime/worker_platform.ts";
import { WorkerPool } from "../runtime/worker_pool.ts";
import { type StartThread, startThread } from "../runtime/worker_thread.ts";
import { displayAddress, listen } from "./listen.ts";
import type { ServeTlsKey } from "./types.ts";
import type * as Main from "./workers_main.ts";
import { reloadedUrl, type ResolvedWorkersOptions, resolveWorkersOptions } from "./workers_options.ts";
import type { ServeWorkerData } from "./workers_side.ts";
import { MergedStats, StatsRows } from "./workers_stats.ts";
import type { ReloadOptions, ServeWorkersOptions, WorkersServer, WorkersStats } from "./workers_types.ts";

/** What a server on several cores takes from its surroundings; a test has its own. */
export interface WorkersSurroundings {
  /** What can be shared, and by how many. */
  readonly platform: WorkerPlatform;
  /** What starts the workers' threads. */
  readonly startThread: StartThread;
}

/** Starts a server on several cores; settles when all its workers listen. */
export async function serveWorkers(
  options: ServeWorkersOptions,
  surroundings: WorkersSurroundings = { platform: workerPlatform, startThread },
): Promise<WorkersServer> {
  const resolved = resolveWorkersOptions(options, surroundings.platform);
  options.signal?.throwIfAborted();
  tryPort(resolved);
  if (resolved.warning !== undefined) console.warn(resolved.warning);
  const server = new SeveralCores(options, resolved);
  await server.start(surroundings.startThread);
  return server;
}

/**
 * Listens once, alone, where the workers are to: what is wrong with the address or the certificate is seen here, and so is
 * somebody else on the port, whom a shared one would not show.
 */
function tryPort({ target }: ResolvedWorkersOptions): void {
  listen(target).close();
}

/** A server on several cores. */
class SeveralCores implements WorkersServer {
  readonly #given: ServeWorkersOptions;
  readonly #resolved: ResolvedWorkersOptions;
  readonly #rows: StatsRows;
  readonly #merged: MergedStats;
  /** The module that each living worker was started with, by its serial number. */
  readonly #startedWith = new Map<number, string>();
  #pool: WorkerPool<typeof Main> | undefined;
  #addr: Deno.NetAddr | undefined;
  #pair: Partial<ServeTlsKey> = {};
  /** The module that answers, without and with the query of its import. */
  #module: string;
  #specifier: string;
  #version = 0;
  #reloading: Promise<void> = Promise.resolve();
  #lost = { requests: 0, connections: 0 };

  constructor(given: ServeWorkersOptions, resolved: ResolvedWorkersOptions) {
    this.#given = given;
    this.#resolved = resolved;
    this.#rows = new StatsRows(resolved.workers);
    this.#merged = new MergedStats(this.#rows.memory);
    this.#module = this.#specifier = resolved.module;
  }

  /** Starts the workers, the first of which chooses the port where that is open. */
  async start(startThread: StartThread): Promise<void> {
    const { onCrash, onLog, backOff, signal } = this.#given;
    const { workers } = this.#resolved;
    const pool = await WorkerPool.start<typeof Main>(new URL("./workers_main.ts", import.meta.url), {
      workers,
      name: "server",
      startThread,
      data: (worker) => this.#dataFor(worker),
      onReady: (worker) => this.#catchUp(worker),
      onEnd: (worker) => this.#count(worker),
      ...onCrash && { onCrash },
      ...onLog && { onLog },
      ...backOff && { backOff },
    });
    this.#pool = pool;
    try {
      const addr = tcpAddress(await pool.call("listen", [this.#resolved.target.port], { worker: 0 }));
      this.#addr = addr;
      const others = Array.from({ length: workers - 1 }, (_, at) => at + 1);
      await Promise.all(others.map((worker) => pool.call("listen", [addr.port], { worker })));
      this.#announce(addr);
    } catch (error) {
      await pool.shutdown({ signal: AbortSignal.abort() });
      throw error;
    }
    const abort = () => void this.shutdown({ signal: AbortSignal.abort() });
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted) abort();
    pool.finished.then(() => signal?.removeEventListener("abort", abort));
  }

  get addr(): Deno.NetAddr {
    if (this.#addr === undefined) throw new TypeError("Cannot tell the address as the server must listen");
    return this.#addr;
  }

  get finished(): Promise<void> {
    return this.#running.finished;
  }

  get stats(): WorkersStats {
    const { connections, requests, active } = this.#merged;
    const { ready, crashes } = this.#running.stats;
    const { requests: lostRequests, connections: lostConnections } = this.#lost;
    return { connections, requests, active, workers: ready, crashes, lostRequests, lostConnections };
  }

  reload(options: ReloadOptions = {}): Promise<void> {
    const reloaded = this.#reloading.then(() => this.#reload(options));
    this.#reloading = reloaded.catch(() => {}); // whoever asked for it is told
    return reloaded;
  }

  async restart(): Promise<void> {
    if (!this.#resolved.sharing) {
      throw new TypeError(
        "Cannot restart as two workers must be able to share a port, which needs Linux and --unstable-net",
      );
    }
    for (let index = 0; index < this.#resolved.workers; index++) await this.#running.replace(index);
  }

  async shutdown(options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#running.shutdown(options);
  }

  async replaceCertificate(pair: ServeTlsKey): Promise<void> {
    firstFailure(await this.#running.broadcast("replaceCertificate", [pair]));
    this.#pair = pair;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  get #running(): WorkerPool<typeof Main> {
    if (this.#pool === undefined) throw new TypeError("Cannot serve as the workers must have been started");
    return this.#pool;
  }

  /** What a worker is started with: as things are now, where it replaces another. */
  #dataFor({ serial }: WorkerId): ServeWorkerData {
    const { limits = {}, timeouts = {}, allowHalfOpen = false } = this.#given;
    const { target, sharing, drain } = this.#resolved;
    const addr = this.#addr;
    this.#startedWith.set(serial, this.#specifier);
    return {
      app: this.#specifier,
      target: { ...target, ...this.#pair, reusePort: sharing, ...addr && { port: addr.port } },
      listening: addr !== undefined,
      limits,
      timeouts,
      allowHalfOpen,
      drain,
      memory: this.#rows.memory,
      row: this.#rows.take(serial),
    };
  }

  /** A worker that began before a reload, and is ready after it, has what all have then. */
  #catchUp({ index, serial }: WorkerId): void {
    if (this.#startedWith.get(serial) === this.#specifier) return;
    this.#pool?.call("commit", [this.#specifier], { worker: index }).catch((error) => console.error(error));
  }

  /** Keeps what a worker that has ended has counted. */
  #count({ serial }: WorkerId): void {
    this.#startedWith.delete(serial);
    const left = this.#rows.release(serial);
    this.#lost.requests += left.requests;
    this.#lost.connections += left.connections;
  }

  #announce(addr: Deno.NetAddr): void {
    const { onListen, cert } = this.#given;
    if (onListen !== undefined) onListen(addr);
    else console.log(`Listening on ${displayAddress(addr, cert !== undefined)}`);
  }

  async #reload({ module: asked }: ReloadOptions): Promise<void> {
    const pool = this.#running;
    const module = asked === undefined ? this.#module : moduleUrl(asked);
    const specifier = reloadedUrl(module, { version: ++this.#version, changed: module !== this.#module });
    try {
      firstFailure(await pool.broadcast("prepare", [specifier]));
    } catch (error) {
      await pool.broadcast("discard", []);
      throw error;
    }
    this.#module = module;
    this.#specifier = specifier;
    // One that has crashed meanwhile is replaced by one that has the new module from the start.
    firstFailure(await pool.broadcast("commit", [specifier]), WorkerEndedError);
  }
}

/** Throws the first failure there is, leaving out those of a kind that doesn't matter. */
function firstFailure(results: readonly PromiseSettledResult<unknown>[], harmless?: typeof WorkerEndedError): void {
  for (const result of results) {
    if (result.status === "rejected" && !(harmless && result.reason instanceof harmless)) throw result.reason;
  }
}

function tcpAddress(addr: Address): Deno.NetAddr {
  if (addr.transport === "tcp") return addr;
  throw new TypeError(`Cannot serve by workers as they must listen on TCP: received ${addr.transport}`);
}
