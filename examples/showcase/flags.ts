/**
 * Owns the command line: the flags, their rules and the help text; knows nothing of servers.
 *
 * @module
 */

import { parseArgs } from "node:util";

/** A version of HTTP, by its name in ALPN. */
export type Version = "h2" | "http/1.1";

/** The files of a certificate and its key, both PEM. */
export interface PairFiles {
  /** The path of the certificate chain. */
  readonly cert: string;
  /** The path of the private key. */
  readonly key: string;
}

/** What the command line asks for. */
export interface Flags {
  /** The TCP port, 0 to 65535; 0 lets the system choose a free one. */
  readonly port: number;
  /** The name or address to listen on. */
  readonly hostname: string;
  /** How many workers serve, at least 1. */
  readonly workers: number;
  /** The versions of HTTP that are spoken. */
  readonly protocols: readonly Version[];
  /** Whether TLS is spoken, and as whom: by a pair made for this run where no files are named. */
  readonly tls: boolean | PairFiles;
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
                       [--protocols LIST] [--tls | --cert FILE --key FILE]

  --port N         TCP port, 0 to 65535 (default 8000). 0 takes a free one; the
                   line that the program prints says which.
  --hostname NAME  Name or address to listen on (default 127.0.0.1: this machine
                   only). 0.0.0.0 lets others in.
  --workers N      Threads that serve, 1 to 256, on one port (default 1).
  --protocols LIST h2, http/1.1, or both with a comma between (default: both).
                   Without TLS a client of HTTP/2 has to know beforehand that
                   it is spoken: curl --http2-prior-knowledge.
  --tls            Speak TLS, by a certificate for localhost and 127.0.0.1 that
                   is made at the start and signed by nobody else: curl -k. The
                   client chooses the version by ALPN.
  --cert FILE      Speak TLS by this certificate chain and this private key,
  --key FILE       both PEM.
  --help           Print this and end.

Then open the printed address: the page lists every route with a curl line.
Ctrl+C (or SIGTERM) stops accepting and finishes what is in flight, for at most
10 seconds; a second Ctrl+C ends at once.

Exit status: 0 after a clean end, 2 for a bad flag, an address that cannot be
listened on or a certificate that cannot be used, 1 for anything else that
failed.`;

/** Most workers that one may ask for: as many as the largest machines have cores. */
const MAX_WORKERS = 256;

/** All that can be spoken, in the order in which ALPN offers it. */
const VERSIONS: readonly Version[] = ["h2", "http/1.1"];

/**
 * Reads the command line.
 *
 * @throws {FlagError} When a flag is unknown, lacks its value, or has a value out of range.
 */
export function readFlags(args: readonly string[]): Flags {
  const { values } = parse(args);
  const { port = "8000", hostname = "127.0.0.1", workers = "1", protocols = VERSIONS.join(), help = false } = values;
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
  return {
    port: Number(port),
    hostname,
    workers: Number(workers),
    protocols: readProtocols(protocols),
    tls: readTls(values),
    help,
  };
}

function readProtocols(list: string): readonly Version[] {
  const names = list.split(",");
  const versions = VERSIONS.filter((version) => names.includes(version));
  if (versions.length === names.length) return versions;
  throw new FlagError(`Cannot read --protocols as it must be h2, http/1.1 or h2,http/1.1: received ${quote(list)}`);
}

/** What the command line says of TLS, as it came. */
interface TlsValues {
  readonly tls?: boolean | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

function readTls({ tls = false, cert, key }: TlsValues): boolean | PairFiles {
  if (cert === undefined && key === undefined) return tls;
  if (!cert) throw new FlagError("Cannot read --key as --cert must name the file of its certificate");
  if (!key) throw new FlagError("Cannot read --cert as --key must name the file of its private key");
  return { cert, key };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: "string" },
        hostname: { type: "string" },
        workers: { type: "string" },
        protocols: { type: "string" },
        tls: { type: "boolean" },
        cert: { type: "string" },
        key: { type: "string" },
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
