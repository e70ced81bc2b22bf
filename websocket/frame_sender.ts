/**
 * Owns the way of a message into frames: text to octets, compression, fragments, masking. Knows no time, and not whether
 * anything may be sent.
 *
 * @module
 */

import { FIN, headerSize, MAX_HEADER, Opcode, putHeader, RSV1 } from "./frame.ts";
import type { MessageCompression } from "./frame_compression.ts";
import { mask } from "./frame_mask.ts";
import { type FrameOutput, MAX_RESERVE } from "./frame_output.ts";

/** Longest text that is encoded next to its neighbours, in UTF-16 code units: each takes at most three octets. */
const MAX_TEXT_IN_PLACE = Math.floor((MAX_RESERVE - MAX_HEADER) / 3);

/** Up to this length a loop over ASCII costs less than the platform's encoder. */
const SHORT_TEXT = 128;

/** Longest payload that is copied next to its neighbours, in bytes; a longer one gets memory of its own. */
const MAX_COPY = MAX_RESERVE - MAX_HEADER;

/** From this length on, in bytes, a write of its own for the header costs less than a copy of the payload. */
const MIN_KEPT = 64 * 1024;

const encoder = new TextEncoder();

/** What a {@linkcode FrameSender} takes. */
export interface FrameSenderOptions {
  /** Gives unpredictable masking keys (RFC 6455 §5.3): a client has them, a server doesn't. */
  readonly nextKey?: (() => number) | undefined;
  /** Compresses messages, where that was agreed on. */
  readonly compression?: MessageCompression | undefined;
  /** Longest payload of a frame that is sent, in bytes; longer messages go in fragments. */
  readonly fragmentBytes: number;
}

/** Writes messages and control frames to an output. */
export class FrameSender {
  readonly #output: FrameOutput;
  readonly #nextKey: (() => number) | undefined;
  readonly #compression: MessageCompression | undefined;
  readonly #fragmentBytes: number;

  /** Made for one direction of a connection. */
  constructor(output: FrameOutput, options: FrameSenderOptions) {
    this.#output = output;
    this.#nextKey = options.nextKey;
    this.#compression = options.compression;
    this.#fragmentBytes = options.fragmentBytes;
  }

  /** Whether frames are masked. */
  get masks(): boolean {
    return this.#nextKey !== undefined;
  }

  /** Writes a text message. */
  text(text: string): void {
    // What is compressed, or may have to be cut, has to be octets first.
    const direct = this.#compression === undefined && text.length * 3 <= this.#fragmentBytes;
    if (direct && text.length <= MAX_TEXT_IN_PLACE) this.#textInPlace(text);
    else if (!direct || !this.#longAscii(text)) this.#message(Opcode.Text, encoder.encode(text), true);
  }

  /** Writes a long text into memory of its size; gives whether that was enough, as it is of ASCII. */
  #longAscii(text: string): boolean {
    const { length } = text;
    const key = this.#nextKey?.();
    const into = new Uint8Array(headerSize(length, key !== undefined) + length);
    const start = putHeader(into, 0, FIN | Opcode.Text, length, key);
    if (encoder.encodeInto(text, new Uint8Array(into.buffer, start)).read < length) return false;
    if (key !== undefined) mask(into, start, into.length, key);
    this.#output.push(into);
    return true;
  }

  /** Writes a binary message; the bytes are the caller's again then. */
  binary(bytes: Uint8Array): void {
    this.#message(Opcode.Binary, bytes, false);
  }

  /** Writes a control frame. */
  control(opcode: Opcode, payload: Uint8Array): void {
    this.#frame(FIN | opcode, payload, false);
  }

  #textInPlace(text: string): void {
    const output = this.#output;
    const into = output.reserve(text.length * 3 + MAX_HEADER);
    const { at } = output;
    const key = this.#nextKey?.();
    const masked = key !== undefined;
    const guess = at + headerSize(text.length, masked);
    const length = putText(into, guess, text);
    const size = headerSize(length, masked);
    if (at + size !== guess) into.copyWithin(at + size, guess, guess + length);
    const start = putHeader(into, at, FIN | Opcode.Text, length, key);
    if (key !== undefined) mask(into, start, start + length, key);
    output.advance(start + length);
  }

  /** Writes a message of octets; `owned` ones may be kept and changed. */
  #message(opcode: Opcode, bytes: Uint8Array, owned: boolean): void {
    const compression = this.#compression;
    let payload = bytes;
    let first: number = opcode;
    let kept = owned;
    if (compression !== undefined && bytes.length >= compression.threshold && bytes.length > 0) {
      payload = compression.deflate(bytes);
      first |= RSV1;
      kept = true;
    }
    const most = this.#fragmentBytes;
    if (payload.length <= most) return this.#frame(first | FIN, payload, kept);
    let at = 0;
    for (; payload.length - at > most; at += most) {
      this.#frame(first, payload.subarray(at, at + most), kept);
      first = Opcode.Continuation;
    }
    this.#frame(first | FIN, payload.subarray(at), kept);
  }

  #frame(first: number, payload: Uint8Array, owned: boolean): void {
    const { length } = payload;
    const key = this.#nextKey?.();
    const header = headerSize(length, key !== undefined);
    const output = this.#output;
    if (length <= MAX_COPY) {
      const into = output.reserve(header + length);
      const start = putHeader(into, output.at, first, length, key);
      into.set(payload, start);
      if (key !== undefined) mask(into, start, start + length, key);
      output.advance(start + length);
      return;
    }
    const kept = owned && length > MIN_KEPT;
    const into = kept ? output.reserve(header) : new Uint8Array(header + length);
    const start = putHeader(into, kept ? output.at : 0, first, length, key);
    if (kept) {
      output.advance(start);
      if (key !== undefined) mask(payload, 0, length, key);
      output.push(payload);
    } else {
      into.set(payload, start);
      if (key !== undefined) mask(into, start, start + length, key);
      output.push(into);
    }
  }
}

/** Writes text as UTF-8 at `at`, where there is room for it; gives how many bytes it takes. */
function putText(into: Uint8Array<ArrayBuffer>, at: number, text: string): number {
  if (text.length <= SHORT_TEXT) {
    let index = 0;
    for (; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) break;
      into[at + index] = code;
    }
    if (index === text.length) return index;
  }
  return encoder.encodeInto(text, new Uint8Array(into.buffer, at)).written;
}

/** A server's frame of a whole message: the same octets for every connection that it is sent on. */
export function wholeFrame(opcode: Opcode, payload: Uint8Array, compressed: boolean): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(headerSize(payload.length, false) + payload.length);
  frame.set(payload, putHeader(frame, 0, FIN | (compressed ? RSV1 : 0) | opcode, payload.length, undefined));
  return frame;
}
