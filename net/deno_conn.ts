/**
 * Owns the thin cover that makes a {@linkcode Transport} of a platform's connection and a {@linkcode Listener} of its
 * listener; knows nothing of how either was opened.
 *
 * @module
 */

import type { Address, Listener, Transport } from "./transport.ts";

/** A connection of the platform's as a {@linkcode Transport}: reads and writes give the platform's own promises. */
export class ConnTransport<C extends Deno.Conn<Deno.Addr> = Deno.Conn<Deno.Addr>> implements Transport {
  /** The platform's connection. */
  protected readonly conn: C;
  #closed = false;

  constructor(conn: C) {
    this.conn = conn;
  }

  get localAddr(): Address {
    return this.conn.localAddr;
  }

  get remoteAddr(): Address {
    return this.conn.remoteAddr;
  }

  get alpn(): string | null {
    return null;
  }

  get secure(): boolean {
    return false;
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.conn.read(into);
  }

  write(from: Uint8Array): Promise<number> {
    return this.conn.write(from);
  }

  closeWrite(): Promise<void> {
    return this.conn.closeWrite();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.conn.close();
  }

  ref(): void {
    this.conn.ref();
  }

  unref(): void {
    this.conn.unref();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A listener of the platform's as a {@linkcode Listener}. */
export class ConnListener<C extends Deno.Conn<Deno.Addr>, A extends Deno.Addr> implements Listener {
  readonly #listener: Deno.Listener<C, A>;
  readonly #cover: (conn: C) => Transport;
  #closed = false;

  constructor(listener: Deno.Listener<C, A>, cover: (conn: C) => Transport) {
    this.#listener = listener;
    this.#cover = cover;
  }

  get addr(): A {
    return this.#listener.addr;
  }

  async accept(): Promise<Transport> {
    return this.#cover(await this.#listener.accept());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
  }

  ref(): void {
    this.#listener.ref();
  }

  unref(): void {
    this.#listener.unref();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
