/**
 * Owns the `Response` for platforms that keep its state where we can't reach: a real one, made at once, whose body methods
 * are bounded. Knows nothing of slots.
 *
 * @module
 */

import type { Bytes } from "../http/body.ts";
import { boundBody } from "../http/bounded_body.ts";
import { CONTENT_DECODED } from "../http/response_reader.ts";
import type { Protocol } from "../http/call.ts";
import { setReceivedTrailers } from "../http/trailers.ts";
import { DecodedBody } from "./decode.ts";
import { PROTOCOL, type ResponseSource } from "./lazy_response.ts";

/** A real `Response` over a source; its headers may be changed. */
export class EagerResponse extends Response {
  readonly #source: ResponseSource;

  /** Makes one of a source, or of the body of a clone of one that had it. */
  constructor(source: ResponseSource, body: ReadableStream<Bytes> | null) {
    super(body, { headers: source.fields().map(({ name, value }): [string, string] => [name, value]) });
    this.#source = source;
  }

  /** Tells a server that sends the response on whether its `content-encoding` is true of what it sends. */
  get [CONTENT_DECODED](): boolean {
    return this.#source.body instanceof DecodedBody;
  }

  get [PROTOCOL](): Protocol | undefined {
    return this.#source.protocol;
  }

  override get type(): ResponseType {
    return "basic";
  }

  override get url(): string {
    return this.#source.url;
  }

  override get redirected(): boolean {
    return this.#source.redirected;
  }

  override get status(): number {
    return this.#source.status;
  }

  override get statusText(): string {
    return this.#source.statusText;
  }

  override get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  override clone(): Response {
    const clone = new EagerResponse(this.#source, super.clone().body);
    const { body } = this.#source;
    if (body !== null) setReceivedTrailers(clone, () => body.trailers());
    return clone;
  }

  static {
    boundBody(this.prototype, (response) => ({
      limit: response.#source.bodyLimit,
      length: response.#source.body?.length,
    }));
  }
}
