/**
 * Owns where a redirect leads and what is left of the request on its way there (Fetch §4.4, RFC 9110 §15.4). Knows no
 * connection and no promise.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { ClientError } from "./error.ts";
import type { OutgoingRequest } from "./request.ts";
import { targetOf } from "./target.ts";

/** Fetch §2.2.6, "redirect status". */
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Fetch §2.2.2, "request-body-header name". */
const BODY_FIELDS: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-language",
  "content-location",
  "content-type",
]);
/** What is meant for one origin only: Fetch §4.4 names the first, and the others say as much to strangers. */
const ORIGIN_FIELDS: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization"]);

/** The `location` of a redirect, `undefined` for any other response. */
export function locationOf(status: number, fields: () => readonly Field[]): string | undefined {
  if (!REDIRECT_STATUSES.has(status)) return undefined;
  return fields().find(({ name }) => name === "location")?.value;
}

/**
 * Gives the request that follows a redirect.
 *
 * @throws {ClientError} If it leads to no `http` or `https` URL, or would need content that can't be sent again.
 */
export function redirected(request: OutgoingRequest, status: number, location: string): OutgoingRequest {
  const from = request.target;
  const url = URL.parse(utf8Of(location), from.href);
  if (url === null) throw refused(`its location must be a URL: received ${location}`);
  let target;
  try {
    target = targetOf(url);
  } catch (error) {
    throw new ClientError(`Cannot follow redirect as it must lead to an http URL: received ${url.protocol}`, {
      phase: "redirect",
      cause: error,
    });
  }
  const becomesGet = status === 303
    ? request.method !== "GET" && request.method !== "HEAD"
    : status <= 302 && request.method === "POST";
  if (!becomesGet && request.content !== null && !request.content.repeatable) {
    throw refused("its content is a stream, and can't be sent again");
  }
  let fields = request.fields;
  if (target.origin !== from.origin) fields = fields.filter(({ name }) => !ORIGIN_FIELDS.has(name));
  if (!becomesGet) return { ...request, target, fields };
  fields = fields.filter(({ name }) => !BODY_FIELDS.has(name));
  return { ...request, target, fields, method: "GET", content: null, announced: undefined, trailers: undefined };
}

function refused(why: string): ClientError {
  return new ClientError(`Cannot follow redirect as ${why}`, { phase: "redirect" });
}

/** A location's octets are those of UTF-8 where they are not US-ASCII (Fetch §2.2.6, "location URL"). */
function utf8Of(location: string): string {
  if (!/[\x80-\xff]/.test(location)) return location;
  return new TextDecoder().decode(Uint8Array.from(location, (character) => character.charCodeAt(0)));
}
