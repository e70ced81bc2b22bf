/**
 * Owns the tests of workers in threads of the platform's: what travels, how their end is noticed, what stays of their lines.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type WorkerCrash,
  WorkerEndedError,
  type WorkerLogLine,
  WorkerPool,
  WorkerStartError,
} from "../../runtime/mod.ts";
import type * as Module from "./worker_module.ts";

const MODULE = import.meta.resolve("./worker_module.ts");

Deno.test("a worker runs the module in a thread of its own, with the program's permissions and its own copy of what it gets", async () => {
  const lines: WorkerLogLine[] = [];
  const pool = await WorkerPool.start<typeof Module>(MODULE, {
    workers: 2,
    data: () => ({ greeting: "hello" }),
    onLog: (line) => void lines.push(line),
  });
  const results = await pool.broadcast("whereAmI", []);
  assertEquals(results.map((result) => result.status === "fulfilled" && result.value), [
    { index: 0, mayRead: true },
    { index: 1, mayRead: true },
  ]);
  const bytes = new Uint8Array(1000);
  assertEquals([await pool.call("lengthOf", [bytes]), bytes.length], [1000, 1000], "copied");
  assertEquals(await pool.call("lengthOf", [bytes], { transfer: [bytes.buffer] }), 1000);
  assertEquals(bytes.length, 0, "handed over");
  assertEquals(await pool.call("stopped", []), "none");
  await pool.shutdown();
  assertEquals(lines.map(({ index, level, text }) => `${index} ${level} ${text}`).sort(), [
    "0 log hello { from: 0 }",
    "1 log hello { from: 1 }",
  ]);
});

for (
  const [how, error] of [
    ["throw", "RangeError: nobody catches this"],
    ["reject", "TypeError: nobody catches this"],
    ["exit", "undefined"],
    ["close", "undefined"],
  ] as const
) {
  Deno.test(`a worker that ends by ${how} is noticed, its lines are kept, and another takes its place`, async () => {
    const crash = Promise.withResolvers<WorkerCrash>();
    const again = Promise.withResolvers<void>();
    const lines: string[] = [];
    await using pool = await WorkerPool.start<typeof Module>(MODULE, {
      workers: 1,
      backOff: { first: 0, longest: 0 },
      onCrash: crash.resolve,
      onReady: ({ serial }) => serial === 1 && again.resolve(),
      onLog: ({ text }) => void lines.push(text),
    });
    const begun: number[] = [];
    using _listening = pool.on("begun", (index) => void begun.push(index));
    await assertRejects(() => pool.call("end", [how]), WorkerEndedError, "Cannot finish 'end' as worker 0 has ended");
    const { serial, lost, error: received } = await crash.promise;
    assertEquals([serial, lost, `${received}`], [0, 1, error]);
    assertEquals(lines, Array.from({ length: 300 }, (_, line) => `line ${line}`));
    await again.promise;
    assertEquals([begun, (await pool.call("whereAmI", [])).index], [[0], 0]);
  });
}

Deno.test("a module that isn't there, or doesn't parse, is a WorkerStartError that says so", async () => {
  const nowhere = await assertRejects(
    () => WorkerPool.start(import.meta.resolve("./no_such_module.ts"), { workers: 2 }),
    WorkerStartError,
  );
  assert(nowhere.cause instanceof TypeError && nowhere.cause.message.includes("Module not found"));
  await assertRejects(
    () => WorkerPool.start("data:text/javascript,export default (", { workers: 1 }),
    WorkerStartError,
    "Cannot start worker 0 as it must be ready: received TypeError: SyntaxError",
  );
});
