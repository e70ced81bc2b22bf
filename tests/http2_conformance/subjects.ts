/**
 * Owns the servers and clients by others that the runners are tried on: what starts them, what they answer, and how they are
 * waited for. Knows no case.
 *
 * @module
 */

import { dialTcp, listenTcp } from "../../net/mod.ts";
import { task } from "../net/turns.ts";
import { type NamedSettings, NODE_SETTINGS } from "./cases.ts";
import { answersAnother, type ServerSetup, type ServerUnderTest } from "./server_runner.ts";

const path = (name: string) => new URL(`testdata/${name}`, import.meta.url).pathname;

/** The first line that a program writes, and the rest of its output cancelled. */
async function firstLine(child: Deno.ChildProcess): Promise<string> {
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("\n")) break;
  }
  return text.slice(0, text.indexOf("\n"));
}

/**
 * Waits for a server in another process, or behind sockets. It is one thread that takes its connections in turn: once it has
 * answered two others, one after the other, it has answered what came before.
 */
export async function settleByOthers(port: number): Promise<void> {
  for (let other = 0; other < 2; other++) await answersAnother({ connect: () => dialTcp({ port }) });
  for (let turn = 0; turn < 3; turn++) await task();
}

/** Starts Node's own server. */
export async function startNode({ settings, ...setup }: ServerSetup): Promise<ServerUnderTest> {
  const options = JSON.stringify({ settings: nodeSettings(settings), ...setup });
  const child = new Deno.Command("node", { args: [path("node_server.mjs"), options], stdout: "piped" }).spawn();
  return asSubject(child, Number(await firstLine(child)), true);
}

/** Starts nghttpd, which has a file to serve; it answers with that whatever it is sent, and needs a port that is free. */
export async function startNghttpd(folder: string): Promise<ServerUnderTest> {
  const port = freePort();
  const args = ["--no-tls", "--address=127.0.0.1", `--htdocs=${folder}`, String(port)];
  const child = new Deno.Command("nghttpd", { args, stdout: "piped", stderr: "null" }).spawn();
  await firstLine(child); // once it listens
  return asSubject(child, port, false);
}

function asSubject(child: Deno.ChildProcess, port: number, echoes: boolean): ServerUnderTest {
  return {
    echoes,
    connect: () => dialTcp({ port }),
    settle: () => settleByOthers(port),
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.status;
    },
  };
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
