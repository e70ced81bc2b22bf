/**
 * Owns the limits and policies of reading JSON, their defaults and their check; knows nothing of bytes.
 *
 * @module
 */

/**
 * Most bytes of one text. Elasticsearch takes 100 MiB (`http.max_content_length`); `readJson` sets its own, lower one.
 */
export const DEFAULT_MAX_BYTES: number = 100 * 1024 * 1024;

/** Most levels of arrays and objects inside each other. PHP's `json_decode` takes 512, Jackson 1000, .NET 64. */
export const DEFAULT_MAX_DEPTH: number = 512;

/** Most bytes between the quotes of one string or name. Jackson takes 20,000,000 characters. */
export const DEFAULT_MAX_STRING_BYTES: number = 20_000_000;

/**
 * Most members (pairs of name and value) in all objects of one text together. PHP takes 1000 form variables
 * (`max_input_vars`); a data set has more, and a million members cost some 100 MB in V8.
 */
export const DEFAULT_MAX_KEYS: number = 1_000_000;

/** Most digits of an integer that becomes a `bigint`, as the conversion is not linear. CPython takes 4300. */
export const DEFAULT_MAX_INTEGER_DIGITS: number = 4300;

/** The limits of reading. Each is a whole number of at least 0, or `Infinity` for none. */
export interface JsonLimits {
  /**
   * Most bytes of one text.
   *
   * @default {104857600}
   */
  readonly maxBytes?: number | undefined;
  /**
   * Most levels of arrays and objects inside each other; 0 allows only strings, numbers, `true`, `false` and `null`.
   *
   * @default {512}
   */
  readonly maxDepth?: number | undefined;
  /**
   * Most bytes between the quotes of one string or name, as they stand in the text: an escape counts as written.
   *
   * @default {20000000}
   */
  readonly maxStringBytes?: number | undefined;
  /**
   * Most members (pairs of name and value) in all objects of one text together.
   *
   * @default {1000000}
   */
  readonly maxKeys?: number | undefined;
}

/** How to read what RFC 8259 leaves open, and the limits. */
export interface ParseOptions extends JsonLimits {
  /**
   * Which member stays when an object has two of one name (RFC 8259 §4), or `"error"`.
   *
   * @default {"last"}
   */
  readonly duplicateKeys?: "last" | "first" | "error" | undefined;
  /**
   * What becomes of a member named `__proto__`: an own property as any other, nothing, or an error. The prototype is
   * never set.
   *
   * @default {"keep"}
   */
  readonly proto?: "keep" | "drop" | "error" | undefined;
  /**
   * What becomes of an integer (no fraction, no exponent) beyond ±(2^53 - 1): the nearest `number`, a `bigint`, or
   * {@linkcode RawNumber}, its text, which `JSON.stringify` and {@linkcode stringify} write as it came.
   *
   * @default {"number"}
   */
  readonly bigIntegers?: "number" | "bigint" | "raw" | undefined;
  /**
   * Most digits of an integer that becomes a `bigint`.
   *
   * @default {4300}
   */
  readonly maxIntegerDigits?: number | undefined;
  /**
   * Whether an escape that is half of a surrogate pair (`"\ud800"`) is refused or kept as it is. Surrogates that stand
   * in the bytes themselves are not UTF-8 and are always refused.
   *
   * @default {"error"}
   */
  readonly loneSurrogates?: "error" | "keep" | undefined;
  /**
   * Whether a byte order mark before the text is refused or skipped (RFC 8259 §8.1 allows either).
   *
   * @default {"error"}
   */
  readonly byteOrderMark?: "error" | "skip" | undefined;
}

/** An integer as it stands in the text, as `JSON.rawJSON` makes it. */
export interface RawNumber {
  /** The integer's text. */
  readonly rawJSON: string;
}

/** An object of a JSON text: own properties only, all of them plain data. */
export interface JsonObject {
  /** A member. */
  [name: string]: JsonValue;
}

/** A value that is no container; `bigint` and {@linkcode RawNumber} only where `bigIntegers` asks for them. */
export type JsonScalar = null | boolean | number | string | bigint | RawNumber;

/** What a JSON text can become. */
export type JsonValue = JsonScalar | JsonValue[] | JsonObject;

/** {@linkcode ParseOptions} with every member decided. */
export type ResolvedOptions = { readonly [name in keyof ParseOptions]-?: NonNullable<ParseOptions[name]> };

/** What holds where nothing is asked for. */
export const DEFAULT_OPTIONS: ResolvedOptions = {
  maxBytes: DEFAULT_MAX_BYTES,
  maxDepth: DEFAULT_MAX_DEPTH,
  maxStringBytes: DEFAULT_MAX_STRING_BYTES,
  maxKeys: DEFAULT_MAX_KEYS,
  duplicateKeys: "last",
  proto: "keep",
  bigIntegers: "number",
  maxIntegerDigits: DEFAULT_MAX_INTEGER_DIGITS,
  loneSurrogates: "error",
  byteOrderMark: "error",
};

/**
 * Decides every option.
 *
 * @throws {RangeError} If a limit is not a whole number of at least 0, or `Infinity`.
 * @throws {TypeError} If a policy is not one of its words.
 */
export function resolveOptions(options: ParseOptions | undefined): ResolvedOptions {
  if (options === undefined) return DEFAULT_OPTIONS;
  const {
    maxBytes = DEFAULT_MAX_BYTES,
    maxDepth = DEFAULT_MAX_DEPTH,
    maxStringBytes = DEFAULT_MAX_STRING_BYTES,
    maxKeys = DEFAULT_MAX_KEYS,
    maxIntegerDigits = DEFAULT_MAX_INTEGER_DIGITS,
    duplicateKeys = "last",
    proto = "keep",
    bigIntegers = "number",
    loneSurrogates = "error",
    byteOrderMark = "error",
  } = options;
  checkLimit("maxBytes", maxBytes, 0);
  checkLimit("maxDepth", maxDepth, 0);
  checkLimit("maxStringBytes", maxStringBytes, 0);
  checkLimit("maxKeys", maxKeys, 0);
  checkLimit("maxIntegerDigits", maxIntegerDigits, 0);
  // Most calls set no policy, and a look into five arrays is a tenth of the time of a small text.
  if (duplicateKeys !== "last") checkWord("duplicateKeys", duplicateKeys, DUPLICATE_KEYS);
  if (proto !== "keep") checkWord("proto", proto, PROTO);
  if (bigIntegers !== "number") checkWord("bigIntegers", bigIntegers, BIG_INTEGERS);
  if (loneSurrogates !== "error") checkWord("loneSurrogates", loneSurrogates, LONE_SURROGATES);
  if (byteOrderMark !== "error") checkWord("byteOrderMark", byteOrderMark, BYTE_ORDER_MARK);
  return {
    maxBytes,
    maxDepth,
    maxStringBytes,
    maxKeys,
    maxIntegerDigits,
    duplicateKeys,
    proto,
    bigIntegers,
    loneSurrogates,
    byteOrderMark,
  };
}

// The words of each policy, its default first.
const DUPLICATE_KEYS = ["last", "first", "error"] as const;
const PROTO = ["keep", "drop", "error"] as const;
const BIG_INTEGERS = ["number", "bigint", "raw"] as const;
const LONE_SURROGATES = ["error", "keep"] as const;
const BYTE_ORDER_MARK = ["error", "skip"] as const;

/**
 * Gives the limit, or its default where it is `undefined`.
 *
 * @throws {RangeError} If it is not a whole number of at least 0, or `Infinity`.
 */
export function checkLimit(name: string, value: number | undefined, preset: number): number {
  if (value === undefined) return preset;
  if (value === Infinity || (Number.isSafeInteger(value) && value >= 0)) return value;
  throw new RangeError(
    `Cannot read JSON as '${name}' must be a whole number of at least 0 or Infinity: received ${value}`,
  );
}

/**
 * Gives the word, or the first one where it is `undefined`.
 *
 * @throws {TypeError} If it is none of the words.
 */
export function checkWord<Word extends string>(
  name: string,
  value: Word | undefined,
  words: readonly [Word, ...Word[]],
): Word {
  if (value === undefined) return words[0];
  if (words.includes(value)) return value;
  throw new TypeError(`Cannot read JSON as '${name}' must be one of ${words.join(", ")}: received ${value}`);
}
