/**
 * Owns the methods that RFC 9110 §9 and RFC 5789 define and their properties; knows no message.
 *
 * @module
 */

/** The methods that this library knows by name (RFC 9110 §9.3, RFC 5789). */
export const Method = {
  Get: "GET",
  Head: "HEAD",
  Post: "POST",
  Put: "PUT",
  Delete: "DELETE",
  Connect: "CONNECT",
  Options: "OPTIONS",
  Trace: "TRACE",
  Patch: "PATCH",
} as const;
/** One of the methods that this library knows by name. */
export type Method = typeof Method[keyof typeof Method];

const SAFE: ReadonlySet<string> = new Set([Method.Get, Method.Head, Method.Options, Method.Trace]);
const IDEMPOTENT: ReadonlySet<string> = new Set([...SAFE, Method.Put, Method.Delete]);

/** Tells whether a request of this method only reads (RFC 9110 §9.2.1); an unknown method is not safe. */
export function isSafeMethod(method: string): boolean {
  return SAFE.has(method);
}

/** Tells whether repeating a request of this method changes nothing more (RFC 9110 §9.2.2); an unknown method is not idempotent. */
export function isIdempotentMethod(method: string): boolean {
  return IDEMPOTENT.has(method);
}
