/**
 * WebSockets (RFC 6455) over HTTP/1.1 and, by extended CONNECT (RFC 8441), over HTTP/2, with permessage-deflate (RFC 7692),
 * backpressure, limits and deadlines. The server's end is {@linkcode upgradeWebSocket}; the client's is `WebSocketClient`
 * and `HttpClient.webSocket` of `@avx/http/client`. Frames and the connection are here for those who bring their own IO.
 *
 * ```ts
 * import { serve } from "@avx/http/server";
 * import { HttpClient } from "@avx/http/client";
 * import { memoryNetwork } from "@avx/http/net";
 * import { upgradeWebSocket } from "@avx/http/websocket";
 *
 * const { listener, connect } = memoryNetwork();
 * await using _server = serve({ listener }, (request) => {
 *   const { response, socket } = upgradeWebSocket(request);
 *   socket.onmessage = ({ data }) => socket.send(data.toUpperCase());
 *   return response;
 * });
 *
 * await using client = new HttpClient({ connect });
 * const socket = client.webSocket("ws://localhost/");
 * socket.onopen = () => socket.send("hello");
 * await new Promise<void>((resolve) => {
 *   socket.onmessage = ({ data }) => {
 *     console.log(data); // HELLO
 *     socket.close(1000);
 *   };
 *   socket.onclose = () => resolve();
 * });
 * ```
 *
 * @module
 */

export { broadcast, type BroadcastOptions } from "./broadcast.ts";
export {
  type ClientSocketInit,
  ClientWebSocket,
  type ConnectWebSocketOptions,
  type WebSocketDial,
  type WebSocketDialled,
  type WebSocketDialler,
} from "./connect.ts";
export {
  acceptDeflate,
  type AgreedDeflate,
  agreeDeflate,
  type DeflateParameters,
  type DeflateWishes,
  type Extension,
  offerDeflate,
  parseExtensions,
} from "./extension.ts";
export {
  FrameReader,
  type FrameRules,
  headerSize,
  MAX_CONTROL_PAYLOAD,
  MAX_HEADER,
  Opcode,
  type Role,
  writeHeader,
  type WrittenHeader,
} from "./frame.ts";
export type { MessageCompression } from "./frame_compression.ts";
export { FrameConnection, type FrameConnectionOptions, type FrameEvent, type Phase } from "./frame_connection.ts";
export { CloseCode, isCloseCode, WebSocketError, type WebSocketErrorOptions } from "./frame_error.ts";
export { mask } from "./frame_mask.ts";
export { FrameOutput } from "./frame_output.ts";
export { Utf8Check } from "./frame_utf8.ts";
export { acceptOf, WebSocketHandshakeError } from "./handshake.ts";
export {
  type HonoContext,
  type HonoEvents,
  type HonoMiddleware,
  type HonoSocket,
  honoUpgradeWebSocket,
} from "./hono.ts";
export {
  DEFAULT_WEB_SOCKET_LIMITS,
  DEFAULT_WEB_SOCKET_TIMEOUTS,
  type WebSocketLimits,
  type WebSocketTimeouts,
} from "./limits.ts";
export { type MessageFormat, PreparedMessage } from "./message.ts";
export type { CompressionOptions, OpenedWebSocket, WebSocketBaseOptions } from "./options.ts";
export {
  type CloseHandler,
  type ErrorHandler,
  HttpWebSocket,
  type MessageHandler,
  type OpenHandler,
  type SocketOptions,
  type WebSocketData,
} from "./socket.ts";
export { HttpWebSocketStream, type WebSocketCloseInfo, type WebSocketConnection } from "./stream.ts";
export { upgradeWebSocket, type UpgradeWebSocketOptions, type WebSocketUpgrade } from "./upgrade.ts";
export { type ErrorScope, ProtocolError, type ProtocolErrorOptions } from "../http/fields/error.ts";
export type { Field } from "../http/fields/field.ts";
export type { Duplex } from "../http/upgrade.ts";
export type { Alarm, Clock } from "../timer/clock.ts";
