/**
 * Owns where a server listens: options and environment become a listener, bad values a clear error. Knows no HTTP.
 *
 * @module
 */

import { listenTcp } from "../net/deno_tcp.ts";
import { listenTls } from "../net/deno_tls.ts";
import { listenUnix, listenVsock } from "../net/deno_unix.ts";
import type { Address, Listener } from "../net/transport.ts";

/** Everything by which a server may be told where to listen; the first of `listener`, `path`, `cid` that is there rules. */
export interface ListenTarget {
  /** A listener that exists already. */
  readonly listener?: Listener;
  /** The path of a Unix socket. */
  readonly path?: string;
  /** The context identifier of a vsock. */
  readonly cid?: number;
  /** The port of TCP or of a vsock. */
  readonly port?: number;
  /** The address of TCP. */
  readonly hostname?: string;
  /** Whether others may listen on the port too. */
  readonly reusePort?: boolean;
  /** Most connections that wait to be accepted. */
  readonly tcpBacklog?: number;
  /** The private key of TLS, as PEM. */
  readonly key?: string;
  /** The certificate chain of TLS, as PEM. */
  readonly cert?: string;
  /** Whether that may be replaced later. */
  readonly replaceableCertificate?: boolean;
}

/** The port when none is given, as `Deno.serve` has it. */
const DEFAULT_PORT = 8000;

/** The address when none is given, as `Deno.serve` has it: all interfaces. */
const DEFAULT_HOSTNAME = "0.0.0.0";

/** The ports of TCP; 0 is any that is free. */
const TCP_PORTS = [0, 0xffff] as const;

/** The ports of a vsock; -1 is any that is free. */
const VSOCK_PORTS = [-1, 0xffff_ffff] as const;

/** What ALPN offers. */
const ALPN_PROTOCOLS = ["http/1.1"];

/** Opens what is asked for. */
export function listen(target: ListenTarget): Listener {
  if (target.listener !== undefined) return target.listener;
  if (target.path !== undefined) return listenUnix({ path: target.path });
  const { cid } = target;
  return cid === undefined
    ? listenPort(target)
    : listenVsock({ cid, port: checkPort(target.port ?? NaN, VSOCK_PORTS) });
}

function listenPort(target: ListenTarget): Listener {
  const { key, cert } = target;
  const port = checkPort(target.port ?? DEFAULT_PORT, TCP_PORTS);
  const where = {
    port,
    hostname: target.hostname ?? DEFAULT_HOSTNAME,
    reusePort: target.reusePort === true,
    ...target.tcpBacklog === undefined ? {} : { tcpBacklog: target.tcpBacklog },
  };
  if (key === undefined && cert === undefined) return listenTcp(where);
  if (typeof key !== "string" || typeof cert !== "string") {
    throw new TypeError("Cannot serve TLS as 'key' and 'cert' must both be strings of PEM");
  }
  return listenTls({
    ...where,
    key,
    cert,
    replaceable: target.replaceableCertificate === true,
    alpnProtocols: ALPN_PROTOCOLS,
  });
}

function checkPort(port: number, [min, max]: readonly [min: number, max: number]): number {
  if (Number.isInteger(port) && port >= min && port <= max) return port;
  throw new RangeError(`Cannot serve as 'port' must be ${min} to ${max}: received ${port}`);
}

/** An address as a person reads it, as a URL where it has one. */
export function displayAddress(addr: Address, secure: boolean): string {
  switch (addr.transport) {
    case "tcp":
    case "udp": {
      const host = addr.hostname.includes(":") ? `[${addr.hostname}]` : addr.hostname;
      return `http${secure ? "s" : ""}://${host}:${addr.port}/`;
    }
    case "unix":
    case "unixpacket":
      return addr.path;
    case "vsock":
      return `vsock:${addr.cid}:${addr.port}`;
    case "memory":
      return addr.name;
    default:
      return addr satisfies never;
  }
}
