/**
 * Owns the rounds of one case: all contenders open, equal answers, then sample by sample in rotating order. Knows no
 * server, no tool and no figure's meaning.
 *
 * @module
 */

import { type Answer, type Case, differences, type Opened } from "./case.ts";
import { rotated } from "./stats.ts";

/** How long a case is measured. */
export interface Plan {
  /** How many rounds, at least 1; in each of them every contender is measured once. */
  readonly rounds: number;
  /** How long one sample takes, in whole seconds. */
  readonly seconds: number;
  /** How long each contender is warmed up before the first round, in whole seconds; 0 for not at all. */
  readonly warmUp: number;
}

/** What is being measured, and what came of it: `figure` is missing until the sample is taken. */
export interface Progress {
  /** The round, from 1; 0 while warming up. */
  readonly round: number;
  /** The contender's name. */
  readonly contender: string;
  /** The figure, in the case's unit. */
  readonly figure?: number;
}

/** How {@linkcode measure} is watched and ended early. */
export interface MeasureOptions {
  /** Told before and after each sample. */
  readonly onProgress?: (progress: Progress) => void;
  /** Ends the run between two samples. */
  readonly signal?: AbortSignal;
}

/** Each contender's figures, one a round, by its name. */
export type Samples = ReadonlyMap<string, readonly number[]>;

/**
 * Measures a case.
 *
 * @throws {Error} If the contenders answer differently, if one of them fails, or with the signal's reason.
 */
export async function measure(measured: Case, plan: Plan, options: MeasureOptions = {}): Promise<Samples> {
  const { onProgress = () => {}, signal } = options;
  await using stack = new AsyncDisposableStack();
  const opened = new Map<string, Opened>();
  for (const { name, open } of measured.contenders) {
    signal?.throwIfAborted();
    opened.set(name, stack.use(await open()));
  }
  await checkAnswers(measured, opened);
  const samples = new Map<string, number[]>(measured.contenders.map(({ name }) => [name, []]));
  for (let round = plan.warmUp > 0 ? 0 : 1; round <= plan.rounds; round++) {
    for (const [contender, target] of rotated([...opened], round)) {
      signal?.throwIfAborted();
      onProgress({ round, contender });
      const figure = await target.sample(round === 0 ? plan.warmUp : plan.seconds);
      onProgress({ round, contender, figure });
      if (round > 0) samples.get(contender)?.push(figure);
    }
  }
  return samples;
}

async function checkAnswers(measured: Case, opened: ReadonlyMap<string, Opened>): Promise<void> {
  const answers = new Map<string, Answer>();
  for (const [name, target] of opened) answers.set(name, await target.answer());
  const floors = measured.contenders.filter(({ floor }) => floor).map(({ name }) => name);
  const lines = differences(answers, new Set(floors));
  if (lines.length > 0) {
    throw new Error(`Cannot compare the contenders as they answer differently: ${lines.join("; ")}`);
  }
}
