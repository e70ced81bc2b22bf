/**
 * Owns the statistics of rounds: median, quartiles, range, ratio a round. Knows neither units nor what was measured.
 *
 * @module
 */

/** Where the values of some rounds lie. */
export interface Spread {
  /** The least value. */
  readonly min: number;
  /** The first quartile. */
  readonly low: number;
  /** The second quartile. */
  readonly median: number;
  /** The third quartile. */
  readonly high: number;
  /** The greatest value. */
  readonly max: number;
}

/** Gives the `part` quantile, 0 to 1, of ascending values, by linear interpolation between the two nearest. */
function quantile(ascending: readonly number[], part: number): number {
  const at = (ascending.length - 1) * part;
  const below = Math.floor(at);
  const low = ascending[below]!;
  const high = ascending[Math.ceil(at)]!;
  return low + (high - low) * (at - below);
}

/**
 * Tells where `values` lie, in whatever order they come.
 *
 * @throws {RangeError} If there are none, or one of them is not finite.
 */
export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("Cannot give the spread of values as there are none");
  const odd = values.find((value) => !Number.isFinite(value));
  if (odd !== undefined) {
    throw new RangeError(`Cannot give the spread of values as each must be finite: received ${odd}`);
  }
  const ascending = values.toSorted((a, b) => a - b);
  return {
    min: ascending[0]!,
    low: quantile(ascending, 0.25),
    median: quantile(ascending, 0.5),
    high: quantile(ascending, 0.75),
    max: ascending[ascending.length - 1]!,
  };
}

/** Gives the median of `values`; throws as {@linkcode spread} does. */
export function median(values: readonly number[]): number {
  return spread(values).median;
}

/**
 * Divides each round's value of the subject by the same round's value of a peer: what slows a whole round down falls out.
 *
 * @throws {RangeError} If the two have not the same rounds.
 */
export function ratios(subject: readonly number[], peer: readonly number[]): number[] {
  if (subject.length !== peer.length) {
    throw new RangeError(`Cannot compare rounds as there must be ${subject.length} of them: received ${peer.length}`);
  }
  return subject.map((value, round) => value / peer[round]!);
}

/** Gives `items` as the given round takes them: each round starts one later, so that nobody always follows the same load. */
export function rotated<T>(items: readonly T[], round: number): T[] {
  const start = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
