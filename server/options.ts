/**
 * Owns the resolving of a server's options, once, at the door: defaults filled in, bad values refused. Knows no socket.
 *
 * @module
 */

import { DEFAULT_BODY_LIMIT } from "../http/body.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../http1/limits.ts";
import { DEFAULT_MAX_CONNECTIONS, DEFAULT_MAX_CONNECTIONS_PER_ADDRESS } from "../net/accept.ts";
import { systemClock } from "../timer/clock.ts";
import { Scheduler, scheduler } from "../timer/scheduler.ts";
import { defaultOnError } from "./answer.ts";
import type { ServerContext } from "./context.ts";
import { HeadCache } from "./head_cache.ts";
import type { Handler, ServeBaseOptions, ServeLimits, ServeTimeouts } from "./types.ts";

/** Every limit's default. */
export const DEFAULT_SERVE_LIMITS: ServeLimits = {
  ...DEFAULT_LIMITS,
  maxBodyBytes: DEFAULT_BODY_LIMIT,
  maxConnections: DEFAULT_MAX_CONNECTIONS,
  maxConnectionsPerAddress: DEFAULT_MAX_CONNECTIONS_PER_ADDRESS,
};

/** Every deadline's default, in milliseconds. */
export const DEFAULT_SERVE_TIMEOUTS: ServeTimeouts = {
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
 * @throws {TypeError} If the handler, or a function among the options, is none.
 * @throws {RangeError} If a limit or a deadline is out of its range.
 */
export function resolveOptions(options: ServeBaseOptions<never>, handler: Handler<never>): ResolvedOptions {
  checkFunction("handler", handler);
  const { onError = defaultOnError, onConnectionError = ignore, clock = systemClock } = options;
  checkFunction("onError", onError);
  checkFunction("onConnectionError", onConnectionError);
  if (options.onListen !== undefined) checkFunction("onListen", options.onListen);
  if (options.automaticCompression) {
    throw new TypeError("Cannot serve as 'automaticCompression' must be false or left out: received true");
  }
  const limits = { ...DEFAULT_SERVE_LIMITS, ...given(options.limits) };
  for (const [name, value] of Object.entries(limits)) checkLimit(name, value);
  const timeouts = { ...DEFAULT_SERVE_TIMEOUTS, ...given(options.timeouts) };
  for (const [name, value] of Object.entries(timeouts)) checkTimeout(name, value);
  const context: ServerContext = {
    handler: handler as Handler,
    onError,
    onConnectionError,
    scheduler: clock === systemClock ? scheduler : new Scheduler(clock),
    limits,
    timeouts,
    bodyLimit: limits.maxBodyBytes,
    allowHalfOpen: options.allowHalfOpen === true,
    heads: new HeadCache(clock),
    parsers: [],
    stats: { connections: 0, requests: 0, active: 0 },
  };
  return { context, limits, timeouts };
}

function ignore(): void {}

/** Leaves out members that are there but undefined, so that they don't hide a default. */
function given<T extends object>(options: T | undefined): Partial<T> {
  const entries = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}

function checkFunction(name: string, value: unknown): void {
  if (typeof value !== "function") {
    throw new TypeError(
      `Cannot serve as '${name}' must be a function: received ${value === null ? null : typeof value}`,
    );
  }
}

function checkLimit(name: string, value: number): void {
  const min = name === "drainBytes" || name === "maxExtensionBytes" || name === "maxTrailerBytes" ||
      name === "maxTrailerFields" || name === "maxBodyBytes"
    ? 0
    : 1;
  if (value === Infinity || (Number.isSafeInteger(value) && value >= min)) return;
  throw new RangeError(
    `Cannot serve as 'limits.${name}' must be a whole number >= ${min} or Infinity: received ${value}`,
  );
}

function checkTimeout(name: string, value: number): void {
  if (value > 0) return;
  throw new RangeError(`Cannot serve as 'timeouts.${name}' must be more than 0 ms: received ${value}`);
}
