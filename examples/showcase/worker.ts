/**
 * Owns the showcase as each worker of `--workers` has it. Knows nothing of flags, and of sockets.
 *
 * @module
 */

import type { WorkerApp } from "@avx/http";
import { scheduler } from "@avx/http/timer";
import { Showcase } from "./app.ts";

let showcase: Showcase | undefined;

const app: WorkerApp = {
  start({ stats }) {
    showcase = new Showcase({ scheduler, counts: () => stats });
  },
  fetch(request, info) {
    return showcase?.handle(request, info) ?? new Response("Not started\n", { status: 503 });
  },
  stop() {
    showcase?.[Symbol.dispose](); // its event streams would hold up the shutdown
  },
};

export default app;
