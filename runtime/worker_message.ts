/**
 * Owns what a pool and its workers say to each other, and what of it can't be sent as it is; must not know threads.
 *
 * @module
 */

/** A level of the console. */
export type LogLevel = "debug" | "log" | "info" | "warn" | "error";

/** Why a worker stops: `"replace"` where another of its kind has begun already, `"shutdown"` where the pool ends. */
export type StopReason = "replace" | "shutdown";

/** What a pool says to a worker. */
export type ToWorker =
  /** The first word: load the module, call its `start`. */
  | {
    readonly type: "start";
    readonly module: string;
    readonly index: number;
    readonly data: unknown;
    readonly log: boolean;
  }
  /** Call a function of the module. */
  | { readonly type: "call"; readonly id: number; readonly name: string; readonly args: readonly unknown[] }
  /** The last word: call the module's `stop`. */
  | { readonly type: "stop"; readonly reason: StopReason };

/** What a worker says to its pool. */
export type FromWorker =
  /** The module is loaded, and its `start` is over. */
  | { readonly type: "started" }
  /** It could not be loaded, or its `start` failed. */
  | { readonly type: "startFailed"; readonly error: unknown }
  /** What a function gave. */
  | { readonly type: "result"; readonly id: number; readonly value: unknown }
  /** What a function threw, or why what it gave could not be sent. */
  | { readonly type: "failure"; readonly id: number; readonly error: unknown }
  /** Something happened. */
  | { readonly type: "event"; readonly name: string; readonly detail: unknown }
  /** A line for the console. */
  | { readonly type: "log"; readonly level: LogLevel; readonly text: string }
  /** An error that nothing has caught; the thread ends by it. */
  | { readonly type: "crash"; readonly error: unknown }
  /** The module's `stop` is over. */
  | { readonly type: "stopped" }
  /** The module's `stop` failed, which is its end all the same. */
  | { readonly type: "stopFailed"; readonly error: unknown };

const TYPES: ReadonlySet<unknown> = new Set<FromWorker["type"]>(
  ["started", "startFailed", "result", "failure", "event", "log", "crash", "stopped", "stopFailed"],
);

/** Whether data is a word of a worker's; what a module posts by itself is none. */
export function isFromWorker(data: unknown): data is FromWorker {
  return typeof data === "object" && data !== null && "type" in data && TYPES.has(data.type);
}

/** An error as it can be sent: itself where it can be cloned, else what it says. */
export function sendableError(error: unknown): unknown {
  try {
    return structuredClone(error);
  } catch {
    return new Error(String(error));
  }
}
