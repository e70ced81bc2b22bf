/**
 * Owns how each measured server is started and put under a load. Knows neither the targets nor the statistics.
 *
 * @module
 */

import type { Answer, Contender, Opened } from "./case.ts";
import { probe } from "./probe.ts";
import { Child, finish, type Invocation, MissingProgramError } from "./process.ts";
import { freePort, run, type Server, type StartOptions } from "./running.ts";
import type { Ask } from "./wrk.ts";

/** A load on a server. */
export interface Load {
  /** The programs that it needs. */
  readonly programs: readonly string[];
  /** The request that the answers are compared by. */
  readonly ask: Ask;
  /** Whether the server has to speak TLS. */
  readonly secure?: boolean;
  /** Asks that request; by {@linkcode probe} where it is not there. */
  answer?(port: number): Promise<Answer>;
  /** Measures the server on a port of 127.0.0.1 for about `seconds`. */
  sample(port: number, seconds: number): Promise<number>;
}

/** Gives the call of one of our Deno scripts: it may use 127.0.0.1, read its certificate, and nothing else. */
export function script(path: string, args: readonly string[], { gc, pair }: Partial<StartOptions> = {}): Invocation {
  const flags = [
    "run",
    "--no-prompt",
    "--no-config",
    "--allow-net=127.0.0.1",
    ...(gc ? ["--v8-flags=--expose-gc"] : []),
    ...(pair === undefined ? [] : [`--allow-read=${pair.cert},${pair.key}`]),
  ];
  const files = pair === undefined ? [] : [pair.cert, pair.key];
  return { program: Deno.execPath(), args: [...flags, `${import.meta.dirname}/${path}`, ...args, ...files] };
}

/** A server that is one of our Deno scripts. */
export function denoServer(name: string, path: string, options: { floor?: boolean; args?: string[] } = {}): Server {
  const { floor = false, args = [] } = options;
  return { name, floor, start: (handler, options) => script(path, [handler, ...args], options) };
}

/** Our own `serve`. */
export const ours: Server = denoServer("ours", "servers/ours.ts");
/** The platform's `Deno.serve`. */
export const denoServe: Server = denoServer("Deno.serve", "servers/deno_serve.ts");
/** Node's `node:http`. */
export const nodeHttp: Server = {
  name: "node:http",
  programs: ["node"],
  start: (handler, { gc }) => ({
    program: "node",
    args: [...(gc ? ["--expose-gc"] : []), `${import.meta.dirname}/servers/node_http.mjs`, handler],
  }),
};
/** A loop that answers each request head by the same bytes. */
export const canned: Server = denoServer("canned", "servers/canned.ts", { floor: true });
/** The same with a read buffer of 64 bytes a connection: the least that a parked read costs. */
export const cannedSmall: Server = denoServer("canned", "servers/canned.ts", { floor: true, args: ["64"] });
/** A loop that writes 64 MiB an answer. */
export const writeLoop: Server = denoServer("write loop", "servers/write_loop.ts", { floor: true });
/** A loop that reads as many bytes as are announced. */
export const readLoop: Server = denoServer("read loop", "servers/read_loop.ts", { floor: true });

/** How many workers those cases have that measure several: what all machines have that measure anything. */
const WORKERS = 2;

/** Gives the call of a server that runs in several threads: it may read the repository, where the threads' modules lie. */
function threaded(path: string, args: readonly string[]): Invocation {
  const { program, args: [command, ...rest] } = script(path, args);
  const root = new URL("../../", import.meta.url).pathname;
  return { program, args: [command!, "--unstable-net", `--allow-read=${root}`, ...rest] };
}

/** Our own `serve` by two workers, or by one. */
export function oursBy(workers: number): Server {
  const name = workers === WORKERS ? "ours" : workers === 1 ? "one worker" : `${workers} workers`;
  return { name, start: (handler) => threaded("servers/ours_workers.ts", [handler, String(workers)]) };
}

/** `Deno.serve` in two threads that share a port. */
export const denoServeShared: Server = {
  name: "Deno.serve, reusePort",
  start: (handler) => threaded("servers/deno_serve_workers.ts", [handler, String(WORKERS)]),
};

/** `deno serve --parallel`, which has a thread for each core. */
export const denoServeParallel: Server = {
  name: "deno serve --parallel",
  start: (handler) => {
    const { program, args } = threaded("servers/app.ts", [handler]);
    return { program, args: ["serve", "--parallel", "--host=127.0.0.1", `--port=${freePort()}`, ...args.slice(1)] };
  },
};

/** Gives what a case needs to measure servers: each runs one handler, in a process that lives through all rounds. */
export function serving(handler: string, load: Load, servers: readonly Server[]): Contender[] {
  return servers.map((server) => ({
    name: server.name,
    floor: server.floor ?? false,
    programs: [...load.programs, ...(server.programs ?? [])],
    open: async (): Promise<Opened> => {
      const running = await run(server, handler, { secure: load.secure ?? false });
      const { port } = running;
      return {
        answer: () => load.answer?.(port) ?? probe(port, load.ask),
        sample: (seconds) => load.sample(port, seconds),
        [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
      };
    },
  }));
}

/** Descriptors that a process needs beside those of its idle connections. */
export const SPARE_FILES = 128;

/**
 * Gives what a case needs to measure the memory of idle connections, in bytes each: what a fresh process's resident set
 * grew by, after garbage collection, once `connections` were opened, each had one answer and all of them stay open.
 */
export function idling(handler: string, connections: number, servers: readonly Server[]): Contender[] {
  return servers.map((server) => ({
    name: server.name,
    floor: server.floor ?? false,
    programs: server.programs ?? [],
    open: async (): Promise<Opened> => {
      await checkFileLimit(connections + SPARE_FILES);
      return {
        answer: async () => {
          await using running = await run(server, handler, { gc: true });
          return await probe(running.port, {});
        },
        sample: () => idleSample(server, handler, connections),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    },
  }));
}

async function idleSample(server: Server, handler: string, connections: number): Promise<number> {
  await using running = await run(server, handler, { gc: true });
  const { child, port } = running;
  const before = await child.order("collect", "rss");
  await using client = new Child(
    script("servers/idle_client.ts", [String(port), String(connections)]),
    "the idle client",
  );
  await client.number("answered");
  const after = await child.order("collect", "rss");
  await client.order("again", "answered"); // fails unless all of them were open until here
  return (after - before) / connections;
}

/**
 * Both ends of each connection are descriptors, in two processes. Deno and Node raise the soft limit to the hard one by
 * themselves, so only the latter counts.
 *
 * @throws {RangeError} If a process may not have that many.
 */
export async function checkFileLimit(files: number): Promise<void> {
  try {
    const args = ["--nofile", "--output=HARD", "--noheadings", "--raw"];
    const { stdout } = await finish({ program: "prlimit", args }, 10);
    const limit = stdout.trim() === "unlimited" ? Infinity : Number(stdout);
    if (limit >= files) return;
    throw new RangeError(
      `Cannot hold idle connections as the limit of open files must be >= ${files} (raise it with 'ulimit -n', which ` +
        `may need root): received ${limit}`,
    );
  } catch (error) {
    if (!(error instanceof MissingProgramError)) throw error; // prlimit is Linux's own: elsewhere the client will tell
  }
}
