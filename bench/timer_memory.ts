/**
 * Prints what a million pending timers cost in time and memory, in the wheel and in the host; knows nothing of their use.
 *
 * Run it with `deno run --v8-flags=--expose-gc bench/timer_memory.ts`.
 *
 * @module
 */

import { type Timer, TimerWheel } from "../timer/wheel.ts";

const COUNT = 1_000_000;

/** Bytes of the heap and of the process, once what nobody needs is gone. */
function memory(): { heap: number; resident: number } {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  const { heapUsed, rss } = Deno.memoryUsage();
  return { heap: heapUsed, resident: rss };
}

/** Fills something with timers, prints the cost of one, and empties it. */
function measure(name: string, fill: () => () => void): void {
  const before = memory();
  const start = performance.now();
  const empty = fill();
  const took = performance.now() - start;
  const after = memory();
  const each = (bytes: number) => Math.round(bytes / COUNT);
  console.log(
    `${name}: ${Math.round(took * 1e6 / COUNT)} ns to make and arm, ${each(after.heap - before.heap)} B of heap, ` +
      `${each(after.resident - before.resident)} B of the process, for each of ${COUNT.toLocaleString("en")} pending`,
  );
  empty();
}

const callback = () => {};

measure("wheel", () => {
  const wheel = new TimerWheel();
  const timers: Timer[] = [];
  for (let at = 0; at < COUNT; at++) timers.push(wheel.schedule(10_000 + (at * 7919) % 60_000, callback));
  return () => timers.forEach((timer) => wheel.cancel(timer));
});

measure("host", () => {
  const timers: ReturnType<typeof setTimeout>[] = [];
  for (let at = 0; at < COUNT; at++) timers.push(setTimeout(callback, 10_000 + (at * 7919) % 60_000));
  return () => timers.forEach((timer) => clearTimeout(timer));
});
