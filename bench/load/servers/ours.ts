/**
 * Owns the process that serves a handler by our own `serve`. Knows no case.
 *
 * @module
 */

import { serve } from "../../../server/mod.ts";
import { handlerNamed } from "../handler.ts";
import { obey } from "./control.ts";

/** All connections of the idle case come from 127.0.0.1, where 256 an address are the default. */
const CONNECTIONS_PER_ADDRESS = 20_000;

serve({
  hostname: "127.0.0.1",
  port: 0,
  maxConnectionsPerAddress: CONNECTIONS_PER_ADDRESS,
  onListen: ({ port }) => void obey(port),
}, handlerNamed(Deno.args[0]));
