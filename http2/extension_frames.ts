/**
 * Owns the payloads of the frames that extensions define: ALTSVC (RFC 7838 §4), ORIGIN (RFC 8336 §2) and PRIORITY_UPDATE
 * (RFC 9218 §7.1). Must not know what is done with an alternative, an origin or a priority.
 *
 * @module
 */

import { decodeLatin1 } from "../http/fields/latin1.ts";
import { ErrorCode, Http2Error } from "./error.ts";
import type { AltSvcFrame, OriginFrame, PriorityUpdateFrame } from "./frame.ts";
import { type FrameHeader, readUint31 } from "./frame_header.ts";

/** The flags of which none may be set in an ORIGIN frame (RFC 8336 §2.1). */
const RESERVED_ORIGIN_FLAGS = 0x0f;

function readUint16(view: Uint8Array, at: number): number {
  return view[at]! << 8 | view[at + 1]!;
}

/**
 * Reads the payload of an ALTSVC frame at `at`; `undefined` where the frame must be ignored: too short for its origin, an
 * origin on a stream, or none on the connection (RFC 7838 §4).
 */
export function readAltSvc(view: Uint8Array, at: number, header: FrameHeader): AltSvcFrame | undefined {
  const { length, streamId } = header;
  if (length < 2) return undefined;
  const originLength = readUint16(view, at);
  if (originLength > length - 2 || (originLength === 0) !== (streamId !== 0)) return undefined;
  const split = at + 2 + originLength;
  const origin = decodeLatin1(view, at + 2, split);
  return { type: "altSvc", streamId, origin, value: decodeLatin1(view, split, at + length) };
}

/**
 * Reads the payload of an ORIGIN frame at `at`; `undefined` where the frame must be ignored: on a stream, with a reserved
 * flag, or with an entry that passes its end (RFC 8336 §2.1).
 */
export function readOrigin(view: Uint8Array, at: number, header: FrameHeader): OriginFrame | undefined {
  if (header.streamId !== 0 || (header.flags & RESERVED_ORIGIN_FLAGS) !== 0) return undefined;
  const end = at + header.length;
  const origins: string[] = [];
  while (at < end) {
    const start = at + 2;
    const next = start <= end ? start + readUint16(view, at) : Infinity;
    if (next > end) return undefined;
    origins.push(decodeLatin1(view, start, next));
    at = next;
  }
  return { type: "origin", streamId: 0, origins };
}

/**
 * Reads the payload of a PRIORITY_UPDATE frame at `at`, whose header was checked. Throws an {@linkcode Http2Error} of
 * PROTOCOL_ERROR for the connection where it prioritizes stream 0 (RFC 9218 §7.1).
 */
export function readPriorityUpdate(view: Uint8Array, at: number, header: FrameHeader): PriorityUpdateFrame {
  const prioritizedId = readUint31(view, at);
  if (prioritizedId === 0) {
    throw new Http2Error(
      "connection",
      ErrorCode.ProtocolError,
      "Cannot read PRIORITY_UPDATE frame as it must prioritize a stream: received stream 0",
    );
  }
  const value = decodeLatin1(view, at + 4, at + header.length);
  return { type: "priorityUpdate", streamId: 0, prioritizedId, value };
}
