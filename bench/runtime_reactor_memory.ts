/**
 * Prints what an idle connection costs in memory that a reactor waits for, beside one whose loop awaits it, for sizes of
 * the buffer that its read is parked on; knows nothing of what connections are for.
 *
 * Run it with `deno run --v8-flags=--expose-gc --allow-net=127.0.0.1 --allow-run=deno bench/runtime_reactor_memory.ts`.
 * Each case runs in a process of its own, over 10,000 TCP connections whose peers live in another one.
 *
 * @module
 */

import { cpuUsage } from "node:process";
import { dialTcp, type DialTcpOptions, listenTcp } from "../net/deno_tcp.ts";
import { memoryPipe } from "../net/memory.ts";
import { Reader, type ReadWatcher } from "../net/reader.ts";
import type { Transport } from "../net/transport.ts";
import { Reactor } from "../runtime/reactor.ts";
import type { ReadyEvent } from "../runtime/reactor_source.ts";
import { ReaderSource } from "../runtime/reactor_streams.ts";

const COUNT = 10_000;
const SIZES = [64, 512, 1024, 4096];

/** How a connection is waited for: the one wait for all of them, or a loop of its own. */
type Way = "reactor" | "await";

/** Parks each connection's read; gives what keeps them. */
async function park(way: Way, transports: readonly Transport[], size: number): Promise<unknown> {
  const readers = transports.map((transport) => new Reader(transport, { minRead: 64, initialSize: size }));
  if (way === "await") {
    const loop = async (reader: Reader) => {
      while (await reader.fill()) reader.consume(reader.length);
    };
    return readers.map((reader) => loop(reader).catch(() => {}));
  }
  const reactor = new Reactor<Reader>();
  for (const reader of readers) reactor.register(new ReaderSource(reader), reader);
  await reactor.wait(new Array<ReadyEvent<Reader>>(64), 0);
  return reactor;
}

/** Bytes of the process, once what nobody needs is gone. */
function resident(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new TypeError("Cannot measure without --v8-flags=--expose-gc");
  for (let again = 0; again < 3; again++) gc();
  return Deno.memoryUsage().rss;
}

/** Bytes of the heap, once what nobody needs is gone. */
function heap(): number {
  resident();
  return Deno.memoryUsage().heapUsed;
}

/** Prints the heap that `act` takes for each of 10,000 readers whose reads never settle, without sockets. */
function heapOf(name: string, act: (readers: readonly Reader[]) => unknown): void {
  const [pipe] = memoryPipe();
  const reads: Promise<number | null>[] = [];
  pipe.read = () => {
    const { promise } = Promise.withResolvers<number | null>();
    reads.push(promise);
    return promise;
  };
  const readers = Array.from({ length: COUNT }, () => new Reader(pipe, { minRead: 64, initialSize: 64 }));
  const before = heap();
  const kept = act(readers);
  console.log(`${name}: ${Math.round((heap() - before) / COUNT)} B of the heap`);
  if (kept === undefined || reads.length > COUNT) throw new TypeError("Cannot measure what was not kept");
}

function registered(readers: readonly Reader[]): Reactor<ReaderSource> {
  const reactor = new Reactor<ReaderSource>();
  for (const reader of readers) {
    const source = new ReaderSource(reader);
    reactor.register(source, source);
  }
  return reactor;
}

/** Parks a read as the drivers of `server/` and `client/` do: by callbacks that the connection has. */
class OwnRead {
  readonly #onEnd: () => void;
  readonly #settled = (): void => this.#onEnd();

  constructor({ transport, reader }: Parked, onEnd: () => void) {
    this.#onEnd = onEnd;
    transport.read(reader.space()).then(this.#settled, this.#settled);
  }
}

interface Parked {
  readonly transport: Transport;
  readonly peer: Transport;
  readonly reader: Reader;
}

/** Prints what it costs to hear that 10,000 idle connections have ended, after parking them by `park`. */
async function ends(name: string, park: (parked: readonly Parked[]) => Promise<() => Promise<unknown>>): Promise<void> {
  const parked = Array.from({ length: COUNT }, () => {
    const [transport, peer] = memoryPipe();
    return { transport, peer, reader: new Reader(transport, { minRead: 64, initialSize: 64 }) };
  });
  const before = heap();
  const hear = await park(parked);
  const bytes = Math.round((heap() - before) / COUNT);
  const { user, system } = cpuUsage();
  for (const { peer } of parked) peer.close();
  await hear();
  const spent = cpuUsage({ user, system });
  const each = (spent.user + spent.system) / COUNT;
  console.log(`${name}: ${bytes} B of the heap, ${each.toFixed(2)} µs of CPU to hear of an end`);
}

const byOwnReads = (parked: readonly Parked[]) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = parked.length;
  const kept = parked.map((connection) => new OwnRead(connection, () => void (--left === 0 && resolve())));
  return Promise.resolve(() => promise.then(() => kept.length));
};

const byReactor = async (parked: readonly Parked[]) => {
  const reactor = registered(parked.map(({ reader }) => reader));
  const events = new Array<ReadyEvent<ReaderSource>>(64);
  await reactor.wait(events, 0);
  return async () => {
    while (reactor.size > 0) {
      const count = await reactor.wait(events);
      for (let at = 0; at < count; at++) if (events[at]!.ended) reactor.deregister(events[at]!.token);
    }
  };
};

/** Prints what needs no sockets. */
async function measureHeap(): Promise<void> {
  const watcher: ReadWatcher = { filled() {}, failed() {} };
  const loop = async (reader: Reader) => {
    while (await reader.fill()) reader.consume(reader.length);
  };
  heapOf("a registered source, no read parked", registered);
  heapOf("a read parked by watch()", (readers) => readers.map((reader) => reader.watch(watcher)));
  heapOf("a read parked by fill().then()", (readers) => readers.map((reader) => reader.fill().then(() => {})));
  heapOf("a read parked by a loop that awaits", (readers) => readers.map(loop));
  for (let round = 0; round < 5; round++) {
    await ends("a read of its own", byOwnReads);
    await ends("a reactor", byReactor);
  }
}

/** The measured process: accepts, parks, and prints the bytes a connection. */
async function serve(way: Way, size: number): Promise<void> {
  using listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  await park(way, [], size);
  const before = resident();
  console.log(listener.addr.port);
  const transports: Transport[] = [];
  while (transports.length < COUNT) transports.push(await listener.accept());
  const kept = await park(way, transports, size);
  const each = (resident() - before) / COUNT;
  console.log((each / 1024).toFixed(2));
  if (kept === undefined) throw new TypeError("Cannot measure what was not kept");
  for (const transport of transports) transport.close();
}

/** Starts a measured process, dials it, and gives what it prints: KiB a connection. */
async function sample(way: Way, size: number): Promise<number> {
  const args = ["run", "--v8-flags=--expose-gc", "--allow-net=127.0.0.1", import.meta.filename!, way, String(size)];
  const child = new Deno.Command("deno", { args, stdout: "piped" }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).values();
  const options: DialTcpOptions = { hostname: "127.0.0.1", port: Number((await lines.next()).value) };
  const dialled: Transport[] = [];
  while (dialled.length < COUNT) dialled.push(await dialTcp(options));
  const each = Number((await lines.next()).value);
  for (const transport of dialled) transport.close();
  await child.status;
  return each;
}

const [way, size] = Deno.args;
if (way === "reactor" || way === "await") await serve(way, Number(size));
else {
  await measureHeap();
  for (const size of SIZES) {
    const reactor = await sample("reactor", size);
    const awaited = await sample("await", size);
    console.log(`parked on ${size} bytes: ${reactor} KiB a connection in a reactor, ${awaited} with a loop of its own`);
  }
}
