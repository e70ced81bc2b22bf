/**
 * Owns the HTML page: fills the template with what this visitor sent and with the table of routes. Knows nothing of
 * how requests reach it.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import template from "./page/index.html" with { type: "text" };
import { addressText, type Route, ROUTES, type Visit } from "./routes.ts";

/** Fields of a request whose values aren't shown, not even to the one who sent them: screens get shared. */
const SECRET: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization"]);

const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "content-type": "text/html; charset=utf-8",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** A request that the server must turn away. */
interface RefusalExample {
  /** The status of the answer. */
  readonly status: number;
  /** What is wrong with the request. */
  readonly about: string;
  /** What to give to curl before the URL. */
  readonly curl: string;
  /** What to ask for, as the shell reads it between double quotes. */
  readonly target: string;
  /** Whether curl can send it over HTTP/2 too, which has no framing to get wrong in fields. */
  readonly anyVersion?: boolean;
}

/** Requests that curl can be made to send, and that are refused before a handler sees them. */
export const REFUSALS: readonly RefusalExample[] = [
  { status: 400, about: "No host.", curl: "-i -H 'Host:'", target: "/hello" },
  { status: 400, about: "Two lengths in one field.", curl: "-i -d hello -H 'content-length: 5, 6'", target: "/echo" },
  {
    status: 400,
    about: "A length and a transfer coding.",
    curl: "-i -d hello -H 'transfer-encoding: chunked' -H 'content-length: 5'",
    target: "/echo",
  },
  {
    status: 501,
    about: "A transfer coding that nobody knows.",
    curl: "-i -d hello -H 'transfer-encoding: brotli, chunked'",
    target: "/echo",
  },
  {
    status: 414,
    about: "A target of 9,000 bytes.",
    curl: "-i",
    target: "/$(printf '%08999d' 0)",
    anyVersion: true,
  },
  {
    status: 431,
    about: "A field of 20,000 bytes.",
    curl: `-i -H "x-long: $(printf '%020000d' 0)"`,
    target: "/hello",
    anyVersion: true,
  },
];

/** The page, as the answer to a visit. */
export function renderPage(visit: Visit): Response {
  const { url, info, figures } = visit;
  const origin = originOf(url);
  const curl = curlFor(visit);
  const refusals = REFUSALS.filter(({ anyVersion = false }) => anyVersion || info.protocol !== "HTTP/2");
  const values: Readonly<Record<string, string>> = {
    protocol: escapeHtml(info.protocol),
    from: escapeHtml(addressText(info.remoteAddr)),
    server: escapeHtml(`${config.name} ${config.version}`),
    deno: escapeHtml(Deno.version.deno),
    number: figures.counts.requests.toLocaleString("en"),
    request: requestHead(visit),
    response: responseHead(info.protocol),
    origin: escapeHtml(origin),
    routes: ROUTES.map((route) => routeItem(route, origin, curl)).join(""),
    refusals: refusals.map((refusal) => refusalItem(refusal, origin, curl)).join(""),
  };
  const html = template.replace(/\{\{ *(\w+) *\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new TypeError(`Cannot fill the page as it names no such value: received '${name}'`);
    return value;
  });
  return new Response(html, { headers: HEADERS });
}

/** The origin to show in commands: a `host` that a shell could read as more than a name is not repeated. */
function originOf(url: URL): string {
  return /^[\w.:[\]-]+$/.test(url.host) ? url.origin : "http://localhost:8000";
}

/** Names that only a certificate made at the start stands for. */
const LOCAL = /^(?:localhost|127\.0\.0\.1|\[::1\])$/;

/** The command that asks in the way in which the visitor asked: the same version, and the same trust. */
function curlFor({ url, info }: Visit): string {
  const secure = url.protocol === "https:";
  const words = ["curl"];
  if (secure && LOCAL.test(url.hostname)) words.push("-k");
  if (secure && info.protocol !== "HTTP/2") words.push("--http1.1");
  if (!secure && info.protocol === "HTTP/2") words.push("--http2-prior-knowledge");
  return words.join(" ");
}

/** The head as the version has it: HTTP/2 has fields of its own in place of a start line (RFC 9113 §8.3). */
function requestHead({ request, url, info }: Visit): string {
  const { method, headers } = request;
  const target = url.pathname + url.search;
  if (info.protocol !== "HTTP/2") return startLine(`${method} ${target} ${info.protocol}`) + headLines(headers);
  const pseudo = { ":method": method, ":scheme": url.protocol.slice(0, -1), ":authority": url.host, ":path": target };
  return headLines(Object.entries(pseudo)) + headLines([...headers].filter(([name]) => name !== "host"));
}

function responseHead(protocol: string): string {
  const start = protocol === "HTTP/2" ? headLines([[":status", "200"]]) : startLine(`${protocol} 200 OK`);
  return start + headLines(Object.entries(HEADERS));
}

function startLine(text: string): string {
  return `<li class="start">${escapeHtml(text)}</li>`;
}

function headLines(fields: Iterable<readonly [string, string]>): string {
  const lines = Array.from(fields, ([name, value]) => {
    const shown = SECRET.has(name) ? "(not shown)" : value;
    return `<li><b>${escapeHtml(name)}:</b> ${escapeHtml(shown)}</li>`;
  });
  return lines.join("");
}

function routeItem(route: Route, origin: string, curl: string): string {
  const { path, label, methods, about, example } = route;
  const verbs = methods.slice(0, 2).map((method) => `<span class="verb">${method}</span>`).join(" ");
  return `<li class="route"><div class="route-head"><h3>${verbs} <span class="route-path">${
    escapeHtml(label)
  }</span></h3>` +
    `<button type="button" data-run="${escapeHtml(path)}">Run<span class="sr"> ${
      escapeHtml(label)
    }</span></button></div>` +
    `<p>${escapeHtml(about)}</p>${commandLine(`${curl} ${route.curl}`, origin + example)}</li>`;
}

function refusalItem(refusal: RefusalExample, origin: string, curl: string): string {
  const { status, about, target } = refusal;
  const command = commandLine(`${curl} ${refusal.curl}`, origin + target);
  return `<li><p><b class="status">${status}</b> ${escapeHtml(about)}</p>${command}</li>`;
}

function commandLine(call: string, url: string): string {
  const command = escapeHtml(`${call} ${/[?$]/.test(url) ? `"${url}"` : url}`);
  return `<div class="command"><code tabindex="0">${command}</code>` +
    `<button type="button" class="copy" data-copy="${command}">Copy</button></div>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
