/**
 * Owns a client's side of an HTTP/1.1 connection (RFC 9112): the phases of the one exchange that may be under way, what
 * delimits it, whether another may follow, and every deadline. Octets and the time go in, events and octets come out; it
 * knows no socket, no clock, no promise.
 *
 * @module
 */

import type { Field } from "../http/fields/field.ts";
import { listElements } from "../http/fields/list.ts";
import { ChunkedDecoder } from "./chunked.ts";
import type { ClientConnectionLimits, ClientConnectionTimeouts } from "./client_limits.ts";
import {
  type ClientEvent,
  type ClientRequest,
  type LatePhase,
  NEXT_SEND,
  type ReadPhase,
  type SendPhase,
  type SendStep,
} from "./client_phases.ts";
import { Http1Error } from "./error.ts";
import { RepeatedHead } from "./client_repeat.ts";
import { Output } from "./output.ts";
import { putChunk, putLastChunk } from "./respond.ts";
import { type ResponseHead, ResponseHeadParser } from "./response.ts";

/** What a {@linkcode ClientConnection} is made with. */
export interface ClientConnectionOptions {
  /** What the connection takes at most. */
  readonly limits: ClientConnectionLimits;
  /** How long it waits. */
  readonly timeouts: ClientConnectionTimeouts;
  /** The time in milliseconds, of any one clock. */
  readonly now: number;
}

/** A client's side of an HTTP/1.1 connection: one exchange at a time, so that a lost one is never a guess. */
export class ClientConnection {
  /** What happened since it was last emptied by the driver. */
  readonly events: ClientEvent[] = [];
  /** The octets to send. */
  readonly output: Output = new Output();

  readonly #limits: ClientConnectionLimits;
  readonly #timeouts: ClientConnectionTimeouts;
  readonly #parser: ResponseHeadParser;
  readonly #repeated = new RepeatedHead();
  #chunked: ChunkedDecoder | undefined;
  #send: SendPhase = "idle";
  #read: ReadPhase = "idle";
  #request: ClientRequest = NO_REQUEST;
  #head: ResponseHead | undefined;
  #requests = 0;
  /** What was sent in all before the present request. */
  #mark = 0;
  #handed = false;
  #received = false;
  #interims = 0;
  /** Bytes of content that the request has announced and not given. */
  #owed = 0;
  /** Bytes of content that the response has announced and that have not come. */
  #left = 0;
  #drain: number | undefined;
  #paused = false;
  #now: number;
  #idle: number;
  #readDeadline: number;
  #continueDeadline = Infinity;
  #writeDeadline = Infinity;

  /** Makes the state of a connection that was just opened. */
  constructor(options: ClientConnectionOptions) {
    this.#limits = options.limits;
    this.#timeouts = options.timeouts;
    this.#parser = new ResponseHeadParser({ ...options.limits, maxTargetBytes: Infinity });
    this.#now = options.now;
    this.#idle = options.timeouts.idle;
    this.#readDeadline = options.now + this.#idle;
  }

  /** How far the request is. */
  get sendPhase(): SendPhase {
    return this.#send;
  }

  /** How far the response is. */
  get readPhase(): ReadPhase {
    return this.#read;
  }

  /** Whether an exchange came before the present one. */
  get reused(): boolean {
    return this.#requests > 1;
  }

  /** Whether an octet of the present request may have left; without that nothing of it was processed. */
  get handed(): boolean {
    return this.#handed;
  }

  /** Whether an octet came since the present request was sent: then the peer has seen something of it. */
  get received(): boolean {
    return this.#received;
  }

  /** When {@linkcode ClientConnection.expire} wants to be called, in the driver's milliseconds; `Infinity` for never. */
  get deadline(): number {
    return Math.min(this.#readDeadline, this.#continueDeadline, this.#writeDeadline);
  }

  /** Tells for how long the peer keeps an idle connection, in milliseconds; this side gives it up before. */
  keptFor(ms: number): void {
    this.#idle = Math.min(this.#idle, ms);
    if (this.#read === "idle") this.#readDeadline = Math.min(this.#readDeadline, this.#now + this.#idle);
  }

  /**
   * Sends a request: whole, where its content is given with it, else its head.
   *
   * @throws {TypeError} If an exchange is under way, or the connection has ended.
   */
  request(request: ClientRequest, content: Uint8Array | null, now: number): void {
    if (this.#read !== "idle") {
      throw new TypeError(`Cannot send request as the connection must be idle: received ${this.#read}`);
    }
    const whole = request.contentLength === 0 || content !== null;
    this.#step(whole ? "whole" : request.expectsContinue ? "expect" : "begin");
    const { output } = this;
    this.#mark = output.sentTotal;
    this.#request = request;
    this.#head = undefined;
    this.#requests++;
    this.#handed = this.#received = this.#paused = false;
    this.#interims = 0;
    this.#owed = request.contentLength < 0 ? Infinity : request.contentLength;
    this.#read = "head";
    this.#now = now;
    this.#readDeadline = request.contentLength === 0 ? now + this.#timeouts.head : Infinity;
    output.push(request.head);
    if (content !== null) output.push(content);
  }

  /**
   * Sends the next piece of content; the bytes must not change any more. Dropped where the peer wants none any more.
   *
   * @throws {RangeError} If it is more than the length that was announced.
   */
  write(bytes: Uint8Array): void {
    if (this.#send === "stopped") return;
    this.#step("data");
    if (bytes.length === 0) return; // an empty chunk would end the content
    if (bytes.length > this.#owed) {
      throw new RangeError(
        `Cannot send content as it must not be longer than its Content-Length: ${bytes.length - this.#owed} bytes more`,
      );
    }
    this.#owed -= bytes.length;
    if (this.#request.contentLength < 0) putChunk(this.output, bytes);
    else this.output.push(bytes);
  }

  /**
   * Ends the content; trailers are sent where it is chunked, and dropped elsewhere (RFC 9112 §6.5).
   *
   * @throws {RangeError} If it is less than the length that was announced.
   * @throws {TypeError} If a trailer is one that may not be, or would break out of its place.
   */
  end(trailers: readonly Field[], now: number): void {
    if (this.#send === "stopped") return;
    const chunked = this.#request.contentLength < 0;
    if (!chunked && this.#owed > 0) {
      throw new RangeError(
        `Cannot end content as it must be as long as its Content-Length: ${this.#owed} bytes are missing`,
      );
    }
    if (chunked) putLastChunk(this.output, trailers);
    this.#step("end");
    this.#now = now;
    if (this.output.size === 0) this.#awaitHead();
  }

  /** All of the request has left: the peer's time begins. */
  #awaitHead(): void {
    if (this.#read === "head" && this.#readDeadline === Infinity) this.#readDeadline = this.#now + this.#timeouts.head;
  }

  /**
   * Reads what the peer sent. Events are added to {@linkcode ClientConnection.events}; `data` events give ranges of
   * `bytes`. Never throws for what the peer did.
   *
   * @returns How many bytes were used up.
   */
  receive(bytes: Uint8Array, start: number, end: number, now: number): number {
    this.#now = now;
    let at = start;
    while (at < end) {
      const used = this.#receiveStep(bytes, at, end);
      if (used < 0) break;
      at += used;
    }
    return at - start;
  }

  /** Reads one head, or one piece of content; -1 for "more bytes", or "not ours". */
  #receiveStep(bytes: Uint8Array, at: number, end: number): number {
    switch (this.#read) {
      case "head":
        return this.#handed ? this.#receiveHead(bytes, at, end) : this.#unsolicited(end - at);
      case "content":
        return this.#receiveContent(bytes, at, end);
      case "idle":
      case "settling":
        return this.#unsolicited(end - at);
      case "switched":
        return -1;
      case "closed":
        return end - at;
    }
  }

  /** What nobody asked for must answer no later request: the connection ends (RFC 9112 §9.2, §11.2). */
  #unsolicited(count: number): number {
    if (this.#read === "head") {
      this.#fail(new Http1Error(502, "Cannot read response as the request must come before it"));
    } else this.#close();
    return count;
  }

  #receiveHead(bytes: Uint8Array, at: number, end: number): number {
    this.#received = true;
    const repeated = this.#parser.started ? undefined : this.#repeated.match(bytes, at, end, this.#request.method);
    if (repeated !== undefined) {
      this.#begin(repeated);
      return this.#repeated.length;
    }
    let head: ResponseHead | undefined;
    try {
      head = this.#parser.read(bytes, at, end, this.#request.method);
    } catch (error) {
      if (!(error instanceof Http1Error)) throw error;
      this.#fail(error);
      return end - at;
    }
    if (head === undefined) return -1;
    const { used } = this.#parser;
    if (head.status >= 200) this.#repeated.remember(head, this.#request.method, { bytes, start: at, length: used });
    if (head.status === 101) this.#switch(head);
    else if (head.status < 200) this.#inform(head);
    else this.#begin(head);
    return used;
  }

  /** RFC 9110 §7.8: only to a protocol that was asked for. */
  #switch(head: ResponseHead): void {
    const { protocols } = this.#request;
    const chosen = head.fields().filter(({ name }) => name === "upgrade").flatMap(({ value }) => listElements(value));
    const offered = head.upgrade && chosen.every((protocol) => protocols.includes(protocol.toLowerCase()));
    if (offered) this.#handOver(head);
    else this.#fail(new Http1Error(502, "Cannot switch protocols as the request must have offered the chosen one"));
  }

  #handOver(head: ResponseHead): void {
    this.#head = head;
    this.#read = "switched";
    this.#readDeadline = this.#continueDeadline = Infinity;
    this.events.push({ type: "head", head });
  }

  /** RFC 9110 §15.2: any number of them may come, and so it has to be bounded. */
  #inform(head: ResponseHead): void {
    if (++this.#interims > this.#limits.maxInformational) {
      const most = this.#limits.maxInformational;
      return this.#fail(new Http1Error(502, `Cannot read response as at most ${most} interim ones may come before it`));
    }
    this.events.push({ type: "informational", head });
    if (head.status === 100 && this.#send === "expecting") this.#continue();
  }

  #continue(): void {
    this.#step("continue");
    this.#continueDeadline = Infinity;
    this.events.push({ type: "continue" });
  }

  /** The final head: what follows it (RFC 9112 §6.3), and whether the request's content is still wanted. */
  #begin(head: ResponseHead): void {
    if (this.#request.method === "CONNECT" && head.status < 300) return this.#handOver(head);
    this.#head = head;
    this.#read = "content";
    this.#continueDeadline = Infinity;
    // RFC 9110 §10.1.1, RFC 9112 §9.5: a final answer in place of a 100, or an error that ends the connection.
    if (this.#send === "expecting" || (head.status >= 400 && !head.keepAlive)) this.#step("stop");
    this.events.push({ type: "head", head });
    this.#readDeadline = this.#now + this.#timeouts.body;
    if (head.framing === "none") return this.#complete(NO_FIELDS);
    this.#left = head.framing === "close" ? Infinity : head.contentLength;
    if (head.framing === "chunked") {
      this.#chunked ??= new ChunkedDecoder(this.#limits);
      this.#chunked.reset();
    } else if (this.#left === 0) this.#complete(NO_FIELDS);
  }

  #receiveContent(bytes: Uint8Array, at: number, end: number): number {
    if (this.#head!.framing === "chunked") return this.#receiveChunked(bytes, at, end);
    const count = Math.min(end - at, this.#left);
    this.#left -= count;
    this.#data(at, at + count);
    if (this.#left === 0 && this.#read === "content") this.#complete(NO_FIELDS);
    return count;
  }

  #receiveChunked(bytes: Uint8Array, at: number, end: number): number {
    const decoder = this.#chunked!;
    let used: number;
    try {
      used = decoder.read(bytes, at, end);
    } catch (error) {
      if (!(error instanceof Http1Error)) throw error;
      this.#fail(error);
      return end - at;
    }
    if (decoder.dataEnd > decoder.dataStart) this.#data(decoder.dataStart, decoder.dataEnd);
    if (decoder.done && this.#read === "content") this.#complete(decoder.trailers);
    return used === 0 ? -1 : used;
  }

  /** Hands content on, or throws it away where nobody wants it, up to a limit. */
  #data(start: number, end: number): void {
    if (this.#drain === undefined) {
      this.#readDeadline = this.#now + this.#timeouts.body;
      this.events.push({ type: "data", start, end });
      return;
    }
    this.#drain -= end - start;
    if (this.#drain < 0) this.#close();
  }

  /** The response is whole: may another request follow (RFC 9112 §9.3)? */
  #complete(trailers: readonly Field[]): void {
    if (this.#drain === undefined) this.events.push({ type: "end", trailers });
    this.#drain = undefined;
    if (!this.#head!.keepAlive || this.#request.closes || this.#send !== "sent") return this.#close();
    if (this.output.size > 0) {
      this.#read = "settling";
      this.#readDeadline = Infinity;
    } else this.#rest();
  }

  #rest(): void {
    this.#step("rest");
    this.#read = "idle";
    this.#request = NO_REQUEST;
    this.#head = undefined;
    this.#readDeadline = this.#now + this.#idle;
  }

  /** Tells that the content's reader is slow: not the peer's silence is counted then, but the reader's. */
  paused(now: number): void {
    if (this.#read !== "content" || this.#drain !== undefined || this.#paused) return;
    this.#paused = true;
    this.#readDeadline = now + this.#timeouts.unread;
  }

  /** Tells that content is read again. */
  resumed(now: number): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#read === "content") this.#readDeadline = now + this.#timeouts.body;
  }

  /** Nobody wants the rest of the response: it is read to its end where that is near, else the connection ends. */
  discard(now: number): void {
    if (this.#read !== "content" || this.#drain !== undefined) return;
    const { drainBytes } = this.#limits;
    const near = this.#head!.framing === "chunked" || this.#left <= drainBytes;
    if (!near || this.#send !== "sent" || !this.#head!.keepAlive || this.#request.closes) return this.#close();
    this.#drain = drainBytes;
    this.#readDeadline = now + this.#timeouts.drain;
  }

  /** The peer has ended its side: the end of content that runs until then, a loss within all else. */
  receiveEnd(now: number): void {
    this.#now = now;
    switch (this.#read) {
      case "content":
        if (this.#head!.framing === "close") return this.#complete(NO_FIELDS);
        return this.#lose();
      case "head":
        return this.#lose();
      case "idle":
      case "settling":
        return this.#close();
      case "switched":
      case "closed":
        return;
    }
  }

  #lose(): void {
    if (this.#drain === undefined) this.events.push({ type: "lost" });
    this.#close();
  }

  /** The next octets to send, of which the driver tells {@linkcode ClientConnection.sent}. */
  takeOutput(now: number): Uint8Array | undefined {
    const view = this.output.take();
    if (view === undefined) return undefined;
    this.#handed = true;
    this.#writeDeadline = now + this.#timeouts.write;
    return view;
  }

  /** Tells how much of the output has left. */
  sent(count: number, now: number): void {
    if (this.#read === "closed") return;
    this.#now = now;
    const { output } = this;
    output.sent(count);
    if (output.size > 0) {
      this.#writeDeadline = now + this.#timeouts.write;
      return;
    }
    this.#writeDeadline = Infinity;
    if (this.#read === "settling") this.#rest();
    else if (this.#send === "sent") this.#awaitHead();
    else if (this.#send === "expecting" && this.#continueDeadline === Infinity) {
      this.#continueDeadline = now + this.#timeouts.continue;
    }
  }

  /**
   * The transport takes no more. An answer may have come all the same (RFC 9112 §9.5), and is waited for as after a
   * whole request.
   */
  writeFailed(now: number): void {
    if (this.#read === "closed") return;
    this.#now = now;
    this.#handed = this.output.sentTotal > this.#mark;
    this.output.clear();
    this.#writeDeadline = this.#continueDeadline = Infinity;
    if (this.#read === "idle" || this.#read === "settling") return this.#close();
    if (this.#read === "switched") return;
    this.#send = "stopped";
    this.#awaitHead();
  }

  /** A deadline may have passed: does what it asks for. */
  expire(now: number): void {
    this.#now = now;
    if (now >= this.#continueDeadline) this.#continue();
    if (now >= this.#writeDeadline) this.#late("write", this.#timeouts.write);
    else if (now >= this.#readDeadline) this.#expireRead();
  }

  #expireRead(): void {
    if (this.#read === "head") return this.#late("head", this.#timeouts.head);
    if (this.#read !== "content" || this.#drain !== undefined) return this.#close();
    if (this.#paused) this.#late("unread", this.#timeouts.unread);
    else this.#late("body", this.#timeouts.body);
  }

  #late(phase: LatePhase, limit: number): void {
    if (this.#read === "head" || this.#read === "content") this.events.push({ type: "late", phase, limit });
    this.#close();
  }

  #fail(error: Http1Error): void {
    if (this.#drain === undefined) this.events.push({ type: "error", error });
    this.#close();
  }

  /** Ends the exchange and the connection, at once. */
  close(): void {
    this.#close();
  }

  #close(): void {
    this.#read = "closed";
    if (this.#send !== "idle") this.#send = "stopped";
    this.output.clear();
    this.#readDeadline = this.#continueDeadline = this.#writeDeadline = Infinity;
  }

  #step(step: SendStep): void {
    const next = NEXT_SEND[this.#send][step];
    if (next === undefined) throw new TypeError(`Cannot ${step} a request as it must not be ${this.#send}`);
    this.#send = next;
  }
}

const NO_FIELDS: readonly Field[] = [];

/** Stands for "none under way". */
const NO_REQUEST: ClientRequest = {
  method: "",
  head: new Uint8Array(0),
  contentLength: 0,
  expectsContinue: false,
  closes: false,
  protocols: [],
};
