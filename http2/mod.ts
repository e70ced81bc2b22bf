/**
 * HTTP/2 on bytes (RFC 9113), for those who bring their own IO: a whole connection of either role ({@linkcode
 * Http2Connection}), and what it is made of: frames read and written, settings, the states of streams, and the rules that the
 * fields of a message must keep. Pure: nothing here waits, reads a clock or owns a socket.
 *
 * @example Read a request off the wire
 * ```ts
 * import { HpackDecoder, HpackEncoder } from "@avx/http/hpack";
 * import { encodeFrame, fieldKind, readFrame, readRequestHead } from "@avx/http/http2";
 *
 * const wire = encodeFrame({
 *   type: "headers",
 *   streamId: 1,
 *   endStream: true,
 *   endHeaders: true,
 *   fragment: new HpackEncoder().encodeBlock([
 *     { name: ":method", value: "GET" },
 *     { name: ":scheme", value: "https" },
 *     { name: ":authority", value: "example.com" },
 *     { name: ":path", value: "/a?b" },
 *   ]),
 * });
 *
 * const decoder = new HpackDecoder({ classify: fieldKind }); // one a connection
 * const frame = readFrame(wire, 0)?.value; // undefined would mean: more bytes
 * if (frame?.type === "headers") {
 *   const fields = decoder.decode(frame.fragment, 0, frame.fragment.length);
 *   if (fields !== undefined) {
 *     const head = readRequestHead(fields, frame.streamId);
 *     console.log(head.method, head.scheme, head.authority, head.path); // GET https example.com /a?b
 *   }
 * }
 * ```
 *
 * @module
 */

export type { ErrorScope, ProtocolError, ProtocolErrorOptions } from "../http/fields/error.ts";
export type { HpackField } from "../hpack/field.ts";
export { type ConnectionEnd, contentOfText, Http2Connection, type Http2ConnectionOptions } from "./connection.ts";
export type * from "./events.ts";
export type { Http2Stream, Queueing, SendPhase, StreamOptions, StreamPromise } from "./stream.ts";
export type { ReceiveWindow, SendWindow } from "./windows.ts";
export {
  DEFAULT_HTTP2_LIMITS,
  DEFAULT_HTTP2_TIMEOUTS,
  type Http2ClientTimeouts,
  type Http2Limits,
  type Http2Timeouts,
} from "./limits.ts";
export { ErrorCode, errorCodeName, Http2Error, type Http2ErrorOptions } from "./error.ts";
export { FieldKind, fieldKind } from "./field_kind.ts";
export * from "./frame.ts";
export { encodeFrame } from "./frame_encode.ts";
export { type ReadFrame, readFrame, type ReadFrameOptions } from "./frame_read.ts";
export { readRequestHead, readResponseHead, readTrailers, type RequestHead, type ResponseHead } from "./message.ts";
export { DEFAULT_PRIORITY, parsePriority, type Priority } from "./priority.ts";
export { applySetting, initialSettings, settingEntries, SettingId, type Settings } from "./settings.ts";
export { next as nextStreamState, State as StreamState, type StreamInput } from "./stream_state.ts";
