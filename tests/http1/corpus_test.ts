/**
 * Owns the run of fuzzers' corpora over the codec: never another throw than its own, and the same on every split. Where two
 * other parsers both refuse an input, ours must not make a message of it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { fromBase64, loadVectorLines, vectorTest } from "../vectors.ts";
import { converseOnEverySplit, type Reader } from "./conversation.ts";

interface Sample {
  readonly name: string;
  readonly b64: string;
  readonly llhttp?: { readonly error: string | null; readonly complete: number };
  readonly h11?: { readonly error: number | null; readonly first_complete: boolean };
}

const FILES: readonly (readonly [file: string, reader: Reader])[] = [
  ["h2o-http1.jsonl", { role: "request" }],
  ["go-httpreq.jsonl", { role: "request" }],
  ["go-httpresp.jsonl", { role: "response", method: "GET" }],
];

for (const [file, reader] of FILES) {
  vectorTest(
    `The codec reads the corpus fuzz-h1/${file} with equal outcomes on every split`,
    () => loadVectorLines<Sample>("fuzz-h1", file),
    (samples) => {
      const alone: string[] = [];
      for (const { name, b64, llhttp, h11 } of samples) {
        const outcome = converseOnEverySplit(reader, fromBase64(b64), name);
        const refused = llhttp?.error && llhttp.complete === 0 && h11?.error && !h11.first_complete;
        if (refused && outcome.messages.some((message) => message.complete)) alone.push(name);
      }
      assertEquals(alone, [], "messages that both others refuse");
    },
  );
}
