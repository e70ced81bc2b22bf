/**
 * HTTP semantics shared by all versions (RFC 9110): requests made of what the wire said, responses taken apart, bodies
 * and trailers.
 *
 * ```ts
 * import { lazyRequest, type RequestSource, takeKnownBody } from "@avx/http/http";
 *
 * const source: RequestSource = {
 *   method: "GET",
 *   url: "http://localhost/hello?name=you",
 *   fields: () => [{ name: "accept", value: "text/plain" }],
 *   body: null,
 *   signal: new AbortController().signal,
 * };
 * const request = lazyRequest(source); // what a server gives its handler
 * const name = new URL(request.url).searchParams.get("name");
 * const response = new Response(`Hello, ${name}!`); // what the handler gives back
 * console.log(takeKnownBody(response), response.bodyUsed); // Hello, you! true
 * ```
 *
 * @module
 */

export { BodyTooLargeError, type Bytes, DEFAULT_BODY_LIMIT, type ReadableSource, readAll, streamOf } from "./body.ts";
export type { BodySource, KnownBody, Protocol, RequestSource } from "./call.ts";
export { type ErrorScope, ProtocolError, type ProtocolErrorOptions } from "./fields/error.ts";
export type { Field } from "./fields/field.ts";
export {
  json,
  type JsonInit,
  ndjson,
  type NdjsonInit,
  type Problem,
  problem,
  ProblemError,
  readJson,
  type ReadJsonOptions,
} from "./json.ts";
export type { JsonLimits, JsonObject, JsonScalar, JsonValue, ParseOptions, RawNumber } from "../json/options.ts";
export type { StringifyOptions } from "../json/stringify.ts";
export { lazyRequest, type RequestFactory, sourceOf } from "./request.ts";
export { plainContentType, responseFields, takeKnownBody } from "./response.ts";
export {
  type SentTrailers,
  sentTrailers,
  setReceivedTrailers,
  type TrailersInit,
  trailersOf,
  withTrailers,
} from "./trailers.ts";
export {
  acceptingStatus,
  type Duplex,
  offeredProtocols,
  type OfferedUpgrade,
  type OfferOptions,
  offerUpgrade,
  type PendingUpgrade,
  type Switchable,
  switchableOf,
  type SwitchHead,
  upgradeOf,
} from "./upgrade.ts";
