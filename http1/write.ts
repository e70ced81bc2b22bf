/**
 * Owns the writing of HTTP/1 messages (RFC 9112 §3 to §7) into a caller's buffer, and that nothing is written which would
 * be read as something else. Knows nothing of who chooses the fields, or of the content.
 *
 * Each writer takes a buffer and a place in it, and gives the place behind what it wrote, or -1 where the buffer is too
 * small: the bytes from the given place on are then of no meaning. A name, value, target or phrase that would break out
 * of its place (CR, LF, NUL and other control characters, characters above U+00FF) is a `TypeError`.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { reasonPhrase } from "../http/fields/status.ts";
import { FIELD_VALUE, isToken, TOKEN } from "../http/fields/token.ts";
import { isTrailerAllowed } from "../http/fields/trailer.ts";
import { isHost } from "../http/fields/host.ts";
import { TARGET_QUERY } from "../http/fields/target.ts";

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const COLON = 0x3a;
const DIGIT_0 = 0x30;

/** `HTTP/1.1 200 ` and the CRLF. */
const STATUS_LINE_FRAME = 15;
/** `: ` and the CRLF. */
const FIELD_FRAME = 4;
/** `  HTTP/1.1` and the CRLF. */
const REQUEST_LINE_FRAME = 12;

/** Gives how many bytes {@linkcode writeFields} writes for these fields. */
export function sizeOfFields(fields: readonly Field[]): number {
  let size = 0;
  for (const { name, value } of fields) size += name.length + value.length + FIELD_FRAME;
  return size;
}

/** Writes a status line (RFC 9112 §4). Throws a `RangeError` where `status` is not an integer of 100 to 999. */
export function writeStatusLine(into: Uint8Array, at: number, status: number, reason: string): number {
  if (!Number.isInteger(status) || status < 100 || status > 999) {
    throw new RangeError(`Cannot write status line as the code must be 100 to 999: received ${status}`);
  }
  if (at + reason.length + STATUS_LINE_FRAME > into.length) return -1;
  at = copy(into, at, "HTTP/1.1 ");
  into[at++] = DIGIT_0 + Math.floor(status / 100);
  into[at++] = DIGIT_0 + Math.floor(status / 10) % 10;
  into[at++] = DIGIT_0 + status % 10;
  into[at++] = SP; // stays, even without a phrase (§4)
  at = copyOf(FIELD_VALUE, into, at, reason);
  if (at < 0) {
    throw new TypeError(`Cannot write reason phrase as it must be of text: received ${JSON.stringify(reason)}`);
  }
  return endLine(into, at);
}

/** Writes one field line (RFC 9112 §5). */
export function writeField(into: Uint8Array, at: number, name: string, value: string): number {
  if (at + name.length + value.length + FIELD_FRAME > into.length) return -1;
  const nameEnd = copyOf(TOKEN, into, at, name);
  if (nameEnd <= at) {
    throw new TypeError(`Cannot write field as its name must be a token: received ${JSON.stringify(name)}`);
  }
  into[nameEnd] = COLON;
  into[nameEnd + 1] = SP;
  at = copyOf(FIELD_VALUE, into, nameEnd + 2, value);
  if (at < 0) {
    throw new TypeError(`Cannot write field "${name}" as its value must be of text: received ${JSON.stringify(value)}`);
  }
  return endLine(into, at);
}

/** Writes field lines in order (RFC 9112 §5), without the empty line behind them. */
export function writeFields(into: Uint8Array, at: number, fields: readonly Field[]): number {
  for (const { name, value } of fields) {
    at = writeField(into, at, name, value);
    if (at < 0) return -1;
  }
  return at;
}

/** Writes the empty line that ends a head. */
export function writeHeadEnd(into: Uint8Array, at: number): number {
  return at + 2 > into.length ? -1 : endLine(into, at);
}

/** What {@linkcode writeRequestHead} writes. */
export interface RequestLine {
  /** The method, a token. */
  readonly method: string;
  /** The request target in the form that goes with the method (RFC 9112 §3.2). */
  readonly target: string;
  /** The value of Host, which comes first of all fields (RFC 9110 §7.2); empty where the target has no authority. */
  readonly host: string;
  /** The other fields, those that frame the content among them; a `host` is a `TypeError`. */
  readonly fields: readonly Field[];
}

/**
 * Writes a request's whole head (RFC 9112 §3, §5), the empty line with it.
 *
 * @example
 * ```ts
 * import { writeRequestHead } from "@avx/http/http1";
 *
 * const buffer = new Uint8Array(256);
 * const end = writeRequestHead(buffer, 0, { method: "GET", target: "/", host: "example.com", fields: [] });
 * console.assert(new TextDecoder().decode(buffer.subarray(0, end)).startsWith("GET / HTTP/1.1\r\nhost: example.com\r\n"));
 * ```
 */
export function writeRequestHead(into: Uint8Array, at: number, request: RequestLine): number {
  const { method, target, host, fields } = request;
  if (!isToken(method)) {
    throw new TypeError(`Cannot write request line as its method must be a token: received ${JSON.stringify(method)}`);
  }
  if (fields.some((field) => field.name.toLowerCase() === "host")) {
    throw new TypeError("Cannot write request head as Host must not be among the fields: it is given apart from them");
  }
  if (at + method.length + target.length + REQUEST_LINE_FRAME > into.length) return -1;
  at = copy(into, at, method);
  into[at++] = SP;
  const targetEnd = copyOf(TARGET_QUERY, into, at, target);
  if (targetEnd <= at) {
    throw new TypeError(
      `Cannot write request line as its target must be of URI characters: received ${JSON.stringify(target)}`,
    );
  }
  at = endLine(into, copy(into, targetEnd, " HTTP/1.1"));
  const hostStart = at + "host: ".length;
  at = writeField(into, at, "host", host);
  if (at < 0) return -1;
  if (!isHost(into, hostStart, at - 2)) {
    throw new TypeError(`Cannot write Host as it must be a host and at most a port: received ${JSON.stringify(host)}`);
  }
  at = writeFields(into, at, fields);
  return at < 0 ? -1 : writeHeadEnd(into, at);
}

/**
 * Encodes the part of a response's head that repeats: status line and fields, without the empty line, to be kept and
 * copied. An empty `reason` stands for the registered phrase.
 *
 * @example
 * ```ts
 * import { encodeHeadPrefix } from "@avx/http/http1";
 *
 * const prefix = encodeHeadPrefix(200, "", [{ name: "server", value: "avx" }]);
 * console.assert(new TextDecoder().decode(prefix) === "HTTP/1.1 200 OK\r\nserver: avx\r\n");
 * ```
 */
export function encodeHeadPrefix(status: number, reason: string, fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  const phrase = reason === "" ? reasonPhrase(status) : reason;
  const bytes = new Uint8Array(STATUS_LINE_FRAME + phrase.length + sizeOfFields(fields));
  writeFields(bytes, writeStatusLine(bytes, 0, status, phrase), fields);
  return bytes;
}

/**
 * Encodes the whole head of an interim response (RFC 9110 §15.2), such as `100 Continue` or `103 Early Hints`.
 * Throws a `RangeError` where `status` is not of 100 to 199.
 */
export function encodeInterimHead(status: number, fields: readonly Field[]): Uint8Array<ArrayBuffer> {
  if (!(status >= 100 && status <= 199)) {
    throw new RangeError(`Cannot encode interim response as its status must be 100 to 199: received ${status}`);
  }
  const prefix = encodeHeadPrefix(status, "", fields);
  const head = new Uint8Array(prefix.length + 2);
  head.set(prefix);
  writeHeadEnd(head, prefix.length);
  return head;
}

/**
 * Writes the line before a chunk's data (RFC 9112 §7.1): at most 16 bytes. CRLF follows the data.
 * Throws a `RangeError` where `size`, in bytes, is not a safe integer above 0, as 0 would end the content.
 */
export function writeChunkHeader(into: Uint8Array, at: number, size: number): number {
  if (!Number.isSafeInteger(size) || size <= 0) {
    throw new RangeError(`Cannot write chunk as its size must be a safe integer above 0: received ${size}`);
  }
  const digits = size.toString(16);
  return at + digits.length + 2 > into.length ? -1 : endLine(into, copy(into, at, digits));
}

/**
 * Writes the last chunk and the trailer section (RFC 9112 §7.1.2): what ends chunked content. A field that may not stand
 * in a trailer section (RFC 9110 §6.5.1) is a `TypeError`.
 */
export function writeLastChunk(into: Uint8Array, at: number, trailers: readonly Field[]): number {
  for (const { name } of trailers) {
    if (!isTrailerAllowed(name.toLowerCase())) {
      throw new TypeError(`Cannot write trailer section as "${name}" must be in the header section`);
    }
  }
  at = writeFields(into, endLine(into, copy(into, at, "0")), trailers); // a buffer too small for "0" is one for the rest
  return at < 0 ? -1 : writeHeadEnd(into, at);
}

function endLine(into: Uint8Array, at: number): number {
  into[at] = CR;
  into[at + 1] = LF;
  return at + 2;
}

/** Copies US-ASCII of ours. */
function copy(into: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) into[at++] = text.charCodeAt(index);
  return at;
}

/** Copies text whose characters must all be in `table`; -1 where one is not. */
function copyOf(table: Uint8Array, into: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (table[code] !== 1) return -1; // above U+00FF: undefined
    into[at++] = code;
  }
  return at;
}
