/**
 * Measures what a wait for one of 10,000 connections costs, beside the platform's own ways, and what blockOn() costs over the
 * await; knows nothing of what the connections are for. `bench/runtime_reactor_memory.ts` has the bytes.
 *
 * Each iteration lets 100 connections say something, one after the other: µs an iteration are 10 ns each.
 *
 * @module
 */

import { memoryPipe, type MemoryTransport } from "../net/memory.ts";
import { Reader } from "../net/reader.ts";
import { blockOn } from "../runtime/block_on.ts";
import { Reactor } from "../runtime/reactor.ts";
import type { ReadyEvent } from "../runtime/reactor_source.ts";
import { ReaderSource } from "../runtime/reactor_streams.ts";
import { spawn } from "../runtime/task.ts";

const MESSAGES = 100;
const message = new Uint8Array(16);

interface Connection {
  readonly near: MemoryTransport;
  readonly far: MemoryTransport;
  readonly reader: Reader;
}

function connections(count: number): Connection[] {
  return Array.from({ length: count }, () => {
    const [near, far] = memoryPipe();
    return { near, far, reader: new Reader(near, { minRead: 64, initialSize: 64 }) };
  });
}

/** Which connection says something next. */
function* order(count: number): Generator<number, never> {
  for (let at = 0;; at = (at + 7_919) % count) yield at;
}

for (const count of [1, 10_000]) {
  const group = `${count.toLocaleString("en")} connections, one ready`;

  const all = connections(count);
  const reactor = new Reactor<Connection>();
  for (const connection of all) reactor.register(new ReaderSource(connection.reader), connection);
  const events = new Array<ReadyEvent<Connection>>(64);
  const next = order(count);
  await reactor.wait(events, 0);
  Deno.bench(`Reactor.wait() of ${count}`, { group, baseline: true }, async () => {
    for (let said = 0; said < MESSAGES; said++) {
      all[next.next().value]!.far.write(message);
      const ready = await reactor.wait(events);
      for (let at = 0; at < ready; at++) {
        const { reader } = events[at]!.token;
        reader.consume(reader.length);
      }
    }
  });

  const awaiting = connections(count);
  const nextAwaiting = order(count);
  /** What a connection's own loop would tell: the same hand-over to one place as the reactor's. */
  let told: () => void = () => {};
  const loops = awaiting.map(async ({ reader }) => {
    while (await reader.fill()) {
      reader.consume(reader.length);
      told();
    }
  });
  Deno.bench(`an await a connection, ${count} parked`, { group }, async () => {
    for (let said = 0; said < MESSAGES; said++) {
      const heard = new Promise<void>((resolve) => told = resolve);
      awaiting[nextAwaiting.next().value]!.far.write(message);
      await heard;
    }
  });

  const raced = connections(count);
  const nextRaced = order(count);
  const fills = raced.map(({ reader }) => reader.fill());
  const rounds = count === 1 ? MESSAGES : 1; // of 10,000 one takes as long as all the others' hundred
  Deno.bench(`Promise.race() of ${count}${rounds === 1 ? " (once, not 100 times)" : ""}`, { group }, async () => {
    for (let said = 0; said < rounds; said++) {
      const at = nextRaced.next().value;
      raced[at]!.far.write(message);
      await Promise.race(fills);
      raced[at]!.reader.consume(raced[at]!.reader.length);
      fills[at] = raced[at]!.reader.fill();
    }
  });

  globalThis.addEventListener("unload", () => {
    if (loops.length !== count || reactor.size !== count) throw new Error("Cannot measure as a connection was lost");
  });
}

const always = connections(64);
const busy = new Reactor<Connection>();
for (const connection of always) {
  await connection.far.write(message);
  await connection.reader.fill(); // and nobody takes it
  busy.register(new ReaderSource(connection.reader), connection);
}
for (const size of [1, 64]) {
  const events = new Array<ReadyEvent<Connection>>(size);
  Deno.bench(`100 × Reactor.wait() with 64 ready, ${size} told each`, { group: `all ready, ${size}` }, async () => {
    for (let wait = 0; wait < 100; wait++) await busy.wait(events);
  });
}

const idle = new Reactor<Connection>();
for (const connection of connections(10_000)) idle.register(new ReaderSource(connection.reader), connection);
const none = new Array<ReadyEvent<Connection>>(64);
Deno.bench("Reactor.wait() with a timeout of 0, none of 10,000 ready", { group: "poll" }, async () => {
  await idle.wait(none, 0);
});

const finished = Promise.resolve(42);
Deno.bench("1,000 × await of a finished promise", { group: "blockOn", baseline: true }, async () => {
  for (let at = 0; at < 1_000; at++) await finished;
});

Deno.bench("1,000 × await blockOn() of it", { group: "blockOn" }, async () => {
  for (let at = 0; at < 1_000; at++) await blockOn(finished);
});

const over = spawn(() => 42);
Deno.bench("1,000 × await of a task that is over", { group: "blockOn a task", baseline: true }, async () => {
  for (let at = 0; at < 1_000; at++) await over;
});

Deno.bench("1,000 × await blockOn() of it ", { group: "blockOn a task" }, async () => {
  for (let at = 0; at < 1_000; at++) await blockOn(over);
});
