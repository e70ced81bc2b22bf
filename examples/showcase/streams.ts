/**
 * Owns the byte streams that the routes send or count: filler, digests on the way. Knows nothing of requests.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";

/** Bytes handed over at a time: one large write. */
const CHUNK = 64 * 1024;

/** Lines of 64 bytes, so that a terminal shows where a stream is cut. */
const FILLER: Uint8Array<ArrayBuffer> = new TextEncoder().encode(
  `${"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"}\n`.repeat(CHUNK / 64),
);

/** A stream of exactly `bytes` bytes of text, made as fast as it is read and no faster. */
export function filler(bytes: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      if (left > 0) {
        const count = Math.min(left, CHUNK);
        controller.enqueue(count === CHUNK ? FILLER : FILLER.subarray(0, count));
        left -= count;
      }
      if (left === 0) controller.close();
    },
  }, { highWaterMark: 0 });
}

/** The length and the digest of bytes that went by. */
export interface Tally {
  /** How many bytes. */
  readonly bytes: number;
  /** Their SHA-256, in hexadecimal. */
  readonly sha256: string;
}

/** Reads a stream to its end, keeping none of it. */
export async function tally(stream: ReadableStream<Uint8Array> | null): Promise<Tally> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of stream ?? []) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** Lines of text sent one by one, with a digest that is known only once the last one is out. */
export class DigestedLines {
  readonly #hash: Hash = createHash("sha256");
  /** The content. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;

  /** Prepares to send `lines`, each followed by a line feed. */
  constructor(lines: readonly string[]) {
    const encoder = new TextEncoder();
    const rest = lines.values();
    this.stream = new ReadableStream({
      pull: (controller) => {
        const { done, value } = rest.next();
        if (done) return controller.close();
        const bytes = encoder.encode(`${value}\n`);
        this.#hash.update(bytes);
        controller.enqueue(bytes);
      },
    }, { highWaterMark: 0 });
  }

  /** The value of a `content-digest` field (RFC 9530 §2) for what was sent; to be asked once, at the end. */
  contentDigest(): string {
    return `sha-256=:${this.#hash.digest("base64")}:`;
  }
}
