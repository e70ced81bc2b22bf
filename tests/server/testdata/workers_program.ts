/**
 * Owns a program for tests of servers on several cores: it does what it is told on stdin, a line each, and says when it has,
 * as a line of JSON. Knows no test.
 *
 * Run as `workers_program.ts <workers> <port> [module]`; with `shared` behind it, it lets other processes listen there too.
 *
 * @module
 */

import { serve } from "../../../server/mod.ts";

const [workers = "2", port = "0", module = import.meta.resolve("./workers_app.ts"), shared] = Deno.args;

function say(what: object): void {
  console.log(JSON.stringify(what));
}

try {
  await using server = await serve({
    module,
    workers: Number(workers),
    hostname: "127.0.0.1",
    port: Number(port),
    reusePort: shared !== undefined,
    drain: 500,
    onListen: ({ port }) => say({ port }),
    onCrash: ({ index, error }) => say({ crashed: index, error: String(error) }),
    limits: { maxConnectionsPerAddress: 1_000 },
  });
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    rest += text;
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      const order = rest.slice(0, end);
      rest = rest.slice(end + 1);
      if (order === "reload") await server.reload().catch((error: unknown) => say({ refused: String(error) }));
      if (order === "restart") await server.restart();
      if (order === "shutdown") await server.shutdown();
      say({ done: order, stats: order === "shutdown" ? undefined : { ...server.stats } });
    }
  }
} catch (error) {
  say({ failed: String(error) });
  Deno.exitCode = 1;
}
