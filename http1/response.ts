/**
 * Owns the reading of a response's head (RFC 9112 §4, §5): status line and header section in one pass, every octet looked
 * at once. Knows of the request only its method, which the framing hangs on.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { decodeLatin1 } from "../http/fields/latin1.ts";
import { isContentless, reasonPhrase } from "../http/fields/status.ts";
import { FIELD_VALUE } from "../http/fields/token.ts";
import { Http1Error } from "./error.ts";
import { fieldsOf } from "./field_text.ts";
import { FieldLines } from "./field_lines.ts";
import { Framing, type FramingKind } from "./framing.ts";
import type { HeadLimits } from "./request.ts";

/** What a {@linkcode ResponseHead} is made of: what framing needs, and where the texts lie in its bytes. */
export interface ResponseFacts {
  /** The status code. */
  readonly status: number;
  /** The minor version. */
  readonly minor: 0 | 1;
  /** Whether the connection persists after this exchange. */
  readonly keepAlive: boolean;
  /** How the content is delimited. */
  readonly framing: FramingKind;
  /** The length of the content. */
  readonly contentLength: number;
  /** Whether the protocol was switched. */
  readonly upgrade: boolean;
  /** Where the reason phrase begins, in bytes from the head's start. */
  readonly reasonStart: number;
  /** Where the reason phrase ends. */
  readonly reasonEnd: number;
  /** Where the header section begins. */
  readonly fieldsStart: number;
  /** Where the header section ends, without its empty line. */
  readonly fieldsEnd: number;
  /** Whether a value goes on over a line. */
  readonly folded: boolean;
}

/** A response's head, complete and valid. Its texts are decoded when they are first asked for, from bytes that nobody may change. */
export class ResponseHead {
  /** The status code, 100 to 999; a client treats one above 599 as a 5xx (RFC 9110 §15). */
  readonly status: number;
  /** The minor version: HTTP/1.0 or HTTP/1.1; a higher one reads as 1.1 (RFC 9110 §2.5). */
  readonly minor: 0 | 1;
  /** Whether another request may follow on the connection (RFC 9112 §9.3); never where the content runs until its end, or before a tunnel. */
  readonly keepAlive: boolean;
  /** How the content is delimited (RFC 9112 §6.3). `none` after a 2xx to CONNECT and after a 101 means: a tunnel. */
  readonly framing: FramingKind;
  /** The length of the content in bytes: 0 when there is none, -1 when it is chunked or runs until the connection closes. */
  readonly contentLength: number;
  /** Whether this is a 101 whose Connection lists `upgrade` and that names a protocol (RFC 9110 §7.8). */
  readonly upgrade: boolean;

  readonly #bytes: Uint8Array;
  readonly #reasonStart: number;
  readonly #reasonEnd: number;
  readonly #fieldsStart: number;
  readonly #fieldsEnd: number;
  readonly #folded: boolean;
  #fields: readonly Field[] | undefined = undefined;

  /** Makes the head that begins at `start` of `bytes`; {@linkcode ResponseHeadParser} is who calls it. */
  constructor(bytes: Uint8Array, start: number, facts: ResponseFacts) {
    this.status = facts.status;
    this.minor = facts.minor;
    this.keepAlive = facts.keepAlive;
    this.framing = facts.framing;
    this.contentLength = facts.contentLength;
    this.upgrade = facts.upgrade;
    this.#bytes = bytes;
    this.#reasonStart = start + facts.reasonStart;
    this.#reasonEnd = start + facts.reasonEnd;
    this.#fieldsStart = start + facts.fieldsStart;
    this.#fieldsEnd = start + facts.fieldsEnd;
    this.#folded = facts.folded;
  }

  /** The reason phrase as it came, each octet a character; may be empty. */
  get reason(): string {
    const registered = reasonPhrase(this.status); // nearly always the same, and then no new string
    if (equals(this.#bytes, this.#reasonStart, this.#reasonEnd, registered)) return registered;
    return decodeLatin1(this.#bytes, this.#reasonStart, this.#reasonEnd);
  }

  /** The header section in wire order, an obs-fold replaced by a space (RFC 9112 §5.2); the same array each time. */
  fields(): readonly Field[] {
    return this.#fields ??= fieldsOf(decodeLatin1(this.#bytes, this.#fieldsStart, this.#fieldsEnd), 0, this.#folded);
  }
}

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;

/** `status-line = HTTP-version SP status-code SP [ reason-phrase ]` up to the code; a 0 stands for a digit. */
const LINE_PATTERN = new TextEncoder().encode("HTTP/0.0 000");
const DIGIT_PLACE = 0x30;
const MAJOR_PLACE = 5;
const MINOR_PLACE = 7;
const CODE_PLACE = 9;

/** What the next octet is part of. */
const CODE = 0;
const AFTER_CODE = 1;
const REASON = 2;
const LINE_LF = 3;
const FIELDS = 4;

/**
 * Reads one response head after another, interim ones too; one parser a connection.
 *
 * After an error the parser is spent.
 *
 * @example
 * ```ts
 * import { DEFAULT_HEAD_LIMITS, ResponseHeadParser } from "@avx/http/http1";
 *
 * const parser = new ResponseHeadParser(DEFAULT_HEAD_LIMITS);
 * const bytes = new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
 * const head = parser.read(bytes, 0, bytes.length, "GET");
 * console.assert(head?.framing === "length" && head.contentLength === 5);
 * ```
 */
export class ResponseHeadParser {
  readonly #limits: HeadLimits;
  readonly #framing = new Framing("response");
  readonly #lines: FieldLines;
  readonly #facts: { -readonly [K in keyof ResponseFacts]: ResponseFacts[K] } = {
    status: 0,
    minor: 1,
    keepAlive: false,
    framing: "none",
    contentLength: 0,
    upgrade: false,
    reasonStart: 0,
    reasonEnd: 0,
    fieldsStart: 0,
    fieldsEnd: 0,
    folded: false,
  };
  #state = CODE;
  /** How many bytes from the head's start were looked at. */
  #scanned = 0;
  #used = 0;
  #tunnel = false;

  /** Makes a parser with these limits; that of the target does not apply. */
  constructor(limits: HeadLimits) {
    this.#limits = limits;
    this.#lines = new FieldLines(limits.maxFields, this.#framing, true);
  }

  /** How many bytes the last head took. */
  get used(): number {
    return this.#used;
  }

  /** Whether a part of a head was seen that is not complete yet. */
  get started(): boolean {
    return this.#scanned > 0;
  }

  /**
   * Goes on reading in `bytes[start, end)` the answer to a request of `requestMethod`: the head once it is complete,
   * `undefined` while it needs more bytes. Until then the next call must be given all bytes from the same place of the
   * stream, in whatever buffer.
   *
   * Throws an {@linkcode Http1Error} at the first octet that can't be right, its status being what a request would get.
   */
  read(bytes: Uint8Array, start: number, end: number, requestMethod: string): ResponseHead | undefined {
    const limit = this.#limits.maxHeadBytes;
    const stop = end - start > limit ? start + limit : end;
    let at = start + this.#scanned;
    if (this.#state !== FIELDS) at = this.#readLine(bytes, start, at, stop, requestMethod);
    if (this.#state === FIELDS) {
      at = this.#lines.read(bytes, start, at, stop);
      if (at >= 0) return this.#complete(bytes, start, at);
    }
    this.#scanned = stop - start;
    if (this.#scanned >= limit) throw new Http1Error(431, `Cannot read head as it must have at most ${limit} bytes`);
    return undefined;
  }

  /** Goes on with the status line; stays in one of its states where `stop` comes first. */
  #readLine(bytes: Uint8Array, base: number, at: number, stop: number, requestMethod: string): number {
    if (this.#state === CODE) at = this.#readCode(bytes, base, at, stop);
    if (this.#state === AFTER_CODE && at < stop) {
      // §4: the SP belongs there even without a phrase; what leaves it out is read all the same, as it can mean one thing.
      if (bytes[at] !== SP && bytes[at] !== CR) {
        throw new Http1Error(
          400,
          `Cannot read status line as its code must have 3 digits: received octet ${bytes[at]}`,
        );
      }
      if (bytes[at] === SP) at++;
      this.#facts.reasonStart = at - base;
      this.#state = REASON;
    }
    if (this.#state === REASON) {
      while (at < stop && FIELD_VALUE[bytes[at]!] === 1) at++;
      if (at === stop) return at;
      if (bytes[at] !== CR) {
        throw new Http1Error(400, `Cannot read status line as it must end with CRLF: received octet ${bytes[at]}`);
      }
      this.#facts.reasonEnd = at - base;
      at++;
      this.#state = LINE_LF;
    }
    if (this.#state === LINE_LF && at < stop) {
      if (bytes[at] !== LF) throw new Http1Error(400, "Cannot read status line as a CR must be followed by LF");
      at++;
      this.#facts.fieldsStart = at - base;
      this.#tunnel = isTunnel(requestMethod, this.#facts.status);
      this.#framing.contentless = this.#tunnel || requestMethod === "HEAD" || isContentless(this.#facts.status);
      this.#state = FIELDS;
    }
    return at;
  }

  #readCode(bytes: Uint8Array, base: number, at: number, stop: number): number {
    const facts = this.#facts;
    for (; at < stop && at - base < LINE_PATTERN.length; at++) {
      const octet = bytes[at]!;
      const place = at - base;
      const expected = LINE_PATTERN[place]!;
      if (expected === DIGIT_PLACE ? octet < 0x30 || octet > 0x39 : octet !== expected) {
        throw new Http1Error(400, `Cannot read status line as it must be HTTP/1.1 and a code: received octet ${octet}`);
      }
      if (place === MAJOR_PLACE && octet !== 0x31) {
        throw new Http1Error(505, `Cannot read version as it must be 1: received ${octet - 0x30}`);
      }
      if (place === MINOR_PLACE) facts.minor = octet === 0x30 ? 0 : 1;
      if (place === CODE_PLACE) {
        if (octet === 0x30) throw new Http1Error(400, "Cannot read status code as it must be at least 100");
        facts.status = 0;
      }
      if (place >= CODE_PLACE) facts.status = facts.status * 10 + octet - 0x30;
    }
    if (at - base === LINE_PATTERN.length) this.#state = AFTER_CODE;
    return at;
  }

  /** Judges the header section as a whole and makes the head; the parser is ready for the next one. */
  #complete(bytes: Uint8Array, start: number, at: number): ResponseHead {
    const facts = this.#facts;
    const framing = this.#framing;
    const current = facts.minor === 1;
    if (framing.transferEncoding && (framing.contentLength >= 0 || !current)) { // §6.1
      throw new Http1Error(400, "Cannot read head as Transfer-Encoding must be in HTTP/1.1 and without Content-Length");
    }
    facts.framing = framing.contentless
      ? "none"
      : framing.chunked
      ? "chunked"
      : framing.contentLength >= 0
      ? "length"
      : "close";
    facts.contentLength = framing.contentless ? 0 : framing.contentLength;
    facts.keepAlive = facts.framing !== "close" && !this.#tunnel && !framing.close && (current || framing.keepAlive);
    facts.upgrade = facts.status === 101 && framing.upgradeListed && framing.upgradeField;
    facts.fieldsEnd = at - start - 2;
    facts.folded = this.#lines.folded;
    this.#used = at - start;
    this.#state = CODE;
    this.#scanned = 0;
    this.#lines.reset();
    framing.reset();
    return new ResponseHead(bytes, start, facts);
  }
}

/** RFC 9110 §9.3.6 and §15.2.2: what follows is another protocol's. */
function isTunnel(requestMethod: string, status: number): boolean {
  return status === 101 || (requestMethod === "CONNECT" && status >= 200 && status < 300);
}

function equals(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let at = 0; at < text.length; at++) if (bytes[start + at] !== text.charCodeAt(at)) return false;
  return true;
}
