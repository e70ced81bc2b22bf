/**
 * Owns a conversation of Node's own `http2` client with the app whose origin it is given; prints what it saw as JSON. Must
 * not know what is right: the test that runs it judges.
 *
 * @module
 */

import http2 from "node:http2";
import process from "node:process";
import { once } from "node:events";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";

const [, , origin, certificate] = process.argv;
const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = http2.constants;

/** Connects; TLS trusts the app's certificate alone. */
function connect(options = {}) {
  return http2.connect(origin, { ...(certificate ? { ca: readFileSync(certificate) } : {}), ...options });
}

/** Waits for the end of a stream's content, and gives it with all that came beside. */
async function answerOf(stream) {
  const seen = { informed: [], trailers: {} };
  stream.on("headers", (headers) => seen.informed.push([headers[":status"], headers.link]));
  stream.on("trailers", (headers) => Object.assign(seen.trailers, headers));
  const ended = once(stream, "close");
  const [headers] = await once(stream, "response");
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  await ended;
  return { ...seen, status: headers[":status"], headers: { ...headers }, text: Buffer.concat(pieces).toString() };
}

/** Asks, and gives the answer. */
function ask(session, path, { content = [], trailers, ...headers } = {}) {
  const waits = trailers !== undefined;
  const endStream = content.length === 0 && !waits;
  const stream = session.request({ ":path": path, ...headers }, { endStream, waitForTrailers: waits });
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  const answer = answerOf(stream);
  const send = () => {
    for (const piece of content) stream.write(piece);
    stream.end();
  };
  if (headers.expect) {
    stream.once("continue", send);
    stream.once("response", () => stream.end());
  } else if (!endStream) send();
  return answer;
}

/** The basic forms of requests and answers, over one connection. */
async function basics(session) {
  const post = { ":method": "POST" };
  return {
    get: await ask(session, "/hello"),
    head: await ask(session, "/hello", { ":method": "HEAD" }),
    none: await ask(session, "/none", { ":method": "DELETE" }),
    same: await ask(session, "/same"),
    missing: (await ask(session, "/missing")).status,
    posted: await ask(session, "/seen", { ...post, content: ["one", "two"], trailers: { "x-check": "sum" } }),
    trailers: await ask(session, "/trailers", { te: "trailers" }),
    hints: await ask(session, "/hints"),
    continued: await ask(session, "/echo", { ...post, expect: "100-continue", content: ["waited"] }),
    refused: await ask(session, "/refuse", { ...post, expect: "100-continue", content: ["unwanted"] }),
    secret: await ask(session, "/seen", {
      cookie: ["a=b", "c=d"],
      authorization: "Basic eDp5",
      [http2.sensitiveHeaders]: ["cookie"],
    }),
    large: (await ask(session, "/echo", { ":method": "PUT", content: Array(50).fill("x".repeat(20_000)) })).text.length,
    protocol: (await ask(session, "/protocol")).text,
    octets: new Set(await Promise.all([1, 2, 3].map(async () => (await ask(session, "/port")).text))).size,
  };
}

/** So many requests at once that they wait for one another. */
async function many(session) {
  const asked = Array.from({ length: 1_000 }, async (_, index) => {
    const { text } = await ask(session, "/echo", { ":method": "POST", content: [`content ${index}`] });
    return text === `content ${index}`;
  });
  return (await Promise.all(asked)).filter(Boolean).length;
}

/** Takes what is pushed. */
async function pushed() {
  const session = connect();
  const promises = [];
  session.on("stream", (stream, headers) => {
    promises.push((async () => {
      const [answer] = await once(stream, "push");
      let octets = 0;
      for await (const piece of stream) octets += piece.length;
      return [headers[":path"], answer[":status"], octets];
    })());
  });
  const page = await ask(session, "/pushing");
  const seen = { page: page.status, told: page.headers["x-pushed"], pushes: await Promise.all(promises) };
  session.close();
  await once(session, "close");
  return seen;
}

/** Pings, and changes its settings while requests are under way. */
async function controlled(session) {
  const rtt = await new Promise((resolve, reject) => {
    session.ping(Buffer.from("8 octets"), (error, duration, payload) => {
      if (error) reject(error);
      else resolve([typeof duration, payload.toString()]);
    });
  });
  const lengths = [];
  for (
    const settings of [
      { initialWindowSize: 2_000 },
      { headerTableSize: 0 },
      { initialWindowSize: 1_000_000, maxFrameSize: 100_000 },
      { headerTableSize: 4_096 },
      { initialWindowSize: 65_535, maxFrameSize: 16_384 },
    ]
  ) {
    const answer = ask(session, "/bytes?30000");
    const [{ text }] = await Promise.all([answer, new Promise((resolve) => session.settings(settings, resolve))]);
    lengths.push(text.length, (await ask(session, "/trailers")).trailers["x-digest"]);
  }
  const { maxConcurrentStreams, enableConnectProtocol } = session.remoteSettings;
  return { rtt, lengths, maxConcurrentStreams, enableConnectProtocol };
}

/** Lets the connection carry other things, there and back, so that whatever can be sent is. */
async function turns(session) {
  for (let count = 0; count < 20; count++) await ask(session, "/hello");
}

/** Reads nothing of an answer for a while, then all of it. */
async function slowReader(session) {
  const stream = session.request({ ":path": "/made" });
  await once(stream, "response");
  await turns(session);
  const made = Number((await ask(session, "/made-so-far")).text);
  let octets = 0;
  for await (const piece of stream) octets += piece.length;
  return { made, octets };
}

/** Sends more than the handler reads for a while, over a connection whose speed the server does not know yet. */
async function slowServer() {
  const session = connect();
  await once(session, "remoteSettings");
  const before = session.socket.bytesWritten;
  const stream = session.request({ ":method": "POST", ":path": "/held" });
  const answer = answerOf(stream);
  stream.end(Buffer.alloc(8_000_000));
  await turns(session);
  const sent = session.socket.bytesWritten - before;
  await ask(session, "/let-go");
  const counted = Number((await answer).text);
  session.close();
  await once(session, "close");
  return { sent, counted };
}

/** Gives up a download, an upload and a request that nobody answers. */
async function aborted(session) {
  const download = session.request({ ":path": "/bytes?100000000" });
  await once(download, "data");
  download.close(NGHTTP2_CANCEL);
  await once(download, "close");
  const upload = session.request({ ":method": "POST", ":path": "/count" });
  upload.write(Buffer.alloc(10_000));
  await ask(session, "/hello");
  upload.close(NGHTTP2_CANCEL);
  await once(upload, "close");
  const silent = session.request({ ":path": "/silent" });
  silent.end();
  await ask(session, "/hello");
  silent.close(NGHTTP2_CANCEL);
  await once(silent, "close");
  return { signals: (await ask(session, "/aborted")).text, after: (await ask(session, "/hello")).text };
}

/** A CONNECT through the app to itself, and HTTP/1.1 in it. */
async function tunnelled(session) {
  const authority = new URL(origin).host;
  const stream = session.request({ ":method": "CONNECT", ":authority": authority }, { endStream: false });
  const [headers] = await once(stream, "response");
  stream.write("GET /hello HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
  let text = "";
  for await (const piece of stream) text += piece;
  stream.end();
  return { status: headers[":status"], text };
}

/** Says that it goes away while a request is under way, and still has its answer. */
async function leaving() {
  const session = connect();
  const answer = ask(session, "/bytes?1000000");
  await once(session, "remoteSettings");
  session.goaway(NGHTTP2_NO_ERROR);
  const { text } = await answer;
  session.close();
  await once(session, "close");
  return text.length;
}

/** Cuts its connection with streams of each kind open. */
async function cut() {
  const session = connect();
  const streams = ["/bytes?100000000", "/silent", "/trailers"].map((path) => session.request({ ":path": path }));
  for (const stream of streams) stream.on("error", () => {});
  await once(streams[0], "data");
  session.on("error", () => {});
  session.destroy();
  await once(session, "close");
  return "cut";
}

const session = connect();
const results = {
  basics: await basics(session),
  many: await many(session),
  pushed: await pushed(),
  controlled: await controlled(session),
  slowReader: await slowReader(session),
  slowServer: await slowServer(),
  aborted: await aborted(session),
  tunnelled: certificate ? undefined : await tunnelled(session),
  leaving: await leaving(),
  cut: await cut(),
  after: (await ask(session, "/hello")).text,
};
session.close();
await once(session, "close");
process.stdout.write(JSON.stringify(results));
