/**
 * Owns the proof that expiries, signals and messages are told until they are taken; knows neither sockets nor real time.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { PortSource, Reactor, type ReadyEvent, SignalSource, TimerSource } from "../../runtime/mod.ts";
import { ManualClock, Scheduler } from "../../timer/mod.ts";
import { turns } from "../net/turns.ts";
import { programTest } from "../programs.ts";

function room(): ReadyEvent<string>[] {
  return new Array<ReadyEvent<string>>(8);
}

Deno.test("TimerSource is readable from its expiry until that is taken", async () => {
  const clock = new ManualClock();
  const scheduler = new Scheduler(clock);
  using timer = new TimerSource({ scheduler });
  using reactor = new Reactor<string>({ scheduler });
  reactor.register(timer, "tick");
  const events = room();
  clock.advance(1_000);
  assertEquals([await reactor.wait(events, 0), timer.pending, timer.take()], [0, false, false]);
  timer.set(50);
  const waiting = reactor.wait(events);
  await turns();
  clock.advance(49);
  assertEquals([timer.pending, timer.take()], [true, false]);
  clock.advance(1);
  assertEquals([await waiting, events[0]?.token, timer.pending], [1, "tick", false]);
  assertEquals([await reactor.wait(events), timer.take(), timer.take()], [1, true, false]);
  assertEquals(await reactor.wait(events, 0), 0);
});

Deno.test("TimerSource.set() and clear() forget what was before", async () => {
  const clock = new ManualClock();
  const scheduler = new Scheduler(clock);
  const timer = new TimerSource({ scheduler });
  using reactor = new Reactor<string>({ scheduler });
  reactor.register(timer, "tick");
  timer.set(10);
  clock.advance(10);
  timer.set(10);
  assertEquals(await reactor.wait(room(), 0), 0);
  clock.advance(5);
  timer.set(10);
  clock.advance(9);
  assertEquals(timer.take(), false);
  clock.advance(1);
  timer.clear();
  assertEquals(await reactor.wait(room(), 0), 0);
  timer.set(10);
  timer[Symbol.dispose]();
  clock.advance(10);
  assertEquals([timer.take(), timer.pending, scheduler.pending], [false, false, 0]);
  for (const bad of [-1, NaN, Infinity]) assertThrows(() => timer.set(bad), RangeError, String(bad));
});

Deno.test("SignalSource counts its signals until they are taken, and listens until it is disposed of", async () => {
  const handlers = new Map<Deno.Signal, () => void>();
  let removals = 0;
  const platform = {
    addSignalListener: (signal: Deno.Signal, handler: () => void) => void handlers.set(signal, handler),
    removeSignalListener: (signal: Deno.Signal, handler: () => void) => {
      removals++;
      if (handlers.get(signal) === handler) handlers.delete(signal);
    },
  };
  const source = new SignalSource("SIGHUP", { platform });
  using reactor = new Reactor<string>();
  reactor.register(source, "reload");
  const events = room();
  assertEquals([await reactor.wait(events, 0), source.take(), [...handlers.keys()]], [0, 0, ["SIGHUP"]]);
  const waiting = reactor.wait(events);
  await turns();
  handlers.get("SIGHUP")?.();
  handlers.get("SIGHUP")?.();
  assertEquals([await waiting, events[0]?.token], [1, "reload"]);
  assertEquals([await reactor.wait(events), source.take(), source.take()], [1, 2, 0]);
  assertEquals(await reactor.wait(events, 0), 0);
  source[Symbol.dispose]();
  source[Symbol.dispose]();
  assertEquals([handlers.size, removals], [0, 1]);
});

Deno.test("SignalSource passes on what the platform throws for a signal that it doesn't have", () => {
  const platform = {
    addSignalListener: () => {
      throw new TypeError("Windows only supports ctrl-c (SIGINT)");
    },
    removeSignalListener: () => {},
  };
  assertThrows(() => new SignalSource("SIGHUP", { platform }), TypeError, "Windows only supports");
});

programTest("SignalSource hears a signal of the real process", {
  programs: ["deno"],
  ignore: Deno.build.os === "windows", // which has no SIGHUP to send
}, async () => {
  const program = `
    import { Reactor, SignalSource } from ${JSON.stringify(import.meta.resolve("../../runtime/mod.ts"))};
    using source = new SignalSource("SIGHUP");
    using reactor = new Reactor();
    reactor.register(source, 1);
    const alive = setInterval(() => {}, 1_000); // a signal's listener keeps no process alive
    console.log("ready");
    const events = new Array(1);
    await reactor.wait(events);
    console.log(events[0].token, source.take());
    clearInterval(alive);
  `;
  const child = new Deno.Command("deno", { args: ["eval", "--no-lock", "--ext=ts", program], stdout: "piped" }).spawn();
  let output = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += chunk;
    if (output === "ready\n") child.kill("SIGHUP");
  }
  assertEquals([output, (await child.status).code], ["ready\n1 1\n", 0]);
});

Deno.test("PortSource gives messages in their order, none twice, however many wait", async () => {
  const { port1, port2 } = new MessageChannel();
  using source = new PortSource(port1);
  using reactor = new Reactor<string>();
  reactor.register(source, "port");
  const events = room();
  assertEquals([await reactor.wait(events, 0), source.take(), source.length], [0, undefined, 0]);
  const taken: number[] = [];
  let sent = 0;
  for (const [send, take] of [[5, 2], [4, 6], [10, 1], [0, 10]] as const) {
    for (let count = 0; count < send; count++) port2.postMessage(sent++);
    while (source.length < sent - taken.length) assertEquals(await reactor.wait(events), 1);
    for (let count = 0; count < take; count++) taken.push(source.take()?.data);
    assertEquals(source.length, sent - taken.length);
  }
  assertEquals(taken, Array.from({ length: 19 }, (_, at) => at));
  assertEquals([source.take(), await reactor.wait(events, 0)], [undefined, 0]);
  port1.close();
  port2.close();
});

Deno.test("PortSource tells a message of nothing, and hears nothing once it is disposed of", async () => {
  const { port1, port2 } = new MessageChannel();
  const source = new PortSource(port1);
  using reactor = new Reactor<string>();
  reactor.register(source, "port");
  const events = room();
  const waiting = reactor.wait(events);
  port2.postMessage(null);
  assertEquals([await waiting, events[0]?.token, source.take()?.data], [1, "port", null]);
  source[Symbol.dispose]();
  const heard = new Promise((resolve) => port1.addEventListener("message", resolve, { once: true }));
  port2.postMessage("late");
  await heard;
  assertEquals([source.length, await reactor.wait(events, 0)], [0, 0]);
  port1.close();
  port2.close();
});

Deno.test("PortSource of a worker lets another thread wake the reactor", async () => {
  const code = "onmessage = ({ data }) => postMessage(data * 2);";
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: "module" });
  using source = new PortSource(worker);
  using reactor = new Reactor<string>();
  reactor.register(source, "worker");
  worker.postMessage(21);
  assertEquals([await reactor.wait(room()), source.take()?.data], [1, 42]);
  worker.terminate();
});

Deno.test("PortSource refuses what receives no messages", () => {
  const port: MessagePort = JSON.parse("{}");
  assertThrows(() => new PortSource(port), TypeError, "must be a MessagePort or Worker: received [object Object]");
});
