/**
 * Owns what a connection sends: which frames leave next, as far as the windows of both levels and the peer's settings
 * allow, put together for one write. Knows nothing of what the peer sends.
 *
 * @module
 */

import { HpackEncoder, maxBlockSize } from "../hpack/encoder.ts";
import type { HpackField } from "../hpack/field.ts";
import { giveArena, LARGE_ARENA_BYTES, SMALL_ARENA_BYTES, takeArena } from "./arena.ts";
import { DRIBBLE_BYTES } from "./budget.ts";
import { ControlFrames } from "./control.ts";
import { ErrorCode, Http2Error } from "./error.ts";
import { DEFAULT_WINDOW, Flag, FRAME_HEADER_BYTES, FrameType } from "./frame.ts";
import { PROMISED_ID_BYTES } from "./frame_header.ts";
import { writeFrameHeader, writeUint32 } from "./frame_write.ts";
import { SendQueue } from "./send_queue.ts";
import type { Settings } from "./settings.ts";
import type { Http2Stream, StreamPromise } from "./stream.ts";
import { State } from "./stream_state.ts";
import { SendWindow } from "./windows.ts";

/** Content that waits in a stream, in bytes, from which on its maker should wait. */
export const STREAM_HIGH_WATER: number = 64 * 1024;

/** Least content that a stream must have waiting for a large arena to be worth it, in bytes. */
const LARGE_CONTENT = 8 * 1024;

/** Longest DATA frame, in bytes, however long ones the peer takes: it fits in an arena, and holds others up no longer. */
const MAX_DATA_BYTES = LARGE_ARENA_BYTES - FRAME_HEADER_BYTES;

/** What a sender tells its connection. */
export interface SenderOwner<O> {
  /** The stream's last frame was put into the output. */
  streamSent(stream: Http2Stream<O>): void;
  /** There is room for more of the stream's content, where somebody waits for that. */
  madeRoom(stream: Http2Stream<O>): void;
  /** The stream has content, and no window for it. */
  stalled(stream: Http2Stream<O>): void;
  /** A DATA frame of `length` bytes was put into the output; `dribbled` where its peer makes it ever so small. */
  dataSent(stream: Http2Stream<O>, length: number, dribbled: boolean): void;
  /** What the stream has to send cannot be sent. */
  unsendable(stream: Http2Stream<O>, error: Http2Error): void;
}

/** What a stream's turn has come to. */
type Turn = "done" | "more" | "full";

/** What writing a header block has come to: it may have no room, and its stream may be lost over it. */
type Written = "written" | "full" | "lost";

/** The frames of a connection on their way out. */
export class Sender<O> {
  /** What the peer's header blocks need. */
  readonly encoder: HpackEncoder = new HpackEncoder();
  /** What may be sent on the connection as a whole (RFC 9113 §6.9.1). */
  readonly window: SendWindow = new SendWindow(DEFAULT_WINDOW);
  /** What belongs to no message. */
  readonly control: ControlFrames = new ControlFrames();
  readonly #owner: SenderOwner<O>;
  readonly #peer: Readonly<Settings>;
  readonly #queue = new SendQueue<O>();
  /** Streams that have content for which the connection's window has no room. */
  #held: Set<Http2Stream<O>> | undefined = undefined;
  #arena: Uint8Array = EMPTY;
  /** What was put together and has not left is `[#from, #at)` of the arena. */
  #from = 0;
  #at = 0;
  #view: Uint8Array = EMPTY;
  /** Whether the last arena had no room for all that could have left. */
  #full = false;
  #sentTotal = 0;

  /** Made for a connection whose peer has these settings, which may change. */
  constructor(owner: SenderOwner<O>, peer: Readonly<Settings>) {
    this.#owner = owner;
    this.#peer = peer;
  }

  /** Whether nothing can be sent now. */
  get empty(): boolean {
    return this.#from === this.#at && this.control.size === 0 && this.#queue.empty;
  }

  /** How many bytes were put together, ever: a mark that {@linkcode Sender.sentTotal} reaches once they have left. */
  get total(): number {
    return this.#sentTotal + this.#at - this.#from;
  }

  /** How many bytes have left, ever. */
  get sentTotal(): number {
    return this.#sentTotal;
  }

  /** Sees to it that a stream that has something to send gets its turn; one whose content waits for a window has to wait. */
  schedule(stream: Http2Stream<O>): void {
    if (stream.queueing === "none") this.#queue.add(stream);
  }

  /** A stream has got window: it goes on. */
  granted(stream: Http2Stream<O>): void {
    if (stream.queueing === "stream" && stream.sendWindow.size > 0) this.#requeue(stream);
  }

  /** The connection has got window: all streams that waited for it go on. */
  connectionGranted(): void {
    for (const stream of this.#held ?? []) this.#requeue(stream);
  }

  /** A stream sends nothing more. */
  forget(stream: Http2Stream<O>): void {
    if (stream.queueing === "queued") return this.#queue.drop(stream);
    this.#held?.delete(stream);
    stream.queueing = "none";
  }

  #requeue(stream: Http2Stream<O>): void {
    this.#held?.delete(stream);
    this.#queue.add(stream);
  }

  /**
   * Puts together what can leave now, and gives it; `undefined` where nothing can. The view stays as it is until
   * {@linkcode Sender.sent} was told of it.
   */
  take(): Uint8Array | undefined {
    if (this.#from === this.#at) {
      if (this.control.size === 0 && this.#queue.empty) return undefined;
      this.#fill();
      if (this.#at === 0 && this.control.size > 0) this.#fill(); // resets of streams whose content was not there
      if (this.#at === 0) {
        this.#release();
        return undefined;
      }
    }
    if (this.#from > 0) return this.#arena.subarray(this.#from, this.#at);
    const { buffer, byteOffset } = this.#arena;
    if (this.#view.buffer !== buffer || this.#view.length !== this.#at) {
      this.#view = new Uint8Array(buffer, byteOffset, this.#at);
    }
    return this.#view;
  }

  /** Tells that the first `count` bytes of the view last taken have left. */
  sent(count: number): void {
    this.#from += count;
    this.#sentTotal += count;
    if (this.#from < this.#at) return;
    this.#from = this.#at = 0;
    if (this.#queue.empty) this.#release();
  }

  #release(): void {
    giveArena(this.#arena);
    this.#arena = this.#view = EMPTY;
  }

  #fill(): void {
    let stream = this.#queue.take();
    // A large arena is worth it only for content, and can be begun only now.
    const isLarge = this.#full || stream !== undefined && stream.buffered > LARGE_CONTENT;
    this.#full = false;
    this.#reserve(Math.max(this.control.size, isLarge ? LARGE_ARENA_BYTES : SMALL_ARENA_BYTES));
    this.#at = this.control.moveTo(this.#arena, this.#at);
    for (; stream !== undefined; stream = this.#queue.take()) {
      const turn = this.#turn(stream);
      if (turn === "done") continue;
      if (turn === "more") this.#queue.putBack(stream);
      else {
        // It had no turn yet; also, heads of new streams must leave in the order of their numbers (RFC 9113 §5.1.1).
        this.#queue.giveBack(stream);
        this.#full = true;
        return;
      }
    }
  }

  /** Sees to an arena of at least this room, which is only possible at its beginning; gives whether there is that room. */
  #reserve(count: number): boolean {
    if (this.#arena.length - this.#at >= count) return true;
    if (this.#at > 0) return false;
    giveArena(this.#arena);
    this.#arena = takeArena(count);
    return true;
  }

  /** Sends what a stream has to send, one DATA frame at most. */
  #turn(stream: Http2Stream<O>): Turn {
    if (stream.promise !== undefined) {
      const written = this.#promise(stream, stream.promise);
      if (written !== "written") return turnOf(written);
      stream.promise = undefined;
    }
    while (stream.interim.length > 0) {
      const written = this.#headers(stream, stream.interim[0]!, false);
      if (written !== "written") return turnOf(written);
      stream.interim.shift();
    }
    if (stream.head !== undefined) {
      const last = stream.phase === "ended" && stream.buffered === 0 && stream.trailers === undefined;
      const written = this.#headers(stream, stream.head, last);
      if (written !== "written") return turnOf(written);
      stream.head = undefined;
      if (last) return this.#finish(stream);
    }
    if (stream.buffered > 0) return this.#content(stream);
    if (stream.phase !== "ended") return "done";
    return this.#end(stream);
  }

  /** Writes a field section of a message. */
  #headers(stream: Http2Stream<O>, fields: readonly HpackField[], last: boolean): Written {
    const written = this.#block(stream, fields, last ? Flag.EndStream : 0, undefined);
    if (written !== "written") return written;
    stream.step("sendHeaders");
    if (last) stream.step("sendEnd");
    return written;
  }

  /** Writes a promise (RFC 9113 §6.6), unless there is nothing any more that it could go with. */
  #promise(stream: Http2Stream<O>, { on, fields }: StreamPromise<O>): Written {
    if (this.#peer.enablePush && (on.state === State.Open || on.state === State.HalfClosedRemote)) {
      return this.#block(stream, fields, 0, on);
    }
    const message = "Cannot push as the stream of its promise must be open, and its client allow for it";
    this.#owner.unsendable(stream, stream.error(ErrorCode.Cancel, message));
    return "lost";
  }

  /**
   * Writes a header block of a stream, or the promise of the stream on another one: a frame, and as many of CONTINUATION as
   * it needs (RFC 9113 §4.3).
   */
  #block(
    stream: Http2Stream<O>,
    fields: readonly HpackField[],
    flags: number,
    on: Http2Stream<O> | undefined,
  ): Written {
    const { maxFrameSize } = this.#peer;
    const prefix = on === undefined ? 0 : PROMISED_ID_BYTES;
    const most = prefix + maxBlockSize(fields);
    const frames = Math.ceil(most / maxFrameSize);
    if (!this.#reserve(most + frames * FRAME_HEADER_BYTES)) return "full";
    const at = this.#at;
    const start = at + FRAME_HEADER_BYTES;
    if (on !== undefined) writeUint32(this.#arena, start, stream.id);
    let end: number;
    try {
      end = this.encoder.encode(fields, this.#arena, start + prefix);
    } catch (cause) { // a field that can't be sent is its stream's concern only
      const message = "Cannot send fields as each character must be an octet";
      const { id: streamId } = stream;
      this.#owner.unsendable(stream, new Http2Error("stream", ErrorCode.InternalError, message, { streamId, cause }));
      return "lost";
    }
    const type = on === undefined ? FrameType.Headers : FrameType.PushPromise;
    const { id } = on ?? stream;
    if (end - start <= maxFrameSize) {
      writeFrameHeader(this.#arena, at, end - start, type, flags | Flag.EndHeaders, id);
      this.#at = end;
    } else this.#split(type, flags, id, end);
    return "written";
  }

  /** Makes frames of the long block between the present place and `end`, the last first, as each moves those behind it. */
  #split(type: FrameType, flags: number, id: number, end: number): void {
    const { maxFrameSize } = this.#peer;
    const arena = this.#arena;
    const start = this.#at + FRAME_HEADER_BYTES;
    const last = Math.ceil((end - start) / maxFrameSize) - 1;
    for (let index = last; index >= 0; index--) {
      const from = start + index * maxFrameSize;
      const length = Math.min(maxFrameSize, end - from);
      const to = from + index * FRAME_HEADER_BYTES;
      arena.copyWithin(to, from, from + length);
      const ends = index === last ? Flag.EndHeaders : 0;
      if (index > 0) writeFrameHeader(arena, to - FRAME_HEADER_BYTES, length, FrameType.Continuation, ends, id);
      else writeFrameHeader(arena, to - FRAME_HEADER_BYTES, length, type, flags | ends, id);
    }
    this.#at = end + last * FRAME_HEADER_BYTES;
  }

  #content(stream: Http2Stream<O>): Turn {
    const { buffered, sendWindow } = stream;
    const wanted = Math.min(buffered, this.#peer.maxFrameSize, MAX_DATA_BYTES);
    const length = Math.min(wanted, sendWindow.size, this.window.size);
    if (length <= 0) return this.#stall(stream);
    if (!this.#reserve(FRAME_HEADER_BYTES + length)) return "full";
    const last = length === buffered && stream.phase === "ended" && stream.trailers === undefined;
    const flags = last ? Flag.EndStream : 0;
    const at = writeFrameHeader(this.#arena, this.#at, length, FrameType.Data, flags, stream.id);
    if (!stream.takeContent(length, this.#arena, at)) {
      const message = "Cannot send content as its buffer must not be transferred";
      this.#owner.unsendable(stream, stream.error(ErrorCode.InternalError, message));
      return "done";
    }
    this.#at = at + length;
    sendWindow.take(length);
    this.window.take(length);
    this.#owner.dataSent(stream, length, length < wanted && length < DRIBBLE_BYTES);
    if (stream.closed) return "done"; // the connection has broken down over it
    if (stream.wantsRoom && stream.buffered < STREAM_HIGH_WATER) this.#owner.madeRoom(stream);
    if (last) {
      stream.step("sendEnd");
      return this.#finish(stream);
    }
    if (stream.buffered > 0) return "more";
    return stream.phase === "ended" ? this.#end(stream) : "done";
  }

  /** Ends a message whose content has left: by its trailers, or by a DATA frame with nothing in it. */
  #end(stream: Http2Stream<O>): Turn {
    const { trailers } = stream;
    if (trailers !== undefined) {
      const written = this.#headers(stream, trailers, true);
      return written === "written" ? this.#finish(stream) : turnOf(written);
    }
    if (!this.#reserve(FRAME_HEADER_BYTES)) return "full";
    this.#at = writeFrameHeader(this.#arena, this.#at, 0, FrameType.Data, Flag.EndStream, stream.id);
    stream.step("sendEnd");
    return this.#finish(stream);
  }

  #finish(stream: Http2Stream<O>): Turn {
    this.#owner.streamSent(stream);
    return "done";
  }

  /** There is no window: others go on meanwhile (RFC 9113 §5.2). */
  #stall(stream: Http2Stream<O>): Turn {
    if (stream.sendWindow.size <= 0) stream.queueing = "stream";
    else {
      stream.queueing = "connection";
      this.#held ??= new Set();
      this.#held.add(stream);
    }
    this.#owner.stalled(stream);
    return "done";
  }
}

/** What it means for a stream's turn that a header block was not written. */
function turnOf(written: Exclude<Written, "written">): Turn {
  return written === "full" ? "full" : "done";
}

const EMPTY = new Uint8Array(0);
