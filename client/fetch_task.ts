/**
 * Owns one `fetch` from its call to its response's last octet: its attempts, redirects, deadline and abort. Knows no
 * socket, and nothing of how connections are found.
 *
 * @module
 */

import type { BodySource, Protocol } from "../http/call.ts";
import type { Field } from "../http/fields/field.ts";
import { isIdempotentMethod } from "../http/fields/method.ts";
import { isTrailerAllowed } from "../http/fields/trailer.ts";
import { setReceivedTrailers, type TrailersInit } from "../http/trailers.ts";
import { Http1Error } from "../http1/error.ts";
import type { Transport } from "../net/transport.ts";
import type { Timer } from "../timer/wheel.ts";
import type { ClientContext } from "./context.ts";
import { decoded } from "./decode.ts";
import { ClientError, rejectionOf } from "./error.ts";
import type { Carrier, Exchange, ExchangeDriver, ReceivedHead } from "./exchange.ts";
import { lateError, type Resend } from "./failure.ts";
import type { ResponseSource } from "./lazy_response.ts";
import { locationOf, redirected } from "./redirect.ts";
import { encode, fieldsOf, isSentWhole, type OutgoingRequest } from "./request.ts";
import { lazyResponse, protocolOfHead } from "./response.ts";
import { Upload } from "./upload.ts";
import type { WireRequest } from "./wire_request.ts";

/** How often a request goes over another connection, where it may: past that more than one connection was bad luck. */
export const MAX_RESENDS = 2;

/** What a task is a part of. */
export interface TaskOwner {
  /** The client's options. */
  readonly context: ClientContext;
  /** Finds what carries requests. */
  readonly carrier: Carrier;
}

/** One `fetch`. */
export class FetchTask implements Exchange {
  request: WireRequest;
  content: Uint8Array | null = null;
  needsHttp1 = false;
  readonly #owner: TaskOwner;
  readonly #settle: PromiseWithResolvers<Response> = Promise.withResolvers();
  #outgoing: OutgoingRequest;
  #driver: ExchangeDriver | undefined;
  #upload: Upload | undefined;
  #timer: Timer | undefined;
  #onAbort: (() => void) | undefined;
  #redirects = 0;
  #resends = 0;
  #begun = false;
  #redirecting = false;
  /** Whether nothing more can happen to it. */
  #over = false;

  /** Made of a request that is complete; `request` is what is sent for it. */
  constructor(owner: TaskOwner, outgoing: OutgoingRequest, request: WireRequest) {
    this.#owner = owner;
    this.#outgoing = outgoing;
    this.request = request;
  }

  /** Sends the request; settles as `fetch` does. */
  run(): Promise<Response> {
    const { signal, timeout } = this.#outgoing;
    if (signal !== null) {
      if (signal.aborted) {
        this.#reject(signal.reason);
        return this.#settle.promise;
      }
      this.#onAbort = () => this.#cancel(signal.reason);
      signal.addEventListener("abort", this.#onAbort);
    }
    if (timeout !== Infinity) {
      const { scheduler } = this.#owner.context;
      const late = () => this.#cancel(lateError("the whole of it", timeout));
      this.#timer = scheduler.schedule(timeout, late, { ref: false });
    }
    this.#send();
    return this.#settle.promise;
  }

  #send(): void {
    this.content = isSentWhole(this.#outgoing) && !this.request.expectsContinue
      ? this.#outgoing.content?.bytes ?? null
      : null;
    this.#owner.carrier.carry(this.#outgoing.target, this);
  }

  /** See {@linkcode Exchange.assigned}. */
  assigned(driver: ExchangeDriver): void {
    this.#driver = driver;
  }

  /** See {@linkcode Exchange.sendContent}. */
  sendContent(driver: ExchangeDriver): void {
    const { content, trailers } = this.#outgoing;
    if (content === null) return;
    this.#begun = true;
    try {
      if (isSentWhole(this.#outgoing) && content.bytes !== null) {
        driver.write(content.bytes);
        driver.end([]);
        return;
      }
      this.#upload = new Upload(driver, {
        stream: content.open(),
        trailers: () => trailers === undefined ? [] : trailerFields(trailers),
        failed: (error) => this.#cancel(rejectionOf(error)),
      });
      this.#upload.run();
    } catch (error) {
      this.#cancel(rejectionOf(error));
    }
  }

  /** See {@linkcode Exchange.informed}. */
  informed(head: ReceivedHead): void {
    const { onInformation } = this.#outgoing;
    if (onInformation === undefined) return;
    const headers = new Headers(head.fields().map(({ name, value }): [string, string] => [name, value]));
    try {
      onInformation({ status: head.status, headers });
    } catch (error) {
      reportError(error);
    }
  }

  /** See {@linkcode Exchange.responded}. */
  responded(head: ReceivedHead, body: BodySource | null): void {
    const { redirect, target } = this.#outgoing;
    const location = redirect === "manual" ? undefined : locationOf(head.status, () => head.fields());
    if (location !== undefined) return this.#redirect(head.status, location, body);
    const { context } = this.#owner;
    const readable = context.decompress && body !== null ? decoded(body, head.fields()) : body;
    const response = lazyResponse(
      new ReceivedResponse(head, readable, target.href, this.#redirects > 0, context.limits.maxBodyBytes),
    );
    if (body !== null && head.framing === "chunked") setReceivedTrailers(response, () => body.trailers());
    this.#settle.resolve(response);
  }

  #redirect(status: number, location: string, body: BodySource | null): void {
    const { maxRedirects } = this.#owner.context.limits;
    this.#redirecting = true;
    this.#stopContent(undefined);
    body?.cancel();
    try {
      if (this.#outgoing.redirect === "error") throw redirectError("none was allowed");
      if (this.#redirects++ >= maxRedirects) throw redirectError(`at most ${maxRedirects} are followed`);
      this.#outgoing = redirected(this.#outgoing, status, location);
      this.request = encode(this.#outgoing, this.#owner.context);
    } catch (error) {
      return this.#reject(rejectionOf(error));
    }
    queueMicrotask(() => { // by then the connection rests, and may carry the next request
      if (this.#over) return;
      this.#redirecting = this.#begun = this.needsHttp1 = false;
      this.#resends = 0;
      this.#driver = undefined;
      this.#send();
    });
  }

  /** See {@linkcode Exchange.switched}: nothing that `fetch` sends asks for it. */
  switched(_head: ReceivedHead, transport: Transport): void {
    transport.close();
    this.#reject(rejectionOf(new Http1Error(502, "Cannot fetch as the server must not switch protocols")));
  }

  /** See {@linkcode Exchange.ended}. */
  ended(): void {
    if (!this.#redirecting) this.#finish();
  }

  /** See {@linkcode Exchange.failed}. */
  failed(error: unknown, resend: Resend): void {
    if (this.#over) return;
    this.#upload?.stop(error);
    if (!this.#mayResend(resend)) return this.#reject(rejectionOf(error));
    this.#resends++;
    this.#driver = undefined;
    this.#begun = false;
    if (resend === "http/1.1") this.needsHttp1 = true;
    else if (resend !== "refused") this.#owner.carrier.distrust(this.#outgoing.target);
    this.#send();
  }

  /** RFC 9110 §9.2.2: only what was not processed, or does no harm twice; and only while the content is still there. */
  #mayResend(resend: Resend): boolean {
    const { content, method } = this.#outgoing;
    if (resend === "no" || this.#resends >= MAX_RESENDS) return false;
    if (this.#begun && content !== null && !content.repeatable) return false;
    return resend !== "unanswered" || isIdempotentMethod(method);
  }

  /** See {@linkcode Exchange.broken}. */
  broken(error: unknown): unknown {
    this.#finish();
    return rejectionOf(error);
  }

  /** Ends it wherever it is. */
  #cancel(reason: unknown): void {
    if (this.#over) return;
    this.#reject(reason);
    this.#owner.carrier.withdraw(this.#outgoing.target, this);
    if (this.#driver?.carries(this)) this.#driver.abort(reason);
  }

  #reject(reason: unknown): void {
    this.#finish(reason);
    this.#settle.reject(reason); // does nothing where the response was given already
  }

  #finish(reason?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#onAbort !== undefined) this.#outgoing.signal?.removeEventListener("abort", this.#onAbort);
    if (this.#timer !== undefined) this.#owner.context.scheduler.cancel(this.#timer);
    this.#stopContent(reason);
  }

  /** No more of the content is sent: a stream is told so, also where nothing of it was (Fetch §5.6, "abort a fetch() call"). */
  #stopContent(reason: unknown): void {
    this.#upload?.stop(reason);
    const { content } = this.#outgoing;
    if (this.#begun || content === null || content.repeatable) return;
    content.open().cancel(reason).catch(() => {}); // what it says of its end changes nothing any more
  }
}

/** A response's head and content as the lazy `Response` reads them. */
class ReceivedResponse implements ResponseSource {
  readonly body: BodySource | null;
  readonly url: string;
  readonly redirected: boolean;
  readonly bodyLimit: number;
  readonly #head: ReceivedHead;

  // Five arguments in place of a bag, as this runs once a response.
  constructor(head: ReceivedHead, body: BodySource | null, url: string, redirected: boolean, bodyLimit: number) {
    this.#head = head;
    this.body = body;
    this.url = url;
    this.redirected = redirected;
    this.bodyLimit = bodyLimit;
  }

  get status(): number {
    return this.#head.status;
  }

  get statusText(): string {
    return this.#head.reason;
  }

  get protocol(): Protocol {
    return protocolOfHead(this.#head);
  }

  fields(): readonly Field[] {
    return this.#head.fields();
  }
}

function redirectError(why: string): ClientError {
  return new ClientError(`Cannot follow redirect as ${why}`, { phase: "redirect" });
}

/**
 * The trailer section that `init.trailers` gives.
 *
 * @throws {TypeError} If a field is malformed, or one that a trailer section must not have (RFC 9110 §6.5.1).
 */
async function trailerFields(init: TrailersInit): Promise<Field[]> {
  const fields = fieldsOf(typeof init === "function" ? await init() : init);
  const forbidden = fields.find(({ name }) => !isTrailerAllowed(name));
  if (forbidden === undefined) return fields;
  throw new TypeError(`Cannot send trailer as it must not be such a field: received ${forbidden.name}`);
}
