/**
 * Owns threads that are none: the worker's side runs in the test's own thread, on a module that the test has made, and ends
 * when the test says so. Must not know what is tested.
 *
 * @module
 */

import type { FromWorker, StartThread, ToWorker, WorkerThread, WorkerThreadOwner } from "../../runtime/mod.ts";
import { WorkerSide } from "../../runtime/worker_side.ts";

/** What a module exports. */
export type FakeModule = Readonly<Record<string, unknown>>;

/** A thread in which nothing runs by itself but the worker's side. */
export class FakeThread implements WorkerThread {
  readonly name: string;
  /** What the pool has said. */
  readonly heard: ToWorker[] = [];
  /** Writes a line on the worker's console, once that is redirected. */
  write: (level: "log" | "error", text: string) => void = () => {};
  terminated = false;
  #over = false;
  readonly #owner: WorkerThreadOwner;
  readonly #side: WorkerSide;

  constructor(name: string, owner: WorkerThreadOwner, load: (specifier: string) => Promise<FakeModule>) {
    this.name = name;
    this.#owner = owner;
    this.#side = new WorkerSide({
      post: (message) => this.say(message),
      load,
      redirectConsole: (write) => {
        this.write = write;
      },
    });
  }

  post(message: ToWorker, _transfer?: readonly Transferable[]): void {
    const copy = structuredClone(message);
    this.heard.push(copy);
    queueMicrotask(() => {
      if (!this.#over) this.#side.receive(copy);
    });
  }

  /** Lets the pool hear something from the worker. */
  say(message: FromWorker): void {
    const copy = structuredClone(message);
    queueMicrotask(() => {
      if (!this.#over) this.#owner.received(copy);
    });
  }

  terminate(): void {
    this.terminated = true;
    this.end();
  }

  /** Ends the thread. */
  end(error?: unknown): void {
    queueMicrotask(() => {
      if (this.#over) return;
      this.#over = true;
      this.#owner.ended(error);
    });
  }
}

/** Starts such threads, and keeps them in their order. */
export class FakeThreads {
  readonly all: FakeThread[] = [];
  /** Makes the modules by their URL, for each thread its own; all others can't be found. */
  readonly modules = new Map<string, () => FakeModule>();

  /** To be given to a pool. */
  readonly start: StartThread = (name, owner) => {
    const thread = new FakeThread(name, owner, (specifier) => {
      const module = this.modules.get(specifier);
      if (module === undefined) return Promise.reject(new TypeError(`Module not found "${specifier}"`));
      return Promise.resolve(module());
    });
    this.all.push(thread);
    return thread;
  };

  /** Threads that have neither ended nor been told to. */
  get alive(): FakeThread[] {
    return this.all.filter(({ terminated }) => !terminated);
  }
}
