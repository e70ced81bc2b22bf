/**
 * Owns the proofs of settings (RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1): first values, ranges, and entries.
 *
 * @module
 */

import { assertEquals, assertNotStrictEquals, assertThrows } from "@std/assert";
import { applySetting, initialSettings, settingEntries, SettingId, type Settings } from "../../http2/mod.ts";
import { refusalOf } from "./frames.ts";

/** The first values, as the sections state them. */
const INITIAL: Settings = {
  headerTableSize: 4096,
  enablePush: true,
  maxConcurrentStreams: Infinity,
  initialWindowSize: 65_535,
  maxFrameSize: 16_384,
  maxHeaderListSize: Infinity,
  enableConnectProtocol: false,
  noRfc7540Priorities: false,
};

Deno.test("initialSettings gives the first values, in an object of the caller's own (§6.5.2)", () => {
  const settings = initialSettings();
  assertEquals(settings, INITIAL);
  assertNotStrictEquals(initialSettings(), settings);
});

const MAX = 2 ** 32 - 1;

/** Values that are taken: `[id, value, what they change]`. */
const TAKEN: readonly (readonly [id: number, value: number, change: Partial<Settings>])[] = [
  [SettingId.HeaderTableSize, 0, { headerTableSize: 0 }],
  [SettingId.HeaderTableSize, MAX, { headerTableSize: MAX }],
  [SettingId.EnablePush, 0, { enablePush: false }],
  [SettingId.MaxConcurrentStreams, 0, { maxConcurrentStreams: 0 }],
  [SettingId.MaxConcurrentStreams, MAX, { maxConcurrentStreams: MAX }],
  [SettingId.InitialWindowSize, 0, { initialWindowSize: 0 }],
  [SettingId.InitialWindowSize, 2 ** 31 - 1, { initialWindowSize: 2 ** 31 - 1 }],
  [SettingId.MaxFrameSize, 2 ** 14, { maxFrameSize: 2 ** 14 }],
  [SettingId.MaxFrameSize, 2 ** 24 - 1, { maxFrameSize: 2 ** 24 - 1 }],
  [SettingId.MaxHeaderListSize, 0, { maxHeaderListSize: 0 }],
  [SettingId.MaxHeaderListSize, MAX, { maxHeaderListSize: MAX }],
  [SettingId.EnableConnectProtocol, 0, {}],
  [SettingId.EnableConnectProtocol, 1, { enableConnectProtocol: true }],
  [SettingId.NoRfc7540Priorities, 0, {}],
  [SettingId.NoRfc7540Priorities, 1, { noRfc7540Priorities: true }],
  [0x0, 1, {}],
  [0x7, MAX, {}],
  [0xa, 1, {}],
  [0xffff, MAX, {}],
];

for (const [id, value, change] of TAKEN) {
  Deno.test(`applySetting takes ${value} for 0x${id.toString(16)} from both sides, and changes nothing else`, () => {
    for (const sender of ["server", "client"] as const) {
      const settings = initialSettings();
      applySetting(settings, id, value, sender);
      assertEquals(settings, { ...INITIAL, ...change });
    }
  });
}

/** Values that are refused: `[id, value, code, the message]`, after a setting that came before. */
const REFUSED: readonly (readonly [id: number, value: number, code: string, message: string, before?: number])[] = [
  [SettingId.EnablePush, 2, "PROTOCOL_ERROR", "SETTINGS_ENABLE_PUSH as it must be 0 to 1: received 2"],
  [
    SettingId.InitialWindowSize,
    2 ** 31,
    "FLOW_CONTROL_ERROR",
    "SETTINGS_INITIAL_WINDOW_SIZE as it must be 0 to 2147483647: received 2147483648",
  ],
  [
    SettingId.MaxFrameSize,
    2 ** 14 - 1,
    "PROTOCOL_ERROR",
    "SETTINGS_MAX_FRAME_SIZE as it must be 16384 to 16777215: received 16383",
  ],
  [
    SettingId.MaxFrameSize,
    2 ** 24,
    "PROTOCOL_ERROR",
    "SETTINGS_MAX_FRAME_SIZE as it must be 16384 to 16777215: received 16777216",
  ],
  [
    SettingId.EnableConnectProtocol,
    2,
    "PROTOCOL_ERROR",
    "SETTINGS_ENABLE_CONNECT_PROTOCOL as it must be 0 to 1: received 2",
  ],
  [
    SettingId.EnableConnectProtocol,
    0,
    "PROTOCOL_ERROR",
    "SETTINGS_ENABLE_CONNECT_PROTOCOL as it must be 1: received 0",
    1,
  ],
  [
    SettingId.NoRfc7540Priorities,
    2,
    "PROTOCOL_ERROR",
    "SETTINGS_NO_RFC7540_PRIORITIES as it must be 0 to 1: received 2",
  ],
  [SettingId.NoRfc7540Priorities, 0, "PROTOCOL_ERROR", "SETTINGS_NO_RFC7540_PRIORITIES as it must be 1: received 0", 1],
];

for (const [id, value, code, message, before] of REFUSED) {
  Deno.test(`applySetting refuses ${message}${before === undefined ? "" : ` after ${before}`}`, () => {
    const settings = initialSettings();
    if (before !== undefined) applySetting(settings, id, before, "client");
    const unchanged = { ...settings };
    const error = refusalOf(() => applySetting(settings, id, value, "client"));
    assertEquals(error, { scope: "connection", code, streamId: 0, message: `Cannot apply ${message}` });
    assertEquals(settings, unchanged);
  });
}

Deno.test("applySetting lets a client allow push, and no server (§6.5.2)", () => {
  const settings = initialSettings();
  applySetting(settings, SettingId.EnablePush, 0, "client");
  applySetting(settings, SettingId.EnablePush, 1, "client");
  assertEquals(settings.enablePush, true);
  const error = refusalOf(() => applySetting(settings, SettingId.EnablePush, 1, "server"));
  assertEquals(error?.code, "PROTOCOL_ERROR");
  assertEquals(error?.message, "Cannot apply SETTINGS_ENABLE_PUSH as it must be 0: received 1");
});

Deno.test("settingEntries gives all that is told in the order of identifiers, and leaves out what has no bound", () => {
  assertEquals(settingEntries({}), []);
  assertEquals(settingEntries(initialSettings()), [[1, 4096], [2, 1], [4, 65_535], [5, 16_384], [8, 0], [9, 0]]);
  const told: Settings = {
    noRfc7540Priorities: true,
    enableConnectProtocol: true,
    maxHeaderListSize: 6,
    maxFrameSize: 16_385,
    initialWindowSize: 4,
    maxConcurrentStreams: 3,
    enablePush: false,
    headerTableSize: 1,
  };
  assertEquals(settingEntries(told), [[1, 1], [2, 0], [3, 3], [4, 4], [5, 16_385], [6, 6], [8, 1], [9, 1]]);
});

Deno.test("settingEntries and applySetting agree", () => {
  const told: Settings = {
    headerTableSize: MAX,
    enablePush: false,
    maxConcurrentStreams: 0,
    initialWindowSize: 2 ** 31 - 1,
    maxFrameSize: 2 ** 24 - 1,
    maxHeaderListSize: 1,
    enableConnectProtocol: true,
    noRfc7540Priorities: true,
  };
  const settings = initialSettings();
  for (const [id, value] of settingEntries(told)) applySetting(settings, id, value, "server");
  assertEquals(settings, told);
});

/** What nobody can be told. */
const UNSENDABLE: readonly (readonly [settings: Partial<Settings>, message: string])[] = [
  [{ headerTableSize: -1 }, "headerTableSize must be an integer of 0 to 4294967295: received -1"],
  [{ headerTableSize: Infinity }, "headerTableSize must be an integer of 0 to 4294967295: received Infinity"],
  [{ maxConcurrentStreams: 1.5 }, "maxConcurrentStreams must be an integer of 0 to 4294967295: received 1.5"],
  [{ maxConcurrentStreams: -Infinity }, "maxConcurrentStreams must be"],
  [{ initialWindowSize: 2 ** 31 }, "initialWindowSize must be an integer of 0 to 2147483647: received 2147483648"],
  [{ initialWindowSize: Infinity }, "initialWindowSize must be"],
  [{ maxFrameSize: 16_383 }, "maxFrameSize must be an integer of 16384 to 16777215: received 16383"],
  [{ maxFrameSize: 2 ** 24 }, "maxFrameSize must be"],
  [{ maxHeaderListSize: NaN }, "maxHeaderListSize must be an integer of 0 to 4294967295: received NaN"],
];

for (const [settings, message] of UNSENDABLE) {
  Deno.test(`settingEntries refuses as ${message}`, () => {
    assertThrows(() => settingEntries(settings), RangeError, `Cannot send settings as ${message}`);
  });
}
