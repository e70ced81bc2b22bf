/**
 * Owns TCP by the platform: how it is listened on and dialled; knows nothing of what travels over it.
 *
 * @module
 */

import { ConnListener, ConnTransport } from "./deno_conn.ts";
import { attempt, type DialOptions } from "./dial.ts";
import type { Listener, Transport } from "./transport.ts";

/** Where {@linkcode listenTcp} listens, and how. */
export interface ListenTcpOptions {
  /** The port, 0 to 65535; 0 for one that is free. */
  readonly port: number;
  /**
   * An IP address of this machine's, or a name of it.
   *
   * @default {"0.0.0.0"}
   */
  readonly hostname?: string;
  /**
   * Lets several listeners share the port, where the platform offers that (Linux, with `--unstable-net`).
   *
   * @default {false}
   */
  readonly reusePort?: boolean;
  /** How many connections may wait to be accepted; the platform's choice by default. */
  readonly tcpBacklog?: number;
}

/** Where {@linkcode dialTcp} connects to, and within which bounds. */
export interface DialTcpOptions extends DialOptions {
  /** The port, 1 to 65535. */
  readonly port: number;
  /**
   * An IP address, or a name that has one.
   *
   * @default {"127.0.0.1"}
   */
  readonly hostname?: string;
}

/**
 * Listens on a TCP port. What it accepts sends small writes at once (TCP_NODELAY).
 *
 * @throws {TypeError} If `reusePort` is asked for and the platform doesn't offer it.
 * @throws {Deno.errors.AddrInUse} If someone else listens there.
 *
 * @example
 * ```ts
 * import { dialTcp, listenTcp, Wire } from "@avx/http/net";
 *
 * using listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
 * await using client = new Wire(await dialTcp({ port: listener.addr.port }));
 * await using server = new Wire(await listener.accept());
 * await client.write("ping");
 * await server.readText(4);
 * ```
 */
export function listenTcp(options: ListenTcpOptions): Listener & { readonly addr: Deno.NetAddr } {
  checkReusePort(options);
  return new ConnListener(Deno.listen({ ...options, transport: "tcp" }), coverTcp);
}

/**
 * Connects to a TCP port; small writes are sent at once (TCP_NODELAY).
 *
 * Rejects with the platform's error (`Deno.errors.ConnectionRefused`…), with the signal's reason, or with a
 * `DOMException` named `TimeoutError`.
 */
export function dialTcp(options: DialTcpOptions): Promise<Transport> {
  return attempt(options, async (signal) => coverTcp(await connectTcp(options, signal)));
}

/** Connects to a TCP port by the platform; for what is put on top of TCP. */
export async function connectTcp(options: DialTcpOptions, signal: AbortSignal): Promise<Deno.TcpConn> {
  const { port, hostname = "127.0.0.1" } = options;
  const conn = await Deno.connect({ port, hostname, signal });
  conn.setNoDelay(true);
  return conn;
}

/**
 * Refuses `reusePort` where the platform would end the process for it: Deno without `--unstable-net` does, and its
 * `listenDatagram` is there only with that flag.
 */
export function checkReusePort(options: { readonly reusePort?: boolean }): void {
  if (!options.reusePort || "listenDatagram" in Deno) return;
  throw new TypeError("Cannot listen as reusePort needs Deno's flag --unstable-net");
}

function coverTcp(conn: Deno.TcpConn): Transport {
  try {
    conn.setNoDelay(true);
  } catch {
    // The peer has gone already; the first read says so.
  }
  return new ConnTransport(conn);
}
