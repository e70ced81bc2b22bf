/**
 * Owns the fuzz target of a server's connection: requests, pipelined or not, with a handler that answers each once it is
 * whole.
 *
 * @module
 */

import { head, ServerWire } from "../http1/server_wire.ts";
import { targets as codec } from "./http1_fuzz.ts";
import type { FuzzTarget, Random } from "./target.ts";

const requests = codec.find(({ name }) => name === "http1-requests")!;

/** What a connection came to. */
interface Outcome {
  readonly sent: string;
  readonly seen: readonly string[];
  readonly end: string;
}

/** Gives the pieces to a connection, ends the peer's side, and tells what came of it. */
function serve(pieces: readonly string[]): Outcome {
  const wire = new ServerWire();
  let errors = 0;
  wire.onEvent = (event) => {
    if (errors > 0) throw new Error(`Cannot serve as an error must be the last event: received ${event.type}`);
    if (event.type === "error") errors++;
    if (event.type === "request") wire.core.wantContent(event.exchange, wire.now);
    const { exchange } = event;
    if (exchange?.received && exchange.phase === "pending" && event.type !== "error") {
      exchange.respond(head(), "served");
    }
  };
  for (const piece of pieces) wire.receive(piece);
  wire.receiveEnd();
  const sent = wire.take().replaceAll("HTTP/1.1 100 Continue\r\n\r\n", ""); // not sent where content came without it
  const seen = wire.exchanges.map((exchange) => `${exchange.head.target} ${wire.content.get(exchange)}`);
  if (wire.core.deadline !== Infinity) throw new Error("Cannot end as no deadline must be left");
  if (wire.core.end !== "finish") throw new Error(`Cannot end as all must be over: received ${wire.core.end}`);
  return { sent, seen, end: wire.core.end };
}

function cut(text: string, random: Random): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length;) {
    const end = Math.min(text.length, at + 1 + random.below(random.pick([1, 4, 64])));
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}

/** The fuzz target of a server's connection. */
export const targets: readonly FuzzTarget[] = [
  {
    name: "http1-server",
    words: [...requests.words, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"],
    corpus: () => requests.corpus(),
    run: (input, random) => {
      let text = "";
      for (const octet of input) text += String.fromCharCode(octet);
      const [whole, pieces] = [serve([text]), serve(cut(text, random))];
      if (JSON.stringify(whole) !== JSON.stringify(pieces)) {
        throw new Error(
          `Cannot serve input as its outcome must not hang on how it is cut: ` +
            `${JSON.stringify(whole)}, ${JSON.stringify(pieces)}`,
        );
      }
    },
  },
];
