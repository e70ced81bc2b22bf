/**
 * Owns the floor of the request cases: a process that answers each request head with the same bytes, written once. It
 * parses nothing, and so may only be asked by requests without a body.
 *
 * Run as `canned.ts <handler> [buffer]`, where `buffer` is the size of each connection's read buffer in bytes.
 *
 * @module
 */

import { handlerNamed } from "../handler.ts";
import { HeadCounter } from "./heads.ts";
import { accept, head, writeAll } from "./wire.ts";

/** Enough for 16 pipelined requests of wrk in one read. */
const BUFFER_BYTES = 16 * 1024;

const response = await handlerNamed(Deno.args[0])(new Request("http://127.0.0.1/"));
const body = await response.bytes();
const bufferBytes = Number(Deno.args[1] ?? BUFFER_BYTES);
const start = head(response.headers.get("content-type"), body.length);
const answer = new Uint8Array([...start, ...body]);

/** The answer to `n` requests that came together, by `n`: made once. */
const answers: Uint8Array[] = [];

function repeated(times: number): Uint8Array {
  const known = answers[times];
  if (known !== undefined) return known;
  const all = new Uint8Array(answer.length * times);
  for (let at = 0; at < all.length; at += answer.length) all.set(answer, at);
  return answers[times] = all;
}

await accept(async (connection) => {
  const buffer = new Uint8Array(bufferBytes);
  const counter = new HeadCounter();
  for (let read = await connection.read(buffer); read !== null; read = await connection.read(buffer)) {
    const heads = counter.count(buffer.subarray(0, read));
    if (heads > 0) await writeAll(connection, repeated(heads));
  }
});
