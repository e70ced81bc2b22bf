/**
 * Owns the lazy `Response`: what the wire said comes into being as a web-standard object only when it is touched. Knows
 * no protocol version.
 *
 * @module
 */

import { type Bytes, NO_CONTENT, readAll, readStream, streamOf } from "../http/body.ts";
import type { BodySource, Protocol } from "../http/call.ts";
import type { Field } from "../http/fields/field.ts";
import { pack, UTF8 } from "../http/lazy_request.ts";
import { CONTENT_DECODED } from "../http/response_reader.ts";
import { setReceivedTrailers } from "../http/trailers.ts";
import { DecodedBody } from "./decode.ts";
import { ReceivedBody } from "../http/received_body.ts";
import { WholeBody } from "./whole_body.ts";
import { isInnerResponse, type ResponseSlots } from "./response_slots.ts";

/** A response as a driver knows it; every member may be computed when first asked for. */
export interface ResponseSource {
  /** The status code, 100 to 999. */
  readonly status: number;
  /** The reason phrase. */
  readonly statusText: string;
  /** The header section in wire order. */
  fields(): readonly Field[];
  /** The content, or `null` where the message can have none. */
  readonly body: BodySource | null;
  /** The URL that answered, without its fragment. */
  readonly url: string;
  /** Whether redirects led there. */
  readonly redirected: boolean;
  /** The version that carried it. */
  readonly protocol?: Protocol;
  /** The most that `text()`, `json()` and their like take, in bytes. */
  readonly bodyLimit: number;
}

/** Under this symbol a response knows the version that carried it; a clone of it doesn't. */
export const PROTOCOL: unique symbol = Symbol("protocol");

/** A `Response` whose parts are made when touched; 30 ns to make, where one over a stream takes 3,300. */
export class LazyResponse implements Response {
  readonly #source: ResponseSource;
  readonly #slots: ResponseSlots;
  #headers: Headers | undefined = undefined;
  #real: Response | undefined = undefined;
  /** Whether the content was taken straight from the source, without a stream. */
  #taken = false;

  constructor(source: ResponseSource, slots: ResponseSlots) {
    this.#source = source;
    this.#slots = slots;
  }

  /** The platform's own object with the same state, for what reads its slots, and for all that a stream is needed for. */
  static real(response: LazyResponse): Response {
    return response.#real ??= response.#makeReal();
  }

  /** Tells a server that sends the response on whether its `content-encoding` is true of what it sends. */
  get [CONTENT_DECODED](): boolean {
    return this.#source.body instanceof DecodedBody;
  }

  get [PROTOCOL](): Protocol | undefined {
    return this.#source.protocol;
  }

  get type(): ResponseType {
    return "basic";
  }

  get url(): string {
    return this.#source.url;
  }

  get redirected(): boolean {
    return this.#source.redirected;
  }

  get status(): number {
    return this.#source.status;
  }

  get ok(): boolean {
    const { status } = this.#source;
    return status >= 200 && status < 300;
  }

  get statusText(): string {
    return this.#source.statusText;
  }

  get headers(): Headers {
    return this.#headers ??= this.#makeHeaders();
  }

  get body(): ReadableStream<Bytes> | null {
    return this.#source.body === null ? null : LazyResponse.real(this).body;
  }

  get bodyUsed(): boolean {
    return this.#taken || this.#real?.bodyUsed === true;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.#take();
    return bytes.length === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
  }

  async blob(): Promise<Blob> {
    return await pack(await this.#take(), this.headers).blob();
  }

  async bytes(): Promise<Bytes> {
    const bytes = this.#take();
    return bytes instanceof Promise ? await bytes : bytes;
  }

  async formData(): Promise<FormData> {
    return await pack(await this.#take(), this.headers).formData();
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async text(): Promise<string> {
    const { body, bodyLimit } = this.#source;
    if (body instanceof WholeBody && this.#real === undefined && !this.#taken && body.length <= bodyLimit) {
      this.#taken = true; // the hot path: no copy, as nobody else sees the bytes
      return body.takeText();
    }
    const bytes = this.#take();
    return UTF8.decode(bytes instanceof Promise ? await bytes : bytes);
  }

  textStream(): ReadableStream<string> {
    if (this.#unusable()) throw unusable();
    return (this.body ?? streamOf(NO_CONTENT)).pipeThrough(new TextDecoderStream());
  }

  clone(): Response {
    if (this.#unusable()) throw unusable();
    const clone = LazyResponse.real(this).clone();
    const { body } = this.#source;
    if (body !== null) setReceivedTrailers(clone, () => body.trailers());
    return clone;
  }

  /** Whether the content cannot be read or cloned any more. */
  #unusable(): boolean {
    if (this.#taken) return true;
    const real = this.#real;
    return real !== undefined && (real.bodyUsed || real.body?.locked === true);
  }

  /** Takes the content whole: straight from the source while nobody touched the stream. */
  #take(): Bytes | Promise<Bytes> {
    const { body, bodyLimit } = this.#source;
    if (body === null) return new Uint8Array(0);
    if (this.#unusable()) throw unusable();
    const stream = this.#real?.body;
    if (stream) return readStream(stream, bodyLimit, body.length);
    this.#taken = true;
    const { length } = body;
    const isCollected = body instanceof ReceivedBody && length !== undefined && length <= bodyLimit;
    return isCollected ? body.collect(length) : readAll(body, bodyLimit);
  }

  /** What came off the wire may not be changed (Fetch §4, the "immutable" guard). */
  #makeHeaders(): Headers {
    const headers = new Headers();
    for (const { name, value } of this.#source.fields()) headers.append(name, value);
    Reflect.set(headers, this.#slots.guard, "immutable");
    return headers;
  }

  #makeReal(): Response {
    const { body, url, redirected, status, statusText } = this.#source;
    const { inner: innerSlot, headers: headersSlot } = this.#slots;
    const stream = body === null ? null : streamOf(this.#taken ? NO_CONTENT : body);
    const real = new Response(stream, { headers: [...this.headers] });
    if (this.#taken) void real.body?.getReader().read(); // as after a whole reading: used, and locked for good
    const inner: unknown = Reflect.get(real, innerSlot);
    if (!isInnerResponse(inner)) throw new TypeError("Cannot make a response as the platform keeps it elsewhere");
    inner.type = this.type;
    inner.urlList = redirected ? [url, url] : [url];
    inner.status = status; // also one that `new Response` refuses
    inner.statusMessage = statusText;
    Reflect.set(real, headersSlot, this.headers);
    return real;
  }
}

/**
 * Gives a class's prototype the looks of the platform's: `instanceof` and `constructor` answer `Response`, and its members
 * are enumerable, as Web IDL has them.
 */
export function dressAsResponse(prototype: Response): void {
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    Object.defineProperty(prototype, name, { ...descriptor, enumerable: name !== "constructor" });
  }
  Object.defineProperty(prototype, "constructor", { value: Response });
}

Object.setPrototypeOf(LazyResponse.prototype, Response.prototype);
dressAsResponse(LazyResponse.prototype);

function unusable(): TypeError {
  return new TypeError("Cannot read body as it must not be used or locked");
}
