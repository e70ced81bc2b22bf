/**
 * Owns how each measured client is started, with a server of its own, and told to work. Knows neither the targets nor the
 * statistics.
 *
 * @module
 */

import type { Contender, Opened } from "./case.ts";
import type { Work } from "./client_loop.ts";
import { probe, probeHttp2 } from "./probe.ts";
import { Child, finish, type Invocation } from "./process.ts";
import { run, type Server } from "./running.ts";
import type { Ask } from "./wrk.ts";

/** A client that can be started as a process of its own. */
export interface Client {
  /** As the table shows it. */
  readonly name: string;
  /** Whether it is but a loop of bytes. */
  readonly floor?: boolean;
  /** The programs that it needs beside Deno. */
  readonly programs?: readonly string[];
  /** Gives the call that does some work against a server; `folder` is for what has to be built before. */
  start(work: Work, inFlight: number, port: number, folder: string): Promise<Invocation>;
}

/** What all clients of a case do. */
export interface ClientLoad {
  /** What is done again and again. */
  readonly work: Work;
  /** How many at a time. */
  readonly inFlight: number;
  /** The server that each client has for itself, and its handler. */
  readonly server: Server;
  readonly handler: string;
  /** The request that the servers' answers are compared by. */
  readonly ask: Ask;
  /** Whether those are asked over HTTP/2. */
  readonly http2?: boolean;
}

const path = (name: string) => `${import.meta.dirname}/${name}`;

function denoClient(name: string, argument: string, floor = false): Client {
  const flags = ["run", "--no-prompt", "--no-config", "--allow-net=127.0.0.1"];
  return {
    name,
    floor,
    start: (work, inFlight, port) => {
      const args = [...flags, path("client_program.ts"), argument, work, String(inFlight), String(port)];
      return Promise.resolve({ program: Deno.execPath(), args });
    },
  };
}

/** A client that needs Node: it is bundled before it runs there. */
function nodeClient(name: string, file: string): Client {
  return {
    name,
    programs: ["node"],
    start: async (work, inFlight, port, folder) => {
      const bundle = `${folder}/client.mjs`;
      const args = ["bundle", "--quiet", "--no-config", "--no-lock", "--platform=deno", "-o", bundle, path(file)];
      const { code, stderr } = await finish({ program: Deno.execPath(), args }, 60);
      if (code !== 0) throw new Error(`Cannot bundle ${file}: ${stderr}`);
      return { program: "node", args: [bundle, work, String(inFlight), String(port)] };
    },
  };
}

/** Our own `HttpClient`. */
export const ours: Client = denoClient("ours", "ours");
/** The platform's `fetch`. */
export const denoFetch: Client = denoClient("fetch", "fetch");
/** Reads and writes of a `Deno.Conn`. */
export const raw: Client = denoClient("raw", "raw", true);
/** undici's `request`, on Node. */
export const undici: Client = nodeClient("undici", "client_undici.ts");

/** Our own `HttpClient`, told to speak HTTP/2. */
export const oursHttp2: Client = denoClient("ours", "ours-h2");
/** The platform's `fetch`, told the same. */
export const denoFetchHttp2: Client = denoClient("fetch", "fetch-h2");
/** Frames that are written and counted. */
export const rawHttp2: Client = denoClient("raw", "raw-h2", true);
/** `node:http2`, on Node. */
export const nodeHttp2: Client = nodeClient("node:http2", "client_node_http2.ts");

/** Gives what a case needs to measure clients; each has a server to itself, of the same kind. */
export function asking(load: ClientLoad, clients: readonly Client[]): Contender[] {
  return clients.map((client) => ({
    name: client.name,
    floor: client.floor ?? false,
    programs: client.programs ?? [],
    open: () => open(load, client),
  }));
}

async function open(
  { work, inFlight, server, handler, ask, http2 = false }: ClientLoad,
  client: Client,
): Promise<Opened> {
  await using stack = new AsyncDisposableStack();
  const { port } = stack.use(await run(server, handler));
  const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "avx-http-bench-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const child = stack.use(new Child(await client.start(work, inFlight, port, folder), client.name));
  await child.number("ready");
  const owned = stack.move();
  return {
    answer: () => http2 ? probeHttp2(port, ask, false) : probe(port, ask),
    sample: (seconds) => child.order(`run ${seconds * 1000}`, "done"),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
