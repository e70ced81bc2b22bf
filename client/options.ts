/**
 * Owns the resolving of a client's options, once, at the door: defaults filled in, bad values refused. Knows no socket.
 *
 * @module
 */

import { FIELD_OVERHEAD } from "../hpack/field.ts";
import { DEFAULT_CLIENT_LIMITS, DEFAULT_CLIENT_TIMEOUTS } from "../http1/client_limits.ts";
import { MAX_WINDOW } from "../http2/frame.ts";
import {
  DEFAULT_HTTP2_LIMITS,
  DEFAULT_HTTP2_TIMEOUTS,
  type Http2ClientTimeouts,
  type Http2Limits,
  type Http2Timeouts,
} from "../http2/limits.ts";
import { DEFAULT_DIAL_TIMEOUT } from "../net/dial.ts";
import { systemClock } from "../timer/clock.ts";
import { Scheduler, scheduler } from "../timer/scheduler.ts";
import { dialer } from "./dial.ts";
import type { ClientContext } from "./context.ts";
import type { ClientLimits, ClientTimeouts, HttpClientOptions } from "./types.ts";
import type { HttpVersion, Versions } from "./version.ts";

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
  /** Firefox: 128 KiB, and more for downloads; Go: 4 MiB, Chromium: 6 MiB. It grows where that is of use. */
  streamWindowBytes: 256 * 1024,
  maxStreamWindowBytes: DEFAULT_HTTP2_LIMITS.maxStreamWindowBytes,
  connectionWindowBytes: DEFAULT_HTTP2_LIMITS.connectionWindowBytes,
  /** None: whoever reads one response after the other would wait for ever for one that the others leave no room for. */
  maxUnreadBytes: Infinity,
  /** V8's longest string has 512 MiB. */
  maxBodyBytes: 512 * 1024 * 1024,
};

/** Every deadline's default, in milliseconds. */
export const DEFAULT_FETCH_TIMEOUTS: ClientTimeouts = {
  ...DEFAULT_CLIENT_TIMEOUTS,
  /** Two attempts to connect; Apache HttpClient: 180 s. */
  queue: 60_000,
  dial: DEFAULT_DIAL_TIMEOUT,
  settings: DEFAULT_HTTP2_TIMEOUTS.settings,
  ping: DEFAULT_HTTP2_TIMEOUTS.ping,
  pong: DEFAULT_HTTP2_TIMEOUTS.pong,
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
  const protocols = versionsOf(options.protocols);
  for (const name of ["onPush", "onAnnouncement"] as const) {
    const hook: unknown = options[name];
    if (hook === undefined || typeof hook === "function") continue;
    throw new TypeError(`Cannot make a client as '${name}' must be a function: received ${typeof hook}`);
  }
  const ownScheduler = clock === systemClock ? scheduler : new Scheduler(clock);
  return {
    scheduler: ownScheduler,
    limits,
    timeouts,
    userAgent,
    decompress,
    protocols,
    http2Limits: http2LimitsOf(limits),
    http2Timeouts: http2TimeoutsOf(timeouts),
    onPush: options.onPush,
    onAnnouncement: options.onAnnouncement,
    dial: dialer(options, { scheduler: ownScheduler, timeout: timeouts.dial }),
  };
}

const VERSIONS: readonly HttpVersion[] = ["h2", "http/1.1"];

function versionsOf(given: readonly HttpVersion[] = VERSIONS): Versions {
  if (!Array.isArray(given) || given.length === 0 || given.some((version) => !VERSIONS.includes(version))) {
    throw new TypeError(
      `Cannot make a client as 'protocols' must be a list of ${VERSIONS.join(" and ")}: received ${given}`,
    );
  }
  return new Set(given);
}

/** Largest value of a setting (RFC 9113 §6.5.1). */
const MAX_SETTING = 2 ** 32 - 1;

/** What a client's limits mean for HTTP/2, none of them beyond what it can say. */
function http2LimitsOf(limits: ClientLimits): Http2Limits {
  const { maxHeadBytes, maxFields, streamWindowBytes, maxStreamWindowBytes, connectionWindowBytes } = limits;
  const maxFieldSectionBytes = Math.min(maxHeadBytes + FIELD_OVERHEAD * maxFields, MAX_SETTING);
  return {
    ...DEFAULT_HTTP2_LIMITS,
    maxFields,
    maxFieldSectionBytes,
    maxBlockBytes: Math.max(DEFAULT_HTTP2_LIMITS.maxBlockBytes, maxFieldSectionBytes),
    streamWindowBytes: Math.min(streamWindowBytes, MAX_WINDOW),
    maxStreamWindowBytes: Math.min(maxStreamWindowBytes, MAX_WINDOW),
    connectionWindowBytes: Math.min(connectionWindowBytes, MAX_WINDOW),
    maxUnreadBytes: limits.maxUnreadBytes,
  };
}

/** What a client's deadlines mean for HTTP/2. */
function http2TimeoutsOf(timeouts: ClientTimeouts): Http2Timeouts & Http2ClientTimeouts {
  const { settings, head, body, unread, write, drain, idle, ping, pong } = timeouts;
  return {
    ...DEFAULT_HTTP2_TIMEOUTS,
    preface: settings,
    settings,
    head,
    response: head,
    body,
    unread,
    write,
    drain,
    idle,
    ping,
    pong,
    age: Infinity, // whoever wants a new connection makes a new client
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

/** The limits that HTTP/2 can say up to a number only (RFC 9113 §6.9.1). */
const WINDOWS: ReadonlySet<string> = new Set(["streamWindowBytes", "maxStreamWindowBytes", "connectionWindowBytes"]);

function checkLimit(name: string, value: number): void {
  const min = MAY_BE_ZERO.has(name) ? 0 : 1;
  if (WINDOWS.has(name) && Number.isFinite(value) && value > MAX_WINDOW) {
    throw new RangeError(`Cannot make a client as 'limits.${name}' must be at most 2^31 - 1: received ${value}`);
  }
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
