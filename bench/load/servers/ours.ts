/**
 * Owns the process that serves a handler by our own `serve`. Knows no case.
 *
 * Run as `ours.ts <handler> [cert key]`, the latter two being files of PEM.
 *
 * @module
 */

import { serve } from "../../../server/mod.ts";
import { handlerNamed } from "../handler.ts";
import { obey } from "./control.ts";
import { pairOf } from "./pair.ts";

/** What the cases need beyond the defaults, which the peers have no counterpart of. */
const LIMITS = {
  // All connections of the idle case come from 127.0.0.1.
  maxConnectionsPerAddress: 20_000,
  // `bytes()` takes the upload whole.
  maxBodyBytes: 64 * 1024 * 1024,
};

serve({
  hostname: "127.0.0.1",
  port: 0,
  ...pairOf(Deno.args),
  limits: LIMITS,
  onListen: ({ port }) => void obey(port),
}, handlerNamed(Deno.args[0]));
