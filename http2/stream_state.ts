/**
 * Owns the states of a stream and what leads from one to the next (RFC 9113 §5.1, figure 2), for both roles. Knows no frame,
 * and not what an input that has no place is answered with.
 *
 * @module
 */

/** The states of a stream (RFC 9113 §5.1). */
export const State = {
  /** Nothing was sent or received. */
  Idle: 0,
  /** A server has promised it. */
  ReservedLocal: 1,
  /** The peer, a server, has promised it. */
  ReservedRemote: 2,
  /** Both sides may send. */
  Open: 3,
  /** This side has ended: it only receives. */
  HalfClosedLocal: 4,
  /** The peer has ended: this side only sends. */
  HalfClosedRemote: 5,
  /** Both sides have ended, or one has reset it. */
  Closed: 6,
} as const;
/** One of the states of a stream. */
export type State = typeof State[keyof typeof State];

/**
 * What happens to a stream. An end is an input of its own, behind the frame that has END_STREAM; field blocks of interim
 * responses and of trailers are headers as well; a push is what happens to the stream that a PUSH_PROMISE promises.
 */
export type StreamInput =
  | "sendHeaders"
  | "receiveHeaders"
  | "sendEnd"
  | "receiveEnd"
  | "sendPush"
  | "receivePush"
  | "sendReset"
  | "receiveReset";

/** Figure 2, and what leaves a state as it is; where a cell is missing, the input has no place in the state. */
const NEXT: Readonly<Record<State, Readonly<Partial<Record<StreamInput, State>>>>> = {
  [State.Idle]: {
    sendHeaders: State.Open,
    receiveHeaders: State.Open,
    sendPush: State.ReservedLocal,
    receivePush: State.ReservedRemote,
  },
  [State.ReservedLocal]: {
    sendHeaders: State.HalfClosedRemote,
    sendReset: State.Closed,
    receiveReset: State.Closed,
  },
  [State.ReservedRemote]: {
    receiveHeaders: State.HalfClosedLocal,
    sendReset: State.Closed,
    receiveReset: State.Closed,
  },
  [State.Open]: {
    sendHeaders: State.Open,
    receiveHeaders: State.Open,
    sendEnd: State.HalfClosedLocal,
    receiveEnd: State.HalfClosedRemote,
    sendReset: State.Closed,
    receiveReset: State.Closed,
  },
  [State.HalfClosedLocal]: {
    receiveHeaders: State.HalfClosedLocal,
    receiveEnd: State.Closed,
    sendReset: State.Closed,
    receiveReset: State.Closed,
  },
  [State.HalfClosedRemote]: {
    sendHeaders: State.HalfClosedRemote,
    sendEnd: State.Closed,
    sendReset: State.Closed,
    receiveReset: State.Closed,
  },
  [State.Closed]: {},
};

/**
 * Gives the state behind an input; `undefined` where the input has no place in the state.
 *
 * @example
 * ```ts
 * import { nextStreamState, StreamState } from "@avx/http/http2";
 *
 * console.assert(nextStreamState(StreamState.Idle, "receiveHeaders") === StreamState.Open);
 * console.assert(nextStreamState(StreamState.Idle, "receiveReset") === undefined);
 * ```
 */
export function next(state: State, input: StreamInput): State | undefined {
  return NEXT[state][input];
}
