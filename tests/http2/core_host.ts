/**
 * Owns a server's connection without a driver, whose handler answers each request, once it is whole, with what it saw of it;
 * octets in, octets out, and a record of what happened. Decides nothing itself.
 *
 * @module
 */

import { concat } from "@std/bytes";
import { Http2Connection } from "../../http2/connection.ts";
import type { Http2Error } from "../../http2/error.ts";
import type { Http2Event, RequestEvent } from "../../http2/events.ts";
import { DEFAULT_HTTP2_LIMITS, DEFAULT_HTTP2_TIMEOUTS, type Http2Limits } from "../../http2/limits.ts";
import type { Http2Stream } from "../../http2/stream.ts";
import { latin1 } from "./peer.ts";

/** A request as the handler saw it. */
export interface SeenRequest {
  readonly streamId: number;
  readonly method: string;
  readonly path: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  body: string;
  trailers: readonly (readonly [name: string, value: string])[];
  /** How it ended; `open` while more may come, `reset` where its stream was before it was answered, whole or not. */
  end: "open" | "whole" | "reset";
}

/** What {@linkcode CoreHost} may be told. */
export interface CoreHostOptions {
  readonly limits?: Partial<Http2Limits>;
  /** Whether requests are answered, as by default, or only seen. */
  readonly answers?: boolean;
  /** Gives an answer's content; what was seen of the request, as JSON, by default. */
  readonly contentOf?: (request: SeenRequest) => Uint8Array;
}

/** A server's connection and its handler. */
export class CoreHost {
  readonly core: Http2Connection;
  /** The time, in milliseconds. */
  now = 0;
  /** All requests, in order. */
  readonly seen: SeenRequest[] = [];
  /** Why the connection broke down. */
  error: Http2Error | undefined = undefined;
  readonly #answers: boolean;
  readonly #contentOf: (request: SeenRequest) => Uint8Array;
  readonly #requests = new Map<Http2Stream, SeenRequest>();
  readonly #answered = new Set<Http2Stream>();
  #unread = new Uint8Array(0);

  /** Makes a connection; its preface is in the output. */
  constructor({ limits = {}, answers = true, contentOf = echo }: CoreHostOptions = {}) {
    this.#answers = answers;
    this.#contentOf = contentOf;
    this.core = new Http2Connection({
      role: "server",
      limits: { ...DEFAULT_HTTP2_LIMITS, ...limits },
      timeouts: DEFAULT_HTTP2_TIMEOUTS,
      now: this.now,
    });
  }

  /** How many bytes the core has left to be given again. */
  get unread(): number {
    return this.#unread.length;
  }

  /** Gives octets to the core, as a driver does: what it has left comes again with what follows. */
  receive(octets: Uint8Array): void {
    const view = this.#unread.length === 0 ? octets : concat([this.#unread, octets]);
    const used = this.core.receive(view, 0, view.length, this.now);
    this.#unread = view.slice(used);
    this.#serve(view);
  }

  /** The peer has ended its side. */
  receiveEnd(): void {
    this.core.receiveEnd(this.now);
    this.#serve(this.#unread);
  }

  /** Answers a request that was only seen, whole or not; does nothing where that was done, or its stream is closed. */
  answer(streamId: number): void {
    for (const [stream, request] of this.#requests) if (stream.id === streamId) this.#answer(stream, request);
  }

  /** Answers the whole requests that were only seen. */
  answerAll(): void {
    for (const [stream, request] of this.#requests) if (request.end === "whole") this.#answer(stream, request);
  }

  /** Takes all that is to be sent now. */
  take(): Uint8Array {
    const pieces: Uint8Array[] = [];
    for (let view = this.core.takeOutput(this.now); view !== undefined; view = this.core.takeOutput(this.now)) {
      pieces.push(view.slice());
      this.core.sent(view.length, this.now);
      this.#serve(this.#unread);
    }
    return concat(pieces);
  }

  #serve(view: Uint8Array): void {
    for (const event of this.core.events.splice(0)) this.#on(event, view);
  }

  #on(event: Http2Event<unknown>, view: Uint8Array): void {
    if (this.error !== undefined) {
      throw new Error(`Cannot serve as an error must be the last event: received ${event.type}`);
    }
    if (event.type === "error") this.error = event.error;
    else if (event.type === "request") this.#begin(event);
    else if (event.type === "data") {
      this.#requestOf(event.stream).body += latin1(view.subarray(event.start, event.end));
      this.core.consumed(event.stream, event.end - event.start, this.now);
    } else if (event.type === "end") {
      const request = this.#requestOf(event.stream);
      request.trailers = event.trailers.map(({ name, value }) => [name, value]);
      this.#finish(event.stream, request);
    } else if (event.type === "reset") {
      const request = this.#requests.get(event.stream);
      if (request !== undefined) request.end = "reset"; // though it was whole
      this.core.release(event.stream);
    }
  }

  #begin({ stream, head, whole }: RequestEvent<unknown>): void {
    const request: SeenRequest = {
      streamId: stream.id,
      method: head.method,
      path: head.path,
      fields: head.fields.map(({ name, value }) => [name, value]),
      body: "",
      trailers: [],
      end: "open",
    };
    this.seen.push(request);
    this.#requests.set(stream, request);
    if (whole) this.#finish(stream, request);
  }

  #requestOf(stream: Http2Stream): SeenRequest {
    const request = this.#requests.get(stream);
    if (request === undefined) throw new Error(`Cannot serve as stream ${stream.id} must have begun`);
    if (request.end !== "open") throw new Error(`Cannot serve as stream ${stream.id} must not have ended`);
    return request;
  }

  #finish(stream: Http2Stream, request: SeenRequest): void {
    request.end = "whole";
    if (this.#answers) this.#answer(stream, request);
  }

  #answer(stream: Http2Stream, request: SeenRequest): void {
    if (this.#answered.has(stream)) return;
    this.#answered.add(stream);
    const status = request.method === "CONNECT" ? "405" : "200";
    const content = request.method === "HEAD" ? null : this.#contentOf(request);
    this.core.sendWhole(stream, [{ name: ":status", value: status }], content);
    this.core.release(stream);
  }
}

function echo({ method, path, body, trailers }: SeenRequest): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ method, path, body, trailers }));
}
