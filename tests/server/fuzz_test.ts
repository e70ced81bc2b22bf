/**
 * Owns what must hold of a server whatever it is sent: fuzzers' corpora, and bytes made up here. Each input is answered or
 * the connection ends, alike on every split; nothing is thrown, and nothing is left behind.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { fromBase64, fromLatin1, loadVectorLines, vectorTest } from "../vectors.ts";
import { readAnswers } from "./client.ts";
import { type Cut, type Heard, Lab } from "./conversations.ts";

interface Sample {
  readonly name: string;
  readonly b64: string;
  readonly llhttp?: { readonly error: string | null; readonly complete: number };
  readonly h11?: { readonly error: number | null; readonly first_complete: boolean };
}

/** How many inputs are tried at a time. */
const BATCH = 100;

/** What must not hang on the cut: all but a 100, which is left out where content came without it (RFC 9110 §10.1.1). */
function canonical(heard: Heard): string {
  return JSON.stringify({ ...heard, wire: heard.wire.replaceAll("HTTP/1.1 100 Continue\r\n\r\n", "") });
}

/** Asserts that a client which has ended its side got a whole answer to each request, at most one more, and the end. */
function assertSettled(heard: Heard, name: string): void {
  const { answers, rest } = readAnswers(heard.wire, heard.seen.map(({ method }) => method));
  const final = answers.filter(({ status }) => status >= 200);
  assert(heard.ended && heard.lost === undefined, `${name}: the server did not end: ${JSON.stringify(heard)}`);
  assertEquals(rest, "", `${name}: half an answer`);
  assert(heard.seen.every(({ end }) => end !== "open"), `${name}: a handler waits for ever`);
  const whole = heard.seen.filter(({ end }) => end === "whole").length;
  assert(
    final.length >= whole && final.length <= heard.seen.length + 1,
    `${name}: ${final.length} answers to ${heard.seen.length} requests: ${JSON.stringify(heard)}`,
  );
  assert(
    final.slice(0, -1).every(({ status }) => status === 200 || status === 405),
    `${name}: an error is not the last`,
  );
}

/** Says each input whole, octet by octet and cut at two places, ends the client's side, and asserts what must hold. */
async function converseInPieces(lab: Lab, inputs: readonly (readonly [name: string, Uint8Array])[]): Promise<Heard[]> {
  const ways = (length: number): Cut[] => ["whole", "octets", Math.floor(length / 3), Math.floor(length * 0.8)];
  const heard = await lab.converse(
    inputs.flatMap(([, input]) => ways(input.length).map((cut) => ({ input, cut, end: true }))),
  );
  return inputs.map(([name], index) => {
    const [whole, ...others] = heard.slice(index * 4, index * 4 + 4);
    for (const other of others) if (canonical(other) !== canonical(whole!)) assertEquals(other, whole, name);
    assertSettled(whole!, name);
    return whole!;
  });
}

for (const file of ["h2o-http1.jsonl", "go-httpreq.jsonl"]) {
  vectorTest(
    `serve() answers or ends on each input of fuzz-h1/${file}, alike on every split`,
    () => loadVectorLines<Sample>("fuzz-h1", file),
    async (samples) => {
      await using lab = new Lab();
      const alone: string[] = [];
      for (let at = 0; at < samples.length; at += BATCH) {
        const batch = samples.slice(at, at + BATCH);
        const heard = await converseInPieces(lab, batch.map(({ name, b64 }) => [name, fromBase64(b64)] as const));
        batch.forEach(({ name, llhttp, h11 }, index) => {
          const refused = llhttp?.error && llhttp.complete === 0 && h11?.error && !h11.first_complete;
          if (refused && heard[index]!.seen.some(({ end }) => end === "whole")) alone.push(name);
        });
      }
      assertEquals(alone, [], "requests that both other parsers refuse");
      assertEquals(lab.failures, []);
    },
  );
}

/** What requests are made of: whole ones and their parts, in any order. */
const PARTS = [
  "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET /old HTTP/1.0\r\n\r\n",
  "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
  "PUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
  "GET /get HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
  "POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
  "GET /up HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
  "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  "POST /x HTTP/1.1\r\nHost: a\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Content-Length: 7\r\n",
  "\r\n",
  "\n",
  "0\r\n\r\n",
  "a\r\n",
  "\0\xff",
] as const;

/** Bytes that look like requests, more or less. */
const input = fc.array(
  fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...PARTS) }, {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 8 }),
  }),
  { maxLength: 12 },
).map((parts) => {
  const pieces = parts.map((part) => typeof part === "string" ? fromLatin1(part) : part);
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
});

Deno.test("serve() answers or ends whatever bytes come, alike on every split, and never throws", async () => {
  await using lab = new Lab();
  await fc.assert(
    fc.asyncProperty(
      fc.array(input, { minLength: 20, maxLength: 20 }),
      async (inputs) => {
        await converseInPieces(lab, inputs.map((bytes, index) => [`input ${index}`, bytes] as const));
      },
    ),
    { numRuns: 50 },
  );
  assertEquals(lab.failures, []);
});
