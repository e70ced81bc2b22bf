/**
 * Owns the public types of the server: options, handler, info and the server itself; knows no behaviour.
 *
 * @module
 */

import type { Protocol } from "../http/call.ts";
import type { ConnectionLimits, ConnectionTimeouts } from "../http1/limits.ts";
import type { Http2Limits, Http2Timeouts } from "../http2/limits.ts";
import type { Address, Listener, Transport } from "../net/transport.ts";
import type { Clock } from "../timer/clock.ts";
import type { ServerStats } from "./context.ts";

/** A version of HTTP, by its name in ALPN (RFC 7301 §6): `http/1.1` stands for HTTP/1.0 too. */
export type HttpVersion = "http/1.1" | "h2";

/** What {@linkcode ServeInfo.upgrade} takes. */
export interface UpgradeOptions {
  /** The protocol to switch to: one of those that the request's `upgrade` field lists. Not for CONNECT. */
  readonly protocol?: string;
  /** More fields for the 101, or for the 200 to a CONNECT. */
  readonly headers?: HeadersInit;
}

/** What {@linkcode ServeInfo.push} takes. */
export interface PushOptions {
  /**
   * The method.
   *
   * @default {"GET"}
   */
  readonly method?: "GET" | "HEAD";
  /** The header section of the request that is promised, such as the `accept-encoding` that its handler looks at. */
  readonly headers?: HeadersInit;
}

/** What {@linkcode ServeInfo.upgrade} gives. */
export interface Upgrade {
  /** The response that the handler has to return. */
  readonly response: Response;
  /**
   * The raw duplex, once the response has left; octets that came early are read first. It is the handler's from then on:
   * a server that ends leaves it open. Rejects if the client has gone, and if another response is returned. With HTTP/2 it
   * is a stream of the connection, which stays open for it: what the client does to the connection, it does to the duplex.
   */
  readonly transport: Promise<Transport>;
}

/** What a handler is told beside the request, and what it can do beside answering it. */
export interface ServeInfo<A extends Address = Address> {
  /** The peer's address. */
  readonly remoteAddr: A;
  /** This end's address. */
  readonly localAddr: A;
  /** The version that the request came by. */
  readonly protocol: Protocol;
  /** Resolves when the response has left, rejects when it was cut short. */
  readonly completed: Promise<void>;
  /** The request's trailer section; settles once the content was read to its end (RFC 9110 §6.5). */
  readonly trailers: Promise<Headers>;
  /**
   * Sends an interim response, such as 103 (Early Hints, RFC 8297) or 102; does nothing where the client can't take one
   * (HTTP/1.0). Settles when there is room for more.
   *
   * @throws {RangeError} If the status is not 102 to 199.
   * @throws {TypeError} If the final response was sent, or a header is malformed.
   */
  inform(status: number, headers?: HeadersInit): Promise<void>;
  /**
   * Sends the client what it will ask for, before it does (RFC 9113 §8.4): the server's handler is asked in its place, and
   * what it answers is sent beside the present response. What refers to the target must be sent later than this is called.
   *
   * @example
   * ```ts
   * import { type Handler, serve } from "@avx/http/server";
   *
   * const handler: Handler = (request, info) => {
   *   if (new URL(request.url).pathname === "/app.css") return new Response("body { margin: 0 }");
   *   info.push("/app.css");
   *   return new Response('<link rel="stylesheet" href="/app.css">', { headers: { "content-type": "text/html" } });
   * };
   * export const start = () => serve({ port: 8000 }, handler);
   * ```
   *
   * @param target What is pushed, relative to the request's URL and of its origin.
   * @returns Whether it was promised. It isn't to a client that takes no pushes, as browsers and all of HTTP/1.1, or as many
   * as it allows, or as `limits.maxConcurrentStreams`, are under way; nor where the request is itself a pushed one.
   * @throws {TypeError} If the target is of another origin, the method another, a header malformed, or the final response
   * was sent.
   */
  push(target: string | URL, options?: PushOptions): boolean;
  /**
   * Accepts an Upgrade (RFC 9110 §7.8) or a CONNECT (RFC 9110 §9.3.6): the handler returns the response, and has the
   * connection as a raw duplex then.
   *
   * @throws {TypeError} If the request asks for neither, or for another protocol, or if its content is still on its way.
   */
  upgrade(options?: UpgradeOptions): Upgrade;
}

/** Answers a request. */
export type Handler<A extends Address = Address> = (
  request: Request,
  info: ServeInfo<A>,
) => Response | Promise<Response>;

/** Limits of a server, each with a default; see the members. */
export interface ServeLimits extends ConnectionLimits, Http2Limits {
  /**
   * The most content that a request's `text()`, `json()` and their like take, in bytes; beyond it they reject and 413 is
   * answered. A request's `body` stream has no such limit.
   *
   * @default {1048576}
   */
  readonly maxBodyBytes: number;
  /**
   * Most connections at once; no more are accepted until one ends.
   *
   * @default {10000}
   */
  readonly maxConnections: number;
  /**
   * Most connections at once from one address; a further one is closed.
   *
   * @default {256}
   */
  readonly maxConnectionsPerAddress: number;
}

/** Deadlines of a server, in milliseconds, each with a default; `Infinity` waits for ever. */
export interface ServeTimeouts extends ConnectionTimeouts, Http2Timeouts {
  /**
   * For a TLS handshake.
   *
   * @default {10000}
   */
  readonly handshake: number;
}

/** The options of {@linkcode serve} that have nothing to do with where it listens. */
export interface ServeBaseOptions<A extends Address = Address> {
  /**
   * Ends the server at once when it aborts, with all its connections; one that was handed over by
   * {@linkcode ServeInfo.upgrade} is its holder's to end.
   */
  signal?: AbortSignal;
  /** Answers when the handler threw; a 500 that says no more, and the error on the console, by default. */
  onError?: (error: unknown) => Response | Promise<Response>;
  /** Called when the server listens; prints the address by default. */
  onListen?: (localAddr: A) => void;
  /** Told of each connection that failed, and of each failed accept; says nothing by default. */
  onConnectionError?: (error: unknown) => void;
  /** Limits that differ from the defaults. */
  limits?: Partial<ServeLimits>;
  /** Deadlines that differ from the defaults. */
  timeouts?: Partial<ServeTimeouts>;
  /**
   * The versions that are spoken. With TLS the client chooses by ALPN; without, by how it begins: HTTP/2 has a preface
   * (RFC 9113 §3.3). With `["h2"]` all else is refused by a GOAWAY.
   *
   * @default {["h2", "http/1.1"]}
   */
  protocols?: readonly HttpVersion[];
  /**
   * Whether a client that has ended its side still counts as there, so that `request.signal` stays as it is.
   *
   * @default {false}
   */
  allowHalfOpen?: boolean;
  /**
   * The clock that drives deadlines and `date`.
   *
   * @default {systemClock}
   */
  clock?: Clock;
  /** Not there yet: `true` is refused. */
  automaticCompression?: boolean;
}

/** Options of a server on a TCP port. */
export interface ServeTcpOptions extends ServeBaseOptions<Deno.NetAddr> {
  /** The kind of socket. */
  transport?: "tcp";
  /**
   * The port, 0 to 65535; 0 chooses a free one.
   *
   * @default {8000}
   */
  port?: number;
  /**
   * The address to listen on.
   *
   * @default {"0.0.0.0"}
   */
  hostname?: string;
  /** Lets several processes or workers share the port (needs `--unstable-net`). */
  reusePort?: boolean;
  /** Most connections that wait to be accepted. */
  tcpBacklog?: number;
  /**
   * Whether {@linkcode HttpServer.replaceCertificate} may be called. The platform's own TLS can't change who it is, so it
   * is done by `node:tls` then, which is slower.
   *
   * @default {false}
   */
  replaceableCertificate?: boolean;
}

/** What makes a TCP server speak TLS. */
export interface ServeTlsKey {
  /** The format of the key, which must be PEM. */
  keyFormat?: "pem";
  /** The private key, as PEM. */
  key: string;
  /** The certificate chain, as PEM. */
  cert: string;
}

/** Options of a server on a Unix socket. */
export interface ServeUnixOptions extends ServeBaseOptions<Deno.UnixAddr> {
  /** The kind of socket. */
  transport?: "unix";
  /** The socket's path. */
  path: string;
}

/**
 * Options of a server on a vsock: Linux and macOS, and Deno's flag `--unstable-vsock`, without which Deno ends the process
 * where one is listened on.
 */
export interface ServeVsockOptions extends ServeBaseOptions<Deno.VsockAddr> {
  /** The kind of socket. */
  transport?: "vsock";
  /** The context identifier, -1 for any. */
  cid: number;
  /** The port, 0 to 4294967295; -1 chooses a free one. */
  port: number;
}

/** Options of a server on a listener that exists already, such as one of the in-memory network. */
export interface ServeListenerOptions extends ServeBaseOptions<Address> {
  /** What accepts connections; the server closes it in the end. */
  listener: Listener;
}

/** Options with the handler among them. */
export interface ServeInit<A extends Address = Address> {
  /** What answers requests. */
  handler: Handler<A>;
}

/** A running server. */
export interface HttpServer<A extends Address = Address> extends AsyncDisposable {
  /** The address that is listened on. */
  readonly addr: A;
  /** Resolves when the server has ended: nothing is accepted and no connection is open. */
  readonly finished: Promise<void>;
  /** The running figures. */
  readonly stats: Readonly<ServerStats>;
  /**
   * Ends gracefully: accepts no more, finishes the requests under way, then closes. It doesn't wait for connections that
   * were handed over by {@linkcode ServeInfo.upgrade}.
   *
   * @param options.signal Cuts what is still under way when it aborts.
   */
  shutdown(options?: { signal?: AbortSignal }): Promise<void>;
  /**
   * Gives new TLS connections another certificate; those that are open keep theirs.
   *
   * @throws {TypeError} If the server doesn't speak TLS, or was not started with `replaceableCertificate`.
   * @throws {Deno.errors.InvalidData} If the pair is malformed, or its parts don't belong together.
   */
  replaceCertificate(pair: ServeTlsKey): void;
  /** Lets the server keep the process alive (the default). */
  ref(): void;
  /** Lets the process end although the server runs. */
  unref(): void;
}
