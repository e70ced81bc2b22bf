/**
 * Owns the proof that a reactor tells each ready source, in turn, as long as it is ready, and nothing else; knows no kind of
 * source but one that the test switches.
 *
 * @module
 */

import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Interest, Reactor, Readiness, ReadyEvent, Source } from "../../runtime/mod.ts";
import { ManualClock, Scheduler } from "../../timer/mod.ts";
import { turns } from "../net/turns.ts";

/** A source that is what the test says, and counts what it is asked. */
class Switch extends Source {
  readonly interests: Interest;
  /** What it is ready for. */
  now = 0;
  asked = 0;
  armed = 0;
  /** What it has failed with. */
  reason: unknown = undefined;
  /** Is called when the source is told to expect. */
  onExpect: (() => void) | undefined;

  constructor(interests: Interest = Interest.Both, now = 0) {
    super();
    this.interests = interests;
    this.now = now;
  }

  override get error(): unknown {
    return this.reason;
  }

  readiness(_interest: Interest): number {
    this.asked++;
    return this.now;
  }

  set(now: number): void {
    this.now = now;
    this.changed();
  }

  protected expect(_missing: number): void {
    this.armed++;
    this.onExpect?.();
  }
}

const { Readable, Writable, Ended, Failed } = Readiness;

function room<T = number>(length = 8): ReadyEvent<T>[] {
  return new Array<ReadyEvent<T>>(length);
}

function tokens<T>(events: readonly ReadyEvent<T>[], count: number): T[] {
  return events.slice(0, count).map((event) => event.token);
}

/** `count` sources, registered with their index. */
function registered(reactor: Reactor, count: number, now = 0): Switch[] {
  return Array.from({ length: count }, (_, token) => {
    const source = new Switch(Interest.Both, now);
    reactor.register(source, token);
    return source;
  });
}

Deno.test("Reactor.wait() tells a ready source as long as it is ready, and then waits", async () => {
  using reactor = new Reactor();
  const [source] = registered(reactor, 1, Readable);
  const events = room();
  for (let again = 0; again < 3; again++) {
    assertEquals(await reactor.wait(events), 1);
    const { token, readable, writable, ended, failed, error } = events[0]!;
    assertEquals([token, readable, writable, ended, failed, error], [0, true, false, false, false, undefined]);
  }
  source!.armed = 0;
  source!.set(0);
  const waiting = reactor.wait(events);
  let count: number | undefined;
  waiting.then((given) => count = given);
  await turns();
  assertEquals([count, source!.armed], [undefined, 1]);
  source!.set(Readable | Writable | Ended);
  assertEquals(await waiting, 1);
  assertEquals([events[0]!.readable, events[0]!.writable, events[0]!.ended], [true, true, true]);
});

Deno.test("Reactor.wait() tells only what is waited for, and the error of what has failed", async () => {
  using reactor = new Reactor<string>();
  const reading = new Switch();
  const writing = new Switch();
  reactor.register(reading, "reading", Interest.Readable);
  reactor.register(writing, "writing", Interest.Writable);
  const events = room<string>();
  reading.set(Writable);
  writing.set(Readable);
  assertEquals(await reactor.wait(events, 0), 0);
  const error = new Error("broken");
  writing.reason = error;
  reading.reason = "not told, as nothing has failed";
  writing.set(Writable | Failed);
  reading.set(Readable | Writable);
  assertEquals(await reactor.wait(events), 2);
  const told = events.slice(0, 2).map((event) => [event.token, event.writable, event.failed, event.error]);
  assertEquals(told, [["writing", true, true, error], ["reading", false, false, undefined]]);
});

Deno.test("Reactor.wait() tells each ready source before any twice, however small the array", async () => {
  for (const [sources, length] of [[5, 1], [5, 2], [7, 3], [3, 3], [3, 8]] as const) {
    using reactor = new Reactor();
    registered(reactor, sources, Readable);
    const events = room(length);
    const told: number[] = [];
    for (let wait = 0; wait < sources * 2; wait++) {
      const count = await reactor.wait(events);
      assertEquals(count, Math.min(length, sources));
      told.push(...tokens(events, count));
    }
    told.forEach((token, at) => assertEquals(token, at % sources, `${sources} sources, ${length} events: ${told}`));
  }
});

Deno.test("Reactor.wait() lets no source that is always ready keep another from its turn", async () => {
  using reactor = new Reactor();
  const [, late] = registered(reactor, 2, Readable);
  late!.set(0);
  const events = room(1);
  await reactor.wait(events);
  await reactor.wait(events);
  late!.set(Readable);
  const told = [];
  for (let wait = 0; wait < 2; wait++) told.push(...tokens(events, await reactor.wait(events)));
  assertEquals(told.toSorted(), [0, 1]);
});

Deno.test("Reactor.wait() lets the event loop turn though a source is always ready", async () => {
  using reactor = new Reactor<string>();
  reactor.register(new Switch(Interest.Both, Readable), "always");
  const late = new Switch();
  reactor.register(late, "late");
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => late.set(Readable);
  port2.postMessage(null);
  const events = room<string>();
  let waits = 0;
  for (let told = ""; told !== "always,late"; waits++) {
    if (waits === 10_000) throw new Error("Cannot go on as the event loop has not turned in 10,000 waits");
    told = tokens(events, await reactor.wait(events)).toSorted().join();
  }
  port1.close();
  port2.close();
});

Deno.test("Reactor.wait() asks those only that may be ready: 10,000 idle sources cost it nothing", async () => {
  using reactor = new Reactor();
  const sources = registered(reactor, 10_000);
  const events = room(4);
  assertEquals(await reactor.wait(events, 0), 0);
  for (const source of sources) source.asked = source.armed = 0;
  const asked = () => sources.reduce((sum, source) => sum + source.asked, 0);
  sources[77]!.set(Readable);
  for (let wait = 1; wait <= 10; wait++) {
    assertEquals(tokens(events, await reactor.wait(events)), [77]);
    assertEquals(asked(), wait);
  }
  sources[77]!.now = sources[77]!.armed = 0;
  sources[5_000]!.set(Writable);
  assertEquals(tokens(events, await reactor.wait(events)), [5_000]);
  assertEquals([asked(), sources[77]!.armed], [12, 1]);
});

Deno.test("Reactor.wait() fills the caller's array from its start, anew each time, and leaves the rest", async () => {
  using reactor = new Reactor();
  const [first, second] = registered(reactor, 2, Readable);
  const events = room(3);
  assertEquals(await reactor.wait(events), 2);
  const [zero, one, two] = events;
  assertEquals([zero?.token, one?.token, two, events.length], [0, 1, undefined, 3]);
  first!.set(0);
  second!.set(Writable);
  const own = new ReadyEvent(7, Writable, undefined);
  events[2] = own;
  assertEquals(await reactor.wait(events), 1);
  assertStrictEquals(events[0], zero);
  assertEquals([zero?.token, zero?.readable, zero?.writable], [1, false, true]);
  assertEquals([one?.token, own.token], [1, 7]);
  const other = room(1);
  await reactor.wait(other);
  reactor.modify(second!, 9, Interest.Both);
  assertEquals(other[0]?.token, 1); // stays as it was told
});

Deno.test("Reactor.wait() tells together what comes in one turn, and what is ready in two ways once", async () => {
  using reactor = new Reactor();
  const sources = registered(reactor, 3);
  const events = room();
  const waiting = reactor.wait(events);
  await turns();
  for (const source of sources) source.set(Readable | Writable);
  sources[1]!.set(Readable); // a second time
  assertEquals(await waiting, 3);
  assertEquals(tokens(events, 3), [0, 1, 2]);
});

Deno.test("Reactor.wait() goes on waiting when a source was ready no more by the time it was asked", async () => {
  using reactor = new Reactor();
  const [source] = registered(reactor, 1);
  const events = room();
  let told = false;
  const waiting = reactor.wait(events).then((count) => {
    told = true;
    return count;
  });
  await turns();
  source!.set(Readable);
  source!.now = 0;
  await turns();
  assertEquals([told, source!.armed], [false, 2]);
  source!.set(Readable);
  assertEquals(await waiting, 1);
});

Deno.test("Reactor.wait() hears of a source that is ready while it is told to expect", async () => {
  using reactor = new Reactor();
  const [source] = registered(reactor, 1);
  source!.onExpect = () => source!.set(Readable);
  assertEquals(await reactor.wait(room()), 1);
});

Deno.test("Reactor.wait() lets a source that is ready in one way say when it is in the other", async () => {
  using reactor = new Reactor();
  const [source] = registered(reactor, 1, Readable);
  const events = room();
  await reactor.wait(events);
  assertEquals(source!.armed, 1);
  source!.set(Readable | Writable);
  assertEquals([await reactor.wait(events), events[0]!.writable, source!.armed], [1, true, 1]);
  source!.set(Readable);
  reactor.modify(source!, 0, Interest.Readable);
  assertEquals([await reactor.wait(events), source!.armed], [1, 1]);
});

Deno.test("Reactor.wait() rejects with what a source throws, and serves the others on", async () => {
  using reactor = new Reactor();
  const [bad] = registered(reactor, 2);
  const error = new Error("cannot be waited for");
  bad!.onExpect = () => {
    throw error;
  };
  const events = room();
  assertStrictEquals(await assertRejects(() => reactor.wait(events)), error);
  assertStrictEquals(await assertRejects(() => reactor.wait(events)), error); // as level-triggered as the rest
  bad!.set(Readable | Writable);
  assertEquals(tokens(events, await reactor.wait(events)), [0]);
});

Deno.test("Reactor.wait() ends with 0 after its timeout, and arms no timer where it need not", async () => {
  const clock = new ManualClock();
  const scheduler = new Scheduler(clock);
  using reactor = new Reactor({ scheduler });
  const [source] = registered(reactor, 1, Readable);
  const events = room();
  assertEquals([await reactor.wait(events, 50), scheduler.pending], [1, 0]);
  source!.set(0);
  for (let again = 0; again < 2; again++) {
    let count: number | undefined;
    const waiting = reactor.wait(events, 50);
    waiting.then((given) => count = given);
    await turns();
    clock.advance(49);
    await turns();
    assertEquals([count, scheduler.pending], [undefined, 1]);
    clock.advance(1);
    assertEquals([await waiting, scheduler.pending], [0, 0]);
  }
  const waiting = reactor.wait(events, 50);
  await turns();
  source!.set(Readable);
  source!.now = 0; // asked in vain: the time that is over was another wait's
  await turns();
  source!.set(Readable);
  assertEquals([await waiting, scheduler.pending], [1, 0]);
});

Deno.test("Reactor.wait() with a timeout of 0 tells what the event loop has brought, and waits for nothing", async () => {
  using reactor = new Reactor();
  const [source] = registered(reactor, 1);
  const events = room();
  assertEquals(await reactor.wait(events, 0), 0);
  setImmediate(() => source!.set(Readable));
  assertEquals(await reactor.wait(events, 0), 1);
});

Deno.test("Reactor.wake() ends the wait under way, or else the next, and only one", async () => {
  using reactor = new Reactor();
  const [source] = registered(reactor, 1);
  const events = room();
  const waiting = reactor.wait(events);
  await turns();
  reactor.wake();
  reactor.wake();
  assertEquals(await waiting, 0);
  let told = false;
  const second = reactor.wait(events).then((count) => {
    told = true;
    return count;
  });
  await turns();
  assertEquals(told, false);
  source!.set(Readable);
  assertEquals(await second, 1);
  reactor.wake();
  assertEquals(await reactor.wait(events), 1); // and tells what is ready
  source!.set(0);
  reactor.wake();
  assertEquals(await reactor.wait(events), 0);
});

Deno.test("Reactor.register() during a wait joins it, deregister() leaves it", async () => {
  using reactor = new Reactor<string>();
  const events = room<string>();
  const waiting = reactor.wait(events);
  await turns();
  const ready = new Switch(Interest.Both, Readable);
  reactor.register(ready, "late");
  assertEquals(tokens(events, await waiting), ["late"]);
  assertEquals([reactor.deregister(ready), reactor.deregister(ready), reactor.size], [true, false, 0]);
  assertEquals([await reactor.wait(events, 0), ready.watched], [0, false]);
  ready.set(Readable);
  assertEquals(await reactor.wait(events, 0), 0);
  reactor.register(ready, "again");
  assertEquals(tokens(events, await reactor.wait(events, 0)), ["again"]);
});

Deno.test("Reactor.modify() changes the token and the interest at once, of a waiting source too", async () => {
  using reactor = new Reactor<string>();
  const source = new Switch(Interest.Both, Writable);
  reactor.register(source, "a", Interest.Readable);
  const events = room<string>();
  const waiting = reactor.wait(events);
  await turns();
  reactor.modify(source, "b", Interest.Both);
  assertEquals(tokens(events, await waiting), ["b"]);
  reactor.modify(source, "c", Interest.Readable);
  assertEquals(await reactor.wait(events, 0), 0);
});

Deno.test("Reactor.close() lets all go, ends the wait under way with 0, and refuses more", async () => {
  const reactor = new Reactor();
  const [first] = registered(reactor, 3, 0);
  const waiting = reactor.wait(room());
  await turns();
  reactor.close();
  reactor.close();
  assertEquals(await waiting, 0);
  assertEquals([reactor.size, reactor.closed, first!.watched], [0, true, false]);
  await assertRejects(() => reactor.wait(room()), TypeError, "Cannot wait as the reactor is closed");
  assertThrows(() => reactor.register(first!, 1), TypeError, "Cannot register as the reactor is closed");
  new Reactor().register(first!, 1);
});

/** A value that no type would let through, as a caller without types may give it. */
function untyped<T>(value: unknown): T {
  return JSON.parse(JSON.stringify(value), (_, inner) => inner === "NaN" ? NaN : inner);
}

Deno.test("Reactor.register() and modify() refuse what they can't wait for, and change nothing", () => {
  using reactor = new Reactor();
  using other = new Reactor();
  const source = new Switch(Interest.Readable);
  assertThrows(() => reactor.register(untyped("reader"), 1), TypeError, "must be a Source: received reader");
  assertThrows(() => reactor.register(untyped({}), 1, 1), TypeError, "must be a Source: received [object Object]");
  assertThrows(() => reactor.modify(untyped(null), 1, 1), TypeError, "must be a Source: received null");
  for (const interest of [0, 4, 1.5, "1", null]) {
    const message = `interest must be one of Interest: received ${interest}`;
    assertThrows(() => reactor.register(source, 1, untyped(interest)), TypeError, message);
  }
  for (const interest of [Interest.Writable, Interest.Both]) {
    assertThrows(() => reactor.register(source, 1, interest), TypeError, `ready for 1 only: received ${interest}`);
  }
  assertThrows(() => reactor.modify(source, 1, Interest.Readable), TypeError, "not registered here");
  assertEquals([reactor.size, source.watched, reactor.deregister(source)], [0, false, false]);
  reactor.register(source, 1);
  assertThrows(() => reactor.register(source, 2), TypeError, "registered already");
  assertThrows(() => other.register(source, 2), TypeError, "registered already");
  assertThrows(() => other.modify(source, 2, Interest.Readable), TypeError, "not registered here");
  assertThrows(() => reactor.modify(source, 2, Interest.Both), TypeError, "ready for 1 only: received 3");
  assertEquals([reactor.size, other.size, other.deregister(source), source.watched], [1, 0, false, true]);
});

Deno.test("Reactor.wait() refuses an array without room, a time that is none, and a second wait", async () => {
  using reactor = new Reactor();
  await assertRejects(() => reactor.wait([]), RangeError, "must have room for one: received length 0");
  await assertRejects(
    () => reactor.wait(untyped({})),
    TypeError,
    "'events' must be an array: received [object Object]",
  );
  for (const timeout of [-1, NaN, -Infinity]) {
    await assertRejects(() => reactor.wait(room(), timeout), RangeError, `a number >= 0: received ${timeout}`);
  }
  const waiting = reactor.wait(room());
  await assertRejects(() => reactor.wait(room()), TypeError, "another wait is under way");
  reactor.wake();
  assertEquals(await waiting, 0);
});

Deno.test("ReadyEvent is what an array of events holds, with no field to write", () => {
  const event = new ReadyEvent("a", Readable | Failed, "why");
  assertInstanceOf(event, ReadyEvent);
  assertThrows(() => Object.assign(event, { token: "b" }), TypeError);
  assertEquals([event.token, event.failed, event.error], ["a", true, "why"]);
});

Deno.test("Reactor tells exactly the ready ones, as a plain model does, whatever is done to it", async () => {
  const action = fc.oneof(
    fc.record({ do: fc.constant("set" as const), at: fc.nat(5), now: fc.nat(3) }),
    fc.record({
      do: fc.constant("register" as const),
      at: fc.nat(5),
      interest: fc.constantFrom(1 as const, 2 as const, 3 as const),
    }),
    fc.record({
      do: fc.constant("modify" as const),
      at: fc.nat(5),
      interest: fc.constantFrom(1 as const, 2 as const, 3 as const),
    }),
    fc.record({ do: fc.constant("deregister" as const), at: fc.nat(5) }),
    fc.record({ do: fc.constant("wait" as const), room: fc.integer({ min: 1, max: 7 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60, size: "max" }), async (actions) => {
      using reactor = new Reactor();
      const sources = Array.from({ length: 6 }, () => new Switch());
      const interests = new Map<number, Interest>();
      /** How many events went to others since a source became ready: fewer than there are others. */
      const passed = new Map<number, number>();
      const isReady = (at: number) => (sources[at]!.now & (interests.get(at) ?? 0)) !== 0;
      for (const step of actions) {
        if (step.do === "set") sources[step.at]!.set(step.now);
        else if (step.do === "deregister") {
          assertEquals(reactor.deregister(sources[step.at]!), interests.delete(step.at));
        } else if (step.do !== "wait") {
          const known = interests.has(step.at);
          if (known === (step.do === "register")) continue;
          reactor[step.do](sources[step.at]!, step.at, step.interest);
          interests.set(step.at, step.interest);
        } else {
          const events = room(step.room);
          const ready = [...interests.keys()].filter(isReady);
          const told = tokens(events, await reactor.wait(events, 0));
          assertEquals(told.length, Math.min(step.room, ready.length));
          assertEquals(new Set(told).size, told.length);
          told.forEach((at) => assertEquals(isReady(at), true));
          for (const at of ready) passed.set(at, told.includes(at) ? 0 : (passed.get(at) ?? 0) + told.length);
        }
        for (const at of [...passed.keys()]) if (!isReady(at)) passed.delete(at);
        for (const [at, count] of passed) assertEquals(count <= 2 * sources.length, true, `${at} waits for ${count}`);
      }
      assertEquals(reactor.size, interests.size);
    }),
    { numRuns: 200 },
  );
});
