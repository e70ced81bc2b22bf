/**
 * Owns a server on a wire and a clock that the test moves, and the check that nothing is left of it in the end; knows
 * nothing of what is tested.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type MemoryDialOptions, memoryNetwork, type MemoryNetworkOptions } from "../../net/mod.ts";
import { type Handler, type HttpServer, serve, type ServeBaseOptions } from "../../server/mod.ts";
import { ManualClock } from "../../timer/mod.ts";
import { type Answer, Client, readAnswers, turn } from "./client.ts";

/** What {@linkcode Stage} may be told. */
export interface StageOptions extends Pick<ServeBaseOptions, "limits" | "timeouts" | "allowHalfOpen" | "onError"> {
  /** The wire's measures. */
  readonly network?: MemoryNetworkOptions;
}

/** A server, its clock, and what dials it. */
export class Stage implements AsyncDisposable {
  readonly clock = new ManualClock({ date: Date.UTC(2026, 0, 1) });
  readonly server: HttpServer;
  /** What `onConnectionError` was told. */
  readonly connectionErrors: unknown[] = [];
  readonly #network;
  readonly #clients: Client[] = [];

  constructor(options: StageOptions, handler: Handler) {
    const { network = {}, ...rest } = options;
    this.#network = memoryNetwork(network);
    this.server = serve({
      ...rest,
      listener: this.#network.listener,
      clock: this.clock,
      onConnectionError: (error) => void this.connectionErrors.push(error),
    }, handler);
  }

  /** Opens a connection. */
  async dial(
    options: { readonly listens?: boolean } & Pick<MemoryDialOptions, "name" | "capacity"> = {},
  ): Promise<Client> {
    const { listens = true, ...dial } = options;
    const client = new Client(await this.#network.connect(dial), { listens });
    this.#clients.push(client);
    await turn();
    return client;
  }

  /** Opens a connection, says something, and lets it have its effects. */
  async say(text: string): Promise<Client> {
    const client = await this.dial();
    client.write(text);
    await turn();
    return client;
  }

  /** Moves the time, and lets this have its effects. */
  async advance(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms);
    await turn();
  }

  /** Ends all clients and the server, and asserts that no connection, no request and no timer is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await turn();
    await this.server.shutdown({ signal: AbortSignal.abort() });
    await turn();
    assertEquals({ ...this.server.stats, requests: 0 }, { connections: 0, requests: 0, active: 0 });
    assertEquals(this.clock.alarms, 0, "timers are left");
  }
}

/** The whole answers that a client heard, in order; fails where half an answer is behind them. */
export function answersOf(client: Client, methods: readonly string[] = []): Answer[] {
  const { answers, rest } = readAnswers(client.wire, methods);
  assertEquals(rest, "", "half an answer");
  return answers;
}

/** The status codes that a client heard, in order. */
export function statusesOf(client: Client, methods: readonly string[] = []): number[] {
  return answersOf(client, methods).map(({ status }) => status);
}

/** A request without content. */
export function get(path: string, fields = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
}

/** A request with content. */
export function post(path: string, body: string, fields = ""): string {
  return `POST ${path} HTTP/1.1\r\nHost: a\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}
