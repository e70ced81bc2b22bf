/**
 * Owns the seam between a request's task and what carries it: a connection of whatever version, or a handler in memory.
 * Knows neither of them.
 *
 * @module
 */

import type { BodySource } from "../http/call.ts";
import type { Field } from "../http/fields/field.ts";
import type { FramingKind } from "../http1/framing.ts";
import type { Transport } from "../net/transport.ts";
import type { Resend } from "./failure.ts";
import type { Target } from "./target.ts";
import type { WireRequest } from "./wire_request.ts";

/** A response's head, as a task needs it. */
export interface ReceivedHead {
  /** The status code, 100 to 999. */
  readonly status: number;
  /** The minor version of HTTP/1; left out in HTTP/2. */
  readonly minor?: 0 | 1;
  /** The reason phrase; may be empty, and is in HTTP/2. */
  readonly reason: string;
  /** How the content is delimited; only chunked content can have trailers, and what HTTP/2 carries counts as such. */
  readonly framing: FramingKind;
  /** The header section in wire order. */
  fields(): readonly Field[];
}

/** What carries an exchange: takes its content, and can be stopped. */
export interface ExchangeDriver {
  /** Whether content is of use: false where the peer wants no more of it, or is gone. */
  readonly wantsContent: boolean;
  /** What to wait for before more content is sent, `undefined` when there's room. */
  room(): Promise<void> | undefined;
  /**
   * Sends the next piece of content; the bytes must not change any more.
   *
   * @throws {RangeError} If it is more than was announced.
   */
  write(bytes: Uint8Array): void;
  /**
   * Ends the content.
   *
   * @throws {RangeError} If it is less than was announced.
   */
  end(trailers: readonly Field[]): void;
  /** Whether it is this exchange that is under way. */
  carries(exchange: Exchange): boolean;
  /** Ends the exchange: `reason` is what its caller gets, or the reader of its content. */
  abort(reason: unknown): void;
}

/** A request on its way, and who is told of its answer. */
export interface Exchange {
  /** What is sent. */
  readonly request: WireRequest;
  /** Whether only HTTP/1.1 may carry it, as HTTP/2 was refused. */
  readonly needsHttp1: boolean;
  /** The content where all of it is known and sent at once, else `null`. */
  readonly content: Uint8Array | null;
  /** Told what carries it, before anything else of it. */
  assigned(driver: ExchangeDriver): void;
  /** Told of an interim response. */
  informed(head: ReceivedHead): void;
  /** The content that isn't known whole, or has waited for a 100 (Continue), is to be sent now. */
  sendContent(driver: ExchangeDriver): void;
  /** Told of the final response; the content is `null` where there can be none. */
  responded(head: ReceivedHead, body: BodySource | null): void;
  /** Told that HTTP has ended on the connection; the transport is the exchange's now. */
  switched(head: ReceivedHead, transport: Transport): void;
  /** The response was received whole. */
  ended(): void;
  /** The request failed before it had a response. */
  failed(error: unknown, resend: Resend): void;
  /** The response broke off; gives what the reader of its content is told. */
  broken(error: unknown): unknown;
}

/** Finds what carries exchanges. */
export interface Carrier {
  /** How many connections are open or being opened. */
  readonly size: number;
  /** Finds what carries an exchange, or lets it wait for that. Fails the exchange where it may not. */
  carry(target: Target, exchange: Exchange): void;
  /** Takes an exchange out of the queue that it waits in, if it does. */
  withdraw(target: Target, exchange: Exchange): void;
  /** Gives up what waits unused for this target: a part of it was found dead. */
  distrust(target: Target): void;
  /** Ends everything at once; all that are under way fail. */
  close(): void;
}
