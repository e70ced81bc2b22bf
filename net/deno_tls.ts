/**
 * Owns TLS by the platform: how it is listened on and dialled, its handshake and ALPN; knows nothing of what travels
 * over it.
 *
 * @module
 */

import { ConnListener, ConnTransport } from "./deno_conn.ts";
import { checkReusePort, connectTcp, type DialTcpOptions, type ListenTcpOptions } from "./deno_tcp.ts";
import { attempt } from "./dial.ts";
import { HandshakeError } from "./error.ts";
import type { Listener, Transport } from "./transport.ts";

/** A certificate and its private key. */
export interface CertifiedKey {
  /** The certificate, and those that lead from it to a root, in PEM. */
  readonly cert: string;
  /** The private key, RSA or EC, in PEM. */
  readonly key: string;
}

/** Where {@linkcode listenTls} listens, and as whom. */
export interface ListenTlsOptions extends ListenTcpOptions, CertifiedKey {
  /**
   * The protocols that ALPN may choose, the most wanted first (RFC 7301).
   *
   * @default {[]}
   */
  readonly alpnProtocols?: readonly string[];
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
 * @throws {TypeError} If `reusePort` is asked for and the platform doesn't offer it.
 * @throws {Deno.errors.InvalidData} If the certificate or the key can't be read.
 * @throws {Deno.errors.AddrInUse} If someone else listens there.
 */
export function listenTls(options: ListenTlsOptions): Listener & { readonly addr: Deno.NetAddr } {
  checkReusePort(options);
  const { alpnProtocols = [], ...rest } = options;
  const listener = Deno.listenTls({ ...rest, alpnProtocols: [...alpnProtocols], transport: "tcp" });
  return new ConnListener(listener, (conn: Deno.TlsConn) => new TlsTransport(conn));
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
    const close = () => transport.close();
    signal.addEventListener("abort", close, { once: true });
    try {
      await transport.ready();
      return transport;
    } catch (error) {
      transport.close();
      throw error;
    } finally {
      signal.removeEventListener("abort", close);
    }
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

class TlsTransport extends ConnTransport<Deno.TlsConn> {
  #handshake: Promise<void> | undefined;
  #alpn: string | null = null;

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
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new HandshakeError(`Cannot speak TLS as the handshake failed: ${why}`, { cause });
    });
  }
}
