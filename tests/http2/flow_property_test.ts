/**
 * Owns the proof that a connection never sends more content than its peer gives room for, whatever room that is and however it
 * changes, and all of it in the end (RFC 9113 §5.2, §6.9).
 *
 * @module
 */

import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { HpackEncoder } from "../../hpack/mod.ts";
import { DEFAULT_FRAME_SIZE, DEFAULT_WINDOW, type Frame, MAX_WINDOW, PREFACE } from "../../http2/frame.ts";
import { encodeFrame } from "../../http2/frame_encode.ts";
import { CoreHost } from "./core_host.ts";
import { readFrames } from "./core_run.ts";
import { get } from "./peer.ts";

/** What the client does next. */
type Step =
  | { readonly type: "request"; readonly size: number }
  | { readonly type: "grant"; readonly stream: number; readonly increment: number }
  | { readonly type: "window"; readonly size: number }
  | { readonly type: "frame"; readonly size: number }
  | { readonly type: "reset"; readonly stream: number };

/** What the client knows of one of its streams. */
interface Incoming {
  readonly size: number;
  credit: number;
  received: number;
  end: "open" | "whole" | "reset";
}

/** A client that counts what it gave. */
class Client {
  readonly streams: Incoming[] = [];
  readonly #encoder = new HpackEncoder();
  readonly #host = new CoreHost({ contentOf: ({ path }) => new Uint8Array(Number(path.slice(1))) });
  #credit = DEFAULT_WINDOW;
  #initial = DEFAULT_WINDOW;
  #maxFrame = DEFAULT_FRAME_SIZE;

  constructor() {
    this.#host.receive(PREFACE);
    this.#send(settings());
  }

  take(step: Step): void {
    switch (step.type) {
      case "request":
        return this.#request(step.size);
      case "grant":
        return this.#grant(step.stream, step.increment);
      case "window":
        for (const stream of this.streams) stream.credit += step.size - this.#initial;
        this.#initial = step.size;
        return this.#send(settings([4, step.size]));
      case "frame":
        this.#maxFrame = step.size;
        return this.#send(settings([5, step.size]));
      case "reset":
        return this.#reset(step.stream);
    }
  }

  /** Gives room for everything that is still to come. */
  finish(): void {
    this.take({ type: "window", size: MAX_WINDOW >>> 1 });
    this.#grant(0, MAX_WINDOW >>> 1);
    for (const { end, received, size } of this.streams) {
      assertEquals([end, end === "reset" ? size : received], [end === "reset" ? "reset" : "whole", size]);
    }
    assert(this.#host.core.flushed);
    assertEquals(this.#host.core.openStreams, 0);
  }

  #request(size: number): void {
    const fragment = this.#encoder.encodeBlock(get(`/${size}`).map(([name, value]) => ({ name, value })));
    this.streams.push({ size, credit: this.#initial, received: 0, end: "open" });
    this.#send({ type: "headers", streamId: 2 * this.streams.length - 1, endStream: true, endHeaders: true, fragment });
  }

  /** Stream 0 is the connection, 1 the first request's. */
  #grant(index: number, increment: number): void {
    const stream = this.streams[index - 1];
    if (index > 0 && stream === undefined) return;
    if (stream === undefined) this.#credit += increment;
    else stream.credit += increment;
    this.#send({ type: "windowUpdate", streamId: index === 0 ? 0 : 2 * index - 1, increment });
  }

  #reset(index: number): void {
    const stream = this.streams[index - 1];
    if (stream === undefined || stream.end !== "open") return;
    stream.end = "reset";
    this.#send({ type: "rstStream", streamId: 2 * index - 1, code: 8 });
  }

  #send(frame: Frame): void {
    this.#host.receive(encodeFrame(frame));
    for (const sent of readFrames(this.#host.take())) this.#hear(sent);
  }

  #hear(frame: Frame): void {
    assert(frame.type !== "goAway" && frame.type !== "rstStream", Deno.inspect(frame));
    if (frame.type !== "headers" && frame.type !== "data") return;
    const stream = this.streams[(frame.streamId - 1) / 2]!;
    assertEquals(stream.end, "open", "nothing comes behind the end");
    const { length } = frame.type === "data" ? frame.data : "";
    assertLessOrEqual(length, this.#maxFrame);
    assertLessOrEqual(length, Math.max(0, stream.credit));
    assertLessOrEqual(length, this.#credit);
    stream.credit -= length;
    this.#credit -= length;
    stream.received += length;
    if (frame.endStream) stream.end = "whole";
  }
}

function settings(...entries: [id: number, value: number][]): Frame {
  return { type: "settings", streamId: 0, ack: false, entries };
}

const stepOf: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("request" as const), size: fc.oneof(fc.nat(200_000), fc.nat(10), fc.constant(0)) }),
  fc.record({
    type: fc.constant("grant" as const),
    stream: fc.nat(5),
    increment: fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 10 })),
  }),
  fc.record({ type: fc.constant("window" as const), size: fc.oneof(fc.nat(100_000), fc.nat(3)) }),
  fc.record({ type: fc.constant("frame" as const), size: fc.integer({ min: DEFAULT_FRAME_SIZE, max: 100_000 }) }),
  fc.record({ type: fc.constant("reset" as const), stream: fc.integer({ min: 1, max: 5 }) }),
);

Deno.test("Http2Connection.takeOutput keeps to every window, and sends all that was answered once there is room", () => {
  fc.assert(
    fc.property(fc.array(stepOf, { minLength: 1, maxLength: 40 }), (steps) => {
      const client = new Client();
      for (const step of steps) client.take(step);
      client.finish();
    }),
    { numRuns: 2_000 },
  );
});
