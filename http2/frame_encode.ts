/**
 * Owns the making of whole frames out of what describes them, the counterpart of `readFrame`. Knows no stream and no setting.
 *
 * @module
 */

import {
  Flag,
  type Frame,
  FRAME_HEADER_BYTES,
  FrameType,
  MAX_FRAME_SIZE,
  MAX_STREAM_ID,
  MAX_WINDOW,
  type StreamDependency,
} from "./frame.ts";
import { DEPENDENCY_BYTES, PAD_LENGTH_BYTES, PROMISED_ID_BYTES, SETTING_BYTES } from "./frame_header.ts";
import {
  writeFrameHeader,
  writeGoAway,
  writePing,
  writePriorityUpdate,
  writeRstStream,
  writeSettings,
  writeSettingsAck,
  writeText,
  writeUint32,
  writeWindowUpdate,
} from "./frame_write.ts";

const MAX_UINT32 = 2 ** 32 - 1;
const MAX_UINT16 = 2 ** 16 - 1;

/** Throws a `RangeError` where a number of a frame is no integer of `least` to `most`. */
function check(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`Cannot encode frame as ${name} must be an integer of ${least} to ${most}: received ${value}`);
}

/** RFC 9113 §6.6: only a server promises streams, and those have even identifiers. */
function checkPromised(id: number): void {
  if (id % 2 === 0 && id >= 2 && id < MAX_STREAM_ID) return;
  throw new RangeError(
    `Cannot encode frame as promisedId must be an even integer of 2 to ${MAX_STREAM_ID - 1}: received ${id}`,
  );
}

/** Throws a `RangeError` where a text has a character that is no octet. */
function checkText(name: string, text: string): void {
  for (let at = 0; at < text.length; at++) check(`each character of ${name}`, text.charCodeAt(at), 0, 0xff);
}

/**
 * Encodes a frame; padding is of zeros, and the reserved bits are 0.
 *
 * Throws a `RangeError` where a number of the frame is out of its range, its payload is longer than 2^24 - 1 bytes, or it is
 * a SETTINGS acknowledgement with entries, or a PING whose payload hasn't 8 bytes.
 *
 * @example
 * ```ts
 * import { encodeFrame } from "@avx/http/http2";
 *
 * const frame = encodeFrame({ type: "rstStream", streamId: 1, code: 0x8 });
 * console.assert(frame.toHex() === "000004030000000001" + "00000008");
 * ```
 */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  switch (frame.type) {
    case "data":
    case "headers":
    case "pushPromise":
    case "continuation":
      return encodeFragment(frame);
    case "priority":
    case "rstStream":
    case "windowUpdate":
      return encodeOfStream(frame);
    case "settings":
    case "ping":
    case "goAway":
      return encodeOfConnection(frame);
    case "altSvc":
    case "origin":
    case "priorityUpdate":
    case "unknown":
      return encodeExtension(frame);
    default:
      return frame satisfies never;
  }
}

type Of<T extends Frame["type"]> = Extract<Frame, { readonly type: T }>;

/** Checks what a frame's header tells, and makes room for it whole. */
function room(streamId: number, least: number, length: number): Uint8Array<ArrayBuffer> {
  check("streamId", streamId, least, MAX_STREAM_ID);
  check("the length of its payload", length, 0, MAX_FRAME_SIZE);
  return new Uint8Array(FRAME_HEADER_BYTES + length);
}

/** Encodes the frames that have content or a part of a field block, with padding around it. */
function encodeFragment(frame: Of<"data" | "headers" | "pushPromise" | "continuation">): Uint8Array<ArrayBuffer> {
  const { streamId } = frame;
  const padLength = frame.type === "continuation" ? undefined : frame.padLength;
  const dependency = frame.type === "headers" ? frame.priority : undefined;
  const octets = frame.type === "data" ? frame.data : frame.fragment;
  if (padLength !== undefined) check("padLength", padLength, 0, 0xff);
  const before = (padLength === undefined ? 0 : PAD_LENGTH_BYTES) + (dependency === undefined ? 0 : DEPENDENCY_BYTES) +
    (frame.type === "pushPromise" ? PROMISED_ID_BYTES : 0);
  const length = before + octets.length + (padLength ?? 0);
  const into = room(streamId, 1, length);
  let at = writeFrameHeader(into, 0, length, typeOf(frame.type), flagsOf(frame), streamId);
  if (padLength !== undefined) into[at++] = padLength;
  if (dependency !== undefined) at = writeDependency(into, at, dependency);
  if (frame.type === "pushPromise") {
    checkPromised(frame.promisedId);
    at = writeUint32(into, at, frame.promisedId);
  }
  into.set(octets, at);
  return into;
}

function typeOf(type: "data" | "headers" | "pushPromise" | "continuation"): number {
  switch (type) {
    case "data":
      return FrameType.Data;
    case "headers":
      return FrameType.Headers;
    case "pushPromise":
      return FrameType.PushPromise;
    case "continuation":
      return FrameType.Continuation;
    default:
      return type satisfies never;
  }
}

function flagsOf(frame: Of<"data" | "headers" | "pushPromise" | "continuation">): number {
  return ("endStream" in frame && frame.endStream ? Flag.EndStream : 0) |
    ("endHeaders" in frame && frame.endHeaders ? Flag.EndHeaders : 0) |
    ("padLength" in frame && frame.padLength !== undefined ? Flag.Padded : 0) |
    ("priority" in frame && frame.priority !== undefined ? Flag.Priority : 0);
}

function writeDependency(into: Uint8Array, at: number, { exclusive, dependency, weight }: StreamDependency): number {
  check("dependency", dependency, 0, MAX_STREAM_ID);
  check("weight", weight, 1, 256);
  at = writeUint32(into, at, dependency);
  if (exclusive) into[at - 4]! |= 0x80;
  into[at] = weight - 1;
  return at + 1;
}

function encodeOfStream(frame: Of<"priority" | "rstStream" | "windowUpdate">): Uint8Array<ArrayBuffer> {
  const { streamId } = frame;
  const into = room(streamId, frame.type === "windowUpdate" ? 0 : 1, frame.type === "priority" ? DEPENDENCY_BYTES : 4);
  if (frame.type === "priority") {
    writeDependency(into, writeFrameHeader(into, 0, DEPENDENCY_BYTES, FrameType.Priority, 0, streamId), frame.priority);
  } else if (frame.type === "rstStream") {
    check("code", frame.code, 0, MAX_UINT32);
    writeRstStream(into, 0, streamId, frame.code);
  } else {
    check("increment", frame.increment, 1, MAX_WINDOW);
    writeWindowUpdate(into, 0, streamId, frame.increment);
  }
  return into;
}

function encodeOfConnection(frame: Of<"settings" | "ping" | "goAway">): Uint8Array<ArrayBuffer> {
  if (frame.type === "settings") return encodeSettings(frame);
  if (frame.type === "ping") {
    check("the length of its payload", frame.payload.length, 8, 8);
    const into = room(0, 0, 8);
    writePing(into, 0, frame.ack, frame.payload);
    return into;
  }
  check("lastStreamId", frame.lastStreamId, 0, MAX_STREAM_ID);
  check("code", frame.code, 0, MAX_UINT32);
  const into = room(0, 0, 8 + frame.debug.length);
  writeGoAway(into, 0, frame.lastStreamId, frame.code, frame.debug);
  return into;
}

function encodeSettings({ ack, entries }: Of<"settings">): Uint8Array<ArrayBuffer> {
  if (ack) check("the count of entries beside ack", entries.length, 0, 0);
  for (const [id, value] of entries) {
    check("a setting's identifier", id, 0, MAX_UINT16);
    check("a setting's value", value, 0, MAX_UINT32);
  }
  const into = room(0, 0, entries.length * SETTING_BYTES);
  if (ack) writeSettingsAck(into, 0);
  else writeSettings(into, 0, entries);
  return into;
}

function encodeExtension(frame: Of<"altSvc" | "origin" | "priorityUpdate" | "unknown">): Uint8Array<ArrayBuffer> {
  if (frame.type === "altSvc") return encodeAltSvc(frame);
  if (frame.type === "origin") return encodeOrigin(frame);
  if (frame.type === "priorityUpdate") {
    check("prioritizedId", frame.prioritizedId, 1, MAX_STREAM_ID);
    checkText("value", frame.value);
    const into = room(0, 0, 4 + frame.value.length);
    writePriorityUpdate(into, 0, frame.prioritizedId, frame.value);
    return into;
  }
  check("frameType", frame.frameType, 0, 0xff);
  check("flags", frame.flags, 0, 0xff);
  const into = room(frame.streamId, 0, frame.payload.length);
  writeFrameHeader(into, 0, frame.payload.length, frame.frameType, frame.flags, frame.streamId);
  into.set(frame.payload, FRAME_HEADER_BYTES);
  return into;
}

function encodeAltSvc({ streamId, origin, value }: Of<"altSvc">): Uint8Array<ArrayBuffer> {
  checkText("origin", origin);
  checkText("value", value);
  const into = room(streamId, 0, 2 + origin.length + value.length);
  const at = writeFrameHeader(into, 0, into.length - FRAME_HEADER_BYTES, FrameType.AltSvc, 0, streamId);
  writeText(into, writeEntry(into, at, origin), value);
  return into;
}

function encodeOrigin({ origins }: Of<"origin">): Uint8Array<ArrayBuffer> {
  for (const origin of origins) checkText("an origin", origin);
  const into = room(0, 0, origins.reduce((sum, { length }) => sum + 2 + length, 0));
  let at = writeFrameHeader(into, 0, into.length - FRAME_HEADER_BYTES, FrameType.Origin, 0, 0);
  for (const origin of origins) at = writeEntry(into, at, origin);
  return into;
}

/** Writes a text with its length before it. */
function writeEntry(into: Uint8Array, at: number, text: string): number {
  check("the length of an origin", text.length, 0, MAX_UINT16);
  into[at] = text.length >>> 8;
  into[at + 1] = text.length;
  return writeText(into, at + 2, text);
}
