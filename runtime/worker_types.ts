/**
 * Owns the types by which a worker pool knows its module: functions, events, figures; must not know how either is done.
 *
 * @module
 */

import type { CallOptions } from "./pooled_worker.ts";
import type { WorkerScope } from "./worker_side.ts";

/** The functions of a module that can be called: all that it exports but `start`, `stop` and what is no function. */
export type WorkerFunctions<M> = {
  [
    K in keyof M & string as K extends "default" | "start" | "stop" ? never
      : M[K] extends (...args: never[]) => unknown ? K
      : never
  ]: M[K];
};

/** The arguments of a function. */
export type ArgumentsOf<F> = F extends (...args: infer A) => unknown ? A : never;

/** What a function gives, once it is settled. */
export type ResultOf<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

/** The events that a module emits: those that its `start` names by the type of its first parameter. */
export type WorkerEvents<M> = M extends { start(scope: WorkerScope<infer E>, ...rest: never[]): unknown } ? E
  : Record<never, never>;

/** A pool's running figures. */
export interface WorkerPoolStats {
  /** How many workers can be called. */
  readonly ready: number;
  /** How many calls wait for an answer, those included that wait for a worker. */
  readonly pending: number;
  /** How many calls were made. */
  readonly calls: number;
  /** How many workers have ended that nobody had told to. */
  readonly crashes: number;
  /** How many workers were started, the first ones included. */
  readonly started: number;
  /** How many calls had no answer as their worker ended. */
  readonly lost: number;
}

/** What {@linkcode WorkerPool.call} may be told. */
export interface WorkerCallOptions extends CallOptions {
  /** The worker to call, by its index; the one with the fewest calls under way by default. */
  readonly worker?: number;
}
