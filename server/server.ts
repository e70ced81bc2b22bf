/**
 * Owns a running server: its listener, the group of its connections, and how both end. Knows no rule of HTTP.
 *
 * @module
 */

import { acceptLoop } from "../net/accept.ts";
import type { TlsListener } from "../net/tls.ts";
import type { Address, Listener, Transport } from "../net/transport.ts";
import { TaskGroup } from "../runtime/task_group.ts";
import type { ConnectionDriver, ServerStats } from "./context.ts";
import { type BegunConnection, type DriverOwner, Http1Driver } from "./http1_driver.ts";
import { Http2Driver } from "./http2_driver.ts";
import type { ResolvedOptions } from "./options.ts";
import type { HttpServer, ServeTlsKey } from "./types.ts";

/** A server on one listener. */
export class Server implements HttpServer, DriverOwner {
  readonly finished: Promise<void>;
  #options: ResolvedOptions;
  #listener: Listener;
  #group = new TaskGroup();
  #accepting = new AbortController();
  #drivers = new Set<ConnectionDriver>();
  #handshakes = new Set<Transport>();
  #stopping = false;

  /** Begins to accept. */
  constructor(listener: Listener, options: ResolvedOptions, signal: AbortSignal | undefined) {
    this.#listener = listener;
    this.#options = options;
    this.finished = this.#run(signal);
  }

  get addr(): Address {
    return this.#listener.addr;
  }

  get stats(): Readonly<ServerStats> {
    return this.#options.context.stats;
  }

  async #run(signal: AbortSignal | undefined): Promise<void> {
    const { context, limits } = this.#options;
    const abort = () => this.#abort(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted) abort();
    await acceptLoop(this.#listener, {
      signal: this.#accepting.signal,
      scheduler: context.scheduler,
      maxConnections: limits.maxConnections,
      maxConnectionsPerAddress: limits.maxConnectionsPerAddress,
      onError: context.onConnectionError,
      onTransport: (transport, permit) => this.#connect(transport, permit),
    });
    await this.#group.join();
    signal?.removeEventListener("abort", abort);
  }

  /** Serves one connection from its handshake to its end; never rejects. */
  #connect(transport: Transport, permit: Disposable): void {
    this.#options.context.stats.connections++;
    if (transport.secure) this.#group.spawn(() => this.#connectTls(transport, permit));
    else this.#drive(transport, permit);
  }

  async #connectTls(transport: Transport, permit: Disposable): Promise<void> {
    if (await this.#shakeHands(transport)) this.#drive(transport, permit);
    else this.closed(permit);
  }

  /** Chooses the version: by ALPN where that was used, else by what is allowed and how the peer begins. */
  #drive(transport: Transport, permit: Disposable): void {
    const { context } = this.#options;
    const { protocols } = context;
    const { alpn } = transport;
    const isHttp2 = alpn === null ? !protocols.has("http/1.1") : alpn === "h2" && protocols.has("h2");
    const options = { owner: this, permit };
    if (isHttp2) this.#start(new Http2Driver(context, transport, options));
    else {
      const mayBeHttp2 = alpn === null && protocols.has("h2");
      this.#start(new Http1Driver(context, transport, { ...options, mayBeHttp2 }));
    }
  }

  #start(driver: ConnectionDriver): void {
    this.#drivers.add(driver);
    this.#group.enter();
    driver.start();
    if (this.#stopping) driver.shutdown();
  }

  spokeHttp2(driver: ConnectionDriver, { transport, permit, early }: BegunConnection): void {
    this.#start(new Http2Driver(this.#options.context, transport, { owner: this, permit, early }));
    this.released(driver);
  }

  released(driver: ConnectionDriver): void {
    this.#drivers.delete(driver);
    this.#group.leave();
  }

  closed(permit: Disposable): void {
    this.#options.context.stats.connections--;
    permit[Symbol.dispose]();
  }

  async #shakeHands(transport: Transport): Promise<boolean> {
    const { context, timeouts } = this.#options;
    let late: DOMException | undefined;
    this.#handshakes.add(transport);
    using _deadline = timeouts.handshake === Infinity ? undefined : context.scheduler.after(timeouts.handshake, () => {
      const seconds = timeouts.handshake / 1000;
      late = new DOMException(`Cannot speak TLS as the handshake must end within ${seconds} s`, "TimeoutError");
      transport.close();
    }, { ref: false });
    try {
      await transport.ready();
      return true;
    } catch (error) {
      if (!this.#stopping) context.onConnectionError(late ?? error);
      transport.close();
      return false;
    } finally {
      this.#handshakes.delete(transport);
    }
  }

  async shutdown(options: { signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    this.#stopping = true;
    this.#accepting.abort();
    for (const transport of this.#handshakes) transport.close(); // nothing was asked over them
    for (const driver of this.#drivers) driver.shutdown();
    const abort = () => this.#abort(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted) abort();
    await this.finished;
    signal?.removeEventListener("abort", abort);
  }

  /** Ends all at once. */
  #abort(reason: unknown): void {
    this.#stopping = true;
    this.#accepting.abort();
    for (const transport of this.#handshakes) transport.close();
    for (const driver of this.#drivers) driver.cut(reason);
  }

  replaceCertificate(pair: ServeTlsKey): void {
    if (!isTlsListener(this.#listener)) {
      throw new TypeError("Cannot replace the certificate as the server must have been started with 'key' and 'cert'");
    }
    this.#listener.replaceCertificate({ cert: pair.cert, key: pair.key });
  }

  ref(): void {
    this.#listener.ref();
  }

  unref(): void {
    this.#listener.unref();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}

function isTlsListener(listener: Listener): listener is TlsListener {
  return "replaceCertificate" in listener;
}
