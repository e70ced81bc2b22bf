/**
 * Owns the content of a response that came whole in one read with its head, until somebody wants it. Knows no socket.
 *
 * @module
 */

import type { BodySource } from "../http/call.ts";
import type { Field } from "../http/fields/field.ts";
import { UTF8 } from "../http/lazy_request.ts";

/** Longest text that is joined of characters, in bytes: up to it that beats a call of `TextDecoder` (0.1 µs). */
const SHORT = 16;

/**
 * Content that came whole with its head: nothing is left to be asked of the wire. It stays where it was read until
 * somebody wants it, as nothing is written there again.
 */
export class WholeBody implements BodySource {
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #trailers: readonly Field[];
  #taken = false;

  /** Made of a range of `length` bytes at `start`, which are not written again. */
  constructor(bytes: Uint8Array, start: number, length: number, trailers: readonly Field[]) {
    this.length = length;
    this.#bytes = bytes;
    this.#start = start;
    this.#trailers = trailers;
  }

  /** See {@linkcode BodySource.read}: a copy, as the bytes beside it are others'. */
  read(): Uint8Array | null {
    const view = this.takeView();
    return view.length === 0 ? null : view.slice();
  }

  /** All of it, to be looked at only; nothing once it was taken. */
  takeView(): Uint8Array {
    const length = this.#taken ? 0 : this.length;
    this.#taken = true;
    return this.#bytes.subarray(this.#start, this.#start + length);
  }

  /** All of it as text; nothing once it was taken. */
  takeText(): string {
    const text = this.length > SHORT || this.#taken ? undefined : asciiText(this.#bytes, this.#start, this.length);
    if (text === undefined) return UTF8.decode(this.takeView());
    this.#taken = true;
    return text;
  }

  /** See {@linkcode BodySource.cancel}. */
  cancel(): void {
    this.#taken = true;
  }

  /** See {@linkcode BodySource.trailers}. */
  trailers(): Promise<readonly Field[]> {
    return Promise.resolve(this.#trailers);
  }
}

/** Joins characters; `undefined` where one isn't US-ASCII. */
function asciiText(bytes: Uint8Array, start: number, length: number): string | undefined {
  let text = "";
  for (let at = start; at < start + length; at++) {
    const octet = bytes[at]!;
    if (octet > 0x7f) return undefined;
    text += String.fromCharCode(octet);
  }
  return text;
}
