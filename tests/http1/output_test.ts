/**
 * Owns the proof that an `Output` gives the octets that were pushed, in order and unchanged, against a plain list.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Output } from "../../http1/output.ts";

/** Bytes that tell whose they are and where they stand. */
function bytesOf(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = seed * 31 + at * 7;
  return bytes;
}

/** An output beside a list of what it must give. */
class Pair {
  readonly output = new Output();
  #expected: Uint8Array[] = [];
  #total = 0;
  #sent = 0;
  #out: { readonly view: Uint8Array; readonly copy: Uint8Array } | undefined;
  /** What was out when all was forgotten: its write may still be under way. */
  #forgotten: { readonly view: Uint8Array; readonly copy: Uint8Array } | undefined;

  push(bytes: Uint8Array): void {
    this.output.push(bytes);
    this.#expect(bytes.slice());
  }

  /** Writes into the arena by hand, as heads are written. */
  reserve(bytes: Uint8Array): void {
    const arena = this.output.reserve(bytes.length);
    arena.set(bytes, this.output.at);
    this.output.advance(this.output.at + bytes.length);
    this.#expect(bytes.slice());
  }

  absorb(other: Pair): void {
    this.output.absorb(other.output);
    for (const bytes of other.#expected) this.#expect(bytes);
    other.#expected = [];
    other.#sent = other.#total = other.output.total;
    other.#out = undefined;
    other.check();
  }

  /** Takes a view, if none is out. */
  take(): void {
    if (this.#out !== undefined) return;
    const view = this.output.take();
    assertEquals(view === undefined, this.#total === this.#sent, "there is a view where something waits");
    if (view === undefined) return;
    assert(view.length > 0);
    const copy = view.slice();
    assertEquals(copy, this.#next(copy.length));
    this.#out = { view, copy };
  }

  /** Tells that a part of the view has left: it must be as it was when it was taken, whatever was pushed meanwhile. */
  sent(part: number): void {
    if (this.#out === undefined) return;
    const { view, copy } = this.#out;
    assertEquals(view, copy, "a view that is out was changed");
    const count = Math.max(1, Math.min(view.length, part));
    this.output.sent(count);
    this.#drop(count);
    this.#out = undefined;
  }

  clear(): void {
    this.output.clear();
    this.#expected = [];
    this.#total = this.#sent;
    this.#forgotten = this.#out ?? this.#forgotten;
    this.#out = undefined;
  }

  check(): void {
    const { size, total, sentTotal } = this.output;
    assertEquals([size, total, sentTotal], [this.#total - this.#sent, this.#total, this.#sent]);
    for (const out of [this.#out, this.#forgotten]) {
      if (out !== undefined) assertEquals(out.view, out.copy, "a view that is out was changed");
    }
  }

  /** Takes all that waits. */
  finish(): void {
    this.sent(Infinity);
    while (this.output.size > 0) {
      this.take();
      this.sent(Infinity);
    }
    this.take();
    this.check();
  }

  /** Whether a write is under way, so that the output may not be absorbed. */
  get busy(): boolean {
    return this.#out !== undefined;
  }

  #expect(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#expected.push(bytes);
    this.#total += bytes.length;
  }

  #next(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const piece of this.#expected) {
      const part = piece.subarray(0, length - at);
      bytes.set(part, at);
      at += part.length;
      if (at === length) break;
    }
    assertEquals(at, length, "more is given than was pushed");
    return bytes;
  }

  #drop(count: number): void {
    this.#sent += count;
    for (let left = count; left > 0;) {
      const first = this.#expected[0]!;
      if (first.length > left) {
        this.#expected[0] = first.subarray(left);
        return;
      }
      this.#expected.shift();
      left -= first.length;
    }
  }
}

const length = fc.oneof(
  { weight: 6, arbitrary: fc.nat(300) },
  { weight: 3, arbitrary: fc.nat(20_000) },
  { weight: 2, arbitrary: fc.integer({ min: 60_000, max: 140_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 4096, 4097, 16_384, 16_385, 65_535, 65_536, 65_537) },
);
const step = fc.record({
  who: fc.nat(2),
  what: fc.constantFrom("push", "push", "reserve", "take", "sent", "sent all", "absorb", "clear"),
  length,
});

Deno.test("Output gives what was pushed, in order, and changes no view that is out, whoever shares its arenas", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const pairs = [new Pair(), new Pair(), new Pair()];
      steps.forEach(({ who, what, length }, index) => {
        const pair = pairs[who]!;
        const other = pairs[(who + 1) % 3]!;
        if (what === "push") pair.push(bytesOf(length, index));
        else if (what === "reserve") pair.reserve(bytesOf(Math.min(length, 60_000), index));
        else if (what === "take") pair.take();
        else if (what === "sent") pair.sent(length);
        else if (what === "sent all") pair.sent(Infinity);
        else if (what === "absorb" && !other.busy) pair.absorb(other);
        else if (what === "clear") pair.clear();
        for (const each of pairs) each.check();
      });
      for (const pair of pairs) pair.finish();
    }),
    { numRuns: 300 },
  );
});

Deno.test("Output puts small pieces together, and keeps a large one by reference", () => {
  const output = new Output();
  for (let index = 0; index < 100; index++) output.push(bytesOf(100, index));
  assertEquals(output.take()?.length, 10_000);
  output.sent(10_000);
  const large = bytesOf(1_000_000, 1);
  output.push(large);
  assert(output.take()?.buffer === large.buffer);
});

Deno.test("Output keeps nothing reserved that was not advanced over", () => {
  const output = new Output();
  output.reserve(100).fill(0xff);
  assertEquals([output.size, output.take()], [0, undefined]);
  output.push(Uint8Array.of(1));
  assertEquals(output.take(), Uint8Array.of(1));
});
