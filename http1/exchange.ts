/**
 * Owns one exchange of a server's connection: a request's head, and the phase and framing of its answer. Knows nothing
 * of sockets, time or web-standard objects; the order among exchanges is the connection's.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { isSafeMethod } from "../http/fields/method.ts";
import { reasonPhrase } from "../http/fields/status.ts";
import { Output } from "./output.ts";
import type { RequestHead } from "./request.ts";
import {
  type Framing,
  type HeadOptions,
  responseFraming,
  writeBody,
  writeChunk,
  writeLastChunk,
  writeResponseHead,
} from "./respond.ts";

/** How far the answer to a request is. */
export type AnswerPhase = "pending" | "content" | "done" | "switched";

/** What is done to an answer. */
type AnswerStep = "inform" | "whole" | "begin" | "data" | "end" | "switch";

/** RFC 9112 §2.1, §9.3: interim answers come first, then one final head, then its content. No cell: not allowed. */
const NEXT: Record<AnswerPhase, Partial<Record<AnswerStep, AnswerPhase>>> = {
  pending: { inform: "pending", whole: "done", begin: "content", switch: "switched" },
  content: { data: "content", end: "done" },
  done: {},
  switched: {},
};

/** A final answer's head, as the handler's side gives it. */
export interface ResponseMessage {
  /** The status code, 200 to 599. */
  readonly status: number;
  /** The reason phrase; the status code's own when empty. */
  readonly reason: string;
  /** The header section; fields that frame the message or rule the connection are this module's and left out. */
  readonly fields: readonly Field[];
}

/** What an exchange needs of the connection that it is a part of. */
export interface ExchangeOwner {
  /** Whether the connection goes on after this exchange (RFC 9112 §9.3). */
  persists(exchange: ServerExchange): boolean;
  /** Tells that the answer is complete. */
  answered(exchange: ServerExchange): void;
}

/** A request and its answer on a server's HTTP/1.1 connection. */
export class ServerExchange {
  /** The request's head. */
  readonly head: RequestHead;
  /** Whether the request's content was received whole; true at once where there is none. */
  received: boolean;
  /** Whether the connection ends with this exchange, as its answer's head has said. */
  last = false;
  /** Where the answer is written: the connection's output in its turn, one of its own before. */
  output: Output;
  /** Whether all answers before this one are complete, so that it may leave. */
  inTurn: boolean;
  /** Called once when the answer's turn comes, where it had to wait for others. */
  onTurn: (() => void) | undefined = undefined;
  /** Whether the request may run beside others (RFC 9112 §9.3.2, RFC 9110 §9.2.1). */
  readonly safe: boolean;
  #owner: ExchangeOwner;
  #phase: AnswerPhase = "pending";
  #framing: Framing = "none";
  #left = 0;
  #continueSent = false;

  /** Made by the connection, when a head was read; with the connection's output if it's this exchange's turn. */
  constructor(owner: ExchangeOwner, head: RequestHead, output: Output | undefined) {
    this.#owner = owner;
    this.head = head;
    this.inTurn = output !== undefined;
    this.output = output ?? new Output();
    this.received = head.framing === "none";
    this.safe = isSafeMethod(head.method);
  }

  /** How far the answer is. */
  get phase(): AnswerPhase {
    return this.#phase;
  }

  /** Whether the client waits for a 100 (Continue) before it sends content (RFC 9110 §10.1.1). */
  get expectsContinue(): boolean {
    return this.head.expectContinue && !this.#continueSent && !this.received && this.head.minor === 1;
  }

  /** Whether 1xx answers may be sent: not to HTTP/1.0 (RFC 9110 §15.2), not once the final head has left. */
  get informable(): boolean {
    return this.#phase === "pending" && this.head.minor === 1;
  }

  /** Sends 100 (Continue), once, where the client waits for it. */
  continue(): void {
    if (!this.expectsContinue || this.#phase !== "pending") return;
    this.#continueSent = true;
    this.inform(100, []);
  }

  /** The answers before this one are complete: what it has written goes to the connection's output. */
  takeTurn(output: Output): void {
    if (this.inTurn) return;
    this.inTurn = true;
    output.absorb(this.output);
    this.output = output;
    this.onTurn?.();
    this.onTurn = undefined;
  }

  /** Lets the client's content count as its answer to `Expect`: it didn't wait for a 100 (Continue). */
  contentBegan(): void {
    this.#continueSent = true;
  }

  /** Sends an interim answer: its status is 100 to 199, and not 101 (that is {@linkcode ServerExchange.switch}). */
  inform(status: number, fields: readonly Field[]): void {
    this.#step("inform");
    if (!this.informable) return;
    writeResponseHead(this.output, { status, reason: reasonPhrase(status), fields }, { framing: "none" });
  }

  /** Sends a whole answer. */
  respond(message: ResponseMessage, body: string | Uint8Array | null): void {
    this.#step("whole");
    const bytes = typeof body === "string" ? encoder.encode(body) : body;
    const length = bytes?.length ?? 0;
    this.last = closes(message) || !this.#owner.persists(this);
    const options = this.#headOptions(message, length, bytes === null);
    writeResponseHead(this.output, message, options);
    if (bytes !== null && options.framing === "length" && this.head.method !== "HEAD") this.output.push(bytes);
    this.#owner.answered(this);
  }

  /**
   * Whether {@linkcode ServerExchange.respondWith} gives what {@linkcode ServerExchange.respond} would: HTTP/1.1, a
   * connection that goes on, a method and an answer with content.
   */
  get plain(): boolean {
    const { minor, method } = this.head;
    return minor === 1 && method !== "HEAD" && method !== "CONNECT" && this.#phase === "pending" &&
      this.#owner.persists(this);
  }

  /**
   * Sends a whole answer whose head was written before, up to and with `content-length: `. The hot path: it costs a copy
   * of two small ranges; allowed while {@linkcode ServerExchange.plain}.
   */
  respondWith(head: Uint8Array, body: string | Uint8Array): void {
    this.#step("whole");
    writeBody(this.output, head, body);
    this.#owner.answered(this);
  }

  /**
   * Sends the final head of an answer whose content follows in pieces.
   *
   * @param length The content's length in bytes, where it is known.
   * @returns Whether content is wanted; without it the answer is complete (RFC 9110 §6.4.1).
   */
  begin(message: ResponseMessage, length: number | undefined): boolean {
    this.#step("begin");
    this.#framing = responseFraming(this.head, message.status, length);
    this.#left = length ?? Infinity;
    this.last = this.#framing === "close" || closes(message) || !this.#owner.persists(this);
    writeResponseHead(this.output, message, this.#headOptions(message, length, false));
    const wanted = this.#framing !== "none" && this.head.method !== "HEAD";
    if (!wanted) this.end();
    return wanted;
  }

  /**
   * Sends the next piece of content; the bytes must not change any more.
   *
   * @throws {RangeError} If it is more than the length that was announced.
   */
  write(bytes: Uint8Array): void {
    this.#step("data");
    if (bytes.length === 0) return; // an empty chunk would end the content
    if (bytes.length > this.#left) {
      throw new RangeError(
        `Cannot write content as it must not be longer than its Content-Length: ${
          bytes.length - this.#left
        } bytes more`,
      );
    }
    this.#left -= bytes.length;
    if (this.#framing === "chunked") writeChunk(this.output, bytes);
    else this.output.push(bytes);
  }

  /**
   * Ends the content; trailers are sent where the content is chunked, and dropped elsewhere (RFC 9112 §6.5).
   *
   * @throws {RangeError} If it is less than the length that was announced.
   */
  end(trailers: readonly Field[] = []): void {
    if (this.#framing === "length" && this.#left > 0 && this.head.method !== "HEAD") {
      throw new RangeError(
        `Cannot end content as it must be as long as its Content-Length: ${this.#left} bytes are missing`,
      );
    }
    this.#step("end");
    if (this.#framing === "chunked" && this.head.method !== "HEAD") writeLastChunk(this.output, trailers);
    this.#owner.answered(this);
  }

  /** Sends the head that ends HTTP on this connection: 101 to an Upgrade, a 2xx to CONNECT (RFC 9110 §7.8, §9.3.6). */
  switch(message: ResponseMessage): void {
    this.#step("switch");
    this.last = true;
    writeResponseHead(this.output, message, { framing: "none", upgrade: message.status === 101 });
    this.#owner.answered(this);
  }

  #headOptions(message: ResponseMessage, length: number | undefined, empty: boolean): HeadOptions {
    return {
      framing: responseFraming(this.head, message.status, length),
      length,
      empty,
      toHead: this.head.method === "HEAD",
      close: this.last,
      keepAlive: !this.last && this.head.minor === 0,
    };
  }

  #step(step: AnswerStep): void {
    const next = NEXT[this.#phase][step];
    if (next === undefined) {
      throw new TypeError(`Cannot ${step} an answer as it must not be ${this.#phase}`);
    }
    this.#phase = next;
  }
}

/** Whether the handler asked for the connection's end (RFC 9112 §9.6). */
function closes({ fields }: ResponseMessage): boolean {
  for (const { name, value } of fields) {
    if (name === "connection" && value.toLowerCase().split(",").some((option) => option.trim() === "close")) {
      return true;
    }
  }
  return false;
}

const encoder = new TextEncoder();
