/**
 * Owns which version of HTTP a connection speaks: what is known before it is opened, and what ALPN chose. Knows no request.
 *
 * @module
 */

import type { Transport } from "../net/transport.ts";

/** A version of HTTP, by its name in ALPN (RFC 7301 §6). */
export type HttpVersion = "h2" | "http/1.1";

/** The versions that may be spoken, the most wanted first. */
export type Versions = ReadonlySet<HttpVersion>;

/**
 * The version that connections to an origin will speak; `undefined` where that is the server's to choose, by ALPN. Without TLS
 * HTTP/2 is spoken only where nothing else may be: by prior knowledge (RFC 9113 §3.3).
 */
export function expectedVersion(versions: Versions, secure: boolean): HttpVersion | undefined {
  if (!versions.has("h2")) return "http/1.1";
  if (!versions.has("http/1.1")) return "h2";
  return secure ? undefined : "http/1.1";
}

/** The version that a connection speaks; `undefined` where that is none of those that may be spoken. */
export function chosenVersion(versions: Versions, { alpn, secure }: Transport): HttpVersion | undefined {
  if (alpn === "h2") return versions.has("h2") ? "h2" : undefined;
  if (versions.has("http/1.1")) return "http/1.1"; // also where there is no ALPN (RFC 9110 §7.3.2)
  return secure || alpn !== null ? undefined : "h2"; // RFC 9113 §3.2: TLS needs ALPN
}
