/**
 * Owns the raw duplex of a CONNECT's stream: octets in DATA frames, both ways (RFC 9113 §8.5). Knows nothing of what they
 * mean.
 *
 * @module
 */

import type { ReceivedBody } from "../http/received_body.ts";
import { STREAM_HIGH_WATER } from "../http2/connection.ts";
import type { Address, Transport } from "../net/transport.ts";
import type { Http2Call, Http2CallDriver } from "./http2_call.ts";

/** A stream as a {@linkcode Transport}. */
export class Http2Tunnel implements Transport {
  readonly alpn = null;
  readonly #driver: Http2CallDriver;
  readonly #call: Http2Call;
  readonly #body: ReceivedBody;
  /** What came, and no read had room for. */
  #rest: Uint8Array | undefined;
  /** Whether this side has ended. */
  #ended = false;
  #closed = false;

  /** Made once the answer that opens it was commanded. */
  constructor(driver: Http2CallDriver, call: Http2Call, body: ReceivedBody) {
    this.#driver = driver;
    this.#call = call;
    this.#body = body;
  }

  get localAddr(): Address {
    return this.#driver.localAddr;
  }

  get remoteAddr(): Address {
    return this.#driver.remoteAddr;
  }

  get secure(): boolean {
    return this.#driver.secure;
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  async read(into: Uint8Array): Promise<number | null> {
    this.#check();
    if (into.length === 0) return 0;
    const bytes = this.#rest ?? await this.#body.read();
    if (bytes === null) return null;
    const count = Math.min(into.length, bytes.length);
    into.set(bytes.subarray(0, count));
    this.#rest = count < bytes.length ? bytes.subarray(count) : undefined;
    return count;
  }

  /** Settles once there is room for more, so that a client that doesn't read holds its writer up. */
  async write(from: Uint8Array): Promise<number> {
    this.#check();
    if (this.#ended) throw new Deno.errors.BrokenPipe("Cannot write as this side must not have ended");
    this.#checkPeer();
    const bytes = from.slice(0, STREAM_HIGH_WATER);
    this.#call.write(bytes);
    this.#call.flush();
    await this.#call.room();
    if (this.#closed) throw new Deno.errors.Interrupted("The stream was closed");
    this.#checkPeer();
    return bytes.length;
  }

  closeWrite(): Promise<void> {
    if (this.#ended || this.#closed || this.#call.gone) return Promise.resolve();
    this.#ended = true;
    this.#driver.core.sendEnd(this.#call.stream);
    this.#call.flush();
    return Promise.resolve();
  }

  /** What was written still leaves, as by a socket; what comes is thrown away. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rest = undefined;
    if (!this.#call.gone) this.#driver.left(this.#call);
  }

  #check(): void {
    if (this.#closed) throw new Deno.errors.BadResource("The stream was closed");
  }

  #checkPeer(): void {
    if (this.#call.gone) throw new Deno.errors.ConnectionReset("The stream was reset");
  }

  /** The connection is the server's, which keeps the process alive. */
  ref(): void {}

  /** The connection is the server's, which keeps the process alive. */
  unref(): void {}

  [Symbol.dispose](): void {
    this.close();
  }
}
