/**
 * Owns the texts that tell where a request goes (RFC 9113 §8.3.1): the grammars of `:authority`, Host, `:path` and `:scheme`,
 * and when two authorities are the same. Knows no message.
 *
 * @module
 */

import { ALPHA, consistsOf, DIGIT, HEXDIG, octets, SUB_DELIMS, UNRESERVED } from "../http/fields/token.ts";

/** What a `reg-name` is made of beside its percent-encoded octets (RFC 3986 §3.2.2). An IPv4 address is one as well. */
const REG_NAME = octets(UNRESERVED, SUB_DELIMS);
/** What a path has, as in an HTTP/1.1 target: `pchar` and `/` (RFC 3986 §3.3), and `[ ] ^ |`, which browsers don't escape. */
const PATH = octets(UNRESERVED, SUB_DELIMS, ":@/%", "[]^|");
/** What a query has: `pchar`, `/` and `?` (RFC 3986 §3.4), and what browsers leave as it is there. */
const QUERY = octets(PATH, "?`{}\\");
/** What a scheme has behind its first letter (RFC 3986 §3.1). */
const SCHEME = octets(ALPHA, DIGIT, "+-.");

/** The most groups of 16 bits in an IPv6 address (RFC 3986 §3.2.2). */
const IPV6_GROUPS = 8;
const MAX_PORT = 65535;

const COLON = 0x3a;
const PERCENT = 0x25;
const QUESTION = 0x3f;
const BRACKET = 0x5b;

/** Tells whether `text` is `uri-host [ ":" port ]`, a port at most 65535 (RFC 9110 §7.2); an empty host counts as one. */
export function isHost(text: string): boolean {
  const end = hostEnd(text);
  return end === text.length || (end >= 0 && text.charCodeAt(end) === COLON && portOf(text, end + 1) >= 0);
}

/** Tells whether `text` is the `uri-host ":" port` of a CONNECT: neither empty nor 0 (RFC 9110 §9.3.6). */
export function isHostAndPort(text: string): boolean {
  const end = hostEnd(text);
  return end > 0 && text.charCodeAt(end) === COLON && portOf(text, end + 1) > 0;
}

/** Tells whether `text` has a host that is not empty, at most with a port: no userinfo (RFC 9113 §8.3.1). */
export function isAuthority(text: string): boolean {
  return hostEnd(text) > 0 && isHost(text);
}

/** Finds where the `uri-host` ends, or gives -1 where an IP literal or an escape in it is broken. */
function hostEnd(text: string): number {
  if (text.charCodeAt(0) === BRACKET) {
    const close = text.indexOf("]");
    return close > 0 && isIpv6(text.slice(1, close)) ? close + 1 : -1;
  }
  let at = 0;
  while (at < text.length) {
    const octet = text.charCodeAt(at);
    if (REG_NAME[octet] === 1) at++;
    else if (octet !== PERCENT) return at;
    else if (HEXDIG[text.charCodeAt(at + 1)] === 1 && HEXDIG[text.charCodeAt(at + 2)] === 1) at += 3;
    else return -1;
  }
  return at;
}

/** `port = *DIGIT` (RFC 3986 §3.2.3) from `at` on: its number, 0 when empty, -1 when it is none or above 65535. */
function portOf(text: string, at: number): number {
  let port = 0;
  for (; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    port = port * 10 + digit;
    if (port > MAX_PORT) return -1;
  }
  return port;
}

/** `IPv6address` (RFC 3986 §3.2.2): up to 8 groups, one `::`, an IPv4 address as the last two. No zone. */
function isIpv6(text: string): boolean {
  const elision = text.indexOf("::");
  if (elision < 0) return groupsOf(text, true) === IPV6_GROUPS;
  const before = text.slice(0, elision);
  const behind = text.slice(elision + 2);
  const groups = (before === "" ? 0 : groupsOf(before, false)) + (behind === "" ? 0 : groupsOf(behind, true));
  return groups < IPV6_GROUPS; // NaN is not
}

/** Counts groups of 1 to 4 digits between colons, an IPv4 address at the end as two; `NaN` where something else stands there. */
function groupsOf(text: string, last: boolean): number {
  const parts = text.split(":", IPV6_GROUPS + 1);
  let groups = 0;
  for (const [at, part] of parts.entries()) {
    if (part.length >= 1 && part.length <= 4 && consistsOf(HEXDIG, part)) groups++;
    else if (last && at === parts.length - 1 && isIpv4(part)) groups += 2;
    else return NaN;
  }
  return groups;
}

/** `IPv4address`: four `dec-octet`s, 0 to 255 without leading zeros (RFC 3986 §3.2.2). */
function isIpv4(text: string): boolean {
  const parts = text.split(".", 5);
  return parts.length === 4 && parts.every((part) => {
    return part.length >= 1 && part.length <= 3 && consistsOf(DIGIT, part) && String(Number(part)) === part &&
      Number(part) <= 255;
  });
}

/** Tells whether `text` is a path, and a query where it has one, or `*`; empty counts (RFC 9113 §8.3.1). */
export function isPath(text: string): boolean {
  if (text.charCodeAt(0) !== 0x2f) return text === "" || text === "*";
  let at = 1;
  while (at < text.length && PATH[text.charCodeAt(at)] === 1) at++;
  if (at < text.length && text.charCodeAt(at) === QUESTION) {
    while (at < text.length && QUERY[text.charCodeAt(at)] === 1) at++;
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
