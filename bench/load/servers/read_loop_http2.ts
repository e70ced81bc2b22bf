/**
 * Owns the floor of the HTTP/2 uploads: a process that opens all windows, reads DATA as fast as `read` gives it, and answers
 * with its length. One upload at a time on a connection.
 *
 * @module
 */

import {
  acknowledgement,
  answerFields,
  blocksOf,
  FIRST_WINDOW,
  Flag,
  FrameFinder,
  frameOf,
  joined,
  MAX_WINDOW,
  PREFACE,
  Setting,
  Type,
  uint32,
} from "./frames.ts";
import { accept, writeAll } from "./wire.ts";

/** How much one read may bring, in bytes: what a fast reader would take. */
const BUFFER_BYTES = 256 * 1024;

const encoder = new TextEncoder();

/** All the window that a connection can have, and all that each stream can. */
const GREETING = joined(
  frameOf(Type.Settings, 0, 0, joined(Uint8Array.of(0, Setting.InitialWindowSize), uint32(MAX_WINDOW))),
  frameOf(Type.WindowUpdate, 0, 0, uint32(MAX_WINDOW - FIRST_WINDOW)),
);

await accept(async (connection) => {
  await writeAll(connection, GREETING);
  const finder = new FrameFinder(BUFFER_BYTES, PREFACE.length);
  const output: Uint8Array[] = [];
  let length = 0;
  for (let read = await connection.read(finder.space()); read !== null; read = await connection.read(finder.space())) {
    finder.take(read, (frame) => {
      const ack = acknowledgement(frame, finder.buffer);
      if (ack !== undefined) output.push(ack);
      if (frame.type !== Type.Data) return;
      length += frame.length;
      if ((frame.flags & Flag.EndStream) === 0) return;
      const body = encoder.encode(String(length));
      // A block that stands by itself, as the length may be another one each time.
      const { first } = blocksOf(answerFields("text/plain;charset=UTF-8", body.length));
      output.push(frameOf(Type.Headers, Flag.EndHeaders, frame.stream, first));
      output.push(frameOf(Type.Data, Flag.EndStream, frame.stream, body));
      if (length > 0) output.push(frameOf(Type.WindowUpdate, 0, 0, uint32(length)));
      length = 0;
    });
    if (output.length > 0) await writeAll(connection, joined(...output.splice(0)));
  }
});
