/**
 * Structured concurrency: tasks with a handle and a signal, groups that nothing outlives, and the root of a program, which
 * ends cleanly when the process is asked to ({@linkcode run}) or waits for one future ({@linkcode blockOn}). A
 * {@linkcode Reactor}, which waits for many connections, timers and messages at once. And a {@linkcode WorkerPool}, which
 * runs a module on every core.
 *
 * ```ts
 * import { spawn, TaskGroup } from "@avx/http/runtime";
 * import { sleep } from "@avx/http/timer";
 *
 * const ticking = spawn(async (signal) => {
 *   for (;;) await sleep(1, { signal });
 * });
 * {
 *   await using group = new TaskGroup({ max: 2 });
 *   for (const ms of [3, 2, 1]) {
 *     group.spawn(async (signal) => {
 *       await sleep(ms, { signal });
 *       console.log(`done after ${ms} ms`);
 *     });
 *   }
 * } // waits for the three
 * ticking.cancel();
 * ```
 *
 * ```ts
 * import { PortSource, Reactor, type ReadyEvent, TimerSource } from "@avx/http/runtime";
 *
 * const { port1, port2 } = new MessageChannel();
 * using reactor = new Reactor<string>();
 * using messages = new PortSource(port1);
 * using timer = new TimerSource();
 * reactor.register(messages, "message");
 * reactor.register(timer, "timer");
 * timer.set(5);
 * port2.postMessage("hello");
 * const events = new Array<ReadyEvent<string>>(16);
 * for (const seen = new Set<string>(); seen.size < 2;) {
 *   const count = await reactor.wait(events, 1_000);
 *   for (const { token } of events.slice(0, count)) {
 *     seen.add(token);
 *     console.log(token, token === "timer" ? timer.take() : messages.take()?.data);
 *   }
 * }
 * port1.close();
 * port2.close();
 * ```
 *
 * @module
 */

export type { Alarm, Clock } from "../timer/clock.ts";
export { blockOn, type BlockOnOptions } from "./block_on.ts";
export { type EndSignal, type Platform, platformProcess, type Process } from "./process.ts";
export { Reactor, type ReactorOptions } from "./reactor.ts";
export {
  PortSource,
  type SignalPlatform,
  SignalSource,
  type SignalSourceOptions,
  TimerSource,
  type TimerSourceOptions,
} from "./reactor_events.ts";
export { Interest, Readiness, ReadyEvent, Source, type Watcher } from "./reactor_source.ts";
export { DuplexSource, ListenerSource, ReaderSource, WriterSource } from "./reactor_streams.ts";
export { type Main, run, type RunOptions } from "./run.ts";
export { spawn, type SpawnOptions, type Task, type TaskFunction } from "./task.ts";
export { TaskGroup, type TaskGroupOptions } from "./task_group.ts";
export type { CallOptions, WorkerId } from "./pooled_worker.ts";
export { WorkerEndedError, WorkerStartError } from "./worker_error.ts";
export type { FromWorker, LogLevel, StopReason, ToWorker } from "./worker_message.ts";
export {
  DEFAULT_FIRST_BACK_OFF,
  DEFAULT_LONGEST_BACK_OFF,
  DEFAULT_MAX_PENDING,
  DEFAULT_START_TIMEOUT,
  type WorkerBackOff,
  type WorkerCrash,
  type WorkerLogLine,
  type WorkerPoolOptions,
} from "./worker_options.ts";
export { type WorkerPlatform, workerPlatform } from "./worker_platform.ts";
export { WorkerPool } from "./worker_pool.ts";
export type { WorkerScope } from "./worker_side.ts";
export { type StartThread, startThread, type WorkerThread, type WorkerThreadOwner } from "./worker_thread.ts";
export type {
  ArgumentsOf,
  ResultOf,
  WorkerCallOptions,
  WorkerEvents,
  WorkerFunctions,
  WorkerPoolStats,
} from "./worker_types.ts";
