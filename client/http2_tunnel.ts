/**
 * Owns the raw duplex of a CONNECT's stream: octets in DATA frames, both ways (RFC 9113 §8.5, RFC 8441 §5). Knows nothing of
 * what they mean.
 *
 * @module
 */

import type { ReceivedBody } from "../http/received_body.ts";
import { ErrorCode } from "../http2/error.ts";
import type { Http2Stream } from "../http2/stream.ts";
import type { Address, Transport } from "../net/transport.ts";
import type { Http2Exchange, Http2ExchangeDriver } from "./http2_exchange.ts";

/** A stream as a {@linkcode Transport}. */
export class Http2Tunnel implements Transport {
  readonly alpn = null;
  readonly #driver: Http2ExchangeDriver;
  readonly #exchange: Http2Exchange;
  readonly #stream: Http2Stream<Http2Exchange>;
  readonly #body: ReceivedBody;
  /** What came, and no read had room for. */
  #rest: Uint8Array | undefined;
  #ended = false;

  /** Made once the response that opens it came. Four arguments, as they are all that it stands on. */
  constructor(
    driver: Http2ExchangeDriver,
    exchange: Http2Exchange,
    stream: Http2Stream<Http2Exchange>,
    body: ReceivedBody,
  ) {
    this.#driver = driver;
    this.#exchange = exchange;
    this.#stream = stream;
    this.#body = body;
  }

  get localAddr(): Address {
    return this.#driver.transport.localAddr;
  }

  get remoteAddr(): Address {
    return this.#driver.transport.remoteAddr;
  }

  get secure(): boolean {
    return this.#driver.transport.secure;
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  async read(into: Uint8Array): Promise<number | null> {
    if (into.length === 0) return 0;
    const bytes = this.#rest ?? await this.#body.read();
    if (bytes === null) return null;
    const count = Math.min(into.length, bytes.length);
    into.set(bytes.subarray(0, count));
    this.#rest = count < bytes.length ? bytes.subarray(count) : undefined;
    return count;
  }

  async write(from: Uint8Array): Promise<number> {
    if (this.#stream.closed) throw new Deno.errors.BrokenPipe("Cannot write as the stream has ended");
    this.#exchange.write(from.slice());
    await this.#exchange.room();
    return from.length;
  }

  closeWrite(): Promise<void> {
    if (!this.#ended && !this.#stream.closed) {
      this.#ended = true;
      this.#exchange.end([]);
    }
    return Promise.resolve();
  }

  /** Ends both sides: by its END_STREAM where ours was sent already and the peer's has come, else by a reset. */
  close(): void {
    this.#body.abort(new Deno.errors.Interrupted("The stream was closed"));
    if (this.#stream.closed || this.#ended && this.#stream.received) return;
    this.#driver.core.reset(this.#stream, ErrorCode.Cancel);
    this.#exchange.makeRoom();
    this.#driver.flush();
    this.#driver.settle();
  }

  /** The connection is the client's, which keeps the process alive while it has a stream. */
  ref(): void {}

  /** The connection is the client's, which keeps the process alive while it has a stream. */
  unref(): void {}

  [Symbol.dispose](): void {
    this.close();
  }
}
