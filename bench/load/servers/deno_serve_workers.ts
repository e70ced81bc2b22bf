/**
 * Owns the process that serves a handler by `Deno.serve` in several threads, which share a port. Knows no case.
 *
 * Run as `deno_serve_workers.ts <handler> <threads>`; run as one of the threads, it is told handler and port by its URL.
 *
 * @module
 */

import { handlerNamed } from "../handler.ts";
import { obey } from "./control.ts";

/** Listens on a port, 0 for one that is free, and calls back with it. */
function listen(handler: string | undefined, port: number, onListen: (port: number) => void): void {
  const where = { hostname: "127.0.0.1", port, reusePort: true };
  Deno.serve({ ...where, onListen: ({ port }) => onListen(port) }, handlerNamed(handler));
}

/** Starts so many threads one after the other, the first of which chooses the port; gives the port. */
async function start(handler: string, threads: number): Promise<number> {
  let port = 0;
  for (let thread = 0; thread < threads; thread++) {
    const { promise, resolve } = Promise.withResolvers<number>();
    const worker = new Worker(`${import.meta.url}?handler=${handler}&port=${port}`, { type: "module" });
    worker.onmessage = ({ data }) => resolve(data);
    port = await promise;
  }
  return port;
}

const { searchParams } = new URL(import.meta.url);
const post: unknown = Reflect.get(globalThis, "postMessage");

if (typeof post === "function") {
  listen(searchParams.get("handler") ?? undefined, Number(searchParams.get("port")), (port) => post(port));
} else {
  const [handler = "hello", threads = "2"] = Deno.args;
  void obey(await start(handler, Number(threads)));
}
