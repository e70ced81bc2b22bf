/**
 * Owns what is told about the machine beside the figures. Knows no case.
 *
 * @module
 */

import { cpus, release } from "node:os";
import { firstLine, MissingProgramError } from "./process.ts";

/** How a program is asked for its version, and where the version stands in the first line that it prints. */
interface VersionQuestion {
  readonly flag: string;
  readonly pattern: RegExp;
}

const QUESTIONS: Readonly<Record<string, VersionQuestion>> = {
  curl: { flag: "--version", pattern: /^curl (\S+)/ },
  // Where there is no node, Deno runs itself under that name: it must not pass for its own peer.
  node: { flag: "--version", pattern: /^(v\d\S*)$/ },
  wrk: { flag: "-v", pattern: /^wrk (\S+)/ },
};

/**
 * Takes a program's version from the first line that it prints.
 *
 * @throws {MissingProgramError} If it is another program that answers by that name.
 */
export function readVersion(program: string, line: string): string {
  const version = QUESTIONS[program]?.pattern.exec(line)?.[1];
  if (version === undefined) throw new MissingProgramError(program);
  return version;
}

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
      facts[program] = readVersion(program, await firstLine(program, QUESTIONS[program]?.flag ?? "--version"));
    } catch (error) {
      if (!(error instanceof MissingProgramError)) throw error;
      missing.push(error);
    }
  }
  if (missing.length > 0) throw new AggregateError(missing, "Cannot measure as programs are missing");
  return facts;
}
