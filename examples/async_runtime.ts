/**
 * Shows the runtime without any network: a timer's way down the wheel, tasks side by side, a sleep that is broken off, and
 * a group that fails and cleans up. Knows nothing of HTTP.
 *
 *     deno run examples/async_runtime.ts
 *
 * @module
 */

import { run, spawn, TaskGroup } from "@avx/http/runtime";
import { deadline, sleep, TimerWheel } from "@avx/http/timer";

function heading(text: string): void {
  console.log(`\n${text}\n${"-".repeat(text.length)}`);
}

/** Time is an argument of the wheel, so that five hours pass at once. */
function cascade(): void {
  heading("A timer's way down the wheel");
  const wheel = new TimerWheel();
  const delay = 5 * 3_600_000 + 61_007;
  wheel.schedule(delay, () => console.log(`${wheel.now} ms: the timer fires`));
  console.log(`0 ms: a timer for ${delay} ms is armed, beyond the wheel's three levels`);
  for (let next = wheel.next; next !== undefined; next = wheel.next) {
    if (wheel.advance(next) === 0) console.log(`${next} ms: its slot has begun, it moves a level down`);
  }
}

async function sideBySide(signal: AbortSignal): Promise<void> {
  heading("Tasks side by side");
  const start = performance.now();
  const waits = [300, 200, 100].map((ms) =>
    spawn(async (signal) => {
      await sleep(ms, { signal });
      console.log(`slept for ${ms} ms`);
      return ms;
    }, { signal })
  );
  const results = await Promise.all(waits);
  const sum = results.reduce((sum, ms) => sum + ms);
  console.log(`${sum} ms of sleep took ${Math.round((performance.now() - start) / 100) * 100} ms`);
}

async function tooSlow(signal: AbortSignal): Promise<void> {
  heading("A sleep that is broken off");
  using limit = deadline(150, { message: "150 ms are over", signal });
  try {
    await sleep(60_000, { signal: limit.signal });
  } catch (error) {
    signal.throwIfAborted();
    console.log(`${error}`);
  }
}

/** Opens something, uses it until the signal aborts, and closes it whatever happens. */
async function download(name: string, ms: number, signal: AbortSignal): Promise<void> {
  console.log(`${name}: begins`);
  try {
    await sleep(ms, { signal });
    console.log(`${name}: is complete`);
  } finally {
    console.log(`${name}: cleaned up`);
  }
}

async function failing(signal: AbortSignal): Promise<void> {
  heading("A group that fails and cleans up");
  try {
    await using group = new TaskGroup({ signal, max: 3 });
    group.spawn((signal) => download("small file", 100, signal));
    group.spawn((signal) => download("large file", 60_000, signal));
    group.spawn(async (signal) => {
      await sleep(200, { signal });
      throw new Error("the disk is full");
    });
    group.spawn((signal) => download("next file", 60_000, signal)); // waits for the small one's place
  } catch (error) {
    signal.throwIfAborted();
    console.log(`the group is over: ${error}`);
  }
}

await run(async (signal) => {
  cascade();
  await sideBySide(signal);
  await tooSlow(signal);
  await failing(signal);
});
