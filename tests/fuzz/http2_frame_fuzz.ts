/**
 * Owns the fuzz target of HTTP/2's frames and messages: bytes read whole and byte by byte, encoded again, and the field blocks
 * in them read as every kind of message.
 *
 * @module
 */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { HpackDecoder, HpackError } from "../../hpack/mod.ts";
import {
  encodeFrame,
  fieldKind,
  type Frame,
  Http2Error,
  parsePriority,
  PREFACE,
  readFrame,
  readRequestHead,
  readResponseHead,
  readTrailers,
} from "../../http2/mod.ts";
import { hex, plain, readEveryWay } from "../http2/frames.ts";
import { fromBase64, loadVectorLines, loadVectors } from "../vectors.ts";
import type { FuzzTarget } from "./target.ts";

const WORDS = [
  "000000 04 00 00000000",
  "000000 04 01 00000000",
  "000006 04 00 00000000 0005 00004000",
  "000008 06 00 00000000 0102030405060708",
  "000008 07 00 00000000 00000001 00000000",
  "000004 08 00 00000000 00000001",
  "000005 02 00 00000003 80000001 0f",
  "000004 03 00 00000001 00000008",
  "000003 01 05 00000001 828684",
  "000009 01 2d 00000001 02 80000000 0f 82 0000",
  "000005 05 04 00000001 00000002 82",
  "000001 09 04 00000001 84",
  "000003 00 09 00000001 01 61 00",
  "000007 0a 00 00000000 0003 613a62 6832",
  "000005 0c 00 00000000 0003 613a62",
  "000007 10 00 00000000 00000001 753d30",
  "00 04 63 6f 6f 6b 01 61",
  "40 03 3a 61 62 00",
  "0f 2d 00",
  "80000000",
].map((digits) => String.fromCharCode(...hex(digits)));

interface Recorded {
  readonly b64: string;
}

interface Conversations {
  readonly cases: readonly {
    readonly steps: readonly { readonly send?: readonly (string | { readonly hex: string })[] }[];
  }[];
}

/** What others have recorded, and the conversations that are collected, each as one stream of frames. */
function corpus(): Uint8Array[] {
  const recorded = ["go-http2-frames", "h2o-http2", "nghttp2-h2spec", "nghttp2-nghttp"]
    .flatMap((file) => loadVectorLines<Recorded>("fuzz-h2", `${file}.jsonl`) ?? []);
  const conversations = loadVectors<Conversations>("h2-conformance", "cases.json")?.cases ?? [];
  const preface = PREFACE.toHex();
  return [
    ...recorded.map(({ b64 }) => fromBase64(b64).toHex()),
    ...conversations.map(({ steps }) =>
      steps.flatMap(({ send }) => send ?? []).map((sent) => typeof sent === "string" ? sent : sent.hex).join("")
    ),
  ].map((digits) => hex(digits.startsWith(preface) ? digits.slice(preface.length) : digits));
}

/** Reads frames on every split, encodes each again, and reads the field blocks in them. */
function run(input: Uint8Array): void {
  const { used } = readEveryWay(input);
  const decoder = new HpackDecoder({ classify: fieldKind });
  for (let at = 0; at < used;) {
    const read = readFrame(input, at)!;
    assertEquals(plain(readFrame(encodeFrame(read.value), 0)!.value), plain(read.value));
    if (!readBlock(read.value, decoder)) return;
    at += read.used;
  }
}

/** Reads the field block that stands in one frame; false where the decoder is spent. */
function readBlock(frame: Frame, decoder: HpackDecoder): boolean {
  if (frame.type === "priorityUpdate") parsePriority(frame.value);
  if (!("fragment" in frame) || !frame.endHeaders) return true;
  let fields;
  try {
    fields = decoder.decode(frame.fragment, 0, frame.fragment.length) ?? [];
  } catch (error) {
    assertInstanceOf(error, HpackError);
    return false;
  }
  for (const read of [readRequestHead, readResponseHead, readTrailers]) {
    try {
      read(fields, frame.streamId);
    } catch (error) {
      assertInstanceOf(error, Http2Error);
      assertEquals([error.scope, error.streamId], ["stream", frame.streamId]);
    }
  }
  return true;
}

/** The fuzz target of HTTP/2's frames and messages. */
export const targets: readonly FuzzTarget[] = [{ name: "http2-frames", words: WORDS, corpus, run }];
