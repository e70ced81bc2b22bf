/**
 * Owns the showcase as a program: flags in, a listening server, a clean end. Knows nothing of routes.
 *
 * @module
 */

import { type HttpServer, serve } from "@avx/http";
import { run } from "@avx/http/runtime";
import { scheduler } from "@avx/http/timer";
import { Showcase } from "./app.ts";
import type { Pair } from "./certificate.ts";
import { FlagError, type Flags, HELP, readFlags } from "./flags.ts";
import { pairError, pairOf } from "./pair.ts";

/** How long a stop waits for what is in flight, in milliseconds. */
const DRAIN = 10_000;

/** The exit status of a program that was called in a way that can't work. */
const USAGE = 2;

/** What keeps a program from listening and is for the person at the command line to mend. */
const LISTEN_ERRORS: readonly [new (message: string) => Error, string][] = [
  [Deno.errors.AddrInUse, "the port is in use"],
  [Deno.errors.AddrNotAvailable, "this machine has no such address"],
  [Deno.errors.PermissionDenied, "the system forbids it"],
  [Deno.errors.NotCapable, "deno was started without --allow-net for it"],
];

if (import.meta.main) await run((signal) => main(Deno.args, signal));

/** Runs the showcase until the signal aborts; gives the exit status. */
async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  try {
    const flags = readFlags(args);
    if (flags.help) console.log(HELP);
    else await host(flags, signal);
    return 0;
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    console.error(error.message);
    return USAGE;
  }
}

/** Serves until the signal aborts, then finishes what is in flight. */
async function host(flags: Flags, signal: AbortSignal): Promise<void> {
  const pair = await pairOf(flags.tls);
  if (flags.workers > 1) return await hostByWorkers(flags, pair, signal);
  using showcase = new Showcase({ scheduler, counts: () => server.stats });
  const server = listen(flags, pair, showcase);
  await aborted(signal);
  showcase[Symbol.dispose](); // its event streams would hold up the shutdown
  using patience = scheduler.deadline(DRAIN);
  await server.shutdown({ signal: patience.signal });
}

async function hostByWorkers(flags: Flags, pair: Pair | undefined, signal: AbortSignal): Promise<void> {
  const { workers } = flags;
  const module = import.meta.resolve("./worker.ts");
  const serving = serve({ module, workers, ...target(flags, pair) });
  const server = await serving.catch((error: unknown) => {
    throw explained(error, flags);
  });
  await aborted(signal);
  using patience = scheduler.deadline(DRAIN);
  await server.shutdown({ signal: patience.signal });
}

/** Listens, and prints where. */
function listen(flags: Flags, pair: Pair | undefined, showcase: Showcase): HttpServer<Deno.NetAddr> {
  try {
    return serve(target(flags, pair), showcase.handle);
  } catch (error) {
    throw explained(error, flags);
  }
}

/** Where `serve` is to listen, what it is to speak there, and that it says so. */
function target({ port, hostname, protocols }: Flags, pair: Pair | undefined) {
  const scheme = pair === undefined ? "http" : "https";
  const onListen = (address: Deno.NetAddr) => console.log(`Listening on ${scheme}://${hostOf(address)}/`);
  return { port, hostname, protocols, onListen, ...pair };
}

/** What kept the server from listening, as one line where the person at the command line can mend it. */
function explained(error: unknown, { port, hostname }: Flags): unknown {
  const reason = mendable(error) ?? pairError(error);
  return reason === undefined ? error : new FlagError(`Cannot listen on ${hostname} port ${port} as ${reason}`);
}

/** What is wrong, where the person at the command line can mend it. */
function mendable(error: unknown): string | undefined {
  const [, reason] = LISTEN_ERRORS.find(([type]) => error instanceof type) ?? [];
  if (reason !== undefined) return reason;
  if (error instanceof TypeError && error.message.includes("--unstable-net")) return "--workers needs --unstable-net";
  // A name that nothing resolves comes as a plain Error, without a code.
  if (error instanceof Error && error.message.startsWith("failed to lookup")) return "the name has no address here";
  return undefined;
}

/** Host and port to open; an address that stands for all of the machine's is given as this machine's name for itself. */
function hostOf({ hostname, port }: Deno.NetAddr): string {
  if (hostname === "0.0.0.0" || hostname === "::") return `localhost:${port}`;
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
