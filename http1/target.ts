/**
 * Owns the four forms of a request target (RFC 9112 §3.2) over octets; knows nothing of the rest of a request.
 *
 * @module
 */

import { hostEnd, isHost, isHostAndPort } from "../http/fields/host.ts";
import { Http1Error } from "./error.ts";

/** The form of a request target (RFC 9112 §3.2). */
export type TargetForm = "origin" | "absolute" | "authority" | "asterisk";

const SLASH = 0x2f;

/** Where the parts of a target lie, as offsets into the octets that were looked at. */
export interface TargetParts {
  /** The form. */
  readonly form: TargetForm;
  /** Where the authority begins; equal to `authorityEnd` in origin-form and asterisk-form. */
  readonly authorityStart: number;
  /** Where the authority ends. */
  readonly authorityEnd: number;
}

/**
 * Tells the form of the target in `bytes[start, end)`, whose octets are all of `TARGET_PATH` and
 * `TARGET_QUERY`, and checks it against the method (RFC 9112 §3.2).
 *
 * Throws an {@linkcode Http1Error} of 400 where it is none of the four or does not go with the method.
 */
export function readTarget(bytes: Uint8Array, start: number, end: number, method: string): TargetParts {
  if (method === "CONNECT") { // §3.2.3
    if (isHostAndPort(bytes, start, end)) return { form: "authority", authorityStart: start, authorityEnd: end };
    throw new Http1Error(400, "Cannot read request target as a CONNECT must have the form host:port");
  }
  if (bytes[start] === SLASH) return { form: "origin", authorityStart: start, authorityEnd: start }; // §3.2.1
  if (end - start === 1 && bytes[start] === 0x2a && method === "OPTIONS") { // §3.2.4
    return { form: "asterisk", authorityStart: start, authorityEnd: start };
  }
  const authorityStart = schemeEnd(bytes, start, end); // §3.2.2
  if (authorityStart < 0) {
    throw new Http1Error(400, "Cannot read request target as it must be a path, an http URI, or * of an OPTIONS");
  }
  let authorityEnd = authorityStart;
  while (authorityEnd < end && bytes[authorityEnd] !== SLASH && bytes[authorityEnd] !== 0x3f) authorityEnd++;
  // An empty host is refused as RFC 9110 §4.2.1 asks, userinfo as §4.2.4 does.
  if (hostEnd(bytes, authorityStart, authorityEnd) <= authorityStart || !isHost(bytes, authorityStart, authorityEnd)) {
    throw new Http1Error(400, "Cannot read request target as its authority must be a host and at most a port");
  }
  return { form: "absolute", authorityStart, authorityEnd };
}

/** Gives the place after `http://` or `https://` in any case, -1 where neither stands at `start`. */
function schemeEnd(bytes: Uint8Array, start: number, end: number): number {
  const secure = (bytes[start + 4] ?? 0) | 0x20;
  const prefix = secure === 0x73 ? "https://" : "http://";
  if (end - start < prefix.length) return -1;
  for (let at = 0; at < prefix.length; at++) {
    const expected = prefix.charCodeAt(at);
    const octet = bytes[start + at]!;
    if ((expected >= 0x61 ? octet | 0x20 : octet) !== expected) return -1;
  }
  return start + prefix.length;
}
