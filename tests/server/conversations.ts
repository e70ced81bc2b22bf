/**
 * Owns whole conversations with a server over the in-memory network: bytes in, in one piece or in many, and what handler
 * and client saw of it. Decides nothing itself.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { ProtocolError } from "../../http/fields/mod.ts";
import { memoryNetwork, type MemoryTransport } from "../../net/mod.ts";
import { type HttpServer, serve, type ServeInfo, type ServeLimits, type ServeTimeouts } from "../../server/mod.ts";
import { ManualClock } from "../../timer/mod.ts";

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

/** An answer as the client saw it. */
export interface Answer {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
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

/** Lets all that waits for a promise, and all that this leads to, run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Octets as text, a character each. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
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
    for (const talk of talks) {
      const name = `client-${++this.#names}`;
      const seen: Seen[] = [];
      this.#seen.set(name, seen);
      const transport = await this.#network.connect({ name, ...talk.cut === "octets" && { chunkSize: 1 } });
      clients.push(new Client(transport, seen));
    }
    await turn();
    for (const step of [0, 1, 2] as const) {
      clients.forEach((client, index) => client.take(step, talks[index]!));
      await turn();
    }
    await turn();
    const heard = clients.map((client) => client.heard());
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

/** One end that speaks, and notes what it hears. */
class Client {
  readonly #transport: MemoryTransport;
  readonly #seen: Seen[];
  #wire = "";
  #ended = false;
  #lost: string | undefined;

  constructor(transport: MemoryTransport, seen: Seen[]) {
    this.#transport = transport;
    this.#seen = seen;
    this.#listen();
  }

  async #listen(): Promise<void> {
    const into = new Uint8Array(16 * 1024);
    try {
      for (let count = await this.#read(into); count !== null; count = await this.#read(into)) {
        this.#wire += latin1(into.subarray(0, count));
      }
      this.#ended = true;
    } catch (error) {
      this.#lost = String(error);
    }
  }

  #read(into: Uint8Array): Promise<number | null> {
    return this.#transport.read(into);
  }

  /** Says the first piece, or the second one, or ends this side. */
  take(step: 0 | 1 | 2, { input, cut, end = false }: Talk): void {
    const at = typeof cut === "number" ? cut : input.length;
    if (step === 0) this.#write(input.subarray(0, at), false);
    if (step === 1) this.#write(input.subarray(at), false);
    if (step === 2) this.#write(input.subarray(input.length), end);
  }

  async #write(bytes: Uint8Array, end: boolean): Promise<void> {
    try {
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await this.#transport.write(rest));
      if (end) await this.#transport.closeWrite();
    } catch (error) {
      // A server that has ended the connection takes no more.
      const expected = error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset ||
        error instanceof Deno.errors.Interrupted;
      if (!expected) throw error;
    }
  }

  heard(): Heard {
    return { seen: structuredClone(this.#seen), wire: this.#wire, ended: this.#ended, lost: this.#lost };
  }

  close(): void {
    this.#transport.close();
  }
}

/**
 * Reads the answers off the wire, by a few lines that owe the library nothing; `rest` is what makes no whole answer. The
 * `methods` are those of the requests that are answered, in order, as an answer to HEAD has no content.
 */
export function readAnswers(
  wire: string,
  methods: readonly string[] = [],
): { readonly answers: Answer[]; readonly rest: string } {
  const answers: Answer[] = [];
  let rest = wire;
  let final = 0;
  for (;;) {
    const head = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n/.exec(rest);
    if (head === null) return { answers, rest };
    const fields = new Map<string, string>();
    for (const line of head[2]!.split("\r\n").slice(0, -1)) {
      const colon = line.indexOf(": ");
      fields.set(line.slice(0, colon), line.slice(colon + 2));
    }
    const status = Number(head[1]);
    const method = status >= 200 ? methods[final++] : undefined;
    const length = method === "HEAD" ? 0 : Number(fields.get("content-length") ?? 0);
    const end = head[0].length + length;
    if (rest.length < end) return { answers, rest };
    answers.push({ status, fields, body: rest.slice(head[0].length, end) });
    rest = rest.slice(end);
  }
}
