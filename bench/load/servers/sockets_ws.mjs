/**
 * Owns the process that serves WebSockets by npm's ws on Node: an echo, compressed or not, or what comes to all. It is bundled
 * before it runs there. Knows no case.
 *
 * @module
 */

import { createServer } from "node:http";
import process from "node:process";
import { WebSocketServer } from "npm:ws@8.23.0";

const work = process.argv[2];
/** How long an idle connection is kept, in milliseconds: longer than any case takes. */
const KEEP_ALIVE_MS = 600_000;

const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (_request, response) => {
  response.setHeader("content-type", "text/plain;charset=UTF-8");
  response.end("Hello, World!");
});
const perMessageDeflate = work === "deflate" && { threshold: 0, zlibDeflateOptions: { level: 1 } };
const sockets = new WebSocketServer({ server, perMessageDeflate });
sockets.on("connection", (socket) => {
  socket.on("error", () => {}); // the load leaves without a Close
  socket.on("message", (data, isBinary) => {
    if (work !== "broadcast") return socket.send(data, { binary: isBinary });
    for (const one of sockets.clients) if (one.readyState === one.OPEN) one.send(data, { binary: isBinary });
  });
});
server.listen(0, "127.0.0.1", () => console.log(`listening ${server.address().port}`));

async function collect() {
  for (let pass = 0; pass < 4; pass++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage().rss;
}

let text = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", async (part) => {
  text += part;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
    const line = text.slice(0, end);
    text = text.slice(end + 1);
    if (line === "collect") console.log(`rss ${await collect()}`);
  }
});
process.stdin.on("end", () => process.exit(0));
