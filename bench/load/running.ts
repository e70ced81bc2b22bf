/**
 * Owns the life of one measured server: its files, its certificate, its process, the port that it listens on. Knows no load.
 *
 * @module
 */

import { selfSigned } from "../../examples/showcase/certificate.ts";
import { Child, type Invocation } from "./process.ts";

/** How long a server that doesn't say when it listens may take until it does, in milliseconds. */
const LISTEN_MS = 5_000;
/** What lies between two attempts to connect to it, in milliseconds. */
const RETRY_MS = 20;

/** A certificate and its private key, both files of PEM. */
export interface PairFiles {
  /** The certificate's path. */
  readonly cert: string;
  /** The key's path. */
  readonly key: string;
}

/** What a server is started with. */
export interface StartOptions {
  /** Whether it is to collect garbage when told. */
  readonly gc: boolean;
  /** What it speaks TLS by, if it is to. */
  readonly pair: PairFiles | undefined;
  /** A folder for files that it reads; it is gone when the server has ended. */
  readonly folder: string;
}

/** The call of a server, with the port that it was given unless it prints `listening <port>` itself. */
export interface ServerCall extends Invocation {
  /** The port. */
  readonly port?: number;
}

/** A server that can be started as a process of its own. */
export interface Server {
  /** As the table shows it. */
  readonly name: string;
  /** Whether it is but a loop of bytes. */
  readonly floor?: boolean;
  /** The programs that it needs beside Deno. */
  readonly programs?: readonly string[];
  /** Gives the call that serves a handler of the handler file. */
  start(handler: string, options: StartOptions): ServerCall | Promise<ServerCall>;
}

/** What is asked of a server beside its handler. */
export interface RunOptions {
  /** Whether it collects garbage when told. */
  readonly gc?: boolean;
  /** Whether it speaks TLS. */
  readonly secure?: boolean;
}

/** A server that listens; disposing it ends its process. */
export interface Running extends AsyncDisposable {
  /** Its process. */
  readonly child: Child;
  /** Its port on 127.0.0.1. */
  readonly port: number;
}

/** Starts a server for one handler, and waits until it listens. */
export async function run(server: Server, handler: string, options: RunOptions = {}): Promise<Running> {
  const { gc = false, secure = false } = options;
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "avx-http-bench-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const pair = secure ? await writePair(folder) : undefined;
  const { port: given, ...call } = await server.start(handler, { gc, pair, folder });
  const child = stack.use(new Child(call, server.name));
  const port = given === undefined ? await child.number("listening") : await listening(given, server.name);
  const owned = stack.move();
  return { child, port, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function writePair(folder: string): Promise<PairFiles> {
  const { cert, key } = await selfSigned();
  const files = { cert: `${folder}/cert.pem`, key: `${folder}/key.pem` };
  await Deno.writeTextFile(files.cert, cert);
  await Deno.writeTextFile(files.key, key);
  return files;
}

/** Gives the port once something listens there. */
async function listening(port: number, name: string): Promise<number> {
  for (const end = performance.now() + LISTEN_MS;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      if (performance.now() > end) throw new Error(`Cannot measure ${name} as it does not listen on port ${port}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** A port that was free a moment ago, for servers that have to be told one. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
