/**
 * Owns the process that serves a handler by `Deno.serve`. Knows no case.
 *
 * Run as `deno_serve.ts <handler> [cert key]`, the latter two being files of PEM.
 *
 * @module
 */

import { handlerNamed } from "../handler.ts";
import { obey } from "./control.ts";
import { pairOf } from "./pair.ts";

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  ...pairOf(Deno.args),
  onListen: ({ port }) => void obey(port),
}, handlerNamed(Deno.args[0]));
