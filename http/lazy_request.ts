/**
 * Owns the lazy `Request`: what the wire said comes into being as a web-standard object only when it is touched. Knows
 * no protocol version, and nothing of the slots in which the platform keeps a request's state.
 *
 * @module
 */

import { type Bytes, DEFAULT_BODY_LIMIT, NO_CONTENT, readAll, readStream, streamOf } from "./body.ts";
import type { RequestSource } from "./call.ts";
import type { Field } from "./fields/field.ts";
import { hrefOf } from "./href.ts";
import { COLLECT_BYTES, ReceivedBody } from "./received_body.ts";

/** What keeps a body once its stream exists: the platform's own rules of use, locking and tee come with it. */
type Carrier = Request | Response;

/** Drops a BOM and replaces what is malformed, as Fetch's "UTF-8 decode" does. */
export const UTF8: TextDecoder = new TextDecoder();

/** Says what a server's request has nothing to say of: cache, credentials, mode and the rest, as the platform has it. */
const SAMPLE = new Request("http://localhost/");

/** A `Request` whose parts are made when touched; 10 ns to make, where `new Request` takes 1,500. */
export class LazyRequest implements Request {
  readonly #source: RequestSource;
  #url: string | undefined = undefined;
  #headers: Headers | undefined = undefined;
  #signal: AbortSignal | undefined = undefined;
  #carrier: Carrier | undefined = undefined;
  #real: Request | undefined = undefined;
  /** Whether the content was taken straight from the source, without a carrier. */
  #taken = false;

  constructor(source: RequestSource) {
    this.#source = source;
  }

  /** The source of a request made here, `undefined` for any other. */
  static sourceOf(request: Request): RequestSource | undefined {
    return #source in request ? request.#source : undefined;
  }

  /** Clones `from` into what `make` gives for its source (Fetch §5.4). */
  static fork(from: LazyRequest, make: (source: RequestSource) => LazyRequest): LazyRequest {
    if (from.#unusable()) throw new TypeError("Cannot clone request as its body must not be used or locked");
    const copy = make(from.#source);
    if (from.body !== null) copy.#carrier = from.#carrier?.clone();
    if (from.#headers !== undefined) copy.#headers = new Headers(from.#headers);
    copy.#signal = AbortSignal.any([from.signal]);
    return copy;
  }

  /**
   * The platform's own object with the same state, for what reads its slots; shares body, headers and signal.
   *
   * @throws {TypeError} for what the platform refuses: CONNECT, TRACE, and a GET or HEAD with content.
   */
  static real(request: LazyRequest): Request {
    const real = request.#real ?? request.#makeReal();
    const headers = request.headers;
    if (headers !== real.headers) { // they were handed out before the real one was made, and may have changed since
      for (const name of [...real.headers.keys()]) real.headers.delete(name);
      headers.forEach((value, name) => real.headers.append(name, value));
    }
    return real;
  }

  get method(): string {
    return this.#source.method;
  }

  get url(): string {
    return this.#url ??= hrefOf(this.#source.url);
  }

  get headers(): Headers {
    return this.#headers ??= fill(new Headers(), this.#source.fields());
  }

  get signal(): AbortSignal {
    return this.#signal ??= this.#source.signal;
  }

  get body(): ReadableStream<Bytes> | null {
    const body = this.#source.body;
    if (body === null) return null;
    this.#carrier ??= this.#taken ? spentCarrier() : new Response(streamOf(body));
    return this.#carrier.body;
  }

  get bodyUsed(): boolean {
    return this.#taken || this.#carrier?.bodyUsed === true;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.#take();
    const whole = bytes.length === bytes.buffer.byteLength;
    return whole ? bytes.buffer : bytes.slice().buffer;
  }

  async blob(): Promise<Blob> {
    return await pack(await this.#take(), this.headers).blob();
  }

  async bytes(): Promise<Bytes> {
    return await this.#take();
  }

  async formData(): Promise<FormData> {
    return await pack(await this.#take(), this.headers).formData();
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async text(): Promise<string> {
    const bytes = this.#take();
    return UTF8.decode(bytes instanceof Promise ? await bytes : bytes);
  }

  textStream(): ReadableStream<string> {
    if (this.#unusable()) throw new TypeError("Cannot read body as it must not be used or locked");
    return (this.body ?? streamOf(NO_CONTENT)).pipeThrough(new TextDecoderStream());
  }

  clone(): Request {
    return LazyRequest.fork(this, (source) => new LazyRequest(source));
  }

  get cache(): RequestCache {
    return SAMPLE.cache;
  }

  get credentials(): RequestCredentials {
    return SAMPLE.credentials;
  }

  get destination(): RequestDestination {
    return SAMPLE.destination;
  }

  get integrity(): string {
    return SAMPLE.integrity;
  }

  get isHistoryNavigation(): boolean {
    return SAMPLE.isHistoryNavigation;
  }

  get isReloadNavigation(): boolean {
    return SAMPLE.isReloadNavigation;
  }

  get keepalive(): boolean {
    return SAMPLE.keepalive;
  }

  get mode(): RequestMode {
    return SAMPLE.mode;
  }

  get redirect(): RequestRedirect {
    return SAMPLE.redirect;
  }

  get referrer(): string {
    return SAMPLE.referrer;
  }

  get referrerPolicy(): ReferrerPolicy {
    return SAMPLE.referrerPolicy;
  }

  /** Whether the content cannot be read, cloned or handed on any more. */
  #unusable(): boolean {
    if (this.#taken) return true;
    const carrier = this.#carrier;
    return carrier !== undefined && (carrier.bodyUsed || carrier.body?.locked === true);
  }

  /** Takes the content whole: straight from the source while nobody touched the stream. */
  #take(): Bytes | Promise<Bytes> {
    const source = this.#source;
    if (source.body === null) return new Uint8Array(0);
    if (this.#unusable()) throw new TypeError("Cannot read body as it must not be used or locked");
    const limit = source.bodyLimit ?? DEFAULT_BODY_LIMIT;
    const stream = this.#carrier?.body;
    if (stream) return readStream(stream, limit, source.body.length);
    this.#taken = true;
    const { body, body: { length } } = source;
    const isCollected = body instanceof ReceivedBody && length !== undefined && length >= COLLECT_BYTES &&
      length <= limit;
    return isCollected ? body.collect(length) : readAll(body, limit);
  }

  /** Makes the real object; while the body can't move into it, it gets one that is as used, and is not kept. */
  #makeReal(): Request {
    const unusable = this.#unusable();
    const body = unusable ? new ReadableStream<Bytes>() : this.body;
    const real = new Request(this.url, { method: this.method, body, signal: this.signal });
    this.#headers ??= fill(real.headers, this.#source.fields());
    if (unusable) {
      void real.body?.cancel();
      return real;
    }
    if (body !== null) this.#carrier = real;
    return this.#real = real;
  }
}

/**
 * Gives a class's prototype the looks of the platform's: `instanceof` and `constructor` answer `Request`, and its
 * members are enumerable, as Web IDL has them.
 */
export function dressAsRequest(prototype: Request): void {
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    Object.defineProperty(prototype, name, { ...descriptor, enumerable: name !== "constructor" });
  }
  Object.defineProperty(prototype, "constructor", { value: Request });
}

Object.setPrototypeOf(LazyRequest.prototype, Request.prototype);
dressAsRequest(LazyRequest.prototype);

function fill(headers: Headers, fields: readonly Field[]): Headers {
  for (const field of fields) headers.append(field.name, field.value);
  return headers;
}

/** Lets the platform make of bytes what their media type says. */
export function pack(bytes: Bytes, headers: Headers): Response {
  const type = headers.get("content-type");
  return new Response(bytes, type === null ? {} : { headers: { "content-type": type } });
}

/** Carries what a body is after it was read whole: a stream that is locked for good. */
function spentCarrier(): Carrier {
  const stream = new ReadableStream<Bytes>();
  const carrier = new Response(stream);
  stream.getReader();
  return carrier;
}
