/**
 * Owns the test of the echo server among the examples, by this library's client and by Deno's.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { WebSocketClient } from "@avx/http";
import { programTest } from "../programs.ts";
import { next } from "../websocket/stage.ts";
import { ServerProgram } from "./program.ts";

programTest(
  "websocket_echo.ts says back what it is told, and ends with its clients",
  { programs: ["deno"] },
  async () => {
    await using program = await ServerProgram.start("websocket_echo.ts", ["0"]);
    const url = program.origin.replace("http", "ws");
    for (const isOurs of [true, false]) {
      const socket = isOurs ? new WebSocketClient(url, { compression: true }) : new WebSocket(url);
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
