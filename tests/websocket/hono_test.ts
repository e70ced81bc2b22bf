/**
 * Owns the tests of the fit to Hono's `upgradeWebSocket`, by Hono itself. Must not know how the adapter does it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Hono } from "npm:hono@^4.10.0";
import { HttpClient, serve } from "../../mod.ts";
import { memoryNetwork } from "../../net/mod.ts";
import { honoUpgradeWebSocket } from "../../websocket/mod.ts";
import { ended, next, record, settle } from "./stage.ts";

for (const [version, protocol] of [["HTTP/1.1", "http/1.1"], ["HTTP/2", "h2"]] as const) {
  Deno.test(`honoUpgradeWebSocket() makes a route of a Hono app, with all its events (${version})`, async () => {
    const log: string[] = [];
    const app = new Hono();
    app.on(
      ["GET", "CONNECT"],
      "/ws",
      honoUpgradeWebSocket((context) => {
        log.push(context.req.raw.url);
        return {
          onOpen: (_event, socket) => log.push(`open ${socket.readyState} ${socket.protocol} ${socket.url.pathname}`),
          onMessage: ({ data }, socket) => socket.send(typeof data === "string" ? `you said ${data}` : data),
          onClose: ({ code }, socket) => log.push(`close ${code} ${socket.readyState}`),
          onError: () => log.push("error"),
        };
      }, { protocols: ["a"] }),
    );
    app.get("/ws", (context) => context.text("no WebSocket was asked for"));
    const { listener, connect } = memoryNetwork();
    await using server = serve({ listener }, app.fetch);
    await using client = new HttpClient({ connect: ({ signal }) => connect({ signal }), protocols: [protocol] });
    const socket = client.webSocket("ws://a/ws", ["a"]);
    socket.binaryType = "arraybuffer";
    await next(socket, "open");
    socket.send("hello");
    assertEquals((await next(socket, "message")).data, "you said hello");
    socket.send(new Uint8Array([1]));
    assertEquals((await next(socket, "message")).data, new Uint8Array([1]).buffer);
    socket.close(4000);
    await ended(socket);
    await settle();
    assertEquals(log, ["http://a/ws", "open 1 a /ws", "close 4000 3"]);
    assertEquals(await (await client.fetch("http://a/ws")).text(), "no WebSocket was asked for");

    const failing = client.webSocket("ws://a/ws");
    const events = record(failing);
    await next(failing, "open");
    failing.terminate();
    await settle();
    assertEquals([log.slice(-2), events.length], [["error", "close 1006 3"], 3]);
    await server.shutdown();
  });
}
