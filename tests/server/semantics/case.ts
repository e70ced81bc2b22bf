/**
 * Owns the form of a case of the semantics suite, and what many of them need. Must not know a carrier.
 *
 * @module
 */

import type { Handler } from "../../../server/mod.ts";
import type { CaseOptions, Peer } from "./carriers.ts";

/** Starts a server on the carrier that the case runs over. */
export type Start = (handler: Handler, options?: CaseOptions) => Promise<Peer>;

/** What must hold over every carrier. */
export interface Case {
  /** What holds, as the end of a sentence that begins with `serve()`. */
  readonly name: string;
  /** The one version that has such a thing, where not all have; the case says why. */
  readonly only?: "HTTP/1.1";
  /**
   * Whether the server's hook has to be told of a failure, or may be; without it, it must not. What only HTTP/1.1 has to tell
   * of is a client that gives up: that costs its connection there, and is a frame like others with HTTP/2.
   */
  readonly fails?: boolean | "perhaps" | "HTTP/1.1";
  /** Shows it. */
  run(start: Start): Promise<void>;
}

/** Bytes that repeat with a period that no power of two has, so that a piece in the wrong place shows. */
export function patterned(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = at % 251;
  return bytes;
}

/** A stream of these pieces. */
export function streamOf(...pieces: readonly string[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return ReadableStream.from(pieces.map((piece) => new TextEncoder().encode(piece)));
}
