/**
 * A server on every core: this module is both the program and, in each worker, the app. Change it while the server runs,
 * send the process SIGHUP (`kill -HUP`), and the next answer comes from the changed module: no connection notices.
 *
 * ```sh
 * deno run --unstable-net --allow-net --allow-read examples/workers.ts [port] [workers]
 * ```
 *
 * @module
 */

import { serve, type WorkerApp } from "@avx/http";
import { run } from "@avx/http/runtime";

let answeredBy = "nobody";

const app: WorkerApp = {
  start({ index }) {
    answeredBy = `worker ${index}`;
  },
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/crash") queueMicrotask(() => new URL("not a URL")); // nobody catches what it throws
    return new Response(`Hello from ${answeredBy}\n`);
  },
};

export default app;

if (import.meta.main) {
  const [port = "8000", workers = String(navigator.hardwareConcurrency)] = Deno.args;
  await run(async (signal) => {
    await using server = await serve({
      module: import.meta.url,
      workers: Number(workers),
      port: Number(port),
      hostname: "127.0.0.1",
      onListen: ({ port }) => console.log(`${workers} workers listen on http://127.0.0.1:${port}/`),
    });
    if (Deno.build.os !== "windows") {
      Deno.addSignalListener("SIGHUP", () => server.reload().then(() => console.log("reloaded"), console.error));
    }
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true })); // until Ctrl+C
    const { requests, crashes } = server.stats;
    console.log(`${requests} requests, ${crashes} crashes`);
  });
}
