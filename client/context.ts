/**
 * Owns what all connections and requests of a client share once its options are resolved; knows no socket.
 *
 * @module
 */

import type { Http2ClientTimeouts, Http2Limits, Http2Timeouts } from "../http2/limits.ts";
import type { Transport } from "../net/transport.ts";
import type { Scheduler } from "../timer/scheduler.ts";
import type { Target } from "./target.ts";
import type { ClientLimits, ClientTimeouts, HttpClientOptions } from "./types.ts";
import type { Versions } from "./version.ts";

/** Opens a connection through which bytes can flow; the versions are what ALPN offers. */
export type Dial = (target: Target, signal: AbortSignal, versions: Versions) => Promise<Transport>;

/** A client's options, complete: no defaults deeper in. */
export interface ClientContext {
  /** What drives deadlines. */
  readonly scheduler: Scheduler;
  /** Every limit. */
  readonly limits: ClientLimits;
  /** Every deadline. */
  readonly timeouts: ClientTimeouts;
  /** What `user-agent` says, empty for nothing. */
  readonly userAgent: string;
  /** Whether content is decoded. */
  readonly decompress: boolean;
  /** The versions that may be spoken. */
  readonly protocols: Versions;
  /** What an HTTP/2 connection takes at most. */
  readonly http2Limits: Http2Limits;
  /** How long it waits. */
  readonly http2Timeouts: Http2Timeouts & Http2ClientTimeouts;
  /** Told of pushed responses; without it none is accepted. */
  readonly onPush: HttpClientOptions["onPush"];
  /** Told of what servers announce of their origins. */
  readonly onAnnouncement: HttpClientOptions["onAnnouncement"];
  /** Opens connections. */
  readonly dial: Dial;
}
