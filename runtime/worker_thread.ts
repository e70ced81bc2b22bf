/**
 * Owns the thread that a worker runs in, by the platform's `Worker`: words to and fro, and its end, told once; must not
 * know what is said, nor who restarts what has ended.
 *
 * @module
 */

import { type Scheduler, scheduler as systemScheduler } from "../timer/scheduler.ts";
import { lockReleased, type LockWord, UP } from "./worker_lock.ts";
import { type FromWorker, isFromWorker, type ToWorker } from "./worker_message.ts";

/** A thread, as its pool sees it. */
export interface WorkerThread {
  /**
   * Sends a word; those before the thread is up wait for it.
   *
   * @param transfer What changes hands instead of being copied.
   * @throws {DOMException} A `DataCloneError`, if the word can't be sent.
   */
  post(message: ToWorker, transfer?: readonly Transferable[]): void;
  /** Ends the thread at once; {@linkcode WorkerThreadOwner.ended} is told soon. Further calls do nothing. */
  terminate(): void;
}

/** Who is told of a thread, never while it is being called. */
export interface WorkerThreadOwner {
  /** The worker has said something. */
  received(message: FromWorker): void;
  /** The thread has ended, and nothing more comes from it; the error is `undefined` where it ended without one. */
  ended(error: unknown): void;
}

/**
 * Starts a thread with the worker's side in it; a test's own makes what happens there a matter of the test.
 */
export type StartThread = (name: string, owner: WorkerThreadOwner) => WorkerThread;

/**
 * How long the end of a terminated thread is waited for, in milliseconds: it ends in less than one, unless it is stuck in a
 * loop, which the platform doesn't break.
 */
const END_PATIENCE = 1_000;

/** For how many turns of 1 ms nothing must have come from a thread that has ended, until nothing is taken to come. */
const QUIET_TURNS = 10;

/** Starts a thread of the platform's. Needs permission to read the library's files, or to import them. */
export function startThread(name: string, owner: WorkerThreadOwner): WorkerThread {
  return new PlatformThread(name, owner, systemScheduler);
}

class PlatformThread implements WorkerThread {
  readonly #owner: WorkerThreadOwner;
  readonly #scheduler: Scheduler;
  readonly #worker: Worker;
  readonly #lock = `avx-http-worker-${crypto.randomUUID()}`;
  readonly #patience = new AbortController();
  /** How many messages have come. */
  #count = 0;
  #up = false;
  #ended = false;
  #error: unknown;

  constructor(name: string, owner: WorkerThreadOwner, scheduler: Scheduler) {
    this.#owner = owner;
    this.#scheduler = scheduler;
    this.#worker = new Worker(new URL("./worker_main.ts", import.meta.url), { type: "module", name });
    this.#worker.onmessage = ({ data }) => this.#received(data);
    this.#worker.onmessageerror = () => {
      this.#error ??= new TypeError("Cannot read what the worker has sent");
      this.terminate();
    };
    this.#worker.onerror = (event) => {
      event.preventDefault(); // it would end this thread too
      this.#error ??= new Error(event.message);
      if (!this.#up) this.#end();
    };
    const word: LockWord = { lock: this.#lock };
    this.#worker.postMessage(word);
  }

  post(message: ToWorker, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, [...transfer]);
  }

  terminate(): void {
    if (this.#ended || this.#patience.signal.aborted) return;
    this.#worker.terminate();
    if (!this.#up) return queueMicrotask(() => this.#end());
    const timer = this.#scheduler.schedule(END_PATIENCE, () => this.#patience.abort());
    this.#patience.signal.addEventListener("abort", () => this.#scheduler.cancel(timer), { once: true });
  }

  #received(data: unknown): void {
    this.#count++;
    if (data === UP) this.#watch();
    else if (isFromWorker(data)) {
      if (data.type === "crash") this.#error = data.error;
      else this.#owner.received(data);
    }
  }

  async #watch(): Promise<void> {
    this.#up = true;
    try {
      await lockReleased(this.#lock, this.#patience.signal);
    } catch (error) {
      if (!this.#patience.signal.aborted) throw error;
    }
    this.#patience.abort();
    await this.#lastWords();
    this.#end();
  }

  /** What the thread has said last comes behind its end, a message a turn: waits until nothing has come for a while. */
  async #lastWords(): Promise<void> {
    for (let quiet = 0, before = -1; quiet < QUIET_TURNS; quiet++) {
      if (before !== this.#count) quiet = 0;
      before = this.#count;
      await this.#scheduler.sleep(1);
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#worker.terminate();
    this.#owner.ended(this.#error);
  }
}
