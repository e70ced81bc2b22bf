/**
 * Owns TLS by the platform: how it is listened on and dialled, its handshake and ALPN; knows nothing of what travels
 * over it.
 *
 * @module
 */

import { ConnListener, ConnTransport } from "./deno_conn.ts";
import { checkReusePort, connectTcp, type DialTcpOptions, listenTcp, type ListenTcpOptions } from "./deno_tcp.ts";
import { attempt, whenReady } from "./dial.ts";
import { secureListener, type SecureListenerOptions } from "./node_tls.ts";
import { type CertifiedKey, handshakeError, type TlsListener } from "./tls.ts";
import type { Address, Listener, Transport } from "./transport.ts";

/** Where {@linkcode listenTls} listens, and as whom. */
export interface ListenTlsOptions extends ListenTcpOptions, CertifiedKey {
  /**
   * The protocols that ALPN may choose, the most wanted first (RFC 7301).
   *
   * @default {[]}
   */
  readonly alpnProtocols?: readonly string[];
  /**
   * Makes {@linkcode TlsListener.replaceCertificate} work. Deno's own TLS keeps its first certificate for good, so
   * `node:tls` is used then, over a TCP listener: it does half as many exchanges a second, at half the throughput, and
   * sends small writes at once.
   *
   * @default {false}
   */
  readonly replaceable?: boolean;
}

/** Where {@linkcode dialTls} connects to, and whom it trusts there. */
export interface DialTlsOptions extends DialTcpOptions {
  /** The name that the peer's certificate must have; `hostname` by default. */
  readonly serverName?: string;
  /** The protocols that ALPN may choose, the most wanted first (RFC 7301). */
  readonly alpnProtocols?: readonly string[];
  /** Root certificates, in PEM, that are trusted beside the platform's. */
  readonly caCerts?: readonly string[];
  /** Who this client is, where the peer asks for a certificate. */
  readonly client?: CertifiedKey;
  /**
   * Takes a certificate that has another name: the peer may then be anybody with a trusted certificate.
   *
   * @default {false}
   */
  readonly unsafelyDisableHostnameVerification?: boolean;
}

/**
 * Listens on a TCP port and speaks TLS there. A handshake isn't waited for by `accept` but by
 * {@linkcode Transport.ready}, so that a slow one holds up nobody else.
 *
 * Deno's own TLS can't be told to send small writes at once (TCP_NODELAY); what `replaceable` makes does so. A write
 * behind another that the peer has not acknowledged yet waits for that, up to 40 ms: one exchange at a time never meets
 * this, a stream of small writes does.
 *
 * @throws {TypeError} If `reusePort` is asked for and the platform doesn't offer it.
 * @throws {Error} If the certificate or the key can't be read, or the one isn't the other's.
 * @throws {Deno.errors.AddrInUse} If someone else listens there.
 */
export function listenTls(options: ListenTlsOptions): TlsListener & { readonly addr: Deno.NetAddr } {
  const { cert, key, alpnProtocols = [], replaceable = false, ...tcp } = options;
  if (replaceable) return listenReplaceable(listenTcp(tcp), { cert, key, alpnProtocols });
  checkReusePort(tcp);
  return new FixedTlsListener(
    Deno.listenTls({ ...tcp, cert, key, alpnProtocols: [...alpnProtocols], transport: "tcp" }),
  );
}

/**
 * Connects to a TCP port and speaks TLS there; settles after the handshake.
 *
 * Rejects with {@linkcode HandshakeError} if the handshake fails, else as `dialTcp` does.
 */
export function dialTls(options: DialTlsOptions): Promise<Transport> {
  return attempt(options, async (signal) => {
    const transport = new TlsTransport(
      options.client ? await connectAs(options, options.client) : await start(options, signal),
    );
    return await whenReady(transport, signal);
  });
}

/** TLS over a TCP connection, whose dial can be aborted. */
async function start(options: DialTlsOptions, signal: AbortSignal): Promise<Deno.TlsConn> {
  const hostname = options.serverName ?? options.hostname ?? "127.0.0.1";
  const tcp = await connectTcp(options, signal);
  return await Deno.startTls(tcp, { ...verification(options), hostname });
}

/** TLS with a client's certificate: only `connectTls` offers one, and takes no signal; a late connection is closed. */
async function connectAs(options: DialTlsOptions, { cert, key }: CertifiedKey): Promise<Deno.TlsConn> {
  const { port, hostname = "127.0.0.1", serverName = hostname } = options;
  if (serverName !== hostname) {
    throw new TypeError(
      `Cannot dial as serverName must be the hostname where a client certificate is given: received '${serverName}'`,
    );
  }
  return await Deno.connectTls({ ...verification(options), port, hostname, cert, key });
}

function verification(options: DialTlsOptions): Deno.StartTlsOptions {
  const { alpnProtocols = [], caCerts = [], unsafelyDisableHostnameVerification = false } = options;
  return { alpnProtocols: [...alpnProtocols], caCerts: [...caCerts], unsafelyDisableHostnameVerification };
}

/** The address as TCP gives it: what `startTls` makes has one without `transport`. */
function tcpAddr({ hostname, port }: Deno.NetAddr): Deno.NetAddr {
  return { transport: "tcp", hostname, port };
}

/** TLS by `node:tls` on a port that is closed again where the pair is none. */
function listenReplaceable(
  inner: Listener & { readonly addr: Deno.NetAddr },
  options: SecureListenerOptions,
): TlsListener & { readonly addr: Deno.NetAddr } {
  try {
    return secureListener(inner, options);
  } catch (error) {
    inner.close();
    throw error;
  }
}

/** TLS by Deno: fast, and for good who it is. */
class FixedTlsListener extends ConnListener<Deno.TlsConn, Deno.NetAddr> implements TlsListener {
  constructor(listener: Deno.TlsListener) {
    super(listener, (conn) => new TlsTransport(conn));
  }

  replaceCertificate(_certifiedKey: CertifiedKey): never {
    throw new TypeError("Cannot replace the certificate as the listener was made without 'replaceable'");
  }
}

class TlsTransport extends ConnTransport<Deno.TlsConn> {
  #handshake: Promise<void> | undefined;
  #alpn: string | null = null;

  override get localAddr(): Address {
    return tcpAddr(this.conn.localAddr);
  }

  override get remoteAddr(): Address {
    return tcpAddr(this.conn.remoteAddr);
  }

  override get alpn(): string | null {
    return this.#alpn;
  }

  override get secure(): boolean {
    return true;
  }

  override ready(): Promise<void> {
    return this.#handshake ??= this.conn.handshake().then(({ alpnProtocol }) => {
      this.#alpn = alpnProtocol;
    }, (cause: unknown) => {
      throw handshakeError(cause);
    });
  }
}
