/**
 * Owns the limits and deadlines of a WebSocket connection: defaults, each with its unit and precedent, and the check of
 * what callers give. Enforces none of them.
 *
 * @module
 */

/** Limits of a connection, each with a default; see the members. */
export interface WebSocketLimits {
  /**
   * Longest message that is received, in bytes, before and after it was decompressed; a longer one ends the connection
   * with 1009.
   *
   * @default {1048576}
   */
  readonly maxMessageBytes: number;
  /**
   * Longest payload of one frame that is received, in bytes; a longer one ends the connection with 1009.
   *
   * @default {Infinity}
   */
  readonly maxFrameBytes: number;
  /**
   * Most bytes that wait for the peer to take them when one more message is sent; with more, the connection is cut.
   *
   * @default {16777216}
   */
  readonly maxQueuedBytes: number;
}

/** Deadlines of a connection, in milliseconds, each with a default; `Infinity` waits for ever. */
export interface WebSocketTimeouts {
  /**
   * From when the peer was last heard of to a Ping.
   *
   * @default {30000}
   */
  readonly ping: number;
  /**
   * From a Ping to anything from the peer; then the connection is cut.
   *
   * @default {20000}
   */
  readonly pong: number;
  /**
   * From the last message, sent or received, to a Close with 1001.
   *
   * @default {Infinity}
   */
  readonly idle: number;
  /**
   * From our Close to the peer's, and from both to the end of the bytes; then the connection is cut.
   *
   * @default {10000}
   */
  readonly close: number;
  /**
   * For the peer to take some of the bytes that wait; then the connection is cut.
   *
   * @default {30000}
   */
  readonly write: number;
  /**
   * From the last message to when the connection's compression contexts are let go.
   *
   * @default {10000}
   */
  readonly context: number;
}

/** Every limit's default. */
export const DEFAULT_WEB_SOCKET_LIMITS: WebSocketLimits = {
  /** websockets (Python): 1 MiB; ws: 100 MiB; Gorilla: none. */
  maxMessageBytes: 1024 * 1024,
  /** The message's limit holds for each of its frames. */
  maxFrameBytes: Infinity,
  /** uWebSockets drops beyond 64 KiB; ws, Gorilla and browsers have no limit. */
  maxQueuedBytes: 16 * 1024 * 1024,
};

/** Every deadline's default, in milliseconds. */
export const DEFAULT_WEB_SOCKET_TIMEOUTS: WebSocketTimeouts = {
  /** Deno: 15 s; websockets (Python): 20 s; nginx cuts after 60 s without a word. */
  ping: 30_000,
  /** websockets (Python): 20 s. */
  pong: 20_000,
  /** The Ping tells whether the peer is there; nobody knows how long an application is silent. */
  idle: Infinity,
  /** websockets (Python): 10 s; ws: 30 s. */
  close: 10_000,
  /** As for HTTP/1.1. */
  write: 30_000,
  /** Short: a context is made anew in microseconds. */
  context: 10_000,
};

/**
 * Fills in the defaults of limits.
 *
 * @throws {RangeError} If one is not a whole number > 0 or `Infinity`.
 */
export function resolveLimits(given: Partial<WebSocketLimits> = {}): WebSocketLimits {
  const limits = overDefaults("limits", DEFAULT_WEB_SOCKET_LIMITS, given);
  for (const [name, value] of Object.entries(limits)) {
    if (value === Infinity || (Number.isSafeInteger(value) && value > 0)) continue;
    throw new RangeError(
      `Cannot open WebSocket as 'limits.${name}' must be a whole number >= 1 or Infinity: received ${value}`,
    );
  }
  return limits;
}

/**
 * Fills in the defaults of deadlines.
 *
 * @throws {RangeError} If one is not more than 0.
 */
export function resolveTimeouts(given: Partial<WebSocketTimeouts> = {}): WebSocketTimeouts {
  const timeouts = overDefaults("timeouts", DEFAULT_WEB_SOCKET_TIMEOUTS, given);
  for (const [name, value] of Object.entries(timeouts)) {
    if (typeof value === "number" && value > 0) continue;
    throw new RangeError(`Cannot open WebSocket as 'timeouts.${name}' must be more than 0 ms: received ${value}`);
  }
  return timeouts;
}

/** Refuses names that no default has: a misspelt limit would be none. */
function overDefaults<T extends object>(what: string, defaults: T, given: Partial<T>): T {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(defaults, name));
  if (unknown !== undefined) {
    const known = Object.keys(defaults).join(", ");
    throw new TypeError(`Cannot open WebSocket as '${what}' must be of ${known}: received ${unknown}`);
  }
  if (Object.keys(given).length === 0) return defaults; // shared by all connections that want nothing else
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(entries) };
}
