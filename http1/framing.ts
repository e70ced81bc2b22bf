/**
 * Owns what the fields that frame and route a message say (RFC 9112 §3.2, §6, §9; RFC 9110 §7.6.1, §7.8, §10.1.1);
 * knows nothing of where lines begin and end.
 *
 * @module
 */

import { readContentLength } from "../http/fields/content_length.ts";
import { TOKEN } from "../http/fields/token.ts";
import { Http1Error } from "./error.ts";
import { isHost } from "../http/fields/host.ts";

/** Whose field section it is; trailers frame nothing (RFC 9112 §7.1.2). */
export type Role = "request" | "response" | "trailer";

/** How a message's content is delimited (RFC 9112 §6.3); `close` is for responses only. */
export type FramingKind = "none" | "length" | "chunked" | "close";

/** The fields whose values are looked at while a head is read; 0 is every other field. */
export const FieldKind = {
  Other: 0,
  Host: 1,
  Connection: 2,
  ContentLength: 3,
  TransferEncoding: 4,
  Expect: 5,
  Upgrade: 6,
} as const;
/** One of the fields whose values are looked at while a head is read. */
export type FieldKind = typeof FieldKind[keyof typeof FieldKind];

/** The names by their lengths, which all differ: one look tells most fields apart from these. */
const KIND_BY_LENGTH: (readonly [kind: FieldKind, name: Uint8Array] | undefined)[] = new Array(18).fill(undefined);
const ascii = new TextEncoder();
for (
  const [name, kind] of [
    ["host", FieldKind.Host],
    ["connection", FieldKind.Connection],
    ["content-length", FieldKind.ContentLength],
    ["transfer-encoding", FieldKind.TransferEncoding],
    ["expect", FieldKind.Expect],
    ["upgrade", FieldKind.Upgrade],
  ] as const
) KIND_BY_LENGTH[name.length] = [kind, ascii.encode(name)];

const CLOSE = ascii.encode("close");
const KEEP_ALIVE = ascii.encode("keep-alive");
const UPGRADE = ascii.encode("upgrade");
const CHUNKED = ascii.encode("chunked");
const CONTINUE = ascii.encode("100-continue");

const COMMA = 0x2c;

/** Tells which of the known fields `bytes[start, end)` names, in any case. */
export function fieldKind(bytes: Uint8Array, start: number, end: number): FieldKind {
  const length = end - start;
  if (length >= KIND_BY_LENGTH.length) return FieldKind.Other;
  const known = KIND_BY_LENGTH[length];
  return known !== undefined && equalsIgnoringCase(bytes, start, end, known[1]) ? known[0] : FieldKind.Other;
}

/** Compares octets of tokens with a lower-case token; bit 5 tells the cases apart, and folds no two `tchar`s that matter. */
function equalsIgnoringCase(bytes: Uint8Array, start: number, end: number, token: Uint8Array): boolean {
  if (end - start !== token.length) return false;
  for (let at = 0; at < token.length; at++) {
    const octet = bytes[start + at]!;
    const expected = token[at]!;
    if (octet !== expected && (expected < 0x61 || octet !== expected - 0x20)) return false;
  }
  return true;
}

/** Whitespace around a value: OWS, and the CRLF of an obs-fold, which occurs only where the lines allowed one. */
function isBlank(octet: number): boolean {
  return octet === 0x20 || octet === 0x09 || octet === 0x0d || octet === 0x0a;
}

/** What one header section says of framing and routing. Offsets are relative to the head's first byte. */
export class Framing {
  /** Whether `Connection: close` was given. */
  close = false;
  /** Whether `Connection: keep-alive` was given. */
  keepAlive = false;
  /** Whether `Connection: upgrade` was given. */
  upgradeListed = false;
  /** Whether an Upgrade field was given. */
  upgradeField = false;
  /** Whether `Expect: 100-continue` was given. */
  expectContinue = false;
  /** The Content-Length, -1 without one. */
  contentLength = -1;
  /** Whether a Transfer-Encoding field was given. */
  transferEncoding = false;
  /** Whether Transfer-Encoding is `chunked`: no other coding passes. */
  chunked = false;
  /** Whether the message has no content whatever its fields say, so that they are passed over (RFC 9112 §6.3, rules 1, 2). */
  contentless = false;
  /** Where the value of Host begins, -1 without one. */
  hostStart = -1;
  /** Where the value of Host ends. */
  hostEnd = -1;

  readonly #response: boolean;
  /** Where the text of the first Content-Length of a response lies: others must equal it (RFC 9112 §6.3, rule 5). */
  #lengthStart = -1;
  #lengthEnd = -1;

  /** Makes the facts of one role; a response's Content-Length may repeat itself, a request's may not. */
  constructor(role: Role) {
    this.#response = role === "response";
  }

  /** Forgets the last head. */
  reset(): void {
    this.close =
      this.keepAlive =
      this.upgradeListed =
      this.upgradeField =
      this.expectContinue =
        false;
    this.transferEncoding = this.chunked = this.contentless = false;
    this.contentLength =
      this.hostStart =
      this.hostEnd =
      this.#lengthStart =
      this.#lengthEnd =
        -1;
  }

  /** Takes one field: its value with whitespace around it is `bytes[start, end)`, and the head begins at `base`. */
  note(kind: FieldKind, bytes: Uint8Array, start: number, end: number, base: number): void {
    while (start < end && isBlank(bytes[start]!)) start++;
    while (end > start && isBlank(bytes[end - 1]!)) end--;
    switch (kind) {
      case FieldKind.Host:
        return this.#noteHost(bytes, start, end, base);
      case FieldKind.Connection:
        return this.#noteConnection(bytes, start, end);
      case FieldKind.ContentLength:
        if (this.contentless) return;
        return this.#response
          ? this.#noteLengths(bytes, start, end, base)
          : this.#noteLength(bytes, start, end, this.contentLength >= 0);
      case FieldKind.TransferEncoding:
        if (this.contentless) return;
        return this.#noteCodings(bytes, start, end);
      case FieldKind.Expect:
        return this.#noteExpect(bytes, start, end);
      case FieldKind.Upgrade:
        this.upgradeField = true;
        return;
      case FieldKind.Other:
        return;
      default:
        kind satisfies never;
    }
  }

  /** RFC 9112 §3.2: one Host, and a valid one. */
  #noteHost(bytes: Uint8Array, start: number, end: number, base: number): void {
    if (this.#response) return;
    if (this.hostStart >= 0) throw new Http1Error(400, "Cannot read header section as it must have at most one Host");
    if (!isHost(bytes, start, end)) {
      throw new Http1Error(400, "Cannot read Host as it must be a host and at most a port");
    }
    this.hostStart = start - base;
    this.hostEnd = end - base;
  }

  /** RFC 9110 §7.6.1: `#connection-option`. */
  #noteConnection(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at++) {
      const next = elementEnd(bytes, at, end);
      const first = skipBlank(bytes, at, next);
      const last = dropBlank(bytes, first, next);
      if (equalsIgnoringCase(bytes, first, last, CLOSE)) this.close = true;
      else if (equalsIgnoringCase(bytes, first, last, KEEP_ALIVE)) this.keepAlive = true;
      else if (equalsIgnoringCase(bytes, first, last, UPGRADE)) this.upgradeListed = true;
      at = next;
    }
  }

  /** RFC 9110 §8.6; a repeated one is refused even where it is equal, as an intermediary may have read another. */
  #noteLength(bytes: Uint8Array, start: number, end: number, repeated: boolean): void {
    if (repeated) throw new Http1Error(400, "Cannot read header section as it must have at most one Content-Length");
    const length = readContentLength(bytes, start, end);
    if (Number.isNaN(length)) throw new Http1Error(400, "Cannot read Content-Length as it must be decimal digits");
    if (length === Infinity) throw new Http1Error(413, "Cannot read Content-Length as it must be at most 2^53 - 1");
    this.contentLength = length;
  }

  /** RFC 9112 §6.3, rule 5: a response's lengths may repeat, digit for digit. */
  #noteLengths(bytes: Uint8Array, start: number, end: number, base: number): void {
    for (let at = start; at <= end; at++) {
      const next = elementEnd(bytes, at, end);
      const first = skipBlank(bytes, at, next);
      const last = dropBlank(bytes, first, next);
      if (this.#lengthStart < 0) {
        this.#noteLength(bytes, first, last, false);
        this.#lengthStart = first - base;
        this.#lengthEnd = last - base;
      } else {
        const known = bytes.subarray(base + this.#lengthStart, base + this.#lengthEnd);
        if (!equalsIgnoringCase(bytes, first, last, known)) {
          throw new Http1Error(400, "Cannot read header section as its Content-Length values must be equal");
        }
      }
      at = next;
    }
  }

  /**
   * RFC 9112 §6.1 and §6.3, rule 4: only `chunked`, only once. Another coding is not implemented (501); nothing may
   * follow `chunked`, and a list must be one of tokens (400).
   */
  #noteCodings(bytes: Uint8Array, start: number, end: number): void {
    this.transferEncoding = true;
    for (let at = start; at <= end; at++) {
      const next = elementEnd(bytes, at, end);
      const first = skipBlank(bytes, at, next);
      const last = dropBlank(bytes, first, next);
      if (this.chunked || !isTokenAt(bytes, first, last)) {
        throw new Http1Error(400, "Cannot read Transfer-Encoding as it must be chunked, once");
      }
      if (!equalsIgnoringCase(bytes, first, last, CHUNKED)) {
        throw new Http1Error(501, "Cannot read Transfer-Encoding as no coding but chunked is implemented");
      }
      this.chunked = true;
      at = next;
    }
  }

  /** RFC 9110 §10.1.1: an expectation that is not known can't be met. */
  #noteExpect(bytes: Uint8Array, start: number, end: number): void {
    if (this.#response) return;
    for (let at = start; at < end; at++) {
      const next = elementEnd(bytes, at, end);
      const first = skipBlank(bytes, at, next);
      const last = dropBlank(bytes, first, next);
      if (equalsIgnoringCase(bytes, first, last, CONTINUE)) this.expectContinue = true;
      else if (first < last) throw new Http1Error(417, "Cannot meet Expect as it must be 100-continue");
      at = next;
    }
  }
}

/** Gives the place of the next comma, or `end`. */
function elementEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== COMMA) at++;
  return at;
}

function skipBlank(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(bytes[at]!)) at++;
  return at;
}

function dropBlank(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && isBlank(bytes[at - 1]!)) at--;
  return at;
}

function isTokenAt(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (TOKEN[bytes[at]!] !== 1) return false;
  return start < end;
}
