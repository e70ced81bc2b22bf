/**
 * Owns whole lives of a server's connection: octets in pieces, the end of the peer's side, and the time until it is closed,
 * with what came of it as plain data. Knows nothing of what the octets are.
 *
 * @module
 */

import type { Frame } from "../../http2/frame.ts";
import { DEFAULT_FRAME_SIZE, FRAME_HEADER_BYTES, MAX_FRAME_SIZE } from "../../http2/frame.ts";
import { readFrame } from "../../http2/frame_read.ts";
import { CoreHost, type SeenRequest } from "./core_host.ts";

/** What came of a connection. */
export interface Life {
  readonly seen: readonly SeenRequest[];
  /** The frames by which the connection answered: SETTINGS, PING, RST_STREAM and GOAWAY. */
  readonly sent: readonly string[];
  /** The code of the error that the connection broke down with before the time went by, -1 for none. */
  readonly error: number;
}

/** Most things to wait for that a connection may have behind its peer's end. */
const MAX_WAITS = 2_000;
/** Longest that a connection may live behind its peer's end, in milliseconds: all deadlines are far shorter. */
const LONGEST_LIFE = 2 * 3_600_000;

/** Reads all frames of an output, which must be whole ones. */
export function readFrames(output: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < output.length;) {
    const read = readFrame(output, at, { maxFrameSize: MAX_FRAME_SIZE });
    if (read === undefined) {
      throw new Error(`Cannot read output as its frames must be whole: received ${output.length - at}`);
    }
    frames.push(read.value);
    at += read.used;
  }
  return frames;
}

/**
 * Lets a connection live: the pieces come, the peer ends its side, and time goes by until the connection is closed. Throws
 * where it never is, or keeps what it should not.
 */
export function live(pieces: Iterable<Uint8Array>, { answers = false }: { readonly answers?: boolean } = {}): Life {
  const host = new CoreHost({ answers });
  const frames = readFrames(host.take());
  for (const piece of pieces) {
    host.receive(piece);
    frames.push(...readFrames(host.take()));
    checkBounds(host);
  }
  host.receiveEnd();
  host.answerAll();
  frames.push(...readFrames(host.take()));
  const error = host.error?.code ?? -1;
  expireAll(host, frames);
  return {
    seen: host.seen,
    sent: frames.flatMap(answerOf),
    error,
  };
}

function checkBounds({ core, unread }: CoreHost): void {
  if (unread > DEFAULT_FRAME_SIZE + FRAME_HEADER_BYTES) throw new Error(`Cannot go on as ${unread} bytes are unread`);
  if (core.openStreams > 128) throw new Error(`Cannot go on as ${core.openStreams} streams are open`);
  if (core.events.length > 0) throw new Error("Cannot go on as events were not told");
}

/** Lets time go by from deadline to deadline until the connection is closed. */
function expireAll(host: CoreHost, frames: Frame[]): void {
  const { core } = host;
  for (let waits = 0; core.end !== "closed"; waits++) {
    if (core.end === "finish" && core.flushed) {
      core.linger(host.now); // as the peer has ended too, this closes it
      continue;
    }
    const { deadline } = core;
    if (!(deadline <= LONGEST_LIFE) || waits > MAX_WAITS) throw new Error(`Cannot end as its deadline is ${deadline}`);
    host.now = Math.max(host.now, deadline);
    core.expire(host.now);
    frames.push(...readFrames(host.take()));
  }
  if (core.openStreams > 0) throw new Error(`Cannot end as ${core.openStreams} streams are open`);
  if (core.deadline !== Infinity) throw new Error(`Cannot end as a deadline is left: ${core.deadline}`);
}

/** What a frame answers; credit, own PINGs and responses hang on how far reading is when they are made. */
function answerOf(frame: Frame): string[] {
  if (frame.type === "settings") return [`SETTINGS ${frame.ack}`];
  if (frame.type === "ping") return frame.ack ? [`PING ${frame.payload.toHex()}`] : [];
  if (frame.type === "rstStream") return [`RST_STREAM of ${frame.streamId} with ${frame.code}`];
  return frame.type === "goAway" ? [`GOAWAY at ${frame.lastStreamId} with ${frame.code}`] : [];
}

/** Cuts octets into pieces, of one octet each or of the lengths that `length` gives. */
export function* cut(octets: Uint8Array, length: () => number = () => 1): Generator<Uint8Array, void> {
  for (let at = 0; at < octets.length;) {
    const end = Math.min(octets.length, at + Math.max(1, length()));
    yield octets.subarray(at, end);
    at = end;
  }
}
