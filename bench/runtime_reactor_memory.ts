/**
 * Prints what an idle connection costs in memory that a reactor waits for, beside one whose loop awaits it, for sizes of
 * the buffer that its read is parked on; knows nothing of what connections are for.
 *
 * Run it with `deno run --v8-flags=--expose-gc --allow-net=127.0.0.1 --allow-run=deno bench/runtime_reactor_memory.ts`.
 * Each case runs in a process of its own, over 5,000 TCP connections whose peers live in another one.
 *
 * @module
 */

import { dialTcp, type DialTcpOptions, listenTcp } from "../net/deno_tcp.ts";
import { memoryPipe } from "../net/memory.ts";
import { Reader } from "../net/reader.ts";
import type { Transport } from "../net/transport.ts";
import { Reactor } from "../runtime/reactor.ts";
import type { ReadyEvent } from "../runtime/reactor_source.ts";
import { ReaderSource } from "../runtime/reactor_streams.ts";

const COUNT = 5_000;
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

/** Prints what the reactor itself keeps for each of 10,000 idle readers, without their sockets and buffers. */
function heapOfSources(): void {
  const count = 10_000;
  const [pipe] = memoryPipe();
  const never = new Promise<number | null>(() => {});
  pipe.read = () => never;
  const readers = Array.from({ length: count }, () => new Reader(pipe, { minRead: 64, initialSize: 64 }));
  resident();
  const before = Deno.memoryUsage().heapUsed;
  const reactor = new Reactor<Reader>();
  const sources = readers.map((reader) => new ReaderSource(reader));
  for (const [at, source] of sources.entries()) reactor.register(source, readers[at]!);
  resident();
  const each = (Deno.memoryUsage().heapUsed - before) / count;
  console.log(`a source and its registration: ${Math.round(each)} B of the heap, before its read is parked`);
  reactor.close();
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
  heapOfSources();
  for (const size of SIZES) {
    const reactor = await sample("reactor", size);
    const awaited = await sample("await", size);
    console.log(`parked on ${size} bytes: ${reactor} KiB a connection in a reactor, ${awaited} with a loop of its own`);
  }
}
