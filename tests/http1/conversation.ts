/**
 * Owns the reading of a whole conversation by the codec alone, as a connection would drive it, and the ways to cut its
 * bytes; decides nothing itself.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Field } from "../../http/fields/field.ts";
import {
  ChunkedDecoder,
  DEFAULT_CHUNKED_LIMITS,
  DEFAULT_HEAD_LIMITS,
  type FramingKind,
  type HeadLimits,
  Http1Error,
  RequestHead,
  RequestHeadParser,
  type ResponseHead,
  ResponseHeadParser,
} from "../../http1/mod.ts";

/** A message as far as it was read. */
export interface Message {
  /** The request's method, or the response's status. */
  readonly start: string | number;
  /** The request's target, or the response's reason phrase. */
  readonly text: string;
  readonly host: string | undefined;
  readonly minor: number;
  readonly keepAlive: boolean;
  readonly framing: FramingKind;
  readonly contentLength: number;
  readonly expectContinue: boolean;
  readonly upgrade: boolean;
  readonly fields: readonly Field[];
  body: string;
  trailers: readonly Field[];
  complete: boolean;
}

/** What a conversation came to. */
export interface Outcome {
  readonly messages: Message[];
  /** The error's status; 0 without one. */
  error: number;
  /** The error's message; empty without one. */
  reason: string;
  /** Whether the conversation stands within a message, so that its end would break one. */
  partial: boolean;
  /** Whether no further message may follow, by `close` or by a tunnel. */
  closed: boolean;
}

/** Whose messages are read; for responses with the method that each answers. */
export type Reader = { readonly role: "request" } | { readonly role: "response"; readonly method: string };

type Head = RequestHead | ResponseHead;

/** Drives the parsers over pieces of bytes, keeping unused ones in a new buffer at another place each time. */
export class Conversation {
  readonly outcome: Outcome = { messages: [], error: 0, reason: "", partial: false, closed: false };
  readonly #requests: RequestHeadParser;
  readonly #responses: ResponseHeadParser;
  readonly #chunked = new ChunkedDecoder(DEFAULT_CHUNKED_LIMITS);
  readonly #reader: Reader;
  #unread = new Uint8Array(0);
  #shift = 0;
  #body: Message | undefined;
  #left = 0;
  #consumed = 0;

  constructor(reader: Reader, limits: HeadLimits = DEFAULT_HEAD_LIMITS) {
    this.#reader = reader;
    this.#requests = new RequestHeadParser(limits);
    this.#responses = new ResponseHeadParser(limits);
  }

  /** How many bytes were used so far; in an error about a head, where that head began. */
  get consumed(): number {
    return this.#consumed;
  }

  /** Reads one piece more. An error that isn't the codec's own is thrown on. */
  receive(piece: Uint8Array): void {
    if (this.outcome.error !== 0 || this.outcome.closed) return;
    // The bytes are shifted by a few, so that a parser which kept a place of an old buffer would read a wrong octet.
    this.#shift = (this.#shift + 3) % 17;
    const bytes = new Uint8Array(this.#shift + this.#unread.length + piece.length).fill(0x21);
    bytes.set(this.#unread, this.#shift);
    bytes.set(piece, this.#shift + this.#unread.length);
    let at = this.#shift;
    try {
      for (let used = -1; used !== 0 && !this.outcome.closed; at += used) {
        used = this.#step(bytes, at);
        this.#consumed += used;
      }
    } catch (error) {
      if (!(error instanceof Http1Error)) throw error;
      this.outcome.error = error.status;
      this.outcome.reason = error.message;
      this.outcome.partial = false;
      return;
    }
    this.#unread = bytes.slice(at);
    const started = this.#reader.role === "request" ? this.#requests.started : this.#responses.started;
    this.outcome.partial = this.#body !== undefined || started;
  }

  #step(bytes: Uint8Array, at: number): number {
    if (this.#body === undefined) return this.#readHead(bytes, at);
    return this.#body.framing === "chunked" ? this.#readChunked(bytes, at) : this.#readLength(bytes, at);
  }

  #readHead(bytes: Uint8Array, at: number): number {
    if (this.#reader.role === "request") {
      const head = this.#requests.read(bytes, at, bytes.length);
      if (head === undefined) return 0;
      this.#begin(requestMessage(head), head);
      return this.#requests.used;
    }
    const head = this.#responses.read(bytes, at, bytes.length, this.#reader.method);
    if (head === undefined) return 0;
    this.#begin(responseMessage(head), head);
    return this.#responses.used;
  }

  #begin(message: Message, head: Head): void {
    this.outcome.messages.push(message);
    this.#body = message;
    this.#left = head.framing === "close" ? Infinity : head.contentLength;
    this.#chunked.reset();
    const answered = this.#reader.role === "response" ? this.#reader.method : "";
    if (head instanceof RequestHead ? head.method === "CONNECT" : tunnels(head, answered)) this.outcome.closed = true;
    if (head.framing === "none" || head.contentLength === 0) this.#finish(message);
  }

  #readLength(bytes: Uint8Array, at: number): number {
    const message = this.#body!;
    const count = Math.min(bytes.length - at, this.#left);
    message.body += latin1(bytes, at, at + count);
    this.#left -= count;
    if (this.#left === 0) this.#finish(message);
    return count;
  }

  #readChunked(bytes: Uint8Array, at: number): number {
    const message = this.#body!;
    const used = this.#chunked.read(bytes, at, bytes.length);
    message.body += latin1(bytes, this.#chunked.dataStart, this.#chunked.dataEnd);
    if (!this.#chunked.done) return used;
    message.trailers = this.#chunked.trailers;
    this.#finish(message);
    return used;
  }

  #finish(message: Message): void {
    message.complete = true;
    this.#body = undefined;
    const interim = typeof message.start === "number" && message.start < 200;
    if (!message.keepAlive && !interim) this.outcome.closed = true;
  }
}

function tunnels(head: ResponseHead, method: string): boolean {
  return head.status === 101 || (method === "CONNECT" && head.status >= 200 && head.status < 300);
}

function requestMessage(head: RequestHead): Message {
  const { minor, keepAlive, framing, contentLength, expectContinue, upgrade, host } = head;
  const common = { minor, keepAlive, framing, contentLength, expectContinue, upgrade, host, fields: head.fields() };
  return { start: head.method, text: head.target, ...common, body: "", trailers: [], complete: false };
}

function responseMessage(head: ResponseHead): Message {
  const { minor, keepAlive, framing, contentLength, upgrade } = head;
  const common = { minor, keepAlive, framing, contentLength, upgrade, expectContinue: false, host: undefined };
  return {
    start: head.status,
    text: head.reason,
    ...common,
    fields: head.fields(),
    body: "",
    trailers: [],
    complete: false,
  };
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

/** Reads a conversation that came in these pieces. */
export function converse(reader: Reader, pieces: readonly Uint8Array[], limits?: HeadLimits): Outcome {
  const conversation = new Conversation(reader, limits);
  for (const piece of pieces) conversation.receive(piece);
  return conversation.outcome;
}

/** Up to this many bytes an input is cut at every offset. */
const CUT_EVERYWHERE = 1024;
/** A longer one is cut at about so many offsets, evenly, and at every offset near both ends. */
const CUTS = 200;

function cuts(length: number): number[] {
  const offsets: number[] = [];
  const stride = length <= CUT_EVERYWHERE ? 1 : Math.ceil(length / CUTS);
  for (let at = 1; at < length; at++) if (at % stride === 0 || at < 64 || at > length - 64) offsets.push(at);
  return offsets;
}

/** Reads a conversation whole, byte by byte, and cut at every offset, and asserts that all outcomes are equal. */
export function converseOnEverySplit(reader: Reader, bytes: Uint8Array, name: string, limits?: HeadLimits): Outcome {
  const whole = converse(reader, [bytes], limits);
  const octets = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  assertEquals(converse(reader, octets, limits), whole, `${name}: byte by byte`);
  for (const at of cuts(bytes.length)) {
    const cut = converse(reader, [bytes.subarray(0, at), bytes.subarray(at)], limits);
    if (JSON.stringify(cut) !== JSON.stringify(whole)) assertEquals(cut, whole, `${name}: cut at ${at}`);
  }
  return whole;
}
