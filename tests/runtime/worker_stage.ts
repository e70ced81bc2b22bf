/**
 * Owns a worker pool over threads that are none, on a clock that the test moves. Must not know what is tested.
 *
 * @module
 */

import { assert } from "@std/assert";
import {
  type WorkerCrash,
  type WorkerLogLine,
  WorkerPool,
  type WorkerPoolOptions,
  type WorkerScope,
} from "../../runtime/mod.ts";
import { ManualClock } from "../../timer/mod.ts";
import { type FakeThread, FakeThreads } from "./worker_threads.ts";
export const URL_OF_MODULE = "file:///app/module.ts";

/** The type of the module that most tests run. */
export interface Adder {
  start(scope: WorkerScope<{ added: number; other: string }>, data: unknown): Promise<void>;
  stop(reason: string): Promise<void>;
  add(a: number, b: number): number;
  later(name: string): Promise<string>;
  fail(message: string): never;
  whoAmI(): number;
  readonly version: number;
}

/** A pool over threads that are none, and what its module was asked. */
export class Stage {
  readonly clock = new ManualClock();
  readonly threads = new FakeThreads();
  readonly crashes: WorkerCrash[] = [];
  readonly log: string[] = [];
  readonly lines: WorkerLogLine[] = [];
  /** What `later` waits for, by name. */
  readonly gates = new Map<string, PromiseWithResolvers<string>>();
  #scopes: WorkerScope<{ added: number; other: string }>[] = [];

  constructor() {
    this.threads.modules.set(URL_OF_MODULE, () => ({ ...this.#adder(), default: () => "never" }));
  }

  #adder(): Adder {
    let scope: WorkerScope<{ added: number; other: string }>;
    return {
      start: (given, data) => {
        scope = given;
        this.#scopes.push(given);
        this.log.push(`start ${given.index} ${JSON.stringify(data)}`);
        return Promise.resolve();
      },
      stop: (reason) => {
        this.log.push(`stop ${reason} ${this.#scopes.map(({ signal }) => signal.aborted ? "x" : "-").join("")}`);
        return Promise.resolve();
      },
      add: (a, b) => {
        scope.emit("added", a + b);
        return a + b;
      },
      later: (name) => this.gate(name).promise,
      fail: (message) => {
        throw new RangeError(message, { cause: 7 });
      },
      whoAmI: () => scope.index,
      version: 1,
    };
  }

  gate(name: string): PromiseWithResolvers<string> {
    const gate = this.gates.get(name) ?? Promise.withResolvers<string>();
    this.gates.set(name, gate);
    return gate;
  }

  pool(options: WorkerPoolOptions = {}): Promise<WorkerPool<Adder>> {
    return WorkerPool.start<Adder>(URL_OF_MODULE, {
      workers: 2,
      clock: this.clock,
      startThread: this.threads.start,
      onCrash: (crash) => void this.crashes.push(crash),
      ...options,
    });
  }

  thread(at: number): FakeThread {
    const thread = this.threads.all[at];
    assert(thread !== undefined, `there is no thread ${at}`);
    return thread;
  }
}

/** Lets everything happen that is about to. */
export function turn(): Promise<void> {
  return new ManualClock().advanceAsync(0);
}

/** The calls that a thread has heard. */
export function callsTo(thread: FakeThread): string[] {
  return thread.heard.flatMap((message) => message.type === "call" ? message.name : []);
}
