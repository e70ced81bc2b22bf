/**
 * Owns the test of the example of an HTTP/2 client, which asks the showcase.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { programTest } from "../programs.ts";
import { exampleCommand, ServerProgram } from "./program.ts";

programTest(
  "http2_client.ts asks the showcase over one connection, and ends by itself",
  { programs: ["deno"] },
  async () => {
    await using showcase = await ServerProgram.start("showcase/main.ts", ["--port", "0"]);
    const { code, stdout, stderr } = await exampleCommand("http2_client.ts", [showcase.origin]).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assertEquals([text(stderr), code], ["", 0]);
    assertEquals(text(stdout).trim().split("\n"), [
      "HTTP/2 200 Hello, World!",
      "answers: 100 connections: 1",
      "interim: 103 </page.css>; rel=preload; as=style",
      "trailers: content-digest",
      "echo: one after the other",
      "TimeoutError: Cannot fetch as the whole of it took longer than 100 ms",
      "and still: 200",
    ]);
  },
);
