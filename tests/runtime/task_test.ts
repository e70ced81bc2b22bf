import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { spawn } from "../../runtime/mod.ts";
import { ManualClock, Scheduler } from "../../timer/mod.ts";

/** Runs `act` and gives the errors that nobody handled: those reported before one that is made last, on purpose. */
async function unhandled(act: () => void): Promise<unknown[]> {
  const errors: unknown[] = [];
  const last = new Error("the last");
  const { promise, resolve } = Promise.withResolvers<void>();
  const listener = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    if (event.reason === last) resolve();
    else errors.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", listener);
  act();
  for (let turn = 0; turn < 20; turn++) await null;
  void Promise.reject(last);
  await promise;
  globalThis.removeEventListener("unhandledrejection", listener);
  return errors;
}

Deno.test("spawn() runs the function at once, and its task gives the result", async () => {
  const log: string[] = [];
  const task = spawn(async () => {
    log.push("begun");
    await null;
    log.push("ended");
    return 42;
  });
  log.push("spawned");
  assertEquals(await task, 42);
  assertEquals(log, ["begun", "spawned", "ended"]);
});

Deno.test("spawn() takes functions that give a value, a promise or another thenable", async () => {
  const thenable: PromiseLike<string> = { then: (resolve) => Promise.resolve("thenable").then(resolve) };
  const results = await Promise.all([
    spawn(() => "value"),
    spawn(() => Promise.resolve("promise")),
    spawn(() => thenable),
    spawn(() => null),
    spawn(() => undefined),
  ]);
  assertEquals(results, ["value", "promise", "thenable", null, undefined]);
});

Deno.test("a task rejects with what its function throws, at once or later", async () => {
  const error = new Error("failed");
  const tasks = [
    spawn(() => {
      throw error;
    }),
    spawn(async () => {
      await null;
      throw error;
    }),
    spawn(() => Promise.reject(error)),
  ];
  for (const task of tasks) assertStrictEquals(await assertRejects(() => Promise.resolve(task)), error);
});

Deno.test("a task's failure that nobody awaits is an unhandled rejection", async () => {
  assertEquals(await unhandled(() => spawn(() => Promise.reject("failed"))), ["failed"]);
});

Deno.test("cancel() aborts the function's signal with an AbortError, or the reason given", async () => {
  const clock = new ManualClock();
  const scheduler = new Scheduler(clock);
  const task = spawn((signal) => scheduler.sleep(1_000, { signal }));
  assertEquals(task.signal.aborted, false);
  task.cancel();
  const error = await assertRejects(() => Promise.resolve(task), DOMException);
  assertEquals([error.name, scheduler.pending], ["AbortError", 0]);

  const other = spawn((signal) => scheduler.sleep(1_000, { signal }));
  other.cancel("enough");
  other.cancel("more than enough");
  assertEquals([other.signal.reason, await other.then(() => "done", (reason) => reason)], ["enough", "enough"]);
});

Deno.test("a cancelled task is over when its function is, with the function's result", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const task = spawn(() => promise);
  task.cancel();
  resolve("cleaned up");
  assertEquals(await task, "cleaned up");
});

Deno.test("cancel() of a task that is over does nothing", async () => {
  const task = spawn(() => "value");
  task.cancel();
  assertEquals([await task, task.signal.aborted], ["value", false]);
});

Deno.test("a cancelled task's own abort is no unhandled rejection, another error is", async () => {
  const abort = await unhandled(() =>
    spawn((signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))).cancel(
      "enough",
    )
  );
  assertEquals(abort, []);
  const foreign = await unhandled(() =>
    spawn((signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(new DOMException("gone", "AbortError"))))
    ).cancel("enough")
  );
  assertEquals(foreign, []);
  const failure = await unhandled(() =>
    spawn((signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject("broken")))).cancel()
  );
  assertEquals(failure, ["broken"]);
});

Deno.test("an AbortError of a task that was not cancelled is a failure", async () => {
  const errors = await unhandled(() => spawn(() => Promise.reject(new DOMException("gone", "AbortError"))));
  assertEquals(errors.length, 1);
});

Deno.test("spawn()'s signal cancels the task, and is let go when the task is over", async () => {
  const { signal, abort } = tracked();
  const task = spawn(
    (inner) => new Promise((_, reject) => inner.addEventListener("abort", () => reject(inner.reason))),
    {
      signal: signal.signal,
    },
  );
  assertEquals(signal.listeners(), 1);
  abort("enough");
  assertEquals(await task.then(() => "done", (reason) => reason), "enough");
  assertEquals(signal.listeners(), 0);

  const other = tracked();
  assertEquals(await spawn(() => "value", { signal: other.signal.signal }), "value");
  assertEquals(other.signal.listeners(), 0);
});

Deno.test("spawn() with an aborted signal doesn't run the function", async () => {
  let ran = false;
  const task = spawn(() => {
    ran = true;
  }, { signal: AbortSignal.abort("enough") });
  assertEquals(await task.then(() => "done", (reason) => reason), "enough");
  assert(!ran);
});

/** A signal whose listeners are counted. */
function tracked(): { signal: { signal: AbortSignal; listeners: () => number }; abort: (reason: unknown) => void } {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners.add(args[1]);
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners.delete(args[1]);
    removeEventListener.apply(signal, args);
  };
  return { signal: { signal, listeners: () => listeners.size }, abort: (reason) => controller.abort(reason) };
}
