/**
 * Owns the process that serves by `node:http` on Node what the handler file's handlers answer. Knows no case.
 *
 * @module
 */

import { createServer } from "node:http";
import { once } from "node:events";

const TEXT = "text/plain;charset=UTF-8";
const DOWNLOAD_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
/** How long an idle connection is kept, in milliseconds: longer than any case takes. */
const KEEP_ALIVE_MS = 600_000;

// `writeHead` before `end` would make each answer chunked: `setHeader` lets `end` announce the length.
function answer(response, type, body) {
  response.setHeader("content-type", type);
  response.end(body);
}

async function bytesOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
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
  hello: (_request, response) => answer(response, TEXT, "Hello, World!"),
  async: async (_request, response) => answer(response, TEXT, await Promise.resolve("Hello, World!")),
  json: (_request, response) => {
    response.setHeader("cache-control", "no-store");
    answer(response, "application/json", '{"message":"Hello, World!"}');
  },
  touch: (request, response) => {
    const { pathname, search } = new URL(request.url, `http://${request.headers.host}`);
    const { accept, cookie } = request.headers;
    answer(response, TEXT, `${request.method} ${pathname}${search} ${accept} ${cookie !== undefined}`);
  },
  echo: async (request, response) => {
    answer(response, "application/json", JSON.stringify(JSON.parse((await bytesOf(request)).toString())));
  },
  downloadBytes: (_request, response) => response.end(downloadBytes()),
  downloadStream: async (_request, response) => {
    const bytes = downloadBytes();
    for (let at = 0; at < DOWNLOAD_BYTES; at += CHUNK_BYTES) {
      if (!response.write(bytes.subarray(at, at + CHUNK_BYTES))) await once(response, "drain");
    }
    response.end();
  },
  uploadStream: async (request, response) => {
    let length = 0;
    for await (const chunk of request) length += chunk.length;
    answer(response, TEXT, String(length));
  },
  uploadBytes: async (request, response) => answer(response, TEXT, String((await bytesOf(request)).length)),
};

async function collect() {
  for (let pass = 0; pass < 4; pass++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage().rss;
}

const handler = handlers[process.argv[2]];
if (handler === undefined) {
  throw new RangeError(`Cannot serve as there is no such handler: received ${process.argv[2]}`);
}
const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, handler);
server.listen(0, "127.0.0.1", () => console.log(`listening ${server.address().port}`));

let text = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", async (part) => {
  text += part;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
    const line = text.slice(0, end);
    text = text.slice(end + 1);
    if (line === "collect") console.log(`rss ${await collect()}`);
  }
});
process.stdin.on("end", () => process.exit(0));
