/**
 * Owns the test of the echo server among the examples, by this library's client and by Deno's.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { HttpClient, WebSocketClient } from "@avx/http";
import { programTest } from "../programs.ts";
import { next } from "../websocket/stage.ts";
import { ServerProgram } from "./program.ts";

programTest(
  "websocket_echo.ts says back what it is told, and ends with its clients",
  { programs: ["deno"] },
  async () => {
    await using program = await ServerProgram.start("websocket_echo.ts", ["0"]);
    const url = program.origin.replace("http", "ws");
    await using http2 = new HttpClient({ protocols: ["h2"] });
    const sockets = [
      () => new WebSocketClient(url, { compression: true }),
      () => new WebSocketClient(url, { compression: true, client: http2 }),
      () => new WebSocket(url),
    ];
    for (const connect of sockets) {
      const socket = connect();
      const isOurs = socket instanceof WebSocketClient;
      socket.binaryType = "arraybuffer";
      await next(socket, "open");
      socket.send("hello, hello, hello ".repeat(20));
      assertEquals((await next(socket, "message")).data, "hello, hello, hello ".repeat(20));
      socket.send(new Uint8Array(1_000_000).fill(7));
      assertEquals(new Uint8Array((await next(socket, "message")).data), new Uint8Array(1_000_000).fill(7));
      const closed = next(socket, "close");
      socket.close(4000, "done");
      const { code, wasClean } = await closed;
      assertEquals([code, wasClean, socket.extensions], [4000, true, isOurs ? "permessage-deflate" : ""]);
    }
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    const plain = await fetch(program.origin, { client });
    assertEquals([plain.status, await plain.text()], [426, "Connect with a WebSocket\n"]);
  },
);

programTest("the showcase's /ws says back what it is told, over HTTP/2 too", { programs: ["deno"] }, async () => {
  await using program = await ServerProgram.start("showcase/main.ts", ["--port", "0"]);
  for (const protocol of ["http/1.1", "h2"] as const) {
    await using client = new HttpClient({ protocols: [protocol] });
    const socket = client.webSocket(`${program.origin.replace("http", "ws")}/ws`, { compression: true });
    await next(socket, "open");
    socket.send("hello");
    assertEquals((await next(socket, "message")).data, "hello");
    const closed = next(socket, "close");
    socket.close(1000);
    assertEquals((await closed).wasClean, true);
  }
  program.signal("SIGINT");
  assertEquals(await program.ended(), { code: 0, stderr: "" });
});
