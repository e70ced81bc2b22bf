/**
 * JSON on bytes: strict reading with limits, exact places of errors and policies for what RFC 8259 leaves open; reading
 * chunk by chunk; NDJSON and JSON text sequences; writing to bytes and streams. Pure: bytes and values in, values and
 * bytes out.
 *
 * @example A text from a stranger
 * ```ts
 * import { JsonError, parse } from "@avx/http/json";
 *
 * const bytes = new TextEncoder().encode('{"name": "Ada", "name": "Eve"}');
 * try {
 *   parse(bytes, { maxBytes: 64 * 1024, maxDepth: 16, duplicateKeys: "error" });
 * } catch (error) {
 *   if (!(error instanceof JsonError)) throw error;
 *   console.log(error.kind, error.line, error.column); // policy 1 17
 * }
 * ```
 *
 * @module
 */

export { JsonError, type JsonErrorKind, type JsonErrorOptions, type JsonPosition } from "./error.ts";
export { type JsonEvent, type JsonEventOptions, JsonEventReader } from "./events.ts";
export { type NdjsonOptions, NdjsonReader } from "./ndjson.ts";
export {
  DEFAULT_MAX_BYTES,
  DEFAULT_MAX_DEPTH,
  DEFAULT_MAX_INTEGER_DIGITS,
  DEFAULT_MAX_KEYS,
  DEFAULT_MAX_STRING_BYTES,
  type JsonLimits,
  type JsonObject,
  type JsonScalar,
  type JsonValue,
  type ParseOptions,
  type RawNumber,
} from "./options.ts";
export { parse } from "./parse.ts";
export { DEFAULT_MAX_VALUE_BYTES, JsonReader, type JsonReaderOptions } from "./reader.ts";
export { type BadRecord, DEFAULT_MAX_RECORD_BYTES, type RecordOptions } from "./records.ts";
export { JsonSeqReader } from "./sequence.ts";
export {
  JsonEventStream,
  JsonReaderStream,
  JsonSeqParseStream,
  JsonSeqStringifyStream,
  NdjsonParseStream,
  NdjsonStringifyStream,
  type RecordStringifyOptions,
  stringifyArray,
  stringifyLines,
} from "./streams.ts";
export { JsonBuffer, stringify, stringifyInto, type StringifyOptions } from "./stringify.ts";
