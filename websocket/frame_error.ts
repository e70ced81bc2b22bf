/**
 * Owns the error of a WebSocket connection and the codes by which one is closed; knows no frame.
 *
 * @module
 */

import { ProtocolError } from "../http/fields/error.ts";

/** Why a connection is closed (RFC 6455 §7.4.1, and IANA's registry of WebSocket close codes). */
export const CloseCode = {
  /** What the connection was for is done. */
  NormalClosure: 1000,
  /** The server ends, or the page was left. */
  GoingAway: 1001,
  /** The peer broke a rule of the protocol. */
  ProtocolError: 1002,
  /** The peer sent data of a type that is not taken. */
  UnsupportedData: 1003,
  /** Never sent: a Close frame had no code. */
  NoStatusReceived: 1005,
  /** Never sent: the connection was lost without a Close frame. */
  AbnormalClosure: 1006,
  /** The content of a message is not what its type says, such as text that is not UTF-8. */
  InvalidFramePayloadData: 1007,
  /** The peer broke a rule of the application. */
  PolicyViolation: 1008,
  /** A message is larger than what is taken. */
  MessageTooBig: 1009,
  /** The server lacks an extension that the client needs. */
  MandatoryExtension: 1010,
  /** Something failed on the side that closes. */
  InternalError: 1011,
  /** The service restarts. */
  ServiceRestart: 1012,
  /** The service is overloaded. */
  TryAgainLater: 1013,
  /** A gateway got a bad answer. */
  BadGateway: 1014,
  /** Never sent: the TLS handshake failed. */
  TlsHandshake: 1015,
} as const;
/** A close code that has a name. */
export type CloseCode = typeof CloseCode[keyof typeof CloseCode];

/** What {@linkcode WebSocketError} takes beside its message. */
export interface WebSocketErrorOptions extends ErrorOptions {
  /**
   * The code that the connection was closed with.
   *
   * @default {1006}
   */
  readonly closeCode?: number;
  /** The reason that the connection was closed with. */
  readonly reason?: string;
}

/**
 * A WebSocket connection ended otherwise than it should: the peer broke a rule, a limit or a deadline was passed, the
 * bytes broke off.
 *
 * @example
 * ```ts
 * import { CloseCode, WebSocketError } from "@avx/http/websocket";
 *
 * const error = new WebSocketError("Cannot read frame as RSV2 must be 0", { closeCode: CloseCode.ProtocolError });
 * console.log(error.name, error.closeCode); // WebSocketError 1002
 * ```
 */
export class WebSocketError extends ProtocolError {
  /** The class's name. */
  override readonly name: string = "WebSocketError";
  /** The code that the connection was closed with; 1006 where no Close frame could be sent or was received. */
  readonly closeCode: number;
  /** The reason that the connection was closed with. */
  readonly reason: string;

  /** Makes an error that ends the connection. */
  constructor(message: string, options: WebSocketErrorOptions = {}) {
    const { closeCode = CloseCode.AbnormalClosure, reason = "", ...rest } = options;
    super(message, { ...rest, scope: "connection", status: 400 });
    this.closeCode = closeCode;
    this.reason = reason;
  }
}

/** The error of a peer that broke a rule of the protocol. */
export function violation(message: string): WebSocketError {
  return new WebSocketError(message, { closeCode: CloseCode.ProtocolError });
}

/** The error of a message that is longer than what is taken. */
export function tooBig(what: string, limit: number, received: number | string): WebSocketError {
  const message = `Cannot read message as its ${what} must be at most ${limit} bytes: received ${received}`;
  return new WebSocketError(message, { closeCode: CloseCode.MessageTooBig });
}

/** The error of content that is not what its type says. */
export function badPayload(message: string, cause?: unknown): WebSocketError {
  return new WebSocketError(message, { closeCode: CloseCode.InvalidFramePayloadData, cause });
}

/** Whether a Close frame may carry the code (RFC 6455 §7.4.2): 1000 to 1014 without those kept back, 3000 to 4999. */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= CloseCode.BadGateway && code !== 1004 && code !== CloseCode.NoStatusReceived &&
    code !== CloseCode.AbnormalClosure;
}
