/**
 * Owns the error codes of HTTP/2 and the error that carries one; knows nothing of how it is answered.
 *
 * @module
 */

import { ProtocolError } from "../http/fields/error.ts";

/** The error codes of RST_STREAM and GOAWAY (RFC 9113 §7). */
export const ErrorCode = {
  /** Nothing is wrong: a graceful end. */
  NoError: 0x0,
  /** A rule was broken that has no code of its own. */
  ProtocolError: 0x1,
  /** Something failed on the side that says so. */
  InternalError: 0x2,
  /** A window was overrun, or grew too large. */
  FlowControlError: 0x3,
  /** SETTINGS were not acknowledged in time. */
  SettingsTimeout: 0x4,
  /** A frame came for a stream that was half-closed already. */
  StreamClosed: 0x5,
  /** A frame had a wrong size. */
  FrameSizeError: 0x6,
  /** The stream was not processed at all: it may be tried again. */
  RefusedStream: 0x7,
  /** The stream is no longer needed. */
  Cancel: 0x8,
  /** The state of the field compression is lost. */
  CompressionError: 0x9,
  /** The connection behind a CONNECT was reset or closed. */
  ConnectError: 0xa,
  /** The peer does something that costs too much. */
  EnhanceYourCalm: 0xb,
  /** The transport is not secure enough. */
  InadequateSecurity: 0xc,
  /** HTTP/1.1 must be used instead. */
  Http11Required: 0xd,
} as const;
/** One of the registered error codes; a peer may send others. */
export type ErrorCode = typeof ErrorCode[keyof typeof ErrorCode];

/** The names of the codes, as RFC 9113 §7 writes them. */
const NAMES: readonly string[] = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED",
];

/**
 * Gives the name of an error code as RFC 9113 §7 writes it, and the code in hexadecimal where it has none.
 *
 * @example
 * ```ts
 * import { errorCodeName } from "@avx/http/http2";
 *
 * console.assert(errorCodeName(0x1) === "PROTOCOL_ERROR");
 * console.assert(errorCodeName(0x1f) === "0x1f");
 * ```
 */
export function errorCodeName(code: number): string {
  return NAMES[code] ?? `0x${code.toString(16)}`;
}

/** What {@linkcode Http2Error} takes beside its scope, code and message. */
export interface Http2ErrorOptions extends ErrorOptions {
  /**
   * The stream that is hit.
   *
   * @default {0} for the connection
   */
  readonly streamId?: number;
  /**
   * The status code that answers it, where a request is at fault and can be answered.
   *
   * @default {400}
   */
  readonly status?: number;
}

/**
 * The peer broke a rule of HTTP/2 (RFC 9113), or passed a limit of ours.
 *
 * @example
 * ```ts
 * import { ErrorCode, errorCodeName, Http2Error } from "@avx/http/http2";
 *
 * const error = new Http2Error("stream", ErrorCode.ProtocolError, "Cannot read request as it must have a :path", { streamId: 1 });
 * console.assert(errorCodeName(error.code) === "PROTOCOL_ERROR" && error.streamId === 1 && error.status === 400);
 * ```
 */
export class Http2Error extends ProtocolError {
  /** The class's name. */
  override readonly name = "Http2Error";
  /** The code of the RST_STREAM or GOAWAY that answers it, one of {@linkcode ErrorCode}. */
  readonly code: number;
  /** The stream that is hit; 0 for the connection. */
  readonly streamId: number;

  /** Makes an error that ends one stream (RFC 9113 §5.4.2) or the connection (§5.4.1). */
  constructor(scope: "stream" | "connection", code: number, message: string, options: Http2ErrorOptions = {}) {
    super(message, { ...options, scope, status: options.status ?? 400 });
    this.code = code;
    this.streamId = options.streamId ?? 0;
  }
}
