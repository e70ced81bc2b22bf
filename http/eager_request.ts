/**
 * Owns the `Request` for platforms that keep its state where we can't reach: a real one, made at once, whose body
 * methods are bounded. Knows nothing of slots.
 *
 * @module
 */

import { DEFAULT_BODY_LIMIT, streamOf } from "./body.ts";
import { boundBody } from "./bounded_body.ts";
import type { RequestSource } from "./call.ts";
import { dressAsRequest } from "./lazy_request.ts";

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

  static {
    boundBody(this.prototype, (request) => ({
      limit: request.#source.bodyLimit ?? DEFAULT_BODY_LIMIT,
      length: request.#source.body?.length,
    }));
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
