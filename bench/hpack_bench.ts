/**
 * Measures HPACK beside a package from npm, on the field list of a browser's request: a connection's first block, with the
 * making of encoder or decoder, and a block that repeats. Decoders are given the same octets. The first block is measured
 * with strings that another connection has sent, as most are, and with values that nobody has, which no memory helps.
 *
 * @module
 */

import process from "node:process";
import { HpackDecoder, HpackEncoder, type HpackField, maxBlockSize } from "../hpack/mod.ts";

/** What Chromium sends for a page on its own site. */
const BROWSER: readonly HpackField[] = [
  { name: ":method", value: "GET" },
  { name: ":authority", value: "www.example.com" },
  { name: ":scheme", value: "https" },
  { name: ":path", value: "/articles/2024/06/a-page" },
  { name: "cache-control", value: "max-age=0" },
  { name: "sec-ch-ua", value: '"Not/A)Brand";v="8", "Chromium";v="126", "Google Chrome";v="126"' },
  { name: "sec-ch-ua-mobile", value: "?0" },
  { name: "sec-ch-ua-platform", value: '"Linux"' },
  { name: "upgrade-insecure-requests", value: "1" },
  {
    name: "user-agent",
    value: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
  },
  {
    name: "accept",
    value: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
  },
  { name: "sec-fetch-site", value: "same-origin" },
  { name: "sec-fetch-mode", value: "navigate" },
  { name: "sec-fetch-user", value: "?1" },
  { name: "sec-fetch-dest", value: "document" },
  { name: "referer", value: "https://www.example.com/articles" },
  { name: "accept-encoding", value: "gzip, deflate, br, zstd" },
  { name: "accept-language", value: "en-GB,en;q=0.9,de;q=0.8" },
  { name: "cookie", value: "session=0123456789abcdef0123456789abcdef" },
  { name: "priority", value: "u=0, i" },
];

/** A half of the peer: an object stream that answers at once. */
interface PeerStream<I, O> {
  write(input: I): void;
  read(): O | null;
}

/** The peer's decoder goes on when it is told to. */
interface PeerDecompressor extends PeerStream<Uint8Array, unknown> {
  execute(): void;
}

/** What is used of the peer, which has no types. */
interface Peer {
  readonly compressor: { create(options: typeof PEER_OPTIONS): PeerStream<readonly HpackField[], Uint8Array> };
  readonly decompressor: { create(options: typeof PEER_OPTIONS): PeerDecompressor };
}

const PEER_OPTIONS = { table: { size: 4096 } };

// The peer's streams ask for a variable when they are loaded, and benches run without permissions.
Object.defineProperty(process, "env", { value: {} });
// deno-lint-ignore no-import-prefix -- a peer, measured here only
const { default: hpack }: { default: Peer } = await import("npm:hpack.js@2.1.6");

/** A list goes in, and the block comes out. */
function peerEncode(compressor: PeerStream<readonly HpackField[], Uint8Array>, fields = BROWSER): Uint8Array {
  compressor.write(fields);
  const block = compressor.read();
  if (block === null) throw new Error("Cannot measure as the peer gave no block");
  return block;
}

/** A block goes in, and fields come out one by one. */
function peerDecode(decompressor: PeerDecompressor, block: Uint8Array): number {
  decompressor.write(Buffer.from(block.buffer, block.byteOffset, block.byteLength));
  decompressor.execute();
  let count = 0;
  while (decompressor.read() !== null) count++;
  return count;
}

function check(fields: number): void {
  if (fields !== BROWSER.length) throw new Error(`Cannot measure as a block gave ${fields} fields`);
}

/** Blocks in one iteration: figures are per hundred. */
const COUNT = 100;

/** Measures `run` on so many blocks, and what it leaves for later: the peer's streams do half of their work in ticks. */
function bench(group: string, name: string, run: (round: number) => void): void {
  Deno.bench(name, { group, baseline: name === OURS }, async () => {
    for (let round = 0; round < COUNT; round++) run(round);
    await new Promise<void>((resolve) => process.nextTick(resolve));
  });
}

const OURS = "ours";
const PEER = "npm:hpack.js";

/** Lists with other values than any other, more of them than our memories have room for. */
const UNSEEN = Array.from(
  { length: COUNT },
  (_, round) => BROWSER.map(({ name, value }, at) => ({ name, value: at < 3 ? value : `${round}${value}` })),
);

const into = new Uint8Array(maxBlockSize(UNSEEN.at(-1)!));
const encoder = new HpackEncoder();
const first = encoder.encodeBlock(BROWSER);
encoder.encodeBlock(BROWSER); // the path repeats from here on, and gets its entry
const decoder = new HpackDecoder();
const compressor = hpack.compressor.create(PEER_OPTIONS);
const peerFirst = Uint8Array.from(peerEncode(compressor));
const peerAgain = Uint8Array.from(peerEncode(compressor));
const peerUnseen = UNSEEN.map((fields) => Uint8Array.from(peerEncode(hpack.compressor.create(PEER_OPTIONS), fields)));
const decompressor = hpack.decompressor.create(PEER_OPTIONS);

function decode(decoder: HpackDecoder, block: Uint8Array): void {
  check(decoder.decode(block, 0, block.length)!.length);
}

decode(decoder, peerFirst);
check(peerDecode(decompressor, peerFirst));

const ENCODE_FIRST =
  `encode 100 first blocks (${BROWSER.length} fields, ${first.length} bytes, the peer's ${peerFirst.length})`;
bench(ENCODE_FIRST, OURS, () => void new HpackEncoder().encode(BROWSER, into, 0));
bench(ENCODE_FIRST, PEER, () => void peerEncode(hpack.compressor.create(PEER_OPTIONS)));

const ENCODE_UNSEEN = "encode 100 first blocks of values never seen";
bench(ENCODE_UNSEEN, OURS, (round) => void new HpackEncoder().encode(UNSEEN[round]!, into, 0));
bench(ENCODE_UNSEEN, PEER, (round) => void peerEncode(hpack.compressor.create(PEER_OPTIONS), UNSEEN[round]!));

const ENCODE_AGAIN = "encode 100 blocks that repeat";
bench(ENCODE_AGAIN, OURS, () => void encoder.encode(BROWSER, into, 0));
bench(ENCODE_AGAIN, PEER, () => void peerEncode(compressor));

const DECODE_FIRST = "decode 100 first blocks";
bench(DECODE_FIRST, OURS, () => decode(new HpackDecoder(), peerFirst));
bench(DECODE_FIRST, PEER, () => check(peerDecode(hpack.decompressor.create(PEER_OPTIONS), peerFirst)));

const DECODE_UNSEEN = "decode 100 first blocks of values never seen";
bench(DECODE_UNSEEN, OURS, (round) => decode(new HpackDecoder(), peerUnseen[round]!));
bench(
  DECODE_UNSEEN,
  PEER,
  (round) => check(peerDecode(hpack.decompressor.create(PEER_OPTIONS), peerUnseen[round]!)),
);

const DECODE_AGAIN = "decode 100 blocks that repeat";
bench(DECODE_AGAIN, OURS, () => decode(decoder, peerAgain));
bench(DECODE_AGAIN, PEER, () => check(peerDecode(decompressor, peerAgain)));
