/**
 * Owns where a server listens: options and environment become a listener, bad values a clear error. Knows no HTTP.
 *
 * @module
 */

import { listenTcp } from "../net/deno_tcp.ts";
import { listenTls } from "../net/deno_tls.ts";
import { listenUnix, listenVsock } from "../net/deno_unix.ts";
import type { Address, Listener } from "../net/transport.ts";
import { checkMethods, checkText, checkWhole } from "./check.ts";
import { protocolsOf } from "./options.ts";
import type { HttpVersion } from "./types.ts";

/** Everything by which a server may be told where to listen; the first of `listener`, `path`, `cid` that is there rules. */
export interface ListenTarget {
  /** The kind of socket; it must go with the others, and tells nothing that they don't. */
  readonly transport?: "tcp" | "unix" | "vsock";
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
  /** The format of the key. */
  readonly keyFormat?: "pem";
  /** The private key of TLS, as PEM. */
  readonly key?: string;
  /** The certificate chain of TLS, as PEM. */
  readonly cert?: string;
  /** Whether that may be replaced later. */
  readonly replaceableCertificate?: boolean;
  /** What ALPN offers. */
  readonly protocols?: readonly HttpVersion[];
}

/** The port when none is given, as `Deno.serve` has it. */
const DEFAULT_PORT = 8000;

/** The address when none is given, as `Deno.serve` has it: all interfaces. */
const DEFAULT_HOSTNAME = "0.0.0.0";

/** The ports of TCP; 0 is any that is free. */
const TCP_PORTS = [0, 0xffff] as const;

/** How many connections may wait to be accepted, as `listen(2)` takes it. */
const BACKLOGS = [1, 2 ** 31 - 1] as const;

/** The context identifiers of a vsock, and its ports; -1 is any. */
const VSOCK = [-1, 0xffff_ffff] as const;

/**
 * Opens what is asked for.
 *
 * @throws {TypeError} If an option has the wrong type.
 * @throws {RangeError} If a number is out of its range.
 */
export function listen(target: ListenTarget): Listener {
  const { listener, path, cid, port, transport } = target;
  if (listener !== undefined) {
    checkMethods("listener", listener, ["a Listener", "accept", "close", "ref", "unref"]);
    return listener;
  }
  if (path !== undefined || transport === "unix") return listenUnix({ path: checkText("path", path) });
  if (cid !== undefined || transport === "vsock") {
    return listenVsock({ cid: checkWhole("cid", cid, VSOCK), port: checkWhole("port", port, VSOCK) });
  }
  if (transport !== undefined && transport !== "tcp") {
    throw new TypeError(`Cannot serve as 'transport' must be tcp, unix or vsock: received ${transport}`);
  }
  return listenPort(target);
}

function listenPort(target: ListenTarget): Listener {
  const { port = DEFAULT_PORT, hostname = DEFAULT_HOSTNAME, tcpBacklog, key, cert, keyFormat = "pem" } = target;
  checkWhole("port", port, TCP_PORTS);
  checkText("hostname", hostname);
  if (tcpBacklog !== undefined) checkWhole("tcpBacklog", tcpBacklog, BACKLOGS);
  const reusePort = target.reusePort === true;
  const where = { port, hostname, reusePort, ...tcpBacklog === undefined ? {} : { tcpBacklog } };
  if (key === undefined && cert === undefined) return listenTcp(where);
  if (keyFormat !== "pem") throw new TypeError(`Cannot serve TLS as 'keyFormat' must be pem: received ${keyFormat}`);
  if (typeof key !== "string" || typeof cert !== "string") {
    throw new TypeError("Cannot serve TLS as 'key' and 'cert' must both be strings of PEM");
  }
  const replaceable = target.replaceableCertificate === true;
  return listenTls({ ...where, key, cert, replaceable, alpnProtocols: [...protocolsOf(target.protocols)] });
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
