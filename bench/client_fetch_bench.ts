/**
 * Owns the figures of the client alone: what a fetch costs above the socket, and what the lazy `Response` saves.
 *
 * @module
 */

import { HttpClient } from "../client/mod.ts";
import { WholeBody } from "../client/whole_body.ts";
import { lazyResponse } from "../client/response.ts";
import type { Transport } from "../net/mod.ts";

const encoder = new TextEncoder();
const ANSWER = encoder.encode(
  "HTTP/1.1 200 OK\r\ncontent-type: text/plain;charset=UTF-8\r\ncontent-length: 13\r\n" +
    "date: Mon, 23 Nov 2026 04:09:48 GMT\r\n\r\nHello, World!",
);
const BODY = ANSWER.subarray(ANSWER.length - 13);
const FIELDS = [
  { name: "content-type", value: "text/plain;charset=UTF-8" },
  { name: "content-length", value: "13" },
  { name: "date", value: "Mon, 23 Nov 2026 04:09:48 GMT" },
];

/** A transport that answers each write at once by the same bytes: what is left is the client's own cost. */
function answering(): Transport {
  const addr = { transport: "memory", name: "bench" } as const;
  let into: Uint8Array = new Uint8Array(0);
  let arrived: (count: number) => void = () => {};
  return {
    localAddr: addr,
    remoteAddr: addr,
    alpn: null,
    secure: false,
    ready: () => Promise.resolve(),
    read: (space) => {
      into = space;
      return new Promise((resolve) => arrived = resolve);
    },
    write: (bytes) => {
      into.set(ANSWER);
      arrived(ANSWER.length);
      return Promise.resolve(bytes.length);
    },
    closeWrite: () => Promise.resolve(),
    close: () => {},
    ref: () => {},
    unref: () => {},
    [Symbol.dispose]: () => {},
  };
}

const client = new HttpClient({ connect: () => Promise.resolve(answering()) });

Deno.bench("fetch a URL, read its text", { group: "fetch", baseline: true }, async () => {
  await (await client.fetch("http://localhost/")).text();
});

Deno.bench("the same with an init and a header", { group: "fetch" }, async () => {
  await (await client.fetch("http://localhost/", { headers: { accept: "text/plain" } })).text();
});

Deno.bench("the same with a signal", { group: "fetch" }, async () => {
  await (await client.fetch("http://localhost/", { signal: new AbortController().signal })).text();
});

Deno.bench("POST a short text", { group: "fetch" }, async () => {
  await (await client.fetch("http://localhost/", { method: "POST", body: "Hello, World!" })).text();
});

const lazy = () =>
  lazyResponse({
    status: 200,
    statusText: "OK",
    fields: () => FIELDS,
    body: new WholeBody(BODY, 0, BODY.length, []),
    url: "http://localhost/",
    redirected: false,
    bodyLimit: Infinity,
  });

const platform = () =>
  new Response(
    new ReadableStream({
      type: "bytes",
      pull(controller) {
        controller.enqueue(BODY.slice());
        controller.close();
      },
    }),
    { headers: FIELDS.map(({ name, value }): [string, string] => [name, value]) },
  );

Deno.bench("a lazy response, status only", { group: "response", baseline: true }, () => void lazy().status);
Deno.bench("a Response over a stream, status only", { group: "response" }, () => void platform().status);
Deno.bench("a lazy response, headers", { group: "response" }, () => void lazy().headers.get("date"));
Deno.bench("a Response over a stream, headers", { group: "response" }, () => void platform().headers.get("date"));
Deno.bench("a lazy response, text", { group: "response" }, async () => void await lazy().text());
Deno.bench("a Response over a stream, text", { group: "response" }, async () => void await platform().text());
