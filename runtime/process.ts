/**
 * Owns what a program asks of the process that it runs in: signals and exit, on any platform; must not know what the
 * program does.
 *
 * @module
 */

/** A signal that asks a program to end; `SIGBREAK` (Ctrl+Break) exists on Windows only, where `SIGTERM` does not. */
export type EndSignal = "SIGINT" | "SIGTERM" | "SIGBREAK";

/** The signals' numbers, which a shell adds to 128 for an exit code. */
const SIGNAL_NUMBER: Readonly<Record<EndSignal, number>> = { SIGINT: 2, SIGTERM: 15, SIGBREAK: 21 };

/** The process that a program runs in. */
export interface Process {
  /** Calls `listener` for each signal that asks the program to end, until what this gives is disposed of. */
  onEndSignal(listener: (signal: EndSignal) => void): Disposable;
  /** Prints an error that ends the program. */
  printError(error: unknown): void;
  /** Ends the process at once, with a code from 0 to 255. */
  exit(code: number): void;
}

/** What {@linkcode platformProcess} needs of the platform; `Deno` has it all. */
export interface Platform {
  /** The platform's name. */
  readonly build: { readonly os: typeof Deno.build.os };
  /** Begins to listen to a signal; throws where the platform doesn't have it. */
  addSignalListener(signal: Deno.Signal, handler: () => void): void;
  /** Ends what {@linkcode Platform.addSignalListener} began. */
  removeSignalListener(signal: Deno.Signal, handler: () => void): void;
  /** Ends the process. */
  exit(code?: number): void;
}

const DENO: Platform = {
  build: Deno.build,
  addSignalListener: (signal, handler) => Deno.addSignalListener(signal, handler),
  removeSignalListener: (signal, handler) => Deno.removeSignalListener(signal, handler),
  exit: (code) => Deno.exit(code),
};

/** The exit code of a program that a signal has ended, as shells give it: 130 for `SIGINT`, 143 for `SIGTERM`. */
export function exitCodeOf(signal: EndSignal): number {
  return 128 + SIGNAL_NUMBER[signal];
}

/** The process of a platform: Deno's where none is given. */
export function platformProcess(platform: Platform = DENO): Process {
  // Windows has no SIGTERM to listen to: asking for it throws.
  const signals: readonly EndSignal[] = platform.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM"];
  return {
    onEndSignal(listener) {
      const handlers = signals.map((signal) => ({ signal, handler: () => listener(signal) }));
      for (const { signal, handler } of handlers) platform.addSignalListener(signal, handler);
      return {
        [Symbol.dispose]() {
          for (const { signal, handler } of handlers) platform.removeSignalListener(signal, handler);
        },
      };
    },
    printError: (error) => console.error(error),
    exit: (code) => platform.exit(code),
  };
}
