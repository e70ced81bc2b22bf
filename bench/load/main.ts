/**
 * Owns the run of `bench:load`: flags, facts, one case after the other, tables, exit code. Knows neither how a case is
 * measured nor how it is judged.
 *
 * Ends with 0 when all cases could be measured, with 1 when one could not (or, with `--check`, missed a target, or lacks a
 * contender whose program is not there), with 2
 * for a command line that can't be followed, and with 130 when it was interrupted.
 *
 * @module
 */

import type { Case } from "./case.ts";
import { CASES } from "./cases.ts";
import { machineFacts, programFacts } from "./facts.ts";
import { type Flags, HELP, parseFlags, UsageError } from "./flags.ts";
import { present } from "./present.ts";
import { judge, type Outcome, renderCase, renderSummary, renderTable, toJson } from "./report.ts";
import { measure, type Progress } from "./rounds.ts";

const interrupted = new AbortController();

/** Gives the cases that the flags select, with the contenders that they select. */
function selectedCases({ cases, only }: Flags): Case[] {
  const all = CASES.filter(({ name }) => cases.includes(name));
  if (only === undefined) return all;
  const unknown = only.find((name) => !CASES.some(({ contenders }) => contenders.some((one) => one.name === name)));
  if (unknown !== undefined) throw new UsageError(`Cannot measure '${unknown}' as there is no such contender`);
  return all.map((one) => ({ ...one, contenders: one.contenders.filter(({ name }) => only.includes(name)) }))
    .filter(({ contenders }) => contenders.length > 0);
}

/** Shows one line on a terminal that is written over again and again; elsewhere, nothing. */
function showProgress(text: string): void {
  if (Deno.stderr.isTerminal()) Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}

async function measureCase(measured: Case, place: string, flags: Flags): Promise<Outcome> {
  const onProgress = ({ round, contender, figure }: Progress): void => {
    const phase = round === 0 ? "warm-up" : `round ${round} of ${flags.rounds}`;
    const shown = figure === undefined ? "…" : `${measured.unit.format(figure)} ${measured.unit.name}`;
    showProgress(`[${place}] ${measured.name}, ${phase}, ${contender}: ${shown}`);
  };
  try {
    const samples = await measure(measured, flags, { onProgress, signal: interrupted.signal });
    const rows = judge(measured, samples);
    showProgress("");
    console.log(`${renderCase(measured, rows)}\n`);
    return { measured, samples, rows };
  } catch (error) {
    interrupted.signal.throwIfAborted();
    showProgress("");
    const text = error instanceof Error ? error.message : String(error);
    console.log(`${measured.name}: ${measured.title}\n  failed: ${text}\n`);
    return { measured, error: text };
  }
}

function amount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Tells how long the run takes at least, in minutes. */
function minutes(cases: readonly Case[], { rounds, seconds, warmUp }: Flags): number {
  const contenders = cases.reduce((sum, one) => sum + one.contenders.length, 0);
  return Math.ceil(contenders * (rounds * seconds + warmUp) / 60);
}

/** Refuses a file that can't be written before the run, rather than after it. */
function checkWritable(path: string): void {
  try {
    Deno.writeTextFileSync(path, "");
  } catch (error) {
    throw new UsageError(`Cannot write '${path}': ${error instanceof Error ? error.message : error}`);
  }
}

/** Runs what the command line asks for, and gives the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const flags = parseFlags(args, CASES.map(({ name }) => name));
  if (flags.print === "help") return console.log(HELP), 0;
  if (flags.print === "cases") {
    console.log(renderTable(CASES.map(({ name, title, unit }) => [name, unit.name, `  ${title}`])));
    return 0;
  }
  const cases = selectedCases(flags);
  if (flags.json !== undefined) checkWritable(flags.json);
  const programs = new Set(cases.flatMap(({ contenders }) => contenders.flatMap((one) => one.programs)));
  const { versions, missing } = await programFacts(programs);
  const facts = { ...machineFacts(), ...versions };
  console.log(renderTable(Object.entries(facts)));
  console.log(
    `\n${amount(cases.length, "case")}, ${amount(flags.rounds, "round")} of ${flags.seconds} s, ` +
      `at least ${amount(minutes(cases, flags), "minute")}.\n`,
  );
  for (const error of missing.values()) console.log(error.message);
  const outcomes: Outcome[] = [];
  let skips = 0;
  for (const [at, one] of cases.entries()) {
    const { measured, skipped } = present(one, missing);
    skips += skipped.length;
    for (const line of skipped) console.log(line);
    if (measured === undefined) outcomes.push({ measured: one, error: "its programs are missing" });
    else outcomes.push(await measureCase(measured, `${at + 1}/${cases.length}`, flags));
  }
  console.log(renderSummary(outcomes));
  if (flags.json !== undefined) await Deno.writeTextFile(flags.json, toJson(facts, flags, outcomes));
  const failed = outcomes.some((outcome) => "error" in outcome);
  const missed = outcomes.some((outcome) =>
    "rows" in outcome && outcome.rows.some(({ verdict }) => !(verdict?.met ?? true))
  );
  return failed || flags.check && (missed || skips > 0) ? 1 : 0;
}

/** Says what went wrong in a line each, and gives the exit code. */
function explain(error: unknown): number {
  if (interrupted.signal.aborted) return 130;
  const errors = error instanceof AggregateError ? error.errors : [error];
  for (const one of errors) console.error(one instanceof Error ? one.message : one);
  return error instanceof UsageError ? 2 : 1;
}

if (import.meta.main) {
  // The servers of the case at hand are ended before we are.
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => interrupted.abort());
  Deno.exit(await main(Deno.args).catch(explain));
}
