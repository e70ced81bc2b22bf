/**
 * Owns the proof that the in-memory network does what its options say, in no time of its own; knows no protocol.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { memoryNetwork, memoryPipe, type MemoryTransport, Wire } from "../../net/mod.ts";
import { ManualClock } from "../../timer/mod.ts";

const { BadResource, BrokenPipe, Busy, ConnectionRefused, ConnectionReset, Interrupted } = Deno.errors;

function bytes(...values: number[]): Uint8Array {
  return new Uint8Array(values);
}

/** One read's bytes; `null` at the end. */
async function read(transport: MemoryTransport, room = 64): Promise<number[] | null> {
  const into = new Uint8Array(room);
  const count = await transport.read(into);
  return count === null ? null : [...into.subarray(0, count)];
}

/** Whether the promise settles without anything else happening. */
async function settles(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(() => settled = true, () => settled = true);
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  return settled;
}

Deno.test("memoryPipe() carries bytes both ways, in order", async () => {
  const [near, far] = memoryPipe();
  assertEquals(await near.write(bytes(1, 2, 3)), 3);
  assertEquals(await near.write(bytes(4)), 1);
  assertEquals(await far.write(bytes(9)), 1);
  assertEquals(await read(far, 2), [1, 2]);
  assertEquals(await read(far), [3, 4]);
  assertEquals(await read(near), [9]);
  assertEquals([near.alpn, near.secure], [null, false]);
  await near.ready();
});

Deno.test("memoryPipe() takes the bytes at the write: changing them later changes nothing", async () => {
  const [near, far] = memoryPipe();
  const own = bytes(1, 2);
  await near.write(own);
  own.fill(9);
  assertEquals(await read(far), [1, 2]);
});

Deno.test("memoryPipe() wakes a parked read with the first bytes, and keeps what it has no room for", async () => {
  const [near, far] = memoryPipe();
  const parked = read(far, 2);
  assertEquals(await near.write(bytes(1, 2, 3)), 3);
  assertEquals(await parked, [1, 2]);
  assertEquals(await read(far), [3]);
});

Deno.test("memoryPipe({ chunkSize }) bounds each read and each write", async () => {
  const [near, far] = memoryPipe({ chunkSize: 2 });
  const parked = read(far);
  assertEquals(await near.write(bytes(1, 2, 3)), 2);
  assertEquals(await parked, [1, 2]);
  await near.write(bytes(3, 4));
  await near.write(bytes(5));
  assertEquals(await read(far), [3, 4]);
  assertEquals(await read(far), [5]);
});

Deno.test("memoryPipe({ capacity }) makes a write wait until the peer has read", async () => {
  const [near, far] = memoryPipe({ capacity: 3 });
  assertEquals(await near.write(bytes(1, 2, 3, 4)), 3);
  const waiting = near.write(bytes(4, 5));
  assertEquals(await settles(waiting), false);
  assertEquals(await read(far, 1), [1]);
  assertEquals(await waiting, 1);
  assertEquals(await read(far), [2, 3, 4]);
});

Deno.test("memoryPipe({ capacity }) counts nothing that a parked read has taken", async () => {
  const [near, far] = memoryPipe({ capacity: 2 });
  for (let round = 0; round < 3; round++) {
    const parked = read(far);
    assertEquals(await near.write(bytes(1, 2)), 2);
    assertEquals(await parked, [1, 2]);
  }
});

Deno.test("memoryPipe({ latency }) delivers bytes and the end after that time, in order, and not before", async () => {
  const clock = new ManualClock();
  const [near, far] = memoryPipe({ latency: 50, clock });
  await near.write(bytes(1));
  const first = read(far);
  clock.advance(30);
  await near.write(bytes(2));
  await near.closeWrite();
  clock.advance(19);
  assertEquals(await settles(first), false);
  clock.advance(2);
  assertEquals(await first, [1]);
  const second = read(far);
  assertEquals(await settles(second), false);
  clock.advance(30);
  assertEquals(await second, [2]);
  assertEquals(await read(far), null);
  assertEquals(clock.alarms, 0);
});

Deno.test("memoryPipe({ latency }) counts what travels towards the capacity", async () => {
  const clock = new ManualClock();
  const [near, far] = memoryPipe({ latency: 50, capacity: 2, clock });
  await near.write(bytes(1, 2));
  const waiting = near.write(bytes(3));
  clock.advance(51);
  assertEquals(await settles(waiting), false);
  assertEquals(await read(far), [1, 2]);
  assertEquals(await waiting, 1);
});

Deno.test("memoryPipe() arms no alarm without latency", async () => {
  const clock = new ManualClock();
  const [near, far] = memoryPipe({ clock });
  await near.write(bytes(1));
  assertEquals(clock.alarms, 0);
  assertEquals(await read(far), [1]);
});

Deno.test("memoryPipe() ends one side by closeWrite(), and the other goes on", async () => {
  const [near, far] = memoryPipe();
  await near.write(bytes(1));
  await near.closeWrite();
  await near.closeWrite();
  await assertRejects(() => near.write(bytes(2)), BrokenPipe);
  assertEquals(await read(far), [1]);
  assertEquals(await read(far), null);
  assertEquals(await read(far), null);
  await far.write(bytes(3));
  assertEquals(await read(near), [3]);
});

Deno.test("memoryPipe() close() rejects what is parked at its own end, and later calls", async () => {
  const [near] = memoryPipe({ capacity: 1 });
  await near.write(bytes(1));
  const parked = [near.read(new Uint8Array(1)), near.write(bytes(2))];
  near.close();
  near.close();
  for (const call of parked) await assertRejects(() => call, Interrupted);
  await assertRejects(() => near.read(new Uint8Array(1)), BadResource);
  await assertRejects(() => near.write(bytes(1)), BadResource);
  await assertRejects(() => near.closeWrite(), BadResource);
});

Deno.test("memoryPipe() close() gives the peer what was written, then the end, and breaks its writes", async () => {
  const [near, far] = memoryPipe({ capacity: 4 });
  await near.write(bytes(1));
  near.close();
  assertEquals(await read(far), [1]);
  assertEquals(await read(far), null);
  await assertRejects(() => far.write(bytes(1)), BrokenPipe);
  await assertRejects(() => far.closeWrite(), BrokenPipe);
});

Deno.test("memoryPipe() close() with bytes unread resets the peer behind what it was sent, as TCP does", async () => {
  const [near, far] = memoryPipe({ capacity: 4 });
  await far.write(bytes(1, 2, 3, 4));
  const parked = far.write(bytes(5));
  await near.write(bytes(9));
  near.close();
  await assertRejects(() => parked, ConnectionReset);
  assertEquals(await read(far), [9]);
  await assertRejects(() => far.read(new Uint8Array(1)), ConnectionReset);
  await assertRejects(() => far.write(bytes(1)), ConnectionReset);
});

Deno.test("memoryPipe() close() in answer to the peer's end is an end, not a reset", async () => {
  const [near, far] = memoryPipe();
  await far.write(bytes(1));
  await far.closeWrite();
  assertEquals(await read(near), [1]);
  near.close();
  assertEquals(await read(far), null);
});

Deno.test("memoryPipe() reset() loses what is under way and fails the peer's calls at once", async () => {
  const clock = new ManualClock();
  for (const options of [{}, { latency: 10, clock }]) {
    const [near, far] = memoryPipe({ ...options, capacity: 2 });
    await near.write(bytes(1, 2));
    await far.write(bytes(1, 2));
    const parked = far.write(bytes(3));
    near.reset();
    await assertRejects(() => parked, ConnectionReset);
    await assertRejects(() => far.read(new Uint8Array(1)), ConnectionReset);
    await assertRejects(() => far.write(bytes(1)), ConnectionReset);
    await assertRejects(() => near.read(new Uint8Array(1)), BadResource);
    assertEquals(clock.alarms, 0);
  }
});

Deno.test("memoryPipe() reset() rejects the peer's parked read", async () => {
  const [near, far] = memoryPipe();
  const parked = far.read(new Uint8Array(1));
  near.reset();
  await assertRejects(() => parked, ConnectionReset);
});

Deno.test("memoryPipe() refuses a second parked read or write", async () => {
  const [near, far] = memoryPipe({ capacity: 1 });
  await near.write(bytes(1));
  const parked = [near.write(bytes(2)), near.read(new Uint8Array(1))];
  await assertRejects(() => near.write(bytes(3)), Busy);
  await assertRejects(() => near.read(new Uint8Array(1)), Busy);
  far.reset();
  for (const call of parked) await assertRejects(() => call, ConnectionReset);
});

Deno.test("memoryPipe() gives nothing to a read of nothing, and takes nothing of a write of nothing", async () => {
  const [near] = memoryPipe();
  assertEquals(await near.read(new Uint8Array(0)), 0);
  assertEquals(await near.write(new Uint8Array(0)), 0);
});

Deno.test("memoryPipe() and memoryNetwork() refuse numbers out of range", () => {
  const bad = [{ chunkSize: 0 }, { chunkSize: 1.5 }, { capacity: NaN }, { capacity: -1 }, { latency: -1 }];
  for (const options of [...bad, { latency: Infinity }, { latency: NaN }]) {
    assertThrows(() => memoryPipe(options), RangeError, "Cannot make a memory");
  }
  assertThrows(() => memoryNetwork({ backlog: 0 }), RangeError, "backlog must be a whole number >= 1: received 0");
});

Deno.test("memoryNetwork() connects what is dialled with what is accepted, whichever comes first", async () => {
  using listener = memoryNetwork().listener;
  assertEquals(listener.addr, { transport: "memory", name: "memory" });
  const network = memoryNetwork({ name: "app" });
  const early = network.listener.accept();
  await using first = await network.dial({ name: "client" });
  await using second = await network.dial();
  await using firstAccepted = new Wire(await early);
  await using secondAccepted = new Wire(await network.listener.accept());
  await first.write("first");
  await second.write("second");
  assertEquals(await firstAccepted.readText(5), "first");
  assertEquals(await secondAccepted.readText(6), "second");
  assertEquals(firstAccepted.transport.remoteAddr, { transport: "memory", name: "client" });
  assertEquals(first.transport.remoteAddr, network.listener.addr);
  assertNotEquals(secondAccepted.transport.remoteAddr, firstAccepted.transport.remoteAddr);
});

Deno.test("memoryNetwork() dials with the network's options unless told otherwise", async () => {
  const { listener, connect } = memoryNetwork({ chunkSize: 1 });
  using usual = await connect();
  using other = await connect({ chunkSize: 2 });
  assertEquals(await usual.write(bytes(1, 2, 3)), 1);
  assertEquals(await other.write(bytes(1, 2, 3)), 2);
  listener.close();
});

Deno.test("memoryNetwork() refuses dials beyond the backlog, when closed, and when aborted", async () => {
  const { listener, dial } = memoryNetwork({ backlog: 1 });
  await assertRejects(() => dial({ signal: AbortSignal.abort(new Error("no")) }), Error, "no");
  const waiting = await dial();
  await assertRejects(() => dial(), ConnectionRefused, "full backlog");
  listener.close();
  await assertRejects(() => dial(), ConnectionRefused, "closed");
  await assertRejects(() => waiting.readToEnd(), ConnectionReset);
});

Deno.test("memoryNetwork() rejects accepts once the listener is closed", async () => {
  const { listener } = memoryNetwork();
  const parked = [listener.accept(), listener.accept()];
  listener.close();
  listener.close();
  for (const call of [...parked, listener.accept()]) await assertRejects(() => call, BadResource);
  assert(listener.addr.transport === "memory");
});
