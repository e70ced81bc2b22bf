/**
 * Owns how a server's answer is framed, and puts it into an output (RFC 9112 §4, §6, §7); knows neither the connection
 * nor the handler.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { isContentless, reasonPhrase } from "../http/fields/status.ts";
import { COPY_BYTES, type Output } from "./output.ts";
import type { RequestHead } from "./request.ts";
import { sizeOfFields, writeChunkHeader, writeFields, writeHeadEnd, writeLastChunk, writeStatusLine } from "./write.ts";

/** How the end of an answer's content is told (RFC 9112 §6.3). */
export type AnswerFraming = "none" | "length" | "chunked" | "close";

/** An answer's status line and fields, as its maker gives them. */
export interface AnswerHead {
  /** The status code, 100 to 599. */
  readonly status: number;
  /** The reason phrase; the status code's own when empty. */
  readonly reason: string;
  /** The header section; what frames the message or rules the connection is this layer's to say, and left out. */
  readonly fields: readonly Field[];
}

/** What a head says beside its maker's fields. */
export interface HeadOptions {
  /** How the content's end is told. */
  readonly framing: AnswerFraming;
  /** The content's length in bytes, where it is known. */
  readonly length?: number | undefined;
  /** Whether a `content-length` among the fields stands: in the answer to a HEAD and in a 304 (RFC 9110 §8.6). */
  readonly ownLength?: boolean;
  /** What `connection` says, empty for nothing (RFC 9112 §9.1). */
  readonly connection: string;
}

/** Chooses the framing of an answer's content (RFC 9112 §6.1 to §6.3). */
export function answerFraming(request: RequestHead, status: number, length: number | undefined): AnswerFraming {
  if (isContentless(status) || (request.method === "CONNECT" && status < 300)) return "none";
  if (length !== undefined) return "length";
  return request.minor === 1 ? "chunked" : "close";
}

/**
 * Puts a head.
 *
 * @throws {TypeError} If a name, a value or the reason phrase would break out of its place.
 */
export function putHead(output: Output, head: AnswerHead, options: HeadOptions): void {
  const reason = head.reason === "" ? reasonPhrase(head.status) : head.reason;
  const fields = headFields(head.fields, options);
  const size = STATUS_LINE_ROOM + reason.length + sizeOfFields(fields);
  const fits = size <= COPY_BYTES;
  const into = fits ? output.reserve(size) : new Uint8Array(size);
  const end = writeHeadEnd(
    into,
    writeFields(into, writeStatusLine(into, fits ? output.at : 0, head.status, reason), fields),
  );
  if (fits) output.advance(end);
  else output.push(into.subarray(0, end));
}

/** The maker's fields without those that are not theirs, and with those that tell the framing. */
function headFields(given: readonly Field[], options: HeadOptions): Field[] {
  const { framing, length, ownLength, connection } = options;
  const fields: Field[] = [];
  for (const field of given) {
    switch (field.name) {
      case "connection":
      case "keep-alive":
      case "transfer-encoding":
        break;
      case "content-length":
        if (ownLength) fields.push(field);
        break;
      default:
        fields.push(field);
    }
  }
  if (framing === "chunked") fields.push(CHUNKED);
  else if (framing === "length" && !ownLength) fields.push({ name: "content-length", value: String(length) });
  if (connection !== "") fields.push({ name: "connection", value: connection });
  return fields;
}

/** Puts a piece of chunked content, its size before it (RFC 9112 §7.1). */
export function putChunk(output: Output, bytes: Uint8Array): void {
  const { length } = bytes;
  if (length > COPY_BYTES) {
    output.advance(writeChunkHeader(output.reserve(CHUNK_FRAME_ROOM), output.at, length));
    output.push(bytes);
    output.push(CRLF);
    return;
  }
  const into = output.reserve(length + CHUNK_FRAME_ROOM);
  const at = writeChunkHeader(into, output.at, length);
  into.set(bytes, at);
  into.set(CRLF, at + length);
  output.advance(at + length + CRLF.length);
}

/**
 * Puts the last chunk and the trailer section (RFC 9112 §7.1.2).
 *
 * @throws {TypeError} If a field may not be a trailer, or would break out of its place.
 */
export function putLastChunk(output: Output, trailers: readonly Field[]): void {
  const size = LAST_CHUNK_ROOM + sizeOfFields(trailers);
  if (size <= COPY_BYTES) {
    output.advance(writeLastChunk(output.reserve(size), output.at, trailers));
  } else {
    const into = new Uint8Array(size);
    output.push(into.subarray(0, writeLastChunk(into, 0, trailers)));
  }
}

/** Longest string that is encoded by a loop here, in UTF-16 units; a longer one is cheaper by the platform's encoder. */
const LOOP_LENGTH = 128;

/** Puts a whole answer whose head, up to and with `content-length: `, is given: the hot path, in one arena if it fits. */
export function putWhole(output: Output, head: Uint8Array, body: string | Uint8Array): void {
  if (typeof body === "string" && body.length <= LOOP_LENGTH && putShort(output, head, body)) return;
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  output.push(head);
  output.push(encoder.encode(`${bytes.length}\r\n\r\n`));
  output.push(bytes);
}

/** Puts an answer with a short US-ASCII body; false, with nothing put, where the body is something else. */
function putShort(output: Output, head: Uint8Array, body: string): boolean {
  const { length } = body;
  const arena = output.reserve(head.length + LENGTH_ROOM + length);
  arena.set(head, output.at);
  let at = output.at + head.length;
  if (length >= 100) arena[at++] = DIGIT_0 + (length / 100 | 0);
  if (length >= 10) arena[at++] = DIGIT_0 + (length / 10 | 0) % 10;
  arena[at++] = DIGIT_0 + length % 10;
  arena[at++] = CR;
  arena[at++] = LF;
  arena[at++] = CR;
  arena[at++] = LF;
  for (let index = 0; index < length; index++) {
    const unit = body.charCodeAt(index);
    if (unit > 0x7f) return false;
    arena[at++] = unit;
  }
  output.advance(at);
  return true;
}

/** Room for `HTTP/1.1 200 ` and two line ends, in bytes. */
const STATUS_LINE_ROOM = 17;
/** Room for sixteen hexadecimal digits and two line ends, in bytes. */
const CHUNK_FRAME_ROOM = 20;
/** Room for a zero and two line ends, in bytes. */
const LAST_CHUNK_ROOM = 5;
/** Room for three digits and two line ends, in bytes. */
const LENGTH_ROOM = 7;

const CR = 0x0d;
const LF = 0x0a;
const DIGIT_0 = 0x30;
const CRLF = new Uint8Array([CR, LF]);
const CHUNKED: Field = { name: "transfer-encoding", value: "chunked" };
const encoder = new TextEncoder();
