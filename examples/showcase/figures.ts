/**
 * Owns the live figures: takes a sample each second while somebody watches, keeps the last two minutes, and sends them
 * as server-sent events. Knows nothing of routes, and of the server only its counts.
 *
 * @module
 */

import type { Scheduler, Timer } from "@avx/http/timer";
import { SlidingHistogram } from "./histogram.ts";
import { Refusal } from "./query.ts";

/** How often a sample is taken, in milliseconds. */
const INTERVAL = 1000;

/** How many samples are kept for those who come later: two minutes. */
const KEPT = 120;

/** Over how many seconds latency percentiles are taken. */
const WINDOW = 10;

/** Most watchers at a time. Each costs a connection and, when it reads slowly, {@linkcode BACKLOG} events. */
const MAX_WATCHERS = 100;

/** Most events that wait for a slow watcher; those that come on top are left out for it. */
const BACKLOG = 8;

/** What a server counts. */
export interface Counts {
  /** Open connections. */
  readonly connections: number;
  /** Requests so far. */
  readonly requests: number;
  /** Requests being answered now. */
  readonly active: number;
}

/** One second of a server's life. */
export interface Sample extends Counts {
  /** When it was taken, in milliseconds since the epoch. */
  readonly time: number;
  /** Requests a second since the sample before. */
  readonly rate: number;
  /** Milliseconds that half of the requests of the last 10 s took at most; `null` when there was none. */
  readonly p50: number | null;
  /** The same for 99 % of them. */
  readonly p99: number | null;
  /** Pending timers in the wheel. */
  readonly timers: number;
}

type Watcher = (event: Uint8Array<ArrayBuffer>) => void;

/** The figures of one server. Nobody watching, it takes no samples and holds no timer. */
export class Figures implements Disposable {
  readonly #scheduler: Scheduler;
  readonly #counts: () => Counts;
  readonly #latency = new SlidingHistogram(WINDOW);
  readonly #samples: Sample[] = [];
  readonly #watchers = new Map<Watcher, () => void>();
  readonly #timer: Timer;
  #last = { at: 0, requests: 0 };
  #closed = false;

  /** Makes the figures of a server whose counts `counts` gives. */
  constructor(scheduler: Scheduler, counts: () => Counts) {
    this.#scheduler = scheduler;
    this.#counts = counts;
    this.#timer = scheduler.timer(() => this.#tick());
  }

  /** The counts as they are now. */
  get counts(): Counts {
    return this.#counts();
  }

  /** Counts a request that began at `start`, in the scheduler's milliseconds, and has just ended. */
  record(start: number): void {
    const now = this.#scheduler.now();
    this.#latency.record(now, now - start);
  }

  /**
   * Starts an event stream (HTML Standard §9.2): first what is kept, as one `history` event, then a `sample` each second,
   * and an end after `events` of those.
   *
   * @throws {Refusal} With 503, when too many watch already or the server is about to end.
   */
  watch(events: number): ReadableStream<Uint8Array<ArrayBuffer>> {
    if (this.#closed || this.#watchers.size >= MAX_WATCHERS) {
      throw new Refusal(503, `Cannot watch as at most ${MAX_WATCHERS} may at a time`, { "retry-after": "5" });
    }
    let left = events;
    let leave = (): void => {};
    return new ReadableStream({
      start: (controller) => {
        const watcher: Watcher = (event) => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(event);
          if (--left === 0) this.#end(watcher);
        };
        leave = () => this.#leave(watcher);
        controller.enqueue(frame("history", this.#samples));
        this.#join(watcher, () => controller.close());
      },
      cancel: () => leave(),
    }, new CountQueuingStrategy({ highWaterMark: BACKLOG }));
  }

  /** Ends every event stream: what watches comes back by itself, to whoever serves then. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const watcher of [...this.#watchers.keys()]) this.#end(watcher);
  }

  #join(watcher: Watcher, end: () => void): void {
    this.#watchers.set(watcher, end);
    if (this.#watchers.size > 1) return;
    this.#last = { at: this.#scheduler.now(), requests: this.#counts().requests };
    this.#scheduler.arm(this.#timer, INTERVAL);
  }

  #leave(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size === 0) this.#scheduler.cancel(this.#timer);
  }

  #end(watcher: Watcher): void {
    const end = this.#watchers.get(watcher);
    this.#leave(watcher);
    end?.();
  }

  #tick(): void {
    this.#scheduler.arm(this.#timer, INTERVAL);
    const sample = this.#sample();
    this.#samples.push(sample);
    if (this.#samples.length > KEPT) this.#samples.shift();
    const event = frame("sample", sample);
    for (const watcher of [...this.#watchers.keys()]) watcher(event);
  }

  #sample(): Sample {
    const now = this.#scheduler.now();
    const { connections, requests, active } = this.#counts();
    const rate = (requests - this.#last.requests) * 1000 / Math.max(1, now - this.#last.at);
    this.#last = { at: now, requests };
    const [p50 = null, p99 = null] = this.#latency.percentiles(now, [0.5, 0.99]);
    const time = Math.round(this.#scheduler.clock.date());
    return { time, connections, requests, active, rate, p50, p99, timers: this.#scheduler.pending };
  }
}

const encoder = new TextEncoder();

/** One event; JSON has no line feeds, so `data` is one line. */
function frame(event: string, data: unknown): Uint8Array<ArrayBuffer> {
  return encoder.encode(`event: ${event}\nretry: 1000\ndata: ${JSON.stringify(data)}\n\n`);
}
