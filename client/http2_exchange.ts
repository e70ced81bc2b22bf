/**
 * Owns one exchange on an HTTP/2 connection, over the stream that the protocol keeps: its request's content, its response, and
 * how either ends. Knows no socket: the driver does the rest.
 *
 * @module
 */

import type { BodySource } from "../http/call.ts";
import type { Field } from "../http/fields/field.ts";
import { type BodyDemand, ReceivedBody } from "../http/received_body.ts";
import { type Http2Connection, STREAM_HIGH_WATER } from "../http2/connection.ts";
import { ErrorCode, Http2Error } from "../http2/error.ts";
import { FieldKind, fieldKind } from "../http2/field_kind.ts";
import type { ResponseHead } from "../http2/message.ts";
import type { Http2Stream } from "../http2/stream.ts";
import type { Transport } from "../net/transport.ts";
import type { Timer } from "../timer/wheel.ts";
import type { ClientContext } from "./context.ts";
import { ClientError } from "./error.ts";
import type { Exchange, ExchangeDriver, ReceivedHead } from "./exchange.ts";
import { lateError, type Resend } from "./failure.ts";
import { Http2Tunnel } from "./http2_tunnel.ts";
import { WholeBody } from "./whole_body.ts";

/** What an exchange needs of the driver of its connection. */
export interface Http2ExchangeDriver {
  /** The protocol. */
  readonly core: Http2Connection<Http2Exchange>;
  /** The client's options. */
  readonly context: ClientContext;
  /** The connection. */
  readonly transport: Transport;
  /** Whether an exchange has come to its end on the connection. */
  readonly reused: boolean;
  /** Something was commanded: it leaves with what else this turn commands. */
  flush(): void;
  /** The reader of the content wants more, or has taken some. */
  wanted(exchange: Http2Exchange): void;
  /** A stream may have been closed. */
  settle(): void;
}

/** RFC 9110 §15.3.6: this one has no content, whatever its framing says. */
const RESET_CONTENT = 205;

/** One exchange. */
export class Http2Exchange implements ExchangeDriver, BodyDemand {
  /** Its stream, once that was opened. */
  stream: Http2Stream<Http2Exchange> | undefined = undefined;
  /** The content of the response, where it comes piece by piece. */
  body: ReceivedBody | undefined = undefined;
  /** Whether the connection had carried another before. */
  readonly reused: boolean;
  /**
   * Whether content that can be had but once waits until the server has said how many streams it takes: until then it may have
   * been given more, and those that it refuses go elsewhere whole.
   */
  isDeferred = false;
  readonly #driver: Http2ExchangeDriver;
  /** Who is told; nobody once it is over. */
  #exchange: Exchange | undefined;
  #answered = false;
  /** How many interim responses came. */
  #interims = 0;
  /** Runs while the content waits for a 100 (Continue), or {@linkcode Http2Exchange.isDeferred}. */
  #timer: Timer | undefined = undefined;
  /** Whether the content waits for a 100 (Continue). */
  #isExpecting = false;
  #room: PromiseWithResolvers<void> | undefined = undefined;

  /** Made for an exchange that nothing was done for yet. */
  constructor(driver: Http2ExchangeDriver, exchange: Exchange) {
    this.#driver = driver;
    this.#exchange = exchange;
    this.reused = driver.reused;
  }

  /** Whether it asks for another protocol, so that it needs to know of the server's settings (RFC 8441 §3). */
  get isExtended(): boolean {
    return this.#exchange !== undefined && this.#exchange.request.protocols.length > 0;
  }

  /** Whether its stream is its holder's, as a transport. */
  get isTunnel(): boolean {
    return this.#answered && this.#exchange === undefined && this.stream?.method === "CONNECT";
  }

  /** Opens the stream, and sends what is there of the request. */
  open(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    const { core, context } = this.#driver;
    const { request, content } = exchange;
    const { contentLength, method } = request;
    const isTunnel = method === "CONNECT" || request.protocols.length > 0;
    // A tunnel's octets are no content (RFC 9113 §8.5): nothing says how many come.
    const stream = core.open(request.http2Fields, isTunnel ? "CONNECT" : method, isTunnel ? -1 : contentLength);
    this.stream = stream;
    stream.owner = this;
    if (contentLength === 0) {
      if (!isTunnel) core.sendEnd(stream);
    } else if (content !== null) {
      core.sendContent(stream, content);
      core.sendEnd(stream);
    } else if (request.expectsContinue) this.#expect();
    else if (core.begun) exchange.sendContent(this);
    else this.#defer(context.timeouts.write);
    this.#driver.flush();
  }

  /** A server that takes no stream, and does not refuse this one either, is not waited for for ever. */
  #defer(limit: number): void {
    this.isDeferred = true;
    this.#wait(limit, () => this.abort(lateError("the sending of the request", limit)));
  }

  /** Sends what content was {@linkcode Http2Exchange.isDeferred}. */
  sendDeferred(): void {
    this.isDeferred = false;
    this.#stopWaiting();
    this.#exchange?.sendContent(this);
  }

  /** RFC 9110 §10.1.1: a server that knows nothing of it is not waited for for ever. */
  #expect(): void {
    this.#isExpecting = true;
    this.#wait(this.#driver.context.timeouts.continue, () => this.#continue());
  }

  #continue(): void {
    if (!this.#isExpecting) return;
    this.#stopWaiting();
    this.#exchange?.sendContent(this);
  }

  #wait(limit: number, late: () => void): void {
    if (limit !== Infinity) this.#timer = this.#driver.context.scheduler.schedule(limit, late, { ref: false });
  }

  #stopWaiting(): void {
    this.#isExpecting = false;
    if (this.#timer !== undefined) this.#driver.context.scheduler.cancel(this.#timer);
    this.#timer = undefined;
  }

  // What the request's task asks for; see ExchangeDriver.

  get wantsContent(): boolean {
    return this.#exchange !== undefined && this.stream?.phase === "content";
  }

  room(): Promise<void> | undefined {
    const { stream } = this;
    if (stream === undefined || stream.closed || stream.buffered < STREAM_HIGH_WATER) return undefined;
    stream.wantsRoom = true;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  write(bytes: Uint8Array): void {
    if (this.stream === undefined) return;
    this.#driver.core.sendContent(this.stream, bytes);
    this.#driver.flush();
  }

  end(trailers: readonly Field[]): void {
    if (this.stream === undefined) return;
    for (const { name, value } of trailers) {
      if (fieldKind(name, value) < FieldKind.UnknownPseudo) continue;
      throw new TypeError(`Cannot send trailer as '${name}' must be a field that HTTP/2 can carry`);
    }
    this.#driver.core.sendEnd(this.stream, trailers);
    this.#bodiless(this.stream);
    this.#driver.flush();
    this.#driver.settle();
  }

  carries(exchange: Exchange): boolean {
    return this.#exchange === exchange;
  }

  /** The stream ends; the connection goes on. */
  abort(reason: unknown): void {
    const exchange = this.#exchange;
    const { body } = this;
    if (exchange === undefined) return;
    this.#finish();
    this.#reset(ErrorCode.Cancel);
    if (body !== undefined) body.abort(reason);
    else if (!this.#answered) exchange.failed(reason, "no");
    else exchange.broken(reason);
  }

  // What the reader of the response's content asks for; see BodyDemand.

  wanted(): void {
    this.#driver.wanted(this);
  }

  cancelled(): void {
    const exchange = this.#exchange;
    this.#finish();
    exchange?.ended();
    this.#reset(ErrorCode.Cancel);
  }

  // What the driver tells.

  /** An interim response came. */
  inform(head: ResponseHead): void {
    const { maxInformational } = this.#driver.context.limits;
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    if (++this.#interims > maxInformational) {
      this.#finish();
      this.#reset(ErrorCode.EnhanceYourCalm);
      const message = `Cannot read response as at most ${maxInformational} interim ones may come before it`;
      return exchange.failed(new Http2Error("stream", ErrorCode.EnhanceYourCalm, message, this.#place()), "no");
    }
    exchange.informed(new Http2Head(head, "none"));
    if (head.status === 100) this.#continue();
  }

  /** The response began, and more of it follows. */
  respond(head: ResponseHead): void {
    const exchange = this.#exchange;
    const { stream } = this;
    if (exchange === undefined || stream === undefined) return;
    this.#answered = true;
    this.#stopWaiting();
    if (stream.method === "CONNECT" && head.status < 300) return this.#switch(head);
    if (this.#isBodiless(head.status)) {
      this.#driver.core.discard(stream);
      exchange.responded(new Http2Head(head, "none"), null);
      return this.#bodiless(stream);
    }
    this.body = this.#makeBody(head);
    exchange.responded(new Http2Head(head, "chunked"), this.body);
  }

  /** Nothing is left to wait for of a response without content, even where the server does not end its stream. */
  #bodiless({ phase, method }: Http2Stream<Http2Exchange>): void {
    const exchange = this.#exchange;
    if (exchange === undefined || !this.#answered || this.body !== undefined) return;
    if (phase !== "ended" && method !== "CONNECT") return; // the request goes on
    this.#finish();
    exchange.ended();
    if (phase !== "ended") this.#reset(ErrorCode.Cancel); // nothing ends what was to be a tunnel
  }

  /** The response came whole: its content is a range of bytes that are not written again, and may be empty. */
  respondWhole(head: ResponseHead, content: Content): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#answered = true;
    this.#stopWaiting();
    if (this.stream?.method === "CONNECT" && head.status < 300) {
      this.#switch(head);
      return this.body?.finish(NO_FIELDS);
    }
    const { bytes, start, length, trailers } = content;
    const body: BodySource | null = this.#isBodiless(head.status)
      ? null
      : new WholeBody(bytes, start, length, trailers);
    exchange.responded(new Http2Head(head, trailers.length === 0 ? "length" : "chunked"), body);
    this.#ended();
  }

  /** The response has ended. */
  finish(trailers: readonly Field[]): void {
    this.body?.finish(trailers);
    if (this.#exchange !== undefined) this.#ended();
  }

  #ended(): void {
    const exchange = this.#exchange;
    const { stream } = this;
    this.#finish();
    exchange?.ended();
    // RFC 9113 §8.1: nobody will end a request whose content is not wanted any more.
    if (stream !== undefined && !stream.closed && stream.phase !== "ended") this.#reset(ErrorCode.Cancel);
  }

  /** There is room for more content. */
  makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** The stream or its connection has ended before its time: whoever waits for something of it is told. */
  lose(error: unknown, resend: Resend): void {
    const exchange = this.#exchange;
    const { body } = this;
    this.#finish();
    if (exchange === undefined) body?.fail(error);
    else if (body !== undefined) body.fail(exchange.broken(error));
    else if (this.#answered) exchange.broken(error);
    else exchange.failed(error, resend);
  }

  /** Whether it is over, or something of an answer came. */
  get isTouched(): boolean {
    return this.#exchange === undefined || this.#answered || this.#interims > 0;
  }

  /** How large the request's field section may be, in bytes, where it is larger; else `undefined` (RFC 9113 §6.5.2). */
  get exceeded(): number | undefined {
    const { maxHeaderListSize } = this.#driver.core.peerSettings;
    if (maxHeaderListSize === Infinity || this.#exchange === undefined) return undefined;
    return this.#exchange.request.http2Bytes > maxHeaderListSize ? maxHeaderListSize : undefined;
  }

  /** The server has said that it takes no field section of this size. */
  refuseSize(limit: number): void {
    const exchange = this.#exchange;
    this.#finish();
    const message =
      `Cannot fetch as fields must be at most ${limit} bytes for the server: received ${exchange?.request.http2Bytes}`;
    exchange?.failed(new ClientError(message, { phase: "request" }), "no");
  }

  /** The server has not said that it takes an extended CONNECT (RFC 8441 §3). */
  refuse(): void {
    const exchange = this.#exchange;
    this.#finish();
    const { protocols } = this.#driver.context;
    const message = "Cannot upgrade as the server must allow it over HTTP/2 (SETTINGS_ENABLE_CONNECT_PROTOCOL)";
    const error = new ClientError(message, { phase: "request" });
    exchange?.failed(error, protocols.has("http/1.1") ? "http/1.1" : "no");
  }

  #switch(head: ResponseHead): void {
    const exchange = this.#exchange;
    const { stream } = this;
    if (exchange === undefined || stream === undefined) return;
    this.#exchange = undefined;
    this.body = this.#makeBody(undefined);
    exchange.switched(new Http2Head(head, "none"), new Http2Tunnel(this.#driver, this, stream, this.body));
  }

  #makeBody(head: ResponseHead | undefined): ReceivedBody {
    const length = head?.contentLength ?? -1;
    return new ReceivedBody(this, length < 0 ? undefined : length);
  }

  /** RFC 9110 §6.4.1. */
  #isBodiless(status: number): boolean {
    return this.stream?.method === "HEAD" || status === 204 || status === RESET_CONTENT || status === 304;
  }

  #place(): { readonly streamId: number } {
    return { streamId: this.stream?.id ?? 0 };
  }

  #reset(code: ErrorCode): void {
    if (this.stream === undefined) return;
    this.#driver.core.reset(this.stream, code);
    this.#driver.flush();
    this.#driver.settle();
  }

  #finish(): void {
    this.#exchange = undefined;
    this.#stopWaiting();
    this.makeRoom();
  }
}

/** The content of a response that came whole. */
export interface Content {
  /** The bytes that it is among. */
  readonly bytes: Uint8Array;
  /** Where it begins. */
  readonly start: number;
  /** How long it is, in bytes. */
  readonly length: number;
  /** The trailer section. */
  readonly trailers: readonly Field[];
}

/** A response's head as a task needs it. */
class Http2Head implements ReceivedHead {
  readonly reason = "";
  readonly framing: ReceivedHead["framing"];
  readonly #head: ResponseHead;

  constructor(head: ResponseHead, framing: ReceivedHead["framing"]) {
    this.#head = head;
    this.framing = framing;
  }

  get status(): number {
    return this.#head.status;
  }

  fields(): readonly Field[] {
    return this.#head.fields;
  }
}

const NO_FIELDS: readonly Field[] = [];
