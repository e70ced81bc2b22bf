/**
 * HTTP for Deno, from the bytes up: a server with the call shapes of `Deno.serve` and with what that lacks, such as
 * trailers, interim responses, a deadline for every wait and a limit for every input.
 *
 * This module gathers what programs need. Each layer is public by a path of its own, for those who bring their own IO.
 *
 * @example A server, with trailers that say what was received
 * ```ts
 * import { serve, trailersOf, withTrailers } from "@avx/http";
 * import { memoryNetwork } from "@avx/http/net";
 *
 * const { listener, dial } = memoryNetwork(); // `{ port: 8000 }` instead listens on TCP
 * await using server = serve({ listener }, async (request, info) => {
 *   await info.inform(103, { link: "</style.css>; rel=preload; as=style" });
 *   const text = await request.text();
 *   const sent = await trailersOf(request);
 *   return withTrailers(new Response(text.toUpperCase()), () => ({ "x-echo": sent.get("x-note") ?? "none" }));
 * });
 *
 * const wire = await dial();
 * await wire.write("POST / HTTP/1.1\r\nhost: localhost\r\nte: trailers\r\ntransfer-encoding: chunked\r\n\r\n");
 * await wire.write("5\r\nhello\r\n0\r\nx-note: from the client\r\n\r\n");
 * console.log(await wire.readUntil("x-echo: from the client\r\n\r\n"));
 * wire.close();
 * await server.shutdown();
 * ```
 *
 * @module
 */

export * from "./client/mod.ts";
export { BodyTooLargeError } from "./http/body.ts";
export { type ErrorScope, ProtocolError, type ProtocolErrorOptions } from "./http/fields/error.ts";
export { type TrailersInit, trailersOf, withTrailers } from "./http/trailers.ts";
export { Http1Error, type Http1ErrorOptions } from "./http1/error.ts";
export {
  type EndSignal,
  type Main,
  type Process,
  run,
  type RunOptions,
  spawn,
  type SpawnOptions,
  type Task,
  type TaskFunction,
  TaskGroup,
  type TaskGroupOptions,
  WorkerEndedError,
  WorkerPool,
  type WorkerPoolOptions,
  type WorkerScope,
} from "./runtime/mod.ts";
export * from "./server/mod.ts";
export {
  type Deadline,
  deadline,
  type DeadlineOptions,
  ManualClock,
  type ManualClockOptions,
  sleep,
  type SleepOptions,
  systemClock,
  timeout,
  type TimerOptions,
} from "./timer/mod.ts";
export {
  broadcast,
  type BroadcastOptions,
  CloseCode,
  type CloseHandler,
  type CompressionOptions,
  DEFAULT_WEB_SOCKET_LIMITS,
  DEFAULT_WEB_SOCKET_TIMEOUTS,
  type DeflateParameters,
  type DeflateWishes,
  type Duplex,
  type ErrorHandler,
  HttpWebSocket,
  HttpWebSocketStream,
  type MessageFormat,
  type MessageHandler,
  type OpenedWebSocket,
  type OpenHandler,
  PreparedMessage,
  type Role,
  type SocketOptions,
  upgradeWebSocket,
  type UpgradeWebSocketOptions,
  type WebSocketBaseOptions,
  type WebSocketCloseInfo,
  type WebSocketConnection,
  type WebSocketData,
  WebSocketError,
  type WebSocketErrorOptions,
  WebSocketHandshakeError,
  type WebSocketLimits,
  type WebSocketTimeouts,
  type WebSocketUpgrade,
} from "./websocket/mod.ts";
