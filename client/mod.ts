/**
 * A client of HTTP/1.1 and HTTP/2 with the shape of `fetch`, and what that lacks: trailers both ways, interim responses,
 * deadlines and limits for everything, a pool of connections that can be tuned, tunnels, pushes, any transport, a clock of
 * one's own. No request is ever sent twice behind its caller's back.
 *
 * @example Fetch over a network in memory
 * ```ts
 * import { HttpClient } from "@avx/http/client";
 * import { serve } from "@avx/http/server";
 * import { memoryNetwork } from "@avx/http/net";
 * import { assertEquals } from "@std/assert";
 *
 * const { listener, connect } = memoryNetwork();
 * await using _server = serve({ listener }, async (request) => new Response((await request.text()).toUpperCase()));
 * await using client = new HttpClient({ connect });
 * const response = await client.fetch("http://localhost/", { method: "POST", body: "hello" });
 * assertEquals(await response.text(), "HELLO");
 * ```
 *
 * @module
 */

export { HttpClient } from "./client.ts";
export {
  ClientError,
  type ClientErrorOptions,
  ConnectionLostError,
  type ConnectionLostErrorOptions,
  type FetchPhase,
  TunnelRefusedError,
} from "./error.ts";
export type { FetchHandler, HandlerInfo } from "./over.ts";
export { protocolOf } from "./response.ts";
export { DEFAULT_FETCH_LIMITS, DEFAULT_FETCH_TIMEOUTS } from "./options.ts";
export type {
  Announcement,
  ClientLimits,
  ClientTimeouts,
  ClientTlsOptions,
  ConnectOptions,
  FetchInit,
  FetchInput,
  HttpClientOptions,
  Information,
  Push,
  Tunnel,
  TunnelInit,
} from "./types.ts";
export { WebSocketClient, type WebSocketClientOptions } from "./web_socket_client.ts";
export type { ClientConnectionLimits, ClientConnectionTimeouts } from "../http1/client_limits.ts";
export { Http1Error, type Http1ErrorOptions } from "../http1/error.ts";
export { Http2Error, type Http2ErrorOptions } from "../http2/error.ts";
export type { Protocol } from "../http/call.ts";
export type { ErrorScope, ProtocolError, ProtocolErrorOptions } from "../http/fields/error.ts";
export { type TrailersInit, trailersOf } from "../http/trailers.ts";
export { type ClientSocketInit, ClientWebSocket, type ConnectWebSocketOptions } from "../websocket/connect.ts";
export type { CertifiedKey } from "../net/tls.ts";
export type { Address, MemoryAddress, Transport } from "../net/transport.ts";
export type { Alarm, Clock } from "../timer/clock.ts";
