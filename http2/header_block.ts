/**
 * Owns a header block that comes in more than one frame, until it is whole (RFC 9113 §4.3, §6.10). Knows nothing of fields.
 *
 * @module
 */

import { MAX_BLOCK_FRAMES } from "./budget.ts";
import { ErrorCode, Http2Error } from "./error.ts";

/** What a block belongs to. */
export interface BlockOwner {
  /** The stream on which it comes. */
  readonly streamId: number;
  /** Whether the stream's content ends with it. */
  readonly endStream: boolean;
  /** The stream that it depends on, -1 for none (RFC 9113 §5.3.2). */
  readonly dependency: number;
  /** The stream that it promises, 0 for none. */
  readonly promisedId: number;
}

/** The beginning of a header block. */
export class HeaderBlock {
  readonly #maxBytes: number;
  #owner: BlockOwner | undefined;
  #bytes = new Uint8Array(0);
  #length = 0;
  #frames = 0;

  /** Made for blocks of at most this many bytes. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What a block that is not whole belongs to. */
  get owner(): BlockOwner | undefined {
    return this.#owner;
  }

  /** The octets so far. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** Begins a block that more frames follow. */
  begin(owner: BlockOwner, view: Uint8Array, start: number, end: number): void {
    this.#owner = owner;
    this.#length = this.#frames = 0;
    this.add(view, start, end);
  }

  /**
   * Adds a frame's part of the block. Throws a connection error where it is in too many frames, or too long: what came
   * cannot be skipped, as the peer's next block depends on it.
   */
  add(view: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start;
    if (++this.#frames > MAX_BLOCK_FRAMES) {
      throw new Http2Error(
        "connection",
        ErrorCode.EnhanceYourCalm,
        `Cannot read header block as it must be in at most ${MAX_BLOCK_FRAMES} frames`,
      );
    }
    if (length > this.#maxBytes) {
      throw new Http2Error(
        "connection",
        ErrorCode.EnhanceYourCalm,
        `Cannot read header block as it must be at most ${this.#maxBytes} bytes: received ${length}`,
      );
    }
    if (length > this.#bytes.length) {
      const bytes = new Uint8Array(Math.min(this.#maxBytes, Math.max(length, 2 * this.#bytes.length)));
      bytes.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = bytes;
    }
    this.#bytes.set(view.subarray(start, end), this.#length);
    this.#length = length;
  }

  /** Ends the block, which was read. */
  end(): void {
    this.#owner = undefined;
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
  }
}
