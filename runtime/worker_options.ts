/**
 * Owns the options of a worker pool: their defaults, and the refusal of what they can't be; must not know workers.
 *
 * @module
 */

import { type Clock, systemClock } from "../timer/clock.ts";
import { type Scheduler, Scheduler as OwnScheduler, scheduler as systemScheduler } from "../timer/scheduler.ts";
import type { WorkerId } from "./pooled_worker.ts";
import type { LogLevel } from "./worker_message.ts";
import { workerPlatform } from "./worker_platform.ts";
import { type StartThread, startThread } from "./worker_thread.ts";

/** First wait before a worker is replaced that has crashed, in milliseconds, as systemd's RestartSec. */
export const DEFAULT_FIRST_BACK_OFF = 100;

/**
 * Longest wait before a worker is replaced, in milliseconds; one that lives longer begins anew with the first. Go's and
 * gRPC's clients go up to 120 s, where the other side is someone else's.
 */
export const DEFAULT_LONGEST_BACK_OFF = 30_000;

/** How long a worker may take to be ready, in milliseconds: as long as an orchestrator's start-up probe waits by default. */
export const DEFAULT_START_TIMEOUT = 30_000;

/** Most calls that wait for an answer, over all workers: the bound of the queue that a slow module would fill. */
export const DEFAULT_MAX_PENDING = 10_000;

/** A worker ended that nobody had told to. */
export interface WorkerCrash extends WorkerId {
  /** What it ended with: an error that nothing caught, or `undefined` where its module called `close()` or `Deno.exit()`. */
  readonly error: unknown;
  /** How many calls it has left without an answer. */
  readonly lost: number;
  /** In how many milliseconds another takes its place; `undefined` where one has it already, or none is to. */
  readonly restartIn: number | undefined;
}

/** A line that a worker's module wrote by `console`. */
export interface WorkerLogLine extends WorkerId {
  /** The method that wrote it. */
  readonly level: LogLevel;
  /** Its arguments, joined by spaces; what is no string is shown as `Deno.inspect` does. */
  readonly text: string;
}

/** How a pool waits before it replaces a crashed worker; each crash in a row doubles the wait. */
export interface WorkerBackOff {
  /**
   * The first wait, in milliseconds.
   *
   * @default {100}
   */
  readonly first?: number;
  /**
   * The longest wait, in milliseconds. A worker that has lived as long begins anew with the first.
   *
   * @default {30000}
   */
  readonly longest?: number;
}

/** What a worker pool may be told. */
export interface WorkerPoolOptions {
  /**
   * How many workers, at least 1.
   *
   * @default {navigator.hardwareConcurrency}
   */
  readonly workers?: number;
  /**
   * What the threads are called in the platform's own messages, each with its index behind it.
   *
   * @default {"worker"}
   */
  readonly name?: string;
  /** Gives what a worker's `start` gets as its second argument; it must be cloneable. Asked for each worker anew. */
  readonly data?: (worker: WorkerId) => unknown;
  /** How long it takes until a crashed worker is replaced. */
  readonly backOff?: WorkerBackOff;
  /**
   * How long a worker may take to be ready, in milliseconds; one that takes longer has crashed.
   *
   * @default {30000}
   */
  readonly startTimeout?: number;
  /**
   * The most calls that wait for an answer; further ones are refused.
   *
   * @default {10000}
   */
  readonly maxPending?: number;
  /** Told of each worker that has crashed; says so on the console by default. */
  readonly onCrash?: (crash: WorkerCrash) => void;
  /** Told of each worker that can be called. */
  readonly onReady?: (worker: WorkerId) => void;
  /** Told of each worker that has ended, before {@linkcode WorkerPoolOptions.onCrash} is where it was told to by nobody. */
  readonly onEnd?: (worker: WorkerId) => void;
  /**
   * Given each line that a worker's module writes by `console`. Without it, workers write to the process's own output, at
   * once, so that even what a worker says right before it crashes is there.
   */
  readonly onLog?: (line: WorkerLogLine) => void;
  /**
   * The clock that back-off and start timeout run on.
   *
   * @default {systemClock}
   */
  readonly clock?: Clock;
  /**
   * What starts the threads.
   *
   * @default {startThread}
   */
  readonly startThread?: StartThread;
}

/** A pool's options, complete. */
export interface ResolvedPoolOptions {
  readonly module: string;
  readonly workers: number;
  readonly name: string;
  readonly data: (worker: WorkerId) => unknown;
  readonly firstBackOff: number;
  readonly longestBackOff: number;
  readonly startTimeout: number;
  readonly maxPending: number;
  readonly onCrash: (crash: WorkerCrash) => void;
  readonly onReady: (worker: WorkerId) => void;
  readonly onEnd: (worker: WorkerId) => void;
  readonly onLog: ((line: WorkerLogLine) => void) | undefined;
  readonly scheduler: Scheduler;
  readonly startThread: StartThread;
}

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} If the module is no absolute URL, or an option has the wrong type.
 * @throws {RangeError} If a number is out of its range.
 */
export function resolvePoolOptions(module: string | URL, options: WorkerPoolOptions): ResolvedPoolOptions {
  const { workers = workerPlatform.cores, name = "worker", backOff = {}, clock = systemClock } = options;
  const { first = DEFAULT_FIRST_BACK_OFF, longest = DEFAULT_LONGEST_BACK_OFF } = backOff;
  const { startTimeout = DEFAULT_START_TIMEOUT, maxPending = DEFAULT_MAX_PENDING } = options;
  checkCount("workers", workers);
  if (maxPending !== Infinity) checkCount("maxPending", maxPending);
  checkMs("backOff.first", first, 0);
  checkMs("backOff.longest", longest, first);
  if (startTimeout !== Infinity) checkMs("startTimeout", startTimeout, 1);
  return {
    module: moduleUrl(module),
    workers,
    name,
    data: checkFunction("data", options.data ?? nothing),
    firstBackOff: first,
    longestBackOff: longest,
    startTimeout,
    maxPending,
    onCrash: checkFunction("onCrash", options.onCrash ?? sayCrash),
    onReady: checkFunction("onReady", options.onReady ?? nothing),
    onEnd: checkFunction("onEnd", options.onEnd ?? nothing),
    onLog: options.onLog && checkFunction("onLog", options.onLog),
    scheduler: clock === systemClock ? systemScheduler : new OwnScheduler(clock),
    startThread: checkFunction("startThread", options.startThread ?? startThread),
  };
}

/** The schemes of modules; what is before the colon of a Windows path is none of them. */
const SCHEMES: ReadonlySet<string> = new Set(["file:", "http:", "https:", "data:", "blob:", "jsr:", "npm:"]);

/**
 * The URL of a module, as text.
 *
 * @throws {TypeError} If it is none, such as a relative one: only who names it knows what it is relative to.
 */
export function moduleUrl(module: unknown): string {
  const text = module instanceof URL ? module.href : module;
  if (typeof text === "string" && URL.canParse(text) && SCHEMES.has(new URL(text).protocol)) return text;
  const received = typeof text === "string" ? `'${text}'` : text === null ? "null" : typeof text;
  throw new TypeError(
    `Cannot start workers as 'module' must be an absolute URL, such as import.meta.resolve gives: received ${received}`,
  );
}

/**
 * Refuses what is no count.
 *
 * @throws {RangeError} If it is none.
 */
export function checkCount(name: string, value: unknown): void {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return;
  throw new RangeError(`Cannot start workers as '${name}' must be a whole number >= 1: received ${value}`);
}

function checkMs(name: string, value: unknown, min: number): void {
  if (typeof value === "number" && value >= min && value < Infinity) return;
  throw new RangeError(`Cannot start workers as '${name}' must be ${min} ms or more: received ${value}`);
}

function checkFunction<F>(name: string, value: F): F {
  if (typeof value === "function") return value;
  const received = value === null ? "null" : typeof value;
  throw new TypeError(`Cannot start workers as '${name}' must be a function: received ${received}`);
}

function nothing(): void {}

function sayCrash({ index, error, lost, restartIn }: WorkerCrash): void {
  const why = error === undefined ? "" : ` with ${error}`;
  const left = lost === 0 ? "" : `, calls without an answer: ${lost}`;
  const next = restartIn === undefined ? "" : `; another begins in ${restartIn} ms`;
  console.error(`Worker ${index} has ended${why}${left}${next}`);
}
