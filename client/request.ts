/**
 * Owns the way from what `fetch` is given to what is sent: method, fields, content, and which of them are this layer's to
 * say. Knows no connection.
 *
 * @module
 */

import { parseContentLength } from "../http/fields/content_length.ts";
import type { Field } from "../http/fields/field.ts";
import { listElements, listHas, trimOws } from "../http/fields/list.ts";
import { isFieldValue, isToken } from "../http/fields/token.ts";
import type { TrailersInit } from "../http/trailers.ts";
import { type Content, contentOf, streamed } from "./content.ts";
import type { ClientContext } from "./context.ts";
import { ACCEPTED_CODINGS } from "./decode.ts";
import { checkTimeout } from "./options.ts";
import { requestSource } from "./request_source.ts";
import type { Target, Targets } from "./target.ts";
import type { FetchInit, FetchInput, Information } from "./types.ts";
import { expectedVersion } from "./version.ts";
import { WireRequest } from "./wire_request.ts";

/** A request as its maker wants it. */
export interface OutgoingRequest {
  /** The method, normalised (Fetch §2.2.1). */
  readonly method: string;
  /** Where it goes. */
  readonly target: Target;
  /** The fields that its maker gave, but for those that are not theirs to say; names in lower case. */
  readonly fields: readonly Field[];
  /** The content, or `null` for none. */
  readonly content: Content | null;
  /** What `content-length` said, where its maker gave one. */
  readonly announced: number | undefined;
  /** Whether `connection: close` was asked for. */
  readonly closes: boolean;
  /** Whether `expect: 100-continue` was asked for. */
  readonly expectsContinue: boolean;
  /** What to do about redirects. */
  readonly redirect: RequestRedirect;
  /** What aborts it. */
  readonly signal: AbortSignal | null;
  /** The trailer section to send. */
  readonly trailers: TrailersInit | undefined;
  /** Told of interim responses. */
  readonly onInformation: ((information: Information) => void) | undefined;
  /** From `fetch` to the response's last octet, in milliseconds. */
  readonly timeout: number;
}

/** Methods whose names are the same in any case (Fetch §2.2.1, "normalize a method"). */
const NORMALISED: ReadonlySet<string> = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);
/** Methods that `fetch` refuses (Fetch §2.2.1, "forbidden method"). */
const FORBIDDEN: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);
/** Methods whose requests say that they have no content (RFC 9110 §8.6). */
const USUALLY_WITH_CONTENT: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);
/** Fields that frame the message or rule the connection: the URL, the content and this layer say them. */
const OURS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Reads what `fetch` is given; a promise only where a body has to be encoded first.
 *
 * @throws {TypeError} If the URL, the method, a field or the body is one that can't be sent.
 * @throws {RangeError} If the timeout is not more than 0.
 */
export function outgoing(
  input: FetchInput,
  init: FetchInit,
  { targets, context }: { readonly targets: Targets; readonly context: ClientContext },
): OutgoingRequest | Promise<OutgoingRequest> {
  const request = input instanceof Request ? input : undefined;
  const target = targets.of(typeof input === "string" ? input : input instanceof URL ? input.href : input.url);
  const method = methodOf(init.method ?? request?.method ?? "GET");
  const given = fieldsOf(init.headers ?? request?.headers);
  if (init.timeout !== undefined) checkTimeout("timeout", init.timeout);
  const rest = {
    method,
    target,
    fields: given.filter(({ name }) => !OURS.has(name)),
    announced: announcedLength(given),
    closes: given.some(({ name, value }) => name === "connection" && listHas(value, "close")),
    expectsContinue: expectation(given),
    redirect: init.redirect ?? request?.redirect ?? "follow",
    signal: init.signal !== undefined ? init.signal : request?.signal ?? null,
    trailers: init.trailers,
    onInformation: init.onInformation,
    timeout: init.timeout ?? context.timeouts.total,
  };
  const content = contentFrom(request, init);
  if (content === null) return { ...rest, content };
  if (method === "GET" || method === "HEAD") { // Fetch §5.4
    throw new TypeError(`Cannot fetch as a ${method} must have no body`);
  }
  return content instanceof Promise ? content.then((content) => ({ ...rest, content })) : { ...rest, content };
}

/** Normalises a method (Fetch §2.2.1). */
function methodOf(given: string): string {
  const upper = given.toUpperCase();
  if (!isToken(given)) throw new TypeError(`Cannot fetch as the method must be a token: received ${given}`);
  if (FORBIDDEN.has(upper)) {
    throw new TypeError(
      `Cannot fetch as the method must not be ${upper}${upper === "CONNECT" ? ": use connect()" : ""}`,
    );
  }
  return NORMALISED.has(upper) ? upper : given;
}

/** Reads fields without making `Headers` of them, by the same rules (Fetch §5.1). */
export function fieldsOf(init: HeadersInit | undefined): Field[] {
  const fields: Field[] = [];
  if (init === undefined) return fields;
  if (init instanceof Headers) {
    init.forEach((value, name) => fields.push({ name, value }));
    return fields;
  }
  const pairs: Iterable<Iterable<string>> = Symbol.iterator in init ? init : Object.entries(init);
  for (const pair of pairs) {
    const [name, value, ...more] = [...pair].map(String);
    if (name === undefined || value === undefined || more.length > 0) {
      throw new TypeError("Cannot fetch as each header must be a pair of name and value");
    }
    const trimmed = trimOws(value);
    if (!isToken(name) || !isFieldValue(trimmed)) {
      throw new TypeError(`Cannot fetch as header '${name}' must be a token with a value of text`);
    }
    fields.push({ name: name.toLowerCase(), value: trimmed });
  }
  return fields;
}

function announcedLength(fields: readonly Field[]): number | undefined {
  const field = fields.find(({ name }) => name === "content-length");
  if (field === undefined) return undefined;
  const length = parseContentLength(field.value);
  if (Number.isSafeInteger(length)) return length;
  throw new TypeError(`Cannot fetch as 'content-length' must be digits: received ${field.value}`);
}

/** RFC 9110 §10.1.1: there is one expectation. */
function expectation(fields: readonly Field[]): boolean {
  const expected = fields.filter(({ name }) => name === "expect").flatMap(({ value }) => listElements(value));
  const unknown = expected.find((one) => one.toLowerCase() !== "100-continue");
  if (unknown !== undefined) {
    throw new TypeError(`Cannot fetch as 'expect' must be 100-continue: received ${unknown}`);
  }
  return expected.length > 0;
}

function contentFrom(request: Request | undefined, init: FetchInit): Content | Promise<Content> | null {
  if (init.body !== undefined) return init.body === null ? emptyWith(init) : contentOf(init.body);
  if (request === undefined || request.body === null) return emptyWith(init);
  const source = requestSource(request);
  const { body } = new Request(request); // moves the body, so that the given request counts as used at once
  if (body === null) return null;
  if (source === undefined) return streamed(body, null, undefined);
  body.cancel().catch(() => {}); // it is had from its source, which can be read again
  const content = contentOf(source);
  return content instanceof Promise ? content : { ...content, type: null }; // the request's own field says it
}

/** Trailers need content to stand behind, if only an empty one (RFC 9112 §7.1.2). */
function emptyWith(init: FetchInit): Content | Promise<Content> | null {
  return init.trailers === undefined ? null : contentOf("");
}

/** Whether the content leaves with the head, in one write. */
export function isSentWhole(request: OutgoingRequest): boolean {
  return request.content !== null && request.content.bytes !== null && request.trailers === undefined;
}

/** Makes a request ready to be sent. Throws a `TypeError` where a part of it can't be sent. */
export function encode(request: OutgoingRequest, context: ClientContext): WireRequest {
  const { method, target, content, closes } = request;
  const contentLength = lengthOf(request);
  const expectsContinue = request.expectsContinue && content !== null && contentLength !== 0;
  const fields = [...request.fields];
  const add = (name: string, value: string) => {
    if (value !== "" && !request.fields.some((field) => field.name === name)) fields.push({ name, value });
  };
  add("accept", "*/*"); // Fetch §4, "fetch", step 13
  add("user-agent", context.userAgent);
  if (context.decompress) add("accept-encoding", ACCEPTED_CODINGS);
  if (content !== null && content.type !== null) add("content-type", content.type);
  const announcements: Field[] = [];
  const names = trailerNames(request.trailers);
  if (names !== "") announcements.push({ name: "trailer", value: names });
  if (expectsContinue) announcements.push({ name: "expect", value: "100-continue" });
  return new WireRequest({
    method,
    secure: target.secure,
    host: target.host,
    path: target.path,
    fields,
    contentLength,
    saysLength: contentLength > 0 || content !== null || USUALLY_WITH_CONTENT.has(method),
    announcements,
    expectsContinue,
    closes,
    protocols: [],
  }).prepare(expectedVersion(context.protocols, target.secure));
}

/** The content's length in bytes, -1 where it is not known. */
function lengthOf({ content, announced, trailers }: OutgoingRequest): number {
  if (content === null) return 0;
  if (trailers !== undefined) return -1;
  const { length } = content;
  if (length !== undefined && announced !== undefined && length !== announced) {
    throw new TypeError(`Cannot fetch as 'content-length' must be the body's ${length}: received ${announced}`);
  }
  return length ?? announced ?? -1;
}

/** What `trailer` announces (RFC 9110 §6.6.2), where the names are known. */
function trailerNames(trailers: TrailersInit | undefined): string {
  if (trailers === undefined || typeof trailers === "function") return "";
  return [...new Set(fieldsOf(trailers).map(({ name }) => name))].join(", ");
}
