/**
 * Owns the fuzz targets of websocket/: frames for a connection that echoes, with and without compression, and fields of
 * the handshake.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { acceptDeflate, offerDeflate, parseExtensions } from "../../websocket/mod.ts";
import { PerMessageDeflate } from "../../websocket/deflate.ts";
import { readProtocols } from "../../websocket/handshake.ts";
import { converse, frame, hex, join } from "../websocket/conversation.ts";
import type { FuzzTarget, Random } from "./target.ts";

const latin1 = (bytes: Uint8Array) => String.fromCharCode(...bytes);

/** Frames, right and wrong, by a client. */
const FRAMES = [
  frame({ opcode: 1, payload: "Hello" }),
  frame({ opcode: 1, fin: false, payload: "Hel" }),
  frame({ opcode: 0, payload: "lo" }),
  frame({ opcode: 0, fin: false }),
  frame({ opcode: 2, payload: new Uint8Array(130) }),
  frame({ opcode: 2, payload: new Uint8Array(70_000) }).slice(0, 200),
  frame({ opcode: 9, payload: "ping" }),
  frame({ opcode: 10 }),
  frame({ opcode: 8, payload: hex("03e8") }),
  frame({ opcode: 8 }),
  frame({ opcode: 1, rsv: 4, payload: hex("f248cdc9c90700") }),
  frame({ opcode: 1, rsv: 4, fin: false, payload: hex("f248cd") }),
  frame({ opcode: 0, payload: hex("c9c90700") }),
  frame({ opcode: 1, rsv: 4, payload: hex("f200110000") }),
  frame({ opcode: 1, rsv: 4, payload: hex("f348cdc9c9070000") }),
  frame({ opcode: 1, payload: hex("e282") }),
  hex("82ff0000000000100001"),
  hex("81fe007e"),
];

const PARAMETERS = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};

/** Feeds the input whole and in pieces: the same must come of it, no message may pass the limit, the error is the last. */
function runFrames(input: Uint8Array, random: Random): void {
  const compressed = random.below(2) === 1;
  const parameters = { ...PARAMETERS, clientNoContextTakeover: random.below(2) === 1 };
  const maxMessageBytes = random.pick([10, 1000, 100_000]);
  const options = {
    limits: { maxMessageBytes },
    ...compressed && {
      compression: () =>
        new PerMessageDeflate({ role: "server", parameters, settings: { level: 1, memLevel: 8, threshold: 0 } }),
    },
  };
  const whole = converse([input], options);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < input.length;) {
    const end = at + 1 + random.below(random.pick([2, 40, 5000]));
    parts.push(input.subarray(at, end));
    at = end;
  }
  assertEquals(converse(parts, options), whole);
  for (const event of whole.events) {
    if (event.startsWith("binary ")) assert(event.length - 7 <= 2 * maxMessageBytes, "a message passes the limit");
  }
  const error = whole.events.findIndex((event) => event.startsWith("error "));
  assert(
    error < 0 || (error === whole.events.length - 1 && whole.phase === "failed"),
    "something comes behind an error",
  );
}

const FIELDS = [
  "permessage-deflate",
  "; server_no_context_takeover",
  "; client_no_context_takeover",
  "; server_max_window_bits=10",
  '; client_max_window_bits="15"',
  "; client_max_window_bits",
  ", ",
  "x-other;a=b",
  "chat, superchat",
];

/** Reads the input as the handshake's lists: what is agreed on is in the range, and what was written is read again. */
function runFields(input: Uint8Array): void {
  const value = latin1(input.subarray(0, 2000));
  assert(
    readProtocols(value)?.every((protocol) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(protocol)) !== false,
    "no token",
  );
  const agreed = acceptDeflate(parseExtensions(value) ?? [], {});
  if (agreed === undefined) return;
  const { serverMaxWindowBits, clientMaxWindowBits } = agreed.parameters;
  assert([serverMaxWindowBits, clientMaxWindowBits].every((bits) => bits >= 8 && bits <= 15), "out of its range");
  assertEquals(acceptDeflate(parseExtensions(agreed.field)!, {})?.field, agreed.field);
  assertEquals(acceptDeflate(parseExtensions(offerDeflate(agreed.parameters))!, {})?.parameters, agreed.parameters);
}

/** The fuzz targets of websocket/. */
export const targets: readonly FuzzTarget[] = [
  {
    name: "websocket",
    words: FRAMES.map(latin1),
    corpus: () => [join(FRAMES.slice(0, 4)), join(FRAMES.slice(4, 9)), join(FRAMES.slice(10, 14)), ...FRAMES],
    run: runFrames,
  },
  {
    name: "websocket-fields",
    words: FIELDS,
    corpus: () => [FIELDS.slice(0, 6).join(""), FIELDS.slice(6).join("")].map((text) => new TextEncoder().encode(text)),
    run: runFields,
  },
];
