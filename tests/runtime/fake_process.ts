/**
 * Owns a process that only remembers what a program asked of it; must not know what the program does.
 *
 * @module
 */

import type { EndSignal, Process } from "../../runtime/mod.ts";

/** A process whose signals a test sends, and whose exit is only noted. */
export class FakeProcess implements Process {
  readonly #listeners = new Set<(signal: EndSignal) => void>();
  /** The codes that `exit` was called with. */
  readonly exits: number[] = [];
  /** The errors that were printed. */
  readonly printed: unknown[] = [];

  /** How many listen to signals. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Sends a signal to whoever listens. */
  send(signal: EndSignal): void {
    for (const listener of this.#listeners) listener(signal);
  }

  /** Registers a listener. */
  onEndSignal(listener: (signal: EndSignal) => void): Disposable {
    this.#listeners.add(listener);
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(listener);
      },
    };
  }

  /** Notes the error. */
  printError(error: unknown): void {
    this.printed.push(error);
  }

  /** Notes the code. */
  exit(code: number): void {
    this.exits.push(code);
  }
}
