/**
 * Owns one worker of a pool from its thread's start to its end: its phase and the calls that wait for its answer; must not
 * know the others, nor what comes after it.
 *
 * @module
 */

import type { Scheduler } from "../timer/scheduler.ts";
import { WorkerEndedError } from "./worker_error.ts";
import type { FromWorker, LogLevel, StopReason } from "./worker_message.ts";
import type { StartThread, WorkerThread } from "./worker_thread.ts";

/** Where a worker is in its life. */
export type WorkerPhase = "starting" | "ready" | "stopping" | "ended";

/** Which worker it is. */
export interface WorkerId {
  /** Its place in the pool, from 0; one that replaces it has the same. */
  readonly index: number;
  /** Its number among all that the pool has started, from 0. */
  readonly serial: number;
}

/** What a call needs beside its function's name. */
export interface CallOptions {
  /** What changes hands instead of being copied, such as the buffers of typed arrays. */
  readonly transfer?: readonly Transferable[];
  /** Ends the wait when it aborts; the worker isn't told and goes on. */
  readonly signal?: AbortSignal;
}

/** A call that waits for its answer. */
export interface PendingCall {
  readonly name: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** How a worker has ended. */
export interface WorkerEnd {
  /** What it ended with, if anything. */
  readonly error: unknown;
  /** How many calls were not answered. */
  readonly lost: number;
  /** Whether it was told to, and did so without an error. */
  readonly expected: boolean;
}

/** Who is told of a worker. */
export interface WorkerOwner {
  /** It can be called now. */
  ready(worker: PooledWorker): void;
  /** It has ended. */
  ended(worker: PooledWorker, end: WorkerEnd): void;
  /** Something happened in it. */
  event(worker: PooledWorker, name: string, detail: unknown): void;
  /** It would write this on the console. */
  log(worker: PooledWorker, level: LogLevel, text: string): void;
}

/** What a worker is made with. */
export interface PooledWorkerOptions extends WorkerId {
  readonly owner: WorkerOwner;
  readonly name: string;
  readonly module: string;
  /** Gives what its `start` gets. */
  readonly data: () => unknown;
  readonly log: boolean;
  readonly startThread: StartThread;
  readonly scheduler: Scheduler;
  /** How long it may take to be ready, in milliseconds. */
  readonly startTimeout: number;
}

/** One worker of a pool. */
export class PooledWorker implements WorkerId {
  readonly index: number;
  readonly serial: number;
  /** When its thread began, in the scheduler's milliseconds. */
  readonly born: number;
  /** Settles when its thread has ended. */
  readonly ended: Promise<void>;
  readonly #owner: WorkerOwner;
  readonly #thread: WorkerThread;
  readonly #calls = new Map<number, PendingCall>();
  readonly #end: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #startLimit: Disposable | undefined;
  #phase: WorkerPhase = "starting";
  #nextCall = 0;
  #stopReason: StopReason | undefined;
  #told = false;
  #error: unknown;

  /** Starts the thread. */
  constructor(options: PooledWorkerOptions) {
    const { owner, index, serial, name, module, data, log, scheduler, startTimeout } = options;
    this.#owner = owner;
    this.index = index;
    this.serial = serial;
    this.born = scheduler.now();
    this.ended = this.#end.promise;
    this.#startLimit = startTimeout === Infinity ? undefined : scheduler.after(startTimeout, () => {
      const what = `Cannot start worker ${index} as it must be ready within ${startTimeout / 1000} s`;
      this.#fail(new DOMException(what, "TimeoutError"));
    });
    this.#thread = options.startThread(name, {
      received: (message) => this.#received(message),
      ended: (error) => this.#threadEnded(error),
    });
    try {
      this.#thread.post({ type: "start", module, index, data: data(), log });
    } catch (error) {
      this.#fail(error); // there is no data, or it can't be sent
    }
  }

  /** Where it is in its life. */
  get phase(): WorkerPhase {
    return this.#phase;
  }

  /** How many calls wait for an answer. */
  get pending(): number {
    return this.#calls.size;
  }

  /**
   * Calls a function of the module.
   *
   * @throws {DOMException} A `DataCloneError`, if an argument can't be sent.
   */
  call(call: PendingCall, args: readonly unknown[], transfer: readonly Transferable[] | undefined): void {
    const id = this.#nextCall++;
    this.#thread.post({ type: "call", id, name: call.name, args }, transfer);
    this.#calls.set(id, call);
  }

  /** Takes no more calls, lets those under way be answered, then the module's `stop` run; settles when the thread has ended. */
  stop(reason: StopReason): Promise<void> {
    if (this.#phase === "starting") this.terminate();
    else if (this.#phase === "ready") {
      this.#phase = "stopping";
      this.#stopReason = reason;
      this.#tellToStop();
    }
    return this.ended;
  }

  /** Ends the thread at once. */
  terminate(): void {
    this.#thread.terminate();
  }

  #tellToStop(): void {
    if (this.#stopReason === undefined || this.#told || this.#calls.size > 0) return;
    this.#told = true;
    this.#thread.post({ type: "stop", reason: this.#stopReason });
  }

  #received(message: FromWorker): void {
    switch (message.type) {
      case "started":
        return this.#started();
      case "result":
        return this.#take(message.id)?.resolve(message.value);
      case "failure":
        return this.#take(message.id)?.reject(message.error);
      case "event":
        return this.#owner.event(this, message.name, message.detail);
      case "log":
        return this.#owner.log(this, message.level, message.text);
      case "stopped":
        return this.terminate();
      case "startFailed":
      case "stopFailed":
      case "crash":
        return this.#fail(message.error);
      default:
        message satisfies never;
    }
  }

  #started(): void {
    if (this.#phase !== "starting") return;
    this.#startLimit?.[Symbol.dispose]();
    this.#phase = "ready";
    this.#owner.ready(this);
  }

  /** The call that is answered now. */
  #take(id: number): PendingCall | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    this.#tellToStop();
    return call;
  }

  #fail(error: unknown): void {
    this.#error ??= error;
    this.terminate();
  }

  #threadEnded(error: unknown): void {
    const cause = this.#error ?? error;
    const lost = this.#calls.size;
    const expected = this.#phase === "stopping" && cause === undefined;
    this.#phase = "ended";
    this.#startLimit?.[Symbol.dispose]();
    for (const { name, reject } of this.#calls.values()) {
      const what = `Cannot finish '${name}' as worker ${this.index} has ended`;
      reject(new WorkerEndedError(what, { cause }));
    }
    this.#calls.clear();
    this.#end.resolve();
    this.#owner.ended(this, { error: cause, lost, expected });
  }
}
