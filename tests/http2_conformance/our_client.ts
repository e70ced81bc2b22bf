/**
 * Owns `HttpClient` as a client under test, in memory: one `fetch` by prior knowledge, and what its caller gets. Knows no case.
 *
 * @module
 */

import { HttpClient, trailersOf } from "../../client/mod.ts";
import { memoryNetwork } from "../../net/mod.ts";
import { ManualClock } from "../../timer/mod.ts";
import { latin1, settled } from "../http2/peer.ts";
import type { ClientStage } from "./client_runner.ts";
import type { ClientOutcome } from "./judge.ts";
import type { Cut } from "./server_runner.ts";

/** Gives the stage for one request of a client whose time stands still. */
export function ourClientStage(cut: Cut): ClientStage {
  const { listener, connect } = memoryNetwork(cut === "octets" ? { chunkSize: 1 } : {});
  return {
    listener,
    start() {
      const client = new HttpClient({ connect, protocols: ["h2"], clock: new ManualClock() });
      const response = client.fetch("http://localhost/");
      return {
        status: response.then(({ status }) => status, () => 0),
        outcome: response.then(outcomeOf).catch((): ClientOutcome => ({ kind: "rejected", retryable: false })),
        [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
      };
    },
    settle: (peer) => settled(peer),
  };
}

async function outcomeOf(response: Response): Promise<ClientOutcome> {
  const body = latin1(await response.bytes());
  return { kind: "response", status: response.status, body, trailers: [...await trailersOf(response)] };
}
