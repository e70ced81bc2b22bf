/**
 * Owns the writing of a target URI as the platform writes URLs, cheaply for those that are written so already. Knows no
 * request.
 *
 * @module
 */

import { ProtocolError } from "./fields/error.ts";
import { ALPHA, DIGIT, octets } from "./fields/token.ts";

/**
 * What the URL parser leaves as it is wherever it stands in a path or query (WHATWG URL §1.3): no `%`, as `%2e` may be a dot
 * segment, and no apostrophe, which a query escapes.
 */
const KEPT = octets(ALPHA, DIGIT, "-._~!$&()*+,;=:@/?");

const SLASH = 0x2f;
const DOT = 0x2e;

/** Most origins remembered; a server has few names, and a client that makes them up gains nothing. */
const MAX_ORIGINS = 64;

/** Origins, such as `http://example.com:8080`, that the platform writes as they stand here. */
const origins = new Set<string>();

/**
 * Writes a URL as `new URL(url).href` does. `url` begins with `http://` or `https://`.
 *
 * @throws {ProtocolError} 400, if it is no URL: not every Host that the grammar of URIs allows is one, `256.1.1.1` isn't.
 */
export function hrefOf(url: string): string {
  const pathStart = url.indexOf("/", url.indexOf("//") + 2);
  if (pathStart > 0 && isKept(url, pathStart) && isKnownOrigin(url.slice(0, pathStart))) return url;
  const parsed = URL.parse(url);
  if (parsed !== null) return parsed.href;
  throw new ProtocolError("Cannot read URL as the request's target and host must make a valid one", {
    scope: "message",
    status: 400,
  });
}

/** Whether the platform leaves all of the path and query as it is. */
function isKept(url: string, start: number): boolean {
  let before = 0;
  for (let at = start; at < url.length; at++) {
    const unit = url.charCodeAt(at);
    if (KEPT[unit] !== 1 || (unit === DOT && before === SLASH)) return false; // it may be a dot segment
    before = unit;
  }
  return true;
}

function isKnownOrigin(origin: string): boolean {
  if (origins.has(origin)) return true;
  if (URL.parse(origin)?.href !== `${origin}/`) return false;
  if (origins.size >= MAX_ORIGINS) origins.clear();
  origins.add(origin);
  return true;
}
