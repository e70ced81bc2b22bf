/**
 * Owns the writing of values as JSON bytes: whole, into a caller's or a growing buffer; knows nothing of streams.
 *
 * @module
 */

import { checkWord } from "./options.ts";

/** How to write. */
export interface StringifyOptions {
  /**
   * What indents each level: a count of spaces from 0 to 10, or a text of whitespace (RFC 8259 §2), of which
   * `JSON.stringify` takes 10 characters.
   *
   * @default {0}
   */
  readonly space?: number | string | undefined;
  /**
   * Whether `<`, `>`, `&`, U+2028 and U+2029 become escapes, so that the text can stand in a `<script>` element, as
   * data or within JavaScript. The value that the text means stays the same. An attribute needs its quotes escaped too.
   *
   * @default {false}
   */
  readonly htmlSafe?: boolean | undefined;
  /**
   * What becomes of a `bigint`: a `TypeError` as in `JSON.stringify`, its digits as a number, or its digits as a
   * string.
   *
   * @default {"error"}
   */
  readonly bigint?: "error" | "number" | "string" | undefined;
}

const encoder = new TextEncoder();

/**
 * Writes a value as JSON in UTF-8. The text is well-formed whatever the strings hold: a lone surrogate is written as an
 * escape.
 *
 * @example Usage
 * ```ts
 * import { stringify } from "@avx/http/json";
 *
 * const bytes = stringify({ id: 2n ** 64n, html: "</script>" }, { bigint: "number", htmlSafe: true });
 * console.log(new TextDecoder().decode(bytes)); // {"id":18446744073709551616,"html":"\u003c/script\u003e"}
 * ```
 *
 * @throws {TypeError} If the value has no JSON form: `undefined`, a function, a symbol, a cycle, or a `bigint` by
 * default; or an option is none.
 */
export function stringify(value: unknown, options?: StringifyOptions): Uint8Array<ArrayBuffer> {
  return encoder.encode(stringifyText(value, options));
}

/**
 * Writes a value as JSON in UTF-8 to the start of a caller's buffer, and gives the count of bytes.
 *
 * @example Usage
 * ```ts
 * import { stringifyInto } from "@avx/http/json";
 *
 * const buffer = new Uint8Array(1024);
 * const length = stringifyInto({ ok: true }, buffer);
 * console.log(buffer.subarray(0, length));
 * ```
 *
 * @throws {RangeError} If the buffer is too short; its content is then undefined.
 * @throws {TypeError} If the value has no JSON form.
 */
export function stringifyInto(value: unknown, buffer: Uint8Array, options?: StringifyOptions): number {
  const text = stringifyText(value, options);
  const { read, written } = encoder.encodeInto(text, buffer);
  if (read === text.length) return written;
  throw new RangeError(
    `Cannot stringify value as the buffer must have at least ${utf8Length(text)} bytes: received ${buffer.length}`,
  );
}

/**
 * Gives a value's JSON text: what {@linkcode stringify} encodes.
 *
 * @throws {TypeError} If the value has no JSON form.
 */
export function stringifyText(value: unknown, options?: StringifyOptions): string {
  const text = options === undefined
    ? JSON.stringify(value)
    : JSON.stringify(value, bigintReplacer(options.bigint), checkSpace(options.space));
  if (text === undefined) {
    throw new TypeError(`Cannot stringify value as it must have a JSON form: received ${typeof value}`);
  }
  return options?.htmlSafe ? escapeHtml(text) : text;
}

/** A buffer that grows as values are written to it, for whoever writes many of them into one array of bytes. */
export class JsonBuffer {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /**
   * Makes an empty buffer.
   *
   * @param capacity Bytes to begin with.
   * @throws {RangeError} If the capacity is no whole number of at least 0.
   */
  constructor(capacity = 1024) {
    if (!Number.isSafeInteger(capacity) || capacity < 0) {
      throw new RangeError(
        `Cannot make buffer as 'capacity' must be a whole number of at least 0: received ${capacity}`,
      );
    }
    this.#bytes = new Uint8Array(capacity);
  }

  /** Count of the bytes written. */
  get length(): number {
    return this.#length;
  }

  /** The bytes written so far; a view that the next `write` or `clear` may change. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * Writes a value's JSON behind what is there.
   *
   * @throws {TypeError} If the value has no JSON form; the buffer is as before then.
   */
  write(value: unknown, options?: StringifyOptions): void {
    this.writeText(stringifyText(value, options));
  }

  /** Writes text as it is: a delimiter between values. */
  writeText(text: string): void {
    let rest = text;
    for (;;) {
      this.#reserve(rest.length);
      const { read, written } = encoder.encodeInto(rest, this.#bytes.subarray(this.#length));
      this.#length += written;
      if (read === rest.length) return;
      rest = rest.slice(read);
      this.#reserve(rest.length * 3); // UTF-8 takes at most three bytes for a code unit
    }
  }

  /** Forgets what was written and keeps the memory. */
  clear(): void {
    this.#length = 0;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.bytes);
    this.#bytes = grown;
  }
}

/** The text stays JSON only if no more than whitespace is put between its tokens. */
function checkSpace(space: StringifyOptions["space"]): StringifyOptions["space"] {
  if (typeof space !== "string" || /^[ \t\n\r]*$/.test(space)) return space;
  throw new TypeError(`Cannot stringify value as 'space' must be whitespace: received ${JSON.stringify(space)}`);
}

const HTML_UNSAFE = /[<>&\u2028\u2029]/g;

/** Outside of strings JSON has none of these characters, so each of them stands in a string and can be an escape. */
function escapeHtml(text: string): string {
  return text.replaceAll(HTML_UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const rawNumber: (text: string) => unknown = Reflect.get(JSON, "rawJSON");

/** A replacer slows `JSON.stringify` down by half: there is one only where it is asked for. */
function bigintReplacer(policy: StringifyOptions["bigint"]): ((key: string, value: unknown) => unknown) | undefined {
  switch (checkWord("bigint", policy, ["error", "number", "string"])) {
    case "number":
      return (_key, value) => typeof value === "bigint" ? rawNumber(String(value)) : value;
    case "string":
      return (_key, value) => typeof value === "bigint" ? String(value) : value;
    default:
      return undefined;
  }
}

function utf8Length(text: string): number {
  return encoder.encode(text).length;
}
