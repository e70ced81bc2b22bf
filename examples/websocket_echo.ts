/**
 * A WebSocket server that says each message back, by streams: a peer that sends faster than it reads has to wait.
 *
 * ```sh
 * deno run --allow-net examples/websocket_echo.ts [port]
 * ```
 *
 * @module
 */

import { serve, upgradeWebSocket } from "@avx/http";

const [port = "8000"] = Deno.args;

serve({ port: Number(port), hostname: "127.0.0.1" }, (request) => {
  // A browser asks by an Upgrade over HTTP/1.1, by a CONNECT over HTTP/2.
  if (request.headers.get("upgrade") !== "websocket" && request.method !== "CONNECT") {
    return new Response("Connect with a WebSocket\n", { status: 426 });
  }
  const { response, stream } = upgradeWebSocket(request, {
    compression: true,
    limits: { maxMessageBytes: 16 * 1024 * 1024 },
  });
  stream.readable.pipeTo(stream.writable).catch(console.error); // breaks off where the peer does
  return response;
});
