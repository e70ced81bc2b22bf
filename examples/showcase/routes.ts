/**
 * Owns the table of routes: path, methods, what it says about itself on the page, and its answer. Knows nothing of how
 * a request is matched to a row, or measured.
 *
 * @module
 */

import { type HttpWebSocket, type ServeInfo, upgradeWebSocket, withTrailers } from "@avx/http";
import type { Scheduler } from "@avx/http/timer";
import { STATUS_CODES } from "node:http";
import type { Figures } from "./figures.ts";
import { readNumber, Refusal, wholeNumber } from "./query.ts";
import { DigestedLines, filler, tally } from "./streams.ts";

/** What a route knows of the request that it answers. */
export interface Visit {
  /** The request. */
  readonly request: Request;
  /** The request's URL, parsed. */
  readonly url: URL;
  /** What the server tells beside the request. */
  readonly info: ServeInfo;
  /** The server's live figures. */
  readonly figures: Figures;
  /** The one owner of time. */
  readonly scheduler: Scheduler;
  /** The WebSockets that are open. */
  readonly sockets: Set<HttpWebSocket>;
}

/** One row of the table. */
export interface Route {
  /** The path; one that ends with a slash stands for all below it. */
  readonly path: string;
  /** The path as a person reads it. */
  readonly label: string;
  /** The methods that it takes; GET brings HEAD along. */
  readonly methods: readonly string[];
  /** What it shows, in a sentence. */
  readonly about: string;
  /** What to give to curl before the URL. */
  readonly curl: string;
  /** The path and query of a good first try. */
  readonly example: string;
  /** Answers. */
  readonly answer: (visit: Visit) => Response | Promise<Response>;
}

/** Longest stream that `/stream` sends, in bytes: 16 GiB. */
const MAX_STREAM = 16 * 2 ** 30;

/** Longest time that `/delay` waits, in milliseconds. */
const MAX_DELAY = 60_000;

const PLAIN = "text/plain; charset=utf-8";

/** Every route but the page and its files, in the page's order. */
export const ROUTES: readonly Route[] = [
  {
    path: "/hello",
    label: "/hello",
    methods: ["GET"],
    about: "Text from a handler that returns its Response without a promise: the shortest way through the server.",
    curl: "-i",
    example: "/hello",
    answer: () => new Response("Hello, World!\n"),
  },
  {
    path: "/json",
    label: "/json",
    methods: ["GET"],
    about: "An object as JSON, with what the server knows of your connection.",
    curl: "-i",
    example: "/json",
    answer: json,
  },
  {
    path: "/echo",
    label: "/echo",
    methods: ["POST", "PUT", "PATCH"],
    about: "Your content comes back while you still send it. Neither way holds more than a window of it in memory.",
    curl: "-i -d 'Read me back'",
    example: "/echo",
    answer: echo,
  },
  {
    path: "/upload",
    label: "/upload",
    methods: ["POST", "PUT"],
    about: "Counts what you send and digests it on the way. Compare with sha256sum.",
    curl: "-T /etc/hosts",
    example: "/upload",
    answer: upload,
  },
  {
    path: "/stream",
    label: "/stream?bytes=N",
    methods: ["GET"],
    about: "N bytes, up to 16 GiB, made as fast as you read them. Slow down and so does the server.",
    curl: "-o /dev/null",
    example: "/stream?bytes=100000000",
    answer: stream,
  },
  {
    path: "/delay",
    label: "/delay?ms=N",
    methods: ["GET"],
    about: "Waits N ms, up to a minute, on the timer wheel. Leave early and the wait ends with you.",
    curl: "-i",
    example: "/delay?ms=500",
    answer: delay,
  },
  {
    path: "/trailers",
    label: "/trailers",
    methods: ["GET", "POST"],
    about:
      "Fields after the content: a digest that is known only at the end. POST, and the trailers that you sent are told.",
    curl: "-i --raw -H 'te: trailers'",
    example: "/trailers",
    answer: trailers,
  },
  {
    path: "/hints",
    label: "/hints",
    methods: ["GET"],
    about: "A 103 with a link to preload, ahead of the 200.",
    curl: "-i",
    example: "/hints",
    answer: hints,
  },
  {
    path: "/sse",
    label: "/sse?events=N",
    methods: ["GET"],
    about: "The live figures as server-sent events, one a second; N of them, or until you leave.",
    curl: "-N",
    example: "/sse?events=3",
    answer: sse,
  },
  {
    path: "/status/",
    label: "/status/NNN",
    methods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
    about: "The status that you ask for, 200 to 599, with the fields that it requires.",
    curl: "-i",
    example: "/status/418",
    answer: status,
  },
  {
    path: "/ws",
    label: "/ws",
    methods: ["GET", "CONNECT"], // over HTTP/1.1, and over HTTP/2 (RFC 8441)
    about:
      "A WebSocket that says your messages back, compressed if you can. The page /chat talks to itself through it.",
    curl: "-i --http1.1 --max-time 1 -H 'connection: upgrade' -H 'upgrade: websocket' " +
      "-H 'sec-websocket-version: 13' -H 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=='",
    example: "/ws",
    answer: webSocket,
  },
];

/** JSON and a line feed, so that a terminal's prompt comes on a line of its own. */
function jsonLine(value: unknown): Response {
  return new Response(`${JSON.stringify(value)}\n`, { headers: { "content-type": "application/json" } });
}

function json({ request, info, scheduler }: Visit): Response {
  return jsonLine({
    message: "Hello, World!",
    method: request.method,
    protocol: info.protocol,
    from: addressText(info.remoteAddr),
    date: new Date(scheduler.clock.date()).toISOString(),
  });
}

function echo({ request }: Visit): Response {
  return new Response(request.body, {
    headers: {
      "content-type": request.headers.get("content-type") ?? "application/octet-stream",
      "content-security-policy": "sandbox", // whoever sent it, no script in it runs as this site's
      "x-content-type-options": "nosniff",
    },
  });
}

async function upload({ request, scheduler }: Visit): Promise<Response> {
  const start = scheduler.now();
  const { bytes, sha256 } = await tally(request.body);
  const seconds = (scheduler.now() - start) / 1000;
  return jsonLine({ bytes, sha256, seconds: Number(seconds.toFixed(6)) });
}

function stream({ url }: Visit): Response {
  const bytes = readNumber(url.searchParams, "bytes", { min: 0, max: MAX_STREAM, fallback: 65_536 });
  return new Response(filler(bytes), { headers: { "content-type": PLAIN, "content-length": String(bytes) } });
}

async function delay({ request, url, scheduler }: Visit): Promise<Response> {
  const ms = readNumber(url.searchParams, "ms", { min: 0, max: MAX_DELAY, fallback: 100 });
  const start = scheduler.now();
  await scheduler.sleep(ms, { signal: request.signal });
  return new Response(`Asked for ${ms} ms, waited ${(scheduler.now() - start).toFixed(1)} ms.\n`);
}

async function trailers({ request, info }: Visit): Promise<Response> {
  if (request.method === "POST") {
    const { bytes } = await tally(request.body);
    return jsonLine({ bytes, trailers: Object.fromEntries(await info.trailers) });
  }
  const lines = new DigestedLines([
    "This content is sent line by line, in chunks.",
    "Its digest is known once the last line is out,",
    "so it travels behind the content, in the trailer section.",
  ]);
  const response = new Response(lines.stream, { headers: { "content-type": PLAIN, trailer: "content-digest" } });
  return withTrailers(response, () => ({ "content-digest": lines.contentDigest() }));
}

async function hints({ info }: Visit): Promise<Response> {
  const link = "</page.css>; rel=preload; as=style";
  await info.inform(103, { link });
  return new Response("A 103 with a link field came before this 200.\n", { headers: { link } });
}

function sse({ request, url, figures }: Visit): Response {
  const events = readNumber(url.searchParams, "events", { min: 1, max: 86_400, fallback: Infinity });
  const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
  return new Response(request.method === "HEAD" ? null : figures.watch(events), { headers });
}

function webSocket({ request, scheduler, sockets }: Visit): Response {
  const { response, socket } = upgradeWebSocket(request, { compression: true, clock: scheduler.clock });
  sockets.add(socket);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => socket.send(data);
  socket.onclose = () => sockets.delete(socket);
  return response;
}

/** Fields without which a status may not be sent, by the section that says so. */
const REQUIRED: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  206: { "content-range": "bytes 0-3/12" }, // RFC 9110 §15.3.7
  301: { location: "/hello" },
  302: { location: "/hello" },
  303: { location: "/hello" },
  307: { location: "/hello" },
  308: { location: "/hello" },
  401: { "www-authenticate": 'Showcase realm="status"' }, // RFC 9110 §15.5.2
  405: { allow: "GET" }, // RFC 9110 §15.5.6
  407: { "proxy-authenticate": 'Showcase realm="status"' }, // RFC 9110 §15.5.8
  426: { upgrade: "showcase", connection: "upgrade" }, // RFC 9110 §15.5.22
};

/** Statuses that have no content (RFC 9110 §15.3.5, §15.3.6, §15.4.5). */
const EMPTY: ReadonlySet<number> = new Set([204, 205, 304]);

function status({ url }: Visit): Response {
  const code = wholeNumber(url.pathname.slice("/status/".length), "status", { min: 200, max: 599 });
  const init = { status: code, headers: REQUIRED[code] ?? {} };
  return new Response(EMPTY.has(code) ? null : `${code} ${STATUS_CODES[code] ?? "without a name"}\n`, init);
}

/** An address as a person writes it. */
export function addressText(address: ServeInfo["remoteAddr"]): string {
  if ("hostname" in address) {
    const { hostname, port } = address;
    return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
  }
  if ("path" in address) return address.path;
  return address.transport === "memory" ? address.name : `vsock ${address.cid}:${address.port}`;
}

/** The refusal of a method that a route does not take (RFC 9110 §15.5.6). */
export function wrongMethod(method: string, path: string, methods: readonly string[]): Refusal {
  const allow = allowed(methods).join(", ");
  return new Refusal(405, `Cannot ${method} ${path} as it takes ${allow}`, { allow });
}

/** The methods that a row takes, HEAD included where there is GET. */
export function allowed(methods: readonly string[]): readonly string[] {
  return methods.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]);
}
