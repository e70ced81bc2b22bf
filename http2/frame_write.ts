/**
 * Owns the writing of frames (RFC 9113 §4.1, §6) into bytes that a caller has room in, and of whole frames into new bytes.
 * Knows no stream and no setting.
 *
 * @module
 */

import { Flag, FrameType } from "./frame.ts";
import { SETTING_BYTES } from "./frame_header.ts";

/** Writes an unsigned integer of 32 bits at `at` and gives the place behind it. */
export function writeUint32(into: Uint8Array, at: number, value: number): number {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
  return at + 4;
}

/**
 * Writes a frame header at `at` and gives the place behind it. The length is that of the payload, in bytes; nothing is
 * checked.
 */
export function writeFrameHeader(
  into: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  into[at] = length >>> 16;
  into[at + 1] = length >>> 8;
  into[at + 2] = length;
  into[at + 3] = type;
  into[at + 4] = flags;
  return writeUint32(into, at + 5, streamId);
}

/** Writes a RST_STREAM frame (RFC 9113 §6.4), 13 bytes, and gives the place behind it. */
export function writeRstStream(into: Uint8Array, at: number, streamId: number, code: number): number {
  return writeUint32(into, writeFrameHeader(into, at, 4, FrameType.RstStream, 0, streamId), code);
}

/** Writes a SETTINGS frame (RFC 9113 §6.5), 9 bytes and 6 for each entry, and gives the place behind it. */
export function writeSettings(
  into: Uint8Array,
  at: number,
  entries: readonly (readonly [id: number, value: number])[],
): number {
  at = writeFrameHeader(into, at, entries.length * SETTING_BYTES, FrameType.Settings, 0, 0);
  for (const [id, value] of entries) {
    into[at] = id >>> 8;
    into[at + 1] = id;
    at = writeUint32(into, at + 2, value);
  }
  return at;
}

/** Writes a SETTINGS frame that acknowledges the peer's (RFC 9113 §6.5.3), 9 bytes, and gives the place behind it. */
export function writeSettingsAck(into: Uint8Array, at: number): number {
  return writeFrameHeader(into, at, 0, FrameType.Settings, Flag.Ack, 0);
}

/** Writes a PING frame (RFC 9113 §6.7) of the 8 octets of `payload`, 17 bytes, and gives the place behind it. */
export function writePing(into: Uint8Array, at: number, ack: boolean, payload: Uint8Array): number {
  at = writeFrameHeader(into, at, payload.length, FrameType.Ping, ack ? Flag.Ack : 0, 0);
  into.set(payload, at);
  return at + payload.length;
}

/** Writes a GOAWAY frame (RFC 9113 §6.8), 17 bytes and the debug data, and gives the place behind it. */
export function writeGoAway(
  into: Uint8Array,
  at: number,
  lastStreamId: number,
  code: number,
  debug: Uint8Array,
): number {
  at = writeFrameHeader(into, at, 8 + debug.length, FrameType.GoAway, 0, 0);
  at = writeUint32(into, writeUint32(into, at, lastStreamId), code);
  into.set(debug, at);
  return at + debug.length;
}

/** Writes a WINDOW_UPDATE frame (RFC 9113 §6.9), 13 bytes, and gives the place behind it. */
export function writeWindowUpdate(into: Uint8Array, at: number, streamId: number, increment: number): number {
  return writeUint32(into, writeFrameHeader(into, at, 4, FrameType.WindowUpdate, 0, streamId), increment);
}

/**
 * Writes a PRIORITY_UPDATE frame (RFC 9218 §7.1), 13 bytes and one for each character of the field value, which must be
 * US-ASCII, and gives the place behind it.
 */
export function writePriorityUpdate(into: Uint8Array, at: number, prioritizedId: number, value: string): number {
  at = writeFrameHeader(into, at, 4 + value.length, FrameType.PriorityUpdate, 0, 0);
  return writeText(into, writeUint32(into, at, prioritizedId), value);
}

/** Writes text one octet a character and gives the place behind it. */
export function writeText(into: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) into[at++] = text.charCodeAt(index);
  return at;
}
