/**
 * Owns the asking of one request, to compare what servers answer before they are measured. Knows no server; asks by the
 * platform's `node:http` client, or by curl over HTTP/2, as `fetch` would add fields and decode the body.
 *
 * @module
 */

import { type IncomingMessage, request } from "node:http";
import type { Answer } from "./case.ts";
import { finish } from "./process.ts";
import type { Ask } from "./wrk.ts";

/** Asks a server on a port of 127.0.0.1 once. */
export async function probe(port: number, ask: Ask): Promise<Answer> {
  const response = await send(port, ask);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of response) chunks.push(new Uint8Array(chunk));
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
    body: await summary(new Uint8Array(await new Blob(chunks).arrayBuffer())),
  };
}

async function summary(body: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  return `${body.length} bytes, ${digest.toHex()}`;
}

function send(port: number, { method = "GET", path = "/", headers = {}, body }: Ask): Promise<IncomingMessage> {
  const length = body === undefined ? {} : { "content-length": String(new TextEncoder().encode(body).length) };
  const options = { host: "127.0.0.1", port, method, path, headers: { ...headers, ...length }, agent: false };
  return new Promise((resolve, reject) => {
    request(options, resolve).on("error", reject).end(body);
  });
}

/**
 * Asks a server once over HTTP/2, by ALPN where it speaks TLS; whoever it is there is not looked at.
 *
 * @throws {Error} If it speaks another version.
 */
export async function probeHttp2(port: number, ask: Ask, secure: boolean): Promise<Answer> {
  const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "avx-http-bench-" });
  try {
    const args = ["-sS", "-D", "-", "-o", `${folder}/answer`, ...secure ? ["-k"] : ["--http2-prior-knowledge"]];
    const { method = "GET", path = "/", headers = {}, body } = ask;
    for (const [name, value] of Object.entries(headers)) args.push("-H", `${name}: ${value}`);
    if (body !== undefined) {
      await Deno.writeTextFile(`${folder}/content`, body);
      args.push("-H", "Expect:", "-T", `${folder}/content`);
    }
    const url = `http${secure ? "s" : ""}://127.0.0.1:${port}${path}`;
    const { code, stdout, stderr } = await finish({ program: "curl", args: [...args, "-X", method, url] }, 30);
    if (code !== 0) throw new Error(`Cannot ask port ${port} as curl ended with ${code}: ${stderr.trim()}`);
    return { ...readHead(stdout), body: await summary(await Deno.readFile(`${folder}/answer`)) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Takes an answer's head from what curl prints of it. */
function readHead(text: string): Omit<Answer, "body"> {
  const [start = "", ...lines] = text.trim().split("\r\n");
  const status = /^HTTP\/2 (\d{3})/.exec(start)?.[1];
  if (status === undefined) throw new Error(`Cannot compare answers as they must be HTTP/2: received '${start}'`);
  const headers = new Headers(lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1)];
  }));
  return {
    status: Number(status),
    type: headers.get("content-type"),
    encoding: headers.get("content-encoding"),
    date: headers.has("date"),
    framing: headers.has("content-length") ? "content-length" : "frames",
  };
}
