/**
 * Owns the contract between a reactor and what it waits for; must not know any kind of source, nor how a reactor chooses.
 *
 * @module
 */

/** What can be waited for: a set of bits, of one or both. */
export const Interest = {
  /** Something can be taken: bytes or their end, a transport, a message, a signal, an expiry. */
  Readable: 1,
  /** Something can be given without a wait. */
  Writable: 2,
  /** Both of them. */
  Both: 3,
} as const;

/** What can be waited for: a set of bits, of one or both. */
export type Interest = typeof Interest[keyof typeof Interest];

/** What a source says of itself: bits of {@linkcode Interest}, and how things stand beside. */
export const Readiness = {
  /** Something can be taken. */
  Readable: 1,
  /** Something can be given without a wait. */
  Writable: 2,
  /** Nothing more will come behind what is there. */
  Ended: 4,
  /** The source has failed, with its {@linkcode Source.error}. */
  Failed: 8,
} as const;

/** Whom a {@linkcode Source} tells that it may be ready. */
export interface Watcher {
  /** The source may be ready now. */
  notify(): void;
}

/**
 * Something that a {@linkcode Reactor} can wait for. The sources of this module cover readers, writers, listeners, timers,
 * signals and message ports; whatever else can be asked whether it is ready, and can tell when it is, extends this.
 *
 * @example
 * ```ts
 * import { Interest, Reactor, Readiness, type ReadyEvent, Source } from "@avx/http/runtime";
 *
 * class Jobs extends Source {
 *   readonly interests = Interest.Readable;
 *   readonly #jobs: string[] = [];
 *
 *   readiness(): number {
 *     return this.#jobs.length > 0 ? Readiness.Readable : 0;
 *   }
 *   protected override expect(): void {} // `add` tells by itself
 *   add(job: string): void {
 *     this.#jobs.push(job);
 *     this.changed();
 *   }
 *   take(): string | undefined {
 *     return this.#jobs.shift();
 *   }
 * }
 *
 * using reactor = new Reactor<Jobs>();
 * const jobs = new Jobs();
 * reactor.register(jobs, jobs);
 * queueMicrotask(() => jobs.add("sweep"));
 * const events = new Array<ReadyEvent<Jobs>>(8);
 * await reactor.wait(events);
 * console.log(events[0]?.token.take()); // sweep
 * ```
 */
export abstract class Source {
  #watcher: Watcher | undefined = undefined;

  /** What the source can be ready for at all. */
  abstract readonly interests: Interest;

  /** What the source has failed with, while {@linkcode Source.readiness} says that it has. */
  get error(): unknown {
    return undefined;
  }

  /** Whether a reactor waits for the source: one may at a time. */
  get watched(): boolean {
    return this.#watcher !== undefined;
  }

  /** How the source stands now, as bits of {@linkcode Readiness}, where only `interest` is asked for. Cheap, and throws not. */
  abstract readiness(interest: Interest): number;

  /**
   * Sees to it that {@linkcode Source.changed} is called once the source is ready for `missing`, bits of
   * {@linkcode Interest} for which it is not ready now. Is called whenever it was found so: also while an earlier call's
   * effect lasts.
   */
  protected abstract expect(missing: number): void;

  /** Tells whoever waits that the source may be ready. */
  protected changed(): void {
    this.#watcher?.notify();
  }

  /**
   * Begins to tell `watcher`, and nobody else.
   *
   * @throws {TypeError} If the source has another one.
   */
  watch(watcher: Watcher): void {
    if (this.#watcher !== undefined) throw new TypeError("Cannot register a source as it is registered already");
    this.#watcher = watcher;
  }

  /** Sees to it that the watcher is told once the source is ready for `missing`, bits of {@linkcode Interest}. */
  arm(missing: number): void {
    this.expect(missing);
  }

  /** Ends what {@linkcode Source.watch} began. What was begun to become ready may go on: nothing that it brings is lost. */
  unwatch(): void {
    this.#watcher = undefined;
  }
}

/** Fills an event: for the reactor alone. */
export let fillEvent: <T>(event: ReadyEvent<T>, token: T, ready: number, error: unknown) => void;

/**
 * What {@linkcode Reactor.wait} says of one source. It lives in an array of the caller's, and is true until that array is
 * given to the next wait.
 */
export class ReadyEvent<T> {
  #token: T;
  #ready: number;
  #error: unknown;

  /** Made by the reactor where an array has none yet. */
  constructor(token: T, ready: number, error: unknown) {
    this.#token = token;
    this.#ready = ready;
    this.#error = error;
  }

  /** What the source was registered with. */
  get token(): T {
    return this.#token;
  }

  /** Whether something can be taken: the source's verbs say what. */
  get readable(): boolean {
    return (this.#ready & Readiness.Readable) !== 0;
  }

  /** Whether something can be given without a wait. */
  get writable(): boolean {
    return (this.#ready & Readiness.Writable) !== 0;
  }

  /** Whether nothing more will come behind what can be taken. */
  get ended(): boolean {
    return (this.#ready & Readiness.Ended) !== 0;
  }

  /** Whether the source has failed. */
  get failed(): boolean {
    return (this.#ready & Readiness.Failed) !== 0;
  }

  /** What the source has failed with; `undefined` where it has not. */
  get error(): unknown {
    return this.#error;
  }

  static {
    fillEvent = (event, token, ready, error) => {
      event.#token = token;
      event.#ready = ready;
      event.#error = error;
    };
  }
}
