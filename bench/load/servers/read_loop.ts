/**
 * Owns the floor of the uploads: a process that reads as many bytes as `content-length` announces, as fast as `read`
 * gives them, and answers with their number. Knows no other framing, and no pipelining.
 *
 * @module
 */

import { accept, head, writeAll } from "./wire.ts";

/** How much one read may bring, in bytes: what a fast reader would take. */
const BUFFER_BYTES = 256 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** Reads one head; gives the announced length and how many bytes of the body came with it, or `undefined` at the end. */
async function readHead(connection: Deno.Conn, buffer: Uint8Array): Promise<[number, number] | undefined> {
  let text = "";
  for (let end = -1; end < 0; end = text.indexOf("\r\n\r\n")) {
    const read = await connection.read(buffer);
    if (read === null) return undefined;
    text += decoder.decode(buffer.subarray(0, read));
  }
  const length = /^PUT [^]*?\r\ncontent-length: *(\d+)\r\n/i.exec(text)?.[1];
  return [Number(length), text.length - text.indexOf("\r\n\r\n") - 4];
}

await accept(async (connection) => {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (let found = await readHead(connection, buffer); found; found = await readHead(connection, buffer)) {
    const [length, early] = found;
    for (let taken = early; taken < length;) {
      const read = await connection.read(buffer);
      if (read === null) return;
      taken += read;
    }
    const body = encoder.encode(String(length));
    await writeAll(connection, new Uint8Array([...head("text/plain;charset=UTF-8", body.length), ...body]));
  }
});
