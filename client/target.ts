/**
 * Owns where a URL leads: origin, host and request target, as the wire needs them. Knows no request and no connection.
 *
 * @module
 */

import type { OutgoingRequest } from "./request.ts";
import type { WireRequest } from "./wire_request.ts";

/** A request, and what is sent for it. */
export interface PlainRequest {
  /** As its maker wants it. */
  readonly outgoing: OutgoingRequest;
  /** As it is sent. */
  readonly encoded: WireRequest;
}

/** What a URL says to a client. */
export interface Target {
  /** The URL without its fragment: what `response.url` says. */
  readonly href: string;
  /** Scheme, host and port: what connections are kept by. */
  readonly origin: string;
  /** Whether the scheme is `https`. */
  readonly secure: boolean;
  /** The host as a dial needs it: IPv6 addresses without brackets. */
  readonly hostname: string;
  /** The port. */
  readonly port: number;
  /** What `host` says (RFC 9112 §3.2). */
  readonly host: string;
  /** The request target in origin-form (RFC 9112 §3.2.1). */
  readonly path: string;
  /** A GET with nothing but defaults, once one was made. */
  plain: PlainRequest | undefined;
}

/**
 * Reads a URL.
 *
 * @throws {TypeError} If it is none, if it has another scheme than `http` and `https`, or has a user name or a password.
 */
export function targetOf(input: string | URL): Target {
  const url = typeof input === "string" ? URL.parse(input) : input;
  if (url === null) throw new TypeError(`Cannot fetch as the URL must be valid and absolute: received ${input}`);
  const { protocol, hostname, port, hash } = url;
  if (protocol !== "http:" && protocol !== "https:") {
    throw new TypeError(`Cannot fetch as the URL's scheme must be http or https: received ${protocol.slice(0, -1)}`);
  }
  if (url.username !== "" || url.password !== "") { // RFC 9110 §4.2.4, Fetch §5.4
    throw new TypeError("Cannot fetch as the URL must have no user name and no password");
  }
  const secure = protocol === "https:";
  return {
    href: hash === "" && !url.href.endsWith("#") ? url.href : url.href.slice(0, url.href.indexOf("#")),
    origin: url.origin,
    secure,
    hostname: hostname.startsWith("[") ? hostname.slice(1, -1) : hostname,
    port: port === "" ? (secure ? 443 : 80) : Number(port),
    host: url.host,
    path: url.pathname + url.search,
    plain: undefined,
  };
}

/** Most URLs whose targets are remembered: what one program asks for again and again. */
const MAX_REMEMBERED = 1024;

/** Longest URL that is remembered, in UTF-16 code units: what all of them may keep is bounded so. */
const MAX_REMEMBERED_LENGTH = 2048;

/** Remembers targets by the strings they were made of: parsing a URL costs as much as half a request. */
export class Targets {
  readonly #known = new Map<string, Target>();

  /** Gives the target of a URL; throws as {@linkcode targetOf} does. */
  of(input: string): Target {
    const known = this.#known.get(input);
    if (known !== undefined) return known;
    const target = targetOf(input);
    if (input.length > MAX_REMEMBERED_LENGTH) return target;
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    this.#known.set(input, target);
    return target;
  }
}
