/**
 * Owns the fuzz targets of the HTTP/1 codec: heads and chunked content of both roles.
 *
 * @module
 */

import { converse, type Outcome, type Reader } from "../http1/conversation.ts";
import { fromBase64, fromLatin1, loadVectorLines, loadVectors } from "../vectors.ts";
import type { FuzzTarget, Random } from "./target.ts";

const WORDS = [
  "\r\n",
  "\r\n\r\n",
  "\r",
  "\n",
  " ",
  "\t",
  ":",
  "\0",
  "\xff",
  "GET / HTTP/1.1\r\nHost: a\r\n",
  "POST ",
  "CONNECT a:1 ",
  "OPTIONS * ",
  "HTTP/1.0",
  "HTTP/2.0",
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.1 103 \r\n",
  "Host: ",
  "[::1]:80",
  "http://a/?b",
  "Content-Length: 5\r\n",
  "Content-Length: 9007199254740992\r\n",
  "Transfer-Encoding: chunked\r\n\r\n",
  "Transfer-Encoding: gzip, chunked\r\n",
  "Connection: close, upgrade\r\n",
  "Upgrade: x\r\n",
  "Expect: 100-continue\r\n",
  "5\r\nhello\r\n",
  "0\r\n\r\n",
  "0\r\nX: y\r\n\r\n",
  ';a="b\\""',
  "ffffffffffffffff",
];

interface Cases {
  readonly cases: readonly { readonly input?: string }[];
}

/** Gives the inputs of the smuggling cases, and of the corpora where they are. */
function seeds(cases: string, corpora: readonly string[]): Uint8Array[] {
  const known = (loadVectors<Cases>("smuggling", cases)?.cases ?? []).flatMap(({ input }) => input ?? []).map(
    fromLatin1,
  );
  const more = corpora.flatMap((file) => loadVectorLines<{ readonly b64: string }>("fuzz-h1", file) ?? []);
  return [...known, ...more.map(({ b64 }) => fromBase64(b64))];
}

/** Reads the input whole and in random pieces: never another throw than the codec's own, and one outcome. */
function compare(reader: Reader, input: Uint8Array, random: Random): void {
  const whole = converse(reader, [input]);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < input.length;) {
    const end = Math.min(input.length, at + 1 + random.below(random.pick([1, 4, 64])));
    pieces.push(input.subarray(at, end));
    at = end;
  }
  const cut = converse(reader, pieces);
  if (JSON.stringify(cut) !== JSON.stringify(whole)) {
    throw new Error(`Cannot read input as its outcome must not hang on how it is cut: ${show(whole)}, ${show(cut)}`);
  }
}

const show = ({ messages, error, reason }: Outcome) => `${messages.length} messages and ${error} ${reason}`;

/** The fuzz targets of the HTTP/1 codec. */
export const targets: readonly FuzzTarget[] = [
  {
    name: "http1-requests",
    words: WORDS,
    corpus: () => seeds("cases.json", ["h2o-http1.jsonl", "go-httpreq.jsonl"]),
    run: (input, random) => compare({ role: "request" }, input, random),
  },
  {
    name: "http1-responses",
    words: WORDS,
    corpus: () => seeds("responses.json", ["go-httpresp.jsonl"]),
    run: (input, random) =>
      compare({ role: "response", method: random.pick(["GET", "HEAD", "CONNECT"]) }, input, random),
  },
];
