/**
 * Owns what all connections and requests of a client share once its options are resolved; knows no socket.
 *
 * @module
 */

import type { Transport } from "../net/transport.ts";
import type { Scheduler } from "../timer/scheduler.ts";
import type { Target } from "./target.ts";
import type { ClientLimits, ClientTimeouts } from "./types.ts";

/** Opens a connection through which bytes can flow. */
export type Dial = (target: Target, signal: AbortSignal) => Promise<Transport>;

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
  /** Opens connections. */
  readonly dial: Dial;
}
