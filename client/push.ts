/**
 * Owns a response that a server gives before it is asked (RFC 9113 §8.4): what its request must be, and who takes it. Knows no
 * connection.
 *
 * @module
 */

import type { BodySource } from "../http/call.ts";
import type { Field } from "../http/fields/field.ts";
import { setReceivedTrailers } from "../http/trailers.ts";
import type { RequestHead } from "../http2/message.ts";
import type { ClientContext } from "./context.ts";
import { decoded } from "./decode.ts";
import { rejectionOf } from "./error.ts";
import type { Exchange, ExchangeDriver, ReceivedHead } from "./exchange.ts";
import { lazyResponse, protocolOfHead } from "./response.ts";
import type { Push } from "./types.ts";
import { WireRequest } from "./wire_request.ts";

/** Whether a server may push the answer to such a request (RFC 9113 §8.4): it is safe, without content, and its own to answer. */
export function isPushable({ method, scheme, authority, contentLength }: RequestHead, origin: string): boolean {
  if (method !== "GET" && method !== "HEAD" || contentLength > 0) return false;
  return URL.parse(`${scheme}://${authority}`)?.origin === origin;
}

/** The way of a pushed response to whoever takes it. */
export class PushTask implements Exchange {
  /** What the callback is told. */
  readonly push: Push;
  readonly request: WireRequest;
  readonly content = null;
  readonly needsHttp1 = false;
  readonly #context: ClientContext;
  readonly #url: string;
  #settle: PromiseWithResolvers<Response> | undefined;
  /** Whether nobody has taken it while that was possible. */
  #isCancelled = false;

  /** Made of a request that {@linkcode isPushable}. */
  constructor(head: RequestHead, context: ClientContext) {
    const { method, scheme, authority, path, fields } = head;
    this.#context = context;
    this.#url = `${scheme}://${authority}${path}`;
    this.request = new WireRequest({
      method,
      secure: scheme === "https",
      host: authority,
      path,
      fields: [],
      contentLength: 0,
      saysLength: false,
      announcements: [],
      expectsContinue: false,
      closes: false,
      protocols: [],
    });
    this.push = { request: new Request(this.#url, { method, headers: pairs(fields) }), accept: () => this.#accept() };
  }

  /** Whether somebody takes the response. */
  get accepted(): boolean {
    return this.#settle !== undefined;
  }

  /** Nobody takes it any more. */
  cancel(): void {
    this.#isCancelled = true;
  }

  #accept(): Promise<Response> {
    if (this.#isCancelled) {
      return Promise.reject(new TypeError("Cannot accept push as that must be done before 'onPush' returns"));
    }
    this.#settle ??= Promise.withResolvers();
    return this.#settle.promise;
  }

  /** See {@linkcode Exchange.assigned}. */
  assigned(_driver: ExchangeDriver): void {}

  /** Nobody asked to be told. */
  informed(): void {}

  /** There is no content. */
  sendContent(): void {}

  /** See {@linkcode Exchange.responded}. */
  responded(head: ReceivedHead, body: BodySource | null): void {
    const { decompress, limits } = this.#context;
    const readable = decompress && body !== null ? decoded(body, head.fields()) : body;
    const response = lazyResponse({
      status: head.status,
      statusText: head.reason,
      fields: () => head.fields(),
      body: readable,
      url: this.#url,
      redirected: false,
      protocol: protocolOfHead(head),
      bodyLimit: limits.maxBodyBytes,
    });
    if (body !== null && head.framing === "chunked") setReceivedTrailers(response, () => body.trailers());
    this.#settle?.resolve(response);
  }

  /** A pushed response opens nothing. */
  switched(): void {}

  /** See {@linkcode Exchange.ended}. */
  ended(): void {}

  /** See {@linkcode Exchange.failed}. */
  failed(error: unknown): void {
    this.#settle?.reject(rejectionOf(error));
  }

  /** See {@linkcode Exchange.broken}. */
  broken(error: unknown): unknown {
    return rejectionOf(error);
  }
}

function pairs(fields: readonly Field[]): [string, string][] {
  return fields.map(({ name, value }) => [name, value]);
}
