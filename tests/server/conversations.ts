/**
 * Owns whole conversations with a server over the in-memory network: bytes in, in one piece or in many, and what handler
 * and client saw of it. Decides nothing itself.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { ProtocolError } from "../../http/fields/mod.ts";
import { memoryNetwork } from "../../net/mod.ts";
import { type HttpServer, serve, type ServeInfo, type ServeLimits, type ServeTimeouts } from "../../server/mod.ts";
import { ManualClock } from "../../timer/mod.ts";
import { Client, latin1, turn } from "./client.ts";

/** A request as the handler saw it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly protocol: string;
  readonly headers: readonly (readonly [string, string])[];
  body: string;
  trailers: readonly (readonly [string, string])[];
  /** How the content ended: `open` while the handler waits for more. */
  end: "open" | "whole" | "broken";
}

/** What a conversation came to. */
export interface Heard {
  readonly seen: readonly Seen[];
  /** All that the server sent, an octet a character. */
  readonly wire: string;
  /** Whether the server has ended its side. */
  readonly ended: boolean;
  /** What the client's reads rejected with. */
  readonly lost: string | undefined;
}

/** How an input is cut: in one write, octet by octet, or in two at an offset. */
export type Cut = "whole" | "octets" | number;

/** What to say to the server. */
export interface Talk {
  readonly input: Uint8Array;
  readonly cut: Cut;
  /** Whether the client ends its side behind the input. */
  readonly end?: boolean;
}

/** The request's URL; empty where target and host make none, which the codec does not judge: a read of it throws then. */
function urlOf(request: Request): string {
  try {
    return request.url;
  } catch (error) {
    assert(error instanceof ProtocolError && error.status === 400);
    return "";
  }
}

/** What {@linkcode Lab} may be told. */
export interface LabOptions {
  readonly limits?: Partial<ServeLimits>;
  readonly timeouts?: Partial<ServeTimeouts>;
}

/** A server on a clock of its own, whose handler reads all, notes what it saw, and says which request it answers. */
export class Lab implements AsyncDisposable {
  readonly clock = new ManualClock({ date: Date.UTC(2026, 0, 1) });
  readonly server: HttpServer;
  /** What `onError` was told. */
  readonly failures: unknown[] = [];
  /** What `onConnectionError` was told. */
  readonly connectionErrors: unknown[] = [];
  readonly #network = memoryNetwork({ backlog: 100_000 });
  readonly #seen = new Map<string, Seen[]>();
  #names = 0;

  constructor({ limits = {}, timeouts = {} }: LabOptions = {}) {
    this.server = serve({
      listener: this.#network.listener,
      clock: this.clock,
      limits: { maxConnections: Infinity, ...limits },
      timeouts,
      onConnectionError: (error) => void this.connectionErrors.push(error),
      onError: (error) => {
        this.failures.push(error);
        return new Response("failed", { status: 500 });
      },
    }, (request, info) => this.#answer(request, info));
  }

  async #answer(request: Request, info: ServeInfo): Promise<Response> {
    const address = info.remoteAddr;
    const seen: Seen = {
      method: request.method,
      url: urlOf(request),
      protocol: info.protocol,
      headers: [...request.headers],
      body: "",
      trailers: [],
      end: "open",
    };
    this.#seen.get("name" in address ? address.name : "")?.push(seen);
    try {
      if (request.body !== null) { for await (const chunk of request.body) seen.body += latin1(chunk); }
      seen.trailers = [...await info.trailers];
      seen.end = "whole";
    } catch {
      seen.end = "broken";
    }
    if (request.method === "CONNECT") return new Response("no tunnels", { status: 405 });
    return new Response(`${request.method} ${URL.parse(seen.url)?.pathname}`);
  }

  /** Has all conversations at once, and tells what came of each once nothing moves any more. */
  async converse(talks: readonly Talk[]): Promise<Heard[]> {
    const clients: Client[] = [];
    const notes: Seen[][] = [];
    for (const talk of talks) {
      const name = `client-${++this.#names}`;
      const seen: Seen[] = [];
      this.#seen.set(name, seen);
      const transport = await this.#network.connect({ name, ...talk.cut === "octets" && { chunkSize: 1 } });
      clients.push(new Client(transport));
      notes.push(seen);
    }
    await turn();
    for (const step of [0, 1, 2] as const) {
      clients.forEach((client, index) => take(client, step, talks[index]!));
      await turn();
    }
    await turn();
    const heard = clients.map((client, index) => heardBy(client, notes[index]!));
    for (const client of clients) client.close();
    this.#seen.clear();
    await turn();
    return heard;
  }

  /** Ends the server, and asserts that no connection and no timer is left of all that was said. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.shutdown();
    assertEquals(this.server.stats.connections, 0, "connections are left");
    assertEquals(this.server.stats.active, 0, "requests are left");
    assertEquals(this.clock.alarms, 0, "timers are left");
  }
}

/** Says the first piece of the input, or the second one, or ends the client's side. */
function take(client: Client, step: 0 | 1 | 2, { input, cut, end = false }: Talk): void {
  const at = typeof cut === "number" ? cut : input.length;
  if (step === 0) client.write(input.subarray(0, at));
  if (step === 1) client.write(input.subarray(at));
  if (step === 2 && end) client.end();
}

function heardBy({ wire, ended, lost }: Client, seen: readonly Seen[]): Heard {
  return { seen: structuredClone(seen), wire, ended, lost: lost === undefined ? undefined : String(lost) };
}
