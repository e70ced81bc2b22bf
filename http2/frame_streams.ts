/**
 * Owns which stream a frame is for, and whether a frame may come for it that is not open (RFC 9113 §5.1). Knows not what the
 * frame means.
 *
 * @module
 */

import type { ConnectionState } from "./connection_state.ts";
import { ErrorCode, Http2Error } from "./error.ts";
import type { Http2Stream } from "./stream.ts";

/** The streams of one connection, as frames name them. */
export class FrameStreams<O> {
  readonly #state: ConnectionState<O>;

  /** Made for a connection's state. */
  constructor(state: ConnectionState<O>) {
    this.#state = state;
  }

  /** The stream of a frame; `undefined` where it is not open. Throws where the peer can't know of it. */
  find(id: number, what: string): Http2Stream<O> | undefined {
    const stream = this.#state.table.get(id);
    if (stream?.unopened) throw idleError(what, id);
    return stream;
  }

  /** Whether a stream is behind the last that the peer was told of: it was on its way then, and is sent elsewhere (§6.8). */
  isIgnored(id: number): boolean {
    const { goAwaySent, table } = this.#state;
    return goAwaySent !== undefined && id > goAwaySent && !table.isOwn(id);
  }

  /** What may come late, for a stream that is closed, must not come for one that never was. */
  checkNotIdle(id: number, what: string): void {
    if (this.#state.table.isIdle(id) && !this.isIgnored(id)) throw idleError(what, id);
  }

  /** Throws where a frame must not come any more: its stream never was, or is closed and was not reset by us just now. */
  checkLate(id: number, what: string): void {
    const { table } = this.#state;
    if (this.isIgnored(id)) return;
    if (table.isIdle(id)) throw idleError(what, id);
    if (table.wasReset(id)) return; // §5.1: what was on its way
    throw new Http2Error(
      "connection",
      ErrorCode.StreamClosed,
      `Cannot read ${what} as stream ${id} must not be closed`,
    );
  }
}

/** An error of the connection. */
export function protocolError(message: string): Http2Error {
  return new Http2Error("connection", ErrorCode.ProtocolError, message);
}

/** §5.1: what has no place on a stream that nobody has opened. */
export function idleError(what: string, id: number): Http2Error {
  return protocolError(`Cannot read ${what} as stream ${id} must not be idle`);
}

/** §5.1: what has no place on a stream that was only promised. */
export function reservedError(what: string, id: number): Http2Error {
  return protocolError(`Cannot read ${what} as stream ${id} must not be reserved`);
}
