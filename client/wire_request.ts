/**
 * Owns a request as it is sent, by whichever version of HTTP carries it: each version's head is made when it is first needed.
 * Knows no connection.
 *
 * @module
 */

import { cookieCrumbs } from "../hpack/cookie.ts";
import { type HpackField, sizeOfList } from "../hpack/field.ts";
import type { Field } from "../http/fields/field.ts";
import { listHas } from "../http/fields/list.ts";
import type { ClientRequest } from "../http1/client_phases.ts";
import { sizeOfFields, writeRequestHead } from "../http1/write.ts";
import { isHostAndPort } from "../http2/authority.ts";
import { FieldKind, fieldKind } from "../http2/field_kind.ts";
import type { HttpVersion } from "./version.ts";

/** What a request consists of, in the words of no version. */
export interface RequestParts {
  /** The method. */
  readonly method: string;
  /** Whether the scheme is `https`. */
  readonly secure: boolean;
  /** What `host` and `:authority` say. */
  readonly host: string;
  /** The request target: a path and its query, or `host:port` of a CONNECT. */
  readonly path: string;
  /** The fields, names in lower case, but for those that frame the content or rule a connection. */
  readonly fields: readonly Field[];
  /** The content's length in bytes, 0 for none, -1 where it is not known. */
  readonly contentLength: number;
  /** Whether `content-length` says so, where it is known. */
  readonly saysLength: boolean;
  /** The fields of the content's end: what `trailer` and `expect` say. */
  readonly announcements: readonly Field[];
  /** Whether the content waits for a 100 (Continue). */
  readonly expectsContinue: boolean;
  /** Whether the connection is to end with the response, where it carries but one at a time. */
  readonly closes: boolean;
  /** The protocols to go on in, the most wanted first, as they are written. */
  readonly protocols: readonly string[];
}

/** A request that is ready to be sent. */
export class WireRequest implements ClientRequest {
  readonly method: string;
  readonly contentLength: number;
  readonly expectsContinue: boolean;
  readonly closes: boolean;
  readonly protocols: readonly string[];
  readonly #parts: RequestParts;
  #head: Uint8Array | undefined = undefined;
  #http2Fields: readonly HpackField[] | undefined = undefined;
  #http2Bytes: number | undefined = undefined;

  /** Made of its parts, which nobody may change any more. */
  constructor(parts: RequestParts) {
    this.method = parts.method;
    this.contentLength = parts.contentLength;
    this.expectsContinue = parts.expectsContinue;
    this.closes = parts.closes;
    this.protocols = parts.protocols.map((protocol) => protocol.toLowerCase());
    this.#parts = parts;
  }

  /** The head of HTTP/1.1, its empty line included. Throws a `TypeError` where a part of it can't be written. */
  get head(): Uint8Array {
    return this.#head ??= encodeHead(this.#parts);
  }

  /**
   * The fields of HTTP/2, the pseudo-fields first (RFC 9113 §8.3.1). Throws a `TypeError` where one is none that may be sent.
   */
  get http2Fields(): readonly HpackField[] {
    return this.#http2Fields ??= checked(http2Fields(this.#parts));
  }

  /** The size of the fields of HTTP/2, in bytes as RFC 9113 §6.5.2 counts. */
  get http2Bytes(): number {
    return this.#http2Bytes ??= sizeOfList(this.http2Fields);
  }

  /**
   * Makes what one version needs, or `undefined` where that is not known yet.
   *
   * @throws {TypeError} If a part of it can't be sent.
   */
  prepare(version: HttpVersion | undefined): this {
    if (version === "http/1.1") this.#head ??= encodeHead(this.#parts);
    else this.#http2Fields ??= checked(http2Fields(this.#parts));
    return this;
  }
}

/** Bytes of a request's head beside method, target, host and fields: ` HTTP/1.1`, `host: `, spaces and line ends. */
const HEAD_FRAME = 24;

/** Writes a head into memory of its own (RFC 9112 §3, §5). */
function encodeHead(parts: RequestParts): Uint8Array {
  const { method, path, host, contentLength, protocols, closes } = parts;
  const fields = [...parts.fields];
  if (contentLength < 0) fields.push({ name: "transfer-encoding", value: "chunked" });
  else if (parts.saysLength) fields.push({ name: "content-length", value: String(contentLength) });
  fields.push(...parts.announcements);
  if (protocols.length > 0) fields.push({ name: "upgrade", value: protocols.join(", ") });
  const options = [
    closes ? "close" : "",
    fields.some(({ name }) => name === "te") ? "te" : "", // RFC 9110 §10.1.4
    protocols.length > 0 ? "upgrade" : "",
  ].filter((option) => option !== "");
  if (options.length > 0) fields.push({ name: "connection", value: options.join(", ") });
  const head = new Uint8Array(HEAD_FRAME + method.length + path.length + host.length + sizeOfFields(fields));
  return head.subarray(0, writeRequestHead(head, 0, { method, target: path, host, fields }));
}

const SCHEME_HTTP: Field = { name: ":scheme", value: "http" };
const SCHEME_HTTPS: Field = { name: ":scheme", value: "https" };
const METHOD_GET: Field = { name: ":method", value: "GET" };
const METHOD_CONNECT: Field = { name: ":method", value: "CONNECT" };

function http2Fields(parts: RequestParts): HpackField[] {
  const { method, path, host, contentLength, saysLength, protocols } = parts;
  const scheme = parts.secure ? SCHEME_HTTPS : SCHEME_HTTP;
  const fields: HpackField[] = [];
  if (method === "CONNECT") fields.push(METHOD_CONNECT, { name: ":authority", value: path }); // RFC 9113 §8.5
  else if (protocols.length > 0) { // RFC 8441 §4: one, as there is no list of them
    fields.push(METHOD_CONNECT, { name: ":protocol", value: protocols[0]! }, scheme);
    fields.push({ name: ":path", value: path }, { name: ":authority", value: host });
  } else {
    fields.push(method === "GET" ? METHOD_GET : { name: ":method", value: method }, scheme);
    fields.push({ name: ":path", value: path }, { name: ":authority", value: host });
  }
  for (const field of parts.fields) {
    if (protocols.length === 0 || field.name !== "sec-websocket-key") addField(fields, field); // RFC 8441 §5
  }
  if (contentLength >= 0 && saysLength) fields.push({ name: "content-length", value: String(contentLength) });
  fields.push(...parts.announcements);
  return fields;
}

/** Adds a field as HTTP/2 has it: a `te` says but `trailers` (RFC 9113 §8.2.2), a `cookie` goes in crumbs (§8.2.3). */
function addField(fields: HpackField[], field: Field): void {
  const { name, value } = field;
  if (name === "cookie" && value.includes("; ")) {
    for (const crumb of cookieCrumbs(value)) fields.push({ name, value: crumb });
  } else if (name !== "te") fields.push(field);
  else if (listHas(value, "trailers")) fields.push({ name, value: "trailers" });
}

/** Gives the fields, and refuses what a peer would take for malformed. */
function checked(fields: readonly HpackField[]): readonly HpackField[] {
  const plainConnect = fields[0] === METHOD_CONNECT && fields[1]?.name === ":authority";
  for (const { name, value } of fields) {
    if (fieldKind(name, value) < FieldKind.UnknownPseudo) continue;
    const shown = name.startsWith(":") ? `: received ${JSON.stringify(value)}` : ""; // others may be secret
    throw new TypeError(`Cannot fetch as '${name}' must be a field that HTTP/2 can carry${shown}`);
  }
  if (plainConnect && !isHostAndPort(fields[1]!.value)) {
    throw new TypeError(`Cannot connect as the authority must be host:port: received ${fields[1]!.value}`);
  }
  return fields;
}
