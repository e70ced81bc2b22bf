/**
 * Owns the proofs of frames by data that others wrote: frames with their parts, frames with their errors, and recorded bytes.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  encodeFrame,
  errorCodeName,
  type Frame,
  FRAME_HEADER_BYTES,
  FrameType,
  PREFACE,
  readFrame,
} from "../../http2/mod.ts";
import { FrameHeader, readFrameHeader } from "../../http2/frame_read.ts";
import { fromBase64, loadVectorLines, loadVectors, vectorTest } from "../vectors.ts";
import { hex, plain, readEveryWay, readFrom } from "./frames.ts";

interface Parts {
  readonly header_block_fragment?: string;
  readonly padding_length?: number;
  readonly padding?: string;
  readonly stream_dependency?: number;
  readonly weight?: number;
  readonly exclusive?: boolean;
  readonly promised_stream_id?: number;
  readonly error_code?: number;
  readonly last_stream_id?: number;
  readonly additional_debug_data?: string;
  readonly opaque_data?: string;
  readonly window_size_increment?: number;
}

interface Case {
  readonly wire: string;
  readonly error: readonly number[] | null;
  readonly frame: {
    readonly length: number;
    readonly type: number;
    readonly flags: number;
    readonly stream_identifier: number;
    readonly frame_payload: Parts;
  } | null;
}

const FRAMES = [
  "continuation/header",
  "continuation/normal",
  "goaway/normal",
  "headers/priority",
  "ping/normal",
  "push_promise/normal",
  "rst_stream/normal",
  "window_update/normal",
];

const ERRORS = [
  "data-frame-padding",
  "data-frame-size",
  "goaway-frame-size",
  "goaway-frame-stream",
  "headers-frame-stream",
  "ping-frame-size",
  "priority-frame-size",
  "priority-frame-stream",
  "push_promise-frame-promised_stream-odd",
  "push_promise-frame-promised_stream-zero",
  "rst_stream-frame-size",
  "rst_stream-frame-stream",
  "settings-frame-size",
  "settings-frame-stream",
  "window_update-frame-size",
];

const load = (name: string) => () => loadVectors<Case>("http2-frame-test-case", `${name}.json`);
const ascii = (octets: Uint8Array) => new TextDecoder().decode(octets);

/** Gives what a frame has beside its header by the names of the collection, which counts weights from 0. */
function partsOf(frame: Frame): Parts {
  switch (frame.type) {
    case "continuation":
      return { header_block_fragment: ascii(frame.fragment) };
    case "goAway":
      return {
        last_stream_id: frame.lastStreamId,
        error_code: frame.code,
        additional_debug_data: ascii(frame.debug),
      };
    case "headers":
      return {
        header_block_fragment: ascii(frame.fragment),
        padding_length: frame.padLength!,
        exclusive: frame.priority!.exclusive,
        stream_dependency: frame.priority!.dependency,
        weight: frame.priority!.weight,
      };
    case "ping":
      return { opaque_data: ascii(frame.payload) };
    case "pushPromise":
      return {
        header_block_fragment: ascii(frame.fragment),
        padding_length: frame.padLength!,
        promised_stream_id: frame.promisedId,
      };
    case "rstStream":
      return { error_code: frame.code };
    case "windowUpdate":
      return { window_size_increment: frame.increment };
    default:
      throw new Error(`Cannot compare frame as no collected one has its type: received ${frame.type}`);
  }
}

for (const name of FRAMES) {
  vectorTest(`readFrame and encodeFrame agree with the collected frame ${name}`, load(name), ({ wire, frame }) => {
    const octets = hex(wire);
    assertEquals(readEveryWay(octets).used, 9 + frame!.length);
    const { value } = readFrame(octets, 0)!;
    const { padding = "", ...parts } = frame!.frame_payload;
    assertEquals([octets[3], octets[4], value.streamId], [frame!.type, frame!.flags, frame!.stream_identifier]);
    assertEquals(partsOf(value), parts);
    octets.fill(0, octets.length - padding.length); // what is sent as padding is 0 (RFC 9113 §6.1)
    assertEquals(encodeFrame(value).toHex(), octets.toHex());
  });
}

for (const name of ERRORS) {
  vectorTest(`readFrame refuses the collected frame ${name}`, load(`error/${name}`), ({ wire, error }) => {
    const octets = hex(wire);
    const outcome = readEveryWay(octets);
    assertEquals(outcome.frames, []);
    assert(error!.map(errorCodeName).includes(outcome.error!.code), outcome.error!.message);
  });
}

interface Recorded {
  readonly name: string;
  readonly b64: string;
  readonly python_h2: { readonly connection_error: string | null };
}

/** Sets of recorded bytes, how many, and whether a preface comes first. */
const RECORDED: readonly (readonly [file: string, count: number, preface: boolean])[] = [
  ["go-http2-frames", 175, false],
  ["h2o-http2", 848, true],
  ["nghttp2-h2spec", 89, true],
  ["nghttp2-nghttp", 2, true],
];

/** Gives the frames of recorded bytes behind the preface, if there is one. */
function framesOf({ b64 }: Recorded, preface: boolean): Uint8Array<ArrayBuffer> {
  const octets = fromBase64(b64);
  const begins = preface && octets.subarray(0, PREFACE.length).toHex() === PREFACE.toHex();
  return begins ? octets.slice(PREFACE.length) : octets;
}

/**
 * Tells whether the other implementation can't have seen what is wrong with the frame at `at`: it waits for payloads before it
 * looks at lengths, and it doesn't know PRIORITY_UPDATE.
 */
function isUnseen(octets: Uint8Array, at: number): boolean {
  const header = new FrameHeader();
  readFrameHeader(octets, at, header);
  return header.type === FrameType.PriorityUpdate || at + FRAME_HEADER_BYTES + header.length > octets.length;
}

for (const [file, count, preface] of RECORDED) {
  const recorded = () => loadVectorLines<Recorded>("fuzz-h2", `${file}.jsonl`);

  vectorTest(`readFrame gives the same of ${file} on every split, and encodeFrame gives it back`, recorded, (all) => {
    assertEquals(all.length, count);
    for (const one of all) {
      const octets = framesOf(one, preface);
      let at = 0;
      for (const frame of readEveryWay(octets).frames) {
        const read = readFrame(octets, at)!;
        assertEquals(plain(readFrame(encodeFrame(read.value), 0)!.value), frame, one.name);
        at += read.used;
      }
    }
  });

  vectorTest(`readFrame ends no connection over ${file} that another implementation keeps`, recorded, (all) => {
    for (const one of all) {
      const octets = framesOf(one, preface);
      if (octets.length === fromBase64(one.b64).length && preface) continue; // no preface: that was what was wrong
      const { used, error } = readFrom(octets, 0);
      if (error?.scope !== "connection" || isUnseen(octets, used)) continue;
      assertNotEquals(one.python_h2.connection_error, null, `${one.name}: ${error.message}`);
    }
  });
}
