/**
 * Owns the credit of flow control (RFC 9113 §5.2, §6.9): what may be sent, what may be received, and when more of that is
 * given. Knows no frame and no stream.
 *
 * @module
 */

import { MAX_WINDOW } from "./frame.ts";

/** What this side may send. */
export class SendWindow {
  #size: number;

  /** Made with a first credit, in bytes. */
  constructor(size: number) {
    this.#size = size;
  }

  /** What may be sent now, in bytes; negative where a setting has taken back what was sent already (§6.9.2). */
  get size(): number {
    return this.#size;
  }

  /** Takes credit for what is sent. */
  take(count: number): void {
    this.#size -= count;
  }

  /** Adds to the credit, or takes from it; false where it would grow beyond 2^31 - 1 (§6.9.1). */
  grant(increment: number): boolean {
    if (this.#size + increment > MAX_WINDOW) return false;
    this.#size += increment;
    return true;
  }
}

/** Least part of a window that is worth telling the peer of: half of it, as in nghttp2. */
const REFILL_PART = 0.5;

/** What the peer may send. */
export class ReceiveWindow {
  /** What the peer may have on its way, and unread here, at most. */
  #limit: number;
  /** What it may still send. */
  #credit: number;
  /** What was taken by readers since the peer was last told. */
  #taken = 0;

  /** Made with a first credit, in bytes. */
  constructor(size: number) {
    this.#limit = this.#credit = size;
  }

  /** The size of the window, in bytes. */
  get limit(): number {
    return this.#limit;
  }

  /** What the peer may still send, in bytes. */
  get credit(): number {
    return this.#credit;
  }

  /** Charges what was received, padding too (§6.9.1); false where the peer has sent more than it may. */
  receive(count: number): boolean {
    this.#credit -= count;
    return this.#credit >= 0;
  }

  /** Counts what its reader has taken. */
  consume(count: number): void {
    this.#taken += count;
  }

  /** The peer has learned of another first credit (§6.9.2). */
  adjust(delta: number): void {
    this.#limit += delta;
    this.#credit += delta;
  }

  /** Makes the window larger at once; gives what the peer is to be granted for it. */
  grow(limit: number): number {
    const increment = Math.max(0, limit - this.#limit);
    this.#limit += increment;
    this.#credit += increment;
    return increment;
  }

  /**
   * Gives what the peer is to be granted now, 0 for nothing yet: as much as was taken, and more where the window may grow
   * to `target` as its reader has kept up.
   */
  refill(target: number): number {
    if (this.#taken < this.#limit * REFILL_PART) return 0;
    const growth = Math.max(0, target - this.#limit);
    const increment = this.#taken + growth;
    this.#limit += growth;
    this.#credit += increment;
    this.#taken = 0;
    return increment;
  }
}
