/**
 * Owns how a server's answer is framed and laid out in octets (RFC 9112 §4, §6, §7); knows neither the connection nor
 * the handler.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { reasonPhrase } from "../http/fields/status.ts";
import type { Output } from "./output.ts";
import type { RequestHead } from "./request.ts";

/** How the end of a message's content is told (RFC 9112 §6.3). */
export type Framing = "none" | "length" | "chunked" | "close";

/** What a head says beside the handler's own fields. */
export interface HeadOptions {
  /** How the content's end is told. */
  readonly framing: Framing;
  /** The content's length in bytes, where it is known. */
  readonly length?: number | undefined;
  /** Whether the handler gave no content at all, so that a length of its own may stand in the answer to a HEAD. */
  readonly empty?: boolean;
  /** Whether the request was a HEAD. */
  readonly toHead?: boolean;
  /** Whether to say `connection: close`. */
  readonly close?: boolean;
  /** Whether to say `connection: keep-alive`, which HTTP/1.0 must be told. */
  readonly keepAlive?: boolean;
  /** Whether to say `connection: upgrade`. */
  readonly upgrade?: boolean;
}

/** A head's parts. */
interface HeadParts {
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly Field[];
}

/** Chooses the framing of an answer's content (RFC 9112 §6.1 to §6.3, RFC 9110 §6.4.1). */
export function responseFraming(request: RequestHead, status: number, length: number | undefined): Framing {
  if (status < 200 || status === 204 || status === 304) return "none";
  if (request.method === "CONNECT" && status < 300) return "none";
  if (length !== undefined) return "length";
  return request.minor === 1 ? "chunked" : "close";
}

/** Writes a status line and a header section. */
export function writeResponseHead(output: Output, head: HeadParts, options: HeadOptions): void {
  let text = `HTTP/1.1 ${head.status} ${head.reason === "" ? reasonPhrase(head.status) : head.reason}\r\n`;
  let ownLength = "";
  let upgrade = options.upgrade === true;
  for (const { name, value } of head.fields) {
    switch (name) {
      case "connection": // these are the connection's to say
      case "keep-alive":
      case "transfer-encoding":
        continue;
      case "content-length":
        ownLength = value;
        continue;
      case "upgrade":
        upgrade = true;
    }
    text += `${name}: ${value}\r\n`;
  }
  text += contentFields(head.status, ownLength, options);
  const connection = options.close && upgrade && head.status !== 101
    ? "close, upgrade"
    : upgrade
    ? "upgrade"
    : options.close
    ? "close"
    : options.keepAlive
    ? "keep-alive"
    : "";
  writeLatin1(output, connection === "" ? `${text}\r\n` : `${text}connection: ${connection}\r\n\r\n`);
}

/** The fields that tell the content's end; a HEAD or a 304 may tell the length that a GET would have given. */
function contentFields(status: number, ownLength: string, options: HeadOptions): string {
  if (options.framing === "chunked") return "transfer-encoding: chunked\r\n";
  const told = ownLength !== "" && (status === 304 || (options.toHead === true && options.empty === true));
  if (told) return `content-length: ${ownLength}\r\n`;
  if (options.framing !== "length" || (options.toHead === true && options.empty === true)) return "";
  return `content-length: ${options.length}\r\n`;
}

/** Writes a piece of chunked content with its size before it (RFC 9112 §7.1). */
export function writeChunk(output: Output, bytes: Uint8Array): void {
  writeLatin1(output, `${bytes.length.toString(16)}\r\n`);
  output.push(bytes);
  output.push(CRLF);
}

/** Writes the last chunk and the trailer section (RFC 9112 §7.1.2). */
export function writeLastChunk(output: Output, trailers: readonly Field[]): void {
  let text = "0\r\n";
  for (const { name, value } of trailers) text += `${name}: ${value}\r\n`;
  writeLatin1(output, `${text}\r\n`);
}

/** Longest string that is encoded by a loop here, in UTF-16 units; a longer one is cheaper by the platform's encoder. */
const LOOP_LENGTH = 128;

/**
 * Writes a whole answer whose head, up to and with `content-length: `, is given: the hot path, in one arena where it fits.
 */
export function writeBody(output: Output, head: Uint8Array, body: string | Uint8Array): void {
  if (typeof body !== "string" || body.length > LOOP_LENGTH) {
    const bytes = typeof body === "string" ? encoder.encode(body) : body;
    output.push(head);
    writeLatin1(output, `${bytes.length}\r\n\r\n`);
    output.push(bytes);
    return;
  }
  const length = body.length;
  const arena = output.reserve(head.length + length + LENGTH_ROOM);
  const start = output.at;
  arena.set(head, start);
  let at = start + head.length;
  if (length >= 100) arena[at++] = DIGIT_0 + (length / 100 | 0);
  if (length >= 10) arena[at++] = DIGIT_0 + ((length / 10 | 0) % 10);
  arena[at++] = DIGIT_0 + length % 10;
  arena[at++] = CR;
  arena[at++] = LF;
  arena[at++] = CR;
  arena[at++] = LF;
  for (let index = 0; index < length; index++) {
    const unit = body.charCodeAt(index);
    if (unit > 0x7f) return writeBody(output, head, encoder.encode(body)); // nothing was counted as pushed yet
    arena[at++] = unit;
  }
  output.advance(at);
}

/** Writes text of which each character is an octet. */
export function writeLatin1(output: Output, text: string): void {
  const length = text.length;
  if (length > MAX_LOOP_TEXT) {
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index++) bytes[index] = text.charCodeAt(index);
    output.push(bytes);
    return;
  }
  const arena = output.reserve(length);
  let at = output.at;
  for (let index = 0; index < length; index++) arena[at++] = text.charCodeAt(index);
  output.advance(at);
}

/** Longest text that goes straight into an arena, in bytes. */
const MAX_LOOP_TEXT = 8 * 1024;

/** Room for three digits and two line ends, in bytes. */
const LENGTH_ROOM = 8;

const CR = 0x0d;
const LF = 0x0a;
const DIGIT_0 = 0x30;
const CRLF = new Uint8Array([CR, LF]);
const encoder = new TextEncoder();
