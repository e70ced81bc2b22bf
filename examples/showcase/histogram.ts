/**
 * Owns the distribution of durations over the last seconds, in memory that never grows; knows nothing of requests, and
 * is told the time.
 *
 * @module
 */

/** Sub-buckets for each power of two: a percentile is at most 1/32, about 3 %, above the true value. */
const STEPS = 32;

/** Longest duration that is told from longer ones, in microseconds: about 36 minutes. */
const LONGEST = 2 ** 31 - 1;

/** Where a duration in microseconds is counted: exactly below 32, then {@linkcode STEPS} buckets a power of two. */
function bucketOf(micros: number): number {
  if (micros < STEPS) return micros;
  const shift = 31 - Math.clz32(micros) - 5; // 5 is log2(STEPS)
  return shift * STEPS + (micros >>> shift);
}

/** The longest duration that {@linkcode bucketOf} puts into `bucket`, in microseconds. */
function upperBound(bucket: number): number {
  if (bucket < 2 * STEPS) return bucket;
  const shift = Math.floor(bucket / STEPS) - 1;
  return (bucket - shift * STEPS + 1) * 2 ** shift - 1;
}

const BUCKETS = bucketOf(LONGEST) + 1;

/** One second's counts. */
interface Slot {
  second: number;
  readonly counts: Uint32Array<ArrayBuffer>;
}

/** The durations of the last seconds: each second has counts of its own, which are used again when they are too old. */
export class SlidingHistogram {
  readonly #slots: readonly Slot[];
  readonly #sum: Uint32Array<ArrayBuffer> = new Uint32Array(BUCKETS);

  /** Covers the last `seconds` seconds, the running one included, for about 3.5 KiB each. */
  constructor(seconds: number) {
    this.#slots = Array.from({ length: seconds }, () => ({ second: -1, counts: new Uint32Array(BUCKETS) }));
  }

  /** Counts a duration in milliseconds that ended at `now`, in monotonic milliseconds. */
  record(now: number, milliseconds: number): void {
    const second = Math.floor(now / 1000);
    const slot = this.#slots[second % this.#slots.length]!;
    if (slot.second !== second) {
      slot.second = second;
      slot.counts.fill(0);
    }
    const micros = Math.min(LONGEST, Math.max(0, Math.round(milliseconds * 1000)));
    const bucket = bucketOf(micros);
    slot.counts[bucket] = slot.counts[bucket]! + 1;
  }

  /**
   * The durations, in milliseconds, that the given fractions (ascending, 0 to 1) of what is covered at `now` did not
   * exceed; `null` for each when nothing was recorded.
   */
  percentiles(now: number, fractions: readonly number[]): (number | null)[] {
    const total = this.#addUp(Math.floor(now / 1000));
    if (total === 0) return fractions.map(() => null);
    let bucket = 0;
    let seen = this.#sum[0]!;
    return fractions.map((fraction) => {
      const rank = Math.max(1, Math.ceil(fraction * total));
      while (seen < rank) seen += this.#sum[++bucket]!;
      return upperBound(bucket) / 1000;
    });
  }

  #addUp(second: number): number {
    this.#sum.fill(0);
    let total = 0;
    for (const slot of this.#slots) {
      if (slot.second <= second - this.#slots.length || slot.second > second) continue;
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        const count = slot.counts[bucket]!;
        this.#sum[bucket] = this.#sum[bucket]! + count;
        total += count;
      }
    }
    return total;
  }
}
