/**
 * Proves that an Output gives what was pushed, in order, whatever is pushed and sent in between. Knows no protocol.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { concat, equals } from "@std/bytes";
import fc from "fast-check";
import { COPY_BYTES, Output } from "../../http1/output.ts";

/** What a step of the property does. */
type Step =
  | { readonly kind: "push"; readonly length: number }
  | { readonly kind: "write"; readonly length: number }
  | { readonly kind: "take" }
  | { readonly kind: "sent"; readonly share: number };

const length = fc.oneof(
  fc.nat(40),
  fc.nat(6_000),
  fc.integer({ min: COPY_BYTES - 2, max: COPY_BYTES + 2 }),
  fc.nat(300_000),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("push" as const), length }),
  fc.record({ kind: fc.constant("write" as const), length: fc.nat(COPY_BYTES) }),
  fc.record({ kind: fc.constant("take" as const) }),
  fc.record({ kind: fc.constant("sent" as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
);

let next = 0;

/** Octets unlike those before them. */
function octets(length: number): Uint8Array {
  return Uint8Array.from({ length }, () => next++ % 251);
}

/** Lets an output do the steps, and compares each view, while it is out, and all that left with what was pushed. */
function runSteps(output: Output, steps: readonly Step[]): void {
  const pushed: Uint8Array[] = [];
  const left: Uint8Array[] = [];
  let view: Uint8Array | undefined;
  let copy = new Uint8Array(0);
  const send = (count: number) => {
    if (view === undefined) return;
    assert(equals(view, copy), "a view changed while it was out");
    left.push(copy.slice(0, count));
    output.sent(count);
    view = undefined;
  };
  const take = () => {
    view ??= output.take();
    copy = view?.slice() ?? copy;
  };
  for (const step of steps) {
    if (step.kind === "take") take();
    else if (step.kind === "sent") send(Math.ceil(copy.length * step.share));
    else {
      const bytes = octets(step.length);
      pushed.push(bytes.slice());
      if (step.kind === "push") output.push(bytes);
      else {
        output.reserve(bytes.length).set(bytes, output.at);
        output.advance(output.at + bytes.length);
      }
    }
    assertEquals(output.size, sum(pushed) - sum(left));
    assertEquals(output.sentTotal, output.total - output.size);
  }
  for (send(copy.length), take(); view !== undefined; take()) send(copy.length);
  assert(equals(concat(left), concat(pushed)), "what left is not what was pushed");
  assertEquals(output.size, 0);
}

function sum(parts: readonly Uint8Array[]): number {
  return parts.reduce((length, part) => length + part.length, 0);
}

Deno.test("Output gives what was pushed, in order, and leaves a view alone while it is out", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.array(step, { maxLength: 30 }), (one, other) => {
      runSteps(new Output(), one); // two, as they share their spare arenas
      runSteps(new Output(), other);
    }),
    { numRuns: 150 },
  );
});

Deno.test("Output.absorb() takes all that another holds, which may be used on", () => {
  const first = new Output();
  const second = new Output();
  const parts = [10, 5_000, COPY_BYTES + 1, 20, COPY_BYTES, 200_000].map(octets);
  for (const [index, part] of parts.entries()) (index < 1 ? first : second).push(part);
  first.absorb(second);
  second.push(octets(COPY_BYTES)); // whatever it writes now must not be seen through the first
  const left: Uint8Array[] = [];
  for (let view = first.take(); view !== undefined; view = first.take()) {
    left.push(view.slice());
    first.sent(view.length);
  }
  assert(equals(concat(left), concat(parts)));
  assertEquals(second.size, COPY_BYTES);
});

Deno.test("Output.clear() forgets what waits, and doesn't count it as sent", () => {
  const output = new Output();
  output.push(octets(10));
  output.sent(output.take()!.length);
  output.push(octets(COPY_BYTES + 1));
  const mark = output.total;
  output.clear();
  assertEquals([output.size, output.take(), output.sentTotal], [0, undefined, 10]);
  assert(output.sentTotal < mark);
});
