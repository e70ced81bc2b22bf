/**
 * Owns what a handler may have pushed (RFC 9113 §8.4): makes the head of a promised request of what the handler names, or
 * says why it can't be. Knows no stream, and not whether the client takes it.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import type { RequestHead } from "../http2/message.ts";
import type { PushedRequest } from "./call.ts";

/** A request that is promised, as its answerer sees it and as it is sent. */
export interface Promised {
  /** The head. */
  readonly head: RequestHead;
  /** The same as it is sent, pseudo-header fields first. */
  readonly fields: readonly Field[];
}

/** Fields that a promise can't have: they would rule a connection, or content that never comes (RFC 9113 §8.2.2, §8.4). */
const FORBIDDEN: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Makes a promise of a request; `by` is the head of the one that makes its handler push. */
export function promiseOf({ method, path, fields }: PushedRequest, by: RequestHead): Promised {
  const { scheme, authority } = by;
  const allowed = fields.filter(({ name }) => !FORBIDDEN.has(name));
  const head: RequestHead = {
    method,
    scheme,
    authority,
    path,
    protocol: "",
    fields: allowed,
    contentLength: -1,
    priority: undefined,
    expectsContinue: false,
  };
  const pseudo = [
    { name: ":method", value: method },
    { name: ":scheme", value: scheme },
    { name: ":authority", value: authority },
    { name: ":path", value: path },
  ];
  return { head, fields: [...pseudo, ...allowed] };
}
