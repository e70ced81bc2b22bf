/**
 * Owns the servers and clients by others that the runners are tried on: what starts them, what they answer, and how they are
 * waited for. Knows no case.
 *
 * @module
 */

import { dialTcp, listenTcp } from "../../net/mod.ts";
import type { Peer } from "../http2/peer.ts";
import { task } from "../net/turns.ts";
import { type NamedSettings, NODE_SETTINGS } from "./cases.ts";
import type { ClientStage } from "./client_runner.ts";
import type { ClientOutcome } from "./judge.ts";
import { answersAnother, type ServerSetup, type ServerUnderTest } from "./server_runner.ts";

const path = (name: string) => new URL(`testdata/${name}`, import.meta.url).pathname;

/** The first lines that a program writes; what it writes is read to its end, so that it can go on writing. */
function linesOf(
  output: ReadableStream<Uint8Array>,
): { readonly lines: Promise<string>[]; readonly done: Promise<void> } {
  const lines = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const read = async () => {
    let text = "";
    let count = 0;
    for await (const part of output.pipeThrough(new TextDecoderStream())) {
      text += part;
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
        lines[count++]?.resolve(text.slice(0, end));
        text = text.slice(end + 1);
      }
    }
    for (const line of lines) line.resolve(""); // where there were fewer
  };
  return { lines: lines.map(({ promise }) => promise), done: read() };
}

/** Answers that a program gives before it is taken to be silent: it may read a flood piece by piece between them. */
const PROBES = { node: 3, nghttpd: 12 } as const;

/**
 * Waits for a server behind sockets, in another process perhaps, which takes its connections in turn: once it has answered
 * others, one after the other, it has answered what came before.
 */
export async function settleByOthers(port: number, probes: number): Promise<void> {
  for (let other = 0; other < probes; other++) await answersAnother({ connect: () => dialTcp({ port }) });
  for (let turn = 0; turn < 3; turn++) await task();
}

/** Starts Node's own server. */
export function startNode({ settings, ...setup }: ServerSetup): Promise<ServerUnderTest> {
  const options = JSON.stringify({ settings: nodeSettings(settings), ...setup });
  return start("node", [path("node_server.mjs"), options], true, Number);
}

/** Starts nghttpd with a folder of files to serve: it answers with them, whatever it is sent. */
export function startNghttpd(folder: string): Promise<ServerUnderTest> {
  const port = freePort();
  const args = ["--verbose", "--no-tls", "--address=127.0.0.1", `--htdocs=${folder}`, `${port}`];
  return start("nghttpd", args, false, () => port);
}

/** Starts a program; its first line says that it listens, and perhaps where. */
async function start(
  program: keyof typeof PROBES,
  args: string[],
  echoes: boolean,
  portOf: (line: string) => number,
): Promise<ServerUnderTest> {
  const child = new Deno.Command(program, { args, stdout: "piped" }).spawn();
  const { lines: [first], done } = linesOf(child.stdout);
  const port = portOf(await first!);
  return {
    echoes,
    connect: () => dialTcp({ port }),
    settle: () => settleByOthers(port, PROBES[program]),
    async [Symbol.asyncDispose]() {
      child.kill();
      await Promise.all([child.status, done]);
    },
  };
}

/** Gives the stage for one request of Node's own client. */
export function nodeClientStage(): ClientStage {
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  let outcome: Promise<ClientOutcome> | undefined;
  return {
    listener,
    start(settings) {
      const options = JSON.stringify({ port: listener.addr.port, settings: nodeSettings(settings) });
      const child = new Deno.Command("node", {
        args: [path("node_client.mjs"), options],
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const { lines: [first, second], done } = linesOf(child.stdout);
      outcome = second!.then((text) => text === "" ? { kind: "rejected", retryable: false } : JSON.parse(text));
      return {
        status: first!.then((text) => Number(text)),
        outcome,
        async [Symbol.asyncDispose]() {
          await child.stdin.close().catch(() => {}); // it may have ended
          await Promise.all([child.status, done]);
        },
      };
    },
    settle: async (peer) => void await (peer.over ? outcome : settleByPings(peer)),
  };
}

/** Waits for an end in another process: once it has answered often enough, it has told what there is to tell. */
async function settleByPings(peer: Peer): Promise<void> {
  for (let ping = 0; ping < PROBES.nghttpd; ping++) await peer.ping(`ping ${100 + ping}`);
}

/** A port that was free a moment ago. */
function freePort(): number {
  using listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function nodeSettings(settings: NamedSettings): Record<string, number | boolean> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => {
      const known = NODE_SETTINGS[name];
      if (known === undefined) throw new Error(`Cannot set up Node as it must know the parameter: received ${name}`);
      return [known, known.startsWith("enable") ? value === 1 : value];
    }),
  );
}
