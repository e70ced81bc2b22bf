/**
 * Owns the table of cases: what is measured, against whom, for which targets. Knows not how.
 *
 * A further case is a further row. A load of another kind is a `Load` beside `requests`, `download` and `upload`; a case
 * that measures clients brings contenders of its own, whose `open` starts a client's process.
 *
 * @module
 */

import { BYTES, type Case, MEMORY, MESSAGES, REQUESTS } from "./case.ts";
import * as client from "./clients.ts";
import { curl } from "./curl.ts";
import { DOWNLOAD_BYTES } from "./handler.ts";
import type { H2Load } from "./h2load.ts";
import * as http2 from "./http2_servers.ts";
import { probe, probeHttp2 } from "./probe.ts";
import type { Server } from "./running.ts";
import * as server from "./servers.ts";
import * as socket from "./sockets.ts";
import { type Ask, wrk, type WrkLoad } from "./wrk.ts";

/** How many connections the idle case holds open. */
const IDLE_CONNECTIONS = 5_000;
/** The most that an idle connection may cost, in bytes. */
const IDLE_BYTES = 12 * 1024;
/** How many WebSockets the idle case holds open. */
const IDLE_SOCKETS = 10_000;
/** The most that an idle WebSocket may cost beyond its connection, in bytes. */
const IDLE_SOCKET_BYTES = 8 * 1024;
/** The length of the uploads, in bytes: 64 MiB. */
const UPLOAD_BYTES = 64 * 1024 * 1024;

const requests = (load: WrkLoad): server.Load => ({
  programs: ["wrk"],
  ask: load,
  sample: (port, seconds) => wrk(load, port, seconds),
});

/** Asks as the transfers do, which go over HTTP/1.1 or over HTTP/2. */
const answered = (ask: Ask, http2: boolean) => (port: number) =>
  http2 ? probeHttp2(port, ask, false) : probe(port, ask);

const UPLOAD: Ask = { method: "PUT", body: "0".repeat(1024 * 1024) };

const downloads = (http2: boolean): server.Load => ({
  programs: ["curl"],
  ask: {},
  answer: answered({}, http2),
  sample: (port, seconds) => curl({ down: DOWNLOAD_BYTES, http2 }, port, seconds),
});

const uploads = (http2: boolean): server.Load => ({
  programs: ["curl"],
  ask: UPLOAD,
  answer: answered(UPLOAD, http2),
  sample: async (port, seconds) => {
    await using file = await sparseFile(UPLOAD_BYTES);
    return await curl({ up: UPLOAD_BYTES, file: file.path, http2 }, port, seconds);
  },
});

const [download, upload] = [downloads(false), uploads(false)];

/** What a browser sends along when it opens a page: about 500 bytes. */
const BROWSER_FIELDS: Readonly<Record<string, string>> = {
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "accept-language": "en-GB,en;q=0.9,de;q=0.8",
  "accept-encoding": "gzip, deflate, br, zstd",
  cookie: "session=8b3f0c5d7e914a62; theme=dark; consent=1",
  "sec-fetch-dest": "document",
  "sec-fetch-mode": "navigate",
  "sec-fetch-site": "none",
  "sec-fetch-user": "?1",
  "upgrade-insecure-requests": "1",
};

const JSON_POST: WrkLoad = {
  connections: 64,
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ id: 4711, name: "Ada Lovelace", tags: ["mathematics", "engines"], active: true }),
};

const { ours, denoServe, nodeHttp, canned } = server;
const GET: WrkLoad = { connections: 64 };

/** Servers on two cores, and one worker to compare with. */
const SEVERAL = [server.oursBy(2), server.oursBy(1), server.denoServeParallel, server.denoServeShared];

/** Clients that ask a server of canned bytes, the same for all. */
const hello = (inFlight: number) =>
  client.asking(
    { work: "get", inFlight, server: canned, handler: "hello", ask: {} },
    [client.ours, client.denoFetch, client.undici, client.raw],
  );

/** Clients that move 64 MiB, one transfer at a time. */
const transfers = (work: "download" | "upload") =>
  client.asking(
    work === "download"
      ? { work, inFlight: 1, server: server.writeLoop, handler: "downloadBytes", ask: {} }
      : { work, inFlight: 1, server: server.readLoop, handler: "uploadBytes", ask: upload.ask },
    [client.ours, client.denoFetch, client.undici, client.raw],
  );

/** The same over HTTP/2, on one connection. */
const helloHttp2 = (inFlight: number) =>
  client.asking(
    { work: "get", inFlight, server: http2.cannedHttp2, handler: "hello", ask: {}, http2: true },
    [client.oursHttp2, client.denoFetchHttp2, client.nodeHttp2, client.rawHttp2],
  );

/** Servers that answer a short text over HTTP/2. */
const helloServers = (load: H2Load) =>
  server.serving("hello", http2.requests(load), [
    ours,
    denoServe,
    http2.nodeHttp2,
    http2.nghttpd,
    http2.cannedHttp2,
  ]);

/** Servers that move 64 MiB over HTTP/2. */
const bodies = (handler: string, load: server.Load, floor: Server) =>
  server.serving(handler, load, [ours, denoServe, http2.nodeHttp2, floor]);

const [downloadHttp2, uploadHttp2] = [downloads(true), uploads(true)];

/** Those that serve WebSockets, and what ours is to reach. */
const SOCKETS = [socket.ours, socket.denoUpgrade, socket.ws];
const SOCKET_TARGETS = [{ against: socket.denoUpgrade.name, atLeast: 1 }, { against: socket.ws.name, atLeast: 1.5 }];

/** All cases, in the order in which they run. */
export const CASES: readonly Case[] = [
  {
    name: "keep-alive",
    title: "GET of a short text over 64 kept connections",
    unit: REQUESTS,
    contenders: server.serving("hello", requests(GET), [ours, denoServe, nodeHttp, canned]),
    targets: [
      { against: "Deno.serve", atLeast: 0.85 },
      { against: "canned", atLeast: 0.9 },
      { against: "node:http", atLeast: 2 },
    ],
  },
  {
    name: "pipelined",
    title: "the same, pipelined by 16",
    unit: REQUESTS,
    contenders: server.serving("hello", requests({ ...GET, pipelined: 16 }), [ours, denoServe, nodeHttp, canned]),
    targets: [{ against: "Deno.serve", atLeast: 4 }],
  },
  {
    name: "download-bytes",
    title: "64 MiB down, from a Uint8Array",
    unit: BYTES,
    contenders: server.serving("downloadBytes", download, [ours, denoServe, nodeHttp, server.writeLoop]),
    targets: [{ against: "Deno.serve", atLeast: 1.5 }],
  },
  {
    name: "download-stream",
    title: "64 MiB down, from a stream of 64 KiB chunks",
    unit: BYTES,
    contenders: server.serving("downloadStream", download, [ours, denoServe, nodeHttp, server.writeLoop]),
    targets: [{ against: "Deno.serve", atLeast: 1.5 }],
  },
  {
    name: "upload-stream",
    title: "64 MiB up, drained as a stream",
    unit: BYTES,
    contenders: server.serving("uploadStream", upload, [ours, denoServe, nodeHttp, server.readLoop]),
    targets: [{ against: "Deno.serve", atLeast: 1 }],
  },
  {
    name: "upload-bytes",
    title: "64 MiB up, taken whole by bytes()",
    unit: BYTES,
    contenders: server.serving("uploadBytes", upload, [ours, denoServe, nodeHttp, server.readLoop]),
    targets: [{ against: "Deno.serve", atLeast: 1 }],
  },
  {
    name: "idle",
    title: "memory of each of 5,000 idle connections",
    unit: MEMORY,
    contenders: server.idling("hello", IDLE_CONNECTIONS, [ours, denoServe, nodeHttp, server.cannedSmall]),
    targets: [{ atMost: IDLE_BYTES }],
  },
  {
    name: "one",
    title: "GET of a short text over one connection, one at a time",
    unit: REQUESTS,
    contenders: server.serving("hello", requests({ connections: 1 }), [ours, denoServe, nodeHttp, canned]),
    targets: [],
  },
  {
    name: "browser",
    title: "GET with the fields of a browser (about 500 bytes), 64 connections",
    unit: REQUESTS,
    contenders: server.serving("hello", requests({ ...GET, headers: BROWSER_FIELDS }), [
      ours,
      denoServe,
      nodeHttp,
      canned,
    ]),
    targets: [],
  },
  {
    name: "touch",
    title: "the same, to a handler that reads method, URL and two fields",
    unit: REQUESTS,
    contenders: server.serving("touch", requests({ ...GET, path: "/items/17?page=2", headers: BROWSER_FIELDS }), [
      ours,
      denoServe,
      nodeHttp,
    ]),
    targets: [],
  },
  {
    name: "json",
    title: "GET of a JSON answer with a headers init, 64 connections",
    unit: REQUESTS,
    contenders: server.serving("json", requests(GET), [ours, denoServe, nodeHttp, canned]),
    targets: [],
  },
  {
    name: "async",
    title: "GET of a short text from an async handler, 64 connections",
    unit: REQUESTS,
    contenders: server.serving("async", requests(GET), [ours, denoServe, nodeHttp, canned]),
    targets: [],
  },
  {
    name: "echo",
    title: "POST of a small JSON body that is parsed and answered, 64 connections",
    unit: REQUESTS,
    contenders: server.serving("echo", requests(JSON_POST), [ours, denoServe, nodeHttp]),
    targets: [],
  },
  {
    name: "workers",
    title: "GET of a text that takes 100 µs of a core, 64 connections, two workers",
    unit: REQUESTS,
    contenders: server.serving("burn", requests(GET), SEVERAL),
    targets: [{ against: "one worker", atLeast: 1.7 }],
  },
  {
    name: "workers-hello",
    title: "the same, of a text that takes nothing",
    unit: REQUESTS,
    contenders: server.serving("hello", requests(GET), SEVERAL),
    targets: [],
  },
  {
    name: "client-32",
    title: "a client's GET of a short text, 32 in flight",
    unit: REQUESTS,
    contenders: hello(32),
    targets: [{ against: "fetch", atLeast: 2.5 }, { against: "undici", atLeast: 1.5 }],
  },
  {
    name: "client-one",
    title: "the same, one at a time",
    unit: REQUESTS,
    contenders: hello(1),
    targets: [{ against: "fetch", atLeast: 1.5 }],
  },
  {
    name: "client-download",
    title: "a client's 64 MiB down, read as a stream",
    unit: BYTES,
    contenders: transfers("download"),
    targets: [{ against: "fetch", atLeast: 1 }],
  },
  {
    name: "client-upload",
    title: "a client's 64 MiB up, from a Uint8Array",
    unit: BYTES,
    contenders: transfers("upload"),
    targets: [{ against: "fetch", atLeast: 1 }],
  },
  {
    name: "h2-32",
    title: "HTTP/2, 16 connections of 32 streams: GET of a short text",
    unit: REQUESTS,
    contenders: helloServers({ connections: 16, streams: 32 }),
    targets: [
      { against: "Deno.serve", atLeast: 5 },
      { against: "node:http2", atLeast: 8 },
      { against: "nghttpd", atLeast: 0.5 },
    ],
  },
  {
    name: "h2-1",
    title: "the same, one stream a connection",
    unit: REQUESTS,
    contenders: helloServers({ connections: 16, streams: 1 }),
    targets: [{ against: "Deno.serve", atLeast: 2 }],
  },
  {
    name: "h2-tls",
    title: "HTTP/2 over TLS, 16 connections of 32 streams: GET of a short text",
    unit: REQUESTS,
    contenders: helloServers({ connections: 16, streams: 32, secure: true }),
    targets: [{ against: "Deno.serve", atLeast: 4.5 }],
  },
  {
    name: "h2-download-bytes",
    title: "HTTP/2: 64 MiB down, from a Uint8Array",
    unit: BYTES,
    contenders: bodies("downloadBytes", downloadHttp2, http2.writeLoopHttp2),
    targets: [{ against: "Deno.serve", atLeast: 1.5 }],
  },
  {
    name: "h2-download-stream",
    title: "HTTP/2: 64 MiB down, from a stream of 64 KiB chunks",
    unit: BYTES,
    contenders: bodies("downloadStream", downloadHttp2, http2.writeLoopHttp2),
    targets: [{ against: "Deno.serve", atLeast: 1.5 }],
  },
  {
    name: "h2-upload-stream",
    title: "HTTP/2: 64 MiB up, drained as a stream",
    unit: BYTES,
    contenders: bodies("uploadStream", uploadHttp2, http2.readLoopHttp2),
    targets: [{ against: "Deno.serve", atLeast: 1.5 }],
  },
  {
    name: "h2-upload-bytes",
    title: "HTTP/2: 64 MiB up, taken whole by bytes()",
    unit: BYTES,
    contenders: bodies("uploadBytes", uploadHttp2, http2.readLoopHttp2),
    targets: [{ against: "Deno.serve", atLeast: 1.5 }],
  },
  {
    name: "h2-client-32",
    title: "HTTP/2: a client's GET of a short text, 32 in flight on one connection",
    unit: REQUESTS,
    contenders: helloHttp2(32),
    targets: [{ against: "fetch", atLeast: 5 }],
  },
  {
    name: "h2-client-one",
    title: "the same, one at a time",
    unit: REQUESTS,
    contenders: helloHttp2(1),
    targets: [{ against: "fetch", atLeast: 2 }],
  },
  {
    name: "ws-echo-64b",
    title: "WebSocket: echo of texts of 64 bytes, one under way on each of 64 sockets",
    unit: MESSAGES,
    contenders: socket.speaking({ work: "text", sockets: 64, bytes: 64 }, [...SOCKETS, socket.canned]),
    targets: SOCKET_TARGETS,
  },
  {
    name: "ws-echo-16k",
    title: "the same of 16 KiB of octets",
    unit: MESSAGES,
    contenders: socket.speaking({ work: "binary", sockets: 64, bytes: 16 * 1024 }, [...SOCKETS, socket.canned]),
    targets: SOCKET_TARGETS,
  },
  {
    name: "ws-broadcast",
    title: "WebSocket: texts of 64 bytes to 1,000 sockets each",
    unit: MESSAGES,
    contenders: socket.speaking({ work: "broadcast", sockets: 1_000, bytes: 64 }, SOCKETS),
    targets: [],
  },
  {
    name: "ws-deflate",
    title: "WebSocket: echo of 1 KiB of JSON, compressed at level 1 both ways, on 64 sockets",
    unit: MESSAGES,
    contenders: socket.speaking({ work: "deflate", sockets: 64, bytes: 1024 }, [socket.ours, socket.ws]),
    targets: [],
  },
  {
    name: "ws-idle",
    title: "memory of each of 10,000 idle WebSockets that had a message, beyond their connections'",
    unit: MEMORY,
    contenders: socket.idling(IDLE_SOCKETS, SOCKETS),
    targets: [{ atMost: IDLE_SOCKET_BYTES }],
  },
];

/** Makes a file of zeros that takes no room on a disk, so that no write-back disturbs what is measured. */
async function sparseFile(length: number): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempFile({ dir: "/tmp", prefix: "avx-http-bench-" });
  await Deno.truncate(path, length);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}
