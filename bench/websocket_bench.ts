/**
 * Owns the benches of websocket/: masking, a connection that echoes, and compression, each beside another way of doing it.
 *
 * @module
 */

import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import {
  acceptDeflate,
  DEFAULT_WEB_SOCKET_LIMITS,
  DEFAULT_WEB_SOCKET_TIMEOUTS,
  FrameConnection,
  mask,
  Opcode,
  parseExtensions,
  Utf8Check,
  writeHeader,
} from "../websocket/mod.ts";
import { PerMessageDeflate } from "../websocket/deflate.ts";

const encoder = new TextEncoder();

for (const size of [64, 16 * 1024]) {
  const bytes = crypto.getRandomValues(new Uint8Array(size + 1)).subarray(1); // as unaligned as payload is
  const group = `mask ${size} bytes`;
  Deno.bench("mask()", { group, baseline: true }, () => mask(bytes, 0, size, 0x37fa213d));
  Deno.bench("octet by octet", { group }, () => {
    for (let at = 0; at < size; at++) bytes[at] = bytes[at]! ^ 0x37fa213d >>> (24 - ((at & 3) << 3));
  });
}

const text = "a text of some words, as people send them ".repeat(400);
const utf8 = encoder.encode(text);
const decoder = new TextDecoder("utf-8", { fatal: true });
Deno.bench("Utf8Check, 16 KiB", { group: "utf8", baseline: true }, () => {
  const check = new Utf8Check();
  if (!check.add(utf8, 0, utf8.length)) throw new Error("Cannot check text as it must be UTF-8");
});
Deno.bench("TextDecoder, 16 KiB", { group: "utf8" }, () => {
  decoder.decode(utf8);
});

/** A client's frame. */
function frameOf(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(payload.length + 14);
  const start = writeHeader(frame, 0, { opcode: Opcode.Text, length: payload.length, key: 0x37fa213d });
  frame.set(payload, start);
  mask(frame, start, start + payload.length, 0x37fa213d);
  return frame.subarray(0, start + payload.length);
}

for (const size of [64, 16 * 1024]) {
  const frame = frameOf(encoder.encode(text.repeat(2).slice(0, size)));
  const input = new Uint8Array(frame.length);
  const options = { limits: DEFAULT_WEB_SOCKET_LIMITS, timeouts: DEFAULT_WEB_SOCKET_TIMEOUTS, now: 0 };
  const connection = new FrameConnection({ role: "server", ...options });
  Deno.bench(`FrameConnection: read and echo text of ${size} bytes`, { group: `echo ${size}` }, () => {
    input.set(frame); // what was read is unmasked in place
    connection.receive(input, 0, input.length, 0);
    const event = connection.takeEvent();
    if (event?.type === "text") connection.sendText(event.data);
    connection.sent(connection.takeOutput(0)!.length, 0);
  });
}

const settings = { level: 1, memLevel: 8, threshold: 0 };
const { parameters } = acceptDeflate(parseExtensions("permessage-deflate")!, {})!;
for (const size of [64, 1024, 16 * 1024]) {
  const message = encoder.encode(
    JSON.stringify(Array.from({ length: 600 }, (_, id) => ({ id, name: `user ${id * 7}` }))),
  )
    .subarray(0, size);
  const near = new PerMessageDeflate({ role: "server", parameters, settings });
  const far = new PerMessageDeflate({ role: "client", parameters, settings });
  const group = `deflate and inflate ${size} bytes`;
  Deno.bench("PerMessageDeflate, with history", { group, baseline: true }, () => {
    far.inflate(near.deflate(message), size);
  });
  Deno.bench("node:zlib's one-shot functions, without", { group }, () => {
    const data = deflateRawSync(message, { level: 1, finishFlush: constants.Z_SYNC_FLUSH });
    inflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: size });
  });
}
