/**
 * Owns the message that comes in fragments (RFC 6455 §5.4): its type, its octets so far, and what they may be. Knows no
 * frame on the wire and nothing of compression.
 *
 * @module
 */

import { Opcode } from "./frame.ts";
import { badPayload, tooBig, violation, WebSocketError } from "./frame_error.ts";
import { CloseCode } from "./frame_error.ts";
import { Utf8Check } from "./frame_utf8.ts";

/** Most fragments without payload in one message: whoever sends more wants no message but work. Autobahn sends three. */
export const MAX_EMPTY_FRAGMENTS = 100;

/** Least memory for octets that come, in bytes, where as many were announced: what a silent liar can take. */
const FIRST_PIECE = 16 * 1024;

const EMPTY = new Uint8Array(0);
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/**
 * Makes U+FFFD of what is malformed. It takes 0.5 µs for 16 KiB of ASCII, and gives a string of one byte a character; the
 * fatal one takes 5.9, and gives one of two.
 */
const lenientDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Most bytes that a message of at most `maxBytes` bytes may take compressed: what can't be compressed becomes longer, by
 * five bytes a block.
 */
export function compressedLimit(maxBytes: number): number {
  return maxBytes + Math.ceil(maxBytes / 64) + 64;
}

/** Decodes a message's text; a byte order mark stays (WebSockets §4: "UTF-8 decode without BOM"). */
export function decodeText(bytes: Uint8Array): string {
  try {
    const text = lenientDecoder.decode(bytes);
    return text.includes("\ufffd") ? decoder.decode(bytes) : text; // it is malformed, or the peer's own
  } catch (cause) {
    throw notUtf8(cause);
  }
}

function notUtf8(cause?: unknown): WebSocketError {
  return badPayload("Cannot read text as it must be UTF-8", cause); // RFC 6455 §8.1
}

/** The message under way. Its memory grows with what has come, never with what was only announced. */
export class MessageAssembly {
  /** The message's type; {@linkcode Opcode.Continuation} while none is under way. */
  opcode: Opcode = Opcode.Continuation;
  /** Whether its octets are compressed. */
  compressed = false;
  readonly #maxBytes: number;
  readonly #utf8: Utf8Check = new Utf8Check();
  #bytes: Uint8Array<ArrayBuffer> = EMPTY;
  #length = 0;
  #announced = 0;
  /** Whether no further frame was left open by the last that was announced. */
  #whole = false;
  #empty = 0;

  /** Made for messages of at most `maxBytes` bytes. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether a message is under way. */
  get open(): boolean {
    return this.opcode !== Opcode.Continuation;
  }

  /**
   * A data frame begins, of which only the header is there.
   *
   * @throws {WebSocketError} If it may not come now, or its message becomes too long.
   */
  announce(
    frame: { readonly opcode: Opcode; readonly rsv1: boolean; readonly fin: boolean; readonly length: number },
  ): void {
    if (frame.opcode === Opcode.Continuation) {
      if (!this.open) throw violation("Cannot read continuation frame as a message must have begun");
    } else {
      if (this.open) throw violation("Cannot read frame as the message before it must have ended");
      this.opcode = frame.opcode;
      this.compressed = frame.rsv1;
    }
    this.#announced += frame.length;
    this.#whole = frame.fin;
    const limit = this.compressed ? compressedLimit(this.#maxBytes) : this.#maxBytes;
    if (this.#announced > limit) throw tooBig("payload", this.#maxBytes, this.#announced);
    if (frame.length === 0 && !frame.fin && ++this.#empty > MAX_EMPTY_FRAGMENTS) {
      throw new WebSocketError(`Cannot read message as at most ${MAX_EMPTY_FRAGMENTS} fragments may be empty`, {
        closeCode: CloseCode.PolicyViolation,
      });
    }
  }

  /**
   * Adds octets of payload, unmasked.
   *
   * @throws {WebSocketError} If they make text that is not UTF-8.
   */
  add(bytes: Uint8Array, start: number, end: number): void {
    if (this.opcode === Opcode.Text && !this.compressed && !this.#utf8.add(bytes, start, end)) throw notUtf8();
    const length = this.#length + end - start;
    if (length > this.#bytes.length) this.#grow(length);
    this.#bytes.set(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start), this.#length);
    this.#length = length;
  }

  /** Gives the message's octets, which are the caller's, and forgets it; {@linkcode decodeText} sees a character cut short. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes;
    const length = this.#length;
    this.reset();
    return length === bytes.length ? bytes : bytes.subarray(0, length);
  }

  /** Forgets the message. */
  reset(): void {
    this.opcode = Opcode.Continuation;
    this.compressed = false;
    this.#utf8.reset();
    this.#bytes = EMPTY;
    this.#length = this.#announced = this.#empty = 0;
  }

  /** By doubling, so that many small fragments cost no more than their octets; to what is announced where that is all. */
  #grow(least: number): void {
    const wanted = Math.max(FIRST_PIECE, 2 * this.#bytes.length);
    const most = this.#whole ? this.#announced : 2 * this.#announced;
    const bytes = new Uint8Array(Math.max(least, Math.min(wanted, most)));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}
