/**
 * Owns the process that serves by `node:http2` on Node, stream by stream, what the handler file's handlers answer. Knows no
 * case.
 *
 * Run as `node_http2.mjs <handler> [cert key]`, the latter two being files of PEM.
 *
 * @module
 */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createSecureServer, createServer } from "node:http2";

const TEXT = "text/plain;charset=UTF-8";
const DOWNLOAD_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

function answer(stream, body) {
  stream.respond({ ":status": 200, "content-type": TEXT, "content-length": Buffer.byteLength(body) });
  stream.end(body);
}

// The same bytes as the handler file's, which Node can't import: the harness compares digests before it measures.
let download;
function downloadBytes() {
  if (download !== undefined) return download;
  download = Buffer.alloc(DOWNLOAD_BYTES);
  for (let at = 0; at < 251; at++) download[at] = at;
  for (let made = 251; made < DOWNLOAD_BYTES; made *= 2) download.copyWithin(made, 0, made);
  return download;
}

const handlers = {
  hello: (stream) => answer(stream, "Hello, World!"),
  downloadBytes: (stream) => {
    stream.respond({ ":status": 200, "content-length": DOWNLOAD_BYTES });
    stream.end(downloadBytes());
  },
  downloadStream: async (stream) => {
    const bytes = downloadBytes();
    stream.respond({ ":status": 200 });
    for (let at = 0; at < DOWNLOAD_BYTES; at += CHUNK_BYTES) {
      if (!stream.write(bytes.subarray(at, at + CHUNK_BYTES))) await once(stream, "drain");
    }
    stream.end();
  },
  uploadStream: async (stream) => {
    let length = 0;
    for await (const chunk of stream) length += chunk.length;
    answer(stream, String(length));
  },
  uploadBytes: async (stream) => {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    answer(stream, String(Buffer.concat(chunks).length));
  },
};

const [, , name, cert, key] = process.argv;
const handler = handlers[name];
if (handler === undefined) throw new RangeError(`Cannot serve as there is no such handler: received ${name}`);
const server = cert === undefined
  ? createServer()
  : createSecureServer({ cert: readFileSync(cert), key: readFileSync(key) });
server.on("stream", handler);
server.on("sessionError", () => {}); // curl and h2load leave without a goodbye when their time is up
server.listen(0, "127.0.0.1", () => console.log(`listening ${server.address().port}`));

process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
