/**
 * Owns tunnels over HTTP/2 that a test holds: who asks for them, the server that accepts them. Must not know what is tested.
 *
 * @module
 */

import { assert } from "@std/assert";
import { type Transport, Wire } from "../../net/mod.ts";
import type { Handler, ServeInfo } from "../../server/mod.ts";
import type { Pair, Peer } from "../http2/peer.ts";
import { Http2Stage } from "./http2_stage.ts";

export const CONNECT: readonly Pair[] = [[":method", "CONNECT"], [":authority", "example.com:443"]];
export const EXTENDED: readonly Pair[] = [
  [":method", "CONNECT"],
  [":protocol", "websocket"],
  [":scheme", "http"],
  [":path", "/chat?a"],
  [":authority", "localhost"],
];

/** Accepts each CONNECT, and hands its duplex on. */
export function accepting(onTransport: (transport: Transport, info: ServeInfo) => void): Handler {
  return (request, info) => {
    if (request.method !== "CONNECT") return new Response("plain");
    const { response, transport } = info.upgrade();
    transport.then((duplex) => onTransport(duplex, info), () => {});
    return response;
  };
}

/** A tunnel on a connection of its own. */
export async function open(stage: Http2Stage, tunnels: readonly Transport[], peer?: Peer) {
  const own = peer ?? await stage.peer();
  const streamId = own.request(CONNECT, { end: false });
  await stage.settle();
  const tunnel = tunnels.at(-1);
  assert(tunnel !== undefined, "no tunnel was opened");
  return { peer: own, streamId, tunnel };
}

/** A server whose tunnels the test holds. */
export function held(options: ConstructorParameters<typeof Http2Stage>[0] = {}) {
  const tunnels: Transport[] = [];
  const infos: ServeInfo[] = [];
  const stage = new Http2Stage(
    options,
    accepting((tunnel, info) => {
      tunnels.push(tunnel);
      infos.push(info);
    }),
  );
  return { stage, tunnels, infos };
}

export const bytes = (text: string) => new TextEncoder().encode(text);

/** Sends all that comes back, in capitals, then ends. */
export async function shout(transport: Transport): Promise<void> {
  await using wire = new Wire(transport);
  for (let piece = await wire.read(); piece !== null; piece = await wire.read()) {
    await wire.write(new TextDecoder().decode(piece).toUpperCase());
  }
  await wire.end();
}
