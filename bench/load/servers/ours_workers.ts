/**
 * Owns the process that serves a handler by our own `serve` in several workers. Knows no case.
 *
 * Run as `ours_workers.ts <handler> <workers>`.
 *
 * @module
 */

import { serve } from "../../../server/mod.ts";
import { obey } from "./control.ts";

const [handler = "hello", workers = "2"] = Deno.args;

await serve({
  module: `${import.meta.resolve("./app.ts")}?handler=${handler}`,
  workers: Number(workers),
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => void obey(port),
});
