/**
 * Owns the payload of a Close frame (RFC 6455 §5.5.1): reading and writing it. Knows no connection.
 *
 * @module
 */

import { MAX_CONTROL_PAYLOAD } from "./frame.ts";
import { badPayload, CloseCode, isCloseCode, violation } from "./frame_error.ts";
import { decodeText } from "./frame_message.ts";

/** Longest reason of a Close, in bytes: the code takes two. */
export const MAX_REASON = MAX_CONTROL_PAYLOAD - 2;

const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();

/**
 * Reads what a Close says; the code is 1005 where there is none.
 *
 * @throws {WebSocketError} If the code is not one to be sent, or the reason not UTF-8.
 */
export function readClose(payload: Uint8Array): { readonly code: number; readonly reason: string } {
  if (payload.length === 0) return { code: CloseCode.NoStatusReceived, reason: "" };
  if (payload.length === 1) throw violation("Cannot read Close frame as its code must be of two bytes");
  const code = payload[0]! << 8 | payload[1]!;
  if (!isCloseCode(code)) {
    throw violation(`Cannot read Close frame as its code must be one to be sent: received ${code}`);
  }
  try {
    return { code, reason: decodeText(payload.subarray(2)) };
  } catch (cause) {
    throw badPayload("Cannot read Close frame as its reason must be UTF-8", cause);
  }
}

/**
 * Writes what a Close says.
 *
 * @throws {RangeError} If the code may not be sent, or the reason is longer than 123 bytes or has no code.
 */
export function closePayload(code: number | undefined, reason: string): Uint8Array {
  const text = encoder.encode(reason);
  if (text.length > MAX_REASON) {
    throw new RangeError(
      `Cannot close as 'reason' must be at most ${MAX_REASON} bytes of UTF-8: received ${text.length}`,
    );
  }
  if (code === undefined) {
    if (text.length > 0) throw new RangeError("Cannot close as 'reason' must come with a code");
    return NO_BYTES;
  }
  if (!Number.isInteger(code) || !isCloseCode(code)) {
    throw new RangeError(
      `Cannot close as 'code' must be 1000 to 1014 as registered, or 3000 to 4999: received ${code}`,
    );
  }
  const payload = new Uint8Array(2 + text.length);
  payload[0] = code >>> 8;
  payload[1] = code;
  payload.set(text, 2);
  return payload;
}
