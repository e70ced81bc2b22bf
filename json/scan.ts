/**
 * Owns the grammar: an automaton over RFC 8259 that is fed chunks split anywhere, checks the limits and names each
 * token; knows nothing of what stands in strings and numbers, or of values, paths or policies on them.
 *
 * @module
 */

import { describeByte, type JsonError, type JsonPosition } from "./error.ts";
import type { ResolvedOptions } from "./options.ts";
import { Place } from "./place.ts";
import { NumberScanner } from "./scan_number.ts";
import { StringScanner } from "./scan_string.ts";

// The bytes that the grammar names (RFC 8259 §2). Each hot file has its own: V8 folds a module's own constants into the
// machine code, but reads imported ones from memory each time (a quarter to a half of the time of these loops).
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
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

// What the grammar allows next. The order matters: a value may begin up to IN_ARRAY, a string up to IN_OBJECT.
const VALUE = 0;
const FIRST_ELEMENT = 1;
const FIRST_NAME = 2;
const NAME = 3;
const AFTER_NAME = 4;
const AFTER_VALUE = 5;
const DONE = 6;

// What the token is that the last chunk broke off.
const NOTHING = 0;
const STRING = 1;
const WORD = 2;
const NUMBER = 3;

const WORD_TRUE = { text: "true", token: Token.True };
const WORD_FALSE = { text: "false", token: Token.False };
const WORD_NULL = { text: "null", token: Token.Null };
const WORD_MARK = { text: "\u00ef\u00bb\u00bf", token: Token.None };

const NO_BYTES = new Uint8Array(0);

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
  #bytes: Uint8Array = NO_BYTES;
  /** Offset of `#bytes[0]`. */
  #base: number;
  #at = 0;
  #ended = false;
  #state = VALUE;
  #partial = NOTHING;
  /** 1 for each open container that is an object, outermost first. An array of booleans is a twentieth slower. */
  #objects: Uint8Array = new Uint8Array(32);
  #inObject = false;

  #word: typeof WORD_TRUE | typeof WORD_FALSE | typeof WORD_NULL | typeof WORD_MARK = WORD_NULL;
  readonly #place: Place;
  readonly #strings: StringScanner;
  readonly #numbers = new NumberScanner();
  /** The place's `lineStart` when the last token began: a string moves that one. */
  #tokenLineStart: number;

  /** Makes a scanner of one text that begins at `origin`. */
  constructor(options: ResolvedOptions, origin: JsonPosition = START) {
    this.#options = options;
    this.maxKeys = options.maxKeys;
    this.#origin = origin;
    this.#base = origin.offset;
    this.#place = new Place(origin);
    this.#strings = new StringScanner(options, this.#place);
    this.#tokenLineStart = this.#place.lineStart;
  }

  /** Offset of the next byte: the end of the last token. */
  get offset(): number {
    return this.#base + this.#at;
  }

  /** Offset before which nothing can be wrong any more: the start of an escape or UTF-8 sequence that is broken off. */
  get settled(): number {
    return this.#partial === STRING ? this.#strings.settled(this.offset) : this.offset;
  }

  /** Where the next byte stands. */
  get position(): JsonPosition {
    return this.#place.at(this.offset);
  }

  /** Where the last token, or the one that is broken off, begins. */
  get tokenPosition(): JsonPosition {
    const { line } = this.#place;
    return { offset: this.tokenStart, line, column: this.tokenStart - this.#tokenLineStart + 1 };
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
    this.#place.line += newlines;
    this.#place.lineStart = lineStart;
    this.#inObject = --this.depth > 0 && this.#objects[this.depth - 1] === 1;
    this.#state = this.depth === 0 ? DONE : AFTER_VALUE;
  }

  /** Offset of what has column 1 in the current line, had all characters in between one byte. */
  get lineStart(): number {
    return this.#place.lineStart;
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
          this.#place.line++;
          this.#place.lineStart = this.#base + at;
        }
        continue;
      }
      const state = this.#state;
      let token: Token;
      if (byte === QUOTE) {
        if (state > NAME) throw this.#unexpected(at);
        this.#begin(at);
        if (state >= FIRST_NAME && ++this.keys > this.maxKeys) throw this.#tooManyKeys();
        this.#strings.begin(this.tokenStart);
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
    if (this.#at === this.#bytes.length) return Token.None;
    if (this.#partial === WORD) return this.#text(this.#at);
    if (this.#partial === NUMBER) return this.#number(this.#at);
    this.#at = this.#string(this.#at);
    if (this.#partial !== NOTHING) return Token.None;
    const named = this.#state >= FIRST_NAME;
    this.#state = named ? AFTER_NAME : this.depth === 0 ? DONE : AFTER_VALUE;
    return named ? Token.Name : Token.String;
  }

  /** Decides what the end of the input means: the end of a number, of the text, or an error. */
  #finish(): Token {
    if (this.#partial === NUMBER && this.#numbers.whole) {
      this.#partial = NOTHING;
      this.#state = this.depth === 0 ? DONE : AFTER_VALUE;
      if (this.depth <= this.stopDepth) return Token.Number;
    }
    if (this.#state === DONE) return Token.None;
    throw this.#unexpected(this.#at);
  }

  #begin(at: number): void {
    this.tokenStart = this.#base + at;
    this.#tokenLineStart = this.#place.lineStart;
  }

  #open(object: boolean, at: number): Token {
    this.#begin(at);
    if (this.depth >= this.#options.maxDepth) {
      throw this.#place.fail("limit", this.tokenStart, `at most ${this.#options.maxDepth} levels`, "one more");
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
    if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
      this.#numbers.begin(byte);
      return this.#number(at + 1);
    }
    switch (byte) {
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
          throw this.#place.fail("encoding", this.tokenStart, "a value without a byte order mark", describeByte(byte));
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
      throw this.#place.fail(
        "syntax",
        this.#base + at,
        token === Token.None ? "a value" : `'${text}'`,
        describeByte(bytes[at]),
      );
    }
    this.#partial = NOTHING;
    this.#at = at;
    if (token === Token.None) this.#place.lineStart += 3; // the mark has no width
    else this.#state = this.depth === 0 ? DONE : AFTER_VALUE;
    return token;
  }

  /** Goes on with a number. */
  #number(at: number): Token {
    const end = this.#numbers.read(this.#bytes, at);
    this.#at = end;
    this.#partial = NUMBER; // an error is one in a token
    if (this.#base + end - this.tokenStart > this.maxNumberBytes) throw this.#numberTooLong();
    if (end === this.#bytes.length) return Token.None;
    if (!this.#numbers.whole) {
      throw this.#place.fail("syntax", this.#base + end, "a digit", describeByte(this.#bytes[end]));
    }
    this.#partial = NOTHING;
    this.#state = this.depth === 0 ? DONE : AFTER_VALUE;
    return Token.Number;
  }

  /** Goes on with a string; gives the index after its closing quote, or after the chunk where that breaks it off. */
  #string(at: number): number {
    this.#partial = STRING; // an error is one in a token
    const end = this.#strings.read(this.#bytes, at, this.#base);
    if (this.#strings.whole) this.#partial = NOTHING;
    return end;
  }

  #tooManyKeys(): JsonError {
    return this.#place.fail("limit", this.tokenStart, `at most ${this.maxKeys} members`, "one more");
  }

  #numberTooLong(): JsonError {
    const { maxNumberBytes } = this;
    return this.#place.fail("limit", this.tokenStart, `a number of at most ${maxNumberBytes} bytes`, "more");
  }

  /** The error of a byte, or of the end, that the grammar does not allow at `at`. */
  #unexpected(at: number): JsonError {
    return this.#place.fail("syntax", this.#base + at, this.#expected(), describeByte(this.#bytes[at]));
  }

  #expected(): string {
    const partial = this.#partial;
    if (partial === WORD) return this.#word.token === Token.None ? "a value" : `'${this.#word.text}'`;
    if (partial === NUMBER) return "a digit";
    if (partial === STRING) return "the rest of the string";
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
}
