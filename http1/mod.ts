/**
 * HTTP/1.1 on bytes (RFC 9112), for those who bring their own IO: parsers of request and response heads, a decoder of
 * chunked content, and writers. Nothing here waits, reads a clock or owns a buffer; a parser remembers how far it has
 * looked, so that bytes which drip in cost no second look. Strict: what two recipients could read differently is refused.
 *
 * @example Parse a request and write an answer
 * ```ts
 * import { DEFAULT_HEAD_LIMITS, encodeHeadPrefix, RequestHeadParser } from "@avx/http/http1";
 *
 * const parser = new RequestHeadParser(DEFAULT_HEAD_LIMITS);
 * const wire = new TextEncoder().encode("POST /a?b HTTP/1.1\r\nHost: example.com\r\nContent-Length: 2\r\n\r\nhi");
 * const head = parser.read(wire, 0, wire.length); // undefined would mean: more bytes
 * if (head !== undefined) {
 *   console.log(head.method, head.target, head.host, head.framing, head.contentLength); // POST /a?b example.com length 2
 *   console.log(head.fields().map(({ name, value }) => `${name}=${value}`));
 *   const answer = encodeHeadPrefix(204, "", [{ name: "server", value: "avx" }]);
 *   console.log(new TextDecoder().decode(answer));
 * }
 * ```
 *
 * @module
 */

export type { ErrorScope, ProtocolError, ProtocolErrorOptions } from "../http/fields/error.ts";
export type { Field } from "../http/fields/field.ts";
export { ChunkedDecoder, type ChunkedLimits, DEFAULT_CHUNKED_LIMITS } from "./chunked.ts";
export { Http1Error, type Http1ErrorOptions } from "./error.ts";
export type { FramingKind } from "./framing.ts";
export { DEFAULT_HEAD_LIMITS, type HeadLimits, type RequestFacts, RequestHead, RequestHeadParser } from "./request.ts";
export { type ResponseFacts, ResponseHead, ResponseHeadParser } from "./response.ts";
export type { TargetForm } from "./target.ts";
export {
  encodeHeadPrefix,
  encodeInterimHead,
  type RequestLine,
  sizeOfFields,
  writeChunkHeader,
  writeField,
  writeFields,
  writeHeadEnd,
  writeLastChunk,
  writeRequestHead,
  writeStatusLine,
} from "./write.ts";
