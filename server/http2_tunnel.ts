/**
 * Owns the raw duplex of a CONNECT's stream: octets in DATA frames, both ways (RFC 9113 §8.5). Knows nothing of what they
 * mean.
 *
 * @module
 */

import type { ReceivedBody } from "../http/received_body.ts";
import { ErrorCode } from "../http2/error.ts";
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
  #ended = false;

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
    if (into.length === 0) return 0;
    const bytes = this.#rest ?? await this.#body.read();
    if (bytes === null) return null;
    const count = Math.min(into.length, bytes.length);
    into.set(bytes.subarray(0, count));
    this.#rest = count < bytes.length ? bytes.subarray(count) : undefined;
    return count;
  }

  async write(from: Uint8Array): Promise<number> {
    const call = this.#call;
    if (call.gone) throw new Deno.errors.BrokenPipe("Cannot write as the stream has ended");
    call.write(from.slice());
    call.flush();
    await call.room();
    return from.length;
  }

  closeWrite(): Promise<void> {
    if (!this.#ended && !this.#call.gone) {
      this.#ended = true;
      this.#driver.core.sendEnd(this.#call.stream);
      this.#driver.answered(this.#call);
    }
    return Promise.resolve();
  }

  /** Ends both sides: by its END_STREAM where ours was sent already and the peer's has come, else by a reset. */
  close(): void {
    const call = this.#call;
    if (call.gone) return;
    if (!this.#ended || !call.stream.received) this.#driver.core.reset(call.stream, ErrorCode.Cancel);
    this.#driver.answered(call);
    call.fail(new Deno.errors.Interrupted("The stream was closed"));
  }

  /** The connection is the server's, which keeps the process alive. */
  ref(): void {}

  /** The connection is the server's, which keeps the process alive. */
  unref(): void {}

  [Symbol.dispose](): void {
    this.close();
  }
}
