/**
 * Owns the contract of taking a `Response` apart, and the plain way that works on every platform. Knows no slots and no
 * wire.
 *
 * @module
 */

import type { KnownBody } from "./call.ts";
import type { Field } from "./fields/field.ts";

/** Takes a `Response` apart. */
export interface ResponseReader {
  /**
   * Takes the body if it is known whole, and marks it as used; `undefined` where `response.body` is the way.
   *
   * @throws {TypeError} if it is no `Response`, if it is `Response.error()`, or if its body is used or locked.
   */
  takeBody(response: Response): KnownBody | undefined;
  /** The content type where no other field is there, `null` for no field at all; `undefined`: read the fields. */
  contentType(response: Response): string | null | undefined;
  /**
   * The header section, each name in lower case, each `set-cookie` on its own line; without what speaks of a content
   * coding that `fetch` took off already.
   */
  fields(response: Response): Field[];
}

/** Fields that are true of coded content only: not of what `fetch` decoded, though it leaves them in place. */
export const CODED_FIELDS: ReadonlySet<string> = new Set(["content-encoding", "content-length", "transfer-encoding"]);

/** What Deno's `fetch` decodes. */
const DECODED_CODINGS: ReadonlySet<string | undefined> = new Set(["gzip", "br"]);

/** A member of responses that say themselves whether a content coding was taken off; `fetch`'s have none. */
export const CONTENT_DECODED: unique symbol = Symbol("content decoded");

/** Whether a content coding was taken off on the way: by `fetch`, whose responses have a URL, or as the response says. */
function isDecoded(response: Response): boolean {
  if (CONTENT_DECODED in response) return response[CONTENT_DECODED] === true;
  return response.url !== "" && DECODED_CODINGS.has(response.headers.get("content-encoding")?.toLowerCase());
}

/** Reads as anybody can. */
export const plainReader: ResponseReader = {
  takeBody(response) {
    if (!(response instanceof Response)) {
      throw new TypeError(`Cannot send response as it must be a Response: received ${typeof response}`);
    }
    if (response.type === "error") refuseError();
    if (response.bodyUsed) refuseUsed();
    const body = response.body;
    if (body === null) return null;
    if (body.locked) refuseUsed();
    return undefined;
  },
  contentType: () => undefined,
  fields(response) {
    const fields: Field[] = [];
    const decoded = isDecoded(response);
    response.headers.forEach((value, name) => {
      if (!decoded || !CODED_FIELDS.has(name)) fields.push({ name, value });
    });
    return fields;
  },
};

/** A body is sent once. */
export function refuseUsed(): never {
  throw new TypeError("Cannot send response as its body must not be used or locked");
}

/** A network error has no status to send. */
export function refuseError(): never {
  throw new TypeError("Cannot send response as its status must be 200 to 599, or 101: received Response.error()");
}
