/**
 * HTTP for Deno, from the bytes up: a server with the call shapes of `Deno.serve` and with what that lacks, such as
 * trailers, interim responses, a deadline for every wait and a limit for every input.
 *
 * It has HTTP/1.1 and HTTP/2, a client of both ({@linkcode HttpClient}), WebSockets at both ends
 * ({@linkcode upgradeWebSocket}, {@linkcode WebSocketClient}), a server on every core ({@linkcode WorkerPool} below it),
 * tasks that end with their scope ({@linkcode TaskGroup}) and time that tests own ({@linkcode ManualClock}).
 *
 * This module gathers what programs need. Each layer is public by a path of its own, for those who bring their own IO:
 * `@avx/http/net` has transports and the in-memory network, `@avx/http/runtime` the reactor, `@avx/http/http2` the
 * connection on bytes, `@avx/http/json` JSON on bytes.
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
 * @example Both ends of HTTP/2: a hint and content one way, content and trailers the other
 * ```ts
 * import { HttpClient, protocolOf, serve, trailersOf, withTrailers } from "@avx/http";
 * import { memoryNetwork } from "@avx/http/net";
 * import { assertEquals } from "@std/assert";
 *
 * const { listener, connect } = memoryNetwork(); // with `{ port, cert, key }`, ALPN chooses the version
 * await using _server = serve({ listener }, async (request, info) => {
 *   await info.inform(103, { link: "</style.css>; rel=preload; as=style" });
 *   return withTrailers(new Response((await request.text()).toUpperCase()), () => ({ "x-by": info.protocol }));
 * });
 * await using client = new HttpClient({ connect, protocols: ["h2"] });
 * const response = await client.fetch("http://localhost/", {
 *   method: "POST",
 *   body: "hello",
 *   onInformation: ({ status }) => console.log(status), // 103
 * });
 * assertEquals(await response.text(), "HELLO");
 * assertEquals((await trailersOf(response)).get("x-by"), protocolOf(response)); // HTTP/2
 * ```
 *
 * @module
 */

export * from "./client/mod.ts";
export { BodyTooLargeError } from "./http/body.ts";
export { type ErrorScope, ProtocolError, type ProtocolErrorOptions } from "./http/fields/error.ts";
export type { Field } from "./http/fields/field.ts";
export { type TrailersInit, trailersOf, withTrailers } from "./http/trailers.ts";
export { Http1Error, type Http1ErrorOptions } from "./http1/error.ts";
export {
  type ArgumentsOf,
  blockOn,
  type BlockOnOptions,
  type CallOptions,
  type EndSignal,
  type FromWorker,
  type Main,
  type Process,
  type ResultOf,
  run,
  type RunOptions,
  spawn,
  type SpawnOptions,
  type StartThread,
  type StopReason,
  type Task,
  type TaskFunction,
  TaskGroup,
  type TaskGroupOptions,
  type ToWorker,
  type WorkerCallOptions,
  WorkerEndedError,
  type WorkerEvents,
  type WorkerFunctions,
  WorkerPool,
  type WorkerPoolOptions,
  type WorkerPoolStats,
  type WorkerScope,
  type WorkerThread,
  type WorkerThreadOwner,
} from "./runtime/mod.ts";
export * from "./server/mod.ts";
export {
  type Deadline,
  deadline,
  type DeadlineOptions,
  ManualClock,
  type ManualClockOptions,
  type Scheduler,
  type SchedulerOptions,
  sleep,
  type SleepOptions,
  systemClock,
  timeout,
  Timer,
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
  type WebSocketDial,
  type WebSocketDialled,
  type WebSocketDialler,
  WebSocketError,
  type WebSocketErrorOptions,
  WebSocketHandshakeError,
  type WebSocketLimits,
  type WebSocketTimeouts,
  type WebSocketUpgrade,
} from "./websocket/mod.ts";
