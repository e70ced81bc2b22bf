/**
 * What all versions of HTTP share and needs no IO: the shape of a field, tokens and lists, methods, status codes,
 * dates, media types, default limits, and the base of every protocol error (RFC 9110).
 *
 * @example Read the parts of a Content-Type
 * ```ts
 * import { formatHttpDate, listElements, parseContentType, reasonPhrase } from "@avx/http/fields";
 *
 * console.log(parseContentType("text/html; charset=utf-8")?.parameters.get("charset")); // "utf-8"
 * console.log(listElements("gzip, br")); // ["gzip", "br"]
 * console.log(reasonPhrase(404), formatHttpDate(0)); // "Not Found" "Thu, 01 Jan 1970 00:00:00 GMT"
 * ```
 *
 * @module
 */

export * from "./content_length.ts";
export * from "./content_type.ts";
export * from "./date.ts";
export * from "./error.ts";
export * from "./field.ts";
export * from "./latin1.ts";
export * from "./limits.ts";
export * from "./list.ts";
export * from "./method.ts";
export * from "./status.ts";
export * from "./token.ts";
export * from "./trailer.ts";
