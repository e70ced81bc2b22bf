/**
 * Owns one running function: its result, its abort signal and whether it is over; must not know groups, time or signals
 * of the process.
 *
 * @module
 */

/** What a task runs. Its signal aborts when the task is cancelled: the function then ends as soon as it can. */
export type TaskFunction<T> = (signal: AbortSignal) => T | PromiseLike<T>;

/** A function that runs beside its caller; to await it gives the function's result or error. */
export interface Task<T> extends PromiseLike<T> {
  /** The signal that the function was given. */
  readonly signal: AbortSignal;
  /**
   * Aborts the function's signal. The task is over when the function is: one that ignores its signal goes on. A task that
   * then fails with its own cancellation is no unhandled rejection, whether or not somebody awaits it.
   *
   * The reason is an `AbortError` where none is given. Does nothing if the task is over or cancelled already.
   */
  cancel(reason?: unknown): void;
}

/** What {@linkcode spawn} takes beside the function. */
export interface SpawnOptions {
  /** Cancels the task when it aborts, with its reason; if it has, the function doesn't run. */
  signal?: AbortSignal;
}

/**
 * Runs `fn` at once, up to its first `await`, and gives a handle to it. What it throws rejects the handle; a failure that
 * nobody awaits is an unhandled rejection, as it is for any promise.
 *
 * @example
 * ```ts
 * import { spawn } from "@avx/http/runtime";
 * import { sleep } from "@avx/http/timer";
 *
 * const slow = spawn(async (signal) => {
 *   await sleep(60_000, { signal });
 *   return "never";
 * });
 * const quick = spawn(() => 6 * 7);
 * console.log(await quick); // 42
 * slow.cancel();
 * ```
 */
export function spawn<T>(fn: TaskFunction<T>, options: SpawnOptions = {}): Task<T> {
  const { signal } = options;
  if (signal === undefined) {
    const task = new RunningTask(fn, leaveFailureToPromise);
    task.start();
    return task;
  }
  const onAbort = () => task.cancel(signal.reason);
  const task = new RunningTask(fn, (ended) => {
    signal.removeEventListener("abort", onAbort);
    return leaveFailureToPromise(ended);
  });
  if (signal.aborted) onAbort();
  else {
    signal.addEventListener("abort", onAbort, { once: true });
    task.start();
  }
  return task;
}

/** How a task ended. */
export interface Ended {
  /** Whether the function was called: not so if the task was cancelled before. */
  readonly ran: boolean;
  /** Whether the function failed, or was not called. */
  readonly failed: boolean;
  /** What it failed with. */
  readonly error: unknown;
  /** Whether that is nothing but the task's own cancellation. */
  readonly cancelled: boolean;
}

/** Whether `error` says no more than that `signal` has aborted. */
export function isAbortOf(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  return error === signal.reason || error instanceof DOMException && error.name === "AbortError";
}

const SUCCESS: Ended = { ran: true, failed: false, error: undefined, cancelled: false };

function leaveFailureToPromise(ended: Ended): boolean {
  return ended.cancelled;
}

function ignore(): void {}

type Phase = "new" | "running" | "over";

/** A task as its owner sees it, whatever its result is. */
export interface OwnedTask {
  /** The signal that the function is given. */
  readonly signal: AbortSignal;
  /** Calls the function. To be called once, and not if the signal has aborted. */
  start(): void;
  /** Aborts the function's signal; a task that has not begun is over with that. */
  cancel(reason?: unknown): void;
}

/** Is told once how a task ended, and tells whether it takes care of a failure, so that nobody has to await it. */
export type OnEnd = (ended: Ended, task: OwnedTask) => boolean;

/** A {@linkcode Task} that its owner starts. */
export class RunningTask<T> implements Task<T>, OwnedTask {
  readonly #fn: TaskFunction<T>;
  readonly #onEnd: OnEnd;
  readonly #controller = new AbortController();
  readonly #result: PromiseWithResolvers<T> = Promise.withResolvers();
  #phase: Phase = "new";

  /** Makes a task that has not begun. */
  constructor(fn: TaskFunction<T>, onEnd: OnEnd) {
    this.#fn = fn;
    this.#onEnd = onEnd;
  }

  /** The signal that the function is given. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Calls the function. To be called once, and not if the signal has aborted. */
  start(): void {
    this.#phase = "running";
    let result: T | PromiseLike<T>;
    try {
      result = this.#fn(this.#controller.signal);
    } catch (error) {
      this.#end(true, error);
      return;
    }
    if (isThenable(result)) this.#follow(result);
    else this.#succeed(result);
  }

  /** Aborts the function's signal; a task that has not begun is over with that. */
  cancel(reason: unknown = new DOMException("The task was cancelled", "AbortError")): void {
    if (this.#phase === "over" || this.#controller.signal.aborted) return;
    this.#controller.abort(reason);
    if (this.#phase === "new") this.#end(false, this.#controller.signal.reason);
  }

  /** Settles as the function does. */
  then<U = T, V = never>(
    onFulfilled?: ((value: T) => U | PromiseLike<U>) | null,
    onRejected?: ((reason: unknown) => V | PromiseLike<V>) | null,
  ): Promise<U | V> {
    return this.#result.promise.then(onFulfilled, onRejected);
  }

  #follow(result: PromiseLike<T>): void {
    const promise = result instanceof Promise ? result : Promise.resolve(result);
    promise.then((value: T) => this.#succeed(value), (error: unknown) => this.#end(true, error));
  }

  #succeed(value: T): void {
    this.#phase = "over";
    this.#result.resolve(value);
    this.#onEnd(SUCCESS, this);
  }

  #end(ran: boolean, error: unknown): void {
    this.#phase = "over";
    this.#result.reject(error);
    const cancelled = isAbortOf(error, this.#controller.signal);
    if (this.#onEnd({ ran, failed: true, error, cancelled }, this)) this.#result.promise.catch(ignore);
  }
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
