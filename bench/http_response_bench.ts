/**
 * Owns the figures of taking a handler's `Response` apart: through slots, the plain way, and as a promise or stream
 * gives it. Each includes making the response, whose own cost is the baseline of its group.
 *
 * @module
 */

import { plainReader, type ResponseReader } from "../http/response_reader.ts";
import { plainContentType, responseFields, takeKnownBody } from "../http/response.ts";

const HEADERS = { headers: { "content-type": "text/html; charset=utf-8", "x-a": "b" } };
const BYTES = new TextEncoder().encode("Hello, World!");

const slotted: ResponseReader = { takeBody: takeKnownBody, contentType: plainContentType, fields: responseFields };

/** What a driver does with each response. */
function read(reader: ResponseReader, response: Response): unknown {
  const body = reader.takeBody(response);
  const type = reader.contentType(response);
  return [response.status, body, type === undefined ? reader.fields(response) : type];
}

const groups: [string, () => Response][] = [
  ["string", () => new Response("Hello, World!")],
  ["string, content-type", () => new Response("Hello, World!", { headers: { "content-type": "text/plain" } })],
  ["string, two headers", () => new Response("Hello, World!", HEADERS)],
  ["string, status 404", () => new Response("Hello, World!", { status: 404 })],
  ["bytes", () => new Response(BYTES)],
  ["null, status 204", () => new Response(null, { status: 204 })],
  ["json", () => Response.json({ hello: "world" })],
];

for (const [group, make] of groups) {
  Deno.bench(`make: ${group}`, { group, baseline: true }, () => void make());
  Deno.bench(`make, read through slots: ${group}`, { group }, () => void read(slotted, make()));
  Deno.bench(
    `make, read plainly, body untouched by promise: ${group}`,
    { group },
    () => void read(plainReader, make()),
  );
  Deno.bench(`make, await bytes(), headers.forEach: ${group}`, { group }, async () => {
    const response = make();
    plainReader.fields(response);
    await response.bytes();
  });
}
