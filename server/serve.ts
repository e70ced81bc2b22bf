/**
 * Owns the door to the server: every call shape of `Deno.serve`, and one for a listener of one's own. Knows no protocol.
 *
 * @module
 */

import type { Address } from "../net/transport.ts";
import { environmentAddress } from "./environment.ts";
import { displayAddress, listen, type ListenTarget } from "./listen.ts";
import { resolveOptions } from "./options.ts";
import { Server } from "./server.ts";
import type {
  Handler,
  HttpServer,
  ServeBaseOptions,
  ServeInit,
  ServeListenerOptions,
  ServeTcpOptions,
  ServeTlsKey,
  ServeUnixOptions,
  ServeVsockOptions,
} from "./types.ts";
import { serveWorkers } from "./workers.ts";
import type { ServeWorkersOptions, WorkersServer } from "./workers_types.ts";

/**
 * Serves HTTP on port 8000 of all interfaces, or where `DENO_SERVE_ADDRESS` says.
 *
 * @example
 * ```ts
 * import { type HttpServer, serve } from "@avx/http";
 *
 * export function main(): HttpServer<Deno.NetAddr> {
 *   return serve(() => new Response("Hello, World!"));
 * }
 * ```
 *
 * @throws {TypeError} If an option has the wrong type.
 * @throws {RangeError} If a number is out of its range.
 * @throws {Deno.errors.AddrInUse} If the port is taken.
 */
export function serve(handler: Handler<Deno.NetAddr>): HttpServer<Deno.NetAddr>;
/** Serves HTTP on a Unix socket. */
export function serve(options: ServeUnixOptions, handler: Handler<Deno.UnixAddr>): HttpServer<Deno.UnixAddr>;
/** Serves HTTP on a vsock. */
export function serve(options: ServeVsockOptions, handler: Handler<Deno.VsockAddr>): HttpServer<Deno.VsockAddr>;
/** Serves HTTP on what a listener accepts, such as one of the in-memory network. */
export function serve(options: ServeListenerOptions, handler: Handler): HttpServer;
/** Serves HTTP on a TCP port, with TLS where `key` and `cert` are given. */
export function serve(
  options: ServeTcpOptions | (ServeTcpOptions & ServeTlsKey),
  handler: Handler<Deno.NetAddr>,
): HttpServer<Deno.NetAddr>;
/** Serves HTTP on a Unix socket, the handler among the options. */
export function serve(options: ServeUnixOptions & ServeInit<Deno.UnixAddr>): HttpServer<Deno.UnixAddr>;
/** Serves HTTP on a vsock, the handler among the options. */
export function serve(options: ServeVsockOptions & ServeInit<Deno.VsockAddr>): HttpServer<Deno.VsockAddr>;
/** Serves HTTP on what a listener accepts, the handler among the options. */
export function serve(options: ServeListenerOptions & ServeInit): HttpServer;
/**
 * Serves HTTP on several cores: a module's handler in so many workers, which share one TCP port; settles when all listen.
 *
 * Needs `--allow-read` for the module and the library, where they are files, and `--unstable-net` for more than one worker.
 *
 * @example
 * ```ts ignore
 * import { serve } from "@avx/http";
 *
 * // app.ts has: export default { fetch: () => new Response("Hello, World!") };
 * await using server = await serve({ module: import.meta.resolve("./app.ts"), workers: 2, port: 8000 });
 * Deno.addSignalListener("SIGHUP", () => server.reload());
 * await server.finished;
 * ```
 *
 * @throws {TypeError} If an option has the wrong type, the module can't be served, or the flag is missing (as a rejection,
 * as the following).
 * @throws {RangeError} If a number is out of its range.
 * @throws {WorkerStartError} If the module can't be loaded; the `cause` says why.
 * @throws {Deno.errors.AddrInUse} If the port is taken.
 */
export function serve(options: ServeWorkersOptions): Promise<WorkersServer>;
/** Serves HTTP on a TCP port, with TLS where `key` and `cert` are given, the handler among the options. */
export function serve(
  options: (ServeTcpOptions | (ServeTcpOptions & ServeTlsKey)) & ServeInit<Deno.NetAddr>,
): HttpServer<Deno.NetAddr>;
export function serve(
  first: Handler<never> | (ListenTarget & ServeBaseOptions<never> & Partial<ServeInit<never>>) | ServeWorkersOptions,
  second?: Handler<never>,
): HttpServer | Promise<WorkersServer> {
  if (typeof first !== "function" && (typeof first !== "object" || first === null)) {
    throw new TypeError(`Cannot serve as options must be an object: received ${first === null ? null : typeof first}`);
  }
  if (isForWorkers(first)) {
    return serveWorkers(second === undefined ? first : Object.assign({ handler: second }, first));
  }
  const given = typeof first === "function" ? {} : first;
  const handler = typeof first === "function" ? first : second ?? first.handler;
  const resolved = resolveOptions(given, handler as Handler<never>);
  const listener = listen(targetOf(given));
  try {
    announce(given, listener.addr);
  } catch (error) {
    listener.close();
    throw error;
  }
  return new Server(listener, resolved, given.signal);
}

/** Whether a server on several cores is asked for; what that must be given is its own to check. */
function isForWorkers(first: object): first is ServeWorkersOptions {
  return typeof first === "object" && ("module" in first || "workers" in first);
}

/** Tells where the server listens; nobody needs to be told of a listener that was there already. */
function announce(given: ListenTarget & ServeBaseOptions<never>, addr: Address): void {
  const onListen = given.onListen as ((addr: Address) => void) | undefined;
  if (onListen !== undefined) onListen(addr);
  else if (given.listener === undefined) console.log(`Listening on ${displayAddress(addr, given.cert !== undefined)}`);
}

/** Where to listen: the environment goes before the options, but not before a listener that is there already. */
function targetOf(given: ListenTarget): ListenTarget {
  const environment = given.listener === undefined ? environmentAddress() : undefined;
  if (environment === undefined) return given;
  const { path: _path, cid: _cid, transport: _transport, ...rest } = given;
  return { ...rest, ...environment };
}
