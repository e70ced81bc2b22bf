/**
 * Owns what all connections of a server share once its options are resolved; knows no version and no socket.
 *
 * @module
 */

import type { ConnectionLimits, ConnectionTimeouts } from "../http1/limits.ts";
import type { RequestHeadParser } from "../http1/request.ts";
import type { Http2Limits, Http2Timeouts } from "../http2/limits.ts";
import type { Scheduler } from "../timer/scheduler.ts";
import type { HeadCache } from "./head_cache.ts";
import type { Handler, HttpVersion } from "./types.ts";

/** What drives a connection, whatever its version. */
export interface ConnectionDriver {
  /** Begins to read and serve. */
  start(): void;
  /** Ends gracefully: what is under way is the last. */
  shutdown(): void;
  /** Ends at once. */
  cut(reason: unknown): void;
}

/** The server's running figures. */
export interface ServerStats {
  /** How many connections are open. */
  connections: number;
  /** How many requests were begun since the start. */
  requests: number;
  /** How many requests wait for their answer's end. */
  active: number;
}

/** A server's options as its connections need them: complete, no defaults deeper in. */
export interface ServerContext {
  /** What answers requests. */
  readonly handler: Handler;
  /** What answers when the handler failed. */
  readonly onError: (error: unknown) => Response | Promise<Response>;
  /** Told of connections that fail. */
  readonly onConnectionError: (error: unknown) => void;
  /** What drives deadlines. */
  readonly scheduler: Scheduler;
  /** The limits of a connection. */
  readonly limits: ConnectionLimits & Http2Limits;
  /** The deadlines of a connection. */
  readonly timeouts: ConnectionTimeouts & Http2Timeouts;
  /** The versions that it speaks. */
  readonly protocols: ReadonlySet<HttpVersion>;
  /** The most that `text()`, `json()` and their like take, in bytes. */
  readonly bodyLimit: number;
  /** Whether a client that ended its side still counts as there. */
  readonly allowHalfOpen: boolean;
  /** The heads of plain answers, and the current `date`. */
  readonly heads: HeadCache;
  /** Parsers of heads that no connection uses at the moment. */
  readonly parsers: RequestHeadParser[];
  /** The figures. */
  readonly stats: ServerStats;
}
