/**
 * Owns a worker's thread from its first word on: binds the thread's messages, console and uncaught errors to the worker's
 * side of the conversation; must not know what is said. It is not imported but run, as the thread's main module.
 *
 * @module
 */

import type { LogLevel } from "./worker_message.ts";
import { loadModule } from "./worker_load.ts";
import { holdLock, isLockWord, UP } from "./worker_lock.ts";
import { type WorkerPort, WorkerSide } from "./worker_side.ts";

const LEVELS: readonly LogLevel[] = ["debug", "log", "info", "warn", "error"];

const post: unknown = Reflect.get(globalThis, "postMessage");

function send(message: unknown): void {
  if (typeof post !== "function") throw new TypeError("Cannot post as this must run as a worker");
  post(message);
}

const port: WorkerPort = {
  post: send,
  load: loadModule,
  redirectConsole(write) {
    for (const level of LEVELS) {
      console[level] = (...parts: readonly unknown[]) => write(level, parts.map(textOf).join(" "));
    }
  },
};

/** A part of a line as the console shows it. */
function textOf(part: unknown): string {
  return typeof part === "string" ? part : Deno.inspect(part);
}

// A page or a program that merely imports this file gets no listener, and nothing else either.
if (typeof post === "function") {
  const side = new WorkerSide(port);
  globalThis.addEventListener("error", (event) => side.crashed(event.error));
  globalThis.addEventListener("unhandledrejection", (event) => side.crashed(event.reason));
  globalThis.addEventListener("message", (event) => {
    if (!(event instanceof MessageEvent)) return;
    if (isLockWord(event.data)) holdLock(event.data.lock, () => send(UP));
    else side.receive(event.data);
  });
}
