/**
 * Owns what a decoded field is to HTTP/2 (RFC 9113 §8.2, §8.3), found once when it is decoded: which rule it falls under, and
 * whether its octets are right. Knows no message.
 *
 * @module
 */

import { STATIC_FIELDS } from "../hpack/static_table.ts";
import { parseContentLength } from "../http/fields/content_length.ts";
import { isFieldValue, isToken, octets, TOKEN } from "../http/fields/token.ts";
import { isAuthority, isHost, isPath, isScheme } from "./authority.ts";

/** What a field is to HTTP/2; every kind but the last four says that its value is right too. */
export const FieldKind = {
  /** Nobody has looked. */
  Unclassified: 0,
  /** A field without a rule of HTTP/2's. */
  Plain: 1,
  /** `:method`, a token. */
  Method: 2,
  /** `:scheme`. */
  Scheme: 3,
  /** `:authority`, empty or a host and at most a port. */
  Authority: 4,
  /** `:path`, empty, `*`, or a path and at most a query. */
  Path: 5,
  /** `:status`, three digits of which the first is not 0. */
  Status: 6,
  /** `:protocol`, a token (RFC 8441 §4). */
  Protocol: 7,
  /** `content-length`, digits. */
  ContentLength: 8,
  /** `host`, a host, which may be empty, and at most a port. */
  Host: 9,
  /** `cookie`, or a crumb of it (RFC 9113 §8.2.3). */
  Cookie: 10,
  /** `te` that is `trailers`. */
  Te: 11,
  /** `priority` (RFC 9218 §5). */
  Priority: 12,
  /** `expect` (RFC 9110 §10.1.1). */
  Expect: 13,
  /** A pseudo-field that isn't known (RFC 9113 §8.3). */
  UnknownPseudo: 14,
  /** A name that is no token in lower case (RFC 9113 §8.2.1). */
  MalformedName: 15,
  /** A value that its field can't have, or none can (RFC 9113 §8.2.1). */
  Malformed: 16,
  /** What belongs to a connection of HTTP/1.1, and a `te` other than `trailers` (RFC 9113 §8.2.2). */
  ConnectionSpecific: 17,
} as const;
/** One of the kinds of fields. */
export type FieldKind = typeof FieldKind[keyof typeof FieldKind];

/** What a field name is made of: `tchar` without upper-case letters (RFC 9113 §8.2.1). */
const LOWER_TOKEN = octets(TOKEN);
LOWER_TOKEN.fill(0, 0x41, 0x5b);

/** The kinds of names; what the static table has beside them is plain. */
const KINDS: ReadonlyMap<string, FieldKind> = new Map<string, FieldKind>([
  ...STATIC_FIELDS.map(({ name }) => [name, FieldKind.Plain] as const),
  [":method", FieldKind.Method],
  [":scheme", FieldKind.Scheme],
  [":authority", FieldKind.Authority],
  [":path", FieldKind.Path],
  [":status", FieldKind.Status],
  [":protocol", FieldKind.Protocol],
  ["content-length", FieldKind.ContentLength],
  ["host", FieldKind.Host],
  ["cookie", FieldKind.Cookie],
  ["te", FieldKind.Te],
  ["priority", FieldKind.Priority],
  ["expect", FieldKind.Expect],
  ["connection", FieldKind.ConnectionSpecific],
  ["keep-alive", FieldKind.ConnectionSpecific],
  ["proxy-connection", FieldKind.ConnectionSpecific],
  ["transfer-encoding", FieldKind.ConnectionSpecific],
  ["upgrade", FieldKind.ConnectionSpecific],
]);

/**
 * Gives the kind of a field, name and value one character an octet; what a decoder's `classify` is.
 *
 * @example
 * ```ts
 * import { HpackDecoder } from "@avx/http/hpack";
 * import { FieldKind, fieldKind } from "@avx/http/http2";
 *
 * const decoder = new HpackDecoder({ classify: fieldKind });
 * const fields = decoder.decode(Uint8Array.of(0x82, 0x84), 0, 2) ?? [];
 * console.assert(fields[0]?.kind === FieldKind.Method && fields[1]?.kind === FieldKind.Path);
 * console.assert(fieldKind("Host", "example.com") === FieldKind.MalformedName);
 * ```
 */
export function fieldKind(name: string, value: string): FieldKind {
  const kind = KINDS.get(name);
  if (kind === undefined) return kindOfUnknown(name, value);
  return isRight(kind, value) ? kind : kind === FieldKind.Te ? FieldKind.ConnectionSpecific : FieldKind.Malformed;
}

function kindOfUnknown(name: string, value: string): FieldKind {
  if (name.charCodeAt(0) === 0x3a) return FieldKind.UnknownPseudo;
  for (let at = 0; at < name.length; at++) {
    if (LOWER_TOKEN[name.charCodeAt(at)] !== 1) return FieldKind.MalformedName;
  }
  if (name === "") return FieldKind.MalformedName;
  return isTrimmed(value) ? FieldKind.Plain : FieldKind.Malformed;
}

/** Tells whether a value is one that a field of this kind may have. */
function isRight(kind: FieldKind, value: string): boolean {
  switch (kind) {
    case FieldKind.Method:
    case FieldKind.Protocol:
      return isToken(value);
    case FieldKind.Scheme:
      return isScheme(value);
    case FieldKind.Authority:
      return value === "" || isAuthority(value);
    case FieldKind.Path:
      return isPath(value);
    case FieldKind.Status:
      return value.length === 3 && parseContentLength(value) >= 100;
    case FieldKind.ContentLength:
      return !Number.isNaN(parseContentLength(value));
    case FieldKind.Host:
      return isHost(value);
    case FieldKind.Te:
      return value.toLowerCase() === "trailers";
    default:
      return isTrimmed(value);
  }
}

/** §8.2.1, and RFC 9110 §5.5: no control character but HTAB within, no whitespace around. */
function isTrimmed(value: string): boolean {
  return isFieldValue(value) && !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(value.length - 1));
}

function isBlank(octet: number): boolean {
  return octet === 0x20 || octet === 0x09;
}
