/**
 * Owns the grammar of `uri-host [ ":" port ]` over octets (RFC 9110 §7.2, RFC 3986 §3.2); knows no message.
 *
 * @module
 */

import { HEXDIG, octets, SUB_DELIMS, UNRESERVED } from "./token.ts";

/** What a `reg-name` is made of beside its percent-encoded octets (RFC 3986 §3.2.2). An IPv4 address is one as well. */
const REG_NAME = octets(UNRESERVED, SUB_DELIMS);
/** The most groups of 16 bits in an IPv6 address (RFC 3986 §3.2.2). */
const IPV6_GROUPS = 8;
const MAX_PORT = 65535;

const COLON = 0x3a;
const PERCENT = 0x25;
const DOT = 0x2e;

/** Tells whether `bytes[start, end)` is `uri-host [ ":" port ]`, a port at most 65535; an empty host counts as one. */
export function isHost(bytes: Uint8Array, start: number, end: number): boolean {
  const host = hostEnd(bytes, start, end);
  return host === end || (host >= 0 && bytes[host] === COLON && portOf(bytes, host + 1, end) !== undefined);
}

/** Tells whether `bytes[start, end)` is the `uri-host ":" port` of a CONNECT: neither empty (RFC 9110 §9.3.6). */
export function isHostAndPort(bytes: Uint8Array, start: number, end: number): boolean {
  const host = hostEnd(bytes, start, end);
  return host > start && host + 1 < end && bytes[host] === COLON && (portOf(bytes, host + 1, end) ?? 0) > 0;
}

/** Finds where the `uri-host` at `start` ends, or gives -1 where an IP literal or an escape in it is broken. */
export function hostEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start < end && bytes[start] === 0x5b) {
    const close = bytes.subarray(start, end).indexOf(0x5d);
    return close > 0 && isIpv6(bytes, start + 1, start + close) ? start + close + 1 : -1;
  }
  let at = start;
  while (at < end) {
    if (REG_NAME[bytes[at]!] === 1) at++;
    else if (bytes[at] !== PERCENT) return at;
    else if (at + 2 < end && HEXDIG[bytes[at + 1]!] === 1 && HEXDIG[bytes[at + 2]!] === 1) at += 3;
    else return -1;
  }
  return at;
}

/** `port = *DIGIT` (RFC 3986 §3.2.3): its number, 0 when empty, `undefined` when it is none or above 65535. */
function portOf(bytes: Uint8Array, start: number, end: number): number | undefined {
  let port = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    port = port * 10 + digit;
    if (port > MAX_PORT) return undefined;
  }
  return port;
}

/** `IPv6address` (RFC 3986 §3.2.2): up to 8 groups, one `::`, an IPv4 address as the last two. No zone. */
function isIpv6(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  let groups = 0;
  let elided = false;
  if (bytes[at] === COLON) {
    if (bytes[at + 1] !== COLON || at + 1 >= end) return false;
    elided = true;
    at += 2;
  }
  while (at < end) {
    const group = at;
    while (at < end && HEXDIG[bytes[at]!] === 1) at++;
    if (at < end && bytes[at] === DOT) {
      if (!isIpv4(bytes, group, end)) return false;
      groups += 2;
      at = end;
      break;
    }
    if (at === group || at - group > 4) return false;
    groups++;
    if (at === end) break;
    if (bytes[at++] !== COLON || at === end) return false;
    if (bytes[at] === COLON) {
      if (elided) return false;
      elided = true;
      at++;
    }
  }
  return elided ? groups < IPV6_GROUPS : groups === IPV6_GROUPS;
}

/** `IPv4address`: four `dec-octet`s, 0 to 255 without leading zeros (RFC 3986 §3.2.2). */
function isIpv4(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && bytes[at++] !== DOT) return false;
    const first = at;
    let value = 0;
    while (at < end && at - first < 3 && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) {
      value = value * 10 + bytes[at++]! - 0x30;
    }
    if (at === first || value > 255 || (bytes[first] === 0x30 && at - first > 1)) return false;
  }
  return at === end;
}
