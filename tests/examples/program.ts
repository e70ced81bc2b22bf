/**
 * Owns how tests run an example as a program of its own, which may use the network of this machine and nothing else.
 * Knows nothing of what the examples serve.
 *
 * @module
 */

/** What an example may use beside the network, if it runs workers: its own modules, and a port for several. */
export const WORKERS_FLAGS: readonly string[] = [
  "--unstable-net",
  `--allow-read=${new URL("../../", import.meta.url).pathname}`,
];

/** An example as a command; `example` is its path below `examples/`. */
export function exampleCommand(example: string, args: readonly string[], flags: readonly string[] = []): Deno.Command {
  const { pathname } = new URL(`../../examples/${example}`, import.meta.url);
  return new Deno.Command("deno", {
    args: ["run", "--frozen", "--quiet", "--no-prompt", "--allow-net=127.0.0.1", ...flags, pathname, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** A running server; it is ended when it goes out of scope. */
export class ServerProgram implements AsyncDisposable {
  /** The line that it printed first. */
  readonly line: string;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, line: string) {
    this.#child = child;
    this.line = line;
  }

  /** Starts an example and waits for the line that says where it listens. */
  static async start(
    example: string,
    args: readonly string[],
    flags: readonly string[] = [],
  ): Promise<ServerProgram> {
    const child = exampleCommand(example, args, flags).spawn();
    let printed = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      printed += text;
      if (printed.includes("\n")) return new ServerProgram(child, printed);
    }
    throw new Error(`Cannot start ${example}: ${await new Response(child.stderr).text()}`);
  }

  /** The URL in the line, without a slash at its end. */
  get origin(): string {
    return /https?:\/\/\S+(?=\/)/.exec(this.line)?.[0] ?? "";
  }

  /** The port in the line. */
  get port(): number {
    return Number(new URL(this.origin).port);
  }

  /** Sends the program a signal. */
  signal(name: Deno.Signal): void {
    this.#child.kill(name);
  }

  /** Waits for the program's end: its exit status and what it wrote on stderr. */
  async ended(): Promise<{ code: number; stderr: string }> {
    const [{ code }, stderr] = await Promise.all([this.#child.status, new Response(this.#child.stderr).text()]);
    return { code, stderr };
  }

  /** Ends the program at once where it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    await this.#child.status;
    if (!this.#child.stderr.locked) await this.#child.stderr.cancel();
  }
}
