/**
 * Owns one exchange of a server's connection: a request's head, and the phase and framing of its answer. Knows nothing
 * of sockets, time or web-standard objects; the order among exchanges is the connection's.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { isSafeMethod } from "../http/fields/method.ts";
import { Output } from "./output.ts";
import type { RequestHead } from "./request.ts";
import {
  type AnswerFraming,
  answerFraming,
  type AnswerHead,
  type HeadOptions,
  putChunk,
  putHead,
  putLastChunk,
  putWhole,
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
  #owner: ExchangeOwner;
  #phase: AnswerPhase = "pending";
  #framing: AnswerFraming = "none";
  #left = 0;
  #continueSent = false;
  /** Called once when the answer's turn comes, where it had to wait for others. */
  #onTurn: (() => void) | undefined = undefined;

  /** Made by the connection, when a head was read; with the connection's output if it's this exchange's turn. */
  constructor(owner: ExchangeOwner, head: RequestHead, output: Output | undefined) {
    this.#owner = owner;
    this.head = head;
    this.inTurn = output !== undefined;
    this.output = output ?? new Output();
    this.received = head.contentLength === 0;
  }

  /** Whether the request may run beside others (RFC 9112 §9.3.2, RFC 9110 §9.2.1). */
  get safe(): boolean {
    return isSafeMethod(this.head.method);
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
    this.#onTurn?.();
    this.#onTurn = undefined;
  }

  /** Lets `callback` be called once when the answer's turn comes, after those given before. */
  whenTurn(callback: () => void): void {
    const before = this.#onTurn;
    this.#onTurn = before === undefined ? callback : () => {
      before();
      callback();
    };
  }

  /** Lets the client's content count as its answer to `Expect`: it didn't wait for a 100 (Continue). */
  contentBegan(): void {
    this.#continueSent = true;
  }

  /** Sends an interim answer: its status is 100 to 199, and not 101 (that is {@linkcode ServerExchange.switch}). */
  inform(status: number, fields: readonly Field[]): void {
    this.#check("inform");
    if (this.informable) putHead(this.output, { status, reason: "", fields }, { framing: "none", connection: "" });
  }

  /** Sends a whole answer. */
  respond(head: AnswerHead, body: string | Uint8Array | null): void {
    this.#check("whole");
    const bytes = typeof body === "string" ? encoder.encode(body) : body;
    const framing = answerFraming(this.head, head.status, bytes?.length ?? 0);
    this.last = closes(head) || !this.#owner.persists(this);
    putHead(this.output, head, this.#headOptions(head, framing, bytes?.length ?? 0, bytes === null));
    this.#step("whole");
    if (bytes !== null && framing === "length" && this.head.method !== "HEAD") this.output.push(bytes);
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
    if (this.#phase === "pending") this.#phase = "done"; // the table's cell, without its two look-ups by name
    else this.#step("whole");
    putWhole(this.output, head, body);
    this.#owner.answered(this);
  }

  /**
   * Sends the final head of an answer whose content follows in pieces.
   *
   * @param length The content's length in bytes, where it is known.
   * @returns Whether content is wanted; without it the answer is complete (RFC 9110 §6.4.1).
   */
  begin(head: AnswerHead, length: number | undefined): boolean {
    this.#check("begin");
    this.#framing = answerFraming(this.head, head.status, length);
    this.#left = length ?? Infinity;
    this.last = this.#framing === "close" || closes(head) || !this.#owner.persists(this);
    putHead(this.output, head, this.#headOptions(head, this.#framing, length, false));
    this.#step("begin");
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
    if (this.#framing === "chunked") putChunk(this.output, bytes);
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
    if (this.#framing === "chunked" && this.head.method !== "HEAD") putLastChunk(this.output, trailers);
    this.#owner.answered(this);
  }

  /** Sends the head that ends HTTP on this connection: 101 to an Upgrade, a 2xx to CONNECT (RFC 9110 §7.8, §9.3.6). */
  switch(head: AnswerHead): void {
    this.#check("switch");
    putHead(this.output, head, { framing: "none", connection: head.status === 101 ? "upgrade" : "" });
    this.#step("switch");
    this.last = true;
    this.#owner.answered(this);
  }

  /** What the head says of framing and connection; a 304 and an empty answer to a HEAD may tell a GET's length. */
  #headOptions(head: AnswerHead, framing: AnswerFraming, length: number | undefined, empty: boolean): HeadOptions {
    const ownLength = head.status === 304 || (empty && framing === "length" && this.head.method === "HEAD");
    return { framing, length, ownLength, connection: this.#connectionOptions(head) };
  }

  /** The `connection` field (RFC 9112 §9.1, RFC 9110 §7.8): HTTP/1.0 has to be told to go on, `upgrade` is hop-by-hop. */
  #connectionOptions(head: AnswerHead): string {
    const persistence = this.last ? "close" : this.head.minor === 0 ? "keep-alive" : "";
    if (!head.fields.some(({ name }) => name === "upgrade")) return persistence;
    return persistence === "" ? "upgrade" : `${persistence}, upgrade`;
  }

  /** Throws where the step isn't allowed now; a head is put between this and the step, as it may be malformed. */
  #check(step: AnswerStep): AnswerPhase {
    const next = NEXT[this.#phase][step];
    if (next === undefined) throw new TypeError(`Cannot ${step} an answer as it must not be ${this.#phase}`);
    return next;
  }

  #step(step: AnswerStep): void {
    this.#phase = this.#check(step);
  }
}

/** Whether the handler asked for the connection's end (RFC 9112 §9.6). */
function closes({ fields }: AnswerHead): boolean {
  for (const { name, value } of fields) {
    if (name === "connection" && value.toLowerCase().split(",").some((option) => option.trim() === "close")) {
      return true;
    }
  }
  return false;
}

const encoder = new TextEncoder();
