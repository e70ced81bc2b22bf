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
   * What an HTTP/2 response may send before its reader has taken anything, in bytes: 1 to 2^31 - 1 (RFC 9113 §6.9.2).
   *
   * @default {262144}
   */
  readonly streamWindowBytes: number;
  /**
   * What that may grow to while its reader keeps up, in bytes.
   *
   * @default {8388608}
   */
  readonly maxStreamWindowBytes: number;
  /**
   * What all responses of an HTTP/2 connection may send before we have said that more may come, in bytes (RFC 9113 §6.9.1).
   *
   * @default {1048576}
   */
  readonly connectionWindowBytes: number;
  /**
   * Most content of an HTTP/2 connection that waits for its readers, in bytes, before only what they take makes room for more:
   * then a response that nobody reads may hold up others. Without it, each is bounded by its own window.
   *
   * @default {Infinity}
   */
  readonly maxUnreadBytes: number;
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
   * For a server's first HTTP/2 SETTINGS, and for its acknowledgement of ours (RFC 9113 §6.5.3).
   *
   * @default {10000}
   */
  readonly settings: number;
  /**
   * After how long a silence an HTTP/2 connection is asked by a PING whether it lives.
   *
   * @default {Infinity}
   */
  readonly ping: number;
  /**
   * For the answer to a PING; past it the connection is given up.
   *
   * @default {20000}
   */
  readonly pong: number;
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
  /** What ALPN is to offer there, the most wanted first (RFC 7301); what it chose is the transport's `alpn`. */
  readonly alpnProtocols: readonly string[];
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

/** A response that a server gives before it is asked (RFC 9113 §8.4). */
export interface Push {
  /** The request that it answers, as the server made it up: a GET or HEAD without content, to the same origin. */
  readonly request: Request;
  /**
   * Takes the response. Where the callback returns without having called it, the push is cancelled, and this rejects.
   *
   * Rejects as `fetch` does.
   */
  accept(): Promise<Response>;
}

/** What a server says of its origins beside responses; nothing here acts on it. */
export type Announcement =
  /** The origins that the connection to `origin` serves (RFC 8336), as they are. */
  | { readonly type: "origins"; readonly origin: string; readonly origins: readonly string[] }
  /** Where else an origin is served (RFC 7838): the value of `alt-svc`, as it is. */
  | { readonly type: "alternatives"; readonly origin: string; readonly value: string };

/** What a client is made with. */
export interface HttpClientOptions {
  /**
   * The versions that may be spoken, the most wanted first. With TLS the server chooses by ALPN; without, HTTP/1.1 is spoken,
   * and HTTP/2 only where nothing else may be: `["h2"]` (prior knowledge, RFC 9113 §3.3).
   *
   * @default {["h2", "http/1.1"]}
   */
  readonly protocols?: readonly ("h2" | "http/1.1")[];
  /** Told of each response that a server pushes; without it servers are told not to. Must not throw. */
  readonly onPush?: (push: Push) => void;
  /** Told of what servers announce of their origins. Must not throw. */
  readonly onAnnouncement?: (announcement: Announcement) => void;
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
  /** The trailer section behind the content, whose length is not announced then (RFC 9112 §7.1.2). */
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
  /** The response that opened it: 101 to an upgrade, 2xx to a CONNECT and over HTTP/2. It has no content. */
  readonly response: Response;
  /** The protocol that the server chose; empty for a CONNECT. */
  readonly protocol: string;
  /** The raw duplex; octets that came with the response are read first. Over HTTP/2 it is a stream of a connection. */
  readonly transport: Transport;
}
