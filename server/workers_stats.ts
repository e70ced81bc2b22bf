/**
 * Owns the figures that the workers of a server share with each other, in memory that outlives each of them: one row a
 * worker. Knows no worker.
 *
 * @module
 */

import type { ServerStats } from "./context.ts";

/** Numbers a row. */
const ROW = 3;
const CONNECTIONS = 0;
const REQUESTS = 1;
const ACTIVE = 2;

/** One worker's figures: written by it, read by all. A reader may see one a moment later than another. */
export class SharedStats implements ServerStats {
  readonly #row: Float64Array;

  /** Takes a row of the memory, by its number. */
  constructor(memory: SharedArrayBuffer, row: number) {
    this.#row = new Float64Array(memory, row * ROW * Float64Array.BYTES_PER_ELEMENT, ROW);
  }

  get connections(): number {
    return this.#row[CONNECTIONS]!;
  }

  set connections(count: number) {
    this.#row[CONNECTIONS] = count;
  }

  get requests(): number {
    return this.#row[REQUESTS]!;
  }

  set requests(count: number) {
    this.#row[REQUESTS] = count;
  }

  get active(): number {
    return this.#row[ACTIVE]!;
  }

  set active(count: number) {
    this.#row[ACTIVE] = count;
  }
}

/** Memory for so many rows. */
export function sharedStatsMemory(rows: number): SharedArrayBuffer {
  return new SharedArrayBuffer(rows * ROW * Float64Array.BYTES_PER_ELEMENT);
}

/** The sums of all rows. */
export class MergedStats implements Readonly<ServerStats> {
  readonly #numbers: Float64Array;

  /** Sums up what is in the memory whenever it is asked. */
  constructor(memory: SharedArrayBuffer) {
    this.#numbers = new Float64Array(memory);
  }

  get connections(): number {
    return this.#sum(CONNECTIONS);
  }

  get requests(): number {
    return this.#sum(REQUESTS);
  }

  get active(): number {
    return this.#sum(ACTIVE);
  }

  #sum(column: number): number {
    let sum = 0;
    for (let at = column; at < this.#numbers.length; at += ROW) sum += this.#numbers[at]!;
    return sum;
  }
}

/** What a worker left undone when it ended. */
export interface LeftUndone {
  /** Requests whose answer was not complete. */
  readonly requests: number;
  /** Connections that were open. */
  readonly connections: number;
}

/**
 * Which worker has which row. Row 0 belongs to nobody: what ended workers have counted is kept there. While a worker is
 * replaced there are two of its place, so there are twice as many rows as places.
 */
export class StatsRows {
  /** What all rows are in. */
  readonly memory: SharedArrayBuffer;
  readonly #owners: (number | undefined)[];

  /** Makes rows for so many places. */
  constructor(places: number) {
    const rows = 1 + 2 * places;
    this.memory = sharedStatsMemory(rows);
    this.#owners = new Array(rows).fill(undefined);
  }

  /** Gives a free row to a worker, known by its serial number. */
  take(serial: number): number {
    const row = this.#owners.indexOf(undefined, 1);
    if (row < 0) throw new RangeError(`Cannot count for worker ${serial} as no row is free`);
    this.#owners[row] = serial;
    return row;
  }

  /** Takes back the row of a worker that has ended, and tells what it left undone. */
  release(serial: number): LeftUndone {
    const row = this.#owners.indexOf(serial, 1);
    if (row < 0) return { requests: 0, connections: 0 };
    const stats = new SharedStats(this.memory, row);
    const left = { requests: stats.active, connections: stats.connections };
    new SharedStats(this.memory, 0).requests += stats.requests;
    stats.connections = stats.requests = stats.active = 0;
    this.#owners[row] = undefined;
    return left;
  }
}
