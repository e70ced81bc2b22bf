/**
 * Owns the reading of a request's head (RFC 9112 §3, §5): request line and header section in one pass, every octet looked
 * at once. Knows nothing of the content behind it or of the connection.
 *
 * @module
 */

import { decodeLatin1 } from "../http/fields/latin1.ts";
import { DEFAULT_FIELD_COUNT_LIMIT, DEFAULT_HEAD_LIMIT, DEFAULT_TARGET_LIMIT } from "../http/fields/limits.ts";
import { TOKEN } from "../http/fields/token.ts";
import { Http1Error } from "./error.ts";
import { FieldLines } from "./field_lines.ts";
import { Framing } from "./framing.ts";
import { type RequestFacts, RequestHead } from "./request_head.ts";
import { TARGET_PATH, TARGET_QUERY } from "../http/fields/target.ts";
import { readTarget } from "./target.ts";

export { type RequestFacts, RequestHead };

/** What a head may weigh; each limit acts on the bytes that came so far. */
export interface HeadLimits {
  /** Longest request target, in bytes; a longer one is an error of 414. */
  readonly maxTargetBytes: number;
  /** Longest head with its empty line, in bytes; a longer one is an error of 431. */
  readonly maxHeadBytes: number;
  /** Most field lines; more are an error of 431. */
  readonly maxFields: number;
}

/** The limits that apply where a caller has none of their own. */
export const DEFAULT_HEAD_LIMITS: HeadLimits = {
  maxTargetBytes: DEFAULT_TARGET_LIMIT,
  maxHeadBytes: DEFAULT_HEAD_LIMIT,
  maxFields: DEFAULT_FIELD_COUNT_LIMIT,
};

/** Longest method, in bytes (RFC 9112 §3: 501 above it). The longest registered one has 17. */
const MAX_METHOD_BYTES = 32;

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const QUESTION = 0x3f;
const SLASH = 0x2f;

/** What the next octet is part of, in the order of a request line (RFC 9112 §2.1, §3). */
const EMPTY_LINE = 0;
const EMPTY_LINE_LF = 1;
const METHOD = 2;
const PATH = 3;
const QUERY = 4;
const VERSION = 5;
const LINE_CR = 6;
const LINE_LF = 7;
const FIELDS = 8;

/** `HTTP-version` (RFC 9112 §2.3); a 0 stands for a digit. */
const VERSION_PATTERN = new TextEncoder().encode("HTTP/0.0");
const DIGIT_PLACE = 0x30;

/**
 * Reads one request head after another; one parser a connection.
 *
 * After an error the parser is spent: what follows on the connection can't be trusted.
 *
 * @example
 * ```ts
 * import { DEFAULT_HEAD_LIMITS, RequestHeadParser } from "@avx/http/http1";
 *
 * const parser = new RequestHeadParser(DEFAULT_HEAD_LIMITS);
 * const bytes = new TextEncoder().encode("GET /a HTTP/1.1\r\nHost: b\r\n\r\n");
 * const head = parser.read(bytes, 0, bytes.length);
 * console.assert(head?.target === "/a" && head.host === "b" && parser.used === bytes.length);
 * ```
 */
export class RequestHeadParser {
  readonly #limits: HeadLimits;
  readonly #framing = new Framing("request");
  readonly #lines: FieldLines;
  readonly #facts: { -readonly [K in keyof RequestFacts]: RequestFacts[K] } = {
    method: "",
    form: "origin",
    minor: 1,
    keepAlive: false,
    framing: "none",
    contentLength: 0,
    expectContinue: false,
    upgrade: false,
    targetStart: 0,
    targetEnd: 0,
    hostStart: -1,
    hostEnd: -1,
    fieldsStart: 0,
    fieldsEnd: 0,
  };
  #state = EMPTY_LINE;
  /** How many bytes from the head's start were looked at. */
  #scanned = 0;
  /** Where the present part of the request line begins, from the head's start. */
  #mark = 0;
  #major = 0;
  #used = 0;

  /** Makes a parser with these limits. */
  constructor(limits: HeadLimits) {
    this.#limits = limits;
    this.#lines = new FieldLines(limits.maxFields, this.#framing, false);
  }

  /** How many bytes the last head took, with the empty lines before it. */
  get used(): number {
    return this.#used;
  }

  /** Whether a part of a head was seen that is not complete yet; empty lines before it don't count. */
  get started(): boolean {
    return this.#state >= METHOD;
  }

  /**
   * Goes on reading in `bytes[start, end)`: the head once it is complete, `undefined` while it needs more bytes. Until
   * then the next call must be given all bytes from the same place of the stream, in whatever buffer.
   *
   * Throws an {@linkcode Http1Error} of 400, 413, 414, 417, 431, 501 or 505 at the first octet that can't be right.
   */
  read(bytes: Uint8Array, start: number, end: number): RequestHead | undefined {
    const limit = this.#limits.maxHeadBytes;
    const stop = end - start > limit ? start + limit : end;
    let at = start + this.#scanned;
    if (this.#state !== FIELDS) at = this.#readLine(bytes, start, at, stop);
    if (this.#state === FIELDS) {
      at = this.#lines.read(bytes, start, at, stop);
      if (at >= 0) return this.#complete(bytes, start, at);
    }
    this.#scanned = stop - start;
    if (this.#scanned >= limit) throw new Http1Error(431, `Cannot read head as it must have at most ${limit} bytes`);
    return undefined;
  }

  /** Goes on with the request line; stays in one of its states where `stop` comes first. */
  #readLine(bytes: Uint8Array, base: number, at: number, stop: number): number {
    if (this.#state <= EMPTY_LINE_LF) at = this.#skipEmptyLines(bytes, base, at, stop);
    if (this.#state === METHOD) at = this.#readMethod(bytes, base, at, stop);
    if (this.#state === PATH) at = this.#readPath(bytes, base, at, stop);
    if (this.#state === QUERY) at = this.#readQuery(bytes, base, at, stop);
    if (this.#state === VERSION) at = this.#readVersion(bytes, base, at, stop);
    if (this.#state === LINE_CR && at < stop) {
      if (bytes[at] !== CR) throw new Http1Error(400, "Cannot read request line as CRLF must follow its version");
      this.#state = LINE_LF;
      at++;
    }
    if (this.#state === LINE_LF && at < stop) {
      if (bytes[at] !== LF) throw new Http1Error(400, "Cannot read request line as a CR must be followed by LF");
      at++;
      this.#judgeLine(bytes, base);
      this.#facts.fieldsStart = at - base;
      this.#state = FIELDS;
    }
    return at;
  }

  /** §2.2: a server ignores empty lines before a request line; they count as bytes of the head. */
  #skipEmptyLines(bytes: Uint8Array, base: number, at: number, stop: number): number {
    for (; at < stop; at++) {
      if (this.#state === EMPTY_LINE_LF) {
        if (bytes[at] !== LF) throw new Http1Error(400, "Cannot read request line as a CR must be followed by LF");
        this.#state = EMPTY_LINE;
      } else if (bytes[at] === CR) {
        this.#state = EMPTY_LINE_LF;
      } else {
        this.#state = METHOD;
        this.#mark = at - base;
        return at;
      }
    }
    return at;
  }

  #readMethod(bytes: Uint8Array, base: number, at: number, stop: number): number {
    const start = base + this.#mark;
    const limit = Math.min(stop, start + MAX_METHOD_BYTES + 1);
    while (at < limit && TOKEN[bytes[at]!] === 1) at++;
    if (at - start > MAX_METHOD_BYTES) {
      throw new Http1Error(501, `Cannot read method as it must have at most ${MAX_METHOD_BYTES} bytes`);
    }
    if (at === stop) return at;
    if (bytes[at] !== SP || at === start) {
      throw new Http1Error(400, `Cannot read method as it must be a token and a space: received octet ${bytes[at]}`);
    }
    this.#facts.method = methodOf(bytes, start, at);
    at++;
    this.#mark = at - base;
    this.#state = PATH;
    return at;
  }

  #readPath(bytes: Uint8Array, base: number, at: number, stop: number): number {
    const limit = this.#targetStop(base, stop);
    while (at < limit && TARGET_PATH[bytes[at]!] === 1) at++;
    if (at === limit) this.#checkTarget(base, at);
    else if (bytes[at] === QUESTION) this.#state = QUERY;
    else return this.#endTarget(bytes, base, at);
    return at;
  }

  #readQuery(bytes: Uint8Array, base: number, at: number, stop: number): number {
    const limit = this.#targetStop(base, stop);
    while (at < limit && TARGET_QUERY[bytes[at]!] === 1) at++;
    if (at < limit) return this.#endTarget(bytes, base, at);
    this.#checkTarget(base, at);
    return at;
  }

  /** Lets the target be looked at up to one byte more than it may have. */
  #targetStop(base: number, stop: number): number {
    return Math.min(stop, base + this.#mark + this.#limits.maxTargetBytes + 1);
  }

  #checkTarget(base: number, at: number): void {
    const limit = this.#limits.maxTargetBytes;
    if (at - base - this.#mark > limit) {
      throw new Http1Error(414, `Cannot read request target as it must have at most ${limit} bytes`);
    }
  }

  #endTarget(bytes: Uint8Array, base: number, at: number): number {
    this.#facts.targetStart = this.#mark;
    this.#facts.targetEnd = at - base;
    if (bytes[at] !== SP || this.#facts.targetEnd === this.#mark) {
      throw new Http1Error(
        400,
        `Cannot read request target as it must be of URI characters: received octet ${bytes[at]}`,
      );
    }
    at++;
    this.#mark = at - base;
    this.#state = VERSION;
    return at;
  }

  #readVersion(bytes: Uint8Array, base: number, at: number, stop: number): number {
    const start = base + this.#mark;
    const end = start + VERSION_PATTERN.length;
    for (; at < stop && at < end; at++) {
      const octet = bytes[at]!;
      const expected = VERSION_PATTERN[at - start]!;
      if (expected === DIGIT_PLACE ? octet < 0x30 || octet > 0x39 : octet !== expected) {
        throw new Http1Error(400, `Cannot read version as it must be HTTP/1.1 or HTTP/1.0: received octet ${octet}`);
      }
      if (at === start + 5) this.#major = octet - 0x30;
    }
    if (at < end) return at;
    if (this.#major !== 1) throw new Http1Error(505, `Cannot read version as it must be 1: received ${this.#major}`);
    this.#facts.minor = bytes[at - 1] === 0x30 ? 0 : 1;
    this.#state = LINE_CR;
    return at;
  }

  /** §3.2: the target's form, once the line is whole. */
  #judgeLine(bytes: Uint8Array, base: number): void {
    const facts = this.#facts;
    facts.form = "origin";
    facts.hostStart = facts.hostEnd = -1;
    if (bytes[base + facts.targetStart] === SLASH && facts.method !== "CONNECT") return; // nearly every request
    const parts = readTarget(bytes, base + facts.targetStart, base + facts.targetEnd, facts.method);
    facts.form = parts.form;
    if (parts.authorityEnd === parts.authorityStart) return;
    facts.hostStart = parts.authorityStart - base;
    facts.hostEnd = parts.authorityEnd - base;
  }

  /** Judges the header section as a whole and makes the head; the parser is ready for the next one. */
  #complete(bytes: Uint8Array, start: number, at: number): RequestHead {
    const facts = this.#facts;
    const framing = this.#framing;
    const current = facts.minor === 1;
    if (framing.hostStart < 0 && current) { // §3.2
      throw new Http1Error(400, "Cannot read head as an HTTP/1.1 request must have a Host");
    }
    if (facts.hostStart < 0) {
      facts.hostStart = framing.hostStart;
      facts.hostEnd = framing.hostEnd;
    }
    if (framing.transferEncoding && (framing.contentLength >= 0 || !current)) { // §6.1
      throw new Http1Error(400, "Cannot read head as Transfer-Encoding must be in HTTP/1.1 and without Content-Length");
    }
    facts.framing = framing.chunked ? "chunked" : framing.contentLength >= 0 ? "length" : "none";
    facts.contentLength = framing.chunked ? -1 : Math.max(framing.contentLength, 0);
    facts.keepAlive = !framing.close && (current || framing.keepAlive);
    facts.expectContinue = framing.expectContinue && current && facts.contentLength !== 0;
    facts.upgrade = framing.upgradeListed && framing.upgradeField && current;
    facts.fieldsEnd = at - start - 2;
    this.#used = at - start;
    this.#state = EMPTY_LINE;
    this.#scanned = 0;
    this.#lines.reset();
    framing.reset();
    return new RequestHead(bytes, start, facts);
  }
}

/** The known methods by their lengths, so that a method is compared with two names at most and costs no new string. */
const METHODS_BY_LENGTH: readonly (readonly string[])[] = [
  [],
  [],
  [],
  ["GET", "PUT"],
  ["POST", "HEAD"],
  ["PATCH", "TRACE"],
  ["DELETE"],
  ["OPTIONS", "CONNECT"],
];

function methodOf(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length < METHODS_BY_LENGTH.length) {
    for (const method of METHODS_BY_LENGTH[length]!) {
      let at = 0;
      while (at < length && bytes[start + at] === method.charCodeAt(at)) at++;
      if (at === length) return method;
    }
  }
  return decodeLatin1(bytes, start, end);
}
