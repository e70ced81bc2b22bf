/**
 * Owns the public types of a server on several cores: its options and the server itself; knows no behaviour.
 *
 * @module
 */

import type { WorkerBackOff, WorkerCrash, WorkerLogLine } from "../runtime/worker_options.ts";
import type { ServerStats } from "./context.ts";
import type { HttpVersion, ServeLimits, ServeTimeouts, ServeTlsKey } from "./types.ts";

/** Options of a server on several cores. Limits hold for each worker by itself. */
export interface ServeWorkersOptions extends Partial<ServeTlsKey> {
  /**
   * The module that answers, as an absolute URL: `import.meta.resolve("./app.ts")`. It exports as `default` a handler, or
   * an object with `fetch`, as for `deno serve`; see {@linkcode WorkerApp} for what else that may have.
   */
  module: string | URL;
  /**
   * How many workers, each in a thread of its own, at least 1. More than one needs Deno's flag `--unstable-net`, and a
   * platform that spreads connections over listeners: elsewhere (macOS, Windows) there is one, and a warning.
   *
   * @default {navigator.hardwareConcurrency}
   */
  workers?: number;
  /** The kind of socket. */
  transport?: "tcp";
  /**
   * The port, 0 to 65535; 0 chooses a free one.
   *
   * @default {8000}
   */
  port?: number;
  /**
   * The address to listen on.
   *
   * @default {"0.0.0.0"}
   */
  hostname?: string;
  /**
   * Whether other processes may listen on the port too, such as the one that is to take over. The workers share it in any
   * case.
   *
   * @default {false}
   */
  reusePort?: boolean;
  /** Most connections that wait to be accepted, for each worker. */
  tcpBacklog?: number;
  /**
   * Whether {@linkcode WorkersServer.replaceCertificate} may be called; TLS is slower then.
   *
   * @default {false}
   */
  replaceableCertificate?: boolean;
  /**
   * The versions of HTTP that are spoken, the most wanted first.
   *
   * @default {["h2", "http/1.1"]}
   */
  protocols?: readonly HttpVersion[];
  /** Ends the server at once when it aborts, with all its connections. */
  signal?: AbortSignal;
  /** Called when all workers listen; prints the address by default. */
  onListen?: (localAddr: Deno.NetAddr) => void;
  /** Told of each worker that has crashed, before another takes its place; says so on the console by default. */
  onCrash?: (crash: WorkerCrash) => void;
  /** Given each line that the module writes by `console`; the workers write to the process's output by default. */
  onLog?: (line: WorkerLogLine) => void;
  /** Limits that differ from the defaults. */
  limits?: Partial<ServeLimits>;
  /** Deadlines that differ from the defaults. */
  timeouts?: Partial<ServeTimeouts>;
  /**
   * Whether a client that has ended its side still counts as there, so that `request.signal` stays as it is.
   *
   * @default {false}
   */
  allowHalfOpen?: boolean;
  /** How long it takes until a crashed worker is replaced. */
  backOff?: WorkerBackOff;
  /**
   * How long a worker that is replaced by {@linkcode WorkersServer.restart} goes on for its connections, in milliseconds:
   * longer than clients leave theirs idle, and none of them loses a request.
   *
   * @default {5000}
   */
  drain?: number;
}

/** The figures of a server on several cores: those of all workers together, and what became of them. */
export interface WorkersStats extends ServerStats {
  /** How many workers serve. */
  readonly workers: number;
  /** How many workers have crashed. */
  readonly crashes: number;
  /** How many requests were under way in workers as those ended, and had no whole answer. */
  readonly lostRequests: number;
  /** How many connections were open to workers as those ended. */
  readonly lostConnections: number;
}

/** What {@linkcode WorkersServer.reload} may be told. */
export interface ReloadOptions {
  /** Another module, as an absolute URL; the one before, read anew, by default. */
  module?: string | URL;
}

/** A running server on several cores. */
export interface WorkersServer extends AsyncDisposable {
  /** The address that is listened on. */
  readonly addr: Deno.NetAddr;
  /** Resolves when the server has ended, and no worker is left. */
  readonly finished: Promise<void>;
  /** The running figures of all workers. */
  readonly stats: Readonly<WorkersStats>;
  /**
   * Reads the module anew in each worker and lets it answer from then on; settles when it does in all. No connection is
   * touched and no listener closed, so that no request is lost. If it can't be loaded in one worker, all keep what they
   * have.
   *
   * The module is imported by its URL with another query. What it imports itself, it has as it was: to have that anew too,
   * {@linkcode WorkersServer.restart}. What was imported before stays in memory until the worker ends.
   *
   * Rejects with what is wrong with the module, and with a `TypeError` if its URL can't have a query (`data:`, `jsr:`…) and
   * is the same as before.
   */
  reload(options?: ReloadOptions): Promise<void>;
  /**
   * Replaces the workers one after the other, each by a fresh one that reads everything anew; settles when all are. A
   * worker goes on until its successor listens and its own connections are done, or `drain` has passed, and closes its
   * listener last, in a moment without newcomers. A client that connects in that very moment may be refused.
   *
   * Rejects with a `WorkerStartError` if a fresh one can't be started: the one before it stays then. Rejects with a
   * `TypeError` where two can't listen on one port.
   */
  restart(): Promise<void>;
  /**
   * Ends gracefully: accepts no more, finishes the requests under way, then closes.
   *
   * @param options.signal Cuts what is still under way when it aborts.
   */
  shutdown(options?: { signal?: AbortSignal }): Promise<void>;
  /**
   * Gives new TLS connections another certificate, in all workers; those that are open keep theirs.
   *
   * Rejects with a `TypeError` if the server was not started with `replaceableCertificate`, and with
   * `Deno.errors.InvalidData` if the pair is malformed.
   */
  replaceCertificate(pair: ServeTlsKey): Promise<void>;
}
