/**
 * Owns the resolving of a server's options, once, at the door: defaults filled in, bad values refused. Knows no socket.
 *
 * @module
 */

import { DEFAULT_BODY_LIMIT } from "../http/body.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../http1/limits.ts";
import { DEFAULT_FRAME_SIZE, MAX_FRAME_SIZE, MAX_WINDOW } from "../http2/frame.ts";
import { DEFAULT_HTTP2_LIMITS, DEFAULT_HTTP2_TIMEOUTS } from "../http2/limits.ts";
import { DEFAULT_MAX_CONNECTIONS, DEFAULT_MAX_CONNECTIONS_PER_ADDRESS } from "../net/accept.ts";
import { systemClock } from "../timer/clock.ts";
import { Scheduler, scheduler } from "../timer/scheduler.ts";
import { defaultOnError } from "./answer.ts";
import { checkFunction, checkMethods, overDefaults } from "./check.ts";
import type { ServerContext } from "./context.ts";
import { HeadCache } from "./head_cache.ts";
import type { Handler, HttpVersion, ServeBaseOptions, ServeLimits, ServeTimeouts } from "./types.ts";

/** Every limit's default. */
export const DEFAULT_SERVE_LIMITS: ServeLimits = {
  ...DEFAULT_HTTP2_LIMITS,
  ...DEFAULT_LIMITS,
  maxBodyBytes: DEFAULT_BODY_LIMIT,
  maxConnections: DEFAULT_MAX_CONNECTIONS,
  maxConnectionsPerAddress: DEFAULT_MAX_CONNECTIONS_PER_ADDRESS,
};

/** Every deadline's default, in milliseconds. */
export const DEFAULT_SERVE_TIMEOUTS: ServeTimeouts = {
  ...DEFAULT_HTTP2_TIMEOUTS,
  ...DEFAULT_TIMEOUTS,
  /** Go has none of its own, nginx 60 s; a handshake is two round trips. */
  handshake: 10_000,
};

/** A server's options, complete. */
export interface ResolvedOptions {
  /** What connections need. */
  readonly context: ServerContext;
  /** Every limit. */
  readonly limits: ServeLimits;
  /** Every deadline. */
  readonly timeouts: ServeTimeouts;
}

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} If an option is not what it must be, or a limit or a deadline has a name that none has.
 * @throws {RangeError} If a limit or a deadline is out of its range.
 */
export function resolveOptions(options: ServeBaseOptions<never>, handler: Handler<never>): ResolvedOptions {
  checkFunction("handler", handler);
  const { onError = defaultOnError, onConnectionError = ignore, clock = systemClock, signal } = options;
  checkFunction("onError", onError);
  checkFunction("onConnectionError", onConnectionError);
  if (options.onListen !== undefined) checkFunction("onListen", options.onListen);
  if (signal !== undefined) checkMethods("signal", signal, ["an AbortSignal", "throwIfAborted", "addEventListener"]);
  checkMethods("clock", clock, ["a Clock", "now", "date", "alarm"]);
  if (options.automaticCompression) {
    throw new TypeError("Cannot serve as 'automaticCompression' must be false or left out: received true");
  }
  const limits = overDefaults("limits", DEFAULT_SERVE_LIMITS, options.limits);
  for (const [name, value] of Object.entries(limits)) checkLimit(name, value);
  const timeouts = overDefaults("timeouts", DEFAULT_SERVE_TIMEOUTS, options.timeouts);
  for (const [name, value] of Object.entries(timeouts)) checkTimeout(name, value);
  const context: ServerContext = {
    handler: handler as Handler,
    onError,
    onConnectionError: guarded(onConnectionError),
    scheduler: clock === systemClock ? scheduler : new Scheduler(clock),
    limits: bounded(limits),
    timeouts,
    protocols: protocolsOf(options.protocols),
    bodyLimit: limits.maxBodyBytes,
    allowHalfOpen: options.allowHalfOpen === true,
    heads: new HeadCache(clock),
    parsers: [],
    stats: { connections: 0, requests: 0, active: 0 },
  };
  return { context, limits, timeouts };
}

const VERSIONS: readonly HttpVersion[] = ["h2", "http/1.1"];

/**
 * The versions that are asked for, all by default, in the order in which they are preferred.
 *
 * @throws {TypeError} If it is no list of versions.
 */
export function protocolsOf(given: readonly HttpVersion[] = VERSIONS): ReadonlySet<HttpVersion> {
  if (!Array.isArray(given) || given.length === 0 || given.some((version) => !VERSIONS.includes(version))) {
    throw new TypeError(`Cannot serve as 'protocols' must be a list of ${VERSIONS.join(" and ")}: received ${given}`);
  }
  return new Set(given);
}

function ignore(): void {}

/** Lets a hook that throws do no harm but a line on the console: its callers have a connection to end. */
function guarded(hook: (error: unknown) => void): (error: unknown) => void {
  return (error) => {
    try {
      hook(error);
    } catch (failure) {
      console.error(failure);
    }
  };
}

/** What HTTP/2 can say of a limit (RFC 9113 §4.2, §6.5.2, §6.9.1; RFC 7541 §4.2). */
const HTTP2_RANGES: Readonly<Partial<Record<string, readonly [min: number, max: number]>>> = {
  maxConcurrentStreams: [1, 2 ** 32 - 1],
  maxFieldSectionBytes: [1, 2 ** 32 - 1],
  maxFrameBytes: [DEFAULT_FRAME_SIZE, MAX_FRAME_SIZE],
  streamWindowBytes: [1, MAX_WINDOW],
  maxStreamWindowBytes: [1, MAX_WINDOW],
  connectionWindowBytes: [1, MAX_WINDOW],
  tableBytes: [0, 2 ** 32 - 1],
};

/** The limits, none of them beyond what HTTP/2 can say. */
function bounded(limits: ServeLimits): ServeLimits {
  const entries = Object.entries(limits).map((
    [name, value],
  ) => [name, Math.min(value, HTTP2_RANGES[name]?.[1] ?? Infinity)]);
  return { ...limits, ...Object.fromEntries(entries) };
}

function checkLimit(name: string, value: number): void {
  const range = HTTP2_RANGES[name];
  if (range !== undefined) {
    const [min, max] = range;
    if (value === Infinity || Number.isSafeInteger(value) && value >= min && value <= max) return;
    throw new RangeError(
      `Cannot serve as 'limits.${name}' must be a whole number >= ${min} and <= ${max}, or Infinity: received ${value}`,
    );
  }
  const min = name === "drainBytes" || name === "maxExtensionBytes" || name === "maxTrailerBytes" ||
      name === "maxTrailerFields" || name === "maxBodyBytes"
    ? 0
    : 1;
  if (value === Infinity || (Number.isSafeInteger(value) && value >= min)) return;
  throw new RangeError(
    `Cannot serve as 'limits.${name}' must be a whole number >= ${min} or Infinity: received ${value}`,
  );
}

function checkTimeout(name: string, value: unknown): void {
  if (typeof value === "number" && value > 0) return;
  throw new RangeError(`Cannot serve as 'timeouts.${name}' must be more than 0 ms: received ${value}`);
}
