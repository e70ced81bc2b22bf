/**
 * Owns the sending of content that isn't known whole: never faster than the wire takes it, and no longer than it is
 * wanted. Knows nothing of framing and of the answer.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import type { ExchangeDriver } from "./exchange.ts";

/** What an upload sends. */
export interface UploadSource {
  /** The content. */
  readonly stream: ReadableStream<Uint8Array>;
  /** The trailer section, asked for once the content was sent. */
  trailers(): readonly Field[] | Promise<readonly Field[]>;
  /** Told when the content or its trailers could not be had, so that the request can't be sent whole. */
  failed(error: unknown): void;
}

/** Content on its way. */
export class Upload {
  readonly #driver: ExchangeDriver;
  readonly #source: UploadSource;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #stopped = false;

  /**
   * Made when content may be sent.
   *
   * @throws {TypeError} If the stream is locked.
   */
  constructor(driver: ExchangeDriver, source: UploadSource) {
    this.#driver = driver;
    this.#source = source;
    this.#reader = source.stream.getReader();
  }

  /** Sends until the content's end, or until nobody wants it; never rejects. */
  async run(): Promise<void> {
    const driver = this.#driver;
    try {
      while (!this.#stopped) {
        await driver.room();
        const { done, value } = await this.#reader.read();
        if (this.#stopped) return;
        if (!driver.wantsContent) return this.stop(undefined);
        if (done) {
          const trailers = await this.#source.trailers();
          this.#stopped = true;
          if (driver.wantsContent) driver.end(trailers);
          return;
        }
        if (!(value instanceof Uint8Array)) {
          throw new TypeError(`Cannot send content as its chunks must be Uint8Arrays: received ${typeof value}`);
        }
        driver.write(value);
      }
    } catch (error) {
      this.stop(error);
      this.#source.failed(error);
    }
  }

  /** Nobody wants the rest: the stream is cancelled. */
  stop(reason: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#reader.cancel(reason).catch(() => {}); // what it says of its end changes nothing any more
  }
}
