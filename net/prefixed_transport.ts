/**
 * Owns the octets that came before a connection changed hands, and gives them first; knows nothing of what they mean.
 *
 * @module
 */

import type { Address, Transport } from "./transport.ts";

/** A transport with some octets before what it reads. */
export class PrefixedTransport implements Transport {
  #transport: Transport;
  #prefix: Uint8Array;
  #onClose: (() => void) | undefined;

  /** Covers a transport that nobody reads from any more; `onClose` is told when it is closed. */
  constructor(transport: Transport, prefix: Uint8Array, onClose: () => void) {
    this.#transport = transport;
    this.#onClose = onClose;
    this.#prefix = prefix;
  }

  get localAddr(): Address {
    return this.#transport.localAddr;
  }

  get remoteAddr(): Address {
    return this.#transport.remoteAddr;
  }

  get alpn(): string | null {
    return this.#transport.alpn;
  }

  get secure(): boolean {
    return this.#transport.secure;
  }

  ready(): Promise<void> {
    return this.#transport.ready();
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#prefix.length === 0 || into.length === 0) return this.#transport.read(into);
    const count = Math.min(into.length, this.#prefix.length);
    into.set(this.#prefix.subarray(0, count));
    this.#prefix = this.#prefix.subarray(count);
    return Promise.resolve(count);
  }

  write(from: Uint8Array): Promise<number> {
    return this.#transport.write(from);
  }

  closeWrite(): Promise<void> {
    return this.#transport.closeWrite();
  }

  close(): void {
    this.#transport.close();
    this.#onClose?.();
    this.#onClose = undefined;
  }

  ref(): void {
    this.#transport.ref();
  }

  unref(): void {
    this.#transport.unref();
  }

  /** Closes both sides at once. */
  [Symbol.dispose](): void {
    this.close();
  }
}
