/**
 * Owns Unix and VSOCK sockets by the platform: how they are listened on and dialled; knows nothing of what travels over
 * them.
 *
 * @module
 */

import { ConnListener, ConnTransport } from "./deno_conn.ts";
import { attempt, type DialOptions } from "./dial.ts";
import type { Listener, Transport } from "./transport.ts";

/** Where {@linkcode listenUnix} listens. */
export interface ListenUnixOptions {
  /** The socket's path, where nothing may be yet. */
  readonly path: string;
}

/** Where {@linkcode dialUnix} connects to, and within which bounds. */
export interface DialUnixOptions extends DialOptions {
  /** The socket's path. */
  readonly path: string;
}

/** Where {@linkcode listenVsock} listens. */
export interface ListenVsockOptions {
  /** The context identifier to listen on, -1 for any. */
  readonly cid: number;
  /** The port, -1 for one that is free. */
  readonly port: number;
}

/** Where {@linkcode dialVsock} connects to, and within which bounds. */
export interface DialVsockOptions extends DialOptions {
  /** The peer's context identifier; 2 is the host, 1 this machine. */
  readonly cid: number;
  /** The peer's port. */
  readonly port: number;
}

/**
 * Listens on a Unix socket. The path stays when the listener is closed: whoever listens removes it.
 *
 * @throws {Deno.errors.AddrInUse} If there is something at the path.
 * @throws {Deno.errors.NotSupported} Where the platform has no such sockets.
 */
export function listenUnix(options: ListenUnixOptions): Listener & { readonly addr: Deno.UnixAddr } {
  const listener = Deno.listen({ path: options.path, transport: "unix" });
  return new ConnListener(listener, (conn: Deno.UnixConn) => new ConnTransport(conn));
}

/**
 * Connects to a Unix socket.
 *
 * Rejects with the platform's error (`Deno.errors.NotFound`…), with the signal's reason, or with a `DOMException` named
 * `TimeoutError`.
 */
export function dialUnix(options: DialUnixOptions): Promise<Transport> {
  return attempt(options, async () => new ConnTransport(await Deno.connect({ path: options.path, transport: "unix" })));
}

/**
 * Listens on a VSOCK port, as virtual machines and their host speak to each other (Linux, macOS).
 *
 * @throws {Error} The platform's, where it has no such sockets.
 */
export function listenVsock(options: ListenVsockOptions): Listener & { readonly addr: Deno.VsockAddr } {
  const listener = Deno.listen({ cid: options.cid, port: options.port, transport: "vsock" });
  return new ConnListener(listener, (conn: Deno.VsockConn) => new ConnTransport(conn));
}

/**
 * Connects to a VSOCK port.
 *
 * Rejects with the platform's error, with the signal's reason, or with a `DOMException` named `TimeoutError`.
 */
export function dialVsock(options: DialVsockOptions): Promise<Transport> {
  const { cid, port } = options;
  return attempt(options, async () => new ConnTransport(await Deno.connect({ cid, port, transport: "vsock" })));
}
