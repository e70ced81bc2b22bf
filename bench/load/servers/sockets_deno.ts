/**
 * Owns the process that serves WebSockets by `Deno.serve` and `Deno.upgradeWebSocket`: an echo, or what comes to all. Knows no
 * case.
 *
 * @module
 */

import { obey } from "./control.ts";

const work = Deno.args[0];
const room = new Set<WebSocket>();

Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => void obey(port) }, (request) => {
  if (!request.headers.has("upgrade")) return new Response("Hello, World!");
  const { response, socket } = Deno.upgradeWebSocket(request, { idleTimeout: 0 }); // the load answers no Pings
  socket.binaryType = "arraybuffer";
  if (work === "broadcast") {
    room.add(socket);
    socket.onmessage = ({ data }) => {
      for (const one of room) if (one.readyState === one.OPEN) one.send(data);
    };
    socket.onclose = () => room.delete(socket);
  } else socket.onmessage = ({ data }) => socket.send(data);
  return response;
});
