/**
 * Owns one request of an HTTP/1.1 connection as the server's upper half sees it, over the exchange that the codec keeps.
 * Knows no socket: the driver does the rest.
 *
 * @module
 */

import type { KnownBody, Protocol } from "../http/call.ts";
import type { Field } from "../http/fields/field.ts";
import { type BodyDemand, ReceivedBody } from "../http/received_body.ts";
import type { SwitchHead } from "../http/upgrade.ts";
import type { ServerExchange } from "../http1/exchange.ts";
import type { Address, Transport } from "../net/transport.ts";
import type { AnswerHead, ServerCall } from "./call.ts";
import { CallLifetime } from "./call_lifetime.ts";

/** What a call needs of the driver of its connection. */
export interface CallDriver {
  /** The peer's address. */
  readonly remoteAddr: Address;
  /** This end's address. */
  readonly localAddr: Address;
  /** `http` or `https`. */
  readonly scheme: "http" | "https";
  /** The most that `text()` and its like take, in bytes. */
  readonly bodyLimit: number;
  /** Tells the connection the time, before an answer that says none is completed. */
  tick(): void;
  /** The head of a plain answer. */
  plainHead(contentType: string | null): Uint8Array;
  /** The current `date`. */
  date(): string;
  /** Octets were written: they leave as soon as they can. */
  flush(): void;
  /** What to wait for before more is written. */
  room(): Promise<void> | undefined;
  /** The reader of the content wants octets, or has taken some. */
  wanted(call: Http1Call): void;
  /** Nobody reads the content on. */
  discard(call: Http1Call): void;
  /** Nobody reads the content on, and the answer is about to be complete: what its head says depends on it. */
  drain(call: Http1Call): void;
  /** The answer is complete, as far as its handler goes. */
  answered(call: Http1Call): void;
  /** The connection has to be cut, as the call's answer can't be made whole. */
  abort(call: Http1Call, reason: unknown): void;
  /** Somebody wants to know when the answer has left, or that it won't. */
  watch(call: Http1Call): void;
  /** Gives the raw duplex once the switching head has left. */
  switched(): Promise<Transport>;
}

/** A request on an HTTP/1.1 connection. */
export class Http1Call extends CallLifetime implements ServerCall, BodyDemand {
  readonly exchange: ServerExchange;
  readonly body: ReceivedBody | null;
  /** How much output there was, in bytes, when the answer was complete; infinite before. */
  mark = Infinity;
  /** Whether the call counts among those under way. */
  counted = true;
  #driver: CallDriver;
  #turn: PromiseWithResolvers<void> | undefined;

  /** Made when a head was read. */
  constructor(driver: CallDriver, exchange: ServerExchange) {
    super();
    this.#driver = driver;
    this.exchange = exchange;
    const { framing, contentLength } = exchange.head;
    this.body = contentLength === 0 ? null : new ReceivedBody(this, framing === "length" ? contentLength : undefined);
  }

  get method(): string {
    return this.exchange.head.method;
  }

  get protocol(): Protocol {
    return this.exchange.head.minor === 1 ? "HTTP/1.1" : "HTTP/1.0";
  }

  get remoteAddr(): Address {
    return this.#driver.remoteAddr;
  }

  get localAddr(): Address {
    return this.#driver.localAddr;
  }

  get bodyLimit(): number {
    return this.#driver.bodyLimit;
  }

  /** The target URI, reconstructed (RFC 9112 §3.3). */
  get url(): string {
    const { form, target, host } = this.exchange.head;
    if (form === "absolute") return target;
    const origin = `${this.#driver.scheme}://${form === "authority" ? target : host || hostOf(this.localAddr)}`;
    return form === "origin" ? origin + target : form === "asterisk" ? `${origin}/*` : `${origin}/`;
  }

  fields(): readonly Field[] {
    return this.exchange.head.fields();
  }

  protected override watch(): void {
    this.#driver.watch(this);
  }

  protected override lost(reason: unknown): void {
    this.body?.fail(reason);
    this.#turn?.resolve(); // what waits goes on, and finds the call gone
  }

  /** Whether the answer is complete as far as the handler goes. */
  get done(): boolean {
    return this.exchange.phase === "done" || this.exchange.phase === "switched";
  }

  inform(status: number, fields: readonly Field[]): void {
    if (this.gone || !this.exchange.informable) return;
    this.exchange.inform(status, fields);
    this.#driver.flush();
  }

  get informable(): boolean {
    return this.exchange.phase === "pending";
  }

  /** There is no such thing. */
  push(): boolean {
    return false;
  }

  get awaited(): boolean {
    return this.exchange.expectsContinue;
  }

  respondPlain(contentType: string | null, body: string | Uint8Array): boolean {
    if (this.gone) return true;
    this.#release();
    if (!this.exchange.plain) return false;
    this.exchange.respondWith(this.#driver.plainHead(contentType), body);
    this.#driver.answered(this);
    return true;
  }

  respond(head: AnswerHead, body: KnownBody): void {
    if (this.gone) return;
    this.#release();
    this.exchange.respond(this.#dated(head), body);
    this.#driver.answered(this);
  }

  begin(head: AnswerHead, length: number | undefined): boolean {
    if (this.gone) return false;
    const wanted = this.exchange.begin(this.#dated(head), length);
    if (!wanted) this.#finished();
    return wanted;
  }

  write(bytes: Uint8Array): void {
    if (this.gone) return;
    this.exchange.write(bytes);
  }

  flush(): void {
    this.#driver.flush();
  }

  room(): Promise<void> | undefined {
    if (this.gone) return undefined;
    if (this.exchange.inTurn) return this.#driver.room();
    // Content isn't made before it can leave: the answers before this one come first (RFC 9112 §9.3.2).
    if (this.#turn === undefined) {
      this.#turn = Promise.withResolvers();
      this.exchange.whenTurn(this.#turn.resolve);
    }
    return this.#turn.promise;
  }

  end(trailers: readonly Field[]): void {
    if (this.gone) return;
    this.#driver.tick();
    this.exchange.end(trailers);
    this.#finished();
  }

  abort(reason: unknown): void {
    if (!this.gone) this.#driver.abort(this, reason);
  }

  /** There is one answer at a time: nobody counts them. */
  settled(): void {}

  get switchable(): boolean {
    // RFC 9110 §7.8: the protocol doesn't change in the middle of a message.
    return this.exchange.received && (this.exchange.head.upgrade || this.method === "CONNECT");
  }

  switch(head: SwitchHead): Promise<Transport> {
    if (this.gone) return Promise.reject(this.reason);
    const transport = this.#driver.switched();
    this.exchange.switch(this.#dated({ status: head.status, reason: "", fields: [...head.fields] }));
    this.#driver.answered(this);
    return transport;
  }

  wanted(): void {
    this.#driver.wanted(this);
  }

  cancelled(): void {
    this.#driver.discard(this);
  }

  #finished(): void {
    this.#release();
    this.#driver.answered(this);
  }

  /** The answer is about to be complete: content that nobody reads is thrown away. */
  #release(): void {
    const { body } = this;
    if (body === null || body.settled || (body.touched && !body.cancelled)) return;
    body.drop(new TypeError("Cannot read content as it was thrown away when the answer was complete"));
    this.#driver.drain(this);
  }

  #dated(head: AnswerHead): AnswerHead {
    if (!head.fields.some((field) => field.name === "date")) {
      head.fields.push({ name: "date", value: this.#driver.date() });
    }
    return head;
  }
}

/** What names this end where the client didn't: HTTP/1.0 needs no Host (RFC 9110 §7.2). */
function hostOf(addr: Address): string {
  if (addr.transport !== "tcp" && addr.transport !== "udp") return "localhost";
  return addr.hostname.includes(":") ? `[${addr.hostname}]:${addr.port}` : `${addr.hostname}:${addr.port}`;
}
