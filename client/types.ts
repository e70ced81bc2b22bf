/**
 * Owns the public types of the client: options, limits, deadlines and what a request may be told beside the platform's
 * shapes; knows no behaviour.
 *
 * @module
 */

import type { TrailersInit } from "../http/trailers.ts";
import type { ClientConnectionLimits, ClientConnectionTimeouts } from "../http1/client_limits.ts";
import type { CertifiedKey } from "../net/tls.ts";
import type { Transport } from "../net/transport.ts";
import type { Clock } from "../timer/clock.ts";

/** Limits of a client, each with a default; see the members. */
export interface ClientLimits extends ClientConnectionLimits {
  /**
   * Most connections to one origin at once; further requests wait.
   *
   * @default {100}
   */
  readonly maxConnectionsPerOrigin: number;
  /**
   * Most connections in all at once; idle ones of other origins make room.
   *
   * @default {1000}
   */
  readonly maxConnections: number;
  /**
   * Most requests to one origin that wait for a connection; a further one is rejected at once.
   *
   * @default {10000}
   */
  readonly maxQueued: number;
  /**
   * Most redirects that one `fetch` follows (Fetch §4.4).
   *
   * @default {20}
   */
  readonly maxRedirects: number;
  /**
   * The most content that a response's `text()`, `json()`, `bytes()` and their like take, in bytes. Its `body` stream has
   * no such limit.
   *
   * @default {536870912}
   */
  readonly maxBodyBytes: number;
}

/** Deadlines of a client, in milliseconds, each with a default; `Infinity` waits for ever. */
export interface ClientTimeouts extends ClientConnectionTimeouts {
  /**
   * For a connection, from when the request was made.
   *
   * @default {60000}
   */
  readonly queue: number;
  /**
   * For one attempt to connect, a TLS handshake included.
   *
   * @default {30000}
   */
  readonly dial: number;
  /**
   * From `fetch` to the response's last octet, redirects included.
   *
   * @default {Infinity}
   */
  readonly total: number;
}

/** Where a {@linkcode HttpClientOptions.connect} is to connect to. */
export interface ConnectOptions {
  /** The host of the URL: a name, or an IP address without brackets. */
  readonly hostname: string;
  /** The port of the URL. */
  readonly port: number;
  /** Whether the URL is an `https` one, so that the transport must be protected by TLS. */
  readonly secure: boolean;
  /** Aborts when nobody waits for the connection any more, or its deadline has passed. */
  readonly signal: AbortSignal;
}

/** Whom TLS trusts, and as whom it speaks. */
export interface ClientTlsOptions {
  /** Root certificates, in PEM, that are trusted beside the platform's. */
  readonly caCerts?: readonly string[];
  /** The certificate and key of this client, where a server asks for one. */
  readonly client?: CertifiedKey;
  /** The name that the server's certificate must have; the URL's host by default. */
  readonly serverName?: string;
  /**
   * Takes a certificate that has another name: the server may then be anybody with a trusted certificate.
   *
   * @default {false}
   */
  readonly unsafelyDisableHostnameVerification?: boolean;
}

/** What a client is made with. */
export interface HttpClientOptions {
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<ClientLimits>;
  /** Deadlines that differ from the defaults. */
  readonly timeouts?: Partial<ClientTimeouts>;
  /** Opens the connections, in place of TCP and TLS; one that has a handshake ahead of it is waited for. */
  readonly connect?: (options: ConnectOptions) => Promise<Transport>;
  /** The path of a Unix socket that all connections go to, whatever the URL's host. */
  readonly unix?: string;
  /** Whom TLS trusts, and as whom it speaks. */
  readonly tls?: ClientTlsOptions;
  /**
   * Gives the addresses of a host, the most wanted first, in place of the platform's resolver. They are tried as RFC 8305
   * says: each 250 ms after the one before, or when that has failed. Without it `Deno.connect` resolves the name and does
   * so itself (since Deno 2.9: "Happy Eyeballs"), so this is for names that the platform can't resolve, or not as wanted.
   */
  readonly resolve?: (hostname: string, options: { readonly signal: AbortSignal }) => Promise<readonly string[]>;
  /**
   * What `user-agent` says where a request doesn't; empty for nothing.
   *
   * @default {"avx-http"}
   */
  readonly userAgent?: string;
  /**
   * Whether `accept-encoding` is sent and content decoded, as the platform's `fetch` does. Without it content is what the
   * server sent.
   *
   * @default {false}
   */
  readonly decompress?: boolean;
  /**
   * The clock that drives deadlines.
   *
   * @default {systemClock}
   */
  readonly clock?: Clock;
}

/** An interim response (RFC 9110 §15.2). */
export interface Information {
  /** The status, 100 to 199, but 101. */
  readonly status: number;
  /** Its fields. */
  readonly headers: Headers;
}

/** What a request may be told: the platform's init, and what that lacks. */
export interface FetchInit extends RequestInit {
  /** The trailer section behind the content, which is sent chunked then (RFC 9112 §7.1.2). */
  readonly trailers?: TrailersInit;
  /** Told of each interim response; must not throw. */
  readonly onInformation?: (information: Information) => void;
  /** From `fetch` to the response's last octet, in milliseconds, in place of the client's `total`. */
  readonly timeout?: number;
}

/** What `fetch` takes besides strings, URLs and requests. */
export type FetchInput = string | URL | Request;

/** What a tunnel may be told: {@linkcode HttpClient.connect}, {@linkcode HttpClient.upgrade}. */
export interface TunnelInit {
  /** Fields of the request. */
  readonly headers?: HeadersInit;
  /** Aborts the attempt; the tunnel itself, once open, is closed by its own `close`. */
  readonly signal?: AbortSignal;
  /** Told of each interim response. */
  readonly onInformation?: (information: Information) => void;
}

/** An open tunnel. */
export interface Tunnel {
  /** The response that opened it: 101 to an upgrade, 2xx to a CONNECT. It has no content. */
  readonly response: Response;
  /** The protocol that the server chose; empty for a CONNECT. */
  readonly protocol: string;
  /** The raw duplex; octets that came with the response are read first. */
  readonly transport: Transport;
}
