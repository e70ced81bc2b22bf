/**
 * Owns TLS on the server's side over any transport, by `node:tls`: certificates that can be replaced while connections
 * are open; knows nothing of sockets, nor of what travels over the TLS.
 *
 * `Deno.listenTls` keeps its certificate for good, and a listener in its place can't be opened before it is closed. Here
 * each connection takes the certificate of the moment. It needs Deno 2.9.1: before, a `TLSSocket` over a stream hung, or
 * ended both sides with one.
 *
 * @module
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { Duplex } from "node:stream";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { Reader } from "./reader.ts";
import { type CertifiedKey, handshakeError, type TlsListener } from "./tls.ts";
import type { Address, Listener, Transport } from "./transport.ts";

/** Most bytes that are encrypted for one write: a larger one would be in memory twice. */
const LONGEST_WRITE = 64 * 1024;

/** What {@linkcode secureListener} must be told. */
export interface SecureListenerOptions extends CertifiedKey {
  /** The protocols that ALPN may choose, the most wanted first (RFC 7301). */
  readonly alpnProtocols?: readonly string[];
}

/**
 * Speaks TLS over the transports that `listener` accepts; it is closed with the listener that this gives.
 *
 * @throws {Deno.errors.InvalidData} If the certificate or the key can't be read, or the one isn't the other's.
 *
 * @example
 * ```ts
 * import { memoryNetwork, secureListener } from "@avx/http/net";
 *
 * export function secureMemory(cert: string, key: string) {
 *   const { listener, connect } = memoryNetwork();
 *   return { listener: secureListener(listener, { cert, key, alpnProtocols: ["http/1.1"] }), connect };
 * }
 * ```
 */
export function secureListener<A extends Address>(
  listener: Listener & { readonly addr: A },
  options: SecureListenerOptions,
): TlsListener & { readonly addr: A } {
  return new SecureListener(listener, options);
}

class SecureListener<A extends Address> implements TlsListener {
  readonly #inner: Listener & { readonly addr: A };
  readonly #alpnProtocols: string[];
  #context: SecureContext;

  constructor(inner: Listener & { readonly addr: A }, options: SecureListenerOptions) {
    const { cert, key, alpnProtocols = [] } = options;
    this.#inner = inner;
    this.#alpnProtocols = [...alpnProtocols];
    this.#context = contextOf({ cert, key });
  }

  get addr(): A {
    return this.#inner.addr;
  }

  replaceCertificate(certifiedKey: CertifiedKey): void {
    this.#context = contextOf(certifiedKey);
  }

  async accept(): Promise<Transport> {
    const transport = await this.#inner.accept();
    return new SecureTransport(transport, this.#context, this.#alpnProtocols);
  }

  close(): void {
    this.#inner.close();
  }

  ref(): void {
    this.#inner.ref();
  }

  unref(): void {
    this.#inner.unref();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Makes a context, and checks first what `node:tls` under Deno would only find out at the first handshake. */
function contextOf({ cert, key }: CertifiedKey): SecureContext {
  let fits: boolean;
  try {
    fits = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw new Deno.errors.InvalidData("Cannot speak TLS as the certificate and the key must be PEM", { cause });
  }
  if (!fits) throw new Deno.errors.InvalidData("Cannot speak TLS as the key must be the certificate's");
  return createSecureContext({ cert, key });
}

/** The server's side of TLS over a transport. */
class SecureTransport implements Transport {
  readonly secure = true;
  readonly #inner: Transport;
  readonly #feed: Feed;
  readonly #socket: TLSSocket;
  readonly #handshake = Promise.withResolvers<void>();
  #rest: Uint8Array = EMPTY;
  #parked: { readonly into: Uint8Array; readonly settle: PromiseWithResolvers<number | null> } | undefined;
  #shaken = false;
  #ended = false;
  #closed = false;
  #error: Error | undefined;

  constructor(inner: Transport, secureContext: SecureContext, ALPNProtocols: string[]) {
    this.#inner = inner;
    this.#handshake.promise.catch(() => {}); // who never asks for ready() hears of it at the first read
    this.#feed = new Feed(inner, {
      hungry: () => !this.#shaken || this.#parked !== undefined,
      onEnd: () => {
        if (!this.#shaken) this.#fail(new Deno.errors.UnexpectedEof("The peer ended before TLS began"));
      },
      onError: (error) => this.#fail(error),
    });
    const options = { isServer: true, secureContext };
    this.#socket = new TLSSocket(this.#feed, ALPNProtocols.length > 0 ? { ...options, ALPNProtocols } : options);
    this.#socket.on("secure", () => {
      this.#shaken = true;
      this.#handshake.resolve();
    });
    this.#socket.on("readable", () => this.#wake());
    this.#socket.on("end", () => {
      this.#ended = true;
      this.#wake();
    });
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Deno.errors.ConnectionReset("Cannot go on as the peer has gone")));
  }

  get localAddr(): Address {
    return this.#inner.localAddr;
  }

  get remoteAddr(): Address {
    return this.#inner.remoteAddr;
  }

  get alpn(): string | null {
    return this.#socket.alpnProtocol || null;
  }

  ready(): Promise<void> {
    return this.#handshake.promise;
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#closed) return Promise.reject(closed("read"));
    if (this.#parked) return Promise.reject(new Deno.errors.Busy("Cannot read as another read is parked"));
    const count = this.#pull(into);
    if (count !== undefined) return Promise.resolve(count);
    if (this.#error) return Promise.reject(this.#error);
    const settle = Promise.withResolvers<number | null>();
    this.#parked = { into, settle };
    this.#feed.wake();
    return settle.promise;
  }

  write(from: Uint8Array): Promise<number> {
    if (this.#closed) return Promise.reject(closed("write"));
    if (this.#error) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      const part = from.subarray(0, LONGEST_WRITE);
      this.#socket.write(part, (error) => error ? reject(this.#error ?? error) : resolve(part.length));
    });
  }

  closeWrite(): Promise<void> {
    if (this.#closed) return Promise.reject(closed("end"));
    if (this.#error) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#socket.once("close", () => reject(this.#error));
      this.#socket.end(resolve);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fail(new Deno.errors.Interrupted("Cannot go on as the transport was closed meanwhile"));
    this.#socket.destroy();
    this.#inner.close();
  }

  ref(): void {
    this.#inner.ref();
  }

  unref(): void {
    this.#inner.unref();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** What is there already: a count, `null` for the end, `undefined` for nothing yet. */
  #pull(into: Uint8Array): number | null | undefined {
    if (this.#rest.length === 0) this.#rest = this.#socket.read() ?? EMPTY;
    if (this.#rest.length === 0) return this.#ended ? null : undefined;
    const part = this.#rest.subarray(0, into.length);
    into.set(part);
    this.#rest = this.#rest.subarray(part.length);
    return part.length;
  }

  #wake(): void {
    const parked = this.#parked;
    const count = parked && this.#pull(parked.into);
    if (count === undefined) return;
    this.#parked = undefined;
    parked?.settle.resolve(count);
  }

  #fail(error: Error): void {
    if (this.#error) return;
    this.#error = error;
    if (!this.#shaken) this.#handshake.reject(handshakeError(error));
    this.#parked?.settle.reject(error);
    this.#parked = undefined;
  }
}

/**
 * The transport as `node:tls` wants it. It reads only while someone is hungry: a `TLSSocket` of Deno's takes all that it
 * is given, so that a peer could fill the memory of a server that doesn't read (100 MiB, when tried).
 */
class Feed extends Duplex {
  readonly #transport: Transport;
  readonly #reader: Reader;
  readonly #owner: FeedOwner;
  /** Whether `node:tls` asked for bytes and nobody was hungry. */
  #asked = false;

  constructor(transport: Transport, owner: FeedOwner) {
    super({ allowHalfOpen: true });
    this.#transport = transport;
    this.#reader = new Reader(transport);
    this.#owner = owner;
  }

  /** Someone is hungry now. */
  wake(): void {
    if (!this.#asked) return;
    this.#asked = false;
    this._read();
  }

  override _read(): void {
    if (!this.#owner.hungry()) {
      this.#asked = true;
      return;
    }
    this.#reader.fill().then((more) => {
      if (!more) this.#owner.onEnd();
      this.push(more ? this.#reader.take() : null);
    }, (error) => this.#fail(error));
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    writeWhole(this.#transport, chunk).then(() => done(), (error) => {
      this.#fail(error);
      done(error);
    });
  }

  override _final(done: (error?: Error) => void): void {
    this.#transport.closeWrite().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#transport.close();
    done(error);
  }

  /** Tells the owner straight: a `TLSSocket` of Deno's keeps some failures of what it stands on for itself. */
  #fail(error: Error): void {
    this.#owner.onError(error);
    this.destroy();
  }
}

/** Whom a {@linkcode Feed} serves. */
interface FeedOwner {
  readonly hungry: () => boolean;
  /** The peer has ended the transport's other side, with TLS's own farewell before it or without. */
  readonly onEnd: () => void;
  readonly onError: (error: Error) => void;
}

async function writeWhole(transport: Transport, bytes: Uint8Array): Promise<void> {
  let from = 0;
  while (from < bytes.length) from += await transport.write(from === 0 ? bytes : bytes.subarray(from));
}

const EMPTY = new Uint8Array(0);

function closed(what: string): Error {
  return new Deno.errors.BadResource(`Cannot ${what} as the transport is closed`);
}
