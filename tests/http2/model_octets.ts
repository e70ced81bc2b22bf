/**
 * Owns the octets of what a client sends in the model's trials. Knows nothing of what comes of them.
 *
 * @module
 */

import { concat } from "@std/bytes";
import type { ConnectionInput, StreamInput } from "./model.ts";

/** Makes a header block, with the tables of its connection. */
export type MakeBlock = (fields: readonly (readonly [name: string, value: string])[]) => Uint8Array;

const END_STREAM = 0x1;
const END_HEADERS = 0x4;
const PADDED = 0x8;
const PRIORITY = 0x20;

const REQUEST = [[":method", "POST"], [":scheme", "http"], [":path", "/"], [":authority", "localhost"]] as const;

/** The fields of a request that differs from others. */
function requestOf(content: string): (readonly [string, string])[] {
  return [...REQUEST, ["x-count", content]];
}

function textOf(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

/** A frame as RFC 9113 §4.1 draws it. */
export function frame(
  type: number,
  flags: number,
  id: number,
  payload: Uint8Array | readonly number[] = [],
): Uint8Array {
  const { length } = payload;
  const head = [length >>> 16, length >>> 8, length, type, flags, id >>> 24, id >>> 16, id >>> 8, id];
  return concat([Uint8Array.from(head), Uint8Array.from(payload)]);
}

function uint32(value: number): number[] {
  return [value >>> 24, value >>> 16 & 0xff, value >>> 8 & 0xff, value & 0xff];
}

/** What is sent on a stream; each is told the stream, content of its own, and how blocks are made. */
export const STREAM_OCTETS: Readonly<
  Record<StreamInput, (id: number, content: string, block: MakeBlock) => Uint8Array>
> = {
  "request": (id, content, block) => frame(1, END_HEADERS, id, block(requestOf(content))),
  "request and END_STREAM": (id, content, block) => {
    const whole = block(requestOf(content));
    return concat([frame(1, END_STREAM, id, whole.subarray(0, 3)), frame(9, END_HEADERS, id, whole.subarray(3))]);
  },
  "malformed request": (id, content, block) =>
    frame(1, END_HEADERS | END_STREAM, id, block([...requestOf(content), ["X-Upper", "case"]])),
  "request that depends on itself": (id, content, block) =>
    frame(
      1,
      END_HEADERS | PRIORITY,
      id,
      concat([Uint8Array.from([...uint32(id), 15]), block(requestOf(content))]),
    ),
  "trailers": (id, content, block) => frame(1, END_HEADERS | END_STREAM, id, block([["x-sum", content]])),
  "trailers without END_STREAM": (id, content, block) => frame(1, END_HEADERS, id, block([["x-sum", content]])),
  "DATA": (id, content) => frame(0, 0, id, textOf(content)),
  "DATA and END_STREAM": (id, content) =>
    frame(0, END_STREAM | PADDED, id, concat([Uint8Array.of(3), textOf(content), new Uint8Array(3)])),
  "DATA, padded too much": (id, content) =>
    frame(0, PADDED, id, concat([Uint8Array.of(content.length + 1), textOf(content)])),
  "RST_STREAM": (id) => frame(3, 0, id, uint32(8)),
  "RST_STREAM of 3 octets": (id) => frame(3, 0, id, [0, 0, 8]),
  "WINDOW_UPDATE": (id) => frame(8, 0, id, uint32(1)),
  "WINDOW_UPDATE of 0": (id) => frame(8, 0, id, uint32(0)),
  "WINDOW_UPDATE beyond 2^31-1": (id) => frame(8, 0, id, uint32(0x7fffffff)),
  "WINDOW_UPDATE of 3 octets": (id) => frame(8, 0, id, [0, 0, 1]),
  "PRIORITY": (id) => frame(2, 0, id, [...uint32(0), 15]),
  "PRIORITY on itself": (id) => frame(2, 0, id, [...uint32(id), 15]),
  "PRIORITY of 4 octets": (id) => frame(2, 0, id, uint32(0)),
};

/** What is sent beside all streams. */
export const CONNECTION_OCTETS: Readonly<Record<ConnectionInput, (block: MakeBlock) => Uint8Array>> = {
  "PING": () => frame(6, 0, 0, new Uint8Array(8)),
  "PING answer": () => frame(6, 1, 0, new Uint8Array(8)),
  "SETTINGS": () => frame(4, 0, 0, [0, 3, ...uint32(100)]),
  "SETTINGS answer": () => frame(4, 1, 0),
  "unknown frame": () => frame(0xfa, 0xff, 5, [1, 2, 3]),
  "CONTINUATION alone": (block) => frame(9, END_HEADERS, 1, block(REQUEST)),
  "PUSH_PROMISE": (block) => frame(5, END_HEADERS, 1, concat([Uint8Array.from(uint32(2)), block(REQUEST)])),
  "block with a PING in it": (block) => concat([frame(1, 0, 1001, block(REQUEST)), frame(6, 0, 0, new Uint8Array(8))]),
  "HEADERS on 0": (block) => frame(1, END_HEADERS, 0, block(REQUEST)),
  "DATA on 0": () => frame(0, 0, 0, [1]),
  "RST_STREAM on 0": () => frame(3, 0, 0, uint32(8)),
  "PRIORITY on 0": () => frame(2, 0, 0, [...uint32(1), 15]),
  "PING on 1": () => frame(6, 0, 1, new Uint8Array(8)),
  "PING of 7 octets": () => frame(6, 0, 0, new Uint8Array(7)),
  "SETTINGS on 1": () => frame(4, 0, 1, [0, 3, ...uint32(100)]),
  "SETTINGS of 5 octets": () => frame(4, 0, 0, new Uint8Array(5)),
  "SETTINGS answer of 6 octets": () => frame(4, 1, 0, [0, 3, ...uint32(100)]),
  "GOAWAY on 1": () => frame(7, 0, 1, new Uint8Array(8)),
  "GOAWAY of 7 octets": () => frame(7, 0, 0, new Uint8Array(7)),
  "PRIORITY_UPDATE": () => frame(0x10, 0, 0, [...uint32(3), 0x75, 0x3d, 0x31]),
  "PRIORITY_UPDATE on 1": () => frame(0x10, 0, 1, [...uint32(3), 0x75, 0x3d, 0x31]),
  "PRIORITY_UPDATE for 0": () => frame(0x10, 0, 0, uint32(0)),
  "PRIORITY_UPDATE for 2": () => frame(0x10, 0, 0, uint32(2)),
  "PRIORITY_UPDATE of 3 octets": () => frame(0x10, 0, 0, [0, 0, 3]),
  "WINDOW_UPDATE on 0": () => frame(8, 0, 0, uint32(1)),
  "WINDOW_UPDATE of 0 on 0": () => frame(8, 0, 0, uint32(0)),
  "WINDOW_UPDATE beyond 2^31-1 on 0": () => frame(8, 0, 0, uint32(0x7fffffff)),
};
