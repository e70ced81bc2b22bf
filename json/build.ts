/**
 * Owns the making of values from tokens under the policies on names and integers; knows nothing of grammar or chunks.
 *
 * @module
 */

import { JsonError, type JsonPosition } from "./error.ts";
import type { JsonObject, JsonScalar, JsonValue, RawNumber, ResolvedOptions } from "./options.ts";
import { Scanner, Token } from "./scan.ts";
import { readAscii, readNumber, readString } from "./text.ts";

// The bytes that the grammar names (RFC 8259 §2). Each hot file has its own: V8 folds a module's own constants into the
// machine code, but reads imported ones from memory each time (a quarter to a half of the time of these loops).
const MINUS = 0x2d;
const DOT = 0x2e;
const LOWER_E = 0x65;

/** An array or object under construction. */
type Container = JsonValue[] | JsonObject;

/**
 * Makes the value of a whole text, which begins at `origin`.
 *
 * @throws {JsonError} If the text is not JSON, passes a limit or breaks a policy.
 */
export function build(bytes: Uint8Array, options: ResolvedOptions, origin?: JsonPosition): JsonValue {
  const scanner = new Scanner(options, origin);
  const base = scanner.offset;
  scanner.feed(bytes);
  scanner.end();
  const builder = new Builder(options);
  for (let token = scanner.next(); token !== Token.None; token = scanner.next()) {
    builder.add(token, bytes, scanner, base);
  }
  return builder.value;
}

class Builder {
  /** The value, once all tokens were added. */
  value: JsonValue = null;

  readonly #options: ResolvedOptions;
  /** The containers around the innermost one, and the names that these will get. */
  readonly #parents: (Container | undefined)[] = [];
  readonly #names: (string | undefined)[] = [];
  #container: Container | undefined;
  /** The name of the next member; `undefined` where that is to be dropped. */
  #name: string | undefined;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  add(token: Token, bytes: Uint8Array, scanner: Scanner, base: number): void {
    const start = scanner.tokenStart - base;
    const end = scanner.offset - base;
    switch (token) {
      case Token.BeginObject:
      case Token.BeginArray:
        this.#parents.push(this.#container);
        this.#names.push(this.#name);
        this.#container = token === Token.BeginObject ? {} : [];
        return;
      case Token.EndObject:
      case Token.EndArray: {
        const whole = this.#container;
        this.#container = this.#parents.pop();
        this.#name = this.#names.pop();
        if (whole !== undefined) this.#put(whole);
        return;
      }
      case Token.Name:
        this.#name = this.#checkName(readString(bytes, start + 1, end - 1), scanner);
        return;
      default:
        this.#put(readScalar(token, bytes, start, end, this.#options, scanner));
    }
  }

  #put(value: JsonValue): void {
    const container = this.#container;
    if (container === undefined) this.value = value;
    else if (isArray(container)) container.push(value);
    else if (this.#name === undefined) return;
    else if (this.#name in Object.prototype) define(container, this.#name, value);
    else container[this.#name] = value;
  }

  /** Gives the name, or `undefined` where a policy drops its member. */
  #checkName(name: string, scanner: Scanner): string | undefined {
    const { proto, duplicateKeys } = this.#options;
    if (name === "__proto__" && proto !== "keep") {
      if (proto === "drop") return undefined;
      throw refuseProto(scanner.tokenPosition);
    }
    const container = this.#container;
    if (duplicateKeys === "last" || container === undefined || !Object.hasOwn(container, name)) return name;
    if (duplicateKeys === "first") return undefined;
    throw refuseDuplicate(scanner.tokenPosition, name);
  }
}

/**
 * Gives the value of a token that is no container.
 *
 * @throws {JsonError} If an integer that is to become a `bigint` has too many digits.
 */
export function readScalar(
  token: Token,
  bytes: Uint8Array,
  start: number,
  end: number,
  options: ResolvedOptions,
  scanner: Pick<Scanner, "tokenPosition">,
): JsonScalar {
  switch (token) {
    case Token.String:
      return readString(bytes, start + 1, end - 1);
    case Token.Number: {
      const value = readNumber(bytes, start, end);
      if (options.bigIntegers === "number" || Number.isSafeInteger(value) || !isInteger(bytes, start, end)) {
        return value;
      }
      return readBigInteger(readAscii(bytes, start, end), options, scanner.tokenPosition);
    }
    case Token.True:
      return true;
    case Token.False:
      return false;
    default:
      return null;
  }
}

function readBigInteger(text: string, options: ResolvedOptions, position: JsonPosition): bigint | RawNumber {
  if (options.bigIntegers === "raw") return rawNumber(text);
  const digits = text.length - Number(text.charCodeAt(0) === MINUS);
  if (digits <= options.maxIntegerDigits) return BigInt(text);
  throw new JsonError({
    ...position,
    kind: "limit",
    expected: `an integer of at most ${options.maxIntegerDigits} digits`,
    received: `${digits}`,
  });
}

/** `JSON.rawJSON`, which TypeScript's library does not name yet. */
const rawNumber: (text: string) => RawNumber = Reflect.get(JSON, "rawJSON");

function isInteger(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] === DOT || (bytes[at]! | 0x20) === LOWER_E) return false;
  }
  return true;
}

function isArray(container: Container): container is JsonValue[] {
  return Array.isArray(container);
}

/**
 * Assignment to `__proto__` would set the prototype, and one to `toString` fails where `Object.prototype` is frozen.
 */
function define(object: JsonObject, name: string, value: JsonValue): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

/** The error of a member named `__proto__`, where that is asked for. */
export function refuseProto(position: JsonPosition): JsonError {
  return new JsonError({ ...position, kind: "policy", expected: "a name other than '__proto__'", received: "it" });
}

/** The error of a second member of one name, where that is asked for. */
export function refuseDuplicate(position: JsonPosition, name: string): JsonError {
  const expected = "a name that the object has not yet";
  return new JsonError({ ...position, kind: "policy", expected, received: describeName(name) });
}

/** A name for a message, which is not to be as long as a stranger likes. */
function describeName(name: string): string {
  return JSON.stringify(name.length > LONGEST_SHOWN ? `${name.slice(0, LONGEST_SHOWN)}…` : name);
}

/** Most characters of a name in a message. */
const LONGEST_SHOWN = 40;
