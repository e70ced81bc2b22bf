/**
 * Owns the signatures of `@std/assert` that the tests may use; must not know how an assertion is carried out.
 *
 * @module
 */

/** Any class, abstract ones too. */
// deno-lint-ignore no-explicit-any
export type AnyConstructor = abstract new (...args: any[]) => any;

/** What {@linkcode assertArrayIncludes} looks into. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/** The error of every assertion that does not hold. */
export declare class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions);
}

/** Throws unless `expr` is truthy. */
export declare function assert(expr: unknown, msg?: string): asserts expr;
/** Throws unless `expr` is falsy. */
export declare function assertFalse(
  expr: unknown,
  msg?: string,
): asserts expr is false | 0 | 0n | "" | null | undefined;
/** Throws unless both are deeply equal. */
export declare function assertEquals<T>(actual: T, expected: T, msg?: string): void;
/** Throws if both are deeply equal. */
export declare function assertNotEquals<T>(actual: T, expected: T, msg?: string): void;
/** Throws unless both are the same by `Object.is`. */
export declare function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T;
/** Throws if both are the same by `Object.is`. */
export declare function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void;
/** Throws if the value is `null` or `undefined`. */
export declare function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T>;
/** Throws unless the difference is within the tolerance. */
export declare function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void;
/** Throws unless `actual > expected`. */
export declare function assertGreater<T>(actual: T, expected: T, msg?: string): void;
/** Throws unless `actual >= expected`. */
export declare function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void;
/** Throws unless `actual < expected`. */
export declare function assertLess<T>(actual: T, expected: T, msg?: string): void;
/** Throws unless `actual <= expected`. */
export declare function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void;
/** Throws unless the value is an instance of the class. */
export declare function assertInstanceOf<T extends AnyConstructor>(
  actual: unknown,
  expectedType: T,
  msg?: string,
): asserts actual is InstanceType<T>;
/** Throws if the value is an instance of the class. */
export declare function assertNotInstanceOf<A, T>(
  actual: A,
  // deno-lint-ignore no-explicit-any
  unexpectedType: abstract new (...args: any[]) => T,
  msg?: string,
): asserts actual is Exclude<A, T>;
/** Throws unless the value is an `Error`, of this class and with this text where they are given. */
export declare function assertIsError<E extends Error = Error>(
  error: unknown,
  // deno-lint-ignore no-explicit-any
  ErrorClass?: abstract new (...args: any[]) => E,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E;
/** Throws unless the text matches. */
export declare function assertMatch(actual: string, expected: RegExp, msg?: string): void;
/** Throws if the text matches. */
export declare function assertNotMatch(actual: string, expected: RegExp, msg?: string): void;
/** Throws unless the text holds the other one. */
export declare function assertStringIncludes(actual: string, expected: string, msg?: string): void;
/** Throws unless every expected value is deeply equal to one in the array. */
export declare function assertArrayIncludes<T>(actual: ArrayLikeArg<T>, expected: ArrayLikeArg<T>, msg?: string): void;
/** Throws unless the object has the other one's properties, deeply. */
export declare function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void;
/** Throws unless the function throws; gives what it threw. */
export declare function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Throws unless the function throws an error of this class, with this text where it is given; gives the error. */
export declare function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  // deno-lint-ignore no-explicit-any
  ErrorClass: abstract new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): E;
/** Rejects unless the function's promise does; gives its reason. */
export declare function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Rejects unless the function's promise rejects with an error of this class, with this text where it is given. */
export declare function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  // deno-lint-ignore no-explicit-any
  ErrorClass: abstract new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
/** Whether both are deeply equal. */
export declare function equal(a: unknown, b: unknown): boolean;
/** Throws always. */
export declare function fail(msg?: string): never;
/** Throws always: not built. */
export declare function unimplemented(msg?: string): never;
/** Throws always: never reached. */
export declare function unreachable(msg?: string): never;
