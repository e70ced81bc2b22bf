/**
 * Owns tasks that begin and end together: how many run, which wait, what failed; must not know what they do.
 *
 * @module
 */

import { type Ended, type OwnedTask, RunningTask, type Task, type TaskFunction } from "./task.ts";

/** What a {@linkcode TaskGroup} is made with. */
export interface TaskGroupOptions {
  /**
   * How many tasks run at most, at least 1; the rest begin in their order as those before end.
   *
   * @default {Infinity}
   */
  max?: number;
  /** Cancels the group when it aborts, with its reason. */
  signal?: AbortSignal;
}

/**
 * Tasks that none outlives its scope (structured concurrency): leaving the scope waits for all of them.
 *
 * The first that fails cancels the others; when all are over, leaving throws its error, or an `AggregateError` of all if
 * others failed too. A cancelled task that ends with its signal's reason or an `AbortError` has not failed. If the group
 * was cancelled from outside, leaving doesn't throw: see {@linkcode TaskGroup.signal}. What the scope's own code throws
 * cancels nothing by itself: the tasks are waited for all the same.
 *
 * @example
 * ```ts
 * import { TaskGroup } from "@avx/http/runtime";
 * import { sleep } from "@avx/http/timer";
 *
 * async function both(): Promise<void> {
 *   await using group = new TaskGroup();
 *   group.spawn(async (signal) => await sleep(60_000, { signal })); // is cancelled
 *   group.spawn(() => Promise.reject(new Error("no route")));
 * }
 * await both().catch((error) => console.log(error.message)); // no route
 * ```
 */
export class TaskGroup implements AsyncDisposable {
  readonly #max: number;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #tasks: Set<OwnedTask> = new Set();
  readonly #onOuterAbort = (): void => this.cancel(this.#outer?.reason);
  /** Tasks that wait for a place, from `#queueStart` on; those that were cancelled meanwhile are still among them. */
  #queue: OwnedTask[] = [];
  #queueStart = 0;
  #running = 0;
  #entered = 0;
  #starting = false;
  #failures: unknown[] = [];
  #emptied: PromiseWithResolvers<void> | undefined = undefined;
  #closed = false;

  /**
   * Makes an empty group.
   *
   * @throws {RangeError} If `max` is not a whole number of at least 1, nor infinite.
   */
  constructor(options: TaskGroupOptions = {}) {
    const { max = Infinity, signal } = options;
    if (!(max >= 1) || (max !== Infinity && !Number.isInteger(max))) {
      throw new RangeError(`Cannot make a task group as 'max' must be a whole number >= 1: received ${max}`);
    }
    this.#max = max;
    this.#outer = signal;
    if (signal?.aborted) this.#onOuterAbort();
    else signal?.addEventListener("abort", this.#onOuterAbort, { once: true });
  }

  /** Aborts when a task has failed (its error is the reason) or the group was cancelled. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** How many tasks are not over: those that run and those that wait for a place. */
  get size(): number {
    return this.#tasks.size + this.#entered;
  }

  /** How many tasks run. */
  get running(): number {
    return this.#running;
  }

  /**
   * Runs `fn` in the group, at once (up to its first `await`) if fewer than `max` run. If the group is cancelled, `fn`
   * doesn't run and the task rejects with the group's reason. Nobody has to await the task: the group does.
   *
   * @throws {TypeError} If the scope was left and all its tasks were over.
   */
  spawn<T>(fn: TaskFunction<T>): Task<T> {
    if (this.#closed) throw new TypeError("Cannot spawn as the task group is over");
    const task = new RunningTask(fn, this.#onEnd);
    this.#tasks.add(task);
    if (this.#controller.signal.aborted) task.cancel(this.#controller.signal.reason);
    else if (this.#running < this.#max) this.#start(task);
    else this.#queue.push(task);
    return task;
  }

  /**
   * Counts something that runs by callbacks as a part of the group, until {@linkcode TaskGroup.leave}: the group waits for
   * it. It takes no place of `max`, has no signal and can't fail, and costs no promise.
   *
   * @throws {TypeError} If the group is over.
   */
  enter(): void {
    if (this.#closed) throw new TypeError("Cannot enter as the task group is over");
    this.#entered++;
  }

  /**
   * Ends what {@linkcode TaskGroup.enter} began.
   *
   * @throws {TypeError} If nothing has entered that has not left.
   */
  leave(): void {
    if (this.#entered === 0) throw new TypeError("Cannot leave as nothing must have left that has not entered");
    this.#entered--;
    this.#checkEmpty();
  }

  /**
   * Cancels all tasks, and those spawned from now on. The reason is an `AbortError` where none is given. Does nothing if
   * the group is cancelled already.
   */
  cancel(reason: unknown = new DOMException("The task group was cancelled", "AbortError")): void {
    if (this.#controller.signal.aborted) return;
    this.#queue = [];
    this.#queueStart = 0;
    this.#controller.abort(reason);
    for (const task of this.#tasks) task.cancel(this.#controller.signal.reason);
  }

  /**
   * Waits until no task is left, those included that are spawned meanwhile.
   *
   * Rejects with the error of the task that has failed, or an `AggregateError` if several have; each failure is told once.
   */
  async join(): Promise<void> {
    while (this.size > 0) {
      this.#emptied ??= Promise.withResolvers();
      await this.#emptied.promise;
    }
    const failures = this.#failures;
    this.#failures = [];
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) {
      throw new AggregateError(failures, `Cannot finish the task group as ${failures.length} tasks failed`);
    }
  }

  /** Waits as {@linkcode TaskGroup.join} does, and ends the group. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.join();
    } finally {
      this.#closed = true;
      this.#outer?.removeEventListener("abort", this.#onOuterAbort);
    }
  }

  #start(task: OwnedTask): void {
    this.#running++;
    task.start();
  }

  readonly #onEnd = (ended: Ended, task: OwnedTask): boolean => {
    this.#tasks.delete(task);
    if (ended.failed && !ended.cancelled) {
      this.#failures.push(ended.error);
      this.cancel(ended.error);
    }
    if (ended.ran) {
      this.#running--;
      this.#startWaiting();
    }
    this.#checkEmpty();
    return true;
  };

  #checkEmpty(): void {
    if (this.size > 0) return;
    this.#emptied?.resolve();
    this.#emptied = undefined;
  }

  /** Fills the free places. A task may end while it is started, which calls this again: the outer call goes on then. */
  #startWaiting(): void {
    if (this.#starting) return;
    this.#starting = true;
    while (this.#running < this.#max && this.#queueStart < this.#queue.length) {
      const task = this.#queue[this.#queueStart++]!;
      if (!task.signal.aborted) this.#start(task);
    }
    this.#starting = false;
    if (this.#queueStart < this.#queue.length) return;
    this.#queue = [];
    this.#queueStart = 0;
  }
}
