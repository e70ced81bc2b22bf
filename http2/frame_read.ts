/**
 * Owns the reading of frames (RFC 9113 §4, §6): what stands in a payload, piece by piece for a connection and whole for
 * others. Knows no stream and no setting beside the largest size.
 *
 * @module
 */

import { ErrorCode, Http2Error } from "./error.ts";
import { readAltSvc, readOrigin, readPriorityUpdate } from "./extension_frames.ts";
import {
  DEFAULT_FRAME_SIZE,
  Flag,
  type Frame,
  FRAME_HEADER_BYTES,
  FrameType,
  type StreamDependency,
  type UnknownFrame,
} from "./frame.ts";
import {
  checkFrameHeader,
  DEPENDENCY_BYTES,
  FrameHeader,
  PAD_LENGTH_BYTES,
  PROMISED_ID_BYTES,
  readFrameHeader,
  readUint31,
  readUint32,
  SETTING_BYTES,
} from "./frame_header.ts";

export { checkFrameHeader, FrameHeader, readFrameHeader, readUint31, readUint32 };

/** Where the part of a payload lies that is no padding and no number; its owner reuses it for one frame after the other. */
export class Fragment {
  /** Where it begins. */
  start = 0;
  /** Where it ends. */
  end = 0;
  /** The stream that a PUSH_PROMISE promises, 0 in other frames. */
  promisedId = 0;
  /** The stream that HEADERS depend on (RFC 9113 §5.3.2), -1 where they don't say. */
  dependency = -1;
}

/**
 * Finds the content or field block fragment in the payload at `at` of a DATA, HEADERS, PUSH_PROMISE or CONTINUATION frame,
 * all of which must be there and whose header was checked.
 *
 * Throws an {@linkcode Http2Error} of PROTOCOL_ERROR for the connection where the padding is too long (RFC 9113 §6.1, §6.2,
 * §6.6), or where a server can't have the stream that is promised (§6.6): 0, or an odd one.
 */
export function readFragment(view: Uint8Array, at: number, header: FrameHeader, into: Fragment): void {
  const { type, flags, length } = header;
  let start = at;
  let end = at + length;
  into.promisedId = 0;
  into.dependency = -1;
  if (type !== FrameType.Continuation && (flags & Flag.Padded) !== 0) end -= view[start++]!;
  if (type === FrameType.Headers && (flags & Flag.Priority) !== 0) {
    into.dependency = readUint31(view, start);
    start += DEPENDENCY_BYTES;
  } else if (type === FrameType.PushPromise) {
    into.promisedId = readUint31(view, start);
    start += PROMISED_ID_BYTES;
  }
  if (end < start) {
    throw protocolError(
      `Cannot read frame as its padding must fit in: received a pad length of ${view[at]} in ${length}`,
    );
  }
  if (type === FrameType.PushPromise && (into.promisedId === 0 || into.promisedId % 2 === 1)) {
    throw protocolError(
      `Cannot read PUSH_PROMISE frame as it must promise an even stream: received stream ${into.promisedId}`,
    );
  }
  into.start = start;
  into.end = end;
}

/** What {@linkcode readFrame} may be told. */
export interface ReadFrameOptions {
  /**
   * Largest payload, in bytes: the SETTINGS_MAX_FRAME_SIZE that the peer was told.
   *
   * @default {DEFAULT_FRAME_SIZE}
   */
  readonly maxFrameSize?: number;
}

/** What {@linkcode readFrame} gives. */
export interface ReadFrame {
  /** The frame; what is bytes in it is a view of what was read. */
  readonly value: Frame;
  /** How many bytes it took. */
  readonly used: number;
}

/**
 * Reads the frame at `start`: the frame and how many bytes it took, or `undefined` while it needs more bytes.
 *
 * Throws an {@linkcode Http2Error} where the frame alone shows that it breaks a rule of RFC 9113 §4.2 and §6; lengths are
 * judged as soon as the 9 bytes of the header are there. After an error of a stream one may go on behind the frame, whose
 * length is in its first 3 bytes. What hangs on other frames is not judged: which stream may have it, what a setting may be,
 * or whether a stream depends on itself.
 *
 * @example
 * ```ts
 * import { readFrame } from "@avx/http/http2";
 *
 * const bytes = Uint8Array.fromHex("000004080000000001" + "0000ffff");
 * console.assert(readFrame(bytes.subarray(0, 12), 0) === undefined);
 * const read = readFrame(bytes, 0);
 * console.assert(read?.used === 13 && read.value.type === "windowUpdate" && read.value.increment === 65535);
 * ```
 */
export function readFrame(view: Uint8Array, start: number, options: ReadFrameOptions = {}): ReadFrame | undefined {
  if (view.length - start < FRAME_HEADER_BYTES) return undefined;
  const header = new FrameHeader();
  readFrameHeader(view, start, header);
  checkFrameHeader(header, options.maxFrameSize ?? DEFAULT_FRAME_SIZE);
  const used = FRAME_HEADER_BYTES + header.length;
  if (view.length - start < used) return undefined;
  const at = start + FRAME_HEADER_BYTES;
  return { value: READERS.get(header.type)?.(view, at, header) ?? readUnknown(view, at, header), used };
}

/** Reads a payload; `undefined` where the frame must be ignored as if its type were not known. */
type PayloadReader = (view: Uint8Array, at: number, header: FrameHeader) => Frame | undefined;

const READERS: ReadonlyMap<number, PayloadReader> = new Map<number, PayloadReader>([
  [FrameType.Data, readData],
  [FrameType.Headers, readHeaders],
  [FrameType.Priority, readPriority],
  [FrameType.RstStream, readRstStream],
  [FrameType.Settings, readSettings],
  [FrameType.PushPromise, readPushPromise],
  [FrameType.Ping, readPing],
  [FrameType.GoAway, readGoAway],
  [FrameType.WindowUpdate, readWindowUpdate],
  [FrameType.Continuation, readContinuation],
  [FrameType.AltSvc, readAltSvc],
  [FrameType.Origin, readOrigin],
  [FrameType.PriorityUpdate, readPriorityUpdate],
]);

function has(header: FrameHeader, flag: number): boolean {
  return (header.flags & flag) !== 0;
}

/** The fragment of a frame, and the length of its padding where it is padded. */
function fragmentOf(view: Uint8Array, at: number, header: FrameHeader) {
  const { start, end, promisedId } = readInto(view, at, header);
  const padding = has(header, Flag.Padded) ? { padLength: view[at]! } : {};
  return { fragment: view.subarray(start, end), promisedId, padding };
}

function readInto(view: Uint8Array, at: number, header: FrameHeader): Fragment {
  const into = new Fragment();
  readFragment(view, at, header, into);
  return into;
}

function dependencyAt(view: Uint8Array, at: number): StreamDependency {
  return { exclusive: view[at]! >= 0x80, dependency: readUint31(view, at), weight: view[at + 4]! + 1 };
}

function readData(view: Uint8Array, at: number, header: FrameHeader): Frame {
  const { fragment, padding } = fragmentOf(view, at, header);
  return {
    type: "data",
    streamId: header.streamId,
    endStream: has(header, Flag.EndStream),
    ...padding,
    data: fragment,
  };
}

function readHeaders(view: Uint8Array, at: number, header: FrameHeader): Frame {
  const { fragment, padding } = fragmentOf(view, at, header);
  const place = has(header, Flag.Padded) ? at + PAD_LENGTH_BYTES : at;
  return {
    type: "headers",
    streamId: header.streamId,
    endStream: has(header, Flag.EndStream),
    endHeaders: has(header, Flag.EndHeaders),
    ...padding,
    ...(has(header, Flag.Priority) ? { priority: dependencyAt(view, place) } : {}),
    fragment,
  };
}

function readPriority(view: Uint8Array, at: number, header: FrameHeader): Frame {
  return { type: "priority", streamId: header.streamId, priority: dependencyAt(view, at) };
}

function readRstStream(view: Uint8Array, at: number, header: FrameHeader): Frame {
  return { type: "rstStream", streamId: header.streamId, code: readUint32(view, at) };
}

function readSettings(view: Uint8Array, at: number, header: FrameHeader): Frame {
  const entries: [id: number, value: number][] = [];
  for (let place = at; place < at + header.length; place += SETTING_BYTES) {
    entries.push([view[place]! << 8 | view[place + 1]!, readUint32(view, place + 2)]);
  }
  return { type: "settings", streamId: 0, ack: has(header, Flag.Ack), entries };
}

function readPushPromise(view: Uint8Array, at: number, header: FrameHeader): Frame {
  const { fragment, promisedId, padding } = fragmentOf(view, at, header);
  const endHeaders = has(header, Flag.EndHeaders);
  return { type: "pushPromise", streamId: header.streamId, endHeaders, ...padding, promisedId, fragment };
}

function readPing(view: Uint8Array, at: number, header: FrameHeader): Frame {
  return { type: "ping", streamId: 0, ack: has(header, Flag.Ack), payload: view.subarray(at, at + header.length) };
}

function readGoAway(view: Uint8Array, at: number, header: FrameHeader): Frame {
  const lastStreamId = readUint31(view, at);
  const debug = view.subarray(at + 8, at + header.length);
  return { type: "goAway", streamId: 0, lastStreamId, code: readUint32(view, at + 4), debug };
}

function readWindowUpdate(view: Uint8Array, at: number, { streamId }: FrameHeader): Frame {
  const increment = readUint31(view, at);
  if (increment === 0) { // RFC 9113 §6.9
    const scope = streamId === 0 ? "connection" : "stream";
    const message = "Cannot read WINDOW_UPDATE frame as its increment must be at least 1: received 0";
    throw new Http2Error(scope, ErrorCode.ProtocolError, message, { streamId });
  }
  return { type: "windowUpdate", streamId, increment };
}

function readContinuation(view: Uint8Array, at: number, header: FrameHeader): Frame {
  const fragment = view.subarray(at, at + header.length);
  return { type: "continuation", streamId: header.streamId, endHeaders: has(header, Flag.EndHeaders), fragment };
}

function readUnknown(view: Uint8Array, at: number, header: FrameHeader): UnknownFrame {
  const { streamId, type: frameType, flags, length } = header;
  return { type: "unknown", streamId, frameType, flags, payload: view.subarray(at, at + length) };
}

function protocolError(message: string): Http2Error {
  return new Http2Error("connection", ErrorCode.ProtocolError, message);
}
