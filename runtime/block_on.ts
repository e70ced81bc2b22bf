/**
 * Owns the wait for a future that the program must not end before; must not know what settles it.
 *
 * @module
 */

import { type Scheduler, scheduler as defaultScheduler, type Timer } from "../timer/mod.ts";
import { RunningTask } from "./task.ts";

/** How long one hold lasts, in milliseconds, before it is renewed: a day. */
const HOLD_TIME = 24 * 3_600_000;

/** What {@linkcode blockOn} takes beside the future. */
export interface BlockOnOptions {
  /** Whose pending timer keeps the process alive; the system's by default. */
  scheduler?: Scheduler;
}

/**
 * Waits for a future, and keeps the process alive until it is settled: what the root of a program does with the future
 * that is the program. Gives what the future gives, and rejects as it does.
 *
 * A promise by itself keeps no process alive. Unless a top-level `await` waits for it, Deno ends the process in its midst
 * once nothing is left but timers, listeners and connections that were unreferenced (idle ones of a client, for instance).
 * Held by this, a future that nothing ever settles keeps the process for ever. A finished future arms nothing, and costs
 * some 45 ns above its `await`.
 *
 * **What JavaScript can block on.** A thread can't stand still until a promise is settled: what settles it, a job of the
 * same thread, would never run. So this gives a promise, which is to be awaited, and other jobs go on meanwhile. A thread
 * does stand still, with its timers, sockets and promises, in
 *
 * - `Atomics.wait` on shared memory, until another thread calls `Atomics.notify`: so one worker can block on another's
 *   result, which that one writes into a `SharedArrayBuffer`. Deno allows it in workers and on the main thread; browsers
 *   in workers only. Two threads that wait for each other wait for ever, and a thread for itself.
 * - the platform's synchronous calls (`Deno.readFileSync`, `Deno.Command.outputSync`, `prompt`, `alert`).
 *
 * It can't block on a promise, a task, a timer, a socket, a message or a signal: these come by the event loop, which has to
 * turn.
 *
 * @throws {TypeError} If `future` is neither a promise nor another object with a `then` (a call of its function was
 * forgotten, perhaps).
 *
 * @example
 * ```ts
 * import { blockOn, spawn } from "@avx/http/runtime";
 * import { sleep } from "@avx/http/timer";
 *
 * const task = spawn(async () => {
 *   await sleep(5, { ref: false }); // this timer lets the process end
 *   return 42;
 * });
 * console.log(await blockOn(task)); // 42
 * ```
 *
 * @example One thread blocks on another
 * ```ts
 * const flag = new Int32Array(new SharedArrayBuffer(4));
 * const code = "onmessage = ({ data }) => { Atomics.store(data, 0, 42); Atomics.notify(data, 0); };";
 * const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: "module" });
 * worker.postMessage(flag);
 * Atomics.wait(flag, 0, 0); // stands still until the worker has written
 * console.log(flag[0]); // 42
 * worker.terminate();
 * ```
 */
export function blockOn<T>(future: PromiseLike<T>, options?: BlockOnOptions): Promise<T> {
  const hold = options?.scheduler === undefined ? HOLD : new Hold(options.scheduler);
  return hold.until(future instanceof Promise || future instanceof RunningTask ? future : adopt(future));
}

/** Keeps the process alive while at least one future is not settled. */
class Hold {
  readonly #scheduler: Scheduler;
  readonly #timer: Timer;
  #pending = 0;
  #checking = false;
  #held = false;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.#timer = scheduler.timer(() => this.#renew());
  }

  until<T>(future: Promise<T> | RunningTask<T>): Promise<T> {
    this.#pending++;
    const settled = future.then<T, never>(this.#fulfilled, this.#rejected);
    if (!this.#checking && !this.#held) {
      this.#checking = true;
      RESOLVED.then(this.#check); // behind the reaction above, if the future is finished
    }
    return settled;
  }

  /** Only what is not settled by now needs a host's timer (2 µs). */
  readonly #check = (): void => {
    this.#checking = false;
    if (this.#pending === 0) return;
    this.#held = true;
    this.#renew();
  };

  readonly #fulfilled = <T>(value: T): T => {
    this.#leave();
    return value;
  };

  readonly #rejected = (error: unknown): never => {
    this.#leave();
    throw error;
  };

  #leave(): void {
    if (--this.#pending > 0 || !this.#held) return;
    this.#held = false;
    this.#scheduler.cancel(this.#timer);
  }

  #renew(): void {
    this.#scheduler.arm(this.#timer, HOLD_TIME);
  }
}

const RESOLVED: Promise<void> = Promise.resolve();
const HOLD = new Hold(defaultScheduler);

/** A promise that settles as another's future does. */
function adopt<T>(future: PromiseLike<T>): Promise<T> {
  const isObject = typeof future === "object" && future !== null || typeof future === "function";
  if (isObject && typeof future.then === "function") return Promise.resolve(future);
  throw new TypeError(`Cannot block on a value as it must be a promise or have a 'then': received ${future}`);
}
