/**
 * Owns the end of an operation that takes too long: an abort signal and its reason; must not know how time is kept.
 *
 * @module
 */

/** What a {@linkcode Deadline} is told when it is made. */
export interface DeadlineOptions {
  /** The message of the `TimeoutError`. */
  message?: string;
  /** Another signal, whose abort aborts the deadline's signal too, with its reason. */
  signal?: AbortSignal;
  /**
   * Whether the deadline, while pending, keeps the process alive.
   *
   * @default {true}
   */
  ref?: boolean;
}

/**
 * A limit in time, whose {@linkcode Deadline.signal} aborts with a `TimeoutError` when it has passed. Leaving its scope
 * takes it back. {@linkcode Scheduler.deadline} makes it.
 *
 * @example
 * ```ts
 * import { deadline, sleep } from "@avx/http/timer";
 *
 * using limit = deadline(20);
 * await sleep(10_000, { signal: limit.signal }).catch((error) => console.log(error.name)); // TimeoutError
 * ```
 */
export interface Deadline extends Disposable {
  /** Aborts with a `DOMException` named `TimeoutError` when the time has passed, or with the outer signal's reason. */
  readonly signal: AbortSignal;
  /** Takes the deadline back: its signal no longer aborts. Further calls do nothing. */
  [Symbol.dispose](): void;
}

/** The error of something that took longer than `ms` milliseconds. */
export function timeoutError(ms: number, message?: string): DOMException {
  return new DOMException(message ?? `Cannot finish as the time limit has passed: received ${ms} ms`, "TimeoutError");
}
