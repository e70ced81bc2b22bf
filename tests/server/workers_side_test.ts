/**
 * Owns the tests of one worker's server without threads, on a wire and a clock of the test's own: above all, how it leaves
 * a port to others without taking a request along.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { memoryNetwork } from "../../net/mod.ts";
import { ServerSide, type ServeWorkerData } from "../../server/workers_side.ts";
import { MergedStats, StatsRows } from "../../server/workers_stats.ts";
import { ManualClock } from "../../timer/mod.ts";
import { Client, turn } from "./client.ts";

const APP = `data:text/javascript,${
  encodeURIComponent(`export default {
    fetch(request) {
      const { pathname } = new URL(request.url);
      return pathname === "/slow" ? new Promise((answer) => globalThis.answerSlow = answer) : new Response("one");
    }
  }`)
}`;
const OTHER_APP = "data:text/javascript,export default () => new Response('two')";
const GET = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

/** Lets the request for `/slow` be answered. */
function answerSlow(): void {
  const answer: unknown = Reflect.get(globalThis, "answerSlow");
  if (typeof answer === "function") answer(new Response("at last"));
}

/** A worker's server, what dials it, and its clock. */
class Stage {
  readonly clock = new ManualClock();
  readonly side: ServerSide;
  readonly stats: MergedStats;
  readonly #network = memoryNetwork();

  constructor(options: Partial<ServeWorkerData> = {}) {
    const rows = new StatsRows(1);
    this.stats = new MergedStats(rows.memory);
    this.side = new ServerSide(0, {
      app: APP,
      target: { listener: this.#network.listener },
      listening: true,
      limits: {},
      timeouts: {},
      allowHalfOpen: false,
      drain: 1_000,
      memory: rows.memory,
      row: rows.take(0),
      ...options,
    }, this.clock);
  }

  async dial(): Promise<Client> {
    const client = new Client(await this.#network.connect({}));
    await turn();
    return client;
  }

  /** Whether somebody listens. */
  async listens(): Promise<boolean> {
    try {
      (await this.dial()).close();
      await turn();
      return true;
    } catch {
      return false;
    }
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms);
    await turn();
  }
}

async function ask(client: Client, text = GET): Promise<void> {
  client.write(text);
  await turn();
}

Deno.test("ServerSide serves its app, counts where all can see it, and changes the app under open connections", async () => {
  const stage = new Stage();
  await stage.side.start();
  const client = await stage.dial();
  await ask(client);
  assertMatch(client.wire, /one$/);
  await stage.side.prepare(OTHER_APP);
  await ask(client);
  assertMatch(client.wire, /one$/);
  await stage.side.commit(OTHER_APP);
  await ask(client);
  assertMatch(client.wire, /two$/);
  assertEquals([stage.stats.connections, stage.stats.requests, stage.stats.active], [1, 3, 0]);
  client.close();
  await turn();
  await stage.side.stop("shutdown");
  assertEquals(stage.stats.connections, 0);
});

Deno.test("ServerSide that is told to stop for good closes its port, finishes what is under way and closes idle connections", async () => {
  const stage = new Stage();
  await stage.side.start();
  const [idle, busy] = [await stage.dial(), await stage.dial()];
  await ask(idle);
  await ask(busy, "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n");
  let stopped = false;
  const stopping = stage.side.stop("shutdown").then(() => stopped = true);
  await turn();
  assert(!await stage.listens());
  assert(idle.ended && !busy.ended && !stopped);
  answerSlow();
  await turn();
  assertMatch(busy.wire, /connection: close\r\n[^]*at last$/i);
  busy.close();
  await stopping;
});

Deno.test("ServerSide that leaves accepts on, closes connections with their next answer only, and its port when none is left", async () => {
  const stage = new Stage();
  await stage.side.start();
  const [early, idle] = [await stage.dial(), await stage.dial()];
  await ask(early);
  await ask(idle);
  let stopped = false;
  const stopping = stage.side.stop("replace").then(() => stopped = true);
  await stage.advance(50);
  assert(!early.ended && !idle.ended && !stopped, "nobody is sent away who may be about to ask");
  const late = await stage.dial();
  await ask(late);
  assertMatch(late.wire, /connection: close\r\n[^]*one$/i);
  await ask(early);
  assertMatch(early.wire, /connection: close\r\n[^]*one$/i);
  for (const client of [early, late]) {
    assert(client.ended);
    client.close();
  }
  await stage.advance(10);
  assert(await stage.listens(), "one is left");
  await ask(idle);
  idle.close();
  await stage.advance(20);
  assert(!await stage.listens());
  await stopping;
  assertEquals([stage.stats.connections, stage.stats.active, stopped], [0, 0, true]);
});

Deno.test("ServerSide that leaves closes its port when 'drain' has passed, and lets those who came last have their answers", async () => {
  const stage = new Stage({ drain: 100 });
  await stage.side.start();
  const idle = await stage.dial();
  await ask(idle);
  const stopping = stage.side.stop("replace");
  await stage.advance(99);
  assert(await stage.listens());
  const last = await stage.dial();
  await stage.advance(20);
  assert(!await stage.listens());
  await ask(last);
  assertMatch(last.wire, /connection: close\r\n[^]*one$/i);
  last.close();
  assert(!idle.ended);
  await stage.advance(1_010);
  assert(idle.ended, "it asked nothing in all that time");
  idle.close();
  await stage.advance(10);
  await stopping;
});

Deno.test("ServerSide that leaves waits for a moment in which nobody connects", async () => {
  const stage = new Stage({ drain: 0 });
  await stage.side.start();
  const first = await stage.dial();
  const stopping = stage.side.stop("replace");
  const clients: Client[] = [first];
  for (let at = 0; at < 20; at++) {
    clients.push(await stage.dial());
    stage.clock.advance(5); // one look
    await turn();
    stage.clock.advance(0);
  }
  for (const client of clients) {
    await ask(client);
    assertMatch(client.wire, /one$/, "each that was accepted has its answer");
    client.close();
  }
  await stage.advance(50);
  assert(!await stage.listens());
  await stopping;
});
