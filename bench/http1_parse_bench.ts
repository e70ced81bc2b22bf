/**
 * Measures the HTTP/1 codec beside a parser from npm, whole messages from one buffer, as a connection hands them over.
 *
 * @module
 */

// deno-lint-ignore no-import-prefix -- a peer, measured here only
import { HTTPParser } from "npm:http-parser-js@0.5.10";
import { ChunkedDecoder, DEFAULT_CHUNKED_LIMITS, DEFAULT_HEAD_LIMITS, RequestHeadParser } from "../http1/mod.ts";

/** Messages in one buffer and one iteration: figures are per thousand messages. */
const COUNT = 1000;

const WRK = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n";
const BROWSER = [
  "GET /assets/app.css?v=20240611 HTTP/1.1",
  "Host: www.example.com",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
  "Accept: text/css,*/*;q=0.1",
  "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Referer: https://www.example.com/articles/2024/06/a-page",
  "Connection: keep-alive",
  "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark",
  "Sec-Fetch-Dest: style",
  "Sec-Fetch-Mode: no-cors",
  "",
  "",
].join("\r\n");
const CHUNKED_HEAD = "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const CHUNKED = `${`${(100).toString(16)}\r\n${"x".repeat(100)}\r\n`.repeat(10)}0\r\n\r\n`;

const encoder = new TextEncoder();
const wrk = encoder.encode(WRK.repeat(COUNT));
const browser = encoder.encode(BROWSER.repeat(COUNT));
const chunked = encoder.encode(CHUNKED.repeat(COUNT));
const chunkedWithHead = encoder.encode((CHUNKED_HEAD + CHUNKED).repeat(COUNT));

/** Parses all heads of a buffer; `touch` decodes what a handler would look at. */
function ours(bytes: Uint8Array, touch: boolean): number {
  const parser = new RequestHeadParser(DEFAULT_HEAD_LIMITS);
  let seen = 0;
  for (let at = 0; at < bytes.length; at += parser.used) {
    const head = parser.read(bytes, at, bytes.length);
    if (head === undefined) throw new Error("Cannot measure as the messages must be complete");
    seen += touch ? head.target.length + head.fields().length : 1;
  }
  return seen;
}

function oursChunked(bytes: Uint8Array): number {
  const decoder = new ChunkedDecoder(DEFAULT_CHUNKED_LIMITS);
  let size = 0;
  for (let at = 0; at < bytes.length;) {
    decoder.reset();
    while (!decoder.done) {
      at += decoder.read(bytes, at, bytes.length);
      size += decoder.dataEnd - decoder.dataStart;
    }
  }
  return size;
}

/** The peer takes Node's buffers; it makes every string at once, so it stands beside the touched figures. */
function peer(bytes: Uint8Array): number {
  const parser = new HTTPParser(HTTPParser.REQUEST);
  let seen = 0;
  parser[HTTPParser.kOnHeadersComplete] = () => {
    seen++;
  };
  parser[HTTPParser.kOnBody] = (_bytes, _start, length) => {
    seen += length;
  };
  parser[HTTPParser.kOnMessageComplete] = () => {};
  parser.execute(nodeBuffer(bytes));
  return seen;
}

const nodeBuffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const WRK_GROUP = `1,000 requests of wrk (${WRK.length} bytes)`;
Deno.bench("ours, head only", { group: WRK_GROUP, baseline: true }, () => void ours(wrk, false));
Deno.bench("ours, target and fields read", { group: WRK_GROUP }, () => void ours(wrk, true));
Deno.bench("npm:http-parser-js", { group: WRK_GROUP }, () => void peer(wrk));

const BROWSER_GROUP = `1,000 requests of a browser (${BROWSER.length} bytes)`;
Deno.bench("ours, head only", { group: BROWSER_GROUP, baseline: true }, () => void ours(browser, false));
Deno.bench("ours, target and fields read", { group: BROWSER_GROUP }, () => void ours(browser, true));
Deno.bench("npm:http-parser-js", { group: BROWSER_GROUP }, () => void peer(browser));

const CHUNKED_GROUP = "1,000 chunked contents of 10 chunks of 100 bytes";
Deno.bench("ours, without a head", { group: CHUNKED_GROUP, baseline: true }, () => void oursChunked(chunked));
Deno.bench("npm:http-parser-js, with a head", { group: CHUNKED_GROUP }, () => void peer(chunkedWithHead));
