/**
 * Owns a fixed number of workers that run one module: which of them is called, what follows a crash, how one is replaced,
 * how all end; must not know threads, nor what the module does.
 *
 * @module
 */

import type { Timer } from "../timer/wheel.ts";
import { type PendingCall, PooledWorker, type WorkerEnd, type WorkerId, type WorkerOwner } from "./pooled_worker.ts";
import { WorkerStartError } from "./worker_error.ts";
import type { LogLevel } from "./worker_message.ts";
import { type ResolvedPoolOptions, resolvePoolOptions, type WorkerPoolOptions } from "./worker_options.ts";
import type {
  ArgumentsOf,
  ResultOf,
  WorkerCallOptions,
  WorkerEvents,
  WorkerFunctions,
  WorkerPoolStats,
} from "./worker_types.ts";

interface QueuedCall extends PendingCall {
  readonly args: readonly unknown[];
  readonly transfer: readonly Transferable[] | undefined;
  /** The worker that it must be. */
  readonly worker: number | undefined;
}

/** A worker's place, whoever has it. */
interface Place {
  readonly index: number;
  readonly timer: Timer;
  /** Who is called, if there is one. */
  current: PooledWorker | undefined;
  /** Crashes in a row. */
  crashes: number;
}

/** Somebody who waits for a worker to be ready. */
type Waiter = PromiseWithResolvers<void>;

type Listener = (detail: unknown, worker: WorkerId) => void;

/**
 * Workers that run one module, each in a thread of its own. What the module exports as functions can be called; what it
 * emits can be listened to; both are typed by the module's own type. A worker that crashes is replaced, after a wait that
 * doubles with each crash in a row.
 *
 * If the module exports `start(scope, data)`, a worker calls that first, and is ready when it settles; `stop(reason)` is
 * called last. Workers have the permissions of the program. The platform gives them its console and reads their files:
 * `--allow-read` for what is on the disk, `--allow-import` for what is not.
 *
 * @example
 * ```ts
 * import { WorkerPool } from "@avx/http/runtime";
 * import { assertEquals } from "@std/assert";
 *
 * const source = "export const square = (x) => x * x; export const fail = () => { throw new RangeError('no'); };";
 * interface Squares {
 *   square(x: number): number;
 *   fail(): never;
 * }
 * // In a program: WorkerPool.start<typeof import("./squares.ts")>(import.meta.resolve("./squares.ts"))
 * await using pool = await WorkerPool.start<Squares>(`data:text/javascript,${source}`, { workers: 2 });
 * assertEquals(await Promise.all([3, 4].map((x) => pool.call("square", [x]))), [9, 16]);
 * await pool.call("fail", []).catch((error) => console.log(`${error}`)); // RangeError: no
 * ```
 */
export class WorkerPool<M> implements AsyncDisposable {
  readonly #options: ResolvedPoolOptions;
  readonly #places: readonly Place[];
  /** Everything that has a thread. */
  readonly #workers = new Set<PooledWorker>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #starting = new Map<PooledWorker, Waiter>();
  readonly #stats = { calls: 0, crashes: 0, started: 0, lost: 0 };
  readonly #finished: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #owner: WorkerOwner;
  #queue: QueuedCall[] = [];
  /** Who was called last; the first is next after it. */
  #last = -1;
  #begun = false;
  #closed = false;

  private constructor(options: ResolvedPoolOptions) {
    this.#options = options;
    this.#places = Array.from({ length: options.workers }, (_, index) => ({
      index,
      timer: options.scheduler.timer(() => this.#fill(index)),
      current: undefined,
      crashes: 0,
    }));
    this.#owner = {
      ready: (worker) => this.#ready(worker),
      ended: (worker, end) => this.#ended(worker, end),
      event: (worker, name, detail) => this.#listeners.get(name)?.forEach((listener) => listener(detail, worker)),
      log: (worker, level, text) => this.#log(worker, level, text),
    };
  }

  /**
   * Starts a pool; settles when all its workers can be called.
   *
   * Rejects with a {@linkcode WorkerStartError} if one can't be started, with what is wrong as its `cause`: a module that
   * is not there, or whose `start` fails.
   *
   * @param module The module's URL, absolute: `import.meta.resolve("./it.ts")`.
   * @throws {TypeError} If the module is no absolute URL, or an option has the wrong type (as a rejection).
   * @throws {RangeError} If a number is out of its range (as a rejection).
   */
  static async start<M>(module: string | URL, options: WorkerPoolOptions = {}): Promise<WorkerPool<M>> {
    const pool = new WorkerPool<M>(resolvePoolOptions(module, options));
    const started = await Promise.allSettled(pool.#places.map(({ index }) => pool.#begin(index)));
    const failed = started.find((one) => one.status === "rejected");
    if (failed !== undefined) {
      await pool.shutdown({ signal: AbortSignal.abort() });
      throw failed.reason;
    }
    pool.#begun = true;
    return pool;
  }

  /** How many workers there are to be. */
  get size(): number {
    return this.#places.length;
  }

  /** The figures as they are now. */
  get stats(): WorkerPoolStats {
    let pending = this.#queue.length;
    for (const worker of this.#workers) pending += worker.pending;
    return { ...this.#stats, ready: this.#readyOnes().length, pending };
  }

  /** Resolves when the pool was shut down and no thread is left. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /**
   * Calls a function of the module in the worker that has the fewest calls under way; waits for one where all have
   * crashed. Arguments and result are copied, as `structuredClone` does.
   *
   * Rejects with what the function throws (an error comes with its name and message, not its class), with a
   * {@linkcode WorkerEndedError} if the worker ends before it answers, with the signal's reason when that aborts, with a
   * `DataCloneError` for what can't be copied, with a `RangeError` if too many calls wait or there is no such worker, and
   * with a `TypeError` if the pool was shut down.
   */
  call<K extends keyof WorkerFunctions<M> & string>(
    name: K,
    args: ArgumentsOf<WorkerFunctions<M>[K]>,
    options: WorkerCallOptions = {},
  ): Promise<ResultOf<WorkerFunctions<M>[K]>> {
    // The other end of a call is another thread: what comes from there has the type that the module's own type gives it.
    return this.#request(name, args, options) as Promise<ResultOf<WorkerFunctions<M>[K]>>;
  }

  /**
   * Calls a function in each worker that can be called now, and settles when all have answered; the results are in the
   * workers' order.
   */
  broadcast<K extends keyof WorkerFunctions<M> & string>(
    name: K,
    args: ArgumentsOf<WorkerFunctions<M>[K]>,
  ): Promise<PromiseSettledResult<ResultOf<WorkerFunctions<M>[K]>>[]> {
    return Promise.allSettled(this.#readyOnes().map(({ index }) => this.call(name, args, { worker: index })));
  }

  /** Listens to an event of the module, in whichever worker, until what this gives is disposed of. */
  on<K extends keyof WorkerEvents<M> & string>(
    type: K,
    listener: (detail: WorkerEvents<M>[K], worker: WorkerId) => void,
  ): Disposable {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners);
    const own = (detail: unknown, worker: WorkerId) => listener(detail as WorkerEvents<M>[K], worker);
    listeners.add(own);
    return { [Symbol.dispose]: () => void listeners.delete(own) };
  }

  /**
   * Starts another worker at a place and, once that can be called, lets the one before it finish its calls and stop.
   * Settles when that has ended.
   *
   * Rejects with a {@linkcode WorkerStartError} if the other can't be started: the one before it stays then.
   *
   * @throws {RangeError} If there is no such worker (as a rejection).
   * @throws {TypeError} If the pool was shut down (as a rejection).
   */
  async replace(index: number): Promise<void> {
    this.#check(index);
    if (this.#closed) throw closedError("replace a worker");
    await this.#begin(index);
    const retired = [...this.#workers].filter((one) => one.index === index && one.phase === "stopping");
    await Promise.all(retired.map(({ ended }) => ended));
  }

  /**
   * Takes no more calls, lets those under way be answered, stops all workers, and settles when they have ended.
   *
   * @param options.signal Ends the threads at once when it aborts.
   */
  async shutdown(options: { signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    this.#close();
    const abort = () => this.#workers.forEach((worker) => worker.terminate());
    signal?.addEventListener("abort", abort, { once: true });
    for (const worker of this.#workers) worker.stop("shutdown");
    if (signal?.aborted) abort();
    await this.finished;
    signal?.removeEventListener("abort", abort);
  }

  /** Shuts the pool down as {@linkcode WorkerPool.shutdown} does. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  #request(name: string, args: readonly unknown[], options: WorkerCallOptions): Promise<unknown> {
    const { signal, worker, transfer } = options;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#closed) throw closedError(`call '${name}'`);
      if (worker !== undefined) this.#check(worker);
      const { maxPending } = this.#options;
      if (this.stats.pending >= maxPending) {
        throw new RangeError(`Cannot call '${name}' as at most ${maxPending} calls may wait for an answer`);
      }
      const onAbort = () => reject(signal?.reason);
      signal?.addEventListener("abort", onAbort, { once: true });
      const settled = () => signal?.removeEventListener("abort", onAbort);
      this.#stats.calls++;
      this.#dispatch({
        name,
        args,
        transfer,
        worker,
        resolve: (value) => {
          settled();
          resolve(value);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
    });
  }

  /** Gives a call to its worker, or to the one with the fewest; it waits where there is none. */
  #dispatch(call: QueuedCall): void {
    const worker = call.worker === undefined ? this.#idlest() : this.#places[call.worker]!.current;
    if (worker === undefined) {
      this.#queue.push(call);
      return;
    }
    try {
      worker.call(call, call.args, call.transfer);
    } catch (error) {
      call.reject(error);
    }
  }

  /** The worker with the fewest calls under way; of several, the next in turn. */
  #idlest(): PooledWorker | undefined {
    let best: PooledWorker | undefined;
    for (let step = 1; step <= this.size; step++) {
      const worker = this.#places[(this.#last + step) % this.size]!.current;
      if (worker !== undefined && worker.pending < (best?.pending ?? Infinity)) best = worker;
    }
    this.#last = best?.index ?? this.#last;
    return best;
  }

  #readyOnes(): PooledWorker[] {
    return this.#places.flatMap(({ current }) => current ?? []);
  }

  #check(index: number): void {
    if (Number.isInteger(index) && index >= 0 && index < this.size) return;
    throw new RangeError(`Cannot call a worker as its index must be 0 to ${this.size - 1}: received ${index}`);
  }

  /** Starts a worker at a place; settles when it can be called. */
  #begin(index: number): Promise<void> {
    const { name, module, data, onLog, scheduler, startThread, startTimeout } = this.#options;
    const waiter: Waiter = Promise.withResolvers();
    const id: WorkerId = { index, serial: this.#stats.started++ };
    scheduler.cancel(this.#places[index]!.timer);
    const worker = new PooledWorker({
      ...id,
      owner: this.#owner,
      name: `${name} ${index}`,
      module,
      data: () => data(id),
      log: onLog !== undefined,
      startThread,
      scheduler,
      startTimeout,
    });
    this.#workers.add(worker);
    this.#starting.set(worker, waiter);
    return waiter.promise;
  }

  /** Puts another where one has crashed; what keeps it from starting is told like a crash. */
  #fill(index: number): void {
    this.#begin(index).catch(() => {});
  }

  #ready(worker: PooledWorker): void {
    const place = this.#places[worker.index]!;
    const before = place.current;
    place.current = worker;
    this.#options.scheduler.cancel(place.timer);
    this.#starting.get(worker)?.resolve();
    this.#starting.delete(worker);
    before?.stop("replace");
    const queue = this.#queue;
    this.#queue = [];
    for (const call of queue) this.#dispatch(call);
    this.#options.onReady(worker);
  }

  #ended(worker: PooledWorker, { error, lost, expected }: WorkerEnd): void {
    const { index, serial } = worker;
    const place = this.#places[index]!;
    this.#workers.delete(worker);
    this.#stats.lost += lost;
    const waiter = this.#starting.get(worker);
    this.#starting.delete(worker);
    waiter?.reject(startError(index, error));
    if (place.current === worker) place.current = undefined;
    this.#options.onEnd({ index, serial });
    if (this.#begun && !expected && !(this.#closed && error === undefined)) {
      this.#stats.crashes++;
      const vacant = place.current === undefined && !this.#closed;
      const restartIn = vacant && !this.#startingAt(index) ? this.#backOff(place, worker) : undefined;
      this.#options.onCrash({ index, serial, error, lost, restartIn });
    }
    if (this.#closed && this.#workers.size === 0) this.#finished.resolve();
  }

  #startingAt(index: number): boolean {
    return [...this.#starting.keys()].some((worker) => worker.index === index);
  }

  /** Lets another begin after a while; gives how long that is, in milliseconds. */
  #backOff(place: Place, worker: PooledWorker): number {
    const { firstBackOff, longestBackOff, scheduler } = this.#options;
    if (scheduler.now() - worker.born >= longestBackOff) place.crashes = 0;
    const wait = Math.min(firstBackOff * 2 ** place.crashes, longestBackOff);
    place.crashes++;
    scheduler.arm(place.timer, wait);
    return wait;
  }

  #log(worker: PooledWorker, level: LogLevel, text: string): void {
    const { index, serial } = worker;
    this.#options.onLog?.({ index, serial, level, text });
  }

  #close(): void {
    this.#closed = true;
    for (const { timer } of this.#places) this.#options.scheduler.cancel(timer);
    const queue = this.#queue;
    this.#queue = [];
    for (const { name, reject } of queue) reject(closedError(`call '${name}'`));
    if (this.#workers.size === 0) this.#finished.resolve();
  }
}

function closedError(what: string): TypeError {
  return new TypeError(`Cannot ${what} as the worker pool was shut down`);
}

function startError(index: number, cause: unknown): WorkerStartError {
  const why = cause === undefined ? "it has ended" : String(cause);
  return new WorkerStartError(`Cannot start worker ${index} as it must be ready: received ${why}`, { cause });
}
