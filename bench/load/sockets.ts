/**
 * Owns how the servers of WebSockets are started and put under a load, which is a process of its own. Knows neither the
 * targets nor the statistics.
 *
 * @module
 */

import type { Answer, Contender, Opened } from "./case.ts";
import { Child, finish } from "./process.ts";
import { run, type Running, type Server } from "./running.ts";
import { checkFileLimit, denoServer, script, SPARE_FILES } from "./servers.ts";

/** What the load's sockets do: the names of the servers' handlers, too. */
export type SocketWork = "text" | "binary" | "deflate" | "broadcast";

/** What is said on how many sockets. */
export interface SocketLoad {
  /** What is done. */
  readonly work: SocketWork;
  /** On how many sockets. */
  readonly sockets: number;
  /** How long each message is, in bytes. */
  readonly bytes: number;
}

/** Our own `serve` and `upgradeWebSocket`. */
export const ours: Server = denoServer("ours", "servers/sockets_ours.ts");
/** The platform's `Deno.serve` and `Deno.upgradeWebSocket`. */
export const denoUpgrade: Server = denoServer("Deno.upgradeWebSocket", "servers/sockets_deno.ts");
/** A loop that answers each frame by the same bytes. */
export const canned: Server = denoServer("canned", "servers/sockets_canned.ts", { floor: true });
/** npm's ws, on Node; it is bundled before it runs there. */
export const ws: Server = {
  name: "ws on Node",
  programs: ["node"],
  start: async (handler, { gc, folder }) => {
    const bundle = `${folder}/server.mjs`;
    const file = `${import.meta.dirname}/servers/sockets_ws.mjs`;
    const args = ["bundle", "--quiet", "--no-config", "--no-lock", "--platform=deno", "-o", bundle, file];
    const { code, stderr } = await finish({ program: Deno.execPath(), args }, 60);
    if (code !== 0) throw new Error(`Cannot bundle ${file}: ${stderr}`);
    return { program: "node", args: [...(gc ? ["--expose-gc"] : []), bundle, handler] };
  },
};

/** Gives what a case needs to measure servers of WebSockets: each has a load of its own, which lives through all rounds. */
export function speaking(load: SocketLoad, servers: readonly Server[]): Contender[] {
  return servers.map((server) => ({
    name: server.name,
    floor: server.floor ?? false,
    programs: server.programs ?? [],
    open: () => open(load, server),
  }));
}

async function open({ work, sockets, bytes }: SocketLoad, server: Server): Promise<Opened> {
  await using stack = new AsyncDisposableStack();
  const { port } = stack.use(await run(server, work));
  const child = stack.use(loadOf(port, work, sockets, bytes));
  await child.number("ready");
  const owned = stack.move();
  return {
    answer: () => answer(port),
    sample: (seconds) => child.order(`run ${seconds * 1000}`, "done"),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The process of a load; four arguments, as they are its command line. */
function loadOf(port: number, work: string, sockets: number, bytes: number): Child {
  return new Child(script("socket_load.ts", [port, work, sockets, bytes].map(String)), "the load");
}

/** What is sent to compare the servers by: as long as what `canned` echoes. */
const QUESTION = "is anybody there? ".padEnd(64, ".");

/** Says something once, by the platform's WebSocket, and takes what comes for the answer. */
async function answer(port: number): Promise<Answer> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  const body = await new Promise<string>((resolve, reject) => {
    socket.onopen = () => socket.send(QUESTION);
    socket.onmessage = ({ data }) => resolve(String(data));
    socket.onerror = () => reject(new Error(`Cannot compare answers as port ${port} must take a WebSocket`));
  });
  socket.close(); // `canned` never answers it
  // A 101 has none of these: RFC 9110 §6.6.1, §8.6.
  return { status: 101, type: null, encoding: null, date: true, framing: "frames", body };
}

/**
 * Gives what a case needs to measure the memory of idle WebSockets, in bytes each: by what a fresh process's resident set
 * grew, after garbage collection, when connections that each had one plain answer became WebSockets which a message was sent
 * to all of.
 */
export function idling(sockets: number, servers: readonly Server[]): Contender[] {
  return servers.map((server) => ({
    name: server.name,
    floor: server.floor ?? false,
    programs: server.programs ?? [],
    open: async (): Promise<Opened> => {
      await checkFileLimit(sockets + SPARE_FILES);
      return {
        answer: async () => {
          await using running = await run(server, "broadcast");
          return await answer(running.port);
        },
        sample: () => idleSample(server, sockets),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    },
  }));
}

async function idleSample(server: Server, sockets: number): Promise<number> {
  await using running: Running = await run(server, "broadcast", { gc: true });
  await using client = loadOf(running.port, "idle", sockets, 64);
  await client.number("answered");
  const before = await running.child.order("collect", "rss");
  await client.order("open", "heard"); // each of them, or the load ends
  const after = await running.child.order("collect", "rss");
  await client.order("again", "heard"); // all of them were open until here
  return (after - before) / sockets;
}
