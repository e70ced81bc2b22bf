/**
 * Owns whole lives of a client's connection with some requests under way: octets in pieces, the end of the server's side, and
 * the time until it is closed, with what came of it as plain text. Knows nothing of what the octets are.
 *
 * @module
 */

import { ErrorCode } from "../../http2/error.ts";
import { Rig } from "./rig.ts";

/** What came of a connection, a line for each thing. */
export interface ClientLife {
  readonly told: readonly string[];
  /** What was sent beside credit and PINGs of its own, which hang on how far reading is when they are made. */
  readonly sent: readonly string[];
}

/** The methods of the requests, and whether they are whole. */
const REQUESTS: readonly (readonly [method: string, ends: boolean])[] = [
  ["GET", true],
  ["HEAD", true],
  ["POST", false],
  ["CONNECT", false],
];

/** Longest that a connection may live behind its peer's end, in milliseconds. */
const LONGEST_LIFE = 2 * 3_600_000;
/** Most that may wait to be sent after any piece, in bytes: answers to all that 32 KiB can ask for. */
const MOST_OUTPUT = 64 * 1024;

/**
 * Lets a connection live. Throws where it never ends, holds too much or keeps what it should not; and where anything is told
 * behind an error, or of a stream that was lost.
 */
export function liveAsClient(pieces: Iterable<Uint8Array>): ClientLife {
  const rig = new Rig({ role: "client", acceptsPush: true, greets: false });
  for (const [method, ends] of REQUESTS) {
    const stream = rig.core.open([{ name: ":method", value: method }], method, -1);
    if (ends) rig.core.sendEnd(stream);
    else rig.core.sendContent(stream, new Uint8Array(10));
  }
  rig.take();
  const sent: string[] = [];
  for (const piece of pieces) {
    rig.send(piece);
    readAll(rig);
    const octets = rig.takeOctets();
    if (octets.length > MOST_OUTPUT) throw new Error(`Cannot go on as ${octets.length} bytes wait to be sent`);
    sent.push(...rig.textOf(octets));
  }
  rig.sendEnd();
  for (const stream of rig.core.streams()) rig.core.reset(stream, ErrorCode.Cancel); // uploads that nobody ends
  sent.push(...rig.take());
  while (rig.core.end !== "closed") {
    if (rig.core.end === "finish" && rig.core.flushed) rig.core.linger(rig.now);
    else if (rig.now > LONGEST_LIFE) throw new Error(`Cannot end as its deadline is ${rig.core.deadline}`);
    else rig.advance(1_000);
    sent.push(...rig.take());
  }
  if (rig.core.openStreams > 0) throw new Error(`Cannot end as ${rig.core.openStreams} streams are open`);
  checkOrder(rig);
  return { told: rig.tell(), sent: sent.filter((line) => !/^(?:WINDOW_UPDATE|PING$)/.test(line)) };
}

/** Takes what came, as a reader that keeps up does. */
function readAll(rig: Rig): void {
  for (const event of rig.events) {
    if (event.type === "data") rig.core.consumed(event.stream, event.stream.unread, rig.now);
  }
}

function checkOrder(rig: Rig): void {
  const lost = new Set<unknown>();
  let isBroken = false;
  for (const event of rig.events) {
    const isOfLost = "stream" in event && lost.has(event.stream);
    if (isBroken || isOfLost) {
      throw new Error(`Cannot be told of ${event.type} behind ${isBroken ? "an error" : "a loss"}`);
    }
    if (event.type === "reset") lost.add(event.stream);
    isBroken ||= event.type === "error";
  }
}
