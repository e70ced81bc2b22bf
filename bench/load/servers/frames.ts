/**
 * Owns the frames of the HTTP/2 floors (RFC 9113 §4.1): found in what a connection reads, made for what it writes. Checks
 * nothing, and decodes no field.
 *
 * @module
 */

import { HpackEncoder, type HpackField } from "../../../hpack/mod.ts";

/** The types of frames that the floors tell apart (RFC 9113 §6). */
export const Type = { Data: 0, Headers: 1, Settings: 4, Ping: 6, WindowUpdate: 8 } as const;

/** The flags that they look at: of SETTINGS and PING the same bit is the acknowledgement. */
export const Flag = { EndStream: 0x1, Ack: 0x1, EndHeaders: 0x4 } as const;

/** The settings that they name (RFC 9113 §6.5.2). */
export const Setting = { InitialWindowSize: 4 } as const;

/** How long a frame's header is, in bytes. */
export const HEADER_BYTES = 9;

/** The largest window, in bytes (RFC 9113 §6.9.1). */
export const MAX_WINDOW: number = 2 ** 31 - 1;

/** The window of a connection and of each stream at first, in bytes (RFC 9113 §6.9.2). */
export const FIRST_WINDOW = 65_535;

/** What a client says first (RFC 9113 §3.4). */
export const PREFACE: Uint8Array<ArrayBuffer> = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** What is told of a frame; the payload is there from `payload` on in `buffer`, but that of DATA is not. */
export interface Frame {
  /** See {@linkcode Type}. */
  type: number;
  /** See {@linkcode Flag}. */
  flags: number;
  /** The stream's identifier. */
  stream: number;
  /** The payload's length, in bytes. */
  length: number;
  /** Where the payload begins. */
  payload: number;
}

/** Finds the frames in one connection's bytes, wherever reads cut them. DATA is told of when its last byte is there. */
export class FrameFinder {
  /** What {@linkcode FrameFinder.take} looks at. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;
  readonly #frame: Frame = { type: 0, flags: 0, stream: 0, length: 0, payload: 0 };
  /** Where unread bytes end; they begin at 0 between two takes. */
  #end = 0;
  /** How many bytes are passed over before the next frame: a preface, or the rest of DATA. */
  #skip: number;
  #inData = false;

  /** Looks at so many bytes at once, after passing over the first `skip`. */
  constructor(bytes: number, skip = 0) {
    this.buffer = new Uint8Array(bytes);
    this.#view = new DataView(this.buffer.buffer);
    this.#skip = skip;
  }

  /** Where the next read belongs. */
  space(): Uint8Array<ArrayBuffer> {
    return this.#end === 0 ? this.buffer : this.buffer.subarray(this.#end);
  }

  /** Takes `count` more bytes and tells of each frame; what is told of is the same object each time. */
  take(count: number, tell: (frame: Frame) => void): void {
    const end = this.#end + count;
    const frame = this.#frame;
    let at = 0;
    for (;;) {
      const passed = Math.min(this.#skip, end - at);
      this.#skip -= passed;
      at += passed;
      if (this.#skip > 0) break;
      if (this.#inData) tell(frame);
      this.#inData = false;
      if (end - at < HEADER_BYTES) break;
      const head = this.#view.getUint32(at);
      frame.length = head >>> 8;
      frame.type = head & 0xff;
      frame.flags = this.buffer[at + 4]!;
      frame.stream = this.#view.getUint32(at + 5);
      frame.payload = at + HEADER_BYTES;
      if (frame.type === Type.Data) {
        this.#inData = true;
        this.#skip = frame.length;
        at = frame.payload;
        continue;
      }
      if (end - frame.payload < frame.length) break;
      tell(frame);
      at = frame.payload + frame.length;
    }
    if (at > 0) this.buffer.copyWithin(0, at, end);
    this.#end = end - at;
  }
}

/** A frame's bytes. */
export function frameOf(type: number, flags: number, stream: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length << 8 | type);
  view.setUint8(4, flags);
  view.setUint32(5, stream);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** A number of 32 bits, as the payload of a WINDOW_UPDATE is. */
export function uint32(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** One after the other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** What a list of fields is for the first time on a connection, when the peer learns them, and each time after that. */
export function blocksOf(fields: readonly HpackField[]): { first: Uint8Array; again: Uint8Array } {
  const encoder = new HpackEncoder({ indexing: () => "incremental" });
  return { first: encoder.encodeBlock(fields).slice(), again: encoder.encodeBlock(fields).slice() };
}

/** The fields of a 200, as the HTTP/1.1 floors have them. */
export function answerFields(type: string | null, length: number): HpackField[] {
  return [
    { name: ":status", value: "200" },
    ...(type === null ? [] : [{ name: "content-type", value: type }]),
    { name: "content-length", value: String(length) },
    { name: "date", value: new Date().toUTCString() },
  ];
}

/** The empty SETTINGS that each side begins by, and its acknowledgement. */
export const SETTINGS: Uint8Array = frameOf(Type.Settings, 0, 0, new Uint8Array(0));
/** See {@linkcode SETTINGS}. */
export const SETTINGS_ACK: Uint8Array = frameOf(Type.Settings, Flag.Ack, 0, new Uint8Array(0));

/** What must be said to a frame that asks for an acknowledgement, if it does. */
export function acknowledgement(frame: Frame, buffer: Uint8Array): Uint8Array | undefined {
  if ((frame.flags & Flag.Ack) !== 0) return undefined;
  if (frame.type === Type.Settings) return SETTINGS_ACK;
  if (frame.type !== Type.Ping) return undefined;
  return frameOf(Type.Ping, Flag.Ack, 0, buffer.subarray(frame.payload, frame.payload + frame.length));
}
