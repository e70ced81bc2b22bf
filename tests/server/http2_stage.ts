/**
 * Owns a server of both versions on a wire and a clock that the test moves, what speaks HTTP/2 to it by hand, and the check
 * that nothing is left of it in the end. Knows nothing of what is tested.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  type MemoryDialOptions,
  memoryNetwork,
  type MemoryNetworkOptions,
  type MemoryTransport,
} from "../../net/mod.ts";
import { type Handler, type HttpServer, serve, type ServeListenerOptions } from "../../server/mod.ts";
import { ManualClock } from "../../timer/mod.ts";
import { type FrameOf, latin1, Peer, type PeerOptions, type Setting, settled } from "../http2/peer.ts";
import { Client } from "./client.ts";

/** What {@linkcode Http2Stage} may be told. */
export interface Http2StageOptions extends Omit<ServeListenerOptions, "listener" | "clock" | "onConnectionError"> {
  /** The wire's measures. */
  readonly network?: MemoryNetworkOptions;
}

/** What {@linkcode Http2Stage.peer} may be told. */
export interface StagePeerOptions extends Omit<PeerOptions, "role"> {
  /** What its first SETTINGS say. */
  readonly settings?: readonly Setting[];
  /** How much may be under way on the wire, in bytes, in one direction. */
  readonly capacity?: number;
}

/** A server, its clock, and who speaks to it. */
export class Http2Stage implements AsyncDisposable {
  readonly clock = new ManualClock({ date: Date.UTC(2026, 0, 1) });
  readonly server: HttpServer;
  /** What `onConnectionError` was told. */
  readonly connectionErrors: unknown[] = [];
  readonly #network;
  readonly #peers: Peer[] = [];
  readonly #clients: Client[] = [];

  constructor(options: Http2StageOptions, handler: Handler) {
    const { network = {}, ...rest } = options;
    this.#network = memoryNetwork(network);
    this.server = serve({
      ...rest,
      listener: this.#network.listener,
      clock: this.clock,
      onConnectionError: (error) => void this.connectionErrors.push(error),
    }, handler);
  }

  /** Opens a connection, and says nothing. */
  async connect(options: MemoryDialOptions = {}): Promise<MemoryTransport> {
    return await this.#network.connect(options);
  }

  /** Opens a connection on which any octets may be said. */
  async client(): Promise<Client> {
    const client = new Client(await this.connect());
    this.#clients.push(client);
    return client;
  }

  /** Opens a connection, and sends the preface. */
  async peer({ settings = [], capacity, ...options }: StagePeerOptions = {}): Promise<Peer> {
    const peer = new Peer(await this.connect(capacity === undefined ? {} : { capacity }), {
      role: "client",
      ...options,
    });
    this.#peers.push(peer);
    peer.open(settings);
    return peer;
  }

  /** Makes an end of a connection that was opened, and sends nothing of its own accord. */
  join(transport: MemoryTransport): Peer {
    const peer = new Peer(transport, { role: "client", acknowledges: false });
    this.#peers.push(peer);
    return peer;
  }

  /** Lets all that can happen without time happen. */
  async settle(): Promise<void> {
    await settled(...this.#peers);
  }

  /** Moves the time, and lets this have its effects. */
  async advance(ms: number): Promise<void> {
    await this.settle();
    await this.clock.advanceAsync(ms);
    await this.settle();
  }

  /** Ends all clients and the server, and asserts that no connection, no request and no timer is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of [...this.#peers, ...this.#clients]) end.close();
    await this.settle();
    await this.server.shutdown({ signal: AbortSignal.abort() });
    assertEquals({ ...this.server.stats, requests: 0 }, { connections: 0, requests: 0, active: 0 });
    assertEquals(this.clock.alarms, 0, "timers are left");
  }
}

/** The GOAWAY frames that were heard: the last stream and the code of each. */
export function goAwaysOf(peer: Peer): (readonly [lastStreamId: number, code: number])[] {
  return framesOf(peer, "goAway").map(({ lastStreamId, code }) => [lastStreamId, code]);
}

/** The frames of one kind that were heard, of one stream where it is named. */
export function framesOf<K extends Peer["heard"][number]["type"]>(
  peer: Peer,
  kind: K,
  streamId?: number,
): FrameOf<K>[] {
  const isIt = (frame: Peer["heard"][number]): frame is FrameOf<K> => frame.type === kind;
  return peer.heard.filter(isIt).filter((frame) => streamId === undefined || frame.streamId === streamId);
}

/** How many octets of content were heard, of one stream where it is named. */
export function heardOf(peer: Peer, streamId?: number): number {
  return framesOf(peer, "data", streamId).reduce((sum, { data }) => sum + data.length, 0);
}

/** The content that was heard of a stream, an octet a character. */
export function textOf(peer: Peer, streamId: number): string {
  return framesOf(peer, "data", streamId).map(({ data }) => latin1(data)).join("");
}
