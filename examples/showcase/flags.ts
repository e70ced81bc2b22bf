/**
 * Owns the command line: the flags, their rules and the help text; knows nothing of servers.
 *
 * @module
 */

import { parseArgs } from "node:util";

/** What the command line asks for. */
export interface Flags {
  /** The TCP port, 0 to 65535; 0 lets the system choose a free one. */
  readonly port: number;
  /** The name or address to listen on. */
  readonly hostname: string;
  /** How many workers serve, at least 1. */
  readonly workers: number;
  /** Whether to print {@linkcode HELP} and end. */
  readonly help: boolean;
}

/** A command line that cannot be followed; the message is one line. */
export class FlagError extends Error {
  /** The class's name. */
  override readonly name = "FlagError";
}

/** What `--help` prints. */
export const HELP = `The @avx/http showcase: a server to open in a browser and to poke at with curl.

Usage: deno task start [--port N] [--hostname NAME] [--workers N]

  --port N         TCP port, 0 to 65535 (default 8000). 0 takes a free one; the
                   line that the program prints says which.
  --hostname NAME  Name or address to listen on (default 127.0.0.1: this machine
                   only). 0.0.0.0 lets others in.
  --workers N      Threads that serve, 1 to 256, on one port (default 1).
  --help           Print this and end.

Then open the printed address: the page lists every route with a curl line.
Ctrl+C (or SIGTERM) stops accepting and finishes what is in flight, for at most
10 seconds; a second Ctrl+C ends at once.

Exit status: 0 after a clean end, 2 for a bad flag or an address that cannot be
listened on, 1 for anything else that failed.`;

/** Most workers that one may ask for: as many as the largest machines have cores. */
const MAX_WORKERS = 256;

/**
 * Reads the command line.
 *
 * @throws {FlagError} When a flag is unknown, lacks its value, or has a value out of range.
 */
export function readFlags(args: readonly string[]): Flags {
  const { values } = parse(args);
  const { port = "8000", hostname = "127.0.0.1", workers = "1", help = false } = values;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new FlagError(`Cannot read --port as it must be a whole number from 0 to 65535: received ${quote(port)}`);
  }
  if (!/^[\w.:%-]+$/.test(hostname)) {
    throw new FlagError(`Cannot read --hostname as it must be a name or an address: received ${quote(hostname)}`);
  }
  if (!/^[1-9]\d{0,2}$/.test(workers) || Number(workers) > MAX_WORKERS) {
    throw new FlagError(
      `Cannot read --workers as it must be a whole number from 1 to ${MAX_WORKERS}: received ${quote(workers)}`,
    );
  }
  return { port: Number(port), hostname, workers: Number(workers), help };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: "string" },
        hostname: { type: "string" },
        workers: { type: "string" },
        help: { type: "boolean" },
      },
      strict: true,
      allowPositionals: false,
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [reason] = error.message.split("\n");
    throw new FlagError(`Cannot read the command line as it is not understood: ${reason} (--help lists the flags)`);
  }
}

function quote(value: string): string {
  return JSON.stringify(value.slice(0, 40));
}
