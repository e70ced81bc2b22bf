/**
 * Owns the frame's header on the wire (RFC 6455 §5.2): reading it in whatever pieces, with every rule that it must keep,
 * and writing it. Knows no message, no connection and no buffer.
 *
 * @module
 */

import { tooBig, violation } from "./frame_error.ts";

/** Frame types (RFC 6455 §11.8). */
export const Opcode = { Continuation: 0x0, Text: 0x1, Binary: 0x2, Close: 0x8, Ping: 0x9, Pong: 0xa } as const;
/** A frame type. */
export type Opcode = typeof Opcode[keyof typeof Opcode];

/** Which end of the connection: clients mask what they send, servers don't (RFC 6455 §5.1). */
export type Role = "client" | "server";

/** Most payload of a control frame, in bytes (RFC 6455 §5.5). */
export const MAX_CONTROL_PAYLOAD = 125;

/** Longest header, in bytes: two, a length of eight, a key of four. */
export const MAX_HEADER = 14;

/** The first bit of a frame: it is the last of its message. */
export const FIN = 0x80;
/** The second bit: the message is compressed (RFC 7692 §6). */
export const RSV1 = 0x40;
const RSV2 = 0x20;
const RSV3 = 0x10;
/** The first bit of the second octet: the payload is masked. */
const MASK = 0x80;
/** The bit of an opcode that makes it a control frame's (RFC 6455 §5.5). */
const CONTROL = 0x8;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
/** Largest value of the upper half of a length that a number holds exactly. */
const MAX_UPPER = 0x1f_ffff;

/** What a {@linkcode FrameReader} holds frames to. */
export interface FrameRules {
  /** Which end reads. */
  readonly role: Role;
  /** Longest payload, in bytes. */
  readonly maxFrameBytes: number;
  /** Whether RSV1 may be set, as permessage-deflate was agreed on. */
  readonly compressed: boolean;
}

const OPCODES: ReadonlySet<number> = new Set(Object.values(Opcode));

function isOpcode(value: number): value is Opcode {
  return OPCODES.has(value);
}

/**
 * Reads frame headers, one at a time. The members say what the header said that was read last.
 *
 * @example
 * ```ts
 * import { FrameReader, Opcode } from "@avx/http/websocket";
 *
 * const reader = new FrameReader({ role: "client", maxFrameBytes: 1024, compressed: false });
 * const wire = Uint8Array.of(0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f);
 * console.log(reader.read(wire, 0, 1)); // false: more bytes are needed
 * console.log(reader.read(wire, 0, 7), reader.used, reader.opcode === Opcode.Text, reader.length); // true 2 true 5
 * ```
 */
export class FrameReader {
  /** How many bytes the header takes. */
  used = 0;
  /** Whether the frame is the last of its message. */
  fin = true;
  /** Whether RSV1 is set. */
  rsv1 = false;
  /** The frame's type. */
  opcode: Opcode = Opcode.Text;
  /** The payload's length, in bytes. */
  length = 0;
  /** The masking key, the first octet the most significant; 0 where the payload is not masked. */
  key = 0;
  readonly #masked: boolean;
  readonly #maxFrameBytes: number;
  readonly #compressed: boolean;

  /** Made for one direction of a connection. */
  constructor(rules: FrameRules) {
    this.#masked = rules.role === "server";
    this.#maxFrameBytes = rules.maxFrameBytes;
    this.#compressed = rules.compressed;
  }

  /** Whether the frame is a control frame. */
  get control(): boolean {
    return (this.opcode & CONTROL) !== 0;
  }

  /**
   * Reads the header that begins at `start`; false means that more bytes are needed. What is wrong is told as soon as
   * the octet that says it is there: at most 14 octets are looked at again when more come.
   *
   * @throws {WebSocketError} If a rule is broken, or the payload is longer than the limit.
   */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    if (start === end) return false;
    this.#readFirst(bytes[start]!);
    if (end - start < 2) return false;
    const second = bytes[start + 1]!;
    const short = second & ~MASK;
    this.#checkSecond(second, short);
    let at = start + 2;
    if (short < LENGTH_16) {
      this.length = short;
    } else {
      const size = short === LENGTH_16 ? 2 : 8;
      if (end - at < size) return false;
      this.length = short === LENGTH_16 ? readLength16(bytes, at) : readLength64(bytes, at, this.#maxFrameBytes);
      at += size;
    }
    if (this.length > this.#maxFrameBytes) throw tooBig("frame", this.#maxFrameBytes, this.length);
    if (this.#masked) {
      if (end - at < 4) return false;
      this.key = bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
      at += 4;
    }
    this.used = at - start;
    return true;
  }

  #readFirst(first: number): void {
    const opcode = first & 0x0f;
    if (!isOpcode(opcode)) throw violation(`Cannot read frame as its opcode must be known: received ${opcode}`);
    this.opcode = opcode;
    this.fin = (first & FIN) !== 0;
    this.rsv1 = (first & RSV1) !== 0;
    if ((first & (RSV2 | RSV3)) !== 0) throw violation("Cannot read frame as RSV2 and RSV3 must be 0"); // RFC 6455 §5.2
    // RFC 7692 §6.1: on the first frame of a message only.
    if (this.rsv1 && (!this.#compressed || opcode === Opcode.Continuation || this.control)) {
      throw violation("Cannot read frame as RSV1 must be 0 but on the first frame of a compressed message");
    }
    if (!this.fin && this.control) throw violation("Cannot read control frame as it must not be fragmented"); // §5.5
  }

  #checkSecond(second: number, short: number): void {
    if ((second & MASK) !== 0 !== this.#masked) { // RFC 6455 §5.1
      throw violation(`Cannot read frame as it must ${this.#masked ? "" : "not "}be masked`);
    }
    if (this.control && short > MAX_CONTROL_PAYLOAD) { // RFC 6455 §5.5
      throw violation(`Cannot read control frame as its payload must be at most ${MAX_CONTROL_PAYLOAD} bytes`);
    }
  }
}

function readLength16(bytes: Uint8Array, at: number): number {
  const length = bytes[at]! << 8 | bytes[at + 1]!;
  if (length < LENGTH_16) throw notMinimal(length);
  return length;
}

function readLength64(bytes: Uint8Array, at: number, limit: number): number {
  const upper = readUint32(bytes, at);
  const lower = readUint32(bytes, at + 4);
  if (upper >= 0x8000_0000) throw violation("Cannot read frame as the first bit of its length must be 0"); // §5.2
  if (upper > MAX_UPPER) throw tooBig("frame", limit, `2^53 or more`);
  const length = upper * 2 ** 32 + lower;
  if (length < 2 ** 16) throw notMinimal(length);
  return length;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0;
}

/** RFC 6455 §5.2: the minimal number of bytes must be used to encode the length. */
function notMinimal(length: number): Error {
  return violation(`Cannot read frame as its length must be encoded as short as possible: received ${length}`);
}

/** How many bytes the header of a frame takes. */
export function headerSize(length: number, masked: boolean): number {
  return (length < LENGTH_16 ? 2 : length < 2 ** 16 ? 4 : 10) + (masked ? 4 : 0);
}

/** What {@linkcode writeHeader} writes. */
export interface WrittenHeader {
  /** The frame's type. */
  readonly opcode: Opcode;
  /**
   * Whether the frame is the last of its message.
   *
   * @default {true}
   */
  readonly fin?: boolean;
  /**
   * Whether RSV1 is set.
   *
   * @default {false}
   */
  readonly rsv1?: boolean;
  /** The payload's length, in bytes. */
  readonly length: number;
  /** The masking key, the first octet the most significant; left out by a server. */
  readonly key?: number;
}

/**
 * Writes a frame's header at `at`, and gives where it ends.
 *
 * @throws {RangeError} If there is not enough room.
 */
export function writeHeader(into: Uint8Array, at: number, header: WrittenHeader): number {
  const { opcode, fin = true, rsv1 = false, length, key } = header;
  return putHeader(into, at, (fin ? FIN : 0) | (rsv1 ? RSV1 : 0) | opcode, length, key);
}

/** {@linkcode writeHeader} for the hot path: the first octet is made already. */
export function putHeader(
  into: Uint8Array,
  at: number,
  first: number,
  length: number,
  key: number | undefined,
): number {
  if (at + headerSize(length, key !== undefined) > into.length) {
    throw new RangeError(`Cannot write header as it must fit: received room for ${into.length - at} bytes`);
  }
  const masked = key === undefined ? 0 : MASK;
  into[at++] = first;
  if (length < LENGTH_16) {
    into[at++] = masked | length;
  } else if (length < 2 ** 16) {
    into[at++] = masked | LENGTH_16;
    into[at++] = length >>> 8;
    into[at++] = length;
  } else {
    into[at++] = masked | LENGTH_64;
    at = putUint32(into, at, Math.floor(length / 2 ** 32));
    at = putUint32(into, at, length);
  }
  return key === undefined ? at : putUint32(into, at, key);
}

function putUint32(into: Uint8Array, at: number, value: number): number {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
  return at + 4;
}
