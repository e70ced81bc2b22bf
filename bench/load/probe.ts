/**
 * Owns the asking of one request, to compare what servers answer before they are measured. Knows no server; asks by the
 * platform's `node:http` client, as `fetch` would add fields and decode the body.
 *
 * @module
 */

import { type IncomingMessage, request } from "node:http";
import type { Answer } from "./case.ts";
import type { Ask } from "./wrk.ts";

/** Asks a server on a port of 127.0.0.1 once. */
export async function probe(port: number, ask: Ask): Promise<Answer> {
  const response = await send(port, ask);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of response) chunks.push(new Uint8Array(chunk));
  const body = new Uint8Array(await new Blob(chunks).arrayBuffer());
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  const { headers } = response;
  return {
    status: response.statusCode ?? 0,
    type: headers["content-type"] ?? null,
    encoding: headers["content-encoding"] ?? null,
    date: headers.date !== undefined,
    framing: headers["content-length"] !== undefined
      ? "content-length"
      : headers["transfer-encoding"] === "chunked"
      ? "chunked"
      : "close",
    body: `${body.length} bytes, ${digest.toHex()}`,
  };
}

function send(port: number, { method = "GET", path = "/", headers = {}, body }: Ask): Promise<IncomingMessage> {
  const length = body === undefined ? {} : { "content-length": String(new TextEncoder().encode(body).length) };
  const options = { host: "127.0.0.1", port, method, path, headers: { ...headers, ...length }, agent: false };
  return new Promise((resolve, reject) => {
    request(options, resolve).on("error", reject).end(body);
  });
}
