/**
 * Owns a client under test that is a bare connection: one request over one transport, without a pool, retries or a clock.
 * Knows no case.
 *
 * @module
 */

import { Http2Connection } from "../../http2/connection.ts";
import type { Http2Event } from "../../http2/events.ts";
import { DEFAULT_HTTP2_LIMITS, DEFAULT_HTTP2_TIMEOUTS } from "../../http2/limits.ts";
import { memoryNetwork, type Transport } from "../../net/mod.ts";
import { latin1, settled } from "../http2/peer.ts";
import type { ClientStage, ClientUnderTest } from "./client_runner.ts";
import type { ClientOutcome } from "./judge.ts";
import type { Cut } from "./server_runner.ts";

const REQUEST = [
  { name: ":method", value: "GET" },
  { name: ":scheme", value: "http" },
  { name: ":path", value: "/" },
  { name: ":authority", value: "localhost" },
];

/** The one request, and the loop that drives its connection. */
class CoreClient implements ClientUnderTest {
  readonly #core = new Http2Connection({
    role: "client",
    limits: DEFAULT_HTTP2_LIMITS,
    timeouts: DEFAULT_HTTP2_TIMEOUTS,
    now: 0,
  });
  readonly #transport: Transport;
  readonly #status = Promise.withResolvers<number>();
  readonly #outcome = Promise.withResolvers<ClientOutcome>();
  #head = 0;
  #body = "";

  constructor(transport: Transport) {
    this.#transport = transport;
    const stream = this.#core.open(REQUEST, "GET", -1);
    this.#core.sendEnd(stream);
    this.#run();
  }

  get status(): Promise<number> {
    return this.#status.promise;
  }

  get outcome(): Promise<ClientOutcome> {
    return this.#outcome.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#transport.close();
    this.#end({ kind: "rejected", retryable: false });
    return Promise.resolve();
  }

  async #run(): Promise<void> {
    try {
      await this.#drive();
    } catch (error) {
      const { BadResource, BrokenPipe, ConnectionReset, Interrupted } = Deno.errors;
      if (![BadResource, BrokenPipe, ConnectionReset, Interrupted].some((gone) => error instanceof gone)) throw error;
    }
    this.#transport.close();
  }

  async #drive(): Promise<void> {
    const core = this.#core;
    const view = new Uint8Array(256 * 1024);
    let start = 0;
    let end = 0;
    for (;;) {
      await this.#flush();
      if (core.end !== "open") return;
      view.copyWithin(0, start, end);
      end -= start;
      start = 0;
      const count = await this.#transport.read(view.subarray(end));
      if (count === null) core.receiveEnd(0);
      else start += core.receive(view, 0, end += count, 0);
      for (const event of core.events.splice(0)) this.#on(event, view);
    }
  }

  async #flush(): Promise<void> {
    for (let output = this.#core.takeOutput(0); output !== undefined; output = this.#core.takeOutput(0)) {
      for (let rest = output; rest.length > 0;) rest = rest.subarray(await this.#transport.write(rest));
      this.#core.sent(output.length, 0);
    }
  }

  #on(event: Http2Event<unknown>, view: Uint8Array): void {
    if (event.type === "response") {
      this.#head = event.head.status;
      this.#status.resolve(this.#head);
      if (event.whole) this.#end({ kind: "response", status: this.#head, body: "", trailers: [] });
    } else if (event.type === "data") {
      this.#body += latin1(view.subarray(event.start, event.end));
      this.#core.consumed(event.stream, event.end - event.start, 0);
    } else if (event.type === "end") {
      const trailers = event.trailers.map(({ name, value }) => [name, value] as const);
      this.#end({ kind: "response", status: this.#head, body: this.#body, trailers });
    } else if (event.type === "reset") this.#end({ kind: "rejected", retryable: event.unprocessed });
    else if (event.type === "error") this.#end({ kind: "rejected", retryable: false });
  }

  #end(outcome: ClientOutcome): void {
    this.#status.resolve(0); // where there was none before
    this.#outcome.resolve(outcome);
  }
}

/** Gives the stage for one request of a bare connection, in memory. */
export function coreClientStage(cut: Cut): ClientStage {
  const { listener, connect } = memoryNetwork(cut === "octets" ? { chunkSize: 1 } : {});
  return {
    listener,
    async start() {
      return new CoreClient(await connect());
    },
    settle: (peer) => settled(peer),
  };
}
