/**
 * Owns a plain model of a server's streams (RFC 9113 §5.1): for each state and each frame of a client's, what may come of it.
 * Knows nothing of the implementation; where the RFC leaves a choice, all of its outcomes are allowed.
 *
 * @module
 */

/** The states of a stream. What §5.1 calls closed is four, as they differ in what may still come. */
export type ModelState =
  | "idle"
  /** The server's own, of which the client can't know anything. */
  | "ours"
  | "open"
  | "halfClosedLocal"
  | "halfClosedRemote"
  /** Closed by END_STREAM, both ways. */
  | "ended"
  | "resetByPeer"
  | "resetByUs"
  /** Closed unused, as a later one was opened (§5.1.1). */
  | "skipped";

/** What a client sends on a stream. */
export type StreamInput =
  | "request"
  | "request and END_STREAM"
  | "malformed request"
  | "request that depends on itself"
  | "trailers"
  | "trailers without END_STREAM"
  | "DATA"
  | "DATA and END_STREAM"
  | "DATA, padded too much"
  | "RST_STREAM"
  | "RST_STREAM of 3 octets"
  | "WINDOW_UPDATE"
  | "WINDOW_UPDATE of 0"
  | "WINDOW_UPDATE beyond 2^31-1"
  | "WINDOW_UPDATE of 3 octets"
  | "PRIORITY"
  | "PRIORITY on itself"
  | "PRIORITY of 4 octets";

/** What a client sends on the connection, or where it must not. */
export type ConnectionInput =
  | "PING"
  | "PING answer"
  | "SETTINGS"
  | "SETTINGS answer"
  | "unknown frame"
  | "CONTINUATION alone"
  | "PUSH_PROMISE"
  | "block with a PING in it"
  | "HEADERS on 0"
  | "DATA on 0"
  | "RST_STREAM on 0"
  | "PRIORITY on 0"
  | "PING on 1"
  | "PING of 7 octets"
  | "SETTINGS on 1"
  | "SETTINGS of 5 octets"
  | "SETTINGS answer of 6 octets"
  | "GOAWAY on 1"
  | "GOAWAY of 7 octets"
  | "PRIORITY_UPDATE"
  | "PRIORITY_UPDATE on 1"
  | "PRIORITY_UPDATE for 0"
  | "PRIORITY_UPDATE for 2"
  | "PRIORITY_UPDATE of 3 octets"
  | "WINDOW_UPDATE on 0"
  | "WINDOW_UPDATE of 0 on 0"
  | "WINDOW_UPDATE beyond 2^31-1 on 0";

/** What comes of a frame: nothing but what it asks for, or an error of a stream or the connection, with its code. */
export type Outcome = "ok" | `stream ${number}` | `connection ${number}`;

const C1 = "connection 1"; // PROTOCOL_ERROR
const C3 = "connection 3"; // FLOW_CONTROL_ERROR
const C5 = "connection 5"; // STREAM_CLOSED
const C6 = "connection 6"; // FRAME_SIZE_ERROR
const S1 = "stream 1";
const S3 = "stream 3";
const S5 = "stream 5";
const S6 = "stream 6";

/** §5.1, closed: an error, or minimal processing and silence. */
const LATE: readonly Outcome[] = [C5, S5, "ok"];
/** §5.1.1, §5.1: the stream is closed, and its identifier out of order. */
const UNORDERED: readonly Outcome[] = [C1, C5];

type Row = Readonly<Record<ModelState, readonly Outcome[]>>;

function row(
  live: Pick<Record<ModelState, readonly Outcome[]>, "idle" | "open" | "halfClosedLocal" | "halfClosedRemote">,
  rest: Partial<Row> = {},
): Row {
  return { ours: [C1], ended: LATE, resetByPeer: LATE, resetByUs: ["ok"], skipped: UNORDERED, ...live, ...rest };
}

/** The same outcomes wherever the frame comes. */
function always(...outcomes: Outcome[]): Row {
  const live = { idle: outcomes, open: outcomes, halfClosedLocal: outcomes, halfClosedRemote: outcomes };
  return row(live, { ours: outcomes, ended: outcomes, resetByPeer: outcomes, resetByUs: outcomes, skipped: outcomes });
}

/** A frame that a closed stream may get for a while (§5.1, closed; §6.4, §6.9). */
function untilLate(idle: Outcome, live: Outcome, closed: readonly Outcome[] = ["ok"]): Row {
  return row({ idle: [idle], open: [live], halfClosedLocal: [live], halfClosedRemote: [live] }, {
    ended: closed,
    resetByPeer: closed,
    resetByUs: closed,
    skipped: ["ok", ...UNORDERED],
  });
}

/** A field block on a stream that has one (§8.1): trailers, which end the stream and have no pseudo-header fields. */
const AGAIN = { open: [S1], halfClosedLocal: [S1], halfClosedRemote: [S5, S1] } as const;

/** What may come of each frame in each state. */
export const STREAM_OUTCOMES: Readonly<Record<StreamInput, Row>> = {
  "request": row({ idle: ["ok"], ...AGAIN }),
  "request and END_STREAM": row({ idle: ["ok"], ...AGAIN }),
  "malformed request": row({ idle: [S1], ...AGAIN }),
  "request that depends on itself": row({ idle: [S1], ...AGAIN }), // §5.3.1 of RFC 7540
  "trailers": row({ idle: [S1], open: ["ok"], halfClosedLocal: ["ok"], halfClosedRemote: [S5] }),
  "trailers without END_STREAM": row({ idle: [S1], ...AGAIN }),
  "DATA": row({ idle: [C1], open: ["ok"], halfClosedLocal: ["ok"], halfClosedRemote: [S5] }),
  "DATA and END_STREAM": row({ idle: [C1], open: ["ok"], halfClosedLocal: ["ok"], halfClosedRemote: [S5] }),
  "DATA, padded too much": always(C1), // §6.1
  "RST_STREAM": untilLate(C1, "ok"),
  "RST_STREAM of 3 octets": always(C6), // §6.4
  "WINDOW_UPDATE": untilLate(C1, "ok"),
  "WINDOW_UPDATE of 0": untilLate(C1, S1, ["ok", S1]),
  "WINDOW_UPDATE beyond 2^31-1": untilLate(C1, S3, ["ok", S3]),
  "WINDOW_UPDATE of 3 octets": always(C6), // §6.9
  "PRIORITY": always("ok"), // §5.3.2
  "PRIORITY on itself": row(
    { idle: [S1, C1], open: [S1], halfClosedLocal: [S1], halfClosedRemote: [S1] },
    {
      ours: [S1, C1],
      ended: ["ok", S1, C1],
      resetByPeer: ["ok", S1, C1],
      resetByUs: ["ok", S1, C1],
      skipped: ["ok", S1, C1],
    },
  ),
  "PRIORITY of 4 octets": row( // §6.3
    { idle: [S6, C6], open: [S6], halfClosedLocal: [S6], halfClosedRemote: [S6] },
    {
      ours: [S6, C6],
      ended: ["ok", S6, C6],
      resetByPeer: ["ok", S6, C6],
      resetByUs: ["ok", S6, C6],
      skipped: ["ok", S6, C6],
    },
  ),
};

/** What may come of each frame that belongs to no stream, or should. */
export const CONNECTION_OUTCOMES: Readonly<Record<ConnectionInput, readonly Outcome[]>> = {
  "PING": ["ok"],
  "PING answer": ["ok"],
  "SETTINGS": ["ok"],
  "SETTINGS answer": ["ok", C1],
  "unknown frame": ["ok"], // §4.1
  "CONTINUATION alone": [C1], // §6.10
  "PUSH_PROMISE": [C1], // §8.4
  "block with a PING in it": [C1], // §4.3
  "HEADERS on 0": [C1],
  "DATA on 0": [C1],
  "RST_STREAM on 0": [C1],
  "PRIORITY on 0": [C1],
  "PING on 1": [C1], // §6.7
  "PING of 7 octets": [C6],
  "SETTINGS on 1": [C1], // §6.5
  "SETTINGS of 5 octets": [C6],
  "SETTINGS answer of 6 octets": [C6],
  "GOAWAY on 1": [C1], // §6.8
  "GOAWAY of 7 octets": [C6],
  "PRIORITY_UPDATE": ["ok"], // RFC 9218 §7.1, as all that follow
  "PRIORITY_UPDATE on 1": [C1],
  "PRIORITY_UPDATE for 0": [C1],
  "PRIORITY_UPDATE for 2": [C1], // a push that was never promised
  "PRIORITY_UPDATE of 3 octets": [C6],
  "WINDOW_UPDATE on 0": ["ok"],
  "WINDOW_UPDATE of 0 on 0": [C1], // §6.9
  "WINDOW_UPDATE beyond 2^31-1 on 0": [C3], // §6.9.1
};

/** What a handler is to have seen of a request. */
export interface ModelRequest {
  body: string;
  trailers: boolean;
  /** As the handler sees it: a stream that was closed before it was answered was reset. */
  end: "open" | "whole" | "reset";
}

/** The streams of one connection, as the model has them. */
export class Model {
  readonly #states = new Map<number, ModelState>();
  readonly #requests = new Map<number, ModelRequest>();
  #highest = 0;

  /** A stream's state. */
  stateOf(id: number): ModelState {
    const known = this.#states.get(id);
    if (known !== undefined) return known;
    if (id % 2 === 0) return "ours";
    return id < this.#highest ? "skipped" : "idle";
  }

  /** What the handler is to have seen of a stream; `undefined` for nothing. */
  requestOf(id: number): ModelRequest | undefined {
    return this.#requests.get(id);
  }

  /** How many requests the handler is to have seen. */
  get requests(): number {
    return this.#requests.size;
  }

  /** Whether the handler could answer a stream now. */
  canAnswer(id: number): boolean {
    return ["open", "halfClosedRemote"].includes(this.stateOf(id));
  }

  /** The handler has answered, and the answer was sent. */
  answered(id: number): void {
    this.#states.set(id, this.stateOf(id) === "open" ? "halfClosedLocal" : "ended");
  }

  /** A frame came, and this was its outcome, which was one of those that are allowed. */
  apply(id: number, input: StreamInput, outcome: Outcome, content: string): void {
    const state = this.stateOf(id);
    if (outcome.startsWith("stream")) return this.#reset(id, "resetByUs");
    if (outcome !== "ok") return;
    if (state === "idle" && input.startsWith("request")) this.#begin(id);
    const isReceiving = ["idle", "open", "halfClosedLocal"].includes(state);
    if (!isReceiving) {
      if (input === "RST_STREAM" && state === "halfClosedRemote") this.#reset(id, "resetByPeer");
      return;
    }
    if (input === "RST_STREAM") this.#reset(id, "resetByPeer");
    const request = this.#requests.get(id);
    if (request === undefined) return;
    if (input.startsWith("DATA")) request.body += content;
    if (input === "trailers") request.trailers = true;
    if (input === "trailers" || input.endsWith("and END_STREAM")) this.#end(id, request);
  }

  #begin(id: number): void {
    this.#highest = id;
    this.#states.set(id, "open");
    this.#requests.set(id, { body: "", trailers: false, end: "open" });
  }

  #end(id: number, request: ModelRequest): void {
    request.end = "whole";
    this.#states.set(id, this.stateOf(id) === "halfClosedLocal" ? "ended" : "halfClosedRemote");
  }

  #reset(id: number, state: "resetByPeer" | "resetByUs"): void {
    if (["ours", "ended", "resetByPeer", "resetByUs"].includes(this.stateOf(id))) return;
    this.#highest = Math.max(this.#highest, id);
    this.#states.set(id, state);
    const request = this.#requests.get(id);
    if (request !== undefined) request.end = "reset";
  }
}
