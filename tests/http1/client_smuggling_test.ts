/**
 * Owns the run of the response cases over the client's core: what its caller sees, and whether the connection may be used
 * again. Over a whole client they run where the client is.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { loadVectors, vectorTest } from "../vectors.ts";
import { type Expected, octetsOf, type ResponseCase } from "./smuggling_cases.ts";
import { exchangeOnEverySplit, type Outcome, request } from "./client_exchange.ts";

function gives(outcome: Outcome, expected: Expected): boolean {
  switch (expected.outcome) {
    case "any":
      return expected.of!.some((one) => gives(outcome, one));
    case "error":
      return outcome.status === 0 && (outcome.last === "error" || outcome.last === "lost");
    case "body-error":
      return outcome.status !== 0 && (outcome.last === "error" || outcome.last === "lost");
    case "tunnel":
      return outcome.phase === "switched";
    case "ok":
      return outcome.last === "end" && outcome.status === expected.status && outcome.body === expected.body &&
        Object.entries(expected.headers ?? {}).every(([name, value]) =>
          outcome.fields.some((field) => field.name === name.toLowerCase() && field.value === value)
        );
    default:
      throw new Error(`Cannot judge case as its outcome must be known: received ${expected.outcome}`);
  }
}

vectorTest(
  "ClientConnection decides the response cases on every split",
  () => loadVectors<{ cases: ResponseCase[] }>("smuggling", "responses.json"),
  async ({ cases }) => {
    const others: string[] = [];
    for (const test of cases) {
      const bytes = await octetsOf(test);
      const cut = bytes.length > 4096 ? bytes.subarray(0, 4096) : bytes; // the limit has acted long before
      const outcome = exchangeOnEverySplit(cut, request(test.request_method), test.server_closes_after, test.id);
      assert(gives(outcome, test.expect), `${test.id} ${test.name}: ${JSON.stringify(outcome)}`);
      if (test.expect.of !== undefined && !gives(outcome, test.expect.of[0]!)) others.push(test.id);
      const { reusable } = test.expect;
      if (reusable !== undefined) assertEquals(outcome.phase === "idle", reusable, `${test.id} ${test.name}`);
    }
    assertEquals(others, [], "cases in which ours is not the outcome that is advised first");
    assert(cases.length > 100);
  },
);
