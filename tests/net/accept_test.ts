/**
 * Owns the proof that the accept loop survives what fails and lets in no more than it may; knows no protocol.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { acceptLoop, type AcceptOptions, type Address, memoryNetwork, type Transport } from "../../net/mod.ts";
import { ManualClock, Scheduler } from "../../timer/mod.ts";
import { turns } from "./turns.ts";

/** A loop over an in-memory network, and what it lets in, refuses and tells. */
function running(options: Partial<AcceptOptions> = {}) {
  const clock = new ManualClock();
  const network = memoryNetwork();
  const inside: { transport: Transport; permit: Disposable }[] = [];
  const refused: Address[] = [];
  const errors: unknown[] = [];
  const { accept } = network.listener;
  const failures: Error[] = [];
  network.listener.accept = function () {
    const failure = failures.shift();
    return failure ? Promise.reject(failure) : accept.call(this);
  };
  const start = () =>
    acceptLoop(network.listener, {
      onTransport: (transport, permit) => void inside.push({ transport, permit }),
      onRefused: (addr) => refused.push(addr),
      onError: (error) => errors.push(error),
      scheduler: new Scheduler(clock),
      ...options,
    });
  return { ...network, clock, inside, refused, errors, failures, start };
}

/** As the platform reports that the process may open no more files. */
function tooManyFiles(): Error {
  return Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
}

Deno.test("acceptLoop() hands each transport over and ends when the listener is closed", async () => {
  const { listener, connect, inside, errors, start } = running();
  const done = start();
  await connect({ name: "a" });
  await connect({ name: "b" });
  await turns();
  assertEquals(inside.map(({ transport }) => transport.remoteAddr), [
    { transport: "memory", name: "a" },
    { transport: "memory", name: "b" },
  ]);
  listener.close();
  await done;
  assertEquals(errors, []);
});

Deno.test("acceptLoop() survives EMFILE and the like, waiting 5 ms, doubled up to 1 s", async () => {
  const { listener, connect, clock, inside, errors, failures, start } = running();
  const delays = [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000];
  failures.push(...delays.map(() => tooManyFiles()));
  const done = start();
  await connect();
  for (const [tries, delay] of delays.entries()) {
    await turns();
    assertEquals(errors.length, tries + 1);
    clock.advance(delay - 1);
    await turns();
    assertEquals(errors.length, tries + 1);
    clock.advance(2);
  }
  await turns();
  assertEquals(inside.length, 1);
  listener.close();
  await done;
  assertEquals(clock.alarms, 0);
});

Deno.test("acceptLoop() begins its back-off anew after an accept that went well", async () => {
  const { listener, connect, clock, inside, errors, failures, start } = running();
  failures.push(tooManyFiles(), new Deno.errors.ConnectionAborted("gone"));
  const done = start();
  for (const delay of [6, 11]) {
    await turns();
    clock.advance(delay);
  }
  await connect();
  await turns();
  assertEquals([errors.length, inside.length], [2, 1]);
  failures.push(tooManyFiles());
  await connect(); // what is parked already
  await turns();
  clock.advance(6);
  await connect();
  await turns();
  assertEquals([errors.length, inside.length], [3, 3]);
  listener.close();
  await done;
});

Deno.test("acceptLoop() accepts none beyond maxConnections until one is released", async () => {
  const { listener, connect, inside, start } = running({ maxConnections: 2 });
  const done = start();
  for (let count = 0; count < 4; count++) await connect();
  await turns();
  assertEquals(inside.length, 2);
  inside[0]?.permit[Symbol.dispose]();
  inside[0]?.permit[Symbol.dispose](); // gives one place back, not two
  await turns();
  assertEquals(inside.length, 3);
  inside[1]?.permit[Symbol.dispose]();
  await turns();
  assertEquals(inside.length, 4);
  listener.close();
  inside[2]?.permit[Symbol.dispose]();
  await done;
});

Deno.test("acceptLoop() closes what an address has too many of at once, and takes others", async () => {
  const { listener, connect, dial, inside, refused, start } = running({ maxConnectionsPerAddress: 2 });
  const done = start();
  await connect({ name: "a" });
  await connect({ name: "a" });
  const third = await dial({ name: "a" });
  assertEquals(await third.readToEnd(), "");
  await connect({ name: "b" });
  await turns();
  assertEquals(inside.length, 3);
  assertEquals(refused, [{ transport: "memory", name: "a" }]);
  inside[0]?.permit[Symbol.dispose]();
  inside[1]?.permit[Symbol.dispose]();
  await connect({ name: "a" });
  await connect({ name: "a" });
  await turns();
  assertEquals([inside.length, refused.length], [5, 1]);
  listener.close();
  await done;
});

Deno.test("acceptLoop() doesn't count peers that can't be told apart", async () => {
  const { listener, connect, inside, refused, start } = running({ maxConnectionsPerAddress: 1 });
  const accept = listener.accept;
  listener.accept = async function () {
    const transport = await accept.call(this);
    return Object.defineProperty(transport, "remoteAddr", { value: { transport: "unix", path: "/run/app" } });
  };
  const done = start();
  for (let count = 0; count < 3; count++) await connect();
  await turns();
  assertEquals([inside.length, refused.length], [3, 0]);
  listener.close();
  await done;
});

Deno.test("acceptLoop() closes and releases what onTransport fails for, tells it, and goes on", async () => {
  for (const fails of [() => Promise.reject(new Error("odd")), () => fail()]) {
    const { listener, dial, errors, start } = running({ maxConnections: 1, onTransport: fails });
    const done = start();
    assertEquals(await (await dial()).readToEnd(), "");
    assertEquals(await (await dial()).readToEnd(), "");
    assertEquals(errors.map(String), ["Error: odd", "Error: odd"]);
    listener.close();
    await done;
  }
});

Deno.test("acceptLoop() stops when aborted: parked, at its cap and in its back-off, and closes the listener", async () => {
  for (const state of ["parked", "full", "backing off", "before"]) {
    const controller = new AbortController();
    const { connect, clock, errors, failures, start } = running({ maxConnections: 1, signal: controller.signal });
    if (state === "backing off") failures.push(tooManyFiles());
    if (state === "before") controller.abort();
    const done = start();
    if (state === "full") await connect();
    await turns();
    controller.abort();
    await done;
    assertEquals([errors.length, clock.alarms], [state === "backing off" ? 1 : 0, 0]);
    await assertRejects(() => connect(), Deno.errors.ConnectionRefused);
  }
});

Deno.test("acceptLoop() closes a transport that comes while it stops", async () => {
  const controller = new AbortController();
  const { listener, dial, inside, start } = running({ signal: controller.signal });
  const { accept } = listener;
  listener.accept = async function () {
    const transport = await accept.call(this);
    controller.abort();
    return transport;
  };
  const done = start();
  const wire = await dial();
  assertEquals(await wire.readToEnd(), "");
  await done;
  assertEquals(inside, []);
});

Deno.test("acceptLoop() refuses maxima that aren't", async () => {
  const { listener } = memoryNetwork();
  for (const options of [{ maxConnections: 0 }, { maxConnections: 1.5 }, { maxConnectionsPerAddress: NaN }]) {
    await assertRejects(
      () => acceptLoop(listener, { onTransport: () => {}, onError: () => {}, ...options }),
      RangeError,
      "Cannot accept as max",
    );
  }
});

function fail(): never {
  throw new Error("odd");
}
