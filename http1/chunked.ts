/**
 * Owns the decoding of chunked content (RFC 9112 §7.1), for both roles: gives ranges of the input and copies nothing.
 * Knows nothing of the head before it.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { decodeLatin1 } from "../http/fields/latin1.ts";
import {
  DEFAULT_CHUNK_EXTENSION_LIMIT,
  DEFAULT_TRAILER_COUNT_LIMIT,
  DEFAULT_TRAILER_LIMIT,
} from "../http/fields/limits.ts";
import { HEX_VALUE, octets, QDTEXT, TOKEN } from "../http/fields/token.ts";
import { isTrailerAllowed } from "../http/fields/trailer.ts";
import { Http1Error } from "./error.ts";
import { fieldsOf } from "./field_text.ts";
import { FieldLines } from "./field_lines.ts";

/** What chunked content may weigh beside its data. */
export interface ChunkedLimits {
  /** Longest extensions of all chunks of a message together, in bytes; more are an error of 400. */
  readonly maxExtensionBytes: number;
  /** Longest trailer section with its empty line, in bytes; a longer one is an error of 431. */
  readonly maxTrailerBytes: number;
  /** Most field lines in the trailer section; more are an error of 431. */
  readonly maxTrailerFields: number;
}

/** The limits that apply where a caller has none of their own. */
export const DEFAULT_CHUNKED_LIMITS: ChunkedLimits = {
  maxExtensionBytes: DEFAULT_CHUNK_EXTENSION_LIMIT,
  maxTrailerBytes: DEFAULT_TRAILER_LIMIT,
  maxTrailerFields: DEFAULT_TRAILER_COUNT_LIMIT,
};

/** Most digits of a chunk's size, leading zeros counted: enough for any width that a sender pads to. */
const MAX_SIZE_DIGITS = 64;
const CR = 0x0d;
const LF = 0x0a;
const NOT_HEX = 255;

/** What the next octet is part of. */
const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILERS = 6;
const DONE = 7;

/** The classes of octets that an extension tells apart. */
const BLANK = octets(" \t");
const QUOTABLE = octets(QDTEXT, '"\\');
/** The state that ends a chunk's line. */
const LINE_END = "lineEnd";
type ExtensionState = keyof typeof EXTENSION_STEPS;

/**
 * `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )` (RFC 9112 §7.1.1): what leads from each state where;
 * what no line names is an error. Whitespace is read where the grammar has BWS, and not before CRLF.
 */
const EXTENSION_STEPS = {
  size: [[octets(";"), "beforeName"], [BLANK, "gap"]],
  gap: [[octets(";"), "beforeName"], [BLANK, "gap"]],
  beforeName: [[TOKEN, "name"], [BLANK, "beforeName"]],
  name: [[TOKEN, "name"], [octets("="), "beforeValue"], [octets(";"), "beforeName"], [BLANK, "nameGap"], [
    octets("\r"),
    LINE_END,
  ]],
  nameGap: [[octets("="), "beforeValue"], [octets(";"), "beforeName"], [BLANK, "nameGap"]],
  beforeValue: [[TOKEN, "token"], [octets('"'), "quoted"], [BLANK, "beforeValue"]],
  token: [[TOKEN, "token"], [octets(";"), "beforeName"], [BLANK, "gap"], [octets("\r"), LINE_END]],
  quoted: [[QDTEXT, "quoted"], [octets("\\"), "escape"], [octets('"'), "quoteEnd"]],
  escape: [[QUOTABLE, "quoted"]],
  quoteEnd: [[octets(";"), "beforeName"], [BLANK, "gap"], [octets("\r"), LINE_END]],
  lineEnd: [],
} as const satisfies Record<string, readonly (readonly [Uint8Array, string])[]>;

const EXTENSION_STATES = Object.keys(EXTENSION_STEPS);
const stateNumber = (state: ExtensionState): number => EXTENSION_STATES.indexOf(state);
const AFTER_SIZE = stateNumber("size");
const AFTER_LINE = stateNumber(LINE_END);
const WRONG = 255;

/** The steps as one table: the next state at `state * 256 + octet`, or 255. */
const NEXT: Uint8Array = new Uint8Array(EXTENSION_STATES.length * 256).fill(WRONG);
Object.values(EXTENSION_STEPS).forEach((steps, state) => {
  for (const [octetClass, next] of steps) {
    for (let octet = 0; octet < 256; octet++) {
      if (octetClass[octet] === 1) NEXT[state * 256 + octet] = stateNumber(next);
    }
  }
});

const NO_FIELDS: readonly Field[] = [];

/**
 * Decodes the content of one chunked message after another; {@linkcode ChunkedDecoder.reset} begins each.
 *
 * After an error the decoder is spent.
 *
 * @example
 * ```ts
 * import { ChunkedDecoder, DEFAULT_CHUNKED_LIMITS } from "@avx/http/http1";
 *
 * const decoder = new ChunkedDecoder(DEFAULT_CHUNKED_LIMITS);
 * const bytes = new TextEncoder().encode("5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n");
 * let at = 0;
 * let text = "";
 * while (!decoder.done) {
 *   at += decoder.read(bytes, at, bytes.length);
 *   text += new TextDecoder().decode(bytes.subarray(decoder.dataStart, decoder.dataEnd));
 * }
 * console.assert(text === "hello" && decoder.trailers[0]?.name === "x-sum" && at === bytes.length);
 * ```
 */
export class ChunkedDecoder {
  readonly #limits: ChunkedLimits;
  readonly #lines: FieldLines;
  #state = SIZE;
  #digits = 0;
  #remaining = 0;
  #extensionState = AFTER_SIZE;
  #extensionBytes = 0;
  /** How many bytes of the trailer section were looked at. */
  #scanned = 0;
  #dataStart = 0;
  #dataEnd = 0;
  #trailers: readonly Field[] = NO_FIELDS;

  /** Makes a decoder that is ready for a first message. */
  constructor(limits: ChunkedLimits) {
    this.#limits = limits;
    this.#lines = new FieldLines(limits.maxTrailerFields, undefined, false);
  }

  /** Where the data that the last read found begins in its bytes; none was found where it is equal to `dataEnd`. */
  get dataStart(): number {
    return this.#dataStart;
  }

  /** Where the data that the last read found ends in its bytes. */
  get dataEnd(): number {
    return this.#dataEnd;
  }

  /** How many bytes of the present chunk's data are still to come, as its size announced. */
  get remaining(): number {
    return this.#remaining;
  }

  /** Whether the content and its trailer section are complete. */
  get done(): boolean {
    return this.#state === DONE;
  }

  /**
   * The trailer section in wire order, once {@linkcode ChunkedDecoder.done}. Fields that may not stand there are dropped
   * (RFC 9110 §6.5.1, RFC 9112 §7.1.2), so that none is ever taken for a header field.
   */
  get trailers(): readonly Field[] {
    return this.#trailers;
  }

  /** Begins the next message. */
  reset(): void {
    this.#state = SIZE;
    this.#digits =
      this.#remaining =
      this.#extensionBytes =
      this.#scanned =
      this.#dataStart =
      this.#dataEnd =
        0;
    this.#trailers = NO_FIELDS;
    this.#lines.reset();
  }

  /**
   * Reads on in `bytes[start, end)` up to the end of a piece of data, or of the message, or of the bytes, and gives how
   * many it used. Unused bytes must be given again, with more behind them; 0 means that nothing goes on without more.
   *
   * Throws an {@linkcode Http1Error} of 400, 413 or 431 at the first octet that can't be right.
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    this.#dataStart = this.#dataEnd = start;
    let at = start;
    while (at < end) {
      switch (this.#state) {
        case SIZE:
          at = this.#readSize(bytes, at, end);
          break;
        case EXTENSION:
          at = this.#readExtension(bytes, at, end);
          break;
        case SIZE_LF:
          this.#expect(bytes[at++]!, LF, this.#remaining > 0 ? DATA : TRAILERS);
          break;
        case DATA:
          return this.#takeData(at, end) - start;
        case DATA_CR:
          this.#expect(bytes[at++]!, CR, DATA_LF);
          break;
        case DATA_LF:
          this.#expect(bytes[at++]!, LF, SIZE);
          break;
        case TRAILERS:
          return this.#readTrailers(bytes, at, end) - start;
        default:
          return at - start;
      }
    }
    return at - start;
  }

  /** `1*HEXDIG`, then CR or what begins an extension. */
  #readSize(bytes: Uint8Array, at: number, end: number): number {
    for (; at < end; at++) {
      const digit = HEX_VALUE[bytes[at]!]!;
      if (digit === NOT_HEX) return this.#endSize(bytes[at]!, at);
      if (++this.#digits > MAX_SIZE_DIGITS) {
        throw new Http1Error(400, `Cannot read chunk size as it must have at most ${MAX_SIZE_DIGITS} digits`);
      }
      this.#remaining = this.#remaining * 16 + digit;
      if (this.#remaining > Number.MAX_SAFE_INTEGER) { // §7.1: an overflow must not make a smaller number of it
        throw new Http1Error(413, "Cannot read chunk size as it must be at most 2^53 - 1");
      }
    }
    return at;
  }

  #endSize(octet: number, at: number): number {
    if (this.#digits === 0) {
      throw new Http1Error(400, `Cannot read chunk size as it must be hexadecimal digits: received octet ${octet}`);
    }
    this.#digits = 0;
    if (octet === CR) {
      this.#state = SIZE_LF;
      return at + 1;
    }
    this.#extensionState = AFTER_SIZE;
    this.#state = EXTENSION;
    return at;
  }

  #readExtension(bytes: Uint8Array, at: number, end: number): number {
    const limit = this.#limits.maxExtensionBytes;
    for (; at < end; at++) {
      const next = NEXT[this.#extensionState * 256 + bytes[at]!]!;
      if (next === AFTER_LINE) {
        this.#state = SIZE_LF;
        return at + 1;
      }
      if (next === WRONG) {
        throw new Http1Error(
          400,
          `Cannot read chunk size as a CRLF or an extension must follow: received octet ${bytes[at]}`,
        );
      }
      if (++this.#extensionBytes > limit) {
        throw new Http1Error(400, `Cannot read chunk extensions as they must have at most ${limit} bytes in all`);
      }
      this.#extensionState = next;
    }
    return at;
  }

  #takeData(at: number, end: number): number {
    this.#dataStart = at;
    this.#dataEnd = Math.min(end, at + this.#remaining);
    this.#remaining -= this.#dataEnd - at;
    if (this.#remaining === 0) this.#state = DATA_CR;
    return this.#dataEnd;
  }

  #expect(octet: number, expected: number, next: number): void {
    if (octet !== expected) {
      throw new Http1Error(400, `Cannot read chunk as CRLF must end its line and its data: received octet ${octet}`);
    }
    this.#state = next;
  }

  /** `trailer-section CRLF` from `at`; uses nothing before it is whole. */
  #readTrailers(bytes: Uint8Array, at: number, end: number): number {
    const limit = this.#limits.maxTrailerBytes;
    const stop = Math.min(end, at + limit);
    const sectionEnd = this.#lines.read(bytes, at, at + this.#scanned, stop);
    if (sectionEnd < 0) {
      this.#scanned = stop - at;
      if (this.#scanned >= limit) {
        throw new Http1Error(431, `Cannot read trailer section as it must have at most ${limit} bytes`);
      }
      return at;
    }
    if (sectionEnd - at > 2) {
      const fields = fieldsOf(decodeLatin1(bytes, at, sectionEnd - 2), 0, false);
      this.#trailers = fields.filter((field) => isTrailerAllowed(field.name));
    }
    this.#state = DONE;
    return sectionEnd;
  }
}
