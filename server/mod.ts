/**
 * A server of HTTP/1.1 and HTTP/2 with the call shapes of `Deno.serve`, and what that lacks: trailers, interim responses,
 * pushes, raw duplexes, deadlines and limits for everything, any listener, a clock of one's own; and, of a module, workers
 * on every core that share one port.
 *
 * @example Test an app without a socket
 * ```ts
 * import { serve } from "@avx/http/server";
 * import { memoryNetwork } from "@avx/http/net";
 * import { assertMatch } from "@std/assert";
 *
 * const { listener, dial } = memoryNetwork();
 * await using _server = serve({ listener }, (request) => new Response(new URL(request.url).pathname));
 * const wire = await dial();
 * await wire.write("GET /hello HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
 * assertMatch(await wire.readToEnd(), /\r\n\r\n\/hello$/);
 * wire.close();
 * ```
 *
 * @module
 */

export type { Protocol } from "../http/call.ts";
export type { ConnectionLimits, ConnectionTimeouts } from "../http1/limits.ts";
export type { Http2Limits, Http2Timeouts } from "../http2/limits.ts";
export type { Address, Listener, MemoryAddress, Transport } from "../net/transport.ts";
export type { Alarm, Clock } from "../timer/clock.ts";
export type { ServerStats } from "./context.ts";
export { DEFAULT_SERVE_LIMITS, DEFAULT_SERVE_TIMEOUTS } from "./options.ts";
export { serve } from "./serve.ts";
export type {
  Handler,
  HttpServer,
  HttpVersion,
  PushOptions,
  ServeBaseOptions,
  ServeInfo,
  ServeInit,
  ServeLimits,
  ServeListenerOptions,
  ServeTcpOptions,
  ServeTimeouts,
  ServeTlsKey,
  ServeUnixOptions,
  ServeVsockOptions,
  Upgrade,
  UpgradeOptions,
} from "./types.ts";
export type { ServeWorker, WorkerApp } from "./workers_app.ts";
export type { ReloadOptions, ServeWorkersOptions, WorkersServer, WorkersStats } from "./workers_types.ts";
export { WorkerStartError } from "../runtime/worker_error.ts";
export type { WorkerId } from "../runtime/pooled_worker.ts";
export type { LogLevel } from "../runtime/worker_message.ts";
export type { WorkerBackOff, WorkerCrash, WorkerLogLine } from "../runtime/worker_options.ts";
