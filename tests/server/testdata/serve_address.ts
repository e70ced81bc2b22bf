/**
 * Owns a program that serves twice, on options of its own, and prints where each server listens and what it answers.
 * Must not know what the environment says.
 *
 * @module
 */

import { dialTcp, dialUnix, type Transport, Wire } from "../../../net/mod.ts";
import { type HttpServer, serve } from "../../../server/mod.ts";

for (let count = 0; count < 2; count++) {
  try {
    await using server: HttpServer = serve({
      hostname: "127.0.0.2",
      port: 0,
      onListen: () => {},
    }, () => new Response("hello"));
    const { addr } = server;
    if (addr.transport === "tcp") {
      console.log("tcp", addr.hostname, addr.port, await ask(await dialTcp(addr)));
    } else if (addr.transport === "unix") {
      console.log("unix", addr.path, await ask(await dialUnix(addr)));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    console.log("tcp 127.0.0.2 refused");
  }
}

async function ask(transport: Transport): Promise<string> {
  await using wire = new Wire(transport);
  await wire.write("GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
  return (await wire.readToEnd()).replace(/^[^]*\r\n\r\n/, "");
}
