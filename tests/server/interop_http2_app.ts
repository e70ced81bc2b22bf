/**
 * Owns how tests of a server's HTTP/2 by clients of others' making are declared: over TLS, where ALPN chooses it, and over
 * plain TCP, where the client knows. Must not know the clients.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { programTest } from "../programs.ts";
import { type AppOptions, type Routes, startApp, startSecureApp } from "./interop_app.ts";

/** The app, as {@linkcode startApp} gives it. */
export type App = ReturnType<typeof startApp>;

/** The options of {@linkcode http2Test}. */
export interface Http2TestOptions extends AppOptions {
  /** The programs that must be on `PATH`. */
  readonly programs: readonly string[];
  /** Whether the app is reached by TLS, by plain TCP, or by both in turn, as by default. */
  readonly over?: readonly ("TCP" | "TLS")[];
  /** Whether connections may fail, as where a client gives up. */
  readonly mayFail?: boolean;
}

/** Declares a test against the app over each of its transports, after which no connection may have failed. */
export function http2Test(
  name: string,
  { programs, over = ["TCP", "TLS"], mayFail = false, ...options }: Http2TestOptions,
  fn: (app: App, test: Deno.TestContext) => Promise<void>,
): void {
  for (const transport of over) {
    programTest(`${name}, over ${transport}`, { programs }, async (test) => {
      const app = transport === "TLS" ? startSecureApp(options) : startApp(undefined, options);
      await using _server = app.server;
      await fn(app, test);
      if (!mayFail) assertEquals(app.errors, []);
      assertEquals(app.server.stats.active, 0, "requests under way in the end");
    });
  }
}

const page = `<!doctype html><title>Page</title>
<link rel="stylesheet" href="/asset.css"><script src="/asset.js"></script><p><img src="/asset.png"></p>`;

/** A page, what belongs to it, and the page again, which pushes what belongs to it. */
export const PAGE_ROUTES: Routes = {
  "/page": () => new Response(page, { headers: { "content-type": "text/html" } }),
  "/asset.css": () => new Response("body { margin: 0 }".repeat(1_000), { headers: { "content-type": "text/css" } }),
  "/asset.js": () => new Response(";".repeat(50_000), { headers: { "content-type": "text/javascript" } }),
  "/asset.png": () => new Response(new Uint8Array(100_000), { headers: { "content-type": "image/png" } }),
  "/pushing": (request, info) => {
    const names = ["css", "js", "png"].filter((name) => info.push(`/asset.${name}`));
    return new Response(page, {
      headers: { "content-type": "text/html", "x-pushed": names.join(" "), vary: request.method },
    });
  },
};
