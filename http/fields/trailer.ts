/**
 * Owns which fields may not stand in a trailer section (RFC 9110 §6.5.1); knows no message.
 *
 * @module
 */

/** Fields that frame, route, modify, authenticate or describe a message, and so are needed before its content. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  // framing, and what holds for one connection only
  ...[
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
  ],
  // routing
  ...["host"],
  // request modifiers
  ...["cache-control", "expect", "max-forwards", "pragma", "range"],
  ...["if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"],
  // authentication
  ...["authorization", "cookie", "proxy-authenticate", "proxy-authorization", "set-cookie", "www-authenticate"],
  // response control
  ...["age", "date", "expires", "location", "retry-after", "vary", "warning"],
  // how to process the content
  ...["content-encoding", "content-range", "content-type"],
]);

/**
 * Tells whether a field of this name, in lower case, may stand in a trailer section.
 *
 * @example
 * ```ts
 * import { isTrailerAllowed } from "@avx/http/fields";
 *
 * console.assert(isTrailerAllowed("x-checksum"));
 * console.assert(!isTrailerAllowed("content-length"));
 * ```
 */
export function isTrailerAllowed(name: string): boolean {
  return !FORBIDDEN.has(name);
}
