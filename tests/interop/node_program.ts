/**
 * Owns how programs that need packages of npm are run by Node: bundled to one file, with the versions of the lock file. Must
 * not know what the programs do.
 *
 * @module
 */

import { assertEquals } from "@std/assert";

/** A program, bundled, in a folder of its own until it is disposed of. */
export class NodeProgram implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Bundles `programs/<name>.mjs`. */
  static async bundle(name: string): Promise<NodeProgram> {
    const { pathname } = new URL(`programs/${name}.mjs`, import.meta.url);
    const folder = await Deno.makeTempDir({ dir: "/tmp" });
    const args = ["bundle", "--quiet", "--frozen", "--output", `${folder}/program.mjs`, pathname];
    const { code, stderr } = await new Deno.Command("deno", { args, stdout: "null", stderr: "piped" }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    return new NodeProgram(folder);
  }

  /** Runs it to its end, and gives the JSON that it prints. */
  async run(...args: readonly string[]): Promise<unknown> {
    const command = new Deno.Command("node", { args: [`${this.#folder}/program.mjs`, ...args], stdin: "null" });
    const { code, stdout, stderr } = await command.output();
    const [printed, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assertEquals(code, 0, `${printed}${complaint}`);
    return JSON.parse(printed ?? "");
  }

  /** Starts it as a server that prints its port, and ends when its input does. */
  async start(...args: readonly string[]): Promise<NodeServer> {
    const command = new Deno.Command("node", {
      args: [`${this.#folder}/program.mjs`, ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    });
    return await NodeServer.listening(command.spawn());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** A server that Node runs, until it is disposed of. */
export class NodeServer implements AsyncDisposable {
  /** Where it listens. */
  readonly port: number;
  readonly #child: Deno.ChildProcess;
  readonly #drained: Promise<void>;

  private constructor(port: number, child: Deno.ChildProcess, drained: Promise<void>) {
    this.port = port;
    this.#child = child;
    this.#drained = drained;
  }

  /** Waits for the line that says the port. */
  static async listening(child: Deno.ChildProcess): Promise<NodeServer> {
    const [said, rest] = child.stdout.tee();
    const drained = rest.pipeTo(new WritableStream());
    let line = "";
    for await (const text of said.pipeThrough(new TextDecoderStream())) {
      line += text;
      if (line.includes("\n")) break;
    }
    return new NodeServer(Number(line), child, drained);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.status;
    await this.#drained;
  }
}
