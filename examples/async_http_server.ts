/**
 * The smallest useful server: an asynchronous handler and an HTML answer.
 *
 * ```sh
 * deno run --allow-net examples/async_http_server.ts [port]
 * ```
 *
 * @module
 */

import { serve } from "@avx/http";
import { sleep } from "@avx/http/timer";

const [port = "8000"] = Deno.args;

serve({ port: Number(port), hostname: "127.0.0.1" }, async (request) => {
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
