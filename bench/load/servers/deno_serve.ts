/**
 * Owns the process that serves a handler by `Deno.serve`. Knows no case.
 *
 * @module
 */

import { handlerNamed } from "../handler.ts";
import { obey } from "./control.ts";

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => void obey(port),
}, handlerNamed(Deno.args[0]));
