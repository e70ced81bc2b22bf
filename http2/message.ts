/**
 * Owns the rules of messages (RFC 9113 §8, RFC 8441 §4): makes heads and trailers of decoded fields, or says why they are
 * malformed. Knows no frame, no content and no setting.
 *
 * @module
 */

import type { HpackField } from "../hpack/field.ts";
import { parseContentLength } from "../http/fields/content_length.ts";
import { listElements } from "../http/fields/list.ts";
import { isTrailerAllowed } from "../http/fields/trailer.ts";
import { isHostAndPort, isSameAuthority } from "./authority.ts";
import { ErrorCode, Http2Error } from "./error.ts";
import { FieldKind, fieldKind } from "./field_kind.ts";

/** A request's head, complete and valid. */
export interface RequestHead {
  /** The method, in its wire case (RFC 9110 §9). */
  readonly method: string;
  /** The scheme, in lower case; empty in a CONNECT that isn't extended. */
  readonly scheme: string;
  /**
   * The authority, `:authority` or else Host: a host, and a port where one was given. Never empty where the scheme is `http`
   * or `https`; `host:port` in a CONNECT.
   */
  readonly authority: string;
  /** The path with its query, or `*` of an OPTIONS; empty in a CONNECT that isn't extended. */
  readonly path: string;
  /** What an extended CONNECT asks for (RFC 8441), else empty. Whether it was allowed to ask, its connection knows. */
  readonly protocol: string;
  /** The fields that are not pseudo, in wire order, the crumbs of `cookie` put together (§8.2.3). */
  readonly fields: readonly HpackField[];
  /** The Content-Length in bytes, 0 to 2^53 - 1; -1 where none is given. */
  readonly contentLength: number;
  /** The value of the Priority field (RFC 9218 §5); several are joined. */
  readonly priority: string | undefined;
  /** Whether `Expect: 100-continue` is given, and the content not known to be empty (RFC 9110 §10.1.1). */
  readonly expectsContinue: boolean;
}

/** A response's head, final or interim, complete and valid. */
export interface ResponseHead {
  /** The status code, 100 to 999 without 101. */
  readonly status: number;
  /** The fields that are not pseudo, in wire order, the crumbs of `cookie` put together. */
  readonly fields: readonly HpackField[];
  /** The Content-Length in bytes, 0 to 2^53 - 1; -1 where none is given. */
  readonly contentLength: number;
}

/**
 * Makes a request's head of the fields of a stream's first field block (RFC 9113 §8.3.1, §8.5; RFC 8441 §4).
 *
 * Throws an {@linkcode Http2Error} of PROTOCOL_ERROR for the stream where the request is malformed (§8.1.1), or where it
 * expects what can't be met; its status says what it may be answered with: 400, 413 or 417.
 *
 * @example
 * ```ts
 * import { readRequestHead } from "@avx/http/http2";
 *
 * const head = readRequestHead([
 *   { name: ":method", value: "GET" },
 *   { name: ":scheme", value: "https" },
 *   { name: ":authority", value: "example.com" },
 *   { name: ":path", value: "/a?b" },
 *   { name: "accept", value: "text/html" },
 * ], 1);
 * console.assert(head.authority === "example.com" && head.path === "/a?b" && head.fields.length === 1);
 * ```
 */
export function readRequestHead(fields: readonly HpackField[], streamId: number): RequestHead {
  const pseudo = new PseudoFields();
  const start = pseudo.read(fields, streamId);
  const regular = new RegularFields();
  regular.read(fields, start, streamId, "request");
  const { method } = pseudo;
  if (method === undefined) throw malformed("request", "it must have a :method", streamId); // §8.3.1
  const extended = pseudo.protocol !== undefined;
  if (extended && method !== "CONNECT") { // RFC 8441 §4
    throw malformed("request", `:protocol must stand in a CONNECT: received ${method}`, streamId);
  }
  const plain = method !== "CONNECT" || extended;
  if (plain) checkTarget(pseudo, regular.host, streamId);
  else checkTunnel(pseudo, regular.host, streamId);
  const { contentLength } = regular;
  return {
    method,
    scheme: pseudo.scheme ?? "",
    authority: pseudo.authority ?? regular.host ?? "",
    path: pseudo.path ?? "",
    protocol: pseudo.protocol ?? "",
    fields: regular.of(fields, start),
    contentLength,
    priority: regular.priority,
    expectsContinue: regular.expectsContinue && contentLength !== 0,
  };
}

/**
 * Makes a response's head of the fields of a field block that is no trailer section (RFC 9113 §8.3.2).
 *
 * Throws an {@linkcode Http2Error} of PROTOCOL_ERROR for the stream where the response is malformed (§8.1.1), a 101 among
 * them (§8.6).
 *
 * @example
 * ```ts
 * import { readResponseHead } from "@avx/http/http2";
 *
 * const head = readResponseHead([{ name: ":status", value: "200" }, { name: "content-length", value: "5" }], 1);
 * console.assert(head.status === 200 && head.contentLength === 5 && head.fields.length === 1);
 * ```
 */
export function readResponseHead(fields: readonly HpackField[], streamId: number): ResponseHead {
  const first = fields[0];
  if (first === undefined || kindOf(first) !== FieldKind.Status) {
    if (first !== undefined && !isRegular(kindOf(first))) throw misplaced("response", first, streamId);
    throw malformed("response", "it must begin with :status", streamId);
  }
  const status = Number(first.value);
  if (status === 101) throw malformed("response", ":status must not be 101 in HTTP/2", streamId); // §8.6
  const regular = new RegularFields();
  regular.read(fields, 1, streamId, "response");
  return { status, fields: regular.of(fields, 1), contentLength: regular.contentLength };
}

/**
 * Checks the fields of a trailer section (RFC 9113 §8.1) and gives those that may stand in one (RFC 9110 §6.5.1): the same
 * array where all may.
 *
 * Throws an {@linkcode Http2Error} of PROTOCOL_ERROR for the stream where a field is malformed, a pseudo-field, or one of
 * HTTP/1.1's connections.
 */
export function readTrailers(fields: readonly HpackField[], streamId: number): readonly HpackField[] {
  for (const field of fields) {
    if (!isRegular(kindOf(field))) throw misplaced("trailers", field, streamId);
  }
  const allowed = ({ name }: HpackField) => isTrailerAllowed(name);
  return fields.every(allowed) ? fields : fields.filter(allowed);
}

/** Gives the kind of a field that a decoder with {@linkcode fieldKind} has classified already, or anyone hasn't. */
function kindOf(field: HpackField): number {
  const kind = field.kind;
  return kind === undefined || kind === FieldKind.Unclassified ? fieldKind(field.name, field.value) : kind;
}

/** What is read; it stands in messages of errors. */
type Section = "request" | "response" | "trailers";

/** Tells whether a field of this kind may stand anywhere behind the pseudo-fields. */
function isRegular(kind: number): boolean {
  return kind === FieldKind.Plain || (kind >= FieldKind.ContentLength && kind <= FieldKind.Expect);
}

/** The pseudo-fields of a request (RFC 9113 §8.3.1). */
class PseudoFields {
  method: string | undefined = undefined;
  /** In lower case. */
  scheme: string | undefined = undefined;
  authority: string | undefined = undefined;
  path: string | undefined = undefined;
  protocol: string | undefined = undefined;

  /** Reads them from the beginning and gives the place of the first other field. */
  read(fields: readonly HpackField[], streamId: number): number {
    let at = 0;
    for (; at < fields.length; at++) {
      const field = fields[at]!;
      switch (kindOf(field)) {
        case FieldKind.Method:
          this.method = once(this.method, field, streamId);
          continue;
        case FieldKind.Scheme:
          this.scheme = lowerCase(once(this.scheme, field, streamId));
          continue;
        case FieldKind.Authority:
          this.authority = once(this.authority, field, streamId);
          continue;
        case FieldKind.Path:
          this.path = once(this.path, field, streamId);
          continue;
        case FieldKind.Protocol:
          this.protocol = once(this.protocol, field, streamId);
          continue;
      }
      break;
    }
    return at;
  }
}

/** Gives the value of a field that must not be repeated. */
function once(before: string | undefined, { name, value }: HpackField, streamId: number): string {
  if (before !== undefined) throw malformed("request", `it must have at most one ${name}`, streamId);
  return value;
}

/** Schemes are the same in any case (RFC 3986 §3.1); nearly all are in lower case. */
function lowerCase(scheme: string): string {
  return scheme === "https" || scheme === "http" ? scheme : scheme.toLowerCase();
}

/** §8.3.1: what a request must have that isn't a plain CONNECT. */
function checkTarget(
  { method, scheme, authority, path, protocol }: PseudoFields,
  host: string | undefined,
  streamId: number,
): void {
  if (scheme === undefined) throw malformed("request", "it must have a :scheme", streamId);
  if (path === undefined) throw malformed("request", "it must have a :path", streamId);
  if (path === "*" && method !== "OPTIONS") {
    throw malformed("request", `:path must be * in an OPTIONS only: received ${method}`, streamId);
  }
  const web = scheme === "https" || scheme === "http";
  if (web && path === "") throw malformed("request", ":path must not be empty", streamId);
  if (authority !== undefined && host !== undefined && !isSameAuthority(authority, host, scheme)) {
    throw malformed("request", "Host must be the same as :authority", streamId);
  }
  // RFC 9110 §4.2.1: without a host there is no http or https URI.
  if ((web || protocol !== undefined) && (authority ?? host ?? "") === "") {
    throw malformed("request", "it must have an :authority or a Host, not empty", streamId);
  }
}

/** §8.5: what a CONNECT must have, and what not. */
function checkTunnel({ scheme, authority, path }: PseudoFields, host: string | undefined, streamId: number): void {
  if (scheme !== undefined || path !== undefined) {
    throw malformed("request", "a CONNECT must have no :scheme and no :path", streamId);
  }
  if (authority === undefined || !isHostAndPort(authority)) {
    throw malformed("request", "a CONNECT must have an :authority of the form host:port", streamId);
  }
  if (host !== undefined && !isSameAuthority(authority, host, "")) {
    throw malformed("request", "Host must be the same as :authority", streamId);
  }
}

/** What the fields that are not pseudo say to HTTP/2. */
class RegularFields {
  contentLength = -1;
  host: string | undefined = undefined;
  priority: string | undefined = undefined;
  expectsContinue = false;
  #crumbs = 0;

  /** Reads them from `start` on. */
  read(fields: readonly HpackField[], start: number, streamId: number, section: Section): void {
    for (let at = start; at < fields.length; at++) {
      const field = fields[at]!;
      switch (kindOf(field)) {
        case FieldKind.Plain:
        case FieldKind.Te:
          break;
        case FieldKind.Cookie:
          this.#crumbs++;
          break;
        case FieldKind.ContentLength:
          this.contentLength = lengthOf(this.contentLength, field.value, streamId, section);
          break;
        case FieldKind.Host:
          if (section === "request") this.host = once(this.host, field, streamId);
          break;
        case FieldKind.Priority:
          this.priority = this.priority === undefined ? field.value : `${this.priority}, ${field.value}`;
          break;
        case FieldKind.Expect:
          if (section === "request") this.#expect(field.value, streamId);
          break;
        default:
          throw misplaced(section, field, streamId);
      }
    }
  }

  /** RFC 9110 §10.1.1: an expectation that is not known can't be met. */
  #expect(value: string, streamId: number): void {
    for (const expectation of listElements(value)) {
      if (expectation.toLowerCase() !== "100-continue") {
        const message = "Cannot meet Expect as it must be 100-continue";
        throw new Http2Error("stream", ErrorCode.ProtocolError, message, { streamId, status: 417 });
      }
      this.expectsContinue = true;
    }
  }

  /** Gives the fields from `start` on, with one `cookie` in place of its crumbs (§8.2.3). */
  of(fields: readonly HpackField[], start: number): readonly HpackField[] {
    return this.#crumbs > 1 ? joined(fields, start) : fields.slice(start);
  }
}

/**
 * What `joinCookies` of hpack does, but for empty crumbs, in one pass over kinds: a browser's request has crumbs, and costs 4
 * times less so.
 */
function joined(fields: readonly HpackField[], start: number): readonly HpackField[] {
  const regular: HpackField[] = [];
  let place = -1;
  let cookie = "";
  let sensitive = false;
  for (let at = start; at < fields.length; at++) {
    const field = fields[at]!;
    if (kindOf(field) !== FieldKind.Cookie) {
      regular.push(field);
      continue;
    }
    // An empty crumb would leave a space at the value's end, or in front of it (RFC 9110 §5.5).
    if (field.value !== "") cookie = cookie === "" ? field.value : `${cookie}; ${field.value}`;
    sensitive ||= field.sensitive === true;
    if (place < 0) place = regular.push(field) - 1;
  }
  regular[place] = { name: "cookie", value: cookie, sensitive, kind: FieldKind.Cookie };
  return regular;
}

/** RFC 9110 §8.6: several lengths must be the same. */
function lengthOf(before: number, value: string, streamId: number, section: Section): number {
  const length = parseContentLength(value);
  if (length === Infinity) {
    const message = `Cannot read ${section} as content-length must be at most 2^53 - 1: received ${value}`;
    throw new Http2Error("stream", ErrorCode.ProtocolError, message, { streamId, status: 413 });
  }
  if (before >= 0 && before !== length) {
    throw malformed(section, `its content-length values must be equal: received ${before} and ${length}`, streamId);
  }
  return length;
}

/** Says why a field can't stand where it does, if anywhere. */
function misplaced(section: Section, field: HpackField, streamId: number): Http2Error {
  const shown = JSON.stringify(field.name);
  switch (kindOf(field)) {
    case FieldKind.UnknownPseudo:
      return malformed(section, `a pseudo-field must be a known one: received ${shown}`, streamId); // §8.3
    case FieldKind.MalformedName:
      return malformed(section, `a field name must be a token in lower case: received ${shown}`, streamId); // §8.2.1
    case FieldKind.Malformed: // not shown, for it may be secret
      return malformed(section, `the value of ${shown} must be one that it can have`, streamId);
    case FieldKind.ConnectionSpecific: // §8.2.2
      return malformed(section, `no field may be one of a connection's: received ${shown}`, streamId);
    default:
      return malformed(section, `a pseudo-field must stand where it belongs: received ${shown}`, streamId); // §8.3
  }
}

function malformed(section: Section, why: string, streamId: number): Http2Error {
  return new Http2Error("stream", ErrorCode.ProtocolError, `Cannot read ${section} as ${why}`, { streamId });
}
