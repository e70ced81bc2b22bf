/**
 * Owns the shape of the recorded conversations, and their steps as octets; knows neither how they are held nor how they are
 * judged.
 *
 * @module
 */

import { concat } from "@std/bytes";
import { loadVectors } from "../vectors.ts";

/** What a case wants to come of it. */
export type Expectation =
  /** A GOAWAY with one of the codes, or a close without one (RFC 9113 §5.4.1). */
  | { readonly kind: "connection_error"; readonly codes: readonly string[] }
  /** The same, or an answer 400 of HTTP/1.1. */
  | { readonly kind: "connection_error_or_http1_400"; readonly codes: readonly string[] }
  /** A RST_STREAM with one of the codes (RFC 9113 §5.4.2), or the equivalent connection error where that is allowed. */
  | {
    readonly kind: "stream_error";
    readonly stream: number;
    readonly codes: readonly string[];
    readonly or_connection_error?: boolean;
  }
  /** A whole response; 200 where no status is named. */
  | {
    readonly kind: "response";
    readonly stream: number;
    readonly status?: number;
    readonly request?: RequestEcho;
    readonly max_frame?: number;
  }
  /** The stream's first DATA frame that isn't empty has this length. */
  | { readonly kind: "data"; readonly stream: number; readonly length: number }
  | { readonly kind: "ping_ack"; readonly data: string }
  | { readonly kind: "ping_ack_or_close"; readonly data: string }
  | { readonly kind: "settings_ack" }
  | { readonly kind: "first_frame_settings" }
  /** What the client's caller gets. */
  | {
    readonly kind: "client_response";
    readonly status: number;
    readonly body?: string;
    readonly trailers?: readonly (readonly [name: string, value: string])[];
  }
  /** The client's caller gets an error; where the request may be sent again, it may have been. */
  | { readonly kind: "client_rejects"; readonly retryable?: boolean }
  | { readonly kind: "any_of"; readonly of: readonly Expectation[] };

/** What a handler saw of a request; what is left out does not matter. */
export interface RequestEcho {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly trailers?: readonly (readonly [name: string, value: string])[];
}

/** Frames to send, in hexadecimal digits. */
interface SendStep {
  readonly send: readonly (string | { readonly hex: string; readonly repeat: number })[];
}

/** What to wait for before the next step. */
export interface AwaitStep {
  readonly await: "end_stream" | "settings_ack";
  readonly stream?: number;
}

type RecordedStep = SendStep | AwaitStep | { readonly close: true };

/** One step of a conversation. */
export type Step =
  | { readonly type: "send"; readonly octets: Uint8Array }
  | { readonly type: "await"; readonly event: AwaitStep["await"]; readonly streamId: number }
  | { readonly type: "close" };

/** Parameters of a SETTINGS frame by their names in the RFC, without `SETTINGS_`. */
export type NamedSettings = Readonly<Record<string, number>>;

/** One conversation. */
export interface Case {
  readonly id: string;
  readonly section: string;
  readonly name: string;
  readonly role: "server" | "client";
  readonly note?: string;
  /** Whether the steps are all that is sent, the preface included. */
  readonly raw?: boolean;
  readonly steps: readonly RecordedStep[];
  readonly expect: Expectation;
  readonly server_settings?: NamedSettings;
  readonly client_settings?: NamedSettings;
}

/** The whole set. */
export interface Cases {
  readonly error_codes: Readonly<Record<string, number>>;
  readonly count: number;
  readonly cases: readonly Case[];
}

/** Loads the set. */
export function loadCases(): Cases | undefined {
  return loadVectors<Cases>("h2-conformance", "cases.json");
}

/** Gives a case's steps, what one of them sends in one piece. */
export function stepsOf(test: Case): Step[] {
  return test.steps.map((step): Step => {
    if ("await" in step) return { type: "await", event: step.await, streamId: step.stream ?? 0 };
    return "close" in step ? { type: "close" } : { type: "send", octets: concat(step.send.flatMap(framesOf)) };
  });
}

function framesOf(recorded: SendStep["send"][number]): Uint8Array[] {
  if (typeof recorded === "string") return [Uint8Array.fromHex(recorded)];
  return Array<Uint8Array>(recorded.repeat).fill(Uint8Array.fromHex(recorded.hex));
}

/** The parameters that cases name, in the terms of Node's `http2` (RFC 9113 §6.5.2, RFC 8441 §3). */
export const NODE_SETTINGS: Readonly<Record<string, string>> = {
  ENABLE_PUSH: "enablePush",
  MAX_HEADER_LIST_SIZE: "maxHeaderListSize",
  ENABLE_CONNECT_PROTOCOL: "enableConnectProtocol",
};
