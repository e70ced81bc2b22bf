/**
 * Owns the way from octets to frames that are whole and in order: the preface, headers and their checks, header blocks
 * joined and decoded. Knows nothing of streams; what a frame means is its handler's.
 *
 * @module
 */

import { HpackDecoder } from "../hpack/decoder.ts";
import { HpackError } from "../hpack/error.ts";
import type { HpackField } from "../hpack/field.ts";
import { ErrorCode, Http2Error } from "./error.ts";
import { fieldKind } from "./field_kind.ts";
import { Flag, type Frame, FRAME_HEADER_BYTES, FrameType, PREFACE } from "./frame.ts";
import {
  checkFrameHeader,
  Fragment,
  FrameHeader,
  readFragment,
  readFrame,
  readFrameHeader,
  readUint31,
  readUint32,
} from "./frame_read.ts";
import { type BlockOwner, HeaderBlock } from "./header_block.ts";
import type { Http2Limits } from "./limits.ts";

/** Who is told of frames. Each of its methods may throw an {@linkcode Http2Error}. */
export interface FrameHandler {
  /** Whether more frames are wanted: what comes behind the last one is thrown away. */
  readonly open: boolean;
  /** A field section came whole; `fields` is `undefined` where it is larger than the limit. */
  headers(streamId: number, fields: readonly HpackField[] | undefined, endStream: boolean, dependency: number): void;
  /** A request was promised. */
  pushPromise(streamId: number, fields: readonly HpackField[] | undefined, promisedId: number): void;
  /** Content came at `[start, end)`; `length` is what it counts for in the windows, padding included. */
  data(header: FrameHeader, start: number, end: number): void;
  /** A priority of the deprecated kind came. */
  priority(streamId: number, dependency: number): void;
  /** A stream was reset. */
  rstStream(streamId: number, code: number): void;
  /** Settings came, `length` bytes at `at`. */
  settings(view: Uint8Array, at: number, length: number): void;
  /** Our settings were acknowledged. */
  settingsAck(): void;
  /** A PING came, or the acknowledgement of one. */
  pinged(view: Uint8Array, at: number, ack: boolean): void;
  /** Credit came. */
  windowUpdate(streamId: number, increment: number): void;
  /** A frame came that is seldom, or of an unknown type. */
  other(frame: Frame): void;
  /** A stream's peer has broken a rule. */
  streamError(error: Http2Error): void;
  /** The connection's peer has broken a rule: nothing more is read. */
  connectionError(error: Http2Error): void;
}

/** Reads the frames of one connection. */
export class Receiver {
  readonly #handler: FrameHandler;
  readonly #limits: Http2Limits;
  readonly #decoder: HpackDecoder;
  readonly #block: HeaderBlock;
  readonly #header = new FrameHeader();
  readonly #fragment = new Fragment();
  /** How much of the preface has still to come. */
  #preface: number;
  /** Whether the first frame, which must be SETTINGS, has come. */
  #begun = false;
  /** The type of the frame of which a part has come, -1 for none. */
  #partial = -1;
  #units = 0;

  /** Made for one side: a server is sent a preface first (RFC 9113 §3.4). */
  constructor(handler: FrameHandler, role: "server" | "client", limits: Http2Limits) {
    this.#handler = handler;
    this.#limits = limits;
    this.#preface = role === "server" ? PREFACE.length : 0;
    this.#block = new HeaderBlock(limits.maxBlockBytes);
    this.#decoder = new HpackDecoder({
      maxListBytes: limits.maxFieldSectionBytes,
      classify: fieldKind,
    });
  }

  /** Whether the peer's preface has come, SETTINGS included. */
  get begun(): boolean {
    return this.#begun;
  }

  /** How many frames have come whole, a header block counting as one. */
  get units(): number {
    return this.#units;
  }

  /** Whether a frame is half there that should come at once: any but DATA. */
  get midFrame(): boolean {
    return this.#block.owner !== undefined || this.#partial >= 0 && this.#partial !== FrameType.Data;
  }

  /** The peer knows of our settings: its blocks keep to them (RFC 7541 §4.2). */
  acknowledged(): void {
    this.#decoder.setMaxTableSize(this.#limits.tableBytes);
  }

  /**
   * Reads the frames that are whole in `view[start, end)` and gives how many bytes they are; the rest has to be given again
   * with what follows.
   */
  receive(view: Uint8Array, start: number, end: number): number {
    let at = start;
    this.#partial = -1;
    if (this.#preface > 0) at = this.#readPreface(view, at, end);
    const header = this.#header;
    while (this.#handler.open) {
      if (end - at < FRAME_HEADER_BYTES) {
        if (at < end) this.#partial = FrameType.Settings;
        return at - start;
      }
      readFrameHeader(view, at, header);
      const payload = at + FRAME_HEADER_BYTES;
      try {
        checkFrameHeader(header, this.#limits.maxFrameBytes);
        this.#checkOrder(header);
        if (end - payload < header.length) {
          this.#partial = header.type;
          return at - start;
        }
        this.#read(view, payload, header);
      } catch (error) {
        if (!(error instanceof Http2Error)) throw error;
        if (error.scope === "stream" && end - payload < header.length) {
          this.#partial = header.type;
          return at - start;
        }
        this.#onError(error);
      }
      if (this.#block.owner === undefined) this.#units++;
      at = payload + header.length;
    }
    return end - start;
  }

  #onError(error: Http2Error): void {
    try {
      if (error.scope === "stream") return this.#handler.streamError(error);
    } catch (worse) {
      if (!(worse instanceof Http2Error)) throw worse;
      error = worse;
    }
    this.#handler.connectionError(error);
  }

  #readPreface(view: Uint8Array, at: number, end: number): number {
    while (at < end && this.#preface > 0) {
      if (view[at] !== PREFACE[PREFACE.length - this.#preface]) {
        this.#onError(connectionError(ErrorCode.ProtocolError, "Cannot begin as the preface must be that of HTTP/2"));
        return at;
      }
      at++;
      this.#preface--;
    }
    return at;
  }

  /** What a header alone breaks: the first frame is SETTINGS (§3.4), a block is not interrupted (§4.3). */
  #checkOrder({ type, streamId, flags }: FrameHeader): void {
    if (!this.#begun && (type !== FrameType.Settings || (flags & Flag.Ack) !== 0)) {
      throw connectionError(
        ErrorCode.ProtocolError,
        `Cannot begin as the first frame must be SETTINGS: received type ${type}`,
      );
    }
    const { owner } = this.#block;
    if (owner === undefined) {
      if (type !== FrameType.Continuation) return;
      throw connectionError(ErrorCode.ProtocolError, "Cannot read CONTINUATION as a header block must precede it");
    }
    if (type === FrameType.Continuation && streamId === owner.streamId) return;
    throw connectionError(
      ErrorCode.ProtocolError,
      `Cannot read frame as CONTINUATION of stream ${owner.streamId} must come: received type ${type}`,
    );
  }

  #read(view: Uint8Array, at: number, header: FrameHeader): void {
    const handler = this.#handler;
    const { type, flags, streamId } = header;
    switch (type) {
      case FrameType.Headers:
      case FrameType.PushPromise:
        return this.#readBlock(view, at, header);
      case FrameType.Data: {
        const fragment = this.#fragment;
        readFragment(view, at, header, fragment);
        return handler.data(header, fragment.start, fragment.end);
      }
      case FrameType.WindowUpdate:
        return handler.windowUpdate(streamId, readUint31(view, at));
      case FrameType.Continuation:
        return this.#readContinuation(view, at, header);
      case FrameType.RstStream:
        return handler.rstStream(streamId, readUint32(view, at));
      case FrameType.Settings:
        this.#begun = true;
        return (flags & Flag.Ack) === 0 ? handler.settings(view, at, header.length) : handler.settingsAck();
      case FrameType.Ping:
        return handler.pinged(view, at, (flags & Flag.Ack) !== 0);
      case FrameType.Priority:
        return handler.priority(streamId, readUint31(view, at));
    }
    const read = readFrame(view, at - FRAME_HEADER_BYTES, { maxFrameSize: this.#limits.maxFrameBytes });
    if (read !== undefined) handler.other(read.value);
  }

  #readBlock(view: Uint8Array, at: number, header: FrameHeader): void {
    const fragment = this.#fragment;
    readFragment(view, at, header, fragment);
    const { start, end, dependency } = fragment;
    const { streamId, flags } = header;
    const promisedId = header.type === FrameType.PushPromise ? fragment.promisedId : 0;
    const endStream = promisedId === 0 && (flags & Flag.EndStream) !== 0;
    if ((flags & Flag.EndHeaders) === 0) {
      this.#block.begin({ streamId, endStream, dependency, promisedId }, view, start, end);
      return;
    }
    const fields = this.#decode(view, start, end);
    if (promisedId === 0) this.#handler.headers(streamId, fields, endStream, dependency);
    else this.#handler.pushPromise(streamId, fields, promisedId);
  }

  #readContinuation(view: Uint8Array, at: number, header: FrameHeader): void {
    const block = this.#block;
    block.add(view, at, at + header.length);
    if ((header.flags & Flag.EndHeaders) === 0) return;
    const { streamId, endStream, dependency, promisedId }: BlockOwner = block.owner!;
    const fields = this.#decode(block.bytes, 0, block.length);
    block.end();
    if (promisedId === 0) this.#handler.headers(streamId, fields, endStream, dependency);
    else this.#handler.pushPromise(streamId, fields, promisedId);
  }

  #decode(view: Uint8Array, start: number, end: number): readonly HpackField[] | undefined {
    try {
      return this.#decoder.decode(view, start, end);
    } catch (error) {
      if (!(error instanceof HpackError)) throw error;
      throw new Http2Error("connection", ErrorCode.CompressionError, error.message, { cause: error }); // §4.3
    }
  }
}

function connectionError(code: ErrorCode, message: string): Http2Error {
  return new Http2Error("connection", code, message);
}
