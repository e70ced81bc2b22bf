/**
 * The smallest useful server: one asynchronous handler, an HTML answer, a clean end.
 *
 * ```sh
 * deno run --allow-net examples/async_http_server.ts
 * ```
 *
 * @module
 */

import { serve } from "@avx/http";
import { sleep } from "@avx/http/timer";

serve({ port: 8000, hostname: "127.0.0.1" }, async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname !== "/") return new Response("Not found\n", { status: 404 });
  await sleep(20, { signal: request.signal }); // what a database would take
  const html = `<!DOCTYPE html>
<html lang="en">
  <meta charset="utf-8">
  <title>Hello</title>
  <h1>Hello, World!</h1>
  <p>Answered at ${new Date().toISOString()}, 20 ms after you asked.</p>
</html>
`;
  return new Response(html, { headers: { "content-type": "text/html; charset=utf-8" } });
});
