/**
 * Owns the proof that an attempt to connect ends in time, and that nothing it opened is left behind; knows no protocol.
 *
 * @module
 */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { attempt, memoryNetwork, memoryPipe, type Transport } from "../../net/mod.ts";
import { ManualClock, Scheduler } from "../../timer/mod.ts";

/** A dial that the test settles, and what it saw. */
function pending(): { dial: (signal: AbortSignal) => Promise<Transport>; made: PromiseWithResolvers<Transport> } {
  const made = Promise.withResolvers<Transport>();
  return { dial: () => made.promise, made };
}

async function isClosed(transport: Transport): Promise<boolean> {
  return await transport.write(new Uint8Array(1)).then(
    () => false,
    (error) => error instanceof Deno.errors.BadResource,
  );
}

Deno.test("attempt() gives what the dial gives, open, and leaves no timer", async () => {
  const scheduler = new Scheduler(new ManualClock());
  const { listener, connect } = memoryNetwork();
  const transport = await attempt({ scheduler }, (signal) => connect({ signal }));
  assertEquals(await isClosed(transport), false);
  assertEquals(scheduler.pending, 0);
  transport.close();
  listener.close();
});

Deno.test("attempt() rejects with the dial's error, and leaves no timer", async () => {
  const scheduler = new Scheduler(new ManualClock());
  const failure = new Deno.errors.ConnectionRefused("no");
  assertStrictEquals(await attempt({ scheduler }, () => Promise.reject(failure)).catch((error) => error), failure);
  assertEquals(scheduler.pending, 0);
});

Deno.test("attempt() rejects with TimeoutError after its timeout, and closes what comes later", async () => {
  const clock = new ManualClock();
  const { dial, made } = pending();
  const attempted = attempt({ scheduler: new Scheduler(clock), timeout: 100 }, dial);
  const rejected = assertRejects(() => attempted, DOMException, "longer than 100 ms");
  clock.advance(101);
  assertEquals((await rejected).name, "TimeoutError");
  const [late] = memoryPipe();
  made.resolve(late);
  await made.promise;
  assertEquals(await isClosed(late), true);
});

Deno.test("attempt() takes 30 s at most unless told otherwise, and any time when told so", async () => {
  const clock = new ManualClock();
  const scheduler = new Scheduler(clock);
  const usual = attempt({ scheduler }, pending().dial).catch((error) => error.name);
  const { dial, made } = pending();
  const patient = attempt({ scheduler, timeout: Infinity }, dial);
  assertEquals(scheduler.pending, 1);
  clock.advance(29_999);
  assertEquals(scheduler.pending, 1);
  clock.advance(2);
  assertEquals(await usual, "TimeoutError");
  const [transport] = memoryPipe();
  made.resolve(transport);
  assertStrictEquals(await patient, transport);
});

Deno.test("attempt() rejects with the signal's reason, and closes what comes later", async () => {
  for (const timeout of [1000, Infinity]) {
    const controller = new AbortController();
    const { dial, made } = pending();
    const scheduler = new Scheduler(new ManualClock());
    const attempted = attempt({ signal: controller.signal, scheduler, timeout }, dial).catch((error) => error);
    const reason = new Error("enough");
    controller.abort(reason);
    assertStrictEquals(await attempted, reason);
    const [late] = memoryPipe();
    made.resolve(late);
    await made.promise;
    assertEquals(await isClosed(late), true);
    assertEquals(scheduler.pending, 0);
  }
});

Deno.test("attempt() dials nothing when it is aborted before", async () => {
  let dialled = 0;
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(
    () => attempt({ signal }, () => Promise.reject(new Error(`dialled ${++dialled} times`))),
    Error,
    "enough",
  );
  assertEquals(dialled, 0);
});

Deno.test("attempt() refuses a timeout that isn't one", async () => {
  for (const timeout of [-1, NaN]) {
    await assertRejects(() => attempt({ timeout }, () => Promise.reject(new Error("dialled"))), RangeError);
  }
});
