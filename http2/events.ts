/**
 * Owns what a connection tells whoever drives it; knows not what brings it about.
 *
 * @module
 */

import type { HpackField } from "../hpack/field.ts";
import type { Http2Error } from "./error.ts";
import type { RequestHead, ResponseHead } from "./message.ts";
import type { Http2Stream } from "./stream.ts";

/** A request's head came. */
export interface RequestEvent<O> {
  /** Tells the events apart. */
  readonly type: "request";
  /** Its stream. */
  readonly stream: Http2Stream<O>;
  /** Its head. */
  readonly head: RequestHead;
  /** Whether it ends with its head: no content follows, and no end is told. */
  readonly whole: boolean;
}

/** A response's head came: an interim one, or the final one. */
export interface ResponseEvent<O> {
  /** Tells the events apart. */
  readonly type: "informational" | "response";
  /** Its stream. */
  readonly stream: Http2Stream<O>;
  /** Its head. */
  readonly head: ResponseHead;
  /** Whether it ends with its head: no content follows, and no end is told. */
  readonly whole: boolean;
}

/** Content came: `[start, end)` of the bytes that were received. */
export interface DataEvent<O> {
  /** Tells the events apart. */
  readonly type: "data";
  /** Its stream. */
  readonly stream: Http2Stream<O>;
  /** Where it begins. */
  readonly start: number;
  /** The place behind it. */
  readonly end: number;
}

/** A message ended as it should. */
export interface EndEvent<O> {
  /** Tells the events apart. */
  readonly type: "end";
  /** Its stream. */
  readonly stream: Http2Stream<O>;
  /** Its trailer section. */
  readonly trailers: readonly HpackField[];
}

/** A stream ended before its time. */
export interface ResetEvent<O> {
  /** Tells the events apart. */
  readonly type: "reset";
  /** The stream. */
  readonly stream: Http2Stream<O>;
  /** Why. */
  readonly error: Http2Error;
  /** Whether the peer has ended it. */
  readonly byPeer: boolean;
  /** Whether nothing of the request was processed, so that it may be sent again (RFC 9113 §8.7). */
  readonly unprocessed: boolean;
}

/** The server promises a response that nobody asked for. */
export interface PushEvent<O> {
  /** Tells the events apart. */
  readonly type: "push";
  /** The stream whose request made the server push. */
  readonly stream: Http2Stream<O>;
  /** The stream on which the response comes. */
  readonly promised: Http2Stream<O>;
  /** The request that it answers. */
  readonly head: RequestHead;
}

/** Content has left, so that there is room for more, or the last frame of a stream has. */
export interface SendEvent<O> {
  /** Tells the events apart: `room` is for those that wait for room, `sent` for those that are watched. */
  readonly type: "room" | "sent";
  /** The stream. */
  readonly stream: Http2Stream<O>;
}

/** The peer's settings came, for the first time or again. */
export interface SettingsEvent {
  /** Tells the events apart. */
  readonly type: "settings";
}

/** The peer opens no more streams, and takes none above one (RFC 9113 §6.8). */
export interface GoAwayEvent {
  /** Tells the events apart. */
  readonly type: "goAway";
  /** Its reason. */
  readonly code: number;
  /** The last stream that it may process. */
  readonly lastStreamId: number;
  /** What it says beside, as it is. */
  readonly debug: string;
}

/** A PING of a user's was acknowledged. */
export interface PongEvent {
  /** Tells the events apart. */
  readonly type: "pong";
  /** What the round trip took, in milliseconds. */
  readonly time: number;
}

/** The server says what origins the connection serves (RFC 8336). */
export interface OriginEvent {
  /** Tells the events apart. */
  readonly type: "origin";
  /** The origins, as they are. */
  readonly origins: readonly string[];
}

/** The server says where else an origin is served (RFC 7838). */
export interface AltSvcEvent {
  /** Tells the events apart. */
  readonly type: "altSvc";
  /** The stream whose origin is meant, or 0. */
  readonly streamId: number;
  /** The origin where the stream is 0, as it is. */
  readonly origin: string;
  /** The field value, as it is. */
  readonly value: string;
}

/** The connection has broken down; always the last event. */
export interface ErrorEvent {
  /** Tells the events apart. */
  readonly type: "error";
  /** Why. */
  readonly error: Http2Error;
}

/** What a connection tells. */
export type Http2Event<O> =
  | RequestEvent<O>
  | ResponseEvent<O>
  | DataEvent<O>
  | EndEvent<O>
  | ResetEvent<O>
  | PushEvent<O>
  | SendEvent<O>
  | SettingsEvent
  | GoAwayEvent
  | PongEvent
  | OriginEvent
  | AltSvcEvent
  | ErrorEvent;
