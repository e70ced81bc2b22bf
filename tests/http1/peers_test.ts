/**
 * Owns the run of other parsers' cases over the codec: where ours decides otherwise, `peer_deviations.ts` must say why, and
 * an entry there that no longer deviates fails too.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ChunkedDecoder, DEFAULT_CHUNKED_LIMITS } from "../../http1/mod.ts";
import { fromBase64, fromLatin1, loadVectors, vectorTest } from "../vectors.ts";
import { Conversation, converseOnEverySplit, type Message, type Outcome, type Reader } from "./conversation.ts";
import { DEVIATIONS } from "./peer_deviations.ts";

/** Fields; one peer gives a line that goes on with another as one without a name. */
type Pairs = readonly (readonly [name: string | null, value: string | null])[];

interface PeerMessage {
  readonly method?: string;
  readonly target?: string;
  readonly url?: string;
  readonly version?: string;
  readonly minor_version?: number;
  readonly status?: number | string;
  readonly status_code?: number;
  readonly reason?: string;
  readonly headers?: Pairs;
  readonly trailers?: Pairs;
  readonly body?: string;
  readonly complete?: boolean;
  readonly framing?: string;
  readonly keep_alive?: boolean;
}

interface PeerCase extends PeerMessage {
  readonly id: string;
  readonly kind?: string;
  readonly type?: string;
  readonly input_b64: string;
  readonly expect: "ok" | "error" | "partial" | "ignored";
  readonly messages?: readonly PeerMessage[];
  readonly size?: string;
  readonly consumed?: number;
  readonly request_method?: string;
}

const ADDED_HOST = fromLatin1("Host: added.test\r\n");
const CHUNKED_HEAD = fromLatin1("POST / HTTP/1.1\r\nHost: added.test\r\nTransfer-Encoding: chunked\r\n\r\n");
const OLD_HEAD = fromLatin1("GET / HTTP/1.0\r\n");

function join(...parts: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  parts.reduce((at, part) => (joined.set(part, at), at + part.length), 0);
  return joined;
}

/** Adds a Host to each HTTP/1.1 request that is refused for having none: most peers don't ask for one. */
function withHosts(bytes: Uint8Array): Uint8Array {
  for (;;) {
    const conversation = new Conversation({ role: "request" });
    conversation.receive(bytes);
    if (!conversation.outcome.reason.includes("must have a Host")) return bytes;
    let at = conversation.consumed;
    while (bytes[at] === 0x0d || bytes[at] === 0x0a) at++;
    at = bytes.indexOf(0x0a, at) + 1;
    bytes = join(bytes.subarray(0, at), ADDED_HOST, bytes.subarray(at));
  }
}

function bytesOf(test: PeerCase): Uint8Array {
  const bytes = fromBase64(test.input_b64);
  switch (test.kind ?? test.type) {
    case "request":
      return withHosts(bytes);
    case "header-block":
      return join(OLD_HEAD, bytes);
    case "chunk-size-line":
    case "chunked-body":
      return join(CHUNKED_HEAD, bytes);
    default:
      return bytes;
  }
}

function readerOf(test: PeerCase): Reader {
  if ((test.kind ?? test.type) !== "response") return { role: "request" };
  return { role: "response", method: test.request_method ?? "GET" };
}

/** Gives text as ours is: a character an octet. Peers' texts with characters above US-ASCII are Latin-1, or UTF-8 of llhttp. */
function octetsOf(test: PeerCase): PeerCase {
  if (!test.id.startsWith("llhttp/")) return test;
  const latin1 = (_key: string, value: unknown) =>
    typeof value === "string" ? String.fromCharCode(...new TextEncoder().encode(value)) : value;
  return JSON.parse(JSON.stringify(test), latin1);
}

/** Names what differs between a message and what a peer saw of it; nothing when all that it tells is equal. */
function differenceOf(message: Message | undefined, peer: PeerMessage): string {
  if (message === undefined) return peer.complete === false ? "" : "message";
  const fields = message.fields.filter((field) => field.value !== "added.test").map(({ name, value }) => [name, value]);
  const trailers = message.trailers.map(({ name, value }) => [name, value]);
  const checks: readonly (readonly [name: string, ours: unknown, theirs: unknown])[] = [
    ["method", message.start, peer.method],
    ["target", message.text, peer.target ?? peer.url],
    [
      "version",
      `1.${message.minor}`,
      peer.version ?? (peer.minor_version === undefined ? undefined : `1.${peer.minor_version}`),
    ],
    ["status", message.start, peer.status_code ?? (typeof peer.status === "number" ? peer.status : undefined)],
    ["reason", message.text, peer.reason ?? (typeof peer.status === "string" ? peer.status : undefined)],
    ["headers", fields, fieldsOf(peer.headers)],
    ["trailers", trailers, fieldsOf(peer.trailers)],
    ["body", message.body, peer.body],
    ["framing", framingOf(message), peer.framing],
    ["keep-alive", message.keepAlive, peer.keep_alive],
  ];
  return checks.filter(([, ours, theirs]) => theirs !== undefined && JSON.stringify(ours) !== JSON.stringify(theirs))
    .map(([name]) => name).join(", ");
}

/** Gives a peer's fields as ours are: names in lower case, values trimmed and unfolded. */
function fieldsOf(pairs: Pairs | undefined): string[][] | undefined {
  const fields: string[][] = [];
  for (const [name, value] of pairs ?? []) {
    const text = (value ?? "").trim();
    const last = fields.at(-1);
    if (name === null && last !== undefined) last[1] += ` ${text}`;
    else fields.push([(name ?? "").toLowerCase(), text]);
  }
  return pairs === undefined ? undefined : fields;
}

function framingOf(message: Message): string {
  if (message.framing === "length") return `length:${message.contentLength}`;
  return message.framing === "close" ? "until-close" : message.framing;
}

/** Names what differs between the outcome and what the peer came to. */
function difference(test: PeerCase, outcome: Outcome): string {
  if (test.expect === "error") return outcome.error === 0 ? "accepted" : "";
  if (outcome.error !== 0) return "refused";
  if (test.expect === "partial") return outcome.partial ? "" : "whole";
  const peers = test.messages ?? [test];
  const differences = peers.map((peer, index) => differenceOf(outcome.messages[index], peer));
  if (test.kind === "chunk-size-line") differences.push(sizeDifference(test));
  return differences.filter((text) => text !== "").join("; ");
}

function sizeDifference(test: PeerCase): string {
  const decoder = new ChunkedDecoder(DEFAULT_CHUNKED_LIMITS);
  const line = fromBase64(test.input_b64).subarray(0, test.consumed);
  const used = decoder.read(line, 0, line.length);
  return used === line.length && `${decoder.remaining}` === test.size ? "" : "size";
}

const SETS = [
  ["http1-vectors", "gunicorn.json"],
  ["http1-vectors", "h11.json"],
  ["http1-vectors", "httparse.json"],
  ["http1-vectors", "hyper.json"],
  ["http1-vectors", "picohttpparser.json"],
  ["llhttp", "http.json"],
] as const;

for (const [set, file] of SETS) {
  vectorTest(
    `The codec decides the cases of ${set}/${file} as they do, or says why not, on every split`,
    () => loadVectors<{ cases: PeerCase[] }>(set, file),
    ({ cases }) => {
      const found: Record<string, string> = {};
      for (const test of cases) {
        const outcome = converseOnEverySplit(readerOf(test), bytesOf(test), test.id);
        const text = difference(octetsOf(test), outcome);
        if (text !== "") found[test.id] = text;
      }
      const prefix = `${cases[0]!.id.split("/")[0]}/`;
      const known = Object.values(DEVIATIONS).flat().filter((id) => id.startsWith(prefix));
      assertEquals(Object.keys(found).sort(), known.sort());
    },
  );
}

vectorTest(
  "RequestHeadParser reads llhttp's URLs as targets, and refuses those with a fragment, userinfo, zone or tab",
  () => loadVectors<{ cases: { id: string; input: string }[] }>("llhttp", "url.json"),
  ({ cases }) => {
    for (const { id, input } of cases) {
      const unwanted = /[#@\t]|%eth0/.test(input);
      const request = fromLatin1(`GET ${input} HTTP/1.1\r\nHost: added.test\r\n\r\n`);
      const outcome = converseOnEverySplit({ role: "request" }, request, id);
      assertEquals(outcome.error, unwanted ? 400 : 0, `${id} ${input}`);
      if (unwanted) continue;
      const host = input.startsWith("/") ? "added.test" : input.split("/")[2];
      assertEquals([outcome.messages[0]?.text, outcome.messages[0]?.host], [input, host]);
    }
  },
);
