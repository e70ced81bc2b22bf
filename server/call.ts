/**
 * Owns the seam between what answers a request and the version that carries it: the commands by which an answer is sent.
 * Knows no version and no `Response`.
 *
 * @module
 */

import type { KnownBody, Protocol, RequestSource } from "../http/call.ts";
import type { Field } from "../http/fields/field.ts";
import type { Switchable } from "../http/upgrade.ts";
import type { Address, Transport } from "../net/transport.ts";

/** An answer's final head. */
export interface AnswerHead {
  /** The status code, 200 to 599. */
  readonly status: number;
  /** The reason phrase, empty for the status code's own; HTTP/2 has none. */
  readonly reason: string;
  /** The header section in the order to send. */
  readonly fields: Field[];
}

/** A request whose answer is pushed: safe, and without content (RFC 9113 §8.4). */
export interface PushedRequest {
  /** The method. */
  readonly method: "GET" | "HEAD";
  /** The path with its query; scheme and authority are those of the request that makes the handler push. */
  readonly path: string;
  /** The header section. */
  readonly fields: readonly Field[];
}

/** One request with the means to answer it. */
export interface ServerCall extends RequestSource, Switchable<Transport> {
  /** The version that the request came by. */
  readonly protocol: Protocol;
  /** The peer's address. */
  readonly remoteAddr: Address;
  /** This end's address. */
  readonly localAddr: Address;
  /** Whether the connection is gone, or has said its last, so that nothing sent here reaches the peer. */
  readonly gone: boolean;
  /** Whether the request's signal has aborted with this very reason. */
  aborted(reason: unknown): boolean;
  /** Called once when the call is {@linkcode ServerCall.gone} before its answer was complete. */
  onGone: ((reason: unknown) => void) | undefined;
  /** Whether interim answers are in order: the final head was not sent. */
  readonly informable: boolean;
  /** Whether the client holds its content back until it gets a 100 (Continue), which only a reader of it brings about. */
  readonly awaited: boolean;
  /** Sends an interim answer (1xx but 101); does nothing where the peer can't take one. */
  inform(status: number, fields: readonly Field[]): void;
  /** Promises the peer the answer to a request that it has not made; false where it takes none, or no more. */
  push(request: PushedRequest): boolean;
  /**
   * Sends a whole 200 with no fields but `content-type`, `date` and `content-length`: the hot path.
   *
   * @returns Whether it was sent; if not, {@linkcode ServerCall.respond} has to be used.
   */
  respondPlain(contentType: string | null, body: string | Uint8Array): boolean;
  /** Sends a whole answer. */
  respond(head: AnswerHead, body: KnownBody): void;
  /**
   * Adds a final head whose content follows to what leaves next; `length` is the content's in bytes where it is known.
   *
   * @returns Whether content is wanted; if not, the answer is complete.
   */
  begin(head: AnswerHead, length: number | undefined): boolean;
  /** Adds content to what leaves with the next {@linkcode ServerCall.flush}; the bytes must not change any more. */
  write(bytes: Uint8Array): void;
  /** Lets what was written leave as soon as it can. */
  flush(): void;
  /** What to wait for before more content is sent, `undefined` when there's room. */
  room(): Promise<void> | undefined;
  /** Ends the content. */
  end(trailers: readonly Field[]): void;
  /** The handler has given its answer, or has failed to; its content may still be on its way. */
  settled(): void;
  /** Cuts the answer short, so that the peer sees that it isn't complete. */
  abort(reason: unknown): void;
}
