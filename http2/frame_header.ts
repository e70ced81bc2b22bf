/**
 * Owns the reading of frame headers (RFC 9113 §4.1) and what a header alone must fulfil (§4.2, §6): lengths, and whether a
 * stream or the connection is meant. Knows no payload.
 *
 * @module
 */

import { ErrorCode, Http2Error } from "./error.ts";
import { Flag, FrameType } from "./frame.ts";

/** A frame's header; its owner reuses it for one frame after the other. */
export class FrameHeader {
  /** The length of the payload, 0 to 2^24 - 1 bytes. */
  length = 0;
  /** The type, 0 to 255. */
  type = 0;
  /** The flags, 0 to 255. */
  flags = 0;
  /** The stream, 0 to 2^31 - 1; the reserved bit is gone. */
  streamId = 0;
}

/** Reads the 4 octets at `at` as an unsigned integer; they must be there. */
export function readUint32(view: Uint8Array, at: number): number {
  return (view[at]! << 24 | view[at + 1]! << 16 | view[at + 2]! << 8 | view[at + 3]!) >>> 0;
}

/** Reads the 4 octets at `at` as a reserved bit, which is ignored, and an unsigned integer of 31 bits; they must be there. */
export function readUint31(view: Uint8Array, at: number): number {
  return (view[at]! & 0x7f) << 24 | view[at + 1]! << 16 | view[at + 2]! << 8 | view[at + 3]!;
}

/** Reads the frame header at `at` into `into`; its 9 octets must be there. */
export function readFrameHeader(view: Uint8Array, at: number, into: FrameHeader): void {
  into.length = view[at]! << 16 | view[at + 1]! << 8 | view[at + 2]!;
  into.type = view[at + 3]!;
  into.flags = view[at + 4]!;
  into.streamId = readUint31(view, at + 5);
}

/** The length of what tells the length of the padding, in bytes (RFC 9113 §6.1). */
export const PAD_LENGTH_BYTES = 1;
/** The length of a stream dependency with its weight, in bytes (RFC 9113 §6.2, §6.3). */
export const DEPENDENCY_BYTES = 5;
/** The length of the identifier of a promised stream, in bytes (RFC 9113 §6.6). */
export const PROMISED_ID_BYTES = 4;
/** The length of an entry of SETTINGS, in bytes (RFC 9113 §6.5.1). */
export const SETTING_BYTES = 6;

/** What a frame must belong to. */
const ANY = 0;
const STREAM = 1;
const CONNECTION = 2;

/** How long a payload must be. */
const AT_LEAST = 0;
const EXACTLY = 1;

interface Rule {
  readonly type: FrameType;
  readonly name: string;
  readonly owner: typeof ANY | typeof STREAM | typeof CONNECTION;
  readonly measure: typeof AT_LEAST | typeof EXACTLY;
  readonly length: number;
  /** Flags that ask for more octets: {@linkcode PAD_LENGTH_BYTES}, {@linkcode DEPENDENCY_BYTES}. */
  readonly optional?: number;
}

/**
 * The rules of RFC 9113 §6.1 to §6.10, and of RFC 9218 §7.1. ALTSVC and ORIGIN have none: where they can't be used they are
 * ignored (RFC 7838 §4, RFC 8336 §2.1).
 */
const RULES: readonly Rule[] = [
  {
    type: FrameType.Data,
    name: "DATA",
    owner: STREAM,
    measure: AT_LEAST,
    length: 0,
    optional: Flag.Padded,
  },
  {
    type: FrameType.Headers,
    name: "HEADERS",
    owner: STREAM,
    measure: AT_LEAST,
    length: 0,
    optional: Flag.Padded | Flag.Priority,
  },
  { type: FrameType.Priority, name: "PRIORITY", owner: STREAM, measure: EXACTLY, length: DEPENDENCY_BYTES },
  { type: FrameType.RstStream, name: "RST_STREAM", owner: STREAM, measure: EXACTLY, length: 4 },
  { type: FrameType.Settings, name: "SETTINGS", owner: CONNECTION, measure: AT_LEAST, length: 0 },
  {
    type: FrameType.PushPromise,
    name: "PUSH_PROMISE",
    owner: STREAM,
    measure: AT_LEAST,
    length: PROMISED_ID_BYTES,
    optional: Flag.Padded,
  },
  { type: FrameType.Ping, name: "PING", owner: CONNECTION, measure: EXACTLY, length: 8 },
  { type: FrameType.GoAway, name: "GOAWAY", owner: CONNECTION, measure: AT_LEAST, length: 8 },
  { type: FrameType.WindowUpdate, name: "WINDOW_UPDATE", owner: ANY, measure: EXACTLY, length: 4 },
  { type: FrameType.Continuation, name: "CONTINUATION", owner: STREAM, measure: AT_LEAST, length: 0 },
  { type: FrameType.PriorityUpdate, name: "PRIORITY_UPDATE", owner: CONNECTION, measure: AT_LEAST, length: 4 },
];

/** The rules in tables of octets: a frame costs some reads of bytes (and a `Rule` where it is refused). */
const OWNER = new Uint8Array(256);
const MEASURE = new Uint8Array(256);
const LENGTH = new Uint8Array(256);
/** Which flags of a type ask for more octets. */
const OPTIONAL = new Uint8Array(256);
for (const { type, owner, measure, length, optional = 0 } of RULES) {
  OWNER[type] = owner;
  MEASURE[type] = measure;
  LENGTH[type] = length;
  OPTIONAL[type] = optional;
}

/**
 * Checks what a header alone can tell, before the payload is awaited: its length (RFC 9113 §4.2), and whether a stream or
 * the connection is meant (§6). `maxFrameSize` is the SETTINGS_MAX_FRAME_SIZE that the peer was told, in bytes.
 *
 * Throws an {@linkcode Http2Error}: of FRAME_SIZE_ERROR or PROTOCOL_ERROR for the connection, save for a PRIORITY of a wrong
 * length, which is an error of its stream (§6.3): the payload can be skipped then. A DATA frame that is too long ends the
 * connection too, as §5.4.1 allows: skipping it would mean to await what was announced.
 */
export function checkFrameHeader(header: FrameHeader, maxFrameSize: number): void {
  const { length, type, flags, streamId } = header;
  if (length > maxFrameSize) throw sizeError(header, `at most ${maxFrameSize}`); // §4.2
  const owner = OWNER[type]!;
  if (owner === STREAM ? streamId === 0 : owner === CONNECTION && streamId !== 0) throw ownerError(header);
  let least = LENGTH[type]!;
  if (MEASURE[type] === EXACTLY) {
    if (length !== least) throw sizeError(header, `${least}`, type === FrameType.Priority ? "stream" : "connection");
    return;
  }
  const extra = flags & OPTIONAL[type]!;
  if ((extra & Flag.Padded) !== 0) least += PAD_LENGTH_BYTES;
  if ((extra & Flag.Priority) !== 0) least += DEPENDENCY_BYTES;
  if (length < least) throw sizeError(header, `at least ${least}`);
  if (type !== FrameType.Settings) return;
  const ack = (flags & Flag.Ack) !== 0;
  if (ack ? length > 0 : length % SETTING_BYTES !== 0) {
    throw sizeError(header, ack ? "0 with ACK" : `a multiple of ${SETTING_BYTES}`); // §6.5
  }
}

/** Gives the name of a frame's type, and the type in hexadecimal where it has none. */
function nameOf(type: number): string {
  return RULES.find((rule) => rule.type === type)?.name ?? `0x${type.toString(16)}`;
}

function sizeError(header: FrameHeader, must: string, scope: "stream" | "connection" = "connection"): Http2Error {
  const { type, length, streamId } = header;
  const message = `Cannot read ${nameOf(type)} frame as its length must be ${must}: received ${length}`;
  return new Http2Error(scope, ErrorCode.FrameSizeError, message, scope === "stream" ? { streamId } : {});
}

function ownerError({ type, streamId }: FrameHeader): Http2Error {
  const must = streamId === 0 ? "belong to a stream" : "belong to the connection";
  const message = `Cannot read ${nameOf(type)} frame as it must ${must}: received stream ${streamId}`;
  return new Http2Error("connection", ErrorCode.ProtocolError, message);
}
