/**
 * Owns the figures of making a `Request` and of touching its parts: lazy, made at once, and the platform's own.
 *
 * @module
 */

import type { BodySource, RequestSource } from "../http/call.ts";
import { createRequestFactory, lazyRequest } from "../http/request.ts";

const FIELDS = [
  { name: "host", value: "localhost:8000" },
  { name: "user-agent", value: "curl/8.14.1" },
  { name: "accept", value: "*/*" },
];
const PAIRS = FIELDS.map((field): [string, string] => [field.name, field.value]);
const CONTENT = new TextEncoder().encode(JSON.stringify({ name: "you", numbers: [1, 2, 3, 4] }));
const signal = new AbortController().signal;
const GET: RequestSource = {
  method: "GET",
  url: "http://localhost:8000/a/b?c=d",
  fields: () => FIELDS,
  body: null,
  signal,
};

function post(): RequestSource {
  const chunks = [CONTENT.slice()];
  const body: BodySource = {
    length: CONTENT.length,
    read: () => chunks.shift() ?? null,
    cancel: () => {},
    trailers: () => Promise.resolve([]),
  };
  return { ...GET, method: "POST", body };
}

const platform = () => new Request(GET.url, { headers: PAIRS });
const platformPost = () => new Request(GET.url, { method: "POST", headers: PAIRS, body: CONTENT });
const eager = createRequestFactory(undefined);

Deno.bench("make: lazy", { group: "make" }, () => void lazyRequest(GET));
Deno.bench("make: without slots", { group: "make" }, () => void eager(GET));
Deno.bench("make: new Request", { group: "make", baseline: true }, () => void platform());

Deno.bench("method, url: lazy", { group: "url" }, () => {
  const request = lazyRequest(GET);
  return void (request.method + request.url);
});
Deno.bench("method, url: new Request", { group: "url", baseline: true }, () => {
  const request = platform();
  return void (request.method + request.url);
});

Deno.bench("headers.get: lazy", { group: "headers" }, () => void lazyRequest(GET).headers.get("accept"));
Deno.bench(
  "headers.get: new Request",
  { group: "headers", baseline: true },
  () => void platform().headers.get("accept"),
);

Deno.bench("text(): lazy", { group: "text" }, async () => void await lazyRequest(post()).text());
Deno.bench("text(): new Request", { group: "text", baseline: true }, async () => void await platformPost().text());

Deno.bench("json(): lazy", { group: "json" }, async () => void await lazyRequest(post()).json());
Deno.bench("json(): new Request", { group: "json", baseline: true }, async () => void await platformPost().json());

Deno.bench("body stream: lazy", { group: "stream" }, async () => {
  for await (const _chunk of lazyRequest(post()).body ?? []) { /* the reading is what is measured */ }
});
Deno.bench("body stream: new Request", { group: "stream", baseline: true }, async () => {
  for await (const _chunk of platformPost().body ?? []) { /* the reading is what is measured */ }
});

Deno.bench("new Request(it): lazy", { group: "copy" }, () => void new Request(lazyRequest(GET)));
Deno.bench("new Request(it): new Request", { group: "copy", baseline: true }, () => void new Request(platform()));
