/**
 * Owns the by-hand use of a transport: text in, text out, as a test or an example speaks a protocol; knows no protocol.
 *
 * @module
 */

import type { ByteView } from "./byte_view.ts";
import { Reader } from "./reader.ts";
import type { Transport } from "./transport.ts";

const encoder = new TextEncoder();

/** Longest text that {@linkcode Wire.readUntil} reads, in bytes, unless told otherwise. */
const DEFAULT_LIMIT = 1024 * 1024;

/**
 * A {@linkcode Transport} to speak over by hand.
 *
 * @example
 * ```ts
 * import { memoryPipe, Wire } from "@avx/http/net";
 * import { assertEquals } from "@std/assert";
 *
 * const [near, far] = memoryPipe();
 * await using client = new Wire(near);
 * await using server = new Wire(far);
 * await client.write("GET / HTTP/1.1\r\n\r\n");
 * assertEquals(await server.readUntil("\r\n"), "GET / HTTP/1.1\r\n");
 * ```
 */
export class Wire<T extends Transport = Transport> implements AsyncDisposable {
  /** What the wire reads from and writes to. */
  readonly transport: T;
  readonly #reader: Reader;

  /** Makes a wire that alone reads from `transport`. */
  constructor(transport: T) {
    this.transport = transport;
    this.#reader = new Reader(transport);
  }

  /** Writes all of `data`, a string as UTF-8. Rejects as the transport does. */
  async write(data: string | Uint8Array): Promise<void> {
    let rest = typeof data === "string" ? encoder.encode(data) : data;
    while (rest.length > 0) rest = rest.subarray(await this.transport.write(rest));
  }

  /** Ends this side; reads go on. */
  end(): Promise<void> {
    return this.transport.closeWrite();
  }

  /** What comes next, as soon as there is something, in bytes of the caller's own; `null` at the end. */
  async read(): Promise<Uint8Array | null> {
    if (this.#reader.length === 0 && !await this.#reader.fill()) return null;
    return this.#reader.take();
  }

  /** The next `count` bytes. Rejects with `Deno.errors.UnexpectedEof` if the peer ends before. */
  async readBytes(count: number): Promise<Uint8Array> {
    return (await this.#reader.readExact(count)).copy();
  }

  /** The next `count` bytes as UTF-8. Rejects with `Deno.errors.UnexpectedEof` if the peer ends before. */
  async readText(count: number): Promise<string> {
    return (await this.#reader.readExact(count)).toText();
  }

  /**
   * What comes until `text`, and `text` itself, as UTF-8.
   *
   * Rejects with {@linkcode LimitError} if that is more than `limit` bytes, 1 MiB by default, and with
   * `Deno.errors.UnexpectedEof` if the peer ends before.
   */
  async readUntil(text: string, limit: number = DEFAULT_LIMIT): Promise<string> {
    return (await this.#reader.readUntil(encoder.encode(text), { limit })).toText();
  }

  /** Everything until the peer ends its side, as UTF-8. */
  async readToEnd(): Promise<string> {
    return (await this.#readAll()).toText();
  }

  /** Everything until the peer ends its side. */
  async readBytesToEnd(): Promise<Uint8Array> {
    return (await this.#readAll()).copy();
  }

  /** Closes both sides at once. */
  close(): void {
    this.transport.close();
  }

  /** Closes both sides at once. */
  [Symbol.asyncDispose](): Promise<void> {
    this.transport.close();
    return Promise.resolve();
  }

  async #readAll(): Promise<ByteView> {
    while (await this.#reader.fill());
    const all = this.#reader.view;
    this.#reader.consume(all.length);
    return all;
  }
}
