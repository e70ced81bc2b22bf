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
  h2load: { flag: "--version", pattern: /^h2load (\S+)/ },
  nghttpd: { flag: "--version", pattern: /^nghttpd (\S+)/ },
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

/** What is known of programs: the versions of those that are there, and why the others can't be run. */
export interface ProgramFacts {
  /** Each version, by the program's name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Each error, by the program's name. */
  readonly missing: ReadonlyMap<string, MissingProgramError>;
}

/** Asks each program for its version. */
export async function programFacts(programs: Iterable<string>): Promise<ProgramFacts> {
  const versions: Record<string, string> = {};
  const missing = new Map<string, MissingProgramError>();
  for (const program of programs) {
    try {
      versions[program] = readVersion(program, await firstLine(program, QUESTIONS[program]?.flag ?? "--version"));
    } catch (error) {
      if (!(error instanceof MissingProgramError)) throw error;
      missing.set(program, error);
    }
  }
  return { versions, missing };
}
