/**
 * Owns which octets a request target may have (RFC 9110 §7.1), whatever the version that carries it; knows no form of one.
 *
 * @module
 */

import { octets, SUB_DELIMS, UNRESERVED } from "./token.ts";

/**
 * What a target has before its first `?`: `pchar` and `/` (RFC 3986 §3.3), and `[ ] ^ |`, which browsers don't escape.
 * A fragment, a backslash, a quote, an angle bracket or an octet above US-ASCII is refused: proxies disagree on them.
 */
export const TARGET_PATH: Uint8Array = octets(UNRESERVED, SUB_DELIMS, ":@/%", "[]^|");
/** What a target has after its first `?`: `pchar`, `/` and `?` (RFC 3986 §3.4), and what browsers leave as it is there. */
export const TARGET_QUERY: Uint8Array = octets(TARGET_PATH, "?`{}\\");
