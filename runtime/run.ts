/**
 * Owns the life of a program: begin, be asked to end, end with a code; must not know platforms.
 *
 * @module
 */

import { exitCodeOf, platformProcess, type Process } from "./process.ts";
import { isAbortOf } from "./task.ts";

/**
 * A program. Its signal aborts when the process is asked to end (SIGINT, SIGTERM): it then finishes what it has begun and
 * returns. What it gives is the exit code, 0 to 255; nothing means 0.
 */
export type Main = (signal: AbortSignal) => number | void | Promise<number | void>;

/** What {@linkcode run} takes beside the program. */
export interface RunOptions {
  /**
   * The process to run in.
   *
   * @default {platformProcess()}
   */
  process?: Process;
}

/**
 * Runs a program and ends the process with its exit code: what `main` gives, 0 if it gives nothing or rejects because
 * its signal has aborted, 1 if it fails with anything else, which is printed. The first SIGINT or SIGTERM aborts the
 * signal, with an `AbortError` as the reason; the second ends the process at once, with 130 or 143.
 *
 * Gives the exit code, for a {@linkcode Process} whose `exit` returns.
 *
 * @example
 * ```ts ignore
 * import { run } from "@avx/http/runtime";
 * import { sleep } from "@avx/http/timer";
 *
 * await run(async (signal) => {
 *   console.log("working; Ctrl+C ends it");
 *   await sleep(3_600_000, { signal });
 * });
 * ```
 */
export async function run(main: Main, options: RunOptions = {}): Promise<number> {
  const process = options.process ?? platformProcess();
  const controller = new AbortController();
  using _listening = process.onEndSignal((name) => {
    if (controller.signal.aborted) process.exit(exitCodeOf(name));
    else controller.abort(new DOMException(`The process was asked to end by ${name}`, "AbortError"));
  });
  const code = await exitCode(main, controller.signal, process);
  process.exit(code);
  return code;
}

async function exitCode(main: Main, signal: AbortSignal, process: Process): Promise<number> {
  try {
    const code = await main(signal) ?? 0;
    if (Number.isInteger(code) && code >= 0 && code <= 255) return code;
    throw new RangeError(`Cannot end the program as its exit code must be 0 to 255: received ${code}`);
  } catch (error) {
    if (isAbortOf(error, signal)) return 0;
    process.printError(error);
    return 1;
  }
}
