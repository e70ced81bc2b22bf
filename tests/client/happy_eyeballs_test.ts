import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { interlaced, race } from "../../client/happy_eyeballs.ts";
import { HttpClient } from "../../client/mod.ts";
import { ManualClock, Scheduler } from "../../timer/mod.ts";
import { turns } from "../net/turns.ts";
import { rejection } from "./peer.ts";

/** A race whose attempts are settled by hand. */
class Course {
  readonly clock = new ManualClock();
  readonly controller = new AbortController();
  readonly begun: string[] = [];
  readonly closed: string[] = [];
  readonly aborted: string[] = [];
  readonly #attempts = new Map<string, PromiseWithResolvers<Disposable>>();

  run(...addresses: string[]): Promise<Disposable> {
    const options = { scheduler: new Scheduler(this.clock), signal: this.controller.signal };
    return race(addresses, (address, signal) => {
      this.begun.push(address);
      signal.addEventListener("abort", () => this.aborted.push(address));
      const attempt = Promise.withResolvers<Disposable>();
      this.#attempts.set(address, attempt);
      return attempt.promise;
    }, options);
  }

  async succeed(address: string): Promise<Disposable> {
    const connection = { [Symbol.dispose]: () => void this.closed.push(address) };
    this.#attempts.get(address)!.resolve(connection);
    await turns();
    return connection;
  }

  async fail(address: string): Promise<void> {
    this.#attempts.get(address)!.reject(new Error(address));
    await turns();
  }
}

Deno.test("interlaced() lets families take turns, the first address's first (RFC 8305 §4)", () => {
  const rows: [string[], string[]][] = [
    [["::1", "::2", "1.1.1.1", "2.2.2.2"], ["::1", "1.1.1.1", "::2", "2.2.2.2"]],
    [["1.1.1.1", "::1", "::2", "::3"], ["1.1.1.1", "::1", "::2", "::3"]],
    [["::1", "::2", "::3", "1.1.1.1"], ["::1", "1.1.1.1", "::2", "::3"]],
    [["1.1.1.1"], ["1.1.1.1"]],
    [[], []],
  ];
  for (const [given, expected] of rows) assertEquals(interlaced(given), expected);
});

Deno.test("race() tries the next address after 250 ms, and gives up the others once one has won (RFC 8305 §5)", async () => {
  const course = new Course();
  const winner = course.run("::1", "1.1.1.1", "::2");
  assertEquals(course.begun, ["::1"]);
  course.clock.advance(249);
  assertEquals(course.begun, ["::1"]);
  course.clock.advance(1);
  assertEquals(course.begun, ["::1", "1.1.1.1"]);
  const connection = await course.succeed("1.1.1.1");
  assertStrictEquals(await winner, connection);
  assertEquals(course.aborted, ["::1", "1.1.1.1"]);
  await course.succeed("::1");
  assertEquals(course.closed, ["::1"], "what comes too late is closed");
  course.clock.advance(10_000);
  assertEquals(course.begun, ["::1", "1.1.1.1"]);
});

Deno.test("race() tries the next address at once when one has failed", async () => {
  const course = new Course();
  const winner = course.run("::1", "1.1.1.1", "::2");
  await course.fail("::1");
  assertEquals(course.begun, ["::1", "1.1.1.1"]);
  course.clock.advance(249);
  assertEquals(course.begun, ["::1", "1.1.1.1"], "the delay begins anew");
  await course.fail("1.1.1.1");
  assertEquals(course.begun, ["::1", "1.1.1.1", "::2"]);
  assertStrictEquals(await Promise.all([winner, course.succeed("::2")]).then(([won, made]) => won === made), true);
});

Deno.test("race() rejects with the first error once all have failed, and with the signal's reason", async () => {
  const course = new Course();
  const failing = course.run("::1", "1.1.1.1");
  failing.catch(() => {}); // looked at below
  course.clock.advance(250);
  await course.fail("1.1.1.1");
  await course.fail("::1");
  assertEquals(String(await rejection(failing)), "Error: 1.1.1.1");
  const aborted = new Course();
  const going = aborted.run("::1", "1.1.1.1");
  aborted.controller.abort("enough");
  assertEquals(await rejection(going), "enough");
  aborted.clock.advance(10_000);
  assertEquals([aborted.begun, aborted.aborted], [["::1"], ["::1"]]);
  const before = new Course();
  before.controller.abort("no");
  assertEquals([await rejection(before.run("::1")), before.begun], ["no", []]);
  assertInstanceOf(await rejection(new Course().run()), TypeError);
});

Deno.test("HttpClient asks the caller's resolver, and connects to what it gives", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const asked: string[] = [];
  const resolve = (hostname: string) => {
    asked.push(hostname);
    return Promise.resolve(["127.0.0.1"]);
  };
  await using own = new HttpClient({ resolve });
  const response = own.fetch(`http://name.invalid:${listener.addr.port}/`);
  using conn = await listener.accept();
  await conn.read(new Uint8Array(1024));
  await conn.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
  assertEquals([(await response).status, asked], [200, ["name.invalid"]]);
  listener.close();
  await using lost = new HttpClient({ resolve: () => Promise.resolve([]) });
  assertInstanceOf(await rejection(lost.fetch("http://name.invalid/")), TypeError);
});
