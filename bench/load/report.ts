/**
 * Owns the verdicts and how they are shown: rows, tables, JSON. Knows not how a figure came to be.
 *
 * @module
 */

import { type Case, SUBJECT, type Target, type Unit } from "./case.ts";
import type { Samples } from "./rounds.ts";
import { ratios, type Spread, spread } from "./stats.ts";

/** What the subject was to reach, and whether it did. */
export interface Verdict {
  /** The target as it is shown: `>= 0.85`, `<= 12.0`. */
  readonly target: string;
  /** Whether the median reaches it. */
  readonly met: boolean;
}

/** One contender's line of a case. */
export interface Row {
  /** The contender's name. */
  readonly contender: string;
  /** Its figures, in the case's unit. */
  readonly figures: Spread;
  /** The subject's figure divided by this one's, round by round; absent for the subject, and where it was not measured. */
  readonly ratio?: Spread;
  /** The target that belongs to this line, if any. */
  readonly verdict?: Verdict;
}

/** Gives the lines of a case. A target is judged by the median, unrounded. */
export function judge({ unit, targets }: Pick<Case, "unit" | "targets">, samples: Samples): Row[] {
  const subject = samples.get(SUBJECT);
  return [...samples].map(([contender, values]) => {
    const figures = spread(values);
    if (subject === undefined) return { contender, figures };
    if (contender === SUBJECT) return { contender, figures, ...ownVerdict(targets, figures.median, unit) };
    const ratio = spread(ratios(subject, values));
    return { contender, figures, ratio, ...peerVerdict(targets, contender, ratio.median) };
  });
}

function ownVerdict(targets: readonly Target[], median: number, unit: Unit): { verdict?: Verdict } {
  const target = targets.find((target) => "atMost" in target);
  if (target === undefined) return {};
  return { verdict: { target: `<= ${unit.format(target.atMost)}`, met: median <= target.atMost } };
}

function peerVerdict(targets: readonly Target[], contender: string, median: number): { verdict?: Verdict } {
  const target = targets.find((target) => "against" in target && target.against === contender);
  if (target === undefined || !("against" in target)) return {};
  return { verdict: { target: `>= ${target.atLeast}`, met: median >= target.atLeast } };
}

const HEADINGS = ["min to max", `${SUBJECT} ÷ it`, "quartiles", "min to max", "target", ""];

/** Shows one case: its title, then a line a contender. */
export function renderCase({ name, title, unit }: Pick<Case, "name" | "title" | "unit">, rows: readonly Row[]): string {
  const cells = rows.map(({ contender, figures, ratio, verdict }) => [
    `  ${contender}`,
    unit.format(figures.median),
    `${unit.format(figures.min)} to ${unit.format(figures.max)}`,
    ...(ratio === undefined ? ["", "", ""] : [
      ratio.median.toFixed(2),
      `${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}`,
      `${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)}`,
    ]),
    verdict?.target ?? "",
    verdict === undefined ? "" : verdict.met ? "met" : "NOT MET",
  ]);
  return `${name}: ${title}\n${renderTable([["", unit.name, ...HEADINGS], ...cells])}`;
}

/** Lines up cells in columns: the first and the last to the left, the others to the right. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => widths[at] = Math.max(widths[at] ?? 0, cell.length));
  return rows.map((row) =>
    row.map((cell, at) => at === 0 || at === widths.length - 1 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))
      .join("  ").trimEnd()
  ).join("\n");
}

/** What became of one case: its lines, or why it has none. */
export type Outcome =
  & { readonly measured: Case }
  & ({ readonly samples: Samples; readonly rows: readonly Row[] } | { readonly error: string });

/** Sums the verdicts up in a line, and names the targets that were missed, and the cases that failed, in further ones. */
export function renderSummary(outcomes: readonly Outcome[]): string {
  let met = 0;
  const missed: string[] = [];
  for (const outcome of outcomes) {
    for (const { contender, figures, ratio, verdict } of "rows" in outcome ? outcome.rows : []) {
      if (verdict === undefined) continue;
      if (verdict.met) {
        met++;
        continue;
      }
      const against = ratio === undefined ? "" : ` against ${contender}`;
      const figure = ratio?.median.toFixed(2) ?? `${outcome.measured.unit.format(figures.median)}`;
      missed.push(`  ${outcome.measured.name}${against}: ${figure}, target ${verdict.target}`);
    }
  }
  const failed = outcomes.flatMap((outcome) => "error" in outcome ? [outcome.measured.name] : []);
  const judged = met + missed.length;
  return [
    judged === 0
      ? "No target was judged."
      : `${met} of ${judged} targets met${missed.length === 0 ? "." : "; not met:"}`,
    ...missed,
    ...(failed.length === 0 ? [] : [`Could not be measured: ${failed.join(", ")}.`]),
  ].join("\n");
}

/** Gives what `--json` writes: every sample and every verdict, figures in the unit's base (requests/s, bytes/s, bytes). */
export function toJson(facts: Readonly<Record<string, string>>, plan: object, outcomes: readonly Outcome[]): string {
  const cases = outcomes.map((outcome) => ({
    name: outcome.measured.name,
    title: outcome.measured.title,
    unit: outcome.measured.unit.name,
    ...("error" in outcome
      ? { error: outcome.error }
      : { samples: Object.fromEntries(outcome.samples), rows: outcome.rows }),
  }));
  return JSON.stringify({ facts, plan, cases }, null, 2) + "\n";
}
