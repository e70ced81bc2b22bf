/**
 * Owns the reading of a message's content: whole and bounded, or as a stream with backpressure. Knows no wire, no timer
 * and no Request or Response.
 *
 * @module
 */

import type { BodySource } from "./call.ts";
import { ProtocolError } from "./fields/error.ts";

/** Bytes in a buffer of their own kind: what the web platform's body methods give. */
export type Bytes = Uint8Array<ArrayBuffer>;

/**
 * The most content that `text()`, `json()`, `bytes()`, `arrayBuffer()`, `blob()` and `formData()` take, in bytes.
 * nginx (`client_max_body_size`) and Fastify (`bodyLimit`) allow 1 MiB, Express 100 KiB. The `body` stream has no limit.
 */
export const DEFAULT_BODY_LIMIT: number = 1024 * 1024;

/**
 * Content is longer than what its reader takes (RFC 9110 §15.5.14): answered with 413.
 *
 * ```ts
 * import { BodyTooLargeError } from "@avx/http/http";
 *
 * const error = new BodyTooLargeError(10, 11);
 * console.log(error.status, error.limit); // 413 10
 * ```
 */
export class BodyTooLargeError extends ProtocolError {
  /** The class's name. */
  override readonly name: string = "BodyTooLargeError";
  /** The most content that was allowed, in bytes. */
  readonly limit: number;

  /** Makes the error for a limit, and the length that was announced, or received so far; both in bytes. */
  constructor(limit: number, received: number) {
    super(`Cannot read body as it must have at most ${limit} bytes: received ${received}`, {
      scope: "message",
      status: 413,
    });
    this.limit = limit;
  }
}

/** What reading needs of a {@linkcode BodySource}. */
export type ReadableSource = Pick<BodySource, "length" | "read" | "cancel">;

/** Content of no bytes. */
export const NO_CONTENT: ReadableSource = { length: 0, read: () => null, cancel: () => {} };

const EMPTY: readonly Uint8Array[] = [];

/**
 * Reads content whole; without a promise where all of it waits already.
 *
 * @param source The content, of which nothing was read.
 * @param limit The most to take, in bytes; an announced length acts before anything is read.
 * @throws {BodyTooLargeError} if there is more; the source is cancelled then.
 */
export function readAll(source: ReadableSource, limit: number): Bytes | Promise<Bytes> {
  if (source.length !== undefined && source.length > limit) refuse(source, limit, source.length);
  const first = source.read();
  if (first === null) return new Uint8Array(0);
  if (first instanceof Promise) return readRest(source, limit, EMPTY, first);
  if (first.length > limit) refuse(source, limit, first.length);
  const second = source.read();
  if (second === null) return owned(first);
  return readRest(source, limit, [first], second);
}

/** Goes on where {@linkcode readAll} had to wait, or found a second chunk. */
async function readRest(
  source: ReadableSource,
  limit: number,
  head: readonly Uint8Array[],
  next: ReturnType<ReadableSource["read"]>,
): Promise<Bytes> {
  const gathered = new Gathered(source.length);
  for (const chunk of head) gathered.add(chunk);
  for (;;) {
    const chunk = next instanceof Promise ? await next : next;
    if (chunk === null) return gathered.take();
    gathered.add(chunk);
    if (gathered.length > limit) refuse(source, limit, gathered.length);
    next = source.read();
  }
}

/** Small chunks are put together into ones of this many bytes once there are many: each costs 200 bytes beside its own. */
const JOINED_BYTES = 4 * 1024;

/** So many chunks are many. */
const MANY = 16;

/** Chunks on their way to be one: copied as they come where the length is known, so that nothing is in memory twice. */
class Gathered {
  length = 0;
  #joined: Bytes = new Uint8Array(0);
  #joinedLength = 0;
  readonly #announced: number | undefined;
  #whole: Bytes | undefined;
  #chunks: Uint8Array[] = [];

  constructor(announced: number | undefined) {
    this.#announced = announced;
  }

  add(chunk: Uint8Array): void {
    const end = this.length + chunk.length;
    if (this.#announced !== undefined && chunk.length < this.#announced && end <= this.#announced) {
      this.#whole ??= new Uint8Array(this.#announced);
      this.#whole.set(chunk, this.length);
    } else if (this.#chunks.length < MANY) {
      this.#chunks.push(chunk);
    } else {
      this.#join(chunk);
    }
    this.length = end;
  }

  /** Puts a small chunk behind the small ones before it: a sender chooses how small its chunks are. */
  #join(chunk: Uint8Array): void {
    if (this.#joinedLength + chunk.length > this.#joined.length) {
      this.#seal();
      if (chunk.length > JOINED_BYTES / 2) {
        this.#chunks.push(chunk);
        return;
      }
      this.#joined = new Uint8Array(JOINED_BYTES);
    }
    this.#joined.set(chunk, this.#joinedLength);
    this.#joinedLength += chunk.length;
  }

  #seal(): void {
    if (this.#joinedLength > 0) this.#chunks.push(this.#joined.subarray(0, this.#joinedLength));
    this.#joined = new Uint8Array(0);
    this.#joinedLength = 0;
  }

  /** All of it: a single chunk stays itself. */
  take(): Bytes {
    this.#seal();
    if (this.#whole !== undefined) {
      if (this.#chunks.length === 0 && this.length === this.#whole.length) return this.#whole;
      const extra = this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      this.#chunks.unshift(this.#whole.subarray(0, this.length - extra));
    }
    return join(this.#chunks, this.length);
  }
}

/** Cancels the source and throws what its reader gets. */
function refuse(source: ReadableSource, limit: number, received: number): never {
  const error = new BodyTooLargeError(limit, received);
  source.cancel(error);
  throw error;
}

/** One chunk stays itself; several are copied once. */
function join(chunks: readonly Uint8Array[], length: number): Bytes {
  const only = chunks[0];
  if (only !== undefined && chunks.length === 1) return owned(only);
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** The bytes themselves where no other thread can see them, else a copy. */
function owned(bytes: Uint8Array): Bytes {
  return isOwned(bytes) ? bytes : new Uint8Array(bytes);
}

function isOwned(bytes: Uint8Array): bytes is Bytes {
  return bytes.buffer instanceof ArrayBuffer;
}

/**
 * Makes the stream over content: a byte stream (Fetch §2.2.4) that reads one chunk ahead of nobody, so that its
 * consumer's pace is the wire's. Cancelling it cancels the source.
 */
export function streamOf(source: ReadableSource): ReadableStream<Bytes> {
  return new ReadableStream({
    type: "bytes",
    pull: (controller) => deliver(source, controller),
    cancel: (reason) => source.cancel(reason),
  });
}

/** Hands one chunk, or the end, to the stream; skips empty chunks, which a byte stream refuses. */
function deliver(source: ReadableSource, controller: ReadableByteStreamController): void | Promise<void> {
  const next = source.read();
  if (next instanceof Promise) return next.then((chunk) => give(source, controller, chunk));
  return give(source, controller, next);
}

function give(
  source: ReadableSource,
  controller: ReadableByteStreamController,
  chunk: Uint8Array | null,
): void | Promise<void> {
  if (chunk === null) {
    controller.close();
    controller.byobRequest?.respond(0); // a reader that brought its own buffer gets it back
    return;
  }
  if (chunk.length === 0) return deliver(source, controller);
  controller.enqueue(owned(chunk));
}

/**
 * Reads what is left of a stream whole, as {@linkcode readAll} does; the stream stays locked, as Fetch has it.
 *
 * @throws {TypeError} if the stream is locked.
 * @throws {BodyTooLargeError} if there is more than `limit` bytes; the stream is cancelled then.
 */
export function readStream(
  stream: ReadableStream<Bytes>,
  limit: number,
  length: number | undefined,
): Bytes | Promise<Bytes> {
  const reader = stream.getReader();
  return readAll({
    length,
    read: async () => (await reader.read()).value ?? null,
    // The error that made us cancel is the one to report; the stream's own would only hide it.
    cancel: (reason) => void reader.cancel(reason).catch(() => {}),
  }, limit);
}
