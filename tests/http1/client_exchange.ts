/**
 * Owns one exchange driven by hand over the client's core, cut anywhere: what is sent, what came, how it ended. Decides
 * nothing itself.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Field } from "../../http/fields/field.ts";
import { ClientConnection } from "../../http1/client_connection.ts";
import {
  type ClientConnectionLimits,
  type ClientConnectionTimeouts,
  DEFAULT_CLIENT_LIMITS,
  DEFAULT_CLIENT_TIMEOUTS,
} from "../../http1/client_limits.ts";
import type { ClientRequest } from "../../http1/client_phases.ts";
import { writeRequestHead } from "../../http1/write.ts";

/** Makes a core, at time 0. */
export function connection(
  options: { limits?: Partial<ClientConnectionLimits>; timeouts?: Partial<ClientConnectionTimeouts> } = {},
): ClientConnection {
  return new ClientConnection({
    limits: { ...DEFAULT_CLIENT_LIMITS, ...options.limits },
    timeouts: { ...DEFAULT_CLIENT_TIMEOUTS, ...options.timeouts },
    now: 0,
  });
}

/** Makes a request as the core needs it. */
export function request(method = "GET", options: Partial<ClientRequest> = {}): ClientRequest {
  const into = new Uint8Array(256);
  const target = method === "CONNECT" ? "a:1" : "/";
  const end = writeRequestHead(into, 0, { method, target, host: "a", fields: [] });
  return {
    method,
    head: into.slice(0, end),
    contentLength: 0,
    expectsContinue: false,
    closes: false,
    protocols: [],
    ...options,
  };
}

/** Takes all that waits, as a socket that takes everything; gives it as Latin-1. */
export function send(core: ClientConnection, now = 0): string {
  let text = "";
  for (let view = core.takeOutput(now); view !== undefined; view = core.takeOutput(now)) {
    text += String.fromCharCode(...view);
    core.sent(view.length, now);
  }
  return text;
}

/** What an exchange came to. */
export interface Outcome {
  /** The statuses of the interim responses. */
  readonly interims: number[];
  status: number;
  fields: readonly Field[];
  body: string;
  trailers: readonly Field[];
  /** The kind of the last event; `none` where the head never came. */
  last: "none" | "head" | "end" | "lost" | "late" | "error";
  /** What the connection is then. */
  phase: string;
}

/** Empties the core's events into the outcome; `bytes` is what their ranges are of. */
export function collect(core: ClientConnection, bytes: Uint8Array, outcome: Outcome): void {
  for (const event of core.events.splice(0)) {
    switch (event.type) {
      case "informational":
        outcome.interims.push(event.head.status);
        break;
      case "head":
        outcome.status = event.head.status;
        outcome.fields = event.head.fields();
        outcome.last = "head";
        break;
      case "data":
        outcome.body += String.fromCharCode(...bytes.subarray(event.start, event.end));
        break;
      case "end":
        outcome.trailers = event.trailers;
        outcome.last = "end";
        break;
      case "continue":
        break;
      default:
        outcome.last = event.type;
    }
  }
  outcome.phase = core.readPhase;
}

/** An outcome of nothing yet. */
export function noOutcome(): Outcome {
  return { interims: [], status: 0, fields: [], body: "", trailers: [], last: "none", phase: "idle" };
}

/**
 * Gives the answer to a request piece by piece, each in a buffer of its own with what was left unread before it, and then
 * the end of the peer's side if it closes.
 */
export function exchange(pieces: readonly Uint8Array[], asked: ClientRequest, closes: boolean): Outcome {
  const core = connection();
  const outcome = noOutcome();
  core.request(asked, null, 0);
  send(core);
  let unread = new Uint8Array(0);
  for (const piece of pieces) {
    const bytes = new Uint8Array(3 + unread.length + piece.length).fill(0x21);
    bytes.set(unread, 3);
    bytes.set(piece, 3 + unread.length);
    const used = core.receive(bytes, 3, bytes.length, 1);
    collect(core, bytes, outcome);
    unread = bytes.slice(3 + used);
  }
  if (closes) {
    core.receiveEnd(2);
    collect(core, unread, outcome);
  }
  return outcome;
}

/** Runs an exchange whole, octet by octet and cut at each offset; all must come to the same. */
export function exchangeOnEverySplit(answer: Uint8Array, asked: ClientRequest, closes: boolean, label = ""): Outcome {
  const whole = exchange([answer], asked, closes);
  assertEquals(exchange([...answer].map((octet) => new Uint8Array([octet])), asked, closes), whole, `${label} octets`);
  for (let cut = 1; cut < answer.length; cut++) {
    const pieces = [answer.subarray(0, cut), answer.subarray(cut)];
    assertEquals(exchange(pieces, asked, closes), whole, `${label} cut at ${cut}`);
  }
  return whole;
}
