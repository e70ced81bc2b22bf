/**
 * Owns frames made by hand, and the run of an echoing connection over bytes that are cut in every way. Decides nothing
 * itself.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  DEFAULT_WEB_SOCKET_LIMITS,
  DEFAULT_WEB_SOCKET_TIMEOUTS,
  FrameConnection,
  type FrameEvent,
  type MessageCompression,
  type Role,
  type WebSocketLimits,
  type WebSocketTimeouts,
} from "../../websocket/mod.ts";

const encoder = new TextEncoder();

/** A frame as a test wants it, right or wrong. */
export interface TestFrame {
  readonly opcode: number;
  readonly fin?: boolean;
  /** RSV1 to RSV3 as a number: RSV1 is 4. */
  readonly rsv?: number;
  readonly payload?: string | Uint8Array;
  /** The masking key; `null` for none. */
  readonly key?: number | null;
}

/** Writes a frame octet by octet; masked unless told otherwise, as a client's. */
export function frame(
  { opcode, fin = true, rsv = 0, payload = "", key = 0x01020304 }: TestFrame,
): Uint8Array<ArrayBuffer> {
  const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
  const { length } = bytes;
  const head = [(fin ? 0x80 : 0) | rsv << 4 | opcode];
  const masked = key === null ? 0 : 0x80;
  if (length < 126) head.push(masked | length);
  else if (length < 65536) head.push(masked | 126, length >> 8, length & 255);
  else head.push(masked | 127, 0, 0, 0, 0, length >>> 24, length >>> 16 & 255, length >>> 8 & 255, length & 255);
  const octets = [24, 16, 8, 0].map((shift) => (key ?? 0) >>> shift & 255);
  if (key !== null) head.push(...octets);
  return join([Uint8Array.from(head), bytes.map((octet, at) => octet ^ octets[at & 3]!)]);
}

/** Joins bytes. */
export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Reads hex, blanks left out. */
export function hex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(digits.replaceAll(" ", ""));
}

/** The frames that a connection has sent, their payload in plain. */
export function readFrames(bytes: Uint8Array): { first: number; payload: Uint8Array<ArrayBuffer> }[] {
  const frames = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at]!;
    const second = bytes[at + 1]!;
    const short = second & 127;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const length = short < 126 ? short : short === 126 ? view.getUint16(at + 2) : Number(view.getBigUint64(at + 2));
    at += 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
    const key = second & 128 ? bytes.slice(at, at += 4) : new Uint8Array(4);
    assert(at + length <= bytes.length, "half a frame was sent");
    frames.push({ first, payload: bytes.slice(at, at += length).map((octet, index) => octet ^ key[index & 3]!) });
  }
  return frames;
}

/** What a connection is made with in a test. */
export interface TestOptions {
  readonly role?: Role;
  readonly limits?: Partial<WebSocketLimits>;
  readonly timeouts?: Partial<WebSocketTimeouts>;
  readonly compression?: () => MessageCompression;
  readonly fragmentBytes?: number;
}

/** Makes a connection at the time 0; a client's keys are made up. */
export function connectionOf(options: TestOptions = {}): FrameConnection {
  const { role = "server", compression, fragmentBytes } = options;
  return new FrameConnection({
    role,
    limits: { ...DEFAULT_WEB_SOCKET_LIMITS, ...options.limits },
    timeouts: { ...DEFAULT_WEB_SOCKET_TIMEOUTS, ...options.timeouts },
    now: 0,
    nextKey: () => 0x0a0b0c0d,
    compression: compression?.(),
    fragmentBytes,
  });
}

/** What came of a conversation with a connection that echoes. */
export interface Outcome {
  /** What happened, binary data as hex. */
  readonly events: readonly string[];
  /** What was sent, as hex. */
  readonly sent: string;
  readonly phase: string;
}

/** Takes all output. */
export function drain(connection: FrameConnection, now = 0): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  for (let view = connection.takeOutput(now); view !== undefined; view = connection.takeOutput(now)) {
    parts.push(view.slice());
    connection.sent(view.length, now);
  }
  return join(parts);
}

function describe(event: FrameEvent): string {
  switch (event.type) {
    case "text":
      return `text ${event.data}`;
    case "close":
      return `close ${event.code} ${event.reason}`;
    case "error":
      return `error ${event.error.closeCode} ${event.error.message}`;
    default:
      return `${event.type} ${event.data.toHex()}`;
  }
}

/** Feeds the pieces to a connection that echoes messages. */
export function converse(pieces: readonly Uint8Array[], options: TestOptions = {}): Outcome {
  const connection = connectionOf(options);
  const events: string[] = [];
  const sent: Uint8Array[] = [];
  let unread: Uint8Array = new Uint8Array(0);
  let shift = 0;
  for (const piece of pieces) {
    // The bytes move a little each time, so that a place kept from an old buffer would show a wrong octet.
    shift = (shift + 3) % 17;
    const bytes = new Uint8Array(shift + unread.length + piece.length).fill(0x21);
    bytes.set(unread, shift);
    bytes.set(piece, shift + unread.length);
    let at = shift;
    for (let more = true; more;) {
      at += connection.receive(bytes, at, bytes.length, 0);
      const event = connection.takeEvent();
      more = event !== undefined;
      if (event === undefined) break;
      events.push(describe(event));
      if (connection.phase === "open" && event.type === "text") connection.sendText(event.data);
      if (connection.phase === "open" && event.type === "binary") connection.sendBinary(event.data);
      sent.push(drain(connection));
    }
    unread = bytes.slice(at);
  }
  sent.push(drain(connection));
  return { events, sent: join(sent).toHex(), phase: connection.phase };
}

/** Feeds bytes whole, one by one, and cut in two at each offset (at some, where there are many); gives the one outcome. */
export function converseOnEverySplit(bytes: Uint8Array, options: TestOptions = {}, name = ""): Outcome {
  const whole = converse([bytes], options);
  const same = (pieces: Uint8Array[], how: string) => assertEquals(converse(pieces, options), whole, `${name}: ${how}`);
  if (bytes.length <= 4096) same(Array.from(bytes, (octet) => Uint8Array.of(octet)), "octet by octet");
  else same(pieces(bytes, 997), "by 997 octets");
  const step = Math.max(1, Math.floor(bytes.length / (bytes.length > 16 * 1024 ? 5 : 300)));
  for (let at = 1; at < bytes.length; at += at < 20 ? 1 : step) {
    same([bytes.subarray(0, at), bytes.subarray(at)], `cut at ${at}`);
  }
  return whole;
}

/** Cuts bytes into pieces of one size. */
export function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}
