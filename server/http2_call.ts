/**
 * Owns one request of an HTTP/2 connection as the server's upper half sees it, over the stream that the protocol keeps.
 * Knows no socket: the driver does the rest.
 *
 * @module
 */

import type { KnownBody, Protocol } from "../http/call.ts";
import type { Field } from "../http/fields/field.ts";
import { isContentless } from "../http/fields/status.ts";
import { type BodyDemand, ReceivedBody } from "../http/received_body.ts";
import type { SwitchHead } from "../http/upgrade.ts";
import { contentOfText, type Http2Connection, STREAM_HIGH_WATER } from "../http2/connection.ts";
import { ErrorCode } from "../http2/error.ts";
import type { RequestHead } from "../http2/message.ts";
import type { Http2Stream } from "../http2/stream.ts";
import type { Address, Transport } from "../net/transport.ts";
import type { AnswerHead, PushedRequest, ServerCall } from "./call.ts";
import { CallLifetime } from "./call_lifetime.ts";
import { type Promised, promiseOf } from "./http2_push.ts";
import { Http2Tunnel } from "./http2_tunnel.ts";

/** What a call needs of the driver of its connection. */
export interface Http2CallDriver {
  /** The peer's address. */
  readonly remoteAddr: Address;
  /** This end's address. */
  readonly localAddr: Address;
  /** Whether the connection is protected by TLS. */
  readonly secure: boolean;
  /** The most that `text()` and its like take, in bytes. */
  readonly bodyLimit: number;
  /** The protocol. */
  readonly core: Http2Connection<Http2Call>;
  /** The fields of a plain answer, but for its length. */
  plainFields(contentType: string | null): readonly Field[];
  /** The current `date`. */
  date(): string;
  /** Something was commanded: it leaves as soon as it can. */
  flush(): void;
  /** The reader of the content wants more, or has taken some. */
  wanted(call: Http2Call): void;
  /** The answer is complete, as far as its handler goes. */
  answered(call: Http2Call): void;
  /** Somebody wants to know when the answer has left, or that it won't. */
  watch(call: Http2Call): void;
  /** Settles when some of what waits has left, or the connection has ended. */
  written(): Promise<void>;
  /** A request's answer is promised on the call's stream; gives whether it was. */
  push(call: Http2Call, promised: Promised): boolean;
  /** The call's stream is its handler's from now on. */
  opened(call: Http2Call): void;
  /** Who has the call's stream is done with it. */
  left(call: Http2Call): void;
}

/** How many interim answers may wait to leave before their maker has to: each is a head in memory. */
const MAX_INTERIM = 16;

/** What a tunnel's holder is told when the client has ended it, or the connection. */
const RESET = "The stream was reset";

/** The lengths of short content as fields: made once. */
const LENGTHS: Field[] = Array.from({ length: 1024 }, (_, length) => ({ name: "content-length", value: `${length}` }));

/** A request on an HTTP/2 connection. */
export class Http2Call extends CallLifetime implements ServerCall, BodyDemand {
  readonly protocol: Protocol = "HTTP/2";
  readonly stream: Http2Stream<Http2Call>;
  readonly body: ReceivedBody | null;
  /** Whether the call counts among those under way. */
  counted = false;
  /** Whether nobody has told the client yet that it may send its content. */
  awaited: boolean;
  /** Whether the handler has given its answer, or has failed to. */
  handled = false;
  /** Whether the stream was handed over, and is no request any more. */
  isTunnel = false;
  readonly #driver: Http2CallDriver;
  readonly #head: RequestHead;
  #room: PromiseWithResolvers<void> | undefined = undefined;

  /** Made when a head was read; `whole` where nothing follows it. Four arguments, as this runs once a request. */
  constructor(driver: Http2CallDriver, stream: Http2Stream<Http2Call>, head: RequestHead, whole: boolean) {
    super();
    this.#driver = driver;
    this.stream = stream;
    this.#head = head;
    this.body = whole ? null : new ReceivedBody(this, head.contentLength < 0 ? undefined : head.contentLength);
    this.awaited = head.expectsContinue && this.body !== null;
  }

  get method(): string {
    return this.#head.method;
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

  /** The target URI (RFC 9113 §8.3.1); that of a CONNECT is its authority. */
  get url(): string {
    const { scheme, authority, path } = this.#head;
    if (path === "*") return `${scheme}://${authority}/*`;
    if (scheme !== "") return `${scheme}://${authority}${path}`;
    return `http://${authority}/`;
  }

  get connectProtocol(): string | undefined {
    return this.#head.protocol === "" ? undefined : this.#head.protocol;
  }

  fields(): readonly Field[] {
    const { authority, fields } = this.#head;
    if (authority === "" || fields.some(({ name }) => name === "host")) return fields;
    return [{ name: "host", value: authority }, ...fields]; // handlers look for it, whatever the version
  }

  protected override watch(): void {
    this.#driver.watch(this);
  }

  /** What becomes of a tunnel is for whoever holds it. */
  override abortSignal(reason: unknown): void {
    if (!this.isTunnel) super.abortSignal(reason);
  }

  protected override lost(reason: unknown): void {
    const interrupted = reason instanceof Deno.errors.Interrupted; // by its own holder
    this.body?.fail(this.isTunnel && !interrupted ? new Deno.errors.ConnectionReset(RESET, { cause: reason }) : reason);
    this.makeRoom(); // what waits goes on, and finds the call gone
  }

  /** There is room for content again. */
  makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  get informable(): boolean {
    return this.stream.phase === "head" || this.gone;
  }

  push(request: PushedRequest): boolean {
    const { scheme, path } = this.#head;
    const isOwn = this.stream.id % 2 === 0; // §6.6: a promise must be made on a stream that the client has opened
    if (this.gone || isOwn || scheme === "" || path === "*") return false;
    return this.#driver.push(this, promiseOf(request, this.#head));
  }

  inform(status: number, fields: readonly Field[]): void {
    if (this.gone || this.stream.phase !== "head") return;
    if (status === 100) this.awaited = false;
    this.#driver.core.inform(this.stream, [statusField(status), ...allowedFields(fields)]);
    this.#driver.flush();
  }

  respondPlain(contentType: string | null, body: string | Uint8Array): boolean {
    if (this.gone) return true;
    const content = typeof body === "string" ? contentOfText(body) : body;
    const fields = [...this.#driver.plainFields(contentType), lengthField(content.length)];
    this.#release();
    this.#driver.core.sendWhole(this.stream, fields, this.method === "HEAD" ? null : content);
    this.#driver.answered(this);
    return true;
  }

  respond(head: AnswerHead, body: KnownBody): void {
    if (this.gone) return;
    const content = typeof body === "string" ? contentOfText(body) : body;
    const { length } = content ?? "";
    const contentless = this.#isContentless(head.status);
    this.#release();
    const sent = contentless || length === 0 ? null : content;
    this.#driver.core.sendWhole(this.stream, this.#fields(head, length), sent);
    this.#driver.answered(this);
  }

  begin(head: AnswerHead, length: number | undefined): boolean {
    if (this.gone) return false;
    const { core } = this.#driver;
    const fields = this.#fields(head, length);
    if (this.#isContentless(head.status)) {
      this.#release();
      core.sendWhole(this.stream, fields, null);
      this.#driver.answered(this);
      return false;
    }
    core.sendHead(this.stream, fields, length ?? -1);
    return true;
  }

  write(bytes: Uint8Array): void {
    if (!this.gone) this.#driver.core.sendContent(this.stream, bytes);
  }

  flush(): void {
    this.#driver.flush();
  }

  room(): Promise<void> | undefined {
    const { stream } = this;
    if (this.gone) return undefined;
    if (stream.interim.length >= MAX_INTERIM) return this.#driver.written();
    if (stream.buffered < STREAM_HIGH_WATER) return undefined;
    stream.wantsRoom = true;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  end(trailers: readonly Field[]): void {
    if (this.gone) return;
    this.#release();
    this.#driver.core.sendEnd(this.stream, trailers);
    this.#driver.answered(this);
  }

  abort(reason: unknown): void {
    if (this.gone) return;
    this.#driver.core.reset(this.stream, ErrorCode.InternalError);
    this.fail(reason);
    this.#driver.answered(this);
  }

  /** The handler has given its answer, whatever has become of it. */
  settled(): void {
    this.handled = true;
    this.#driver.core.release(this.stream);
  }

  /** A CONNECT goes on as raw octets in DATA frames (RFC 9113 §8.5, RFC 8441 §5). */
  get switchable(): boolean {
    return this.method === "CONNECT" && this.body !== null;
  }

  async switch(head: SwitchHead): Promise<Transport> {
    const { body } = this;
    if (this.gone || body === null) throw this.reason;
    const fields = this.#fields({ ...head, reason: "", fields: [...head.fields] }, undefined);
    this.#driver.core.sendHead(this.stream, fields, -1);
    this.isTunnel = true;
    this.#driver.opened(this);
    await this.#driver.written();
    if (this.gone) throw new Deno.errors.ConnectionReset(RESET);
    this.left();
    return new Http2Tunnel(this.#driver, this, body);
  }

  /** See {@linkcode BodyDemand.wanted}. */
  wanted(): void {
    if (this.awaited) this.inform(100, []);
    this.#driver.wanted(this);
  }

  /** See {@linkcode BodyDemand.cancelled}. */
  cancelled(): void {
    this.#driver.core.discard(this.stream);
    this.#driver.flush();
  }

  /** The answer is about to be complete: content that nobody reads is thrown away. */
  #release(): void {
    const { body } = this;
    if (body === null || body.settled || (body.touched && !body.cancelled)) return;
    body.drop(new TypeError("Cannot read content as it was thrown away when the answer was complete"));
    this.#driver.core.discard(this.stream);
  }

  /** RFC 9110 §6.4.1, §9.3.2. */
  #isContentless(status: number): boolean {
    return this.method === "HEAD" || isContentless(status);
  }

  /** The header section behind its status; `length` is the content's, where it is known. */
  #fields(head: AnswerHead, length: number | undefined): Field[] {
    const { status } = head;
    const fields = [statusField(status), ...allowedFields(head.fields)];
    const own = fields.findIndex(({ name }) => name === "content-length");
    // What a HEAD's answer, and a 304, say of the length is that of another answer's content (RFC 9110 §8.6).
    const stands = own >= 0 && (this.method === "HEAD" || status === 304);
    if (!stands) {
      if (own >= 0) fields.splice(own, 1);
      if (length !== undefined && !isContentless(status)) fields.push(lengthField(length));
    }
    if (!fields.some(({ name }) => name === "date")) fields.push({ name: "date", value: this.#driver.date() });
    return fields;
  }
}

/** Fields that rule an HTTP/1.1 connection, and have no place here (RFC 9113 §8.2.2). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

function allowedFields(fields: readonly Field[]): readonly Field[] {
  return fields.some(({ name }) => CONNECTION_FIELDS.has(name))
    ? fields.filter(({ name }) => !CONNECTION_FIELDS.has(name))
    : fields;
}

const STATUS_200: Field = { name: ":status", value: "200" };

/** The pseudo-header field of a status (RFC 9113 §8.3.2). */
export function statusField(status: number): Field {
  return status === 200 ? STATUS_200 : { name: ":status", value: String(status) };
}

function lengthField(length: number): Field {
  return LENGTHS[length] ?? { name: "content-length", value: String(length) };
}
