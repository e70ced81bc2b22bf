/**
 * Owns a bounded load on a server over real sockets, and the account of what became of each request; and the program under
 * that load. Knows not what is tested.
 *
 * @module
 */

import type { WorkersStats } from "../../server/mod.ts";

/** A request that had no whole answer. */
export interface LostRequest {
  /** Which worker had the connection, as far as an answer over it has told. */
  readonly worker: string | undefined;
  /** What happened. */
  readonly why: string;
}

/** How a load asks. */
export interface LoadOptions {
  /** How many ask at the same time. */
  readonly clients: number;
  /** Whether each request has a connection of its own. */
  readonly once: boolean;
  /** What is asked for. */
  readonly path?: string;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Clients that ask again and again until they are told to stop. */
export class Load implements AsyncDisposable {
  /** How many requests were answered. */
  answered = 0;
  /** Those that were not. */
  readonly lost: LostRequest[] = [];
  /** How many answers came from each worker. */
  readonly byWorker = new Map<string, number>();
  /** The answers' version that came last. */
  version = "";
  readonly #port: number;
  readonly #options: LoadOptions;
  readonly #clients: Promise<void>[];
  #waiting: { readonly until: () => boolean; readonly resolve: () => void } | undefined;
  #stopped = false;

  constructor(port: number, options: LoadOptions) {
    this.#port = port;
    this.#options = options;
    this.#clients = Array.from({ length: options.clients }, () => this.#run());
  }

  /** Settles once something is true, which is looked at after each answer. */
  async reached(until: () => boolean): Promise<void> {
    if (until()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = { until, resolve };
    await promise;
  }

  /** Settles once so many more were answered. */
  more(count: number): Promise<void> {
    const enough = this.answered + count;
    return this.reached(() => this.answered >= enough);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#clients);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const state: { worker: string | undefined } = { worker: undefined };
      try {
        using conn = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
        while (!this.#stopped && await this.#ask(conn, state));
      } catch (error) {
        this.lost.push({ worker: state.worker, why: String(error) });
      }
      this.#tell();
    }
  }

  /** Asks once; gives whether the connection can be asked again. */
  async #ask(conn: Deno.Conn, state: { worker: string | undefined }): Promise<boolean> {
    const { once, path = "/later" } = this.#options;
    const close = once ? "connection: close\r\n" : "";
    const request = encoder.encode(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${close}\r\n`);
    for (let at = 0; at < request.length;) at += await conn.write(request.subarray(at));
    const answer = await readAnswer(conn);
    state.worker = /\r\nx-worker: (\d+)/i.exec(answer)?.[1];
    this.version = /\r\nx-version: (\d+)/i.exec(answer)?.[1] ?? "";
    const worker = state.worker ?? "";
    this.byWorker.set(worker, (this.byWorker.get(worker) ?? 0) + 1);
    this.answered++;
    this.#tell();
    return !/\r\nconnection: close\r\n/i.test(answer);
  }

  #tell(): void {
    if (!this.#waiting?.until()) return;
    this.#waiting.resolve();
    this.#waiting = undefined;
  }
}

/** Reads one answer, whose length is announced. */
async function readAnswer(conn: Deno.Conn): Promise<string> {
  const into = new Uint8Array(1024);
  let text = "";
  for (;;) {
    const count = await conn.read(into);
    if (count === null) throw new Error(`the connection has ended after '${text}'`);
    text += decoder.decode(into.subarray(0, count));
    const head = text.indexOf("\r\n\r\n");
    if (head < 0) continue;
    if (!text.startsWith("HTTP/1.1 200 ")) throw new Error(`the answer is no 200: '${text}'`);
    if (text.length >= head + 4 + Number(/\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1])) return text;
  }
}

/** What the program says. */
interface Said {
  readonly port?: number;
  readonly done?: string;
  readonly stats?: WorkersStats;
  readonly crashed?: number;
  readonly refused?: string;
  readonly failed?: string;
}

const ROOT = new URL("../../", import.meta.url).pathname;

/** The program that serves on several cores, in a process of its own. */
export class Program implements AsyncDisposable {
  readonly port: number;
  /** What was said of crashes. */
  readonly crashed: number[] = [];
  /** What was said of reloads that failed. */
  readonly refused: string[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array>;
  #text = "";

  private constructor(child: Deno.ChildProcess, port: number) {
    this.port = port;
    this.#child = child;
    this.#lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#orders = child.stdin.getWriter();
  }

  /** Starts the program and waits until it listens. */
  static async start(
    workers: number,
    { flags = ["--unstable-net"], args = ["0"] as readonly string[] } = {},
  ): Promise<Program> {
    const script = `${ROOT}tests/server/testdata/workers_program.ts`;
    const fixed = ["run", "--frozen", "--quiet", "--no-prompt", "--allow-net=127.0.0.1", `--allow-read=${ROOT}`];
    const child = new Deno.Command("deno", {
      args: [...fixed, ...flags, script, String(workers), ...args],
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const program = new Program(child, 0);
    const { port, failed } = await program.#next();
    if (port !== undefined) return Object.assign(program, { port });
    await program[Symbol.asyncDispose]();
    throw new Error(failed);
  }

  /** Gives an order, and waits until it was done; gives the figures as they are then. */
  async order(order: "reload" | "restart" | "stats" | "shutdown"): Promise<WorkersStats | undefined> {
    await this.#orders.write(encoder.encode(`${order}\n`));
    for (;;) {
      const said = await this.#next();
      if (said.failed !== undefined) throw new Error(said.failed);
      if (said.done === order) return said.stats;
    }
  }

  /** The next line that it says. */
  async #next(): Promise<Said> {
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end >= 0) {
        const said: Said = JSON.parse(this.#text.slice(0, end));
        this.#text = this.#text.slice(end + 1);
        if (said.crashed !== undefined) this.crashed.push(said.crashed);
        else if (said.refused !== undefined) this.refused.push(said.refused);
        else return said;
        continue;
      }
      const { done, value } = await this.#lines.read();
      if (done) throw new Error("the program has ended");
      this.#text += value;
    }
  }

  /** Lets the program end, and waits until it has. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#orders.close();
    while (!(await this.#lines.read()).done);
    await this.#child.status;
  }
}
