/**
 * Owns what a server's workers answer with: the module's handler, checked, and its change for another while requests come
 * in. Knows no socket and no thread.
 *
 * @module
 */

import { loadModule } from "../runtime/worker_load.ts";
import { defaultOnError } from "./answer.ts";
import type { ServerStats } from "./context.ts";
import type { Handler, ServeInfo } from "./types.ts";

/** What an app is told of the worker that it runs in. */
export interface ServeWorker {
  /** The worker's place, from 0; one that replaces it has the same. */
  readonly index: number;
  /** The figures of all workers together. */
  readonly stats: Readonly<ServerStats>;
}

/** What a module exports as `default` to be served by workers, if not a mere handler. */
export interface WorkerApp {
  /** Answers a request. */
  fetch: Handler<Deno.NetAddr>;
  /** Answers when `fetch` threw; a 500 that says no more, and the error on the console, by default. */
  onError?(error: unknown): Response | Promise<Response>;
  /** Told of each connection that failed; says nothing by default. */
  onConnectionError?(error: unknown): void;
  /** Called once in each worker, before the first request. */
  start?(worker: ServeWorker): void | Promise<void>;
  /**
   * Called once when `fetch` gets no more requests, but those under way still go on: the server ends, or was reloaded. What
   * the app keeps open by itself (event streams, timers) ends here.
   */
  stop?(): void | Promise<void>;
}

/** The members that must be functions where they are there. */
const HOOKS = ["onError", "onConnectionError", "start", "stop"] as const;

function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}

function isHandler(value: unknown): value is Handler<Deno.NetAddr> {
  return typeof value === "function";
}

function isApp(value: unknown): value is WorkerApp {
  return typeof value === "object" && value !== null && "fetch" in value && typeof value.fetch === "function";
}

/**
 * The app that a module exports.
 *
 * @throws {TypeError} If it exports none.
 */
export function appOf(module: Readonly<Record<string, unknown>>): WorkerApp {
  const app = module["default"];
  if (isHandler(app)) return { fetch: app };
  if (!isApp(app)) {
    const received = isObject(app) ? "an object without 'fetch'" : kindOf(app);
    throw new TypeError(
      `Cannot serve as the module must export default a handler or an object with 'fetch': received ${received}`,
    );
  }
  for (const name of HOOKS) {
    const hook: unknown = app[name];
    if (hook === undefined || typeof hook === "function") continue;
    throw new TypeError(`Cannot serve as the module's '${name}' must be a function: received ${kindOf(hook)}`);
  }
  return app;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** An app, and where it is from. */
interface LoadedApp {
  readonly specifier: string;
  readonly app: WorkerApp;
}

/** Stands for the app until one is loaded. */
const NO_APP: LoadedApp = {
  specifier: "",
  app: { fetch: () => new Response("Service Unavailable\n", { status: 503 }) },
};

/** The app of a worker, and the one that is to follow. */
export class CurrentApp {
  readonly #worker: ServeWorker;
  #current = NO_APP;
  #next: LoadedApp | undefined;

  /** Made before a module is loaded. */
  constructor(worker: ServeWorker) {
    this.#worker = worker;
  }

  /** Loads a module and starts its app, which gets no request before {@linkcode CurrentApp.commit}. */
  async prepare(specifier: string): Promise<void> {
    await this.#load(specifier);
  }

  async #load(specifier: string): Promise<LoadedApp> {
    await this.discard();
    const app = appOf(await loadModule(specifier));
    await app.start?.(this.#worker);
    return this.#next = { specifier, app };
  }

  /** Lets an app answer from now on, which is prepared first if it was not; settles once the one before it has stopped. */
  async commit(specifier: string): Promise<void> {
    if (this.#current.specifier === specifier) return;
    const next = this.#next?.specifier === specifier ? this.#next : await this.#load(specifier);
    const before = this.#current;
    this.#current = next;
    this.#next = undefined;
    await before.app.stop?.();
  }

  /** Lets go of the app that was prepared. */
  async discard(): Promise<void> {
    const next = this.#next;
    this.#next = undefined;
    await next?.app.stop?.();
  }

  /** Stops the app that answers. */
  async stop(): Promise<void> {
    await this.#current.app.stop?.();
  }

  /** Answers by the app that is current when the request comes. */
  readonly fetch = (request: Request, info: ServeInfo<Deno.NetAddr>): Response | Promise<Response> => {
    return this.#current.app.fetch(request, info);
  };

  /** Answers where the app has failed. */
  readonly onError = (error: unknown): Response | Promise<Response> => {
    const { app } = this.#current;
    return app.onError === undefined ? defaultOnError(error) : app.onError(error);
  };

  /** Tells the app of a connection that has failed. */
  readonly onConnectionError = (error: unknown): void => this.#current.app.onConnectionError?.(error);
}
