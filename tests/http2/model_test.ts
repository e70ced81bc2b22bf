/**
 * Owns the proof that a server's connection does with each frame, in each state of its stream, what the plain model allows.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import fc from "fast-check";
import { HpackEncoder, type HpackField } from "../../hpack/mod.ts";
import { PREFACE } from "../../http2/frame.ts";
import { CoreHost } from "./core_host.ts";
import { cut, readFrames } from "./core_run.ts";
import {
  CONNECTION_OUTCOMES,
  type ConnectionInput,
  Model,
  type ModelState,
  type Outcome,
  STREAM_OUTCOMES,
  type StreamInput,
} from "./model.ts";
import { CONNECTION_OCTETS, frame, type MakeBlock, STREAM_OCTETS } from "./model_octets.ts";

/** What happens next: a frame on a stream, a frame beside all streams, or an answer by the handler. */
type Step =
  | { readonly type: "stream"; readonly id: number; readonly input: StreamInput }
  | { readonly type: "connection"; readonly input: ConnectionInput }
  | { readonly type: "answer"; readonly id: number };

const STREAM_INPUTS = Object.keys(STREAM_OUTCOMES) as StreamInput[];
const CONNECTION_INPUTS = Object.keys(CONNECTION_OUTCOMES) as ConnectionInput[];

/** A server's connection, its client and its model, step by step. */
class Trial {
  readonly model = new Model();
  readonly #host = new CoreHost({ answers: false });
  readonly #encoder = new HpackEncoder();
  readonly #block: MakeBlock = (fields) =>
    this.#encoder.encodeBlock(fields.map(([name, value]): HpackField => ({ name, value })));
  readonly #octets: boolean;
  #count = 0;

  /** Begins a connection, whose octets come one by one or frame by frame. */
  constructor(octets: boolean) {
    this.#octets = octets;
    this.#host.take();
    this.#send(concat([PREFACE, frame(4, 0, 0), frame(4, 1, 0)]));
    this.#host.take();
  }

  /** Takes a step, and checks what comes of it; gives the outcome. */
  take(step: Step): Outcome {
    const outcome = step.type === "answer" ? this.#answer(step.id) : this.#frame(step);
    if (outcome.startsWith("connection")) return outcome;
    assertEquals(this.#host.seen.length, this.model.requests, `requests after ${Deno.inspect(step)}`);
    for (const { streamId, body, trailers, end } of this.#host.seen) {
      const seen = { body, trailers: trailers.length > 0, end };
      assertEquals(seen, this.model.requestOf(streamId), `stream ${streamId} after ${Deno.inspect(step)}`);
    }
    return outcome;
  }

  #answer(id: number): Outcome {
    const possible = this.model.canAnswer(id);
    this.#host.answer(id);
    const sent = readFrames(this.#host.take());
    const answer = sent.filter((one) => one.type === "headers" || one.type === "data");
    assertEquals(answer.length > 0, possible, `an answer on a stream that is ${this.model.stateOf(id)}`);
    if (!possible) return "ok";
    assert(answer.every(({ streamId }) => streamId === id));
    assertEquals(answer.map((one) => "endStream" in one && one.endStream), [false, true]);
    this.model.answered(id);
    return "ok";
  }

  #frame(step: Exclude<Step, { type: "answer" }>): Outcome {
    const content = `${++this.#count};`;
    const state = step.type === "stream" ? this.model.stateOf(step.id) : "ours";
    this.#send(
      step.type === "stream"
        ? STREAM_OCTETS[step.input](step.id, content, this.#block)
        : CONNECTION_OCTETS[step.input](this.#block),
    );
    const outcome = this.#outcome(step.type === "stream" ? step.id : 0);
    const allowed = step.type === "stream" ? STREAM_OUTCOMES[step.input][state] : CONNECTION_OUTCOMES[step.input];
    const id = step.type === "stream" ? ` on ${step.id}, which is ${state}` : "";
    assert(allowed.includes(outcome), `${step.input}${id}: ${outcome}, allowed ${allowed}`);
    if (step.type === "stream") this.model.apply(step.id, step.input, outcome, content);
    return outcome;
  }

  #send(octets: Uint8Array): void {
    if (!this.#octets) return this.#host.receive(octets);
    for (const piece of cut(octets)) this.#host.receive(piece);
  }

  /** What the connection says to the last frame. */
  #outcome(id: number): Outcome {
    const sent = readFrames(this.#host.take());
    const goAway = sent.find(({ type }) => type === "goAway");
    if (goAway?.type === "goAway") {
      assertEquals(this.#host.error?.code, goAway.code);
      return `connection ${goAway.code}`;
    }
    const resets = sent.filter((one) => one.type === "rstStream");
    assert(resets.every(({ streamId }) => streamId === id), "another stream was reset");
    assert(resets.length <= 1, "reset twice");
    return resets[0] === undefined ? "ok" : `stream ${resets[0].code}`;
  }
}

const on = (id: number, input: StreamInput): Step => ({ type: "stream", id, input });
const answer = (id: number): Step => ({ type: "answer", id });

/** How stream 3 comes into each state. */
const WAYS: Readonly<Record<Exclude<ModelState, "ours">, readonly (readonly Step[])[]>> = {
  idle: [[], [on(1, "request")]],
  open: [[on(3, "request")], [on(3, "request"), on(3, "DATA")]],
  halfClosedLocal: [[on(3, "request"), answer(3)]],
  halfClosedRemote: [[on(3, "request and END_STREAM")], [on(3, "request"), on(3, "trailers")]],
  ended: [
    [on(3, "request and END_STREAM"), answer(3)],
    [on(3, "request"), answer(3), on(3, "DATA and END_STREAM")],
    [on(3, "request and END_STREAM"), answer(3), on(5, "request")],
  ],
  resetByPeer: [
    [on(3, "request"), on(3, "RST_STREAM")],
    [on(3, "request"), answer(3), on(3, "RST_STREAM")],
    [on(3, "request and END_STREAM"), on(3, "RST_STREAM")],
  ],
  resetByUs: [
    [on(3, "malformed request")],
    [on(3, "request"), on(3, "trailers without END_STREAM")],
    [on(3, "request"), on(3, "WINDOW_UPDATE of 0")],
  ],
  skipped: [[on(5, "request")]],
};

Deno.test("Http2Connection.receive does in each state with each frame what RFC 9113 §5.1 allows", () => {
  for (const [state, ways] of Object.entries(WAYS)) {
    for (const way of ways) {
      for (const input of STREAM_INPUTS) {
        for (const octets of [false, true]) {
          const trial = new Trial(octets);
          for (const step of way) trial.take(step);
          assertEquals(trial.model.stateOf(3), state);
          const outcome = trial.take(on(3, input));
          if (outcome.startsWith("connection")) continue;
          trial.take(on(7, "request and END_STREAM")); // the connection goes on, and its tables are in step
          assertEquals(trial.model.stateOf(7), "halfClosedRemote");
        }
      }
    }
  }
});

Deno.test("Http2Connection.receive does beside all streams what RFC 9113 allows", () => {
  for (const input of CONNECTION_INPUTS) {
    for (const way of Object.values(WAYS).flat()) {
      const trial = new Trial(false);
      for (const step of way) trial.take(step);
      const outcome = trial.take({ type: "connection", input });
      if (outcome === "ok") trial.take(on(7, "request and END_STREAM"));
    }
  }
});

const stepOf: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      type: fc.constant("stream" as const),
      id: fc.constantFrom(1, 3, 3, 5, 5, 7, 9, 2),
      input: fc.constantFrom(...STREAM_INPUTS, "request", "request", "DATA", "trailers", "request and END_STREAM"),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("answer" as const), id: fc.constantFrom(1, 3, 5, 7, 9) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("connection" as const), input: fc.constantFrom(...CONNECTION_INPUTS) }),
  },
);

Deno.test("Http2Connection.receive does with any sequence of frames what the model allows", () => {
  fc.assert(
    fc.property(fc.array(stepOf, { minLength: 2, maxLength: 40 }), fc.boolean(), (steps, octets) => {
      const trial = new Trial(octets);
      for (const step of steps) if (trial.take(step).startsWith("connection")) break;
    }),
    { numRuns: 4_000 },
  );
});
