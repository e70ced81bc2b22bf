/**
 * Owns the proofs of a stream's states (RFC 9113 §5.1): every state and input against a plain model that keeps the two
 * directions apart, and the lives that streams lead.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { nextStreamState, type StreamInput, StreamState } from "../../http2/mod.ts";

const INPUTS: readonly StreamInput[] = [
  "sendHeaders",
  "receiveHeaders",
  "sendEnd",
  "receiveEnd",
  "sendPush",
  "receivePush",
  "sendReset",
  "receiveReset",
];

/** What one side may do on a stream: nothing yet, only begin (it has promised to), go on, or nothing more. */
type Direction = "untouched" | "promised" | "flowing" | "ended";

/** A stream as its two directions: what is sent here, and what is received. */
interface Model {
  readonly here: Direction;
  readonly there: Direction;
}

const MODELS: Readonly<Record<StreamState, Model>> = {
  [StreamState.Idle]: { here: "untouched", there: "untouched" },
  [StreamState.ReservedLocal]: { here: "promised", there: "ended" },
  [StreamState.ReservedRemote]: { here: "ended", there: "promised" },
  [StreamState.Open]: { here: "flowing", there: "flowing" },
  [StreamState.HalfClosedLocal]: { here: "ended", there: "flowing" },
  [StreamState.HalfClosedRemote]: { here: "flowing", there: "ended" },
  [StreamState.Closed]: { here: "ended", there: "ended" },
};

const CLOSED: Model = { here: "ended", there: "ended" };

/** What an input of this side makes of the directions; the peer's inputs are the same with the sides exchanged. */
function act(what: string, { here, there }: Model): Model | undefined {
  const idle = here === "untouched" && there === "untouched";
  switch (what) {
    case "Headers":
      if (idle) return { here: "flowing", there: "flowing" };
      return here === "promised" || here === "flowing" ? { here: "flowing", there } : undefined;
    case "End":
      return here === "flowing" ? { here: "ended", there } : undefined;
    case "Push":
      return idle ? { here: "promised", there: "ended" } : undefined;
    default: // a reset ends what was begun and goes on
      return idle || (here === "ended" && there === "ended") ? undefined : CLOSED;
  }
}

function exchanged(model: Model | undefined): Model | undefined {
  return model && { here: model.there, there: model.here };
}

function step(model: Model, input: StreamInput): Model | undefined {
  return input.startsWith("send")
    ? act(input.slice("send".length), model)
    : exchanged(act(input.slice("receive".length), exchanged(model)!));
}

for (const [name, state] of Object.entries(StreamState)) {
  Deno.test(`nextStreamState leads from ${name} where the directions do, for every input (§5.1)`, () => {
    for (const input of INPUTS) {
      const to = nextStreamState(state, input);
      assertEquals(to === undefined ? undefined : MODELS[to], step(MODELS[state], input), input);
    }
  });
}

Deno.test("StreamState has seven states with numbers of their own, and each can be reached", () => {
  const states = Object.values(StreamState);
  assertEquals(states, [0, 1, 2, 3, 4, 5, 6]);
  const reached = new Set<StreamState>([StreamState.Idle]);
  for (const state of reached) {
    for (const input of INPUTS) {
      const to = nextStreamState(state, input);
      if (to !== undefined) reached.add(to);
    }
  }
  assertEquals([...reached].sort(), states);
});

/** Gives the state after inputs from the beginning, or the input that had no place. */
function live(...inputs: StreamInput[]): StreamState | StreamInput {
  let state: StreamState = StreamState.Idle;
  for (const input of inputs) {
    const to = nextStreamState(state, input);
    if (to === undefined) return input;
    state = to;
  }
  return state;
}

/** Lives of streams by who looks on: the inputs, and the state at the end or the input that has no place. */
const LIVES: Readonly<Record<string, readonly [inputs: StreamInput[], end: StreamState | StreamInput]>> = {
  "a server answers a GET": [["receiveHeaders", "receiveEnd", "sendHeaders", "sendEnd"], StreamState.Closed],
  "a server informs, answers and adds trailers": [
    ["receiveHeaders", "receiveEnd", "sendHeaders", "sendHeaders", "sendHeaders", "sendEnd"],
    StreamState.Closed,
  ],
  "a server answers before the content has ended": [
    ["receiveHeaders", "sendHeaders", "sendEnd", "receiveHeaders"],
    StreamState.HalfClosedLocal,
  ],
  "a client has its answer": [["sendHeaders", "sendEnd", "receiveHeaders", "receiveEnd"], StreamState.Closed],
  "a server pushes": [["sendPush", "sendHeaders", "sendEnd"], StreamState.Closed],
  "a client is pushed to": [["receivePush", "receiveHeaders", "receiveEnd"], StreamState.Closed],
  "a client refuses a push": [["receivePush", "sendReset"], StreamState.Closed],
  "a client sends on a promised stream (§5.1)": [["sendPush", "receiveHeaders"], "receiveHeaders"],
  "a client resets a stream that is idle (§5.1)": [["receiveReset"], "receiveReset"],
  "a client goes on behind its end (§5.1)": [["receiveHeaders", "receiveEnd", "receiveHeaders"], "receiveHeaders"],
  "a client goes on behind its reset (§5.1)": [["receiveHeaders", "receiveReset", "receiveHeaders"], "receiveHeaders"],
};

for (const [name, [inputs, end]] of Object.entries(LIVES)) {
  Deno.test(`nextStreamState: ${name}`, () => assertStrictEquals(live(...inputs), end));
}

Deno.test("nextStreamState is the same for both ends of a stream, with the sides exchanged", () => {
  const turned = (input: StreamInput): StreamInput => {
    const opposite = input.startsWith("send") ? input.replace("send", "receive") : input.replace("receive", "send");
    return INPUTS.find((known) => known === opposite)!;
  };
  fc.assert(fc.property(fc.array(fc.constantFrom(...INPUTS), { maxLength: 8 }), (inputs) => {
    const one = live(...inputs);
    const other = live(...inputs.map(turned));
    if (typeof one === "string" || typeof other === "string") {
      assertEquals(typeof one === "string" ? turned(one) : one, other);
    } else {
      assertEquals(MODELS[one], exchanged(MODELS[other]));
    }
  }));
});
