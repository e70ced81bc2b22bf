/**
 * Owns what SETTINGS mean (RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1): their numbers, first values and ranges. Knows not
 * when they come into force.
 *
 * @module
 */

import { ErrorCode, Http2Error } from "./error.ts";
import { DEFAULT_FRAME_SIZE, DEFAULT_WINDOW, MAX_FRAME_SIZE, MAX_WINDOW } from "./frame.ts";

/** The identifiers of settings (RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1). */
export const SettingId = {
  /** SETTINGS_HEADER_TABLE_SIZE. */
  HeaderTableSize: 0x1,
  /** SETTINGS_ENABLE_PUSH. */
  EnablePush: 0x2,
  /** SETTINGS_MAX_CONCURRENT_STREAMS. */
  MaxConcurrentStreams: 0x3,
  /** SETTINGS_INITIAL_WINDOW_SIZE. */
  InitialWindowSize: 0x4,
  /** SETTINGS_MAX_FRAME_SIZE. */
  MaxFrameSize: 0x5,
  /** SETTINGS_MAX_HEADER_LIST_SIZE. */
  MaxHeaderListSize: 0x6,
  /** SETTINGS_ENABLE_CONNECT_PROTOCOL. */
  EnableConnectProtocol: 0x8,
  /** SETTINGS_NO_RFC7540_PRIORITIES. */
  NoRfc7540Priorities: 0x9,
} as const;
/** One of the identifiers of settings that are known here; a peer may send others. */
export type SettingId = typeof SettingId[keyof typeof SettingId];

/** What one side has told the other: how it is to be spoken to. */
export interface Settings {
  /** The most that the encoder's dynamic table may have, 0 to 2^32 - 1 bytes. */
  headerTableSize: number;
  /** Whether a server may push. */
  enablePush: boolean;
  /** How many streams the other side may have open, 0 to 2^32 - 1; `Infinity` where that was not told. */
  maxConcurrentStreams: number;
  /** The window that each stream begins with, 0 to 2^31 - 1 bytes. */
  initialWindowSize: number;
  /** The largest payload of a frame, 2^14 to 2^24 - 1 bytes. */
  maxFrameSize: number;
  /** The largest field section, 0 to 2^32 - 1 bytes as RFC 9113 §6.5.2 counts; `Infinity` where that was not told. */
  maxHeaderListSize: number;
  /** Whether extended CONNECT may be used (RFC 8441). */
  enableConnectProtocol: boolean;
  /** Whether the priorities of RFC 7540 are ignored (RFC 9218 §2.1). */
  noRfc7540Priorities: boolean;
}

/** Gives the values before anything was told (RFC 9113 §6.5.2), in an object of the caller's own. */
export function initialSettings(): Settings {
  return {
    headerTableSize: 4096,
    enablePush: true,
    maxConcurrentStreams: Infinity,
    initialWindowSize: DEFAULT_WINDOW,
    maxFrameSize: DEFAULT_FRAME_SIZE,
    maxHeaderListSize: Infinity,
    enableConnectProtocol: false,
    noRfc7540Priorities: false,
  };
}

/**
 * Puts one entry of a SETTINGS frame from `sender` into `settings`; an identifier that isn't known changes nothing.
 *
 * Throws an {@linkcode Http2Error} for the connection: FLOW_CONTROL_ERROR for a window above 2^31 - 1, PROTOCOL_ERROR for any
 * other value that is out of its range, for a server that enables push (RFC 9113 §6.5.2), and for taking back extended
 * CONNECT (RFC 8441 §3) or the word on priorities (RFC 9218 §2.1.1).
 *
 * @example
 * ```ts
 * import { applySetting, initialSettings, SettingId } from "@avx/http/http2";
 *
 * const settings = initialSettings();
 * applySetting(settings, SettingId.MaxFrameSize, 65_536, "client");
 * console.assert(settings.maxFrameSize === 65_536);
 * ```
 */
export function applySetting(settings: Settings, id: number, value: number, sender: "server" | "client"): void {
  switch (id) {
    case SettingId.HeaderTableSize:
      settings.headerTableSize = value;
      return;
    case SettingId.EnablePush:
      check("SETTINGS_ENABLE_PUSH", value, 0, sender === "server" ? 0 : 1);
      settings.enablePush = value === 1;
      return;
    case SettingId.MaxConcurrentStreams:
      settings.maxConcurrentStreams = value;
      return;
    case SettingId.InitialWindowSize:
      check("SETTINGS_INITIAL_WINDOW_SIZE", value, 0, MAX_WINDOW, ErrorCode.FlowControlError);
      settings.initialWindowSize = value;
      return;
    case SettingId.MaxFrameSize:
      check("SETTINGS_MAX_FRAME_SIZE", value, DEFAULT_FRAME_SIZE, MAX_FRAME_SIZE);
      settings.maxFrameSize = value;
      return;
    case SettingId.MaxHeaderListSize:
      settings.maxHeaderListSize = value;
      return;
    case SettingId.EnableConnectProtocol:
      check("SETTINGS_ENABLE_CONNECT_PROTOCOL", value, settings.enableConnectProtocol ? 1 : 0, 1);
      settings.enableConnectProtocol = value === 1;
      return;
    case SettingId.NoRfc7540Priorities:
      check("SETTINGS_NO_RFC7540_PRIORITIES", value, settings.noRfc7540Priorities ? 1 : 0, 1);
      settings.noRfc7540Priorities = value === 1;
  }
}

function check(name: string, value: number, least: number, most: number, code: number = ErrorCode.ProtocolError): void {
  if (value >= least && value <= most) return;
  const must = least === most ? `${least}` : `${least} to ${most}`;
  throw new Http2Error("connection", code, `Cannot apply ${name} as it must be ${must}: received ${value}`);
}

const MAX_UINT32 = 2 ** 32 - 1;

/**
 * Gives settings as the entries of a SETTINGS frame; a limit of `Infinity` is left out, as not to tell it means the same.
 *
 * Throws a `RangeError` where a number is not an integer of its range.
 *
 * @example
 * ```ts
 * import { settingEntries } from "@avx/http/http2";
 *
 * console.assert(settingEntries({ enablePush: false, maxConcurrentStreams: 100 }).join(" ") === "2,0 3,100");
 * ```
 */
export function settingEntries(settings: Partial<Settings>): [id: number, value: number][] {
  const entries: [id: number, value: number][] = [];
  for (const [key, id, least, most] of ENTRIES) {
    const value = settings[key];
    if (value === undefined || (value === Infinity && UNTOLD[key] === Infinity)) continue;
    const number = Number(value);
    if (!(Number.isInteger(number) && number >= least && number <= most)) {
      throw new RangeError(
        `Cannot send settings as ${key} must be an integer of ${least} to ${most}: received ${value}`,
      );
    }
    entries.push([id, number]);
  }
  return entries;
}

const UNTOLD: Readonly<Settings> = initialSettings();

/** The settings in the order of their identifiers, with their ranges. */
const ENTRIES: readonly (readonly [key: keyof Settings, id: SettingId, least: number, most: number])[] = [
  ["headerTableSize", SettingId.HeaderTableSize, 0, MAX_UINT32],
  ["enablePush", SettingId.EnablePush, 0, 1],
  ["maxConcurrentStreams", SettingId.MaxConcurrentStreams, 0, MAX_UINT32],
  ["initialWindowSize", SettingId.InitialWindowSize, 0, MAX_WINDOW],
  ["maxFrameSize", SettingId.MaxFrameSize, DEFAULT_FRAME_SIZE, MAX_FRAME_SIZE],
  ["maxHeaderListSize", SettingId.MaxHeaderListSize, 0, MAX_UINT32],
  ["enableConnectProtocol", SettingId.EnableConnectProtocol, 0, 1],
  ["noRfc7540Priorities", SettingId.NoRfc7540Priorities, 0, 1],
];
