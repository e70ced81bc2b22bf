/**
 * Owns the tests of what many drivers do in one turn, and of text's way out of octets. Knows no socket.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Duplex } from "../../http/upgrade.ts";
import { ManualClock, Scheduler } from "../../timer/mod.ts";
import { Driver } from "../../websocket/driver.ts";
import { FrameConnection } from "../../websocket/frame_connection.ts";
import { decodeText } from "../../websocket/frame_message.ts";
import { DEFAULT_WEB_SOCKET_LIMITS, DEFAULT_WEB_SOCKET_TIMEOUTS, WebSocketError } from "../../websocket/mod.ts";
import { task } from "../net/turns.ts";
import { frame } from "./conversation.ts";

/** A clock that counts how often it is looked at. */
class CountingClock extends ManualClock {
  looks = 0;

  override now(): number {
    this.looks++;
    return super.now();
  }
}

/** Raw bytes whose reads end when the test says so, and whose writes are logged. */
class Line implements Duplex {
  readonly #name: string;
  readonly #log: string[];
  #read: { readonly into: Uint8Array; readonly settle: PromiseWithResolvers<number | null> } | undefined;
  /** What the next write throws. */
  failure: Error | undefined;

  constructor(name: string, log: string[]) {
    this.#name = name;
    this.#log = log;
  }

  /** Lets the parked read bring bytes. */
  bring(bytes: Uint8Array): void {
    const read = this.#read;
    if (read === undefined) throw new Error("Cannot bring bytes as a read must be parked");
    this.#read = undefined;
    read.into.set(bytes);
    read.settle.resolve(bytes.length);
  }

  read(into: Uint8Array): Promise<number | null> {
    const settle = Promise.withResolvers<number | null>();
    this.#read = { into, settle };
    return settle.promise;
  }

  write(from: Uint8Array): Promise<number> {
    if (this.failure !== undefined) throw this.failure;
    this.#log.push(`${this.#name} writes ${from.length}`);
    return Promise.resolve(from.length);
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}
}

/** Connections that echo, on one clock. */
function echoes(count: number, clock: ManualClock, log: string[]): Line[] {
  const scheduler = new Scheduler(clock);
  return Array.from({ length: count }, (_, index) => {
    const line = new Line(`${index}`, log);
    const core = new FrameConnection({
      role: "server",
      limits: DEFAULT_WEB_SOCKET_LIMITS,
      timeouts: DEFAULT_WEB_SOCKET_TIMEOUTS,
      now: 0,
    });
    const driver = new Driver(line, {
      core,
      scheduler,
      sink: {
        full: false,
        received: (event) => {
          log.push(`${index} reads ${event.type}`);
          if (event.type === "text") core.sendText(event.data);
        },
        drained: () => {},
        ended: () => {},
      },
    });
    driver.start();
    return line;
  });
}

const HELLO = frame({ opcode: 1, payload: "Hello" });

Deno.test("Driver reads what came to many connections in one turn, and answers then", async () => {
  const log: string[] = [];
  const lines = echoes(3, new ManualClock(), log);
  await task();
  for (const line of lines) line.bring(HELLO);
  await task();
  const reads = ["0 reads text", "1 reads text", "2 reads text"];
  const writes = ["0 writes 7", "1 writes 7", "2 writes 7"];
  assertEquals(log, [...reads, ...writes]);
  lines[1]!.bring(HELLO);
  await task();
  assertEquals(log.slice(6), ["1 reads text", "1 writes 7"]);
});

Deno.test("Driver looks at the clock once for 16 connections that something came to in one turn", async () => {
  const clock = new CountingClock();
  const lines = echoes(32, clock, []);
  await task();
  for (const [turn, count] of [[1, 1], [2, 16], [3, 32]] as const) {
    clock.advance(1_000);
    const before = clock.looks;
    for (const line of lines.slice(0, count)) line.bring(HELLO);
    await task();
    assertEquals(clock.looks - before, Math.ceil(count / 16), `turn ${turn}`);
  }
});

Deno.test("Driver: one that throws keeps no other from its answer", async () => {
  const log: string[] = [];
  const lines = echoes(3, new ManualClock(), log);
  await task();
  const told: unknown[] = [];
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    told.push(event.error);
  };
  globalThis.addEventListener("error", onError);
  const failure = new Error("no write today");
  lines[0]!.failure = failure;
  for (const line of lines) line.bring(HELLO);
  await task();
  globalThis.removeEventListener("error", onError);
  assertEquals(told, [failure]);
  assertEquals(log.slice(3), ["1 writes 7", "2 writes 7"]);
});

Deno.test("decodeText() gives what is UTF-8 as it is, and refuses the rest (RFC 6455 §8.1)", () => {
  assertEquals(decodeText(Uint8Array.fromHex("efbfbd")), "\ufffd"); // the peer's own
  assertEquals(decodeText(Uint8Array.fromHex("efbbbf61")), "\ufeffa");
  for (const octets of ["ff", "efbfbdff", "eda080", "c3", "f4908080"]) {
    assertThrows(() => decodeText(Uint8Array.fromHex(octets)), WebSocketError, "must be UTF-8");
  }
  const oracle = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const text = fc.string({ unit: "binary" }).map((value) => new TextEncoder().encode(value));
  fc.assert(fc.property(fc.oneof(text, fc.uint8Array()), (bytes) => {
    let expected: string | undefined;
    try {
      expected = oracle.decode(bytes);
    } catch {
      assertThrows(() => decodeText(bytes), WebSocketError);
    }
    if (expected !== undefined) assertEquals(decodeText(bytes), expected);
  }));
});
