/**
 * Owns the proof that readers, writers and listeners are told when they are ready, and lose nothing; knows no protocol.
 *
 * @module
 */

import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { dialTcp, type Listener, listenTcp, memoryNetwork, memoryPipe, Reader, Writer } from "../../net/mod.ts";
import {
  DuplexSource,
  Interest,
  ListenerSource,
  Reactor,
  ReaderSource,
  type ReadyEvent,
  WriterSource,
} from "../../runtime/mod.ts";
import { ManualClock, Scheduler } from "../../timer/mod.ts";
import { turns } from "../net/turns.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function room<T>(length = 8): ReadyEvent<T>[] {
  return new Array<ReadyEvent<T>>(length);
}

/** What the events say, but for errors. */
function told<T>(events: readonly ReadyEvent<T>[], count: number): string[] {
  return events.slice(0, count).map((event) =>
    `${event.token}:${event.readable ? "r" : ""}${event.writable ? "w" : ""}${event.ended ? "e" : ""}${
      event.failed ? "f" : ""
    }`
  );
}

Deno.test("ReaderSource is readable while bytes are unread, at the end, and never else", async () => {
  const [near, far] = memoryPipe();
  const reader = new Reader(near);
  using reactor = new Reactor<string>();
  const source = new ReaderSource(reader);
  reactor.register(source, "a");
  const events = room<string>();
  assertEquals(await reactor.wait(events, 0), 0);
  await far.write(encoder.encode("hello"));
  assertEquals(told(events, await reactor.wait(events)), ["a:r"]);
  reader.consume(4);
  assertEquals(told(events, await reactor.wait(events)), ["a:r"]); // level-triggered: one byte is left
  reader.consume(1);
  assertEquals(await reactor.wait(events, 0), 0);
  await far.write(encoder.encode("bye"));
  await far.closeWrite();
  assertEquals([told(events, await reactor.wait(events)), source.ended], [["a:r"], false]);
  assertEquals(decoder.decode(reader.take()), "bye");
  for (let again = 0; again < 2; again++) assertEquals(told(events, await reactor.wait(events)), ["a:re"]);
  assertEquals([reader.length, source.ended], [0, true]);
});

Deno.test("ReaderSource is readable at once where bytes were unread before", async () => {
  const [near, far] = memoryPipe();
  const reader = new Reader(near);
  await far.write(encoder.encode("hello"));
  await reader.fill();
  using reactor = new Reactor<string>();
  reactor.register(new ReaderSource(reader), "a");
  assertEquals(await reactor.wait(room()), 1);
});

Deno.test("ReaderSource tells a peer that breaks the connection, with the error, as long as it is registered", async () => {
  const [near, far] = memoryPipe();
  using reactor = new Reactor<string>();
  const source = new ReaderSource(new Reader(near));
  reactor.register(source, "a");
  const events = room<string>();
  const waiting = reactor.wait(events);
  await turns();
  far.reset();
  assertEquals(told(events, await waiting), ["a:rf"]);
  assertInstanceOf(events[0]!.error, Deno.errors.ConnectionReset);
  assertStrictEquals(source.error, events[0]!.error);
  assertEquals(told(events, await reactor.wait(events)), ["a:rf"]);
});

Deno.test("ReaderSource.least keeps a part of a message from being told again, but not its end", async () => {
  const message = encoder.encode("4:abcd2:ef");
  for (let cut = 0; cut <= message.length; cut++) {
    const [near, far] = memoryPipe();
    const reader = new Reader(near, { minRead: 1, initialSize: 3 });
    using reactor = new Reactor<string>();
    const source = new ReaderSource(reader);
    reactor.register(source, "a");
    const events = room<string>();
    const parts = [message.subarray(0, cut), message.subarray(cut)].filter((part) => part.length > 0);
    const messages: string[] = [];
    await far.write(parts.shift()!);
    for (let waits = 0;; waits++) {
      const count = await reactor.wait(events, 0);
      if (count === 0) {
        const next = parts.shift();
        if (next === undefined) break;
        await far.write(next);
        continue;
      }
      const length = Number(decoder.decode(reader.view.toBytes().subarray(0, 1)));
      if (reader.length < length + 2) source.least = length + 2;
      else {
        messages.push(decoder.decode(reader.take(length + 2)));
        source.least = 1;
      }
      assertEquals(waits < 20, true); // a part that is told again and again would make no end
    }
    assertEquals(messages, ["4:abcd", "2:ef"], `cut at ${cut}`);
    source.least = 100;
    await far.write(encoder.encode("1"));
    assertEquals(await reactor.wait(events, 0), 0);
    await far.closeWrite();
    assertEquals([told(events, await reactor.wait(events)), reader.length], [["a:re"], 1]);
  }
});

Deno.test("ReaderSource.least takes effect during a wait, and refuses what is no count", async () => {
  const [near, far] = memoryPipe();
  const reader = new Reader(near);
  using reactor = new Reactor<string>();
  const source = new ReaderSource(reader);
  source.least = 6;
  reactor.register(source, "a");
  const events = room<string>();
  let settled = false;
  const waiting = reactor.wait(events).then((count) => {
    settled = true;
    return count;
  });
  await far.write(encoder.encode("hello"));
  await turns();
  assertEquals([settled, reader.length], [false, 5]);
  source.least = 5;
  assertEquals(await waiting, 1);
  for (const bad of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => source.least = bad, RangeError, `must be a whole number >= 1: received ${bad}`);
  }
  assertEquals(source.least, 5);
});

Deno.test("ReaderSource leaves the reader to its user from an event to the next wait", async () => {
  const [near, far] = memoryPipe({ chunkSize: 3 });
  const reader = new Reader(near);
  using reactor = new Reactor<string>();
  reactor.register(new ReaderSource(reader), "a");
  const events = room<string>();
  await far.write(encoder.encode("abc"));
  await reactor.wait(events);
  await far.write(encoder.encode("d\r\n"));
  assertEquals((await reader.readUntil(encoder.encode("\r\n"), { limit: 100 })).toText(), "abcd\r\n");
  assertEquals(await reactor.wait(events, 0), 0);
});

Deno.test("Reactor.deregister() leaves the parked read to whoever fills the reader next: no byte is lost", async () => {
  const [near, far] = memoryPipe();
  const reader = new Reader(near);
  using reactor = new Reactor<string>();
  const source = new ReaderSource(reader);
  reactor.register(source, "a");
  const events = room<string>();
  assertEquals(await reactor.wait(events, 0), 0);
  reactor.deregister(source);
  const filling = reader.fill(); // the read is parked since the wait
  await far.write(encoder.encode("hello"));
  assertEquals([await filling, decoder.decode(reader.take())], [true, "hello"]);
  assertEquals(await reactor.wait(events, 0), 0);
  reactor.register(source, "b");
  assertEquals(await reactor.wait(events, 0), 0); // parks anew
  reactor.deregister(source);
  reactor.register(source, "c"); // while the read is parked
  assertEquals(await reactor.wait(events, 0), 0);
  await far.write(encoder.encode("again"));
  assertEquals([told(events, await reactor.wait(events)), reader.length], [["c:r"], 5]);
});

Deno.test("ReaderSource on a reader with a fill of its user's is an error of the wait", async () => {
  const [near, far] = memoryPipe();
  const reader = new Reader(near);
  using reactor = new Reactor<string>();
  reactor.register(new ReaderSource(reader), "a");
  const filling = reader.fill();
  await assertRejects(() => reactor.wait(room()), TypeError, "Cannot watch as a fill is parked");
  await far.write(encoder.encode("hello"));
  assertEquals([await filling, await reactor.wait(room())], [true, 1]);
});

Deno.test("WriterSource is writable below the high-water mark, and tells of a failure", async () => {
  const [near, far] = memoryPipe({ capacity: 4 });
  const scheduler = new Scheduler(new ManualClock());
  const writer = new Writer(near, { highWaterMark: 5, scheduler });
  using reactor = new Reactor<string>();
  const source = new WriterSource(writer);
  reactor.register(source, "a");
  const events = room<string>();
  for (let again = 0; again < 2; again++) assertEquals(told(events, await reactor.wait(events)), ["a:w"]);
  assertEquals(writer.write(encoder.encode("1234567890")), false);
  await turns();
  assertEquals([await reactor.wait(events, 0), writer.pending], [0, 6]); // 4 are on their way
  const waiting = reactor.wait(events);
  await far.read(new Uint8Array(4));
  assertEquals([told(events, await waiting), writer.pending], [["a:w"], 2]);
  assertEquals([writer.write(encoder.encode("12345")), await reactor.wait(events, 0)], [false, 0]);
  const failing = reactor.wait(events);
  far.close();
  assertEquals(told(events, await failing), ["a:wf"]);
  assertInstanceOf(events[0]!.error, Deno.errors.ConnectionReset);
  assertEquals(told(events, await reactor.wait(events)), ["a:wf"]);
});

Deno.test("DuplexSource tells both directions by one token, as far as they are asked for", async () => {
  const [near, far] = memoryPipe({ capacity: 4 });
  const reader = new Reader(near);
  const writer = new Writer(near, { highWaterMark: 5 });
  using reactor = new Reactor<string>();
  const source = new DuplexSource(reader, writer);
  reactor.register(source, "a", Interest.Readable);
  const events = room<string>();
  assertEquals(await reactor.wait(events, 0), 0); // writable, but nobody asked
  reactor.modify(source, "b", Interest.Both);
  assertEquals(told(events, await reactor.wait(events)), ["b:w"]);
  await far.write(encoder.encode("hi"));
  assertEquals(told(events, await reactor.wait(events)), ["b:rw"]);
  reactor.modify(source, "c", Interest.Readable);
  assertEquals(told(events, await reactor.wait(events)), ["c:r"]);
  reader.take();
  writer.write(encoder.encode("1234567890"));
  reactor.modify(source, "d", Interest.Both);
  assertEquals(await reactor.wait(events, 0), 0);
  const reading = reactor.wait(events);
  await far.write(encoder.encode("ho"));
  assertEquals(told(events, await reading), ["d:r"]);
  reader.take();
  assertEquals(await reactor.wait(events, 0), 0);
  const writing = reactor.wait(events);
  await far.read(new Uint8Array(4));
  assertEquals(told(events, await writing), ["d:w"]);
  far.reset();
  await turns();
  assertEquals(told(events, await reactor.wait(events)), ["d:rwf"]);
  assertInstanceOf(events[0]!.error, Deno.errors.ConnectionReset);
});

Deno.test("DuplexSource that is always writable hears of bytes all the same", async () => {
  const [near, far] = memoryPipe();
  using reactor = new Reactor<string>();
  reactor.register(new DuplexSource(new Reader(near), new Writer(near)), "a");
  const events = room<string>();
  assertEquals(told(events, await reactor.wait(events)), ["a:w"]);
  await far.write(encoder.encode("hi"));
  await turns();
  assertEquals(told(events, await reactor.wait(events)), ["a:rw"]);
});

Deno.test("DuplexSource parks no read for what waits to write only, and tells the writer's error", async () => {
  const [near] = memoryPipe({ capacity: 4 });
  let reads = 0;
  const read = near.read.bind(near);
  near.read = (into) => {
    reads++;
    return read(into);
  };
  const writer = new Writer(near, { highWaterMark: 1 });
  using reactor = new Reactor<string>();
  const source = new DuplexSource(new Reader(near), writer);
  reactor.register(source, "a", Interest.Writable);
  const events = room<string>();
  writer.write(encoder.encode("1234567890"));
  assertEquals([await reactor.wait(events, 0), reads], [0, 0]);
  reactor.modify(source, "a", Interest.Both);
  assertEquals([await reactor.wait(events, 0), reads], [0, 1]);
  writer.abort("enough");
  assertEquals(told(events, await reactor.wait(events)).map((text) => text.includes("f")), [true]);
  reactor.modify(source, "a", Interest.Writable);
  assertEquals([told(events, await reactor.wait(events)), events[0]!.error], [["a:wf"], "enough"]);
});

Deno.test("WriterSource asks a writer once until it is ready, however many waits there are", async () => {
  const [near, far] = memoryPipe({ capacity: 4 });
  const writer = new Writer(near, { highWaterMark: 5 });
  let asked = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  Object.defineProperty(writer, "ready", { get: () => (asked++, promise) });
  const reader = new Reader(near);
  using reactor = new Reactor<string>();
  reactor.register(new DuplexSource(reader, writer), "a");
  writer.write(encoder.encode("1234567890"));
  await far.write(encoder.encode("hi"));
  const events = room<string>();
  for (let wait = 0; wait < 5; wait++) assertEquals(told(events, await reactor.wait(events)), ["a:r"]);
  assertEquals(asked, 1);
  resolve();
});

Deno.test("ListenerSource is readable while a transport waits, and at the end", async () => {
  const { listener, connect } = memoryNetwork();
  using source = new ListenerSource(listener);
  using reactor = new Reactor<string>();
  reactor.register(source, "l");
  const events = room<string>();
  assertEquals([await reactor.wait(events, 0), source.accept()], [0, undefined]);
  const dialled = [await connect({ name: "one" }), await connect({ name: "two" })];
  for (const { localAddr } of dialled) {
    for (let again = 0; again < 2; again++) assertEquals(told(events, await reactor.wait(events)), ["l:r"]);
    const accepted = source.accept();
    assertEquals([accepted?.remoteAddr, source.accept()], [localAddr, undefined]);
    accepted?.close();
  }
  assertEquals(await reactor.wait(events, 0), 0);
  const waiting = reactor.wait(events);
  listener.close();
  assertEquals(told(events, await waiting), ["l:re"]);
  assertEquals([told(events, await reactor.wait(events)), source.accept()], [["l:re"], undefined]);
});

Deno.test("ListenerSource tells a failed accept, throws it once, and accepts on", async () => {
  const { listener, connect } = memoryNetwork();
  const failure = new Error("too many open files");
  const failing: Listener = Object.create(listener, {
    accept: {
      value: () => {
        Object.defineProperty(failing, "accept", { value: () => listener.accept() });
        return Promise.reject(failure);
      },
      configurable: true,
    },
  });
  using source = new ListenerSource(failing);
  using reactor = new Reactor<string>();
  reactor.register(source, "l");
  const events = room<string>();
  assertEquals(told(events, await reactor.wait(events)), ["l:rf"]);
  assertStrictEquals(events[0]!.error, failure);
  assertThrows(() => source.accept(), Error, "too many open files");
  assertEquals([source.error, source.accept(), await reactor.wait(events, 0)], [undefined, undefined, 0]);
  await connect();
  assertEquals(told(events, await reactor.wait(events)), ["l:r"]);
  listener.close();
});

Deno.test("ListenerSource closes what nobody took when it is disposed of, and what it accepts then", async () => {
  for (const when of ["before", "after"]) {
    const { listener, connect } = memoryNetwork();
    const source = new ListenerSource(listener);
    const reactor = new Reactor<string>();
    reactor.register(source, "l");
    assertEquals(await reactor.wait(room(), 0), 0);
    const dialling = when === "before" ? await connect() : undefined;
    await turns();
    reactor.close();
    source[Symbol.dispose]();
    const dialled = dialling ?? await connect();
    assertEquals(await dialled.read(new Uint8Array(1)), null);
    listener.close();
  }
});

Deno.test("Reactor serves an echo over TCP, listener and connections, and learns that an idle peer has gone", async () => {
  using listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  using accepting = new ListenerSource(listener);
  using reactor = new Reactor<ListenerSource | Reader>();
  reactor.register(accepting, accepting);
  const events = room<ListenerSource | Reader>(2);
  const sources = new Map<Reader, { source: ReaderSource; close(): void; writer: Writer }>();
  const clients = await Promise.all(Array.from({ length: 3 }, () => dialTcp({ port: listener.addr.port })));
  const answers = clients.map(async (client, at) => {
    await client.write(encoder.encode(`hello ${at}`));
    const into = new Uint8Array(100);
    const count = await client.read(into) ?? 0;
    client.close();
    return decoder.decode(into.subarray(0, count));
  });
  for (let ended = 0; ended < 3;) {
    const count = await reactor.wait(events);
    for (const { token, ended: over } of events.slice(0, count)) {
      if (token instanceof ListenerSource) {
        const transport = token.accept()!;
        const reader = new Reader(transport, { minRead: 64, initialSize: 64 });
        const source = new ReaderSource(reader);
        sources.set(reader, { source, writer: new Writer(transport), close: () => transport.close() });
        reactor.register(source, reader);
      } else if (over) {
        reactor.deregister(sources.get(token)!.source);
        sources.get(token)!.close();
        ended++;
      } else sources.get(token)!.writer.write(token.take());
    }
  }
  assertEquals(await Promise.all(answers), ["hello 0", "hello 1", "hello 2"]);
  assertEquals(reactor.size, 1);
});

Deno.test("Reactor.wait() with a timeout of 0 tells bytes and ends that are in a socket already", async () => {
  using listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  const client = await dialTcp({ port: listener.addr.port });
  using accepted = await listener.accept();
  using reactor = new Reactor<string>();
  const reader = new Reader(accepted);
  reactor.register(new ReaderSource(reader), "a");
  const events = room<string>();
  assertEquals(await reactor.wait(events, 0), 0);
  await client.write(encoder.encode("hello"));
  assertEquals(told(events, await reactor.wait(events, 0)), ["a:r"]);
  reader.take();
  assertEquals(await reactor.wait(events, 0), 0);
  client.close();
  assertEquals(told(events, await reactor.wait(events, 0)), ["a:re"]);
});

Deno.test("Reactor tells of a socket though another source is always ready", async () => {
  using listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  const client = await dialTcp({ port: listener.addr.port });
  using accepted = await listener.accept();
  using reactor = new Reactor<string>();
  const [pipe] = memoryPipe();
  reactor.register(new WriterSource(new Writer(pipe)), "always");
  reactor.register(new ReaderSource(new Reader(accepted)), "socket");
  await client.write(encoder.encode("hello"));
  const events = room<string>(1);
  for (let waits = 0;; waits++) {
    if (waits === 10_000) throw new Error("Cannot go on as the socket was not told in 10,000 waits");
    const [first] = told(events, await reactor.wait(events));
    if (first === "socket:r") break;
    assertEquals(first, "always:w");
  }
  client.close();
});
