/**
 * Owns the cost of net's bytes: views, the reader's loop, the writer and the in-memory wire; knows no protocol.
 *
 * Each of the small things is done 1000 times an iteration: µs an iteration are ns each.
 *
 * @module
 */

import { ByteView, memoryPipe, Reader, type Transport, Writer } from "../net/mod.ts";

const bytes = Uint8Array.from({ length: 64 * 1024 }, (_, at) => at % 251 + 1);
const view = new ByteView(bytes);

/** What the benches compute ends here, so that no optimiser leaves it out. */
let sink = 0;

Deno.bench("1000 × ByteView.slice", { group: "slice", baseline: true }, () => {
  for (let at = 0; at < 1000; at++) sink += view.slice(at, at + 32).start;
});

Deno.bench("1000 × Uint8Array.subarray", { group: "slice" }, () => {
  for (let at = 0; at < 1000; at++) sink += bytes.subarray(at, at + 32).byteOffset;
});

Deno.bench("1000 × ByteView.readUint24", { group: "numbers", baseline: true }, () => {
  for (let at = 0; at < 1000; at++) sink += view.readUint24(at);
});

Deno.bench("1000 × three bytes by index", { group: "numbers" }, () => {
  for (let at = 0; at < 1000; at++) sink += bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!;
});

Deno.bench("1000 × ByteView.indexOf, 20 bytes away", { group: "search", baseline: true }, () => {
  for (let at = 0; at < 1000; at++) sink += view.indexOf(bytes[at + 20]!, at);
});

Deno.bench("1000 × Uint8Array.indexOf, 20 bytes away", { group: "search" }, () => {
  for (let at = 0; at < 1000; at++) sink += bytes.indexOf(bytes[at + 20]!, at);
});

/** A transport whose reads give `size` bytes at once, and whose writes take all. */
function instant(size: number): Transport {
  const [transport] = memoryPipe();
  const count = Promise.resolve(size);
  transport.read = (into) => into.length >= size ? count : Promise.resolve(into.length);
  transport.write = (from) => Promise.resolve(from.length);
  return transport;
}

const small = new Reader(instant(120));
Deno.bench("1000 × Reader.fill of 120 bytes", { group: "fill", baseline: true }, async () => {
  for (let count = 0; count < 1000; count++) {
    await small.fill();
    small.consume(small.length);
  }
});

const byHandTransport = instant(120);
const byHand = new Reader(byHandTransport);
Deno.bench("1000 × space, read, commit of 120 bytes", { group: "fill" }, async () => {
  for (let count = 0; count < 1000; count++) {
    byHand.commit(await byHandTransport.read(byHand.space()) ?? 0);
    byHand.consume(byHand.length);
  }
});

const bare = instant(120);
const reused = new Uint8Array(1024);
Deno.bench("1000 × bare read into one buffer", { group: "fill" }, async () => {
  for (let count = 0; count < 1000; count++) sink += await bare.read(reused) ?? 0;
});

const large = new Reader(instant(64 * 1024), { initialSize: 64 * 1024 });
Deno.bench("100 × Reader.fill and take of 64 KiB", { group: "take", baseline: true }, async () => {
  for (let count = 0; count < 100; count++) {
    await large.fill();
    sink += large.take().length;
  }
});

Deno.bench("100 × new Uint8Array of 64 KiB", { group: "take" }, () => {
  for (let count = 0; count < 100; count++) sink += new Uint8Array(64 * 1024).length;
});

const answer = bytes.subarray(0, 150);
const writer = new Writer(instant(0));
Deno.bench("1000 × Writer.write of 150 bytes, each flushed", { group: "write", baseline: true }, async () => {
  for (let count = 0; count < 1000; count++) {
    writer.write(answer);
    await writer.flush();
  }
});

Deno.bench("1000 × Writer.write of 150 bytes, 16 a turn", { group: "write" }, async () => {
  for (let count = 0; count < 1000; count++) {
    writer.write(answer);
    if (count % 16 === 15) await writer.flush();
  }
  await writer.flush();
});

const limited = new Writer(instant(0), { stallTimeout: 10_000 });
Deno.bench("1000 × Writer.write with a stall timeout, each flushed", { group: "write" }, async () => {
  for (let count = 0; count < 1000; count++) {
    limited.write(answer);
    await limited.flush();
  }
});

for (const size of [100, 16 * 1024]) {
  const [near, far] = memoryPipe();
  const sent = bytes.subarray(0, size);
  const into = new Uint8Array(size);
  Deno.bench(`1000 × ${size} bytes over a memory wire`, { group: `wire ${size}` }, async () => {
    for (let count = 0; count < 1000; count++) {
      let left = await near.write(sent);
      while (left > 0) left -= await far.read(into) ?? 0;
    }
  });
}

globalThis.addEventListener("unload", () => {
  if (Number.isNaN(sink)) throw new Error("Cannot measure as a result was not a number");
});
