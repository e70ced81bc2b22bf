/**
 * Owns the options of a WebSocket that both ends share: defaults filled in, bad values refused, once, at the door. Knows
 * no connection.
 *
 * @module
 */

import type { Duplex } from "../http/upgrade.ts";
import { type Clock, systemClock } from "../timer/clock.ts";
import { Scheduler, scheduler } from "../timer/scheduler.ts";
import type { DeflateSettings } from "./deflate.ts";
import type { DeflateParameters, DeflateWishes } from "./extension.ts";
import { resolveLimits, resolveTimeouts, type WebSocketLimits, type WebSocketTimeouts } from "./limits.ts";

/** How hard to compress: as nginx does by default. What level 6 saves beyond it costs three times the work. */
export const DEFAULT_LEVEL = 1;

/** How much memory a compression context takes: zlib's own default, some 210 KiB. */
export const DEFAULT_MEM_LEVEL = 8;

/** From which length on messages are compressed, in bytes: below it there is little to gain. */
export const DEFAULT_THRESHOLD = 128;

/** What may be said of permessage-deflate; each member is optional. */
export interface CompressionOptions extends DeflateWishes {
  /**
   * How hard to compress, 0 to 9.
   *
   * @default {1}
   */
  readonly level?: number;
  /**
   * How much memory a compression context takes, 1 to 9.
   *
   * @default {8}
   */
  readonly memLevel?: number;
  /**
   * Shorter messages are sent as they are, in bytes.
   *
   * @default {128}
   */
  readonly threshold?: number;
}

/** The options of a WebSocket, whichever end. */
export interface WebSocketBaseOptions {
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<WebSocketLimits>;
  /** Deadlines that differ from the defaults. */
  readonly timeouts?: Partial<WebSocketTimeouts>;
  /**
   * Whether permessage-deflate is used where the other end can, and how. Where messages mix secrets with what an attacker
   * may choose, their compressed lengths tell of the secrets.
   *
   * @default {false}
   */
  readonly compression?: boolean | CompressionOptions;
  /**
   * Longest payload of a frame that is sent, in bytes; longer messages go in fragments.
   *
   * @default {Infinity}
   */
  readonly fragmentBytes?: number;
  /**
   * The clock that drives deadlines.
   *
   * @default {systemClock}
   */
  readonly clock?: Clock;
}

/** What is known of a connection once its opening handshake is complete. */
export interface OpenedWebSocket {
  /** The raw bytes, which nobody else reads or writes. */
  readonly duplex: Duplex;
  /** The subprotocol that was agreed on; empty for none. */
  readonly protocol: string;
  /** What was agreed on of permessage-deflate; `undefined` where it is not used. */
  readonly deflate: DeflateParameters | undefined;
}

/** The options, complete. */
export interface WebSocketSettings {
  /** Every limit. */
  readonly limits: WebSocketLimits;
  /** Every deadline. */
  readonly timeouts: WebSocketTimeouts;
  /** What is wanted of permessage-deflate and how it is done; `undefined` where it is not used. */
  readonly compression: { readonly wishes: DeflateWishes; readonly settings: DeflateSettings } | undefined;
  /** Longest payload of a frame that is sent. */
  readonly fragmentBytes: number;
  /** What drives deadlines. */
  readonly scheduler: Scheduler;
}

/** One scheduler a clock, as each has its own alarm. */
const schedulers = new WeakMap<Clock, Scheduler>();

function schedulerOf(clock: Clock): Scheduler {
  if (clock === systemClock) return scheduler;
  let found = schedulers.get(clock);
  if (found === undefined) schedulers.set(clock, found = new Scheduler(clock));
  return found;
}

/**
 * Fills in the defaults.
 *
 * @throws {RangeError} If a number is out of its range.
 * @throws {TypeError} If a limit or a deadline has a name that none has.
 */
export function resolveSettings(options: WebSocketBaseOptions): WebSocketSettings {
  const { compression = false, clock = systemClock, fragmentBytes = Infinity } = options;
  checkNumber("fragmentBytes", fragmentBytes, 1, Infinity);
  return {
    limits: resolveLimits(options.limits),
    timeouts: resolveTimeouts(options.timeouts),
    compression: compression === false ? undefined : resolveCompression(compression === true ? {} : compression),
    fragmentBytes,
    scheduler: schedulerOf(clock),
  };
}

function resolveCompression(options: CompressionOptions): NonNullable<WebSocketSettings["compression"]> {
  const { level = DEFAULT_LEVEL, memLevel = DEFAULT_MEM_LEVEL, threshold = DEFAULT_THRESHOLD, ...wishes } = options;
  checkNumber("compression.level", level, 0, 9);
  checkNumber("compression.memLevel", memLevel, 1, 9);
  checkNumber("compression.threshold", threshold, 0, Infinity);
  checkNumber("compression.serverMaxWindowBits", wishes.serverMaxWindowBits ?? 15, 8, 15);
  checkNumber("compression.clientMaxWindowBits", wishes.clientMaxWindowBits ?? 15, 8, 15);
  return { wishes, settings: { level, memLevel, threshold } };
}

function checkNumber(name: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max && (Number.isSafeInteger(value) || value === Infinity)) return;
  throw new RangeError(`Cannot open WebSocket as '${name}' must be a whole number ${min} to ${max}: received ${value}`);
}
