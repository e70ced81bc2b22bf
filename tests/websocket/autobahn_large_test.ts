/**
 * Owns the whole of the Autobahn suite's group 9 by its parameters (the recorded cases are but some of it): messages up to
 * 16 MiB, in one frame, in fragments, in writes of few octets, and many small ones. Knows nothing of how they are kept.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type FrameConnection, Opcode, type Role } from "../../websocket/mod.ts";
import { MessageAssembly } from "../../websocket/frame_message.ts";
import { connectionOf, frame, join } from "./conversation.ts";

/** The key of a client that `connectionOf` made. */
const CLIENT_KEY = 0x0a0b0c0d;
const TESTER_KEY = 0x37fa213d;
const KIB = 1024;
const MIB = 1024 * KIB;

interface Case {
  /** The suite's name, `t` standing for 1 to 6 or 1 to 9; texts are in the first group, octets in the second. */
  readonly groups: readonly [text: string, binary: string];
  readonly sizes: readonly number[];
  readonly count?: number;
  /** The payload's length where not `sizes` say it, and what they are then. */
  readonly total?: number;
  readonly sizesAre?: "fragments" | "writes";
}

const CASES: readonly Case[] = [
  { groups: ["9.1", "9.2"], sizes: [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB] },
  {
    groups: ["9.3", "9.4"],
    sizes: [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB],
    total: 4 * MIB,
    sizesAre: "fragments",
  },
  { groups: ["9.5", "9.6"], sizes: [64, 128, 256, 512, KIB, 2 * KIB], total: MIB, sizesAre: "writes" },
  { groups: ["9.7", "9.8"], sizes: [0, 16, 64, 256, KIB, 4 * KIB], count: 1000 },
];

/** Octets that are UTF-8 of each length of a character; or any. */
function payloadOf(length: number, isText: boolean): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length).fill(0x78);
  const unit = isText ? new TextEncoder().encode("xä€𐐷") : Uint8Array.from({ length: 251 }, (_, at) => at);
  for (let at = 0; at + unit.length <= length; at += unit.length) bytes.set(unit, at);
  return bytes;
}

/** A message as the tester writes it, in fragments of so many octets. */
function written(payload: Uint8Array, opcode: Opcode, most: number, key: number | null): Uint8Array {
  if (payload.length <= most) return frame({ opcode, payload, key });
  const parts: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += most) {
    const part = payload.subarray(at, at + most);
    parts.push(frame({ opcode: at === 0 ? opcode : 0, fin: at + most >= payload.length, payload: part, key }));
  }
  return join(parts);
}

/** What is sent back, whole frames of it looked at as they come: all must be the same message. */
class Answers {
  count = 0;
  readonly #first: number;
  readonly #payload: Uint8Array;
  readonly #header: Uint8Array;
  readonly #key: number;
  #at = 0;

  constructor(payload: Uint8Array, opcode: Opcode, key: number | null) {
    this.#first = 0x80 | opcode;
    this.#payload = payload;
    const whole = frame({ opcode, payload: new Uint8Array(payload.length), key });
    this.#header = whole.slice(0, whole.length - payload.length); // the octets that nothing masks
    this.#key = key ?? 0;
  }

  take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const header = this.#header;
      for (; this.#at < header.length && at < bytes.length; at++) this.#check(bytes[at]!, header[this.#at]!);
      const payload = this.#payload;
      for (; this.#at >= header.length && this.#at < header.length + payload.length && at < bytes.length; at++) {
        const index = this.#at - header.length;
        this.#check(bytes[at]!, payload[index]! ^ (this.#key >>> (24 - ((index & 3) << 3)) & 0xff));
      }
      if (this.#at < header.length + payload.length) return;
      this.#at = 0;
      this.count++;
    }
  }

  #check(octet: number, expected: number): void {
    if (octet !== expected) {
      throw new Error(`octet ${this.#at} of answer ${this.count} (${this.#first}) is ${octet}, not ${expected}`);
    }
    this.#at++;
  }
}

/** Reads all of `bytes`, echoes, and looks at what is sent. */
function feed(connection: FrameConnection, bytes: Uint8Array, answers: Answers): number {
  let at = 0;
  for (;;) {
    at += connection.receive(bytes, at, bytes.length, 0);
    const event = connection.takeEvent();
    if (event === undefined) return at;
    if (event.type === "text") connection.sendText(event.data);
    else if (event.type === "binary") connection.sendBinary(event.data);
    else throw new Error(`a ${event.type} came: ${Deno.inspect(event)}`);
    for (let view = connection.takeOutput(0); view !== undefined; view = connection.takeOutput(0)) {
      answers.take(view);
      connection.sent(view.length, 0);
    }
  }
}

interface Run {
  readonly payload: Uint8Array;
  readonly opcode: Opcode;
  readonly count: number;
  readonly fragments: number;
  readonly writes: number;
}

function run(role: Role, { payload, opcode, count, fragments, writes }: Run, name: string): void {
  const limits = { maxMessageBytes: 16 * MIB, maxFrameBytes: 16 * MIB };
  const connection = connectionOf({ role, limits });
  const answers = new Answers(payload, opcode, role === "client" ? CLIENT_KEY : null);
  const wire = written(payload, opcode, fragments, role === "server" ? TESTER_KEY : null);
  for (let turn = 0; turn < count; turn++) {
    const own = turn === count - 1 ? wire : wire.slice(); // it is unmasked where it is
    let start = 0;
    for (let end = 0; end < own.length;) {
      end = Math.min(own.length, end + writes);
      start += feed(connection, own.subarray(start, end), answers);
    }
    assertEquals(start, own.length, name);
  }
  assertEquals([answers.count, connection.phase], [count, "open"], name);
}

for (const role of ["server", "client"] as const) {
  for (const { groups, sizes, count = 1, total, sizesAre } of CASES) {
    groups.forEach((group, at) => {
      Deno.test(`FrameConnection passes Autobahn's ${group}.1 to ${group}.${sizes.length} as a ${role}`, () => {
        const isText = at === 0;
        for (const [index, size] of sizes.entries()) {
          const payload = payloadOf(total ?? size, isText);
          const fragments = sizesAre === "fragments" ? size : Infinity;
          const writes = sizesAre === "writes" ? size : 64 * KIB;
          const opcode = isText ? Opcode.Text : Opcode.Binary;
          run(role, { payload, opcode, count, fragments, writes }, `${group}.${index + 1}`);
        }
      });
    });
  }
}

Deno.test("the answers of these cases are looked at octet by octet", () => {
  const answers = new Answers(payloadOf(300, true), Opcode.Text, null);
  const right = frame({ opcode: 1, payload: payloadOf(300, true), key: null });
  answers.take(right.subarray(0, 2));
  answers.take(right.subarray(2));
  assertEquals(answers.count, 1);
  const wrong = right.slice();
  wrong[200]! ^= 1;
  let said = "";
  try {
    answers.take(wrong);
  } catch (error) {
    said = String(error);
  }
  assert(said.includes("octet 200 of answer 1"), said);
});

Deno.test("a message in many small fragments is moved to larger memory as often as its length doubles, not each time", () => {
  const capacities = new Set<number>();
  for (let count = 1; count <= 400; count++) {
    const message = new MessageAssembly(MIB);
    for (let at = 0; at < count; at++) {
      message.announce({ opcode: at === 0 ? Opcode.Binary : Opcode.Continuation, rsv1: false, fin: false, length: 64 });
      message.add(new Uint8Array(64), 0, 64);
    }
    const { length, buffer } = message.take();
    assertEquals(length, 64 * count);
    assert(buffer.byteLength <= 2 * length, `${buffer.byteLength} for ${length}`);
    capacities.add(buffer.byteLength);
  }
  assert(capacities.size <= 12, [...capacities].join());
});
