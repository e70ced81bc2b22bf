/**
 * Owns the test of the example that shows both sides of HTTP/1.1.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { programTest } from "../programs.ts";
import { exampleCommand } from "../examples/program.ts";

programTest("http1_basics.ts shows both sides of HTTP/1.1, and ends by itself", { programs: ["deno"] }, async () => {
  const { code, stdout, stderr } = await exampleCommand("http1_basics.ts", []).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals([text(stderr), code], ["", 0]);
  assertEquals(text(stdout).trim().split("\n"), [
    "interim: 103 </style.css>; rel=preload; as=style",
    "hello: 200 Hello, World!",
    "sum: { sum: 6 }",
    "upload: 22 bytes | behind it: known only now",
    "redirected: true Hello, World!",
    "connections used for all that: 1",
    "TimeoutError: Cannot fetch as the whole of it took longer than 100 ms",
    "in memory: 404",
    "closed: Cannot fetch as the client is closed",
  ]);
});
