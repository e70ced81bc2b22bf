/**
 * Owns a module that real workers run in tests: it answers, and ends in every way in which a worker may end. Knows no test.
 *
 * @module
 */

import type { WorkerScope } from "../../runtime/mod.ts";

let place = -1;
let stop = "none";

/** Remembers where it runs; says two lines, and says something that is not the library's. */
export function start(scope: WorkerScope<{ begun: number }>, data: { greeting: string } | undefined): void {
  place = scope.index;
  scope.emit("begun", scope.index);
  scope.signal.addEventListener("abort", () => {
    stop = "asked";
  });
  if (data === undefined) return;
  console.log(data.greeting, { from: place });
  const post: unknown = Reflect.get(globalThis, "postMessage");
  if (typeof post === "function") post({ type: "not the library's" });
}

/** Where it runs, and whether it may read the folder that it lies in. */
export function whereAmI(): { readonly index: number; readonly mayRead: boolean } {
  const { state } = Deno.permissions.querySync({ name: "read", path: new URL(".", import.meta.url) });
  return { index: place, mayRead: state === "granted" };
}

/** The length of what it is given, which is its own then. */
export function lengthOf(bytes: Uint8Array): number {
  return bytes.length;
}

/** Whether the worker was asked to stop. */
export function stopped(): string {
  return stop;
}

/** Says lines, and ends in one of the ways in which a thread may end. */
export function end(how: "throw" | "reject" | "exit" | "close"): Promise<never> {
  for (let line = 0; line < 300; line++) console.log(`line ${line}`);
  if (how === "throw") {
    queueMicrotask(() => {
      throw new RangeError("nobody catches this");
    });
  } else if (how === "reject") Promise.reject(new TypeError("nobody catches this"));
  else if (how === "exit") Deno.exit(3);
  else globalThis.close();
  return new Promise(() => {});
}
