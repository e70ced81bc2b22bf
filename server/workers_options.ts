/**
 * Owns the resolving of the options of a server on several cores: how many workers there can be, and what of the options
 * goes to them. Knows no worker.
 *
 * @module
 */

import { checkCount, moduleUrl } from "../runtime/worker_options.ts";
import type { WorkerPlatform } from "../runtime/worker_platform.ts";
import { checkFunction, checkMethods } from "./check.ts";
import { environmentAddress } from "./environment.ts";
import type { ListenTarget } from "./listen.ts";
import { resolveOptions } from "./options.ts";
import type { ServeWorkersOptions } from "./workers_types.ts";

/** How long a worker that is replaced goes on for its connections, in milliseconds. */
export const DEFAULT_DRAIN = 5_000;

/** Options that need a function of this thread, or another kind of socket; a module says the first for itself. */
const REFUSED: Readonly<Record<string, string>> = {
  handler: "the module must export it as default",
  onError: "the module must have it beside 'fetch'",
  onConnectionError: "the module must have it beside 'fetch'",
  clock: "each worker has the system's",
  listener: "each worker must open its own",
  path: "workers share a TCP port only",
  cid: "workers share a TCP port only",
};

/** The options of a server on several cores, complete. */
export interface ResolvedWorkersOptions {
  /** The app's module. */
  readonly module: string;
  /** How many workers there are. */
  readonly workers: number;
  /** Whether several listen on one port. */
  readonly sharing: boolean;
  /** What to say of what could not be as it was asked for. */
  readonly warning: string | undefined;
  /** Where to listen; `reusePort` is what was asked for. */
  readonly target: ListenTarget;
  /** How long a worker that is replaced goes on for its connections, in milliseconds. */
  readonly drain: number;
}

/**
 * Fills in the defaults, and refuses what can't be.
 *
 * @throws {TypeError} If an option is not what it must be, or workers can't share a port without Deno's flag.
 * @throws {RangeError} If a number is out of its range.
 */
export function resolveWorkersOptions(options: ServeWorkersOptions, platform: WorkerPlatform): ResolvedWorkersOptions {
  for (const [name, why] of Object.entries(REFUSED)) {
    if (Reflect.get(options, name) === undefined) continue;
    throw new TypeError(`Cannot serve by workers as '${name}' must be left out: ${why}`);
  }
  const { workers = platform.cores, drain = DEFAULT_DRAIN, signal } = options;
  const module = moduleUrl(options.module);
  checkCount("workers", workers);
  if (!(typeof drain === "number" && drain >= 0 && drain < Infinity)) {
    throw new RangeError(`Cannot serve by workers as 'drain' must be 0 ms or more: received ${drain}`);
  }
  if (signal !== undefined) checkMethods("signal", signal, ["an AbortSignal", "throwIfAborted", "addEventListener"]);
  for (const name of ["onListen", "onCrash", "onLog"] as const) {
    if (options[name] !== undefined) checkFunction(name, options[name]);
  }
  const { limits = {}, timeouts = {}, protocols } = options;
  resolveOptions({ limits, timeouts, ...protocols && { protocols } }, () => new Response()); // refuses here what each worker would
  return { module, drain, target: targetOf(options), ...placesOn(platform, workers) };
}

/** Where to listen: the environment goes before the options, as it does for a server without workers. */
function targetOf(options: ServeWorkersOptions): ListenTarget {
  const { transport, port, hostname, reusePort, tcpBacklog, protocols } = options;
  const { key, cert, keyFormat, replaceableCertificate } = options;
  if (transport !== undefined && transport !== "tcp") {
    throw new TypeError(`Cannot serve by workers as 'transport' must be tcp: received ${transport}`);
  }
  const environment = environmentAddress() ?? {};
  if (environment.path !== undefined || environment.cid !== undefined) {
    throw new TypeError("Cannot serve by workers as DENO_SERVE_ADDRESS must be tcp:HOST:PORT");
  }
  const certificate = { key, cert, keyFormat, replaceableCertificate };
  const given = { port, hostname, reusePort, tcpBacklog, protocols, ...certificate, ...environment };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

type Places = Pick<ResolvedWorkersOptions, "workers" | "sharing" | "warning">;

/** How many workers there can be on this platform. */
function placesOn({ spreadsPort, unstableNet, os }: WorkerPlatform, workers: number): Places {
  if (!spreadsPort) {
    const warning = `One worker serves, not ${workers}, as ${os} doesn't spread a port's connections over listeners`;
    return { workers: 1, sharing: false, warning: workers === 1 ? undefined : warning };
  }
  if (workers > 1 && !unstableNet) {
    throw new TypeError(
      `Cannot serve by ${workers} workers as they share a port, which needs Deno's flag --unstable-net ('workers: 1' doesn't)`,
    );
  }
  return { workers, sharing: unstableNet, warning: undefined };
}

/** What makes the platform read a module anew: a query that no earlier import had. */
const RELOAD_QUERY = "reload=";

/** Modules that are read by their URL, whatever the query. */
const RELOADABLE: ReadonlySet<string> = new Set(["file:", "http:", "https:"]);

/**
 * A module's URL for its `version`-th import.
 *
 * @throws {TypeError} If it can't be read anew, and is the same as before.
 */
export function reloadedUrl(
  module: string,
  { version, changed }: { readonly version: number; readonly changed: boolean },
): string {
  const url = new URL(module);
  if (!RELOADABLE.has(url.protocol)) {
    if (changed) return module;
    throw new TypeError(`Cannot reload as the module must be of file:, http: or https:: received '${url.protocol}'`);
  }
  url.search += `${url.search === "" ? "?" : "&"}${RELOAD_QUERY}${version}`;
  return url.href;
}
