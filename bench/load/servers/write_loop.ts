/**
 * Owns the floor of the downloads: a process that answers each request head by writing 64 MiB as fast as `write` takes
 * them. Parses nothing.
 *
 * @module
 */

import { downloadBytes } from "../handler.ts";
import { HeadCounter } from "./heads.ts";
import { accept, head, writeAll } from "./wire.ts";

const body = downloadBytes();
const start = head(null, body.length);

await accept(async (connection) => {
  const buffer = new Uint8Array(4 * 1024);
  const counter = new HeadCounter();
  for (let read = await connection.read(buffer); read !== null; read = await connection.read(buffer)) {
    for (let heads = counter.count(buffer.subarray(0, read)); heads > 0; heads--) {
      await writeAll(connection, start);
      await writeAll(connection, body);
    }
  }
});
