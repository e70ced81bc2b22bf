/**
 * Owns what becomes of a case where programs are missing: it goes on without the peers that need them. Knows no program.
 *
 * @module
 */

import { type Case, SUBJECT } from "./case.ts";

/** A case without those that can't be measured. */
export interface Present {
  /** What is left of the case, the targets of the left ones included; `undefined` where that would say nothing. */
  readonly measured: Case | undefined;
  /** A line for each contender that is skipped. */
  readonly skipped: readonly string[];
}

/**
 * Leaves those out whose programs are missing. Where ours is among them, nothing is left of the case.
 */
export function present(one: Case, missing: Pick<ReadonlyMap<string, unknown>, "has">): Present {
  const contenders = one.contenders.filter(({ programs }) => !programs.some((program) => missing.has(program)));
  const left = new Set(contenders.map(({ name }) => name));
  const skipped = one.contenders.filter(({ name }) => !left.has(name)).map(({ name, programs }) =>
    `${one.name}: skips ${name}, which needs ${programs.filter((program) => missing.has(program)).join(" and ")}`
  );
  const wanted = one.contenders.some(({ name }) => name === SUBJECT);
  const measurable = contenders.length > 0 && (left.has(SUBJECT) || !wanted);
  const targets = one.targets.filter((target) => !("against" in target) || left.has(target.against));
  return { measured: measurable ? { ...one, contenders, targets } : undefined, skipped };
}
