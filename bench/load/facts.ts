/**
 * Owns what is told about the machine beside the figures. Knows no case.
 *
 * @module
 */

import { cpus, release } from "node:os";
import { firstLine, MissingProgramError } from "./process.ts";

/** The flag by which a program prints its version. */
const VERSION_FLAGS: Readonly<Record<string, string>> = { wrk: "-v" };

/** Gives the machine's facts, by name: needs `--allow-sys=cpus,loadavg,osRelease`. */
export function machineFacts(): Record<string, string> {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? "unknown",
    cores: String(processors.length),
    kernel: `${Deno.build.os} ${release()}`,
    load: Deno.loadavg().map((value) => value.toFixed(2)).join(" "),
    deno: `${Deno.version.deno}, V8 ${Deno.version.v8}`,
  };
}

/**
 * Gives the version of each program, by its name.
 *
 * @throws {AggregateError} If programs are missing: one error for each.
 */
export async function programFacts(programs: Iterable<string>): Promise<Record<string, string>> {
  const facts: Record<string, string> = {};
  const missing: MissingProgramError[] = [];
  for (const program of programs) {
    try {
      const line = await firstLine(program, VERSION_FLAGS[program] ?? "--version");
      facts[program] = line.replace(/ (\[epoll\].*|\(.*)$/, "").replace(`${program} `, "");
    } catch (error) {
      if (!(error instanceof MissingProgramError)) throw error;
      missing.push(error);
    }
  }
  if (missing.length > 0) throw new AggregateError(missing, "Cannot measure as programs are missing");
  return facts;
}
