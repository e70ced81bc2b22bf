/**
 * Owns the module that servers run in each of their threads: a handler of the handler file, named by the module's query, or
 * by the first argument where `deno serve` runs it. Knows no server.
 *
 * @module
 */

import { handlerNamed } from "../handler.ts";

const name = new URL(import.meta.url).searchParams.get("handler") ?? Deno.args[0];

export default {
  fetch: handlerNamed(name),
  /** Called by `deno serve`, in each thread; the harness takes the first line. Its console would put a thread's name first. */
  onListen: ({ port }: Deno.NetAddr): void => {
    Deno.stdout.writeSync(new TextEncoder().encode(`listening ${port}\n`));
  },
};
