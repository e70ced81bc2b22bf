/**
 * Owns the client as its users see it: `fetch`, tunnels and the end. Knows no socket and no protocol.
 *
 * @module
 */

import { isToken } from "../http/fields/token.ts";
import type { ClientWebSocket, ConnectWebSocketOptions } from "../websocket/connect.ts";
import type { ClientContext } from "./context.ts";
import { rejectionOf } from "./error.ts";
import { FetchTask, type TaskOwner } from "./fetch_task.ts";
import { type FetchHandler, HandlerCarrier } from "./over.ts";
import { resolveOptions } from "./options.ts";
import { Pools } from "./pools.ts";
import { encode, outgoing, type OutgoingRequest } from "./request.ts";
import { type PlainRequest, type Target, Targets } from "./target.ts";
import { TunnelTask } from "./tunnel.ts";
import type { FetchInit, FetchInput, HttpClientOptions, Tunnel, TunnelInit } from "./types.ts";
import { openWebSocket } from "./web_socket.ts";

/**
 * A client of HTTP/1.1 and HTTP/2 with connections of its own. {@linkcode HttpClient.fetch} has the platform's shape, and can
 * be handed over as a `fetch`. Over TLS the server chooses the version by ALPN; see `protocols` of the options.
 *
 * @example
 * ```ts
 * import { HttpClient } from "@avx/http/client";
 * import { serve } from "@avx/http/server";
 * import { memoryNetwork } from "@avx/http/net";
 *
 * const { listener, connect } = memoryNetwork();
 * await using _server = serve({ listener }, (request) => new Response(`You asked for ${new URL(request.url).pathname}`));
 * await using client = new HttpClient({ connect }); // without `connect`: over TCP and TLS
 * const response = await client.fetch("http://localhost/hello", { timeout: 5_000 });
 * console.log(response.status, await response.text()); // 200 You asked for /hello
 * ```
 */
export class HttpClient implements AsyncDisposable, Disposable {
  #owner: TaskOwner;
  readonly #context: ClientContext;
  readonly #targets: Targets = new Targets();

  /**
   * Makes a client; it opens no connection before one is needed.
   *
   * @throws {TypeError} If options exclude each other.
   * @throws {RangeError} If a limit or a deadline is out of its range.
   */
  constructor(options: HttpClientOptions = {}) {
    const context = resolveOptions(options);
    this.#context = context;
    this.#owner = { context, carrier: new Pools(context) };
  }

  /**
   * Makes a client whose requests are answered by a handler in this program: the handler is called with a `Request` and an
   * info as a server of this library gives them, and its `Response`, trailers and interim responses come back as off a wire.
   * There are no bytes of a connection, and so no limits and deadlines of one: only `total`, redirects and aborts.
   *
   * @example
   * ```ts
   * import { HttpClient } from "@avx/http/client";
   *
   * await using client = HttpClient.over((request) => Response.json({ path: new URL(request.url).pathname }));
   * console.log(await (await client.fetch("http://app/hello")).json()); // { path: "/hello" }
   * ```
   */
  static over(handler: FetchHandler, options: HttpClientOptions = {}): HttpClient {
    if (typeof handler !== "function") {
      throw new TypeError(`Cannot make a client as the handler must be a function: received ${typeof handler}`);
    }
    const client = new HttpClient(options);
    client.#owner = { context: client.#context, carrier: new HandlerCarrier(handler) };
    return client;
  }

  /** How many connections are open or being opened; tunnels count until they are closed. */
  get connections(): number {
    return this.#owner.carrier.size;
  }

  /**
   * Fetches, as the platform's `fetch` does: `http` and `https` URLs only, no cache, no cookies, and no decoding unless
   * the client was made with `decompress`.
   *
   * A request is sent once. It goes over another connection only where nothing of it can have been processed and it may be
   * repeated (RFC 9110 §9.2.2): when no octet of it had left, when an HTTP/2 server says that it was not processed (RFC 9113
   * §8.7), or when it is idempotent and a reused connection ended without an octet of an answer.
   *
   * Rejects with the signal's reason, with a `DOMException` named `TimeoutError` that names what took too long, and with a
   * `TypeError` for all else, whose `cause` is a {@linkcode ClientError}, an {@linkcode Http1Error} or an
   * {@linkcode Http2Error} where it wasn't the caller's mistake.
   */
  readonly fetch = (input: FetchInput, init?: FetchInit): Promise<Response> => {
    try {
      if (init === undefined && typeof input === "string") return this.#fetchPlain(this.#targets.of(input));
      const request = outgoing(input, init ?? {}, { targets: this.#targets, context: this.#context });
      if (request instanceof Promise) return request.then((request) => this.#fetch(request));
      return this.#fetch(request);
    } catch (error) {
      return Promise.reject(rejectionOf(error));
    }
  };

  #fetch(request: OutgoingRequest): Promise<Response> {
    return new FetchTask(this.#owner, request, encode(request, this.#context)).run();
  }

  /** A GET with nothing but defaults: it is made once a URL. */
  #fetchPlain(target: Target): Promise<Response> {
    const { outgoing, encoded } = target.plain ??= this.#plain(target);
    return new FetchTask(this.#owner, outgoing, encoded).run();
  }

  #plain(target: Target): PlainRequest {
    const request: OutgoingRequest = {
      method: "GET",
      target,
      fields: [],
      content: null,
      announced: undefined,
      closes: false,
      expectsContinue: false,
      redirect: "follow",
      signal: null,
      trailers: undefined,
      onInformation: undefined,
      timeout: this.#context.timeouts.total,
    };
    return { outgoing: request, encoded: encode(request, this.#context) };
  }

  /**
   * Asks a proxy for a tunnel by CONNECT (RFC 9110 §9.3.6); over HTTP/2 it is one stream of a connection (RFC 9113 §8.5).
   *
   * Rejects as {@linkcode HttpClient.fetch} does; where the proxy answers otherwise than by a 2xx, the `cause` is a
   * {@linkcode TunnelRefusedError} that has its response.
   *
   * @param proxy The URL of the proxy; its path is of no meaning.
   * @param authority Where the tunnel is to lead: `host:port`.
   */
  readonly connect = (proxy: string | URL, authority: string, init: TunnelInit = {}): Promise<Tunnel> => {
    return this.#open({ method: "CONNECT", path: authority, host: authority, protocols: [] }, proxy, init);
  };

  /**
   * Asks a server to go on in another protocol: by an Upgrade (RFC 9110 §7.8), or over HTTP/2 by an extended CONNECT (RFC 8441
   * §4), where the server allows for it; where it doesn't, over a connection of HTTP/1.1.
   *
   * Rejects as {@linkcode HttpClient.fetch} does; where the server answers otherwise than by a 101, or a 2xx over HTTP/2, the
   * `cause` is a {@linkcode TunnelRefusedError} that has its response.
   *
   * @param protocols What is offered, the most wanted first, such as `websocket`; over HTTP/2 but the first.
   */
  readonly upgrade = (
    input: string | URL,
    protocols: string | readonly string[],
    init: TunnelInit = {},
  ): Promise<Tunnel> => {
    const offered = typeof protocols === "string" ? [protocols] : protocols;
    const wrong = offered.find((protocol) => !protocol.split("/", 2).every(isToken));
    if (offered.length === 0 || wrong !== undefined) {
      return Promise.reject(new TypeError(`Cannot upgrade as protocols must be tokens: received ${wrong ?? "none"}`));
    }
    return this.#open({ method: "GET", protocols: offered }, input, init);
  };

  /**
   * Opens a WebSocket (RFC 6455). Where it fails, its `error` event and its `stream` tell.
   *
   * @param url `ws:` or `wss:`.
   * @param options The options, or the subprotocols alone.
   * @throws {DOMException} `SyntaxError` if the URL is none for a WebSocket, or a subprotocol is no token or there twice.
   * @throws {RangeError} If an option is out of its range.
   */
  readonly webSocket = (
    url: string | URL,
    options: string | readonly string[] | ConnectWebSocketOptions = {},
  ): ClientWebSocket => {
    return openWebSocket(this, url, options);
  };

  #open(
    tunnel: { method: "CONNECT" | "GET"; path?: string; host?: string; protocols: readonly string[] },
    input: string | URL,
    init: TunnelInit,
  ): Promise<Tunnel> {
    try {
      const target = this.#targets.of(String(input));
      const { method, path = target.path, host = target.host, protocols } = tunnel;
      return new TunnelTask(this.#owner, { method, target, path, host, protocols }, init).run();
    } catch (error) {
      return Promise.reject(rejectionOf(error));
    }
  }

  /** Closes all connections at once, and rejects what is under way; tunnels are their owners'. */
  close(): void {
    this.#owner.carrier.close();
  }

  /** Does as {@linkcode HttpClient.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Does as {@linkcode HttpClient.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}
