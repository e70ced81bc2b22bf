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
/** Serves HTTP on a TCP port, with TLS where `key` and `cert` are given, the handler among the options. */
export function serve(
  options: (ServeTcpOptions | (ServeTcpOptions & ServeTlsKey)) & ServeInit<Deno.NetAddr>,
): HttpServer<Deno.NetAddr>;
export function serve(
  first: Handler<never> | (ListenTarget & ServeBaseOptions<never> & Partial<ServeInit<never>>),
  second?: Handler<never>,
): HttpServer<never> {
  if (typeof first !== "function" && (typeof first !== "object" || first === null)) {
    throw new TypeError(`Cannot serve as options must be an object: received ${first === null ? null : typeof first}`);
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
  const server: HttpServer = new Server(listener, resolved, given.signal);
  return server as HttpServer<never>;
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
