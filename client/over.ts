/**
 * Owns the carrying of exchanges by a handler in the same program: no bytes of a connection, but the same requests,
 * responses, trailers, interim answers and aborts. Knows no server.
 *
 * @module
 */

import type { BodySource, RequestSource } from "../http/call.ts";
import type { Field } from "../http/fields/field.ts";
import { isContentless } from "../http/fields/status.ts";
import { lazyRequest } from "../http/request.ts";
import { responseFields, takeKnownBody } from "../http/response.ts";
import { sentTrailers } from "../http/trailers.ts";
import { offerUpgrade, type Switchable, type SwitchHead, upgradeOf } from "../http/upgrade.ts";
import type { RequestHead } from "../http1/request.ts";
import { RequestHeadParser } from "../http1/request.ts";
import { memoryPipe } from "../net/memory.ts";
import type { MemoryAddress, Transport } from "../net/transport.ts";
import { ClientError } from "./error.ts";
import type { Carrier, Exchange, ExchangeDriver, ReceivedHead } from "./exchange.ts";
import { type BodyDemand, ReceivedBody } from "../http/received_body.ts";
import { WholeBody } from "./whole_body.ts";
import { fieldsOf } from "./request.ts";
import type { Target } from "./target.ts";

/** What a handler is told beside the request; the same as what a server of this library tells. */
export interface HandlerInfo {
  /** The peer's address: a name in memory. */
  readonly remoteAddr: MemoryAddress;
  /** This end's address: a name in memory. */
  readonly localAddr: MemoryAddress;
  /** The version that a connection would carry it by. */
  readonly protocol: "HTTP/1.1";
  /** Resolves when the response was taken whole, rejects when it was cut short. */
  readonly completed: Promise<void>;
  /** The request's trailer section; settles once the content was read to its end. */
  readonly trailers: Promise<Headers>;
  /** Sends an interim response, but 101. */
  inform(status: number, headers?: HeadersInit): Promise<void>;
  /** Promises nothing, as the client takes no pushes from a handler. */
  push(target: string | URL, options?: { readonly method?: "GET" | "HEAD"; readonly headers?: HeadersInit }): false;
  /** Accepts an upgrade or a CONNECT: the handler returns the response, and has the other end of the transport. */
  upgrade(options?: { readonly protocol?: string; readonly headers?: HeadersInit }): {
    readonly response: Response;
    readonly transport: Promise<Transport>;
  };
}

/** What answers requests. */
export type FetchHandler = (request: Request, info: HandlerInfo) => Response | Promise<Response>;

/** Lets a handler answer. */
export class HandlerCarrier implements Carrier {
  readonly #handler: FetchHandler;
  readonly #calls = new Set<HandlerCall>();
  #closed = false;

  /** Made for one handler. */
  constructor(handler: FetchHandler) {
    this.#handler = handler;
  }

  /** There are no connections. */
  get size(): number {
    return 0;
  }

  /** See {@linkcode Carrier.carry}. */
  carry(target: Target, exchange: Exchange): void {
    if (this.#closed) {
      return exchange.failed(new ClientError("Cannot fetch as the client is closed", { phase: "queue" }), "no");
    }
    const call = new HandlerCall(target, exchange, () => this.#calls.delete(call));
    this.#calls.add(call);
    exchange.assigned(call);
    queueMicrotask(() => call.run(this.#handler)); // never within `fetch`, as over a wire
  }

  /** Nothing waits. */
  withdraw(): void {}

  /** Nothing waits. */
  distrust(): void {}

  /** See {@linkcode Carrier.close}. */
  close(): void {
    this.#closed = true;
    for (const call of [...this.#calls]) {
      call.abort(new ClientError("Cannot fetch as the client is closed", { phase: "head" }));
    }
  }
}

/** One exchange with a handler. */
class HandlerCall implements ExchangeDriver, BodyDemand, RequestSource, Switchable<Transport> {
  readonly #exchange: Exchange;
  readonly #head: RequestHead;
  readonly #content: ReceivedBody | null;
  /** The target URI. */
  readonly url: string;
  readonly #controller = new AbortController();
  readonly #completed = Promise.withResolvers<void>();
  readonly #ended: () => void;
  #expecting: boolean;
  #answered = false;
  #over = false;
  #response: ResponseContent | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(target: Target, exchange: Exchange, ended: () => void) {
    const { head, contentLength, expectsContinue } = exchange.request;
    this.#exchange = exchange;
    this.#head = readHead(head);
    this.url = target.href;
    this.#content = contentLength === 0 ? null : new ReceivedBody(this, contentLength < 0 ? undefined : contentLength);
    this.#expecting = expectsContinue;
    this.#ended = ended;
    this.#completed.promise.catch(() => {}); // whoever asks is told; nobody else needs to be
  }

  /** Lets the handler answer. */
  async run(handler: FetchHandler): Promise<void> {
    if (this.#over) return;
    const { content } = this.#exchange;
    if (content !== null) {
      this.#content?.push(content.slice());
      this.#content?.finish([]);
    } else if (!this.#expecting) this.#exchange.sendContent(this);
    try {
      const response = await handler(lazyRequest(this), this.#info());
      if (!this.#over) this.#respond(response);
    } catch (error) {
      this.#fail(error);
    }
  }

  get method(): string {
    return this.#head.method;
  }

  get body(): BodySource | null {
    return this.#content;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get completed(): Promise<void> {
    return this.#completed.promise;
  }

  fields(): readonly Field[] {
    return this.#head.fields();
  }

  /** See {@linkcode Switchable.switchable}. */
  get switchable(): boolean {
    return this.method === "CONNECT" || this.#exchange.request.protocols.length > 0;
  }

  /** See {@linkcode Switchable.switch}: what is read here is written there. */
  switch(head: SwitchHead): Promise<Transport> {
    const [near, far] = memoryPipe();
    this.#answered = true;
    this.#finish(undefined);
    this.#exchange.switched(headOf(head.status, head.fields), near);
    return Promise.resolve(far);
  }

  /** See {@linkcode ExchangeDriver.wantsContent}. */
  get wantsContent(): boolean {
    return !this.#over && this.#content !== null && !this.#content.settled && !this.#content.cancelled;
  }

  /** See {@linkcode ExchangeDriver.room}. */
  room(): Promise<void> | undefined {
    if (this.#over || this.#content?.hungry !== false) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** See {@linkcode ExchangeDriver.write}. */
  write(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#content?.push(bytes.slice());
  }

  /** See {@linkcode ExchangeDriver.end}. */
  end(trailers: readonly Field[]): void {
    this.#content?.finish(trailers);
  }

  /** See {@linkcode ExchangeDriver.carries}. */
  carries(exchange: Exchange): boolean {
    return !this.#over && this.#exchange === exchange;
  }

  /** See {@linkcode ExchangeDriver.abort}. */
  abort(reason: unknown): void {
    if (this.#over) return;
    this.#finish(reason);
    if (this.#answered) this.#response?.abort(reason);
    else this.#exchange.failed(reason, "no");
  }

  /** See {@linkcode BodyDemand.wanted}: the reader of the request's content is there. */
  wanted(): void {
    if (this.#expecting) {
      this.#expecting = false;
      this.#exchange.informed(headOf(100, []));
      this.#exchange.sendContent(this);
    }
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** See {@linkcode BodyDemand.cancelled}. */
  cancelled(): void {
    this.#room?.resolve();
  }

  #info(): HandlerInfo {
    const body = this.#content;
    return {
      remoteAddr: { transport: "memory", name: "client" },
      localAddr: { transport: "memory", name: "handler" },
      protocol: "HTTP/1.1",
      completed: this.completed,
      get trailers() {
        if (body === null) return Promise.resolve(new Headers());
        return body.trailers().then((fields) => new Headers(fields.map(({ name, value }) => [name, value])));
      },
      inform: async (status, headers) => {
        if (!Number.isInteger(status) || status < 102 || status > 199) {
          throw new RangeError(`Cannot inform as 'status' must be 102 to 199: received ${status}`);
        }
        if (this.#answered) throw new TypeError("Cannot inform as the final response must not have been sent");
        if (!this.#over) this.#exchange.informed(headOf(status, fieldsOf(headers)));
        await Promise.resolve();
      },
      push: () => false,
      upgrade: ({ protocol, headers } = {}) => offerUpgrade(this, { protocol, fields: fieldsOf(headers) }),
    };
  }

  /** Takes a handler's response apart, as a server does. */
  #respond(response: Response): void {
    const upgrade = upgradeOf(response);
    if (upgrade !== undefined) return upgrade.accept();
    const known = takeKnownBody(response);
    const { status } = response;
    if (status < 200) {
      throw new TypeError(
        `Cannot send response as status ${status} must be given by upgradeWebSocket() of @avx/http or info.upgrade()`,
      );
    }
    const head = headOf(status, responseFields(response), response.statusText, "chunked");
    const trailers = async () => await sentTrailers(response)?.fields() ?? [];
    const wanted = this.#head.method !== "HEAD" && !isContentless(status);
    this.#answered = true;
    if (known === undefined && wanted && response.body !== null) {
      this.#response = new ResponseContent(response.body, trailers, {
        ended: () => this.#taken(),
        broken: (error) => this.#broken(error),
      });
      this.#exchange.responded(head, this.#response);
      return;
    }
    response.body?.cancel().catch(() => {}); // nobody wants it
    if (!wanted || known === null || known === undefined) this.#exchange.responded(head, null);
    else this.#exchange.responded(head, new KnownContent(known, trailers));
    this.#taken();
  }

  #taken(): void {
    if (this.#over) return;
    this.#finish(undefined);
    this.#exchange.ended();
  }

  #broken(error: unknown): unknown {
    if (this.#over) return error;
    this.#finish(error);
    return this.#exchange.broken(error);
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#finish(error);
    const message = `Cannot fetch as the handler failed: ${error instanceof Error ? error.message : error}`;
    this.#exchange.failed(new ClientError(message, { phase: "head", cause: error }), "no");
  }

  /** Nothing more happens: whoever waits for something of the exchange is told. */
  #finish(reason: unknown): void {
    this.#over = true;
    this.#ended();
    this.#room?.resolve();
    if (reason === undefined) this.#completed.resolve();
    else {
      this.#completed.reject(reason);
      this.#controller.abort(reason);
      this.#content?.abort(reason);
    }
  }
}

/** Content that a handler gave whole. */
class KnownContent extends WholeBody {
  readonly #sent: () => Promise<readonly Field[]>;

  constructor(body: string | Uint8Array, trailers: () => Promise<readonly Field[]>) {
    const bytes = typeof body === "string" ? encoder.encode(body) : body;
    super(bytes, 0, bytes.length, []);
    this.#sent = trailers;
  }

  override trailers(): Promise<readonly Field[]> {
    return this.#sent();
  }
}

/** Who is told of a response's content. */
interface ContentOwner {
  ended(): void;
  broken(error: unknown): unknown;
}

/** Content that a handler gives as a stream. */
class ResponseContent implements BodySource {
  readonly length = undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #sent: () => Promise<readonly Field[]>;
  readonly #owner: ContentOwner;
  readonly #trailers = Promise.withResolvers<readonly Field[]>();
  readonly #aborted = Promise.withResolvers<never>();
  #done = false;

  constructor(stream: ReadableStream<Uint8Array>, trailers: () => Promise<readonly Field[]>, owner: ContentOwner) {
    this.#reader = stream.getReader();
    this.#sent = trailers;
    this.#owner = owner;
    this.#trailers.promise.catch(() => {}); // whoever asks is told; nobody else needs to be
    this.#aborted.promise.catch(() => {}); // the same
  }

  async read(): Promise<Uint8Array | null> {
    if (this.#done) return await Promise.race([this.#aborted.promise, null]);
    try {
      const { done, value } = await Promise.race([this.#reader.read(), this.#aborted.promise]);
      if (!done) return value;
      this.#done = true;
      this.#trailers.resolve(await this.#sent());
      this.#owner.ended();
      return null;
    } catch (error) {
      this.#done = true;
      const told = this.#owner.broken(error);
      this.#trailers.reject(told);
      throw told;
    }
  }

  cancel(reason?: unknown): void {
    if (this.#done) return;
    this.#done = true;
    this.#trailers.reject(reason ?? new TypeError("Cannot read trailers as the content was cancelled"));
    this.#reader.cancel(reason).catch(() => {}); // nobody wants it any more
    this.#owner.ended();
  }

  abort(reason: unknown): void {
    this.#aborted.reject(reason);
    this.#trailers.reject(reason);
    this.#reader.cancel(reason).catch(() => {}); // the same
  }

  trailers(): Promise<readonly Field[]> {
    return this.#trailers.promise;
  }
}

const encoder = new TextEncoder();

function headOf(
  status: number,
  fields: readonly Field[],
  reason = "",
  framing: ReceivedHead["framing"] = "none",
): ReceivedHead {
  return { status, reason, framing, minor: 1, fields: () => fields };
}

/** Reads what the request's maker has written, as a server would. */
function readHead(bytes: Uint8Array): RequestHead {
  const limits = { maxTargetBytes: Infinity, maxHeadBytes: Infinity, maxFields: Infinity };
  const head = new RequestHeadParser(limits).read(bytes, 0, bytes.length);
  if (head === undefined) throw new TypeError("Cannot fetch as the request's head must be whole");
  return head;
}
