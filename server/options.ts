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
import { checkFunction, checkMethods, overDefaults } from "./check.ts";
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

function checkTimeout(name: string, value: unknown): void {
  if (typeof value === "number" && value > 0) return;
  throw new RangeError(`Cannot serve as 'timeouts.${name}' must be more than 0 ms: received ${value}`);
}
