/**
 * Owns what a worker does for its pool: loads the module, calls its functions, answers; must not know how words travel.
 *
 * @module
 */

import { type FromWorker, type LogLevel, sendableError, type StopReason, type ToWorker } from "./worker_message.ts";

/** What a module's `start` is given. `Events` names the events that the module emits, each with its detail's type. */
export interface WorkerScope<Events extends object = Record<never, never>> {
  /** The worker's place, from 0; one that replaces it has the same. */
  readonly index: number;
  /** Aborts when the worker is about to stop: loops that the module runs end then. */
  readonly signal: AbortSignal;
  /**
   * Tells those who listen by `WorkerPool.on`.
   *
   * @throws {DOMException} A `DataCloneError`, if the detail can't be sent to another thread.
   */
  emit<K extends keyof Events & string>(type: K, detail: Events[K]): void;
}

/** What a worker takes from the thread that it runs in. */
export interface WorkerPort {
  /** Sends a word to the pool; throws a `DataCloneError` where it can't be cloned. */
  post(message: FromWorker): void;
  /** Imports a module. */
  load(specifier: string): Promise<Readonly<Record<string, unknown>>>;
  /** Sends what is written on the console to `write` instead. */
  redirectConsole(write: (level: LogLevel, text: string) => void): void;
}

/** The names that a pool calls by itself, or not at all. */
const RESERVED: ReadonlySet<string> = new Set(["default", "start", "stop"]);

/** The worker's end of the conversation. */
export class WorkerSide {
  readonly #port: WorkerPort;
  readonly #stopping = new AbortController();
  #module: Readonly<Record<string, unknown>> = {};

  /** Made before the first word has come. */
  constructor(port: WorkerPort) {
    this.#port = port;
  }

  /** Does what the pool says. */
  receive(message: ToWorker): void {
    switch (message.type) {
      case "start":
        this.#start(message);
        return;
      case "call":
        this.#call(message);
        return;
      case "stop":
        this.#stop(message.reason);
        return;
      default:
        message satisfies never;
    }
  }

  /** Tells of an error that nothing has caught. */
  crashed(error: unknown): void {
    this.#port.post({ type: "crash", error: sendableError(error) });
  }

  async #start({ module, index, data, log }: Extract<ToWorker, { type: "start" }>): Promise<void> {
    const port = this.#port;
    if (log) port.redirectConsole((level, text) => port.post({ type: "log", level, text }));
    const scope: WorkerScope<Record<string, unknown>> = {
      index,
      signal: this.#stopping.signal,
      emit: (name, detail) => port.post({ type: "event", name, detail }),
    };
    try {
      this.#module = await port.load(module);
      await this.#hook("start", scope, data);
      port.post({ type: "started" });
    } catch (error) {
      port.post({ type: "startFailed", error: sendableError(error) });
    }
  }

  async #call({ id, name, args }: Extract<ToWorker, { type: "call" }>): Promise<void> {
    try {
      const called = RESERVED.has(name) || !Object.hasOwn(this.#module, name) ? undefined : this.#module[name];
      if (typeof called !== "function") {
        throw new TypeError(`Cannot call as the module must export a function of that name: received '${name}'`);
      }
      const value: unknown = await called(...args);
      this.#port.post({ type: "result", id, value });
    } catch (error) {
      this.#port.post({ type: "failure", id, error: sendableError(error) });
    }
  }

  async #stop(reason: StopReason): Promise<void> {
    this.#stopping.abort(new DOMException("The worker was told to stop", "AbortError"));
    try {
      await this.#hook("stop", reason);
      this.#port.post({ type: "stopped" });
    } catch (error) {
      this.#port.post({ type: "stopFailed", error: sendableError(error) });
    }
  }

  async #hook(name: "start" | "stop", ...args: readonly unknown[]): Promise<void> {
    const hook = this.#module[name];
    if (typeof hook === "function") await hook(...args);
  }
}
