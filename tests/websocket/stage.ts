/**
 * Owns a server of WebSockets in memory, on a clock that the test moves, and what connects to it: a client, or a wire by
 * hand. Knows nothing of what is tested.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { HttpClient } from "../../client/mod.ts";
import { type MemoryDialOptions, memoryNetwork, type MemoryTransport, type Transport, Wire } from "../../net/mod.ts";
import { type Handler, type HttpServer, serve } from "../../server/mod.ts";
import { ManualClock } from "../../timer/mod.ts";
import { upgradeWebSocket, type UpgradeWebSocketOptions, type WebSocketUpgrade } from "../../websocket/mod.ts";
import { task } from "../net/turns.ts";

/** The request of a client, but for more fields and the line that ends it. */
export const OPENING = "GET /chat HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n" +
  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n";

/** What carries WebSockets. */
export type Carrier = "HTTP/1.1" | "HTTP/2";

/** Answers a request, which it may accept. */
export type StageHandler = (accept: () => WebSocketUpgrade, request: Request) => Response;

/** A server, its clock and its client. */
export class Stage implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly server: HttpServer;
  readonly client: HttpClient;
  /** What the handler accepted, in order. */
  readonly accepted: WebSocketUpgrade[] = [];
  readonly #network = memoryNetwork();
  readonly #carrier: Carrier;
  readonly #wires: Wire<Transport>[] = [];

  /** Serves what `handler` answers; by default each request is accepted, with the options. */
  constructor(options: UpgradeWebSocketOptions = {}, handler?: StageHandler, carrier: Carrier = "HTTP/1.1") {
    this.#carrier = carrier;
    const answer: Handler = (request) => {
      const accept = () => {
        const upgrade = upgradeWebSocket(request, { clock: this.clock, ...options });
        this.accepted.push(upgrade);
        return upgrade;
      };
      return handler === undefined ? accept().response : handler(accept, request);
    };
    this.server = serve({ listener: this.#network.listener, clock: this.clock }, answer);
    this.client = new HttpClient({
      connect: ({ signal }) => this.#network.connect({ signal }),
      clock: this.clock,
      protocols: [carrier === "HTTP/2" ? "h2" : "http/1.1"],
    });
  }

  /** Connects by hand. */
  async dial(options: MemoryDialOptions = {}): Promise<Wire<MemoryTransport>> {
    const wire = await this.#network.dial(options);
    this.#wires.push(wire);
    return wire;
  }

  /** Opens a WebSocket by hand; gives the head of a response over HTTP/1.1 too, whose wire may have options. */
  async open(fields = "", options: MemoryDialOptions = {}): Promise<{ wire: Wire<Transport>; head: string }> {
    if (this.#carrier === "HTTP/2") return { wire: await this.#openStream(fields), head: "" };
    const wire = await this.dial(options);
    await wire.write(`${OPENING}${fields}\r\n`);
    const head = await wire.readUntil("\r\n\r\n");
    await settle();
    return { wire, head };
  }

  async #openStream(fields: string): Promise<Wire<Transport>> {
    const headers = new Headers({ "sec-websocket-version": "13" });
    for (const line of fields.split("\r\n").filter((line) => line !== "")) {
      headers.append(line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1));
    }
    const { transport } = await this.client.upgrade("http://a/chat", "websocket", { headers });
    const wire = new Wire(transport);
    this.#wires.push(wire);
    await settle();
    return wire;
  }

  /** Moves the time, and lets this have its effects. */
  async advance(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms);
    await settle();
  }

  /** Ends all, and asserts that no connection and no timer is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const wire of this.#wires) wire.close();
    for (const { socket } of this.accepted) socket.terminate();
    this.client.close();
    await settle();
    await this.server.shutdown({ signal: AbortSignal.abort() });
    await settle();
    assertEquals([this.server.stats.connections, this.clock.alarms], [0, 0], "connections, timers");
  }
}

/** Declares a test for each carrier. */
export function overBoth(
  name: string,
  fn: (stageOf: (options?: UpgradeWebSocketOptions, handler?: StageHandler) => Stage) => Promise<void>,
): void {
  for (const carrier of ["HTTP/1.1", "HTTP/2"] as const) {
    Deno.test(`${name} (${carrier})`, () => fn((options, handler) => new Stage(options, handler, carrier)));
  }
}

/** Lets everything go on that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await task();
}

/** Settles with the next event of a kind. */
export function next<K extends keyof WebSocketEventMap>(socket: WebSocket, type: K): Promise<WebSocketEventMap[K]> {
  return new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
}

/** Writes down what happens on a socket. */
export function record(socket: WebSocket): string[] {
  const log: string[] = [];
  socket.addEventListener("open", () => log.push("open"));
  socket.addEventListener("message", ({ data }) => log.push(`message ${data}`));
  socket.addEventListener("error", (event) => log.push(`error ${event instanceof ErrorEvent ? event.message : "?"}`));
  socket.addEventListener("close", ({ code, reason, wasClean }) => log.push(`close ${code} ${reason} ${wasClean}`));
  return log;
}

/** Settles once a socket has ended. */
export async function ended(socket: WebSocket): Promise<void> {
  if (socket.readyState !== socket.CLOSED) await next(socket, "close");
}
