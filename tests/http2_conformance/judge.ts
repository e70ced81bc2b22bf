/**
 * Owns the judgement whether what was heard is what a case wants. Knows neither the wire nor who is tested.
 *
 * @module
 */

import type { Frame } from "../../http2/frame.ts";
import { type FrameOf, latin1, type Pair } from "../http2/peer.ts";
import type { Expectation, RequestEcho } from "./cases.ts";

/** What the caller of a client gets. */
export type ClientOutcome =
  | {
    readonly kind: "response";
    readonly status: number;
    readonly body: string;
    readonly trailers: readonly (readonly [name: string, value: string])[];
  }
  /** An error, of the response or of its content; `retryable` where the request was not processed for sure. */
  | { readonly kind: "rejected"; readonly retryable: boolean };

/** What was heard up to now. */
export interface Heard {
  /** The frames, without those of the handshake. */
  readonly frames: readonly Frame[];
  /** The fields of the header block that a frame begins. */
  fieldsOf(frame: FrameOf<"headers">): readonly Pair[];
  /** Whether nothing more can come. */
  readonly over: boolean;
  /** What came and is no frame, an octet a character. */
  readonly text: string;
  /** The side of a client that its caller sees. */
  readonly client?: {
    /** The status that the caller got; 0 where it got an error instead. */
    readonly status: number | undefined;
    /** What the caller gets, once that is known. */
    readonly outcome: ClientOutcome | undefined;
    /** Whether the request was sent again. */
    readonly resent: boolean;
  };
}

/** What a judgement goes by. */
export interface Rules {
  /** The codes by their names. */
  readonly errorCodes: Readonly<Record<string, number>>;
  /** Whether a connection error needs both a GOAWAY and a close (RFC 9113 §5.4.1); the set takes either for enough. */
  readonly isStrict: boolean;
  /** Whether the answer's content tells what the handler saw. */
  readonly echoes: boolean;
  /** Whether the request is malformed: an answer to it can only be of 400 to 499 (RFC 9113 §8.1.1). */
  readonly malformed: boolean;
}

/** `met`; `open` while what is heard next decides; else why it is not met. */
export type Verdict = "met" | "open" | { readonly because: string };

/** Judges what was heard. */
export function judge(expected: Expectation, heard: Heard, rules: Rules): Verdict {
  switch (expected.kind) {
    case "any_of":
      return anyOf(expected.of.map((one) => judge(one, heard, rules)));
    case "connection_error":
      return withRejection(heard, connectionError(expected.codes, heard, rules));
    case "connection_error_or_http1_400":
      return heard.text.startsWith("HTTP/1.1 400 ") ? "met" : connectionError(expected.codes, heard, rules);
    case "stream_error":
      return withRejection(heard, streamError(expected, heard, rules));
    case "response":
      return response(expected, heard, rules);
    case "data":
      return firstData(expected, heard);
    case "ping_ack":
      return pingAck(expected.data, heard);
    case "ping_ack_or_close":
      return heard.over && errorOf(heard) === undefined ? "met" : pingAck(expected.data, heard);
    case "settings_ack":
      return heard.frames.some((frame) => frame.type === "settings" && frame.ack) ? "met" : alive(heard);
    case "first_frame_settings":
      return firstSettings(heard);
    case "client_response":
      return clientResponse(expected, heard);
    case "client_rejects":
      return clientRejects(expected.retryable, heard);
  }
}

function anyOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes("met")) return "met";
  if (verdicts.includes("open")) return "open";
  return no(verdicts.map((verdict) => typeof verdict === "string" ? verdict : verdict.because).join("; "));
}

/** The GOAWAY that tells of an error, if one came. */
function errorOf({ frames }: Heard): FrameOf<"goAway"> | undefined {
  return frames.find((frame) => frame.type === "goAway" && frame.code !== 0) as FrameOf<"goAway"> | undefined;
}

function connectionError(codes: readonly string[], heard: Heard, rules: Rules): Verdict {
  const goAway = errorOf(heard);
  if (goAway !== undefined) {
    const isRight = codes.some((name) => rules.errorCodes[name] === goAway.code);
    return isRight ? "met" : no(`GOAWAY with code ${goAway.code}`);
  }
  if (!heard.over) return "open";
  if (heard.text !== "") return no(`what is no frame: ${JSON.stringify(heard.text.slice(0, 80))}`);
  return rules.isStrict ? no("the end without a GOAWAY") : "met";
}

function streamError(
  expected: Extract<Expectation, { kind: "stream_error" }>,
  heard: Heard,
  rules: Rules,
): Verdict {
  const { stream, codes, or_connection_error = false } = expected;
  if (rules.malformed) {
    const status = headsOf(heard, stream).find((one) => one < 400 || one > 499);
    if (status !== undefined) return no(`an answer ${status} to what is malformed`);
  }
  const reset = heard.frames.find((frame) => frame.type === "rstStream" && frame.streamId === stream);
  if (reset?.type === "rstStream") {
    const isRight = codes.some((name) => rules.errorCodes[name] === reset.code);
    return isRight ? "met" : no(`RST_STREAM with code ${reset.code}`);
  }
  return or_connection_error ? connectionError(codes, heard, rules) : alive(heard);
}

/** A client's caller must hear of an error that its client told the server of. */
function withRejection({ client }: Heard, verdict: Verdict): Verdict {
  if (client === undefined || verdict !== "met") return verdict;
  if (client.resent) return no("the request again");
  if (client.outcome === undefined) return "open";
  return client.outcome.kind === "rejected" ? "met" : no("a whole response for the caller");
}

function response(expected: Extract<Expectation, { kind: "response" }>, heard: Heard, rules: Rules): Verdict {
  const { stream, status = 200, request, max_frame } = expected;
  const frames = heard.frames.filter(({ streamId }) => streamId === stream);
  const end = frames.findIndex((frame) => (frame.type === "headers" || frame.type === "data") && frame.endStream);
  const reset = frames.find((frame) => frame.type === "rstStream");
  if (end < 0) return reset === undefined ? alive(heard) : no(Deno.inspect(reset));
  const received = headsOf(heard, stream).find((one) => one >= 200);
  if (received !== status) return no(`status ${received}`);
  let body = "";
  for (const frame of frames.slice(0, end + 1)) {
    if (frame.type !== "data") continue;
    body += latin1(frame.data);
    if (max_frame !== undefined && frame.data.length > max_frame) return no(`DATA of ${frame.data.length} octets`);
  }
  if (status !== 200 || !rules.echoes) return "met";
  if (max_frame !== undefined && body.length <= max_frame) return no(`only ${body.length} octets`);
  return request === undefined ? "met" : echoed(request, JSON.parse(body));
}

function echoed(request: RequestEcho, seen: RequestEcho): Verdict {
  for (const [member, value] of Object.entries(request)) {
    const received = JSON.stringify(seen[member as keyof RequestEcho]);
    if (received !== JSON.stringify(value)) return no(`a handler that saw the ${member} ${received}`);
  }
  return "met";
}

function firstData({ stream, length }: Extract<Expectation, { kind: "data" }>, heard: Heard): Verdict {
  for (const frame of heard.frames) {
    if (frame.type !== "data" || frame.streamId !== stream || frame.data.length === 0) continue;
    return frame.data.length === length ? "met" : no(`DATA of ${frame.data.length} octets`);
  }
  return alive(heard);
}

function pingAck(data: string, heard: Heard): Verdict {
  for (const frame of heard.frames) {
    if (frame.type !== "ping" || !frame.ack) continue;
    return frame.payload.toHex() === data ? "met" : no(`an answer to PING with ${frame.payload.toHex()}`);
  }
  return alive(heard);
}

function firstSettings(heard: Heard): Verdict {
  const [first] = heard.frames;
  if (first === undefined) return alive(heard);
  return first.type === "settings" && !first.ack ? "met" : no(Deno.inspect(first));
}

function clientResponse(
  { status, body, trailers }: Extract<Expectation, { kind: "client_response" }>,
  { client }: Heard,
): Verdict {
  if (client?.resent) return no("the request again");
  if (client?.status === undefined) return "open"; // over or not: the caller must be told
  if (client.status !== status) return no(`status ${client.status} for the caller`);
  if (body === undefined) return "met";
  const { outcome } = client;
  if (outcome === undefined) return "open";
  const isRight = outcome.kind === "response" && outcome.body === body &&
    (trailers === undefined || JSON.stringify(outcome.trailers) === JSON.stringify(trailers));
  return isRight ? "met" : no(Deno.inspect(outcome));
}

/** A request that may be sent again may have been, by the client itself. */
function clientRejects(retryable: boolean | undefined, { client }: Heard): Verdict {
  if (client?.resent) return retryable === false ? no("the request again") : "met";
  const outcome = client?.outcome;
  if (outcome === undefined) return "open";
  const isRight = outcome.kind === "rejected" && (retryable === undefined || outcome.retryable === retryable);
  return isRight ? "met" : no(Deno.inspect(outcome));
}

/** What is decided by what comes can be decided as long as something may. */
function alive(heard: Heard): Verdict {
  const goAway = errorOf(heard);
  if (goAway !== undefined) return no(`GOAWAY with code ${goAway.code}`);
  return heard.over ? no("the end") : "open";
}

/** The status codes of a stream's heads, in order; not of trailers. */
function headsOf(heard: Heard, streamId: number): number[] {
  return heard.frames.flatMap((frame) => {
    if (frame.type !== "headers" || frame.streamId !== streamId) return [];
    const status = heard.fieldsOf(frame).find(([name]) => name === ":status");
    return status === undefined ? [] : [Number(status[1])];
  });
}

function no(because: string): Verdict {
  return { because };
}
