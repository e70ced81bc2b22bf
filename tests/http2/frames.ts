/**
 * Owns what the tests of frames read bytes with: all frames of a stream of bytes as plain data, however the bytes arrive.
 * Must not know what a frame means.
 *
 * @module
 */

import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { errorCodeName, type Frame, Http2Error, readFrame } from "../../http2/mod.ts";

/** An error of a frame as plain data. */
export interface Refusal {
  readonly scope: string;
  readonly code: string;
  readonly streamId: number;
  readonly message: string;
}

/** What came of bytes: frames with bytes as hexadecimal digits, how many bytes they took, and the error that ended it. */
export interface Outcome {
  readonly frames: readonly unknown[];
  readonly used: number;
  readonly error?: Refusal;
}

/** Gives a frame with the bytes in it as hexadecimal digits. */
export function plain(frame: Frame): unknown {
  return Object.fromEntries(
    Object.entries(frame).map(([key, value]) => [key, value instanceof Uint8Array ? value.toHex() : value]),
  );
}

/** Runs `read` and gives its error, which must be an {@linkcode Http2Error} whose parts agree. */
export function refusalOf(read: () => unknown): Refusal | undefined {
  try {
    read();
  } catch (error) {
    assertInstanceOf(error, Http2Error);
    const { scope, code, streamId, message, status, name } = error;
    assertEquals([name, status, scope === "stream"], ["Http2Error", 400, streamId !== 0]);
    return { scope, code: errorCodeName(code), streamId, message };
  }
  return undefined;
}

/** Reads frames from `start` on until there are no more, or one is refused. */
export function readFrom(bytes: Uint8Array, start: number): Outcome {
  const frames: unknown[] = [];
  let at = start;
  const error = refusalOf(() => {
    for (let read = readFrame(bytes, at); read !== undefined; read = readFrame(bytes, at)) {
      frames.push(plain(read.value));
      at += read.used;
    }
  });
  return error === undefined ? { frames, used: at - start } : { frames, used: at - start, error };
}

/**
 * Reads frames whole, within other bytes, and byte by byte; all must be the same.
 */
export function readEveryWay(bytes: Uint8Array): Outcome {
  const outcome = readFrom(bytes, 0);
  const within = new Uint8Array(bytes.length + 7).fill(0xff);
  within.set(bytes, 7);
  assertEquals(readFrom(within, 7), outcome);
  assertEquals(readDripping(bytes), outcome);
  return outcome;
}

function readDripping(bytes: Uint8Array): Outcome {
  const frames: unknown[] = [];
  let used = 0;
  for (let end = 0; end <= bytes.length; end++) {
    const { frames: more, used: behind, error } = readFrom(bytes.slice(used, end), 0);
    frames.push(...more);
    used += behind;
    if (error !== undefined) return { frames, used, error };
  }
  return { frames, used };
}

/** Cuts a frame's bytes at each offset, alone and behind other bytes: nothing before its end is a frame. */
export function assertEveryCut(bytes: Uint8Array): void {
  const behind = new Uint8Array(40 + bytes.length).fill(0xff);
  behind.set(bytes, 40);
  for (let end = 0; end < bytes.length; end++) {
    assertStrictEquals(readFrame(bytes.subarray(0, end), 0), undefined);
    assertStrictEquals(readFrame(behind.subarray(0, 40 + end), 40), undefined);
  }
}

/** Gives bytes of hexadecimal digits; spaces don't count. */
export function hex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(digits.replaceAll(" ", ""));
}
