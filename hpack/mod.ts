/**
 * HPACK (RFC 7541), the compression of HTTP/2's header blocks, for those who bring their own frames: an encoder and a
 * decoder, one each a connection. Pure: fields and bytes in, bytes and fields out, whole blocks at a time.
 *
 * A field that repeats is one octet on the wire and the same object in what is decoded. Fields marked sensitive are never
 * put into a table, and keep their mark. A list that is larger than the limit costs what the limit allows.
 *
 * @example From one side to the other
 * ```ts
 * import { HpackDecoder, HpackEncoder, joinCookies } from "@avx/http/hpack";
 *
 * const encoder = new HpackEncoder();
 * const decoder = new HpackDecoder({ maxListBytes: 8192 });
 * const fields = [
 *   { name: ":path", value: "/" },
 *   { name: "cookie", value: "theme=dark; lang=en" },
 *   { name: "x-token", value: "secret", sensitive: true },
 * ];
 * const block = encoder.encodeBlock(fields);
 * const decoded = decoder.decode(block, 0, block.length); // undefined would mean: larger than the limit
 * if (decoded !== undefined) {
 *   for (const { name, value, sensitive } of joinCookies(decoded)) console.log(name, value, sensitive);
 * }
 * ```
 *
 * @module
 */

export { cookieCrumbs, joinCookies, MAX_CRUMBS } from "./cookie.ts";
export { HpackDecoder, type HpackDecoderOptions } from "./decoder.ts";
export { HpackEncoder, type HpackEncoderOptions, maxBlockSize } from "./encoder.ts";
export { HpackError } from "./error.ts";
export { FIELD_OVERHEAD, type HpackField, sizeOfList } from "./field.ts";
export { type Indexing, indexingOf, type IndexingPolicy } from "./indexing.ts";
export { DEFAULT_LIST_LIMIT, DEFAULT_TABLE_SIZE } from "./limits.ts";
export type { Classify } from "./static_table.ts";
