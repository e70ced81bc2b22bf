/**
 * Owns the `Request` for platforms that keep its state where we can't reach: a real one, made at once, whose body
 * methods are bounded. Knows nothing of slots.
 *
 * @module
 */

import { type Bytes, DEFAULT_BODY_LIMIT, NO_CONTENT, readStream, streamOf } from "./body.ts";
import type { RequestSource } from "./call.ts";
import { dressAsRequest, pack, UTF8 } from "./lazy_request.ts";

/** A real `Request` over a source. */
export class EagerRequest extends Request {
  readonly #source: RequestSource;

  /** Makes one of a source, or of the clone of one that had it. */
  constructor(source: RequestSource, clone?: Request) {
    super(clone ?? source.url, clone === undefined ? initOf(source) : {});
    this.#source = source;
  }

  /** The source of a request made here, `undefined` for any other. */
  static sourceOf(request: Request): RequestSource | undefined {
    return #source in request ? request.#source : undefined;
  }

  /** In its wire case: the platform's own would say "GET" of "get", which is another method (RFC 9110 §9.1). */
  override get method(): string {
    return this.#source.method;
  }

  override clone(): Request {
    return new EagerRequest(this.#source, super.clone());
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.#take();
    return bytes.length === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
  }

  override async blob(): Promise<Blob> {
    return await pack(await this.#take(), this.headers).blob();
  }

  override async bytes(): Promise<Bytes> {
    return await this.#take();
  }

  override async formData(): Promise<FormData> {
    return await pack(await this.#take(), this.headers).formData();
  }

  override async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  override async text(): Promise<string> {
    return UTF8.decode(await this.#take());
  }

  override textStream(): ReadableStream<string> {
    const stream = this.body;
    if (this.bodyUsed || stream?.locked) throw new TypeError("Cannot read body as it must not be used or locked");
    return (stream ?? streamOf(NO_CONTENT)).pipeThrough(new TextDecoderStream());
  }

  #take(): Bytes | Promise<Bytes> {
    const stream = this.body;
    if (stream === null) return new Uint8Array(0);
    if (this.bodyUsed || stream.locked) throw new TypeError("Cannot read body as it must not be used or locked");
    return readStream(stream, this.#source.bodyLimit ?? DEFAULT_BODY_LIMIT, this.#source.body?.length);
  }
}

dressAsRequest(EagerRequest.prototype);

function initOf(source: RequestSource): RequestInit {
  return {
    method: source.method,
    headers: source.fields().map((field): [string, string] => [field.name, field.value]),
    body: source.body === null ? null : streamOf(source.body),
    signal: source.signal,
  };
}
