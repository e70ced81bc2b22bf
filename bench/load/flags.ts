/**
 * Owns the command line of `bench:load`. Knows the cases by their names only.
 *
 * @module
 */

/** What `--help` prints. */
export const HELP = `Measures whole server processes side by side.

deno task bench:load [case...] [options]

  case              a case, or the first word of several ("download"); all by default
  --rounds <n>      rounds of each case (default 7)
  --seconds <n>     length of a sample in whole seconds (default 5)
  --quick           one round of one second without a warm-up: only to see that all works
  --only <a,b>      only these contenders ("ours,canned"); all by default
  --json <file>     writes every sample and verdict to a file (the task may write below /tmp)
  --check           ends with 1 when a target is not met
  --list            prints the cases
  --help            prints this
`;

/** A command line that can't be followed. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What the command line asks for, complete. */
export interface Flags {
  /** The names of the cases to measure, in the table's order. */
  readonly cases: readonly string[];
  /** Rounds of each case, at least 1. */
  readonly rounds: number;
  /** Seconds of each sample, at least 1. */
  readonly seconds: number;
  /** Seconds of each contender's warm-up. */
  readonly warmUp: number;
  /** The contenders to measure; `undefined` for all. */
  readonly only: readonly string[] | undefined;
  /** Where the samples are written to, if at all. */
  readonly json: string | undefined;
  /** Whether a missed target is a failure. */
  readonly check: boolean;
  /** What to print instead of measuring. */
  readonly print: "cases" | "help" | undefined;
}

/** How long each contender is warmed up, in seconds: V8 has optimised the hot path after less than one. */
const WARM_UP_SECONDS = 2;

const SWITCHES = ["--quick", "--check", "--list", "--help"] as const;
const OPTIONS = ["--rounds", "--seconds", "--only", "--json"] as const;

/**
 * Reads the command line, given the names of all cases.
 *
 * @throws {UsageError} If it can't be followed.
 */
export function parseFlags(args: readonly string[], names: readonly string[]): Flags {
  const { words, switches, values } = split(args);
  const quick = switches.has("--quick");
  return {
    cases: selected(words, names),
    rounds: count("--rounds", values, quick ? 1 : 7),
    seconds: count("--seconds", values, quick ? 1 : 5),
    warmUp: quick ? 0 : WARM_UP_SECONDS,
    only: values.get("--only")?.split(","),
    json: values.get("--json"),
    check: switches.has("--check"),
    print: switches.has("--help") ? "help" : switches.has("--list") ? "cases" : undefined,
  };
}

interface Split {
  readonly words: string[];
  readonly switches: Set<string>;
  readonly values: Map<string, string>;
}

function split(args: readonly string[]): Split {
  const words: string[] = [];
  const switches = new Set<string>();
  const values = new Map<string, string>();
  for (let at = 0; at < args.length; at++) {
    const [flag, joined] = /^(--[^=]*)=(.*)$/s.exec(args[at]!)?.slice(1) ?? [args[at]!];
    if (!flag!.startsWith("-")) words.push(flag!);
    else if (SWITCHES.some((known) => known === flag) && joined === undefined) switches.add(flag!);
    else if (OPTIONS.some((known) => known === flag)) {
      const value = joined ?? args[++at];
      if (value === undefined || value === "") throw new UsageError(`Cannot read '${flag}' as it needs a value`);
      values.set(flag!, value);
    } else throw new UsageError(`Cannot read the command line as there is no such flag: received '${args[at]}'`);
  }
  return { words, switches, values };
}

function count(flag: string, values: ReadonlyMap<string, string>, whenAbsent: number): number {
  const value = values.get(flag);
  if (value === undefined) return whenAbsent;
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new UsageError(`Cannot read '${flag}' as it must be a whole number from 1 to 9999: received '${value}'`);
}

function selected(words: readonly string[], names: readonly string[]): string[] {
  const matches = (word: string, name: string) => name === word || name.startsWith(`${word}-`);
  for (const word of words) {
    if (names.some((name) => matches(word, name))) continue;
    throw new UsageError(`Cannot measure '${word}' as the cases are ${names.join(", ")}`);
  }
  return names.filter((name) => words.length === 0 || words.some((word) => matches(word, name)));
}
