/**
 * Owns the app that WebSockets of others' making are pointed at, by our server and by the platform's, and how programs of
 * others' making are run. Must not know who calls.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  type Handler,
  serve,
  type ServeTcpOptions,
  type ServeTlsKey,
  type UpgradeWebSocketOptions,
} from "../../mod.ts";
import { upgradeWebSocket } from "../../websocket/mod.ts";
import { run } from "../server/interop_app.ts";
import { ended } from "./stage.ts";

const testdata = new URL("testdata/", import.meta.url);

/** The path of a file that stands beside the tests. */
export function pathOf(name: string): string {
  return new URL(name, testdata).pathname;
}

/** What `converse` of `conversation.mjs` gives. */
export interface Conversation {
  readonly echo: {
    readonly protocol: string;
    readonly extensions: string;
    readonly readyState: number;
    readonly wrong: readonly string[];
    readonly missing: number;
    readonly close: readonly [code: number, reason: string, wasClean: boolean];
  };
  readonly told: Heard;
  readonly cut: Heard;
}

/** What somebody heard who said nothing. */
export interface Heard {
  readonly heard: readonly string[];
  readonly close: readonly [code: number, reason: string, wasClean: boolean];
}

/** What every client must see of every server. */
export function assertConversation(seen: Conversation, extensions: string): void {
  assertEquals(seen, {
    echo: { protocol: "b", extensions, readyState: 1, wrong: [], missing: 0, close: [4001, "gehört", true] },
    told: { heard: ["one", "two"], close: [4002, "enough", true] },
    cut: { heard: [], close: [1006, "", false] },
  });
}

/** What our server saw of a WebSocket: the version of HTTP, the extensions, the path, and how it ended. */
export type Served = readonly [protocol: string, extensions: string, path: string, close: string];

/** Our server with the app on a free port of this machine, and what it saw. */
export function startSockets(options: UpgradeWebSocketOptions, listen: Partial<ServeTcpOptions & ServeTlsKey> = {}) {
  const served: Promise<Served>[] = [];
  const handler: Handler = async (request, info) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/page") return new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
    if (pathname === "/conversation.mjs") {
      const headers = { "content-type": "text/javascript" };
      return new Response(await Deno.readTextFile(pathOf("conversation.mjs")), { headers });
    }
    if (!["/echo", "/tell", "/cut"].includes(pathname)) return new Response(null, { status: 404 });
    const { response, socket } = upgradeWebSocket(request, { protocols: ["b"], ...options });
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (pathname === "/cut") socket.terminate();
      if (pathname !== "/tell") return;
      socket.send("one");
      socket.send("two");
      socket.close(4002, "enough");
    };
    if (pathname === "/echo") socket.onmessage = ({ data }) => socket.send(data);
    const { promise, resolve } = Promise.withResolvers<Served>();
    socket.onclose = ({ code, reason, wasClean }) =>
      resolve([info.protocol, socket.extensions, pathname, `${code} ${reason} ${wasClean}`]);
    served.push(promise);
    return response;
  };
  const server = serve({ hostname: "127.0.0.1", port: 0, onListen: () => {}, ...listen }, handler);
  return { server, served, host: `127.0.0.1:${server.addr.port}` };
}

/** The same app by `Deno.serve` and `Deno.upgradeWebSocket`. It can't cut a connection: `/cut` ends as its client does. */
export function startPlatformSockets() {
  const sockets: WebSocket[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    const protocol = request.headers.get("sec-websocket-protocol")?.includes("b") ? { protocol: "b" } : {};
    const { response, socket } = Deno.upgradeWebSocket(request, protocol);
    sockets.push(socket);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (pathname !== "/tell") return;
      socket.send("one");
      socket.send("two");
      socket.close(4002, "enough");
    };
    if (pathname === "/echo") socket.onmessage = ({ data }) => socket.send(data);
    return response;
  });
  return {
    host: `127.0.0.1:${server.addr.port}`,
    async [Symbol.asyncDispose]() {
      await Promise.all(sockets.map(ended));
      await server.shutdown();
    },
  };
}

/** Bundles the peer for Node, into a folder that is removed in the end. */
export async function bundlePeer(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "avx-http-ws-" });
  const path = `${folder}/peer.mjs`;
  const args = ["bundle", "--quiet", "--no-config", "--no-lock", "--platform=deno", "-o", path, pathOf("ws_peer.mjs")];
  await run("deno", args);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

/** Runs a program that prints what it saw. */
export async function seenBy(program: string, args: readonly string[]): Promise<Conversation> {
  return JSON.parse((await run(program, args)).stdout);
}

/** A server that is a program: it prints its port, and ends with its standard input. */
export async function startProgram(program: string, args: readonly string[]) {
  const child = new Deno.Command(program, { args: [...args], stdin: "piped", stdout: "piped", stderr: "inherit" })
    .spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`Cannot start ${program} as it ended with ${(await child.status).code}`);
    text += value;
  }
  return {
    host: `127.0.0.1:${Number(text)}`,
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await reader.cancel();
      await child.status;
    },
  };
}
