/**
 * Owns how a client's connections are opened: TCP, TLS, a Unix socket or the caller's own way, and the race of addresses.
 * Knows nothing of what they are used for.
 *
 * @module
 */

import { dialTcp } from "../net/deno_tcp.ts";
import { dialTls } from "../net/deno_tls.ts";
import { dialUnix } from "../net/deno_unix.ts";
import { attempt, whenReady } from "../net/dial.ts";
import type { Transport } from "../net/transport.ts";
import type { Scheduler } from "../timer/scheduler.ts";
import type { Dial } from "./context.ts";
import { race } from "./happy_eyeballs.ts";
import type { Target } from "./target.ts";
import type { ClientTlsOptions, ConnectOptions, HttpClientOptions } from "./types.ts";
import type { Versions } from "./version.ts";

/** The bounds of every attempt. */
export interface DialBounds {
  /** What measures it. */
  readonly scheduler: Scheduler;
  /** How long it may take, in milliseconds. */
  readonly timeout: number;
}

/**
 * Makes the way in which connections are opened.
 *
 * @throws {TypeError} If options exclude each other.
 */
export function dialer(options: HttpClientOptions, bounds: DialBounds): Dial {
  const { connect, unix, resolve, tls = {} } = options;
  if ([connect, unix, resolve].filter((way) => way !== undefined).length > 1) {
    throw new TypeError("Cannot make a client as at most one of 'connect', 'unix' and 'resolve' must be given");
  }
  if (connect !== undefined) return byConnect(connect, bounds);
  if (unix !== undefined) {
    return (target, signal) => {
      if (!target.secure) return dialUnix({ ...bounds, path: unix, signal });
      return Promise.reject(new TypeError("Cannot fetch as the URL's scheme must be http where 'unix' is given"));
    };
  }
  if (resolve === undefined) {
    return (target, signal, versions) => open(target, target.hostname, tls, { ...bounds, signal, versions });
  }
  return (target, outer, versions) =>
    attempt({ ...bounds, signal: outer }, async (signal) => {
      const addresses = await resolve(target.hostname, { signal });
      return await race(addresses, (address, signal) => open(target, address, tls, { ...bounds, signal, versions }), {
        scheduler: bounds.scheduler,
        signal,
      });
    });
}

/** By the caller's own way; a handshake that is ahead is a part of the attempt. */
function byConnect(connect: (options: ConnectOptions) => Promise<Transport>, bounds: DialBounds): Dial {
  return ({ hostname, port, secure }, outer, versions) =>
    attempt({ ...bounds, signal: outer }, async (signal) => {
      const alpnProtocols = [...versions];
      return await whenReady(await connect({ hostname, port, secure, alpnProtocols, signal }), signal);
    });
}

/** Connects to one address of the target's host. */
function open(
  { hostname, port, secure }: Target,
  address: string,
  tls: ClientTlsOptions,
  { versions, ...bounds }: DialBounds & { readonly signal: AbortSignal; readonly versions: Versions },
): Promise<Transport> {
  if (!secure) return dialTcp({ ...bounds, hostname: address, port });
  const { serverName = hostname, ...trust } = tls;
  return dialTls({ ...bounds, ...trust, hostname: address, port, serverName, alpnProtocols: [...versions] });
}
