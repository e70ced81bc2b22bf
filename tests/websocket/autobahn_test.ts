/**
 * Owns the run of the Autobahn suite's cases over a connection in memory, as the server and as the client, on every split.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Role } from "../../websocket/mod.ts";
import { loadVectors, vectorTest } from "../vectors.ts";
import { converse, converseOnEverySplit, frame, hex, join, type Outcome, pieces, readFrames } from "./conversation.ts";

interface Payload {
  readonly text?: string;
  readonly hex?: string;
  readonly repeat_hex?: string;
  readonly length?: number;
}

interface Step {
  readonly frame?: { opcode: number; fin: boolean; rsv?: number; payload?: Payload; chop?: number };
  readonly message?: { binary: boolean; payload: Payload; fragment_size?: number };
  readonly close?: { code?: number; reason?: Payload };
  readonly begin_message?: { opcode: number };
  readonly begin_frame?: { length: number };
  readonly frame_data?: Payload;
}

interface Case {
  readonly id: string;
  readonly send: readonly Step[];
  readonly expected: Readonly<Record<string, readonly Expected[]>>;
  readonly close: { readonly initiated_by: string; readonly codes: readonly number[] };
}

interface Expected {
  readonly message?: Payload;
  readonly binary?: boolean;
  readonly pong?: Payload;
  readonly timeout?: string;
}

const encoder = new TextEncoder();

function octetsOf(payload: Payload | undefined): Uint8Array {
  if (payload?.text !== undefined) return encoder.encode(payload.text);
  if (payload?.hex !== undefined) return hex(payload.hex);
  const unit = hex(payload?.repeat_hex ?? "");
  return Uint8Array.from({ length: payload?.length ?? 0 }, (_, at) => unit[at % unit.length]!);
}

/** What the tester writes: all its steps, then a Close with 1000. */
function wireOf({ send, close }: Case, role: Role): Uint8Array {
  const key = role === "server" ? 0x37fa213d : null;
  const parts: Uint8Array[] = [];
  let opcode = 0;
  for (const step of send) {
    if (step.frame) {
      const { payload, rsv = 0, fin } = step.frame;
      parts.push(frame({ opcode: step.frame.opcode, fin, rsv, payload: octetsOf(payload), key }));
    } else if (step.message) {
      const payload = octetsOf(step.message.payload);
      const size = step.message.fragment_size ?? Infinity;
      const fragments = payload.length > size ? pieces(payload, size) : [payload];
      fragments.forEach((payload, at) => {
        const opcode = at > 0 ? 0 : step.message?.binary ? 2 : 1;
        parts.push(frame({ opcode, fin: at === fragments.length - 1, payload, key }));
      });
    } else if (step.close) {
      const { code, reason } = step.close;
      const payload = join([code === undefined ? hex("") : Uint8Array.of(code >> 8, code & 255), octetsOf(reason)]);
      parts.push(frame({ opcode: 8, payload, key }));
    } else if (step.begin_message) opcode = step.begin_message.opcode;
    else if (step.begin_frame) {
      const whole = frame({ opcode, payload: new Uint8Array(step.begin_frame.length), key });
      parts.push(whole.slice(0, whole.length - step.begin_frame.length)); // the header; its data follows in pieces
    } else if (step.frame_data) parts.push(masked(octetsOf(step.frame_data), parts, key));
  }
  if (close.initiated_by === "tester") parts.push(frame({ opcode: 8, payload: hex("03e8"), key }));
  return join(parts);
}

/** Data of a frame that was begun, masked from where the data before it ended. */
function masked(data: Uint8Array, parts: readonly Uint8Array[], key: number | null): Uint8Array {
  if (key === null) return data;
  const begun = parts.findLastIndex((part) => part.length >= 6 && (part[1]! & 128) !== 0);
  const offset = parts.slice(begun + 1).reduce((sum, part) => sum + part.length, 0);
  return data.map((octet, at) => octet ^ key >>> (24 - ((at + offset) & 3) * 8) & 255);
}

/** What is sent back: messages and Pongs by their octets, and the code of the Close. */
function answers({ sent }: Outcome): { readonly frames: string[]; readonly code: number | undefined } {
  const frames = readFrames(hex(sent));
  const close = frames.findIndex(({ first }) => first === 0x88);
  assertEquals(close, frames.length - 1, "a Close is the last frame");
  const { payload } = frames[close]!;
  return {
    frames: frames.slice(0, -1).map(({ first, payload }) => `${first & 15} ${payload.toHex()}`),
    code: payload.length === 0 ? undefined : payload[0]! << 8 | payload[1]!,
  };
}

function expectedFrames(list: readonly Expected[]): string[] {
  return list.filter(({ timeout }) => timeout === undefined).map(({ message, binary, pong }) =>
    pong ? `10 ${octetsOf(pong).toHex()}` : `${binary ? 2 : 1} ${octetsOf(message).toHex()}`
  );
}

/** Cases of which only the parameters are in the data: the same messages come back. */
function messagesOf({ send }: Case): string[] {
  return send.flatMap(({ frame, message }) => {
    if (message) return [`${message.binary ? 2 : 1} ${octetsOf(message.payload).toHex()}`];
    return frame && frame.opcode < 8 ? [`${frame.opcode} ${octetsOf(frame.payload).toHex()}`] : [];
  });
}

function check(test: Case, role: Role): void {
  const wire = wireOf(test, role);
  const limits = { maxMessageBytes: 16 * 2 ** 20 };
  const isLarge = wire.length > 2 ** 18;
  const outcome = isLarge
    ? converse(pieces(wire, 64 * 1024), { role, limits })
    : converseOnEverySplit(wire, { role, limits }, test.id);
  const { frames, code } = answers(outcome);
  // The data has no expectation for group 9, and leaves out what 7.1.6 lets go missing: all messages come back.
  const isEcho = test.expected["OK"] === undefined || test.id === "7.1.6";
  const expected = isEcho ? messagesOf(test) : expectedFrames(test.expected["OK"] ?? []);
  assertEquals(frames.length, expected.length, `${test.id}: ${frames.map((one) => one.slice(0, 40))}`);
  assert(frames.every((one, at) => one === expected[at]), `${test.id}: ${frames.map((one) => one.slice(0, 40))}`);
  // A Close without a code is answered so; "tester" also stands where the tester's own Close is malformed.
  assert(
    code === undefined ? outcome.events.includes("close 1005 ") : test.close.codes.includes(code),
    `${test.id}: ${code}`,
  );
}

for (const role of ["server", "client"] as const) {
  vectorTest(
    `FrameConnection passes the Autobahn suite's cases as a ${role}, strictly`,
    () => loadVectors<{ cases: Case[] }>("websocket", "autobahn.json"),
    ({ cases }) => {
      assertEquals(cases.length, 201);
      // 4 to 16 MiB take a minute, and differ in nothing from 1.
      for (const test of cases) if (wireSize(test) <= 2 ** 20) check(test, role);
    },
  );
}

function wireSize({ send }: Case): number {
  return send.reduce((sum, { frame, message }) => sum + ((frame ?? message)?.payload?.length ?? 0), 0);
}
