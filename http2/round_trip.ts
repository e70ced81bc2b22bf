/**
 * Owns the PING frames of this side (RFC 9113 §6.7): which are out, how long a round trip takes, and from that how large the
 * windows should be for a fast peer (the product of bandwidth and delay). Knows no other frame.
 *
 * @module
 */

/** Why a PING was sent: to measure the bandwidth, to see whether the peer lives, before a last GOAWAY, or for a user. */
export type PingReason = "bandwidth" | "alive" | "goAway" | "user";

/** A PING that is out. */
export interface SentPing {
  /** Its number, which is its payload. */
  readonly id: number;
  /** Why it was sent. */
  readonly reason: PingReason;
  /** When, in milliseconds. */
  readonly at: number;
}

/** The length of a PING's payload (RFC 9113 §6.7). */
const PAYLOAD_BYTES = 8;

/** How full a window must have been within a round trip to be called too small, as in gRPC. */
const FULL_PART = 2 / 3;

/** Rounds in a row in which the window was no bound before measuring pauses. */
const MAX_QUIET_ROUNDS = 3;

/** The shortest round trip that a clock may tell apart from none, in milliseconds. */
const MIN_ROUND_TRIP = 0.01;

/** How much content such a pause lasts, in bytes: the peer may get faster. */
const PAUSE_BYTES = 2 * 1024 * 1024;

/** How much content comes before the first measurement, in bytes: what is less needs none. */
const FIRST_PAUSE_BYTES = 32 * 1024;

/** The PINGs of one side. */
export class RoundTrip {
  readonly #sent: SentPing[] = [];
  readonly #maxWindow: number;
  #nextId = 1;
  #window: number;
  #measured = 0;
  #measuring = false;
  /** The most that came in a millisecond, of all rounds. */
  #bandwidth = 0;
  #quiet = 0;
  #pause = FIRST_PAUSE_BYTES;
  #time: number | undefined;

  /** Made for windows of `window` to `maxWindow` bytes. */
  constructor(window: number, maxWindow: number) {
    this.#window = window;
    this.#maxWindow = Math.max(window, maxWindow);
  }

  /** What the last round trip took, in milliseconds; `undefined` before the first. */
  get time(): number | undefined {
    return this.#time;
  }

  /** How large a stream's window should be, in bytes. */
  get window(): number {
    return this.#window;
  }

  /** Since when the oldest PING is out; infinite where none is. */
  get since(): number {
    return this.#sent[0]?.at ?? Infinity;
  }

  /**
   * Counts content that came; gives whether a measurement should begin by a PING. It does so with the first content behind the
   * last one, as what the peer sends in a round trip comes in bursts where a window is its bound.
   */
  received(count: number): boolean {
    if (this.#measuring) {
      this.#measured += count;
      return false;
    }
    if (this.#window >= this.#maxWindow) return false;
    this.#measured = count;
    this.#pause -= count;
    return this.#pause <= 0;
  }

  /** Notes that a PING is sent, and gives what it carries. */
  send(reason: PingReason, now: number): Uint8Array {
    const id = this.#nextId++;
    this.#sent.push({ id, reason, at: now });
    if (reason === "bandwidth") this.#measuring = true;
    const payload = new Uint8Array(PAYLOAD_BYTES);
    new DataView(payload.buffer).setBigUint64(0, BigInt(id));
    return payload;
  }

  /** Gives the PING that an acknowledgement belongs to; `undefined` where it is none of ours, which harms nobody. */
  acknowledge(view: Uint8Array, at: number, now: number): SentPing | undefined {
    const id = Number(new DataView(view.buffer, view.byteOffset + at, PAYLOAD_BYTES).getBigUint64(0));
    const index = this.#sent.findIndex((ping) => ping.id === id);
    const ping = this.#sent[index];
    if (ping === undefined) return undefined;
    const answered = this.#sent.splice(0, index + 1); // also what was sent before it, as both sides keep the order
    this.#time = now - ping.at;
    const measurement = answered.find(({ reason }) => reason === "bandwidth");
    if (measurement !== undefined) this.#learn(now - measurement.at);
    return ping;
  }

  /**
   * What came within a round trip has filled the window, and faster than ever: the window was the bound. Where it came no
   * faster than before the way was, and a larger window would only make its queues longer.
   */
  #learn(elapsed: number): void {
    this.#measuring = false;
    const bandwidth = this.#measured / Math.max(elapsed, MIN_ROUND_TRIP);
    if (this.#measured < this.#window * FULL_PART || bandwidth <= this.#bandwidth) {
      if (++this.#quiet < MAX_QUIET_ROUNDS) return;
      this.#quiet = 0;
      this.#pause = PAUSE_BYTES;
      return;
    }
    this.#quiet = 0;
    this.#bandwidth = bandwidth;
    this.#window = Math.min(this.#maxWindow, Math.max(this.#window, 2 * this.#measured));
  }
}
