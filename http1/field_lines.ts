/**
 * Owns the syntax of a field section (RFC 9112 §5, §7.1.2): finds its lines, refuses what isn't one, and never looks at
 * a byte twice however the bytes arrive. Knows of values only which to hand to {@linkcode Framing}.
 *
 * @module
 */

import { FIELD_VALUE, TOKEN } from "../http/fields/token.ts";
import { Http1Error } from "./error.ts";
import { FieldKind, fieldKind, type Framing } from "./framing.ts";

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const HTAB = 0x09;
const COLON = 0x3a;

/** At the first byte of a line. */
const LINE = 0;
/** Within a field name. */
const NAME = 1;
/** Behind the colon. */
const VALUE = 2;
/** Behind the CR of a field line. */
const LINE_LF = 3;
/** Behind the CR of the empty line. */
const END_LF = 4;

/** Reads one field section after another, from wherever the last call stopped. */
export class FieldLines {
  /** Whether a value of this section goes on over a line (obs-fold, RFC 9112 §5.2). */
  folded = false;

  readonly #framing: Framing | undefined;
  readonly #foldable: boolean;
  readonly #maxFields: number;
  #state = LINE;
  #count = 0;
  /** Where the present name or value begins, relative to the head. */
  #mark = 0;
  /** The kind of the field whose value is read, and, behind its line, where the value ends. */
  #kind: FieldKind = FieldKind.Other;
  #valueEnd = 0;

  /**
   * Makes a reader of sections of at most `maxFields` lines. What frames a message is told to `framing`, if any;
   * `foldable` lets values go on over lines, as a user agent must (RFC 9112 §5.2).
   */
  constructor(maxFields: number, framing: Framing | undefined, foldable: boolean) {
    this.#maxFields = maxFields;
    this.#framing = framing;
    this.#foldable = foldable;
  }

  /** Begins the next section. */
  reset(): void {
    this.folded = false;
    this.#state = LINE;
    this.#count = 0;
    this.#kind = FieldKind.Other;
  }

  /**
   * Goes on at `at`, up to `stop`: the place behind the section's empty line, or -1 when `stop` comes first. `base` is
   * where the head begins in these bytes. The loop is one function and longer than others, for all its state stays in
   * registers so: a byte costs 0.3 to 0.5 ns.
   */
  read(bytes: Uint8Array, base: number, at: number, stop: number): number {
    let state = this.#state;
    while (at < stop) {
      if (state === LINE) {
        const octet = bytes[at]!;
        if ((octet === SP || octet === HTAB) && this.#foldable && this.#count > 0) {
          this.folded = true;
          state = VALUE;
          continue;
        }
        if (this.#kind !== FieldKind.Other) this.#finish(bytes, base);
        if (octet === CR) {
          state = END_LF;
          at++;
          continue;
        }
        this.#open(octet);
        this.#mark = at - base;
        state = NAME;
      }
      if (state === NAME) {
        while (at < stop && TOKEN[bytes[at]!] === 1) at++;
        if (at === stop) break;
        const name = base + this.#mark;
        if (bytes[at] !== COLON || at === name) throw nameError(bytes[at]!);
        this.#kind = this.#framing === undefined ? FieldKind.Other : fieldKind(bytes, name, at);
        at++;
        this.#mark = at - base;
        state = VALUE;
      }
      if (state === VALUE) {
        while (at < stop && FIELD_VALUE[bytes[at]!] === 1) at++;
        if (at === stop) break;
        if (bytes[at] !== CR) throw valueError(bytes[at]!);
        this.#valueEnd = at - base;
        at++;
        state = LINE_LF;
        if (at === stop) break;
      }
      if (bytes[at] !== LF) throw new Http1Error(400, "Cannot read field section as a CR must be followed by LF");
      at++;
      if (state === END_LF) {
        this.#state = LINE;
        return at;
      }
      if (this.#kind !== FieldKind.Other && !this.#foldable) this.#finish(bytes, base);
      state = LINE;
    }
    this.#state = state;
    return -1;
  }

  /** Checks the first octet of a field line and counts the line. */
  #open(octet: number): void {
    if (octet === SP || octet === HTAB) { // §2.2, §5.2
      throw new Http1Error(400, "Cannot read field section as a line must not begin with whitespace");
    }
    if (octet === LF) throw new Http1Error(400, "Cannot read field section as a line must end with CRLF: received LF");
    if (++this.#count > this.#maxFields) {
      throw new Http1Error(431, `Cannot read field section as it must have at most ${this.#maxFields} fields`);
    }
  }

  /** Hands over the value of the line before, now that it is known not to go on. */
  #finish(bytes: Uint8Array, base: number): void {
    this.#framing?.note(this.#kind, bytes, base + this.#mark, base + this.#valueEnd, base);
    this.#kind = FieldKind.Other;
  }
}

function nameError(octet: number): Http1Error {
  if (octet === SP || octet === HTAB) { // RFC 9112 §5.1
    return new Http1Error(400, "Cannot read field name as no whitespace may stand in it or before its colon");
  }
  return new Http1Error(400, `Cannot read field name as it must be a token and a colon: received octet ${octet}`);
}

function valueError(octet: number): Http1Error {
  if (octet === LF) return new Http1Error(400, "Cannot read field value as its line must end with CRLF: received LF");
  return new Http1Error(400, `Cannot read field value as it must have no control character: received octet ${octet}`);
}
