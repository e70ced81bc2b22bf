/**
 * Owns the floor of the WebSocket echoes: the first message of each connection is unmasked, and each further one answered by
 * the same bytes once as many have come. Knows no frame beyond its length.
 *
 * @module
 */

import { acceptOf } from "../../../websocket/mod.ts";
import { accept, type Connection, writeAll } from "./wire.ts";

const decoder = new TextDecoder("latin1");

/** Where a client's payload begins, and how long it is. */
function measured(frame: Uint8Array): { readonly start: number; readonly length: number } {
  const short = frame[1]! & 0x7f;
  return short < 126 ? { start: 6, length: short } : { start: 8, length: frame[2]! << 8 | frame[3]! };
}

/** The frame that answers. */
function answerTo(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const { start, length } = measured(frame);
  const answer = new Uint8Array(start - 4 + length);
  answer.set([frame[0]!, ...length < 126 ? [length] : [126, length >> 8, length & 0xff]]);
  for (let at = 0; at < length; at++) answer[start - 4 + at] = frame[start + at]! ^ frame[start - 4 + (at & 3)]!;
  return answer;
}

async function drive(connection: Connection): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  let length = 0;
  /** Reads until so many bytes are there; gives whether they are. */
  const fill = async (least: number): Promise<boolean> => {
    while (length < least) {
      const count = await connection.read(length === 0 ? buffer : buffer.subarray(length));
      if (count === null) return false;
      length += count;
    }
    return true;
  };
  while (!decoder.decode(buffer.subarray(0, length)).endsWith("\r\n\r\n")) if (!await fill(length + 1)) return;
  const key = /sec-websocket-key: *(\S+)/i.exec(decoder.decode(buffer.subarray(0, length)))?.[1] ?? "";
  const fields = `upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${acceptOf(key)}`;
  await writeAll(connection, new TextEncoder().encode(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n\r\n`));
  length = 0;
  if (!await fill(8)) return;
  const first = measured(buffer);
  const size = first.start + first.length;
  if (!await fill(size)) return;
  const answer = answerTo(buffer);
  do {
    length = 0;
    await writeAll(connection, answer);
  } while (await fill(size));
}

await accept(drive);
