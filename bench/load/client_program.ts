/**
 * Owns the process in which a Deno client is measured: ours, the platform's `fetch`, or bare reads and writes. Knows no
 * case. Run as `client_program.ts <client> <work> <in flight> <port>`.
 *
 * @module
 */

import { HttpClient } from "../../client/mod.ts";
import { BODY_BYTES, check, type MeasuredClient, obey, type Work } from "./client_loop.ts";
import { rawHttp2 } from "./client_raw_http2.ts";

const [name, work = "get", inFlight = "1", port = "0"] = Deno.args;
const url = `http://127.0.0.1:${port}/`;

/** A client with the shape of `fetch`. */
function fetching(fetch: typeof globalThis.fetch): MeasuredClient {
  return {
    async get() {
      const response = await fetch(url);
      check("status", response.status, 200);
      check("length", (await response.text()).length, 13);
    },
    async download() {
      const reader = (await fetch(url)).body!.getReader();
      let length = 0;
      for (let read = await reader.read(); !read.done; read = await reader.read()) length += read.value.length;
      check("length", length, BODY_BYTES);
    },
    async upload(_slot, body) {
      const response = await fetch(url, { method: "PUT", body });
      check("answer", await response.text(), String(BODY_BYTES));
    },
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const REQUEST = encoder.encode(`GET / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
const PUT = encoder.encode(`PUT / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-length: ${BODY_BYTES}\r\n\r\n`);

/** The floor: reads and writes, an answer being as long as the first one of its connection. */
async function raw(slots: number): Promise<MeasuredClient> {
  const connections = await Promise.all(Array.from({ length: slots }, async () => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    connection.setNoDelay();
    return { connection, buffer: new Uint8Array(256 * 1024) };
  }));
  const ended = () => new Error("Cannot go on as the server closed the connection");
  return {
    async get(slot) {
      const { connection, buffer } = connections[slot]!;
      await connection.write(REQUEST);
      if (await connection.read(buffer) === null) throw ended();
    },
    async download(slot) {
      const { connection, buffer } = connections[slot]!;
      await connection.write(REQUEST);
      for (let left = -1; left !== 0;) {
        const read = await connection.read(buffer);
        if (read === null) throw ended();
        // The head is in the first read, and ends there.
        if (left < 0) left = BODY_BYTES + decoder.decode(buffer.subarray(0, 1024)).indexOf("\r\n\r\n") + 4;
        left -= read;
      }
    },
    async upload(slot, body) {
      const { connection, buffer } = connections[slot]!;
      await connection.write(PUT);
      for (let at = 0; at < body.length;) at += await connection.write(body.subarray(at));
      if (await connection.read(buffer) === null) throw ended();
    },
  };
}

/** The platform's `fetch`, told to speak HTTP/2 and nothing else. */
function fetchHttp2(): typeof globalThis.fetch {
  const client = Deno.createHttpClient({ http1: false, http2: true });
  return (input, init) => fetch(input, { ...init, client });
}

const clients: Readonly<Record<string, () => Partial<MeasuredClient> | Promise<Partial<MeasuredClient>>>> = {
  ours: () => fetching(new HttpClient().fetch),
  fetch: () => fetching(fetch),
  raw: () => raw(Number(inFlight)),
  "ours-h2": () => fetching(new HttpClient({ protocols: ["h2"] }).fetch),
  "fetch-h2": () => fetching(fetchHttp2()),
  "raw-h2": () => rawHttp2(Number(port)),
};

await obey(await clients[name ?? ""]!(), work as Work, Number(inFlight));
