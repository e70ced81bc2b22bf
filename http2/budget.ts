/**
 * Owns the budgets of what costs the peer little and us more: how much of each there may be at once and in the long run.
 * Knows no frame; whoever counts says what a spent budget means.
 *
 * @module
 */

import { ErrorCode, Http2Error } from "./error.ts";

/** How much there may be of something. */
export interface Rate {
  /** How many at once. */
  readonly burst: number;
  /** How many more each second. */
  readonly perSecond: number;
  /** How many at once where useful work has earned them; `burst` where nothing else is said. */
  readonly most?: number;
}

/**
 * Streams that the peer opens and resets (CVE-2023-44487, "rapid reset"): a handler was begun for each. Beside it, handlers
 * that still run count against the limit of streams, and what is refused for that counts here. nghttp2: 1,000 and 33 a second;
 * here each request that ends as it should earns one, as clients that hedge cancel half of theirs.
 */
export const RESET_RATE: Rate = { burst: 1_000, perSecond: 33 };

/**
 * Resets that the peer provokes (CVE-2025-8671, "MadeYouReset"): by frames that are wrong for their stream, or by streams
 * above the limit. Nobody does it but by mistake, so it is less than nghttp2's 1,000.
 */
export const PROVOKED_RESET_RATE: Rate = { burst: 200, perSecond: 10 };

/**
 * PING frames (CVE-2019-9512): each is answered. gRPC measures with one a round trip in which content comes, so it is not few,
 * and each DATA frame of ours earns one.
 */
export const PING_RATE: Rate = { burst: 1_000, perSecond: 1_000 };

/** SETTINGS frames (CVE-2019-9515): each is acknowledged, and may change all streams. */
export const SETTINGS_RATE: Rate = { burst: 100, perSecond: 10 };

/** Frames with no octet of content that end nothing (CVE-2019-9518). */
export const EMPTY_FRAME_RATE: Rate = { burst: 200, perSecond: 100 };

/** PRIORITY and PRIORITY_UPDATE frames (CVE-2019-9513), and frames of unknown types. */
export const PRIORITY_RATE: Rate = { burst: 1_000, perSecond: 1_000 };

/**
 * WINDOW_UPDATE frames beyond those that our DATA has earned (CVE-2019-9511). What is earned is kept: a client tells of what it
 * has read a window later.
 */
export const WINDOW_UPDATE_RATE: Rate = { burst: 1_000, perSecond: 100, most: Infinity };

/** How many WINDOW_UPDATE frames a DATA frame of ours earns: one for the stream, one for the connection, twice. */
const WINDOW_UPDATES_PER_DATA = 4;

/** How many bytes of DATA earn one more. Go's client tells of each 4 KiB that were read, at both levels. */
const BYTES_PER_WINDOW_UPDATE = 1024;

/**
 * DATA frames that a small window makes shorter than {@linkcode DRIBBLE_BYTES} (CVE-2019-9511 and 9517, "data dribble"). Each
 * one that is longer earns one: where many streams share a window, what is left at its end may be ever so small.
 */
export const DRIBBLE_RATE: Rate = { burst: 1_000, perSecond: 50 };

/** Shortest DATA frame, in bytes, that is worth its head where more content waits. */
export const DRIBBLE_BYTES = 128;

/** Most frames in a header block (CVE-2024-27316, "CONTINUATION flood"); nghttp2: 8 behind the first. */
export const MAX_BLOCK_FRAMES = 32;

/** Most octets of answers to frames such as PING that wait for a peer that does not read; nghttp2: 1,000 frames. */
export const MAX_CONTROL_BYTES: number = 32 * 1024;

/** What there is a budget of, and how much. */
const RATES = {
  "reset streams": RESET_RATE,
  "streams that have to be reset": PROVOKED_RESET_RATE,
  "PING frames": PING_RATE,
  "SETTINGS frames": SETTINGS_RATE,
  "empty DATA frames": EMPTY_FRAME_RATE,
  "PRIORITY frames": PRIORITY_RATE,
  "WINDOW_UPDATE frames": WINDOW_UPDATE_RATE,
  "tiny windows": DRIBBLE_RATE,
} as const;

/** What costs the peer little and us more. */
export type Cheap = keyof typeof RATES;

/** A budget that is spent one by one and comes back with time. */
export class Budget {
  readonly #rate: Rate;
  #left: number;
  #at: number;

  /** Made full, at a time in milliseconds. */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#left = rate.burst;
    this.#at = now;
  }

  /** Spends one; false where there is none. */
  spend(now: number): boolean {
    if (this.#left < 1) {
      const { burst, perSecond } = this.#rate;
      this.#left = Math.min(burst, this.#left + (now - this.#at) * perSecond / 1000);
      this.#at = now;
      if (this.#left < 1) return false;
    }
    this.#left--;
    return true;
  }

  /** Gives back what useful work has earned. */
  earn(count: number): void {
    const { burst, most = burst } = this.#rate;
    this.#left = Math.min(most, this.#left + count);
  }
}

/** All budgets of a connection; each is made when it is first spent. */
export class Budgets {
  readonly #budgets: Partial<Record<Cheap, Budget>> = {};

  /** Spends one. Throws a connection error, ENHANCE_YOUR_CALM, where there is none (RFC 9113 §7). */
  spend(what: Cheap, now: number): void {
    const budget = this.#budgets[what] ??= new Budget(RATES[what], now);
    if (!budget.spend(now)) throw calm(what);
  }

  /** A request has ended as it should: gives back what that earns. */
  earnByEnd(): void {
    this.#budgets["reset streams"]?.earn(1);
  }

  /** A DATA frame of so many bytes was sent: gives back what that earns. */
  earnByData(length: number): void {
    const budgets = this.#budgets;
    budgets["WINDOW_UPDATE frames"]?.earn(WINDOW_UPDATES_PER_DATA + length / BYTES_PER_WINDOW_UPDATE);
    budgets["PING frames"]?.earn(1);
    if (length >= DRIBBLE_BYTES) budgets["tiny windows"]?.earn(1);
  }
}

/** The error of a peer that overdoes something. */
export function calm(what: string): Http2Error {
  return new Http2Error("connection", ErrorCode.EnhanceYourCalm, `Cannot go on as there must not be so many ${what}`);
}
