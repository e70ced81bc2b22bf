/**
 * Owns the crumbs of Cookie (RFC 9113 §8.2.3): a value cut so that what stays the same can be indexed, and put together
 * again. Knows nothing of cookies beside that.
 *
 * @module
 */

import type { HpackField } from "./field.ts";

const SEPARATOR = "; ";

/** Most crumbs of one value; the last has all the rest. Each weighs 32 bytes more in the peer's list. Browsers keep up to 180 cookies a site. */
export const MAX_CRUMBS = 180;

/**
 * Gives the crumbs of a Cookie value, {@linkcode MAX_CRUMBS} at most; joined by `; ` they are the value again.
 *
 * @example
 * ```ts
 * import { cookieCrumbs } from "@avx/http/hpack";
 *
 * console.assert(cookieCrumbs("a=1; b=2").join() === "a=1,b=2");
 * ```
 */
export function cookieCrumbs(value: string): string[] {
  const crumbs: string[] = [];
  let start = 0;
  while (crumbs.length < MAX_CRUMBS - 1) {
    const end = value.indexOf(SEPARATOR, start);
    if (end < 0) break;
    crumbs.push(value.slice(start, end));
    start = end + SEPARATOR.length;
  }
  crumbs.push(value.slice(start));
  return crumbs;
}

/**
 * Puts all `cookie` fields of a list together into one, at the place of the first, as anything that isn't HTTP/2 must be
 * given them; sensitive where one of them is. Gives the list itself where there is nothing to join.
 *
 * @example
 * ```ts
 * import { joinCookies } from "@avx/http/hpack";
 *
 * const joined = joinCookies([{ name: "cookie", value: "a=1" }, { name: "cookie", value: "b=2" }]);
 * console.assert(joined.length === 1 && joined[0]?.value === "a=1; b=2");
 * ```
 */
export function joinCookies(fields: HpackField[]): HpackField[] {
  const first = fields.findIndex(isCookie);
  if (first < 0 || !fields.some((field, at) => at > first && isCookie(field))) return fields;
  const crumbs = fields.filter(isCookie);
  const joined: HpackField = {
    name: "cookie",
    value: crumbs.map(({ value }) => value).join(SEPARATOR),
    sensitive: crumbs.some(({ sensitive }) => sensitive === true),
  };
  return fields.flatMap((field, at) => at === first ? [joined] : isCookie(field) ? [] : [field]);
}

function isCookie(field: HpackField): boolean {
  return field.name === "cookie";
}
