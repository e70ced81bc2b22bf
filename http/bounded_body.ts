/**
 * Owns the body methods of a real `Request` or `Response` that was made here: they read no more than their bound. Knows
 * nothing of where the body comes from, and of no slots.
 *
 * @module
 */

import { type Bytes, NO_CONTENT, readStream, streamOf } from "./body.ts";
import { pack, UTF8 } from "./lazy_request.ts";

/** What reading a body whole needs beside its stream. */
export interface BodyBounds {
  /** The most to take, in bytes. */
  readonly limit: number;
  /** The length that was announced, in bytes, if any. */
  readonly length: number | undefined;
}

/** Gives the prototype of a class of real requests or responses body methods that keep to the bounds of each. */
export function boundBody<T extends Request | Response>(prototype: T, boundsOf: (message: T) => BodyBounds): void {
  const take = (message: T): Bytes | Promise<Bytes> => {
    const { body } = message;
    if (body === null) return new Uint8Array(0);
    if (message.bodyUsed || body.locked) throw unusable();
    const { limit, length } = boundsOf(message);
    return readStream(body, limit, length);
  };
  const methods = {
    async arrayBuffer(this: T): Promise<ArrayBuffer> {
      const bytes = await take(this);
      return bytes.length === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
    },
    async blob(this: T): Promise<Blob> {
      return await pack(await take(this), this.headers).blob();
    },
    async bytes(this: T): Promise<Bytes> {
      return await take(this);
    },
    async formData(this: T): Promise<FormData> {
      return await pack(await take(this), this.headers).formData();
    },
    async json(this: T): Promise<unknown> {
      return JSON.parse(UTF8.decode(await take(this)));
    },
    async text(this: T): Promise<string> {
      return UTF8.decode(await take(this));
    },
    textStream(this: T): ReadableStream<string> {
      if (this.bodyUsed || this.body?.locked) throw unusable();
      return (this.body ?? streamOf(NO_CONTENT)).pipeThrough(new TextDecoderStream());
    },
  };
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(prototype, name, { value, writable: true, enumerable: true, configurable: true });
  }
}

function unusable(): TypeError {
  return new TypeError("Cannot read body as it must not be used or locked");
}
