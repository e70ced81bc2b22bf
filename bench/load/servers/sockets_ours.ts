/**
 * Owns the process that serves WebSockets by our own `serve`: an echo, compressed or not, or what comes to all. Knows no case.
 *
 * @module
 */

import { serve } from "../../../server/mod.ts";
import { broadcast, type HttpWebSocket, upgradeWebSocket } from "../../../websocket/mod.ts";
import { obey } from "./control.ts";

const work = Deno.args[0];
const compression = work === "deflate" ? { level: 1, threshold: 0 } : false;
/** No Pings: the load, which waits for its turn, answers none. */
const TIMEOUTS = { ping: Infinity };
const room = new Set<HttpWebSocket>();

serve({
  hostname: "127.0.0.1",
  port: 0,
  limits: { maxConnectionsPerAddress: 20_000 }, // all of them come from 127.0.0.1
  onListen: ({ port }) => void obey(port),
}, (request) => {
  if (!request.headers.has("upgrade")) return new Response("Hello, World!");
  const { response, socket } = upgradeWebSocket(request, { compression, timeouts: TIMEOUTS });
  socket.binaryType = "arraybuffer";
  if (work === "broadcast") {
    room.add(socket);
    socket.onmessage = ({ data }) => void broadcast(room, data);
    socket.onclose = () => room.delete(socket);
  } else socket.onmessage = ({ data }) => socket.send(data);
  return response;
});
