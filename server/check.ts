/**
 * Owns the refusal of options that are none of what they must be, and the words for it; knows no option.
 *
 * @module
 */

/** What a value is, for a message. */
function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}

/**
 * Refuses what is no function.
 *
 * @throws {TypeError} If it is none.
 */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value === "function") return;
  throw new TypeError(`Cannot serve as '${name}' must be a function: received ${kindOf(value)}`);
}

/**
 * Gives the text, and refuses what is none or has no character.
 *
 * @throws {TypeError} If it is such.
 */
export function checkText(name: string, value: unknown): string {
  if (typeof value !== "string") {
    throw new TypeError(`Cannot serve as '${name}' must be a string: received ${kindOf(value)}`);
  }
  if (value === "") throw new TypeError(`Cannot serve as '${name}' must not be empty`);
  return value;
}

/**
 * Refuses what hasn't these methods.
 *
 * @throws {TypeError} If one is missing.
 */
export function checkMethods(name: string, value: unknown, [type, ...methods]: readonly [string, ...string[]]): void {
  const isObject = typeof value === "object" && value !== null;
  if (isObject && methods.every((method) => typeof Reflect.get(value, method) === "function")) return;
  throw new TypeError(`Cannot serve as '${name}' must be ${type}: received ${kindOf(value)}`);
}

/**
 * Gives the number, and refuses what is no whole one in the range.
 *
 * @throws {RangeError} If it is none.
 */
export function checkWhole(name: string, value: unknown, [min, max]: readonly [min: number, max: number]): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`Cannot serve as '${name}' must be ${min} to ${max}: received ${value}`);
}

/**
 * Lays what was given over the defaults; members that are there but undefined don't hide one.
 *
 * @throws {TypeError} If it is no object, or has a member that the defaults haven't: a word mistyped would be no limit.
 */
export function overDefaults<T extends object>(name: string, defaults: T, given: Partial<T> | undefined): T {
  if (given === undefined) return defaults;
  checkMethods(name, given, ["an object"]);
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  for (const [member] of entries) {
    if (!(member in defaults)) throw new TypeError(`Cannot serve as '${name}' must not have '${member}'`);
  }
  return { ...defaults, ...Object.fromEntries(entries) };
}
