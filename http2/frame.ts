/**
 * Owns what a frame is: the numbers of its header (RFC 9113 §4.1, §6), and its shape once it was read whole. Knows no octets.
 *
 * @module
 */

/** The types of frames (RFC 9113 §6, RFC 7838 §4, RFC 8336 §2, RFC 9218 §7.1). */
export const FrameType = {
  /** DATA: content. */
  Data: 0x0,
  /** HEADERS: a field block, or its beginning. */
  Headers: 0x1,
  /** PRIORITY: deprecated, and ignored. */
  Priority: 0x2,
  /** RST_STREAM: ends one stream. */
  RstStream: 0x3,
  /** SETTINGS: what the sender allows. */
  Settings: 0x4,
  /** PUSH_PROMISE: the request of a stream that a server is going to answer unasked. */
  PushPromise: 0x5,
  /** PING: a question that is answered with its own octets. */
  Ping: 0x6,
  /** GOAWAY: the last frame, or an announcement of it. */
  GoAway: 0x7,
  /** WINDOW_UPDATE: credit for DATA. */
  WindowUpdate: 0x8,
  /** CONTINUATION: more of a field block. */
  Continuation: 0x9,
  /** ALTSVC: another place where an origin is served (RFC 7838). */
  AltSvc: 0xa,
  /** ORIGIN: the origins that this connection serves (RFC 8336). */
  Origin: 0xc,
  /** PRIORITY_UPDATE: another priority for a stream (RFC 9218). */
  PriorityUpdate: 0x10,
} as const;
/** One of the types of frames that are known here; a peer may send others. */
export type FrameType = typeof FrameType[keyof typeof FrameType];

/** The flags of frames (RFC 9113 §6); what a bit means hangs on the type. */
export const Flag = {
  /** Of DATA and HEADERS: nothing follows on the stream. */
  EndStream: 0x1,
  /** Of SETTINGS and PING: an answer. */
  Ack: 0x1,
  /** Of HEADERS, PUSH_PROMISE and CONTINUATION: no CONTINUATION follows. */
  EndHeaders: 0x4,
  /** Of DATA, HEADERS and PUSH_PROMISE: a pad length comes first, and padding last. */
  Padded: 0x8,
  /** Of HEADERS: a stream dependency and a weight come first. */
  Priority: 0x20,
} as const;

/** The length of a frame's header, in bytes (RFC 9113 §4.1). */
export const FRAME_HEADER_BYTES = 9;
/** The largest payload that every peer takes, in bytes: the initial SETTINGS_MAX_FRAME_SIZE (RFC 9113 §4.2). */
export const DEFAULT_FRAME_SIZE = 16_384;
/** The largest payload that a length can tell, in bytes (RFC 9113 §4.2). */
export const MAX_FRAME_SIZE: number = 2 ** 24 - 1;
/** The largest stream identifier (RFC 9113 §5.1.1). */
export const MAX_STREAM_ID: number = 2 ** 31 - 1;
/** The largest window, in bytes (RFC 9113 §6.9.1). */
export const MAX_WINDOW: number = 2 ** 31 - 1;
/** The window that streams and the connection begin with, in bytes (RFC 9113 §6.9.2). */
export const DEFAULT_WINDOW = 65_535;
/** What a client sends before its first frame (RFC 9113 §3.4); nobody may write to it. */
export const PREFACE: Uint8Array<ArrayBuffer> = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** The deprecated priority of HEADERS and PRIORITY (RFC 9113 §5.3.2, §6.3). */
export interface StreamDependency {
  /** Whether the stream wants to be the only one that depends on it. */
  readonly exclusive: boolean;
  /** The stream that it depends on, 0 to 2^31 - 1. */
  readonly dependency: number;
  /** The weight, 1 to 256. */
  readonly weight: number;
}

/** A DATA frame (RFC 9113 §6.1). */
export interface DataFrame {
  /** Tells the frames apart. */
  readonly type: "data";
  /** The stream, 1 to 2^31 - 1. */
  readonly streamId: number;
  /** Whether nothing follows on the stream. */
  readonly endStream: boolean;
  /** The length of the padding, 0 to 255 bytes, without the octet that tells it; absent where the frame is not padded. */
  readonly padLength?: number;
  /** The content: a view of what was read. */
  readonly data: Uint8Array;
}

/** A HEADERS frame (RFC 9113 §6.2). */
export interface HeadersFrame {
  /** Tells the frames apart. */
  readonly type: "headers";
  /** The stream, 1 to 2^31 - 1. */
  readonly streamId: number;
  /** Whether nothing but CONTINUATION follows on the stream. */
  readonly endStream: boolean;
  /** Whether the field block ends here. */
  readonly endHeaders: boolean;
  /** The length of the padding, 0 to 255 bytes, without the octet that tells it; absent where the frame is not padded. */
  readonly padLength?: number;
  /** The deprecated priority; absent where none is given. */
  readonly priority?: StreamDependency;
  /** The field block or its beginning: a view of what was read. */
  readonly fragment: Uint8Array;
}

/** A PRIORITY frame (RFC 9113 §6.3). */
export interface PriorityFrame {
  /** Tells the frames apart. */
  readonly type: "priority";
  /** The stream, 1 to 2^31 - 1. */
  readonly streamId: number;
  /** The deprecated priority. */
  readonly priority: StreamDependency;
}

/** A RST_STREAM frame (RFC 9113 §6.4). */
export interface RstStreamFrame {
  /** Tells the frames apart. */
  readonly type: "rstStream";
  /** The stream, 1 to 2^31 - 1. */
  readonly streamId: number;
  /** The error code, 0 to 2^32 - 1. */
  readonly code: number;
}

/** A SETTINGS frame (RFC 9113 §6.5). */
export interface SettingsFrame {
  /** Tells the frames apart. */
  readonly type: "settings";
  /** Always the connection. */
  readonly streamId: 0;
  /** Whether it acknowledges the other side's; then it has no entries. */
  readonly ack: boolean;
  /** The settings in order: identifiers of 0 to 65535, values of 0 to 2^32 - 1. */
  readonly entries: readonly (readonly [id: number, value: number])[];
}

/** A PUSH_PROMISE frame (RFC 9113 §6.6). */
export interface PushPromiseFrame {
  /** Tells the frames apart. */
  readonly type: "pushPromise";
  /** The stream whose request made the server push, 1 to 2^31 - 1. */
  readonly streamId: number;
  /** Whether the field block ends here. */
  readonly endHeaders: boolean;
  /** The length of the padding, 0 to 255 bytes, without the octet that tells it; absent where the frame is not padded. */
  readonly padLength?: number;
  /** The stream that is promised, even, 2 to 2^31 - 2. */
  readonly promisedId: number;
  /** The field block of the promised request, or its beginning: a view of what was read. */
  readonly fragment: Uint8Array;
}

/** A PING frame (RFC 9113 §6.7). */
export interface PingFrame {
  /** Tells the frames apart. */
  readonly type: "ping";
  /** Always the connection. */
  readonly streamId: 0;
  /** Whether it is an answer. */
  readonly ack: boolean;
  /** The opaque data, 8 bytes: a view of what was read. */
  readonly payload: Uint8Array;
}

/** A GOAWAY frame (RFC 9113 §6.8). */
export interface GoAwayFrame {
  /** Tells the frames apart. */
  readonly type: "goAway";
  /** Always the connection. */
  readonly streamId: 0;
  /** The highest stream that was or may yet be processed, 0 to 2^31 - 1. */
  readonly lastStreamId: number;
  /** The error code, 0 to 2^32 - 1. */
  readonly code: number;
  /** What may help to find out why: a view of what was read. */
  readonly debug: Uint8Array;
}

/** A WINDOW_UPDATE frame (RFC 9113 §6.9). */
export interface WindowUpdateFrame {
  /** Tells the frames apart. */
  readonly type: "windowUpdate";
  /** The stream, or 0 for the connection. */
  readonly streamId: number;
  /** By how many bytes the window grows, 1 to 2^31 - 1. */
  readonly increment: number;
}

/** A CONTINUATION frame (RFC 9113 §6.10). */
export interface ContinuationFrame {
  /** Tells the frames apart. */
  readonly type: "continuation";
  /** The stream, 1 to 2^31 - 1. */
  readonly streamId: number;
  /** Whether the field block ends here. */
  readonly endHeaders: boolean;
  /** The next part of the field block: a view of what was read. */
  readonly fragment: Uint8Array;
}

/** An ALTSVC frame (RFC 7838 §4). */
export interface AltSvcFrame {
  /** Tells the frames apart. */
  readonly type: "altSvc";
  /** The stream whose origin is meant, or 0 where `origin` tells it. */
  readonly streamId: number;
  /** The origin, one character an octet; empty on a stream. */
  readonly origin: string;
  /** The value of an Alt-Svc field, one character an octet. */
  readonly value: string;
}

/** An ORIGIN frame (RFC 8336 §2). */
export interface OriginFrame {
  /** Tells the frames apart. */
  readonly type: "origin";
  /** Always the connection. */
  readonly streamId: 0;
  /** The origins in order, one character an octet. */
  readonly origins: readonly string[];
}

/** A PRIORITY_UPDATE frame (RFC 9218 §7.1). */
export interface PriorityUpdateFrame {
  /** Tells the frames apart. */
  readonly type: "priorityUpdate";
  /** Always the connection. */
  readonly streamId: 0;
  /** The stream that is prioritized, 1 to 2^31 - 1. */
  readonly prioritizedId: number;
  /** The value of a Priority field, one character an octet. */
  readonly value: string;
}

/** A frame of another type, or an extension's that can't be used and must be ignored. */
export interface UnknownFrame {
  /** Tells the frames apart. */
  readonly type: "unknown";
  /** The stream, 0 to 2^31 - 1. */
  readonly streamId: number;
  /** The type on the wire, 0 to 255. */
  readonly frameType: number;
  /** The flags on the wire, 0 to 255. */
  readonly flags: number;
  /** The payload: a view of what was read. */
  readonly payload: Uint8Array;
}

/** A frame that was read whole (RFC 9113 §6). */
export type Frame =
  | DataFrame
  | HeadersFrame
  | PriorityFrame
  | RstStreamFrame
  | SettingsFrame
  | PushPromiseFrame
  | PingFrame
  | GoAwayFrame
  | WindowUpdateFrame
  | ContinuationFrame
  | AltSvcFrame
  | OriginFrame
  | PriorityUpdateFrame
  | UnknownFrame;
