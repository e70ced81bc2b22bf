/**
 * Owns the floor of the HTTP/2 downloads: a process that answers each HEADERS frame by 64 MiB, as fast as `write` and the
 * client's windows take them. Its frames are made once, so that it has one download under way at a time.
 *
 * @module
 */

import { downloadBytes } from "../handler.ts";
import {
  acknowledgement,
  answerFields,
  blocksOf,
  FIRST_WINDOW,
  Flag,
  type Frame,
  FrameFinder,
  frameOf,
  HEADER_BYTES,
  joined,
  PREFACE,
  Setting,
  SETTINGS,
  Type,
} from "./frames.ts";
import { accept, type Connection, writeAll } from "./wire.ts";

/** The longest content of a frame, in bytes, unless a client asks for longer ones (RFC 9113 §4.2). */
const CONTENT_BYTES = 16 * 1024;
const FRAME_BYTES = HEADER_BYTES + CONTENT_BYTES;

const body = downloadBytes();
const { first, again } = blocksOf(answerFields(null, body.length));
const frames = new Uint8Array(body.length / CONTENT_BYTES * FRAME_BYTES);
const view = new DataView(frames.buffer);
for (let at = 0, from = 0; at < frames.length; at += FRAME_BYTES, from += CONTENT_BYTES) {
  view.setUint32(at, CONTENT_BYTES << 8 | Type.Data);
  frames.set(body.subarray(from, from + CONTENT_BYTES), at + HEADER_BYTES);
}
frames[frames.length - FRAME_BYTES + 4] = Flag.EndStream;

/** One connection: what it may still send, and what it is sending. */
class Download {
  readonly #connection: Connection;
  #connectionWindow = FIRST_WINDOW;
  #streamWindow = 0;
  #firstWindow = FIRST_WINDOW;
  #stream = 0;
  #at = frames.length;
  #writing = false;
  #head: Uint8Array = first;
  #small: Uint8Array[] = [SETTINGS];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Takes what the client says. */
  hear(frame: Frame, buffer: Uint8Array): void {
    const ack = acknowledgement(frame, buffer);
    if (ack !== undefined) this.#small.push(ack);
    const payload = new DataView(buffer.buffer, frame.payload);
    if (frame.type === Type.WindowUpdate) {
      if (frame.stream === 0) this.#connectionWindow += payload.getUint32(0);
      else if (frame.stream === this.#stream) this.#streamWindow += payload.getUint32(0);
    } else if (frame.type === Type.Settings) {
      for (let at = 0; at < frame.length; at += 6) {
        if (payload.getUint16(at) === Setting.InitialWindowSize) this.#firstWindow = payload.getUint32(at + 2);
      }
    } else if (frame.type === Type.Headers) this.#begin(frame.stream);
  }

  #begin(stream: number): void {
    this.#stream = stream;
    this.#streamWindow = this.#firstWindow;
    this.#at = 0;
    this.#small.push(frameOf(Type.Headers, Flag.EndHeaders, stream, this.#head));
    this.#head = again;
    for (let at = 0; at < frames.length; at += FRAME_BYTES) view.setUint32(at + 5, stream);
  }

  /** Writes until the windows are used up; a reader calls this again when they may have grown. */
  async write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    for (let next = this.#next(); next.length > 0; next = this.#next()) await writeAll(this.#connection, next);
    this.#writing = false;
  }

  #next(): Uint8Array {
    if (this.#small.length > 0) return joined(...this.#small.splice(0));
    const room = Math.min(this.#connectionWindow, this.#streamWindow);
    const count = Math.min((frames.length - this.#at) / FRAME_BYTES, Math.floor(room / CONTENT_BYTES));
    this.#connectionWindow -= count * CONTENT_BYTES;
    this.#streamWindow -= count * CONTENT_BYTES;
    return frames.subarray(this.#at, this.#at += count * FRAME_BYTES);
  }
}

await accept(async (connection) => {
  const finder = new FrameFinder(16 * 1024, PREFACE.length);
  const download = new Download(connection);
  const failed = Promise.withResolvers<never>();
  for (;;) {
    const read = await Promise.race([connection.read(finder.space()), failed.promise]);
    if (read === null) return;
    finder.take(read, (frame) => download.hear(frame, finder.buffer));
    download.write().catch(failed.reject);
  }
});
