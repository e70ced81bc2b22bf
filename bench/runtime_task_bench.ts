/**
 * Measures what a task costs over the bare promise; knows nothing of what tasks do.
 *
 * @module
 */

import { spawn } from "../runtime/task.ts";
import { TaskGroup } from "../runtime/task_group.ts";

/** Tasks an iteration; the figure shown is that of all of them. */
const COUNT = 1_000;
const nothing = async () => {};

Deno.bench("1,000 calls of an async function", { group: "tasks", baseline: true }, async () => {
  const results: PromiseLike<void>[] = [];
  for (let at = 0; at < COUNT; at++) results.push(nothing());
  for (const result of results) await result;
});

Deno.bench("1,000 times spawn(), until all are over", { group: "tasks" }, async () => {
  let last = spawn(nothing);
  for (let at = 1; at < COUNT; at++) last = spawn(nothing);
  await last;
});

Deno.bench("1,000 times spawn(), each awaited", { group: "tasks" }, async () => {
  const tasks: PromiseLike<void>[] = [];
  for (let at = 0; at < COUNT; at++) tasks.push(spawn(nothing));
  for (const task of tasks) await task;
});

Deno.bench("1,000 tasks of a group, until it is left", { group: "tasks" }, async () => {
  await using group = new TaskGroup();
  for (let at = 0; at < COUNT; at++) group.spawn(nothing);
});

Deno.bench("1,000 tasks of a group, 10 at a time", { group: "tasks" }, async () => {
  await using group = new TaskGroup({ max: 10 });
  for (let at = 0; at < COUNT; at++) group.spawn(nothing);
});
