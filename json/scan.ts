/**
 * Owns the grammar: an automaton over RFC 8259 and UTF-8 that is fed chunks split anywhere, checks the limits, knows
 * the exact place of an error and names each token; knows nothing of values, paths or policies on them.
 *
 * @module
 */

import { describeByte, JsonError, type JsonErrorKind, type JsonPosition } from "./error.ts";
import type { ResolvedOptions } from "./options.ts";

// The bytes that the grammar names (RFC 8259 §2). Each hot file has its own: V8 folds a module's own constants into the
// machine code, but reads imported ones from memory each time (a quarter to a half of the time of these loops).
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LOWER_E = 0x65;
const LOWER_U = 0x75;
const LEFT_BRACE = 0x7b;
const RIGHT_BRACE = 0x7d;

/** What a {@linkcode Scanner} has come past; `None` means "more bytes". */
export const Token = {
  None: 0,
  BeginObject: 1,
  EndObject: 2,
  BeginArray: 3,
  EndArray: 4,
  Name: 5,
  String: 6,
  Number: 7,
  True: 8,
  False: 9,
  Null: 10,
} as const;
/** What a {@linkcode Scanner} has come past; `None` means "more bytes". */
export type Token = typeof Token[keyof typeof Token];

/** 1 for the bytes that stand for themselves in a string: `unescaped` of RFC 8259 §7, as far as ASCII goes. */
const UNESCAPED = new Uint8Array(256).map((_, byte) =>
  Number(byte >= SPACE && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH)
);

/** 1 for the bytes that may follow a backslash on their own (RFC 8259 §7). */
const ESCAPED = new Uint8Array(256).map((_, byte) => Number('"\\/bfnrt'.includes(String.fromCharCode(byte))));

/** The value of a hexadecimal digit; -1 for all other bytes. */
const HEX_VALUE = new Int8Array(256).map((_, byte) =>
  "0123456789abcdef".indexOf(String.fromCharCode(byte).toLowerCase())
);

// What the grammar allows next. The order matters: a value may begin up to IN_ARRAY, a string up to IN_OBJECT.
const VALUE = 0;
const FIRST_ELEMENT = 1;
const FIRST_NAME = 2;
const NAME = 3;
const AFTER_NAME = 4;
const AFTER_VALUE = 5;
const DONE = 6;

// How far the token is that the last chunk broke off. The four last are whole numbers already.
const NOTHING = 0;
const UNESCAPED_RUN = 1;
const MULTI_BYTE = 2;
const ESCAPE = 3;
const HEX_DIGITS = 4;
const LOW_BACKSLASH = 5;
const LOW_U = 6;
const WORD = 7;
const NUMBER_MINUS = 8;
const NUMBER_POINT = 9;
const NUMBER_E = 10;
const NUMBER_E_SIGN = 11;
const NUMBER_ZERO = 12;
const NUMBER_INTEGER = 13;
const NUMBER_FRACTION = 14;
const NUMBER_EXPONENT = 15;

const WORD_TRUE = { text: "true", token: Token.True };
const WORD_FALSE = { text: "false", token: Token.False };
const WORD_NULL = { text: "null", token: Token.Null };
const WORD_MARK = { text: "\u00ef\u00bb\u00bf", token: Token.None };

const START: JsonPosition = { offset: 0, line: 1, column: 1 };

/**
 * Reads the tokens of one JSON text: `feed` a chunk, call `next` until it gives `None`, feed the next one; after the
 * last one `end`, and `next` again until `None`.
 */
export class Scanner {
  /** Tokens inside more containers than this are checked, but not given. */
  stopDepth = Infinity;
  /** How many containers are open. */
  depth = 0;
  /** How many members came by; whoever watches parts of a text sets it back. */
  keys = 0;
  /** Most members. */
  maxKeys: number;
  /** Most bytes of one number. */
  maxNumberBytes = Infinity;
  /** Offset of the first byte of the last token, or of the one that is broken off. */
  tokenStart = 0;

  readonly #options: ResolvedOptions;
  readonly #origin: JsonPosition;
  #bytes: Uint8Array = new Uint8Array(0);
  /** Offset of `#bytes[0]`. */
  #base: number;
  #at = 0;
  #ended = false;
  #state = VALUE;
  #partial = NOTHING;
  /** Whether each open container is an object, outermost first. */
  #objects: Uint8Array = new Uint8Array(32);
  #inObject = false;

  #word: typeof WORD_TRUE | typeof WORD_FALSE | typeof WORD_NULL | typeof WORD_MARK = WORD_NULL;
  #escapeStart = 0;
  #hexDigits = 0;
  #hexValue = 0;
  #wantsLow = false;
  #sequenceStart = 0;
  #continuations = 0;
  #lowest = 0x80;
  #highest = 0xbf;

  #line: number;
  /** Offset that has column 1, had all characters of the line one byte. */
  #lineStart: number;
  /** The same when the last token began: a string moves the other one. */
  #tokenLineStart: number;

  /** Makes a scanner of one text that begins at `origin`. */
  constructor(options: ResolvedOptions, origin: JsonPosition = START) {
    this.#options = options;
    this.maxKeys = options.maxKeys;
    this.#origin = origin;
    this.#base = origin.offset;
    this.#line = origin.line;
    this.#lineStart = this.#tokenLineStart = origin.offset - origin.column + 1;
  }

  /** Offset of the next byte: the end of the last token. */
  get offset(): number {
    return this.#base + this.#at;
  }

  /** Offset before which nothing can be wrong any more: the start of an escape or UTF-8 sequence that is broken off. */
  get settled(): number {
    const partial = this.#partial;
    if (partial === MULTI_BYTE) return this.#sequenceStart;
    return partial >= ESCAPE && partial <= LOW_U ? this.#escapeStart : this.offset;
  }

  /** Where the next byte stands. */
  get position(): JsonPosition {
    const offset = this.offset;
    return { offset, line: this.#line, column: offset - this.#lineStart + 1 };
  }

  /** Where the last token, or the one that is broken off, begins. */
  get tokenPosition(): JsonPosition {
    return { offset: this.tokenStart, line: this.#line, column: this.tokenStart - this.#tokenLineStart + 1 };
  }

  /** Whether the text is complete. */
  get done(): boolean {
    return this.#state === DONE;
  }

  /** Whether a string, name, number or word is broken off by the end of the chunk. */
  get inToken(): boolean {
    return this.#partial !== NOTHING;
  }

  /** Whether the token that is broken off is a name. */
  get inName(): boolean {
    return this.#partial !== NOTHING && this.#state >= FIRST_NAME;
  }

  /** Takes the next chunk; the last one must have been read to its end. */
  feed(bytes: Uint8Array): void {
    this.#base += this.#bytes.length;
    this.#bytes = bytes;
    this.#at = 0;
  }

  /** Says that no chunk comes any more. */
  end(): void {
    this.#ended = true;
  }

  /**
   * Gives the next token, or `None` when the chunk (or, after `end`, the text) has no more.
   *
   * @throws {JsonError} If the text is not JSON, not UTF-8, or passes a limit.
   */
  next(): Token {
    if (this.#partial !== NOTHING) {
      const token = this.#resume();
      if (token !== Token.None && this.depth <= this.stopDepth) return token;
    }
    const token = this.#partial === NOTHING ? this.#scan() : Token.None;
    if (token !== Token.None || !this.#ended) return token;
    return this.#finish();
  }

  /**
   * Passes over the container that has just begun, as somebody else has read it: up to `end`, with so many newlines on
   * the way, so that column 1 is at offset `lineStart` (as far as characters of one byte go).
   */
  pass(end: number, newlines: number, lineStart: number): void {
    this.#at = end - this.#base;
    this.#line += newlines;
    this.#lineStart = lineStart;
    this.#inObject = --this.depth > 0 && this.#objects[this.depth - 1] === 1;
    this.#state = this.depth === 0 ? DONE : AFTER_VALUE;
  }

  /** Offset of what has column 1 in the current line, had all characters in between one byte. */
  get lineStart(): number {
    return this.#lineStart;
  }

  /** The loop over whole tokens. Longer than a function should be: a call for each token costs a quarter more. */
  #scan(): Token {
    const bytes = this.#bytes;
    const end = bytes.length;
    let at = this.#at;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte <= SPACE && (byte === SPACE || byte === LF || byte === CR || byte === TAB)) {
        at++;
        if (byte === LF) {
          this.#line++;
          this.#lineStart = this.#base + at;
        }
        continue;
      }
      const state = this.#state;
      let token: Token;
      if (byte === QUOTE) {
        if (state > NAME) throw this.#unexpected(at);
        this.#begin(at);
        if (state >= FIRST_NAME && ++this.keys > this.maxKeys) throw this.#tooManyKeys();
        at = this.#string(at + 1);
        if (this.#partial !== NOTHING) break;
        token = state >= FIRST_NAME ? Token.Name : Token.String;
        this.#state = state >= FIRST_NAME ? AFTER_NAME : this.depth === 0 ? DONE : AFTER_VALUE;
      } else if (byte === COMMA) {
        if (state !== AFTER_VALUE) throw this.#unexpected(at);
        this.#state = this.#inObject ? NAME : VALUE;
        at++;
        continue;
      } else if (byte === COLON) {
        if (state !== AFTER_NAME) throw this.#unexpected(at);
        this.#state = VALUE;
        at++;
        continue;
      } else if ((byte | 0x20) === 0x7d) { // ] or }
        token = this.#close(byte === RIGHT_BRACE, at++);
      } else if (state > FIRST_ELEMENT) {
        throw this.#unexpected(at);
      } else if ((byte | 0x20) === 0x7b) { // [ or {
        token = this.#open(byte === LEFT_BRACE, at++);
        if (this.depth - 1 > this.stopDepth) continue;
        this.#at = at;
        return token;
      } else {
        token = this.#scalar(byte, at);
        at = this.#at;
        if (this.#partial !== NOTHING) break;
        if (token === Token.None) continue; // the byte order mark
      }
      if (this.depth <= this.stopDepth) {
        this.#at = at;
        return token;
      }
    }
    this.#at = at;
    return Token.None;
  }

  /** Goes on with the token that the last chunk broke off. */
  #resume(): Token {
    const partial = this.#partial;
    if (this.#at === this.#bytes.length) return Token.None;
    if (partial === WORD) return this.#text(this.#at);
    if (partial > WORD) return this.#number(this.#at, partial);
    this.#at = this.#string(this.#at);
    if (this.#partial !== NOTHING) return Token.None;
    const named = this.#state >= FIRST_NAME;
    this.#state = named ? AFTER_NAME : this.depth === 0 ? DONE : AFTER_VALUE;
    return named ? Token.Name : Token.String;
  }

  /** Decides what the end of the input means: the end of a number, of the text, or an error. */
  #finish(): Token {
    if (this.#partial >= NUMBER_ZERO) {
      this.#partial = NOTHING;
      this.#state = this.depth === 0 ? DONE : AFTER_VALUE;
      if (this.depth <= this.stopDepth) return Token.Number;
    }
    if (this.#state === DONE) return Token.None;
    throw this.#unexpected(this.#at);
  }

  #begin(at: number): void {
    this.tokenStart = this.#base + at;
    this.#tokenLineStart = this.#lineStart;
  }

  #open(object: boolean, at: number): Token {
    this.#begin(at);
    if (this.depth >= this.#options.maxDepth) {
      throw this.#fail("limit", this.tokenStart, `at most ${this.#options.maxDepth} levels`, "one more");
    }
    if (this.depth === this.#objects.length) {
      const grown = new Uint8Array(this.depth * 2);
      grown.set(this.#objects);
      this.#objects = grown;
    }
    this.#objects[this.depth++] = Number(object);
    this.#inObject = object;
    this.#state = object ? FIRST_NAME : FIRST_ELEMENT;
    return object ? Token.BeginObject : Token.BeginArray;
  }

  #close(object: boolean, at: number): Token {
    const state = this.#state;
    const allowed = state === AFTER_VALUE || state === (object ? FIRST_NAME : FIRST_ELEMENT);
    if (!allowed || this.#inObject !== object || this.depth === 0) throw this.#unexpected(at);
    this.#begin(at);
    const depth = --this.depth;
    this.#inObject = depth > 0 && this.#objects[depth - 1] === 1;
    this.#state = depth === 0 ? DONE : AFTER_VALUE;
    return object ? Token.EndObject : Token.EndArray;
  }

  /** Begins a number, a word or the byte order mark at `at`. */
  #scalar(byte: number, at: number): Token {
    this.#begin(at);
    if (byte >= ZERO && byte <= NINE) return this.#number(at + 1, byte === ZERO ? NUMBER_ZERO : NUMBER_INTEGER);
    switch (byte) {
      case MINUS:
        return this.#number(at + 1, NUMBER_MINUS);
      case 0x74:
        this.#word = WORD_TRUE;
        break;
      case 0x66:
        this.#word = WORD_FALSE;
        break;
      case 0x6e:
        this.#word = WORD_NULL;
        break;
      default:
        if (byte !== 0xef || this.tokenStart !== this.#origin.offset) throw this.#unexpected(at);
        if (this.#options.byteOrderMark === "error") {
          throw this.#fail("encoding", this.tokenStart, "a value without a byte order mark", describeByte(byte));
        }
        this.#word = WORD_MARK;
    }
    return this.#text(at + 1);
  }

  /** Goes on with `true`, `false`, `null` or the byte order mark. */
  #text(at: number): Token {
    const bytes = this.#bytes;
    const { text, token } = this.#word;
    for (let index = this.#base + at - this.tokenStart; index < text.length; index++, at++) {
      if (at === bytes.length) {
        this.#partial = WORD;
        this.#at = at;
        return Token.None;
      }
      if (bytes[at] === text.charCodeAt(index)) continue;
      this.#partial = WORD; // an error is one in a token
      throw this.#fail(
        "syntax",
        this.#base + at,
        token === Token.None ? "a value" : `'${text}'`,
        describeByte(bytes[at]),
      );
    }
    this.#partial = NOTHING;
    this.#at = at;
    if (token === Token.None) this.#lineStart += 3; // the mark has no width
    else this.#state = this.depth === 0 ? DONE : AFTER_VALUE;
    return token;
  }

  /** Goes on with a number (RFC 8259 §6) that has come to `partial`. */
  #number(at: number, partial: number): Token {
    const bytes = this.#bytes;
    const end = bytes.length;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte >= ZERO && byte <= NINE) {
        if (partial === NUMBER_ZERO) break;
        if (partial === NUMBER_MINUS) partial = byte === ZERO ? NUMBER_ZERO : NUMBER_INTEGER;
        else if (partial === NUMBER_POINT) partial = NUMBER_FRACTION;
        else if (partial < NUMBER_ZERO) partial = NUMBER_EXPONENT;
        at++;
        while (at < end && bytes[at]! <= NINE && bytes[at]! >= ZERO && partial !== NUMBER_ZERO) at++;
      } else if (byte === DOT && (partial === NUMBER_INTEGER || partial === NUMBER_ZERO)) {
        partial = NUMBER_POINT;
        at++;
      } else if ((byte | 0x20) === LOWER_E && partial >= NUMBER_ZERO && partial !== NUMBER_EXPONENT) {
        partial = NUMBER_E;
        at++;
      } else if ((byte === PLUS || byte === MINUS) && partial === NUMBER_E) {
        partial = NUMBER_E_SIGN;
        at++;
      } else break;
    }
    this.#at = at;
    if (this.#base + at - this.tokenStart > this.maxNumberBytes) throw this.#numberTooLong();
    if (at === end) {
      this.#partial = partial;
      return Token.None;
    }
    if (partial < NUMBER_ZERO) {
      this.#partial = partial; // an error is one in a token
      throw this.#fail("syntax", this.#base + at, "a digit", describeByte(bytes[at]));
    }
    this.#partial = NOTHING;
    this.#state = this.depth === 0 ? DONE : AFTER_VALUE;
    return Token.Number;
  }

  /** Goes on with a string; gives the index after its closing quote, or after the chunk where that breaks it off. */
  #string(at: number): number {
    const bytes = this.#bytes;
    const end = bytes.length;
    // Where the closing quote has to be at the latest.
    const last = this.tokenStart + 1 + this.#options.maxStringBytes - this.#base;
    const stop = last < end ? last : end;
    let partial = this.#partial === NOTHING ? UNESCAPED_RUN : this.#partial;
    this.#partial = partial; // an error is one in a token
    for (;;) {
      if (partial === UNESCAPED_RUN) {
        while (at < stop && UNESCAPED[bytes[at]!] === 1) at++;
        if (at < end && bytes[at] === QUOTE) {
          this.#partial = NOTHING;
          return at + 1;
        }
        if (at < stop) partial = this.#interrupt(at++);
      } else if (partial === MULTI_BYTE) {
        partial = this.#multiByte(bytes, at, stop);
        at = this.#at;
      } else {
        partial = this.#escape(bytes, at, stop, partial);
        at = this.#at;
      }
      if (at < stop) continue;
      if (at < end) {
        if (partial === UNESCAPED_RUN && bytes[at] === QUOTE) continue;
        throw this.#fail("limit", this.#base + at, `a string of at most ${this.#options.maxStringBytes} bytes`, "more");
      }
      this.#partial = partial;
      return at;
    }
  }

  /** Decides what a byte in a string begins that doesn't stand for itself. */
  #interrupt(at: number): number {
    const byte = this.#bytes[at]!;
    if (byte === BACKSLASH) {
      this.#escapeStart = this.#base + at;
      this.#wantsLow = false;
      return ESCAPE;
    }
    if (byte < SPACE) throw this.#fail("syntax", this.#base + at, "an escaped control character", describeByte(byte));
    this.#sequenceStart = this.#base + at;
    // RFC 3629 §4: no overlong forms (C0, C1, E0 80, F0 80), no surrogates (ED A0), nothing past U+10FFFF (F4 90).
    this.#lowest = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
    this.#highest = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
    if (byte < 0xc2 || byte > 0xf4) throw this.#notUtf8(byte);
    this.#continuations = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    return MULTI_BYTE;
  }

  /** Goes on with a UTF-8 sequence (RFC 3629 §4). */
  #multiByte(bytes: Uint8Array, at: number, stop: number): number {
    while (at < stop) {
      const byte = bytes[at]!;
      if (byte < this.#lowest || byte > this.#highest) throw this.#notUtf8(byte);
      at++;
      this.#lowest = 0x80;
      this.#highest = 0xbf;
      if (--this.#continuations > 0) continue;
      this.#lineStart += this.#base + at - this.#sequenceStart - 1; // a character has one column
      this.#at = at;
      return UNESCAPED_RUN;
    }
    this.#at = at;
    return MULTI_BYTE;
  }

  /** Goes on with an escape, or with the pair of escapes that a high surrogate demands (RFC 8259 §7). */
  #escape(bytes: Uint8Array, at: number, stop: number, partial: number): number {
    while (at < stop) {
      const byte = bytes[at]!;
      if (partial === HEX_DIGITS) {
        const value = HEX_VALUE[byte]!;
        if (value < 0) throw this.#fail("syntax", this.#base + at, "a hexadecimal digit", describeByte(byte));
        this.#hexValue = (this.#hexValue << 4) | value;
        if (++this.#hexDigits === 4) partial = this.#codeUnit();
      } else if (partial === LOW_BACKSLASH) {
        if (byte !== BACKSLASH) throw this.#loneSurrogate();
        partial = LOW_U;
      } else if (byte === LOWER_U) {
        partial = HEX_DIGITS;
        this.#hexDigits = this.#hexValue = 0;
      } else if (partial === LOW_U) {
        throw this.#loneSurrogate();
      } else if (ESCAPED[byte] === 1) {
        partial = UNESCAPED_RUN;
      } else {
        throw this.#fail(
          "syntax",
          this.#base + at,
          "an escape ('\"', '\\', '/', 'b', 'f', 'n', 'r', 't' or 'u')",
          describeByte(byte),
        );
      }
      at++;
      if (partial === UNESCAPED_RUN) break;
    }
    this.#at = at;
    return partial;
  }

  /** Decides what follows the four digits of an escape. */
  #codeUnit(): number {
    const kind = this.#hexValue & 0xfc00;
    const low = kind === 0xdc00;
    if (this.#options.loneSurrogates === "keep") return UNESCAPED_RUN;
    if (low !== this.#wantsLow) throw this.#loneSurrogate();
    if (kind !== 0xd800) return UNESCAPED_RUN;
    this.#wantsLow = true;
    return LOW_BACKSLASH;
  }

  #loneSurrogate(): JsonError {
    return this.#fail("encoding", this.#escapeStart, "both halves of a surrogate pair", "one of them");
  }

  #notUtf8(byte: number): JsonError {
    return this.#fail("encoding", this.#sequenceStart, "UTF-8", describeByte(byte));
  }

  #tooManyKeys(): JsonError {
    return this.#fail("limit", this.tokenStart, `at most ${this.maxKeys} members`, "one more");
  }

  #numberTooLong(): JsonError {
    const { maxNumberBytes } = this;
    return this.#fail("limit", this.tokenStart, `a number of at most ${maxNumberBytes} bytes`, "more");
  }

  /** The error of a byte, or of the end, that the grammar does not allow at `at`. */
  #unexpected(at: number): JsonError {
    return this.#fail("syntax", this.#base + at, this.#expected(), describeByte(this.#bytes[at]));
  }

  #expected(): string {
    const partial = this.#partial;
    if (partial === WORD) return this.#word.token === Token.None ? "a value" : `'${this.#word.text}'`;
    if (partial > WORD) return "a digit";
    if (partial !== NOTHING) return "the rest of the string";
    switch (this.#state) {
      case VALUE:
        return "a value";
      case FIRST_ELEMENT:
        return "a value or ']'";
      case FIRST_NAME:
        return "a name in quotes or '}'";
      case NAME:
        return "a name in quotes";
      case AFTER_NAME:
        return "':'";
      case AFTER_VALUE:
        return this.#inObject ? "',' or '}'" : "',' or ']'";
      default:
        return "the end";
    }
  }

  #fail(kind: JsonErrorKind, offset: number, expected: string, received: string): JsonError {
    return new JsonError({ kind, offset, line: this.#line, column: offset - this.#lineStart + 1, expected, received });
  }
}
