/**
 * Owns the texts that tell where a request goes (RFC 9113 §8.3.1): the grammars of `:authority`, Host, `:path` and `:scheme`,
 * and when two authorities are the same. Knows no message.
 *
 * @module
 */

import { hostEnd, isHost as isHostOctets, isHostAndPort as isHostAndPortOctets } from "../http/fields/host.ts";
import { TARGET_PATH, TARGET_QUERY } from "../http/fields/target.ts";
import { ALPHA, consistsOf, DIGIT, octets } from "../http/fields/token.ts";

/** What a scheme has behind its first letter (RFC 3986 §3.1). */
const SCHEME = octets(ALPHA, DIGIT, "+-.");

const QUESTION = 0x3f;

/** Tells whether `text` is `uri-host [ ":" port ]`, a port at most 65535 (RFC 9110 §7.2); an empty host counts as one. */
export function isHost(text: string): boolean {
  const bytes = octetsOf(text);
  return isHostOctets(bytes, 0, bytes.length);
}

/** Tells whether `text` is the `uri-host ":" port` of a CONNECT: neither empty nor 0 (RFC 9110 §9.3.6). */
export function isHostAndPort(text: string): boolean {
  const bytes = octetsOf(text);
  return isHostAndPortOctets(bytes, 0, bytes.length);
}

/** Tells whether `text` has a host that is not empty, at most with a port: no userinfo (RFC 9113 §8.3.1). */
export function isAuthority(text: string): boolean {
  const bytes = octetsOf(text);
  return hostEnd(bytes, 0, bytes.length) > 0 && isHostOctets(bytes, 0, bytes.length);
}

/** The octets of a text; what is no octet becomes one that no host has. */
function octetsOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = Math.min(text.charCodeAt(at), 0xff);
  return bytes;
}

/** Tells whether `text` is a path, and a query where it has one, or `*`; empty counts (RFC 9113 §8.3.1). */
export function isPath(text: string): boolean {
  if (text.charCodeAt(0) !== 0x2f) return text === "" || text === "*";
  let at = 1;
  while (at < text.length && TARGET_PATH[text.charCodeAt(at)] === 1) at++;
  if (at < text.length && text.charCodeAt(at) === QUESTION) {
    while (at < text.length && TARGET_QUERY[text.charCodeAt(at)] === 1) at++;
  }
  return at === text.length;
}

/** Tells whether `text` is a scheme (RFC 3986 §3.1). */
export function isScheme(text: string): boolean {
  return ALPHA[text.charCodeAt(0)] === 1 && consistsOf(SCHEME, text);
}

/** The ports that need not be told (RFC 9110 §4.2.1, §4.2.2). */
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: ":80", https: ":443" };

/**
 * Tells whether two valid authorities are the same but for letter case and a port that goes without saying (RFC 3986
 * §6.2.3).
 */
export function isSameAuthority(one: string, other: string, scheme: string): boolean {
  return one === other || normalized(one, scheme) === normalized(other, scheme);
}

function normalized(authority: string, scheme: string): string {
  const text = authority.toLowerCase();
  const port = DEFAULT_PORTS[scheme] ?? ":";
  if (text.endsWith(port)) return text.slice(0, -port.length);
  return text.endsWith(":") ? text.slice(0, -1) : text;
}
