/**
 * Owns the processes that the harness starts: their lines, their end, and what it says when one fails. Knows not what
 * they do.
 *
 * @module
 */

/** How long a process may take to print the next line, in milliseconds: 5,000 connections take about a second. */
const LINE_MS = 60_000;
/** How long a process that was told to end may take before it is killed, in milliseconds. */
const END_MS = 2_000;
/** How much of what a process printed on stderr an error shows, in characters. */
const COMPLAINT_LENGTH = 2_000;

/** The Debian package that brings a program. */
const PACKAGES: Readonly<Record<string, string>> = {
  curl: "curl",
  node: "nodejs",
  wrk: "wrk",
  h2load: "nghttp2-client",
  nghttpd: "nghttp2-server",
};

/** A program is not there, or the harness may not run it. */
export class MissingProgramError extends Error {
  override readonly name = "MissingProgramError";

  /** Names the program and the Debian package that brings it. */
  constructor(program: string) {
    const hint = PACKAGES[program] === undefined ? "" : `: install Debian's package '${PACKAGES[program]}'`;
    super(`Cannot run '${program}' as it is not found${hint}`);
  }
}

/** A program and its arguments. */
export interface Invocation {
  /** The program's name or path. */
  readonly program: string;
  /** Its arguments. */
  readonly args: readonly string[];
}

/** Gives `body`'s result, and says which program is missing where that is why it failed. */
function explained<T>(program: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    const missing = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable;
    throw missing ? new MissingProgramError(program) : error;
  }
}

/** A process that talks in lines, and is ended by its own id. */
export class Child implements AsyncDisposable {
  readonly #name: string;
  readonly #process: Deno.ChildProcess;
  readonly #output: ReadableStreamDefaultReader<string>;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array>;
  readonly #complaint: Promise<string>;
  #text = "";

  /**
   * Starts a process.
   *
   * @throws {MissingProgramError} If there is no such program.
   */
  constructor({ program, args }: Invocation, name = program) {
    this.#name = name;
    const command = new Deno.Command(program, {
      args: [...args],
      env: { NO_COLOR: "1" }, // what it complains of is shown as a part of our own message
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    });
    this.#process = explained(program, () => command.spawn());
    this.#output = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#orders = this.#process.stdin.getWriter();
    this.#complaint = tail(this.#process.stderr);
  }

  /** Gives the next line of stdout, which must be `<word> <number>`, and takes the number from it. */
  async number(word: string): Promise<number> {
    const line = await this.#line();
    const [first, value] = line.split(" ");
    if (first === word && Number.isFinite(Number(value))) return Number(value);
    throw new Error(`Cannot read what ${this.#name} prints as it must be '${word} <number>': received '${line}'`);
  }

  /** Writes an order to stdin, and gives the number of the line that answers it. */
  async order(order: string, word: string): Promise<number> {
    await this.#orders.write(new TextEncoder().encode(`${order}\n`));
    return await this.number(word);
  }

  async #line(): Promise<string> {
    const late = Promise.withResolvers<never>();
    const alarm = setTimeout(
      () => late.reject(new Error(`Cannot wait for ${this.#name} as it prints nothing for ${LINE_MS / 1000} s`)),
      LINE_MS,
    );
    try {
      for (let end = this.#text.indexOf("\n");; end = this.#text.indexOf("\n")) {
        if (end >= 0) {
          const line = this.#text.slice(0, end);
          this.#text = this.#text.slice(end + 1);
          return line;
        }
        const { done, value } = await Promise.race([this.#output.read(), late.promise]);
        if (done) throw await this.#failure();
        this.#text += value;
      }
    } finally {
      clearTimeout(alarm);
    }
  }

  async #failure(): Promise<Error> {
    const { code } = await this.#process.status;
    return new Error(`Cannot go on as ${this.#name} ended with ${code}: ${await this.#complaint}`);
  }

  /** Ends the process and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    signal(this.#process, "SIGTERM");
    const alarm = setTimeout(() => signal(this.#process, "SIGKILL"), END_MS);
    await this.#process.status;
    clearTimeout(alarm);
    await Promise.allSettled([this.#output.cancel(), this.#orders.close(), this.#complaint]);
  }
}

/** Signals a process that may have ended by itself. */
function signal(process: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    process.kill(name);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // "Child process has already terminated"
  }
}

/** Gives the last characters of a stream once it ends, holding no more than those. */
async function tail(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) text = (text + part).slice(-COMPLAINT_LENGTH);
  return text.trim();
}

/** What a process left behind. */
export interface Finished {
  /** Its exit code. */
  readonly code: number;
  /** What it printed on stdout. */
  readonly stdout: string;
  /** What it printed on stderr. */
  readonly stderr: string;
}

/**
 * Runs a program to its end, for at most `seconds`.
 *
 * @throws {MissingProgramError} If there is no such program.
 * @throws {Error} If it took longer, and was ended.
 */
export async function finish({ program, args }: Invocation, seconds: number): Promise<Finished> {
  const limit = AbortSignal.timeout(seconds * 1000);
  const command = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: limit,
  });
  const process = explained(program, () => command.spawn());
  const { code, stdout, stderr } = await process.output();
  if (limit.aborted) throw new Error(`Cannot wait for '${program}' as it took longer than ${seconds} s`);
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Gives the first line that a program prints about itself, such as its version; throws as {@linkcode finish} does. */
export async function firstLine(program: string, flag: string): Promise<string> {
  const { stdout, stderr } = await finish({ program, args: [flag] }, 10);
  return (stdout || stderr).split("\n", 1)[0]!.trim();
}
