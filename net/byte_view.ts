/**
 * Owns the reading of a range of shared bytes; knows nothing of where the bytes come from or what they mean.
 *
 * @module
 */

/** Ranges up to this many bytes are searched by a loop: a typed array for the platform's search costs more (20 ns). */
const LOOP_LIMIT = 32;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Longest piece given to one `String.fromCharCode` call, in bytes: its arguments travel on the stack. */
const LATIN1_PIECE = 8 * 1024;

/**
 * A range over bytes that others share: slicing it makes no typed array and copies nothing.
 *
 * It sees what is written into the bytes later; {@linkcode ByteView.copy} makes bytes of one's own. The bytes that a
 * {@linkcode https://jsr.io/@avx/http/doc/net/~/Reader | Reader} gives are never written again.
 *
 * @example Reading a frame's head
 * ```ts
 * import { ByteView } from "@avx/http/net";
 * import { assertEquals } from "@std/assert";
 *
 * const view = new ByteView(new Uint8Array([0, 1, 2, 0x68, 0x69]));
 * assertEquals(view.readUint24(0), 0x000102);
 * assertEquals(view.slice(3).toText(), "hi");
 * ```
 */
export class ByteView {
  /** The shared bytes. */
  readonly bytes: Uint8Array;
  /** Where the range begins in {@linkcode ByteView.bytes}. */
  readonly start: number;
  /** Where the range ends in {@linkcode ByteView.bytes}, exclusive. */
  readonly end: number;

  /**
   * Makes a view of `bytes` from `start` (0 by default) up to `end` (their length by default).
   *
   * @throws {RangeError} Unless `0 <= start <= end <= bytes.length`, both whole.
   */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    // One test for NaN, fractions, negatives and order: `>>> 0` leaves only whole numbers from 0 to 2^32-1 as they are.
    if (start !== start >>> 0 || end !== end >>> 0 || start > end || end > bytes.length) {
      throw outside(bytes, start, end);
    }
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** The length of the range, in bytes. */
  get length(): number {
    return this.end - this.start;
  }

  /** The byte at `index`, or `undefined` outside of the range; a negative index counts from the end. */
  at(index: number): number | undefined {
    const at = index < 0 ? this.end + index : this.start + index;
    return at >= this.start && at < this.end ? this.bytes[at] : undefined;
  }

  /** The part from `start` to `end`, clamped to the range; negative numbers count from the end, as with `subarray`. */
  slice(start = 0, end: number = this.end - this.start): ByteView {
    const length = this.end - this.start;
    if (start >= 0 && start <= end && end <= length) { // the usual case: 2 ns less than clamping
      return new ByteView(this.bytes, this.start + start, this.start + end);
    }
    const from = start < 0 ? Math.max(length + start, 0) : Math.min(start, length);
    const to = end < 0 ? Math.max(length + end, 0) : Math.min(end, length);
    return new ByteView(this.bytes, this.start + from, this.start + (to > from ? to : from));
  }

  /** Where `what`, a byte or a run of bytes, first stands at or after `from`; -1 if it doesn't. */
  indexOf(what: number | Uint8Array, from = 0): number {
    const start = Math.min(this.start + Math.max(from, 0), this.end);
    const at = typeof what === "number"
      ? indexOfByte(this.bytes, what, start, this.end)
      : indexOfRun(this.bytes, what, start, this.end);
    return at < 0 ? -1 : at - this.start;
  }

  /**
   * The byte at `offset`.
   *
   * @throws {RangeError} If it lies outside of the range.
   */
  readUint8(offset: number): number {
    return this.bytes[this.#locate(offset, 1)]!;
  }

  /**
   * The two bytes at `offset`, the most significant first.
   *
   * @throws {RangeError} If they lie outside of the range.
   */
  readUint16(offset: number): number {
    const at = this.#locate(offset, 2);
    return this.bytes[at]! << 8 | this.bytes[at + 1]!;
  }

  /**
   * The three bytes at `offset`, the most significant first.
   *
   * @throws {RangeError} If they lie outside of the range.
   */
  readUint24(offset: number): number {
    const at = this.#locate(offset, 3);
    return this.bytes[at]! << 16 | this.bytes[at + 1]! << 8 | this.bytes[at + 2]!;
  }

  /**
   * The four bytes at `offset`, the most significant first; 0 to 2^32-1.
   *
   * @throws {RangeError} If they lie outside of the range.
   */
  readUint32(offset: number): number {
    const at = this.#locate(offset, 4);
    return (this.bytes[at]! << 24 | this.bytes[at + 1]! << 16 | this.bytes[at + 2]! << 8 | this.bytes[at + 3]!) >>> 0;
  }

  /** Whether the bytes are `other`'s; a string stands for its code units, one byte each (ASCII, Latin-1). */
  equals(other: Uint8Array | ByteView | string): boolean {
    if (other.length !== this.end - this.start) return false;
    if (typeof other === "string") return equalsString(this, other);
    const isView = other instanceof ByteView;
    const bytes = isView ? other.bytes : other;
    const shift = (isView ? other.start : 0) - this.start;
    for (let at = this.start; at < this.end; at++) if (this.bytes[at] !== bytes[at + shift]) return false;
    return true;
  }

  /** A typed array over the same memory: it shares, and keeps alive, the buffer it is a part of. */
  toBytes(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  /** The bytes in memory of their own. */
  copy(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.toBytes());
  }

  /** The text that the bytes are in UTF-8; a malformed sequence becomes U+FFFD, a byte order mark stays. */
  toText(): string {
    return utf8.decode(this.toBytes());
  }

  /** One character, U+0000 to U+00FF, a byte (ISO 8859-1, the octets of an HTTP field). */
  toLatin1(): string {
    let text = "";
    for (let at = this.start; at < this.end; at += LATIN1_PIECE) {
      text += String.fromCharCode(...this.bytes.subarray(at, Math.min(at + LATIN1_PIECE, this.end)));
    }
    return text;
  }

  /** Where `size` bytes at `offset` stand in the shared bytes. */
  #locate(offset: number, size: number): number {
    if (offset === offset >>> 0 && offset + size <= this.end - this.start) return this.start + offset;
    throw new RangeError(
      `Cannot read ${size} bytes as the offset must lie within ${this.end - this.start} bytes: received ${offset}`,
    );
  }
}

function outside(bytes: Uint8Array, start: number, end: number): RangeError {
  return new RangeError(
    `Cannot view bytes as the range must lie within 0 and ${bytes.length}: received ${start} to ${end}`,
  );
}

function indexOfByte(bytes: Uint8Array, byte: number, start: number, end: number): number {
  if (end - start > LOOP_LIMIT) {
    const at = bytes.subarray(start, end).indexOf(byte);
    return at < 0 ? -1 : start + at;
  }
  for (let at = start; at < end; at++) if (bytes[at] === byte) return at;
  return -1;
}

function indexOfRun(bytes: Uint8Array, run: Uint8Array, start: number, end: number): number {
  const first = run[0];
  if (first === undefined) return start;
  const last = end - run.length;
  for (let at = start; at <= last; at++) {
    at = indexOfByte(bytes, first, at, last + 1);
    if (at < 0) return -1;
    let matched = 1;
    while (matched < run.length && bytes[at + matched] === run[matched]) matched++;
    if (matched === run.length) return at;
  }
  return -1;
}

function equalsString(view: ByteView, text: string): boolean {
  for (let at = 0; at < text.length; at++) if (view.bytes[view.start + at] !== text.charCodeAt(at)) return false;
  return true;
}
