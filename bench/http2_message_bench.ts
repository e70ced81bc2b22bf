/**
 * Measures what an HTTP/2 request costs before anyone has seen it, by 100: its frame found, its field block decoded, its
 * fields checked. Fields that were classified when they came in are measured beside fields that nobody classified.
 *
 * @module
 */

import { HpackDecoder, HpackEncoder, type HpackField } from "../hpack/mod.ts";
import { encodeFrame, fieldKind, parsePriority, readFrame, readRequestHead } from "../http2/mod.ts";
import { checkFrameHeader, Fragment, FrameHeader, readFragment, readFrameHeader } from "../http2/frame_read.ts";

const COUNT = 100;

/** What a load generator sends. */
const SHORT: readonly HpackField[] = [
  { name: ":method", value: "GET" },
  { name: ":scheme", value: "http" },
  { name: ":authority", value: "127.0.0.1:8000" },
  { name: ":path", value: "/" },
  { name: "user-agent", value: "bench" },
];

/** What a browser sends for a page on its own site, its cookie in crumbs. */
const BROWSER: readonly HpackField[] = [
  { name: ":method", value: "GET" },
  { name: ":authority", value: "www.example.com" },
  { name: ":scheme", value: "https" },
  { name: ":path", value: "/articles/2024/06/a-page" },
  { name: "cache-control", value: "max-age=0" },
  { name: "upgrade-insecure-requests", value: "1" },
  {
    name: "user-agent",
    value: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
  },
  { name: "accept", value: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8" },
  { name: "sec-fetch-site", value: "same-origin" },
  { name: "sec-fetch-mode", value: "navigate" },
  { name: "sec-fetch-dest", value: "document" },
  { name: "referer", value: "https://www.example.com/articles" },
  { name: "accept-encoding", value: "gzip, deflate, br, zstd" },
  { name: "accept-language", value: "en-GB,en;q=0.9,de;q=0.8" },
  { name: "cookie", value: "session=0123456789abcdef0123456789abcdef; theme=dark" },
  { name: "priority", value: "u=0, i" },
];

/** Gives what a decoder gives for a list that it has had before. */
function decodedAgain(fields: readonly HpackField[], decoder: HpackDecoder): HpackField[] {
  const encoder = new HpackEncoder({ indexing: () => "incremental" });
  const decode = () => {
    const block = encoder.encodeBlock(fields);
    return decoder.decode(block, 0, block.length)!;
  };
  decode();
  return decode();
}

for (const [name, fields] of Object.entries({ short: SHORT, browser: BROWSER })) {
  const group = `check the fields of ${COUNT} ${name} requests`;
  const classified = decodedAgain(fields, new HpackDecoder({ classify: fieldKind }));
  const unclassified = decodedAgain(fields, new HpackDecoder());
  Deno.bench({
    name: "classified when they came in",
    group,
    baseline: true,
    fn: () => {
      for (let count = 0; count < COUNT; count++) readRequestHead(classified, 1);
    },
  });
  Deno.bench({
    name: "not classified",
    group,
    fn: () => {
      for (let count = 0; count < COUNT; count++) readRequestHead(unclassified, 1);
    },
  });
}

const FRAME = encodeFrame({
  type: "headers",
  streamId: 1,
  endStream: true,
  endHeaders: true,
  fragment: new HpackEncoder().encodeBlock(SHORT),
});
const WIRE = new Uint8Array(COUNT * FRAME.length);
for (let count = 0; count < COUNT; count++) WIRE.set(FRAME, count * FRAME.length);

const header = new FrameHeader();
const fragment = new Fragment();

Deno.bench({
  name: "piece by piece, into the same objects",
  group: `read ${COUNT} HEADERS frames`,
  baseline: true,
  fn: () => {
    for (let at = 0; at < WIRE.length; at = fragment.end) {
      readFrameHeader(WIRE, at, header);
      checkFrameHeader(header, 16_384);
      readFragment(WIRE, at + 9, header, fragment);
    }
  },
});

Deno.bench({
  name: "as objects of their own",
  group: `read ${COUNT} HEADERS frames`,
  fn: () => {
    for (let at = 0; at < WIRE.length;) at += readFrame(WIRE, at)!.used;
  },
});

Deno.bench(`parsePriority, ${COUNT} times "u=0, i"`, () => {
  for (let count = 0; count < COUNT; count++) parsePriority("u=0, i");
});
