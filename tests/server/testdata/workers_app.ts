/**
 * Owns an app for tests of servers on several cores: it tells which worker answers, by which reading of this module, and
 * crashes when asked to; with `?fails` it can't be reloaded in worker 1. Knows no test.
 *
 * @module
 */

import type { ServeWorker, WorkerApp } from "../../../server/mod.ts";

let place = -1;
const { searchParams } = new URL(import.meta.url);
const version = searchParams.get("reload") ?? "0";

const app: WorkerApp = {
  start({ index }: ServeWorker) {
    if (searchParams.has("fails") && index === 1 && version !== "0") throw new Error("worker 1 can't");
    place = index;
  },
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/crash") {
      queueMicrotask(() => {
        throw new Error("the app was asked to crash");
      });
      return await new Promise<never>(() => {});
    }
    if (pathname === "/later") await new Promise((resolve) => setTimeout(resolve, 1)); // so that some are under way
    return new Response(`from ${place}`, { headers: { "x-worker": String(place), "x-version": version } });
  },
};

export default app;
