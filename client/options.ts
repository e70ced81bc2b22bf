/**
 * Owns the resolving of a client's options, once, at the door: defaults filled in, bad values refused. Knows no socket.
 *
 * @module
 */

import { DEFAULT_CLIENT_LIMITS, DEFAULT_CLIENT_TIMEOUTS } from "../http1/client_limits.ts";
import { DEFAULT_DIAL_TIMEOUT } from "../net/dial.ts";
import { systemClock } from "../timer/clock.ts";
import { Scheduler, scheduler } from "../timer/scheduler.ts";
import { dialer } from "./dial.ts";
import type { ClientContext } from "./context.ts";
import type { ClientLimits, ClientTimeouts, HttpClientOptions } from "./types.ts";

/** Every limit's default. */
export const DEFAULT_FETCH_LIMITS: ClientLimits = {
  ...DEFAULT_CLIENT_LIMITS,
  /** aiohttp: 100; browsers 6, Go and undici any number. */
  maxConnectionsPerOrigin: 100,
  /** Half of the 1,024 files that a process may usually open, and as many again where the limit is higher. */
  maxConnections: 1_000,
  /** Bounds what a server that has stalled can pile up here. */
  maxQueued: 10_000,
  /** Fetch §4.4: 20. */
  maxRedirects: 20,
  /** V8's longest string has 512 MiB. */
  maxBodyBytes: 512 * 1024 * 1024,
};

/** Every deadline's default, in milliseconds. */
export const DEFAULT_FETCH_TIMEOUTS: ClientTimeouts = {
  ...DEFAULT_CLIENT_TIMEOUTS,
  /** Two attempts to connect; Apache HttpClient: 180 s. */
  queue: 60_000,
  dial: DEFAULT_DIAL_TIMEOUT,
  /** None, as in Go and undici: every wait within has a deadline of its own, and a stream may last. */
  total: Infinity,
};

/** What `user-agent` says unless it is told otherwise (RFC 9110 §10.1.5). */
const USER_AGENT = "avx-http";

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} If a function among the options is none, or options exclude each other.
 * @throws {RangeError} If a limit or a deadline is out of its range.
 */
export function resolveOptions(options: HttpClientOptions): ClientContext {
  const limits = { ...DEFAULT_FETCH_LIMITS, ...given(options.limits) };
  for (const [name, value] of Object.entries(limits)) checkLimit(name, value);
  const timeouts = { ...DEFAULT_FETCH_TIMEOUTS, ...given(options.timeouts) };
  for (const [name, value] of Object.entries(timeouts)) checkTimeout(`timeouts.${name}`, value);
  const { clock = systemClock, userAgent = USER_AGENT, decompress = false } = options;
  const ownScheduler = clock === systemClock ? scheduler : new Scheduler(clock);
  return {
    scheduler: ownScheduler,
    limits,
    timeouts,
    userAgent,
    decompress,
    dial: dialer(options, { scheduler: ownScheduler, timeout: timeouts.dial }),
  };
}

/** Leaves out members that are there but undefined, so that they don't hide a default. */
function given<T extends object>(options: T | undefined): Partial<T> {
  const entries = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}

/** The limits that may be 0: without it nothing works. */
const MAY_BE_ZERO: ReadonlySet<string> = new Set([
  "drainBytes",
  "maxBodyBytes",
  "maxExtensionBytes",
  "maxInformational",
  "maxQueued",
  "maxRedirects",
  "maxTrailerBytes",
  "maxTrailerFields",
]);

function checkLimit(name: string, value: number): void {
  const min = MAY_BE_ZERO.has(name) ? 0 : 1;
  if (value === Infinity || (Number.isSafeInteger(value) && value >= min)) return;
  throw new RangeError(
    `Cannot make a client as 'limits.${name}' must be a whole number >= ${min} or Infinity: received ${value}`,
  );
}

/**
 * Refuses what is no time.
 *
 * @throws {RangeError} If it isn't more than 0.
 */
export function checkTimeout(name: string, value: number): void {
  if (value > 0) return;
  throw new RangeError(`Cannot fetch as '${name}' must be more than 0 ms: received ${value}`);
}
